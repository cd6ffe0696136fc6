//! Functions with planted bugs, for the end-to-end tests and for the bench beside another fuzzer: one C file for both sides.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// One function of `planted.c`.
pub struct Planted {
    pub name: &'static str,
    /// Its parameters in WIT.
    pub parameters: &'static str,
    /// The call in C that makes them of `size` bytes of `data`.
    pub call: &'static str,
}

pub const PLANTED: [Planted; 10] = [
    Planted { name: "magic", parameters: "n: u32", call: "magic(word(data, size, 0))" },
    Planted { name: "wide", parameters: "n: s64", call: "wide((int64_t)eight(data, size, 0))" },
    Planted {
        name: "checksums",
        parameters: "a: u32, b: u32, c: u32",
        call: "checksums(word(data, size, 0), word(data, size, 4), word(data, size, 8))",
    },
    Planted { name: "sesame", parameters: "text: string", call: "sesame(data, size)" },
    Planted { name: "length", parameters: "bytes: list<u8>", call: "length(data, size)" },
    Planted { name: "state", parameters: "steps: list<u8>", call: "state(data, size)" },
    Planted { name: "frame", parameters: "bytes: list<u8>", call: "frame(data, size)" },
    Planted { name: "ways", parameters: "n: u32, x: f64", call: "ways(word(data, size, 0), fraction(data, size, 4))" },
    Planted { name: "ledger", parameters: "entries: list<u32>", call: "ledger(words(data, size), size / 4)" },
    Planted { name: "command", parameters: "text: string", call: "command(data, size)" },
];

impl Planted {
    /// A contract whose one property says that there is no bug.
    pub fn contract(&self) -> String {
        let Self { name, parameters, .. } = self;
        format!(
            "contract = 1\nname = \"{name}\"\nintent = \"Always 0.\"\n[interface]\nwit = \"package a:b; world w {{ export \
             {name}: func({parameters}) -> u32; }}\"\n[[property]]\nname = \"no bug\"\nof = \"{name}\"\nensures = \
             \"result == 0u\"\n"
        )
    }

    /// The function as an artifact in the file `to`, with its bug or without.
    ///
    /// # Panics
    /// If it can't be compiled.
    pub fn artifact(&self, clang: &Path, bug: u8, to: &Path) -> Vec<u8> {
        let export = format!("-Wl,--no-entry,--export={},--export=cabi_realloc", self.name);
        let mut command = Command::new(clang);
        command.args(["--target=wasm32", "-O2", "-ffreestanding", "-fno-builtin", "-nostdlib", &export]);
        succeeded(&command.arg(format!("-DBUG={bug}")).arg(source()).arg("-o").arg(to).output().unwrap());
        std::fs::read(to).unwrap()
    }
}

/// The C file.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/ratios/planted.c")
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A clang with the linker for WebAssembly beside it.
pub fn clang() -> Option<PathBuf> {
    let versions = (14..30).rev().map(|version| PathBuf::from(format!("/usr/lib/llvm-{version}/bin/clang")));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = versions.chain(std::env::split_paths(&path).map(|folder| folder.join("clang")));
    all.into_iter().find(|clang| clang.is_file() && clang.with_file_name("wasm-ld").is_file())
}
