//! `trace` and `attribute` on what real tools made: C that clang compiled, histories that git rewrote, a log that checks
//! wrote. Each chain has a wrong first answer and its repair.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use proofmark_contract::Contract;
use proofmark_governor::govern::{self, Asked, Means};
use proofmark_governor::home::Home;
use proofmark_governor::provenance::{self, Try};
use proofmark_governor::sealed::sealed;
use proofmark_mark::digest::Digest;
use proofmark_mark::provenance::{External, Internal, Outcome, Resource, Spent, named};
use proofmark_mark::trust::Trust;
use proofmark_run::fence::Launcher;
use proofmark_run::fence::probe::Lures;
use proofmark_run::native::Natives;
use proofmark_run::worker::Fences;
use serde_json::Value;

use crate::place::{Place, Ran};

const CONTRACT: &str = r#"
contract = 1
name = "gcd"
intent = "The greatest common divisor of two numbers."

[interface]
wit = """
package example:gcd;
world gcd {
  export gcd: func(a: u32, b: u32) -> u32;
  export twice: func(a: u32) -> u32;
}
"""

[[example]]
call = "gcd(12, 18)"
returns = "6"

[[example]]
call = "twice(4)"
returns = "8"

[[property]]
name = "divides both"
of = "gcd"
requires = "a > 0u && b > 0u"
ensures = "result > 0u && a % result == 0u && b % result == 0u"

[[property]]
name = "same both ways"
of = "gcd"
ensures = "gcd(b, a) == result"
held_out = true
"#;

/// Wrong: one step of Euclid's algorithm.
const FIRST: &str = r#"#include <stdint.h>

__attribute__((noinline)) static uint32_t rest_of(uint32_t a, uint32_t b) {
    return a % b;
}

__attribute__((export_name("twice"))) uint32_t twice(uint32_t a) {
    return a * 2;
}

__attribute__((export_name("gcd"))) uint32_t gcd(uint32_t a, uint32_t b) {
    if (b == 0) return a;
    return rest_of(a, b);
}
"#;

/// Right.
fn second() -> String {
    let right = "    while (b != 0) {\n        uint32_t rest = rest_of(a, b);\n        a = b;\n        b = rest;\n    }\n    return a;\n";
    FIRST.replace("    if (b == 0) return a;\n    return rest_of(a, b);\n", right)
}

/// Lines of the repaired source.
const REST_OF: u32 = 4;
const REPAIRED: u32 = 13;

/// A place whose log has two tries at [`CONTRACT`]: a refuted answer and its repair, which is marked.
struct Made {
    place: Place,
    first: Digest,
    artifact: Digest,
    prompt: Digest,
}

pub fn clang(folder: &Path, source: &str, options: &[&str]) -> Vec<u8> {
    let known = (14..30).rev().map(|version| PathBuf::from(format!("/usr/lib/llvm-{version}/bin/clang")));
    let clang = known.into_iter().find(|clang| clang.with_file_name("wasm-ld").is_file());
    let clang =
        clang.unwrap_or_else(|| panic!("no clang with wasm-ld: install clang and lld, such as clang-19 and lld-19"));
    std::fs::write(folder.join("gcd.c"), source).unwrap();
    let ran = Command::new(clang)
        .args(["--target=wasm32", "-ffreestanding", "-nostdlib", "-O1", "-Wl,--no-entry", "-o", "gcd.wasm"])
        .args(options)
        .arg("gcd.c")
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    std::fs::read(folder.join("gcd.wasm")).unwrap()
}

/// One try in words.
fn one(contract: &Contract, candidate: u64, source: &str) -> Try {
    Try {
        external: External {
            contract: contract.digest,
            operator: "Ada".to_owned(),
            generator: "coder".to_owned(),
            kind: "openai".to_owned(),
            endpoint: Some("http://127.0.0.1:1/v1".to_owned()),
            target: "c".to_owned(),
            parameters: BTreeMap::from([("temperature".to_owned(), "0.7".to_owned())]),
        },
        internal: Internal {
            candidate,
            repairs: candidate - 1,
            repairs_of: if candidate == 1 { Vec::new() } else { vec!["divides both".to_owned()] },
            outcome: Outcome::Built,
            reason: None,
            reproducible: Some(true),
            model: Some("coder-1.5b-q4".to_owned()),
            fingerprint: None,
            spent: Spent::default(),
        },
        invocation: "0f".repeat(16),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        prompt: format!("Prompt {candidate}: write gcd in C.").into_bytes(),
        reply: Some(format!("Here it is:\n{source}").into_bytes()),
        sources: vec![("gcd.c".to_owned(), source.as_bytes().to_vec())],
        log: None,
        toolchain: Some(Resource::new(named::TOOLCHAIN, Digest([1; 32])).annotated(named::VERSION, "clang 19")),
        parent: None,
    }
}

