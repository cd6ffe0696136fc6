//! Vectors after the standard's rules; seeded noise.

use super::*;

/// After the standard's examples: sessions, a person and an old prompt in one note.
const MIXED: &str = r#"src/main.rs
  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15-20
  h_31dce776f88375 25
"src/my file.rs"
  abcd1234abcd1234 1-50
---
{
  "schema_version": "authorship/3.0.0",
  "git_ai_version": "1.4.5",
  "base_commit_sha": "7734793b756b3921c88db5375a8c156e9532447b",
  "prompts": {
    "abcd1234abcd1234": {
      "agent_id": { "tool": "cursor", "id": "old", "model": "gpt-4" },
      "human_author": "Ada <ada@example.com>",
      "total_additions": 50,
      "total_deletions": 0,
      "accepted_lines": 50,
      "overriden_lines": 0
    }
  },
  "humans": { "h_31dce776f88375": { "author": "Ada <ada@example.com>" } },
  "sessions": {
    "s_c9883b05a2487d": {
      "agent_id": { "tool": "claude", "id": "conv_abc123", "model": "claude-sonnet-4-5" },
      "custom_attributes": { "team": "backend" }
    }
  }
}"#;

fn model<'a>(log: &'a AuthorshipLog, path: &'a str, line: u32) -> Vec<&'a str> {
    let name = |author| match author {
        Author::Session(session) => session.agent_id.model.as_str(),
        Author::Human(human) => human.author.as_str(),
    };
    log.authors(path, line).map(name).collect()
}

#[test]
fn every_kind_of_author_is_found_by_file_and_line() {
    let log = AuthorshipLog::parse(MIXED.as_bytes()).unwrap();
    assert_eq!(model(&log, "src/main.rs", 15), ["claude-sonnet-4-5"]);
    assert_eq!(model(&log, "src/main.rs", 25), ["Ada <ada@example.com>"]);
    assert_eq!(model(&log, "src/my file.rs", 50), ["gpt-4"]);
    for (path, line) in [("src/main.rs", 11), ("src/main.rs", 0), ("src/my file.rs", 51), ("src", 1)] {
        assert!(model(&log, path, line).is_empty(), "{path}:{line}");
    }
}

#[test]
fn what_is_written_is_read_and_nothing_is_lost() {
    let log = AuthorshipLog::parse(MIXED.as_bytes()).unwrap();
    let bytes = log.to_bytes();
    assert_eq!(AuthorshipLog::parse(&bytes).unwrap(), log);
    let text = String::from_utf8(bytes).unwrap();
    for part in
        ["\"src/my file.rs\"\n  abcd1234abcd1234 1-50\n---\n{\n", "\"total_additions\": 50", "\"team\": \"backend\""]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn keys_are_derived_as_the_standard_says() {
    // SHA-256 of `cursor:6ef2299e`, the first 14 digits.
    let wanted = Digest::of(b"cursor:6ef2299e").to_string();
    let Key::Session { session, trace } = Key::session("cursor", "6ef2299e", &[b"one"]) else { panic!() };
    assert_eq!(session, format!("s_{}", &wanted[..14]));
    assert_eq!(Key::parse(&format!("{session}::{trace}")).unwrap().to_string(), format!("{session}::{trace}"));
    assert_ne!(Key::session("cursor", "6ef2299e", &[b"two"]).to_string(), format!("{session}::{trace}"));
}

#[test]
fn a_tools_own_sessions_can_be_written_anew_beside_those_of_others() {
    let mut log = AuthorshipLog::parse(MIXED.as_bytes()).unwrap();
    let agent_id = AgentId { tool: "proofmark".to_owned(), id: "x".to_owned(), model: "m".to_owned() };
    let session = Session { agent_id, human_author: None, custom_attributes: None, rest: Map::new() };
    let key = Key::session("proofmark", "x", &[b"one"]);
    log.attest("src/main.rs", key.clone(), &session, "30-31".parse().unwrap());
    log.attest("src/new.c", key, &session, "1".parse().unwrap());
    let read = AuthorshipLog::parse(&log.to_bytes()).unwrap();
    assert_eq!(model(&read, "src/new.c", 1), ["m"]);
    assert_eq!(model(&read, "src/main.rs", 1), ["claude-sonnet-4-5"]);
    log.forget("proofmark");
    assert_eq!(log, AuthorshipLog::parse(MIXED.as_bytes()).unwrap());
}

#[test]
fn anything_else_is_refused() {
    let entry = "  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15-20";
    let wrong = [
        MIXED.replace("\n---\n", "\n--- \n"),
        MIXED.replace("authorship/3.0.0", "authorship/4.0.0"),
        MIXED.replace(entry, &entry.replace("1-10", "0-10")),
        MIXED.replace(entry, &entry.replace("1-10,15-20", "15-20,1-10")),
        MIXED.replace(entry, &entry.replace("::t_9f8e7d6c5b4a32", "")),
        MIXED.replace(entry, &entry.replace("s_c9883b05a2487d", "s_c9883b05a2487e")),
        MIXED.replace(entry, &entry.replace("  s_", " s_")),
        MIXED.replace("src/main.rs", "/src/main.rs"),
        MIXED.replace("src/main.rs", "src/../main.rs"),
        MIXED.replace("\"src/my file.rs\"", "src/main.rs"),
        MIXED.replace("\"base_commit_sha\"", "\"base\""),
        MIXED.replacen("src/main.rs\n", "", 1),
        "---\n".to_owned(),
        String::new(),
    ];
    for wrong in wrong {
        assert!(AuthorshipLog::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(AuthorshipLog::parse(&[0xff, b'\n']).is_err());
    assert!(matches!(AuthorshipLog::parse(&vec![b'x'; NOTE_BYTES_MAX + 1]), Err(LogError::Size(_))));
}

#[test]
fn a_note_of_many_files_takes_no_quadratic_time() {
    let files: String = (0..ENTRIES_MAX + 1).map(|at| format!("f{at}\n")).collect();
    let tail = MIXED.split_once("---\n").unwrap().1;
    assert!(matches!(AuthorshipLog::parse(format!("{files}---\n{tail}").as_bytes()), Err(LogError::Line { .. })));
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(at in 0..MIXED.len(), byte: u8, head in "[a-z\"/ _:0-9,\n-]{0,80}") {
        let mut bytes = MIXED.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = AuthorshipLog::parse(&bytes);
        let _ = AuthorshipLog::parse(&bytes[..at]);
        if let Ok(log) = AuthorshipLog::parse(format!("{head}\n---\n{}", MIXED.split_once("---\n").unwrap().1).as_bytes()) {
            assert_eq!(AuthorshipLog::parse(&log.to_bytes()).unwrap(), log);
        }
    }
}
