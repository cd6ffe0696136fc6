//! Against the git program: blame through renames and merges, notes both ways, packed objects; repositories that mean harm.

use super::rig::Rig;
use super::*;

const NOTES: &str = "refs/notes/ai";

/// What `git blame` says of a line of HEAD: commit, path there, line there.
fn blamed(rig: &mut Rig, path: &str, line: u32) -> (String, String, u32) {
    let range = format!("{line},{line}");
    let said = rig.git(&["blame", "--porcelain", "-L", &range, "HEAD", "--", path]);
    let first = said.lines().next().unwrap().split(' ').collect::<Vec<_>>();
    let file = said.lines().find_map(|line| line.strip_prefix("filename ")).unwrap();
    (first[0].to_owned(), file.to_owned(), first[1].parse().unwrap())
}

fn found(repository: &Repository, path: &str, line: u32) -> (String, String, u32) {
    let head = repository.commit_named("HEAD").unwrap();
    let place = repository.place(head, path, line).unwrap().unwrap();
    let origin = repository.origin(place).unwrap().place;
    (origin.commit.id.to_string(), origin.path, origin.line)
}

#[test]
fn lines_are_followed_as_git_blames_them() {
    let mut rig = Rig::new();
    let mut state = 11_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    // Every line is a text of its own, so that there is one right answer.
    let mut lines: Vec<String> = (0..40).map(|at| format!("line {at} of the first text")).collect();
    let mut path = "src/first.c".to_owned();
    let write = |rig: &Rig, path: &str, lines: &[String]| rig.write(path, lines.join("\n") + "\n");
    write(&rig, &path, &lines);
    rig.commit("first");
    for step in 0..25 {
        for _ in 0..=random(4) {
            let at = random(lines.len());
            match random(3) {
                0 => lines[at] = format!("changed {step} at {at}"),
                1 => lines.insert(at, format!("new {step} before {at} {}", random(1_000_000))),
                _ => drop(lines.remove(at)),
            }
        }
        if step % 6 == 3 {
            let next = format!("other{step}/renamed.c");
            std::fs::create_dir_all(rig.path().join(format!("other{step}"))).unwrap();
            rig.git(&["mv", &path, &next]);
            path = next;
        }
        write(&rig, &path, &lines);
        rig.commit(&format!("step {step}"));
        if step % 8 == 5 {
            // A branch that changes another line, merged back.
            rig.git(&["checkout", "-q", "-b", &format!("side{step}"), "HEAD~1"]);
            rig.write("beside.txt", format!("{step}"));
            rig.commit("beside");
            rig.git(&["checkout", "-q", "main"]);
            rig.git(&["merge", "-q", "--no-edit", &format!("side{step}")]);
        }
    }
    let compare = |rig: &mut Rig| {
        let repository = rig.open();
        for line in 1..=lines.len() as u32 {
            assert_eq!(found(&repository, &path, line), blamed(rig, &path, line), "{path}:{line}");
        }
    };
    compare(&mut rig);
    rig.git(&["gc", "-q", "--prune=now"]);
    compare(&mut rig);
}

#[test]
fn a_line_of_either_side_of_a_merge_is_found() {
    let mut rig = Rig::new();
    let text = |first: &str, last: &str| format!("{first}\n{}\n{last}\n", "middle\n".repeat(20));
    rig.write("a.c", text("top", "bottom"));
    rig.commit("base");
    rig.git(&["checkout", "-q", "-b", "side"]);
    rig.write("a.c", text("top of the side", "bottom"));
    let side = rig.commit("side");
    rig.git(&["checkout", "-q", "main"]);
    rig.write("a.c", text("top", "bottom of main"));
    let main = rig.commit("main");
    rig.git(&["merge", "-q", "--no-edit", "side"]);
    let repository = rig.open();
    assert_eq!(found(&repository, "a.c", 1).0, side);
    assert_eq!(found(&repository, "a.c", 23).0, main);
}

#[test]
fn only_what_a_commit_brings_is_added() {
    let mut rig = Rig::new();
    rig.write("a.c", "one\ntwo\nthree\n");
    rig.commit("first");
    rig.write("a.c", "one\nTWO\nthree\nfour\n");
    rig.commit("second");
    let repository = rig.open();
    let head = repository.commit_named("HEAD").unwrap();
    let blob = repository.blob_at(head.tree, "a.c").unwrap().unwrap();
    assert_eq!(repository.added(&head, "a.c", blob).unwrap(), [2, 4]);
    assert_eq!(head.author, "Ada <ada@example.com>");
    assert!(repository.blob_at(head.tree, "a.c/b").unwrap().is_none());
    assert!(repository.blob_at(head.tree, "none").unwrap().is_none());
    let place = |line| repository.place(head.clone(), "a.c", line).unwrap().is_some();
    assert_eq!([place(0), place(1), place(4), place(5)], [false, true, true, false]);
}

