//! Reads TOML tables key by key. A problem names keys, never values: a value may be a key of a provider.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigProblem;

/// Names under which keys are written into files; what to do instead is the same for all of them.
const LOOK_LIKE_KEYS: [&str; 10] =
    ["api_key", "apikey", "api-key", "token", "secret", "password", "authorization", "bearer", "headers", "x-api-key"];
pub(crate) const NAME_A_KEY: &str =
    "keys stay out of this file: write `key = { env = \"NAME\" }` or `key = { keyring = \"SERVICE/ENTRY\" }`";

/// The largest file that is read.
pub(crate) const BYTES_MAX: usize = 256 << 10;
const NAME_MAX: usize = 64;

/// A file of named entries: its version, then a table for each.
pub(crate) struct Layout {
    /// The key of the version, as in `generators = 1`.
    pub versioned: &'static str,
    pub version: u64,
    /// What an entry is called, as in `[generator.NAME]`.
    pub entry: &'static str,
    /// What is wrong with a file that has no entry, if that is wrong.
    pub none: Option<&'static str>,
}

impl Layout {
    /// Reads every entry of a file with `read`, in the order of the names.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the text; at least one.
    pub(crate) fn read<T>(
        &self,
        text: &str,
        mut read: impl FnMut(&str, Table<'_>, &mut Problems<'_>) -> Option<T>,
    ) -> Result<Vec<T>, Vec<ConfigProblem>> {
        let mut problems = Problems::new(text);
        if text.len() > BYTES_MAX {
            problems.push(0, format!("the file is larger than {BYTES_MAX} bytes"), "");
            return Err(problems.finish());
        }
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                // The library's own rendering would show the line, and a key may be on it.
                problems.push(error.span().map_or(text.len(), |span| span.start), "not valid TOML here", "");
                return Err(problems.finish());
            }
        };
        let Self { versioned, version, entry, none } = self;
        let mut table = Table::new("the file", document.get_ref(), 0);
        if table.whole(versioned, *version..=*version, &mut problems).is_none() && table.value(versioned).is_none() {
            let help = format!("write `{versioned} = {version}` at the top");
            problems.push(0, "the file does not say its version", help);
        }
        let mut found = Vec::new();
        match table.table(entry, &mut problems) {
            Some(named) => {
                for (name, span, value) in named.entries() {
                    let Some(table) = self.named(name, span.start, value, &mut problems) else { continue };
                    found.extend(read(name, table, &mut problems).map(|one| (name, one)));
                }
            }
            None => {
                if let Some(message) = none {
                    problems.push(0, *message, format!("write `[{entry}.NAME]`"));
                }
            }
        }
        table.finish(&mut problems);
        found.sort_by_key(|(name, _)| *name);
        if problems.is_empty() { Ok(found.into_iter().map(|(_, one)| one).collect()) } else { Err(problems.finish()) }
    }

    /// The table of one entry, if it has a name that may be one.
    fn named<'a>(
        &self,
        name: &str,
        at: usize,
        value: &'a DeValue<'a>,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'a>> {
        let entry = self.entry;
        if name.is_empty() || name.len() > NAME_MAX || !is_plain(name) {
            let help = "write 1 to 64 lower-case letters, digits, `-`, `_` and `.`";
            problems.push(at, format!("this can't be the name of a {entry}"), help);
            return None;
        }
        let Some(entries) = value.as_table() else {
            problems.push(at, format!("`{name}` must be a table"), format!("write `[{entry}.{name}]`"));
            return None;
        };
        Some(Table::new(format!("[{entry}.{name}]"), entries, at))
    }
}

/// All problems so far.
pub(crate) struct Problems<'a> {
    text: &'a str,
    found: Vec<(usize, ConfigProblem)>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    pub(crate) fn push(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count().saturating_add(1);
        let help: String = help.into();
        let help = (!help.is_empty()).then_some(help);
        self.found.push((at, ConfigProblem { line, column, message: message.into(), help }));
    }

    pub(crate) fn finish(mut self) -> Vec<ConfigProblem> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, problem)| problem).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// A table that is being read. [`Table::finish`] reports the keys that nobody asked for.
