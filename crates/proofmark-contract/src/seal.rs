//! Seals a contract: takes out what is held out, and leaves commitments in its place.
//!
//! What remains, the public text, is what the log, marks and generators may see. It holds no comment of its author, for a
//! comment may be about what was taken out. Nothing here chooses randomness: the salts follow from a key and the text, so
//! that one contract has one public text in one home.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::contract::{CONTRACT_BYTES_MAX, Contract, toml_problem};
use crate::problem::Problem;

/// What the salts are made for; a key never serves two purposes.
const DOMAIN: &[u8] = b"proofmark.dev/seal/v1\0";
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// The keys of a property that an opening has, in its order.
const KEYS: [&str; 4] = ["name", "of", "requires", "ensures"];

/// The secret from which salts are made. Whoever has it can try guesses of what was sealed with it.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

/// What opens a commitment: a salt of 128 bits in hexadecimal, a newline, and the property in TOML. Its SHA-256 is the
/// commitment. It is as secret as the property; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opening(String);

/// Splits a self-contained contract (see [`crate::resolve`]) into its public text and the contract that this text says, with
/// every property that was held out sealed and opened. A text that holds nothing out is its own public text.
///
/// # Errors
/// Every problem of the contract, in the order of the text; or that the public text would be too long.
pub fn seal(text: &str, key: &SealKey) -> Result<(String, Contract), Vec<Problem>> {
    let whole = Contract::parse(text)?;
    if whole.properties.iter().all(|property| !property.held_out) {
        return Ok((text.to_owned(), whole));
    }
    let document = DeTable::parse(text).map_err(|error| vec![toml_problem(text, &error)])?;
    let mut writer = Writer { text, key, public: String::new(), openings: Vec::new() };
    writer.table(document.get_ref(), "");
    let Writer { public, openings, .. } = writer;
    let unsealable = |why: String| {
        let problem = Problem::new(0..0, format!("the contract can't be sealed: {why}"), "this contract");
        vec![problem.help("make it shorter")]
    };
    if public.len() > CONTRACT_BYTES_MAX {
        return Err(unsealable(format!("its public text would be longer than {CONTRACT_BYTES_MAX} bytes")));
    }
    let first = |problems: Vec<Problem>| problems.first().map(ToString::to_string).unwrap_or_default();
    let mut contract = Contract::parse(&public).map_err(|problems| unsealable(first(problems)))?;
    contract.open(openings).map_err(|error| unsealable(error.to_string()))?;
    Ok((public, contract))
}

impl SealKey {
    /// A key of 256 random bits.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The salt of the property that is the `nth` to be sealed of a contract: HMAC-SHA-256 (RFC 2104), cut to 128 bits. The
    /// whole contract is in it, so that nobody can try one property at a time with a key that he may use but not read.
    fn salt(&self, contract: &str, nth: usize) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(DOMAIN);
        mac.update(&(contract.len() as u64).to_be_bytes());
        mac.update(contract.as_bytes());
        mac.update(&(nth as u64).to_be_bytes());
        mac.finalize().into_bytes().iter().take(SALT_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

impl Opening {
    /// An opening as it was stored or sent. Nothing is known of it until a contract is opened with it.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The commitment that it opens.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// As it is stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The property in TOML; `None` if it has not the form of an opening.
    pub(crate) fn property(&self) -> Option<&str> {
        let (salt, property) = self.0.split_once('\n')?;
        let salted = salt.len() == SALT_BYTES.saturating_mul(2) && salt.bytes().all(|byte| byte.is_ascii_hexdigit());
        (salted && property.len() <= CONTRACT_BYTES_MAX).then_some(property)
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({})", self.commitment())
    }
}

/// Writes a contract anew: its values as they are spelled, in their order, each table under a header, and no comment.
struct Writer<'a> {
    text: &'a str,
    key: &'a SealKey,
    public: String,
    openings: Vec<Opening>,
}

impl Writer<'_> {
    /// The entries of a table whose header was written; `path` is its name, empty for the whole contract.
    fn table(&mut self, table: &DeTable<'_>, path: &str) {
        let mut entries: Vec<_> = table.iter().collect();
        // The parser has them in the order of the keys.
        entries.sort_by_key(|(key, _)| key.span().start);
        let (headed, plain): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, value)| has_header(value.get_ref()));
        for (key, value) in plain {
            self.public.push_str(&name(key.get_ref()));
            self.public.push_str(" = ");
            self.value(value);
            self.public.push('\n');
        }
        for (key, value) in headed {
            let key = name(key.get_ref());
            let path = if path.is_empty() { key } else { format!("{path}.{key}") };
            match value.get_ref() {
                DeValue::Table(below) => {
                    self.header(&format!("[{path}]"));
                    self.table(below, &path);
                }
                DeValue::Array(items) => {
                    items.iter().filter_map(|item| item.get_ref().as_table()).for_each(|item| self.item(item, &path));
                }
                _ => {}
            }
        }
    }

    /// One table of a list of them.
    fn item(&mut self, item: &DeTable<'_>, path: &str) {
        let held_out = matches!(item.get("held_out").map(Spanned::get_ref), Some(DeValue::Boolean(true)));
        if path != "property" || !held_out {
            self.header(&format!("[[{path}]]"));
            return self.table(item, path);
        }
        let mut opening = self.key.salt(self.text, self.openings.len());
        opening.push('\n');
        for key in KEYS {
            if let Some(value) = item.get(key).and_then(|value| value.get_ref().as_str()) {
                opening.push_str(&format!("{key} = {}\n", quoted(value)));
            }
        }
        let opening = Opening(opening);
        self.header("[[sealed]]");
        self.public.push_str(&format!("commitment = \"{}\"\n", opening.commitment()));
        self.openings.push(opening);
    }

    fn header(&mut self, header: &str) {
        if !self.public.is_empty() {
            self.public.push('\n');
        }
        self.public.push_str(header);
        self.public.push('\n');
    }

    /// A value on the right of a key, or in a list: in a valid contract no table, which [`has_header`].
    fn value(&mut self, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Array(items) => {
                self.public.push('[');
                for (nth, item) in items.iter().enumerate() {
                    self.public.push_str(if nth == 0 { "" } else { ", " });
                    self.value(item);
                }
                self.public.push(']');
            }
            _ => self.public.push_str(self.text.get(value.span()).unwrap_or_default()),
        }
    }
}

/// Whether a value is written under a header of its own: a table, or a list of nothing but tables.
fn has_header(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Table(_) => true,
        DeValue::Array(items) => !items.is_empty() && items.iter().all(|item| item.get_ref().as_table().is_some()),
        _ => false,
    }
}

/// A key as TOML has it.
fn name(key: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { quoted(key) }
}

/// A basic string of TOML on one line; the same for the same text in every version, for a commitment rests on it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
