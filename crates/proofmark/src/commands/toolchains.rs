//! `proofmark toolchains`: those that are declared and those that are on this machine; `pin` declares them as they are now.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proofmark_generate::toolchain::{PinError, Toolchain, Toolchains, VERSION_BYTES_MAX};
use proofmark_run::fence::{Code, How, Limits};
use proofmark_run::native::Natives;
use proofmark_run::printable::printable;
use proofmark_run::tool::{self, Executable, Job, Surroundings, Tool};
use serde_json::json;

use crate::build::with_cache;
use crate::cli::{Format, Toolchains as Arguments};
use crate::failure::{Failure, OK};
use crate::render::tools::{Line, State};
use crate::{commands, inputs, render, tools};

mod find;

/// The file of a home.
const FILE: &str = "toolchains.toml";
const FILE_BYTES_MAX: u64 = 256 << 10;
/// The next thing to try without a toolchain.
pub const PIN: &str = "proofmark toolchains pin";

pub fn run(format: Format, home: Option<&Path>, arguments: &Arguments) -> Result<u8, Failure> {
    let home = inputs::home_path(home);
    match &arguments.command {
        None => list(format, &home),
        Some(crate::cli::ToolchainsCommand::Pin(names)) => pin(format, &home, &names.names),
    }
}

/// What the home declares.
pub fn declared(home: &Path) -> Result<Toolchains, Failure> {
    parse(home, &text(home)?)
}

/// The text of the file; empty without one.
fn text(home: &Path) -> Result<String, Failure> {
    let path = home.join(FILE);
    if !path.exists() {
        return Ok(String::new());
    }
    let bytes = inputs::bytes("the list of toolchains", &path, FILE_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| Failure::wrong(format!("`{}` is not UTF-8", path.display())))
}

fn parse(home: &Path, text: &str) -> Result<Toolchains, Failure> {
    if text.is_empty() {
        return Ok(Toolchains::default());
    }
    Toolchains::parse(text).map_err(|problems| {
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::wrong(format!("`{}` is not valid: {}", home.join(FILE).display(), said.join("; ")))
    })
}

fn list(format: Format, home: &Path) -> Result<u8, Failure> {
    let declared = declared(home)?;
    let mut lines: Vec<Line> = with_cache(home, |cache| {
        let state = |checked| match checked {
            Ok(_) => State::Pinned,
            Err(PinError::Unpinned(_)) => State::Unpinned,
            Err(PinError::Changed(_)) => State::Changed,
            Err(PinError::Files { error, .. }) => State::Broken(error.to_string()),
        };
        let mut line = |toolchain: &Toolchain| Line {
            state: state(toolchain.check(cache, SystemTime::now())),
            toolchain: toolchain.clone(),
        };
        declared.toolchains.iter().map(&mut line).collect()
    });
    let others = find::all().into_iter().filter(|found| !declares(&declared, found));
    lines.extend(others.map(|toolchain| Line { toolchain, state: State::Found }));
    match format {
        Format::Human => render::tools::list(&lines),
        Format::Json => {
            render::json("toolchains", json!({ "toolchains": lines.iter().map(shown).collect::<Vec<_>>() }))
        }
    }
    Ok(OK)
}

/// Whether a toolchain that was found is declared, under whatever name.
fn declares(declared: &Toolchains, found: &Toolchain) -> bool {
    let same =
        |one: &&Toolchain| one.name == found.name || (one.program == found.program && one.target == found.target);
    declared.toolchains.iter().find(same).is_some()
}

fn shown(line: &Line) -> serde_json::Value {
    let Toolchain { name, target, program, arguments, linker, files, version, sha256, .. } = &line.toolchain;
    json!({
        "name": name,
        "target": target.to_string(),
        "program": program,
        "arguments": arguments,
        "linker": linker,
        "files": files,
        "version": version,
        "sha256": sha256,
        "state": line.state.to_string(),
    })
}

fn pin(format: Format, home: &Path, names: &[String]) -> Result<u8, Failure> {
    if !home.is_dir() {
        return Err(Failure::wrong(format!("`{}` is not a Proofmark home", home.display())).next("proofmark init"));
    }
    let before = text(home)?;
    let chosen = chosen(&parse(home, &before)?, names)?;
    let launch = commands::launch()?;
    let natives = launch.natives();
    let mut after = before.clone();
    let mut lines = Vec::new();
    for (toolchain, is_new) in chosen {
        let toolchain = match pinned(home, &natives, toolchain.clone(), is_new) {
            // Nobody asked for this one.
            Err(failure) if is_new && names.is_empty() => {
                lines.push(Line { toolchain, state: State::Broken(failure.message) });
                continue;
            }
            pinned => pinned?,
        };
        after = toolchain
            .put_into(&after)
            .map_err(|why| Failure::wrong(format!("`{}`: {why}", home.join(FILE).display())))?;
        lines.push(Line { toolchain, state: State::Pinned });
    }
    launch.held()?;
    if after != before {
        replace(&home.join(FILE), &after)
            .map_err(|error| Failure::failed(format!("`{}`: {error}", home.join(FILE).display())))?;
    }
    match format {
        Format::Human => render::tools::list(&lines),
        Format::Json => {
            render::json("toolchains pin", json!({ "toolchains": lines.iter().map(shown).collect::<Vec<_>>() }))
        }
    }
    Ok(OK)
}

