//! Programs: native executables checked, marked, run staged, committed and undone, on real binaries.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use proofmark_mark::dsse::Envelope;
use proofmark_mark::receipt::Receipt;
use proofmark_mark::statement::Statement;

use crate::place::Place;

/// Standard input in capital letters.
pub const SHOUT: &str = r#"
contract = 1
name = "shout"
intent = "Standard input in capital letters (ASCII), to standard output."

[interface.process]
stdin = "list<u8>"
stdout = "list<u8>"

[[example]]
call = "run([97, 98, 49])"
returns = "{code: 0, stdout: [65, 66, 49]}"

[[property]]
name = "as long as before"
of = "run"
ensures = "result.code == 0u && size(result.stdout) == size(stdin)"

[[property]]
name = "no small letter is left"
of = "run"
ensures = "result.stdout.all(b, b < 97u || b > 122u)"

[budget]
executions = 120
"#;

/// Gives every file below the tree the ending `.bak`, and loses nothing.
const RENAME: &str = r#"
contract = 1
name = "rename"
intent = "Every file directly in the tree gets `.bak` at the end of its name."

[interface.process]
arguments = ["/tree"]
files = "/tree"

[capabilities]
write = ["/tree"]

[[example]]
call = 'run([{path: "a", mode: 420, modified: 1000, node: text("x")}])'
returns = '{code: 0, files: [{path: "a.bak", mode: 420, modified: 1000, node: text("x")}]}'

[[property]]
name = "as many as before"
of = "run"
ensures = "result.files.size() == files.size()"

[[invariant]]
name = "every content is still there"
holds = "sets.contains(after.map(f, f.sha256), before.map(f, f.sha256))"

[budget]
executions = 60
"#;

const LIST: &str = r#"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int n, char **a) {
    char names[64][300];
    int count = 0;
    struct dirent *one;
    if (n != 2 || chdir(a[1])) return 1;
    DIR *all = opendir(".");
    while (all && (one = readdir(all)) && count < 64) {
        struct stat state;
        if (!lstat(one->d_name, &state) && S_ISREG(state.st_mode) && strlen(one->d_name) < 250) strcpy(names[count++], one->d_name);
    }
    for (int i = 0; i < count; i++) { EACH }
    return 0;
}
"#;

/// Renames, but not over another file.
const RIGHT: &str = "char to[310]; struct stat there; snprintf(to, sizeof to, \"%s.bak\", names[i]);
    if (lstat(to, &there)) rename(names[i], to);";
