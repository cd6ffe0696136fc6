//! An artifact compiled and bound to a contract's interface: calls go in as typed values, outcomes come out.
//!
//! Every call gets a fresh instance with its own budgets, unless a [`Session`] is asked for. A program never links an
//! import that its grant does not cover.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofmark_contract::{Budget, Exports, Function, Interface, Type, Value};
use thiserror::Error;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Val};
use wasmtime::{Engine, Store, Trap};

use crate::artifact::{Artifact, ArtifactError};
use crate::convert;
use crate::engine::{MEMORIES, Memories, engine};
use crate::imports::{self, NotGranted};
use crate::native::Native;
use crate::usage::Usage;
use crate::wasi::{Host, World, Written, linker};

mod twin;

pub use twin::{Trace, Twin, TwinError};

/// An artifact, ready to be called. Shared between threads.
pub enum Program {
    Wasm(Compiled),
    Native(Native),
}

/// A compiled WebAssembly artifact.
pub struct Compiled {
    engine: Engine,
    pre: InstancePre<Host>,
    exports: Vec<(Arc<Function>, ComponentExportIndex)>,
    budget: Budget,
    granted: BTreeSet<String>,
    world: World,
    within: Option<Arc<Usage>>,
}

/// Why an artifact can't be called at all.
#[derive(Debug, Error)]
pub enum ProgramError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NotGranted(Vec<NotGranted>),
    #[error("there is no export `{0}`, which the contract's interface has")]
    NoExport(String),
    #[error("export `{name}` has the type `{found}`; the contract's interface says `{wanted}`")]
    WrongType { name: String, found: String, wanted: String },
    #[error("the artifact can't be prepared: {0}")]
    Compile(String),
    #[error("the engine can't be set up on this machine: {0}")]
    Engine(String),
}

/// How one call ended, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub ended: Ended,
    /// Fuel used, in the engine's units (about one for each instruction), instantiation included.
    pub fuel: u64,
    /// What the instance wrote so far.
    pub written: Written,
    /// How often each function of the host was called, as in `wasi:clocks/wall-clock.now`; of natives nothing.
    pub host_calls: BTreeMap<String, u64>,
    /// The most linear memory that the instance held so far, all its memories together; 0 for natives.
    pub memory_bytes: u64,
    /// What the host answered, where that is recorded ([`World::Real`], [`World::Taped`]) and not over the limit.
    pub tape: Option<Vec<u8>>,
}

impl Outcome {
    /// An outcome of something that has no fuel, no memory and no host of its own.
    #[must_use]
    pub fn plain(ended: Ended, written: Written) -> Self {
        Self { ended, fuel: 0, written, host_calls: BTreeMap::new(), memory_bytes: 0, tape: None }
    }
}

/// How the reason of a replay that left its tape begins.
const LEFT_TAPE: &str = "left its tape: ";

/// How one call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    Returned(Option<Value>),
    /// It trapped, exceeded a budget or broke the canonical ABI: in words that are the same on every machine.
    Trapped(String),
    /// It was ended when it left the profile that it is held to: how, in words that are the same on every machine.
    Departed(String),
}

impl Ended {
    /// Whether both returned the same value or both ended early in the same way. NaNs are the same.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Returned(Some(a)), Self::Returned(Some(b))) => a.same(b),
            (Self::Returned(None), Self::Returned(None)) => true,
            (Self::Trapped(a), Self::Trapped(b)) | (Self::Departed(a), Self::Departed(b)) => a == b,
            _ => false,
        }
    }

    /// Whether the end is that of a replay which left its tape: it asked its host something else, or not all that it was to ask.
    #[must_use]
    pub fn left_tape(&self) -> bool {
        matches!(self, Self::Trapped(why) if why.starts_with(LEFT_TAPE))
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Returned(Some(value)) => write!(f, "{value}"),
            Self::Returned(None) => f.write_str("()"),
            Self::Trapped(why) => f.write_str(why),
            Self::Departed(how) => write!(f, "left its profile: {how}"),
        }
    }
}

/// What a program is compiled against, and what it may use.
#[derive(Debug, Clone)]
pub struct Setting<'a> {
    pub interface: &'a Interface,
    pub budget: &'a Budget,
    /// Names of the granted capabilities.
    pub granted: BTreeSet<String>,
    pub world: World,
    /// Threads that will call at the same time.
    pub threads: u32,
    /// The profile that a call is ended for leaving; `None` where only the budget limits it.
    pub within: Option<Usage>,
}

