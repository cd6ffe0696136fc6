//! What people and machines read. The only file that prints; every text that came from outside is shown escaped.

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write};
use std::path::Path;

use anstream::{eprintln, println};
use anstyle::{AnsiColor, Style};
use proofmark_governor::home::Home;
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::Verified;
use proofmark_run::Ended;
use proofmark_run::printable::printable;
use proofmark_run::profile::Profile;
use proofmark_run::wasi::Written;
use serde_json::{Value, json};

use crate::cli::Format;
use crate::failure::{Failure, Problems};
use crate::inputs;

pub mod compare;
pub mod egress;
pub mod make;
pub mod models;
pub mod native;
pub mod plot;
pub mod report;
pub mod sarif;
pub mod screen;
pub mod sharpen;
pub mod staged;
pub mod tools;
pub mod trace;

/// Version of the JSON that commands print.
const JSON_VERSION: u64 = 1;

/// The next thing to try when a run was stopped for leaving its profile.
pub const DEPARTED: &str =
    "run it on what its checks saw, or check it under a policy that permits `depart`, such as `supervised`";

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BAD: Style = AnsiColor::Red.on_default();
pub const UNSURE: Style = AnsiColor::Yellow.on_default();

/// Prints a SARIF log.
pub fn sarif(log: &Value) {
    println!("{log}");
}

/// Prints a command's result as one JSON object: `proofmark` (version), `command`, then `body`'s fields.
pub fn json(command: &str, body: Value) {
    let mut object = serde_json::Map::new();
    object.insert("proofmark".to_owned(), JSON_VERSION.into());
    object.insert("command".to_owned(), command.into());
    if let Value::Object(fields) = body {
        object.extend(fields);
    }
    println!("{}", Value::Object(object));
}

/// One line: a name in a column of its own, then text.
pub fn line(name: &str, text: &str) {
    println!("{DIM}{name:<10}{DIM:#} {text}");
}

/// The names of capabilities, or that there are none.
pub fn capabilities(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() { "no capabilities".to_owned() } else { names.join(", ") }
}

