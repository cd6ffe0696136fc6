//! What a program is given: arguments, variables, standard input. Trees are in `tree.rs`.
//!
//! Everything here keeps the rules of [`Process`]: no argument holds a NUL, no variable is set twice.

use super::{Source, remember};
use crate::process::{Form, Part, Process, Tree, bytes_value};
use crate::value::Value;

/// What programs take for something other than plain text.
const FLAGS: [&str; 24] = [
    "-",
    "--",
    "-h",
    "-v",
    "-n",
    "-r",
    "-f",
    "-0",
    "-1",
    "-x",
    "-rf",
    "-o",
    "--help",
    "--version",
    "--all",
    "--output",
    "--output=",
    "--=",
    "---",
    "-=",
    "--no-",
    "@",
    "@file",
    "/?",
];
/// Values that variables have, and some that they should not have.
const VARIABLES: [&str; 16] = [
    "",
    "0",
    "1",
    "C",
    "C.UTF-8",
    "en_US.UTF-8",
    "tr_TR.UTF-8",
    "UTC",
    "UTC0",
    "Europe/Berlin",
    "America/New_York",
    "QQQ-25:99",
    "/",
    "/nonexistent",
    ":",
    "$HOME",
];
/// Bytes that readers of text stumble over.
const AWKWARD: [&[u8]; 20] = [
    b"\0",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\t",
    b"\x1b[31m",
    b"\x7f",
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc3",
    b"\xc3\xa9",
    b"\xe2\x82",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
    b"\xf4\x90\x80\x80",
    b"\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1a",
];
/// A long argument, in characters, and a long line.
const LONG_MAX: i64 = 5000;

impl Source {
    /// Arguments for one run. The tree is made first: arguments often name what is in it.
    pub(super) fn run(&mut self, process: &Process) -> Vec<Value> {
        let tree = process.files.as_deref().map(|guest| {
            let tree = self.tree(guest);
            for _ in 0..4 {
                let Some(path) = self.random.pick(tree.entries()).map(|entry| entry.path.clone()) else { break };
                let path = if self.random.chance(2) { format!("{guest}/{path}") } else { path };
                remember(&mut self.seen.texts, path);
            }
            tree
        });
        let mut value = |part| match part {
            Part::Arguments => Value::List(self.run_arguments().into_iter().map(Value::String).collect()),
            Part::Environment => self.environment(process),
            Part::Stdin => self.stdin(process.stdin.unwrap_or(Form::Bytes)),
            Part::Files => tree.as_ref().map_or_else(|| Value::List(Vec::new()), Tree::to_value),
        };
        process.parts().into_iter().map(&mut value).collect()
    }

    pub(super) fn run_arguments(&mut self) -> Vec<String> {
        let count = match self.random.below(16) {
            0..=2 => 0,
            3..=7 => 1,
            8..=13 => self.random.between(2, 4),
            14 => self.random.between(5, 12),
            _ => self.random.between(13, 60),
        };
        (0..count).map(|_| self.argument()).collect()
    }

    fn argument(&mut self) -> String {
        let text = match self.random.below(32) {
            0..=7 => self.flag(),
            8 => String::new(),
            9 => {
                let length = self.random.between(300, LONG_MAX);
                let character = self.character();
                (0..length).map(|_| character).collect()
            }
            10..=13 => self.text_word(),
            14..=18 => self.text_again(),
            19 | 20 => self.numeral(),
            21..=24 => self.name(),
            _ => self.string(),
        };
        let text = without_nul(text);
        remember(&mut self.seen.texts, text.clone());
        text
    }

    fn flag(&mut self) -> String {
        let flag = self.random.pick(&FLAGS).copied().unwrap_or("-").to_owned();
        match self.random.below(8) {
            0 => flag + &self.string(),
            1 => format!("{flag}={}", self.string()),
            2 => format!("-{}", self.text_word()),
            3 => format!("--{}", self.text_word()),
            _ => flag,
        }
    }

    pub(super) fn environment(&mut self, process: &Process) -> Value {
        let mut pairs = Vec::with_capacity(process.environment.len());
        for name in &process.environment {
            let value = match self.random.below(8) {
                0 | 1 => continue,
                2..=4 => self.random.pick(&VARIABLES).copied().unwrap_or_default().to_owned(),
                5 => self.text_word(),
                _ => self.string(),
            };
            pairs.push(Value::Tuple(vec![Value::String(name.clone()), Value::String(without_nul(value))]));
        }
        Value::List(pairs)
    }

    pub(super) fn stdin(&mut self, form: Form) -> Value {
        let text = match self.random.below(8) {
            0 => self.string(),
            1 => self.text_word(),
            _ => self.lines(),
        };
        match form {
            Form::Text => Value::String(text),
            Form::Bytes => {
                let mut bytes = text.into_bytes();
                self.spoil(&mut bytes);
                bytes_value(&bytes)
            }
        }
    }

    /// Lines that repeat, are empty, long or in order more often than chance has it; with and without a final newline.
    pub(super) fn lines(&mut self) -> String {
        let newline = match self.random.below(8) {
            0 => "\r\n",
            1 => "\r",
            _ => "\n",
        };
        let count = match self.random.below(16) {
            0 => 0,
            1..=3 => 1,
            4..=13 => self.random.between(2, 8),
            14 => self.random.between(9, 40),
            _ => self.random.between(41, 120),
        };
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..count {
            let line = match self.random.below(16) {
                0 | 1 => String::new(),
                2..=5 => self.random.pick(&lines).cloned().unwrap_or_default(),
                6 => self.numeral(),
                7 => self.text_word(),
                8 => {
                    let length = self.random.between(80, 1500);
                    let character = self.character();
                    (0..length).map(|_| character).collect()
                }
                _ => self.few_words(),
            };
            lines.push(line);
        }
        match self.random.below(8) {
            0 => lines.sort(),
            1 => lines.sort_by(|a, b| b.cmp(a)),
            _ => {}
        }
        let mut text = lines.join(newline);
        if count > 0 && !self.random.chance(3) {
            text.push_str(newline);
        }
        if self.random.chance(24) {
            text.insert(0, '\u{feff}');
        }
        text
    }

    fn few_words(&mut self) -> String {
        match self.random.below(4) {
            0 => self.string(),
            _ => {
                (0..self.random.between(1, 6)).map(|_| self.character()).filter(|c| *c != '\n' && *c != '\r').collect()
            }
        }
    }

    /// Now and then: bytes that are no text, in the middle or instead; or an end in the middle.
    pub(super) fn spoil(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.index(bytes.len().saturating_add(1));
        match self.random.below(8) {
            0 | 1 => {
                let awkward = self.random.pick(&AWKWARD).copied().unwrap_or_default();
                bytes.splice(at..at, awkward.iter().copied());
            }
            2 => bytes.truncate(at),
            3 => {
                bytes.clear();
                let length = self.length();
                bytes.extend((0..length).map(|_| self.byte()));
            }
            4 => {
                let byte = self.byte();
                if let Some(slot) = bytes.get_mut(at) {
                    *slot = byte;
                }
            }
            _ => {}
        }
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.random.below(256)).unwrap_or(0)
    }
}

pub(super) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

#[cfg(test)]
mod tests;
