//! Secrets: artifacts that keep them and artifacts that leak them, through every output there is, by the real command.

use crate::grants::component;
use crate::place::{Place, Ran};
use crate::programs::compile;

/// A policy that asks for the examples and for so many pairs: what is tried here is one check.
fn policy(pairs: u32) -> String {
    format!(
        r#"
@id("pairs")
@autonomy("assisted")
@plan("inspect examples interference:{pairs}")
permit (principal, action in [Action::"mark", Action::"run"], resource)
when {{ context.autonomy == "assisted" }};

@id("secrets-kept")
@needs("no secret that leaks")
forbid (principal, action, resource)
unless {{
  resource.evidence has interference &&
  resource.evidence.interference.outcome == "passed" &&
  resource.evidence.interference.pairs == resource.evidence.interference.secrets * {pairs}
}};
"#
    )
}

/// What keeps its secret is called in so many pairs, what leaks it in as many as it takes to find that.
const FEW: u32 = 128;
const MANY: u32 = 4096;

/// A place with policies of both kinds.
fn place() -> Place {
    let place = Place::new();
    let mut trust = String::from_utf8(place.read(".proofmark/trust.toml")).unwrap();
    for pairs in [FEW, MANY] {
        let text = policy(pairs);
        let digest = proofmark_mark::digest::Digest::of(text.as_bytes());
        place.write(&format!(".proofmark/policies/pairs-{pairs}.cedar"), text);
        trust.push_str(&format!("\n[[policy]]\nname = \"pairs-{pairs}\"\nsha256 = \"{digest}\"\n"));
    }
    place.write(".proofmark/trust.toml", trust);
    place
}

/// An artifact, and what a check of it found.
struct Checked {
    place: Place,
    ran: Ran,
}

impl Checked {
    fn new(place: Place, contract: &str, pairs: u32) -> Self {
        place.write("contract.toml", contract);
        let policy = format!("pairs-{pairs}");
        let ran = place.run(&["--format", "json", "check", "contract.toml", "artifact", "--policy", &policy]);
        Self { place, ran }
    }

    /// The call of the counterexample, with what came of both calls, after the words for where it shows.
    fn leaks(&self, by: &str) -> (String, String) {
        assert_eq!(self.ran.code, 1, "{}", self.ran.all());
        let found = self.ran.json();
        let evidence = found["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "interference").unwrap();
        assert_eq!((&evidence["outcome"], &evidence["counts"]["leaks"]), (&"failed".into(), &1.into()));
        let leak = &evidence["counterexamples"][0];
        assert!(leak["violated"].as_str().unwrap().starts_with(by), "{leak}");
        (leak["call"].as_str().unwrap().to_owned(), leak["got"].as_str().unwrap().to_owned())
    }

    fn keeps(self) -> Place {
        assert_eq!(self.ran.code, 0, "{}", self.ran.all());
        self.place
    }

    /// What one call prints.
    fn call(&self, more: &[&str]) -> String {
        self.place.run(&[&["call", "contract.toml", "artifact"], more].concat()).exits(0).stdout.trim().to_owned()
    }
}

fn wasm(contract: &str, artifact: impl AsRef<[u8]>) -> Checked {
    let place = place();
    place.write("artifact", artifact);
    Checked::new(place, contract, MANY)
}

const LOGIN: &str = r#"
contract = 1
name = "login"
intent = "Whether the guess is the user's PIN: 1 if it is."

[interface]
wit = """
package example:login;
world login {
  record user { id: u32, pin: u32 }
  export login: func(user: user, guess: u32) -> u32;
}
"""

[[example]]
call = "login({id: 1, pin: 7}, 7)"
returns = "1"

[[secret]]
parts = ["user.pin"]
releases = "user.pin == guess"
constant_fuel = true

[budget]
executions = 640
"#;

fn logs_in(body: &str) -> String {
    format!(
        r#"(module (func (export "login") (param $id i32) (param $pin i32) (param $guess i32) (result i32) {body}
            (i32.eq (local.get $pin) (local.get $guess))))"#
    )
}