#[test]
fn commits_have_names() {
    let mut rig = Rig::new();
    let id = rig.commit("first");
    rig.git(&["tag", "-a", "v1", "-m", "one"]);
    rig.git(&["tag", "-a", "v2", "-m", "two", "v1"]);
    let repository = rig.open();
    for name in ["HEAD", "main", "refs/heads/main", "v1", "v2", &id] {
        assert_eq!(repository.commit_named(name).unwrap().id.to_string(), id, "{name}");
    }
    let tree = repository.commit_named("HEAD").unwrap().tree.to_string();
    for wrong in ["none", "", "HEAD~1", "../x", &tree] {
        assert!(matches!(repository.commit_named(wrong), Err(GitError::Revision(_))), "{wrong}");
    }
    assert!(matches!(repository.commit_named(&"1".repeat(40)), Err(GitError::Missing(_))));
}

#[test]
fn notes_are_those_of_git_both_ways() {
    let mut rig = Rig::new();
    let commits: Vec<String> = (0..300).map(|at| rig.commit(&format!("{at}"))).collect();
    rig.git(&["notes", "--ref=ai", "add", "-m", "by git", &commits[0]]);
    let repository = rig.open();
    let id = |at: usize| ObjectId::from_hex(commits[at].as_bytes()).unwrap();
    let read = |repository: &Repository, at: usize| {
        let blob = repository.note(NOTES, id(at)).unwrap()?;
        Some(String::from_utf8(repository.note_bytes(blob, 100).unwrap()).unwrap())
    };
    assert_eq!(read(&repository, 0).unwrap(), "by git\n");
    assert_eq!(read(&repository, 1), None);
    for at in 1..commits.len() {
        repository
            .write_note(NOTES, id(at), format!("note {at}").as_bytes(), "Proofmark <p@example.com>", 1_800_000_000)
            .unwrap();
    }
    repository.write_note(NOTES, id(1), b"again", "Proofmark <p@example.com>", 1_800_000_000).unwrap();
    assert_eq!(repository.notes(NOTES).unwrap().len(), commits.len());
    assert_eq!(read(&repository, 1).unwrap(), "again");
    // The program reads what was written, and finds nothing wrong with it.
    assert_eq!(rig.git(&["notes", "--ref=ai", "show", &commits[299]]), "note 299");
    assert_eq!(rig.git(&["notes", "--ref=ai", "show", &commits[0]]), "by git");
    assert_eq!(rig.git(&["notes", "--ref=ai", "list"]).lines().count(), commits.len());
    rig.git(&["fsck", "--strict"]);
    // And writes on.
    rig.git(&["notes", "--ref=ai", "add", "-f", "-m", "by git", &commits[5]]);
    assert_eq!(read(&rig.open(), 5).unwrap(), "by git\n");
}

#[test]
fn a_linked_work_tree_shares_history_and_notes() {
    let mut rig = Rig::new();
    rig.write("a.c", "one\n");
    let id = rig.commit("first");
    rig.git(&["notes", "--ref=ai", "add", "-m", "text", &id]);
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("linked");
    rig.git(&["worktree", "add", "-q", path.to_str().unwrap(), "-b", "linked"]);
    let repository = Repository::discover(&path).unwrap();
    assert_eq!(repository.root, path.canonicalize().unwrap());
    assert_eq!(found(&repository, "a.c", 1).0, id);
    assert!(repository.note(NOTES, ObjectId::from_hex(id.as_bytes()).unwrap()).unwrap().is_some());
}

#[test]
fn a_shallow_history_ends_where_it_is_cut() {
    let mut rig = Rig::new();
    rig.write("a.c", "one\n");
    rig.commit("first");
    rig.commit("second");
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("shallow");
    let from = format!("file://{}", rig.path().display());
    rig.git(&["clone", "-q", "--depth=1", &from, path.to_str().unwrap()]);
    let repository = Repository::discover(&path).unwrap();
    let head = repository.commit_named("HEAD").unwrap();
    let place = repository.place(head, "a.c", 1).unwrap().unwrap();
    assert!(repository.origin(place).unwrap().cut);
}

