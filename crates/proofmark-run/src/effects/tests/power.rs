//! Power lost at every system call of a commit, an undo and a removal: on a real ext4 whose disk is a file.
//!
//! The victim works on a file system in a loop device and is stopped at each system call. What the disk holds then is copied,
//! and the copy is what a machine finds that starts again: it is mounted, which replays its journal, and the stage is
//! recovered. The tree must be the old one or the new one.
#![expect(clippy::arithmetic_side_effects, reason = "small counts of a test")]

use super::crash::{Fate, trace};
use super::*;

/// What has reached the disk when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// What the victim itself synced.
    Synced,
    /// All that happened to names, modes and times, for the journal was committed by somebody else's sync; contents
    /// that nobody synced are not there.
    Names,
    /// Everything.
    All,
}

/// A file with an ext4 in it, in memory, and where it is mounted.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

fn command(program: &str, arguments: &[&std::ffi::OsStr]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Disk {
    fn mount(folder: &Path, name: &str) -> Self {
        let disk = Self { image: folder.join(name), at: folder.join(format!("{name}-at")) };
        let _ = fs::create_dir(&disk.at);
        // No commit of the journal by its own clock: only syncs count.
        command("mount", &["-o".as_ref(), "loop,commit=600".as_ref(), disk.image.as_ref(), disk.at.as_ref()]);
        disk
    }

    /// What it holds at one moment. The kernel writes what a journal holds to its place whenever it likes, so a disk that is
    /// read twice and is the same was so in between.
    fn bytes(&self) -> Vec<u8> {
        let mut found = fs::read(&self.image).unwrap();
        loop {
            let again = fs::read(&self.image).unwrap();
            if again == found {
                return found;
            }
            found = again;
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: after a failure the victim is still there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
        let _ = fs::remove_file(&self.image);
    }
}

/// A scanned stage on a disk of its own, which nobody changed since it was synced.
struct Scene {
    /// Before the folder, so that it is unmounted first.
    disk: Disk,
    folder: tempfile::TempDir,
    stage: PathBuf,
    before: Manifest,
    after: Manifest,
    copies: std::cell::Cell<u64>,
}

impl Scene {
    fn new(made: &[Op], run: &[Op]) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let image = folder.path().join("disk");
        fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
        command("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.as_ref()]);
        let disk = Disk::mount(folder.path(), "disk");
        let base = disk.at.join("base");
        fs::create_dir(&base).unwrap();
        fs::write(disk.at.join("unrelated"), "").unwrap();
        apply(&base, made);
        let (mut stage, before) = Stage::new(&base, &limits()).unwrap();
        // Started only now: its mounts are a copy.
        Helper::start().run(&stage, run);
        let effects = stage.scan(before, &limits()).unwrap();
        assert_eq!(effects.refused, []);
        let stage = stage.directory().to_path_buf();
        Self { disk, folder, stage, before: effects.before, after: effects.after, copies: 0.into() }
    }

    /// Lets `reached` come true of what happened so far.
    fn reach(&self, reached: Reached) {
        match reached {
            Reached::Synced => {}
            Reached::Names => {
                let mut file = fs::OpenOptions::new().append(true).open(self.disk.at.join("unrelated")).unwrap();
                file.write_all(b".").unwrap();
                file.sync_all().unwrap();
            }
            Reached::All => {
                rustix::fs::syncfs(fs::File::open(&self.disk.at).unwrap()).unwrap();
            }
        }
    }

    /// Copies the disk, starts from the copy, and says which tree is there.
    fn is_after(&self, when: &str) -> bool {
        // A name of its own: other tests fork mount namespaces, which keep a mounted copy alive for a while.
        self.copies.set(self.copies.get() + 1);
        let name = format!("copy-{}", self.copies.get());
        fs::write(self.folder.path().join(&name), self.disk.bytes()).unwrap();
        let copy = Disk::mount(self.folder.path(), &name);
        let base = copy.at.join("base");
        let read = || {
            let now = tree::read(&base, &limits()).unwrap();
            assert!(now == self.before || now == self.after, "a half-committed tree {when}");
            now == self.after
        };
        let seen = read();
        let stage = copy.at.join(self.stage.file_name().unwrap());
        if !stage.exists() {
            return seen;
        }
        let recovered = recover(&stage).unwrap();
        assert_eq!(read(), seen, "recovery {when} changed the tree");
        match recovered {
            Recovered::Committed => assert!(seen, "{when}"),
            Recovered::Undone => assert!(!seen, "{when}"),
            Recovered::Gone | Recovered::Open => {}
            // What was written before may be lost with the power; then it is not committed, and never in part.
            Recovered::Scanned => {
                assert!(!seen, "{when}");
                let committed = Stage::open(&stage).and_then(|mut stage| stage.commit(&limits()));
                assert_eq!(read(), committed.is_ok(), "a commit after the recovery {when}: {committed:?}");
            }
        }
        seen
    }

    /// Loses power at every system call of `act`; returns how many states of the disk that were.
    fn lose_everywhere(&self, act: &str, reached: Reached) -> u64 {
        rustix::fs::syncfs(fs::File::open(&self.disk.at).unwrap()).unwrap();
        let old = self.is_after("before it began");
        let (mut states, mut last, mut seen) = (0, old, Vec::new());
        trace(&self.stage, act, |nth| {
            self.reach(reached);
            let found = self.disk.bytes();
            if found == seen {
                return Fate::Ended;
            }
            seen = found;
            let now = self.is_after(&format!("at system call {nth} of {act} with {reached:?} on the disk"));
            assert!(now == last || last == old, "the tree went back at {nth} of {act}");
            (states, last) = (states + 1, now);
            Fate::Ended
        });
        // It said that it was done: whatever happens now, it is.
        let done = self.is_after(&format!("after {act}"));
        assert_eq!(done, if act == "commit" || act == "undo" { !old } else { old }, "{act} was lost");
        println!("{act}, {reached:?}: {} states", states + 1);
        states + 1
    }
}

/// A small tree, for each state of the disk is mounted.
fn made() -> Vec<Op> {
    let write = |name: &str, text: &str| Op::Write(path(name), text.as_bytes().to_vec());
    vec![Op::Mkdir(path("album")), write("album/one", "first"), write("two", "second"), write("kept", "third")]
}

fn run() -> Vec<Op> {
    vec![
        Op::Mkdir(path("2001")),
        Op::Move(path("album/one"), path("2001/one")),
        Op::Append(path("two"), b"!".to_vec()),
        Op::Remove(path("album")),
    ]
}

#[test]
#[ignore = "mounts a disk for each of hundreds of states: minutes on a slow machine, and only for root"]
fn power_lost_at_every_system_call() {
    if !rustix::process::geteuid().is_root() || !Path::new("/dev/loop-control").exists() {
        println!("not tried: only root mounts a disk of its own");
        return;
    }
    let mut states = 0;
    for reached in [Reached::Synced, Reached::Names, Reached::All] {
        let scene = Scene::new(&made(), &run());
        states += scene.lose_everywhere("commit", reached);
        states += scene.lose_everywhere("undo", reached);
    }
    // A removal never touches the tree; its names are what could go wrong.
    let scene = Scene::new(&made(), &run());
    states += scene.lose_everywhere("discard", Reached::Names);
    let scene = Scene::new(&made(), &run());
    Stage::open(&scene.stage).unwrap().commit(&limits()).unwrap();
    states += scene.lose_everywhere("forget", Reached::Names);
    println!("{states} states of a disk, none with a half-committed tree");
    assert!(states > 200, "only {states} states");
}
