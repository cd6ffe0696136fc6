//! The scoreboard over a home whose log holds checks of the binary and tries that were recorded as `make` records them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_governor::home::Home;
use proofmark_governor::provenance::{Try, of, record};
use proofmark_mark::digest::Digest;
use proofmark_mark::provenance::{External, Internal, Outcome, Spent};

use crate::place::{DOUBLE, Place, doubling};

/// A try of one model; its artifact is one that was checked before.
struct Tried<'a> {
    model: &'a str,
    run: &'a str,
    candidate: u64,
    repairs: u64,
    outcome: Outcome,
    artifact: Option<Digest>,
    second: i64,
}

const BEGAN: i64 = 1_800_000_000;

fn recorded(place: &Place, tries: &[Tried<'_>]) {
    let mut home = Home::open(&place.path(".proofmark")).unwrap();
    let contract = Contract::parse(DOUBLE).unwrap();
    for one in tries {
        let external = External {
            contract: contract.digest,
            operator: "ada".to_owned(),
            generator: one.model.to_owned(),
            kind: "openai".to_owned(),
            endpoint: None,
            target: "c".to_owned(),
            parameters: BTreeMap::new(),
        };
        let spent = Spent { requests: 1, input_tokens: 412, output_tokens: 96, money_micros: 1300, milliseconds: 4210 };
        let internal = Internal {
            candidate: one.candidate,
            repairs: one.repairs,
            repairs_of: vec!["half of it is the number".to_owned()],
            outcome: one.outcome,
            reason: None,
            reproducible: None,
            model: None,
            fingerprint: None,
            spent,
        };
        let time = Timestamp::from_second(one.second).unwrap();
        let made = Try {
            external,
            internal,
            invocation: one.run.to_owned(),
            started: time,
            finished: time,
            prompt: b"Write double.".to_vec(),
            reply: None,
            sources: Vec::new(),
            log: None,
            toolchain: None,
            parent: None,
        };
        let provenance = of(&home, made).unwrap();
        record(&mut home, &contract, one.artifact, &provenance).unwrap();
    }
}

/// A right, a wrong and a trapping artifact, each checked once as one that somebody gave.
fn checked(place: &Place, generator: &str) -> [Digest; 3] {
    let rarely = |what: &str| doubling(&format!("(if (i32.gt_u (local.get $n) (i32.const 1000)) (then {what}))"));
    let artifacts = [doubling(""), rarely("(return (i64.const 7))"), rarely("(unreachable)")];
    place.write("contract.toml", DOUBLE);
    for (artifact, code) in artifacts.iter().zip([0, 1, 1]) {
        place.write("artifact.wat", artifact);
        place.run(&["check", "contract.toml", "artifact.wat", "--generator", generator]).exits(code);
    }
    artifacts.map(|artifact| Digest::of(artifact.as_bytes()))
}

/// Five candidates of one model and two of another, and three artifacts that somebody gave.
fn place() -> Place {
    let place = Place::new();
    let [right, wrong, traps] = checked(&place, "somebody");
    let one = |candidate, repairs, outcome, artifact| Tried {
        model: "coder-1.5b",
        run: "first",
        candidate,
        repairs,
        outcome,
        artifact,
        second: BEGAN,
    };
    recorded(
        &place,
        &[
            one(1, 0, Outcome::Built, Some(right)),
            one(2, 0, Outcome::NotBuilt, None),
            one(2, 1, Outcome::Built, Some(wrong)),
            one(2, 2, Outcome::Built, Some(right)),
            one(3, 0, Outcome::Built, Some(wrong)),
            one(3, 1, Outcome::Built, Some(traps)),
            one(4, 0, Outcome::Built, Some(right)),
            one(5, 0, Outcome::Built, Some(right)),
            Tried { model: "tiny", run: "second", second: BEGAN + 100, ..one(1, 0, Outcome::NoCode, None) },
            Tried { model: "tiny", run: "second", second: BEGAN + 100, ..one(2, 0, Outcome::NoReply, None) },
        ],
    );
    place
}

#[test]
fn the_table_says_who_is_marked_how_often_and_at_what_cost() {
    let place = place();
    let table = place.run(&["models"]).exits(0).stdout;
    assert_eq!(table, TABLE);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let by_model = place.run(&["models", "--by", "model"]).exits(0).stdout;
    assert!(by_model.contains("\ncoder-1.5b    4/5   60 [23–89]   80 [37–97]"), "{by_model}");
    let all = place.run(&["models", "--by", "target"]).exits(0).stdout;
    assert!(all.contains("\nc          4/7") && all.contains("\nunknown    1/3"), "{all}");
}

const TABLE: &str = "                   % marked                  a mark:
  contract  marks  first try    repaired     tokens    s   money  most often
coder-1.5b
  scalars     4/5   60 [23–89]   80 [37–97]    1016  8.4  0.0026  2 wrong
somebody
  scalars     1/3   33 [6–80]    33 [6–80]        –    –       –  1 traps
tiny
  scalars     0/2    0 [0–66]     0 [0–66]        –    –       –  1 no reply

[ ] holds the true share in 95 of 100 cases. What a mark costs is all that was
spent, failures too, for each mark; known of candidates that `make` asked for.
";

#[test]
fn the_json_is_complete_and_the_same_bytes() {
    let place = place();
    let arguments = ["--format", "json", "models", "--by", "model,kind,target"];
    let first = place.run(&arguments).exits(0);
    let body = first.json();
    assert_eq!((&body["command"], &body["size"]), (&"models".into(), &34.into()));
    assert_eq!(body["by"], serde_json::json!(["model", "kind", "target"]));
    let groups = body["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| (&group["model"], &group["kind"], &group["target"])).collect();
    let name = |model: &str, target: &str| (model.into(), "scalars".into(), target.into());
    let wanted: [(serde_json::Value, serde_json::Value, serde_json::Value); 3] =
        [name("coder-1.5b", "c"), name("somebody", "unknown"), name("tiny", "c")];
    assert_eq!(names, wanted.iter().map(|(model, kind, target)| (model, kind, target)).collect::<Vec<_>>());
    let coder = &groups[0];
    assert_eq!(
        coder["first_try"],
        serde_json::json!({ "marked": 3, "of": 5, "ppm": 600_000, "low_ppm": 230_724, "high_ppm": 882_380 })
    );
    assert_eq!((&coder["tries"], &coder["same_artifact"]), (&8.into(), &7.into()));
    assert_eq!(coder["false_steps"], serde_json::json!({ "does-not-build": 1, "traps": 1, "wrong": 2 }));
    assert_eq!(
        (&coder["costs"]["tokens"]["sum"], &coder["costs"]["tokens"]["per_mark_milli"]),
        (&4064.into(), &1_016_000.into())
    );
    assert_eq!(groups[1]["costs"]["tokens"]["per_mark_milli"], serde_json::Value::Null);
    assert_eq!(
        groups[2]["costs"]["tokens"],
        serde_json::json!({ "sum": 1016, "per_mark_milli": null, "low_milli": null, "high_milli": null })
    );
    assert_eq!(place.run(&arguments).stdout, first.stdout);
    for secret in ["half of it", "double(", "contract.toml"] {
        assert!(!first.stdout.contains(secret), "{secret}: {}", first.stdout);
    }
}

#[test]
fn only_what_began_since_is_counted() {
    let place = place();
    let since = |time: &str| place.run(&["--format", "json", "models", "--by", "model", "--since", time]);
    let models = |time: &str| -> Vec<String> {
        let body = since(time).exits(0).json();
        let groups = body["groups"].as_array().unwrap();
        groups.iter().map(|group| group["model"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(models("2027-01-15T08:00:00Z"), ["coder-1.5b", "tiny"]);
    assert_eq!(models("2027-01-15T08:01:40Z"), ["tiny"]);
    assert_eq!(models("1h").len(), 3);
    assert!(models("2999-01-01T00:00:00Z").is_empty());
    since("yesterday").exits(2).says("neither a time nor a duration");
    place.run(&["models", "--since", "2999-01-01T00:00:00Z"]).exits(0).says("no candidate is in the log");
    place.run(&["models", "--by", "colour"]).exits(2);
}

/// The names of the elements of an XML document, and all its text. Fails where it is not well formed.
fn xml(document: &str) -> (Vec<String>, String) {
    let (mut names, mut open, mut text) = (Vec::new(), Vec::new(), String::new());
    let mut rest = document;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(&unescaped(before));
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{tag}");
            continue;
        }
        let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()), "{tag}");
        while !attributes.trim_start().is_empty() {
            let (attribute, value) = attributes.trim_start().split_once("=\"").unwrap();
            assert!(attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{tag}");
            let (value, more) = value.split_once('"').unwrap();
            unescaped(value);
            attributes = more;
        }
        names.push(name.to_owned());
        if !is_closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    (names, text)
}

fn unescaped(text: &str) -> String {
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').unwrap();
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => panic!("&{name}; is no entity of XML"),
        };
        plain.push(character);
        plain.push_str(rest);
    }
    plain
}

#[test]
fn the_plot_is_whole_and_shows_every_model() {
    let place = place();
    place.run(&["models", "--plot", "board.svg"]).exits(0).says("board.svg");
    let (names, text) = xml(&String::from_utf8(place.read("board.svg")).unwrap());
    let count = |name: &str| names.iter().filter(|known| *known == name).count();
    // A dot and a diamond of the legend, and of each of three groups.
    assert_eq!((count("svg"), count("circle"), count("path")), (1, 4, 4));
    for shown in ["coder-1.5b", "somebody", "tiny", "4 of 5", "0 of 2", "60 [23–89] %", "100 %"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    place.run(&["models", "--plot", "nowhere/board.svg"]).exits(2).says("nowhere");
    // A board of nothing is a picture too.
    place.run(&["models", "--since", "2999-01-01T00:00:00Z", "--plot", "empty.svg"]).exits(0);
    xml(&String::from_utf8(place.read("empty.svg")).unwrap());
}

#[test]
fn names_steer_neither_a_terminal_nor_a_picture() {
    let place = Place::new();
    let names = ["\u{1b}[2J\u{202e}<script>alert(1)</script>&amp;\"'", "]]>--><!-- \u{fffe}", &"long ".repeat(40)];
    let tries: Vec<Tried<'_>> = names
        .iter()
        .map(|model| Tried {
            model,
            run: "first",
            candidate: 1,
            repairs: 0,
            outcome: Outcome::NoCode,
            artifact: None,
            second: BEGAN,
        })
        .collect();
    recorded(&place, &tries);
    for by in ["model", "model,kind", "target", "model,kind,target"] {
        let ran = place.run(&["models", "--by", by, "--plot", "board.svg"]).exits(0);
        assert!(!ran.all().contains(['\u{1b}', '\u{202e}']), "{by}: {}", ran.all());
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
        let svg = String::from_utf8(place.read("board.svg")).unwrap();
        let (elements, text) = xml(&svg);
        assert!(!elements.iter().any(|element| element == "script"), "{by}");
        assert!(!svg.contains(['\u{1b}', '\u{202e}', '\u{fffe}']), "{by}");
        assert_eq!(by.contains("model"), text.contains("<script>alert(1)</script>"), "{by}: {text}");
    }
    let body = place.run(&["--format", "json", "models"]).exits(0);
    assert!(!body.stdout.contains('\u{1b}'), "{}", body.stdout);
    assert_eq!(body.json()["groups"].as_array().unwrap().len(), 3);
}
