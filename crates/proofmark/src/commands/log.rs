//! `proofmark log`: looks at the home's log.

use std::path::Path;

use jiff::Timestamp;
use proofmark_governor::home::{Home, HomeError};
use proofmark_governor::log::{Audit, LogError, View, audit};
use proofmark_governor::orders::Watcher;
use proofmark_governor::receipts::{Notable, begin_with, notable};
use proofmark_governor::store::Store;
use proofmark_mark::order::Issued;
use proofmark_mark::receipt::Tape;
use proofmark_mark::trust::Trust;
use serde_json::json;

use crate::cli::Format;
use crate::failure::{Failure, OK};
use crate::{inputs, render};

const RESTORE: &str = "restore it from a copy; what marks prove stands without it";

/// Reads the whole log and recomputes every hash in it.
pub fn audit_home(format: Format, home: Option<&Path>) -> Result<u8, Failure> {
    let path = inputs::home_path(home);
    let folder = path.join("log");
    let trust = inputs::trust(None, home)?;
    // Opening finishes what an interrupted writer had committed but not yet published.
    match Home::open(&path) {
        Ok(_) => {}
        Err(HomeError::Log(error @ (LogError::Altered { .. } | LogError::Cut { .. } | LogError::Gap { .. }))) => {
            return Err(Failure::refused(format!("not valid: {error}")).next(RESTORE));
        }
        Err(error) => return Err(inputs::home_failure(&error)),
    }
    let (found, view) = whole(&folder, &trust)?;
    match format {
        Format::Human => {
            render::verdict("whole", true, &folder);
            render::line("entries", &format!("{} in {} commits", found.entries, found.commits));
            render::line("blobs", &found.blobs.to_string());
            render::line("root", &view.root().to_string());
        }
        Format::Json => render::json(
            "log",
            json!({ "size": found.entries, "commits": found.commits, "blobs": found.blobs, "root": view.root() }),
        ),
    }
    Ok(OK)
}

/// Lists the runs that were opened and not closed (what runs now, and what never came to its end), and those that left the
/// profile that their checks saw.
pub fn runs(format: Format, home: Option<&Path>) -> Result<u8, Failure> {
    let home = inputs::home(home)?;
    let Notable { open, departed } = notable(home.log.view()).map_err(|error| Failure::failed(error.to_string()))?;
    match format {
        Format::Human => {
            if open.is_empty() {
                render::said("every run has its end");
            }
            for receipt in open {
                render::said(&format!("run {} has no end", receipt.sequence));
                render::line("run", &render::safe(&receipt.run));
                render::line("mark", &format!("sha256:{}", receipt.mark));
                render::line("next", &format!("proofmark stop {}, if it still runs", render::safe(&receipt.run)));
            }
            for receipt in departed {
                let on_departure = receipt.grant.on_departure;
                render::said(&format!("run {} left its profile and was {on_departure}", receipt.sequence));
                render::line("run", &render::safe(&receipt.run));
                render::line("mark", &format!("sha256:{}", receipt.mark));
                for how in receipt.end.iter().flat_map(|end| &end.departures) {
                    render::line("left", &render::safe(how));
                }
            }
        }
        Format::Json => render::json("log", json!({ "runs": open, "departed": departed })),
    }
    Ok(OK)
}

/// Lists every run of the log, and how it ended.
pub fn all_runs(format: Format, home: Option<&Path>) -> Result<u8, Failure> {
    let home = inputs::home(home)?;
    let runs = begin_with(home.log.view(), "").map_err(|error| Failure::failed(error.to_string()))?;
    match format {
        Format::Human if runs.is_empty() => render::said("nothing was run"),
        Format::Human => {
            for (receipt, _) in runs {
                let outcome = receipt.end.as_ref().map_or("has no end", |end| &end.outcome);
                render::said(&format!("run {} {outcome}", receipt.sequence));
                render::line("run", &render::safe(&receipt.run));
                if let Some(Tape::Kept(_)) = receipt.end.and_then(|end| end.tape) {
                    render::line("next", &format!("proofmark replay {}, to repeat it", render::safe(&receipt.run)));
                }
            }
        }
        Format::Json => {
            let receipts: Vec<_> = runs.into_iter().map(|(receipt, _)| receipt).collect();
            render::json("log", json!({ "runs": receipts }));
        }
    }
    Ok(OK)
}

/// Lists the freezes that stand.
pub fn orders(format: Format, home: Option<&Path>) -> Result<u8, Failure> {
    let trust = inputs::trust(None, home)?;
    let home = inputs::home(home)?;
    let watcher = Watcher::open(&home, &trust).map_err(|error| Failure::failed(error.to_string()))?;
    let standing: Vec<_> = watcher.standing().freezes(Timestamp::now()).collect();
    match format {
        Format::Human if standing.is_empty() => render::said("nothing is frozen"),
        Format::Human => {
            for freeze in standing {
                render::said(&freeze.order.to_string());
                render::line("order", &freeze.envelope.to_string());
                render::line("since", &freeze.order.issued.to_string());
            }
        }
        Format::Json => {
            let one =
                |freeze: &&Issued| json!({ "freeze": freeze.envelope, "by": freeze.keyid, "order": freeze.order });
            render::json("log", json!({ "freezes": standing.iter().map(one).collect::<Vec<_>>() }));
        }
    }
    Ok(OK)
}

/// Audits the log in a directory under the one of the trusted keys that signed it.
pub fn whole(folder: &Path, trust: &Trust) -> Result<(Audit, View), Failure> {
    let name = folder.display();
    if !folder.is_dir() {
        return Err(Failure::wrong(format!("there is no log at `{name}`")));
    }
    let store = Store::local(folder).map_err(|error| Failure::failed(error.to_string()))?;
    let refused = |why: String| Failure::refused(format!("not valid: the log `{name}`: {why}")).next(RESTORE);
    let mut refusal = refused("no trusted key signed it".to_owned());
    for key in trust.logs() {
        match (audit(&store, key), View::open(&store, key)) {
            (Ok(found), Ok(view)) if found.is_sound() => return Ok((found, view)),
            (Ok(found), _) => {
                let problems = found.problems.iter().map(|one| format!("`{}`: {}", one.path, one.what));
                refusal = refused(problems.take(3).collect::<Vec<_>>().join("; "));
            }
            (Err(error), _) => refusal = refused(error.to_string()),
        }
    }
    Err(refusal)
}
