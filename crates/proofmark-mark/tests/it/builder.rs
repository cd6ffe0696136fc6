//! Makes whole marks in memory, right ones and ones that are wrong in one chosen place.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use proofmark_mark::challenge::Challenge;
use proofmark_mark::checkpoint::Checkpoint;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::{self, Envelope, PAYLOAD_TYPE};
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::evidence::{Evidence, Outcome};
use proofmark_mark::mark::{Logged, Mark, Version};
use proofmark_mark::merkle::{self, Tree};
use proofmark_mark::note::{Note, SignerKey};
use proofmark_mark::policy::{Action, Decision, Policy, Request};
use proofmark_mark::provenance::{
    BUILD_TYPE, BuildDefinition, Builder, External, Internal, Metadata, Outcome as Came, Provenance, Resource,
    RunDetails, Spent, named,
};
use proofmark_mark::statement::{Predicate, Statement};
use proofmark_mark::submission::{PolicyRef, Submission};
use proofmark_mark::trust::Trust;
use proofmark_mark::verdict::{Basis, Grant, OnDeparture, Verdict};
use serde_json::json;

pub const ORIGIN: &str = "proofmark.dev/log/test";
pub const ARTIFACT: &[u8] = b"\0asm\x01\0\0\0";
pub const CONTRACT: &str = "contract = 1\nname = \"none\"\nintent = \"Nothing at all.\"\n";
/// A policy that needs one check, so that a mark under it is small.
pub const POLICY: &str = r#"@id("tiny") @autonomy("assisted") @plan("inspect")
permit (principal, action in [Action::"mark", Action::"run"], resource) when { context.autonomy == "assisted" };
@id("inspected") @needs("an inspected artifact") @evidence("inspect") @next("inspect it")
forbid (principal, action, resource)
unless { resource.evidence has inspect && resource.evidence.inspect.outcome == "passed" };
"#;

/// A moment within the validity of marks made here.
pub fn now() -> Timestamp {
    time("2026-11-21T12:00:00Z")
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn governor(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub fn log(seed: u8) -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[seed; 32]).unwrap()
}

/// The text of a trust file for the usual log and governor and one policy.
pub fn trust_text(policy: &str) -> String {
    let pem = governor(1).verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let (log, digest) = (log(2).verifier(), Digest::of(policy.as_bytes()));
    format!(
        "trust = 1\nlogs = [\"{log}\"]\n\n[[governor]]\nname = \"tester\"\nkey = '''\n{pem}'''\n\n[[policy]]\nname = \"tiny\"\nsha256 = \"{digest}\"\n"
    )
}

pub fn trust(policy: &str) -> Trust {
    Trust::parse(&trust_text(policy)).unwrap()
}

/// How a mark is made. Each hook changes one thing just before it is signed or written.
pub struct Recipe {
    pub policy: String,
    pub approvals: BTreeSet<String>,
    pub capabilities: BTreeSet<String>,
    pub submission: fn(&mut Statement<Submission>),
    /// `None`: nobody says where the artifact comes from.
    pub provenance: Option<fn(&mut Statement<Provenance>)>,
    pub evidence: fn(&mut Statement<Evidence>),
    pub verdict: fn(&mut Statement<Verdict>),
    pub mark: fn(&mut Mark),
    pub signers: Signers,
    pub order: Order,
}

/// Who signs what; the usual governor has seed 1, the usual log seed 2.
pub struct Signers {
    pub submission: u8,
    pub provenance: u8,
    pub evidence: u8,
    pub verdict: u8,
    pub challenge_log: u8,
    pub log: u8,
}

/// In which order things reach the log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Right,
    /// The challenge is drawn from a checkpoint before the submission.
    ChallengeFirst,
    VerdictFirst,
    /// The verdict never reaches the log.
    VerdictMissing,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            policy: POLICY.to_owned(),
            approvals: BTreeSet::new(),
            capabilities: BTreeSet::new(),
            submission: |_| {},
            provenance: None,
            evidence: |_| {},
            verdict: |_| {},
            mark: |_| {},
            signers: Signers { submission: 1, provenance: 1, evidence: 1, verdict: 1, challenge_log: 2, log: 2 },
            order: Order::Right,
        }
    }
}

/// A log in memory.
#[derive(Default)]
struct Log {
    tree: Tree,
}

impl Log {
    fn append(&mut self, entry: &[u8]) -> u64 {
        self.tree.push(merkle::leaf_hash(entry));
        self.tree.size() - 1
    }

