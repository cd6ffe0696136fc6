//! The host side of an artifact's imports: only what the grant names is linked, and nothing is inherited by default.
//!
//! While an artifact is checked, every source of nondeterminism comes from the challenge; while it runs, from the
//! machine. There is no network in either, and what may be written is staged.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use proofmark_contract::{Budget, Function, Value};
use proofmark_mark::digest::Digest;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::p2::bindings;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

use crate::usage::{Held, Usage};
use calls::{CALLS, Call, Calls, Linked};
use drawn::{Clock, Drawn};
use tape::{Recording, Replay, Taping};

mod calls;
mod drawn;
mod items;
pub mod tape;

/// Handles that one instance may hold at a time.
const HANDLES_MAX: usize = 1024;

/// The most that an instance may write to its standard output, and to its standard error, in bytes.
pub const WRITTEN_BYTES_MAX: usize = 1 << 20;

/// Directories: host path, guest path.
type Directories = Vec<(PathBuf, String)>;

/// Where the values behind granted imports come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum World {
    /// A check: the time, random bytes and standard input follow from the seed, the function and its arguments, and are such as a
    /// run may have; variables are empty, directories are absent.
    Checked { seed: [u8; 32] },
    /// The same, and what the host answers is recorded.
    Taped { seed: [u8; 32] },
    /// A check that chooses what is behind capabilities: time and random bytes follow from the seed alone, and these are the
    /// variables and the bytes on standard input.
    Posed { seed: [u8; 32], environment: Vec<(String, String)>, stdin: Vec<u8> },
    /// A run on this machine, with these variables, these directories to be read and to be changed, and these
    /// bytes on the standard input of every instance. What the host answers is recorded.
    Real { environment: Vec<(String, String)>, read: Directories, write: Directories, stdin: Vec<u8> },
    /// A run again, of which each call brings the tape that was recorded.
    Replayed,
}

impl World {
    /// The seed with that number, of which 0 is the one of a single call.
    #[must_use]
    pub fn seed(number: u64) -> [u8; 32] {
        let mut seed = [0; 32];
        for (slot, byte) in seed.iter_mut().zip(number.to_le_bytes()) {
            *slot = byte;
        }
        seed
    }

    /// What there is of it for one call: an artifact that behaves by the time or by chance is seen in as many worlds as it has
    /// inputs, and always in the same one with the same input.
    #[must_use]
    pub fn of_call(&self, granted: &BTreeSet<String>, function: &Function, arguments: &[Value]) -> Cow<'_, Self> {
        match self {
            Self::Checked { seed } | Self::Taped { seed } if !granted.is_empty() => {
                let texts: Vec<String> = arguments.iter().map(ToString::to_string).collect();
                let call = format!("{}({})", function.full_name(), texts.join(", "));
                let Digest(seed) = Digest::of_parts(&[b"proofmark.dev/world/v1\0", seed, call.as_bytes()]);
                Cow::Owned(if matches!(self, Self::Taped { .. }) {
                    Self::Taped { seed }
                } else {
                    Self::Checked { seed }
                })
            }
            other => Cow::Borrowed(other),
        }
    }
}

/// What an instance wrote, as far as it was granted to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// What an instance may use, and what it has tried beyond that.
pub struct Host {
    memory_max: u64,
    table_max: u64,
    /// Linear memory of the instance, all its memories together, in bytes; it never shrinks.
    memory_bytes: u64,
    /// The first budget that the instance tried to exceed.
    pub exceeded: Option<String>,
    held: Held,
    wasi: Option<Box<Wasi>>,
}