/// Text from outside on one line, with everything that steers a terminal written out.
pub fn safe(text: &str) -> String {
    printable(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t")
}

/// The result of a call: the value on standard output, a trap on standard error.
pub fn result(ended: &Ended) {
    match ended {
        Ended::Returned(Some(value)) => println!("{}", safe(&value.to_string())),
        Ended::Returned(None) => {}
        cut => eprintln!("{BAD}no result{BAD:#}: {}", safe(&cut.to_string())),
    }
}

/// What `do` runs, on standard error: standard output is the artifact's.
pub fn using(how: &str, verified: &Verified) {
    let generator = safe(&verified.submission.generator);
    eprintln!(
        "{DIM}{how}{DIM:#} sha256:{} by {generator}, marked for {} use",
        verified.artifact, verified.grant.autonomy
    );
}

/// How a run left its profile, on standard error: standard output is the artifact's.
pub fn departures(departures: &BTreeSet<String>) {
    for how in departures {
        eprintln!("{UNSURE}left its profile{UNSURE:#}: {}", safe(how));
    }
}

/// What an artifact wrote, to where it wrote it. To a terminal only as text that can't steer it.
pub fn written(written: &Written) {
    let (mut stdout, mut stderr) = (std::io::stdout(), std::io::stderr());
    // Output that nobody reads is nobody's loss.
    drop(pass(&mut stdout, &written.stdout, std::io::stdout().is_terminal()));
    drop(pass(&mut stderr, &written.stderr, std::io::stderr().is_terminal()));
}

fn pass(to: &mut dyn Write, bytes: &[u8], terminal: bool) -> std::io::Result<()> {
    if terminal {
        to.write_all(printable(bytes).as_bytes())?;
    } else {
        to.write_all(bytes)?;
    }
    to.flush()
}

pub fn home(home: &Home) {
    println!("{GOOD}made{GOOD:#} {}", home.path.display());
    line("keys", &format!("{} (secret; back them up)", home.path.join("keys").display()));
    line("log", home.keys.log_verifier().name());
    line("policies", "assisted, supervised (default), autonomous");
    line("trust", &format!("{}: give it to whoever verifies your marks", home.trust_file().display()));
    line("next", "proofmark check CONTRACT ARTIFACT");
}

/// A failure on standard error, or as JSON on standard output.
pub fn failure(format: Format, failure: &Failure) {
    if format == Format::Json {
        let problems = failure.problems.as_ref().map(|problems| {
            let places = problems.list.iter().map(|problem| {
                let (line, column) = problem.position(&problems.text);
                json!({ "line": line, "column": column, "message": problem.message, "help": problem.help })
            });
            json!({ "path": problems.path, "list": places.collect::<Vec<_>>() })
        });
        let mut error =
            json!({ "exit": failure.code, "message": failure.message, "next": failure.next, "problems": problems });
        if let (Some(asked), Value::Object(fields)) = (&failure.asked, &mut error) {
            fields.insert("egress".to_owned(), json!(asked));
        }
        json("error", json!({ "error": error }));
        return;
    }
    failure.asked.iter().for_each(|asked| egress::record(asked));
    eprintln!("{BAD}error{BAD:#}: {}", safe(&failure.message));
    if let Some(problems) = &failure.problems {
        spans(problems);
    }
    if let Some(next) = &failure.next {
        eprintln!("{BOLD}next{BOLD:#}: {}", safe(next));
    }
}

/// Each problem of a contract with the lines it is about.
fn spans(problems: &Problems) {
    use ariadne::{Color, Config, IndexType, Label, Report, ReportKind, Source};
    for problem in &problems.list {
        let config = Config::default().with_color(false).with_index_type(IndexType::Byte);
        let place = (problems.path.as_str(), problem.span.clone());
        let mut report = Report::build(ReportKind::Error, place.clone())
            .with_config(config)
            .with_message(safe(&problem.message))
            .with_label(Label::new(place).with_message(safe(&problem.label)).with_color(Color::Red));
        if let Some(help) = &problem.help {
            report.set_help(safe(help));
        }
        let mut shown = Vec::new();
        let source = (problems.path.as_str(), Source::from(problems.text.as_str()));
        match report.finish().write(source, &mut shown) {
            Ok(()) => eprintln!("{}", String::from_utf8_lossy(&shown).trim_end()),
            Err(_) => eprintln!("{}:{}: {}", problems.path, inputs::place(problem, &problems.text), problem.message),
        }
    }
}

/// What `inspect` found.
pub fn profile(path: &Path, digest: Digest, profile: &Profile) {
    println!("{BOLD}{}{BOLD:#}", path.display());
    line("digest", &format!("sha256:{digest}"));
    line("kind", &format!("{}, {} bytes", profile.kind, profile.bytes));
    line("functions", &format!("{}, the largest of {} bytes", profile.functions, profile.largest_function_bytes));
    let names = |list: &[proofmark_run::profile::Extern]| {
        let names: Vec<String> = list.iter().map(|one| format!("{} ({})", safe(&one.name), one.kind)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    line("imports", &names(&profile.imports));
    line("exports", &names(&profile.exports));
    for memory in &profile.memories {
        let max = memory.max_pages.map_or_else(|| "no maximum".to_owned(), |max| format!("at most {max}"));
        line("memory", &format!("{} pages of 64 KiB, {max}", memory.min_pages));
    }
    for table in &profile.tables {
        let max = table.max.map_or_else(|| "no maximum".to_owned(), |max| format!("at most {max}"));
        line("table", &format!("{} elements, {max}", table.min));
    }
    line("start", &format!("{} start functions", profile.start_functions));
    let opcodes: Vec<String> = profile.opcodes.iter().map(|(name, count)| format!("{name} {count}")).collect();
    line("opcodes", &opcodes.join(", "));
    for (field, values) in &profile.producers {
        line("claims", &format!("{}: {}", safe(field), safe(&values.join(", "))));
    }
}

/// The head of an answer that is one sentence.
pub fn said(text: &str) {
    println!("{BOLD}{}{BOLD:#}", safe(text));
}

/// The head of an answer about a file.
pub fn verdict(word: &str, good: bool, path: &Path) {
    let style = if good { GOOD } else { BAD };
    println!("{style}{word:<10}{style:#} {BOLD}{}{BOLD:#}", path.display());
}
