//! An artifact's twin: the same code, counting what it does, to guide a search ([`crate::instrument`]).
//!
//! A twin takes more fuel and more memory than the artifact, and never less: a call that stays inside the budget here does
//! so there. It decides nothing else. What it finds wrong has to be found wrong with the artifact itself.

use proofmark_contract::{Budget, Function, Value};
use thiserror::Error;
use wasmtime::component::{ComponentExportIndex, WasmList};

use super::{Compiled, Ended, Instances, Live, Outcome, ProgramError, Setting};
use crate::artifact::Artifact;
use crate::engine::MEMORIES_OF_TWIN;
use crate::instrument::{Compared, Constants, InstrumentError, Report, Site, instrument};

/// What counting may multiply fuel by; a call that takes more has to be looked at with the artifact itself.
const FUEL_FACTOR: u64 = 8;
/// The most fuel of one call: some hundredths of a second. A search has better things to do than to wait for a loop without end,
/// also where a contract has a budget for hours.
const FUEL_MAX: u64 = 1 << 26;

/// A twin, ready to be called. Shared between threads.
pub struct Twin {
    compiled: Compiled,
    reports: Vec<(Report, ComponentExportIndex)>,
    /// What each comparison compares, of all modules.
    pub sites: Vec<Site>,
    /// Edges of all modules.
    pub edges: usize,
    /// What the artifact's code and data mention.
    pub constants: Constants,
    /// Modules inside nested components, which stay unseen.
    pub hidden_modules: u64,
    /// What one call of the artifact may use.
    budget: Budget,
    counting_bytes: u64,
    /// The twin of another artifact, which each call also calls. Its edges and comparisons follow those of this one.
    beside: Option<Box<Twin>>,
}

/// Why an artifact has no twin.
#[derive(Debug, Error)]
pub enum TwinError {
    #[error(transparent)]
    Instrument(#[from] InstrumentError),
    #[error("there is nothing in it that can be counted")]
    Nothing,
    #[error(transparent)]
    Program(#[from] ProgramError),
}

/// What one call did. Empty after a call that did not return: a trap takes the counts with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Edges that were taken, and how often, in ascending order.
    pub edges: Vec<(u32, u32)>,
    /// Comparisons in the order in which they happened, module by module; not all of them ([`crate::instrument`]).
    pub compared: Vec<Compared>,
}

impl Twin {
    /// Makes and compiles the twin of `artifact`.
    ///
    /// # Errors
    /// [`TwinError`]: it can't be made, or the machine can't run it.
    pub fn compile(artifact: &Artifact, setting: Setting<'_>) -> Result<Self, TwinError> {
        let component = artifact.component(setting.interface).map_err(ProgramError::from)?;
        let instrumented = instrument(&component)?;
        if instrumented.reports.is_empty() {
            return Err(TwinError::Nothing);
        }
        let budget = setting.budget.clone();
        let counting_bytes = instrumented.memory_bytes;
        let wider = Budget {
            fuel: budget.fuel.saturating_mul(FUEL_FACTOR).min(FUEL_MAX),
            memory: budget.memory.max(counting_bytes),
            ..budget.clone()
        };
        let compiled = Compiled::of(&instrumented.binary, Setting { budget: &wider, ..setting }, MEMORIES_OF_TWIN)?;
        let mut reports = Vec::new();
        for report in instrumented.reports {
            let index = compiled.pre.component().get_export_index(None, &report.export);
            let index = index.ok_or_else(|| ProgramError::NoExport(report.export.clone()))?;
            reports.push((report, index));
        }
        let sites = reports.iter().flat_map(|(report, _)| report.sites.iter().copied()).collect();
        let edges = reports.iter().fold(0_usize, |sum, (report, _)| sum.saturating_add(report.edges));
        let (constants, hidden_modules) = (instrumented.constants, instrumented.hidden_modules);
        Ok(Self { compiled, reports, sites, edges, constants, hidden_modules, budget, counting_bytes, beside: None })
    }

