//! Real histories: committed, renamed, rebased, amended, squashed, edited.

use super::*;
use crate::git::rig::Rig;
use crate::git_ai::{AgentId, Key, Session};

const GCD: &str = "#include <stdint.h>\n\nstatic uint32_t step(uint32_t a, uint32_t b) {\n    return b == 0 ? a : a % b;\n}\n\nuint32_t gcd(uint32_t a, uint32_t b) {\n    while (b != 0) {\n        uint32_t rest = step(a, b);\n        a = b;\n        b = rest;\n    }\n    return a;\n}\n";

fn source() -> Source {
    Source { subject: Digest([7; 32]), path: "gcd.c".to_owned(), text: GCD.as_bytes().to_vec() }
}

/// How each line of a file of HEAD was found, from where it was written.
fn asked(rig: &Rig, path: &str, line: u32, sources: &[Source]) -> Option<Attribution> {
    let repository = rig.open();
    let head = repository.commit_named("HEAD").unwrap();
    let place = repository.place(head, path, line).unwrap().unwrap();
    let origin = repository.origin(place).unwrap().place;
    let bytes = repository.blob(origin.blob).unwrap();
    let lines = [origin.line].into_iter().collect();
    let asked = Asked { commit: Some((&origin.commit, origin.blob)), path: &origin.path, bytes: &bytes, lines: &lines };
    let said = attribute(&repository, &asked, &Records::of(rig.path()), sources).unwrap();
    let at = origin.line as usize - 1;
    said[at].clone().or_else(|| known(&asked, sources)[at].clone())
}

fn note_all(rig: &Rig, commit: &str, path: &str, lines: &str) {
    let mut log = AuthorshipLog::new(commit);
    let id = format!("{PREFIX}{}", Digest([7; 32]));
    let agent_id = AgentId { tool: TOOL.to_owned(), id: id.clone(), model: "coder".to_owned() };
    let session = Session { agent_id, human_author: None, custom_attributes: None, rest: serde_json::Map::new() };
    log.attest(path, Key::session(TOOL, &id, &[b"1"]), &session, lines.parse().unwrap());
    let about = ObjectId::from_hex(commit.as_bytes()).unwrap();
    rig.open().write_note(NOTES_REF, about, &log.to_bytes(), "Proofmark <p@example.com>", 1_800_000_000).unwrap();
}

/// A file written by the model in one commit, with a note, and a file of a person before it.
fn history() -> (Rig, String) {
    let mut rig = Rig::new();
    rig.write("README", "hello\n");
    rig.commit("base");
    rig.write("src/gcd.c", GCD);
    let commit = rig.commit("gcd");
    note_all(&rig, &commit, "src/gcd.c", "1-14");
    (rig, commit)
}

#[test]
fn a_note_speaks_of_its_own_commit_also_after_a_rename() {
    let (mut rig, _) = history();
    assert_eq!(asked(&rig, "src/gcd.c", 9, &[]).unwrap().how, How::Note);
    rig.git(&["mv", "src/gcd.c", "lib.c"]);
    rig.commit("rename");
    let found = asked(&rig, "lib.c", 9, &[]).unwrap();
    assert_eq!(found.how, How::Note);
    assert_eq!(found.said[0].subject, Some(Digest([7; 32])));
    assert_eq!(found.said[0].model.as_deref(), Some("coder"));
}

#[test]
fn a_line_that_a_person_changed_is_not_the_models() {
    let (mut rig, _) = history();
    rig.write("src/gcd.c", GCD.replace("a = b;", "a = b; // swap"));
    rig.commit("comment");
    assert_eq!(asked(&rig, "src/gcd.c", 10, &[source()]), None);
    assert_eq!(asked(&rig, "src/gcd.c", 9, &[source()]).unwrap().how, How::Note);
}

