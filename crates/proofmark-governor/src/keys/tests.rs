//! Tests of key files: made once, private, strict.

use super::*;

#[test]
fn keys_are_made_once_and_loaded_again() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("keys");
    assert!(matches!(Keys::load(&folder), Err(KeysError::NotFound(_))));
    let made = Keys::create(&folder).unwrap();
    let loaded = Keys::load(&folder).unwrap();
    assert_eq!((made.keyid(), made.log_verifier()), (loaded.keyid(), loaded.log_verifier()));
    assert_eq!(made.governor(), loaded.governor());
    assert!(made.log_verifier().name().starts_with("proofmark.dev/log/"));
    assert!(matches!(Keys::create(&folder), Err(KeysError::Exists(path)) if path.ends_with("log.key")));
    assert_eq!(Keys::load(&folder).unwrap().keyid(), made.keyid());
    // No temporary file is left.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn an_interrupted_creation_is_carried_on() {
    let home = tempfile::tempdir().unwrap();
    let first = Keys::create(home.path()).unwrap();
    std::fs::remove_file(home.path().join(LOG)).unwrap();
    assert!(matches!(Keys::load(home.path()), Err(KeysError::NotFound(_))));
    let second = Keys::create(home.path()).unwrap();
    assert_eq!(first.keyid(), second.keyid());
    assert_ne!(first.log_verifier(), second.log_verifier());
}

#[cfg(unix)]
#[test]
fn keys_are_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("keys");
    Keys::create(&folder).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in [GOVERNOR, LOG] {
        let path = folder.join(name);
        assert_eq!(mode(&path), 0o600);
        for open in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
            let error = Keys::load(&folder).unwrap_err();
            assert!(error.to_string().contains(&format!("mode {open:03o}); run `chmod 600`")), "{error}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        Keys::load(&folder).unwrap();
    }
}

#[test]
fn a_file_that_is_not_a_key_is_told_without_its_content() {
    let home = tempfile::tempdir().unwrap();
    Keys::create(home.path()).unwrap();
    for name in [GOVERNOR, LOG] {
        let path = home.path().join(name);
        let right = std::fs::read(&path).unwrap();
        for wrong in [b"".to_vec(), right[..right.len() / 2].to_vec(), [&right[..], b"x"].concat(), vec![0xff; 20_000]]
        {
            std::fs::write(&path, &wrong).unwrap();
            let error = Keys::load(home.path()).unwrap_err();
            assert!(matches!(error, KeysError::Format { .. }), "{name}: {error}");
            assert!(!error.to_string().contains(&String::from_utf8_lossy(&right[40..60]).into_owned()));
        }
        std::fs::write(&path, &right).unwrap();
    }
    let shown = format!("{:?}", Keys::load(home.path()).unwrap());
    assert!(!shown.contains("PRIVATE"), "{shown}");
}

#[test]
fn the_trust_file_names_the_public_halves_and_the_policies() {
    let home = tempfile::tempdir().unwrap();
    let keys = Keys::create(home.path()).unwrap();
    let text = keys.trust(&[("supervised", Digest::of(b"policy")), ("we \"quote\"", Digest::of(b"other"))]);
    let read: toml::Table = text.parse().unwrap();
    assert_eq!(read["trust"].as_integer(), Some(1));
    assert_eq!(read["logs"][0].as_str().unwrap().parse::<VerifierKey>().unwrap(), keys.log_verifier());
    let pem = read["governor"][0]["key"].as_str().unwrap();
    let key: p256::PublicKey = p256::pkcs8::DecodePublicKey::from_public_key_pem(pem).unwrap();
    assert_eq!(Digest::of(key.to_public_key_der().unwrap().as_bytes()), keys.keyid());
    assert_eq!(read["policy"][1]["name"].as_str(), Some("we \"quote\""));
    assert_eq!(read["policy"][0]["sha256"].as_str(), Some(Digest::of(b"policy").to_string().as_str()));
    assert!(!text.contains("PRIVATE"));
}
