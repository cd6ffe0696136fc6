//! Takes the code out of a reply, and nothing else.
//!
//! A reply is text of a stranger. Whatever it says, asks or claims outside of its blocks of code is not read; a file that
//! is not source of the target is refused with the whole reply, so that nothing of it can be taken for a contract, a
//! policy or a setting. What the code does is for the checks to find out.

use thiserror::Error;

use crate::target::Target;

const FILES_MAX: usize = 32;
const FILE_BYTES_MAX: usize = 512 << 10;
const NAME_MAX: usize = 128;
const DEPTH_MAX: usize = 4;

/// Files of source code: at least one, with different names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// In the order of their names.
    pub files: Vec<SourceFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// A relative path of plain names, with an ending that the target has.
    pub name: String,
    pub text: String,
}

/// Why there is no code in a reply. Names are printable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExtractError {
    #[error("the reply has no block of code; it must put the code between lines of three backticks")]
    None,
    #[error("the reply's last block of code has no end: the reply was cut")]
    Unclosed,
    #[error("the reply has {0} blocks of code without a name; there must be one, or each must say which file it is")]
    Ambiguous(usize),
    #[error("the reply holds a file `{0}`, which is not source code of the target; only such files are taken")]
    Foreign(String),
    #[error("the reply holds the file `{0}` twice")]
    Twice(String),
    #[error("the reply holds an empty block of code")]
    Empty,
    #[error("the reply's code holds a control character")]
    Control,
    #[error("the reply holds more than {FILES_MAX} files")]
    Many,
    #[error("a file in the reply has more than {FILE_BYTES_MAX} bytes")]
    Large,
}

/// A block between two fences.
struct Block<'a> {
    /// What follows the opening fence.
    info: &'a str,
    /// The last line before it that is not empty.
    before: &'a str,
    text: String,
}

/// The source files in a reply: each block that says which file it is; else the one block in the target's language. If
/// there are several of those, the only one that mentions all of `wanted`, names of functions that it must define.
///
/// # Errors
/// [`ExtractError`].
pub fn extract(reply: &str, target: Target, wanted: &[String]) -> Result<Sources, ExtractError> {
    let mut files: Vec<SourceFile> = Vec::new();
    let mut unnamed = Vec::new();
    for block in blocks(reply)? {
        match name_of(&block) {
            Some(name) if is_source(&name, target) => {
                let file = SourceFile { name, text: checked(block.text)? };
                if files.iter().any(|known| known.name == file.name) {
                    return Err(ExtractError::Twice(file.name));
                }
                files.push(file);
            }
            Some(name) => return Err(ExtractError::Foreign(name)),
            None if target.languages().contains(&language(block.info).as_str()) => unnamed.push(block),
            None => {}
        }
        if files.len().saturating_add(unnamed.len()) > FILES_MAX {
            return Err(ExtractError::Many);
        }
    }
    if files.is_empty() {
        let count = unnamed.len();
        if count > 1 {
            unnamed.retain(|block| !wanted.is_empty() && wanted.iter().all(|name| mentions(&block.text, name)));
        }
        let main = match (unnamed.pop(), unnamed.is_empty()) {
            (Some(only), true) => only,
            _ if count == 0 => return Err(ExtractError::None),
            _ => return Err(ExtractError::Ambiguous(count)),
        };
        files.push(SourceFile { name: target.main_file().to_owned(), text: checked(main.text)? });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Sources { files })
}

impl Sources {
    /// The source files of a target among files that somebody gave: all of them must be such.
    ///
    /// # Errors
    /// [`ExtractError`].
    pub fn of(files: &[(String, Vec<u8>)], target: Target) -> Result<Self, ExtractError> {
        let mut sources = Vec::new();
        for (name, bytes) in files {
            let text = String::from_utf8(bytes.clone()).map_err(|_| ExtractError::Control)?;
            if !is_source(name, target) {
                return Err(ExtractError::Foreign(name.clone()));
            }
            sources.push(SourceFile { name: name.clone(), text: checked(text)? });
        }
        if sources.is_empty() {
            return Err(ExtractError::None);
        }
        if sources.len() > FILES_MAX {
            return Err(ExtractError::Many);
        }
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { files: sources })
    }
}

