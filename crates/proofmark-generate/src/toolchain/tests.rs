//! Tests of `toolchains.toml`: what it says, what is wrong with it, and how it is changed.

use super::*;
use crate::config::table::BYTES_MAX;

const FILE: &str = r#"# My compilers.
toolchains = 1

[toolchain.clang-19]   # the one of the distribution
target = "c"
program = "/usr/lib/llvm-19/bin/clang"  # not the link
linker = "/usr/lib/llvm-19/bin/wasm-ld"
files = ["/usr/lib/llvm-19/lib/clang/19/include"]
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

# Another one.
[toolchain.other]
target = "c"
program = "/opt/other"
"#;

fn clang() -> Toolchain {
    Toolchains::parse(FILE).unwrap().named("clang-19").unwrap().clone()
}

#[test]
fn a_file_is_read() {
    let read = Toolchains::parse(FILE).unwrap();
    let names: Vec<&str> = read.toolchains.iter().map(|toolchain| toolchain.name.as_str()).collect();
    assert_eq!(names, ["clang-19", "other"]);
    let clang = clang();
    assert_eq!(clang.target, Target::C);
    assert_eq!(clang.sha256, Some(Digest([0; 32])));
    let paths = ["/usr/lib/llvm-19/bin/clang", "/usr/lib/llvm-19/bin/wasm-ld", "/usr/lib/llvm-19/lib/clang/19/include"];
    assert_eq!(clang.paths().collect::<Vec<_>>(), paths);
    assert_eq!(read.for_target(Target::C), Some(&clang));
    assert_eq!(read.named("other").unwrap().sha256, None);
    assert!(Toolchains::parse("toolchains = 1").unwrap().toolchains.is_empty());
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let entry = |line: &str| format!("toolchains = 1\n[toolchain.x]\ntarget = \"c\"\nprogram = \"/x\"\n{line}\n");
    for (text, wanted) in [
        (String::new(), "line 1, column 1: the file does not say its version; write `toolchains = 1` at the top"),
        ("toolchains = 2".to_owned(), "line 1, column 1: `toolchains` of the file must be a whole number from 1 to 1"),
        ("toolchains = ".to_owned(), "line 1, column 14: not valid TOML here"),
        (entry("colour = 1"), "line 5, column 1: [toolchain.x] has no key `colour`; its keys are"),
        (entry("files = [\"lib\"]"), "line 5, column 1: `files` has what is no absolute path without `.` and `..`"),
        (entry("files = [\"/a/../b\"]"), "line 5, column 1: `files` has what is no absolute path"),
        (entry("linker = \"/a//b\""), "line 5, column 1: `linker` has what is no absolute path"),
        (entry("sha256 = \"ABC\""), "line 5, column 1: `sha256` is not 64 lower-case hexadecimal digits; run"),
        (entry("version = \"a\\nb\""), "line 5, column 1: `version` is not one line of at most 200 bytes"),
        (entry("arguments = \"x\""), "line 5, column 1: `arguments` of [toolchain.x] must be a list of strings"),
        (entry("generate_code = 1"), "line 5, column 1: `generate_code` of [toolchain.x] must be `true` or `false`"),
        ("toolchains = 1\n[toolchain.X]\n".to_owned(), "this can't be the name of a toolchain"),
        ("toolchains = 1\n[toolchain.x]\nprogram = \"/x\"\n".to_owned(), "[toolchain.x] has no `target`"),
        ("toolchains = 1\n[toolchain.x]\ntarget = \"wat\"\nprogram = \"/x\"\n".to_owned(), "needs no toolchain"),
        ("toolchains = 1\n[toolchain.x]\ntarget = \"ada\"\nprogram = \"/x\"\n".to_owned(), "there is no such target"),
        ("toolchains = 1\ntoolchain = 3\n".to_owned(), "line 2, column 1: `toolchain` of the file must be a table"),
        (" ".repeat(BYTES_MAX + 1), "the file is larger than 262144 bytes"),
    ] {
        let problems = Toolchains::parse(&text).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|one| one.contains(wanted)), "{wanted}\nis not in\n{said:?}");
    }
}

#[test]
fn pinning_changes_two_values_and_nothing_else() {
    let pinned = Toolchain { version: Some("clang 19 \"x\"".to_owned()), sha256: Some(Digest([17; 32])), ..clang() };
    let text = pinned.put_into(FILE).unwrap();
    let zeros = "0".repeat(64);
    let wanted = FILE
        .replace(&zeros, &"11".repeat(32))
        .replace("# not the link\n", "# not the link\nversion = 'clang 19 \"x\"'\n");
    assert_eq!(text, wanted);
    // Once more, with both there.
    let again = Toolchain { version: Some("20".to_owned()), ..pinned };
    assert_eq!(again.put_into(&text).unwrap(), text.replace("'clang 19 \"x\"'", "\"20\""));
}

#[test]
fn a_new_toolchain_is_added_at_the_end() {
    let new = Toolchain {
        name: "new.er".to_owned(),
        generates_code: true,
        arguments: vec!["/opt/asc.js".to_owned()],
        ..clang()
    };
    let text = new.put_into(FILE).unwrap();
    assert!(text.starts_with(FILE.trim_end()), "{text}");
    assert_eq!(Toolchains::parse(&text).unwrap().named("new.er"), Some(&new));
    let first = new.put_into("").unwrap();
    assert_eq!(Toolchains::parse(&first).unwrap().toolchains, [new]);
}

#[test]
fn what_can_not_be_changed_in_its_place_is_left_alone() {
    let inline = "toolchains = 1\ntoolchain.clang-19 = { target = \"c\", program = \"/usr/lib/llvm-19/bin/clang\" }\n";
    let why = clang().put_into(inline).unwrap_err();
    assert!(why.contains("can't be changed where it is; write it as:\n\n[toolchain.clang-19]"), "{why}");
    // Other files were pinned than the entry names.
    let other = Toolchain { files: vec!["/elsewhere".to_owned()], ..clang() };
    assert!(other.put_into(FILE).unwrap_err().contains("can't be changed"));
    assert!(clang().put_into("toolchains = 7").unwrap_err().contains("must be a whole number"));
}

#[test]
fn nothing_crashes_the_reader() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..3000 {
        let mut bytes = FILE.as_bytes().to_vec();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(3) {
                0 => drop(bytes.remove(at)),
                1 => bytes[at] = b"\"[]={}.\n#x0"[random(11)],
                _ => bytes.truncate(at),
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(read) = Toolchains::parse(&text)
        {
            for toolchain in &read.toolchains {
                let pinned = Toolchain { sha256: Some(Digest([3; 32])), ..toolchain.clone() };
                if let Ok(put) = pinned.put_into(&text) {
                    assert_eq!(Toolchains::parse(&put).unwrap().named(&toolchain.name), Some(&pinned));
                }
            }
        }
    }
}
