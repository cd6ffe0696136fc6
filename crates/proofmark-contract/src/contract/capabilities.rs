//! Reads `[capabilities]`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::egress::egress;
use super::table::{Problems, Table};
use crate::capabilities::{Capabilities, Flag};
use crate::placed::Placed;
use crate::problem::Problem;

/// What a program with egress finds its names in; nothing else may stand there.
const NAME_FILES: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];

/// The capabilities, and where they are named.
#[derive(Default)]
pub(super) struct Read {
    pub(super) capabilities: Capabilities,
    /// Guest paths that are named in `read` and `write`.
    trees: BTreeSet<String>,
    spans: Vec<(&'static str, Range<usize>)>,
}

pub(super) fn read(mut table: Table<'_>, problems: &mut Problems) -> Read {
    let mut flags = BTreeSet::new();
    for (flag, name) in Flag::ALL {
        if table.boolean(name, problems) == Some(true) {
            flags.insert(flag);
        }
    }
    let named = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
    let environment = names(table.strings("environment", problems), problems, |name| {
        (!named(&name.text)).then(|| misnamed(name, "is not the name of an environment variable", "not a name"))
    });
    let (read, write) = (table.strings("read", problems), table.strings("write", problems));
    overlaps(&read, &write, problems);
    let read = names(read, problems, guest);
    let write = names(write, problems, |path| guest(path).or_else(|| writable(path)));
    let libraries = names(table.strings("libraries", problems), problems, library);
    let egress = egress(&mut table, problems);
    let keys = ["stdin", "stdout", "stderr", "environment", "libraries", "generate_code", "egress"];
    let spans = keys.into_iter().map(|key| (key, table.key_span(key))).collect();
    table.finish(problems);
    let trees = read.union(&write).cloned().collect();
    Read { capabilities: Capabilities { flags, environment, read, write, libraries, egress }, trees, spans }
}

/// The names that are right, each once.
pub(super) fn names(
    placed: Vec<Placed>,
    problems: &mut Problems,
    wrong: impl Fn(&Placed) -> Option<Problem>,
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for name in placed {
        if let Some(problem) = wrong(&name) {
            problems.push(problem);
        } else if names.contains(&name.text) {
            let message = format!("`{}` is there twice", name.text.escape_debug());
            problems.push(Problem::new(name.span, message, "again"));
        } else {
            names.insert(name.text);
        }
    }
    names
}

pub(super) fn misnamed(name: &Placed, what: &str, label: &str) -> Problem {
    Problem::new(name.span.clone(), format!("`{}` {what}", name.text.escape_debug()), label)
}

/// What is wrong with a path inside the guest.
pub(super) fn guest(path: &Placed) -> Option<Problem> {
    let problem = || misnamed(path, "is not a path inside the guest", "not an absolute path");
    (!is_guest_path(&path.text)).then(|| {
        problem().help(
            "write the path as the artifact sees it, such as \"/data\"; which directory that is, is said when it runs",
        )
    })
}

/// What is wrong with a guest path as the place of a tree that changes.
pub(super) fn writable(path: &Placed) -> Option<Problem> {
    let reserved = ["/", "/dev", "/proc", "/sys"];
    let inside = |outer: &str| path.text == outer || (outer != "/" && is_inside(&path.text, outer));
    reserved.into_iter().any(inside).then(|| {
        misnamed(path, "is no place for a tree that may change", "reserved")
            .help("write a directory of its own, such as \"/data\"")
    })
}

fn is_inside(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// A tree that may change stands alone: nothing else is mounted in it, and it is mounted in nothing else.
fn overlaps(read: &[Placed], write: &[Placed], problems: &mut Problems) {
    let place = |path: &&Placed| guest(path).or_else(|| writable(path)).is_none();
    for (nth, path) in write.iter().enumerate().filter(|(_, path)| place(path)) {
        let read_there = read.iter().filter(|read| is_guest_path(&read.text));
        for other in read_there.chain(write.iter().take(nth).filter(place)) {
            let same = path.text == other.text;
            if same && read.iter().all(|read| read.text != path.text) {
                continue; // Said as `is there twice`.
            }
            if same || is_inside(&path.text, &other.text) || is_inside(&other.text, &path.text) {
                let message = format!("`{}` and `{}` overlap", path.text.escape_debug(), other.text.escape_debug());
                let problem = Problem::new(path.span.clone(), message, "this one may change");
                problems.push(problem.help("name one of them; what may be written may be read too"));
            }
        }
    }
}

fn library(name: &Placed) -> Option<Problem> {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._+-".contains(character);
    let valid = name.text.len() <= 255 && name.text.contains(".so") && name.text.chars().all(plain);
    (!valid).then(|| {
        misnamed(name, "is not the name of a shared library", "not such a name")
            .help("write it as the executable names it, without a directory, such as \"libc.so.6\"")
    })
}

/// Absolute, without empty, `.` or `..` parts.
fn is_guest_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\0', '\\']);
    rest.is_empty() || rest.split('/').all(part)
}

impl Read {
    /// What a program's contract must and must not ask for: its tree by name, and nothing that its interface gives it.
    pub(super) fn of_process(&self, files: Option<&Placed>) -> Problems {
        let mut problems = Vec::new();
        let given = [
            (self.capabilities.has(Flag::Stdin), "stdin"),
            (self.capabilities.has(Flag::Stdout), "stdout"),
            (self.capabilities.has(Flag::Stderr), "stderr"),
            (!self.capabilities.environment.is_empty(), "environment"),
        ];
        for (_, name) in given.iter().filter(|(asked, _)| *asked) {
            let message = format!("`{name}` of a program is not a capability but a part of its interface");
            let problem = Problem::new(self.span(name), message, "not a capability here");
            problems.push(problem.help(format!("leave it out here, and name `{name}` in `[interface.process]`")));
        }
        let stands = |tree: &String, file: &str| tree == file || is_inside(file, tree) || is_inside(tree, file);
        let there = |tree: &&String| NAME_FILES.iter().any(|file| stands(tree, file));
        if let Some(tree) = self.trees.iter().find(there).filter(|_| !self.capabilities.egress.is_empty()) {
            let message = format!("`{}` can't be granted together with `egress`", tree.escape_debug());
            let problem = Problem::new(self.span("egress"), message, "brings `/etc/hosts` and `/etc/resolv.conf`");
            problems.push(problem.help("leave one of them out, or name another place for the directory"));
        }
        if let Some(files) = files
            && is_guest_path(&files.text)
            && !self.trees.contains(&files.text)
        {
            let path = files.text.escape_debug();
            let message = format!("the tree at `{path}` is given, but nothing permits to read it");
            let problem = Problem::new(files.span.clone(), message, "neither in `read` nor in `write`");
            problems.push(problem.help(format!(
                "write `write = [\"{path}\"]` in `[capabilities]`, or `read = [\"{path}\"]` if the program changes nothing"
            )));
        }
        problems
    }