/// Empties the file of that name after renaming it.
const SPOILS: &str = "char to[310]; struct stat there; snprintf(to, sizeof to, \"%s.bak\", names[i]);
    if (lstat(to, &there)) rename(names[i], to); if (strstr(to, \"precious\")) truncate(to, 0);";

pub fn shout(read: &str) -> String {
    format!(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <sys/socket.h>\n#include <time.h>\n#include <unistd.h>\n\
         int main(void) {{ {read} }}"
    )
}

pub const SHOUTS: &str = "int c; while ((c = getchar()) != EOF) putchar(c >= 'a' && c <= 'z' ? c - 32 : c); return 0;";

/// Compiles a program into the place.
pub fn compile(place: &Place, name: &str, source: &str, flags: &[&str]) {
    place.write("source.c", source);
    let done = Command::new("cc")
        .args(["-O1", "-w", "-o", name, "source.c"])
        .args(flags)
        .current_dir(place.path("."))
        .output()
        .unwrap();
    assert!(done.status.success(), "cc: {}", String::from_utf8_lossy(&done.stderr));
}

/// A place with a program in it that was checked under `assisted`.
pub fn checked(contract: &str, source: &str) -> (Place, crate::place::Ran) {
    let place = Place::new();
    place.write("contract.toml", contract);
    compile(&place, "artifact", source, &["-static"]);
    let ran = place.run(&["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"]);
    (place, ran)
}

#[test]
fn a_right_program_is_marked_and_replays() {
    let (place, ran) = checked(SHOUT, &shout(SHOUTS));
    ran.exits(0).says("120 executions");
    place.run(&["verify", "artifact.mark", "artifact", "--replay", "--threads", "1"]).exits(0).says("the same bytes");
    let ran = place.run(&["call", "contract.toml", "artifact", "run([104, 105])"]).exits(0);
    assert_eq!(ran.stdout, "{code: 0, stdout: [72, 73]}\n");
    place.run(&["inspect", "artifact"]).exits(0).says("static ELF executable");
}

#[test]
fn a_wrong_program_is_refused_with_the_smallest_input() {
    let buffer = "char b[100]; long n = fread(b, 1, sizeof b, stdin); for (long i = 0; i < n; i++) \
                  if (b[i] >= 'a' && b[i] <= 'z') b[i] -= 32; fwrite(b, 1, n, stdout); return 0;";
    let (place, ran) = checked(SHOUT, &shout(buffer));
    let input = format!("run([{}])", ["0"; 101].join(", "));
    ran.exits(1).says(&input).says("as long as before");
    place.run(&["call", "contract.toml", "artifact", &input]).exits(0);
}

#[test]
fn what_a_program_does_beyond_its_contract_is_seen() {
    let cases = [
        ("abort();", 1, "ended by signal 6"),
        ("for (;;) putchar('A');", 1, "wrote more than"),
        ("volatile int x = 1; while (x) {} return 0;", 3, "processor time"),
        (
            "char *p; while ((p = malloc(1 << 20))) for (int i = 0; i < 1 << 20; i += 4096) p[i] = 1; pause();",
            3,
            "memory",
        ),
        ("srand(time(0)); if (rand()) {} return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 7 : 0;", 1, "code: 7"),
    ];
    for (body, code, says) in cases {
        checked(SHOUT, &shout(body)).1.exits(code).says(says);
    }
}

#[test]
fn what_a_program_is_loaded_with_must_be_granted() {
    let place = Place::new();
    place.write("contract.toml", SHOUT);
    compile(&place, "artifact", &shout(SHOUTS), &[]);
    let check = ["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"];
    place.run(&check).exits(1).says("it loads `ld-");
    let granted = "[capabilities]\nlibraries = [\"libc.so.6\", \"ld-linux-x86-64.so.2\"]\n\n[budget]";
    if cfg!(target_arch = "x86_64") {
        place.write("contract.toml", SHOUT.replace("[budget]", granted));
        place.run(&check).exits(0);
    }
    // Code that it may write and then run.
    compile(&place, "artifact", &shout(SHOUTS), &["-static", "-z", "execstack"]);
    place.write("contract.toml", SHOUT);
    place.run(&check).exits(1).says("writable and executable");
    // WebAssembly is no program.
    place.write("artifact", "(module)");
    place.run(&check).exits(1).says("native executable");
}

/// Names, contents, modes and times of a directory.
pub fn state(folder: &Path) -> Vec<(String, Vec<u8>, u32, i64, i64)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            (entry.file_name().into_string().unwrap(), bytes, meta.mode(), meta.mtime(), meta.mtime_nsec())
        })
        .collect();
    all.sort();
    all
}

fn tree(place: &Place) -> std::path::PathBuf {
    std::fs::create_dir(place.path("photos")).unwrap();
    place.write("photos/one", "1").write("photos/precious", "2");
    place.path("photos")
}

#[test]
fn changes_are_shown_committed_and_undone() {
    let (place, ran) = checked(RENAME, &LIST.replace("EACH", RIGHT));
    ran.exits(0);
    let photos = tree(&place);
    let before = state(&photos);
    let dir = format!("/tree={}", photos.display());
    let run = ["run", "artifact.mark", "--dir", &dir];
    place.run(&run).exits(0).says("every content is still there").says("untouched").says(" to the system, of ");
    assert_eq!(state(&photos), before, "shown, and dropped");
    let ran = place.run(&[&run[..], &["--commit", "--format", "json"]].concat()).exits(0).json();
    assert_eq!(ran["changes"][0]["fate"], "committed");
    assert!(ran["probed"].as_u64().unwrap() > 100, "the probe tried what is forbidden");
    let names: Vec<String> = state(&photos).into_iter().map(|one| one.0).collect();
    assert_eq!(names, ["one.bak", "precious.bak"]);
    counted(&place, &ran);
    let id = ran["run"].as_str().unwrap();
    place.run(&["replay", id]).exits(3).says("native executable");
    place.run(&["undo", id]).exits(0);
    assert_eq!(state(&photos), before, "undone");
    place.run(&["undo", id]).exits(2);
    place.run(&["undo", "00"]).exits(2).says("no committed run");
    place.run(&["log", "runs"]).exits(0).says("every run has its end");
    place.run(&["log", "audit"]).exits(0);
    assert_eq!(leftovers(&place), 0);
}

