//! Flip any byte of a mark, an artifact or a log: `verify` never answers valid.

use std::path::{Path, PathBuf};

use crate::place::{DOUBLE, Place, doubling};

fn marked() -> Place {
    let place = Place::new();
    place.check(DOUBLE, wat::parse_str(doubling("")).unwrap()).exits(0);
    place
}

/// Writes `bytes` with the bit of `mask` flipped at `place_in`, runs, and restores.
fn flipped(place: &Place, file: &str, at: usize, mask: u8, arguments: &[&str]) -> i32 {
    let whole = place.read(file);
    let mut changed = whole.clone();
    changed[at] ^= mask;
    place.write(file, &changed);
    let code = place.run(arguments).code;
    place.write(file, &whole);
    code
}

#[test]
fn no_byte_of_a_mark_can_change() {
    use proofmark_mark::mark::verify;
    use proofmark_mark::trust::Trust;
    let place = marked();
    let mark = place.read("artifact.wasm.mark");
    let artifact = place.read("artifact.wasm");
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let now = jiff::Timestamp::now();
    assert!(verify(&mark, Some(&artifact), &trust, now).is_ok());
    // In process, so that every byte of the file can be tried, with one bit or another and with the case bit.
    for at in 0..mark.len() {
        for mask in [1 << (at % 8), 0x20] {
            let mut changed = mark.clone();
            changed[at] ^= mask;
            assert!(verify(&changed, Some(&artifact), &trust, now).is_err(), "byte {at} ^ {mask:#x}");
        }
    }
    for end in 0..mark.len() {
        assert!(verify(&mark[..end], Some(&artifact), &trust, now).is_err(), "cut at {end}");
    }
}

#[test]
fn no_byte_of_the_artifact_can_change() {
    let place = marked();
    let verify = ["verify", "artifact.wasm.mark", "artifact.wasm"];
    assert_eq!(place.run(&verify).code, 0);
    for at in 0..place.read("artifact.wasm").len() {
        assert_eq!(flipped(&place, "artifact.wasm", at, 1 << (at % 8), &verify), 1, "byte {at}");
    }
}

#[test]
fn no_byte_of_the_log_can_change() {
    use proofmark_governor::log::audit;
    use proofmark_governor::store::Store;
    use proofmark_mark::trust::Trust;
    let place = marked();
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let log = place.path(".proofmark/log");
    let sound = || audit(&Store::local(&log).unwrap(), &trust.logs()[0]).is_ok_and(|found| found.is_sound());
    assert!(sound());
    for file in files(&log) {
        let whole = std::fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&file, &changed).unwrap();
            assert!(!sound(), "{} byte {at}", file.display());
        }
        std::fs::remove_file(&file).unwrap();
        assert!(!sound(), "{} removed", file.display());
        std::fs::write(&file, &whole).unwrap();
    }
    assert!(sound());
}

#[test]
fn the_command_refuses_a_changed_log_and_a_changed_mark() {
    let place = marked();
    let verify = ["verify", "artifact.wasm.mark", "artifact.wasm", "--log", ".proofmark/log"];
    assert_eq!(place.run(&verify).code, 0);
    assert_eq!(flipped(&place, "artifact.wasm.mark", 100, 1, &verify), 1);
    for file in files(&place.path(".proofmark/log")) {
        let name = file.strip_prefix(place.path("")).unwrap().display().to_string();
        let middle = place.read(&name).len() / 2;
        assert_eq!(flipped(&place, &name, middle, 4, &verify), 1, "{name}");
    }
}

#[test]
fn a_log_of_another_home_does_not_hold_the_marks_entries() {
    let (place, other) = (marked(), marked());
    let log = other.path(".proofmark/log").display().to_string();
    place.run(&["verify", "artifact.wasm.mark", "--log", &log]).exits(1).says("not valid");
    let trust = other.path(".proofmark/trust.toml").display().to_string();
    place.run(&["verify", "artifact.wasm.mark", "--trust", &trust]).exits(1).says("not valid");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