#[test]
fn a_component_that_keeps_the_secret_is_marked_and_replays() {
    let place = wasm(LOGIN, logs_in("")).keeps();
    for threads in ["1", "2", "8"] {
        let verify = ["verify", "artifact.mark", "artifact", "--replay", "--threads", threads];
        place.run(&verify).exits(0).says("interference: the same bytes");
    }
    let people = ["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"];
    place.run(&people).exits(0).says("1 secret, 1,024 pairs of calls that differ only there");
}

#[test]
fn a_component_that_leaks_is_refused_with_two_calls_that_replay() {
    let low = "(if (i32.lt_u (local.get $pin) (local.get $guess)) (then (return (i32.const 2))))";
    let checked = wasm(LOGIN, logs_in(low));
    let (call, got) = checked.leaks("the result does not tell `user.pin` of `login` apart");
    let (first, rest) = got.split_once(", but ").unwrap();
    let (second, other) = rest.split_once(" from `").unwrap();
    for (call, result) in [(call.as_str(), first), (other.trim_end_matches('`'), second)] {
        assert_eq!(checked.call(&[call]), result, "{got}");
    }
    let people = ["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"];
    checked.place.run(&people).exits(1).says("no-known-leak").says("does not tell `user.pin`").says(&call);
    // Fuel is public here, and only because the contract says so.
    let slow = "(if (i32.and (local.get $pin) (i32.const 1)) (then (drop (i32.const 1)) (drop (i32.const 2))))";
    wasm(LOGIN, logs_in(slow)).leaks("the fuel");
    wasm(&LOGIN.replace("constant_fuel = true", ""), logs_in(slow)).keeps();
}

#[test]
fn a_contract_without_secrets_has_nothing_to_ask() {
    let contract = LOGIN.split("[[secret]]").next().unwrap();
    let place = wasm(contract, logs_in("")).keeps();
    let people = ["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"];
    place.run(&people).exits(0).says("the contract names no secret");
}

/// A contract for a component that looks at the world.
fn probe(capabilities: &str, secret: &str) -> String {
    format!(
        r#"
contract = 1
name = "probe"
intent = "Looks at the world through one import."
[interface]
wit = """
package test:probe;
world probe {{ export probe: func(mode: u32) -> u64; }}
"""
[[example]]
call = "probe(99)"
returns = "99"
[[secret]]
{secret}
[budget]
executions = 640
[capabilities]
{capabilities}
"#
    )
}

fn probing(imports: &str, otherwise: &str) -> String {
    format!(
        r#"{imports} (func (export "probe") (param $mode i32) (result i64)
            (if (i32.eq (local.get $mode) (i32.const 99)) (then (return (i64.const 99)))) {otherwise})"#
    )
}

#[test]
fn what_a_capability_holds_may_be_secret() {
    let import = r#"(import "wasi:random/random@0.2.0" "get-random-u64" (func $get (result i64)))"#;
    let (random, secret) = ("random = true", "capabilities = [\"random\"]");
    let odd = component("wasi:random/random@0.2.0", &probing(import, "(i64.and (call $get) (i64.const 1))"));
    let checked = wasm(&probe(random, secret), odd);
    let (call, got) = checked.leaks("the result does not tell `random`");
    let after = got.split("--seed ").nth(1).unwrap();
    let seed: String = after.chars().take_while(char::is_ascii_digit).collect();
    assert_ne!(checked.call(&[&call]), checked.call(&[&call, "--seed", &seed]));
    let used = component("wasi:random/random@0.2.0", &probing(import, "(drop (call $get)) (i64.const 5)"));
    wasm(&probe(random, secret), used).keeps();

    // The first byte of the first variable.
    let import = r#"(import "wasi:cli/environment@0.2.0" "get-environment" (func $get (param i32)))"#;
    let first = "(call $get (i32.const 16)) (if (i32.eqz (i32.load (i32.const 20))) (then (return (i64.const 0))))
        (if (i32.eqz (i32.load offset=12 (i32.load (i32.const 16)))) (then (return (i64.const 0))))
        (i64.load8_u (i32.load offset=8 (i32.load (i32.const 16))))";
    let first = component("wasi:cli/environment@0.2.0", &probing(import, first));
    let checked = wasm(&probe("environment = [\"TOKEN\"]", "capabilities = [\"environment\"]"), first);
    let (call, got) = checked.leaks("the result does not tell `environment`");
    assert!(got.contains("--env \"TOKEN="), "{got}");
    let with = |value: &str| checked.call(&[&call, "--env", value]);
    assert_eq!((with("TOKEN=a"), with("TOKEN=b")), ("97".to_owned(), "98".to_owned()));
    let refused = |more: &[&str]| {
        let call = [&["call", "contract.toml", "artifact", &call], more].concat();
        checked.place.run(&call).exits(2).says("does not ask for");
    };
    refused(&["--env", "PATH=/"]);
    refused(&["--seed", "1"]);
    refused(&["--stdin", "x"]);
}

