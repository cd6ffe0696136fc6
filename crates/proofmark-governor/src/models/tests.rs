//! A log written entry by entry, and what it adds up to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::{Entry, Kind as Is};
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome as Found};
use proofmark_mark::policy::{Decision, Unmet};
use proofmark_mark::provenance::{External, Internal, Outcome, Provenance, Spent};
use proofmark_mark::submission::{Autonomy, PolicyRef, Submission};
use proofmark_mark::verdict::{Basis, Grant, OnDeparture, Verdict};

use super::*;
use crate::govern::sign;
use crate::home::Home;
use crate::provenance::{self, Try, of, record};

/// A home whose log is written entry by entry, as `make` and `check` write it.
struct Made {
    home: Home,
    _at: tempfile::TempDir,
}

/// One try, as short as a test wants to say it.
#[derive(Clone, Copy)]
struct One<'a> {
    model: &'a str,
    target: &'a str,
    run: &'a str,
    candidate: u64,
    repairs: u64,
    tokens: u64,
    second: i64,
}

const ONE: One<'_> =
    One { model: "a", target: "c", run: "first", candidate: 1, repairs: 0, tokens: 100, second: 1_800_000_000 };

fn contract(signature: &str) -> (Contract, String) {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export f: \
         func{signature}; }}\"\n"
    );
    (Contract::parse(&text).unwrap(), text)
}

fn numbers() -> Contract {
    contract("(n: u32) -> u32").0
}

impl Made {
    fn new() -> Self {
        let at = tempfile::tempdir().unwrap();
        let home = Home::init(&at.path().join("home")).unwrap();
        home.log.put_blob(contract("(n: u32) -> u32").1.as_bytes()).unwrap();
        Self { home, _at: at }
    }

    fn provenance(&self, contract: &Contract, one: One<'_>, outcome: Outcome) -> Provenance {
        let time = |second| Timestamp::from_second(second).unwrap();
        let spent = Spent {
            requests: 1,
            input_tokens: one.tokens,
            output_tokens: one.tokens / 2,
            money_micros: one.tokens * 3,
            milliseconds: 2000,
        };
        let external = External {
            contract: contract.digest,
            operator: "ada".to_owned(),
            generator: one.model.to_owned(),
            kind: "openai".to_owned(),
            endpoint: None,
            target: one.target.to_owned(),
            parameters: BTreeMap::new(),
        };
        let internal = Internal {
            candidate: one.candidate,
            repairs: one.repairs,
            repairs_of: Vec::new(),
            outcome,
            reason: None,
            reproducible: None,
            model: None,
            fingerprint: None,
            spent,
        };
        let one = Try {
            external,
            internal,
            invocation: one.run.to_owned(),
            started: time(one.second),
            finished: time(one.second + 2),
            prompt: b"Write f.".to_vec(),
            reply: None,
            sources: Vec::new(),
            log: None,
            toolchain: None,
            parent: None,
        };
        of(&self.home, one).unwrap()
    }

    /// A try that brought no artifact, or one that is not checked.
    fn alone(&mut self, contract: &Contract, one: One<'_>, outcome: Outcome, artifact: Option<u8>) {
        let provenance = self.provenance(contract, one, outcome);
        record(&mut self.home, contract, artifact.map(|byte| Digest([byte; 32])), &provenance).unwrap();
    }

    /// A submission, with provenance if `one` names a run. Gives its envelope.
    fn submit(&mut self, contract: &Contract, one: One<'_>, artifact: u8) -> Envelope {
        let artifact = Digest([artifact; 32]);
        let submission = Submission {
            contract: contract.digest,
            generator: one.model.to_owned(),
            attempt: 1,
            autonomy: Autonomy::Supervised,
            capabilities: BTreeSet::new(),
            approvals: BTreeSet::new(),
            plan: "inspect properties:64".parse().unwrap(),
            policy: PolicyRef { name: "p".to_owned(), digest: Digest([9; 32]) },
        };
        let envelope = sign(&self.home, contract, artifact, &submission);
        let generator = Digest::of(one.model.as_bytes());
        let entry = Entry::submission(&envelope, artifact, contract.digest, generator);
        let mut batch = vec![(entry, envelope.to_bytes())];
        if !one.run.is_empty() {
            let provenance = self.provenance(contract, one, Outcome::Built);
            let provenance = sign(&self.home, contract, artifact, &provenance);
            batch.push(provenance::entry(&provenance, artifact, contract.digest));
        }
        self.home.log.append(&batch).unwrap();
        envelope
    }

