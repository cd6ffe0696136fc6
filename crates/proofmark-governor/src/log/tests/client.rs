//! A tlog-tiles client that knows the specification and the directory, and nothing of our code but SHA-256.

use std::path::{Path, PathBuf};

use super::*;

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    Digest::of_parts(parts).0
}

/// MTH of RFC 6962, section 2.1, over hashes of leaves, as it is written there.
fn mth(hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [] => sha256(&[]),
        [hash] => *hash,
        _ => {
            let k = hashes.len().next_power_of_two() / 2;
            sha256(&[&[1], &mth(&hashes[..k]), &mth(&hashes[k..])])
        }
    }
}

/// `<prefix>/tile/<L>/<N>[.p/<W>]` for the tile of which a tree of `count` hashes at that level has tile `n`.
fn tile_path(prefix: &Path, level: &str, n: usize, count: usize) -> PathBuf {
    let mut path = prefix.join("tile").join(level);
    let text = n.to_string();
    let text = format!("{}{text}", "0".repeat((3 - text.len() % 3) % 3));
    let groups = text.len() / 3;
    for group in 0..groups {
        let digits = &text[group * 3..group * 3 + 3];
        path.push(if group + 1 < groups { format!("x{digits}") } else { digits.to_owned() });
    }
    if count / 256 == n {
        path.set_file_name(format!("{}.p", path.file_name().unwrap().to_str().unwrap()));
        path.push((count % 256).to_string());
    }
    path
}

fn read_log(prefix: &Path) -> Vec<Vec<u8>> {
    let note = std::fs::read_to_string(prefix.join("checkpoint")).unwrap();
    let lines: Vec<_> = note.lines().collect();
    assert_eq!((lines[0], lines[3]), ("example.org/log", ""));
    let size: usize = lines[1].parse().unwrap();

    let mut levels: Vec<Vec<[u8; 32]>> = Vec::new();
    for level in 0.. {
        let count = size >> (8 * level);
        if count == 0 {
            break;
        }
        let mut hashes = Vec::new();
        for n in 0..count.div_ceil(256) {
            let bytes = std::fs::read(tile_path(prefix, &level.to_string(), n, count)).unwrap();
            assert_eq!(bytes.len(), 32 * (count - n * 256).min(256));
            hashes.extend(bytes.chunks(32).map(|hash| <[u8; 32]>::try_from(hash).unwrap()));
        }
        levels.push(hashes);
    }
    for pair in levels.windows(2) {
        let parents: Vec<_> = pair[0].chunks_exact(256).map(mth).collect();
        assert_eq!(parents, pair[1]);
    }
    let root = mth(levels.first().map_or(&[], Vec::as_slice));
    let encoded: String = note.lines().nth(2).unwrap().to_owned();
    assert_eq!(encoded, base64(&root));

    let mut entries = Vec::new();
    for n in 0..size.div_ceil(256) {
        let bundle = std::fs::read(tile_path(prefix, "entries", n, size)).unwrap();
        let mut rest = &bundle[..];
        while let [high, low, after @ ..] = rest {
            let length = usize::from(*high) * 256 + usize::from(*low);
            entries.push(after[..length].to_vec());
            rest = &after[length..];
        }
        assert!(rest.is_empty());
        assert_eq!(entries.len(), size.min((n + 1) * 256));
    }
    let leaves: Vec<_> = entries.iter().map(|entry| sha256(&[&[0], entry])).collect();
    assert_eq!(leaves, levels.first().cloned().unwrap_or_default());
    entries
}

fn base64(bytes: &[u8]) -> String {
    let digit =
        |n: u32| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[n as usize & 63]);
    let encode = |chunk: &[u8]| {
        let n = chunk.iter().chain([&0, &0]).take(3).fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
        let digits: String = [18, 12, 6, 0].map(|shift| digit(n >> shift)).iter().take(chunk.len() + 1).collect();
        format!("{digits:=<4}")
    };
    bytes.chunks(3).map(encode).collect()
}

#[test]
fn a_client_that_follows_the_specification_reads_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::local(directory.path()).unwrap();
    let mut log = Log::create(store.clone(), signer()).unwrap();
    assert_eq!(read_log(directory.path()), Vec::<Vec<u8>>::new());
    for end in [1, 3, 255, 256, 300, 768, 800, 1800] {
        let first = log.view().size();
        log.append(&batch(first..end)).unwrap();
        let wanted: Vec<_> = (0..end).map(|n| entry(&format!("{n}")).0.to_bytes()).collect();
        assert_eq!(read_log(directory.path()), wanted);
    }
    assert_sound(&store);
}

#[test]
fn a_client_reads_a_log_with_three_levels_of_tiles() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::local(directory.path()).unwrap();
    let log = filled(&store, &[1024], 66_000);
    assert_eq!(read_log(directory.path()).len(), 66_000);
    assert!(directory.path().join("tile/2/000.p/1").exists());
    let view = log.view();
    for n in [0, 255, 256, 65_535, 65_536, 65_999] {
        merkle::verify_inclusion(&leaf(n), n, 66_000, &view.inclusion_proof(n).unwrap(), &view.root()).unwrap();
    }
    assert_sound(&store);
}
