//! `proofmark trace`: from a line, a function, an artifact or a commit up to the intent. Reads alone, and starts nothing.

use std::path::{Path, PathBuf};

use proofmark_governor::home::{Home, HomeError};
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::Mark;
use proofmark_mark::statement::Statement;
use proofmark_mark::submission::Submission;
use proofmark_trace::git::{GitError, Repository};

use crate::cli::{Format, Trace};
use crate::failure::{Failure, OK, UNKNOWN};
use crate::inputs::is_binary;
use crate::{inputs, render};

pub mod answer;
mod artifact;
pub mod commit;
pub mod history;

pub use answer::Answer;
pub use commit::git_failure;

/// How much of a file is read to see what it is, in bytes.
const START_BYTES: u64 = 4096;

/// What is asked about.
enum Asked {
    /// An artifact, with what follows it on the command line.
    Artifact { digest: Digest, bytes: Option<Vec<u8>>, path: String, part: Part },
    /// A line of a file of a work tree.
    Line { file: PathBuf, line: u32 },
    /// Everything that a commit brings.
    Commit(String),
}

/// Which part of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Whole,
    Function(String),
    /// A line of one of its sources.
    Line(String, u32),
}

pub fn run(format: Format, home: Option<&Path>, arguments: &Trace) -> Result<u8, Failure> {
    let asked = read(&arguments.place)?;
    let opened = optional_home(home)?;
    let history = opened.as_ref().map(history::History::read).transpose()?;
    let shown = arguments.show_held_out;
    let answers = match &asked {
        Asked::Artifact { digest, bytes, path, part } => {
            // Without a log there is nothing that an artifact could be traced with.
            let history = history.ok_or_else(|| {
                Failure::wrong("there is no home, whose log says where artifacts come from")
                    .next("name one with --home DIR; `proofmark init` makes one")
            })?;
            artifact::answers(&history, *digest, bytes.as_deref(), path, part, shown)?
        }
        Asked::Line { file, line } => vec![commit::line(history.as_ref(), file, *line, shown)?],
        Asked::Commit(name) => commit::whole(history.as_ref(), name, shown)?,
    };
    let whole = !answers.is_empty() && answers.iter().all(Answer::is_whole);
    match format {
        Format::Human => render::trace::human(&arguments.place, &answers, shown),
        Format::Json => render::json("trace", render::trace::json(&arguments.place, &answers, shown)),
    }
    Ok(if whole { OK } else { UNKNOWN })
}

/// The home, if there is one: in git, notes and records can be read without it. One that is named must exist.
pub fn optional_home(named: Option<&Path>) -> Result<Option<Home>, Failure> {
    match Home::open(&inputs::home_path(named)) {
        Err(HomeError::Missing(_)) if named.is_none() => Ok(None),
        opened => opened.map(Some).map_err(|error| inputs::home_failure(&error)),
    }
}

