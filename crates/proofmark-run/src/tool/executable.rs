//! What the kernel would start for a path, and which files it needs: shared libraries, the loader, the interpreter of a
//! script. Read from the files; nothing is run.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::elf::{self, Linked};
use crate::native::libraries::PLACES;

/// The largest file that is looked at, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// The longest first line of a script, in bytes (Linux 5.1).
const FIRST_LINE_MAX: usize = 255;
/// The most files that one program may need: a fence has not many more places.
const FILES_MAX: usize = 60;
/// A program that the kernel can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// The ELF file: the program, or the interpreter of a script.
    pub path: PathBuf,
    /// What comes before other arguments: of a script its interpreter's argument and its own path.
    pub arguments: Vec<String>,
    /// The program itself and, of a script, its interpreter.
    pub files: Vec<PathBuf>,
}

impl Executable {
    /// What is started for a program at an absolute path. `named` finds the program that `#!/usr/bin/env NAME` asks for.
    ///
    /// # Errors
    /// In words: there is no such file, or it is neither an ELF file nor a script.
    pub fn at(program: &Path, named: &dyn Fn(&str) -> Option<PathBuf>) -> Result<Self, String> {
        let shown = program.display();
        if !program.is_absolute() {
            return Err(format!("`{shown}` is not an absolute path"));
        }
        let head = head(program)?;
        if head.starts_with(&elf::MAGIC) {
            return Ok(Self { path: program.to_owned(), arguments: Vec::new(), files: vec![program.to_owned()] });
        }
        let line =
            head.strip_prefix(b"#!").ok_or_else(|| format!("`{shown}` is neither an executable nor a script"))?;
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| format!("the first line of `{shown}` is not UTF-8"))?.trim();
        let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let argument = argument.trim();
        let (path, argument) = if Path::new(interpreter).file_name().is_some_and(|name| name == "env") {
            let found = named(argument).ok_or_else(|| format!("`{shown}` is for `{argument}`, which is not there"))?;
            (found, "")
        } else {
            (PathBuf::from(interpreter), argument)
        };
        if !path.is_absolute() || !self::head(&path)?.starts_with(&elf::MAGIC) {
            return Err(format!("the interpreter of `{shown}`, `{}`, is no executable", path.display()));
        }
        let own = program.to_str().ok_or_else(|| format!("`{shown}` is not UTF-8"))?;
        let arguments = [argument, own].into_iter().filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Ok(Self { files: vec![program.to_owned(), path.clone()], path, arguments })
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        read(&self.path)
    }

    /// The files of this program, and the libraries and loaders that they and `others` are linked against. Files that
    /// are no ELF files need none.
    ///
    /// # Errors
    /// In words: a file can't be read, or a library is not on this machine.
    pub fn needs(&self, others: &[PathBuf]) -> Result<BTreeSet<PathBuf>, String> {
        let mut open: Vec<PathBuf> = self.files.iter().chain(others).cloned().collect();
        let mut found: BTreeSet<PathBuf> = open.iter().cloned().collect();
        while let Some(path) = open.pop() {
            if path.is_dir() || !head(&path)?.starts_with(&elf::MAGIC) {
                continue;
            }
            for linked in linked(&path)? {
                // The loader takes the first one of a name, from the folders that a tool's environment names.
                if found.iter().all(|known| known.file_name() != linked.file_name()) {
                    found.insert(linked.clone());
                    open.push(linked);
                }
            }
            if found.len() > FILES_MAX {
                return Err(format!("`{}` needs more than {FILES_MAX} files", self.path.display()));
            }
        }
        Ok(found)
    }
}

/// The loader and the libraries of an ELF file, each at the place where the loader finds it.
fn linked(path: &Path) -> Result<Vec<PathBuf>, String> {
    let linked = Linked::read(&read(path)?).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let origin = path.canonicalize().ok().and_then(|own| own.parent().map(Path::to_path_buf)).unwrap_or_default();
    let own = linked.places.iter().map(|place| match place.strip_prefix("$ORIGIN") {
        Some(rest) => origin.join(rest.trim_start_matches('/')),
        None => PathBuf::from(place),
    });
    let places: Vec<PathBuf> = own.chain(PLACES.map(PathBuf::from)).filter(|place| place.is_absolute()).collect();
    let mut found: Vec<PathBuf> = linked.interpreter.into_iter().map(PathBuf::from).collect();
    for library in linked.libraries {
        if library.contains('/') {
            return Err(format!("`{}` names a library by a path", path.display()));
        }
        let place = places.iter().find(|place| place.join(&library).is_file());
        // Without `..` and links, which no place in a fence has.
        let place = place.and_then(|place| place.canonicalize().ok());
        let place =
            place.ok_or_else(|| format!("`{}` needs `{library}`, which is not on this machine", path.display()))?;
        found.push(place.join(library));
    }
    Ok(found)
}

fn open(path: &Path) -> Result<File, String> {
    let failed = |error: std::io::Error| format!("`{}`: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() || found.len() > FILE_BYTES_MAX {
        return Err(format!("`{}` is no file of at most {FILE_BYTES_MAX} bytes", path.display()));
    }
    Ok(file)
}

fn take(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let taken = open(path)?.take(bytes_max).read_to_end(&mut bytes);
    taken.map_err(|error| format!("`{}`: {error}", path.display()))?;
    Ok(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    take(path, FILE_BYTES_MAX)
}

fn head(path: &Path) -> Result<Vec<u8>, String> {
    take(path, FIRST_LINE_MAX as u64)
}
