//! Where an artifact comes from: SLSA provenance, version 1, of one try of a generator.
//!
//! What a generator was told and what it answered is here only as salted commitments; everything else is plain. A
//! provenance is the word of the governor that asked the generator. No policy rests on it, and it proves nothing of the
//! artifact.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestSet};
use crate::statement::Predicate;

/// The type of our builds: `spec/provenance.md`.
pub const BUILD_TYPE: &str = "https://proofmark.dev/make/v1";

/// Names of [`Resource`]s.
pub mod named {
    /// What the generator was told (a commitment).
    pub const PROMPT: &str = "prompt";
    /// What it answered (a commitment).
    pub const REPLY: &str = "reply";
    /// A file of source that was taken out of the answer (a commitment); its path is in the annotation [`PATH`].
    pub const SOURCE: &str = "source";
    /// What the toolchain wrote (a commitment).
    pub const LOG: &str = "log";
    /// The provenance, by its envelope, of the try that this one repairs.
    pub const PARENT: &str = "parent";
    /// The files of the toolchain, as they are pinned; annotations [`VERSION`] and [`COMMAND`].
    pub const TOOLCHAIN: &str = "toolchain";
    pub const PATH: &str = "path";
    pub const VERSION: &str = "version";
    pub const COMMAND: &str = "command";
}

/// One try: who was asked for what, and what came of it. Fields and their order are those of SLSA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Provenance {
    pub build_definition: BuildDefinition,
    pub run_details: RunDetails,
}

impl Predicate for Provenance {
    const TYPE: &'static str = "https://slsa.dev/provenance/v1";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BuildDefinition {
    /// [`BUILD_TYPE`].
    pub build_type: String,
    pub external_parameters: External,
    pub internal_parameters: Internal,
    /// Prompt, parent and toolchain, as far as there are.
    pub resolved_dependencies: Vec<Resource>,
}

/// What the one who asked for the artifact chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    pub contract: Digest,
    /// Who asked.
    pub operator: String,
    /// The generator's id, as in submissions.
    pub generator: String,
    /// `openai`, `anthropic`, `command` or `files`.
    pub kind: String,
    /// The endpoint's address, without user and query; `null` if there is none.
    pub endpoint: Option<String>,
    /// The language that was asked for: `c`, `wat`, …
    pub target: String,
    /// How the model was to choose: `temperature`, `top_p`, `seed`, `max_tokens`, as decimal numbers. What is not here
    /// was left to the endpoint.
    pub parameters: BTreeMap<String, String>,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Internal {
    /// Which candidate of its run of `make`, from 1.
    pub candidate: u64,
    /// How many repairs led to it; 0 is a first answer.
    pub repairs: u64,
    /// Clauses of the contract that the parent broke and that the prompt told of: names of public properties, calls of
    /// examples.
    pub repairs_of: Vec<String>,
    pub outcome: Outcome,
    /// Why there is no artifact, in one line; `null` if there is one.
    pub reason: Option<String>,
    /// Whether two builds gave the same bytes; `null` if nothing was built.
    pub reproducible: Option<bool>,
    /// The model, as the endpoint named it in its answer.
    pub model: Option<String>,
    /// What the endpoint said of its configuration.
    pub fingerprint: Option<String>,
    pub spent: Spent,
}

/// How far a try came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No whole answer came.
    NoReply,
    /// The answer held no code that could be taken.
    NoCode,
    /// The toolchain refused the code.
    NotBuilt,
    /// There is an artifact: the statement's subject.
    Built,
}

/// What a try cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Requests that were sent.
    pub requests: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Millionths of the currency in which the generator is priced.
    pub money_micros: u64,
    /// From the question to the whole answer.
    pub milliseconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RunDetails {
    pub builder: Builder,
    pub metadata: Metadata,
    /// Reply, sources and log, as far as there are.
    pub byproducts: Vec<Resource>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// `https://proofmark.dev/governor/` and the governor's key id.
    pub id: String,
    /// `proofmark` and its version.
    pub version: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Metadata {
    /// The run of `make`: at least 128 random bits in hexadecimal, the same for all its tries.
    pub invocation_id: String,
    #[serde(with = "crate::time")]
    pub started_on: Timestamp,
    #[serde(with = "crate::time")]
    pub finished_on: Timestamp,
}

/// in-toto's resource descriptor, with the fields that are used. Its digest is SHA-256 of the bytes; of a commitment, of
/// salt, newline and value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// One of [`named`].
    pub name: String,
    pub digest: DigestSet,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Resource {
    #[must_use]
    pub fn new(name: &str, digest: Digest) -> Self {
        Self { name: name.to_owned(), digest: digest.into(), annotations: BTreeMap::new() }
    }

    #[must_use]
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The SHA-256.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.digest.sha256
    }
}