    /// The same, with another twin that is called with every input too: what both did is counted, and what is said of a
    /// call is what this one did.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        self.sites.extend_from_slice(&other.sites);
        self.edges = self.edges.saturating_add(other.edges);
        self.hidden_modules = self.hidden_modules.saturating_add(other.hidden_modules);
        self.constants.add(&other.constants);
        self.beside = Some(Box::new(other));
        self
    }

    /// How many of its edges are those of the artifact itself: the first ones.
    #[must_use]
    pub fn own_edges(&self) -> usize {
        self.edges.saturating_sub(self.beside.as_ref().map_or(0, |other| other.edges))
    }

    /// The name of the function that a comparison is in.
    #[must_use]
    pub fn function_of(&self, site: usize) -> Option<&str> {
        let mut first = 0_usize;
        for (report, _) in &self.reports {
            let within = site.checked_sub(first)?;
            if within < report.sites.len() {
                let before = report.functions.partition_point(|(first, _)| *first <= within);
                let (_, name) = report.functions.get(before.checked_sub(1)?)?;
                return Some(name);
            }
            first = first.saturating_add(report.sites.len());
        }
        None
    }

    fn own_sites(&self) -> usize {
        self.sites.len().saturating_sub(self.beside.as_ref().map_or(0, |other| other.sites.len()))
    }

    /// Calls `function` in a fresh instance, and leaves in `trace` what it did.
    #[must_use]
    pub fn call(&self, function: &Function, arguments: &[Value], trace: &mut Trace) -> Outcome {
        trace.edges.clear();
        trace.compared.clear();
        let outcome = self.counted(function, arguments, trace, (0, 0));
        if let Some(other) = &self.beside {
            let _ = other.counted(function, arguments, trace, (self.own_edges(), self.own_sites()));
        }
        outcome
    }

    /// The same for this twin alone, whose edges and comparisons follow so many others.
    fn counted(&self, function: &Function, arguments: &[Value], trace: &mut Trace, others: (usize, usize)) -> Outcome {
        let mut instances: Instances<'_> = self.compiled.session();
        let outcome = instances.call(function, arguments);
        if let (Ended::Returned(_), Some(live)) = (&outcome.ended, &mut instances.live) {
            self.read(live, trace, others);
        }
        outcome
    }

    /// Whether the artifact itself may exceed its budget where its twin took this much.
    #[must_use]
    pub fn near_budget(&self, outcome: &Outcome) -> bool {
        outcome.fuel > self.budget.fuel || outcome.memory_bytes.saturating_sub(self.counting_bytes) > self.budget.memory
    }

    /// Whether the twin's call was ended before anything can be said about the artifact's, which may use more.
    #[must_use]
    pub fn cut_short(&self, outcome: &Outcome) -> bool {
        outcome.fuel >= self.compiled.fuel_max() && !self.near_budget(outcome)
    }

    fn read(&self, live: &mut Live, trace: &mut Trace, (edges, sites): (usize, usize)) {
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (mut first_edge, mut first_site) = (narrow(edges), narrow(sites));
        for (report, index) in &self.reports {
            let _ = live.store.set_fuel(self.compiled.fuel_max());
            let list = live
                .instance
                .get_typed_func::<(), (WasmList<u8>,)>(&mut live.store, index)
                .and_then(|export| export.call(&mut live.store, ()));
            if let Ok((list,)) = list {
                let bytes = list.as_le_slice(&live.store);
                let counts = (first_edge..).zip(report.counts(bytes));
                trace.edges.extend(counts.filter(|(_, count)| *count > 0));
                let compared = report.compared(bytes);
                trace
                    .compared
                    .extend(compared.map(|one| Compared { site: one.site.saturating_add(first_site), ..one }));
            }
            first_edge = first_edge.saturating_add(narrow(report.edges));
            first_site = first_site.saturating_add(narrow(report.sites.len()));
        }
    }
}
