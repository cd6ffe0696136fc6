//! Runs that change two trees: committed one after the other, each whole, and put back together.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::programs::{checked, leftovers, state};

const TWO: &str = r#"
contract = 1
name = "two"
intent = "Makes a file in both trees, or waits a second first."

[interface.process]
arguments = "list<string>"
files = "/a"

[capabilities]
write = ["/a", "/b"]

[[example]]
call = 'run([], [])'
returns = '{code: 0, files: [{path: "made", mode: 420, modified: 0, node: text("x")}]}'

[[property]]
name = "makes a file"
of = "run"
requires = "arguments.size() == 0 && files.all(e, e.path != 'made')"
ensures = "result.files.size() > files.size()"

[budget]
executions = 120
"#;

const PROGRAM: &str = r#"
#include <fcntl.h>
#include <unistd.h>
int main(int n, char **a) {
    umask(022);
    if (n == 2 && a[1][0] == 'w' && !a[1][1]) sleep(1);
    int f = open("/a/made", O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (f >= 0) write(f, "x", 1);
    f = open("/b/made", O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (f >= 0) write(f, "x", 1);
    return 0;
}
"#;

/// A marked program, and two trees; the second takes a while to commit.
fn place() -> (Place, [PathBuf; 2], [String; 2]) {
    let (place, ran) = checked(TWO, PROGRAM);
    ran.exits(0);
    let trees = ["a", "b"].map(|name| place.path(name));
    for tree in &trees {
        std::fs::create_dir(tree).unwrap();
        std::fs::write(tree.join("kept"), "kept").unwrap();
    }
    for nth in 0..4000 {
        std::fs::write(trees[1].join(nth.to_string()), nth.to_string()).unwrap();
    }
    let dirs = [format!("/a={}", trees[0].display()), format!("/b={}", trees[1].display())];
    (place, trees, dirs)
}

#[test]
fn both_are_committed_and_undone() {
    let (place, trees, dirs) = place();
    let before = trees.each_ref().map(|tree| state(tree));
    let run = ["--format", "json", "run", "artifact.mark", "--dir", &dirs[0], "--dir", &dirs[1], "--commit"];
    let ran = place.run(&run).exits(0).json();
    assert!(trees.iter().all(|tree| tree.join("made").exists()));
    place.run(&["undo", ran["run"].as_str().unwrap()]).exits(0);
    assert_eq!(trees.each_ref().map(|tree| state(tree)), before);
    assert_eq!(leftovers(&place), 0);
}

#[test]
fn the_first_is_put_back_if_the_second_changed_meanwhile() {
    let (place, trees, dirs) = place();
    let before = state(&trees[0]);
    let mut command = place.command();
    command.args(["run", "artifact.mark", "--dir", &dirs[0], "--dir", &dirs[1], "--commit", "--", "w"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Only once both are staged, and while the program waits.
    wait_for(|| leftovers(&place) == 2 && !written(&place));
    std::thread::sleep(Duration::from_millis(300));
    std::fs::write(trees[1].join("kept"), "changed by somebody else").unwrap();
    let ran = crate::place::Ran::of(&child.wait_with_output().unwrap());
    ran.exits(1).says("the tree changed since the run began");
    assert_eq!(state(&trees[0]), before);
    assert_eq!(std::fs::read(trees[1].join("kept")).unwrap(), b"changed by somebody else");
    assert!(!trees[1].join("made").exists());
    assert_eq!(leftovers(&place), 0);
}

/// Whether the payload wrote already.
fn written(place: &Place) -> bool {
    let made = |name: &std::ffi::OsStr| place.path(".").join(name).join("upper/made").exists();
    std::fs::read_dir(place.path(".")).unwrap().any(|entry| made(&entry.unwrap().file_name()))
}

fn wait_for(what: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < until, "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_crash_between_the_two_is_undone() {
    let (place, trees, dirs) = place();
    let before = trees.each_ref().map(|tree| state(tree));
    let mut command = place.command();
    command.args(["run", "artifact.mark", "--dir", &dirs[0], "--dir", &dirs[1], "--commit"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(|| trees[0].join("made").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!trees[1].join("made").exists(), "the second was committed before the kill");
    assert_eq!(leftovers(&place), 2, "the way back of one, and what was to become of the other");
    let runs = place.run(&["--format", "json", "log", "runs"]).json();
    let id = runs.pointer("/runs/0/run").and_then(|id| id.as_str()).unwrap_or_else(|| panic!("{runs}"));
    place.run(&["undo", id]).exits(0);
    assert_eq!(trees.each_ref().map(|tree| state(tree)), before);
    assert_eq!(leftovers(&place), 0);
}
