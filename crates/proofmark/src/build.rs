//! Source code to an artifact: a pinned toolchain, run in fences on files of a stranger.
//!
//! Every build is made twice, in surroundings that differ, and says whether the bytes were the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proofmark_generate::toolchain::{Cache, Toolchain};
use proofmark_generate::{Public, Sources, Tools, bind};
use proofmark_mark::digest::Digest;
use proofmark_run::fence::{Code, How, Limits};
use proofmark_run::native::Natives;
use proofmark_run::printable::printable;
use proofmark_run::tool::{self, Executable, Job, Surroundings, Tool, ToolError};

use crate::commands::Enforcement;
use crate::failure::Failure;
use crate::tools;

/// Where digests of toolchains' files are kept, in the home. Derived; may be removed.
const CACHE: &str = "toolchains.cache.json";
/// How long one command of a build may take, in milliseconds.
const COMMAND_MS: u64 = 120_000;
const LIMITS: Limits = Limits { cpu_seconds: COMMAND_MS / 1000, ..tool::LIMITS };
/// The most that a command may write to standard output, and to standard error, in bytes.
const WRITTEN_BYTES_MAX: u64 = 1 << 20;
/// The most that is kept of what the tools wrote, in bytes.
const LOG_BYTES_MAX: usize = 16 << 10;

/// What a build made.
#[derive(Debug)]
pub struct Built {
    pub artifact: Vec<u8>,
    /// Whether another build in other surroundings gave the same bytes.
    pub reproducible: bool,
    /// What the tools wrote, cut to a limit; printable.
    pub log: String,
    /// With what it was made. `None`: the text is the artifact.
    pub toolchain: Option<Identity>,
}

/// With what an artifact was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub version: Option<String>,
    /// Over all files of the toolchain.
    pub sha256: Digest,
    /// In their order: each a program with its arguments.
    pub commands: Vec<Vec<String>>,
}

/// Why there is no artifact.
#[derive(Debug)]
pub enum Unbuilt {
    /// The source's doing: what the tools said of it, cut to a limit; printable.
    Refused(String),
    /// Ours, or this machine's.
    Failed(Failure),
}

/// Builds sources for the interface of a contract. Without a toolchain they are WebAssembly text, which needs none. `home`
/// is where the cache is. `stop` is asked every 10 ms.
///
/// # Errors
/// [`Unbuilt`].
pub fn build(
    launch: &Enforcement,
    home: &Path,
    toolchain: Option<&Toolchain>,
    public: &Public,
    sources: &Sources,
    stop: &mut dyn FnMut() -> bool,
) -> Result<Built, Unbuilt> {
    let Some(toolchain) = toolchain else { return text(sources) };
    let sha256 = pinned(home, toolchain).map_err(Unbuilt::Failed)?;
    let bound = bind(toolchain.target, public).map_err(|error| Unbuilt::Failed(Failure::wrong(error.to_string())))?;
    let program: Vec<String> = std::iter::once(&toolchain.program).chain(&toolchain.arguments).cloned().collect();
    let linker: Vec<String> = toolchain.linker.iter().cloned().collect();
    let build = Build {
        natives: launch.natives(),
        commands: bound.commands(Tools { program: &program, linker: &linker }, &sources.files),
        files: together(&bound.files, sources)?,
        artifact: bound.artifact,
        toolchain,
    };
    let tools = build.tools()?;
    let (artifact, log) = build.once(&tools, Surroundings::Usual, stop)?;
    // Where the second one ends in another way, the bytes are not the same either.
    let reproducible = match build.once(&tools, Surroundings::Other, stop) {
        Ok((again, _)) => again == artifact,
        Err(Unbuilt::Refused(_)) => false,
        Err(failed) => return Err(failed),
    };
    launch.held().map_err(Unbuilt::Failed)?;
    let Toolchain { name, version, .. } = toolchain.clone();
    let identity = Identity { name, version, sha256, commands: build.commands };
    Ok(Built { artifact, reproducible, log: cut(&log), toolchain: Some(identity) })
}

fn text(sources: &Sources) -> Result<Built, Unbuilt> {
    match sources.files.as_slice() {
        [one] => Ok(Built {
            artifact: one.text.clone().into_bytes(),
            reproducible: true,
            log: String::new(),
            toolchain: None,
        }),
        files => Err(Unbuilt::Refused(format!("WebAssembly text is one file, and these are {}", files.len()))),
    }
}

/// The digest of a toolchain whose files are still those that were pinned.
fn pinned(home: &Path, toolchain: &Toolchain) -> Result<Digest, Failure> {
    with_cache(home, |cache| toolchain.check(cache, SystemTime::now()))
        .map_err(|error| Failure::refused(error.to_string()))
}

/// Does something with the cache of the home. One that can't be stored is made again the next time.
pub fn with_cache<T>(home: &Path, work: impl FnOnce(&mut Cache) -> T) -> T {
    let path = home.join(CACHE);
    let mut cache = Cache::load(&path);
    let done = work(&mut cache);
    let _ = cache.store(&path);
    done
}

/// What one toolchain does with one set of files.
struct Build<'a> {
    natives: std::sync::Arc<Natives>,
    toolchain: &'a Toolchain,
    commands: Vec<Vec<String>>,
    files: Vec<(String, Vec<u8>)>,
    /// The file that the last command leaves.
    artifact: &'static str,
}

