//! What was held out is not in the public text, and nothing else is lost.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::contract::{OpenError, Property};

const KEY: SealKey = SealKey::new([7; 32]);

/// A contract around `properties`.
fn contract(properties: &str) -> String {
    format!(
        "contract = 1\nname = 'c'\nintent = 'I'\n[interface]\nwit = '''\npackage a:b;\nworld w {{ export f: func(n: \
         u32, s: string) -> u64; export g: func() -> u64; }}\n'''\n[[example]]\ncall = 'f(1, \"x\")'\nreturns = \
         '2'\n{properties}"
    )
}

fn sealed(properties: &str) -> (String, Contract) {
    seal(&contract(properties), &KEY).unwrap()
}

/// The properties in words, sorted: their order is that of the public ones, and then of the sealed ones.
fn said(properties: &[Property]) -> BTreeSet<String> {
    let source = |property: &Property| property.requires.as_ref().map(|requires| requires.source().to_owned());
    let one = |property: &Property| {
        format!(
            "{:?} {} {:?} {:?} {}",
            property.name,
            property.of.full_name(),
            source(property),
            property.ensures.source(),
            property.held_out
        )
    };
    properties.iter().map(one).collect()
}

const HELD: &str = "# planted-comment before\n[[property]] # planted-comment beside\nname = 'planted-name'\nof = 'f'\n\
                    requires = \"s != 'planted-requires'\"\nensures = \"result != 4242424242u || s == \
                    'planted-ensures'\"\nheld_out = true\n# planted-comment after\n";
const PLAIN: &str = "[[property]]\nname = 'plain'\nof = 'f'\nensures = 'result >= 0u'\n";

#[test]
fn what_is_held_out_is_gone_with_every_comment() {
    let (public, contract) = sealed(&format!("{HELD}{PLAIN}"));
    for planted in ["planted", "4242424242", "held_out", "#"] {
        assert!(!public.contains(planted), "{planted}: {public}");
    }
    assert_eq!(contract.digest, Digest::of(public.as_bytes()));
    let names = |contract: &Contract| -> Vec<String> {
        contract.properties.iter().map(|property| property.name.clone()).collect()
    };
    assert_eq!((names(&contract), contract.sealed.len()), (vec!["plain".to_owned()], 1));
    assert_eq!(names(&contract.whole().unwrap()), ["plain", "planted-name"]);
    assert!(!format!("{contract:?} {KEY:?}").contains("planted"));
}

#[test]
fn the_public_text_is_the_contract_with_commitments_in_their_places() {
    let held = |name: &str| HELD.replace("planted-name", name).replace("# planted-comment before\n", "");
    let other = PLAIN.replace("plain", "other");
    let (public, contract) =
        sealed(&format!("{}{PLAIN}{}{other}[budget]\nfuel = 1_000 # some\n", held("a"), held("b")));
    let commitment = |nth: usize| contract.sealed[nth].commitment;
    let wanted = format!(
        "contract = 1\nname = 'c'\nintent = 'I'\n\n[interface]\nwit = '''\npackage a:b;\nworld w {{ export f: func(n: \
         u32, s: string) -> u64; export g: func() -> u64; }}\n'''\n\n[[example]]\ncall = 'f(1, \"x\")'\nreturns = \
         '2'\n\n[[sealed]]\ncommitment = \"{}\"\n\n{PLAIN}\n[[sealed]]\ncommitment = \"{}\"\n\n{other}\n[budget]\nfuel = \
         1_000\n",
        commitment(0),
        commitment(1)
    );
    assert_eq!(public, wanted);
    // Sealing what is public changes nothing.
    assert_eq!(seal(&public, &KEY).unwrap().0, public);
}

#[test]
fn a_contract_that_holds_nothing_out_stays_as_it_is() {
    let text = contract(&format!("# kept\n{PLAIN}held_out = false\n"));
    let (public, contract) = seal(&text, &KEY).unwrap();
    assert_eq!((&public, contract.is_open(), contract.sealed.len()), (&text, true, 0));
    assert!(seal(&text.replace("result >= 0u", "nonsense"), &KEY).is_err());
}

