//! Asks generators, several at a time, and waits for all of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use proofmark_generate as generate;
use proofmark_generate::{Authorities, Candidate, Client, Generator, Kind, Protocol, Watch};
use proofmark_mark::provenance::Spent;

use super::{Means, Order, Question, keyring};
use crate::failure::Failure;
use crate::tools::Commands;

/// The most questions that are under way at once.
const PARALLEL_MAX: usize = 8;

/// A generator that is ready to be asked.
pub struct Asker {
    pub generator: Generator,
    ready: Ready,
}

enum Ready {
    Model(Box<Client>),
    Command(generate::Command),
    /// One candidate after the other.
    Files(Vec<Candidate>),
}

/// What came of a question.
pub struct Answered {
    pub given: Result<Given, String>,
    /// The model and its configuration, as the endpoint named them.
    pub model: Option<String>,
    pub fingerprint: Option<String>,
    pub seed: Option<u64>,
    pub spent: Spent,
    pub started: Timestamp,
    pub finished: Timestamp,
}

/// What a generator gave.
pub enum Given {
    Reply(String),
    Artifact(Vec<u8>),
    /// Paths with their bytes.
    Files(Vec<(String, Vec<u8>)>),
}

impl Asker {
    /// Gets a generator ready: its key, its files. `folder` is where the file is that names it, `spent` what its budget
    /// has lost before.
    pub fn new(generator: Generator, folder: &Path, spent: generate::Spent) -> Result<Self, Failure> {
        let name = generator.name.clone();
        let wrong = |why: String| Failure::wrong(format!("the generator `{name}` can't be asked: {why}"));
        let ready = match &generator.kind {
            Kind::Endpoint(endpoint) => {
                let key = endpoint.key.as_ref().map(keyring::read).transpose().map_err(&wrong)?;
                let client = Client::new((**endpoint).clone(), key, Authorities::mozilla(), spent);
                Ready::Model(Box::new(client.map_err(|error| wrong(error.to_string()))?))
            }
            Kind::Command(command) => Ready::Command(command.clone()),
            Kind::Files { path, limits } => {
                let found = generate::candidates(&folder.join(path), limits);
                Ready::Files(found.map_err(|error| wrong(error.to_string()))?)
            }
        };
        Ok(Self { generator, ready })
    }

    /// What submissions call it: the model, whatever its table is called, so that its tries are counted together.
    pub fn id(&self) -> String {
        match &self.generator.kind {
            Kind::Endpoint(endpoint) => endpoint.model.clone(),
            Kind::Command(_) => format!("command:{}", self.generator.name),
            Kind::Files { .. } => format!("files:{}", self.generator.name),
        }
    }

    pub fn kind(&self) -> &'static str {
        match &self.generator.kind {
            Kind::Endpoint(endpoint) if endpoint.protocol == Protocol::Anthropic => "anthropic",
            Kind::Endpoint(_) => "openai",
            Kind::Command(_) => "command",
            Kind::Files { .. } => "files",
        }
    }

    /// The endpoint's address.
    pub fn endpoint(&self) -> Option<&str> {
        match &self.generator.kind {
            Kind::Endpoint(endpoint) => Some(&endpoint.url),
            _ => None,
        }
    }

    /// How the model is to choose, but for its seed: decimal numbers by name.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        let Kind::Endpoint(endpoint) = &self.generator.kind else { return BTreeMap::new() };
        let parameters = &endpoint.parameters;
        let some = [
            ("temperature", parameters.temperature.map(|number| number.to_string())),
            ("top_p", parameters.top_p.map(|number| number.to_string())),
            ("max_tokens", Some(parameters.max_tokens.to_string())),
        ];
        some.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// How many candidates it has, if that is not for the order to say.
    pub fn candidates(&self) -> Option<u64> {
        match &self.ready {
            Ready::Files(files) => Some(files.len() as u64),
            _ => None,
        }
    }

    /// The most questions to it that are under way at once.
    fn parallel(&self) -> Option<u64> {
        match &self.generator.kind {
            Kind::Endpoint(endpoint) => endpoint.rates.parallel,
            // It is a whole program, and may be a large one.
            Kind::Command(_) => Some(1),
            Kind::Files { .. } => None,
        }
    }

    /// Whether it can be told what was wrong.
    pub fn repairs(&self) -> bool {
        !matches!(self.ready, Ready::Files(_))
    }

    /// Asks once. `nth` is which candidate of this generator it is, from 0.
    fn ask(&self, question: &Question, nth: u64, means: &Means<'_>) -> Answered {
        let (started, clock) = (Timestamp::now(), Instant::now());
        let mut watch = Watching { question, means };
        let mut answered = match &self.ready {
            Ready::Model(client) => model(client, question, nth, &mut watch),
            Ready::Command(command) => {
                let natives = means.launch.natives();
                let asked = generate::ask(command, &question.request, &mut Commands::new(&natives), &mut watch);
                plain(asked.map(given).map_err(|error| error.to_string()))
            }
            Ready::Files(files) => {
                let found = usize::try_from(nth).ok().and_then(|nth| files.get(nth));
                plain(
                    found.map(|one| Given::Files(one.files.clone())).ok_or_else(|| "there is no such file".to_owned()),
                )
            }
        };
        let milliseconds = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        answered.spent.milliseconds = milliseconds;
        Answered { started, finished: Timestamp::now(), ..answered }
    }
}