pub(crate) struct Table<'a> {
    /// How messages call it: `[generator.local]`.
    name: String,
    entries: &'a DeTable<'a>,
    at: usize,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(name: impl Into<String>, entries: &'a DeTable<'a>, at: usize) -> Self {
        Self { name: name.into(), entries, at, known: Vec::new() }
    }

    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.entries.get(key)
    }

    /// Where a key is, or the table's head if it isn't there.
    pub(crate) fn at(&self, key: &str) -> usize {
        self.entries.get_key_value(key).map_or(self.at, |(key, _)| key.span().start)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn string(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<&'a str> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mistyped(key, "a string", problems);
        }
        text
    }

    /// A string that must be there and not be empty.
    pub(crate) fn required(
        &mut self,
        key: &'static str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<&'a str> {
        if !self.entries.contains_key(key) {
            problems.push(self.at, format!("{} has no `{key}`", self.name), format!("write `{key} = {example}`"));
        }
        let text = self.string(key, problems)?;
        if text.trim().is_empty() {
            problems.push(self.at(key), format!("`{key}` is empty"), format!("write `{key} = {example}`"));
            return None;
        }
        Some(text)
    }

    pub(crate) fn boolean(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let value = self.value(key)?;
        let answer = value.get_ref().as_bool();
        if answer.is_none() {
            self.mistyped(key, "`true` or `false`", problems);
        }
        answer
    }

    /// A whole number within a range.
    pub(crate) fn whole(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u64>,
        problems: &mut Problems<'_>,
    ) -> Option<u64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.mistyped(key, &format!("a whole number from {} to {}", range.start(), range.end()), problems);
        }
        number
    }

    /// A number within a range, whole or not.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<f64>,
        problems: &mut Problems<'_>,
    ) -> Option<f64> {
        let value = self.value(key)?;
        let number: Option<f64> = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.mistyped(key, &format!("a number from {} to {}", range.start(), range.end()), problems);
        }
        number
    }

    pub(crate) fn strings(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let list = value.get_ref().as_array();
        let strings: Option<Vec<String>> =
            list.and_then(|list| list.iter().map(|value| value.get_ref().as_str().map(str::to_owned)).collect());
        if strings.is_none() {
            self.mistyped(key, "a list of strings", problems);
        }
        strings
    }

    pub(crate) fn table(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Table<'a>> {
        let value = self.value(key)?;
        let Some(entries) = value.get_ref().as_table() else {
            self.mistyped(key, "a table", problems);
            return None;
        };
        Some(Table::new(format!("`{key}` of {}", self.name), entries, self.at(key)))
    }

    /// Every key with its place and its value, for tables whose keys are names.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, &'a DeValue<'a>)> + use<'a> {
        let entries = self.entries;
        entries.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value.get_ref()))
    }

    pub(crate) fn mistyped(&self, key: &str, wanted: &str, problems: &mut Problems<'_>) {
        problems.push(self.at(key), format!("`{key}` of {} must be {wanted}", self.name), "");
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self, problems: &mut Problems<'_>) {
        for (key, span, _) in self.entries() {
            if self.known.contains(&key) {
                continue;
            }
            let name = if is_name(key) { format!("key `{key}`") } else { "such key".to_owned() };
            let help = if LOOK_LIKE_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
                NAME_A_KEY.to_owned()
            } else {
                let known: Vec<String> = self.known.iter().map(|key| format!("`{key}`")).collect();
                format!("its keys are {}", known.join(", "))
            };
            problems.push(span.start, format!("{} has no {name}", self.name), help);
        }
    }
}

/// Whether a text is short and plain enough to be repeated.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 20 && is_plain(text)
}

fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    text.bytes().all(plain)
}

/// Whether a text is an absolute path that can be a place in a fence.
pub(crate) fn is_place(path: &str) -> bool {
    const PATH_MAX: usize = 1024;
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    path.len() <= PATH_MAX && path.strip_prefix('/').is_some_and(|path| path.split('/').all(plain))
}