#[test]
fn after_a_rebase_the_old_note_is_found_by_its_patch_or_its_file() {
    let (mut rig, old) = history();
    rig.git(&["checkout", "-q", "-b", "feature"]);
    rig.git(&["checkout", "-q", "main"]);
    rig.git(&["reset", "-q", "--hard", "HEAD~1"]);
    rig.write("other", "more\n");
    rig.commit("main goes on");
    rig.git(&["checkout", "-q", "feature"]);
    rig.git(&["rebase", "-q", "main"]);
    assert_ne!(rig.git(&["rev-parse", "HEAD"]), old);
    let about = ObjectId::from_hex(old.as_bytes()).unwrap();
    assert_eq!(asked(&rig, "src/gcd.c", 9, &[]).unwrap().how, How::RewrittenNote(about, By::Blob));

    // And where main changed another part of the same file.
    let mut rig = Rig::new();
    let head = "int version(void) {\n    return 1;\n}\n\n";
    rig.write("gcd.c", head);
    rig.commit("base");
    rig.git(&["checkout", "-q", "-b", "feature"]);
    rig.write("gcd.c", format!("{head}{GCD}"));
    let old = rig.commit("gcd");
    note_all(&rig, &old, "gcd.c", "5-18");
    rig.git(&["checkout", "-q", "main"]);
    rig.write("gcd.c", head.replace("return 1", "int a = 1;\n    return a"));
    rig.commit("main goes on");
    rig.git(&["checkout", "-q", "feature"]);
    rig.git(&["rebase", "-q", "main"]);
    let about = ObjectId::from_hex(old.as_bytes()).unwrap();
    assert_eq!(asked(&rig, "gcd.c", 14, &[]).unwrap().how, How::RewrittenNote(about, By::Patch));
    assert_eq!(asked(&rig, "gcd.c", 3, &[]), None, "main's own line");
}

#[test]
fn after_a_squash_with_a_persons_lines_the_models_are_found_by_their_function() {
    let (mut rig, old) = history();
    rig.write("src/gcd.c", format!("{GCD}\nint mine(void) {{\n    return 42;\n}}\n"));
    rig.commit("mine");
    rig.git(&["reset", "-q", "--soft", "HEAD~2"]);
    rig.git(&["commit", "-q", "-m", "squashed"]);
    let about = ObjectId::from_hex(old.as_bytes()).unwrap();
    assert_eq!(asked(&rig, "src/gcd.c", 9, &[]).unwrap().how, How::RewrittenNote(about, By::Function));
    assert_eq!(asked(&rig, "src/gcd.c", 17, &[source()]), None, "the person's own function");
}

#[test]
fn after_an_amend_only_what_is_still_there_is_the_models() {
    let (mut rig, _) = history();
    rig.write("src/gcd.c", GCD.replace("uint32_t rest = step(a, b);", "uint32_t rest = a % b;"));
    rig.git(&["add", "-A"]);
    rig.git(&["commit", "-q", "--amend", "-m", "gcd, by hand"]);
    assert!(matches!(asked(&rig, "src/gcd.c", 10, &[]).unwrap().how, How::RewrittenNote(_, By::Function)));
    assert_eq!(asked(&rig, "src/gcd.c", 9, &[source()]), None);
}

#[test]
fn without_any_note_the_log_itself_is_asked() {
    let mut rig = Rig::new();
    rig.write("x.c", GCD);
    rig.commit("gcd");
    let other =
        Source { text: b"int other(void) {\n    return 12345;\n}\n".to_vec(), subject: Digest([8; 32]), ..source() };
    let found = asked(&rig, "x.c", 9, &[other.clone(), source()]).unwrap();
    assert_eq!(found.how, How::Log);
    assert_eq!(found.said.iter().map(|said| said.subject.unwrap()).collect::<Vec<_>>(), [Digest([7; 32])]);
    assert_eq!(asked(&rig, "x.c", 9, &[other]), None);
}

