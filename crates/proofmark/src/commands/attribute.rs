//! `proofmark attribute`: says in git which lines of a commit are of sources in the log, in a format that other tools read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use proofmark_governor::home::write;
use proofmark_mark::digest::Digest;
use proofmark_trace::agent_trace::{self, Contributor, ContributorKind, Conversation, File, Range, Record, Related};
use proofmark_trace::attribution::{ARTIFACT, Asked, PREFIX, Records, TOOL, known, link_of_digest};
use proofmark_trace::git::{Commit, Repository};
use proofmark_trace::git_ai::{AgentId, AuthorshipLog, Key, NOTE_BYTES_MAX, NOTES_REF, Session, can_name};
use proofmark_trace::lineage::first_seen;
use proofmark_trace::lines::{Lines, split, unchanged};
use serde_json::{Map, Value, json};

use super::trace::answer::version;
use super::trace::commit::{brought, git_failure};
use super::trace::history::{History, Step};
use super::trace::repository;
use crate::cli::{Attribute, Format, Scheme};
use crate::failure::{Failure, OK};
use crate::{inputs, render};

/// Who writes notes, for git.
const AUTHOR: &str = "Proofmark <proofmark@localhost>";
const NOT_TEXT: &str = "records that can't be read any more were not touched";

/// Lines of a file that one reply brought.
struct Group {
    path: String,
    lines: Lines,
    /// The subject of the try whose reply brought the lines.
    subject: Digest,
    /// The artifact whose source has them, and its contract.
    artifact: Digest,
    contract: Digest,
    operator: String,
    kind: String,
    model: String,
    parameters: BTreeMap<String, String>,
    /// Each range with the hash of its lines.
    hashes: Vec<String>,
}

pub fn run(format: Format, home: Option<&Path>, arguments: &Attribute) -> Result<u8, Failure> {
    let home = inputs::home(home)?;
    let history = History::read(&home)?;
    let repository = repository(Path::new("."))?;
    let commit = repository.commit_named(&arguments.commit).map_err(|error| git_failure(&error))?;
    let groups = groups(&repository, &history, &commit)?;
    if groups.is_empty() {
        return Err(Failure::unknown(format!("no line of commit {} is of a source in this home's log", commit.id))
            .next("proofmark trace COMMIT says what is known of its lines"));
    }
    let written = match arguments.scheme {
        Scheme::GitAi => note(&repository, &commit, &groups)?,
        Scheme::AgentTrace => record(&repository, &commit, &groups)?,
    };
    let lines: u64 = groups.iter().map(|group| group.lines.count()).sum();
    let files = groups.iter().map(|group| &group.path).collect::<BTreeSet<_>>().len();
    match format {
        Format::Human => {
            render::said(&format!("{lines} lines in {files} files are attributed"));
            render::line("commit", &commit.id.to_string());
            render::line("written", &render::safe(&written));
        }
        Format::Json => {
            let one = |group: &Group| {
                json!({ "path": group.path, "lines": group.lines.to_string(), "subject": group.subject,
                        "artifact": group.artifact, "contract": group.contract, "model": group.model })
            };
            let groups: Vec<Value> = groups.iter().map(one).collect();
            render::json("attribute", json!({ "commit": commit.id.to_string(), "written": written, "lines": groups }));
        }
    }
    Ok(OK)
}

