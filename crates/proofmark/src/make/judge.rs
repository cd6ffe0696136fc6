//! From an answer to an outcome: takes the code out, builds it, has it checked, and records where it comes from.

use std::collections::BTreeMap;

use proofmark_generate::{Finding, Sources, extract};
use proofmark_governor::govern::{self, Asked, Checked};
use proofmark_governor::home::Home;
use proofmark_governor::provenance::{self, Try};
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome as Found};
use proofmark_mark::provenance::{External, Internal, Outcome, Provenance, Resource, named};

use super::ask::{Answered, Given};
use super::{Findings, Means, Order, Question, Tried};
use crate::build::{Built, Identity, Unbuilt, build};
use crate::failure::Failure;
use crate::inputs::is_binary;

/// The longest reason, in characters.
const REASON_MAX: usize = 200;

pub struct Judge<'a, 'b> {
    pub home: &'a mut Home,
    pub order: &'a Order<'b>,
    pub means: &'a Means<'a>,
    pub invocation: &'a str,
    /// The tries before.
    pub known: &'a [Tried],
}

/// How far an answer came before any check.
#[derive(Default)]
struct Came {
    reason: Option<String>,
    reply: Option<Vec<u8>>,
    sources: Option<Sources>,
    log: Option<Vec<u8>>,
    artifact: Option<Vec<u8>>,
    reproducible: Option<bool>,
    toolchain: Option<Resource>,
    findings: Findings,
}

impl<'a> Judge<'a, '_> {
    /// What came of one answer, and what its generator may be told of it.
    pub fn judge(&mut self, question: &Question, answered: Answered) -> Result<(Tried, Findings), Failure> {
        let mut came = self.came(&answered)?;
        let outcome = match (&answered.given, &came) {
            (Err(_), _) => Outcome::NoReply,
            (_, Came { artifact: Some(_), .. }) => Outcome::Built,
            (_, Came { sources: Some(_), .. }) => Outcome::NotBuilt,
            _ => Outcome::NoCode,
        };
        let failed = |error: govern::GovernError| Failure::failed(error.to_string());
        let provenance = self.provenance(question, &answered, &came, outcome).map_err(failed)?;
        let contract = &self.order.loaded.contract;
        let before = came.artifact.as_ref().and_then(|bytes| self.before(bytes));
        let (checked, recorded) = match &came.artifact {
            Some(artifact) if before.is_none() => {
                let (checked, recorded) = self.check(artifact, &provenance)?;
                (Some(checked), recorded)
            }
            artifact => {
                let digest = artifact.as_ref().map(|bytes| Digest::of(bytes));
                (None, provenance::record(self.home, contract, digest, &provenance).map_err(failed)?)
            }
        };
        if let Some(before) = before {
            came.reason = Some(format!("the same artifact as that of candidate {}", before.number()));
        }
        // The same mistake is told again: another seed may take it another way.
        if let Some(checked) = checked.as_ref().or_else(|| before?.checked.as_ref()) {
            came.findings = findings(self.order, checked);
        }
        let tried = Tried {
            generator: provenance.external().generator.clone(),
            candidate: question.candidate,
            repairs: question.repairs,
            outcome,
            reason: came.reason,
            artifact: came.artifact,
            reproducible: came.reproducible,
            sources: came.sources,
            checked,
            spent: answered.spent,
            provenance: recorded,
        };
        Ok((tried, came.findings))
    }

    /// The earlier try that brought these very bytes: they are not checked again, or luck with the challenge would be a matter
    /// of tries.
    fn before(&self, artifact: &[u8]) -> Option<&'a Tried> {
        self.known.iter().find(|tried| tried.artifact.as_deref() == Some(artifact))
    }

    fn came(&self, answered: &Answered) -> Result<Came, Failure> {
        let Order { bound, .. } = self.order;
        match &answered.given {
            Err(why) => Ok(Came { reason: Some(line(why)), ..Came::default() }),
            Ok(Given::Artifact(bytes)) => Ok(Came { artifact: Some(bytes.clone()), ..Came::default() }),
            Ok(Given::Reply(text)) => {
                let came = Came { reply: Some(text.clone().into_bytes()), ..Came::default() };
                match extract(text, bound.target, bound.functions()) {
                    Ok(sources) => self.built(came, sources),
                    Err(why) => {
                        let findings = Findings { told: vec![Finding::NoCode(why.clone())], clauses: Vec::new() };
                        Ok(Came { reason: Some(line(&why.to_string())), findings, ..came })
                    }
                }
            }
            Ok(Given::Files(files)) => match files.as_slice() {
                [(_, bytes)] if is_binary(bytes) => Ok(Came { artifact: Some(bytes.clone()), ..Came::default() }),
                _ => {
                    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
                    let came = Came { reply: Some(names.join("\n").into_bytes()), ..Came::default() };
                    match Sources::of(files, bound.target) {
                        Ok(sources) => self.built(came, sources),
                        Err(why) => Ok(Came { reason: Some(line(&why.to_string())), ..came }),
                    }
                }
            },
        }
    }

    fn built(&self, mut came: Came, sources: Sources) -> Result<Came, Failure> {
        let mut stop = || (self.means.stop)();
        let Order { toolchain, public, .. } = self.order;
        let built = build(self.means.launch, self.means.home_path, *toolchain, public, &sources, &mut stop);
        came.sources = Some(sources);
        match built {
            Ok(Built { artifact, reproducible, log, toolchain }) => {
                came.toolchain = toolchain.as_ref().map(described);
                came.log = (!log.is_empty()).then(|| log.into_bytes());
                came.reproducible = Some(reproducible);
                came.artifact = Some(artifact);
            }
            Err(Unbuilt::Refused(log)) => {
                came.reason = Some(line(log.lines().find(|line| line.contains("error")).unwrap_or(&log)));
                came.log = Some(log.clone().into_bytes());
                came.findings = Findings { told: vec![Finding::Build(log)], clauses: Vec::new() };
            }
            Err(Unbuilt::Failed(failure)) => return Err(failure),
        }
        Ok(came)
    }

    fn provenance(
        &self,
        question: &Question,
        answered: &Answered,
        came: &Came,
        outcome: Outcome,
    ) -> Result<Provenance, govern::GovernError> {
        let asker = self.order.askers.get(question.asker);
        let mut parameters = asker.map(super::Asker::parameters).unwrap_or_default();
        parameters.extend(answered.seed.map(|seed| ("seed".to_owned(), seed.to_string())));
        let external = External {
            contract: self.order.loaded.contract.digest,
            operator: self.order.operator.to_owned(),
            generator: asker.map(super::Asker::id).unwrap_or_default(),
            kind: asker.map(super::Asker::kind).unwrap_or_default().to_owned(),
            endpoint: asker.and_then(super::Asker::endpoint).map(str::to_owned),
            target: self.order.bound.target.to_string(),
            parameters: if asker.is_some() { parameters } else { BTreeMap::new() },
        };
        let internal = Internal {
            candidate: question.candidate,
            repairs: question.repairs,
            repairs_of: question.repairs_of.clone(),
            outcome,
            reason: came.reason.clone(),
            reproducible: came.reproducible,
            model: answered.model.clone(),
            fingerprint: answered.fingerprint.clone(),
            spent: answered.spent,
        };
        let sources = came.sources.iter().flat_map(|sources| &sources.files);
        let one = Try {
            external,
            internal,
            invocation: self.invocation.to_owned(),
            started: answered.started,
            finished: answered.finished,
            prompt: question.request.to_string().into_bytes(),
            reply: came.reply.clone(),
            sources: sources.map(|file| (file.name.clone(), file.text.clone().into_bytes())).collect(),
            log: came.log.clone(),
            toolchain: came.toolchain.clone(),
            parent: question.parent,
        };
        provenance::of(self.home, one)
    }

    /// What was found, and the envelope of the provenance.
    fn check(&mut self, artifact: &[u8], provenance: &Provenance) -> Result<(Checked, Digest), Failure> {
        let Order { loaded, policy, policy_text, policy_name, trust, approvals, .. } = self.order;
        let asked = Asked {
            contract: &loaded.contract,
            contract_text: &loaded.text,
            artifact,
            policy,
            policy_text,
            policy_name,
            generator: &provenance.external().generator,
            approvals: (*approvals).clone(),
            valid_for: self.order.valid_for,
        };
        let Means { launch, checking, .. } = *self.means;
        launch
            .means(trust, self.order.threads, checking, |means| {
                govern::check_made(self.home, &asked, means, provenance)
            })
            .map_err(|error| Failure::failed(error.to_string()))
    }
}

