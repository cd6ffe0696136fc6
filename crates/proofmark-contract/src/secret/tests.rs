//! Paths into inputs, and what two runs may show of their results.

use crate::contract::Contract;

const USER: &str = r#"
contract = 1
name = "c"
intent = "c"
[interface]
wit = """
package a:b;
world w {
  record user { name: string, pin: u32 }
  variant id { nothing, key(list<u8>) }
  export f: func(user: user, users: list<user>, id: id, maybe: option<tuple<u8, u8>>) -> list<user>;
}
"""
"#;

fn contract(base: &str, secret: &str) -> Contract {
    Contract::parse(&format!("{base}\n[[secret]]\n{secret}\n")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The leaves of the secret in a call, and the call with the leaves of another one.
fn leaves(secret: &str, call: &str, other: &str) -> (Vec<String>, String) {
    let contract = contract(USER, secret);
    let [call, other] = [call, other].map(|call| contract.interface.parse_call(call).unwrap().args);
    let secret = &contract.secrets[0];
    let types = secret.types();
    let leaves = secret.places.iter().flat_map(|place| place.leaves(&call, &types)).map(|leaf| leaf.to_string());
    let moved: Vec<String> = secret.transplanted(&other, &call).iter().map(ToString::to_string).collect();
    (leaves.collect(), moved.join(", "))
}

#[test]
fn a_path_leads_to_every_value_that_it_stands_for() {
    let call = r#"f({name: "a", pin: 1}, [{name: "b", pin: 2}, {name: "c", pin: 3}], key([4, 5]), some((6, 7)))"#;
    let other = r#"f({name: "z", pin: 9}, [{name: "z", pin: 9}, {name: "z", pin: 9}], key([9]), some((9, 9)))"#;
    let rest = |user: &str, users: &str, id: &str, maybe: &str| format!("{user}, {users}, {id}, {maybe}");
    let user = r#"{name: "a", pin: 1}"#;
    let users = r#"[{name: "b", pin: 2}, {name: "c", pin: 3}]"#;
    let (id, maybe) = ("key([4, 5])", "some((6, 7))");
    let cases = [
        ("user.pin", vec!["1"], rest(r#"{name: "a", pin: 9}"#, users, id, maybe)),
        ("users.pin", vec!["2", "3"], rest(user, r#"[{name: "b", pin: 9}, {name: "c", pin: 9}]"#, id, maybe)),
        ("users.1.pin", vec!["3"], rest(user, r#"[{name: "b", pin: 2}, {name: "c", pin: 9}]"#, id, maybe)),
        ("id.key", vec!["[4, 5]"], rest(user, users, "key([9])", maybe)),
        ("id.key.0", vec!["4"], rest(user, users, "key([9, 5])", maybe)),
        ("maybe.1", vec!["7"], rest(user, users, id, "some((6, 9))")),
        ("maybe.some.1", vec!["7"], rest(user, users, id, "some((6, 9))")),
    ];
    for (path, wanted, moved) in cases {
        assert_eq!(
            leaves(&format!("parts = [\"{path}\"]"), call, other),
            (wanted.into_iter().map(str::to_owned).collect(), moved),
            "{path}"
        );
    }
    // A case that is not there holds nothing.
    let (none, _) = leaves("parts = [\"id.key\"]", &call.replace("key([4, 5])", "nothing"), other);
    assert!(none.is_empty());
}

#[test]
fn a_part_of_the_result_may_carry_the_secret() {
    let contract = contract(USER, "parts = [\"user.pin\"]\nmay_reach = [\"result.pin\"]");
    let secret = &contract.secrets[0];
    let value = |text: &str| secret.of.parse_result(text).unwrap().unwrap();
    let same = |a: &str, b: &str| secret.same_result((&[], &value(a)), (&[], &value(b)));
    assert!(same(r#"[{name: "a", pin: 1}]"#, r#"[{name: "a", pin: 2}]"#));
    assert!(!same(r#"[{name: "a", pin: 1}]"#, r#"[{name: "b", pin: 1}]"#));
    assert!(!same(r#"[{name: "a", pin: 1}]"#, "[]"));
}

const TREE: &str = r#"
contract = 1
name = "c"
intent = "c"
[interface.process]
files = "/t"
stdout = "string"
[capabilities]
write = ["/t"]
"#;

/// Whether two runs, each from a tree to a tree, are the same in public.
fn same_runs(secret: &str, first: [&str; 2], second: [&str; 2]) -> bool {
    let contract = contract(TREE, secret);
    let secret = &contract.secrets[0];
    let [first, second] = [first, second].map(|[before, after]| {
        let given = contract.interface.parse_call(&format!("run([{before}])")).unwrap().args;
        let text = format!("{{code: 0, stdout: \"\", files: [{after}]}}");
        let ty = secret.of.result.as_ref().unwrap();
        let result = crate::interface::parse_result(&text, &secret.of, ty, "the result").unwrap();
        (given, result)
    });
    let there = secret.same_result((&first.0, &first.1), (&second.0, &second.1));
    assert_eq!(there, secret.same_result((&second.0, &second.1), (&first.0, &first.1)));
    there
}

fn file(path: &str, text: &str) -> String {
    format!("{{path: \"{path}\", mode: 420, modified: 9, node: text(\"{text}\")}},")
}

#[test]
fn a_tree_shows_what_a_run_changed_and_not_what_it_was_given() {
    let content = "parts = [\"files.node.file\"]";
    let (one, two, out) = (file("in", "one"), file("in", "two"), file("out", "x"));
    let link =
        |to: &str, path: &str| format!("{{path: \"{path}\", mode: 420, modified: 9, node: hard-link(\"{to}\")}},");
    let both = |a: &str, b: &str| format!("{a}{b}");
    // What was given is still there.
    assert!(same_runs(content, [&one, &one], [&two, &two]));
    assert!(same_runs(content, [&one, &both(&one, &out)], [&two, &both(&two, &out)]));
    // Both removed it, or one of them.
    assert!(same_runs(content, [&one, ""], [&two, ""]));
    assert!(!same_runs(content, [&one, ""], [&two, &two]));
    // The secret under another name.
    assert!(!same_runs(content, [&one, &both(&one, &file("out", "one"))], [&two, &both(&two, &file("out", "two"))]));
    assert!(!same_runs(content, [&one, &file("moved", "one")], [&two, &file("moved", "two")]));
    let may = "parts = [\"files.node.file\"]\nmay_reach = [\"result.files.node.file\"]";
    assert!(same_runs(may, [&one, &file("moved", "one")], [&two, &file("moved", "two")]));
    assert!(!same_runs(may, [&one, &file("one", "one")], [&two, &file("two", "two")]));
    // A name that is gone is no news about the other name of the same file; a new name of it is.
    let (links_one, links_two) = (both(&one, &link("in", "same")), both(&two, &link("in", "same")));
    assert!(same_runs(content, [&links_one, &file("same", "one")], [&links_two, &file("same", "two")]));
    assert!(!same_runs(content, [&one, &both(&one, &link("in", "more"))], [&two, &both(&two, &file("more", "one"))]));
    // Names that one run alone was given.
    let whole = "parts = [\"files\"]";
    assert!(same_runs(whole, [&one, ""], [&out, ""]));
    assert!(!same_runs(whole, [&one, &out], [&two, ""]));
}
