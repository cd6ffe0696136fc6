//! Makes a contract self-contained: `wit_path` becomes the text of that file, and the reference's path its SHA-256, so that
//! the contract's digest covers both.

use std::ops::Range;

use proofmark_mark::digest::Digest;
use toml::de::{DeTable, DeValue};

use crate::contract::{CONTRACT_BYTES_MAX, toml_problem};
use crate::problem::Problem;

/// The contract with `[interface] wit_path` replaced by `wit`, every other byte untouched. A contract without `wit_path`
/// comes back as it is.
///
/// `loader` gives the text of the WIT file of that path, or says why it can't.
///
/// # Errors
/// The text is not TOML, or the loader failed; placed at the path.
pub fn resolve(text: &str, loader: &dyn Fn(&str) -> Result<String, String>) -> Result<String, Problem> {
    if text.len() > CONTRACT_BYTES_MAX {
        return Ok(text.to_owned());
    }
    let document = DeTable::parse(text).map_err(|error| toml_problem(text, &error))?;
    let Some(DeValue::Table(interface)) = document.get_ref().get("interface").map(toml::Spanned::get_ref) else {
        return Ok(text.to_owned());
    };
    let Some((key, value)) = interface.get_key_value("wit_path") else { return Ok(text.to_owned()) };
    if interface.contains_key("wit") {
        let problem = Problem::new(key.span(), "the interface has both `wit` and `wit_path`", "which one counts?");
        return Err(problem.help("leave one of them out"));
    }
    let Some(path) = value.get_ref().as_str() else {
        let problem = Problem::new(value.span(), "`wit_path` must be a string", "not a string");
        return Err(problem.help("write `wit_path = \"name.wit\"`"));
    };
    let wit = loader(path).map_err(|why| {
        let message = format!("the WIT file `{}` can't be read: {why}", path.escape_debug());
        Problem::new(value.span(), message, "this file").help("give the path relative to the contract")
    })?;
    Ok(spliced(text, key.span(), value.span(), ["wit_path", "wit"], &quoted(&wit)))
}

/// The contract with the path of its reference replaced by the `sha256` of that file, every other byte untouched. A contract
/// that names its reference's SHA-256 already, or has none, comes back as it is.
///
/// `digest_of` reads the file of that path, or says why it can't.
///
/// # Errors
/// The text is not TOML, the file can't be read, or it is another than the contract means; placed at the path or the digest.
pub fn resolve_reference(text: &str, digest_of: &dyn Fn(&str) -> Result<Digest, String>) -> Result<String, Problem> {
    if text.len() > CONTRACT_BYTES_MAX {
        return Ok(text.to_owned());
    }
    let document = DeTable::parse(text).map_err(|error| toml_problem(text, &error))?;
    let Some(DeValue::Table(reference)) = document.get_ref().get("reference").map(toml::Spanned::get_ref) else {
        return Ok(text.to_owned());
    };
    let Some((key, value)) = reference.get_key_value("component") else { return Ok(text.to_owned()) };
    let Some(path) = value.get_ref().as_str() else {
        let problem = Problem::new(value.span(), "`component` must be a string", "not a string");
        return Err(problem.help("write `component = \"name.wasm\"`"));
    };
    let digest = digest_of(path).map_err(|why| {
        let message = format!("the reference `{}` can't be read: {why}", path.escape_debug());
        Problem::new(value.span(), message, "this file").help("give the path relative to the contract")
    })?;
    let Some(meant) = reference.get("sha256") else {
        return Ok(spliced(text, key.span(), value.span(), ["component", "sha256"], &format!("\"{digest}\"")));
    };
    match meant.get_ref().as_str() {
        Some(meant_text) if meant_text != digest.to_string() => {
            let message = format!("the reference `{}` is not the one that the contract means", path.escape_debug());
            let problem = Problem::new(meant.span(), message, "the SHA-256 of another file");
            Err(problem.help(format!("if the file is right, write `sha256 = \"{digest}\"`")))
        }
        // What is no string is a problem of the contract itself.
        _ => Ok(text.to_owned()),
    }
}

/// The text with another key and value in the place of these; `names` are the key's as it is and as it is to be.
fn spliced(text: &str, key: Range<usize>, value: Range<usize>, names: [&str; 2], becomes: &str) -> String {
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let (before, between, after) = (part(0..key.start), part(key.end..value.start), part(value.end..text.len()));
    // A dotted key keeps what stands before its last part.
    let key_text = part(key);
    let [is, to_be] = names;
    let head = key_text.rsplit_once(is).map_or("", |(head, _)| head).trim_end_matches(['"', '\'']);
    format!("{before}{head}{to_be}{between}{becomes}{after}")
}

