//! Programs that fill the disk: each is ended, nothing of it stays, and the tree is what it was.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::place::{Place, Ran};

/// A tree that may grow by 8 MiB and 2,000 entries.
const FILL: &str = r#"
contract = 1
name = "fill"
intent = "Fills what it is given."

[interface.process]
arguments = "list<string>"
files = "/tree"

[capabilities]
write = ["/tree"]

[[example]]
call = 'run([], [])'
returns = '{code: 0, files: []}'

[budget]
written = "8MiB"
entries = 2_000
"#;

/// Each way of filling, by its first argument. None ends by itself before it filled what was there to be filled.
const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static char block[1 << 16];
static int make(const char *name) { return open(name, O_WRONLY | O_CREAT, 0600); }
int main(int n, char **a) {
    const char *how = n > 1 ? a[1] : "nothing";
    int most = n > 2 ? atoi(a[2]) : 1000000000;
    char name[64];
    memset(block, 'x', sizeof block);
    if (chdir("/tree")) return 1;
    if (!strcmp(how, "nothing")) return 0;
    if (!strcmp(how, "allocate")) return fallocate(make("big"), 0, 0, 1 << 20) && errno == EOPNOTSUPP ? 7 : 0;
    if (!strcmp(how, "posix")) return posix_fallocate(make("big"), 0, 1 << 20);
    if (!strcmp(how, "sparse")) { int f = make("hole"); return ftruncate(f, 7 << 20) || ftruncate(make("hole2"), 7 << 20); }
    if (!strcmp(how, "first")) close(make("first"));
    for (int i = 0; i < most; i++) {
        snprintf(name, sizeof name, "f%d", i);
        if (!strcmp(how, "small")) { int f = make(name); write(f, block, 100); close(f); }
        if (!strcmp(how, "large")) { int f = make(name); for (int k = 0; k < 16; k++) write(f, block, sizeof block); close(f); }
        if (!strcmp(how, "links")) { if (!i) close(make("first")); link("first", name); }
        if (!strcmp(how, "symlinks")) symlink("first", name);
        if (!strcmp(how, "folders")) mkdir(name, 0700);
        if (!strcmp(how, "deep")) { mkdir("d", 0700); chdir("d"); }
        if (!strcmp(how, "nameless")) { int f = make(name); unlink(name); if (i > 200) return 5;
            for (int k = 0; k < 128; k++) if (write(f, block, sizeof block) < 0) return 6; }
    }
    if (!strcmp(how, "deep")) for (;;) pause();
    return 0;
}
"#;

fn place() -> (Place, PathBuf) {
    let place = Place::empty();
    place.write("contract.toml", FILL).write("source.c", PROGRAM);
    let compiled = Command::new("cc")
        .args(["-O1", "-w", "-static", "-o", "artifact", "source.c"])
        .current_dir(place.path("."))
        .output()
        .unwrap();
    assert!(compiled.status.success(), "cc: {}", String::from_utf8_lossy(&compiled.stderr));
    std::fs::create_dir(place.path("tree")).unwrap();
    place.write("tree/one", "1").write("tree/two", "2");
    let tree = place.path("tree");
    (place, tree)
}

fn fill(place: &Place, tree: &Path, words: &[&str]) -> Ran {
    let dir = format!("/tree={}", tree.display());
    let ran = place.run(&[&["stage", "contract.toml", "artifact", "--dir", &dir, "--"], words].concat());
    let beside = tree.parent().unwrap();
    let left: Vec<_> = std::fs::read_dir(beside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".proofmark")), "{words:?} left {left:?}");
    let names = std::fs::read_dir(tree).unwrap().count();
    assert_eq!((names, std::fs::read(tree.join("one")).unwrap()), (2, b"1".to_vec()), "{words:?} changed the tree");
    ran
}

#[test]
fn whoever_fills_the_disk_is_ended_and_leaves_nothing() {
    let (place, tree) = place();
    fill(&place, &tree, &["nothing"]).exits(0);
    // Without an end of their own: what ends them is the count.
    for (how, says) in [
        ("small", "more than 2006 entries"),
        ("links", "more than 2006 entries"),
        ("symlinks", "more than 2006 entries"),
        ("folders", "entries"),
        ("large", "bytes into the trees"),
        ("deep", "100 levels deep"),
    ] {
        fill(&place, &tree, &[how]).exits(1).says(says);
    }
}

#[test]
fn what_a_run_wrote_is_counted_exactly_once_it_is_over() {
    let (place, tree) = place();
    // They end at once, before anybody looked: the count at the end decides. 3 entries are the tree's, twice.
    fill(&place, &tree, &["small", "2006"]).exits(0);
    fill(&place, &tree, &["small", "2007"]).exits(1).says("more than 2006 entries");
    fill(&place, &tree, &["links", "2005"]).exits(0);
    fill(&place, &tree, &["links", "2006"]).exits(1).says("more than 2006 entries");
    fill(&place, &tree, &["large", "7"]).exits(0);
    fill(&place, &tree, &["large", "9"]).exits(1).says("more than 8388610 bytes");
    // Holes count: somebody has to read them.
    fill(&place, &tree, &["sparse"]).exits(1).says("more than 8388610 bytes");
}

#[test]
fn no_process_takes_a_disk_in_one_step() {
    let (place, tree) = place();
    fill(&place, &tree, &["allocate"]).exits(1).says("status 7");
    fill(&place, &tree, &["posix"]).exits(0);
}

/// Runs the binary where `folder` is a file system of its own, of that size, and looks at what is free there all the time.
#[test]
fn a_disk_never_gets_full_even_by_files_without_a_name() {
    let (place, _) = place();
    let written = FILL.replace("8MiB", "1GiB").replace("[budget]", "[budget]\nmemory = \"1GiB\"");
    place.write("contract.toml", written);
    std::fs::create_dir(place.path("small")).unwrap();
    let script = "mount -t tmpfs -o size=900m tmpfs small && mkdir small/tree && echo 1 > small/tree/one \
                  && exec \"$0\" stage contract.toml artifact --dir /tree=small/tree -- \"$1\"";
    if !nix::unistd::Uid::effective().is_root() {
        // Only the mount needs root; the watch itself is the same for everybody.
        println!("not tried: an ordinary user has no file system of its own to fill");
        return;
    }
    for how in ["nameless", "large"] {
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_proofmark"), how])
            .current_dir(place.path("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let inside = format!("/proc/{}/cwd/small", child.id());
        let seen = std::thread::spawn(move || {
            let mut least = u64::MAX;
            while let Ok(state) = nix::sys::statvfs::statvfs(inside.as_str()) {
                least = least.min(state.blocks_available() * state.fragment_size());
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            least
        });
        let ran = Ran::of(&child.wait_with_output().unwrap());
        let least = seen.join().unwrap();
        ran.exits(3).says("is left on the disk");
        assert!(least < 100 << 20, "it was never filled: {least} bytes were free");
        assert!(least > 40 << 20, "only {least} bytes were free");
    }
}