/// Records a try and checks what it brought; gives the envelope of its provenance.
fn made(place: &Place, home: &mut Home, contract: &Contract, artifact: &[u8], one: Try) -> Option<Digest> {
    let (policy, text) = proofmark_governor::home::policy_at(&home.policy_file("supervised")).unwrap();
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let lures = Lures::lay(scratch.path()).unwrap();
    let marks = serde_json::to_string(lures.marks()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_proofmark"));
    let launcher = Arc::new(Launcher::start(program, &["fence".into(), marks.into()]).unwrap());
    let fences = Fences { launcher: Arc::clone(&launcher), memory_bytes: 1 << 30 };
    let provenance = provenance::of(home, one).unwrap();
    let asked = Asked {
        contract,
        contract_text: &sealed(&home.path, CONTRACT).unwrap().0,
        artifact,
        policy: &policy,
        policy_text: &text,
        policy_name: "supervised",
        generator: "coder",
        approvals: BTreeSet::new(),
        valid_for: SignedDuration::from_hours(24),
    };
    let means = Means {
        launch: &fences,
        natives: &Arc::new(Natives::new(launcher, scratch.path().to_path_buf())),
        threads: 2,
        held: &|| lures.untouched(),
        now: Timestamp::now(),
        trust: &trust,
        watch: &|_| {},
    };
    Some(govern::check_made(home, &asked, &means, &provenance).unwrap().1)
}

/// What each test begins with, made once: checks take their time.
static WITH_LINES: OnceLock<Made> = OnceLock::new();

impl Made {
    /// With a line table.
    fn new() -> Self {
        let made = WITH_LINES.get_or_init(|| Self::with(&["-g"]));
        let place = Place::empty();
        let ran = Command::new("cp").arg("-a").arg(made.place.path(".")).arg(place.path(".")).status().unwrap();
        assert!(ran.success());
        Self { place, ..*made }
    }

    /// `options` go to the compiler.
    fn with(options: &[&str]) -> Self {
        let place = Place::new();
        let mut home = Home::open(&place.path(".proofmark")).unwrap();
        let (_, contract) = sealed(&home.path, CONTRACT).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let wrong = clang(folder.path(), FIRST, options);
        let right = clang(folder.path(), &second(), options);
        let parent = made(&place, &mut home, &contract, &wrong, one(&contract, 1, FIRST));
        assert!(parent.is_some());
        made(&place, &mut home, &contract, &right, Try { parent, ..one(&contract, 2, &second()) });
        place.write("gcd.wasm", &right);
        let found = provenance::all(home.log.view(), |_, _| true).last().unwrap().unwrap();
        let prompt = found.statement.predicate.resources(named::PROMPT).next().unwrap().sha256();
        Self { place, first: Digest::of(&wrong), artifact: Digest::of(&right), prompt }
    }

    fn trace(&self, place: &str) -> Ran {
        self.place.run(&["trace", place])
    }

    /// The only answer, as JSON.
    fn answer(&self, place: &str, code: i32) -> Value {
        let ran = self.place.run(&["--format", "json", "trace", place]).exits(code);
        let answers = ran.json()["answers"].clone();
        assert_eq!(answers.as_array().unwrap().len(), 1, "{}", ran.all());
        answers[0].clone()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.place, arguments)
    }

    /// Commits the model's source as `path`, with a person's commit before it.
    fn commit(&self, path: &str) {
        self.git(&["init", "-q", "-b", "main"]);
        self.place.write(".git/info/exclude", ".proofmark\ngcd.wasm\n").write("README", "A person's.\n");
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "base"]);
        std::fs::create_dir_all(self.place.path(path).parent().unwrap()).unwrap();
        self.place.write(path, second());
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "gcd"]);
    }
}

