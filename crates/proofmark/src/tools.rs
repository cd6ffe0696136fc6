//! Programs of this machine that the binary starts in fences: where they are, and commands that make artifacts.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_generate::{Ended, Job, Start, Watch};
use proofmark_run::fence::{Code, How, Limits};
use proofmark_run::native::Natives;
use proofmark_run::tool::{self, Executable, Surroundings, Tool};
use tempfile::TempDir;

/// The program of that name in the directories of `PATH`.
pub fn named(name: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| path.is_absolute() && path.is_file();
    let plain = !name.is_empty() && !name.contains('/');
    std::env::split_paths(&std::env::var_os("PATH").filter(|_| plain)?).map(|folder| folder.join(name)).find(is_program)
}

/// Starts the commands of `generators.toml`, each in a fence without a network.
pub struct Commands<'a> {
    natives: &'a Natives,
    /// What the last command left, until the next one is started.
    left: Option<TempDir>,
}

impl<'a> Commands<'a> {
    pub const fn new(natives: &'a Natives) -> Self {
        Self { natives, left: None }
    }
}

impl Start for Commands<'_> {
    fn start(&mut self, job: Job<'_>, watch: &mut dyn Watch) -> Result<Ended, String> {
        let Some((name, arguments)) = job.arguments.split_first() else { return Err("it names no program".to_owned()) };
        let program = if name.contains('/') { Some(PathBuf::from(name)) } else { named(name) };
        let program = program.ok_or_else(|| format!("there is no program `{name}` in `PATH`"))?;
        let executable = Executable::at(&program, &named)?;
        let files: Vec<PathBuf> = job.files.iter().map(PathBuf::from).collect();
        let needs: Vec<PathBuf> = executable.needs(&files)?.into_iter().collect();
        let limits = Limits { cpu_seconds: job.whole_ms.div_ceil(1000), ..tool::LIMITS };
        // Most agents are scripts, and most engines of those make machine code.
        let tool = Tool::new(&executable, &needs, Code::Generated, limits).map_err(|error| error.to_string())?;
        let started = tool::Job {
            arguments,
            stdin: job.stdin,
            files: &[],
            written_bytes_max: job.stdout_bytes_max,
            whole_ms: job.whole_ms,
            surroundings: Surroundings::Usual,
        };
        let done = tool.run(self.natives, &started, &mut || watch.stop()).map_err(|error| error.to_string())?;
        self.left = if job.in_directory { Some(laid(&done.files).map_err(|error| error.to_string())?) } else { None };
        let code = if let How::Code(code) = done.how { Some(code.into()) } else { None };
        Ok(Ended { code, stdout: done.stdout, directory: self.left.as_ref().map(|left| left.path().to_owned()) })
    }
}

/// Files in a new directory. Their paths are those of a tree, so none leads out of it.
fn laid(files: &[(String, Vec<u8>)]) -> std::io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::write(path, bytes)?;
    }
    Ok(folder)
}
