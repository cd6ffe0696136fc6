//! Tests of digests over files: what changes them, what the cache may believe, and the limits.

use std::os::unix::fs::symlink;

use super::*;

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(60)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lib")).unwrap();
    fs::write(folder.path().join("lib/a"), "a").unwrap();
    fs::write(folder.path().join("program"), "p").unwrap();
    symlink("a", folder.path().join("lib/link")).unwrap();
    folder
}

fn of(folder: &Path, cache: &mut Cache) -> Digest {
    digest(&[&folder.join("program"), &folder.join("lib")], cache, later()).unwrap()
}

#[test]
fn everything_about_a_file_counts() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let first = of(folder.path(), &mut Cache::default());
    assert_eq!(of(folder.path(), &mut Cache::default()), first);
    let paths = [at("lib"), at("program"), at("program"), at("lib/a")];
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    assert_eq!(digest(&paths, &mut Cache::default(), later()).unwrap(), first, "order and repetition do not");
    let mut seen = vec![first];
    let mut differs = |what: &str| {
        let now = of(folder.path(), &mut Cache::default());
        assert!(!seen.contains(&now), "{what}");
        seen.push(now);
    };
    fs::write(at("lib/a"), "b").unwrap();
    differs("content");
    fs::set_permissions(at("program"), fs::Permissions::from_mode(0o755)).unwrap();
    differs("mode");
    fs::remove_file(at("lib/link")).unwrap();
    symlink("b", at("lib/link")).unwrap();
    differs("target of a link");
    fs::rename(at("lib/a"), at("lib/b")).unwrap();
    differs("name");
    fs::create_dir(at("lib/empty")).unwrap();
    differs("directory");
}

#[test]
fn a_named_link_is_what_it_leads_to() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    symlink("program", at("named")).unwrap();
    let named = || digest(&[&at("named")], &mut Cache::default(), later()).unwrap();
    let first = named();
    fs::write(at("program"), "q").unwrap();
    assert_ne!(named(), first);
}

#[test]
fn the_cache_is_believed_only_for_the_same_file() {
    let folder = folder();
    let program = folder.path().join("program");
    let mut cache = Cache::default();
    let first = of(folder.path(), &mut cache);
    assert!(cache.files.contains_key(&program));
    // Believed: a lie in it is not noticed.
    let mut lying = cache.clone();
    lying.files.get_mut(&program).unwrap().sha256 = Digest([9; 32]);
    assert_ne!(of(folder.path(), &mut lying), first);
    // Another file with the same size and time of modification is another file.
    let modified = fs::metadata(&program).unwrap().modified().unwrap();
    fs::write(&program, "q").unwrap();
    File::options().write(true).open(&program).unwrap().set_modified(modified).unwrap();
    let second = of(folder.path(), &mut cache);
    assert_ne!(second, first);
    assert_eq!(of(folder.path(), &mut Cache::default()), second);
}

#[test]
fn what_changed_a_moment_ago_is_not_kept() {
    let folder = folder();
    let mut cache = Cache::default();
    let paths = [folder.path().join("program")];
    digest(&[&paths[0]], &mut cache, SystemTime::now()).unwrap();
    assert!(cache.files.is_empty());
    digest(&[&paths[0]], &mut cache, UNIX_EPOCH).unwrap();
    assert!(cache.files.is_empty(), "a clock that goes backwards");
}

#[test]
fn the_cache_may_be_lost() {
    let folder = folder();
    let path = folder.path().join("cache.json");
    let mut cache = Cache::load(&path);
    assert_eq!(cache, Cache::default());
    let first = of(folder.path(), &mut cache);
    cache.store(&path).unwrap();
    let mut read = Cache::load(&path);
    assert_eq!(read.files, cache.files);
    assert_eq!(of(folder.path(), &mut read), first);
    assert!(!read.changed, "all was known");
    for wrong in ["", "{", "[1]", "{\"files\":{\"/x\":{}}}", "{\"other\":1}"] {
        fs::write(&path, wrong).unwrap();
        assert_eq!(Cache::load(&path), Cache::default());
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = folder();
    let refused = |path: &Path| digest(&[path], &mut Cache::default(), later()).unwrap_err().to_string();
    assert!(refused(&folder.path().join("none")).contains("can't be read"));
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("lib/socket")).unwrap();
    assert!(refused(folder.path()).contains("is neither a file, a directory nor a symbolic link"));
}