struct Wasi {
    /// How often each function was called.
    asked: [u64; CALLS],
    taping: Taping,
    context: WasiCtx,
    table: ResourceTable,
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl Host {
    /// A host for one instance. Where nothing is granted and nothing recorded, nothing of WASI is set up until it is called.
    ///
    /// # Errors
    /// A granted directory that can't be opened.
    pub fn new(budget: &Budget, granted: &BTreeSet<String>, world: &World) -> Result<Self, String> {
        let idle = granted.is_empty() && matches!(world, World::Checked { .. });
        let wasi = if idle { None } else { Some(Box::new(Wasi::new(granted, world)?)) };
        Ok(Self::with(budget, wasi))
    }

    /// A host that answers from a tape, and has nothing else.
    #[must_use]
    pub fn replayed(budget: &Budget, tape: Vec<u8>) -> Self {
        let taping = Taping::Replayed(Box::new(Replay::new(tape)));
        Self::with(budget, Some(Box::new(Wasi { taping, ..Wasi::empty() })))
    }

    fn with(budget: &Budget, wasi: Option<Box<Wasi>>) -> Self {
        let (memory_max, table_max) = (budget.memory, budget.table_elements);
        Self { memory_max, table_max, memory_bytes: 0, exceeded: None, held: Held::default(), wasi }
    }

    /// The same, held to a profile.
    #[must_use]
    pub fn held_to(self, profile: Option<Arc<Usage>>) -> Self {
        Self { held: Held::to(profile), ..self }
    }

    /// How the instance left the profile that it is held to.
    #[must_use]
    pub fn left_profile(&self) -> Option<&String> {
        self.held.departed()
    }

    /// The most linear memory that the instance held so far, all its memories together, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// How often each function of the host was called since this was last asked.
    pub fn host_calls(&mut self) -> BTreeMap<String, u64> {
        let Some(wasi) = &mut self.wasi else { return BTreeMap::new() };
        let asked = std::mem::replace(&mut wasi.asked, [0; CALLS]);
        let counted = Call::all().zip(asked).filter(|(call, count)| *count > 0 && call.counted());
        counted.map(|(call, count)| (call.name().to_owned(), count)).collect()
    }

    /// What was recorded since this was last asked: `None` if nothing is, or the tape was over its limit.
    pub fn tape(&mut self) -> Option<Vec<u8>> {
        match &mut self.wasi.as_mut()?.taping {
            Taping::Recorded(recording) => recording.finish(),
            _ => None,
        }
    }

    /// Where a replay left its tape, in words.
    #[must_use]
    pub fn departure(&self) -> Option<String> {
        match &self.wasi.as_ref()?.taping {
            Taping::Replayed(replay) => replay.departure(),
            _ => None,
        }
    }

    fn calls(&mut self) -> Calls<'_> {
        Calls(self.wasi.get_or_insert_with(|| Box::new(Wasi::empty())), &mut self.held)
    }

    /// What the instance wrote so far.
    #[must_use]
    pub fn written(&self) -> Written {
        let Some(wasi) = &self.wasi else { return Written::default() };
        match &wasi.taping {
            Taping::Replayed(replay) => replay.written(),
            _ => Written { stdout: wasi.stdout.contents().to_vec(), stderr: wasi.stderr.contents().to_vec() },
        }
    }
}

impl Wasi {
    fn new(granted: &BTreeSet<String>, world: &World) -> Result<Self, String> {
        let mut wasi = Self::empty();
        let mut builder = WasiCtxBuilder::new();
        match world {
            World::Checked { seed } | World::Taped { seed } => {
                if matches!(world, World::Taped { .. }) {
                    wasi.taping = Taping::Recorded(Recording::default());
                }
                let stdin = checked(&mut builder, *seed).stdin();
                wasi.streams(&mut builder, granted, &stdin);
            }
            // No tape answers nothing.
            World::Replayed => wasi.taping = Taping::Replayed(Box::new(Replay::new(Vec::new()))),
            World::Real { environment, read, write, stdin } => {
                wasi.taping = Taping::Recorded(Recording::default());
                variables(&mut builder, granted, environment);
                open(&mut builder, granted, [("read", read, FsPerms::ReadOnly), ("write", write, FsPerms::ReadWrite)])?;
                wasi.streams(&mut builder, granted, stdin);
            }
            World::Posed { seed, environment, stdin } => {
                let _ = checked(&mut builder, *seed);
                variables(&mut builder, granted, environment);
                wasi.streams(&mut builder, granted, stdin);
            }
        }
        wasi.table.set_max_capacity(HANDLES_MAX);
        wasi.context = builder.build();
        Ok(wasi)
    }

    fn streams(&self, builder: &mut WasiCtxBuilder, granted: &BTreeSet<String>, stdin: &[u8]) {
        if granted.contains("stdin") {
            builder.stdin(MemoryInputPipe::new(stdin.to_vec()));
        }
        if granted.contains("stdout") {
            builder.stdout(self.stdout.clone());
        }
        if granted.contains("stderr") {
            builder.stderr(self.stderr.clone());
        }
    }

    fn empty() -> Self {
        let pipe = || MemoryOutputPipe::new(WRITTEN_BYTES_MAX);
        let context = WasiCtxBuilder::new().build();
        let (stdout, stderr, table) = (pipe(), pipe(), ResourceTable::new());
        Self { asked: [0; CALLS], taping: Taping::Live, context, table, stdout, stderr }
    }
}

