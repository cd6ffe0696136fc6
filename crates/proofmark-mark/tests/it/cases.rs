//! Marks that are wrong in one place each, with the code of their refusal. They are also the vectors of `vectors/`.

use proofmark_mark::checkpoint::Checkpoint;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Outcome;
use proofmark_mark::mark::Mark;
use proofmark_mark::note::Note;
use proofmark_mark::provenance::Provenance;
use proofmark_mark::statement::Statement;
use proofmark_mark::submission::Autonomy;
use proofmark_mark::verdict::{OnDeparture, VerificationResult};

use crate::builder::{Order, Recipe, Signers, log, time};

pub struct Case {
    pub name: &'static str,
    pub mark: Vec<u8>,
    pub expect: &'static str,
}

fn usual() -> Signers {
    Recipe::default().signers
}

/// Every wrong mark.
pub fn wrong() -> Vec<Case> {
    let mut cases = spelled();
    let made = [checkpoints(), proofs(), statements(), provenance(), evidence(), verdicts(), grants()];
    cases.extend(made.into_iter().flatten().map(|(name, expect, recipe)| Case { name, expect, mark: recipe.bytes() }));
    cases
}

/// Right content in a wrong spelling.
fn spelled() -> Vec<Case> {
    let mark = Recipe::default().make();
    let text = String::from_utf8(mark.to_bytes()).unwrap();
    let compact = serde_json::to_string(&mark).unwrap();
    let first_line = text.lines().nth(1).unwrap();
    let wrong = [
        ("empty", String::new()),
        ("not JSON", "mark".to_owned()),
        ("compact JSON", format!("{compact}\n")),
        ("no final newline", text.trim_end().to_owned()),
        ("two final newlines", format!("{text}\n")),
        ("CRLF", text.replace('\n', "\r\n")),
        ("escaped letter", text.replacen("Nothing", "\\u004eothing", 1)),
        ("unknown field", text.replacen(first_line, &format!("{first_line}\n  \"extra\": 1,"), 1)),
        ("field twice", text.replacen(first_line, &format!("{first_line}\n{first_line}"), 1)),
        ("version 2", text.replacen("\"mark\": 1", "\"mark\": 2", 1)),
        ("version as a string", text.replacen("\"mark\": 1", "\"mark\": \"1\"", 1)),
        ("upper-case digest", {
            let digest = mark.artifact.to_string();
            text.replacen(&digest, &digest.to_uppercase(), 1)
        }),
        ("byte order mark", format!("\u{feff}{text}")),
    ];
    wrong.into_iter().map(|(name, text)| Case { name, expect: "malformed", mark: text.into_bytes() }).collect()
}

type Wrong = (&'static str, &'static str, Recipe);

/// What is wrong with where the artifact comes from.
fn provenance() -> Vec<Wrong> {
    let with = |change: fn(&mut Statement<Provenance>)| Recipe { provenance: Some(change), ..Recipe::default() };
    let altered = |mark: fn(&mut Mark)| Recipe { provenance: Some(|_| {}), mark, ..Recipe::default() };
    let signers = Signers { provenance: 9, ..usual() };
    vec![
        ("provenance by an unknown governor", "signature", Recipe { signers, ..with(|_| {}) }),
        ("provenance of another artifact", "disagreement", with(|one| one.artifact = Digest([1; 32]))),
        ("provenance under another name", "disagreement", with(|one| one.name = "other".to_owned())),
        (
            "provenance for another contract",
            "disagreement",
            with(|one| one.predicate.build_definition.external_parameters.contract = Digest([1; 32])),
        ),
        (
            "provenance of another generator",
            "disagreement",
            with(|one| one.predicate.build_definition.external_parameters.generator = "other".to_owned()),
        ),
        (
            "provenance at another place in the log",
            "inclusion",
            altered(|mark| mark.provenance.as_mut().unwrap().index = 3),
        ),
        (
            "evidence in the place of provenance",
            "statement",
            altered(|mark| mark.provenance = Some(mark.evidence[0].clone())),
        ),
    ]
}