impl Provenance {
    /// What was asked for.
    #[must_use]
    pub fn external(&self) -> &External {
        &self.build_definition.external_parameters
    }

    /// How it went.
    #[must_use]
    pub fn internal(&self) -> &Internal {
        &self.build_definition.internal_parameters
    }

    /// Every resource of that name, in order.
    pub fn resources<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Resource> {
        let all = self.build_definition.resolved_dependencies.iter().chain(&self.run_details.byproducts);
        all.filter(move |resource| resource.name == name)
    }

    /// The envelope of the try that this one repairs.
    #[must_use]
    pub fn parent(&self) -> Option<Digest> {
        self.resources(named::PARENT).next().map(Resource::sha256)
    }

    /// What stands for the try among artifacts: the artifact, or where there is none the commitment to the reply, or to
    /// the prompt.
    #[must_use]
    pub fn subject(&self, artifact: Option<Digest>) -> Option<Digest> {
        let commitment = |name| self.resources(name).next().map(Resource::sha256);
        artifact.or_else(|| commitment(named::REPLY)).or_else(|| commitment(named::PROMPT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Statement;

    fn provenance() -> Provenance {
        let external_parameters = External {
            contract: Digest([1; 32]),
            operator: "ada".to_owned(),
            generator: "coder-1.5b".to_owned(),
            kind: "openai".to_owned(),
            endpoint: Some("http://127.0.0.1:11434/v1".to_owned()),
            target: "c".to_owned(),
            parameters: BTreeMap::from([("temperature".to_owned(), "0.7".to_owned())]),
        };
        let internal_parameters = Internal {
            candidate: 2,
            repairs: 1,
            repairs_of: vec!["idempotent".to_owned()],
            outcome: Outcome::NotBuilt,
            reason: Some("error: expected `;`".to_owned()),
            reproducible: None,
            model: Some("coder-1.5b-q4".to_owned()),
            fingerprint: None,
            spent: Spent { requests: 1, input_tokens: 300, output_tokens: 90, money_micros: 0, milliseconds: 15_000 },
        };
        let time = |second| Timestamp::from_second(second).unwrap();
        Provenance {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters,
                internal_parameters,
                resolved_dependencies: vec![
                    Resource::new(named::PROMPT, Digest([2; 32])),
                    Resource::new(named::PARENT, Digest([3; 32])),
                ],
            },
            run_details: RunDetails {
                builder: Builder {
                    id: format!("https://proofmark.dev/governor/{}", Digest([4; 32])),
                    version: BTreeMap::from([("proofmark".to_owned(), "0.1.0".to_owned())]),
                },
                metadata: Metadata {
                    invocation_id: "0f".repeat(16),
                    started_on: time(1_800_000_000),
                    finished_on: time(1_800_000_015),
                },
                byproducts: vec![
                    Resource::new(named::REPLY, Digest([5; 32])),
                    Resource::new(named::SOURCE, Digest([6; 32])).annotated(named::PATH, "dedupe.c"),
                ],
            },
        }
    }

    #[test]
    fn the_spelling_is_slsas() {
        let bytes = Statement::new("dedupe", Digest([5; 32]), provenance()).to_bytes();
        let text = String::from_utf8(bytes.clone()).unwrap();
        for part in [
            r#""predicateType":"https://slsa.dev/provenance/v1","predicate":{"buildDefinition":{"buildType":"https://proofmark.dev/make/v1","externalParameters":{"contract":""#,
            r#""internalParameters":{"candidate":2,"repairs":1,"repairs_of":["idempotent"],"outcome":"not-built","#,
            r#""resolvedDependencies":[{"name":"prompt","digest":{"sha256":"0202"#,
            r#""runDetails":{"builder":{"id":"https://proofmark.dev/governor/0404"#,
            r#""metadata":{"invocationId":"0f0f"#,
            r#""startedOn":"2027-01-15T08:00:00Z","finishedOn":"2027-01-15T08:00:15Z"}"#,
            r#""annotations":{"path":"dedupe.c"}}]}"#,
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(Statement::<Provenance>::parse(&bytes).unwrap().predicate, provenance());
        let more = text.replace(r#""byproducts""#, r#""more":1,"byproducts""#);
        assert!(Statement::<Provenance>::parse(more.as_bytes()).is_err());
    }

    #[test]
    fn a_try_without_an_artifact_is_named_by_what_there_is() {
        let mut one = provenance();
        assert_eq!(one.subject(Some(Digest([9; 32]))), Some(Digest([9; 32])));
        assert_eq!(one.subject(None), Some(Digest([5; 32])));
        one.run_details.byproducts.clear();
        assert_eq!(one.subject(None), Some(Digest([2; 32])));
        assert_eq!(one.parent(), Some(Digest([3; 32])));
    }
}
