//! Reads TOML tables key by key, so that every missing, unknown or ill-typed key becomes a placed problem.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::placed::Placed;
use crate::problem::{Problem, nearest};

/// A table that is being read. [`Table::finish`] reports the keys that nobody asked for.
pub(super) struct Table<'a> {
    contract: &'a str,
    /// How messages call it: `the contract` or `[budget]`.
    name: &'a str,
    entries: &'a DeTable<'a>,
    /// Where to point when something is missing.
    span: Range<usize>,
    known: Vec<&'static str>,
}

pub(super) type Problems = Vec<Problem>;

impl<'a> Table<'a> {
    pub(super) fn new(contract: &'a str, name: &'a str, entries: &'a DeTable<'a>, span: Range<usize>) -> Self {
        let span = first_line(contract, span);
        Self { contract, name, entries, span, known: Vec::new() }
    }

    /// The value of `key`, which is known from now on.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.knows(key);
        self.entries.get(key)
    }

    fn knows(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    /// The span of a key that is there.
    pub(super) fn key_span(&self, key: &str) -> Range<usize> {
        self.entries.get_key_value(key).map_or_else(|| self.span.clone(), |(key, _)| key.span())
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A string, if the key is there and is one.
    pub(super) fn string(&mut self, key: &'static str, problems: &mut Problems) -> Option<Placed> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Placed::new(self.contract, value.span(), text)),
            other => {
                problems.push(self.mistyped(key, "a string", other, value.span()));
                None
            }
        }
    }

    /// A string that must be there.
    pub(super) fn required(&mut self, key: &'static str, example: &str, problems: &mut Problems) -> Option<Placed> {
        if !self.has(key) {
            self.knows(key);
            let problem =
                Problem::new(self.span.clone(), format!("{} has no `{key}`", self.name), format!("`{key}` is missing"));
            problems.push(problem.help(format!("write `{key} = {example}`")));
            return None;
        }
        self.string(key, problems)
    }

    /// `true` or `false`; `None` if the key is not there or is neither.
    pub(super) fn boolean(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(answer) => Some(*answer),
            other => {
                problems.push(self.mistyped(key, "`true` or `false`", other, value.span()));
                None
            }
        }
    }

    /// A list of strings; empty if the key is not there.
    pub(super) fn strings(&mut self, key: &'static str, problems: &mut Problems) -> Vec<Placed> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(values) = value.get_ref() else {
            problems.push(self.mistyped(key, "a list of strings", value.get_ref(), value.span()));
            return Vec::new();
        };
        let mut strings = Vec::with_capacity(values.len());
        for value in values.iter() {
            match value.get_ref() {
                DeValue::String(text) => strings.push(Placed::new(self.contract, value.span(), text)),
                other => problems.push(self.mistyped(key, "a list of strings", other, value.span())),
            }
        }
        strings
    }

    /// A table, if the key is there and is one.
    pub(super) fn table(&mut self, key: &'static str, name: &'a str, problems: &mut Problems) -> Option<Table<'a>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(self.contract, name, entries, self.header(key, value))),
            other => {
                problems.push(self.mistyped(key, "a table", other, value.span()).help(format!("write `[{key}]`")));
                None
            }
        }
    }

    /// A list of tables; empty if the key is not there.
    pub(super) fn tables(&mut self, key: &'static str, name: &'a str, problems: &mut Problems) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(values) = value.get_ref() else {
            let problem = self.mistyped(key, "a list of tables", value.get_ref(), value.span());
            problems.push(problem.help(format!("write `[[{key}]]`, in double brackets")));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(values.len());
        for value in values.iter() {
            match value.get_ref() {
                DeValue::Table(entries) => tables.push(Table::new(self.contract, name, entries, value.span())),
                other => problems.push(self.mistyped(key, "a list of tables", other, value.span())),
            }
        }
        tables
    }

    /// Every key with its value, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, &'a Spanned<DeValue<'a>>)> + use<'a> {
        let entries = self.entries;
        entries.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    pub(super) fn placed(&self, value: &Spanned<DeValue<'_>>) -> Option<Placed> {
        value.get_ref().as_str().map(|text| Placed::new(self.contract, value.span(), text))
    }

    pub(super) fn mistyped(&self, key: &str, wanted: &str, found: &DeValue<'_>, span: Range<usize>) -> Problem {
        let kind = kind(found);
        Problem::new(span, format!("`{key}` in {} must be {wanted}, but this is {kind}", self.name), kind)
    }

    /// Reports every key that was not asked for.
    pub(super) fn finish(self, problems: &mut Problems) {
        for (key, span, _) in self.entries() {
            if self.known.contains(&key) {
                continue;
            }
            let shown: String = key.chars().take(60).collect();
            let problem = Problem::new(span, format!("{} has no key `{shown}`", self.name), "unknown key");
            problems.push(match nearest(key, self.known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!(
                    "its keys are {}",
                    self.known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
                )),
            });
        }
    }

    fn header(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Range<usize> {
        if value.span().is_empty() { self.key_span(key) } else { value.span() }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The number, if it fits.
pub(super) fn whole(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// The part of a span that is on its first line: tables point at their header.
fn first_line(contract: &str, span: Range<usize>) -> Range<usize> {
    let text = contract.get(span.clone()).unwrap_or_default();
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    span.start..span.start.saturating_add(line.len())
}
