//! What an artifact returns for the inputs that all artifacts of a comparison are given, as digests.
//!
//! The inputs follow from the contract's digest and the types of its interface, and from nothing else: no word of a property
//! is in them, so none of a held-out one can be.

use std::io::Write;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Contract, Function, Value};
use proofmark_mark::base64;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_run::worker;
use proofmark_run::{Ended, Program};

use super::Means;
use crate::checks::Task;
use crate::job::{self, Answer, JobError, Work};
use crate::shards::{self, Merge, SHARDS, Watch};

/// The part of a contract's total fuel that is spent here on each function.
const FUEL_PART: u64 = 10;
const ANSWER_BYTES: usize = 16;

/// How one call ended: the start of a SHA-256.
pub type Answered = [u8; ANSWER_BYTES];
/// Of one function, shard by shard. A shard may be short: its fuel is limited.
pub type Shards = Vec<Vec<Answered>>;

/// The seed of everything random in a comparison.
#[must_use]
pub fn challenge(contract: &Contract) -> Challenge {
    Challenge(contract.digest)
}

/// The inputs of one shard of one function, in order and without an end.
pub(super) fn inputs(contract: &Contract, function: &Function, shard: usize) -> impl Iterator<Item = Vec<Value>> {
    let name = function.full_name();
    let seed = challenge(contract).derive(&[b"behaviour", name.as_bytes(), &(shard as u64).to_be_bytes()]);
    let mut source = Source::new(seed, &Dictionary::default());
    let function = function.clone();
    std::iter::repeat_with(move || source.arguments(&function))
}

/// How a call ended, in a few bytes. Returned and not returned never look alike, and NaNs do.
pub(super) fn answered(ended: &Ended) -> Answered {
    let kind: &[u8] = if matches!(ended, Ended::Returned(_)) { b"returned\0" } else { b"ended\0" };
    let digest = Digest::of_parts(&[kind, ended.to_string().as_bytes()]);
    digest.0.first_chunk().copied().unwrap_or_default()
}

struct Shard(Vec<Answered>);

impl Merge for Shard {
    fn stops(&self) -> bool {
        false
    }
}

/// Calls every function of the artifact with its inputs.
fn sample(
    task: &Task<'_>,
    program: &Program,
    mut each: impl FnMut(Shards) -> Result<(), JobError>,
) -> Result<(), JobError> {
    for function in &task.contract.interface.functions {
        let work = |(): &mut (), shard: usize, watch: &Watch<'_>| {
            let fuel_max = shards::share(task.contract.budget.total_fuel / FUEL_PART, shard);
            let count = usize::try_from(shards::share(task.executions, shard)).unwrap_or(usize::MAX);
            let (mut answers, mut fuel) = (Vec::new(), 0_u64);
            for arguments in inputs(task.contract, function, shard).take(count) {
                if fuel >= fuel_max || !watch.step(shard) {
                    break;
                }
                let outcome = program.call(function, &arguments);
                fuel = fuel.saturating_add(outcome.fuel);
                answers.push(answered(&outcome.ended));
            }
            Shard(answers)
        };
        let shards = shards::run(task.threads, task.executions, &|_, _| {}, || (), work);
        each(shards.into_iter().map(|Shard(answers)| answers).collect())?;
    }
    Ok(())
}

/// Serves the job inside a worker.
pub(crate) fn serve(task: &Task<'_>, mut output: impl Write) -> Result<(), JobError> {
    match task.program() {
        Ok(program) => sample(task, &program, |shards| {
            let texts = shards.iter().map(|answers| base64::encode(answers.as_flattened())).collect();
            Ok(job::send(&mut output, &Answer::Behaviour(texts))?)
        }),
        Err(error) => Ok(job::send(&mut output, &Answer::Refused(error.to_string()))?),
    }
}

/// What the artifact of `task` returns, function by function: components in a worker's fence, programs in a fence for each call.
///
/// # Errors
/// Why the artifact can't be compared, in words.
pub(super) fn of(task: &Task<'_>, contract_text: &str, means: &Means<'_>) -> Result<Vec<Shards>, String> {
    if task.contract.interface.process().is_none() {
        return in_worker(task, contract_text, means);
    }
    let program = task.program().map_err(|error| format!("it can't be called: {error}"))?;
    let mut functions = Vec::new();
    let sampled = sample(task, &program, |shards| {
        functions.push(shards);
        Ok(())
    });
    match (sampled, means.natives.undecided()) {
        (Ok(()), None) => Ok(functions),
        (_, Some(why)) => Err(why),
        (Err(error), None) => Err(error.to_string()),
    }
}

fn in_worker(task: &Task<'_>, contract_text: &str, means: &Means<'_>) -> Result<Vec<Shards>, String> {
    let work = Work::Behaviour { inputs: task.executions, threads: task.threads };
    let job = job::written(work, contract_text, task.artifact, None)?;
    let mut worker = worker::start(means.launch, &worker::Seen::default(), job::SILENCE_MAX, job)
        .map_err(|ended| job::why(&ended))?;
    let mut functions = Vec::new();
    while functions.len() < task.contract.interface.functions.len() {
        match job::answer(&mut worker, &mut worker::never).map_err(|ended| job::why(&ended))? {
            Answer::Behaviour(texts) => match shards_of(&texts, task.executions) {
                Some(shards) => functions.push(shards),
                None => return Err(job::why(&worker.nonsense("digests that are none".to_owned()))),
            },
            Answer::Refused(why) => return Err(format!("it can't be called: {why}")),
            _ => return Err(job::why(&worker.nonsense("an answer to another job".to_owned()))),
        }
    }
    Ok(functions)
}

/// A worker's digests of so many inputs: as many shards as there are, none longer than its share. `None` for anything else.
#[must_use]
pub fn shards_of(texts: &[String], inputs: u64) -> Option<Shards> {
    (texts.len() == SHARDS).then_some(())?;
    let shard = |(shard, text): (usize, &String)| {
        let bytes = base64::decode(text)?;
        let (answers, rest) = bytes.as_chunks::<ANSWER_BYTES>();
        let fits = rest.is_empty() && answers.len() as u64 <= shards::share(inputs, shard);
        fits.then(|| answers.to_vec())
    };
    texts.iter().enumerate().map(shard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_of_the_inputs_that_were_asked_for_are_taken() {
        let shard = |bytes: usize| base64::encode(&vec![7; bytes]);
        let shards =
            |first: usize| -> Vec<String> { (0..SHARDS).map(|nth| shard(if nth == 0 { first } else { 0 })).collect() };
        assert_eq!(shards_of(&shards(32), 128).unwrap()[0].len(), 2);
        assert!(shards_of(&shards(0), 128).is_some());
        assert!(shards_of(&shards(48), 128).is_none());
        assert!(shards_of(&shards(17), 128).is_none());
        assert!(shards_of(&shards(16)[1..], 128).is_none());
        let mut wrong = shards(16);
        wrong[3] = "*".to_owned();
        assert!(shards_of(&wrong, 128).is_none());
    }

    #[test]
    fn a_result_and_a_trap_never_look_alike() {
        let returned = Ended::Returned(Some(Value::String("x".to_owned())));
        let same_text = Ended::Trapped(returned.to_string());
        assert_ne!(answered(&returned), answered(&same_text));
        let nan = |bits| answered(&Ended::Returned(Some(Value::F64(f64::from_bits(bits)))));
        assert_eq!(nan(0x7ff8_0000_0000_0000), nan(0xfff8_0000_0000_0001));
    }
}