impl Program {
    /// Compiles `artifact` and binds it to the interface.
    ///
    /// # Errors
    /// [`ProgramError`]: the artifact does not fit the contract, or the machine can't run it.
    pub fn compile(artifact: &Artifact, setting: Setting<'_>) -> Result<Self, ProgramError> {
        Compiled::new(artifact, setting).map(Self::Wasm)
    }

    /// Another artifact in the place of this one: the same interface, budget, grant and world, in the engine that is there.
    /// While both live they share its room for instances.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn beside(&self, artifact: &Artifact, interface: &Interface) -> Result<Self, ProgramError> {
        let Self::Wasm(Compiled { engine, budget, granted, world, .. }) = self else {
            return Err(ProgramError::Artifact(ArtifactError::Native));
        };
        let (granted, world) = (granted.clone(), world.clone());
        let setting = Setting { interface, budget, granted, world, threads: 1, within: None };
        Compiled::inside(engine.clone(), &artifact.component(interface)?, setting).map(Self::Wasm)
    }

    /// Calls `function` with nothing left over from other calls.
    #[must_use]
    pub fn call(&self, function: &Function, arguments: &[Value]) -> Outcome {
        match self {
            Self::Wasm(compiled) => compiled.session().call(function, arguments),
            Self::Native(native) => native.call(arguments),
        }
    }

    /// Calls `function` in a fresh instance that has nothing but a tape: the same questions to the host get the recorded
    /// answers, and the first other question ends the call as a trap. So does the end of the call if it comes before the
    /// tape's. A native executable has no tape.
    #[must_use]
    pub fn replay(&self, function: &Function, arguments: &[Value], tape: Vec<u8>) -> Outcome {
        match self {
            Self::Wasm(compiled) => {
                let world = &compiled.world;
                Instances { program: compiled, world, live: None, tape: Some(tape) }.call(function, arguments)
            }
            Self::Native(_) => {
                let why = "a native executable can't be replayed".to_owned();
                Outcome::plain(Ended::Trapped(why), Written::default())
            }
        }
    }

    /// As [`Program::call`], in another world than it was compiled for. A native executable has none but its arguments.
    #[must_use]
    pub fn call_in(&self, world: &World, function: &Function, arguments: &[Value]) -> Outcome {
        match self {
            Self::Wasm(program) => Instances { program, world, live: None, tape: None }.call(function, arguments),
            Self::Native(native) => native.call(arguments),
        }
    }

    /// One instance that keeps its memory between calls, where the artifact has such a thing.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        match self {
            Self::Wasm(compiled) => Session::Wasm(compiled.session()),
            Self::Native(native) => Session::Native(native),
        }
    }

    /// As [`Program::session`], in another world than it was compiled for.
    #[must_use]
    pub fn session_in<'a>(&'a self, world: &'a World) -> Session<'a> {
        match self {
            Self::Wasm(program) => Session::Wasm(Instances { program, world, live: None, tape: None }),
            Self::Native(native) => Session::Native(native),
        }
    }
}

/// Calls one after another.
pub enum Session<'a> {
    Wasm(Instances<'a>),
    /// Each call is a process of its own.
    Native(&'a Native),
}

impl Session<'_> {
    /// Calls `function` with the full budget of one call.
    pub fn call(&mut self, function: &Function, arguments: &[Value]) -> Outcome {
        match self {
            Self::Wasm(instances) => instances.call(function, arguments),
            Self::Native(native) => native.call(arguments),
        }
    }
}

impl Compiled {
    fn new(artifact: &Artifact, setting: Setting<'_>) -> Result<Self, ProgramError> {
        Self::of(&artifact.component(setting.interface)?, setting, MEMORIES)
    }

    /// A component, compiled and bound.
    fn of(binary: &[u8], setting: Setting<'_>, memories: Memories) -> Result<Self, ProgramError> {
        // A property may hold one instance while another is called; two more for a session beside them.
        let live = setting.threads.max(1).saturating_mul(4);
        let engine =
            engine(setting.budget, live, memories).map_err(|error| ProgramError::Engine(first_line(&error)))?;
        Self::inside(engine, binary, setting)
    }