fn given(answer: generate::Answer) -> Given {
    match answer {
        generate::Answer::Artifact(bytes) => Given::Artifact(bytes),
        generate::Answer::Reply(text) => Given::Reply(text),
        generate::Answer::Files(files) => Given::Files(files),
    }
}

fn plain(given: Result<Given, String>) -> Answered {
    let (model, fingerprint, seed) = (None, None, None);
    let now = Timestamp::now();
    Answered { given, model, fingerprint, seed, spent: Spent::default(), started: now, finished: now }
}

fn model(client: &Client, question: &Question, nth: u64, watch: &mut dyn Watch) -> Answered {
    // The same question twice with the same seed has the same answer.
    let seed = client.endpoint().parameters.seed.map(|seed| {
        // JSON numbers are exact up to here.
        seed.wrapping_add(nth).wrapping_add(question.repairs.saturating_mul(1000)) & ((1 << 53) - 1)
    });
    match client.seeded(seed).complete(&question.request, watch) {
        Ok(reply) => {
            let usage = reply.usage.unwrap_or_default();
            let spent = Spent {
                requests: u64::from(reply.attempts),
                input_tokens: usage.input_tokens,
                output_tokens: usage.output_tokens,
                money_micros: client.endpoint().price.of(usage),
                milliseconds: 0,
            };
            let answered = plain(Ok(Given::Reply(reply.text)));
            Answered { model: reply.model, fingerprint: reply.fingerprint, seed, spent, ..answered }
        }
        Err(failure) => {
            let spent = Spent {
                requests: u64::from(failure.attempts),
                input_tokens: failure.spent.input_tokens,
                output_tokens: failure.spent.output_tokens,
                money_micros: failure.spent.money_micros,
                milliseconds: 0,
            };
            Answered { seed, spent, ..plain(Err(failure.to_string())) }
        }
    }
}

/// Passes on what is happening, and the wish to stop.
struct Watching<'a> {
    question: &'a Question,
    means: &'a Means<'a>,
}

impl Watch for Watching<'_> {
    fn stop(&mut self) -> bool {
        (self.means.stop)()
    }

    fn progress(&mut self, progress: generate::Progress) {
        (self.means.asking)(self.question.candidate, &progress);
    }
}

/// The answers to all questions, in their order. A generator that may not be asked more often at once keeps no other waiting.
pub fn all(order: &Order<'_>, questions: &[Question], means: &Means<'_>) -> Vec<Answered> {
    let state = Mutex::new(State {
        waiting: (0..questions.len()).collect(),
        under_way: vec![0; order.askers.len()],
        answers: questions.iter().map(|_| None).collect(),
    });
    let ended = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let take = || {
        let mut state = lock();
        while !state.waiting.is_empty() {
            if let Some(at) = state.take(order, questions) {
                return Some(at);
            }
            state = ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    };
    let work = || {
        while let Some(at) = take() {
            let Some(question) = questions.get(at) else { continue };
            let asker = order.askers.get(question.asker);
            let answered = asker.map(|asker| asker.ask(question, nth(order, question), means));
            lock().put(at, question.asker, answered);
            ended.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..questions.len().min(PARALLEL_MAX) {
            scope.spawn(work);
        }
    });
    let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state
        .answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| plain(Err("it was not asked".to_owned()))))
        .collect()
}

/// How far a round of questions is.
struct State {
    /// Questions by their place.
    waiting: Vec<usize>,
    /// Questions of each asker.
    under_way: Vec<u64>,
    answers: Vec<Option<Answered>>,
}

impl State {
    /// The next question whose generator may be asked now.
    fn take(&mut self, order: &Order<'_>, questions: &[Question]) -> Option<usize> {
        let free = |at: &usize| {
            let asker = questions.get(*at).map_or(0, |question| question.asker);
            let most = order.askers.get(asker).and_then(Asker::parallel).unwrap_or(u64::MAX);
            self.under_way.get(asker).is_some_and(|count| *count < most)
        };
        let place = self.waiting.iter().position(free)?;
        let at = self.waiting.remove(place);
        let asker = questions.get(at)?.asker;
        if let Some(count) = self.under_way.get_mut(asker) {
            *count = count.saturating_add(1);
        }
        Some(at)
    }

    fn put(&mut self, at: usize, asker: usize, answered: Option<Answered>) {
        if let Some(count) = self.under_way.get_mut(asker) {
            *count = count.saturating_sub(1);
        }
        if let Some(place) = self.answers.get_mut(at) {
            *place = answered;
        }
    }
}

/// Which candidate of its generator a question is about, from 0.
fn nth(order: &Order<'_>, question: &Question) -> u64 {
    let before = order.askers.iter().take(question.asker);
    let before: u64 = before.map(|asker| order.candidates_of(asker)).sum();
    question.candidate.saturating_sub(1).saturating_sub(before)
}
