//! `proofmark models`: the scoreboard of those who were asked for artifacts, from the log.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use proofmark_governor::home::write;
use proofmark_governor::models::{Board, By, Figures};
use serde_json::json;

use crate::cli::{Dimension, Format, Models};
use crate::failure::{Failure, OK};
use crate::meter::Meter;
use crate::{inputs, render};

/// The name of the bar.
const READING: &str = "log";

pub fn run(format: Format, home: Option<&Path>, arguments: &Models) -> Result<u8, Failure> {
    let since = arguments.since.as_deref().map(since).transpose()?;
    let home = inputs::home(home)?;
    let view = home.log.view();
    let meter = Meter::default();
    meter.start(READING);
    let board = Board::read(view, since, &|done, all| meter.step(READING, done, all));
    meter.end(READING);
    let board = board.map_err(|error| Failure::failed(error.to_string()))?;
    let by: BTreeSet<By> = arguments.by.iter().copied().map(By::from).collect();
    let figures: Vec<Figures> = board.figures(&by);
    if let Some(file) = &arguments.plot {
        let failed = |error| Failure::wrong(format!("the plot can't be written: {error}"));
        write(file, render::plot::svg(&figures).as_bytes()).map_err(failed)?;
    }
    match format {
        Format::Human => render::models::table(&figures, arguments.plot.as_deref()),
        Format::Json => render::json(
            "models",
            json!({ "size": view.size(), "root": view.root(), "by": by, "since": since.map(|time| time.to_string()), "groups": figures }),
        ),
    }
    Ok(OK)
}

/// A time, or how long before now.
fn since(text: &str) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::wrong(format!("`{text}` is neither a time nor a duration"))
            .next("write a time such as 2026-12-24T18:00:00Z, or a duration such as 90m, 12h or 3d")
    };
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    Timestamp::now().checked_sub(inputs::duration(text).ok_or_else(wrong)?).map_err(|_| wrong())
}

impl From<Dimension> for By {
    fn from(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Model => Self::Model,
            Dimension::Kind => Self::Kind,
            Dimension::Target => Self::Target,
        }
    }
}