    /// The same in an engine that there is already.
    fn inside(engine: Engine, binary: &[u8], setting: Setting<'_>) -> Result<Self, ProgramError> {
        let component = Component::from_binary(&engine, binary)
            .map_err(|error| ProgramError::Compile(format!("{error:#}").replace('\n', " ")))?;
        covered(&engine, &component, &setting.granted)?;
        let exports = bind(&component, setting.interface)?;
        let linker = linker(&engine, &setting.granted).map_err(|error| ProgramError::Engine(first_line(&error)))?;
        let pre = linker.instantiate_pre(&component).map_err(|error| ProgramError::Compile(format!("{error:#}")))?;
        let Setting { budget, granted, world, within, .. } = setting;
        Ok(Self { engine, pre, exports, budget: budget.clone(), granted, world, within: within.map(Arc::new) })
    }

    fn session(&self) -> Instances<'_> {
        Instances { program: self, world: &self.world, live: None, tape: None }
    }

    fn export(&self, function: &Function) -> Option<(&ComponentExportIndex, &Function)> {
        let found = self.exports.iter().find(|(known, _)| std::ptr::eq(&raw const **known, function));
        let found = found.or_else(|| {
            self.exports.iter().find(|(known, _)| known.name == function.name && known.interface == function.interface)
        });
        found.map(|(function, index)| (index, &**function))
    }

    fn start(&self, world: &World, tape: Option<Vec<u8>>) -> Result<Live, Box<Outcome>> {
        let trapped = |why: String| Box::new(Outcome::plain(Ended::Trapped(why), Written::default()));
        let host = match tape {
            Some(tape) => Host::replayed(&self.budget, tape),
            None => Host::new(&self.budget, &self.granted, world).map_err(trapped)?,
        };
        let mut store = Store::new(&self.engine, host.held_to(self.within.clone()));
        store.limiter(|host| host);
        store.set_fuel(self.fuel_max()).map_err(|error| trapped(first_line(&error)))?;
        match self.pre.instantiate(&mut store) {
            Ok(instance) => Ok(Live { store, instance }),
            Err(error) => {
                let ended = match self.ended(&error, &store) {
                    Ended::Trapped(why) => Ended::Trapped(format!("while it was instantiated: {why}")),
                    ended => ended,
                };
                Err(Box::new(self.outcome(&mut store, ended)))
            }
        }
    }

    /// Fuel that a call is given: that of the budget, or one more than a call inside the profile can take.
    fn fuel_max(&self) -> u64 {
        let within = self.within.as_ref().map_or(u64::MAX, |profile| profile.fuel_max().saturating_add(1));
        within.min(self.budget.fuel)
    }

    /// What came of a call, from what its store counted.
    fn outcome(&self, store: &mut Store<Host>, ended: Ended) -> Outcome {
        let fuel = self.used(store);
        let host = store.data_mut();
        let ended = host.departure().map_or(ended, |why| Ended::Trapped(format!("{LEFT_TAPE}{why}")));
        let (host_calls, tape) = (host.host_calls(), host.tape());
        Outcome { ended, fuel, written: host.written(), host_calls, memory_bytes: host.memory_bytes(), tape }
    }

    fn used(&self, store: &Store<Host>) -> u64 {
        self.fuel_max().saturating_sub(store.get_fuel().unwrap_or_default())
    }

    /// How a call ended that did not return.
    fn ended(&self, error: &wasmtime::Error, store: &Store<Host>) -> Ended {
        let out_of_fuel = matches!(error.downcast_ref::<Trap>(), Some(Trap::OutOfFuel));
        match (store.data().left_profile(), &self.within) {
            (Some(how), _) => Ended::Departed(how.clone()),
            (None, Some(profile)) if out_of_fuel && profile.fuel_max() < self.budget.fuel => {
                Ended::Departed(profile.fuel_departure())
            }
            _ => Ended::Trapped(why(error, store, &self.budget)),
        }
    }
}

impl Exports for Program {
    fn call(&self, function: &Function, arguments: &[Value]) -> Result<Option<Value>, String> {
        match self.call(function, arguments).ended {
            Ended::Returned(value) => Ok(value),
            ended => Err(ended.to_string()),
        }
    }
}

struct Live {
    store: Store<Host>,
    instance: Instance,
}

/// One instance, instantiated at its first call. After a trap the next call starts a new one.
pub struct Instances<'a> {
    program: &'a Compiled,
    world: &'a World,
    live: Option<Live>,
    /// For the first instance.
    tape: Option<Vec<u8>>,
}

