//! Toolchains in the places where systems and package managers put them. Nothing is run, and nothing but names is read.

use std::path::{Path, PathBuf};

use proofmark_generate::Target;
use proofmark_generate::toolchain::Toolchain;

use crate::tools::named;

/// The newest and the oldest clang that is looked for.
const CLANG: [u32; 2] = [21, 14];

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
    found
}

/// A clang with the linker for WebAssembly and its own headers.
fn clang(program: &Path) -> Option<Toolchain> {
    let program = program.canonicalize().ok().filter(|path| path.is_file())?;
    let folder = program.parent()?;
    let (headers, version) = headers(&folder.parent()?.join("lib/clang"))?;
    let beside = [folder.join("wasm-ld")].into_iter();
    let linker = beside.chain(named(&format!("wasm-ld-{version}"))).find(|path| path.is_file())?;
    let text = |path: &Path| path.to_str().map(str::to_owned);
    Some(Toolchain {
        name: format!("clang-{version}"),
        target: Target::C,
        program: text(&program)?,
        arguments: Vec::new(),
        linker: Some(text(&linker)?),
        files: vec![text(&headers)?],
        generates_code: false,
        version: None,
        sha256: None,
    })
}

/// The headers of the compiler itself, such as `stdint.h`, and its major version, after which their folder is called.
fn headers(folder: &Path) -> Option<(PathBuf, u32)> {
    let names = std::fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let numbered = names.filter_map(|name| Some((name.split('.').next()?.parse().ok()?, name)));
    let (version, name) = numbered.max()?;
    let headers = folder.join(name).join("include");
    headers.join("stddef.h").is_file().then_some((headers, version))
}
