//! Lines in git: followed to the commit that wrote them, and from there to who is said, or known, to have written them.

use std::collections::BTreeSet;
use std::path::Path;

use proofmark_mark::digest::Digest;
use proofmark_trace::attribution::{Asked, Attribution, Records, Said, Source, attribute, known, trailer_digests};
use proofmark_trace::git::follow::Place;
use proofmark_trace::git::{Commit, FILE_BYTES_MAX, GitError, ObjectId, Repository};
use proofmark_trace::lines::{Lines, split, unchanged};
use proofmark_trace::wasm::modules;

use super::answer::{Answer, GitPlace};
use super::artifact::lines_answer;
use super::history::History;
use super::repository;
use crate::failure::Failure;
use crate::inputs;

/// The most files of one commit that are looked at.
const FILES_MAX: usize = 2_000;

pub fn git_failure(error: &GitError) -> Failure {
    let text = error.to_string();
    match error {
        GitError::None(_) | GitError::Revision(_) => Failure::wrong(text),
        GitError::Missing(_) | GitError::Size(..) | GitError::Budget | GitError::Kind(..) => Failure::unknown(text),
        GitError::Read(_) => Failure::unknown(text).next("git fsck says what is wrong with the repository"),
        GitError::Write(_) => Failure::failed(text),
    }
}

/// A line of a work tree's file.
pub fn line(history: Option<&History<'_>>, file: &Path, line: u32, show_held_out: bool) -> Result<Answer, Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let repository = repository(folder)?;
    let path = repository
        .relative(file)
        .ok_or_else(|| Failure::wrong(format!("`{}` is not in the work tree of its repository", file.display())))?;
    let bytes = inputs::bytes("the file", file, FILE_BYTES_MAX)?;
    let lines = split(&bytes);
    let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let Some(text) = lines.get(at) else {
        return Err(Failure::wrong(format!("`{}` has {} lines, not {line}", file.display(), lines.len())));
    };
    let origin = committed(&repository, &path, &lines, at)?;
    let records = Records::of(&repository.root);
    let (place, attribution, cut) = match origin {
        Some((origin, cut)) => {
            let bytes = repository.blob(origin.blob).map_err(|error| git_failure(&error))?;
            let (commit, lines) = (Some((&origin.commit, origin.blob)), [origin.line].into_iter().collect());
            let asked = Asked { commit, path: &origin.path, bytes: &bytes, lines: &lines };
            let found = attributed(&repository, history, &asked, &records)?;
            let at = usize::try_from(origin.line.saturating_sub(1)).unwrap_or(usize::MAX);
            (Some(origin), found.get(at).cloned().flatten(), cut)
        }
        None => {
            let lines = [line].into_iter().collect();
            let asked = Asked { commit: None, path: &path, bytes: &bytes, lines: &lines };
            let found = attributed(&repository, history, &asked, &records)?;
            (None, found.get(at).cloned().flatten(), false)
        }
    };
    let git = match &place {
        Some(place) => {
            git_place(&place.commit, &place.path, [place.line].into_iter().collect(), Some(text), attribution)
        }
        None => GitPlace {
            commit: None,
            author: None,
            path,
            lines: [line].into_iter().collect(),
            text: Some(text.to_vec()),
            attribution,
            confirmed: false,
        },
    };
    let whole = match &place {
        Some(place) => repository.blob(place.blob).map_err(|error| git_failure(&error))?,
        None => bytes.clone(),
    };
    let mut answer = answered(history, git, &whole, show_held_out)?;
    if cut {
        answer.unknown.push("the history ends there because it is cut: the line may be older".to_owned());
    }
    Ok(answer)
}

fn git_place(
    commit: &Commit,
    path: &str,
    lines: Lines,
    text: Option<&[u8]>,
    attribution: Option<Attribution>,
) -> GitPlace {
    GitPlace {
        commit: Some(commit.id.to_string()),
        author: Some((commit.author.clone(), commit.time)),
        path: path.to_owned(),
        lines,
        text: text.map(<[u8]>::to_vec),
        attribution,
        confirmed: false,
    }
}

