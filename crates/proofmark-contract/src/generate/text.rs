//! Characters and strings: plain ones, awkward ones, the contract's own, and repetitions of earlier ones.

use super::{Source, remember};

/// Characters that programs get wrong: ends of UTF-8 and UTF-16 ranges, controls, marks, and letters whose case changes
/// their length.
const AWKWARD: [char; 44] = [
    '\0',
    '\u{1}',
    '\t',
    '\n',
    '\r',
    '\u{b}',
    '\u{1b}',
    ' ',
    '"',
    '\'',
    '\\',
    '%',
    '/',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    '\u{a0}',
    '\u{ad}',
    '\u{7ff}',
    '\u{800}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{fdd0}',
    '\u{feff}',
    '\u{fffd}',
    '\u{fffe}',
    '\u{ffff}',
    '\u{10000}',
    '\u{1f600}',
    '\u{1f1e9}',
    '\u{e0001}',
    '\u{10fffe}',
    '\u{10ffff}',
    '\u{301}',
    '\u{200d}',
    '\u{200b}',
    '\u{202e}',
    '\u{2028}',
    '\u{df}',
    '\u{130}',
    '\u{131}',
    '\u{17f}',
    '\u{fb01}',
    '\u{3000}',
];

const LETTERS: [char; 8] = ['a', 'b', 'c', 'x', 'z', 'A', 'B', 'Z'];
const SIGNS: [char; 16] = ['0', '1', '9', '+', '-', '.', ',', ':', ';', '_', '(', ')', '[', '=', '!', '?'];

impl Source {
    pub(super) fn character(&mut self) -> char {
        let character = match self.random.below(32) {
            0..=9 => self.random.pick(&LETTERS).copied(),
            10..=13 => self.random.pick(&SIGNS).copied(),
            14..=17 => char::from_u32(u32::try_from(self.random.between(0x20, 0x7e)).unwrap_or(0x20)),
            18..=23 => self.random.pick(&AWKWARD).copied(),
            24 | 25 => self.character_word(),
            26 | 27 => self.random.pick(&self.seen.chars).copied(),
            28 => char::from_u32(u32::try_from(self.random.between(0x80, 0x7ff)).unwrap_or(0x80)),
            _ => char::from_u32(u32::try_from(self.random.below(0x11_0000)).unwrap_or(0)),
        };
        let character = character.unwrap_or('a');
        remember(&mut self.seen.chars, character);
        character
    }

    fn character_word(&mut self) -> Option<char> {
        let nth = self.random.index(self.words.chars.len());
        self.words.chars.get(nth).copied()
    }

    pub(super) fn string(&mut self) -> String {
        let text = match self.random.below(16) {
            0 => self.text_word(),
            1 | 2 => self.text_again(),
            3..=6 => self.few(),
            7 | 8 => self.spaced(),
            9 => self.numeral(),
            _ => {
                let length = self.length();
                (0..length).map(|_| self.character()).collect()
            }
        };
        self.room = self.room.saturating_sub(text.len() / 8);
        remember(&mut self.seen.texts, text.clone());
        text
    }

    /// Repetitions of a few characters.
    fn few(&mut self) -> String {
        let kinds = self.random.between(1, 3);
        let few: Vec<char> = (0..kinds).map(|_| self.character()).collect();
        let length = self.length();
        (0..length).filter_map(|_| self.random.pick(&few).copied()).collect()
    }

    /// Words with white space between and around them.
    fn spaced(&mut self) -> String {
        let separator = match self.character_word() {
            Some(separator) if self.random.chance(2) => separator,
            _ => ' ',
        };
        let mut text = String::new();
        for _ in 0..self.random.between(0, 6) {
            for _ in 0..self.random.below(4) {
                text.push(separator);
            }
            for _ in 0..self.random.between(0, 4) {
                text.push(self.random.pick(&LETTERS).copied().unwrap_or('a'));
            }
        }
        for _ in 0..self.random.below(3) {
            text.push(separator);
        }
        text
    }

    pub(super) fn numeral(&mut self) -> String {
        let number = self.whole(64, true);
        match self.random.below(4) {
            0 => format!("{number:x}"),
            1 => format!("{number}.{}", self.random.below(1000)),
            _ => number.to_string(),
        }
    }

    /// A string of the contract, as it is or with something before, after or inside it.
    pub(super) fn text_word(&mut self) -> String {
        let nth = self.random.index(self.words.texts.len());
        let Some(word) = self.words.texts.get(nth).cloned() else { return self.spaced() };
        self.changed_text(word)
    }

    pub(super) fn text_again(&mut self) -> String {
        let Some(earlier) = self.random.pick(&self.seen.texts).cloned() else { return self.few() };
        self.changed_text(earlier)
    }

    fn changed_text(&mut self, text: String) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let at = self.random.index(characters.len().saturating_add(1));
        match self.random.below(8) {
            0 | 1 => return text,
            2 => characters.truncate(at),
            3 => drop(characters.drain(..at)),
            4 => return text.repeat(2),
            5 if at < characters.len() => drop(characters.remove(at)),
            6 => characters.reverse(),
            _ => characters.insert(at, self.character()),
        }
        characters.into_iter().collect()
    }
}
