//! Vectors after the format's rules; known hashes; seeded noise.

use serde_json::json;

use super::*;

fn example() -> Value {
    json!({
        "version": "0.1.0",
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": "2026-01-23T14:30:00Z",
        "vcs": { "type": "git", "revision": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0" },
        "tool": { "name": "cursor", "version": "2.4.0" },
        "files": [{
            "path": "src/utils/parser.ts",
            "conversations": [{
                "url": "https://api.example.com/v1/conversations/12345",
                "contributor": { "type": "ai", "model_id": "anthropic/claude-opus-4-5-20251101" },
                "ranges": [
                    { "start_line": 42, "end_line": 67, "content_hash": "murmur3:9f2e8a1b" },
                    { "start_line": 70, "end_line": 70, "contributor": { "type": "human" } }
                ],
                "related": [{ "type": "session", "url": "https://api.example.com/v1/sessions/67890" }]
            }]
        }],
        "metadata": { "confidence": 0.95, "dev.cursor": { "workspace_id": "ws-abc123" } }
    })
}

fn parse(value: &Value) -> Result<Record, RecordError> {
    Record::parse(&serde_json::to_vec(value).unwrap())
}

#[test]
fn a_record_reads_as_it_is_written() {
    let record = parse(&example()).unwrap();
    assert_eq!(Record::parse(&record.to_line()).unwrap(), record);
    assert!(record.is_of("a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0") && !record.is_of("a1b2c3d4"));
    let kinds: Vec<_> = record.ranges().map(|(_, one, range)| one.contributor(range).unwrap().kind).collect();
    assert_eq!(kinds, [ContributorKind::Ai, ContributorKind::Human]);
    // The least that the format asks for.
    let least = json!({
        "version": "0.1.0", "id": "550e8400-e29b-41d4-a716-446655440000", "timestamp": "2026-01-25T10:00:00Z",
        "files": [{ "path": "src/app.ts", "conversations": [
            { "contributor": { "type": "ai" }, "ranges": [{ "start_line": 1, "end_line": 50 }] } ] }]
    });
    let record = parse(&least).unwrap();
    assert_eq!(serde_json::to_value(&record).unwrap(), least);
}

#[test]
fn anything_else_is_refused() {
    let edits: [(&str, Value); 12] = [
        ("/version", json!("2.0.0")),
        ("/version", json!("0.1.x")),
        ("/id", json!("550e8400")),
        ("/timestamp", json!("yesterday")),
        ("/vcs/type", json!("cvs")),
        ("/files/0/path", json!("../parser.ts")),
        ("/files/0/path", json!("/parser.ts")),
        ("/files/0/conversations/0/contributor/type", json!("robot")),
        ("/files/0/conversations/0/contributor/model_id", json!("m".repeat(251))),
        ("/files/0/conversations/0/ranges/0/start_line", json!(0)),
        ("/files/0/conversations/0/ranges/0/end_line", json!(41)),
        ("/files/0/conversations/0/ranges", json!(vec![json!({ "start_line": 1, "end_line": 1 }); RANGES_MAX + 1])),
    ];
    for (place, value) in edits {
        let mut wrong = example();
        *wrong.pointer_mut(place).unwrap() = value;
        assert!(parse(&wrong).is_err(), "{place}");
    }
    for missing in ["version", "id", "timestamp", "files"] {
        let mut wrong = example();
        wrong.as_object_mut().unwrap().remove(missing);
        assert!(parse(&wrong).is_err(), "{missing}");
    }
    assert!(matches!(Record::parse(&vec![b' '; RECORD_BYTES_MAX + 1]), Err(RecordError::Size(_))));
}

#[test]
fn a_line_that_is_no_record_hides_no_other() {
    let line = parse(&example()).unwrap().to_line();
    let (found, wrong) = records(&[line.as_slice(), b"{}\n\n", &line].concat());
    assert_eq!(found.len(), 2);
    assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
}

#[test]
fn the_same_record_has_the_same_id_at_any_time() {
    let files = parse(&example()).unwrap().files;
    let make =
        |second, revision| Record::new(Timestamp::from_second(second).unwrap(), revision, files.clone(), Map::new());
    let one = make(1_800_000_000, "aa");
    assert_eq!(Record::parse(&one.to_line()).unwrap(), one);
    assert_eq!(one.id, make(1_900_000_000, "aa").id);
    assert_ne!(one.id, make(1_800_000_000, "bb").id);
    assert_eq!((one.id.as_bytes()[14], one.id.len()), (b'8', 36));
}

#[test]
fn hashes_are_the_known_ones() {
    // SMHasher's and Wikipedia's vectors for seed 0.
    let known: [(&[u8], u32); 4] = [
        (b"", 0),
        (b"test", 0xba6b_d213),
        (b"Hello, world!", 0xc036_3e43),
        (b"The quick brown fox jumps over the lazy dog", 0x2e4f_f723),
    ];
    for (bytes, hash) in known {
        assert_eq!(murmur3(bytes), hash, "{bytes:?}");
    }
    assert_eq!(is_hash_of("murmur3:ba6bd213", &[b"test"]), Some(true));
    assert_eq!(is_hash_of(&content_hash(&[b"a", b"b"]), &[b"a", b"b"]), Some(true));
    assert_eq!(is_hash_of(&format!("sha256:{}", Digest::of(b"a\nb")), &[b"a", b"b"]), Some(true));
    assert_eq!(is_hash_of(&content_hash(&[b"a", b"b"]), &[b"a", b"c"]), Some(false));
    assert_eq!(is_hash_of("blake3:00", &[b"a"]), None);
    assert_eq!(is_hash_of("test", &[b"a"]), None);
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(at in 0..300_usize, byte: u8, bytes: Vec<u8>) {
        let mut line = parse(&example()).unwrap().to_line();
        line[at] = byte;
        let _ = Record::parse(&line);
        let _ = records(&bytes);
        let _ = murmur3(&bytes);
    }
}
