//! Makes a family's photos: from a seed, always the same tree, with everything in it that programs get wrong.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use super::jpeg::{Exif, Order, picture};
use super::snapshot::inside;

/// More than 32 bits can count.
const LARGE_BYTES: u64 = (4 << 30) + 12_345;
const FOLDERS: [&[u8]; 16] = [
    b"camera/100CANON",
    b"camera/101CANON",
    b"phone/DCIM/Camera",
    b"phone/WhatsApp Images",
    b"scans",
    b"from grandma/box 1",
    b"from grandma/box 2",
    "\u{c9}t\u{e9}".as_bytes(),
    "E\u{301}te\u{301}".as_bytes(),
    b"-dash",
    b"new\nline",
    b" leading and trailing ",
    b"2004/08",
    b"2011/02",
    b"2011/2",
    b"unsorted/deep/er/and/deep/er",
];
/// Names of pictures; the number of the picture stands for `#`.
const NAMES: [&[u8]; 16] = [
    b"IMG_#.jpg",
    b"IMG_#.jpg",
    b"IMG_#.jpg",
    b"IMG_#.JPG",
    b"DSC#.jpeg",
    b"photo (#).jpg",
    b"-#.jpg",
    b"--help #.jpg",
    b"line\nbreak #.jpg",
    "Zo\u{eb} #.jpg".as_bytes(),
    "Zoe\u{308} #.jpg".as_bytes(),
    "\u{1f382}#.jpg".as_bytes(),
    b"caf\xe9 #.jpg",
    b"$(rm -rf #)'\".jpg",
    b".hidden#",
    b" # ",
];
const MODES: [u32; 8] = [0o644, 0o644, 0o644, 0o664, 0o600, 0o444, 0o400, 0o755];
/// Seconds since 1970: before it, at it, the ends of 31 and 32 bits, and far away.
const TIMES: [i64; 8] =
    [-1, 0, -1_000_000_000, 2_147_483_647, 2_147_483_648, 4_294_967_296, 4_102_444_800, 951_782_400];

/// A stream of numbers from a seed (splitmix64).
struct Stream(u64);

impl Stream {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        let nth = self.below(all.len() as u64);
        all[usize::try_from(nth).unwrap_or(0)]
    }

    fn number(&mut self, all: &[i64]) -> i64 {
        *self.pick(&all.iter().collect::<Vec<_>>())
    }
}

/// Makes `world/photos` with about `count` photos, and `world/beside` with one that is none of the program's business.
pub fn make(world: &Path, count: u64, seed: u64) -> Result<(), String> {
    let root = world.join("photos");
    let mut maker = Maker { root: root.clone(), stream: Stream(seed), made: BTreeSet::new(), serial: 0 };
    let mut all = || {
        fs::create_dir(&root)?;
        fs::create_dir(world.join("beside"))?;
        let outside = picture("beside", 700, Some(&dated("2003:03:03 03:03:03").to_bytes()));
        fs::write(world.join("beside/portrait.jpg"), outside)?;
        for _ in 0..count {
            maker.photo()?;
        }
        maker.special()?;
        maker.links()?;
        maker.finish()
    };
    all().map_err(|error: io::Error| format!("the tree can't be made in {}: {error}", world.display()))
}