#[test]
fn standard_output_is_public_unless_it_may_carry_the_secret() {
    let imports = r#"(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
        (data (i32.const 64) "hello from inside\n")"#;
    // As many bytes as the low bits of the secret say.
    let write = "(call $write (call $get) (i32.const 64) (i32.and (local.get $mode) (i32.const 15)) (i32.const 16)) (i64.const 1)";
    let artifact = component("wasi:cli/stdout@0.2.0", &probing(imports, write));
    // The example's answer is one that the result may tell.
    let secret = "parts = [\"mode\"]\nreleases = \"mode == 99u\"";
    let checked = wasm(&probe("stdout = true", secret), &artifact);
    let call = checked.leaks("standard output does not tell `mode`").0;
    assert!(["probe(0)", "probe(1)"].contains(&call.as_str()), "{call}");
    assert_eq!(checked.call(&["probe(5)"]), "hello1");
    wasm(&probe("stdout = true", &format!("{secret}\nmay_reach = [\"stdout\"]")), &artifact).keeps();
}

/// A contract for a program with a secret.
fn program(interface: &str, example: &str, more: &str, secret: &str) -> String {
    format!(
        "contract = 1\nname = \"program\"\nintent = \"Keeps what it is told.\"\n[interface.process]\n{interface}\n\
         [[example]]\n{example}\n[[secret]]\n{secret}\n{more}\n"
    )
}

/// A program with this in `main`, checked in so many pairs.
fn runs(contract: &str, body: &str, pairs: u32) -> Checked {
    let place = place();
    let names = ["fcntl", "stdio", "stdlib", "string", "sys/stat", "unistd"];
    let includes: String = names.iter().map(|name| format!("#include <{name}.h>\n")).collect();
    let source = format!("{includes}int main(int n, char **a) {{ static char b[200000]; {body} return 0; }}");
    compile(&place, "artifact", &source, &["-static"]);
    Checked::new(place, contract, pairs)
}

/// A contract whose secret is standard input.
fn told() -> String {
    program(
        "arguments = \"list<string>\"\nstdin = \"list<u8>\"\nstdout = \"string\"",
        "call = 'run([\"a\"], [97])'\nreturns = '{code: 0, stdout: \"\"}'",
        "",
        "parts = [\"stdin\"]",
    )
}

fn listens(then: &str, pairs: u32) -> Checked {
    runs(&told(), &format!("long m = fread(b, 1, sizeof b, stdin); {then}"), pairs)
}

#[test]
fn a_program_that_keeps_its_standard_input_is_marked_and_replays() {
    let place = listens("", FEW).keeps();
    let verify = ["verify", "artifact.mark", "artifact", "--replay", "--threads", "1"];
    place.run(&verify).exits(0).says("interference: the same bytes");
}

