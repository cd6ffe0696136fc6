//! What `trace` found, from the line or function to the intent, before it is shown.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Outcome;
use proofmark_trace::attribution::Attribution;
use proofmark_trace::lineage::first_seen;
use proofmark_trace::lines::{Lines, split};
use proofmark_trace::wasm::is_file;

use super::history::{History, Step, Text};
use crate::failure::Failure;

/// One chain from what was asked about to an intent, as far as it goes.
#[derive(Default)]
pub struct Answer {
    /// Where in git, where it was asked for a line or commit there.
    pub git: Option<GitPlace>,
    /// The artifact, or what stands for a try without one.
    pub subject: Option<Digest>,
    pub function: Option<FunctionPlace>,
    /// Lines of a source of the artifact: path, text of a single line, lines.
    pub source: Option<SourcePlace>,
    /// Tries that led there, oldest first.
    pub steps: Vec<Step>,
    /// How many more tries brought the very same artifact.
    pub more: usize,
    /// In which of the steps which lines of `source` first stood.
    pub origins: BTreeMap<usize, Lines>,
    pub clauses: Vec<Clause>,
    /// How many clauses are held out and not shown.
    pub held_out: usize,
    pub contract: Option<Digest>,
    /// The contract's name and intent.
    pub intent: Option<(String, String)>,
    /// The generator as who submitted the artifact called it, where there is no provenance.
    pub submitted_by: Option<String>,
    /// What could not be told, and why.
    pub unknown: Vec<String>,
}

/// Lines of a commit, or of a file that is not committed.
pub struct GitPlace {
    pub commit: Option<String>,
    /// `Name <email>` of the commit's author, and its time in seconds since 1970.
    pub author: Option<(String, i64)>,
    pub path: String,
    pub lines: Lines,
    /// The text of a single line.
    pub text: Option<Vec<u8>>,
    pub attribution: Option<Attribution>,
    /// Whether a source of the log has the lines: what was said is then more than a claim.
    pub confirmed: bool,
}

pub struct SourcePlace {
    pub path: String,
    pub lines: Lines,
}

pub struct FunctionPlace {
    pub name: String,
    /// In its module's index space, where a binary has it.
    pub index: Option<u32>,
    /// Exports that reach it.
    pub reached_from: BTreeSet<String>,
    /// How its lines were found.
    pub by: &'static str,
}

/// A clause of the contract.
pub struct Clause {
    pub kind: &'static str,
    pub name: String,
    pub says: String,
}

impl Answer {
    /// Whether it goes all the way: to an intent, through the try that wrote every line that was asked about.
    pub fn is_whole(&self) -> bool {
        self.intent.is_some() && !self.steps.is_empty() && self.unknown.is_empty()
    }

    /// Adds the tries that led to a subject, its contract and intent.
    pub fn follow(&mut self, history: &History<'_>, subject: Digest) -> Result<Option<Contract>, Failure> {
        self.subject = Some(subject);
        (self.steps, self.more) = history.chain(subject)?;
        let contract = match self.steps.last() {
            Some(step) => Some(step.provenance().external().contract),
            None => {
                let submission = history.submission(subject)?;
                let why = if submission.is_some() { "it was not made here" } else { "nor a submission" };
                self.unknown.push(format!("the log has no provenance of sha256:{subject}: {why}"));
                self.submitted_by = submission.as_ref().map(|one| one.generator.clone());
                submission.map(|one| one.contract)
            }
        };
        self.contract = contract;
        let Some(digest) = contract else { return Ok(None) };
        let contract = history.contract(digest);
        match &contract {
            Some(contract) => self.intent = Some((contract.name.clone(), contract.intent.clone())),
            None => self.unknown.push(format!("this home does not have the text of contract sha256:{digest}")),
        }
        Ok(contract)
    }

