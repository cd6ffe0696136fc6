//! Builds: a real compiler on sources of people and of attackers, with what it makes called afterwards.

use std::sync::OnceLock;

use crate::place::{Place, Ran};
use crate::programs::compile;

/// What is nowhere inside a fence, and must be in nothing that comes out of one.
const CANARY: &str = "CANARY-51c2e0";
const TWICE: &str = r#"
contract = 1
name = "twice"
intent = "Twice the number."

[interface]
wit = """
package example:twice;
world w { export twice: func(n: u32) -> u64; }
"""

[[example]]
call = "twice(4)"
returns = "8"

[[property]]
name = "half of it is the number"
of = "twice"
ensures = "result / 2u == n && result % 2u == 0u"
"#;
const RIGHT: &str = "uint64_t twice(uint32_t n) { return 2ull * n; }\n";

/// A place with a contract, a home with a pinned toolchain for C, and a file that nobody may read.
fn place() -> Place {
    static PINNED: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    let place = Place::new();
    let files = [".proofmark/toolchains.toml", ".proofmark/toolchains.cache.json"];
    let pinned = PINNED.get_or_init(|| {
        // `PATH` is not set: the compiler is found where distributions put it.
        place.run(&["toolchains", "pin"]).exits(0).says("pinned").says("clang version");
        files.map(|file| place.read(file))
    });
    for (file, bytes) in files.iter().zip(pinned) {
        place.write(file, bytes);
    }
    place.write("contract.toml", TWICE).write("canary", CANARY);
    place
}

/// Builds one file of that name. Whatever comes of it, nothing of this machine is in it.
fn build(place: &Place, name: &str, source: &str) -> Ran {
    place.write(name, source);
    let path = format!("./{name}");
    let ran = place.run(&["build", "contract.toml", &path]);
    let artifact = std::fs::read(place.path("artifact.wasm")).unwrap_or_default();
    for secret in [CANARY, "root:x:0", "PROOFMARK_HOME"] {
        let leaked = artifact.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!leaked && !ran.all().contains(secret), "`{secret}` is in what came of it:\n{}", ran.all());
    }
    assert_eq!(place.read("canary"), CANARY.as_bytes());
    ran
}

#[test]
fn a_function_in_c_is_built_twice_and_called() {
    let place = place();
    build(&place, "twice.c", RIGHT).exits(0).says("gave the same bytes");
    let first = place.read("artifact.wasm");
    place.run(&["call", "contract.toml", "artifact.wasm", "twice(4000000000)"]).exits(0).says("8000000000");
    place.run(&["check", "contract.toml", "artifact.wasm"]).exits(0);
    // Names that look like options or like files of options are names.
    for name in ["-o.c", "@twice.c", "--help.c"] {
        std::fs::remove_file(place.path("artifact.wasm")).unwrap();
        build(&place, name, RIGHT).exits(0);
        place.run(&["call", "contract.toml", "artifact.wasm", "twice(21)"]).exits(0).says("42");
    }
    build(&place, "twice.c", RIGHT).exits(0);
    assert_eq!(place.read("artifact.wasm"), first);
    let said = place.run(&["--format", "json", "build", "contract.toml", "twice.c"]).exits(0).json();
    assert_eq!(said["reproducible"], true);
    assert_eq!(said["toolchain"]["commands"][0][0].as_str().map(|program| program.ends_with("/clang")), Some(true));
}

#[test]
fn what_depends_on_the_surroundings_is_said_to() {
    let place = place();
    // The compiler puts the time of no build where the source asks for one.
    let stamped = "static const char of[] = __TIMESTAMP__ __DATE__ __TIME__ __FILE__;\n\
        uint64_t twice(uint32_t n) { return 2ull * n + of[n % sizeof of]; }\n";
    build(&place, "twice.c", stamped).exits(0).says("gave the same bytes");
    for (writes, says) in
        [("$PWD", "can't be reproduced"), ("$TMPDIR", "can't be reproduced"), ("$LC_ALL", "the same bytes")]
    {
        // Whatever its arguments are.
        let script = format!("#!/bin/sh\necho stub 1\necho \"{writes}\" > artifact.wasm\n");
        place.write("stub", script);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(place.path("stub"), mode).unwrap();
        let program = place.path("stub").canonicalize().unwrap().display().to_string();
        let entry = |files: &str| {
            format!("toolchains = 1\n[toolchain.stub]\ntarget = \"c\"\nprogram = \"{program}\"\nfiles = [{files}]\n")
        };
        // What a script needs is said when it is pinned.
        place.write(".proofmark/toolchains.toml", entry(""));
        let said = place.run(&["toolchains", "pin", "stub"]).exits(2).says("`files` does not have").stderr;
        let missing = said.split("does not have: ").nth(1).unwrap().lines().next().unwrap().replace(", ", "\", \"");
        assert!(missing.contains("libc.so.6"), "{said}");
        place.write(".proofmark/toolchains.toml", entry(&format!("\"{missing}\"")));
        place.run(&["toolchains", "pin", "stub"]).exits(0).says("stub 1");
        place.write("twice.c", RIGHT);
        place.run(&["build", "contract.toml", "twice.c", "--toolchain", "stub"]).exits(0).says(says);
    }
}

