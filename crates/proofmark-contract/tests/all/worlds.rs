//! Worlds with exported interfaces, imports and types of every kind.

use proofmark_contract::{Contract, Type};

fn with_wit(wit: &str, more: &str) -> Contract {
    let text = format!("contract = 1\nname = 'w'\nintent = 'i'\n[interface]\nwit = '''\n{wit}'''\n{more}");
    Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

const TWO: &str = "
package my:pkg@1.2.0;
interface numbers { add: func(a: u32, b: u32) -> u32; only-here: func() -> u32; }
interface texts { add: func(a: string, b: string) -> string; }
interface clock { now: func() -> u64; }
world w {
  import clock;
  import log: func(line: string);
  export numbers;
  export texts;
  export plain: interface { size: func(xs: list<u8>) -> u32; }
  export run: func(n: u32) -> u32;
}
";

#[test]
fn functions_of_exported_interfaces_have_full_and_short_names() {
    let contract = with_wit(TWO, "");
    let names: Vec<String> = contract.interface.functions.iter().map(|function| function.full_name()).collect();
    let full =
        ["my:pkg/numbers.add@1.2.0", "my:pkg/numbers.only-here@1.2.0", "my:pkg/texts.add@1.2.0", "plain.size", "run"];
    assert_eq!(names.len(), full.len());
    assert!(full.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
    let interface = |name: &str| contract.interface.function(name).map(|function| function.interface.clone());
    assert_eq!(interface("run"), Some(None));
    assert_eq!(interface("only_here"), Some(Some("my:pkg/numbers@1.2.0".to_owned())));
    assert_eq!(interface("texts.add"), Some(Some("my:pkg/texts@1.2.0".to_owned())));
    assert_eq!(interface("my:pkg/texts.add@1.2.0"), Some(Some("my:pkg/texts@1.2.0".to_owned())));
    assert_eq!(interface("size"), Some(Some("plain".to_owned())));
    assert_eq!(interface("add"), None, "two have it");
    let imports: Vec<&str> = contract.interface.imports.iter().map(String::as_str).collect();
    assert_eq!(imports, ["my:pkg/clock@1.2.0", "log"]);
    for name in names {
        let call = match name.as_str() {
            "run" => "run(1)".to_owned(),
            name if name.contains("size") => format!("{name}([1, 2])"),
            name if name.contains("texts") => format!("{name}(\"a\", \"b\")"),
            name if name.contains("only") => format!("{name}()"),
            name => format!("{name}(1, 2)"),
        };
        assert_eq!(contract.interface.parse_call(&call).unwrap().to_string(), call);
    }
}

#[test]
fn properties_call_functions_of_interfaces() {
    let contract = with_wit(
        TWO,
        "[[property]]\nname = 'a'\nof = 'numbers.add'\nensures = 'result == numbers.add(b, a) && only_here() == numbers.only_here()'\n
         [[property]]\nname = 'b'\nof = 'my:pkg/texts.add@1.2.0'\nensures = \"texts.add(a, 'x') != result\"\n
         [[property]]\nname = 'c'\nof = 'plain.size'\nensures = 'size_(xs) == result && plain.size([]) == 0u && size(xs) == int(result)'\n",
    );
    assert_eq!(contract.properties.len(), 3);
}

#[test]
fn names_that_cel_reserves_take_an_underscore() {
    let contract = with_wit(
        "package a:b; world w { record %record { %in: u32, %true: u32, a-b: u32 } export size: func(%for: u32, %result: %record, int: u32) -> u32; }",
        "[[property]]\nname = 'a'\nof = 'size'\nensures = 'for_ + int == result && result_.in_ == result_.true_ && result_.a_b == size_(for_, result_, int)'\n",
    );
    assert_eq!(contract.properties.len(), 1);
}

#[test]
fn every_value_type_arrives() {
    let contract = with_wit(
        "package a:b;
         interface types { record pair { left: u8, right: list<string> } type alias = pair; }
         world w {
           use types.{alias};
           variant v { none-of-it, some-of-it(alias) }
           flags f { a, b-c }
           enum e { x, y }
           export g: func(a: alias, v: v, f: f, e: e, o: option<option<bool>>, r: result, r1: result<_, char>, r2: result<f32>, t: tuple<s8, u64, f64, s16, u16, s64>) -> list<list<e>>;
         }",
        "",
    );
    let function = &contract.interface.functions[0];
    assert_eq!(
        function.signature(),
        "g: func(a: pair, v: v, f: f, e: e, o: option<option<bool>>, r: result, r1: result<_, char>, r2: result<f32>, t: tuple<s8, u64, f64, s16, u16, s64>) -> list<list<e>>"
    );
    let Type::Variant(variant) = &function.params[1].1 else { panic!() };
    assert_eq!(variant.cases[1].1.as_ref(), Some(&function.params[0].1));
    let text = "g({left: 1, right: [\"a\"]}, some-of-it({left: 2, right: []}), {b-c}, y, some(none), err, err('x'), ok(nan), (-1, 2, -0, 4, 5, 6))";
    let call = contract.interface.parse_call(text).unwrap();
    assert_eq!(call.to_string(), text);
    assert!(call.args.iter().zip(&function.params).all(|(value, (_, ty))| value.fits(ty)));
}

#[test]
fn a_world_is_chosen_by_name() {
    let text = "contract = 1\nname = 'w'\nintent = 'i'\n[interface]\nworld = 'two'\nwit = 'package a:b; world one { export f: func(); } world two { export g: func(); }'\n";
    let contract = Contract::parse(text).unwrap();
    assert_eq!(contract.interface.functions[0].name, "g");
}
