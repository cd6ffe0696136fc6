//! Wrong contracts: each problem's place, words and help, as a person meets them.

use proofmark_contract::{Contract, Problem};

use super::contract;

/// Each problem with the lines it is about, without colours.
pub(super) fn rendered(text: &str) -> String {
    let problems = Contract::parse(text).expect_err("the contract is wrong");
    assert!(!problems.is_empty());
    problems.iter().map(|problem| one(text, problem)).collect::<Vec<_>>().join("\n")
}

fn one(text: &str, problem: &Problem) -> String {
    let (line, column) = problem.position(text);
    assert!(text.get(problem.span.clone()).is_some(), "{:?} is no part of the contract", problem.span);
    let source = text.lines().nth(line - 1).unwrap_or_default();
    let within = text[problem.span.clone()].lines().next().unwrap_or_default().chars().count();
    let marks = "^".repeat(within.max(1));
    let mut shown = format!(
        "{line}:{column}: {}\n  | {source}\n  | {}{marks} {}\n",
        problem.message,
        " ".repeat(column - 1),
        problem.label
    );
    if let Some(help) = &problem.help {
        shown.push_str(&format!("  help: {help}\n"));
    }
    shown
}

const GCD: &str = "  export gcd: func(a: u32, b: u32) -> u32;";
const SHAPES: &str = "
  enum color { red, green, light-blue }
  record point { x: s32, y-axis: s32 }
  variant shape { dot, circle(point), label(string) }
  flags access { read, write }
  export draw: func(s: shape, c: color, p: point, xs: list<s32>, name: string, o: option<u8>, r: result<u8, string>, f: access, t: tuple<u8, string>, d: f64) -> list<point>;
  export is-red: func(c: color) -> bool;";

fn ensures(cel: &str) -> String {
    rendered(&contract(GCD, &format!("[[property]]\nname = \"p\"\nof = \"gcd\"\nensures = \"{cel}\"")))
}

fn shapes(cel: &str) -> String {
    rendered(&contract(SHAPES, &format!("[[property]]\nname = \"p\"\nof = \"draw\"\nensures = \"{cel}\"")))
}

fn all(of: impl Fn(&str) -> String, sources: &[&str]) -> String {
    sources.iter().map(|source| of(source)).collect::<Vec<_>>().join("\n")
}

#[test]
fn toml() {
    let cases = [
        "contract = 1\nname = \n",
        "contract = 1\nname = \"a\nintent = \"b\"\n",
        "contract = 1\ncontract = 1\n",
        "[interface\n",
        "",
        "contract = 2\nname = 'a'\nintent = 'b'\n[interface]\nwit = 'package a:b; world w { export f: func(); }'\n",
    ];
    insta::assert_snapshot!(all(rendered, &cases));
}

#[test]
fn keys() {
    let more = "nme = 'x'\n[budgets]\n[capabilites]\n[[properties]]\n[reference]\ncomponent = 'x.wasm'\n";
    let wrong = contract(
        GCD,
        "[[property]]\nname = 1\nensure = 'true'\nheld_out = 'yes'\n[[example]]\nreturns = 'x'\n[example.more]\n",
    )
    .replace("[interface]", &format!("{more}[interface]\nwitt = 7"));
    insta::assert_snapshot!(rendered(&wrong));
}

#[test]
fn shapes_of_tables() {
    insta::assert_snapshot!(all(
        rendered,
        &[
            "contract = '1'\nname = 7\nintent = ['a']\ninterface = 'x'\nproperty = 'p'\nexample = {}\nbudget = 1\ncapabilities = []\n",
            "contract = 1\nname = ' bad name'\nintent = '  '\ninterface = { wit_path = 'a.wit' }\nproperty = [1]\n",
        ]
    ));
}

#[test]
fn budgets_and_capabilities() {
    insta::assert_snapshot!(rendered(&contract(
        GCD,
        "[capabilities]\nstdout = 'yes'\nnetwork = true\nenvironment = ['A=B', 'PATH', 'PATH']\nread = ['data', '/a/../b', 7]\n\n[budget]\nfuel = 0\nmemory = '100KiB'\nstack = '16 mib'\nfunctions = -1\nexecutions = 1.5\nmodule_bytes = '1GiB'\ntime = 5\n"
    )));
}

