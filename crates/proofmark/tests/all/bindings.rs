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
