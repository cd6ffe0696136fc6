//! Makes a contract self-contained: `wit_path` becomes the text of that file, so that the digest covers it.

use std::ops::Range;

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
    Ok(spliced(text, key.span(), value.span(), &wit))
}

fn spliced(text: &str, key: Range<usize>, value: Range<usize>, wit: &str) -> String {
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let (before, between, after) = (part(0..key.start), part(key.end..value.start), part(value.end..text.len()));
    // A dotted key keeps what stands before its last part.
    let key_text = part(key);
    let head = key_text.rsplit_once("wit_path").map_or("", |(head, _)| head).trim_end_matches(['"', '\'']);
    format!("{before}{head}wit{between}{}{after}", quoted(wit))
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
