//! `proofmark verify`: decides offline whether a mark is valid; with `--replay`, whether its evidence can be made again;
//! with `--log`, whether a whole log is what it says and holds the mark's entries.

use std::path::Path;

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_governor::orders::Watcher;
use proofmark_governor::replay::{Replayed, replay};
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::{Refusal, Verified, verify};
use proofmark_mark::trust::Trust;
use serde_json::json;

use crate::cli::{Format, Verify};
use crate::commands::log::whole;
use crate::failure::{Failure, OK, REFUSED};
use crate::meter::Meter;
use crate::render::{self, report};
use crate::{commands, inputs};

pub fn run(format: Format, home: Option<&Path>, arguments: &Verify) -> Result<u8, Failure> {
    let mark = inputs::mark(&arguments.mark)?;
    let artifact = arguments.artifact.as_deref().map(inputs::artifact).transpose()?;
    let trust = inputs::trust(arguments.trust.as_deref(), home)?;
    let verified = verify(&mark, artifact.as_deref(), &trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    if let Some(log) = &arguments.log {
        in_log(log, &trust, &verified, Digest::of(&mark))?;
    }
    let replayed = match (&artifact, arguments.replay) {
        (Some(artifact), true) => Some(again(arguments, &verified, artifact)?),
        _ => None,
    };
    match format {
        Format::Human => human(arguments, &verified, artifact.is_some(), replayed.as_deref()),
        Format::Json => render::json("verify", as_json(&verified, replayed.as_deref())),
    }
    let same = replayed.iter().flatten().all(|replayed| replayed.difference.is_none());
    Ok(if same { OK } else { REFUSED })
}

/// A refusal by the trust core.
pub fn refusal(refused: &Refusal) -> Failure {
    let failure = Failure::refused(format!("not valid: {refused}"));
    failure.next(refused.next())
}

fn in_log(folder: &Path, trust: &Trust, verified: &Verified, mark: Digest) -> Result<(), Failure> {
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
    match watcher.standing().revoked(mark) {
        Some(order) => Err(Failure::refused(format!("not valid any more: {}", order.order))
            .next("check the artifact again for a new mark")),
        None => Ok(()),
    }
}

fn again(arguments: &Verify, verified: &Verified, artifact: &[u8]) -> Result<Vec<Replayed>, Failure> {
    let contract = Contract::parse(&verified.contract)
        .map_err(|list| Failure::contract("the mark's contract", verified.contract.clone(), list))?;
    let meter = Meter::default();
    for planned in verified.submission.plan.iter() {
        meter.start(&planned.check);
    }
    let launch = commands::launch()?;
    let threads = commands::threads(&arguments.threads);
    let natives = commands::natives(&launch.fences);
    let progress = |check: &str, done, planned| meter.step(check, done, planned);
    let replayed = replay(verified, &contract, artifact, &launch.fences, &natives, threads, &progress);
    launch.held()?;
    for planned in verified.submission.plan.iter() {
        meter.end(&planned.check);
    }
    Ok(replayed)
}

fn human(arguments: &Verify, verified: &Verified, held: bool, replayed: Option<&[Replayed]>) {
    let good = replayed.iter().copied().flatten().all(|one| one.difference.is_none());
    render::verdict(if good { "valid" } else { "differs" }, good, &arguments.mark);
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
        match &one.difference {
            None => render::line("replayed", &format!("{}: the same bytes", one.check)),
            Some(difference) => render::line(
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
        let same = |one: &Replayed| json!({ "check": one.check, "same": one.difference.is_none() });
        replayed.iter().map(same).collect::<Vec<_>>()
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