#[test]
fn every_spelling_of_a_property_is_sealed() {
    let inline = "property = [ # planted-comment\n  {name = 'planted', of = 'f', ensures = 'result >= 0u', held_out = \
                  true}, # planted-comment\n  { name = 'plain', of = \"f\", ensures = '''result >= 0u''' },\n]\n";
    let quoted = "[[\"property\"]]\n\"name\" = \"pl\\u0061nted\"\n'of' = 'f'\nensures = \"\"\"\\\n  result >= \
                  0u\"\"\"\n\"held_out\" = true\n[[property]]\nname = 'plain'\nof = 'f'\nensures = 'result >= 0u'\n";
    let before = |properties: &str| contract("").replacen("contract = 1\n", &format!("contract = 1\n{properties}"), 1);
    for text in [before(inline), contract(quoted)] {
        let (public, contract) = seal(&text, &KEY).unwrap();
        assert!(!public.contains("plant") && !public.contains('#'), "{public}");
        let whole = contract.whole().unwrap();
        assert_eq!(said(&whole.properties), said(&Contract::parse(&text).unwrap().properties), "{public}");
        assert_eq!((contract.properties.len(), contract.sealed.len()), (1, 1));
    }
    let dotted = contract(HELD).replace("[interface]\nwit", "interface.wit").replace("[[example]]", "[ example ]");
    assert!(seal(&dotted, &KEY).is_err(), "an example that is no list");
    let dotted = contract(HELD).replace("[interface]\nwit", "interface . \"wit\"");
    assert_eq!(seal(&dotted, &KEY).unwrap().1.sealed.len(), 1);
}

#[test]
fn commitments_depend_on_the_key_and_on_the_whole_contract() {
    let commitment = |text: &str, key: &SealKey| seal(text, key).unwrap().1.sealed[0].commitment;
    let text = contract(HELD);
    let first = commitment(&text, &KEY);
    assert_eq!(first, commitment(&text, &KEY));
    assert_ne!(first, commitment(&text, &SealKey::new([8; 32])));
    // The same property in another contract, even if nothing but a comment tells them apart.
    assert_ne!(first, commitment(&format!("{text}# more\n"), &KEY));
    // Two properties of one contract have two salts.
    let contract = sealed(&format!("{HELD}{}", HELD.replace("planted-name", "other"))).1;
    let salts: BTreeSet<&str> = contract.openings().map(|opening| &opening.0[..32]).collect();
    assert_eq!(salts.len(), 2);
}

#[test]
fn a_guess_is_not_confirmed_without_the_salt() {
    let contract = sealed(HELD).1;
    let (commitment, opening) = (contract.sealed[0].commitment, contract.openings().next().unwrap());
    let property = opening.property().unwrap();
    assert_eq!(opening.commitment(), commitment);
    // 128 bits stand before the property: the right guess hashes to something else, bare or with any salt but the one.
    assert_eq!(opening.0.len(), 32 + 1 + property.len());
    let salt = &opening.0[..32];
    let others = ["".to_owned(), "0".repeat(32), salt[1..].to_owned(), salt.to_uppercase() + " "];
    for other in others {
        assert_ne!(Digest::of(format!("{other}\n{property}").as_bytes()), commitment);
    }
    assert_ne!(Digest::of(property.as_bytes()), commitment);
    // Nothing that is public has a part of the salt.
    assert!(!sealed(HELD).0.contains(&salt[..8]));
}

#[test]
fn a_commitment_is_opened_by_nothing_else() {
    let (public, opened) = sealed(&format!("{PLAIN}{HELD}"));
    let opening = opened.openings().next().unwrap().clone();
    let mut contract = Contract::parse(&public).unwrap();
    assert!(!contract.is_open() && contract.whole().is_none() && contract.openings().next().is_none());
    let other = Opening::new(opening.0.replace("planted", "elsewhere"));
    assert_eq!(contract.open(vec![other]), Err(OpenError::Foreign));
    assert!(!contract.is_open());
    contract.open(vec![opening]).unwrap();
    assert_eq!(contract.commitment("planted-name"), Some(contract.sealed[0].commitment));
    assert!(contract.is_open() && contract.commitment("plain").is_none());
}

