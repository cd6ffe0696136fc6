//! `proofmark check`: all checks that the policy asks for; writes the mark or says why not.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use proofmark_governor::govern::{self, Asked, Checked};
use proofmark_governor::home::{Home, HomeError, POLICY_BYTES_MAX, read_limited, write};
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Outcome;
use proofmark_mark::policy::Policy;
use proofmark_mark::trust::Trust;

use crate::cli::{Check, Format, Printed};
use crate::commands::sharpen;
use crate::failure::{Failure, OK, REFUSED, UNKNOWN};
use crate::meter::Meter;
use crate::render::report::{self, Report};
use crate::render::sarif;
use crate::{commands, inputs, render};

/// What is wrapped fits the narrowest terminal that is usual.
const COLUMNS: usize = 80;
/// The longest name of a generator or a person, in bytes.
const NAME_MAX: usize = 256;

pub fn run(printed: Printed, home: Option<&Path>, arguments: &Check) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let artifact = inputs::artifact(&arguments.artifact)?;
    for name in arguments.approved_by.iter().chain([&arguments.generator]) {
        if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(Failure::wrong(format!(
                "`{name}` is not a name: give 1 to {NAME_MAX} bytes without control characters"
            )));
        }
    }
    let output = arguments.output.clone().unwrap_or_else(|| beside(&arguments.artifact));
    writable(&output)?;
    let format = if printed == Printed::Human { Format::Human } else { Format::Json };
    let mut home = open_or_make(format, home)?;
    let loaded = loaded.sealed(&home.path)?;
    let Ruled { name: policy_name, policy, text: policy_text, trust } = ruled(&home, &arguments.policy)?;
    let launch = commands::launch()?;
    commands::reference(&launch, &loaded)?;
    let meter = Meter::default();
    let asked = Asked {
        contract: &loaded.contract,
        contract_text: &loaded.text,
        artifact: &artifact,
        policy: &policy,
        policy_text: &policy_text,
        policy_name: &policy_name,
        generator: &arguments.generator,
        approvals: arguments.approved_by.iter().cloned().collect(),
        valid_for: SignedDuration::from_hours(i64::from(arguments.valid_days).saturating_mul(24)),
    };
    let threads = commands::threads(&arguments.threads);
    let checked = launch
        .means(&trust, threads, &|event| meter.watch(event), |means| govern::check(&mut home, &asked, means))
        .map_err(|error| Failure::failed(error.to_string()))?;
    if let Ok(mark) = &checked.result {
        write(&output, &mark.to_bytes()).map_err(|error| Failure::failed(error.to_string()))?;
    }
    let terminal = printed == Printed::Human && std::io::stdout().is_terminal();
    let strength = checked.evidence.iter().filter(|evidence| evidence.check == sharpen::STRENGTH);
    let questions: Vec<_> = match terminal || arguments.show_questions {
        true => strength.flat_map(|evidence| sharpen::questions(&loaded.contract, evidence)).collect(),
        false => Vec::new(),
    };
    let width = terminal.then_some(COLUMNS);
    let report = Report { asked: &asked, checked: &checked, arguments, mark: &output, questions: &questions, width };
    let exit = exit(&checked);
    match printed {
        Printed::Human => report::human(&report),
        Printed::Json => render::json("check", report::json(&report)),
        Printed::Sarif => render::sarif(&sarif::log(&report, exit)),
    }
    Ok(exit)
}

/// 0 marked; 1 refused; 3 when nothing failed and something is unknown.
fn exit(checked: &Checked) -> u8 {
    let any = |outcome| checked.evidence.iter().any(|evidence| evidence.outcome == outcome);
    match &checked.result {
        Ok(_) => OK,
        Err(_) if !any(Outcome::Failed) && any(Outcome::Unknown) => UNKNOWN,
        Err(_) => REFUSED,
    }
}