    /// What only a program can use.
    pub(super) fn of_component(&self) -> Problems {
        let given = [
            (self.capabilities.has(Flag::GenerateCode), "generate_code"),
            (!self.capabilities.libraries.is_empty(), "libraries"),
            (!self.capabilities.egress.is_empty(), "egress"),
        ];
        let problem = |name: &str| {
            let message = format!("`{name}` is a capability of programs; a component has no use for it");
            Problem::new(self.span(name), message, "only with `[interface.process]`").help("leave it out")
        };
        given.iter().filter(|(asked, _)| *asked).map(|(_, name)| problem(name)).collect()
    }

    fn span(&self, key: &str) -> Range<usize> {
        self.spans.iter().find(|(known, _)| *known == key).map_or(0..0, |(_, span)| span.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_paths_are_absolute_and_plain() {
        assert!(["/", "/data", "/data/in put"].iter().all(|path| is_guest_path(path)));
        let wrong = ["", "data", "./data", "/data/", "/data/../etc", "/./x", "//x", "/x\0", "C:\\x"];
        assert!(wrong.iter().all(|path| !is_guest_path(path)));
    }

    #[test]
    fn a_path_is_inside_by_whole_names() {
        assert!(is_inside("/a/b", "/a") && is_inside("/a", "/") && is_inside("/a/b/c", "/a/b"));
        assert!(!is_inside("/ab", "/a") && !is_inside("/a", "/a") && !is_inside("/a", "/a/b"));
    }
}
