//! What CEL sees of each WIT type, and what its expressions come to.

use std::sync::Arc;

use proofmark_contract::{Contract, Evaluator, Exports, Function, Value};

use super::contract;

/// An artifact whose every export returns its first argument, or traps if there is none.
struct Echo;

impl Exports for Echo {
    fn call(&self, function: &Function, arguments: &[Value]) -> Result<Option<Value>, String> {
        for (value, (_, ty)) in arguments.iter().zip(&function.params) {
            assert!(value.fits(ty), "{value} is no {ty}");
        }
        match arguments.first() {
            Some(value) => Ok(Some(value.clone())),
            None => Err("trap: wasm `unreachable`".to_owned()),
        }
    }
}

/// What `ensures` comes to for a call in which `f` got `x` and returned `result`, both in WAVE.
fn evaluate(types: &str, ty: &str, x: &str, result: &str, cel: &str) -> Result<bool, String> {
    let world = format!(
        "{types}\n export f: func(x: {ty}) -> {ty}; export trap: func() -> {ty}; export narrow: func(n: u8) -> u8; export letter: func(c: char) -> char;"
    );
    let text = contract(&world, &format!("[[property]]\nname = 'p'\nof = 'f'\nensures = '''{cel}'''"));
    let contract = Contract::parse(&text).unwrap_or_else(|problems| {
        panic!("{cel}: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let value = |wave: &str| {
        contract.interface.parse_call(&format!("f({wave})")).unwrap_or_else(|e| panic!("{wave}: {e}")).args.remove(0)
    };
    let evaluator = Evaluator::new(&contract.interface, Arc::new(Echo));
    let answer = evaluator.holds(&contract.properties[0].ensures, &[value(x)], Some(&value(result)));
    answer.map_err(|error| error.to_string())
}

/// Each expression holds for the value.
fn hold(types: &str, ty: &str, value: &str, expressions: &[&str]) {
    for cel in expressions {
        let cel = format!("f(x) == result && ({cel})");
        assert_eq!(evaluate(types, ty, value, value, &cel), Ok(true), "{cel} of {value}");
    }
}

fn fails(types: &str, ty: &str, value: &str, cel: &str, why: &str) {
    let error = evaluate(types, ty, value, value, &format!("{cel} || result != result")).unwrap_err();
    assert!(error.contains(why), "{cel}: {error}");
}

#[test]
fn bool() {
    hold(
        "",
        "bool",
        "true",
        &[
            "x",
            "x == true",
            "!(!x)",
            "x || false",
            "x ? true : false",
            "false < x",
            "string(x) == 'true'",
            "x in [false, true]",
        ],
    );
}

#[test]
fn whole_numbers() {
    for (ty, least, most) in [
        ("s8", "-128", "127"),
        ("s16", "-32768", "32767"),
        ("s32", "-2147483648", "2147483647"),
        ("s64", "-9223372036854775808", "9223372036854775807"),
    ] {
        hold(
            "",
            ty,
            most,
            &[
                &format!("x == {most}"),
                "x > 0",
                "x % 2 == 1",
                "x / 2 * 2 == x - 1",
                "-x < 0",
                "x > 1u",
                "x > 1.5",
                "int(string(x)) == x",
                "uint(x) == x",
            ],
        );
        hold("", ty, least, &[&format!("x == {least}"), "x < 0u", "x < -1.5", "x in [1, x]", "!(x in [1u, 2u])"]);
    }
    for (ty, most) in [("u8", "255"), ("u16", "65535"), ("u32", "4294967295"), ("u64", "18446744073709551615")] {
        hold(
            "",
            ty,
            most,
            &[
                &format!("x == {most}u"),
                "x % 2u == 1u",
                "x / 2u < x",
                "x > -1",
                "x >= 255",
                "uint(string(x)) == x",
                "f(x) == x",
                "x in [1u, x]",
            ],
        );
    }
    hold(
        "",
        "s32",
        "-7",
        &[
            "x / 2 == -3",
            "x % 2 == -1",
            "int(-1.9) == -1",
            "int(1.9) == 1",
            "x + 7 == 0",
            "double(x) == -7.0",
            "x == -7.0",
        ],
    );
    hold(
        "",
        "u64",
        "9007199254740993",
        &["x != 9007199254740992.0", "x > 9007199254740992.0", "x < 9007199254740994.0", "!(x == 9007199254740992.0)"],
    );
    hold("", "s64", "-9223372036854775808", &["x == -9223372036854775808.0", "x > -1.0e300", "x < 1.0e300"]);
}

#[test]
fn floats() {
    hold(
        "",
        "f64",
        "0.5",
        &[
            "x == 0.5",
            "x * 2.0 == 1.0",
            "x / 0.0 > 1e308",
            "x < 1",
            "x > 0u",
            "int(x) == 0",
            "-x == -0.5",
            "x + x == 1",
        ],
    );
    hold("", "f32", "0.1", &["x != 0.1", "x > 0.1", "x - 0.1 < 1e-8"]);
    hold("", "f64", "inf", &["x > 1e308", "x == x + 1.0", "-x < x"]);
    hold("", "f64", "-0", &["x == 0.0", "x == 0", "1.0 / x < 0.0"]);
    assert_eq!(evaluate("", "f64", "nan", "nan", "x == result"), Ok(false), "as CEL has it");
    assert_eq!(evaluate("", "f64", "nan", "nan", "x != x && !(result in [x])"), Ok(true));
    let error = evaluate("", "f64", "nan", "nan", "x < 1.0 || result == result").unwrap_err();
    assert!(error.contains("`x < 1.0`: NaN has no order"), "{error}");
    fails("", "f64", "1e19", "int(x) == 0", "does not fit into `int`");
}

#[test]
fn text() {
    let ensures = [
        "x == 'aü\u{1F600}'",
        "x.size() == 3",
        "size(x) == 3",
        "x.startsWith('a')",
        "x.endsWith('\u{1F600}')",
        "x.contains('ü')",
        "!x.contains('b')",
        "x + '!' == 'aü\u{1F600}!'",
        "x.matches('^a.+$')",
        "!x.matches('^a$')",
        "matches(x, 'ü')",
        "x < 'b'",
        "x > 'Z'",
        "x in ['a', x]",
        "x.contains('')",
        "'\\u00fc' in ['ü']",
        "string(x) == x",
    ];
    hold("", "string", "\"aü\u{1F600}\"", &ensures);
    hold(
        "",
        "char",
        "'ü'",
        &[
            "x == 'ü'",
            "x.size() == 1",
            "x + x == 'üü'",
            "letter(x) == x",
            "letter('a') == 'a'",
            "x > 'z'",
            "x.startsWith('ü')",
        ],
    );
    fails("", "char", "'ü'", "letter(x + x) == 'a'", "is not one character");
    fails("", "string", "\"12x\"", "int(x) == 12", "is not the text of a number");
}

#[test]
fn lists() {
    let list = [
        "x.size() == 3",
        "x[0] == 3",
        "x[2u] == 3",
        "1 in x",
        "!(2 in x)",
        "x == [3, 1, 3]",
        "x != [3, 1]",
        "x + [7] == [3, 1, 3, 7]",
        "[] + x == x",
        "x.all(y, y > 0)",
        "x.exists(y, y == 1)",
        "x.exists_one(y, y == 1)",
        "!x.existsOne(y, y == 3)",
        "x.filter(y, y > 1) == [3, 3]",
        "x.map(y, y * 2) == [6, 2, 6]",
        "x.map(y, y > 1, y + 1) == [4, 4]",
        "x.map(y, x.map(z, z == y)) == [[true, false, true], [false, true, false], [true, false, true]]",
        "x.map(y, [y]) == [[3], [1], [3]]",
        "[x, []].all(l, l.size() >= 0)",
        "x == [3u, 1u, 3u]",
        "f(x.filter(y, y != 1)) == [3, 3]",
        "x[x.size() - 1] == 3",
        "x.all(x, x > 0)",
    ];
    hold("", "list<s32>", "[3, 1, 3]", &list);
    hold(
        "",
        "list<u8>",
        "[]",
        &[
            "x == []",
            "x.size() == 0",
            "x.all(y, false)",
            "!x.exists(y, true)",
            "!x.exists_one(y, true)",
            "f([1u] + x) == [1u]",
        ],
    );
    hold(
        "",
        "list<list<string>>",
        "[[\"a\"], []]",
        &["x[0][0] == 'a'", "['a'] in x", "x.map(l, l.size()) == [1, 0]", "x == [['a'], []]"],
    );
    fails("", "list<s32>", "[3]", "x[1] == 0", "there is no element 1 in a list of 1");
    fails("", "list<s32>", "[3]", "x[-1] == 0", "there is no element -1");
    fails("", "list<u8>", "[3]", "f(x.map(y, y + 253u)) == []", "256 does not fit `u8`");
}

#[test]
fn errors_are_absorbed_where_cel_absorbs_them() {
    let x = |cel: &str| evaluate("", "list<s32>", "[1, 0]", "[]", &format!("({cel}) == (result == [])"));
    for cel in [
        "x[9] == 0 || true",
        "true || x[9] == 0",
        "!(x[9] == 0 && false)",
        "!(false && x[9] == 0)",
        "!x.all(y, 1 / y == 7)",
        "x.exists(y, 1 / y == 1)",
        "[0, 1].exists(y, 1 / y == 1)",
    ] {
        assert_eq!(x(cel), Ok(true), "{cel}");
    }
    for cel in [
        "x[9] == 0 || false",
        "true && x[9] == 0",
        "x.all(y, 1 / y == 1)",
        "x.exists(y, 1 / y == 7)",
        "x.exists_one(y, 1 / y == 1)",
        "x.filter(y, 1 / y == 1) == []",
        "x.map(y, 1 / y) == []",
        "x[9] == 0 ? true : true",
    ] {
        assert!(x(cel).is_err(), "{cel}");
    }
}

#[test]
fn tuples() {
    hold(
        "",
        "tuple<u8, string, list<bool>>",
        "(7, \"a\", [true])",
        &[
            "x[0] == 7u",
            "x[1] == 'a'",
            "x[2][0]",
            "x == [7u, 'a', [true]]",
            "[7u, 'a', [true]] == x",
            "[7u, x[1], x[2]] == x",
            "f([7u, 'a', [true]]) == x",
            "x.size() == 3",
            "x[0u] + 1u == 8u",
        ],
    );
    hold("", "tuple<s32, s32>", "(1, 2)", &["x.all(y, y > 0)", "x.map(y, y) == [1, 2]", "x.filter(y, y > 1) == [2]"]);
}

const POINT: &str = "record point { x: s32, y-axis: f32, next: option<u8> }";

#[test]
fn records() {
    hold(
        POINT,
        "point",
        "{x: 1, y-axis: 0.5, next: some(2)}",
        &[
            "x.x == 1",
            "x.y_axis == 0.5",
            "x['y-axis'] == 0.5",
            "x['y_axis'] == 0.5",
            "x.next.some == 2u",
            "x == {'x': 1, 'y_axis': 0.5, 'next': {'some': 2u}}",
            "f({'x': x.x, 'y-axis': 0.5, 'next': x.next}) == x",
            "[x, {'x': 0, 'y_axis': 0.0, 'next': {'none': true}}].exists(p, has(p.next.none))",
            "x in [x]",
            "x != {'x': 2, 'y_axis': 0.5, 'next': {'some': 2u}}",
        ],
    );
    hold(
        POINT,
        "list<point>",
        "[{x: 1, y-axis: 0}]",
        &[
            "x[0].next.none",
            "x.map(p, p.x) == [1]",
            "x + [{'x': 2, 'y_axis': 0.0, 'next': {'some': 1u}}] != x",
            "f(x + [{'x': 2, 'y_axis': 0.0, 'next': {'some': 1u}}]).size() == 2",
        ],
    );
    fails(
        POINT,
        "point",
        "{x: 1, y-axis: 0.5}",
        "f({'x': 2147483647 + x.x, 'y_axis': 1.0, 'next': {'none': true}}) == x",
        "2147483648 does not fit `s32`",
    );
}

#[test]
fn variants() {
    let shape = "variant shape { dot, circle(f64), light-blue(list<u8>) }";
    hold(
        shape,
        "shape",
        "dot",
        &[
            "has(x.dot)",
            "x.dot",
            "!has(x.circle)",
            "x == {'dot': true}",
            "'dot' in x",
            "f({'dot': true}) == x",
            "x != {'circle': 1.0}",
            "!('circle' in x)",
        ],
    );
    hold(
        shape,
        "shape",
        "circle(0.5)",
        &[
            "x.circle == 0.5",
            "has(x.circle) && x.circle > 0.0",
            "x == {'circle': 0.5}",
            "x != {'circle': 0.6}",
            "has(x.dot) || x.circle == 0.5",
        ],
    );
    hold(
        shape,
        "shape",
        "light-blue([1])",
        &[
            "x.light_blue == [1u]",
            "x == {'light-blue': [1u]}",
            "x == {'light_blue': [1u]}",
            "f({'light_blue': x.light_blue + [2u]}) != x",
        ],
    );
    fails(shape, "shape", "dot", "x.circle == 0.5", "the value has another case");
}

#[test]
fn enums() {
    let color = "enum color { red, light-blue } record paint { c: color }";
    hold(
        color,
        "color",
        "light-blue",
        &[
            "x == 'light-blue'",
            "x != 'red'",
            "x in ['red', 'light-blue']",
            "x.startsWith('light')",
            "f('red') == 'red'",
            "f(x) == x",
            "f('light' + '-blue') == x",
            "x + '!' == 'light-blue!'",
            "x.size() == 10",
            "(x == x ? x : 'other') != 'other'",
        ],
    );
    hold(color, "paint", "{c: red}", &["x.c == 'red'", "x == {'c': 'red'}"]);
    fails(color, "color", "red", "f(x + 'x') == 'red'", "is not a case of `color`");
}

#[test]
fn options_and_results() {
    hold(
        "",
        "option<u8>",
        "none",
        &[
            "has(x.none)",
            "!has(x.some)",
            "x.none",
            "x == {'none': true}",
            "x != {'some': 1u}",
            "f({'none': true}) == x",
            "'none' in x",
        ],
    );
    hold(
        "",
        "option<u8>",
        "some(7)",
        &[
            "x.some == 7u",
            "has(x.some) && x.some > 6u",
            "x == {'some': 7u}",
            "f({'some': 7u}) == x",
            "has(x.none) ? false : x.some == 7u",
            "x == {'some': 7}",
        ]
        .into_iter()
        .filter(|cel| !cel.ends_with("7}"))
        .collect::<Vec<_>>(),
    );
    hold(
        "",
        "option<option<bool>>",
        "some(none)",
        &["has(x.some.none)", "x == {'some': {'none': true}}", "x.some.none"],
    );
    hold(
        "",
        "result<u8, string>",
        "ok(1)",
        &["has(x.ok) && x.ok == 1u", "!has(x.err)", "x == {'ok': 1u}", "x != {'err': 'a'}", "f({'ok': 1u}) == x"],
    );
    hold("", "result<_, string>", "ok", &["x.ok", "has(x.ok)", "x == {'ok': true}", "f({'ok': true}) == x"]);
    hold("", "result<u8>", "err", &["x.err", "x == {'err': true}", "has(x.err)"]);
    hold("", "result", "err", &["x.err", "!has(x.ok)"]);
    fails("", "option<u8>", "none", "x.some == 1u", "the value has another case");
    fails("", "result<u8, string>", "err(\"e\")", "x.ok == 1u", "the value has another case");
}

#[test]
fn flags() {
    let access = "flags access { read, write-all, %in }";
    hold(
        access,
        "access",
        "{read, in}",
        &[
            "x.read",
            "!x.write_all",
            "x.in_",
            "x == {'read': true, 'write-all': false, 'in': true}",
            "f({'read': true, 'write_all': false, 'in_': 1 == 1}) == x",
            "x['write-all'] == false",
            "x in [x]",
        ],
    );
}

#[test]
fn structurally_equal_types_convert() {
    let types =
        "record a { x: s8, l: list<u8> } record b { x: s64, l: list<u64> } variant v { n, s(a) } variant w { n, s(b) }";
    let world = format!("{types} export f: func(x: a, v: v) -> b; export g: func(b: b, w: w) -> b;");
    let text = contract(
        &world,
        "[[property]]\nname = 'p'\nof = 'f'\nensures = 'g(x, v) == x && result != x && [result, x].size() == 2'",
    );
    let contract = Contract::parse(&text).unwrap();
    let call = contract.interface.parse_call("f({x: -1, l: [1, 2]}, s({x: -1, l: [1, 2]}))").unwrap();
    let result = contract.interface.parse_call("g({x: -2, l: []}, n)").unwrap().args.remove(0);
    let evaluator = Evaluator::new(&contract.interface, Arc::new(Echo));
    assert_eq!(evaluator.holds(&contract.properties[0].ensures, &call.args, Some(&result)), Ok(true));
}

#[test]
fn overflow_and_traps_are_errors_that_say_where() {
    fails("", "u64", "18446744073709551615", "x + 1u == 0u", "`x + 1u` overflows 64 bits");
    fails("", "u64", "0", "x - 1u == 0u", "`x - 1u` overflows");
    fails("", "s64", "-9223372036854775808", "-x == 0", "`-x` overflows");
    fails("", "s64", "-9223372036854775808", "x / -1 == 0", "overflows");
    fails("", "s64", "5", "x / 0 == 0", "`x / 0` divides by zero");
    fails("", "u8", "5", "x % 0u == 0u", "divides by zero");
    fails("", "u8", "200", "narrow(x + 100u) == 0u", "argument `n`: 300 does not fit `u8`");
    fails("", "u8", "5", "trap() == 0u", "`trap` did not return: trap: wasm `unreachable`");
}

#[test]
fn lists_as_sets() {
    hold(
        "",
        "list<u8>",
        "[1, 2, 2]",
        &[
            "sets.contains(x, [2u, 1u, 1u]) && sets.contains(x, []) && !sets.contains(x, [3u]) && !sets.contains([], x)",
            "sets.contains(x, [1, 2]) && sets.contains(x, [2.0]) && !sets.contains(x, [2.5]) && !sets.contains(x, [-1])",
            "sets.equivalent(x, [2u, 1u]) && !sets.equivalent(x, [2u]) && !sets.equivalent(x, [1u, 2u, 3u])",
            "sets.intersects(x, [9u, 1u]) && !sets.intersects(x, [9u]) && !sets.intersects(x, []) && sets.equivalent([], [])",
            "sets.contains(x.map(n, [n, n]), [[1u, 1u]]) && !sets.contains(x.map(n, [n, n]), [[1u, 2u]])",
            "sets.contains([18446744073709551615u], [1.0]) == false && sets.contains([1e300], [1e300])",
            "sets.contains([0.0], [-0.0]) && sets.contains([0], [-0.0])",
            "x.all(sets, sets in x)",
        ],
    );
    hold(
        "",
        "list<u8>",
        "[1, 2, 2]",
        &[
            "multisets.contains(x, [2u, 1u]) && multisets.contains(x, [2.0, 2.0]) && multisets.contains(x, [])",
            "!multisets.contains(x, [1u, 1u]) && !multisets.contains(x, [3u]) && !multisets.contains([], x)",
            "multisets.equivalent(x, [2u, 1u, 2u]) && !multisets.equivalent(x, [1u, 2u]) && multisets.equivalent([], [])",
            "!multisets.equivalent(x, [1u, 1u, 2u]) && sets.equivalent(x, [1u, 1u, 2u])",
            "x.all(multisets, multisets in x)",
        ],
    );
    let nan = [
        "!multisets.contains(x, x)",
        "!sets.contains(x, x) && !sets.equivalent(x, x)",
        "sets.intersects(x, x) && sets.contains(x, [1.5])",
    ];
    for cel in nan {
        let cel = format!("f([1.0]) == [1.0] && result.size() == 2 && {cel}");
        assert_eq!(evaluate("", "list<f64>", "[nan, 1.5]", "[nan, 1.5]", &cel), Ok(true), "{cel}");
    }
    hold(
        "record p { a: string, b: option<bool> } variant v { none-of, some-of(p) }",
        "list<v>",
        "[none-of, some-of({a: \"xy\", b: some(true)})]",
        &[
            "sets.equivalent(x, [{'some_of': {'a': 'xy', 'b': {'some': true}}}, {'none_of': true}] + x)",
            "!sets.contains(x, x.filter(v, has(v.none_of)).map(v, v) + [{'some_of': {'a': 'x', 'b': {'some': true}}}] + x)",
        ],
    );
    hold("", "list<string>", "[\"a\", \"ab\"]", &["!sets.contains(x, ['', 'b']) && sets.contains(x, ['ab'])"]);
    hold(
        "",
        "list<list<string>>",
        "[[\"a\", \"b\"], [\"ab\"]]",
        &["!sets.contains(x, [['', 'ab']]) && !sets.contains(x, [['a'], ['b']]) && sets.contains(x, [['ab']])"],
    );
}

#[test]
fn no_evaluation_takes_for_ever() {
    let wide = format!("[{}]", vec!["[1, 2, 3]"; 3000].join(", "));
    let sets = "x.all(a, sets.contains(x, x))";
    let error = evaluate("", "list<list<u8>>", &wide, &wide, &format!("{sets} && x == result")).unwrap_err();
    assert!(error.contains("more than 2000000 steps"), "{error}");
    let long = format!("[{}]", vec!["1"; 3000].join(", "));
    let error =
        evaluate("", "list<u8>", &long, &long, "x.all(a, result.all(b, x.all(c, a + b != c + 9u)))").unwrap_err();
    assert!(error.contains("more than 2000000 steps"), "{error}");
    let error = evaluate("", "list<u8>", &long, &long, "true || x.all(a, x.all(b, f(x) == x))");
    assert_eq!(error, Ok(true));
    let error = evaluate("", "list<u8>", &long, &long, "x.all(a, x.all(b, f(x) == x)) || true").unwrap_err();
    assert!(error.contains("steps"), "the limit is not an error that `||` absorbs: {error}");
}