/// The lines that a commit brings and that are of sources in the log, by the reply that brought them there.
fn groups(repository: &Repository, history: &History<'_>, commit: &Commit) -> Result<Vec<Group>, Failure> {
    let sources = history.sources(&[])?;
    let mut groups = Vec::new();
    for (path, blob) in brought(repository, commit)? {
        let Ok(bytes) = repository.blob(blob) else { continue };
        let added: Lines =
            repository.added(commit, &path, blob).map_err(|error| git_failure(&error))?.into_iter().collect();
        let asked = Asked { commit: Some((commit, blob)), path: &path, bytes: &bytes, lines: &added };
        let found = known(&asked, &sources);
        // Of several sources that have the lines, the one that has most of them; of equals the last one.
        let mut counts: BTreeMap<Digest, usize> = BTreeMap::new();
        for said in found.iter().flatten().flat_map(|one| &one.said).filter_map(|said| said.subject) {
            let count = counts.entry(said).or_default();
            *count = count.saturating_add(1);
        }
        let order = |subject: &Digest| sources.iter().rposition(|source| source.subject == *subject);
        let mut subjects: Vec<(Digest, usize)> = counts.into_iter().collect();
        subjects.sort_by_key(|(subject, count)| std::cmp::Reverse((*count, order(subject))));
        let mut taken = BTreeSet::new();
        for (subject, _) in subjects {
            let (steps, _) = history.chain(subject)?;
            for source in sources.iter().filter(|source| source.subject == subject) {
                let map = unchanged(&split(&source.text), &split(&bytes));
                let is_of = |line: u32| {
                    let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
                    let one = found.get(at).and_then(Option::as_ref);
                    let said = one.is_some_and(|one| one.said.iter().any(|said| said.subject == Some(subject)));
                    said.then(|| map.get(at).copied().flatten()).flatten()
                };
                let ours: Vec<(u32, usize)> = (1_u32..)
                    .zip(&found)
                    .filter(|(line, _)| added.contains(*line) && !taken.contains(line))
                    .filter_map(|(line, _)| Some((line, is_of(line)?)))
                    .collect();
                taken.extend(ours.iter().map(|(line, _)| *line));
                groups.extend(by_reply(&path, &split(&bytes), &steps, &source.path, &ours));
            }
        }
    }
    Ok(groups)
}

/// Lines of a file (ours, and the index of the source's), by the reply that brought them.
fn by_reply(path: &str, text: &[&[u8]], steps: &[Step], source: &str, lines: &[(u32, usize)]) -> Vec<Group> {
    let versions: Vec<(usize, Option<&[u8]>)> =
        steps.iter().enumerate().filter_map(|(at, step)| Some((at, version(step, source)?))).collect();
    let seen = first_seen(&versions.iter().map(|(_, text)| *text).collect::<Vec<_>>());
    let mut found: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (line, at) in lines {
        let step = seen.get(*at).copied().flatten().and_then(|version| versions.get(version));
        if let Some((step, _)) = step {
            found.entry(*step).or_default().push(*line);
        }
    }
    let group = |(at, numbers): (usize, Vec<u32>)| {
        let (step, last) = (steps.get(at)?, steps.last()?);
        let (external, internal) = (step.provenance().external(), step.provenance().internal());
        let lines: Lines = numbers.into_iter().collect();
        let place = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
        let hash = |(first, last): (u32, u32)| {
            agent_trace::content_hash(text.get(place(first).saturating_sub(1)..place(last)).unwrap_or_default())
        };
        Some(Group {
            path: path.to_owned(),
            hashes: lines.ranges().map(hash).collect(),
            lines,
            subject: step.found.statement.artifact,
            artifact: last.found.statement.artifact,
            contract: external.contract,
            operator: external.operator.clone(),
            kind: external.kind.clone(),
            model: internal.model.clone().unwrap_or_else(|| external.generator.clone()),
            parameters: external.parameters.clone(),
        })
    };
    found.into_iter().filter_map(group).collect()
}