/// Blocks between fences of backticks or tildes (CommonMark 0.31, section 4.5).
fn blocks(reply: &str) -> Result<Vec<Block<'_>>, ExtractError> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = reply.lines();
    while let Some(line) = lines.next() {
        let Some((fence, info)) = opening(line) else {
            if !line.trim().is_empty() {
                before = line.trim();
            }
            continue;
        };
        let mut text = String::new();
        loop {
            let Some(line) = lines.next() else { return Err(ExtractError::Unclosed) };
            if closes(line, fence) {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        blocks.push(Block { info, before, text });
        before = "";
    }
    Ok(blocks)
}

/// The fence with which a line opens a block, and what follows it.
fn opening(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches(' ');
    let indent = line.len().saturating_sub(rest.len());
    let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = rest.trim_start_matches(mark);
    let fence = rest.get(..rest.len().saturating_sub(info.len()))?;
    let is_fence = indent <= 3 && fence.len() >= 3 && !(mark == '`' && info.contains('`'));
    is_fence.then(|| (fence, info.trim()))
}

fn closes(line: &str, fence: &str) -> bool {
    let rest = line.trim_start_matches(' ');
    let mark = fence.chars().next().unwrap_or('`');
    let indent = line.len().saturating_sub(rest.len());
    indent <= 3 && rest.starts_with(fence) && rest.trim_start_matches(mark).trim().is_empty()
}

/// The language of a block: the first word after the fence, without a file's name after a colon.
fn language(info: &str) -> String {
    let word = info.split([' ', '\t', ':', ',', '{']).next().unwrap_or_default();
    word.to_ascii_lowercase()
}

/// The file that a block says it is: behind the fence (`c main.c`, `c:main.c`, `c file="main.c"`), alone in the line
/// before it, or in a comment that is its first line.
fn name_of(block: &Block<'_>) -> Option<String> {
    let behind = block.info.split([' ', '\t', ':', ',']).find_map(|word| {
        let word = word.trim_matches(['{', '}']);
        let value = word.split_once('=').map_or(word, |(_, value)| value);
        file_name(value)
    });
    let comment = || {
        let line = block.text.lines().next()?.trim();
        let inner = ["//", "/*", ";;", "#", "<!--"].iter().find_map(|mark| line.strip_prefix(mark))?;
        let inner = inner.trim_end_matches("*/").trim_end_matches("-->").trim();
        file_name(unlabelled(inner))
    };
    behind.or_else(|| file_name(unlabelled(block.before))).or_else(comment)
}

/// A line without what people put around the name of a file.
fn unlabelled(line: &str) -> &str {
    let line = line.trim_start_matches(['#', '*', '-', '>', ' ']);
    let lower = line.to_ascii_lowercase();
    let label = ["filename:", "file:", "file "].iter().find(|label| lower.starts_with(**label));
    label.and_then(|label| line.get(label.len()..)).unwrap_or(line)
}

/// The text as a file's name, if it looks like one. Not all of those are source of the target.
fn file_name(text: &str) -> Option<String> {
    let text =
        text.trim().trim_end_matches(':').trim_matches(['`', '*', '"', '\'', ' ', '(', ')']).trim_end_matches(':');
    let (stem, ending) = text.rsplit_once('.')?;
    let is_ending = (1..=10).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let starts = ending.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let is_name = is_ending
        && starts
        && (!stem.is_empty() || text.len() > 4)
        && text.len() <= NAME_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/\\~".contains(&byte));
    is_name.then(|| text.to_owned())
}

/// Whether a file may be taken: a relative path of plain names, with an ending of the target.
fn is_source(name: &str, target: Target) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.starts_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    name.split('/').count() <= DEPTH_MAX && name.split('/').all(plain) && target.endings().contains(&ending)
}

/// Whether a name stands in a text as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_' || character == '-'))
        .any(|word| word == name)
}

fn checked(text: String) -> Result<String, ExtractError> {
    if text.trim().is_empty() {
        return Err(ExtractError::Empty);
    }
    if text.len() > FILE_BYTES_MAX {
        return Err(ExtractError::Large);
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        return Err(ExtractError::Control);
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