    fn decide(&mut self, contract: &Contract, submission: &Envelope, artifact: u8, got: Option<&str>, second: i64) {
        let artifact = Digest([artifact; 32]);
        let counterexample = |got: &str| Counterexample {
            property: "the secret property".to_owned(),
            call: "f(123456)".to_owned(),
            violated: "result == n".to_owned(),
            got: got.to_owned(),
            held_out: true,
        };
        let evidence = |check: &str, got: Option<&str>| Evidence {
            check: check.to_owned(),
            contract: contract.digest,
            challenge: Challenge(Digest([2; 32])),
            attempt: 1,
            outcome: if got.is_some() { Found::Failed } else { Found::Passed },
            reason: None,
            counts: BTreeMap::new(),
            counterexamples: got.map(counterexample).into_iter().collect(),
            details: serde_json::json!({}),
        };
        let evidence = [evidence("inspect", None), evidence("properties", got)];
        let signed: Vec<Envelope> = evidence.iter().map(|one| sign(&self.home, contract, artifact, one)).collect();
        let named: Vec<(&str, &Envelope)> = evidence.iter().map(|one| one.check.as_str()).zip(&signed).collect();
        let policy = PolicyRef { name: "p".to_owned(), digest: Digest([9; 32]) };
        let basis = Basis { artifact, policy: &policy, submission, evidence: &named };
        let decision = if got.is_some() { Decision::Deny(Vec::<Unmet>::new()) } else { Decision::Permit };
        let time = Timestamp::from_second(second).unwrap();
        let grant = Grant {
            autonomy: Autonomy::Supervised,
            capabilities: BTreeSet::new(),
            expires: time,
            on_departure: OnDeparture::Flag,
        };
        let verdict = Verdict::new(self.home.keys.governor().keyid(), time, &basis, &decision, grant);
        let verdict = sign(&self.home, contract, artifact, &verdict);
        let entry =
            |kind, envelope: &Envelope| (Entry::new(kind, envelope, artifact, contract.digest), envelope.to_bytes());
        let mut batch: Vec<_> = signed.iter().map(|envelope| entry(Is::Evidence, envelope)).collect();
        batch.push(entry(Is::Verdict, &verdict));
        self.home.log.append(&batch).unwrap();
    }

    /// A try that is submitted and decided: `got` is what a property found, or nothing.
    fn tried(&mut self, one: One<'_>, artifact: u8, got: Option<&str>) {
        let contract = numbers();
        let submission = self.submit(&contract, one, artifact);
        self.decide(&contract, &submission, artifact, got, one.second);
    }

    fn board(&self) -> Board {
        Board::read(self.home.log.view(), None, &|_, _| {}).unwrap()
    }

    fn figures(&self, by: &[By]) -> Vec<Figures> {
        self.board().figures(&by.iter().copied().collect())
    }

    /// All candidates together.
    fn all(&self) -> Figures {
        self.figures(&[]).remove(0)
    }
}

fn steps(figures: &Figures) -> Vec<(Step, u64)> {
    figures.false_steps.iter().map(|(step, count)| (*step, *count)).collect()
}