    /// Says of lines of a source of the last step in which step each first stood.
    pub fn place(&mut self, path: &str, lines: &Lines) {
        let Some(last) = self.steps.last() else { return };
        // A text that is its own source may be called anything.
        let whole = |text: &Text| text.text.as_deref().is_some_and(|text| Some(Digest::of(text)) == self.subject);
        let named = last.sources.iter().find(|(known, _)| is_file(known, path));
        let Some((known, _)) = named.or_else(|| last.sources.iter().find(|(_, text)| whole(text))) else {
            self.unknown.push(format!("no source of the artifact is called `{path}`"));
            return;
        };
        let known = known.clone();
        // A repair may give its file another name; where there is one file, it is that one.
        let versions: Vec<Option<&[u8]>> = self.steps.iter().filter_map(|step| version(step, &known)).collect();
        let at: Vec<usize> = (0..self.steps.len())
            .filter(|at| self.steps.get(*at).is_some_and(|step| version(step, &known).is_some()))
            .collect();
        if matches!(versions.last(), Some(None)) {
            self.unknown.push(format!("the text of `{known}` was erased"));
            self.source = Some(SourcePlace { path: known, lines: lines.clone() });
            return;
        }
        let seen = first_seen(&versions);
        let (mut origins, mut lost): (BTreeMap<usize, Vec<u32>>, Vec<u32>) = Default::default();
        for line in (1_u32..).zip(&seen).filter(|(line, _)| lines.contains(*line)) {
            match line.1.and_then(|version| at.get(version)) {
                Some(step) => origins.entry(*step).or_default().push(line.0),
                None => lost.push(line.0),
            }
        }
        if !lost.is_empty() {
            let lost: Lines = lost.into_iter().collect();
            self.unknown.push(format!("a text was erased: which step brought lines {lost} can't be told"));
        }
        if origins.is_empty() && self.unknown.is_empty() {
            self.unknown.push(format!("`{known}` has no lines {lines}"));
        }
        self.origins = origins.into_iter().map(|(step, lines)| (step, lines.into_iter().collect())).collect();
        self.source = Some(SourcePlace { path: known, lines: lines.clone() });
    }

    /// Adds the clauses of these exported functions; of all where none are named.
    pub fn clauses_of(&mut self, contract: &Contract, functions: Option<&BTreeSet<String>>, show_held_out: bool) {
        let plain = |name: &str| name.replace('-', "_");
        let wanted: Option<BTreeSet<String>> = functions.map(|names| names.iter().map(|name| plain(name)).collect());
        let of = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&plain(name)));
        for example in contract.examples.iter().filter(|one| of(&one.call.function.name)) {
            let says = format!("returns {}", example.expected);
            self.clauses.push(Clause { kind: "example", name: example.call.to_string(), says });
        }
        self.held_out = self.held_out.saturating_add(contract.sealed.len());
        for property in contract.properties.iter().filter(|one| of(&one.of.name)) {
            if property.held_out && !show_held_out {
                self.held_out = self.held_out.saturating_add(1);
                continue;
            }
            let says = property.ensures.to_string();
            self.clauses.push(Clause { kind: "property", name: property.name.clone(), says });
        }
    }
}

/// What a step's source of that path is; the outer `None` where it has no such file, the inner where it was erased.
pub fn version<'a>(step: &'a Step, path: &str) -> Option<Option<&'a [u8]>> {
    let named = step.sources.iter().find(|(known, _)| known == path);
    let only = match &step.sources[..] {
        [one] => Some(one),
        _ => None,
    };
    named.or(only).map(|(_, text)| text.text.as_deref())
}

/// Counterexamples that a step's artifact was refuted with: clause, call, what came instead. Held-out ones only if asked for.
pub fn refuted(step: &Step, show_held_out: bool) -> Vec<(String, String, String)> {
    let failed = step.evidence.iter().filter(|evidence| evidence.outcome == Outcome::Failed);
    let all = failed.flat_map(|evidence| &evidence.counterexamples);
    let shown = all.filter(|one| show_held_out || !one.held_out);
    shown.map(|one| (one.property.clone(), one.call.clone(), one.got.clone())).collect()
}

/// The number of a source's lines.
pub fn all_lines(text: &[u8]) -> Lines {
    let count = u32::try_from(split(text).len()).unwrap_or(u32::MAX);
    Lines::range(1, count).unwrap_or_default()
}