/// Those that are to be pinned, each with whether it is not declared yet.
fn chosen(declared: &Toolchains, names: &[String]) -> Result<Vec<(Toolchain, bool)>, Failure> {
    let found = find::all().into_iter().filter(|found| !declares(declared, found)).map(|found| (found, true));
    let all: Vec<(Toolchain, bool)> =
        declared.toolchains.iter().cloned().map(|one| (one, false)).chain(found).collect();
    if names.is_empty() {
        if all.is_empty() {
            return Err(Failure::wrong("no toolchain is declared, and none was found on this machine")
                .next("apt install clang lld"));
        }
        return Ok(all);
    }
    let known = |name: &String| {
        let missing =
            || Failure::wrong(format!("no toolchain `{name}` is declared or was found")).next("proofmark toolchains");
        all.iter().find(|(one, _)| one.name == *name).cloned().ok_or_else(missing)
    };
    names.iter().map(known).collect()
}

/// The toolchain with the version that it says it has, and its digest as it is now. A new one gets what it is linked against.
fn pinned(home: &Path, natives: &Natives, mut toolchain: Toolchain, is_new: bool) -> Result<Toolchain, Failure> {
    let wrong = |why: String| Failure::wrong(format!("the toolchain `{}`: {why}", toolchain.name));
    let executable = Executable::at(Path::new(&toolchain.program), &tools::named).map_err(wrong)?;
    let named: Vec<PathBuf> = toolchain.paths().map(PathBuf::from).collect();
    let needs = executable.needs(&named).map_err(wrong)?;
    let missing = needs.iter().filter(|path| !named.iter().any(|own| path.starts_with(own)));
    let missing: Vec<String> = missing.filter_map(|path| path.to_str()).map(str::to_owned).collect();
    if is_new {
        toolchain.files.extend(missing);
    } else if !missing.is_empty() {
        return Err(wrong(format!("it is linked against files that `files` does not have: {}", missing.join(", "))));
    }
    let needs: Vec<PathBuf> = toolchain.paths().map(PathBuf::from).collect();
    toolchain.version = Some(version(natives, &toolchain, &executable, &needs)?);
    let digest = with_cache(home, |cache| toolchain.digest(cache, SystemTime::now()));
    toolchain.sha256 = Some(digest.map_err(|error| Failure::wrong(error.to_string()))?);
    Ok(toolchain)
}

/// The first line of what it prints when it is asked. A script that can't be asked has its interpreter's.
fn version(
    natives: &Natives,
    toolchain: &Toolchain,
    executable: &Executable,
    needs: &[PathBuf],
) -> Result<String, Failure> {
    let wrong =
        |why: String| Failure::wrong(format!("the toolchain `{}` does not run in a fence: {why}", toolchain.name));
    let code = if toolchain.generates_code { Code::Generated } else { Code::Fixed };
    let limits = Limits { cpu_seconds: 30, ..tool::LIMITS };
    let tool = Tool::new(executable, needs, code, limits).map_err(|error| wrong(error.to_string()))?;
    let ask = |words: &[String]| {
        let arguments: Vec<String> = words.iter().cloned().chain(["--version".to_owned()]).collect();
        let job = Job {
            arguments: &arguments,
            stdin: &[],
            files: &[],
            written_bytes_max: 1 << 16,
            whole_ms: 60_000,
            surroundings: Surroundings::Usual,
        };
        let done = tool.run(natives, &job, &mut || false).map_err(|error| wrong(error.to_string()))?;
        let said = if done.stdout.is_empty() { &done.stderr } else { &done.stdout };
        let line = printable(said).lines().next().unwrap_or_default().replace('\t', " ");
        if done.how != How::Code(0) || line.is_empty() {
            return Err(wrong(format!("asked for its version, it ended ({:?}) and said `{line}`", done.how)));
        }
        Ok(line.get(..line.floor_char_boundary(VERSION_BYTES_MAX)).unwrap_or_default().to_owned())
    };
    ask(&toolchain.arguments).or_else(|failure| if toolchain.arguments.is_empty() { Err(failure) } else { ask(&[]) })
}

/// Whoever reads the file meanwhile finds the old one or the new one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    new.persist(path)?;
    Ok(())
}
