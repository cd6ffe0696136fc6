//! `proofmark run`: calls a marked artifact inside its grant. No mark, no run.
//!
//! The order is fixed: verify the mark, hold the artifact against it, hold the contract's needs against the grant, write
//! the opening receipt, and only then compile and call.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use proofmark_contract::{Arguments, Call, Contract, Invocation, Process};
use proofmark_governor::act::{self, Act, Means, Ran};
use proofmark_governor::govern::GovernError;
use proofmark_governor::home::Home;
use proofmark_governor::job::CallerError;
use proofmark_governor::staged::{self, Fate, Judged, Wanted};
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::{Verified, verify};
use proofmark_mark::trust::Trust;
use proofmark_run::Ended;
use proofmark_run::native::staged::Given;
use proofmark_run::staged::Granted;
use proofmark_run::wasi::World;
use serde_json::json;

use crate::cli::{Acting, Format, Run};
use crate::commands::call::parse;
use crate::commands::egress;
use crate::commands::verify::refusal;
use crate::failure::{Failure, OK, REFUSED};
use crate::{commands, inputs, render};

/// The most that is read from standard input for an artifact, in bytes.
const STDIN_BYTES_MAX: u64 = 4 << 20;

pub fn run(format: Format, home: Option<&Path>, arguments: &Run) -> Result<u8, Failure> {
    let mark = inputs::mark(&arguments.mark)?;
    let trust = inputs::trust(arguments.trust.as_deref(), home)?;
    let mut home = inputs::home(home)?;
    let verified = verify(&mark, None, &trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    let bytes = artifact(&home, arguments, &verified)?;
    if Digest::of(&bytes) != verified.artifact {
        let why = format!("not valid: the artifact is not the one of the mark, which is sha256:{}", verified.artifact);
        return Err(Failure::refused(why).next("name the artifact that was checked with --artifact FILE"));
    }
    let marked = Marked { command: "run", verified: &verified, artifact: &bytes, trust: &trust };
    act(format, &mut home, &marked, &arguments.acting)
}

/// A mark that was verified, with the bytes that it is of.
pub struct Marked<'a> {
    /// The command that runs it.
    pub command: &'a str,
    pub verified: &'a Verified,
    pub artifact: &'a [u8],
    pub trust: &'a Trust,
}

/// Runs what is marked, inside its grant.
pub fn act(format: Format, home: &mut Home, marked: &Marked<'_>, arguments: &Acting) -> Result<u8, Failure> {
    let Marked { command, verified, artifact, trust } = *marked;
    let contract = Contract::parse(&verified.contract)
        .map_err(|list| Failure::contract("the mark's contract", verified.contract.clone(), list))?;
    if let Some(process) = contract.interface.process() {
        let words = Words { arguments: &arguments.calls, env: &arguments.env, dir: &arguments.dir };
        let granted = |name: &str| verified.grant.capabilities.contains(name);
        let mut given = given(&contract, process, &words, &granted)?;
        let asked: &[_] = if granted("egress") { &contract.capabilities.egress } else { &[] };
        given.broker = egress::broker(asked, &arguments.egress)?;
        let act = staged::Act { verified, contract: &contract, artifact, given, wanted: wanted(arguments) };
        return native(format, command, home, trust, act);
    }
    // A component has no network: every such option is refused.
    egress::broker(&[], &arguments.egress)?;
    let calls = calls(&contract, &arguments.calls)?;
    let granted = |name: &str| verified.grant.capabilities.contains(name);
    let given = component(&contract, &calls, (&arguments.dir, &arguments.env), &granted)?;
    let launch = commands::launch()?;
    let act = Act { verified, contract: &contract, artifact, given, wanted: wanted(arguments) };
    let pressed = interrupt()?;
    // Asked before a commit too: what got out of its fence commits nothing.
    let interrupted = || pressed().or_else(|| launch.held().err().map(|failure| failure.message));
    let means = Means { launch: &launch.fences, trust, now: Timestamp::now, interrupted: &interrupted };
    let ran = act::run(home, act, &means).map_err(|error| receipt_failed(&error))?;
    launch.held()?;
    show(format, command, &calls, &ran, wanted(arguments));
    ended(&ran)
}

/// Calls in WAVE; at least one.
pub fn calls(contract: &Contract, texts: &[String]) -> Result<Vec<Call>, Failure> {
    if texts.is_empty() {
        return Err(Failure::wrong("there is nothing to call").next("name a call in WAVE, such as 'gcd(12, 18)'"));
    }
    texts.iter().map(|text| parse(&contract.interface, text)).collect()
}