#[test]
fn wrong_code_is_refused_in_the_compiler_s_words() {
    let place = place();
    build(&place, "twice.c", "uint64_t twice(uint32_t n) { return 2ull * m; }\n")
        .exits(1)
        .says("undeclared identifier 'm'");
    build(&place, "twice.c", "int other(void) { return 1; }\n").exits(1).says("twice");
    let long = format!("_Static_assert(0, \"{}\");\n", "x".repeat(400_000));
    let refused = build(&place, "twice.c", &long.repeat(2)).exits(1).says("bytes left out");
    assert!(refused.all().len() < 64 << 10);
    place.write("twice.c", b"\xff");
    place.run(&["build", "contract.toml", "twice.c"]).exits(2).says("not UTF-8");
}

#[test]
fn no_source_reads_files_of_this_machine() {
    let place = place();
    let canary = place.path("canary").canonicalize().unwrap().display().to_string();
    for path in
        ["/etc/passwd", "/proc/self/environ", "/proc/1/environ", "../../../../etc/passwd", "/dev/stdin", &canary]
    {
        build(&place, "twice.c", &format!("#include \"{path}\"\n{RIGHT}")).exits(1);
        build(&place, "twice.c", &format!("#include <{path}>\n{RIGHT}")).exits(1);
        let embedded = format!("const char of[] = {{\n#embed \"{path}\"\n}};\n{RIGHT}");
        build(&place, "twice.c", &embedded).exits(1);
        let assembled = format!("__asm__(\".section .data.x,\\\"\\\",@\\n.incbin \\\"{path}\\\"\\n\");\n{RIGHT}");
        build(&place, "twice.c", &assembled).exits(1);
        let probed = format!("#if __has_include(\"{path}\")\n#error FOUND\n#endif\n{RIGHT}");
        build(&place, "twice.c", &probed).exits(0);
    }
}

#[test]
fn what_a_source_asks_of_compiler_and_linker_has_no_effect() {
    let place = place();
    let canary = place.path("canary").canonicalize().unwrap().display().to_string();
    for line in [
        format!("#pragma comment(lib, \"{canary}\")"),
        format!("#pragma comment(linker, \"--script={canary}\")"),
        "#pragma GCC dependency \"/etc/passwd\"".to_owned(),
        "#pragma clang module import \"/etc/passwd\"".to_owned(),
        "#pragma clang __debug parser_crash".to_owned(),
        "#pragma clang __debug llvm_fatal_error".to_owned(),
        "__attribute__((section(\"../../../canary\"))) int outside = 7;".to_owned(),
        format!("#line 1 \"{canary}\""),
    ] {
        let ran = build(&place, "twice.c", &format!("{line}\n{RIGHT}"));
        assert!(ran.code == 0 || ran.code == 1, "{line}: {}", ran.all());
    }
}

#[test]
fn bombs_are_ended() {
    let place = place();
    let mut laughs = String::from("#define L0 +1\n");
    for level in 1..=12 {
        let below = format!("L{} ", level - 1);
        laughs += &format!("#define L{level} {}\n", below.repeat(10));
    }
    build(&place, "twice.c", &format!("{laughs}int huge = 0 L12;\n{RIGHT}")).exits(1).says("`clang` used more than");
    build(&place, "twice.c", &format!("#include __FILE__\n{RIGHT}")).exits(1);
    let deep = format!("int deep = {}1{};\n{RIGHT}", "(".repeat(100_000), ")".repeat(100_000));
    build(&place, "twice.c", &deep).exits(1);
    let minus = build(&place, "twice.c", &format!("int deep = {}1;\n{RIGHT}", "- ".repeat(200_000)));
    assert!(minus.code == 0 || minus.code == 1, "{}", minus.all());
    // Gigabytes of data.
    let large = "__attribute__((used)) char large[3u << 30] = { 1 };\n";
    build(&place, "twice.c", &format!("{large}{RIGHT}")).exits(1);
    let large = "__attribute__((used)) char large[200 << 20] = { 1 };\n";
    build(&place, "twice.c", &format!("{large}{RIGHT}")).exits(1);
}

#[test]
fn only_a_toolchain_that_is_still_the_pinned_one_builds() {
    let place = place();
    place.write("twice.c", RIGHT);
    let text = String::from_utf8(place.read(".proofmark/toolchains.toml")).unwrap();
    let digest = text.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let other = format!("# Mine.\n{}", text.replace(&digest, &"0".repeat(64)));
    place.write(".proofmark/toolchains.toml", &other);
    place
        .run(&["build", "contract.toml", "twice.c"])
        .exits(1)
        .says("are not those that were pinned")
        .says("pin clang-");
    place.run(&["toolchains"]).exits(0).says("changed");
    let lines: Vec<&str> = other.lines().filter(|line| !line.starts_with("sha256")).collect();
    place.write(".proofmark/toolchains.toml", lines.join("\n"));
    place.run(&["build", "contract.toml", "twice.c"]).exits(1).says("nobody has pinned");
    place.run(&["toolchains"]).exits(0).says("unpinned");
    place.write(".proofmark/toolchains.toml", &other);
    place.run(&["toolchains", "pin"]).exits(0);
    assert_eq!(String::from_utf8(place.read(".proofmark/toolchains.toml")).unwrap(), format!("# Mine.\n{text}"));
    place.run(&["build", "contract.toml", "twice.c"]).exits(0);
    let listed = place.run(&["--format", "json", "toolchains"]).exits(0).json();
    assert_eq!(listed["toolchains"][0]["state"], "pinned");
    assert_eq!(listed["toolchains"][0]["sha256"], digest);
}

