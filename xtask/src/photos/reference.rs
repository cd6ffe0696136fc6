//! What the right migration makes of a tree, by the contract's words: a second opinion, in another language, on names
//! and facts alone. It moves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::snapshot::{Item, Node, Snapshot, inside};

/// How far into a file a date is searched for.
const HEAD_BYTES: u64 = 256 << 10;
const NAME_BYTES: usize = 255;
const EXTENSION_BYTES: usize = 16;

/// The tree as it should be, and the folders in it that are written to, whose time is not known.
pub fn migrated(root: &Path, before: &Snapshot) -> Result<(Snapshot, Vec<Vec<u8>>), String> {
    let mut photos = BTreeMap::new();
    for (path, item) in before.iter().filter(|(_, item)| matches!(item.node, Node::File { .. })) {
        let file = root.join(OsStr::from_bytes(path));
        let month = month(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        photos.extend(month.map(|month| (path.clone(), (month, item.node.clone()))));
    }
    let mut tree = Migration { tree: before.clone(), written: BTreeSet::new(), places: BTreeMap::new() };
    tree.run(&photos);
    tree.rename_groups();
    Ok((tree.tree, tree.written.into_iter().collect()))
}

struct Migration {
    tree: Snapshot,
    written: BTreeSet<Vec<u8>>,
    /// Where what had each first name of several stands now; the first of all.
    places: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Migration {
    fn run(&mut self, photos: &BTreeMap<Vec<u8>, (String, Node)>) {
        let firsts = |node: &Node| if let Node::File { first, .. } = node { first.clone() } else { None };
        let kept: BTreeSet<Vec<u8>> = photos
            .iter()
            .filter(|(path, _)| !self.takes_files(folder(path)))
            .filter_map(|(_, (_, node))| firsts(node))
            .collect();
        let mut left: Vec<(&Vec<u8>, &str)> = photos
            .iter()
            .filter(|(path, (month, _))| folder(path) != month.as_bytes() && self.takes_files(folder(path)))
            .filter(|(_, (_, node))| firsts(node).is_none_or(|first| !kept.contains(&first)))
            .map(|(path, (month, _))| (path, month.as_str()))
            .collect();
        loop {
            let count = left.len();
            left.retain(|(path, month)| !self.settle(path, month));
            if left.len() == count {
                return;
            }
        }
    }

    fn settle(&mut self, path: &[u8], month: &str) -> bool {
        if !self.is_ready(month) {
            return false;
        }
        let target = self.free(month.as_bytes(), last(path));
        let Some(item) = self.tree.remove(path) else { return false };
        self.written.extend([folder(path).to_vec(), month.as_bytes().to_vec()]);
        self.tree.insert(target, item);
        true
    }

    fn takes_files(&self, path: &[u8]) -> bool {
        self.tree.get(path).is_some_and(|item| item.node == Node::Directory && item.mode & 0o200 != 0)
    }

    fn is_ready(&mut self, month: &str) -> bool {
        let year = month.split('/').next().unwrap_or_default();
        for (path, parent) in [(year, ""), (month, year)] {
            let (path, parent) = (path.as_bytes().to_vec(), parent.as_bytes().to_vec());
            match self.tree.get(&path).map(|item| &item.node) {
                Some(Node::Directory) => {}
                Some(_) => return false,
                None if !self.takes_files(&parent) => return false,
                None => {
                    let owner = self.tree.get(&parent).map_or((0, 0), |item| item.owner);
                    let made = Item { node: Node::Directory, mode: 0o755, owner, modified: (0, 0) };
                    self.written.extend([path.clone(), parent]);
                    self.tree.insert(path, made);
                }
            }
        }
        self.takes_files(month.as_bytes())
    }

    /// The first of `name`, `name-1`, `name-2`, … that is free, with the numbers before the extension.
    fn free(&self, month: &[u8], name: &[u8]) -> Vec<u8> {
        let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0);
        let dot = dot.filter(|dot| name.len() - dot <= EXTENSION_BYTES).unwrap_or(name.len());
        let (stem, extension) = name.split_at(dot);
        let mut path = inside(month, name);
        for nth in 1_u64.. {
            if !self.tree.contains_key(&path) {
                break;
            }
            let suffix = format!("-{nth}");
            let mut keep = stem.len().min(NAME_BYTES - suffix.len() - extension.len());
            // Never half a character of UTF-8.
            while keep < stem.len() && keep > 0 && stem[keep] & 0xc0 == 0x80 {
                keep -= 1;
            }
            path = inside(month, &[&stem[..keep], suffix.as_bytes(), extension].concat());
        }
        path
    }

    /// Files with several names are known by the first of them, which may be another one now.
    fn rename_groups(&mut self) {
        for (path, item) in &self.tree {
            if let Node::File { first: Some(first), .. } = &item.node {
                self.places.entry(first.clone()).or_insert_with(|| path.clone());
            }
        }
        for item in self.tree.values_mut() {
            if let Node::File { first: Some(first), .. } = &mut item.node
                && let Some(place) = self.places.get(first)
            {
                first.clone_from(place);
            }
        }
    }
}

fn folder(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |slash| &path[..slash])
}