/// The exit code of a component's run.
pub fn ended(ran: &Ran) -> Result<u8, Failure> {
    match &ran.cut {
        Some(CallerError::Refused(why)) => Err(Failure::refused(format!("the artifact can't be run: {why}"))),
        Some(CallerError::Stopped(why)) => {
            Err(Failure::refused(format!("stopped: {why}")).next("proofmark log orders, for what is in force"))
        }
        Some(departed @ CallerError::Departed(_)) => {
            Err(Failure::refused(format!("stopped: {departed}")).next(render::DEPARTED))
        }
        Some(CallerError::Failed(why)) => Err(Failure::failed(why.clone())),
        Some(CallerError::Trapped(why)) => Err(Failure::refused(format!("{why}; nothing was changed"))),
        None => Ok(code(ran.holds(), &ran.judged)),
    }
}

/// `holds`: whether everything may be committed. A commit that failed is none.
fn code(holds: bool, judged: &[Judged]) -> u8 {
    if holds && judged.iter().all(|judged| !matches!(judged.fate, Fate::Failed(_))) { OK } else { REFUSED }
}

fn wanted(arguments: &Acting) -> Wanted {
    if arguments.commit { Wanted::Committed } else { Wanted::Shown }
}

/// Runs a program with its changes staged.
fn native(format: Format, command: &str, home: &mut Home, trust: &Trust, act: staged::Act<'_>) -> Result<u8, Failure> {
    let launch = commands::launch()?;
    let natives = launch.natives();
    let pressed = interrupt()?;
    // Asked before the commit too: what got out of its fence commits nothing.
    let interrupted = || pressed().or_else(|| launch.held().err().map(|failure| failure.message));
    let means = Means { launch: &launch.fences, trust, now: Timestamp::now, interrupted: &interrupted };
    let wanted = act.wanted;
    let ran = staged::run(home, act, &natives, &means).map_err(|error| receipt_failed(&error))?;
    launch.held()?;
    match &ran.ended {
        Ok(finished) => {
            render::staged::finished(
                format,
                command,
                Some(&ran.run),
                finished,
                &ran.spent,
                wanted,
                ran.egress.as_ref(),
            );
            Ok(code(finished.holds(), &finished.judged))
        }
        Err(error) => Err(render::staged::failure(error).asked(ran.egress)),
    }
}

fn receipt_failed(error: &GovernError) -> Failure {
    Failure::failed(format!("a receipt can't be written, and without one nothing runs: {error}"))
}

/// What a program is given on the command line.
pub struct Words<'a> {
    /// Its arguments.
    pub arguments: &'a [String],
    /// `NAME=VALUE`.
    pub env: &'a [String],
    /// `GUEST=HOST`.
    pub dir: &'a [String],
}

/// What a program is given: arguments, variables and standard input as the contract has them, and the directories that
/// it asks for and is granted.
pub fn given(
    contract: &Contract,
    process: &Process,
    words: &Words<'_>,
    granted: &dyn Fn(&str) -> bool,
) -> Result<Given, Failure> {
    let (read, write) = directories(contract, words.dir, granted)?;
    Ok(Given { invocation: invocation(process, words.arguments, words.env)?, read, write, broker: None })
}

/// The directories that may be read, and those that may be changed, of `GUEST=HOST` pairs.
fn directories(
    contract: &Contract,
    pairs: &[String],
    granted: &dyn Fn(&str) -> bool,
) -> Result<(Vec<Granted>, Vec<Granted>), Failure> {
    let (mut read, mut write) = (Vec::new(), Vec::new());
    for pair in pairs {
        let Granted { guest, host } = directory(pair)?;
        if contract.capabilities.write.contains(&guest) && granted("write") {
            write.push(Granted { guest, host });
        } else if contract.capabilities.read.contains(&guest) && granted("read") {
            read.push(Granted { guest, host });
        } else {
            return Err(not_asked(&guest));
        }
    }
    Ok((read, write))
}

/// A directory as `--dir GUEST=HOST` names it.
fn directory(pair: &str) -> Result<Granted, Failure> {
    let (guest, host) = split(pair, "--dir GUEST=HOST")?;
    let host = std::fs::canonicalize(host).map_err(|error| Failure::wrong(format!("`{host}`: {error}")))?;
    Ok(Granted { guest: guest.to_owned(), host })
}

fn not_asked(guest: &str) -> Failure {
    Failure::refused(format!("the contract does not ask for `{guest}`"))
        .next("grant only what `read` and `write` in `[capabilities]` of the contract name")
}

/// The arguments, variables and standard input of a program.
fn invocation(process: &Process, words: &[String], env: &[String]) -> Result<Invocation, Failure> {
    let arguments = match &process.arguments {
        Arguments::Varied => words.to_vec(),
        Arguments::Fixed(fixed) if words.is_empty() => fixed.clone(),
        Arguments::Fixed(_) => {
            return Err(Failure::wrong("the contract fixes the program's arguments").next("give none"));
        }
    };
    let environment = variables(env, |name| process.environment.iter().any(|known| known == name))?;
    let stdin = if process.stdin.is_some() { standard_input()? } else { Vec::new() };
    Ok(Invocation { arguments, environment, stdin, files: None })
}

