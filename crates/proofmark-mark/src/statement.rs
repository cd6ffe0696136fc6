//! in-toto statements, version 1, about exactly one artifact.
//!
//! A statement's bytes are compact JSON in one spelling; any other spelling of the same statement is refused.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, JsonError};
use crate::digest::{Digest, DigestSet};

/// in-toto's type of a statement.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The largest statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 12 << 20;

/// What can be said about an artifact, with the type URI that says which.
pub trait Predicate: Serialize + DeserializeOwned {
    /// The predicate's type URI.
    const TYPE: &'static str;
}

/// A statement about one artifact.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<P> {
    /// The name of the contract that the artifact was given for.
    pub name: String,
    /// The artifact.
    pub artifact: Digest,
    pub predicate: P,
}

/// Why bytes are not a statement of the wanted kind.
#[derive(Debug, Error)]
pub enum StatementError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("`{0}` is not the type of an in-toto statement")]
    Type(String),
    #[error("it is a statement of type `{found}` where one of `{wanted}` is needed")]
    PredicateType { found: String, wanted: &'static str },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: [Subject; 1],
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: DigestSet,
}

impl<P: Predicate> Statement<P> {
    /// A statement about `artifact`, which was given for the contract called `name`.
    #[must_use]
    pub fn new(name: &str, artifact: Digest, predicate: P) -> Self {
        Self { name: name.to_owned(), artifact, predicate }
    }

    /// The statement's bytes, as they are signed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(&Wire {
            kind: TYPE.to_owned(),
            subject: [Subject { name: self.name.clone(), digest: self.artifact.into() }],
            predicate_type: P::TYPE.to_owned(),
            predicate: &self.predicate,
        })
    }

    /// Reads a statement of this kind.
    ///
    /// # Errors
    /// [`StatementError`] for another kind, more than one subject, a field too many, or another spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let wire: Wire<P> = match canonical::parse(bytes, STATEMENT_BYTES_MAX) {
            Ok(wire) => wire,
            Err(error) => return Err(Self::explain(bytes, error)),
        };
        if wire.kind != TYPE {
            return Err(StatementError::Type(wire.kind));
        }
        if wire.predicate_type != P::TYPE {
            return Err(StatementError::PredicateType { found: wire.predicate_type, wanted: P::TYPE });
        }
        let [Subject { name, digest: DigestSet { sha256 } }] = wire.subject;
        Ok(Self { name, artifact: sha256, predicate: wire.predicate })
    }

    /// A statement of another kind rarely has this kind's fields: then its type says more than the missing field.
    fn explain(bytes: &[u8], error: JsonError) -> StatementError {
        #[derive(Deserialize)]
        struct Kind {
            #[serde(rename = "predicateType")]
            predicate_type: String,
        }
        match (&error, serde_json::from_slice(bytes)) {
            (JsonError::Syntax(_), Ok(Kind { predicate_type: found })) if found != P::TYPE => {
                StatementError::PredicateType { found, wanted: P::TYPE }
            }
            _ => StatementError::Json(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Weight {
        grams: u64,
    }

    impl Predicate for Weight {
        const TYPE: &'static str = "https://proofmark.dev/weight/v1";
    }

    fn text() -> String {
        let statement = Statement::new("gcd", Digest([0xab; 32]), Weight { grams: 7 });
        String::from_utf8(statement.to_bytes()).unwrap()
    }

    #[test]
    fn the_spelling_is_in_totos() {
        let wanted = format!(
            concat!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"gcd","digest":{{"sha256":"{}"}}}}],"#,
                r#""predicateType":"https://proofmark.dev/weight/v1","predicate":{{"grams":7}}}}"#
            ),
            "ab".repeat(32)
        );
        assert_eq!(text(), wanted);
        let read = Statement::<Weight>::parse(wanted.as_bytes()).unwrap();
        assert_eq!(read, Statement::new("gcd", Digest([0xab; 32]), Weight { grams: 7 }));
    }

    #[test]
    fn anything_else_is_refused() {
        let text = text();
        let subject = format!(r#"{{"name":"gcd","digest":{{"sha256":"{}"}}}}"#, "ab".repeat(32));
        let wrong = [
            text.replace("Statement/v1", "Statement/v2"),
            text.replace("weight/v1", "weight/v2"),
            text.replace(&subject, &format!("{subject},{subject}")),
            text.replace(&subject, ""),
            text.replace("\"grams\":7", "\"grams\":7,\"more\":1"),
            text.replace("\"grams\":7", "\"grams\":7,\"grams\":7"),
            text.replace("\"grams\":7", "\"grams\":7.0"),
            text.replace("\"grams\":7", "\"grams\": 7"),
            text.replace("\"grams\"", "\"gr\\u0061ms\""),
            text.replace("sha256", "sha512"),
        ];
        for wrong in wrong {
            assert!(Statement::<Weight>::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_statement_of_another_kind_is_named() {
        let other = text().replace("weight/v1", "length/v1").replace("grams", "metres");
        let error = Statement::<Weight>::parse(other.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("length/v1"), "{error}");
    }
}