/// Generated files with those of a reply, none of which is where a generated one is.
fn together(generated: &[(String, Vec<u8>)], sources: &Sources) -> Result<Vec<(String, Vec<u8>)>, Unbuilt> {
    fn top(name: &str) -> Option<&str> {
        name.split('/').next()
    }
    let taken: BTreeSet<Option<&str>> = generated.iter().map(|(name, _)| top(name)).collect();
    if let Some(file) = sources.files.iter().find(|file| taken.contains(&top(&file.name))) {
        let why = format!("`{}` is where generated files are; give the file another name", file.name);
        return Err(Unbuilt::Refused(why));
    }
    let written = sources.files.iter().map(|file| (file.name.clone(), file.text.clone().into_bytes()));
    Ok(generated.iter().cloned().chain(written).collect())
}

impl Build<'_> {
    /// The programs of all commands, by path.
    fn tools(&self) -> Result<BTreeMap<String, Tool>, Unbuilt> {
        let needs: Vec<PathBuf> = self.toolchain.paths().map(PathBuf::from).collect();
        let code = if self.toolchain.generates_code { Code::Generated } else { Code::Fixed };
        let mut found = BTreeMap::new();
        for program in self.commands.iter().filter_map(|command| command.first()) {
            let tool = Executable::at(Path::new(program), &tools::named)
                .and_then(|executable| Tool::new(&executable, &needs, code, LIMITS).map_err(|error| error.to_string()))
                .map_err(|why| Unbuilt::Failed(Failure::failed(why)))?;
            found.insert(program.clone(), tool);
        }
        Ok(found)
    }

    /// All commands, one after the other in the same directory; gives the artifact and what they wrote.
    fn once(
        &self,
        tools: &BTreeMap<String, Tool>,
        surroundings: Surroundings,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<(Vec<u8>, Vec<u8>), Unbuilt> {
        let mut files: BTreeMap<String, Vec<u8>> = self.files.iter().cloned().collect();
        let mut log = Vec::new();
        for command in &self.commands {
            let Some((program, arguments)) = command.split_first() else { continue };
            let Some(tool) = tools.get(program) else { continue };
            let job = Job {
                arguments,
                stdin: &[],
                files: &files.clone().into_iter().collect::<Vec<_>>(),
                written_bytes_max: WRITTEN_BYTES_MAX,
                whole_ms: COMMAND_MS,
                surroundings,
            };
            let named = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
            let done = tool.run(&self.natives, &job, stop).map_err(|error| match error {
                ToolError::Cut(why) => Unbuilt::Refused(format!("`{named}` {why}")),
                ToolError::Stopped => Unbuilt::Failed(Failure::unknown("the build was stopped")),
                ToolError::Failed(why) => Unbuilt::Failed(Failure::failed(why)),
            })?;
            log.extend([done.stderr, done.stdout].concat());
            if done.how != How::Code(0) {
                let end = match done.how {
                    How::Code(code) => format!("`{named}` ended with exit code {code}"),
                    other => format!("`{named}` crashed ({other:?})"),
                };
                return Err(Unbuilt::Refused(cut(&[&log, end.as_bytes()].concat())));
            }
            files.extend(done.files);
        }
        let artifact = files.remove(self.artifact);
        artifact
            .map(|artifact| (artifact, log))
            .ok_or_else(|| Unbuilt::Refused(format!("the tools ended well and left no `{}`", self.artifact)))
    }
}

/// The beginning of what tools wrote, where compilers name the first cause, and its end.
fn cut(log: &[u8]) -> String {
    let text = printable(log);
    if text.len() <= LOG_BYTES_MAX {
        return text;
    }
    let half = LOG_BYTES_MAX / 2;
    let (head, tail) = (text.floor_char_boundary(half), text.ceil_char_boundary(text.len().saturating_sub(half)));
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}\n[{} bytes left out]\n{}", part(0..head), tail.saturating_sub(head), part(tail..text.len()))
}

#[cfg(test)]
mod tests {
    use proofmark_generate::SourceFile;

    use super::*;

    #[test]
    fn no_source_is_where_generated_files_are() {
        let generated = [("proofmark/glue.c".to_owned(), b"glue".to_vec()), ("top.h".to_owned(), Vec::new())];
        let with = |name: &str| {
            let sources = Sources { files: vec![SourceFile { name: name.to_owned(), text: "x".to_owned() }] };
            together(&generated, &sources).map(|files| files.len())
        };
        for name in ["proofmark/glue.c", "proofmark/other.h", "proofmark", "top.h", "top.h/x.c"] {
            assert!(matches!(with(name), Err(Unbuilt::Refused(why)) if why.contains(name)), "{name}");
        }
        for name in ["glue.c", "inner/proofmark/glue.c", "proofmark.c"] {
            assert!(matches!(with(name), Ok(3)), "{name}");
        }
    }

    #[test]
    fn long_words_of_tools_are_cut_in_their_middle() {
        assert_eq!(cut(b"short \x1b"), "short \\x1b");
        let long = "\u{20ac}".repeat(LOG_BYTES_MAX);
        let short = cut(long.as_bytes());
        assert!(short.len() < LOG_BYTES_MAX + 50 && short.contains("bytes left out"), "{}", short.len());
    }
}
