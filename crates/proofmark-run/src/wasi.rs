//! The host side of an artifact's imports: only what the grant names is linked, and nothing is inherited by default.
//!
//! While an artifact is checked, every source of nondeterminism comes from the challenge; while it runs, from the
//! machine. There is no network and no writable file in either.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proofmark_contract::Budget;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Handles that one instance may hold at a time.
const HANDLES_MAX: usize = 1024;

/// The most that an instance may write to its standard output, and to its standard error, in bytes.
pub const WRITTEN_BYTES_MAX: usize = 1 << 20;

/// Where the values behind granted imports come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum World {
    /// A check: clocks count calls, random bytes come from the seed, variables are empty, directories are absent.
    Checked { seed: [u8; 32] },
    /// A check that chooses what is behind capabilities: as [`World::Checked`], but with these variables and these bytes on
    /// standard input, and what is written is kept.
    Posed { seed: [u8; 32], environment: Vec<(String, String)>, stdin: Vec<u8> },
    /// A run on this machine, with these variables, these directories (host path, guest path), read-only, and these bytes
    /// on the standard input of every instance.
    Real { environment: Vec<(String, String)>, read: Vec<(PathBuf, String)>, stdin: Vec<u8> },
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
    /// The first budget that the instance tried to exceed.
    pub exceeded: Option<String>,
    wasi: Option<Box<Wasi>>,
}

struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    stdout: MemoryOutputPipe,
    stderr: MemoryOutputPipe,
}

impl Host {
    /// A host for one instance. With no capability granted, nothing of WASI is set up.
    ///
    /// # Errors
    /// A granted directory that can't be opened.
    pub fn new(budget: &Budget, granted: &BTreeSet<String>, world: &World) -> Result<Self, String> {
        let wasi = if granted.is_empty() { None } else { Some(Box::new(Wasi::new(granted, world)?)) };
        Ok(Self { memory_max: budget.memory, table_max: budget.table_elements, exceeded: None, wasi })
    }

    /// What the instance wrote so far.
    #[must_use]
    pub fn written(&self) -> Written {
        self.wasi.as_ref().map_or_else(Written::default, |wasi| Written {
            stdout: wasi.stdout.contents().to_vec(),
            stderr: wasi.stderr.contents().to_vec(),
        })
    }
}

impl Wasi {
    fn new(granted: &BTreeSet<String>, world: &World) -> Result<Self, String> {
        let mut wasi = Self::empty();
        let mut builder = WasiCtxBuilder::new();
        match world {
            World::Checked { seed } => checked(&mut builder, *seed),
            World::Posed { seed, environment, stdin } => {
                checked(&mut builder, *seed);
                real(&mut builder, granted, environment, &[])?;
                wasi.streams(&mut builder, granted, stdin);
            }
            World::Real { environment, read, stdin } => {
                real(&mut builder, granted, environment, read)?;
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
        Self { context, table: ResourceTable::new(), stdout: pipe(), stderr: pipe() }
    }
}

fn checked(builder: &mut WasiCtxBuilder, seed: [u8; 32]) {
    let [first, rest @ ..] = seed;
    let mut random = ChaCha8Rng::from_seed(seed);
    let insecure_seed = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    builder
        .secure_random(ChaCha8Rng::from_seed(seed))
        .insecure_random(ChaCha8Rng::from_seed(sibling(first, rest)))
        .insecure_random_seed(insecure_seed)
        .wall_clock(Counting::default())
        .monotonic_clock(Counting::default());
}

fn sibling(first: u8, rest: [u8; 31]) -> [u8; 32] {
    let mut seed = [0; 32];
    if let Some((head, tail)) = seed.split_first_mut() {
        *head = !first;
        tail.copy_from_slice(&rest);
    }
    seed
}

fn real(
    builder: &mut WasiCtxBuilder,
    granted: &BTreeSet<String>,
    environment: &[(String, String)],
    read: &[(PathBuf, String)],
) -> Result<(), String> {
    let has = |name: &str| granted.contains(name);
    if has("environment") {
        builder.envs(environment);
    }
    if has("read") {
        for (host, guest) in read {
            builder
                .preopened_dir(host, guest, FsPerms::ReadOnly)
                .map_err(|error| format!("can't open `{}` to grant `{guest}`: {error}", host.display()))?;
        }
    }
    Ok(())
}

/// A clock that advances by one microsecond each time it is read.
#[derive(Default)]
struct Counting(AtomicU64);

impl Counting {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1000, Ordering::Relaxed)
    }
}

impl HostWallClock for Counting {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.tick())
    }
}

impl HostMonotonicClock for Counting {
    fn resolution(&self) -> u64 {
        1000
    }

    fn now(&self) -> u64 {
        self.tick()
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::empty()));
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired as u64 > self.memory_max {
            self.exceeded = Some(format!("the memory budget of {} bytes", self.memory_max));
            return Err(wasmtime::Error::msg("memory budget exceeded"));
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

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// A linker that holds the interfaces of the capabilities in `granted`, and no other function of the host.
///
/// # Errors
/// The engine's, if an interface can't be defined; that would be a bug of ours.
pub fn linker(engine: &wasmtime::Engine, granted: &BTreeSet<String>) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    let l = &mut linker;
    bindings::cli::exit::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<Host, Io>(l, |host| host.ctx().table)?;
    bindings::sync::io::poll::add_to_linker::<Host, Io>(l, |host| host.ctx().table)?;
    bindings::sync::io::streams::add_to_linker::<Host, Io>(l, |host| host.ctx().table)?;
    bindings::cli::terminal_input::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
    bindings::cli::terminal_output::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
    for capability in granted {
        match capability.as_str() {
            "stdin" => {
                bindings::cli::stdin::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
                bindings::cli::terminal_stdin::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
            }
            "stdout" => {
                bindings::cli::stdout::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
                bindings::cli::terminal_stdout::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
            }
            "stderr" => {
                bindings::cli::stderr::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
                bindings::cli::terminal_stderr::add_to_linker::<Host, WasiCli>(l, Host::cli)?;
            }
            "clocks" => {
                bindings::clocks::wall_clock::add_to_linker::<Host, WasiClocks>(l, Host::clocks)?;
                bindings::clocks::monotonic_clock::add_to_linker::<Host, WasiClocks>(l, Host::clocks)?;
            }
            "random" => {
                bindings::random::random::add_to_linker::<Host, WasiRandom>(l, |host| host.ctx().ctx.random())?;
                bindings::random::insecure::add_to_linker::<Host, WasiRandom>(l, |host| host.ctx().ctx.random())?;
                bindings::random::insecure_seed::add_to_linker::<Host, WasiRandom>(l, |host| host.ctx().ctx.random())?;
            }
            "environment" => bindings::cli::environment::add_to_linker::<Host, WasiCli>(l, Host::cli)?,
            "read" => {
                bindings::filesystem::preopens::add_to_linker::<Host, WasiFilesystem>(l, Host::filesystem)?;
                bindings::sync::filesystem::types::add_to_linker::<Host, WasiFilesystem>(l, Host::filesystem)?;
            }
            _ => {}
        }
    }
    Ok(linker)
}
