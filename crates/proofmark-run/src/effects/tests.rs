//! Real overlay mounts, made by a helper: this test binary again inside a user and mount namespace of its own.

mod commit;
mod crash;
mod hostile;
mod overlay;
mod power;
mod watch;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use serde::{Deserialize, Serialize};

use super::*;
use crate::tree::{self, Limits};

pub(super) fn limits() -> Limits {
    Limits { threads: NonZeroUsize::new(1), ..Limits::default() }
}

/// A directory that cleans up after any mode.
pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.base()).unwrap();
        place
    }

    /// In memory if that can hold an overlay: where commits are counted in thousands, disks that others write to are slow.
    pub(super) fn in_memory() -> Self {
        let Ok(place) = tempfile::tempdir_in("/dev/shm") else { return Self::new() };
        if rustix::fs::setxattr(place.path(), "user.test", b"", XattrFlags::empty()).is_err() {
            return Self::new();
        }
        fs::create_dir(place.path().join("base")).unwrap();
        Self(place)
    }

    pub(super) fn base(&self) -> PathBuf {
        self.0.path().join("base")
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn read(&self) -> Manifest {
        tree::read(&self.base(), &limits()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = Command::new("chmod").args(["-R", "u+rwx"]).arg(self.0.path()).stderr(Stdio::null()).status();
    }
}

/// What a run may do to a tree. Whatever fails is left undone, as a program might.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Op {
    Write(TreePath, Vec<u8>),
    Append(TreePath, Vec<u8>),
    Sparse(TreePath, u64),
    Remove(TreePath),
    Mkdir(TreePath),
    Move(TreePath, TreePath),
    Link(TreePath, TreePath),
    Symlink(String, TreePath),
    Chmod(TreePath, u32),
    Time(TreePath, i64, u32),
    Attribute(TreePath, Vec<u8>),
}

pub(super) fn apply(root: &Path, ops: &[Op]) {
    let at = |path: &TreePath| root.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
    for op in ops {
        // What can't be done stays undone: later steps are drawn without knowing.
        let _ = match op {
            Op::Write(path, bytes) => fs::write(at(path), bytes),
            Op::Append(path, bytes) => {
                fs::OpenOptions::new().append(true).open(at(path)).and_then(|mut file| file.write_all(bytes))
            }
            Op::Sparse(path, size) => fs::File::create(at(path)).and_then(|file| file.set_len(*size)),
            Op::Remove(path) => fs::remove_dir_all(at(path)).or_else(|_| fs::remove_file(at(path))),
            Op::Mkdir(path) => fs::create_dir(at(path)),
            Op::Move(from, to) if !to.is_within(from) => relocate(&at(from), &at(to)),
            Op::Move(..) => Ok(()),
            Op::Link(from, to) => fs::hard_link(at(from), at(to)),
            Op::Symlink(target, path) => std::os::unix::fs::symlink(target, at(path)),
            Op::Chmod(path, mode) if !at(path).is_symlink() => {
                fs::set_permissions(at(path), fs::Permissions::from_mode(*mode))
            }
            Op::Chmod(..) => Ok(()),
            Op::Time(path, seconds, nanoseconds) => {
                let time = Timespec { tv_sec: *seconds, tv_nsec: i64::from(*nanoseconds) };
                let times = Timestamps { last_access: time, last_modification: time };
                rustix::fs::utimensat(CWD, at(path), &times, AtFlags::SYMLINK_NOFOLLOW).map_err(Into::into)
            }
            Op::Attribute(path, value) => {
                rustix::fs::lsetxattr(at(path), "user.test", value, XattrFlags::empty()).map_err(Into::into)
            }
        };
    }
}

/// A move as `mv` does it: overlays refuse to rename directories of the lower layer.
fn relocate(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices && from.is_dir() => {
            fs::create_dir(to)?;
            for entry in fs::read_dir(from)? {
                let entry = entry?;
                relocate(&entry.path(), &to.join(entry.file_name()))?;
            }
            fs::remove_dir(from)
        }
        done => done,
    }
}

#[derive(Serialize, Deserialize)]
struct Order {
    base: PathBuf,
    upper: PathBuf,
    work: PathBuf,
    ops: Vec<Op>,
}