/// Gives back what a read-only folder keeps from being removed.
pub fn open_up(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.metadata()?.is_dir() {
            fs::set_permissions(entry.path(), Permissions::from_mode(0o755))?;
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

struct Maker {
    root: PathBuf,
    stream: Stream,
    made: BTreeSet<Vec<u8>>,
    serial: u64,
}

fn dated(date: &str) -> Exif {
    Exif { taken: Some(date.to_owned()), ..Exif::default() }
}

impl Maker {
    fn place(&self, path: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(path))
    }

    /// Writes a file with a mode and a time; one that is there already stays.
    fn write(&mut self, path: &[u8], content: &[u8]) -> io::Result<()> {
        if !self.made.insert(path.to_vec()) {
            return Ok(());
        }
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap_or(&self.root))?;
        fs::write(&place, content)?;
        let mode = *self.stream.pick(&MODES.iter().collect::<Vec<_>>());
        self.set_time(&place)?;
        fs::set_permissions(&place, Permissions::from_mode(mode))
    }

    fn set_time(&mut self, place: &Path) -> io::Result<()> {
        let usual = 946_684_800 + i64::try_from(self.stream.below(800_000_000)).unwrap_or(0);
        let seconds = if self.stream.chance(8) { self.stream.number(&TIMES) } else { usual };
        let nanoseconds = self.stream.number(&[0, 1, 123_456_789, 999_999_999]);
        let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
        let times = Timestamps { last_access: time, last_modification: time };
        Ok(rustix::fs::utimensat(CWD, place, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    fn date(&mut self) -> String {
        let mut below = |limit| self.stream.below(limit);
        let (year, month, day) = (1999 + below(21), 1 + below(12), 1 + below(28));
        format!("{year}:{month:02}:{day:02} {:02}:{:02}:{:02}", below(24), below(60), below(60))
    }

    fn exif(&mut self) -> Exif {
        let mut exif = dated(&self.date());
        if self.stream.chance(2) {
            exif.order = Order::Big;
        }
        if self.stream.chance(2) {
            exif.maker = Some("Kodak".repeat(1 + usize::try_from(self.stream.below(9)).unwrap_or(0)));
        }
        match self.stream.below(12) {
            0..=2 => exif.made = Some(self.date()),
            3 => (exif.made, exif.taken) = (exif.taken, None),
            4 => (exif.made, exif.taken) = (exif.taken, Some("0000:00:00 00:00:00".to_owned())),
            5 => {
                exif.taken = Some(self.stream.pick(&["    :  :     :  :  ", "2019:13:01 00:00:00", "2019"]).to_owned())
            }
            _ => {}
        }
        exif
    }

    /// One picture; every tenth without EXIF data, every thirtieth with damaged data.
    fn photo(&mut self) -> io::Result<()> {
        let mut exif = self.exif().to_bytes();
        if self.stream.chance(30) {
            for _ in 0..3 {
                let at = self.stream.below(exif.len() as u64);
                exif[usize::try_from(at).unwrap_or(0)] = u8::try_from(self.stream.below(256)).unwrap_or(0);
            }
            exif.truncate(exif.len() - usize::try_from(self.stream.below(20)).unwrap_or(0));
        }
        let exif = if self.stream.chance(10) { None } else { Some(exif) };
        self.serial += 1;
        let shade = u16::try_from(512 + self.stream.below(512)).unwrap_or(512);
        // Now and then the same picture once more.
        let comment = format!("photo {}", if self.stream.chance(20) { self.serial / 50 } else { self.serial });
        let name = self.stream.pick(&NAMES);
        // Few numbers, so that cameras give the same name to different pictures.
        let number = self.stream.below(self.serial / 4 + 3).to_string();
        let name: Vec<&[u8]> = name.split(|byte| *byte == b'#').collect();
        let mut path = inside(self.stream.pick(&FOLDERS), &name.join(number.as_bytes()));
        while self.made.contains(&path) {
            path.push(b'_');
        }
        self.write(&path, &picture(&comment, shade, exif.as_deref()))
    }

    /// What must be in every tree, however small.
    fn special(&mut self) -> io::Result<()> {
        let july =
            |serial: u64| picture(&format!("july {serial}"), 600, Some(&dated("2009:07:14 12:00:00").to_bytes()));
        let long = "\u{e9}".repeat(125) + ".jpg";
        let twins: [&[u8]; 6] =
            [b"same.jpg", "Zo\u{eb}.jpg".as_bytes(), "Zoe\u{308}.jpg".as_bytes(), b"-rf", b"a\nb.jpg", long.as_bytes()];
        for (nth, folder) in (0..).zip(["one", "two", "three"]) {
            for name in twins {
                self.serial += 1;
                self.write(&inside(folder.as_bytes(), name), &july(self.serial))?;
            }
            self.write(&inside(b"locked", format!("{nth}.jpg").as_bytes()), &july(nth))?;
        }
        self.write(b"2009/07/same.jpg", &july(100))?;
        self.write(b"2009/07/same-1.jpg", &july(101))?;
        // The year 1998 is taken by a file, 1997 by a photo that itself will move.
        self.write(b"1998", b"Photos of 1998 are on the other disk.\n")?;
        self.write(b"scans/blocked.jpg", &picture("blocked", 600, Some(&dated("1998:01:01 00:00:00").to_bytes())))?;
        self.write(b"1997", &july(102))?;
        self.write(b"-first.jpg", &picture("waits", 600, Some(&dated("1997:05:05 00:00:00").to_bytes())))?;
        self.write(b"notes.txt", b"Who is the man with the hat?\n")?;
        self.write(b"scans/empty.jpg", b"")?;
        self.write(b"scans/Thumbs.db", &[0xd0, 0xcf, 0x11, 0xe0])?;
        self.equal()?;
        self.large()
    }

    /// Two photos that are equal, to mode and time, and yet two.
    fn equal(&mut self) -> io::Result<()> {
        self.write(b"one/equal.jpg", &picture("equal", 600, Some(&dated("2011:11:11 11:11:11").to_bytes())))?;
        let (one, other) = (self.place(b"one/equal.jpg"), self.place(b"two/equal.jpg"));
        fs::copy(&one, &other)?;
        let is = one.metadata()?;
        let time = Timespec { tv_sec: is.mtime(), tv_nsec: is.mtime_nsec() };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(CWD, &other, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        self.made.insert(b"two/equal.jpg".to_vec());
        Ok(())
    }

    /// A picture with more than 4 GiB behind its end, nearly all of them a hole.
    fn large(&mut self) -> io::Result<()> {
        let content = picture("large", 800, Some(&dated("2015:10:21 07:28:00").to_bytes()));
        let place = self.place(b"scans/panorama.jpg");
        let file = File::create_new(&place)?;
        file.write_all_at(&content, 0)?;
        file.write_all_at(b"the end of the panorama", LARGE_BYTES - 23)?;
        self.made.insert(b"scans/panorama.jpg".to_vec());
        self.set_time(&place)?;
        fs::set_permissions(&place, Permissions::from_mode(0o444))
    }

    /// Hard links, some of them into the read-only folder, and symbolic links inside, outside, nowhere and in a circle.
    fn links(&mut self) -> io::Result<()> {
        let all: Vec<Vec<u8>> = self.made.iter().cloned().collect();
        for (nth, path) in all.iter().enumerate().filter(|(nth, _)| nth % 41 == 7) {
            let folder: &[u8] = if nth % 3 == 0 { b"albums/best of" } else { b"albums" };
            let other = inside(folder, format!("{nth}.jpg").as_bytes());
            fs::create_dir_all(self.place(folder))?;
            fs::hard_link(self.place(path), self.place(&other))?;
        }
        fs::hard_link(self.place(b"one/same.jpg"), self.place(b"two/linked.jpg"))?;
        fs::hard_link(self.place(b"2009/07/same.jpg"), self.place(b"three/linked.jpg"))?;
        fs::hard_link(self.place(b"2009/07/same.jpg"), self.place(b"2009/07/linked.jpg"))?;
        fs::hard_link(self.place(b"locked/0.jpg"), self.place(b"one/locked.jpg"))?;
        let links: [(&str, &str); 6] = [
            ("albums/favourite.jpg", "../one/same.jpg"),
            ("albums/portrait.jpg", "../../beside/portrait.jpg"),
            ("albums/beside", "../../beside"),
            ("albums/gone.jpg", "nowhere.jpg"),
            ("albums/circle", "."),
            ("2001", "2004"),
        ];
        for (path, target) in links {
            symlink(target, self.root.join(path))?;
            self.set_time(&self.root.join(path))?;
        }
        Ok(())
    }

    /// Times and modes of folders, the inner ones first: writing into them would change their times again.
    fn finish(&mut self) -> io::Result<()> {
        let mut folders = vec![self.root.clone()];
        let mut next = 0;
        while let Some(folder) = folders.get(next).cloned() {
            let mut inner = Vec::new();
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.metadata()?.is_dir() {
                    inner.push(entry.path());
                }
            }
            inner.sort();
            folders.extend(inner);
            next += 1;
        }
        for folder in folders.iter().rev() {
            self.set_time(folder)?;
        }
        fs::set_permissions(self.root.join("locked"), Permissions::from_mode(0o555))
    }
}
