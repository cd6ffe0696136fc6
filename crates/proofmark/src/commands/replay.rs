//! `proofmark replay`: repeats a run from its tape and holds it against its receipt. Asks nothing of the world.

use std::path::Path;

use proofmark_governor::tape::replay::{Difference, ReplayError, Replayed, replay};
use serde_json::json;

use crate::cli::{Format, Replay};
use crate::failure::{Failure, OK, REFUSED};
use crate::{commands, inputs, render};

pub fn run(format: Format, home: Option<&Path>, arguments: &Replay) -> Result<u8, Failure> {
    let home = inputs::home(home)?;
    let launch = commands::launch()?;
    let replayed = replay(&home, &arguments.run, &launch.fences).map_err(|error| failure(&error))?;
    launch.held()?;
    match format {
        Format::Human => show(&replayed),
        Format::Json => render::json(
            "replay",
            json!({
                "run": replayed.run,
                "same": replayed.difference.is_none(),
                "calls": replayed.calls,
                "outcome": replayed.outcome,
                "fuel": replayed.fuel,
                "host_calls": replayed.host_calls,
                "difference": replayed.difference.as_ref().map(|Difference { call, what, recorded, replayed }| {
                    json!({ "call": call, "what": what, "recorded": recorded, "replayed": replayed })
                }),
            }),
        ),
    }
    Ok(if replayed.difference.is_none() { OK } else { REFUSED })
}

fn show(replayed: &Replayed) {
    match &replayed.difference {
        None => render::said("the same, bit for bit"),
        Some(difference) => {
            render::said("not the same");
            if let Some(call) = &difference.call {
                render::line("call", &render::safe(call));
            }
            render::line("first", difference.what);
            render::line("recorded", &render::safe(&difference.recorded));
            render::line("replayed", &render::safe(&difference.replayed));
        }
    }
    render::line("run", &render::safe(&replayed.run));
    render::line("calls", &format!("{}, {}", replayed.calls, render::safe(&replayed.outcome)));
    render::line("fuel", &replayed.fuel.to_string());
    for (name, count) in &replayed.host_calls {
        render::line("host call", &format!("{} × {count}", render::safe(name)));
    }
}

fn failure(error: &ReplayError) -> Failure {
    let text = error.to_string();
    match error {
        ReplayError::Unknown(_) => {
            Failure::wrong(text).next("proofmark log runs --all, for the ids of the runs in this home's log")
        }
        ReplayError::Ambiguous(_) => Failure::wrong(text),
        ReplayError::Unfinished => Failure::unknown(text).next("proofmark log runs, for the runs whose end is missing"),
        ReplayError::Native | ReplayError::NoTape(_) | ReplayError::Damaged(_) => Failure::unknown(text),
        ReplayError::Gone { .. } => {
            Failure::unknown(text).next("what was erased can't come back; proofmark log audit says what was altered")
        }
        ReplayError::Govern(_) | ReplayError::Caller(_) => Failure::failed(text),
    }
}