#[test]
fn a_build_without_what_it_needs_says_what_to_do() {
    let place = Place::new();
    place.write("contract.toml", TWICE).write("twice.c", RIGHT);
    place.run(&["build", "contract.toml", "twice.c"]).exits(2).says("no toolchain for `c`").says("toolchains pin");
    place.run(&["build", "contract.toml", "twice.c", "--toolchain", "none"]).exits(2).says("no toolchain `none`");
    place.run(&["build", "contract.toml", "twice.c", "--target", "cobol"]).exits(2).says("no target `cobol`");
    place.run(&["toolchains", "pin", "none"]).exits(2).says("no toolchain `none`");
    place.write(".proofmark/toolchains.toml", "toolchains = 1\ncolour = 2\n");
    place.run(&["toolchains"]).exits(2).says("line 2, column 1: the file has no key `colour`");
    place.write(
        ".proofmark/toolchains.toml",
        "toolchains = 1\n[toolchain.x]\ntarget = \"c\"\nprogram = \"/nonexistent\"\n",
    );
    place.run(&["toolchains"]).exits(0).says("unpinned");
    place.run(&["toolchains", "pin", "x"]).exits(2).says("/nonexistent");
    // Text needs no toolchain.
    place.write("twice.wat", "(module)");
    place.run(&["build", "contract.toml", "twice.wat", "--target", "wat"]).exits(0);
    assert_eq!(place.read("artifact.wasm"), b"(module)");
}

/// An agent that tells of all that it reached, in a comment of its otherwise right artifact.
const AGENT: &str = r#"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
static FILE *out;
static void reads(const char *path) {
    char found[100] = "";
    int file = open(path, O_RDONLY);
    if (file < 0 || read(file, found, sizeof found - 1) < 0) return;
    fprintf(out, ";; READ %s\n", found);
}
int main(int count, char **arguments) {
    char prompt[100000] = "";
    fread(prompt, 1, sizeof prompt - 1, stdin);
    if (!strstr(prompt, "Twice the number.")) return 7;
    out = fopen("twice.wat", "w");
    reads(arguments[1]);
    reads("/etc/passwd");
    reads("/proc/self/environ");
    if (getenv("SECRET_OF_THE_HOST")) fprintf(out, ";; READ a variable\n");
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(arguments[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int made = socket(AF_INET, SOCK_STREAM, 0);
    if (made >= 0 || !connect(made, (void *)&at, sizeof at)) fprintf(out, ";; CONNECTED\n");
    if (open(arguments[1], O_WRONLY | O_TRUNC) >= 0) fprintf(out, ";; WRITTEN\n");
    fprintf(out, "(module (func (export \"twice\") (param i32) (result i64)"
        " (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 2))))\n");
    return 0;
}
"#;

#[test]
fn a_command_that_makes_artifacts_reaches_nothing_else() {
    let place = Place::new();
    compile(&place, "agent", AGENT, &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let at = |name: &str| place.path(name).canonicalize().unwrap_or_default().display().to_string();
    place.write("canary", CANARY).write("contract.toml", TWICE);
    let words = format!("[\"{}\", \"{}\", \"{port}\"]", at("agent"), at("canary"));
    let agent =
        format!("generators = 1\n[generator.agent]\nkind = \"command\"\ncommand = {words}\nbrings = \"directory\"\n");
    place.write("generators.toml", &agent);
    let mut command = place.command();
    command.args(["make", "contract.toml", "--generators", "generators.toml", "--target", "wat", "--candidates", "1"]);
    Ran::of(&command.env("SECRET_OF_THE_HOST", "x").output().unwrap()).exits(0);
    let artifact = String::from_utf8(place.read("twice.wasm")).unwrap();
    assert!(artifact.starts_with("(module"), "it reached something:\n{artifact}");
    assert_eq!(place.read("canary"), CANARY.as_bytes());
    assert!(listener.accept().is_err(), "it connected");
    // What it may read has to be named.
    let named = format!("{agent}files = [\"{}\"]\n", at("canary"));
    place.write("generators.toml", named);
    Ran::of(
        &place
            .command()
            .args([
                "make",
                "contract.toml",
                "--generators",
                "generators.toml",
                "--target",
                "wat",
                "--candidates",
                "1",
                "--fresh",
            ])
            .output()
            .unwrap(),
    )
    .exits(0);
    assert!(String::from_utf8(place.read("twice.wasm")).unwrap().contains(&format!(";; READ {CANARY}")));
}
