//! A directory with a home, contracts and artifacts in it, and the binary run inside.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scratch directory that is removed at the end.
pub struct Place {
    folder: tempfile::TempDir,
}

/// What a run of the binary gave.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn all(&self) -> String {
        format!("exit {}\n{}{}", self.code, self.stdout, self.stderr)
    }

    /// Asserts the exit code, showing everything when it is another.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    /// Asserts that something was printed.
    pub fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "`{text}` is not in:\n{}", self.all());
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }
}

impl Place {
    /// An empty place.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A place with a home.
    pub fn new() -> Self {
        let place = Self::empty();
        place.run(&["init"]).exits(0);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The binary with an environment of nothing but what it needs.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command.current_dir(self.folder.path()).env_clear();
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command().args(arguments).output().unwrap())
    }

    /// Checks `artifact` (WebAssembly text or binary) against `contract` under the default policy.
    pub fn check(&self, contract: &str, artifact: impl AsRef<[u8]>) -> Ran {
        self.write("contract.toml", contract).write("artifact.wasm", artifact);
        self.run(&["check", "contract.toml", "artifact.wasm"])
    }
}

/// A file of the repository's examples.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// A contract for one function that doubles, with an example and a property.
pub const DOUBLE: &str = r#"
contract = 1
name = "double"
intent = "Twice the number."

[interface]
wit = """
package example:double;
world double { export double: func(n: u32) -> u64; }
"""

[[example]]
call = "double(4)"
returns = "8"

[[property]]
name = "half of it is the number"
of = "double"
ensures = "result / 2u == n && result % 2u == 0u"
"#;

/// A module that fits [`DOUBLE`], with `body` before the right answer.
pub fn doubling(body: &str) -> String {
    format!(
        r#"(module (func (export "double") (param $n i32) (result i64) {body}
            (i64.mul (i64.extend_i32_u (local.get $n)) (i64.const 2))))"#
    )
}

/// The candidates of an example that compiled, with whether the reference found them correct.
pub fn labels(name: &str) -> Vec<(String, bool)> {
    let labels = std::fs::read(example(&format!("{name}/labels.json"))).unwrap();
    let labels: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_slice(&labels).unwrap();
    labels.into_iter().map(|(candidate, label)| (candidate, label["label"] == "correct")).collect()
}
