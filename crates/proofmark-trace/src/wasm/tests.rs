//! Texts with their own lines; a component; a call graph; noise.

use super::*;

const TEXT: &str = "(module
  (func $gcd (export \"gcd\") (param i32 i32) (result i32)
    local.get 0
    call $help)
  (func $help (param i32) (result i32)
    local.get 0)
  (func $lonely)
  (table 2 funcref)
  (elem (i32.const 0) $taken)
  (func $taken nop)
  (func $jumps (export \"a:b/c#far-off\") (call_indirect (i32.const 0))))
";

fn one(module: &Module, name: &str) -> u32 {
    let found: Vec<u32> = module.named(name).map(|function| function.index).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0]
}

fn reached(module: &Module, name: &str) -> Vec<String> {
    module.reached_from(module.named(name).next().unwrap()).into_iter().collect()
}

#[test]
fn functions_have_names_and_callers() {
    let modules = modules(TEXT.as_bytes(), "gcd.wat").unwrap();
    let [module] = &modules[..] else { panic!() };
    assert_eq!(
        [one(module, "gcd"), one(module, "help"), one(module, "far_off"), one(module, "a:b/c#far-off")],
        [0, 1, 4, 4]
    );
    assert_eq!(reached(module, "help"), ["gcd"]);
    assert_eq!(reached(module, "gcd"), ["gcd"]);
    assert!(reached(module, "lonely").is_empty());
    assert_eq!(reached(module, "taken"), ["far-off"]);
    assert_eq!(module.named("none").count(), 0);
}

#[test]
fn a_texts_own_lines_are_its_line_table() {
    let modules = modules(TEXT.as_bytes(), "gcd.wat").unwrap();
    let module = &modules[0];
    assert!(module.has_lines());
    let lines = module.lines(module.named("help").next().unwrap());
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (file, lines) = lines.first_key_value().unwrap();
    assert!(is_file(file, "gcd.wat"), "{file}");
    assert!(lines.contains(6) && !lines.contains(3), "{lines}");
    let at: Vec<u32> = module.at("gcd.wat", 3).map(|function| function.index).collect();
    assert_eq!(at, [0]);
    assert_eq!(module.at("other.wat", 3).count(), 0);
    assert_eq!(module.at("gcd.wat", 99).count(), 0);
    let begins = |name| module.begins(name).map(|(file, line)| (is_file(file, "gcd.wat"), line));
    assert_eq!((begins("gcd"), begins("far-off"), begins("none")), (Some((true, 3)), Some((true, 11)), None));
}

#[test]
fn a_component_is_searched_for_its_modules() {
    let text = format!("(component (core module {}) (core module (func $other)))", &TEXT[8..TEXT.len() - 2]);
    let binary = wat::parse_str(text).unwrap();
    let modules = modules(&binary, "x.wasm").unwrap();
    assert_eq!(modules.len(), 2);
    assert_eq!(reached(&modules[0], "help"), ["gcd"]);
    assert!(!modules[0].has_lines());
    assert_eq!(one(&modules[1], "other"), 0);
}

#[test]
fn files_are_told_apart_by_whole_names() {
    assert!(is_file("/build/src/gcd.c", "gcd.c") && is_file("gcd.c", "src/gcd.c") && is_file("gcd.c", "gcd.c"));
    assert!(!is_file("/build/src/mygcd.c", "gcd.c") && !is_file("a/gcd.c", "b/gcd.c"));
}

#[test]
fn bytes_that_mean_harm_are_refused_or_read_within_limits() {
    let mut parser = wat::Parser::new();
    parser.generate_dwarf(wat::GenerateDwarf::Lines);
    let whole = parser.parse_bytes(Some(std::path::Path::new("gcd.wat")), TEXT.as_bytes()).unwrap().into_owned();
    assert!(modules(&whole, "x").is_ok());
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        bytes.truncate(8 + random(bytes.len() - 7));
        if let Ok(modules) = modules(&bytes, "x") {
            for module in &modules {
                for function in &module.functions {
                    drop((module.lines(function), module.reached_from(function)));
                }
            }
        }
    }
    assert!(modules(b"(module (func", "x").is_err());
    assert!(modules(b"\0asm\x01\0\0\0\x0a\xff\xff\xff\xff\x0f", "x").is_err());
}
