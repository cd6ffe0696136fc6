//! Repositories for tests, made by the git program without any configuration of the machine.

use std::path::Path;
use std::process::Command;

use super::Repository;

/// A work tree in a directory of its own.
pub struct Rig {
    folder: tempfile::TempDir,
    clock: u64,
}

impl Rig {
    pub fn new() -> Self {
        let rig = Self { folder: tempfile::tempdir().unwrap(), clock: 1_800_000_000 };
        rig.run(&["init", "-q", "-b", "main"]);
        rig
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let date = format!("@{} +0000", self.clock);
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs([
                ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                ("HOME", "/nonexistent"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_AUTHOR_NAME", "Ada"),
                ("GIT_AUTHOR_EMAIL", "ada@example.com"),
                ("GIT_COMMITTER_NAME", "Ada"),
                ("GIT_COMMITTER_EMAIL", "ada@example.com"),
                ("GIT_AUTHOR_DATE", &date),
                ("GIT_COMMITTER_DATE", &date),
                ("GIT_EDITOR", "true"),
            ])
            .output()
            .unwrap();
        let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "git {arguments:?}: {all}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Each command is a minute after the one before.
    pub fn git(&mut self, arguments: &[&str]) -> String {
        self.clock += 60;
        self.run(arguments)
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Commits everything; the new commit's name.
    pub fn commit(&mut self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub fn open(&self) -> Repository {
        Repository::discover(self.path()).unwrap()
    }
}
