//! Times in signed texts: `YYYY-MM-DDTHH:MM:SSZ`, whole seconds of UTC, for serde's `with`.
//!
//! No clock is read here or anywhere in this crate.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// The text of the second that `time` lies in.
pub(crate) fn text(time: Timestamp) -> String {
    // Every second within a timestamp's range is a timestamp.
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// The time that a text says, or `None` for any other spelling than [`text`]'s.
pub(crate) fn parse(spelled: &str) -> Option<Timestamp> {
    spelled.parse().ok().filter(|time| text(*time) == spelled)
}

pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let spelled = String::deserialize(deserializer)?;
    parse(&spelled).ok_or_else(|| D::Error::custom("not a time of the form `YYYY-MM-DDTHH:MM:SSZ`"))
}

/// The same for a time that may be `null`.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Error, Serializer, Timestamp, parse, text};

    #[expect(clippy::ref_option, reason = "serde's `with` passes a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_some(&text(*time)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let wrong = || D::Error::custom("neither null nor a time of the form `YYYY-MM-DDTHH:MM:SSZ`");
        let spelled = Option::<String>::deserialize(deserializer)?;
        spelled.map(|spelled| parse(&spelled).ok_or_else(wrong)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_one_spelling() {
        assert_eq!(parse("2026-11-21T10:00:00Z").map(text).as_deref(), Some("2026-11-21T10:00:00Z"));
        let others = [
            "2026-11-21T10:00:00.5Z",
            "2026-11-21T10:00:00.000Z",
            "2026-11-21t10:00:00z",
            "2026-11-21 10:00:00Z",
            "2026-11-21T11:00:00+01:00",
            "2026-11-21T10:00Z",
            "",
        ];
        for other in others {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn parts_of_a_second_are_dropped() {
        let half: Timestamp = "2026-11-21T10:00:00.5Z".parse().unwrap();
        assert_eq!(text(half), "2026-11-21T10:00:00Z");
    }
}