/// The process that mounts.
pub(super) struct Helper {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    pub(super) fn start() -> Self {
        let mut child = Command::new("unshare")
            .args(["--map-root-user", "--mount"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "effects::tests::inside_a_namespace", "--ignored", "--nocapture", "--test-threads=1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// Mounts the stage's overlay, does `ops` in it, and returns what the mount shows then.
    pub(super) fn run(&mut self, stage: &Stage, ops: &[Op]) -> Manifest {
        let order = Order { base: stage.base(), upper: stage.upper(), work: stage.work(), ops: ops.to_vec() };
        writeln!(self.input, "{}", serde_json::to_string(&order).unwrap()).unwrap();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the helper ended");
            if let Some((_, answer)) = line.split_once("@@") {
                // In there we are root.
                let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
                let answer = answer.replace(r#""uid":0,"gid":0"#, &format!(r#""uid":{user},"gid":{group}"#));
                return Manifest::from_json(answer.trim_end().as_bytes(), &limits()).unwrap();
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "the other end of `Helper`, started by it"]
fn inside_a_namespace() {
    let merged = tempfile::tempdir().unwrap();
    for line in std::io::stdin().lines() {
        let order: Order = serde_json::from_str(&line.unwrap()).unwrap();
        let options = format!(
            "userxattr,index=off,volatile,lowerdir={},upperdir={},workdir={}",
            order.base.display(),
            order.upper.display(),
            order.work.display()
        );
        let again = || mount(Some("overlay"), merged.path(), Some("overlay"), MsFlags::empty(), Some(options.as_str()));
        again().unwrap();
        apply(merged.path(), &order.ops);
        umount2(merged.path(), MntFlags::empty()).unwrap();
        // A mount that made a hard link to a file below shows two inode numbers for it; a new mount shows one.
        // What a volatile mount wrote is mounted again only without the mark that it leaves.
        fs::remove_dir_all(order.work.join("work")).unwrap();
        again().unwrap();
        // Its first look at a directory may take a stale mark off it, which is a change of status.
        let mut looks = (0..99).map(|_| tree::read(merged.path(), &limits()));
        let shown = looks.find_map(Result::ok).unwrap();
        umount2(merged.path(), MntFlags::empty()).unwrap();
        println!("@@{}", String::from_utf8(shown.to_json().unwrap()).unwrap());
    }
}

pub(super) fn path(text: &str) -> TreePath {
    text.parse().unwrap()
}

/// A small tree with one of everything that is awkward.
pub(super) fn awkward() -> Vec<Op> {
    let write = |name: &str, text: &str| Op::Write(path(name), text.as_bytes().to_vec());
    vec![
        Op::Mkdir(path("album")),
        Op::Mkdir(path("album/sub")),
        Op::Mkdir(path("empty")),
        write("album/one.jpg", "first"),
        write("album/two.jpg", "second"),
        write("album/sub/one.jpg", "another first"),
        write("caf%E9", "not utf-8"),
        write("Ünï ©", "unicode"),
        Op::Link(path("album/two.jpg"), path("linked")),
        Op::Symlink("album/one.jpg".into(), path("pointer")),
        Op::Symlink("/etc/hostname".into(), path("outside")),
        Op::Chmod(path("album/one.jpg"), 0o444),
        Op::Attribute(path("album/sub"), b"value".to_vec()),
        Op::Time(path("album/one.jpg"), 1_000_000_000, 123_456_789),
        Op::Time(path("album/sub"), -5, 1),
        Op::Time(path("pointer"), 77, 7),
        Op::Chmod(path("album/sub"), 0o555),
        Op::Time(path("empty"), 999, 0),
        Op::Time(path("."), 123_456, 789),
    ]
}

/// Moves, writes, removals, links and modes over [`awkward`].
pub(super) fn rework() -> Vec<Op> {
    vec![
        Op::Mkdir(path("2001")),
        Op::Move(path("album/one.jpg"), path("2001/one.jpg")),
        Op::Append(path("caf%E9"), b"!".to_vec()),
        Op::Remove(path("linked")),
        Op::Move(path("album/sub"), path("2001/sub")),
        Op::Link(path("2001/one.jpg"), path("again")),
        Op::Remove(path("empty")),
        Op::Mkdir(path("empty")),
        Op::Chmod(path("empty"), 0o700),
        Op::Write(path("new"), b"new".to_vec()),
        Op::Symlink("2001/one.jpg".into(), path("inside")),
    ]
}