#[test]
fn candidates_are_counted_once_and_tries_each() {
    let mut made = Made::new();
    let contract = numbers();
    // The first answer of one is marked; of another the second repair is; the third never is.
    made.tried(ONE, 1, None);
    made.alone(&contract, One { candidate: 2, ..ONE }, Outcome::NotBuilt, None);
    made.tried(One { candidate: 2, repairs: 1, ..ONE }, 2, Some("7"));
    made.tried(One { candidate: 2, repairs: 2, ..ONE }, 3, None);
    made.tried(One { candidate: 3, ..ONE }, 4, Some("trap: unreachable"));
    made.alone(&contract, One { candidate: 3, repairs: 1, ..ONE }, Outcome::NoReply, None);
    // The same number in another run is another candidate.
    made.alone(&contract, One { run: "second", ..ONE }, Outcome::NoCode, None);

    let all = made.all();
    assert_eq!((all.candidates, all.marks, all.tries, all.counted), (4, 2, 7, 4));
    assert_eq!((all.first_try, all.repaired), (Rate::of(1, 4), Rate::of(2, 4)));
    assert_eq!(
        steps(&all),
        [(Step::NoReply, 1), (Step::NoCode, 1), (Step::DoesNotBuild, 1), (Step::Traps, 1), (Step::Wrong, 1)]
    );
    let cost = |cost| (all.costs[&cost].sum, all.costs[&cost].per_mark_milli);
    assert_eq!(cost(Cost::Tries), (7, Some(3500)));
    assert_eq!(cost(Cost::InputTokens), (700, Some(350_000)));
    assert_eq!(cost(Cost::OutputTokens), (350, Some(175_000)));
    assert_eq!(cost(Cost::Tokens), (1050, Some(525_000)));
    assert_eq!(cost(Cost::Milliseconds), (14_000, Some(7_000_000)));
    assert_eq!(cost(Cost::MoneyMicros), (2100, Some(1_050_000)));
    assert_eq!(all.most_frequent(), Some((Step::NoReply, 1)), "the first on the way");
}

#[test]
fn an_artifact_that_was_checked_before_has_that_verdict() {
    let mut made = Made::new();
    let contract = numbers();
    made.tried(ONE, 1, None);
    made.tried(One { candidate: 2, ..ONE }, 2, Some("exceeded the fuel budget of 9"));
    made.alone(&contract, One { candidate: 3, ..ONE }, Outcome::Built, Some(1));
    made.alone(&contract, One { candidate: 4, ..ONE }, Outcome::Built, Some(2));
    // Nobody checked this one; and for another contract the first is another artifact.
    made.alone(&contract, One { candidate: 5, ..ONE }, Outcome::Built, Some(3));
    made.alone(&contract_of_text(), One { candidate: 6, ..ONE }, Outcome::Built, Some(1));
    let all = made.all();
    assert_eq!((all.candidates, all.marks, all.same_artifact), (6, 2, 2));
    assert_eq!(steps(&all), [(Step::Unchecked, 2), (Step::Slow, 2)]);
}

fn contract_of_text() -> Contract {
    contract("(n: string) -> u32").0
}

#[test]
fn checks_at_the_same_time_are_told_apart_by_their_submissions() {
    let mut made = Made::new();
    let contract = numbers();
    let first = made.submit(&contract, ONE, 1);
    let second = made.submit(&contract, One { candidate: 2, model: "b", ..ONE }, 1);
    let third = made.submit(&contract, One { run: "", model: "c", ..ONE }, 2);
    made.alone(&contract, One { candidate: 3, ..ONE }, Outcome::Built, Some(2));
    made.decide(&contract, &second, 1, Some("7"), ONE.second);
    made.decide(&contract, &third, 2, Some("trap: unreachable"), ONE.second);
    made.decide(&contract, &first, 1, None, ONE.second);
    let figures = made.figures(&[By::Model]);
    let lines: Vec<_> = figures.iter().map(|one| (one.candidates, one.marks, one.same_artifact, steps(one))).collect();
    assert_eq!(
        lines,
        [(2, 1, 1, vec![(Step::Traps, 1)]), (1, 0, 0, vec![(Step::Wrong, 1)]), (1, 0, 0, vec![(Step::Traps, 1)]),]
    );
}

