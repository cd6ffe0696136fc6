//! What a program would change, or did, on one screen.

use anstream::{eprintln, println};
use proofmark_governor::staged::{Fate, Finished, Judged, Wanted};
use proofmark_run::broker::ledger::Record;
use proofmark_run::native::staged::Spent;
use proofmark_run::staged::StagedError;
use serde_json::json;

use super::{BAD, BOLD, DEPARTED, GOOD, line, safe, written};
use crate::cli::Format;
use crate::failure::Failure;

/// Changes shown of one directory.
const CHANGES_SHOWN: usize = 20;

/// System calls that reach beyond a program's own memory and files: named even in one line.
const NAMED_CALLS: [&str; 14] = [
    "clone",
    "connect",
    "execve",
    "execveat",
    "fork",
    "kill",
    "memfd_create",
    "personality",
    "socket",
    "setitimer",
    "tgkill",
    "timer_create",
    "tkill",
    "vfork",
];

pub fn finished(
    format: Format,
    command: &str,
    run: Option<&str>,
    finished: &Finished,
    spent: &Spent,
    wanted: Wanted,
    asked: Option<&Record>,
) {
    if format == Format::Json {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let body = json!({
            "run": run, "exit": finished.code, "holds": finished.holds(), "changes": values(&finished.judged),
            "stdout": text(&finished.written.stdout), "stderr": text(&finished.written.stderr),
            "probed": finished.probe.acts.len(), "egress": asked,
            "system_calls": spent.system_calls, "resources": spent.resources, "departures": finished.departures,
        });
        return super::json(command, body);
    }
    written(&finished.written);
    super::departures(&finished.departures);
    asked.into_iter().for_each(super::egress::record);
    if finished.code != 0 {
        eprintln!("{BAD}failed{BAD:#}: the program ended with status {}", finished.code);
    }
    if !finished.judged.is_empty() {
        line("calls", &calls(spent));
    }
    changes(run, &finished.judged, finished.holds(), wanted);
}

/// What became of each directory, for programs.
pub fn values(judged: &[Judged]) -> Vec<serde_json::Value> {
    let value = |judged: &Judged| {
        json!({
            "guest": judged.guest, "host": judged.host, "diff": judged.diff, "refused": judged.refused,
            "invariants": judged.invariants, "before": judged.before, "after": judged.after, "fate": judged.fate,
        })
    };
    judged.iter().map(value).collect()
}

/// What became of each directory, and what to do next. `holds`: whether all of it may be committed.
pub fn changes(run: Option<&str>, judged: &[Judged], holds: bool, wanted: Wanted) {
    for one in judged {
        directory(one, wanted);
    }
    if judged.is_empty() {
        return;
    }
    if let Some(run) = run {
        line("run", run);
    }
    let committed = judged.iter().any(|judged| judged.fate == Fate::Committed);
    match (run, committed) {
        (Some(run), true) => line("next", &format!("proofmark undo {run}, to put it back")),
        (Some(_), false) if holds => line("next", "the same with --commit, to make it real"),
        _ => {}
    }
}

/// How many system calls of how many kinds, and which of those that reach out.
fn calls(spent: &Spent) -> String {
    let calls = &spent.system_calls;
    let total = calls.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let named = NAMED_CALLS.iter().filter_map(|name| Some(format!("{name} {}", calls.get(*name)?)));
    let named: Vec<String> = named.collect();
    let among = if named.is_empty() { String::new() } else { format!(", among them {}", named.join(", ")) };
    format!("{total} to the system, of {} kinds{among}", calls.len())
}

fn directory(judged: &Judged, wanted: Wanted) {
    let (style, word) = match (&judged.fate, judged.holds(), wanted) {
        (Fate::Committed, ..) => (GOOD, "committed"),
        (Fate::Failed(_), ..) => (BAD, "failed"),
        (Fate::Dropped, false, _) => (BAD, "refused"),
        (Fate::Dropped, true, Wanted::Shown) => (GOOD, "shown"),
        (Fate::Dropped, true, Wanted::Committed) => (BAD, "dropped"),
    };
    println!("{style}{word:<10}{style:#} {BOLD}{}{BOLD:#} as {}", judged.host.display(), safe(&judged.guest));
    for (nth, text) in judged.diff.summary(CHANGES_SHOWN).lines().enumerate() {
        line(if nth == 0 { "changes" } else { "" }, &safe(text));
    }
    for held in &judged.invariants {
        let (style, sign) = if held.holds == Some(true) { (GOOD, "\u{2713}") } else { (BAD, "\u{2717}") };
        println!("{style}{sign}{style:#} {}", safe(&held.name));
        if let Some(why) = &held.why {
            line("", &safe(why));
        }
    }
    for refused in &judged.refused {
        println!("{BAD}\u{2717}{BAD:#} {}", safe(&format!("`{}` {}", refused.path, refused.reason)));
    }
    if let Fate::Failed(why) = &judged.fate {
        line("", &safe(why));
    }
    if judged.fate == Fate::Dropped {
        line("tree", "untouched");
    }
}

/// A run without an end of its own.
pub fn failure(error: &StagedError) -> Failure {
    match error {
        StagedError::Trapped(_) => Failure::refused(format!("{error}; nothing was changed")),
        StagedError::Stopped(why) => Failure::refused(format!("stopped: {why}; nothing was changed"))
            .next("proofmark log orders, for what is in force"),
        StagedError::Departed(_) => Failure::refused(format!("stopped: {error}; nothing was changed")).next(DEPARTED),
        StagedError::Undecided(_) => Failure::unknown(format!("{error}; nothing was changed")),
        StagedError::Effects { .. } => Failure::wrong(error.to_string()),
        StagedError::Fence(_) | StagedError::Broker(_) => Failure::failed(error.to_string()),
    }
}