/// What is wrong with checkpoints.
fn checkpoints() -> Vec<Wrong> {
    let with = |mark: fn(&mut Mark)| Recipe { mark, ..Recipe::default() };
    vec![
        ("checkpoint by an unknown log", "log", Recipe { signers: Signers { log: 3, ..usual() }, ..Recipe::default() }),
        (
            "challenge checkpoint by an unknown log",
            "log",
            Recipe { signers: Signers { challenge_log: 3, ..usual() }, ..Recipe::default() },
        ),
        (
            "checkpoint with a second signature",
            "log",
            with(|mark| {
                let line = "— example.com/witness AAAAAAAA\n";
                mark.checkpoint.push_str(line);
            }),
        ),
        (
            "checkpoint with no signature",
            "log",
            with(|mark| {
                let text = mark.checkpoint.rfind("— ").unwrap();
                mark.checkpoint.truncate(text);
            }),
        ),
        (
            "checkpoint with another size",
            "log",
            with(|mark| mark.checkpoint = mark.checkpoint.replacen("\n7\n", "\n8\n", 1)),
        ),
        (
            "checkpoint with an extension line",
            "log",
            with(|mark| {
                let checkpoint = Note::parse(mark.checkpoint.as_bytes()).unwrap();
                let text = format!("{}extension\n", checkpoint.text());
                mark.checkpoint = Note::new(&text, vec![log(2).sign(&text)]).unwrap().to_string();
            }),
        ),
        (
            "checkpoints the wrong way round",
            "consistency",
            with(|mark| {
                std::mem::swap(&mut mark.checkpoint, &mut mark.challenge_checkpoint);
            }),
        ),
        ("consistency proof missing", "consistency", with(|mark| mark.consistency.clear())),
        ("consistency proof with a hash too many", "consistency", with(|mark| mark.consistency.push(Digest([0; 32])))),
        ("consistency proof altered", "consistency", with(|mark| mark.consistency[0] = Digest([0; 32]))),
        (
            "checkpoint of a forked log",
            "consistency",
            with(|mark| {
                let text = Note::parse(mark.checkpoint.as_bytes()).unwrap().text().to_owned();
                let fork = Checkpoint { root: Digest([5; 32]), ..Checkpoint::parse(&text).unwrap() };
                mark.checkpoint = fork.sign(&log(2)).unwrap().to_string();
            }),
        ),
    ]
}

/// What is wrong with the places of statements in the log.
fn proofs() -> Vec<Wrong> {
    let with = |mark: fn(&mut Mark)| Recipe { mark, ..Recipe::default() };
    let ordered = |order| Recipe { order, ..Recipe::default() };
    vec![
        ("submission at another index", "inclusion", with(|mark| mark.submission.index += 1)),
        ("submission beyond the tree", "inclusion", with(|mark| mark.submission.index = u64::MAX)),
        ("submission proof altered", "inclusion", with(|mark| mark.submission.proof[0] = Digest([0; 32]))),
        ("submission proof too short", "inclusion", with(|mark| mark.submission.proof.truncate(1))),
        ("evidence at another index", "inclusion", with(|mark| mark.evidence[0].index -= 1)),
        ("verdict proof too long", "inclusion", with(|mark| mark.verdict.proof.push(Digest([0; 32])))),
        ("verdict not in the log", "inclusion", ordered(Order::VerdictMissing)),
        ("verdict in the log before its evidence", "inclusion", ordered(Order::VerdictFirst)),
        ("challenge drawn before the submission", "inclusion", ordered(Order::ChallengeFirst)),
        (
            "challenge drawn after the evidence",
            "disagreement",
            with(|mark| {
                mark.challenge_checkpoint.clone_from(&mark.checkpoint);
                mark.consistency.clear();
            }),
        ),
    ]
}

/// What is wrong with signatures and with what statements are about.
fn statements() -> Vec<Wrong> {
    let with = |mark: fn(&mut Mark)| Recipe { mark, ..Recipe::default() };
    let by = |signers| Recipe { signers, ..Recipe::default() };
    vec![
        ("submission by an unknown governor", "signature", by(Signers { submission: 4, ..usual() })),
        ("evidence by an unknown governor", "signature", by(Signers { evidence: 4, ..usual() })),
        ("verdict by an unknown governor", "signature", by(Signers { verdict: 4, ..usual() })),
        ("verdict in the place of evidence", "statement", with(|mark| mark.evidence[0] = mark.verdict.clone())),
        (
            "evidence in the place of the submission",
            "statement",
            with(|mark| mark.submission = mark.evidence[0].clone()),
        ),
        ("another artifact", "disagreement", with(|mark| mark.artifact = Digest([8; 32]))),
        ("another contract", "inclusion", with(|mark| mark.contract.push('\n'))),
        ("another policy", "policy", with(|mark| mark.policy.push('\n'))),
        (
            "submission about another artifact",
            "disagreement",
            Recipe { submission: |asked| asked.artifact = Digest([8; 32]), ..Recipe::default() },
        ),
        (
            "submission for another contract",
            "disagreement",
            Recipe { submission: |asked| asked.predicate.contract = Digest([8; 32]), ..Recipe::default() },
        ),
        (
            "submission under another policy",
            "disagreement",
            Recipe { submission: |asked| asked.predicate.policy.digest = Digest([8; 32]), ..Recipe::default() },
        ),
        (
            "submission for another level",
            "disagreement",
            Recipe { submission: |asked| asked.predicate.autonomy = Autonomy::Autonomous, ..Recipe::default() },
        ),
        (
            "submission with another plan",
            "plan",
            Recipe { submission: |asked| asked.predicate.plan = "examples".parse().unwrap(), ..Recipe::default() },
        ),
        (
            "submission with a shorter name",
            "disagreement",
            Recipe { submission: |asked| asked.name = "non".to_owned(), ..Recipe::default() },
        ),
        (
            "submission with an attempt that no policy can read",
            "denied",
            Recipe { submission: |asked| asked.predicate.attempt = u64::MAX, ..Recipe::default() },
        ),
    ]
}