#[test]
fn nothing_that_a_repository_configures_is_started_or_read() {
    let mut rig = Rig::new();
    rig.write("a.c", "one\n");
    let id = rig.commit("first");
    let lure = rig.path().join("lure");
    let program = rig.path().join("program");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", lure.display())).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let name = program.display();
    rig.write(".gitattributes", "*.c diff=evil filter=evil\n");
    rig.write(
        ".git/config",
        format!(
            "[core]\nrepositoryformatversion = 0\nfsmonitor = {name}\npager = {name}\nsshCommand = {name}\nhooksPath = {0}\n\
             [diff \"evil\"]\ncommand = {name}\ntextconv = {name}\n[filter \"evil\"]\nclean = {name}\nsmudge = {name}\nprocess = {name}\n\
             [include]\npath = /etc/passwd\n",
            rig.path().display()
        ),
    );
    for hook in ["reference-transaction", "post-commit", "pre-commit"] {
        let hook = rig.path().join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::copy(&program, &hook).unwrap();
        std::fs::copy(&program, rig.path().join(hook.file_name().unwrap())).unwrap();
    }
    let repository = rig.open();
    assert_eq!(found(&repository, "a.c", 1).0, id);
    let about = ObjectId::from_hex(id.as_bytes()).unwrap();
    repository.write_note(NOTES, about, b"text", "Proofmark <p@example.com>", 1).unwrap();
    assert!(repository.note(NOTES, about).unwrap().is_some());
    assert!(!lure.exists(), "a program was started");
    // Nor is what is no configuration at all a reason to stop.
    rig.write(".git/config", [0xff; 4096]);
    assert_eq!(found(&rig.open(), "a.c", 1).0, id);
}

#[test]
fn huge_objects_are_refused_by_what_they_say_of_themselves() {
    let mut rig = Rig::new();
    rig.write("a.c", vec![b'x'; FILE_BYTES_MAX as usize + 1]);
    rig.write("b.c", "one\n");
    let id = rig.commit("first");
    rig.write("note", vec![b'n'; 1 << 20]);
    rig.git(&["notes", "--ref=ai", "add", "-F", "note", &id]);
    let repository = rig.open();
    let head = repository.commit_named("HEAD").unwrap();
    assert!(matches!(repository.place(head, "a.c", 1), Err(GitError::Size(..))));
    let note = repository.note(NOTES, ObjectId::from_hex(id.as_bytes()).unwrap()).unwrap().unwrap();
    assert!(matches!(repository.note_bytes(note, 1000), Err(GitError::Size(..))));
}

#[test]
fn damaged_repositories_give_errors_and_no_more() {
    let mut rig = Rig::new();
    for at in 0..12 {
        rig.write("a.c", format!("one\n{at}\nthree\n"));
        let id = rig.commit(&format!("{at}"));
        rig.git(&["notes", "--ref=ai", "add", "-m", "text", &id]);
    }
    rig.git(&["gc", "-q", "--prune=now"]);
    let mut files = Vec::new();
    let mut todo = vec![rig.path().join(".git")];
    while let Some(folder) = todo.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { todo.push(path) } else { files.push(path) }
        }
    }
    files.retain(|file| {
        ["pack", "idx", "rev", "graph"].iter().any(|end| file.extension().is_some_and(|it| it == *end))
            || file.ends_with("packed-refs")
            || file.ends_with("HEAD")
    });
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    let mut state = 5_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let look = || -> Result<(), GitError> {
        let repository = Repository::discover(rig.path())?;
        let head = repository.commit_named("HEAD")?;
        let Some(place) = repository.place(head.clone(), "a.c", 3)? else { return Ok(()) };
        repository.origin(place)?;
        repository.notes(NOTES)?;
        repository.note(NOTES, head.id)?;
        Ok(())
    };
    look().unwrap();
    let mut failed = 0;
    for round in 0..600 {
        let file = &files[round % files.len()];
        let whole = std::fs::read(file).unwrap();
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        if random(4) == 0 {
            bytes.truncate(random(bytes.len()));
        }
        let permissions = std::fs::metadata(file).unwrap().permissions();
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, bytes).unwrap();
        failed += usize::from(look().is_err());
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, whole).unwrap();
        std::fs::set_permissions(file, permissions).unwrap();
    }
    assert!(failed > 50, "{failed}");
    look().unwrap();
}

#[test]
fn paths_outside_the_work_tree_have_no_place_in_it() {
    let rig = Rig::new();
    rig.write("src/a.c", "one\n");
    let repository = rig.open();
    assert_eq!(repository.relative(&rig.path().join("src/a.c")).unwrap(), "src/a.c");
    assert_eq!(repository.relative(&rig.path().join("src/../src/a.c")).unwrap(), "src/a.c");
    assert_eq!(repository.relative(Path::new("/etc/passwd")), None);
    let outside = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::discover(outside.path()), Err(GitError::None(_))));
}
