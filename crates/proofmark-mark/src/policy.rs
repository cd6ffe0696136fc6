//! Policies: which evidence permits which action, in Cedar, checked against one schema.
//!
//! A policy is one `permit` for its autonomy level and one `forbid` for each requirement. Cedar skips a rule that can't
//! be evaluated; a skipped `forbid` would let everything pass, so here any evaluation error denies, as does anything
//! that does not fit the schema.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr as _;
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use serde::Serialize;
use thiserror::Error;

use crate::digest::Digest;
use crate::evidence::Evidence;
use crate::policy::shape::{BRACKETS_MAX, LINKS_MAX};
use crate::submission::{Autonomy, Plan, PlanError, Submission};

mod shape;

/// The schema that every policy is validated against, in Cedar's own form.
pub const SCHEMA: &str = include_str!("../../../policies/proofmark.cedarschema");
/// The largest policy text, in bytes.
pub const POLICY_BYTES_MAX: usize = 64 << 10;

/// The rule that is named when no `permit` matched.
pub const DEFAULT_DENY: &str = "default-deny";
/// The rule that is named when the request does not fit the schema.
pub const MALFORMED: &str = "malformed-evidence";

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the text is part of the program, and a test reads it")]
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).expect("the schema is valid");
    Validator::new(schema)
});

/// A valid policy.
#[derive(Debug, Clone)]
pub struct Policy {
    digest: Digest,
    autonomy: Autonomy,
    plan: Plan,
    set: PolicySet,
    /// In the order of the text.
    rules: Vec<(PolicyId, Rule)>,
}

/// What a rule's annotations say about it.
#[derive(Debug, Clone)]
struct Rule {
    id: String,
    needs: String,
    evidence: Option<String>,
    next: Option<String>,
}

/// Why a text is not a policy that can be used.
#[derive(Debug, Error)]
pub enum PolicyError {
    #[error("the policy is {0} bytes, over the limit of {POLICY_BYTES_MAX}")]
    TooLarge(usize),
    #[error(
        "a rule nests more than {BRACKETS_MAX} brackets, or has more than {LINKS_MAX} `.`, `!`, `-` and `if`; split it"
    )]
    TooDeep,
    #[error("not Cedar: {0}")]
    Syntax(String),
    #[error("against the schema: {0}")]
    Schema(String),
    #[error("the policy needs exactly one `permit`, with @id, @autonomy and @plan; it has {0}")]
    Permits(usize),
    #[error("a rule has no `@{0}(\"…\")`; every rule needs @id, a `permit` @autonomy and @plan, a `forbid` @needs")]
    Annotation(&'static str),
    #[error("the policy has two rules with @id(\"{0}\")")]
    Twice(String),
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// What is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub action: Action,
    pub artifact: Digest,
    /// Who asks, at which attempt, at which level, for which capabilities, with whose approval.
    pub submission: &'a Submission,
    /// All evidence there is, at most one of each check.
    pub evidence: &'a [Evidence],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Issue a mark.
    Mark,
    /// Run the artifact inside the grant.
    Run,
    /// Let a run go on after it left the profile that its checks saw.
    Depart,
}

/// What a policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Permit,
    /// Every rule that is not met, in the policy's order; never empty.
    Deny(Vec<Unmet>),
}

/// A rule that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmet {
    /// The rule's `@id`.
    pub rule: String,
    /// What it asks for.
    pub needs: String,
    /// The check whose evidence it looks at.
    pub evidence: Option<String>,
    /// The next thing to try.
    pub next: Option<String>,
}

