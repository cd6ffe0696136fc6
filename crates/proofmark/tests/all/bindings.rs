//! What is generated beside a model's code, with real compilers: hand-written code for every kind of type is built by the
//! commands that the bindings give, and checked with examples and with drawn values that must come back as they went in.
//!
//! C needs a clang with `wasm-ld` beside it. The other languages are skipped, and say so, where their tool is not in PATH.

use std::path::{Path, PathBuf};
use std::process::Command;

use proofmark_contract::Contract;
use proofmark_generate::{Bound, Public, Sources, Target, Tools, bind, extract};

use crate::place::Place;

const TYPES: &str = include_str!("bindings/types.toml");
const FLAT: &str = include_str!("bindings/flat.toml");
const NARROW: &str = include_str!("bindings/narrow.toml");
const TYPES_C: &str = include_str!("bindings/types.c");

/// A program in PATH, or in a place where Debian puts LLVM.
fn found(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let llvm = (14..30).rev().map(|version| PathBuf::from(format!("/usr/lib/llvm-{version}/bin")));
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(llvm).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

fn words(path: &Path) -> Vec<String> {
    vec![path.to_str().unwrap().to_owned()]
}

/// Says that nothing was tested, past the test harness, which keeps what a test that passes prints.
fn skipped(tool: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "\nSKIPPED, nothing tested: not in PATH: {tool}");
}

/// A clang and the linker that belongs to it.
fn clang() -> (Vec<String>, Vec<String>) {
    let clang = (14..30).rev().map(|version| PathBuf::from(format!("/usr/lib/llvm-{version}/bin/clang")));
    let clang = clang.chain(found(&["clang"])).find(|clang| clang.with_file_name("wasm-ld").is_file());
    let clang =
        clang.unwrap_or_else(|| panic!("no clang with wasm-ld: install clang and lld, such as clang-19 and lld-19"));
    (words(&clang), words(&clang.with_file_name("wasm-ld")))
}

fn bound(target: Target, contract: &str) -> Bound {
    let contract = Contract::parse(contract).unwrap_or_else(|problems| panic!("{problems:?}"));
    bind(target, &Public::of(&contract).unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

/// The code as a reply would bring it.
fn sources(bound: &Bound, code: &str) -> Sources {
    extract(&format!("~~~~~~\n{code}\n~~~~~~"), bound.target, bound.functions()).unwrap()
}

/// What the commands printed, and whether all of them succeeded; the files are in `place`.
fn built(place: &Place, bound: &Bound, tools: Tools<'_>, code: &str) -> (bool, String) {
    let sources = sources(bound, code);
    let texts = sources.files.iter().map(|file| (file.name.clone(), file.text.clone().into_bytes()));
    for (name, bytes) in bound.files.iter().cloned().chain(texts) {
        std::fs::create_dir_all(place.path(&name).parent().unwrap()).unwrap();
        place.write(&name, bytes);
    }
    let mut said = String::new();
    for line in bound.commands(tools, &sources.files) {
        let output = Command::new(&line[0]).args(&line[1..]).current_dir(place.path("")).output().unwrap();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return (false, format!("{line:?}\n{said}"));
        }
    }
    (true, said)
}

/// Builds, then asserts that every example and property of the contract holds.
fn holds(bound: &Bound, tools: Tools<'_>, contract: &str, code: &str) -> Place {
    let place = Place::new();
    let (succeeded, said) = built(&place, bound, tools, code);
    assert!(succeeded, "{said}");
    place.write("contract.toml", contract);
    let check = ["check", "contract.toml", bound.artifact, "--policy", "assisted", "--approved-by", "ada"];
    place.run(&check).exits(0).says("✓ examples").says("✓ properties");
    place
}

#[test]
fn c_takes_and_gives_every_kind_of_type() {
    let (clang, linker) = clang();
    let bound = bound(Target::C, TYPES);
    let tools = Tools { program: &clang, linker: &linker };
    let first = holds(&bound, tools, TYPES, TYPES_C);
    let artifact = first.read("artifact.wasm");
    // Where it was built makes no difference, and is not in it; what a trace needs is.
    let second = Place::empty();
    assert!(built(&second, &bound, tools, TYPES_C).0);
    assert!(artifact == second.read("artifact.wasm"), "built in another place, the bytes differ");
    let has = |text: &str| artifact.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(".debug_line") && has("artifact.c") && has("is_leap"));
    assert!(!has(first.path("").to_str().unwrap()) && !has(env!("CARGO_MANIFEST_DIR")));
    // The compiler finds the same linker by itself.
    let third = Place::empty();
    let (succeeded, said) = built(&third, &bound, Tools { program: &clang, linker: &[] }, TYPES_C);
    assert!(succeeded && artifact == third.read("artifact.wasm"), "{said}");
}

#[test]
fn javascript_takes_and_gives_what_its_numbers_hold() {
    let Some(tool) = found(&["componentize-qjs"]) else {
        return skipped("componentize-qjs, which npm has");
    };
    let bound = bound(Target::JavaScript, NARROW);
    let tool = words(&tool);
    let tools = Tools { program: &tool, linker: &[] };
    holds(&bound, tools, NARROW, include_str!("bindings/narrow.js"));
    let place = Place::empty();
    assert!(!built(&place, &bound, tools, "export function echo() {}").0, "functions are missing");
}

