//! `proofmark do`: calls whatever is marked for a contract, as `run` does. What was marked before is used again; then what was
//! marked for other contracts with the same interface is checked against this one.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use proofmark_governor::govern::{self, Asked, Event};
use proofmark_governor::home::Home;
use proofmark_governor::reuse::{self, Found, Related, Reuse};
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::verify;
use proofmark_mark::policy::Policy;
use proofmark_mark::trust::Trust;

use crate::cli::{Do, Format};
use crate::commands::check::{accepted, policy, policy_text};
use crate::commands::run::{Marked, act};
use crate::commands::verify::refusal;
use crate::failure::Failure;
use crate::inputs::Loaded;
use crate::meter::Meter;
use crate::{commands, inputs, render};

/// How long a mark is valid that is made here, in days.
const VALID_DAYS: i64 = 90;

pub fn run(format: Format, home: Option<&Path>, arguments: &Do) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let trust = inputs::trust(None, home)?;
    let mut home = inputs::home(home)?;
    let text = policy_text(&home, &arguments.policy)?;
    accepted(&home, &trust, &arguments.policy, Digest::of(text.as_bytes()))?;
    let reuse =
        reuse::find(&mut home, &loaded.text, &text, &trust, Timestamp::now()).map_err(|error| failed(&error))?;
    let (how, found) = match reuse {
        Reuse::Found(found) => ("found", *found),
        other => match from_related(&mut home, &loaded, &trust, arguments)? {
            Some(found) => ("checked", found),
            None => ("made", make(arguments, other)?),
        },
    };
    if format == Format::Human {
        render::using(how, &found.verified);
    }
    let Found { verified, artifact, .. } = &found;
    act(format, &mut home, &Marked { command: "do", verified, artifact, trust: &trust }, &arguments.acting)
}

/// Asks generators for an artifact.
fn make(arguments: &Do, reuse: Reuse) -> Result<Found, Failure> {
    if let Reuse::Forbidden(why) = reuse {
        let why = format!("what is marked for this contract may not run: {why}");
        return Err(Failure::refused(why).next("proofmark log orders, for what is in force"));
    }
    Err(Failure::refused("no artifact is marked for this contract under this policy").next(format!(
        "proofmark check {} ARTIFACT --policy {}",
        arguments.contract.display(),
        arguments.policy
    )))
}

/// Checks what was marked for the same interface, until something gets a mark.
fn from_related(home: &mut Home, loaded: &Loaded, trust: &Trust, arguments: &Do) -> Result<Option<Found>, Failure> {
    let related = reuse::related(home, &loaded.contract, trust, Timestamp::now()).map_err(|error| failed(&error))?;
    if related.is_empty() {
        return Ok(None);
    }
    let (policy_name, policy, policy_text) = policy(home, &arguments.policy)?;
    let under = Under { loaded, trust, policy: &policy, policy_name: &policy_name, policy_text: &policy_text };
    let launch = commands::launch()?;
    for one in &related {
        let Ok(artifact) = home.log.blob(&one.artifact) else { continue };
        if let Some(found) = under.checked(home, &launch, one, artifact, commands::threads(&arguments.threads))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What an artifact is checked against.
struct Under<'a> {
    loaded: &'a Loaded,
    trust: &'a Trust,
    policy: &'a Policy,
    policy_name: &'a str,
    policy_text: &'a str,
}

impl Under<'_> {
    /// Checks one artifact; `None` if it gets no mark.
    fn checked(
        &self,
        home: &mut Home,
        launch: &commands::Enforcement,
        related: &Related,
        artifact: Vec<u8>,
        threads: usize,
    ) -> Result<Option<Found>, Failure> {
        let meter = Meter::default();
        let watch = |event: Event<'_>| match event {
            Event::Submitted { .. } => {}
            Event::Started { check } => meter.start(check),
            Event::Progress { check, done, planned } => meter.step(check, done, planned),
            Event::Ended { evidence } => meter.end(&evidence.check),
        };
        let asked = Asked {
            contract: &self.loaded.contract,
            contract_text: &self.loaded.text,
            artifact: &artifact,
            policy: self.policy,
            policy_text: self.policy_text,
            policy_name: self.policy_name,
            generator: &related.generator,
            provenance: None,
            approvals: BTreeSet::new(),
            valid_for: SignedDuration::from_hours(VALID_DAYS.saturating_mul(24)),
        };
        let means = govern::Means {
            launch: &launch.fences,
            natives: &commands::natives(&launch.fences),
            threads,
            held: &|| launch.held().is_ok(),
            now: Timestamp::now(),
            trust: self.trust,
            watch: &watch,
        };
        let checked = govern::check(home, &asked, &means).map_err(|error| failed(&error))?;
        launch.held()?;
        let Ok(mark) = checked.result.map(|mark| mark.to_bytes()) else { return Ok(None) };
        let verified =
            verify(&mark, Some(&artifact), self.trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
        Ok(Some(Found { mark, verified, artifact }))
    }
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::failed(error.to_string())
}