/// Where the line of a work tree's file was written; `None` if it is not committed as it is.
fn committed(
    repository: &Repository,
    path: &str,
    lines: &[&[u8]],
    at: usize,
) -> Result<Option<(Place, bool)>, Failure> {
    let failed = |error: GitError| git_failure(&error);
    let head = match repository.commit_named("HEAD") {
        Ok(head) => head,
        // A branch without a commit.
        Err(GitError::Revision(_)) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let Some(blob) = repository.blob_at(head.tree, path).map_err(failed)? else { return Ok(None) };
    let before = repository.blob(blob).map_err(failed)?;
    let Some(was) = unchanged(&split(&before), lines).get(at).copied().flatten() else { return Ok(None) };
    let line = u32::try_from(was.saturating_add(1)).unwrap_or(u32::MAX);
    let place = Place { commit: head, path: path.to_owned(), blob, line };
    let origin = repository.origin(place).map_err(failed)?;
    Ok(Some((origin.place, origin.cut)))
}

/// Whose the lines are. The log's sources are opened only as far as they are needed: first those that the commit names.
pub fn attributed(
    repository: &Repository,
    history: Option<&History<'_>>,
    asked: &Asked<'_>,
    records: &Records,
) -> Result<Vec<Option<Attribution>>, Failure> {
    let named = asked.commit.map(|(commit, _)| trailer_digests(&commit.message)).unwrap_or_default();
    let sources = match history.filter(|_| !named.is_empty()) {
        Some(history) => history.sources(&named)?,
        None => Vec::new(),
    };
    let mut found = attribute(repository, asked, records, &sources).map_err(|error| git_failure(&error))?;
    if let Some(history) = history.filter(|_| !asked.is_answered(&found)) {
        for (place, logged) in found.iter_mut().zip(known(asked, &history.sources(&[])?)) {
            *place = place.take().or(logged);
        }
    }
    Ok(found)
}

/// Goes on from whose lines are to the intent. `bytes` is the whole file that they are in.
fn answered(
    history: Option<&History<'_>>,
    git: GitPlace,
    bytes: &[u8],
    show_held_out: bool,
) -> Result<Answer, Failure> {
    let stuck =
        |git: GitPlace, why: &str| Answer { git: Some(git), unknown: vec![why.to_owned()], ..Answer::default() };
    let Some(attribution) = git.attribution.clone() else {
        let why = match history {
            Some(_) => "no trailer, note, record or source of the log is about it",
            None => "no trailer, note or record is about it, and there is no home whose log could be asked",
        };
        return Ok(stuck(git, why));
    };
    let Some(history) = history else {
        return Ok(stuck(git, "that is only said: there is no home whose log could confirm it"));
    };
    let subjects: BTreeSet<Digest> = attribution.said.iter().filter_map(|said| said.subject).collect();
    if subjects.is_empty() {
        return Ok(stuck(git, "that is only said: it names no artifact that the log could know"));
    }
    let sources = history.sources(&subjects.iter().copied().collect::<Vec<_>>())?;
    let held: Vec<(&Source, Vec<(u32, u32)>)> = holding(&sources, bytes, &git.lines);
    let Some((source, lines)) = chosen(history, &held)? else {
        let one = attribution.said.first().and_then(|said: &Said| said.subject);
        return match one {
            Some(subject) if held.is_empty() => {
                let mut answer = Answer { git: Some(git), ..Answer::default() };
                answer.follow(history, subject)?;
                answer.unknown.push("that is only said: no source of it that the log holds has the line".to_owned());
                Ok(answer)
            }
            _ => Ok(stuck(git, "sources of several artifacts with different contracts or models have the line")),
        };
    };
    let bytes = history.artifact(source.subject).filter(|bytes| !bytes.starts_with(b"\x7fELF"));
    let modules = bytes.and_then(|bytes| modules(&bytes, &source.path).ok()).unwrap_or_default();
    let there: BTreeSet<u32> = lines.iter().map(|(_, line)| *line).collect();
    let there = there.into_iter().collect();
    let mut answer = lines_answer(history, source.subject, &modules, (&source.path, &there), show_held_out)?;
    answer.git = Some(GitPlace { confirmed: true, ..git });
    Ok(answer)
}

/// The sources that hold lines of a file, each with our lines and its own.
fn holding<'a>(sources: &'a [Source], bytes: &[u8], lines: &Lines) -> Vec<(&'a Source, Vec<(u32, u32)>)> {
    let ours = split(bytes);
    let mut found = Vec::new();
    for source in sources {
        let map = unchanged(&split(&source.text), &ours);
        let held: Vec<(u32, u32)> = (1_u32..)
            .zip(map)
            .filter(|(line, _)| lines.contains(*line))
            .filter_map(|(line, was)| Some((line, u32::try_from(was?.saturating_add(1)).ok()?)))
            .collect();
        if !held.is_empty() {
            found.push((source, held));
        }
    }
    found
}

