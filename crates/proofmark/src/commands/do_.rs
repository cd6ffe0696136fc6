//! `proofmark do`: calls whatever is marked for a contract, as `run` does. What was marked before is used again; then what was
//! marked for other contracts with the same interface is checked against this one.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use proofmark_governor::govern::{self, Asked};
use proofmark_governor::home::Home;
use proofmark_governor::reuse::{self, Found, Related, Reuse};
use proofmark_mark::mark::verify;
use proofmark_mark::policy::Policy;
use proofmark_mark::trust::Trust;

use crate::cli::{Do, Format, Making};
use crate::commands::check::Rules;
use crate::commands::make::Made;
use crate::commands::run::{Marked, act};
use crate::commands::verify::refusal;
use crate::failure::Failure;
use crate::inputs::Loaded;
use crate::make::best;
use crate::meter::Meter;
use crate::{commands, inputs, render};

/// How long a mark is valid that is made here, in days.
const VALID_DAYS: i64 = 90;

pub fn run(format: Format, home: Option<&Path>, arguments: &Do) -> Result<u8, Failure> {
    let Do { contract, acting, making } = arguments;
    let loaded = inputs::contract(contract)?;
    let mut home = inputs::home(home)?;
    let loaded = loaded.sealed(&home.path)?;
    let Looked { known, rules, trust } = known(&mut home, &loaded, making)?;
    let (how, found) = match known {
        Known::Found(how, found) => (how, *found),
        Known::Forbidden(why) => {
            let why = format!("what is marked for this contract may not run: {why}");
            return Err(Failure::refused(why).next("proofmark log orders, for what is in force"));
        }
        Known::Nothing => ("made", make(format, &mut home, &loaded, (rules, &trust), arguments)?),
    };
    if format == Format::Human {
        render::using(how, &found.verified);
    }
    let Found { verified, artifact, .. } = &found;
    act(format, &mut home, &Marked { command: "do", verified, artifact, trust: &trust }, acting)
}

/// What there is for a contract before anybody is asked.
pub enum Known {
    /// How it was come by, and the mark.
    Found(&'static str, Box<Found>),
    /// There are marks, and each is forbidden to run: by this order, in words.
    Forbidden(String),
    Nothing,
}

/// What there is, and the policy and trust it was looked for under.
pub struct Looked {
    pub known: Known,
    pub rules: Rules,
    pub trust: Trust,
}

/// Looks for a mark for the contract, then for artifacts that get one.
pub fn known(home: &mut Home, loaded: &Loaded, making: &Making) -> Result<Looked, Failure> {
    let rules = Rules::read(home, &making.policy)?;
    let trust = rules.accepted(home)?;
    let reuse = reuse::find(home, &loaded.text, &rules.text, &trust, Timestamp::now());
    let known = match reuse.map_err(|error| failed(&error))? {
        Reuse::Found(found) => Known::Found("found", found),
        other => match (from_related(home, loaded, making, &rules, &trust)?, other) {
            (Some(found), _) => Known::Found("checked", Box::new(found)),
            (None, Reuse::Forbidden(why)) => Known::Forbidden(why),
            (None, _) => Known::Nothing,
        },
    };
    Ok(Looked { known, rules, trust })
}

/// Asks generators for an artifact.
fn make(
    format: Format,
    home: &mut Home,
    loaded: &Loaded,
    (rules, trust): (Rules, &Trust),
    arguments: &Do,
) -> Result<Found, Failure> {
    let making = &arguments.making;
    let contract = arguments.contract.display();
    let next = format!("proofmark check {contract} ARTIFACT --policy {}", making.policy);
    if making.generators.is_none() && !commands::make::names_generators(home) {
        let why = "no artifact is marked for this contract under this policy, and the home names no generator";
        return Err(Failure::refused(why).next(format!("{next}, or write generators.toml for proofmark make")));
    }
    let ruled = rules.ruled(trust.clone())?;
    let Made { tries, .. } = commands::make::tries(format, home, loaded, &ruled, making)?;
    let Some(best) = best(&tries) else {
        return Err(Failure::refused(format!("nothing was marked, in {} tries", tries.len())).next(next));
    };
    let mark = best.mark.to_bytes();
    let verified = verify(&mark, Some(best.artifact), trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    Ok(Found { mark, verified, artifact: best.artifact.to_vec() })
}

/// Checks what was marked for the same interface, until something gets a mark.
fn from_related(
    home: &mut Home,
    loaded: &Loaded,
    making: &Making,
    rules: &Rules,
    trust: &Trust,
) -> Result<Option<Found>, Failure> {
    let related = reuse::related(home, &loaded.contract, trust, Timestamp::now()).map_err(|error| failed(&error))?;
    if related.is_empty() {
        return Ok(None);
    }
    let under = Under { loaded, trust, rules, policy: &rules.parsed()? };
    let launch = commands::launch()?;
    for one in &related {
        let Ok(artifact) = home.log.blob(&one.artifact) else { continue };
        if let Some(found) = under.checked(home, &launch, one, artifact, commands::threads(&making.threads))? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What an artifact is checked against.
struct Under<'a> {
    loaded: &'a Loaded,
    trust: &'a Trust,
    rules: &'a Rules,
    policy: &'a Policy,
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
        let asked = Asked {
            contract: &self.loaded.contract,
            contract_text: &self.loaded.text,
            artifact: &artifact,
            policy: self.policy,
            policy_text: &self.rules.text,
            policy_name: &self.rules.name,
            generator: &related.generator,
            approvals: BTreeSet::new(),
            valid_for: SignedDuration::from_hours(VALID_DAYS.saturating_mul(24)),
        };
        let checked = launch
            .means(self.trust, threads, &|event| meter.watch(event), |means| govern::check(home, &asked, means))
            .map_err(|error| failed(&error))?;
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
