//! The final screen of `check`: the verdict in one line, then what it rests on, what goes against it, and what comes next.
//!
//! On a terminal it is wrapped, and long values are cut; elsewhere each thing has a line of its own, whole.

use anstyle::Style;
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome};
use proofmark_mark::policy::Unmet;

use super::report::{Report, Said, counted, coverage, grouped, missed, not_checked, risk, said, withheld};
use super::{BAD, BOLD, DIM, GOOD, UNSURE, capabilities, safe};

/// Columns of what each line is about, and of a check's name with its sign.
const LABEL: usize = 12;
const CHECK: usize = 15;
/// The longest value on a terminal, in characters.
const VALUE_MAX: usize = 240;
const COUNTEREXAMPLES_MAX: usize = 3;
const PLAIN: Style = Style::new();

/// The screen, with the escapes of its styles.
pub fn screen(report: &Report<'_>) -> String {
    let Report { asked, checked, arguments, .. } = report;
    let mut page = Page { text: String::new(), width: report.width };
    let (style, word, why) = verdict(report);
    page.line(&format!("{style}{word:<LABEL$}{style:#}{BOLD}{}{BOLD:#}: {why}", safe(&asked.contract.name)));
    let intent: Vec<&str> = asked.contract.intent.split_whitespace().collect();
    page.row("asked", PLAIN, &page.cut(&safe(&intent.join(" "))));
    let (bytes, attempt) = (grouped(asked.artifact.len() as u64), checked.submission.attempt);
    let whose = format!("{bytes} bytes by {}, attempt {attempt} at this contract", safe(asked.generator));
    page.row("artifact", PLAIN, &format!("{}, {whose}", arguments.artifact.display()));
    page.line("");
    let mut told = Vec::new();
    for evidence in &checked.evidence {
        looked_at(&mut page, report, evidence, &mut told);
    }
    page.line("");
    counterexamples(&mut page, report);
    if let Some(risk) = checked.evidence.iter().find_map(risk) {
        page.row("risk", PLAIN, &risk);
    }
    question(&mut page, report);
    page.row("not checked", DIM, &not_checked(&checked.evidence));
    match &checked.result {
        Ok(_) => {
            page.row(
                "granted",
                PLAIN,
                &format!("a run that leaves the profile of its checks is {}", checked.grant.on_departure),
            );
            page.verbatim("mark", &report.mark.display().to_string());
        }
        Err(unmet) => refused(&mut page, report, unmet),
    }
    page.verbatim("contract", &format!("{DIM}{}{DIM:#}", asked.contract.digest));
    page.verbatim("artifact", &format!("{DIM}{}{DIM:#}", checked.artifact));
    let index = checked.log_size.saturating_sub(1);
    page.row("logged", DIM, &format!("submission, evidence and verdict, up to entry {index}"));
    let next = match &checked.result {
        Ok(_) => run(report),
        Err(unmet) => Some(next(report, unmet)),
    };
    if let Some(next) = next {
        page.verbatim("next", &next);
    }
    page.text
}

/// Lines, each with what it is about in a column of its own.
struct Page {
    text: String,
    /// The columns of a terminal; elsewhere nothing is wrapped and nothing cut.
    width: Option<usize>,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Text that goes on under itself.
    fn row(&mut self, label: &str, style: Style, text: &str) {
        self.hanging(&format!("{DIM}{label:<LABEL$}{DIM:#}"), LABEL, style, text);
    }

    /// What is to be copied: never wrapped.
    fn verbatim(&mut self, label: &str, text: &str) {
        self.line(&format!("{DIM}{label:<LABEL$}{DIM:#}{text}"));
    }

