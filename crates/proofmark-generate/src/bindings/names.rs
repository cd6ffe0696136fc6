//! Names of WIT as other languages write them, each once.

use std::collections::BTreeSet;

/// Names that are taken in one scope of a language.
pub(crate) struct Names {
    is_reserved: fn(&str) -> bool,
    taken: BTreeSet<String>,
}

impl Names {
    /// A scope in which only the language's own names are taken.
    pub(crate) fn new(is_reserved: fn(&str) -> bool) -> Self {
        Self { is_reserved, taken: BTreeSet::new() }
    }

    /// The name, or one like it that is free, which is taken from now on.
    pub(crate) fn take(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        if (self.is_reserved)(&name) {
            name.push('_');
        }
        let plain = name.clone();
        let mut nth = 2_u32;
        while !self.taken.insert(name.clone()) {
            name = format!("{plain}_{nth}");
            nth = nth.saturating_add(1);
        }
        name
    }
}

/// `merge-HTTP-intervals` as `merge_http_intervals`.
pub(crate) fn snake(name: &str) -> String {
    name.replace('-', "_").to_ascii_lowercase()
}

/// `merge-intervals` as `MERGE_INTERVALS`.
pub(crate) fn shout(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_the_language_does_and_never_twice() {
        assert_eq!([snake("a-URL-b2"), shout("a-URL-b2")], ["a_url_b2", "A_URL_B2"]);
        let mut names = Names::new(|name| name == "int");
        assert_eq!(
            ["int", "x", "int", "x", "int_"].map(|name| names.take(name)),
            ["int_", "x", "int__2", "x_2", "int__3"]
        );
    }
}