fn last(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn month(file: &Path) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    std::fs::File::open(file)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head.strip_prefix(&[0xff, 0xd8]).and_then(exif).and_then(tiff))
}

/// The content of the first APP1 segment with EXIF data before the picture.
fn exif(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = rest.strip_prefix(&[0xff])?;
        match rest {
            [0xff, ..] => {}
            [0x01 | 0xd0..=0xd7, after @ ..] => rest = after,
            [0x00 | 0xd9 | 0xda, ..] => return None,
            [marker, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let content = rest.get(3..1 + length)?;
                match content.strip_prefix(b"Exif\0\0") {
                    Some(tiff) if *marker == 0xe1 => return Some(tiff),
                    _ => rest = rest.get(1 + length..)?,
                }
            }
            _ => return None,
        }
    }
}

fn tiff(tiff: &[u8]) -> Option<String> {
    let big = match tiff.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let data = Tiff { tiff, big };
    if data.number(2, 2)? != 42 {
        return None;
    }
    let first = data.number(4, 4)?;
    let pointer = data.find(first, 0x8769, 4).filter(|(count, _)| *count == 1);
    let taken = pointer.and_then(|(_, second)| data.date(second, 0x9003));
    taken.or_else(|| data.date(first, 0x0132))
}

struct Tiff<'a> {
    tiff: &'a [u8],
    big: bool,
}

impl Tiff<'_> {
    fn number(&self, at: usize, size: usize) -> Option<usize> {
        let bytes = self.tiff.get(at..)?.get(..size)?;
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// Count and value of the first entry with a tag and a type.
    fn find(&self, directory: usize, tag: usize, kind: usize) -> Option<(usize, usize)> {
        for nth in 0..self.number(directory, 2)? {
            let at = directory + 2 + nth * 12;
            let entry =
                (self.number(at, 2)?, self.number(at + 2, 2)?, self.number(at + 4, 4)?, self.number(at + 8, 4)?);
            if (entry.0, entry.1) == (tag, kind) {
                return Some((entry.2, entry.3));
            }
        }
        None
    }

    /// `YEAR/MONTH` of a text such as `2019:07:14 12:30:00`.
    fn date(&self, directory: usize, tag: usize) -> Option<String> {
        let (count, offset) = self.find(directory, tag, 2)?;
        let text = std::str::from_utf8(self.tiff.get(offset..)?.get(..19)?).ok().filter(|_| count >= 19)?;
        let (day, time) = text.split_once(' ')?;
        digits(time, &[2, 2, 2])?;
        let [year, month, _] = digits(day, &[4, 2, 2])?.try_into().ok()?;
        let real = year != "0000" && ("01"..="12").contains(&month);
        real.then(|| format!("{year}/{month}"))
    }
}

/// The parts between colons, if each is that many digits.
fn digits<'a>(text: &'a str, sizes: &[usize]) -> Option<Vec<&'a str>> {
    let parts: Vec<&str> = text.split(':').collect();
    let fits = parts.iter().map(|part| part.len()).eq(sizes.iter().copied());
    (fits && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))).then_some(parts)
}
