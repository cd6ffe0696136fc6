//! Toolchains in the places where systems and package managers put them. Nothing is run, and nothing but names is read.

use std::path::{Path, PathBuf};

use proofmark_generate::Target;
use proofmark_generate::toolchain::Toolchain;

use crate::tools::named;

/// The newest and the oldest clang that is looked for.
const CLANG: [u32; 2] = [21, 14];
/// Commands of npm packages, by what they build.
const NODE: [(&str, Target); 2] = [("asc", Target::AssemblyScript), ("componentize-qjs", Target::JavaScript)];

/// All that are there, without what they are linked against; the preferred ones first.
pub fn all() -> Vec<Toolchain> {
    let mut found: Vec<Toolchain> = Vec::new();
    let [newest, oldest] = CLANG;
    let versions = (oldest..=newest).rev();
    let places = versions.clone().map(|version| Some(PathBuf::from(format!("/usr/lib/llvm-{version}/bin/clang"))));
    let in_path = versions.map(|version| named(&format!("clang-{version}"))).chain([named("clang")]);
    for program in places.chain(in_path).flatten() {
        // Twice by different names it is still the same one.
        if let Some(clang) = clang(&program).filter(|clang| found.iter().all(|one| one.program != clang.program)) {
            found.push(clang);
        }
    }
    found.extend(NODE.iter().filter_map(|(command, target)| node(command, *target)));
    found.extend(named("componentize-py").and_then(|command| python(&command)));
    found.extend(rust());
    found.extend(named("cc").or_else(|| Some(PathBuf::from("/usr/bin/cc"))).and_then(|cc| gcc(&cc)));
    found
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}

fn toolchain(name: &str, target: Target, program: &Path, files: &[&Path]) -> Option<Toolchain> {
    Some(Toolchain {
        name: name.to_owned(),
        target,
        program: text(program)?,
        arguments: Vec::new(),
        linker: None,
        files: files.iter().map(|file| text(file)).collect::<Option<_>>()?,
        generates_code: false,
        version: None,
        sha256: None,
    })
}

/// A clang with the linker for WebAssembly and its own headers.
fn clang(program: &Path) -> Option<Toolchain> {
    let program = program.canonicalize().ok().filter(|path| path.is_file())?;
    let folder = program.parent()?;
    let (headers, version) = headers(&folder.parent()?.join("lib/clang"))?;
    let beside = [folder.join("wasm-ld")].into_iter();
    let linker = beside.chain(named(&format!("wasm-ld-{version}"))).find(|path| path.is_file())?;
    let found = toolchain(&format!("clang-{version}"), Target::C, &program, &[&headers])?;
    Some(Toolchain { linker: Some(text(&linker)?), ..found })
}

/// The headers of the compiler itself, such as `stdint.h`, and its major version, after which their folder is called.
fn headers(folder: &Path) -> Option<(PathBuf, u32)> {
    let names = std::fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let numbered = names.filter_map(|name| Some((name.split('.').next()?.parse().ok()?, name)));
    let (version, name) = numbered.max()?;
    let headers = folder.join(name).join("include");
    headers.join("stddef.h").is_file().then_some((headers, version))
}

/// A command of an npm package, with the folder of packages that it is in.
fn node(command: &str, target: Target) -> Option<Toolchain> {
    let (node, script) = (named("node")?.canonicalize().ok()?, named(command)?.canonicalize().ok()?);
    let packages = script.ancestors().filter(|folder| folder.ends_with("node_modules")).last()?;
    let found = toolchain(command, target, &node, &[packages])?;
    Some(Toolchain { arguments: vec![text(&script)?], generates_code: true, ..found })
}

/// A command of a Python package in a virtual environment, with that and the library of its interpreter.
fn python(command: &Path) -> Option<Toolchain> {
    let folder = command.parent()?.canonicalize().ok()?;
    let (program, environment) = (folder.join("python3"), folder.parent()?);
    if !environment.join("pyvenv.cfg").is_file() {
        return None;
    }
    let real = program.canonicalize().ok()?;
    let version = real.file_name()?.to_str()?.strip_prefix("python").filter(|version| version.contains('.'))?;
    let library = real.parent()?.parent()?.join(format!("lib/python{version}"));
    let found = toolchain("componentize-py", Target::Python, &program, &[&real, &library, environment])?;
    library.is_dir().then_some(())?;
    Some(Toolchain { arguments: vec![text(&folder.join("componentize-py"))?], generates_code: true, ..found })
}

/// A Rust compiler with the library for WebAssembly: the system's, or one that rustup put into the home directory.
fn rust() -> Option<Toolchain> {
    let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from);
    let rustup = rustup.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".rustup")));
    let installed = rustup.and_then(|rustup| std::fs::read_dir(rustup.join("toolchains")).ok()).into_iter().flatten();
    let mut installed: Vec<PathBuf> = installed.flatten().map(|entry| entry.path().join("bin/rustc")).collect();
    installed.sort();
    installed.into_iter().chain(named("rustc")).find_map(|program| {
        let program = program.canonicalize().ok()?;
        let library = program.parent()?.parent()?.join("lib");
        let (own, target) = (library.join("rustlib"), library.join("rustlib/wasm32-unknown-unknown"));
        target.is_dir().then_some(())?;
        // Its sources and documentation are beside them.
        let host = own.join(format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
        let files: Vec<&Path> = [target.as_path(), host.as_path()].into_iter().filter(|path| path.is_dir()).collect();
        toolchain("rustc", Target::Rust, &program, &files)
    })
}

/// A GCC of a distribution, called like `x86_64-linux-gnu-gcc-12`, with what it starts and links statically.
fn gcc(program: &Path) -> Option<Toolchain> {
    let program = program.canonicalize().ok()?;
    let (triple, version) = program.file_name()?.to_str()?.split_once("-gcc-")?;
    let (own, library) =
        (PathBuf::from(format!("/usr/lib/gcc/{triple}/{version}")), PathBuf::from(format!("/usr/lib/{triple}")));
    let starts = PathBuf::from(format!("/usr/libexec/gcc/{triple}/{version}"));
    let mut files = vec![own.clone(), starts.clone(), PathBuf::from("/usr/include")];
    // By themselves too, so that what they are linked against comes along.
    files.extend([&own, &starts].iter().flat_map(|folder| ["cc1", "collect2"].map(|name| folder.join(name))));
    files.extend(["as", "ld"].map(|name| Path::new("/usr/bin").join(name)));
    let linked = std::fs::read_dir(&library).ok()?.flatten().map(|entry| entry.path());
    let is_static = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of_c = ["libc.", "libm.", "libm-", "libmvec.", "libpthread."].iter().any(|start| name.starts_with(start));
        ["crt1.o", "crti.o", "crtn.o"].contains(&name) || of_c && name.ends_with(".a")
    };
    let mut linked: Vec<PathBuf> = linked.filter(is_static).collect();
    linked.sort();
    files.extend(linked);
    files.retain(|path| path.exists());
    let found = toolchain(
        &format!("gcc-{version}"),
        Target::Program,
        &program,
        &files.iter().map(PathBuf::as_path).collect::<Vec<_>>(),
    )?;
    library.join("libc.a").is_file().then_some(found)
}