#[test]
fn names_that_c_has_already_compile() {
    let contract = "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nwit = \"\"\"\npackage t:t@1.0.0;\n\
        interface class {\n  record double { %static: u8, int: f64, size: string, ptr: list<int> }\n  enum int { max, min }\n\
        variant size { int(double), tag, value(int), p0(list<size-list>) }\n  flags size-list { len, items, b2, b3, b4, b5, b6, b7, b8 }\n\
        record string-list { a: result<string, size>, b: tuple<int, option<double>> }\n  enum int32 { max, t, c }\n\
        malloc: func(x: list<int>, x-len: u8, p0: double, a1: size) -> list<int32>;\n\
        printf: func(%out: string-list, %in: result<_, f32>, %export: list<size-list>) -> result<list<string>, string-list>;\n\
        swap: func(top: u8);\n  top: func();\n  abs: func(a: result<f32, s64>, b: result<f64, string>, c: option<option<size>>) -> tuple<string>;\n\
        out: func(out: u8) -> result<_, int32>;\n  memcpy: func();\n}\n\
        interface struct { malloc: func(x: s8) -> bool; }\nworld main { export class; export struct; export main: func(); }\n\"\"\"\n";
    let (clang, linker) = clang();
    let bound = bound(Target::C, contract);
    let place = Place::empty();
    for (name, bytes) in &bound.files {
        std::fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
        place.write(name, bytes);
    }
    let lines = bound.commands(Tools { program: &clang, linker: &linker }, &[]);
    let [compile, library, link] = lines.as_slice() else { panic!("{lines:?}") };
    let run = |line: &[String]| Command::new(&line[0]).args(&line[1..]).current_dir(place.path("")).output().unwrap();
    for line in [compile, library] {
        let output = run(line);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Only what the code must define is missing.
    let said = String::from_utf8(run(link).stderr).unwrap();
    let missing = |name: &String| said.contains(&format!("undefined symbol: {name}\n"));
    assert!(
        bound.functions().iter().all(missing) && said.lines().all(|line| line.contains("undefined symbol")),
        "{said}"
    );
}

#[test]
fn assemblyscript_takes_and_gives_numbers_texts_lists_and_records() {
    let Some(tool) = found(&["asc"]) else {
        return skipped("asc, which the npm package `assemblyscript` has");
    };
    let bound = bound(Target::AssemblyScript, FLAT);
    let tool = words(&tool);
    let tools = Tools { program: &tool, linker: &[] };
    let code = include_str!("bindings/flat.ts");
    let first = holds(&bound, tools, FLAT, code);
    let second = Place::empty();
    assert!(built(&second, &bound, tools, code).0);
    assert!(first.read("artifact.wasm") == second.read("artifact.wasm"), "built in another place, the bytes differ");
}

#[test]
fn what_small_models_add_to_c_does_no_harm_where_it_can_t() {
    let contract = "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nwit = \"\"\"\npackage t:t;\nworld w {\n  record pair { a: s32, b: s32 }\n\
                    export swap: func(xs: list<pair>) -> list<pair>;\n}\n\"\"\"\n[[example]]\ncall = \"swap([{a: 1, b: 2}])\"\nreturns = \"[{a: 2, b: 1}]\"\n\
                    [[property]]\nname = \"twice is nothing\"\nof = \"swap\"\nensures = \"swap(result) == xs\"\n[budget]\nexecutions = 300\n";
    let code = "#include <stdio.h>\n#include <stdlib.h>\n#include <math.h>\n#include <ctype.h>\n\
                typedef struct pair {\n  int32_t a;\n  int32_t b;\n} pair;\n\ntypedef struct pair_list\n{ pair *items; size_t len; } pair_list;\n\
                pair_list swap(pair *xs, size_t xs_len);\n\
                // Their own of what the library has.\n\
                void *memcpy(void *to, const void *from, size_t n) { char *t = to; const char *f = from; while (n--) *t++ = *f++; return to; }\n\
                pair_list swap(pair *xs, size_t xs_len) {\n  pair_list result = {malloc(xs_len * sizeof(pair)), xs_len};\n\
                  for (size_t i = 0; i < xs_len; i++) { memcpy(&result.items[i].a, &xs[i].b, 4); result.items[i].b = (int)fmax(xs[i].a, xs[i].a); }\n  return result;\n}\n\
                int main(void) {\n  pair xs[] = {{1, 2}};\n  pair_list r = swap(xs, 1);\n  printf(\"%d\\n\", isdigit(r.items[0].a));\n  free(r.items);\n  return 0;\n}\n";
    let (clang, linker) = clang();
    let tools = Tools { program: &clang, linker: &linker };
    let bound = bound(Target::C, contract);
    holds(&bound, tools, contract, code);
    let refused = |code: &str| {
        let (succeeded, said) = built(&Place::empty(), &bound, tools, code);
        assert!(!succeeded);
        said
    };
    let printing = code.replace("  return result;", "  printf(\"done\\n\");\n  return result;");
    assert!(refused(&printing).contains("undefined symbol: printf"));
    let other = refused("void swap(pair *xs, size_t xs_len, pair *out) {}");
    assert!(other.contains("conflicting types for 'swap'") && other.contains("artifact.c:1"), "{other}");
}
