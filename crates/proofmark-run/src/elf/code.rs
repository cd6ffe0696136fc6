//! The system calls and library calls of an x86-64 executable, with what is known about each.

use std::collections::{BTreeMap, BTreeSet};

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::dynamic::Dynamic;
use super::image::Image;
use super::state::Value;
use super::sweep::{Area, Sweep};
use super::track::{self, Followed, Site, Target};
use super::{Code, LISTED_MAX, Machine, SystemCall, library, numbers};

/// How many blocks are followed backwards, one entering the other.
const DEPTH_MAX: usize = 8;
/// The most sites that depend on what held at the entry of one block.
const QUESTIONS_MAX: usize = 64;
/// The most addresses of unknown sites that are listed.
const UNKNOWN_MAX: usize = 64;

/// What the code was found to do.
#[derive(Debug, Default)]
pub struct Found {
    pub code: Code,
    /// Sites in order, each with all that could be determined.
    pub uses: Vec<Site>,
    /// Instructions that load a code segment.
    pub far_jumps: u64,
    /// Whether the entry is an instruction at all.
    pub entry_decodes: bool,
}

/// Disassembles, for the machines that this is done for.
pub fn find(image: &Image<'_>, dynamic: &Dynamic, unseen: &mut Vec<String>) -> Found {
    let followed = followed(dynamic);
    if image.machine != Machine::X86_64 {
        unseen.push("its code: only x86_64 is disassembled".to_owned());
        return Found { uses: unfollowed(dynamic, &BTreeSet::new(), &[]), ..Found::default() };
    }
    let sweep = Sweep::new(image, dynamic, unseen);
    let mut uses = Vec::new();
    let mut questions: BTreeMap<u64, Vec<Site>> = BTreeMap::new();
    let first = track::read(&sweep, &followed, &questions);
    let mut over = first.over;
    let sites = first.sites.iter().filter(|site| !matches!(site.target, Target::Import(_)));
    let addresses: BTreeSet<u64> = sites.map(|site| site.address).collect();
    let mut open = sort(first.sites, dynamic, &mut uses);
    let mut asked = BTreeSet::new();
    for _ in 0..DEPTH_MAX {
        if open.is_empty() {
            break;
        }
        ask(open, &sweep, &mut questions, &mut uses);
        let reading = track::read(&sweep, &followed, &questions);
        over = over.saturating_add(reading.over);
        let answered: BTreeSet<u64> = reading.answers.iter().map(|(function, _)| *function).collect();
        for (function, sites) in &questions {
            // Called by means that are not followed, or not at all: whoever does may pass anything.
            if !answered.contains(function) || taken(&sweep, *function) {
                uses.extend(sites.iter().map(|site| without_arguments(*site)));
            }
        }
        open = sort(reading.answers.into_iter().map(|(_, site)| site).collect(), dynamic, &mut uses);
        // A loop comes back to what was asked; its answers are known.
        asked.extend(std::mem::take(&mut questions).into_values().flatten());
        open.retain(|site| !asked.contains(site));
    }
    uses.extend(open.into_iter().map(without_arguments));
    uses.extend(unfollowed(dynamic, &first.taken, &uses));
    uses.sort_unstable();
    uses.dedup();
    if over > 0 {
        unseen.push(format!("{over} system calls or calls of wrappers over the limit of {}", track::SITES_MAX));
    }
    let entry_decodes =
        sweep.areas.iter().any(|area| area.offset(image.entry).is_some_and(|offset| area.known(offset)));
    Found { code: code(&sweep, addresses.len(), &uses), uses, far_jumps: sweep.far_jumps, entry_decodes }
}

impl Found {
    /// The system calls whose numbers are known.
    pub fn system_calls(&self) -> Vec<SystemCall> {
        let mut calls: BTreeMap<(Target, u32), (u64, u64)> = BTreeMap::new();
        for site in &self.uses {
            if let Some(number) = site.known_number() {
                let entry = calls.entry((site.target, number)).or_insert((0, site.address));
                *entry = (entry.0.saturating_add(1), entry.1.min(site.address));
            }
        }
        let calls = calls.into_iter().take(LISTED_MAX);
        calls
            .map(|((target, number), (sites, address))| SystemCall {
                number,
                name: name(target, number),
                sites,
                address,
            })
            .collect()
    }
}

impl Site {
    /// The kernel looks at the low 32 bits.
    pub fn known_number(&self) -> Option<u32> {
        match (self.target, self.number) {
            (Target::Import(_), _) => None,
            (_, Value::Known(number)) => u32::try_from(number & 0xffff_ffff).ok(),
            _ => None,
        }
    }

    fn unknown_number(&self) -> bool {
        !matches!(self.target, Target::Import(_)) && self.known_number().is_none()
    }
}

/// The name of a system call as a profile gives it.
pub fn name(target: Target, number: u32) -> String {
    match (target, numbers::name(number)) {
        (Target::Legacy, _) => format!("i386:{number}"),
        (_, Some(name)) => name.to_owned(),
        (_, None) => format!("number {number}"),
    }
}