#[test]
fn what_a_commitment_hides_must_be_a_property_of_the_contract() {
    let salt = "0123456789abcdef0123456789abcdef";
    let right = "name = \"p\"\nof = \"f\"\nensures = \"result >= 0u\"\n";
    let opened = |opening: &str, before: &str| {
        let opening = Opening::new(opening.to_owned());
        let text = contract(&format!("{before}[[sealed]]\ncommitment = '{}'\n", opening.commitment()));
        Contract::parse(&text).unwrap().open(vec![opening])
    };
    assert_eq!(opened(&format!("{salt}\n{right}"), ""), Ok(()));
    let wrong = [
        String::new(),
        right.to_owned(),
        format!("{}\n{right}", &salt[1..]),
        format!("{}\n{right}", salt.replace('a', "g")),
        format!("{salt}\n"),
        format!("{salt}\nname = "),
        format!("{salt}\n{}", right.replace("\"f\"", "\"h\"")),
        format!("{salt}\n{}", right.replace("result", "planted")),
        format!("{salt}\n{right}more = 1\n"),
        format!("{salt}\n{right}{}", " ".repeat(CONTRACT_BYTES_MAX)),
    ];
    for opening in wrong {
        let error = opened(&opening, "").unwrap_err();
        assert!(matches!(error, OpenError::Property(_)), "{opening}");
        assert!(!error.to_string().contains("planted"), "{error}");
    }
    let taken = format!("{salt}\n{}", right.replace("\"p\"", "\"plain\""));
    assert!(matches!(opened(&taken, PLAIN), Err(OpenError::Property(_))));
}

#[test]
fn a_sealed_property_is_a_digest_that_is_there_once() {
    let one = |commitment: &str| format!("[[sealed]]\ncommitment = '{commitment}'\n");
    let digest = Digest::of(b"x").to_string();
    let first = |properties: &str| Contract::parse(&contract(properties)).unwrap_err()[0].message.clone();
    assert_eq!(first(&one("abc")), "the commitment is no digest");
    assert_eq!(first(&one(&digest).repeat(2)), "the commitment is there twice");
    assert_eq!(first("[[sealed]]\n"), "[[sealed]] has no `commitment`");
    assert_eq!(first(&format!("{}name = 'x'\n", one(&digest))), "[[sealed]] has no key `name`");
    let many: String = (0..256_u32).map(|nth| one(&Digest::of(&nth.to_be_bytes()).to_string())).collect();
    assert_eq!(Contract::parse(&contract(&many)).unwrap().sealed.len(), 256);
    assert!(first(&format!("{PLAIN}{many}")).contains("more than 256 properties"));
}

#[test]
fn a_public_text_that_is_too_long_is_a_problem() {
    let text = contract(HELD);
    // A sealed property is shorter than this one, so only what is added for headers could be too much.
    let filled = format!("{text}# {}\n", "x".repeat(CONTRACT_BYTES_MAX - text.len() - 3));
    assert!(seal(&filled, &KEY).unwrap().0.len() < 1000);
    let short = "{name='N',of='f',ensures='result>=0u',held_out=true},";
    let many: String = (0..250).map(|nth| short.replace('N', &format!("{nth}"))).collect();
    let before = |fill: usize| {
        contract("").replacen("intent = 'I'", &format!("intent = '''{}'''", "x".repeat(fill)), 1).replacen(
            "contract = 1\n",
            &format!("contract = 1\nproperty = [{many}]\n"),
            1,
        )
    };
    assert!(seal(&before(1), &KEY).is_ok());
    let wit = "// fill\n".repeat((CONTRACT_BYTES_MAX - before(1).len()) / 8 - 1);
    let full = before(1).replacen("package a:b;\n", &format!("package a:b;\n{wit}"), 1);
    let problem = seal(&full, &KEY).unwrap_err().remove(0);
    assert!(problem.message.contains("its public text would be longer"), "{problem}");
}

/// How one property is written.
#[derive(Debug, Clone)]
struct Spelled {
    held_out: Option<bool>,
    requires: bool,
    quotes: usize,
    comment: bool,
    ensures: usize,
    of: usize,
}

fn spelled() -> impl Strategy<Value = Spelled> {
    (prop::option::weighted(0.7, any::<bool>()), any::<bool>(), 0..4_usize, any::<bool>(), 0..3_usize, 0..2_usize)
        .prop_map(|(held_out, requires, quotes, comment, ensures, of)| Spelled {
            held_out,
            requires,
            quotes,
            comment,
            ensures,
            of,
        })
}