/// Writes git-ai's note of the commit. What other tools said of it stays; a line that is somebody's stays theirs.
fn note(repository: &Repository, commit: &Commit, groups: &[Group]) -> Result<String, Failure> {
    let git = |error| git_failure(&error);
    let name = commit.id.to_string();
    let mut log = match repository.note(NOTES_REF, commit.id).map_err(git)? {
        None => AuthorshipLog::new(&name),
        Some(blob) => {
            let bytes = repository.note_bytes(blob, NOTE_BYTES_MAX).map_err(git)?;
            AuthorshipLog::parse(&bytes).map_err(|error| {
                Failure::wrong(format!("the commit's note under {NOTES_REF} can't be added to: {error}"))
                    .next(format!("git notes --ref=ai show {name}, and remove it if it is nobody's"))
            })?
        }
    };
    log.forget(TOOL);
    for group in groups.iter().filter(|group| can_name(&group.path)) {
        let free = |line: &u32| log.authors(&group.path, *line).next().is_none();
        let lines: Lines = group.lines.ranges().flat_map(|(first, last)| first..=last).filter(free).collect();
        if lines.is_empty() {
            continue;
        }
        let id = format!("{PREFIX}{}", group.subject);
        let mut attributes: BTreeMap<String, String> =
            group.parameters.iter().map(|(name, value)| (format!("proofmark.{name}"), value.clone())).collect();
        attributes.insert(ARTIFACT.to_owned(), format!("{PREFIX}{}", group.artifact));
        attributes.insert("proofmark.contract".to_owned(), format!("{PREFIX}{}", group.contract));
        let session = Session {
            agent_id: AgentId { tool: TOOL.to_owned(), id: id.clone(), model: group.model.clone() },
            human_author: Some(group.operator.clone()),
            custom_attributes: Some(attributes),
            rest: Map::new(),
        };
        let checkpoint: [&[u8]; 3] = [name.as_bytes(), group.path.as_bytes(), id.as_bytes()];
        log.attest(&group.path, Key::session(TOOL, &id, &checkpoint), &session, lines);
    }
    let now = Timestamp::now().as_second();
    repository.write_note(NOTES_REF, commit.id, &log.to_bytes(), AUTHOR, now).map_err(git)?;
    Ok(format!("a note of the commit under {NOTES_REF}"))
}

/// Adds an Agent Trace record to those of the work tree, unless it is there.
fn record(repository: &Repository, commit: &Commit, groups: &[Group]) -> Result<String, Failure> {
    let mut files: BTreeMap<&str, Vec<Conversation>> = BTreeMap::new();
    for group in groups {
        let range = |((start_line, end_line), hash): ((u32, u32), &String)| Range {
            start_line,
            end_line,
            content_hash: Some(hash.clone()),
            contributor: None,
        };
        let related = |kind: &str, digest| Related { kind: kind.to_owned(), url: link_of_digest(digest) };
        // What a command or a directory brought may be anybody's.
        let model = matches!(group.kind.as_str(), "openai" | "anthropic");
        let provider = if group.kind == "anthropic" { "anthropic/" } else { "" };
        let contributor = Contributor {
            kind: if model { ContributorKind::Ai } else { ContributorKind::Unknown },
            model_id: model.then(|| format!("{provider}{}", group.model).chars().take(250).collect()),
        };
        files.entry(&group.path).or_default().push(Conversation {
            url: Some(link_of_digest(&group.subject)),
            contributor: Some(contributor),
            ranges: group.lines.ranges().zip(&group.hashes).map(range).collect(),
            related: vec![related("artifact", &group.artifact), related("contract", &group.contract)],
        });
    }
    let file = |(path, conversations): (&str, Vec<Conversation>)| File { path: path.to_owned(), conversations };
    let parameters: BTreeMap<String, &BTreeMap<String, String>> =
        groups.iter().map(|group| (link_of_digest(&group.subject), &group.parameters)).collect();
    let metadata = Map::from_iter([("dev.proofmark".to_owned(), json!({ "parameters": parameters }))]);
    let files = files.into_iter().map(file).collect();
    let record = Record::new(Timestamp::now(), &commit.id.to_string(), files, metadata);
    let path = Records::file(&repository.root).map_err(|error| git_failure(&error))?;
    let mut bytes = match path.exists() {
        false => Vec::new(),
        true => inputs::bytes("the file of records", &path, agent_trace::RECORDS_BYTES_MAX)
            .map_err(|failure| failure.next(NOT_TEXT))?,
    };
    let (there, _) = agent_trace::records(&bytes);
    if !there.iter().any(|one| one.id == record.id) {
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        bytes.extend(record.to_line());
        let folder = path.parent().unwrap_or(&repository.root);
        std::fs::create_dir_all(folder).map_err(|error| Failure::failed(format!("`{}`: {error}", folder.display())))?;
        write(&path, &bytes).map_err(|error| Failure::failed(error.to_string()))?;
    }
    Ok(agent_trace::RECORDS.to_owned())
}
