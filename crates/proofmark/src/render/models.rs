//! The scoreboard as a table for people: a heading for each model, a line for each group.

use std::path::Path;

use anstream::println;
use proofmark_governor::models::{Cost, Figures, Group, Kind, Rate};

use super::{BOLD, DIM, line, safe, said};

/// Columns that stand on the right side of their width; the others are text.
const RIGHT: [bool; COLUMNS] = [false, true, false, false, true, true, true, false];
const COLUMNS: usize = 8;
/// Names of models are cut to this many characters.
const MODEL_MAX: usize = 76;
/// Names in the first column are cut to this many characters.
const LABEL_MAX: usize = 28;
/// What stands where there is no figure.
const NONE: &str = "–";

type Line = [String; COLUMNS];

/// Prints the table, and where the plot is.
pub fn table(figures: &[Figures], plot: Option<&Path>) {
    let Some(first) = figures.first() else {
        said("no candidate is in the log");
        line("next", "proofmark make CONTRACT, or proofmark check CONTRACT ARTIFACT --generator NAME");
        return;
    };
    let has_headings = heading(&first.group).is_some();
    let indent = if has_headings { "  " } else { "" };
    let head = [what(&first.group), "marks", "first try", "repaired", "tokens", "s", "money", "most often"];
    let head = head.map(str::to_owned);
    let above = ["", "", "% marked", "", "a mark:", "", "", ""].map(str::to_owned);
    let lines: Vec<Line> = figures.iter().map(cells).collect();
    let widths = widths(std::iter::once(&head).chain(&lines));
    for line in [above, head] {
        println!("{DIM}{indent}{}{DIM:#}", aligned(&line, &widths));
    }
    let mut last = None;
    for (group, cells) in figures.iter().map(|one| &one.group).zip(&lines) {
        if has_headings && last != Some(&group.model) {
            last = Some(&group.model);
            println!("{BOLD}{}{BOLD:#}", heading(group).unwrap_or_default());
        }
        println!("{indent}{}", aligned(cells, &widths));
    }
    println!();
    println!("{DIM}[ ] holds the true share in 95 of 100 cases. What a mark costs is all that was");
    println!("spent, failures too, for each mark; known of candidates that `make` asked for.{DIM:#}");
    if let Some(plot) = plot {
        line("plot", &safe(&plot.display().to_string()));
    }
}

/// A model's name on a line of its own, where something else tells its lines apart.
pub fn heading(group: &Group) -> Option<String> {
    let has_more = group.kind.is_some() || group.target.is_some();
    group.model.as_deref().filter(|_| has_more).map(|model| cut(model, MODEL_MAX))
}

/// What a line is about, besides its heading.
pub fn label(group: &Group) -> String {
    let model = group.model.as_deref().filter(|_| heading(group).is_none());
    let parts = [model, group.kind.map(Kind::as_str), group.target.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "all".to_owned() } else { cut(&parts.join(", "), LABEL_MAX) }
}

/// What labels name.
fn what(group: &Group) -> &'static str {
    match (&group.model, &group.kind, &group.target) {
        (_, Some(_), Some(_)) => "contract, target",
        (_, Some(_), None) => "contract",
        (_, None, Some(_)) => "target",
        (Some(_), None, None) => "model",
        (None, None, None) => "",
    }
}

/// Text from outside, on one line and not too long.
fn cut(text: &str, length: usize) -> String {
    let text = safe(text);
    match text.char_indices().nth(length.saturating_sub(1)) {
        Some((end, last)) if text.len() > end.saturating_add(last.len_utf8()) => {
            format!("{}…", text.get(..end).unwrap_or_default())
        }
        _ => text,
    }
}

fn cells(figures: &Figures) -> Line {
    let cost = |cost, shown: fn(f64) -> String| {
        figures
            .cost(cost)
            .and_then(|ratio| ratio.per_mark_milli)
            .map_or_else(|| NONE.to_owned(), |milli| shown(milli as f64 / 1000.0))
    };
    let most = figures.most_frequent().map_or_else(String::new, |(step, count)| format!("{count} {}", step.as_str()));
    [
        label(&figures.group),
        format!("{}/{}", figures.marks, figures.candidates),
        share(figures.first_try),
        share(figures.repaired),
        cost(Cost::Tokens, tokens),
        cost(Cost::Milliseconds, |milliseconds| seconds(milliseconds / 1000.0)),
        cost(Cost::MoneyMicros, |micros| money(micros / 1_000_000.0)),
        most,
    ]
}

/// A share with its interval in percent, as in ` 35 [18–57]`. Bounds are rounded outwards.
pub fn share(rate: Rate) -> String {
    let (Some(at), Some(low), Some(high)) = (rate.ppm, rate.low_ppm, rate.high_ppm) else { return NONE.to_owned() };
    format!("{:>3.0} [{}–{}]", at as f64 / 10_000.0, low / 10_000, high.div_ceil(10_000))
}

fn tokens(tokens: f64) -> String {
    match tokens {
        ..10_000.0 => format!("{tokens:.0}"),
        ..10_000_000.0 => format!("{:.1}k", tokens / 1000.0),
        _ => format!("{:.1}M", tokens / 1_000_000.0),
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}

fn money(money: f64) -> String {
    match money {
        ..0.0001 => "<0.0001".to_owned(),
        ..1.0 => format!("{money:.4}"),
        ..1000.0 => format!("{money:.2}"),
        _ => format!("{money:.0}"),
    }
}

fn widths<'a>(lines: impl Iterator<Item = &'a Line>) -> [usize; COLUMNS] {
    let mut widths = [0; COLUMNS];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    widths
}

fn aligned(line: &Line, widths: &[usize; COLUMNS]) -> String {
    let cells = line.iter().zip(widths).zip(RIGHT);
    let cells =
        cells.map(|((cell, width), right)| if right { format!("{cell:>width$}") } else { format!("{cell:<width$}") });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