#[test]
fn a_program_leaks_by_its_exit_code() {
    let checked = listens("return m && b[0] == 'b';", MANY);
    let (call, got) = checked.leaks("the result does not tell `stdin` of `run` apart");
    assert!(got.starts_with(&checked.call(&[&call])), "{got}");
    assert!(got.contains("code: 1"), "{got}");
}

#[test]
fn a_program_leaks_by_standard_output_standard_error_or_a_signal() {
    listens("if (m > 20) printf(\"%d\", b[20] & 1);", MANY).leaks("the result");
    // Whether it is an argument, on a stream that the contract does not look at.
    let guess = "if (n == 2 && m == strlen(a[1]) && !memcmp(a[1], b, m)) fputs(\"yes\", stderr);";
    let (call, got) = listens(guess, MANY).leaks("standard error");
    assert!(call.starts_with("run([\"") && got.contains("\"yes\""), "{call} {got}");
    listens("if (m > 3) abort();", MANY).leaks("how the call ends");
}

#[test]
fn a_program_that_is_another_each_time_tells_nothing() {
    let random = "int r = 0; getentropy(&r, 4); fprintf(stderr, \"%d\", r);";
    let ran = listens(random, FEW).ran;
    assert_eq!(ran.code, 3, "{}", ran.all());
    ran.says("another answer when it is called again");
}

#[test]
fn arguments_and_variables_of_a_program_may_be_secret() {
    let interface = "arguments = \"list<string>\"\nenvironment = [\"TOKEN\", \"TZ\"]\nstdout = \"list<u8>\"";
    let example = "call = 'run([], [])'\nreturns = '{code: 0, stdout: []}'";
    let arguments = program(interface, example, "", "parts = [\"arguments.0\"]");
    let (call, _) = runs(&arguments, "return n > 1 && a[1][0] > 'm';", MANY).leaks("the result");
    assert!(call.starts_with("run([\""), "{call}");
    runs(&arguments, "if (n > 2) putchar(a[2][0]);", FEW).keeps();
    let token = program(interface, example, "", "parts = [\"environment.TOKEN\"]");
    let odd = "char *t = getenv(\"TOKEN\"); return t ? strlen(t) & 1 : 0;";
    let (call, _) = runs(&token, odd, MANY).leaks("the result");
    assert!(call.contains("(\"TOKEN\", \""), "{call}");
    // Whether it is set is not the secret, and TZ is none.
    let public = "char *z = getenv(\"TZ\"); if (z) fputs(z, stdout); if (getenv(\"TOKEN\")) putchar('!');";
    runs(&token, public, FEW).keeps();
}

#[test]
fn bytes_of_a_file_are_kept_or_leak_into_another() {
    let tree = |more: &str| {
        program(
            "arguments = [\"/t\"]\nfiles = \"/t\"",
            "call = 'run([])'\nreturns = '{code: 0, files: []}'",
            "[capabilities]\nwrite = [\"/t\"]",
            &format!("parts = [\"files.node.file\"]{more}"),
        )
    };
    let reads = "int c = -1, o = open(\"/t/a\", O_RDONLY); if (o >= 0 && read(o, b, 1) == 1) c = b[0] & 255; ";
    // What it was given is still there, or is gone whatever it held.
    runs(&tree(""), &format!("{reads} unlink(\"/t/b\");"), FEW).keeps();
    let writes = "if (c > 0 && (o = open(\"/t/out\", O_WRONLY | O_CREAT, 0600)) >= 0) write(o, b, 1);";
    let (call, got) = runs(&tree(""), &format!("{reads}{writes}"), MANY).leaks("the result");
    assert!(call.contains("path: \"a\"") && got.contains("path: \"out\""), "{call} {got}");
    // It is gone or not by what it held.
    runs(&tree(""), &format!("{reads} if (c > 'a') unlink(\"/t/a\");"), MANY).leaks("the result");
    runs(&tree("\nmay_reach = [\"result.files\"]"), &format!("{reads}{writes}"), FEW).keeps();
}