/// Runs git in a place, without any configuration of the machine.
fn git(place: &Place, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(place.path("."))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs([("HOME", "/nonexistent"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.com")])
        .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.com")])
        .envs([("GIT_EDITOR", "true")])
        .output()
        .unwrap();
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "git {arguments:?}: {all}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Asserts that an answer goes from the repair that brought a line to the intent.
fn ends_at_the_intent(answer: &Value, step: usize) {
    assert_eq!(answer["whole"], true, "{answer:#}");
    assert_eq!(answer["intent"], "The greatest common divisor of two numbers.");
    let steps = answer["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    for (at, one) in steps.iter().enumerate() {
        assert_eq!(one["lines"].is_null(), at != step, "{answer:#}");
        assert_eq!(one["model"], "coder-1.5b-q4");
        assert_eq!(one["parameters"]["temperature"], "0.7");
        assert_eq!(one["prompt"]["text"], format!("Prompt {}: write gcd in C.", at + 1));
    }
    assert_eq!(steps[0]["verdict"], "refused");
    // Which property is refuted first depends on the challenge; examples come before all.
    let refuted = &steps[0]["refuted"][0];
    assert_eq!((&refuted["clause"], &refuted["call"]), (&"example 1".into(), &"gcd(12, 18)".into()));
    assert_eq!(steps[1]["verdict"], "marked");
    assert_eq!(steps[1]["repairs_of"][0], "divides both");
}

fn names(answer: &Value) -> Vec<String> {
    answer["clauses"].as_array().unwrap().iter().map(|clause| clause["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn functions_and_lines_of_an_artifact_end_at_the_intent() {
    let made = Made::new();
    // An internal function: the line table gives its lines, the calls the export that reaches it.
    let answer = made.answer("gcd.wasm:rest_of", 0);
    ends_at_the_intent(&answer, 0);
    assert_eq!(answer["function"]["reached_from"], serde_json::json!(["gcd"]));
    assert_eq!(answer["function"]["by"], "the line table of the binary");
    assert_eq!(answer["source"]["path"], "gcd.c");
    assert_eq!(names(&answer), ["gcd(12, 18)", "divides both"]);
    assert_eq!(answer["held_out"], 1);
    // An export: what the repair brought, and what was there before.
    let answer = made.answer("gcd.wasm:gcd", 0);
    assert_eq!(answer["whole"], true);
    assert!(answer["steps"][1]["lines"].as_str().unwrap().contains("12"), "{answer:#}");
    assert_eq!(names(&made.answer("gcd.wasm:twice", 0)), ["twice(4)"]);
    // A line of the source, of the file, its digest and from the home alone.
    for artifact in ["gcd.wasm".to_owned(), made.artifact.to_string(), format!("sha256:{}", made.artifact)] {
        let answer = made.answer(&format!("{artifact}:gcd.c:{REPAIRED}"), 0);
        ends_at_the_intent(&answer, 1);
        assert_eq!(answer["function"]["name"], "gcd");
        ends_at_the_intent(&made.answer(&format!("{artifact}:gcd.c:{REST_OF}"), 0), 0);
    }
    // The whole artifact, for people.
    made.trace("gcd.wasm").exits(0).says("repair of `divides both`").says("intent").says("clang 19").says("refuted");
    // The wrong one has a chain of its own.
    let answer = made.answer(&made.first.to_string(), 0);
    assert_eq!(answer["steps"].as_array().unwrap().len(), 1);
    // What is not there.
    made.trace("gcd.wasm:none").exits(2).says("has no function `none`").says("rest_of");
    made.trace("gcd.wasm:gcd.c:99").exits(3).says("has no lines 99");
    made.trace("gcd.wasm:other.c:1").exits(3).says("no source of the artifact is called `other.c`");
    made.trace(&"0".repeat(64)).exits(3).says("the log has no provenance");
    made.trace("nothing.wasm").exits(2).says("no file").says("next");
}

#[test]
fn without_a_line_table_functions_are_found_by_name() {
    let made = Made::with(&["-Wl,--strip-debug"]);
    let answer = made.answer("gcd.wasm:gcd", 0);
    assert_eq!(answer["function"]["by"], "its name in the source");
    assert_eq!(answer["source"]["lines"], "11-18");
    assert_eq!(answer["intent"], "The greatest common divisor of two numbers.");
    ends_at_the_intent(&made.answer(&format!("gcd.wasm:gcd.c:{REPAIRED}"), 0), 1);
}

#[test]
fn a_function_that_the_compiler_put_into_others_is_found_in_the_source() {
    let made = Made::with(&["-O2", "-Wl,--strip-all"]);
    let answer = made.answer("gcd.wasm:rest_of", 0);
    ends_at_the_intent(&answer, 0);
    assert_eq!((&answer["function"]["index"], &answer["source"]["lines"]), (&Value::Null, &"3-5".into()));
    assert_eq!(names(&answer).len(), 3);
}

#[test]
fn what_is_held_out_is_shown_only_if_asked_for() {
    let made = Made::new();
    for format in ["human", "json"] {
        for place in ["gcd.wasm", "gcd.wasm:gcd", &format!("gcd.wasm:gcd.c:{REPAIRED}")] {
            let ran = made.place.run(&["--format", format, "trace", place]).exits(0);
            assert!(!ran.all().contains("same both ways") && !ran.all().contains("gcd(b, a)"), "{}", ran.all());
        }
    }
    made.place.run(&["trace", "gcd.wasm:gcd", "--show-held-out"]).exits(0).says("same both ways").says("gcd(b, a)");
}

#[test]
fn what_was_erased_is_said_to_be_erased() {
    let made = Made::new();
    let home = Home::open(&made.place.path(".proofmark")).unwrap();
    provenance::erase(&home, &BTreeSet::from([made.prompt])).unwrap();
    made.trace("gcd.wasm:gcd").exits(0).says("erased").says(&made.prompt.to_string());
    // Without the first source nobody can tell which answer brought a line.
    let first = provenance::all(home.log.view(), |_, _| true).next().unwrap().unwrap();
    let source = first.statement.predicate.resources(named::SOURCE).next().unwrap().sha256();
    provenance::erase(&home, &BTreeSet::from([source])).unwrap();
    made.trace(&format!("gcd.wasm:gcd.c:{REPAIRED}")).exits(3).says("a text was erased").says("intent");
    drop(home);
}

#[test]
fn a_line_in_git_ends_at_the_intent() {
    let made = Made::new();
    made.commit("src/gcd.c");
    // The log alone knows the function.
    let line = format!("src/gcd.c:{REPAIRED}");
    let answer = made.answer(&line, 0);
    ends_at_the_intent(&answer, 1);
    assert_eq!(answer["git"]["link"]["kind"], "log");
    // Said in git, where every other tool can read it.
    made.place.run(&["attribute"]).exits(0).says("18 lines in 1 files");
    let note = made.git(&["notes", "--ref=ai", "show"]);
    assert!(note.starts_with("src/gcd.c\n  s_") && note.contains("\"tool\": \"proofmark\""), "{note}");
    assert!(note.contains(&format!("sha256:{}", made.artifact)) && note.contains("\"proofmark.temperature\": \"0.7\""));
    assert_eq!(made.answer(&line, 0)["git"]["link"]["kind"], "note");
}

#[test]
fn a_commit_ends_at_the_intent() {
    let made = Made::new();
    made.commit("gcd.c");
    made.place.run(&["attribute", "main"]).exits(0);
    let ran = made.place.run(&["--format", "json", "trace", "main"]).exits(0).json();
    // Two replies brought its lines.
    let answers = ran["answers"].as_array().unwrap();
    assert_eq!(answers.len(), 2, "{ran:#}");
    for answer in answers {
        assert_eq!(
            (&answer["whole"], &answer["intent"]),
            (&true.into(), &"The greatest common divisor of two numbers.".into())
        );
        assert_eq!(answer["git"]["commit"], made.git(&["rev-parse", "HEAD"]));
    }
    made.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    made.trace("HEAD").exits(3).says("brings no lines");
    made.trace("HEAD~1").exits(2).says("names no commit");
}

#[test]
fn after_a_rename_and_a_rebase_it_still_does() {
    let made = Made::new();
    made.commit("gcd.c");
    made.place.run(&["attribute"]).exits(0);
    let noted = made.git(&["rev-parse", "HEAD"]);
    std::fs::create_dir(made.place.path("lib")).unwrap();
    made.git(&["mv", "gcd.c", "lib/divisor.c"]);
    made.git(&["commit", "-q", "-m", "rename"]);
    let line = format!("lib/divisor.c:{REPAIRED}");
    ends_at_the_intent(&made.answer(&line, 0), 1);
    // Main goes on, and the branch is put on top of it: notes stay with the commits that were.
    made.git(&["checkout", "-q", "-b", "feature"]);
    made.git(&["checkout", "-q", "-B", "main", "main~2"]);
    made.place.write("README", "A person's.\nMore of it.\n");
    made.git(&["commit", "-q", "-a", "-m", "main goes on"]);
    made.git(&["checkout", "-q", "feature"]);
    made.git(&["rebase", "-q", "main"]);
    assert_ne!(made.git(&["rev-parse", "HEAD~1"]), noted);
    let answer = made.answer(&line, 0);
    ends_at_the_intent(&answer, 1);
    assert_eq!(answer["git"]["link"], serde_json::json!({ "kind": "note", "commit": noted, "by": "blob" }));
    assert_eq!((&answer["git"]["confirmed"], &answer["git"]["path"]), (&true.into(), &"gcd.c".into()));
    // A person's change afterwards is not the model's; the line after it still is.
    made.place.write("lib/divisor.c", second().replace("        a = b;", "        a = b; /* the larger one */"));
    let changed = format!("lib/divisor.c:{}", REPAIRED + 1);
    made.trace(&changed).exits(3).says("not committed as it is").says("unknown");
    made.git(&["commit", "-q", "-a", "-m", "comment"]);
    made.trace(&changed).exits(3).says("unknown");
    ends_at_the_intent(&made.answer(&format!("lib/divisor.c:{}", REPAIRED + 2), 0), 1);
    // Nor is what a person wrote in the first place.
    made.trace("README:1").exits(3).says("no trailer, note, record or source");
}

#[test]
fn records_of_agent_trace_are_written_once_and_read() {
    let made = Made::new();
    made.commit("gcd.c");
    for _ in 0..2 {
        made.place.run(&["attribute", "--as", "agent-trace"]).exits(0).says(".agent-trace/traces.jsonl");
    }
    let text = String::from_utf8(made.place.read(".agent-trace/traces.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 1);
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["files"][0]["conversations"][0]["contributor"]["type"], "ai");
    assert_eq!(record["vcs"]["revision"], made.git(&["rev-parse", "HEAD"]));
    let line = format!("gcd.c:{REPAIRED}");
    assert_eq!(made.answer(&line, 0)["git"]["link"]["kind"], "record");
    // An amended message leaves a record of a commit that is gone; the file is the same.
    made.git(&["commit", "-q", "--amend", "-m", "another message"]);
    let answer = made.answer(&line, 0);
    ends_at_the_intent(&answer, 1);
    assert_eq!(answer["git"]["link"]["by"], "blob");
    // A link in the place of the file leads nowhere.
    std::fs::remove_file(made.place.path(".agent-trace/traces.jsonl")).unwrap();
    std::os::unix::fs::symlink(made.place.path("README"), made.place.path(".agent-trace/traces.jsonl")).unwrap();
    made.place.run(&["attribute", "--as", "agent-trace"]).exits(4).says("not a plain file");
    assert_eq!(made.place.read("README"), b"A person's.\n");
}

#[test]
fn what_is_only_said_is_told_as_said() {
    let made = Made::new();
    made.commit("gcd.c");
    made.place.write("notes.txt", "hello\n");
    made.git(&["add", "-A"]);
    made.git(&["commit", "-q", "-m", "notes"]);
    let claim = |tool: &str, id: &str, model: &str| {
        let text = format!(
            "notes.txt\n  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1\n---\n{}",
            serde_json::json!({ "schema_version": "authorship/3.0.0", "base_commit_sha": "x", "prompts": {}, "sessions": {
                "s_c9883b05a2487d": { "agent_id": { "tool": tool, "id": id, "model": model } } } })
        );
        made.git(&["notes", "--ref=ai", "add", "-f", "-m", &text]);
    };
    claim("cursor", "6ef2", "other\u{1b}[31m-model");
    let ran = made.trace("notes.txt:1").exits(3).says("tool cursor").says("only said");
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    // A note that names an artifact of the log, whose source does not have the line.
    claim("proofmark", &format!("sha256:{}", made.artifact), "coder");
    made.trace("notes.txt:1").exits(3).says("no source of it that the log holds has the line");
    // A note that is none, and what a note says of others, is no obstacle.
    made.git(&["notes", "--ref=ai", "add", "-f", "-m", "not a log"]);
    made.trace("notes.txt:1").exits(3).says("no trailer, note, record");
    made.place.run(&["attribute"]).exits(3).says("no line of commit");
    // Without a home there is what git says, and no more.
    claim("cursor", "6ef2", "other");
    std::fs::remove_dir_all(made.place.path(".proofmark")).unwrap();
    made.trace("notes.txt:1").exits(3).says("tool cursor").says("there is no home");
    made.trace("gcd.wasm").exits(2).says("there is no home");
}

#[test]
fn another_tools_lines_in_a_note_stay_theirs() {
    let made = Made::new();
    made.commit("gcd.c");
    let text = r#"gcd.c
  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-5
---
{"schema_version":"authorship/3.0.0","base_commit_sha":"x","prompts":{},"sessions":{"s_c9883b05a2487d":{"agent_id":{"tool":"cursor","id":"6ef2","model":"m"}}}}"#;
    made.git(&["notes", "--ref=ai", "add", "-m", text]);
    for _ in 0..2 {
        made.place.run(&["attribute"]).exits(0);
        let note = made.git(&["notes", "--ref=ai", "show"]);
        assert!(note.contains("  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-5\n"), "{note}");
        assert_eq!(note.matches("\"tool\": \"proofmark\"").count(), 2, "{note}");
    }
    made.trace("gcd.c:2").exits(3).says("tool cursor");
    ends_at_the_intent(&made.answer(&format!("gcd.c:{REPAIRED}"), 0), 1);
    // A note that can't be read is nobody's to overwrite.
    made.git(&["notes", "--ref=ai", "add", "-f", "-m", "not a log"]);
    made.place.run(&["attribute"]).exits(2).says("can't be added to");
    assert_eq!(made.git(&["notes", "--ref=ai", "show"]), "not a log");
}

#[test]
fn a_trailer_names_an_artifact_and_a_squash_keeps_it() {
    let made = Made::new();
    made.commit("gcd.c");
    made.place.write("mine.c", "int mine(void) {\n    return 42;\n}\n");
    made.git(&["add", "-A"]);
    made.git(&["commit", "-q", "-m", "mine"]);
    made.git(&["reset", "-q", "--soft", "HEAD~2"]);
    made.git(&["commit", "-q", "-m", &format!("both\n\nProofmark-Artifact: sha256:{}", made.artifact)]);
    let answer = made.answer(&format!("gcd.c:{REPAIRED}"), 0);
    ends_at_the_intent(&answer, 1);
    assert_eq!(answer["git"]["link"]["kind"], "trailer");
    made.trace("mine.c:2").exits(3).says("unknown");
}

#[test]
fn a_text_is_its_own_source_whatever_it_is_called() {
    let place = Place::new();
    std::fs::create_dir(place.path("answers")).unwrap();
    let text = "(module\n  (func $rest (param i32 i32) (result i32)\n    (i32.rem_u (local.get 0) (local.get 1)))\n  (func (export \"double\") (param i32) (result i64)\n    (i64.mul (i64.const 2) (i64.extend_i32_u (local.get 0)))))\n";
    place.write("answers/any.wat", text).write("contract.toml", crate::place::DOUBLE);
    place.write(
        ".proofmark/generators.toml",
        "generators = 1\n[generator.by-hand]\nkind = \"files\"\npath = \"../answers\"\n",
    );
    let making = ["make", "contract.toml", "--target", "wat", "--candidates", "1", "--output", "double.wasm"];
    place.run(&making).exits(0);
    for name in ["double.wasm", "double.wasm:double", "double.wasm:rest", "double.wasm:5", "double.wasm.mark"] {
        place.run(&["trace", name]).exits(0).says("files:by-hand").says("Twice the number.");
    }
    // In a work tree it is a file like any other, and the log has it.
    for arguments in [&["init", "-q"][..], &["add", "double.wasm"], &["commit", "-q", "-m", "double"]] {
        git(&place, arguments);
    }
    place.run(&["trace", "double.wasm:5"]).exits(0).says("found by").says("Twice the number.");
}

#[test]
fn an_artifact_that_was_not_made_here_has_its_contract_and_no_more() {
    use crate::place::{DOUBLE, doubling};
    let place = Place::new();
    place.write("contract.toml", DOUBLE).write("double.wat", doubling(""));
    place.run(&["check", "contract.toml", "double.wat", "--generator", "Ada"]).exits(0);
    for name in ["double.wat", "double.wat.mark", "double.wat:double"] {
        place.run(&["trace", name]).exits(3).says("it was not made here").says("Twice the number.").says("made by Ada");
    }
    place.write("broken.mark", "{}");
    place.run(&["trace", "broken.mark"]).exits(2).says("is not a mark");
    place.run(&["trace", "contract.toml:1"]).exits(2).says("in no git work tree");
    place.run(&["trace", "contract.toml"]).exits(2).says("a line of it can be traced").says("contract.toml:1");
}