#[test]
fn wit() {
    let world = |wit: &str| contract(GCD, "").replace(&format!("world test {{\n{GCD}\n}}"), wit);
    insta::assert_snapshot!(all(
        |wit| rendered(&world(wit)),
        &[
            "world test { export f: func(n: number) -> u32; }",
            "world test { export f: func(n: u32 -> u32; }",
            "world test { import wasi:clocks/wall-clock@0.2.0; export f: func(); }",
            "interface i { f: func(); }",
            "world a { export f: func(); } world b { export f: func(); }",
            "world test { import f: func(); }",
            "world test { export f: async func(); }",
            "interface i { resource r { constructor(); m: func() -> u32; } g: func(r: borrow<r>); } world test { export i; }",
            "world test { export f: func(a: future<u32>, b: stream<u8>) -> list<map<u8, string>>; }",
            "world test { type t = list<u8, 4>; record r { x: t } export f: func(r: r); }",
            "world test { export f: func(); export f: func(); }",
            "world test { type a = b; type b = a; export f: func(x: a); }",
            "/* \u{202e} */ world test { export f: func(); }",
        ]
    ));
}

#[test]
fn worlds_by_name() {
    let text = contract(GCD, "").replace("[interface]", "[interface]\nworld = \"tset\"");
    insta::assert_snapshot!(rendered(&text));
}

