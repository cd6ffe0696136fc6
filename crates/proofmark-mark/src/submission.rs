//! Submissions: the first statement about an artifact, in the log before any check of it is drawn.
//!
//! A submission fixes everything that later evidence could be bent by: contract, attempt, plan and policy.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::statement::Predicate;

/// How few people look. More autonomy needs more evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Autonomy {
    /// A person read this artifact.
    Assisted,
    /// A person watches and can stop it.
    Supervised,
    /// Nobody looks.
    Autonomous,
}

/// What is asked: this artifact, for this contract, by this generator, under this policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// SHA-256 of the contract's self-contained text.
    pub contract: Digest,
    /// Who made the artifact, as far as the one who asks knows.
    pub generator: String,
    /// Which try of this generator at this contract this is in this log, from 1.
    pub attempt: u64,
    pub autonomy: Autonomy,
    /// Names of the capabilities asked for.
    pub capabilities: BTreeSet<String>,
    /// Names of the people who approve.
    pub approvals: BTreeSet<String>,
    pub plan: Plan,
    pub policy: PolicyRef,
}

impl Predicate for Submission {
    const TYPE: &'static str = "https://proofmark.dev/submission/v1";
}

/// A policy by name and digest. The digest decides; the name is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    pub name: String,
    /// SHA-256 of the policy's text.
    pub digest: Digest,
}

/// The checks to run, in order, none twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Planned>", into = "Vec<Planned>")]
pub struct Plan(Vec<Planned>);

/// One check of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The check's name.
    pub check: String,
    /// Executions for each exported function, or pairs; 0 where it has no meaning.
    pub executions: u64,
}

/// The most checks that a plan may have.
const CHECKS_MAX: usize = 32;
/// The most executions that can be planned.
pub const EXECUTIONS_MAX: u64 = 1 << 40;

/// Why a text or a list is not a plan, or not an autonomy level.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    #[error("a plan needs 1 to {CHECKS_MAX} checks")]
    Length,
    #[error("`{0}` is not a planned check; write `name` or `name:executions`, such as `properties:65536`")]
    Check(String),
    #[error("the plan has the check `{0}` twice")]
    Twice(String),
    #[error("`{0}` is not an autonomy level; write `assisted`, `supervised` or `autonomous`")]
    Autonomy(String),
}

impl Plan {
    /// A plan of these checks.
    ///
    /// # Errors
    /// [`PlanError`] for none or too many, for a wrong name, or for a check that is there twice.
    pub fn new(checks: Vec<Planned>) -> Result<Self, PlanError> {
        if checks.is_empty() || checks.len() > CHECKS_MAX {
            return Err(PlanError::Length);
        }
        let mut seen = BTreeSet::new();
        for Planned { check, executions } in &checks {
            let named = check.starts_with(|first: char| first.is_ascii_lowercase())
                && check.len() <= 64
                && check.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !named || *executions > EXECUTIONS_MAX {
                return Err(PlanError::Check(check.chars().take(80).collect()));
            }
            if !seen.insert(check) {
                return Err(PlanError::Twice(check.clone()));
            }
        }
        Ok(Self(checks))
    }

    /// The checks in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Planned> {
        self.0.iter()
    }

    /// The number of checks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The same checks, with another number of executions of `properties` if the contract's budget names one.
    #[must_use]
    pub fn with_executions(mut self, executions: Option<u64>) -> Self {
        for planned in &mut self.0 {
            if let ("properties", Some(executions)) = (planned.check.as_str(), executions) {
                planned.executions = executions.min(EXECUTIONS_MAX);
            }
        }
        self
    }
}

impl TryFrom<Vec<Planned>> for Plan {
    type Error = PlanError;

    fn try_from(checks: Vec<Planned>) -> Result<Self, PlanError> {
        Self::new(checks)
    }
}

impl From<Plan> for Vec<Planned> {
    fn from(plan: Plan) -> Self {
        plan.0
    }
}

impl<'a> IntoIterator for &'a Plan {
    type Item = &'a Planned;
    type IntoIter = std::slice::Iter<'a, Planned>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Reads the one-line form `inspect examples properties:65536`.
impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let planned = |word: &str| match word.split_once(':') {
            None => Some(Planned { check: word.to_owned(), executions: 0 }),
            Some((check, count)) => {
                let executions = count.parse().ok().filter(|executions: &u64| executions.to_string() == count)?;
                Some(Planned { check: check.to_owned(), executions })
            }
        };
        let wrong = |word: &str| PlanError::Check(word.chars().take(80).collect());
        let words = text.split_whitespace();
        Self::new(words.map(|word| planned(word).ok_or_else(|| wrong(word))).collect::<Result<_, _>>()?)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Planned { check, executions }) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            match executions {
                0 => write!(f, "{space}{check}")?,
                _ => write!(f, "{space}{check}:{executions}")?,
            }
        }
        Ok(())
    }
}

impl Autonomy {
    /// The level's name as it stands in policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assisted => "assisted",
            Self::Supervised => "supervised",
            Self::Autonomous => "autonomous",
        }
    }
}

impl fmt::Display for Autonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Autonomy {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        [Self::Assisted, Self::Supervised, Self::Autonomous]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| PlanError::Autonomy(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_as_it_is_written() {
        let text = "inspect examples properties:65536 determinism:1024";
        let plan: Plan = text.parse().unwrap();
        assert_eq!(plan.to_string(), text);
        assert_eq!(plan.count(), 4);
        assert_eq!(plan.clone().with_executions(Some(9)).to_string(), text.replace("65536", "9"));
        assert_eq!(plan.clone().with_executions(None), plan);
    }

    #[test]
    fn a_wrong_plan_is_named() {
        for (text, word) in [
            ("", "a plan needs"),
            ("inspect inspect", "twice"),
            ("Inspect", "`Inspect`"),
            ("properties:", "`properties:`"),
            ("properties:-1", "`properties:-1`"),
            ("properties:007", "`properties:007`"),
            ("properties:1099511627777", "`properties`"),
            (":5", "``"),
        ] {
            let error = text.parse::<Plan>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        let many: String = (0..33).map(|nth| format!("c{nth} ")).collect();
        assert_eq!(many.parse::<Plan>(), Err(PlanError::Length));
        assert!(
            serde_json::from_str::<Plan>(r#"[{"check":"a","executions":0},{"check":"a","executions":0}]"#).is_err()
        );
    }
}