/// A TOML string that reads as `text`: literal where that is possible.
fn quoted(text: &str) -> String {
    let plain = |character: char| character == '\n' || character == '\t' || !character.is_control();
    if text.chars().all(plain) && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    let mut out = String::from("\"\"\"\n");
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' | '\t' => out.push(character),
            control if control.is_control() => out.push_str(&format!("\\U{:08X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push_str("\"\"\"");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wit_of(contract: &str) -> String {
        let document = DeTable::parse(contract).unwrap();
        let interface = document.get_ref().get("interface").unwrap().get_ref().as_table().unwrap();
        assert!(!interface.contains_key("wit_path"));
        interface.get("wit").unwrap().get_ref().as_str().unwrap().to_owned()
    }

    #[test]
    fn only_the_path_changes() {
        let text = "# mine\nname = 'x' # kept\n[interface]\nwit_path   = \"a.wit\" # gone nowhere\n\n[budget]\n";
        let resolved = resolve(text, &|path| Ok(format!("// {path}\nworld w {{}}\n"))).unwrap();
        assert_eq!(
            resolved,
            "# mine\nname = 'x' # kept\n[interface]\nwit   = '''\n// a.wit\nworld w {}\n''' # gone nowhere\n\n[budget]\n"
        );
        assert_eq!(resolve(&resolved, &|_| panic!()).unwrap(), resolved);
    }

    #[test]
    fn every_text_survives_and_every_spelling_of_the_key_is_found() {
        let wits =
            ["", "a", "'''", "x'", "\"\"\"", "a\\b\"", "\r\n\u{1}\u{7f}\u{85}\t", "\n\nü\u{1F600}'\n'", "\\U0001F600"];
        let contracts = [
            "[interface]\nwit_path = 'p'\n",
            "[interface]\n\"wit_path\" = 'p'",
            "interface = { wit_path = \"p\", world = 'w' }\n",
            "interface.wit_path = 'p'\n",
            "interface . 'wit_path' = 'p'\n",
        ];
        for contract in contracts {
            for wit in wits {
                let resolved = resolve(contract, &|_| Ok(wit.to_owned())).unwrap();
                assert_eq!(wit_of(&resolved), wit, "{resolved}");
            }
        }
    }

    #[test]
    fn the_path_of_a_reference_becomes_its_digest_in_every_spelling() {
        let digest = Digest::of(b"legacy");
        let known = |text: &str| {
            let document = DeTable::parse(text).unwrap();
            let reference = document.get_ref().get("reference").unwrap().get_ref().as_table().unwrap();
            assert!(!reference.contains_key("component"));
            reference.get("sha256").unwrap().get_ref().as_str().unwrap().to_owned()
        };
        for contract in [
            "[reference]\ncomponent = 'p' # the old one\n",
            "[reference]\n\"component\" = \"p\"",
            "reference = { component = 'p' }\n",
            "reference . 'component' = 'p'\n",
        ] {
            let resolved =
                resolve_reference(contract, &|path| if path == "p" { Ok(digest) } else { panic!() }).unwrap();
            assert_eq!(known(&resolved), digest.to_string(), "{resolved}");
            assert_eq!(resolve_reference(&resolved, &|_| panic!()).unwrap(), resolved);
        }
        let pinned = format!("[reference]\ncomponent = 'p'\nsha256 = '{digest}'\n");
        assert_eq!(resolve_reference(&pinned, &|_| Ok(digest)).unwrap(), pinned);
        assert_eq!(resolve_reference("[budget]\n", &|_| panic!()).unwrap(), "[budget]\n");
    }

    #[test]
    fn a_reference_that_is_gone_or_another_is_a_placed_problem() {
        let place = |text: &str, digest: Result<Digest, String>| {
            let problem = resolve_reference(text, &|_| digest.clone()).unwrap_err();
            (problem.position(text), problem.message)
        };
        let (at, message) = place("[reference]\ncomponent = 'a.wasm'\n", Err("no such file".to_owned()));
        assert_eq!((at, message.as_str()), ((2, 13), "the reference `a.wasm` can't be read: no such file"));
        let other = format!("[reference]\ncomponent = 'a.wasm'\nsha256 = '{}'\n", Digest::of(b"one"));
        let (at, message) = place(&other, Ok(Digest::of(b"another")));
        assert_eq!((at, message.as_str()), ((3, 10), "the reference `a.wasm` is not the one that the contract means"));
        assert_eq!(place("[reference]\ncomponent = 7\n", Ok(Digest::of(b""))).0, (2, 13));
    }

    #[test]
    fn what_can_not_be_resolved_is_a_placed_problem() {
        let place = |text: &str| {
            let problem = resolve(text, &|_| Err("no such file".to_owned())).unwrap_err();
            (problem.position(text), problem.message)
        };
        let (at, message) = place("[interface]\nwit_path = 'a.wit'\n");
        assert_eq!((at, message.as_str()), ((2, 12), "the WIT file `a.wit` can't be read: no such file"));
        assert_eq!(place("[interface]\nwit_path = 7\n").0, (2, 12));
        assert_eq!(place("[interface]\nwit = ''\nwit_path = 'x'\n").0, (3, 1));
        assert_eq!(place("[interface\n").0.0, 1);
    }
}