#[test]
fn a_trailer_names_the_artifact_and_its_source_must_have_the_line() {
    let mut rig = Rig::new();
    rig.write("x.c", GCD.replace("a = b;", "a = b; // by hand"));
    rig.commit(&format!("gcd\n\nbody\n\nproofmark-artifact: sha256:{}\nSigned-off-by: Ada", Digest([7; 32])));
    assert_eq!(asked(&rig, "x.c", 9, &[source()]).unwrap().how, How::Trailer);
    assert_eq!(asked(&rig, "x.c", 10, &[source()]), None);
    assert_eq!(asked(&rig, "x.c", 9, &[]), None, "a log that does not know the artifact confirms nothing");
    let named = |message: &str| trailer_digests(message.as_bytes()).len();
    assert_eq!(named(&format!("{TRAILER}: sha256:{}", "ab".repeat(32))), 1);
    assert_eq!(named(&format!("one\n\n{TRAILER}: sha256:{}\n\nnot the last paragraph", "ab".repeat(32))), 0);
    assert_eq!(named(&format!("{TRAILER}: sha256:ab")), 0);
}

#[test]
fn records_are_found_by_commit_and_by_hash() {
    let mut rig = Rig::new();
    rig.write("x.c", GCD);
    let commit = rig.commit("gcd");
    let lines = split(GCD.as_bytes());
    let range = |start: u32, end: u32, hash: bool| Range {
        start_line: start,
        end_line: end,
        content_hash: hash.then(|| agent_trace::content_hash(&lines[start as usize - 1..end as usize])),
        contributor: None,
    };
    let record = |revision: &str, ranges| {
        let contributor = agent_trace::Contributor { kind: ContributorKind::Ai, model_id: Some("a/coder".to_owned()) };
        let url = Some(link_of_digest(&Digest([7; 32])));
        let conversation = Conversation { url, contributor: Some(contributor), ranges, related: Vec::new() };
        let file = agent_trace::File { path: "x.c".to_owned(), conversations: vec![conversation] };
        Record::new(jiff::Timestamp::UNIX_EPOCH, revision, vec![file], serde_json::Map::new())
    };
    let one = record(&commit, vec![range(3, 5, false)]);
    rig.write(agent_trace::RECORDS, one.to_line());
    let found = asked(&rig, "x.c", 4, &[]).unwrap();
    assert_eq!(found.how, How::Record(one.id));
    assert_eq!(found.said[0].subject, Some(Digest([7; 32])));
    assert_eq!(asked(&rig, "x.c", 9, &[]), None);
    // A revision that is gone, lines that moved.
    let gone = record(&"1".repeat(40), vec![range(7, 14, true)]);
    rig.write(agent_trace::RECORDS, [b"not a record\n".to_vec(), gone.to_line()].concat());
    rig.write("x.c", format!("// a person's first line\n{GCD}"));
    rig.commit("moved");
    assert!(matches!(asked(&rig, "x.c", 10, &[]).unwrap().how, How::Hash { algorithm, .. } if algorithm == "sha256"));
    assert_eq!(asked(&rig, "x.c", 4, &[]), None);
    assert_eq!(Records::of(rig.path()).wrong, 1);
}

#[test]
fn notes_of_other_tools_and_of_people_are_told_as_they_are() {
    let mut rig = Rig::new();
    rig.write("x.c", GCD);
    let commit = rig.commit("gcd");
    let text = r#"x.c
  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-5
  h_31dce776f88375 6-8
---
{"schema_version":"authorship/3.0.0","base_commit_sha":"x","prompts":{},
"humans":{"h_31dce776f88375":{"author":"Ada <ada@example.com>"}},
"sessions":{"s_c9883b05a2487d":{"agent_id":{"tool":"cursor","id":"6ef2","model":"m"}}}}"#;
    rig.git(&["notes", "--ref=ai", "add", "-m", text, &commit]);
    let tool = asked(&rig, "x.c", 2, &[]).unwrap().said;
    assert_eq!((tool[0].tool.as_deref(), tool[0].subject), (Some("cursor"), None));
    assert_eq!(asked(&rig, "x.c", 7, &[]).unwrap().said[0].person.as_deref(), Some("Ada <ada@example.com>"));
    assert_eq!(asked(&rig, "x.c", 9, &[]), None);
}