fn no_variable(name: &str) -> Failure {
    Failure::refused(format!("the contract does not ask for the variable `{name}`"))
        .next("grant only what `environment` of the contract names")
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut stdin = Vec::new();
    if !std::io::stdin().is_terminal() {
        std::io::stdin()
            .take(STDIN_BYTES_MAX.saturating_add(1))
            .read_to_end(&mut stdin)
            .map_err(|error| Failure::wrong(format!("standard input can't be read: {error}")))?;
    }
    if stdin.len() as u64 > STDIN_BYTES_MAX {
        return Err(Failure::wrong(format!("standard input is over the limit of {STDIN_BYTES_MAX} bytes")));
    }
    Ok(stdin)
}

/// Whether Ctrl-C was pressed or the process was told to end: then the run is ended and recorded first.
pub fn interrupt() -> Result<impl Fn() -> Option<String> + Sync, Failure> {
    static PRESSED: AtomicBool = AtomicBool::new(false);
    match ctrlc::set_handler(|| PRESSED.store(true, Ordering::Relaxed)) {
        // A command may make something first and run it then.
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => {}
        Err(error) => return Err(Failure::failed(format!("signals can't be caught: {error}"))),
    }
    Ok(|| PRESSED.load(Ordering::Relaxed).then(|| "it was interrupted".to_owned()))
}

/// The artifact named, or the one beside the mark, or the home's.
fn artifact(home: &Home, arguments: &Run, verified: &Verified) -> Result<Vec<u8>, Failure> {
    if let Some(path) = &arguments.artifact {
        return inputs::artifact(path);
    }
    let beside = arguments.mark.to_str().and_then(|name| name.strip_suffix(".mark")).map(PathBuf::from);
    if let Some(path) = beside.filter(|path| path.exists()) {
        return inputs::artifact(&path);
    }
    home.log.blob(&verified.artifact).map_err(|error| {
        Failure::wrong(format!("the artifact is neither beside the mark nor in the home: {error}"))
            .next("name it with --artifact FILE")
    })
}

/// What the granted capabilities reach on this machine: only what this command names, as `--dir` and `--env` do.
pub fn component<'a>(
    contract: &Contract,
    calls: &'a [Call],
    (dir, env): (&[String], &[String]),
    granted: &dyn Fn(&str) -> bool,
) -> Result<act::Given<'a>, Failure> {
    let (read, write) = directories(contract, dir, granted)?;
    let environment = variables(env, |name| contract.capabilities.environment.contains(name))?;
    let stdin = if granted("stdin") { standard_input()? } else { Vec::new() };
    let read = read.into_iter().map(|Granted { guest, host }| (host, guest)).collect();
    let world = World::Real { environment, read, write: Vec::new(), stdin };
    Ok(act::Given { calls, world, write })
}

/// `NAME=VALUE` pairs, of names that the contract asks for.
fn variables(pairs: &[String], asked: impl Fn(&str) -> bool) -> Result<Vec<(String, String)>, Failure> {
    let variable = |pair: &String| {
        let (name, value) = split(pair, "--env NAME=VALUE")?;
        if asked(name) { Ok((name.to_owned(), value.to_owned())) } else { Err(no_variable(name)) }
    };
    pairs.iter().map(variable).collect()
}

/// The two sides of a pair.
pub fn split<'a>(pair: &'a str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    pair.split_once('=').ok_or_else(|| Failure::wrong(format!("`{pair}` is not of the form {form}")))
}

/// Shows what came of a component's calls, and what they would change or did.
pub fn show(format: Format, command: &str, calls: &[Call], ran: &Ran, wanted: Wanted) {
    let run = (!ran.run.is_empty()).then_some(ran.run.as_str());
    match format {
        Format::Human => {
            for outcome in &ran.outcomes {
                render::written(&outcome.written);
                render::result(&outcome.ended);
            }
            if ran.cut.is_none() {
                render::departures(&ran.departures);
            }
            render::staged::changes(run, &ran.judged, ran.holds(), wanted);
        }
        Format::Json if ran.cut.is_some() => {}
        Format::Json => {
            let results = calls.iter().zip(&ran.outcomes).map(|(call, outcome)| {
                let returned = matches!(outcome.ended, Ended::Returned(_));
                let text = outcome.ended.to_string();
                json!({
                    "call": call.to_string(),
                    "returned": returned.then_some(&text),
                    "trapped": (!returned).then_some(&text),
                    "fuel": outcome.fuel,
                    "stdout": String::from_utf8_lossy(&outcome.written.stdout),
                    "stderr": String::from_utf8_lossy(&outcome.written.stderr),
                })
            });
            let changes = render::staged::values(&ran.judged);
            render::json(
                command,
                json!({
                    "run": run, "results": results.collect::<Vec<_>>(), "changes": changes, "departures": ran.departures,
                }),
            );
        }
    }
}
