//! What an executable would want from a fence, with the evidence, and what of it was not granted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::code::{self, Found};
use super::dynamic::Dynamic;
use super::image::Image;
use super::track::Target;
use super::{Evidence, Kind, Need, Profile, Stack, Want, library, numbers};

/// The most evidence listed for one need; the count goes on.
const EVIDENCE_MAX: usize = 64;

/// Something that a grant does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// It would want this, and nobody granted it.
    Refused(String),
    /// It can't be said whether it would want more than was granted.
    Unknown(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(text) => f.write_str(text),
            Self::Unknown(text) => write!(f, "unknown: {text}"),
        }
    }
}

/// What `profile` would want beyond `granted`, in a fixed order. [`Want::Forbidden`] can't be granted.
#[must_use]
pub fn violations(profile: &Profile, granted: &BTreeSet<Want>) -> Vec<Violation> {
    let mut list = Vec::new();
    if profile.kind == Kind::Shared {
        list.push(Violation::Refused("it is a shared library, not an executable".to_owned()));
    }
    for need in &profile.needs {
        if need.want != Want::Forbidden && granted.contains(&need.want) {
            continue;
        }
        let (wants, why) = (wants(need.want), reason(need));
        list.push(match need.certain {
            true => Violation::Refused(format!("it {wants}: {why}")),
            false => Violation::Unknown(format!("perhaps it {wants}: {why}")),
        });
    }
    if profile.code.unknown_sites > 0 {
        let (count, first) = (profile.code.unknown_sites, profile.code.unknown_at.first());
        let at = first.map_or(String::new(), |address| format!(", the first at {address:#x}"));
        list.push(Violation::Unknown(format!("which system calls it makes at {count} places{at}")));
    }
    list.extend(profile.unseen.iter().map(|what| Violation::Unknown(format!("what was not seen: {what}"))));
    list
}

fn wants(want: Want) -> String {
    match want {
        Want::Forbidden => "makes calls that can't be granted".to_owned(),
        want => format!("needs the capability `{}`", want.name()),
    }
}

/// The first evidence of a need, the certain ones before others, and how many more there are.
fn reason(need: &Need) -> String {
    let certain = need.evidence.iter().find(|evidence| evidence.certain == need.certain);
    let Some(first) = certain.or(need.evidence.first()) else { return String::new() };
    let at = first.address.map_or(String::new(), |address| format!(" at {address:#x}"));
    match need.evidence_count.saturating_sub(1) {
        0 => format!("{}{at}", first.what),
        more => format!("{}{at}, and {more} more", first.what),
    }
}

/// Everything that evidence says, by want.
pub fn needs(profile: &Profile, image: &Image<'_>, dynamic: &Dynamic, found: &Found) -> Vec<Need> {
    let mut gathered = Gathered::default();
    gathered.layout(profile);
    gathered.imports(dynamic);
    gathered.uses(image, dynamic, found);
    gathered.0.into_iter().map(|(want, evidence)| need(want, evidence)).collect()
}

/// By want and words: the lowest address and whether it is certain.
#[derive(Default)]
struct Gathered(BTreeMap<Want, BTreeMap<String, (Option<u64>, bool)>>);

impl Gathered {
    fn add(&mut self, (want, certain): (Want, bool), what: &str, address: Option<u64>) {
        let evidence = self.0.entry(want).or_default();
        match evidence.get_mut(what) {
            // A certain place is the better one to look at.
            Some(known) if known.1 == certain => known.0 = known.0.min(address),
            Some(known) if certain => *known = (address, certain),
            Some(_) => {}
            None => {
                evidence.insert(what.to_owned(), (address, certain));
            }
        }
    }

    fn layout(&mut self, profile: &Profile) {
        for (at, segment) in profile.segments.iter().enumerate() {
            if segment.kind == "load" && segment.permissions.ends_with("wx") {
                let what = format!("segment {at} is writable and executable");
                self.add((Want::GeneratedCode, true), &what, Some(segment.address));
            }
        }
        if profile.hardening.text_relocations {
            self.add((Want::GeneratedCode, true), "the loader writes into its code (`DT_TEXTREL`)", None);
        }
        match profile.hardening.stack {
            Stack::Executable => self.add((Want::GeneratedCode, true), "its stack is executable", None),
            Stack::Unsaid => {
                self.add((Want::GeneratedCode, false), "no `PT_GNU_STACK`: its stack may be executable", None)
            }
            Stack::NotExecutable => {}
        }
        if let Some(interpreter) = &profile.interpreter {
            self.add((Want::Libraries, true), &format!("interpreter `{interpreter}`"), None);
        }
        for library in &profile.libraries {
            self.add((Want::Libraries, true), &format!("library `{library}`"), None);
        }
    }

    /// Imports whose meaning no argument decides; the others come with their calls.
    fn imports(&mut self, dynamic: &Dynamic) {
        for import in &dynamic.imports {
            let meaning = library::function(&import.name).filter(|meaning| meaning.decided_by().is_none());
            let wants = meaning.map(|meaning| meaning.wants(&[super::state::Value::Unknown; 3], |_| None));
            for want in wants.unwrap_or_default() {
                self.add(want, &format!("import `{}`", import.name), None);
            }
        }
    }

    fn uses(&mut self, image: &Image<'_>, dynamic: &Dynamic, found: &Found) {
        for site in &found.uses {
            let (what, meaning) = match site.target {
                Target::Import(at) => {
                    let Some(import) = dynamic.imports.get(at) else { continue };
                    (format!("import `{}`", import.name), library::function(&import.name))
                }
                target => {
                    let Some(number) = site.known_number() else { continue };
                    let known = numbers::name(number).filter(|_| target == Target::Kernel);
                    let meaning = match known {
                        Some(name) => library::call(name),
                        // The 32-bit table, or a number that no kernel of today knows.
                        None => Some(library::Meaning::Always(&[Want::Forbidden])),
                    };
                    (format!("system call `{}`", code::name(target, number)), meaning)
                }
            };
            let wants = meaning.map(|meaning| meaning.wants(&site.arguments, |address| image.text_at(address)));
            for want in wants.unwrap_or_default() {
                self.add(want, &what, Some(site.address));
            }
        }
    }
}

fn need(want: Want, evidence: BTreeMap<String, (Option<u64>, bool)>) -> Need {
    let evidence_count = evidence.len() as u64;
    let certain = evidence.values().any(|(_, certain)| *certain);
    let list = evidence.into_iter().map(|(what, (address, certain))| Evidence { what, address, certain });
    let (sure, unsure): (Vec<_>, Vec<_>) = list.partition(|evidence| evidence.certain);
    Need { want, certain, evidence_count, evidence: sure.into_iter().chain(unsure).take(EVIDENCE_MAX).collect() }
}
