//! `proofmark verify`: decides offline whether a mark is valid; with `--replay`, whether its evidence can be made again;
//! with `--log`, whether a whole log is what it says and holds the mark's entries.

use std::path::Path;

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_governor::govern::Event;
use proofmark_governor::home::{HomeError, reference_blob};
use proofmark_governor::job::ARTIFACT_BYTES_MAX;
use proofmark_governor::keys::KeysError;
use proofmark_governor::orders::Watcher;
use proofmark_governor::replay::{Compared, Replayed, replay};
use proofmark_governor::sealed::{self, SealError};
use proofmark_mark::mark::{Refusal, Verified, verify};
use proofmark_mark::trust::Trust;
use serde_json::json;

use crate::cli::{Format, Verify};
use crate::commands::log::whole;
use crate::failure::{Failure, OK, REFUSED, UNKNOWN};
use crate::meter::Meter;
use crate::render::{self, report};
use crate::{commands, inputs};

pub fn run(format: Format, home: Option<&Path>, arguments: &Verify) -> Result<u8, Failure> {
    let mark = inputs::mark(&arguments.mark)?;
    let artifact = arguments.artifact.as_deref().map(inputs::artifact).transpose()?;
    let trust = inputs::trust(arguments.trust.as_deref(), home)?;
    let verified = verify(&mark, artifact.as_deref(), &trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    if let Some(log) = &arguments.log {
        in_log(log, &trust, &verified)?;
    }
    let replayed = match (&artifact, arguments.replay) {
        (Some(artifact), true) => Some(again(arguments, home, &verified, artifact)?),
        _ => None,
    };
    match format {
        Format::Human => human(arguments, &verified, artifact.is_some(), replayed.as_deref()),
        Format::Json => render::json("verify", as_json(&verified, replayed.as_deref())),
    }
    Ok(code(replayed.as_deref()))
}

/// 0 valid, and the same where it was replayed; 1 something differs; 3 something can't be replayed here.
fn code(replayed: Option<&[Replayed]>) -> u8 {
    let mut all = replayed.unwrap_or_default().iter();
    if all.clone().any(|one| matches!(one.compared, Compared::Differs(_))) {
        return REFUSED;
    }
    if all.any(|one| matches!(one.compared, Compared::Unknown { .. })) { UNKNOWN } else { OK }
}

/// A refusal by the trust core.
pub fn refusal(refused: &Refusal) -> Failure {
    let failure = Failure::refused(format!("not valid: {refused}"));
    failure.next(refused.next())
}

fn in_log(folder: &Path, trust: &Trust, verified: &Verified) -> Result<(), Failure> {
    let (_, view) = whole(folder, trust)?;
    for (index, entry) in verified.entries() {
        let found = view.entries(index..index.saturating_add(1)).next();
        if !found.is_some_and(|found| found.is_ok_and(|(_, found)| found.to_bytes() == entry)) {
            let why =
                format!("not valid: entry {index} of the log `{}` is not the one the mark proves", folder.display());
            return Err(Failure::refused(why).next("name the log that the mark's checkpoint is of"));
        }
    }
    let watcher = Watcher::of(view, trust).map_err(|error| Failure::failed(error.to_string()))?;
    match watcher.standing().revoked(verified.mark) {
        Some(order) => Err(Failure::refused(format!("not valid any more: {}", order.order))
            .next("check the artifact again for a new mark")),
        None => Ok(()),
    }
}

/// The mark's contract, opened as far as the home can, or with the owner's.
fn opened(arguments: &Verify, home: Option<&Path>, verified: &Verified) -> Result<Contract, Failure> {
    let home = inputs::home_path(home);
    let failed = |error: SealError, text: &str| match error {
        SealError::Home(HomeError::Keys(KeysError::NotFound(path))) => {
            let why = format!("nothing can be sealed here for comparison: `{}` does not exist", path.display());
            Failure::unknown(why).next("name the home that sealed the mark's contract with --home DIR")
        }
        error => inputs::seal_failure(error, text.to_owned()),
    };
    let Some(path) = &arguments.contract else {
        let mut contract = Contract::parse(&verified.contract)
            .map_err(|list| Failure::contract("the mark's contract", verified.contract.clone(), list))?;
        sealed::open(&home, &mut contract).map_err(|error| failed(error, &verified.contract))?;
        return Ok(contract);
    };
    let loaded = inputs::contract(path)?;
    let (text, mut contract) =
        sealed::sealed_before(&home, &loaded.text).map_err(|error| failed(error, &loaded.text))?;
    if text == verified.contract {
        if let Some(bytes) = loaded.contract.reference.as_ref().and_then(|reference| reference.bytes()) {
            contract.attach(bytes).map_err(|error| Failure::wrong(error.to_string()))?;
        }
        return Ok(contract);
    }
    let why = format!("the contract `{}` is not the mark's, or was sealed by another home", path.display());
    Err(Failure::wrong(why).next("name the contract as it was when the mark was made, and its home with --home DIR"))
}

/// Brings the reference of the mark's contract: the file that was named, or what the home has.
fn attach(contract: &mut Contract, arguments: &Verify, home: Option<&Path>) -> Result<(), Failure> {
    let named = arguments.reference.as_deref().map(|path| inputs::bytes("the reference", path, ARTIFACT_BYTES_MAX));
    let known = || {
        let reference = contract.reference.as_ref().filter(|reference| reference.bytes().is_none())?;
        reference_blob(&inputs::home_path(home), reference.digest)
    };
    match named.transpose()?.or_else(known) {
        Some(bytes) => contract.attach(&bytes).map_err(|error| Failure::wrong(error.to_string())),
        None => Ok(()),
    }
}

fn again(
    arguments: &Verify,
    home: Option<&Path>,
    verified: &Verified,
    artifact: &[u8],
) -> Result<Vec<Replayed>, Failure> {
    let mut contract = opened(arguments, home, verified)?;
    attach(&mut contract, arguments, home)?;
    let meter = Meter::default();
    let launch = commands::launch()?;
    let threads = commands::threads(&arguments.threads);
    let natives = launch.natives();
    let watch = |event: Event<'_>| meter.watch(event);
    let replayed = replay(verified, &contract, artifact, &launch.fences, &natives, threads, &watch);
    launch.held()?;
    Ok(replayed)
}

fn human(arguments: &Verify, verified: &Verified, held: bool, replayed: Option<&[Replayed]>) {
    let (word, good) = match code(replayed) {
        OK => ("valid", true),
        UNKNOWN => ("unknown", false),
        _ => ("differs", false),
    };
    render::verdict(word, good, &arguments.mark);
    render::line("id", &verified.mark.to_string());
    let against = if held { "the file given has it" } else { "no file was held against it" };
    render::line("artifact", &format!("sha256:{} ({against})", verified.artifact));
    render::line("generator", &render::safe(&verified.submission.generator));
    let capabilities = render::capabilities(&verified.grant.capabilities);
    render::line(
        "granted",
        &format!("{} use with {capabilities}, until {}", verified.grant.autonomy, verified.grant.expires),
    );
    render::line("", &format!("a run that leaves the profile of its checks is {}", verified.grant.on_departure));
    for evidence in &verified.evidence {
        render::line("evidence", &format!("{}: {}", evidence.check, report::summary(evidence)));
    }
    if arguments.log.is_some() {
        render::line("log", "every hash recomputed; the mark's entries are in it");
    }
    for one in replayed.unwrap_or_default() {
        match &one.compared {
            Compared::Same => render::line("replayed", &format!("{}: the same bytes", one.check)),
            Compared::Unknown { why, next } => {
                render::line("replayed", &format!("{}: can't be run again here: {why}", one.check));
                render::line("next", next);
            }
            Compared::Differs(difference) => render::line(
                "replayed",
                &format!(
                    "{}: differs at byte {}: the mark has `{}`, the replay `{}`",
                    one.check,
                    difference.at_byte,
                    render::safe(&difference.in_mark),
                    render::safe(&difference.replayed)
                ),
            ),
        }
    }
}

fn as_json(verified: &Verified, replayed: Option<&[Replayed]>) -> serde_json::Value {
    let replayed = replayed.map(|replayed| {
        let one = |one: &Replayed| match &one.compared {
            Compared::Unknown { why, .. } => json!({ "check": one.check, "same": null, "unknown": why }),
            compared => json!({ "check": one.check, "same": matches!(compared, Compared::Same) }),
        };
        replayed.iter().map(one).collect::<Vec<_>>()
    });
    json!({
        "valid": true,
        "artifact": verified.artifact,
        "generator": verified.submission.generator,
        "attempt": verified.submission.attempt,
        "grant": verified.grant,
        "evidence": verified.evidence,
        "replayed": replayed,
    })
}