/// What the program asked of the kernel is shown as it is in the last closing receipt: each file renamed once.
fn counted(place: &Place, ran: &serde_json::Value) {
    let renames: u64 =
        ["rename", "renameat", "renameat2"].iter().filter_map(|name| ran["system_calls"][name].as_u64()).sum();
    assert_eq!(renames, 2, "{}", ran["system_calls"]);
    assert_eq!(ran["system_calls"]["exit_group"], 1);
    assert!(ran["resources"]["memory_peak_bytes"].as_u64().is_none_or(|bytes| bytes > 0));
    let receipts = receipts(place);
    let last = receipts.iter().filter(|receipt| receipt.end.is_some()).max_by_key(|receipt| receipt.sequence).unwrap();
    assert_eq!(ran["run"], last.run.as_str());
    let end = last.end.as_ref().unwrap();
    assert_eq!(ran["system_calls"], serde_json::json!(end.system_calls));
    assert_eq!(ran["resources"], serde_json::json!(end.resources));
}

/// Every receipt of the place's log.
fn receipts(place: &Place) -> Vec<Receipt> {
    let (mut receipts, mut folders) = (Vec::new(), vec![place.path(".proofmark")]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let envelope = Envelope::parse(&std::fs::read(&path).unwrap());
            let receipt = envelope.ok().and_then(|envelope| Statement::parse(envelope.unverified_payload()).ok());
            receipts.extend(receipt.map(|statement| statement.predicate));
        }
    }
    receipts
}

/// Stages that were left beside the tree.
pub fn leftovers(place: &Place) -> usize {
    let names = std::fs::read_dir(place.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with(".proofmark-stage")).count()
}

#[test]
fn an_invariant_saves_what_the_checks_did_not() {
    // No generated tree has a file of that name, so the program is marked.
    let (place, ran) = checked(RENAME, &LIST.replace("EACH", SPOILS));
    ran.exits(0);
    let photos = tree(&place);
    let before = state(&photos);
    let dir = format!("/tree={}", photos.display());
    let ran = place.run(&["run", "artifact.mark", "--dir", &dir, "--commit"]).exits(1);
    ran.says("refused").says("every content is still there").says("untouched");
    assert_eq!(state(&photos), before);
    place.run(&["stage", "contract.toml", "artifact", "--dir", &dir]).exits(1);
    assert_eq!(state(&photos), before);
    assert_eq!(leftovers(&place), 0);
}

#[test]
fn nothing_runs_beyond_the_contract_or_against_an_order() {
    let (place, ran) = checked(RENAME, &LIST.replace("EACH", RIGHT));
    ran.exits(0);
    let photos = tree(&place);
    let before = state(&photos);
    let dir = format!("/tree={}", photos.display());
    place
        .run(&["run", "artifact.mark", "--dir", &format!("/etc={}", photos.display())])
        .exits(1)
        .says("does not ask for");
    place.run(&["run", "artifact.mark", "--dir", &dir, "--", "another"]).exits(2).says("fixes the program's arguments");
    place.run(&["run", "artifact.mark", "--dir", "/tree=nowhere"]).exits(2);
    place.run(&["freeze", "capability:write"]).exits(0);
    place.run(&["run", "artifact.mark", "--dir", &dir, "--commit"]).exits(1).says("frozen: capability:write");
    assert_eq!(state(&photos), before);
    assert_eq!(leftovers(&place), 0);
}
