//! The profile of files made byte by byte, of programs compiled here, and of broken ones.

use std::collections::BTreeSet;
use std::process::Command;

use proptest::prelude::*;

use super::*;

mod compiled;
mod hostile;
mod made;

/// Where [`elf`] puts the code.
const CODE: u64 = 0x40_00b0;

/// A static executable with one segment of these flags, in which its headers and `code` lie.
fn elf_with(flags: u32, machine: u16, code: &[u8]) -> Vec<u8> {
    let size = (code.len() as u64).saturating_add(0xb0);
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2_u16, machine].iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([CODE, 64, 0].iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend([64_u16, 56, 2, 64, 0, 0].iter().flat_map(|value| value.to_le_bytes()));
    for (kind, flags, words) in
        [(1_u32, flags, [0, 0x40_0000, 0x40_0000, size, size, 0x1000]), (0x6474_e551, 6, [0, 0, 0, 0, 0, 16_u64])]
    {
        bytes.extend([kind, flags].iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(words.iter().flat_map(|value| value.to_le_bytes()));
    }
    assert_eq!(bytes.len(), 0xb0);
    bytes.extend(code);
    bytes
}

fn elf(code: &[u8]) -> Vec<u8> {
    elf_with(5, 62, code)
}

fn profile(bytes: &[u8]) -> Profile {
    Profile::read(bytes).unwrap()
}

/// Names of the system calls found, and the number of unknown sites.
fn calls(profile: &Profile) -> (Vec<&str>, u64) {
    (profile.system_calls.iter().map(|call| call.name.as_str()).collect(), profile.code.unknown_sites)
}

fn wants(profile: &Profile) -> Vec<(Want, bool)> {
    profile.needs.iter().map(|need| (need.want, need.certain)).collect()
}

fn signs(profile: &Profile) -> Vec<&str> {
    profile.findings.iter().map(|finding| finding.sign.as_str()).collect()
}

/// Compiles a C program with the machine's compiler.
fn cc(source: &str, flags: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.c"), folder.path().join("out"));
    std::fs::write(&input, source).unwrap();
    let done = Command::new("cc").args(flags).arg("-o").arg(&output).arg(&input).output().expect("`cc` is needed");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    (folder, output)
}

fn compiled(source: &str, flags: &[&str]) -> Profile {
    let (_folder, path) = cc(source, flags);
    profile(&std::fs::read(path).unwrap())
}
