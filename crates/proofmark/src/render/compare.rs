//! How groups of artifacts that behave alike are shown, and the questions between them.

use std::path::PathBuf;

use proofmark_governor::behaviour;
use proofmark_mark::digest::Digest;
use serde_json::{Value, json};

use super::{line, safe, said};

/// What came of a comparison, with what its artifacts are called.
pub struct Compared<'a> {
    pub compared: &'a behaviour::Compared,
    pub paths: &'a [PathBuf],
    pub artifacts: &'a [Vec<u8>],
}

impl Compared<'_> {
    fn name(&self, place: usize) -> String {
        self.paths.get(place).map(|path| safe(&path.display().to_string())).unwrap_or_default()
    }

    fn digest(&self, place: usize) -> Option<Digest> {
        self.artifacts.get(place).map(|bytes| Digest::of(bytes))
    }
}

pub fn human(shown: &Compared<'_>) {
    let behaviour::Compared { inputs, groups, questions, left_out } = shown.compared;
    said(&match groups.len() {
        0 => "nothing could be compared".to_owned(),
        1 => format!("alike on {inputs} inputs"),
        count => format!("{count} behaviours on {inputs} inputs"),
    });
    for (nth, group) in (1..).zip(groups) {
        let names: Vec<String> = group.iter().map(|place| shown.name(*place)).collect();
        line(&format!("group {nth}"), &names.join(", "));
    }
    for (place, why) in left_out {
        line("left out", &format!("{}: {}", shown.name(*place), safe(why)));
    }
    for question in questions {
        let silent = if question.silent { " (of which the contract says nothing)" } else { "" };
        line("question", &format!("{}{silent}: which is right?", safe(&question.call)));
        for (nth, answer) in (1..).zip(&question.answers) {
            line("", &format!("group {nth}: {}", safe(answer)));
        }
    }
}

pub fn json(shown: &Compared<'_>) -> Value {
    let behaviour::Compared { inputs, groups, questions, left_out } = shown.compared;
    let artifact = |place: &usize| json!({ "path": shown.name(*place), "sha256": shown.digest(*place) });
    let groups: Vec<Value> = groups.iter().map(|group| group.iter().map(artifact).collect()).collect();
    let questions: Vec<Value> = questions
        .iter()
        .map(|question| json!({ "call": question.call, "answers": question.answers, "silent": question.silent }))
        .collect();
    let left_out: Vec<Value> =
        left_out.iter().map(|(place, why)| json!({ "artifact": artifact(place), "why": why })).collect();
    json!({ "inputs": inputs, "groups": groups, "questions": questions, "left_out": left_out })
}