/// Random bytes and clocks of a check. What else is drawn comes after them.
fn checked(builder: &mut WasiCtxBuilder, seed: [u8; 32]) -> Drawn {
    let [first, rest @ ..] = seed;
    let mut random = ChaCha8Rng::from_seed(seed);
    let insecure_seed = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    let mut drawn = Drawn(random);
    let clock = Clock::new(&mut drawn);
    builder
        .secure_random(ChaCha8Rng::from_seed(seed))
        .insecure_random(ChaCha8Rng::from_seed(sibling(first, rest)))
        .insecure_random_seed(insecure_seed)
        .wall_clock(clock.clone())
        .monotonic_clock(clock);
    drawn
}

fn sibling(first: u8, rest: [u8; 31]) -> [u8; 32] {
    let mut seed = [0; 32];
    if let Some((head, tail)) = seed.split_first_mut() {
        *head = !first;
        tail.copy_from_slice(&rest);
    }
    seed
}

fn variables(builder: &mut WasiCtxBuilder, granted: &BTreeSet<String>, environment: &[(String, String)]) {
    if granted.contains("environment") {
        builder.envs(environment);
    }
}

/// Opens the directories that a capability grants.
fn open(
    builder: &mut WasiCtxBuilder,
    granted: &BTreeSet<String>,
    grants: [(&str, &Directories, FsPerms); 2],
) -> Result<(), String> {
    // A write is done when the call returns, not some time later in another thread that ends with the worker.
    builder.allow_blocking_current_thread(true);
    for (capability, directories, permissions) in grants {
        for (host, guest) in directories.iter().filter(|_| granted.contains(capability)) {
            builder
                .preopened_dir(host, guest, permissions)
                .map_err(|error| format!("can't open `{}` to grant `{guest}`: {error}", host.display()))?;
        }
    }
    Ok(())
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        if desired as u64 > self.memory_max {
            self.exceeded = Some(format!("the memory budget of {} bytes", self.memory_max));
            return Err(wasmtime::Error::msg("memory budget exceeded"));
        }
        // Beyond its own maximum a memory is asked for and not given.
        if most.is_none_or(|most| desired <= most) {
            let bytes = self.memory_bytes.saturating_add(desired.saturating_sub(current) as u64);
            self.held.grows(bytes)?;
            self.memory_bytes = bytes;
        }
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired as u64 > self.table_max {
            self.exceeded = Some(format!("the table budget of {} elements", self.table_max));
            return Err(wasmtime::Error::msg("table budget exceeded"));
        }
        Ok(true)
    }
}

/// A linker that holds the interfaces of the capabilities in `granted`, and no other function of the host.
///
/// # Errors
/// The engine's, if an interface can't be defined; that would be a bug of ours.
pub fn linker(engine: &wasmtime::Engine, granted: &BTreeSet<String>) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    bindings::cli::exit::add_to_linker::<Host, Linked>(l, Host::calls)?;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<Host, Linked>(l, Host::calls)?;
    bindings::sync::io::poll::add_to_linker::<Host, Linked>(l, Host::calls)?;
    bindings::sync::io::streams::add_to_linker::<Host, Linked>(l, Host::calls)?;
    bindings::cli::terminal_input::add_to_linker::<Host, Linked>(l, Host::calls)?;
    bindings::cli::terminal_output::add_to_linker::<Host, Linked>(l, Host::calls)?;
    for capability in granted {
        match capability.as_str() {
            "stdin" => {
                bindings::cli::stdin::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::cli::terminal_stdin::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            "stdout" => {
                bindings::cli::stdout::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::cli::terminal_stdout::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            "stderr" => {
                bindings::cli::stderr::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::cli::terminal_stderr::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            "clocks" => {
                bindings::clocks::wall_clock::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::clocks::monotonic_clock::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            "random" => {
                bindings::random::random::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::random::insecure::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::random::insecure_seed::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            "environment" => bindings::cli::environment::add_to_linker::<Host, Linked>(l, Host::calls)?,
            // One interface for both; which directories may be changed is in their descriptors.
            "write" if granted.contains("read") => {}
            "read" | "write" => {
                bindings::filesystem::preopens::add_to_linker::<Host, Linked>(l, Host::calls)?;
                bindings::sync::filesystem::types::add_to_linker::<Host, Linked>(l, Host::calls)?;
            }
            _ => {}
        }
    }
    Ok(linker)
}

#[cfg(test)]
mod tests;
