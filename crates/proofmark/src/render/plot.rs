//! The scoreboard as a picture: of each group a dot with its interval for first tries and one for repaired ones.
//!
//! SVG by hand: some lines, circles and texts. Colours follow the reader's scheme; without one they are the light ones.

use std::fmt::Write as _;

use proofmark_governor::models::{Figures, Rate};

use super::models::{heading, label, share};
use super::safe;

/// All in pixels.
const WIDTH: u64 = 800;
const LEFT: u64 = 240;
/// Of the scale from 0 to 100 %.
const SCALE: u64 = 440;
const TOP: u64 = 94;
const HEADING: u64 = 30;
const ROW: u64 = 34;
const BOTTOM: u64 = 40;

const STYLE: &str = "\
text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:#1f2328}\
.title{font-size:16px;font-weight:600}.model{font-weight:600}.soft{fill:#59636e}\
.page{fill:#ffffff}.grid{stroke:#d1d9e0}\
.first{fill:#0969da;stroke:#0969da}.repaired{fill:#bc4c00;stroke:#bc4c00}line{stroke-width:1}.whisker{stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}.page{fill:#0d1117}.grid{stroke:#3d444d}\
.first{fill:#4493f8;stroke:#4493f8}.repaired{fill:#f0883e;stroke:#f0883e}}";

/// Which of a group's two shares.
#[derive(Clone, Copy)]
enum Series {
    First,
    Repaired,
}

impl Series {
    fn class(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Repaired => "repaired",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::First => "first try",
            Self::Repaired => "after repairs",
        }
    }
}

/// The picture of these groups.
pub fn svg(figures: &[Figures]) -> String {
    let mut rows = String::new();
    let mut y = TOP;
    let mut last = None;
    for one in figures {
        let model = heading(&one.group);
        if model.is_some() && model != last {
            text(&mut rows, 16, y.saturating_add(20), "model", &model.clone().unwrap_or_default());
            y = y.saturating_add(HEADING);
            last = model;
        }
        row(&mut rows, y, one);
        y = y.saturating_add(ROW);
    }
    let height = y.saturating_add(BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\">\n<title>Candidates that were marked, in percent</title>\n<style>{STYLE}</style>\n\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
    );
    text(&mut svg, 16, 28, "title", "Candidates that were marked");
    text(&mut svg, 16, 50, "soft", "with 95 % intervals");
    for (series, x) in [(Series::First, LEFT), (Series::Repaired, LEFT.saturating_add(110))] {
        dot(&mut svg, series, x.saturating_add(6), 46);
        text(&mut svg, x.saturating_add(18), 50, "soft", series.words());
    }
    axis(&mut svg, y);
    svg.push_str(&rows);
    svg.push_str("</svg>\n");
    svg
}

/// Lines and numbers from 0 to 100 %.
fn axis(svg: &mut String, end: u64) {
    for percent in [0, 25, 50, 75, 100] {
        let x = LEFT.saturating_add(SCALE.saturating_mul(percent) / 100);
        // Formatting into a string can't fail.
        let _ =
            writeln!(svg, "<line class=\"grid\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{end}\"/>", TOP.saturating_sub(8));
        for y in [TOP.saturating_sub(14), end.saturating_add(20)] {
            let _ = writeln!(svg, "<text class=\"soft\" text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">{percent} %</text>");
        }
    }
}

fn row(svg: &mut String, y: u64, figures: &Figures) {
    let middle = y.saturating_add(ROW / 2);
    let about =
        [figures.group.model.as_deref(), figures.group.kind.map(|kind| kind.as_str()), figures.group.target.as_deref()];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    let _ = writeln!(svg, "<g><title>{}</title>", xml(&about.join(", ")));
    text(svg, 28, middle.saturating_add(4), "label", &label(&figures.group));
    let of = format!("{} of {}", figures.marks, figures.candidates);
    text(svg, LEFT.saturating_add(SCALE).saturating_add(24), middle.saturating_add(4), "soft", &of);
    interval(svg, Series::First, middle.saturating_sub(6), figures.first_try);
    interval(svg, Series::Repaired, middle.saturating_add(6), figures.repaired);
    svg.push_str("</g>\n");
}

fn interval(svg: &mut String, series: Series, y: u64, rate: Rate) {
    let (Some(at), Some(low), Some(high)) = (rate.ppm, rate.low_ppm, rate.high_ppm) else { return };
    let class = series.class();
    let x = |ppm: u64| LEFT.saturating_add(SCALE.saturating_mul(ppm).saturating_add(500_000) / 1_000_000);
    let (low, high) = (x(low), x(high));
    let (above, below) = (y.saturating_sub(4), y.saturating_add(4));
    let _ = writeln!(svg, "<g><title>{}: {} %</title>", series.words(), xml(share(rate).trim_start()));
    for (x1, y1, x2, y2) in [(low, y, high, y), (low, above, low, below), (high, above, high, below)] {
        let _ = writeln!(svg, "<line class=\"whisker {class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }
    dot(svg, series, x(at), y);
    svg.push_str("</g>\n");
}

/// Two shapes, so that they are told apart without colours.
fn dot(svg: &mut String, series: Series, x: u64, y: u64) {
    let class = series.class();
    let _ = match series {
        Series::First => writeln!(svg, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"),
        Series::Repaired => writeln!(svg, "<path class=\"{class}\" d=\"M{x} {y}m-5 0l5 -5l5 5l-5 5z\"/>"),
    };
}

fn text(svg: &mut String, x: u64, y: u64, class: &str, text: &str) {
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", xml(text));
}

/// Text from outside as XML has it: nothing that steers, no markup, no character that XML forbids.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in safe(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(xml("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&apos;");
        assert_eq!(xml("\u{1b}[2J\n\0\u{fffe}\u{ffff}\u{202e}"), "\\x1b[2J\\n\\x00\u{fffd}\u{fffd}\\u{202e}");
    }
}