#[test]
fn types_beyond_the_limits() {
    let deep = (0..40).fold("u8".to_owned(), |ty, _| format!("list<{ty}>"));
    let chained: String = (0..40)
        .map(|n| format!("type t{} = list<{}>;\n", n + 1, if n == 0 { "u8".to_owned() } else { format!("t{n}") }))
        .collect();
    let doubled: String = (0..20)
        .map(|n| {
            format!("type d{} = tuple<{1}, {1}>;\n", n + 1, if n == 0 { "u8".to_owned() } else { format!("d{n}") })
        })
        .collect();
    let many: String = (0..300).map(|n| format!("export f{n}: func();\n")).collect();
    for world in [
        format!("export f: func(x: {deep});"),
        format!("{chained} export f: func(x: t40);"),
        format!("{doubled} export f: func(x: d20);"),
        many,
    ] {
        let problems = Contract::parse(&contract(&world, "")).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
    let text = contract(&format!("{doubled} export f: func(x: d20);"), "");
    insta::assert_snapshot!(rendered(&text));
}

#[test]
fn examples() {
    let cases = [
        ("gcd(4, 6", "2"),
        ("gcd", "2"),
        ("gdc(4, 6)", "2"),
        ("gcd(4)", "2"),
        ("gcd(4, 6, 8)", "2"),
        ("gcd(4, -6)", "2"),
        ("gcd(4, 'x')", "2"),
        ("gcd(4, 6)", "two"),
        ("gcd(4, 6)", "2 3"),
        ("gcd(4, 6)", "4294967296"),
        ("gcd(4, @)", "2"),
    ];
    let text = |(call, returns): &(&str, &str)| {
        contract(GCD, &format!("[[example]]\ncall = \"{call}\"\nreturns = \"{returns}\""))
    };
    insta::assert_snapshot!(cases.iter().map(|case| rendered(&text(case))).collect::<Vec<_>>().join("\n"));
}

#[test]
fn examples_of_composites() {
    let full = "draw(dot, red, {x: 1, y-axis: 2}, [1], \\\"a\\\", none, ok(1), {read}, (1, \\\"a\\\"), 0.5)";
    let wrong = [
        full.replace("dot", "square"),
        full.replace("dot", "circle"),
        full.replace("red", "blue"),
        full.replace("y-axis: 2", "y: 2"),
        full.replace(", y-axis: 2", ""),
        full.replace("[1]", "[1, 'x']"),
        full.replace("{read}", "{delete}"),
        full.replace("(1, ", "(1, 1, "),
        full.replace("ok(1)", "ok"),
        full.replace("none", "some(256)"),
    ];
    let text = |call: &String| contract(SHAPES, &format!("[[example]]\ncall = \"{call}\"\nreturns = \"[]\""));
    insta::assert_snapshot!(wrong.iter().map(|call| rendered(&text(call))).collect::<Vec<_>>().join("\n"));
}

#[test]
fn examples_that_contradict() {
    insta::assert_snapshot!(all(|more| rendered(&contract(GCD, more)), &[
        "[[example]]\ncall = 'gcd(1, 2)'\nreturns = '1'\n[[example]]\ncall = 'gcd(1,  2)'\nreturns = '1'\n[[example]]\ncall = 'gcd( 1, 2)'\nreturns = '2'",
        "[[example]]\ncall = 'gcd(1, 2)'\ntraps = true\n[[example]]\ncall = 'gcd(1, 3)'",
        "may_trap = {}\n[[example]]\ncall = 'gcd(1, 2)'\ntraps = true\nreturns = '1'",
        "[[example]]\ncall = 'gcd(4, 6)'\nreturns = '3'\n[[property]]\nname = 'divides'\nof = 'gcd'\nensures = 'result != 0u && a % result == 0u'",
    ].map(|more| more.replace("may_trap = {}\n", "")).iter().map(String::as_str).collect::<Vec<_>>()));
}

#[test]
fn properties() {
    insta::assert_snapshot!(all(
        |more| rendered(&contract(GCD, more)),
        &[
            "[[property]]\nname = 'a'\nof = 'gdc'\nensures = 'true'",
            "[[property]]\nname = ''\nof = 'gcd'\nensures = 'result == 1u'\n[[property]]\nname = 'no traps'\nof = 'gcd'\nensures = 'result == 1u'",
            "[[property]]\nname = 'a'\nof = 'gcd'\nensures = 'result == a'\n[[property]]\nname = 'a'\nof = 'gcd'\nensures = 'result == b'",
            "[[property]]\nname = 'a'\nof = 'gcd'\nrequires = 'result == a'\nensures = 'a == b'",
            "[[property]]\nname = 'a'\nof = 'gcd'\nrequires = 'a + 1'\nensures = 'result'",
        ]
    ));
}

#[test]
fn cel_syntax() {
    insta::assert_snapshot!(all(
        ensures,
        &[
            "",
            "  // nothing",
            "result ==",
            "result = a",
            "result & a == b",
            "a and b",
            "(result == a",
            "result == a)",
            "result == 'a",
            "result == 'ü\\\\q'",
            "result # a",
            "'üü' == # a",
            "result == 99999999999999999999",
            "result == 18446744073709551616u",
            "for == a",
            "result == a.?b",
            "xs[?0] == 1",
            "result ?? 1",
            "a ? b",
            "f(,)",
            "[1, 2",
            "a == b c",
        ]
    ));
}

#[test]
fn cel_names() {
    insta::assert_snapshot!(all(
        ensures,
        &[
            "reslt == 1u",
            "c == result",
            "result.x == 1u",
            "gdc(a, b) == 1u",
            "gcd(a) == 1u",
            "gcd(a, b, 1u) == 1u",
            "gcd(a, 1) == result",
            "gcd(a, 'x') == result",
            "gcd(a, 4294967296u) == 1u",
            "a.gcd(b) == 1u",
            "[a].al(x, x == result)",
            "[a].all(x, y == result)",
            "[a].all(1, result == a)",
            "all(a, b)",
            "type(a) == uint",
            "dyn(a) == result",
            "math.greatest(a, b) == result",
            "timestamp('x') == result",
            "Foo{a: 1} == result",
            "b'a' == result",
            "null == result",
        ]
    ));
}

#[test]
fn cel_types() {
    insta::assert_snapshot!(all(
        ensures,
        &[
            "result",
            "result + 1u",
            "result == 'a'",
            "result + 1 == a",
            "result * 2.0 > 1.0",
            "-result < 0",
            "!result",
            "result && a == b",
            "result == a || b",
            "result < 'a'",
            "result % 2.5 == 0u",
            "a == b ? result : false",
            "a == b ? result == 1u : 'x'",
            "size(a) == 1",
            "a[0] == result",
            "[a, 'x'] == [result]",
            "'x' in [result]",
            "a in result",
            "'a' in 'abc' && result == a",
            "int([a]) == 1",
            "result.startsWith('a')",
            "string(a).contains(result)",
            "string(result).matches('(')",
            "string(result).matches(string(a))",
            "[result][1.5] == a",
            "{'a': result} == 1",
            "{'a': result}.a == a",
            "{a: 1} == result",
            "a == b",
            "double(a) % 2.0 == double(result)",
            "a.all(x, x == result)",
            "[result] < [a]",
            "string(1.5) == string(result)",
            "[result].map(x) == [a]",
        ]
    ));
}

#[test]
fn cel_composites() {
    insta::assert_snapshot!(all(
        shapes,
        &[
            "c == 'blue' && result == []",
            "c in ['red', 'grene'] && result == []",
            "'rod' == c && result == []",
            "has(s.square) && result == []",
            "s.circle.z == 1 && result == []",
            "p.y == 1 && result == []",
            "p.yaxis == 1 && result == []",
            "has(p.x) && result == []",
            "has(f.read) && result == []",
            "f.delete && result == []",
            "o == 1u && result == []",
            "o.some == 'a' && result == []",
            "r.value == 1u && result == []",
            "r.ok == r.err && result == []",
            "t[2] == 1u && result == []",
            "t.0 == 1u && result == []",
            "t[xs[0]] == 1u && result == []",
            "xs.x == 1 && result == []",
            "result == [{'x': 1}]",
            "result == [{'x': 1, 'y_axis': 2, 'z': 3}]",
            "result == [{'x': 1, 'x': 2, 'y_axis': 1}]",
            "result == [{'x': 1u, 'y_axis': 2}]",
            "s == {'dot': 1} && result == []",
            "s == {'dot': true, 'label': 'a'} && result == []",
            "s == {'label': 5} && result == []",
            "is_red('rot') && result == []",
            "is_red(name) && is_red(xs) && result == []",
            "f == {'read': true} && result == []",
            "o == {} && result == []",
            "has(o) && result == []",
            "t.all(x, x == 1u) && result == []",
            "p < p && result == []",
            "p + p == p && result == []",
            "result[0] == xs[0]",
            "d == d ? 1 == 1u : result",
            "[p, {'x': 1}] == result",
        ]
    ));
}

#[test]
fn may_trap() {
    let two = format!("{GCD}\n  export lcm: func(a: u32, b: u32) -> u64;");
    let with = |world: &str, line: &str| contract(world, "").replace("[interface]", &format!("{line}\n[interface]"));
    let shown = [
        with(GCD, "may_trap = \"a\""),
        with(GCD, "may_trap = \"result == 0u\""),
        with(GCD, "may_trap = 7"),
        with(GCD, "may_trap = { gdc = \"a == 0u\", gcd = 7 }"),
        with(&two, "may_trap = \"a == 0u\""),
    ];
    insta::assert_snapshot!(shown.iter().map(|text| rendered(text)).collect::<Vec<_>>().join("\n"));
}

#[test]
fn spans_inside_escaped_and_multi_line_strings() {
    let text = contract(
        GCD,
        "[[property]]\nname = \"p\"\nof = \"gcd\"\nensures = \"\"\"\n  \\u0072esult == aa\\n\n   && 'ü' ==\\\n   \\\"x\\\" + bb \"\"\"\n",
    );
    insta::assert_snapshot!(rendered(&text));
    let text = contract(
        GCD,
        "[[property]]\r\nname = \"p\"\r\nof = \"gcd\"\r\nensures = '''\r\n a == b &&\r\n  result == c'''\r\n",
    );
    insta::assert_snapshot!(rendered(&text));
}

#[test]
fn expressions_beyond_the_limits() {
    let text = |cel: &str| contract(GCD, &format!("[[property]]\nname = \"p\"\nof = \"gcd\"\nensures = '{cel}'"));
    let terms = |n: usize| vec!["a"; n].join("+");
    let cases = [
        format!("result == {}", terms(5000)),
        format!("result == {}", terms(400)),
        format!("result == {}a{}", "(".repeat(60), ")".repeat(60)),
        format!("result == a{}", ".b".repeat(900)),
        format!("{}result == a", "!".repeat(5000)),
        format!("{}result == a", "true ? true : ".repeat(200)),
        "(".repeat(9000),
        " ".repeat(20000),
        format!("result == {}", "9".repeat(16000)),
    ];
    for cel in cases {
        let shown = rendered(&text(&cel));
        assert!(
            shown.contains("help: ") || shown.contains("early") || shown.contains("fit"),
            "{}",
            &shown[..200.min(shown.len())]
        );
    }
}
