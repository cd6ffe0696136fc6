//! Progress bars: on a terminal only, and only for work that takes longer than a quarter of a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use proofmark_governor::govern::Event;

const SHOWN_AFTER: Duration = Duration::from_millis(250);

/// The bars of one command, by name.
#[derive(Default)]
pub struct Meter {
    bars: Mutex<HashMap<String, (Instant, Option<ProgressBar>)>>,
}

impl Meter {
    /// Shows what happens to checks.
    pub fn watch(&self, event: Event<'_>) {
        match event {
            Event::Submitted { .. } => {}
            Event::Started { check } => self.start(check),
            Event::Progress { check, done, planned } => self.step(check, done, planned),
            Event::Ended { check } => self.end(check),
        }
    }

    pub fn start(&self, name: &str) {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), (Instant::now(), None));
    }

    pub fn step(&self, name: &str, done: u64, planned: u64) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((since, bar)) = bars.get_mut(name) else { return };
        if bar.is_none() && since.elapsed() > SHOWN_AFTER {
            *bar = Some(new(name, planned));
        }
        if let Some(bar) = bar {
            bar.set_position(done);
        }
    }

    pub fn end(&self, name: &str) {
        if let Some((_, Some(bar))) = self.bars.lock().unwrap_or_else(PoisonError::into_inner).remove(name) {
            bar.finish_and_clear();
        }
    }
}

fn new(name: &str, planned: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(planned), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("  {msg:12} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}