type Held<'a> = (&'a Source, Vec<(u32, u32)>);

/// The source to go on with: the last one of a chain that has the lines, if all chains that have them are of one contract
/// and one model; `None` if they are not.
fn chosen<'a>(history: &History<'_>, held: &'a [Held<'a>]) -> Result<Option<Held<'a>>, Failure> {
    let mut kinds = BTreeSet::new();
    let mut best: Option<&Held<'_>> = None;
    for one in held {
        let (steps, _) = history.chain(one.0.subject)?;
        if let Some(step) = steps.last() {
            let external = step.provenance().external();
            kinds.insert((external.contract, external.generator.clone(), step.provenance().internal().model.clone()));
        }
        // Of tries of one chain the one that was committed has most of the lines; of equals the last one.
        if best.is_none_or(|best| one.1.len() >= best.1.len()) {
            best = Some(one);
        }
    }
    Ok(best.filter(|_| kinds.len() == 1).cloned())
}

/// Everything that a commit brings: its lines, by whose they are.
pub fn whole(history: Option<&History<'_>>, name: &str, show_held_out: bool) -> Result<Vec<Answer>, Failure> {
    let failed = |error: GitError| git_failure(&error);
    let repository = repository(Path::new("."))?;
    let commit = repository.commit_named(name).map_err(failed)?;
    let records = Records::of(&repository.root);
    let mut answers = Vec::new();
    for (path, blob) in brought(&repository, &commit)? {
        // What is too large to be source code is passed over.
        let Ok(bytes) = repository.blob(blob) else { continue };
        let added = repository.added(&commit, &path, blob).map_err(failed)?;
        let lines = added.iter().copied().collect();
        let asked = Asked { commit: Some((&commit, blob)), path: &path, bytes: &bytes, lines: &lines };
        let found = attributed(&repository, history, &asked, &records)?;
        let mut groups: Vec<(Option<Attribution>, Vec<u32>)> = Vec::new();
        for line in added {
            let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
            let one = found.get(at).cloned().flatten();
            match groups.iter_mut().find(|(known, _)| *known == one) {
                Some((_, lines)) => lines.push(line),
                None => groups.push((one, vec![line])),
            }
        }
        for (attribution, lines) in groups {
            let git = git_place(&commit, &path, lines.into_iter().collect(), None, attribution);
            answers.push(answered(history, git, &bytes, show_held_out)?);
        }
    }
    Ok(answers)
}

/// The files that a commit changes against its first parent, with what they are then.
pub fn brought(repository: &Repository, commit: &Commit) -> Result<Vec<(String, ObjectId)>, Failure> {
    let failed = |error: GitError| git_failure(&error);
    let before = match commit.parents.first() {
        Some(parent) => Some(repository.commit(*parent).map_err(failed)?.tree),
        None => None,
    };
    let changes = repository.changes(before, commit.tree, FILES_MAX).map_err(failed)?;
    let mut found: Vec<_> = changes.into_iter().filter_map(|change| Some((change.path, change.new?))).collect();
    found.sort();
    Ok(found)
}