    /// Text behind a head of so many columns.
    fn hanging(&mut self, head: &str, columns: usize, style: Style, text: &str) {
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(columns));
        for (nth, part) in wrapped(text, room).iter().enumerate() {
            let head = if nth == 0 { head.to_owned() } else { " ".repeat(columns) };
            self.line(&format!("{head}{style}{part}{style:#}"));
        }
    }

    fn cut(&self, text: &str) -> String {
        match text.char_indices().nth(VALUE_MAX) {
            Some((end, _)) if self.width.is_some() => {
                format!(
                    "{}… ({} characters)",
                    text.get(..end).unwrap_or_default(),
                    grouped(text.chars().count() as u64)
                )
            }
            _ => text.to_owned(),
        }
    }
}

/// The text in lines of at most so many characters, but for words that are longer.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0_usize;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used.saturating_add(length).saturating_add(1) > room {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used = used.saturating_add(1);
        }
        line.push_str(word);
        used = used.saturating_add(length);
    }
    lines
}

/// What came of it, in a word and a sentence.
fn verdict(report: &Report<'_>) -> (Style, &'static str, String) {
    let checked = report.checked;
    if checked.result.is_ok() {
        let grant = &checked.grant;
        let day = grant.expires.to_string();
        let day = day.split('T').next().unwrap_or_default();
        let granted = format!("{} use with {}, until {day}", grant.autonomy, capabilities(&grant.capabilities));
        return (GOOD, "marked", granted);
    }
    let with = |outcome| {
        let checks = checked.evidence.iter().filter(|evidence| evidence.outcome == outcome);
        checks.map(|evidence| evidence.check.as_str()).collect::<Vec<_>>()
    };
    match (&with(Outcome::Failed)[..], &with(Outcome::Unknown)[..]) {
        ([], []) => (BAD, "refused", format!("the policy `{}` asks for more", safe(report.asked.policy_name))),
        ([], unknown) => (UNSURE, "unknown", format!("{} could not decide", listed(unknown))),
        (failed, _) => (BAD, "refused", format!("{} failed", listed(failed))),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// One check's lines. A reason that contains one already `told` is not repeated.
fn looked_at<'a>(page: &mut Page, report: &Report<'a>, evidence: &'a Evidence, told: &mut Vec<&'a str>) {
    let Said { reason, counterexamples } = said(report, evidence);
    let (style, sign) = match evidence.outcome {
        Outcome::Passed => (GOOD, "✓"),
        Outcome::Failed => (BAD, "✗"),
        Outcome::Unknown => (UNSURE, "?"),
    };
    let again = reason.filter(|reason| told.iter().any(|known| reason.contains(known)));
    let line = match (evidence.outcome, again) {
        (Outcome::Unknown, Some(_)) => "could not be tried, for the reason above".to_owned(),
        (Outcome::Unknown, None) => "unknown".to_owned(),
        _ => counted(evidence),
    };
    page.hanging(&format!("{style}{sign}{style:#} {:<12} ", evidence.check), CHECK, PLAIN, &line);
    let beside = |page: &mut Page, style, text: &str| page.hanging(&" ".repeat(CHECK), CHECK, style, text);
    if let (Outcome::Passed, Some(reached)) = (evidence.outcome, coverage(evidence)) {
        beside(page, DIM, &reached);
    }
    if let (Outcome::Passed, Some(missed)) = (evidence.outcome, missed(evidence)) {
        beside(page, UNSURE, &missed);
    }
    if let (Some(reason), None, true) = (reason, again, counterexamples.is_empty()) {
        beside(page, style, &safe(reason));
        told.push(reason);
    }
}

/// The first counterexamples of all checks.
fn counterexamples(page: &mut Page, report: &Report<'_>) {
    let each = report.checked.evidence.iter();
    let all: Vec<_> = each
        .flat_map(|evidence| said(report, evidence).counterexamples.iter().map(move |one| (evidence, one)))
        .collect();
    for (evidence, counterexample) in all.iter().take(COUNTEREXAMPLES_MAX) {
        one(page, &evidence.check, counterexample);
    }
    let more = all.len().saturating_sub(COUNTEREXAMPLES_MAX);
    if more > 0 {
        page.line(&format!("and {more} more: --format json has them all"));
    }
    if !all.is_empty() {
        page.line("");
    }
}

fn one(page: &mut Page, check: &str, counterexample: &Counterexample) {
    if withheld(counterexample) {
        page.line(&format!("{BAD}counterexample{BAD:#} of {check}"));
        let why = "what violates it is held out; withheld (the contract's owner may use --show-held-out)";
        return page.hanging("    ", 4, PLAIN, why);
    }
    let property = if counterexample.property == check { "" } else { &format!(", {}", safe(&counterexample.property)) };
    page.line(&format!("{BAD}counterexample{BAD:#} of {check}{property}"));
    page.line(&format!("    {BOLD}{}{BOLD:#}", page.cut(&safe(&counterexample.call))));
    page.line(&format!("    got       {BAD}{}{BAD:#}", page.cut(&safe(&counterexample.got))));
    let wanted = if matches!(check, "examples" | "reference") { "expected" } else { "violated" };
    page.line(&format!("    {wanted}  {}", page.cut(&safe(&counterexample.violated))));
}

/// The simplest question that `strength` leaves to the contract's owner.
fn question(page: &mut Page, report: &Report<'_>) {
    let Some(best) = report.questions.iter().min_by_key(|question| question.call.to_string().len()) else { return };
    let [call, artifact, mutant] =
        [best.call.to_string(), best.artifact.to_string(), best.mutant.to_string()].map(|text| page.cut(&safe(&text)));
    page.row(
        "question",
        UNSURE,
        &format!("for {call} the contract accepts {artifact}, as here, and {mutant}: which is right?"),
    );
    let (contract, artifact) = (report.arguments.contract.display(), report.arguments.artifact.display());
    page.verbatim("", &format!("{DIM}proofmark contract sharpen {contract} {artifact}{DIM:#}"));
}

/// What the policy needs and does not have.
fn refused(page: &mut Page, report: &Report<'_>, unmet: &[Unmet]) {
    page.row("refused", PLAIN, &format!("by the policy `{}`, which needs", safe(report.asked.policy_name)));
    for rule in unmet {
        let evidence = rule.evidence.as_ref().map(|name| format!(" (evidence: {name})")).unwrap_or_default();
        let needs = format!("{}{evidence} [{}]", safe(&rule.needs), safe(&rule.rule));
        page.hanging(&format!("{:LABEL$}- ", ""), LABEL.saturating_add(2), PLAIN, &needs);
    }
}

/// The command that runs what was marked.
fn run(report: &Report<'_>) -> Option<String> {
    let contract = report.asked.contract;
    if let Some(process) = contract.interface.process() {
        let files =
            process.files.as_deref().map(|guest| format!(" --dir {}=DIRECTORY", safe(guest))).unwrap_or_default();
        return Some(format!("proofmark run {}{files}", report.mark.display()));
    }
    let call = contract.examples.first()?.call.to_string();
    Some(format!("proofmark run {} '{}'", report.mark.display(), safe(&call)))
}

/// The next thing to try: replay the first counterexample that may be shown, else what the first rule says.
fn next(report: &Report<'_>, unmet: &[Unmet]) -> String {
    let mut counterexamples =
        report.checked.evidence.iter().flat_map(|evidence| said(report, evidence).counterexamples);
    let arguments = report.arguments;
    if let Some(counterexample) = counterexamples.find(|counterexample| !withheld(counterexample)) {
        let call = safe(&counterexample.call).replace('\'', r"'\''");
        return format!("proofmark call {} {} '{call}'", arguments.contract.display(), arguments.artifact.display());
    }
    let from_rule = unmet.iter().find_map(|rule| rule.next.clone());
    from_rule.map_or_else(|| format!("proofmark inspect {}", arguments.artifact.display()), |next| safe(&next))
}

#[cfg(test)]
mod tests;