impl Instances<'_> {
    fn call(&mut self, function: &Function, arguments: &[Value]) -> Outcome {
        let program = self.program;
        let mut live = match self.live.take() {
            Some(mut live) => match live.store.set_fuel(program.fuel_max()) {
                Ok(()) => live,
                Err(error) => return program.outcome(&mut live.store, Ended::Trapped(first_line(&error))),
            },
            None => match program.start(&self.world.of_call(&program.granted, function, arguments), self.tape.take()) {
                Ok(live) => live,
                Err(outcome) => return *outcome,
            },
        };
        let ended = live.call(program, function, arguments);
        let outcome = program.outcome(&mut live.store, ended);
        if matches!(outcome.ended, Ended::Returned(_)) {
            self.live = Some(live);
        }
        outcome
    }
}

impl Live {
    fn call(&mut self, program: &Compiled, function: &Function, arguments: &[Value]) -> Ended {
        let Some((index, function)) = program.export(function) else {
            return Ended::Trapped(format!("there is no export `{}`", function.name));
        };
        let Some(export) = self.instance.get_func(&mut self.store, index) else {
            return Ended::Trapped(format!("export `{}` is not a function", function.name));
        };
        let arguments: Vec<Val> = arguments.iter().map(convert::to_engine).collect();
        let mut results = [Val::Bool(false)];
        let results = results.get_mut(..usize::from(function.result.is_some())).unwrap_or_default();
        if let Err(error) = export.call(&mut self.store, &arguments, results) {
            return program.ended(&error, &self.store);
        }
        match (results.first(), &function.result) {
            (Some(result), Some(ty)) => match convert::from_engine(result, ty) {
                Some(value) => Ended::Returned(Some(value)),
                None => Ended::Trapped(format!("export `{}` returned a value of another type", function.name)),
            },
            _ => Ended::Returned(None),
        }
    }
}

fn covered(engine: &Engine, component: &Component, granted: &BTreeSet<String>) -> Result<(), ProgramError> {
    let ty = component.component_type();
    let missing: Vec<_> = imports::not_granted(ty.imports(engine).map(|(name, _)| name), granted).collect();
    if missing.is_empty() { Ok(()) } else { Err(ProgramError::NotGranted(missing)) }
}

type Bound = Vec<(Arc<Function>, ComponentExportIndex)>;

fn bind(component: &Component, interface: &Interface) -> Result<Bound, ProgramError> {
    let mut bound = Vec::new();
    for function in &interface.functions {
        let missing = || ProgramError::NoExport(function.full_name());
        let parent = match &function.interface {
            Some(instance) => Some(component.get_export_index(None, instance).ok_or_else(missing)?),
            None => None,
        };
        let (item, index) = component.get_export(parent.as_ref(), &function.name).ok_or_else(missing)?;
        let ComponentItem::ComponentFunc(ty) = item else { return Err(missing()) };
        if !fits(&ty, function) {
            return Err(ProgramError::WrongType {
                name: function.full_name(),
                found: convert::signature(&ty),
                wanted: function.signature(),
            });
        }
        bound.push((Arc::clone(function), index));
    }
    Ok(bound)
}

fn fits(ty: &ComponentFunc, function: &Function) -> bool {
    let same = |found: Option<wasmtime::component::Type>, wanted: Option<&Type>| match (found, wanted) {
        (Some(found), Some(wanted)) => convert::same_type(&found, wanted),
        (None, None) => true,
        _ => false,
    };
    !ty.async_()
        && ty.params().len() == function.params.len()
        && ty.params().zip(&function.params).all(|((_, found), (_, wanted))| same(Some(found), Some(wanted)))
        && ty.results().len() <= 1
        && same(ty.results().next(), function.result.as_ref())
}

/// Why a call ended early, without addresses or anything else that differs between machines.
fn why(error: &wasmtime::Error, store: &Store<Host>, budget: &Budget) -> String {
    if let Some(exceeded) = &store.data().exceeded {
        return format!("exceeded {exceeded}");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return format!("exceeded the fuel budget of {}", budget.fuel),
        Some(Trap::StackOverflow) => return format!("exceeded the stack budget of {} bytes", budget.stack),
        Some(trap) => return format!("trap: {}", trap.to_string().trim_start_matches("wasm trap: ")),
        None => {}
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return format!("it exited with status {} instead of returning", exit.0);
    }
    format!("trap: {}", first_line(&error.root_cause()))
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