/// Whether nothing goes on to the next instruction.
pub fn ends(instruction: &Instruction) -> bool {
    let flow = instruction.flow_control();
    matches!(
        flow,
        FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return | FlowControl::Exception
    ) || matches!(instruction.mnemonic(), Mnemonic::Hlt | Mnemonic::Int3)
}

/// The address that a direct branch or call goes to.
pub fn target(instruction: &Instruction) -> Option<u64> {
    let near = matches!(instruction.op0_kind(), OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64);
    near.then(|| instruction.near_branch_target())
}

/// Sites that are settled go to `uses`; those that depend on an argument come back.
fn sort(sites: Vec<Site>, dynamic: &Dynamic, uses: &mut Vec<Site>) -> Vec<Site> {
    let (open, settled): (Vec<_>, Vec<_>) = sites.into_iter().partition(|site| {
        let argument = |value: &Value| matches!(value, Value::Argument(_));
        let decides = match site.target {
            Target::Import(at) => dynamic.imports.get(at).and_then(|import| library::function(&import.name)),
            _ => site.known_number().and_then(numbers::name).and_then(library::call),
        };
        let unsettled =
            decides.and_then(library::Meaning::decided_by).and_then(|at| site.arguments.get(at)).is_some_and(argument);
        site.origin.is_some() && (argument(&site.number) || unsettled)
    });
    uses.extend(settled.into_iter().map(without_arguments));
    open
}

/// Turns open sites into questions to those who enter their blocks.
fn ask(open: Vec<Site>, sweep: &Sweep<'_>, questions: &mut BTreeMap<u64, Vec<Site>>, uses: &mut Vec<Site>) {
    for site in open {
        let Some(function) = site.origin else { continue };
        let list = questions.entry(function).or_default();
        let known = sweep.areas.iter().any(|area| area.offset(function).is_some());
        if !known || list.len() >= QUESTIONS_MAX {
            uses.push(without_arguments(site));
        } else if !list.contains(&site) {
            list.push(site);
        }
    }
}

fn taken(sweep: &Sweep<'_>, function: u64) -> bool {
    let is = |area: &Area<'_>| area.offset(function).is_some_and(|offset| area.taken.has(offset));
    sweep.areas.iter().any(is)
}

/// What is left of a site when nobody says what its arguments are.
fn without_arguments(site: Site) -> Site {
    let settle = |value| if matches!(value, Value::Argument(_)) { Value::Unknown } else { value };
    Site { number: settle(site.number), arguments: site.arguments.map(settle), origin: None, ..site }
}

fn followed(dynamic: &Dynamic) -> Followed {
    let mut followed = Followed { slots: BTreeMap::new(), syscall: None };
    for (at, import) in dynamic.imports.iter().enumerate() {
        if import.name == "syscall" {
            followed.syscall = Some(at);
        }
        if is_followed(&import.name) {
            followed.slots.extend(import.slots.iter().map(|slot| (*slot, at)));
        }
    }
    followed
}

/// Whether an argument decides what an import means, so that its calls are looked at.
fn is_followed(name: &str) -> bool {
    name == "syscall" || library::function(name).and_then(library::Meaning::decided_by).is_some()
}

/// A use with nothing known of each import that is reached in ways that are not followed.
fn unfollowed(dynamic: &Dynamic, taken: &BTreeSet<usize>, uses: &[Site]) -> Vec<Site> {
    let imports = dynamic.imports.iter().enumerate().filter(|(_, import)| is_followed(&import.name));
    let through_syscall = uses.iter().any(|site| site.target == Target::Kernel);
    let unfollowed = imports.filter(|(at, import)| {
        let used = uses.iter().any(|site| site.target == Target::Import(*at));
        let used = used || (import.name == "syscall" && through_syscall);
        import.taken || taken.contains(at) || !used
    });
    unfollowed
        .map(|(at, import)| Site {
            target: if import.name == "syscall" { Target::Kernel } else { Target::Import(at) },
            address: import.slots.first().copied().unwrap_or(0),
            number: Value::Unknown,
            arguments: [Value::Unknown; 3],
            origin: None,
        })
        .collect()
}

fn code(sweep: &Sweep<'_>, sites: usize, uses: &[Site]) -> Code {
    let bytes = sweep
        .areas
        .iter()
        .fold(0_u64, |sum, area| sum.saturating_add(area.bytes.len().saturating_sub(area.first) as u64));
    let unknown: Vec<u64> = uses.iter().filter(|site| site.unknown_number()).map(|site| site.address).collect();
    Code {
        disassembled: true,
        bytes,
        instructions: sweep.instructions,
        undecoded_bytes: bytes.saturating_sub(sweep.decoded_bytes),
        sites: sites as u64,
        unknown_sites: unknown.len() as u64,
        unknown_at: unknown.into_iter().take(UNKNOWN_MAX).collect(),
        hidden_sites: sweep.areas.iter().map(hidden).fold(0, u64::saturating_add),
    }
}

/// Places where the bytes of a system call stand inside other instructions.
fn hidden(area: &Area<'_>) -> u64 {
    let pairs = area.bytes.windows(2).enumerate();
    pairs.filter(|(at, pair)| matches!(pair, [0x0f, 0x05 | 0x34] | [0xcd, 0x80]) && !area.known(*at)).count() as u64
}