impl Policy {
    /// Reads a policy and validates it strictly against the schema; warnings are errors.
    ///
    /// # Errors
    /// [`PolicyError`] for anything that could make a rule mean less than it says.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLarge(text.len()));
        }
        if !shape::is_shallow(text) {
            return Err(PolicyError::TooDeep);
        }
        let set = PolicySet::from_str(text).map_err(|errors| PolicyError::Syntax(joined(errors.iter())))?;
        if let Some(template) = set.templates().next() {
            return Err(PolicyError::Schema(format!("`{}` is a template; write a rule without slots", template.id())));
        }
        let validation = VALIDATOR.validate(&set, ValidationMode::Strict);
        let mut wrong = validation.validation_errors().map(ToString::to_string).collect::<Vec<_>>();
        wrong.extend(validation.validation_warnings().map(ToString::to_string));
        if !wrong.is_empty() {
            return Err(PolicyError::Schema(wrong.join("; ")));
        }
        let (mut level, mut rules) = (None, Vec::new());
        let permits = set.policies().filter(|rule| rule.effect() == Effect::Permit).count();
        for policy in set.policies() {
            let annotation = |name| policy.annotation(name).filter(|text| !text.trim().is_empty());
            let required = |name| annotation(name).ok_or(PolicyError::Annotation(name));
            let rule = |needs: &str| -> Result<Rule, PolicyError> {
                Ok(Rule {
                    id: required("id")?.to_owned(),
                    needs: needs.to_owned(),
                    evidence: annotation("evidence").map(ToOwned::to_owned),
                    next: annotation("next").map(ToOwned::to_owned),
                })
            };
            rules.push(match policy.effect() {
                Effect::Forbid => (policy.id().clone(), rule(required("needs")?)?),
                Effect::Permit => {
                    level = Some((required("autonomy")?.parse()?, required("plan")?.parse()?));
                    (policy.id().clone(), rule("")?)
                }
            });
        }
        let (1, Some((autonomy, plan))) = (permits, level) else { return Err(PolicyError::Permits(permits)) };
        rules.sort_by_key(|(id, _)| place(id));
        let mut seen = BTreeSet::new();
        if let Some((_, twice)) = rules.iter().find(|(_, rule)| !seen.insert(rule.id.clone())) {
            return Err(PolicyError::Twice(twice.id.clone()));
        }
        Ok(Self { digest: Digest::of(text.as_bytes()), autonomy, plan, set, rules })
    }

    /// SHA-256 of the policy's text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The level that its `permit` is for.
    #[must_use]
    pub fn autonomy(&self) -> Autonomy {
        self.autonomy
    }

    /// The checks that its rules want evidence of.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan.clone()
    }

    /// Decides. Whatever can't be expressed, evaluated or matched is denied.
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let (query, entities) = match query(request) {
            Ok(query) => query,
            Err(why) => return Decision::Deny(vec![unmet(MALFORMED, format!("evidence that fits the schema: {why}"))]),
        };
        let response = Authorizer::new().is_authorized(&query, &self.set, &entities);
        let errors: BTreeMap<String, String> = response
            .diagnostics()
            .errors()
            .map(|error| (self.rule_of(error), error.to_string().chars().take(300).collect()))
            .collect();
        if !errors.is_empty() {
            let denied =
                |(rule, error): (String, String)| unmet(&rule, format!("a rule that can be evaluated: {error}"));
            return Decision::Deny(errors.into_iter().map(denied).collect());
        }
        if response.decision() == cedar_policy::Decision::Allow {
            return Decision::Permit;
        }
        let forbidding: HashSet<&PolicyId> = response.diagnostics().reason().collect();
        let denied: Vec<Unmet> = self
            .rules
            .iter()
            .filter(|(id, _)| forbidding.contains(id))
            .map(|(_, rule)| Unmet {
                rule: rule.id.clone(),
                needs: rule.needs.clone(),
                evidence: rule.evidence.clone(),
                next: rule.next.clone(),
            })
            .collect();
        if denied.is_empty() {
            let level = request.submission.autonomy;
            return Decision::Deny(vec![unmet(DEFAULT_DENY, format!("a rule that permits `{level}` use"))]);
        }
        Decision::Deny(denied)
    }

    fn rule_of(&self, error: &cedar_policy::AuthorizationError) -> String {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        let found = self.rules.iter().find(|(id, _)| id == error.policy_id());
        found.map_or_else(|| error.policy_id().to_string(), |(_, rule)| rule.id.clone())
    }
}

fn unmet(rule: &str, needs: String) -> Unmet {
    Unmet { rule: rule.to_owned(), needs, evidence: None, next: None }
}

/// The request in Cedar's terms, validated against the schema.
fn query(request: &Request<'_>) -> Result<(cedar_policy::Request, Entities), String> {
    let Request { action, artifact, submission, evidence } = request;
    let schema = VALIDATOR.schema();
    let generator = uid("Generator", &submission.generator)?;
    let resource = uid("Artifact", &artifact.to_string())?;
    let mut by_check = BTreeMap::new();
    for evidence in *evidence {
        if by_check.insert(evidence.check.clone(), attributes(evidence)?).is_some() {
            return Err(format!("there are two of `{}`", evidence.check));
        }
    }
    let by_check = RestrictedExpression::new_record(by_check).map_err(|error| error.to_string())?;
    let resource_entity =
        Entity::new(resource.clone(), HashMap::from([("evidence".to_owned(), by_check)]), HashSet::new())
            .map_err(|error| error.to_string())?;
    let principal = Entity::new_no_attrs(generator.clone(), HashSet::new());
    let entities =
        Entities::from_entities([principal, resource_entity], Some(schema)).map_err(|error| error.to_string())?;
    let context = Context::from_pairs([
        ("autonomy".to_owned(), RestrictedExpression::new_string(submission.autonomy.to_string())),
        ("capabilities".to_owned(), strings(&submission.capabilities)),
        ("attempt".to_owned(), long(submission.attempt)?),
        ("approvals".to_owned(), strings(&submission.approvals)),
    ])
    .map_err(|error| error.to_string())?;
    let action = match action {
        Action::Mark => uid("Action", "mark")?,
        Action::Run => uid("Action", "run")?,
        Action::Depart => uid("Action", "depart")?,
    };
    let query = cedar_policy::Request::new(generator, action, resource, context, Some(schema))
        .map_err(|error| error.to_string())?;
    Ok((query, entities))
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, String> {
    let kind = EntityTypeName::from_str(kind).map_err(|error| error.to_string())?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn attributes(evidence: &Evidence) -> Result<RestrictedExpression, String> {
    let mut fields =
        vec![("outcome".to_owned(), RestrictedExpression::new_string(evidence.outcome.as_str().to_owned()))];
    for (name, count) in &evidence.counts {
        fields.push((name.clone(), long(*count)?));
    }
    RestrictedExpression::new_record(fields).map_err(|error| error.to_string())
}

fn strings(names: &BTreeSet<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(names.iter().cloned().map(RestrictedExpression::new_string))
}

fn long(number: u64) -> Result<RestrictedExpression, String> {
    let number = i64::try_from(number).map_err(|_| format!("`{number}` is too large a number"))?;
    Ok(RestrictedExpression::new_long(number))
}

fn joined(errors: impl Iterator<Item = impl Display>) -> String {
    errors.map(|error| error.to_string()).collect::<Vec<_>>().join("; ")
}

/// Where a rule stands in the text: Cedar names rules `policy0`, `policy1` and so on.
fn place(id: &PolicyId) -> u64 {
    id.to_string().trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