#[test]
fn what_was_given_counts_without_cost() {
    let mut made = Made::new();
    let given = One { run: "", ..ONE };
    made.tried(given, 1, None);
    made.tried(given, 1, None);
    made.tried(given, 2, Some("7"));
    made.tried(ONE, 3, None);
    // A check that never ended.
    let _ = made.submit(&numbers(), given, 4);
    let lines = made.figures(&[By::Target]);
    let [with, without] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((with.group.target.as_deref(), without.group.target.as_deref()), (Some("c"), Some("unknown")));
    assert_eq!((without.candidates, without.marks, without.counted), (4, 2, 0));
    assert_eq!(steps(without), [(Step::Wrong, 1), (Step::Unknown, 1)]);
    let nothing = Ratio { sum: 0, per_mark_milli: None, low_milli: None, high_milli: None };
    assert_eq!((without.costs[&Cost::Tokens], without.costs[&Cost::Tries].per_mark_milli), (nothing, Some(2000)));
    // Together, only those count for tokens of which tokens are known.
    let all = made.all();
    assert_eq!((all.candidates, all.marks, all.counted), (5, 3, 1));
    assert_eq!(all.costs[&Cost::Tokens].per_mark_milli, Some(150_000));
}

#[test]
fn groups_are_by_what_was_asked() {
    let mut made = Made::new();
    made.home.log.put_blob(contract("(n: string) -> u32").1.as_bytes()).unwrap();
    made.alone(&contract_of_text(), ONE, Outcome::NoCode, None);
    made.alone(&contract_of_text(), One { target: "wat", candidate: 2, ..ONE }, Outcome::NoCode, None);
    // Of this contract the home has no text.
    made.alone(&contract("(n: list<u8>)").0, One { candidate: 3, ..ONE }, Outcome::NoCode, None);
    made.tried(One { model: "b", ..ONE }, 1, None);
    let names = |by: &[By]| -> Vec<String> {
        let name = |figures: &Figures| serde_json::to_string(&figures.group).unwrap();
        made.figures(by).iter().map(name).collect()
    };
    assert_eq!(names(&[]), ["{}"]);
    assert_eq!(names(&[By::Model]), [r#"{"model":"a"}"#, r#"{"model":"b"}"#]);
    assert_eq!(names(&[By::Target]), [r#"{"target":"c"}"#, r#"{"target":"wat"}"#]);
    assert_eq!(
        names(&[By::Model, By::Kind]),
        [r#"{"model":"a","kind":"text"}"#, r#"{"model":"a","kind":"unknown"}"#, r#"{"model":"b","kind":"scalars"}"#]
    );
    assert_eq!(names(&[By::Model, By::Kind, By::Target]).len(), 4);
}

#[test]
fn candidates_that_began_earlier_are_left_out_whole() {
    let mut made = Made::new();
    let contract = numbers();
    let later = ONE.second + 100;
    made.alone(&contract, ONE, Outcome::NoCode, None);
    made.tried(One { repairs: 1, second: later, ..ONE }, 1, None);
    made.alone(&contract, One { candidate: 2, second: later, ..ONE }, Outcome::Built, Some(1));
    made.tried(One { run: "", ..ONE }, 2, Some("7"));
    made.tried(One { run: "", second: later, ..ONE }, 3, None);
    let _ = made.submit(&contract, One { run: "", ..ONE }, 4);
    let since = |second| {
        let since = Timestamp::from_second(second).unwrap();
        let board = Board::read(made.home.log.view(), Some(since), &|_, _| {}).unwrap();
        let lines = board.figures(&BTreeSet::new());
        lines.first().map(|all| (all.candidates, all.tries, all.marks, all.same_artifact))
    };
    assert_eq!(since(ONE.second), Some((4, 5, 3, 1)));
    assert_eq!(since(later), Some((2, 2, 2, 1)));
    assert_eq!(since(later + 1), None);
}

#[test]
fn the_figures_are_the_same_bytes_and_hold_nothing_of_properties() {
    let mut made = Made::new();
    made.tried(ONE, 1, Some("123456"));
    made.tried(One { candidate: 2, ..ONE }, 2, None);
    let by = BTreeSet::from([By::Model, By::Kind, By::Target]);
    let text = serde_json::to_string(&made.board().figures(&by)).unwrap();
    assert_eq!(
        text,
        r#"[{"model":"a","kind":"scalars","target":"c","candidates":2,"marks":1,"first_try":{"marked":1,"of":2,"ppm":500000,"low_ppm":94531,"high_ppm":905469},"repaired":{"marked":1,"of":2,"ppm":500000,"low_ppm":94531,"high_ppm":905469},"tries":2,"same_artifact":0,"counted":2,"costs":{"tries":{"sum":2,"per_mark_milli":2000,"low_milli":null,"high_milli":null},"input_tokens":{"sum":200,"per_mark_milli":200000,"low_milli":null,"high_milli":null},"output_tokens":{"sum":100,"per_mark_milli":100000,"low_milli":null,"high_milli":null},"tokens":{"sum":300,"per_mark_milli":300000,"low_milli":null,"high_milli":null},"milliseconds":{"sum":4000,"per_mark_milli":4000000,"low_milli":null,"high_milli":null},"money_micros":{"sum":600,"per_mark_milli":600000,"low_milli":null,"high_milli":null}},"false_steps":{"wrong":1}}]"#
    );
    // A home that is opened anew has the same figures.
    let again = Home::open(&made.home.path).unwrap();
    let board = Board::read(again.log.view(), None, &|_, _| {}).unwrap();
    assert_eq!(serde_json::to_string(&board.figures(&by)).unwrap(), text);
}

#[test]
fn an_empty_log_has_no_groups_and_progress_reaches_the_end() {
    let made = Made::new();
    assert!(made.figures(&[By::Model]).is_empty());
    let told = RefCell::new(Vec::new());
    let mut made = Made::new();
    for nth in 0..90 {
        made.alone(&numbers(), One { candidate: nth, ..ONE }, Outcome::NoCode, None);
        made.tried(One { candidate: nth, repairs: 1, ..ONE }, u8::try_from(nth).unwrap(), None);
    }
    Board::read(made.home.log.view(), None, &|done, all| told.borrow_mut().push((done, all))).unwrap();
    assert_eq!(told.into_inner(), [(0, 540), (256, 540), (512, 540), (540, 540)]);
    assert_eq!(made.all().marks, 90);
}

#[test]
fn a_contract_is_as_rich_as_the_richest_type_of_its_interface() {
    for (signature, kind) in [
        ("()", Kind::Scalars),
        ("(n: u32, c: char) -> f64", Kind::Scalars),
        ("(n: u32) -> string", Kind::Text),
        ("(names: list<string>)", Kind::Lists),
        ("(names: list<u8>, name: string)", Kind::Lists),
        ("(names: list<option<u8>>)", Kind::Records),
        ("(n: u32) -> result<_, string>", Kind::Records),
        ("(n: tuple<u8, u8>)", Kind::Records),
    ] {
        assert_eq!(Kind::of(&contract(signature).0.interface), kind, "{signature}");
    }
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let photos = std::fs::read_to_string(examples.join("photos/contract.toml")).unwrap();
    assert_eq!(Kind::of(&Contract::parse(&photos).unwrap().interface), Kind::Program);
}

#[test]
fn what_is_no_statement_is_an_error() {
    let mut made = Made::new();
    let contract = numbers();
    let artifact = Digest([1; 32]);
    let grant = Grant {
        autonomy: Autonomy::Supervised,
        capabilities: BTreeSet::new(),
        expires: Timestamp::UNIX_EPOCH,
        on_departure: OnDeparture::Flag,
    };
    let policy = PolicyRef { name: "p".to_owned(), digest: Digest([9; 32]) };
    let submission = made.submit(&contract, ONE, 1);
    let basis = Basis { artifact, policy: &policy, submission: &submission, evidence: &[] };
    let verdict = Verdict::new(Digest([0; 32]), Timestamp::UNIX_EPOCH, &basis, &Decision::Permit, grant);
    let envelope = sign(&made.home, &contract, artifact, &verdict);
    let entry = Entry::new(Is::Provenance, &envelope, artifact, contract.digest);
    made.home.log.append(&[(entry, envelope.to_bytes())]).unwrap();
    let error = Board::read(made.home.log.view(), None, &|_, _| {}).unwrap_err().to_string();
    assert!(error.contains("entry 2 of the log is not what it should be"), "{error}");
}