impl Spelled {
    /// `key = value` of each key of the property with that number.
    fn lines(&self, nth: usize, inline: bool) -> Vec<String> {
        let quoted = |text: &str| match self.quotes {
            0 => format!("'{text}'"),
            1 => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            2 if !inline => format!("'''\n{text}'''"),
            _ => format!("\"\"\"{}\"\"\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        };
        let of = if self.of == 0 { "f" } else { "g" };
        let ensures = ["result >= 0u", "result != 77u || \"\\n#[[x]]\" == \"\"", "result < 5u && true"][self.ensures];
        let mut lines = vec![
            format!("name = {}", quoted(&format!("p{nth} ü # [[property]]"))),
            format!("of = {}", quoted(of)),
            format!("ensures = {}", quoted(ensures)),
        ];
        if self.requires {
            let requires = if self.of == 0 { "n != 5u && s != \"]\"" } else { "1 < 2" };
            lines.push(format!("\"requires\" = {}", quoted(requires)));
        }
        lines.extend(self.held_out.map(|held_out| format!("held_out = {held_out}")));
        if nth % 2 == 1 {
            lines.reverse();
        }
        lines
    }
}

/// A contract without examples, with its properties as tables or as a list on one line.
fn written(all: &[Spelled], inline: bool, crlf: bool) -> String {
    let comment = |spelled: &Spelled| if spelled.comment { "# planted [[property]] '''\n" } else { "" };
    let properties: String = if inline {
        let one = |(nth, spelled): (usize, &Spelled)| {
            format!("{{{}}},{}", spelled.lines(nth, true).join(", "), comment(spelled))
        };
        format!("property = [\n{}]\n", all.iter().enumerate().map(one).collect::<String>())
    } else {
        let one = |(nth, spelled): (usize, &Spelled)| {
            format!("{0}[[property]]\n{1}\n{0}", comment(spelled), spelled.lines(nth, false).join("\n"))
        };
        all.iter().enumerate().map(one).collect()
    };
    let base = contract("").replace("[[example]]\ncall = 'f(1, \"x\")'\nreturns = '2'\n", "");
    let text = if inline {
        base.replacen("contract = 1\n", &format!("contract = 1\n{properties}"), 1)
    } else {
        format!("{base}{properties}[capabilities]\nclocks = true\n")
    };
    if crlf { text.replace('\n', "\r\n") } else { text }
}

proptest! {
    #[test]
    fn public_text_and_openings_are_the_whole_contract(
        all in prop::collection::vec(spelled(), 0..6), inline: bool, crlf: bool, key: [u8; 32],
    ) {
        let text = written(&all, inline, crlf);
        let whole = Contract::parse(&text).unwrap();
        let (public, contract) = seal(&text, &SealKey::new(key)).unwrap();
        let held: Vec<&Property> = whole.properties.iter().filter(|property| property.held_out).collect();
        prop_assert_eq!(contract.sealed.len(), held.len());
        if !held.is_empty() {
            prop_assert!(!public.contains("planted") && !public.contains("held_out = true"), "{}", public);
        }
        for (property, opening) in held.iter().zip(contract.openings()) {
            // In the order of the text.
            let name = format!("name = {}\n", quoted(&property.name));
            prop_assert!(opening.0.contains(&name));
            prop_assert!(!public.contains(&property.name));
        }
        let again = contract.whole().unwrap();
        prop_assert_eq!(said(&again.properties), said(&whole.properties));
        let rest = |contract: &Contract| {
            let functions = &contract.interface.functions;
            format!("{} {:?} {:?} {:?}", contract.intent, functions, contract.capabilities, contract.budget)
        };
        prop_assert_eq!(rest(&again), rest(&whole));
        // The public text by itself is a contract, and opens again with what was stored.
        let mut parsed = Contract::parse(&public).unwrap();
        let stored = contract.openings().map(|opening| String::from_utf8(opening.as_bytes().to_vec()).unwrap());
        parsed.open(stored.map(Opening::new).collect()).unwrap();
        prop_assert_eq!(said(&parsed.whole().unwrap().properties), said(&whole.properties));
    }

    #[test]
    fn damaged_contracts_are_sealed_or_refused(at in 0_usize..800, length in 0_usize..20, with in "[\\[\\]{}='\"#\n a-z\\\\]{0,6}") {
        let text = contract(&format!("{HELD}{PLAIN}"));
        let damaged: String = text.chars().take(at).chain(with.chars()).chain(text.chars().skip(at + length)).collect();
        if let Ok((public, contract)) = seal(&damaged, &KEY) {
            let whole = Contract::parse(&damaged).unwrap();
            prop_assert_eq!(said(&contract.whole().unwrap().properties), said(&whole.properties), "{}", public);
            prop_assert!(contract.sealed.is_empty() || !public.contains("planted-name"));
        }
    }

    #[test]
    fn any_bytes_open_nothing(text in ".{0,200}", salted: bool) {
        let salt = if salted { "0123456789abcdef0123456789abcdef\n" } else { "" };
        let opening = Opening::new(format!("{salt}{text}"));
        let sealed = contract(&format!("[[sealed]]\ncommitment = '{}'\n", opening.commitment()));
        prop_assert!(Contract::parse(&sealed).unwrap().open(vec![opening]).is_err());
    }
}