/// Reads `ARTIFACT[:FUNCTION|:FILE:LINE]`, `FILE:LINE` or a commit. A file's own name may hold colons: the longest
/// beginning that is a file, or a digest, is it.
fn read(place: &str) -> Result<Asked, Failure> {
    let ends = place.match_indices(':').map(|(at, _)| at).chain([place.len()]).collect::<Vec<_>>();
    for end in ends.into_iter().rev() {
        let (name, rest) = place.split_at_checked(end).unwrap_or_default();
        let part = rest.strip_prefix(':');
        let digest = name.strip_prefix("sha256:").unwrap_or(name).parse::<Digest>();
        if let Ok(digest) = digest {
            return Ok(Asked::Artifact { digest, bytes: None, path: name.to_owned(), part: read_part(part) });
        }
        let path = Path::new(name);
        if name.is_empty() || !path.is_file() {
            continue;
        }
        let line = part.and_then(|part| part.parse().ok()).filter(|line| *line > 0);
        if let Some((digest, bytes)) = artifact_at(path)? {
            // A text is its own source: in a work tree a line of it is one of any file's, else one of the artifact's.
            let text = bytes.as_deref().is_some_and(|bytes| !is_binary(bytes));
            if let Some(line) = line.filter(|_| text) {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if Repository::discover(folder.unwrap_or_else(|| Path::new("."))).is_ok() {
                    return Ok(Asked::Line { file: path.to_path_buf(), line });
                }
                let part = Part::Line(name.to_owned(), line);
                return Ok(Asked::Artifact { digest, bytes, path: name.to_owned(), part });
            }
            return Ok(Asked::Artifact { digest, bytes, path: name.to_owned(), part: read_part(part) });
        }
        return match line {
            Some(line) => Ok(Asked::Line { file: path.to_path_buf(), line }),
            None => {
                Err(Failure::wrong(format!("`{name}` is a source file: a line of it can be traced, not the whole"))
                    .next(format!("proofmark trace {name}:1")))
            }
        };
    }
    let looks_like_a_place = place.contains(':') || place.contains('.') || Path::new(place).is_dir();
    if looks_like_a_place || Repository::discover(Path::new(".")).is_err() {
        return Err(Failure::wrong(format!("`{place}` is no file, no digest of an artifact and no commit"))
            .next("name FILE:LINE in a git work tree, ARTIFACT, ARTIFACT:FUNCTION, ARTIFACT:FILE:LINE, or a commit"));
    }
    Ok(Asked::Commit(place.to_owned()))
}

fn read_part(part: Option<&str>) -> Part {
    let Some(part) = part.filter(|part| !part.is_empty()) else { return Part::Whole };
    match part.rsplit_once(':').map(|(file, line)| (file, line.parse())) {
        Some((file, Ok(line))) if line > 0 => Part::Line(file.to_owned(), line),
        _ => Part::Function(part.to_owned()),
    }
}

/// An artifact's digest, and its bytes if they are at hand.
type Given = (Digest, Option<Vec<u8>>);

/// The digest and bytes of a file that is an artifact, or of the artifact of a file that is a mark; `None` for other files.
fn artifact_at(path: &Path) -> Result<Option<Given>, Failure> {
    use std::io::Read as _;
    if path.extension().is_some_and(|extension| extension == "mark") {
        return marked(path).map(|digest| Some((digest, None)));
    }
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(START_BYTES).read_to_end(&mut start));
    if read.is_err() || !(is_binary(&start) || is_text(&start)) {
        return Ok(None);
    }
    let bytes = inputs::artifact(path)?;
    Ok(Some((Digest::of(&bytes), Some(bytes))))
}

/// Whether a text begins as WebAssembly text does, after comments.
fn is_text(start: &[u8]) -> bool {
    let mut rest = start.trim_ascii_start();
    while rest.starts_with(b";;") {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
    }
    rest.starts_with(b"(module") || rest.starts_with(b"(component")
}

/// The artifact that a mark is for. Whether the mark is valid is `verify`'s question.
fn marked(path: &Path) -> Result<Digest, Failure> {
    let wrong = |why: String| {
        Failure::wrong(format!("`{}` is not a mark: {why}", path.display()))
            .next("proofmark verify says what is wrong with it")
    };
    let mark: Mark = serde_json::from_slice(&inputs::mark(path)?).map_err(|error| wrong(error.to_string()))?;
    let statement = Statement::<Submission>::parse(mark.submission.envelope.unverified_payload());
    Ok(statement.map_err(|error| wrong(error.to_string()))?.artifact)
}

/// The repository of a directory.
pub fn repository(folder: &Path) -> Result<Repository, Failure> {
    Repository::discover(folder).map_err(|error| match error {
        GitError::None(_) => {
            Failure::wrong(error.to_string()).next("name a line of a file in a git work tree, or an artifact")
        }
        _ => git_failure(&error),
    })
}