    fn checkpoint(&self, seed: u8) -> Note {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: self.tree.size(), root: self.tree.root() };
        checkpoint.sign(&log(seed)).unwrap()
    }

    fn logged(&self, envelope: Envelope, index: u64) -> Logged {
        let proof = merkle::inclusion_proof(&self.tree, index, self.tree.size()).unwrap();
        Logged { envelope, index, proof }
    }
}

pub fn sign<P: Predicate>(statement: &Statement<P>, seed: u8) -> Envelope {
    Envelope::sign(PAYLOAD_TYPE, statement.to_bytes(), &governor(seed)).unwrap()
}

/// The counts of evidence that satisfies every preset.
pub fn counts(check: &str) -> BTreeMap<String, u64> {
    let counts: &[(&str, u64)] = match check {
        "inspect" => &[
            ("imports", 0),
            ("exports", 1),
            ("functions", 3),
            ("memories", 1),
            ("bytes", 99),
            ("violations", 0),
            ("unguarded", 0),
        ],
        "examples" => &[("total", 3), ("passed", 3)],
        "properties" => {
            &[("properties", 2), ("held_out", 1), ("executions", 262_144), ("discarded", 5), ("risk_ppm", 12)]
        }
        "reference" => &[("references", 1), ("executions", 65_536), ("discarded", 7), ("differences", 0)],
        "determinism" => &[("pairs", 4096), ("differences", 0)],
        "interference" => &[("secrets", 1), ("pairs", 16_384), ("discarded", 9), ("leaks", 0)],
        "strength" => {
            &[("mutants", 200), ("trapped", 0), ("killed", 180), ("survived", 10), ("undecided", 10), ("score", 90)]
        }
        _ => &[],
    };
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

pub fn passed(check: &str, contract: Digest, challenge: Challenge, attempt: u64) -> Evidence {
    Evidence {
        check: check.to_owned(),
        contract,
        challenge,
        attempt,
        outcome: Outcome::Passed,
        reason: None,
        counts: counts(check),
        counterexamples: Vec::new(),
        details: json!({}),
    }
}

impl Recipe {
    pub fn bytes(&self) -> Vec<u8> {
        self.make().to_bytes()
    }

    pub fn make(&self) -> Mark {
        let (artifact, contract) = (Digest::of(ARTIFACT), Digest::of(CONTRACT.as_bytes()));
        let policy = Policy::parse(&self.policy).unwrap();
        let mut log = Log::default();
        for filler in ["one", "two", "three"] {
            log.append(filler.as_bytes());
        }
        let early = (log.checkpoint(self.signers.challenge_log), log.tree.size());

        let mut asked = Statement::new("none", artifact, self.asked(&policy, contract));
        (self.submission)(&mut asked);
        let submission = sign(&asked, self.signers.submission);
        let generator = Digest::of(asked.predicate.generator.as_bytes());
        let submission_entry = Entry::submission(&submission, artifact, contract, generator).to_bytes();
        let submission_index = log.append(&submission_entry);
        let provenance = self.provenance.map(|change| {
            let mut statement = Statement::new("none", artifact, made(contract));
            change(&mut statement);
            let envelope = sign(&statement, self.signers.provenance);
            let index = log.append(&Entry::new(Kind::Provenance, &envelope, artifact, contract).to_bytes());
            (envelope, index)
        });
        let (challenge_note, challenge_size) = match self.order {
            Order::ChallengeFirst => early,
            _ => (log.checkpoint(self.signers.challenge_log), log.tree.size()),
        };
        let challenge = Challenge::new(challenge_note.text(), &submission_entry);
        let evidence = self.found(&asked, contract, challenge);
        let verdict = self.decided(&asked, &submission, &evidence);

        let entry = |kind, envelope: &Envelope| Entry::new(kind, envelope, artifact, contract).to_bytes();
        let mut verdict_index = 0;
        if self.order == Order::VerdictFirst {
            verdict_index = log.append(&entry(Kind::Verdict, &verdict));
        }
        let evidence: Vec<(u64, Envelope)> =
            evidence.into_iter().map(|(_, one)| (log.append(&entry(Kind::Evidence, &one)), one)).collect();
        if !matches!(self.order, Order::VerdictFirst | Order::VerdictMissing) {
            verdict_index = log.append(&entry(Kind::Verdict, &verdict));
        }
        log.append(b"something later");
        let mut mark = Mark {
            mark: Version,
            artifact,
            contract: CONTRACT.to_owned(),
            policy: self.policy.clone(),
            submission: log.logged(submission, submission_index),
            provenance: provenance.map(|(envelope, index)| log.logged(envelope, index)),
            challenge_checkpoint: challenge_note.to_string(),
            evidence: evidence.into_iter().map(|(index, envelope)| log.logged(envelope, index)).collect(),
            verdict: log.logged(verdict, verdict_index),
            consistency: merkle::consistency_proof(&log.tree, challenge_size, log.tree.size()).unwrap(),
            checkpoint: log.checkpoint(self.signers.log).to_string(),
        };
        (self.mark)(&mut mark);
        mark
    }

    fn found(&self, asked: &Statement<Submission>, contract: Digest, challenge: Challenge) -> Vec<(String, Envelope)> {
        let signed = |check: &str| {
            let evidence = passed(check, contract, challenge, asked.predicate.attempt);
            let mut statement = Statement::new("none", Digest::of(ARTIFACT), evidence);
            (self.evidence)(&mut statement);
            (check.to_owned(), sign(&statement, self.signers.evidence))
        };
        // The plan of the policy, whatever the submission says.
        Policy::parse(&self.policy).unwrap().plan().iter().map(|planned| signed(&planned.check)).collect()
    }

    fn decided(&self, asked: &Statement<Submission>, submission: &Envelope, found: &[(String, Envelope)]) -> Envelope {
        let artifact = Digest::of(ARTIFACT);
        let inputs: Vec<(&str, &Envelope)> = found.iter().map(|(check, envelope)| (check.as_str(), envelope)).collect();
        let basis = Basis { artifact, policy: &asked.predicate.policy, submission, evidence: &inputs };
        let grant = Grant {
            autonomy: Policy::parse(&self.policy).unwrap().autonomy(),
            capabilities: self.capabilities.clone(),
            expires: time("2026-12-21T10:00:00Z"),
            on_departure: self.on_departure(&asked.predicate),
        };
        let keyid = dsse::keyid(governor(self.signers.verdict).verifying_key()).unwrap();
        let verdict = Verdict::new(keyid, time("2026-11-21T10:00:00Z"), &basis, &Decision::Permit, grant);
        let mut verdict = Statement::new("none", artifact, verdict);
        (self.verdict)(&mut verdict);
        sign(&verdict, self.signers.verdict)
    }

    /// What the policy says to good evidence.
    fn on_departure(&self, submission: &Submission) -> OnDeparture {
        let policy = Policy::parse(&self.policy).unwrap();
        let found = |check: &str| passed(check, submission.contract, Challenge(Digest([0; 32])), submission.attempt);
        let evidence: Vec<Evidence> = policy.plan().iter().map(|planned| found(&planned.check)).collect();
        let artifact = Digest::of(ARTIFACT);
        let request = Request { action: Action::Depart, artifact, submission, evidence: &evidence };
        OnDeparture::from(&policy.decide(&request))
    }

    fn asked(&self, policy: &Policy, contract: Digest) -> Submission {
        Submission {
            contract,
            generator: "a model".to_owned(),
            attempt: 2,
            autonomy: policy.autonomy(),
            capabilities: self.capabilities.clone(),
            approvals: self.approvals.clone(),
            plan: policy.plan(),
            policy: PolicyRef { name: "tiny".to_owned(), digest: policy.digest() },
        }
    }
}

/// Where the artifact comes from.
fn made(contract: Digest) -> Provenance {
    Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: External {
                contract,
                operator: "Ada".to_owned(),
                generator: "a model".to_owned(),
                kind: "openai".to_owned(),
                endpoint: Some("http://127.0.0.1:11434/v1".to_owned()),
                target: "c".to_owned(),
                parameters: BTreeMap::from([("temperature".to_owned(), "0.7".to_owned())]),
            },
            internal_parameters: Internal {
                candidate: 1,
                repairs: 0,
                repairs_of: Vec::new(),
                outcome: Came::Built,
                reason: None,
                reproducible: Some(true),
                model: None,
                fingerprint: None,
                spent: Spent::default(),
            },
            resolved_dependencies: vec![Resource::new(named::PROMPT, Digest([6; 32]))],
        },
        run_details: RunDetails {
            builder: Builder { id: "https://proofmark.dev/governor/x".to_owned(), version: BTreeMap::new() },
            metadata: Metadata {
                invocation_id: "00".repeat(16),
                started_on: time("2026-11-21T09:58:00Z"),
                finished_on: time("2026-11-21T09:59:00Z"),
            },
            byproducts: vec![Resource::new(named::REPLY, Digest([7; 32]))],
        },
    }
}
