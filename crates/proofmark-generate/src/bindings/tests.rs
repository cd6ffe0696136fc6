//! What holds of every target: interfaces drawn from a seed never break the generation, and refusals are words.

use proofmark_contract::Contract;

use super::*;

pub(super) fn public(wit: &str) -> Public {
    let text = format!(
        "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nwit = \"\"\"\npackage t:t@1.0.0;\n{wit}\n\"\"\"\n"
    );
    Public::of(&Contract::parse(&text).unwrap()).unwrap()
}

/// Marsaglia's Xorshift, 2003.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn ty(&mut self, depth: u32) -> String {
        let leaves = [
            "bool",
            "u8",
            "s16",
            "u32",
            "s64",
            "f32",
            "f64",
            "char",
            "string",
            "the-record",
            "INT",
            "double",
            "u64-list",
        ];
        if depth == 0 || self.below(3) == 0 {
            return self.pick(&leaves).to_owned();
        }
        let (a, b) = (self.ty(depth - 1), self.ty(depth - 1));
        match self.below(6) {
            0 => format!("list<{a}>"),
            1 => format!("option<{a}>"),
            2 => format!("tuple<{a}, {b}>"),
            3 => format!("result<{a}, {b}>"),
            4 => format!("result<_, {b}>"),
            _ => a,
        }
    }

    /// An interface whose names are words of some language.
    fn wit(&mut self) -> String {
        let names =
            ["int", "malloc", "delete", "class", "x", "x-len", "proofmark-x", "printf", "STRING-list", "yield", "f0"];
        let mut functions = String::new();
        for (nth, name) in names.iter().enumerate().filter(|(nth, _)| nth % 3 == 0) {
            let params: Vec<String> =
                names.iter().take(nth + 3).map(|name| format!("%{name}: {}", self.ty(3))).collect();
            functions += &format!("    %{name}: func({}) -> {};\n", params.join(", "), self.ty(3));
        }
        let types = format!(
            "record the-record {{ %static: u8, %int: {} }}\n enum INT {{ max, %none }}\n variant double {{ %int({}), tag }}\n flags u64-list {{ items, len }}",
            self.pick(&["u64", "string", "list<char>"]),
            self.pick(&["f64", "s8", "list<the-record>"])
        );
        format!(
            "interface %class {{ {types}\n{functions} }}\nworld %world-of {{ export %class; export %class2: func(); }}"
        )
    }
}

#[test]
fn every_interface_is_bound_or_refused_in_words() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for _ in 0..200 {
        let public = public(&random.wit());
        for target in Target::ALL.into_iter().filter(|target| *target != Target::Program) {
            match bind(target, &public) {
                Ok(bound) => {
                    assert_eq!(bound.functions().len(), public.functions.len());
                    let mut names = bound.functions().to_vec();
                    names.sort();
                    names.dedup();
                    assert_eq!(names.len(), public.functions.len(), "{names:?}");
                    assert!(bound.files.iter().all(|(name, _)| name.starts_with("proofmark/")));
                    assert_eq!(bind(target, &public), Ok(bound), "the same each time");
                }
                Err(BindError::Type { can, why, .. }) => {
                    assert!(can.contains(&Target::C) && !can.contains(&target) && !why.is_empty());
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_refusal_names_function_type_and_way_out() {
    let public = public("world w { export f: func(); export g: func(x: list<option<u64>>); }");
    let error = bind(Target::JavaScript, &public).unwrap_err().to_string();
    assert_eq!(
        error,
        "`g` can't be written in JavaScript: a `s64` or `u64` does not fit a number of JavaScript, which has 53 bits; use `c`, `wat`"
    );
}