/// `FILE.mark` beside `FILE`.
pub fn beside(artifact: &Path) -> PathBuf {
    let mut name = artifact.as_os_str().to_owned();
    name.push(".mark");
    PathBuf::from(name)
}

/// Says early that the mark can't be written, before minutes of work are spent on it.
pub fn writable(output: &Path) -> Result<(), Failure> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match tempfile::Builder::new().prefix(".proofmark-").tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::wrong(format!("the mark can't be written to `{}`: {error}", folder.display()))
            .next("name another place with --output FILE")),
    }
}

/// The home; the default one is made at its first use, one that was named is not.
pub fn open_or_make(format: Format, named: Option<&Path>) -> Result<Home, Failure> {
    let path = inputs::home_path(named);
    match Home::open(&path) {
        Err(HomeError::Missing(_)) if named.is_none() => {
            let made = Home::init(&path).map_err(|error| inputs::home_failure(&error))?;
            if format == Format::Human {
                render::home(&made);
            }
            Ok(made)
        }
        opened => opened.map_err(|error| inputs::home_failure(&error)),
    }
}

/// A policy by its name and text, not parsed: a mark names it by its digest, and the trust core parses it.
pub struct Rules {
    /// What the command line calls it.
    named: String,
    file: PathBuf,
    pub name: String,
    pub text: String,
}

/// A policy that the home's trust file accepts.
pub struct Ruled {
    pub name: String,
    pub policy: Policy,
    pub text: String,
    pub trust: Trust,
}

impl Rules {
    /// The policy of that name or in that file.
    pub fn read(home: &Home, named: &str) -> Result<Self, Failure> {
        let file = if Path::new(named).extension().is_some_and(|extension| extension == "cedar") {
            PathBuf::from(named)
        } else {
            home.policy_file(named)
        };
        let text = read_limited(&file, POLICY_BYTES_MAX).map_err(|error| no_policy(named, &error))?;
        // Not UTF-8 is not Cedar either: the replacement character fails to parse.
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Self { named: named.to_owned(), file, name: stem(named), text })
    }

    /// The home's trust, if it accepts the policy: a mark under another one would be valid for nobody.
    pub fn accepted(&self, home: &Home) -> Result<Trust, Failure> {
        let trust = inputs::trust(None, Some(&home.path))?;
        let digest = Digest::of(self.text.as_bytes());
        if trust.policies().iter().any(|known| known.digest == digest) {
            return Ok(trust);
        }
        let Self { named, name, .. } = self;
        let line = format!("[[policy]] name = \"{name}\", sha256 = \"{digest}\"");
        Err(Failure::wrong(format!("the policy `{named}` is not one that the home's trust file accepts"))
            .next(format!("add it to {} if you trust it: {line}", home.trust_file().display())))
    }

    pub fn parsed(&self) -> Result<Policy, Failure> {
        let invalid = |source| inputs::home_failure(&HomeError::Policy { path: self.file.clone(), source });
        Policy::parse(&self.text).map_err(invalid)
    }

    pub fn ruled(self, trust: Trust) -> Result<Ruled, Failure> {
        let policy = self.parsed()?;
        Ok(Ruled { name: self.name, policy, text: self.text, trust })
    }
}

/// The policy of that name or in that file, if the home's trust file accepts it.
pub fn ruled(home: &Home, named: &str) -> Result<Ruled, Failure> {
    let rules = Rules::read(home, named)?;
    let policy = rules.parsed()?;
    let trust = rules.accepted(home)?;
    Ok(Ruled { name: rules.name, policy, text: rules.text, trust })
}

fn stem(name: &str) -> String {
    Path::new(name).file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn no_policy(name: &str, error: &HomeError) -> Failure {
    match error {
        HomeError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Failure::wrong(format!("there is no policy `{name}`"))
                .next("name one of the home's policies (assisted, supervised, autonomous) or a .cedar file")
        }
        _ => inputs::home_failure(error),
    }
}