/// What is wrong with evidence.
fn evidence() -> Vec<Wrong> {
    let found = |evidence| Recipe { evidence, ..Recipe::default() };
    let with = |mark: fn(&mut Mark)| Recipe { mark, ..Recipe::default() };
    vec![
        ("no evidence", "plan", with(|mark| mark.evidence.clear())),
        ("the same evidence twice", "plan", with(|mark| mark.evidence.push(mark.evidence[0].clone()))),
        ("evidence of another check", "plan", found(|found| found.predicate.check = "examples".to_owned())),
        ("evidence about another artifact", "disagreement", found(|found| found.artifact = Digest([8; 32]))),
        ("evidence under another name", "disagreement", found(|found| found.name = "other".to_owned())),
        ("evidence for another contract", "disagreement", found(|found| found.predicate.contract = Digest([8; 32]))),
        ("evidence for another attempt", "disagreement", found(|found| found.predicate.attempt = 1)),
        ("evidence for another challenge", "disagreement", found(|found| found.predicate.challenge.0.0[0] ^= 1)),
        ("failed evidence with a passed verdict", "denied", found(|found| found.predicate.outcome = Outcome::Failed)),
        ("unknown evidence with a passed verdict", "denied", found(|found| found.predicate.outcome = Outcome::Unknown)),
        (
            "evidence with a count missing",
            "denied",
            found(|found| found.predicate.counts.retain(|name, _| name != "bytes")),
        ),
        (
            "evidence with a count too many",
            "denied",
            found(|found| found.predicate.counts.extend([("luck".to_owned(), 7)])),
        ),
    ]
}

/// What is wrong with the verdict.
fn verdicts() -> Vec<Wrong> {
    let says = |verdict| Recipe { verdict, ..Recipe::default() };
    vec![
        (
            "failed verdict",
            "verdict",
            says(|verdict| verdict.predicate.verification_result = VerificationResult::Failed),
        ),
        ("verdict without a grant", "verdict", says(|verdict| verdict.predicate.grant = None)),
        ("verdict by another verifier", "verdict", says(|verdict| verdict.predicate.verifier.id.push('0'))),
        ("verdict on another resource", "verdict", says(|verdict| verdict.predicate.resource_uri.push('0'))),
        (
            "verdict by another policy",
            "verdict",
            says(|verdict| verdict.predicate.policy.digest.sha256 = Digest([8; 32])),
        ),
        (
            "verdict by another policy's name",
            "verdict",
            says(|verdict| verdict.predicate.policy.uri = "strict".to_owned()),
        ),
        (
            "verdict on other evidence",
            "verdict",
            says(|verdict| {
                verdict.predicate.input_attestations[1].digest.sha256 = Digest([8; 32]);
            }),
        ),
        ("verdict on less", "verdict", says(|verdict| drop(verdict.predicate.input_attestations.pop()))),
        (
            "verdict on inputs in another order",
            "verdict",
            says(|verdict| verdict.predicate.input_attestations.reverse()),
        ),
        (
            "verdict of another level",
            "verdict",
            says(|verdict| {
                verdict.predicate.verified_levels = vec!["PROOFMARK_AUTONOMOUS".to_owned()];
            }),
        ),
        (
            "verdict of two levels",
            "verdict",
            says(|verdict| {
                verdict.predicate.verified_levels.push("PROOFMARK_AUTONOMOUS".to_owned());
            }),
        ),
        (
            "verdict of another SLSA version",
            "verdict",
            says(|verdict| verdict.predicate.slsa_version = "1.0".to_owned()),
        ),
        ("verdict about another artifact", "disagreement", says(|verdict| verdict.artifact = Digest([8; 32]))),
        ("verdict under another name", "disagreement", says(|verdict| verdict.name = "other".to_owned())),
    ]
}

/// What is wrong with the grant and with times.
fn grants() -> Vec<Wrong> {
    let says = |verdict| Recipe { verdict, ..Recipe::default() };
    vec![
        (
            "grant of another level",
            "verdict",
            says(|verdict| {
                let predicate = &mut verdict.predicate;
                predicate.verified_levels = vec!["PROOFMARK_AUTONOMOUS".to_owned()];
                predicate.grant.as_mut().unwrap().autonomy = Autonomy::Autonomous;
            }),
        ),
        (
            "grant of a capability that was not asked for",
            "verdict",
            says(|verdict| {
                verdict.predicate.grant.as_mut().unwrap().capabilities.insert("environment".to_owned());
            }),
        ),
        (
            "grant that lets a run leave its profile where the policy stops it",
            "verdict",
            says(|verdict| {
                verdict.predicate.grant.as_mut().unwrap().on_departure = OnDeparture::Flag;
            }),
        ),
        (
            "expired grant",
            "expired",
            says(|verdict| {
                verdict.predicate.grant.as_mut().unwrap().expires = time("2026-11-21T11:59:59Z");
            }),
        ),
        (
            "verdict from the future",
            "future",
            says(|verdict| {
                verdict.predicate.time_verified = time("2026-11-21T12:05:01Z");
            }),
        ),
    ]
}