/// What was wrong with a checked artifact, as far as its generator may know: of held-out properties nothing.
fn findings(order: &Order<'_>, checked: &Checked) -> Findings {
    let mut findings = Findings::default();
    for evidence in checked.evidence.iter().filter(|evidence| evidence.outcome == Found::Failed) {
        if let ("inspect", Some(reason)) = (evidence.check.as_str(), &evidence.reason) {
            findings.told.push(Finding::Unfit(reason.clone()));
            findings.clauses.push("interface".to_owned());
        }
        for counterexample in public(evidence) {
            let Counterexample { property, call, violated, got, .. } = counterexample;
            let (clause, told) = match evidence.check.as_str() {
                "examples" => (call, order.public.example_failed(call, got)),
                "reference" => (property, order.public.differs(call, violated, got)),
                _ => (property, order.public.counterexample(property, call, got)),
            };
            if let Some(told) = told {
                findings.told.push(Finding::Counterexample(told));
                findings.clauses.push(clause.clone());
            }
        }
    }
    findings.clauses.dedup();
    findings
}

/// The counterexamples of a check that a generator may be shown.
pub fn public(evidence: &Evidence) -> impl Iterator<Item = &Counterexample> {
    evidence.counterexamples.iter().filter(|counterexample| !counterexample.held_out)
}

fn described(toolchain: &Identity) -> Resource {
    let commands: Vec<String> = toolchain.commands.iter().map(|command| command.join(" ")).collect();
    let resource = Resource::new(named::TOOLCHAIN, toolchain.sha256).annotated(named::COMMAND, &commands.join("\n"));
    match &toolchain.version {
        Some(version) => resource.annotated(named::VERSION, version),
        None => resource,
    }
}

/// One printable line of a text.
fn line(text: &str) -> String {
    let shown = |character: char| if character.is_control() { ' ' } else { character };
    text.lines().next().unwrap_or_default().chars().map(shown).take(REASON_MAX).collect()
}
