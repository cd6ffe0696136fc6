//! What the watch counts. Upper layers are filled by hand: it sees them from outside in any case.

use std::time::Instant;

use super::*;

fn watched(place: &Place, bytes: u64, entries: u64) -> (Stage, Watch) {
    let (stage, _) = Stage::new(&place.base(), &limits()).unwrap();
    let watch = Watch::new(std::iter::once(&stage), Allowance { bytes, entries }).unwrap();
    (stage, watch)
}

#[test]
fn bytes_are_counted_by_file_with_their_holes_and_entries_by_name() {
    let place = Place::new();
    let (stage, mut watch) = watched(&place, 1 << 20, 6);
    let upper = stage.upper();
    fs::write(upper.join("file"), vec![1; 600 << 10]).unwrap();
    for name in ["b", "c", "d"] {
        fs::hard_link(upper.join("file"), upper.join(name)).unwrap();
    }
    assert_eq!(watch.count(), None, "one file under four names");
    std::os::unix::fs::symlink("nowhere", upper.join("link")).unwrap();
    fs::create_dir(upper.join("folder")).unwrap();
    assert_eq!(watch.count(), None);
    fs::write(upper.join("folder/one"), "").unwrap();
    assert_eq!(watch.count(), Some(Excess::Entries(6)));
    fs::remove_file(upper.join("b")).unwrap();
    assert_eq!(watch.count(), None);
    fs::File::options().write(true).open(upper.join("folder/one")).unwrap().set_len(500 << 10).unwrap();
    assert_eq!(watch.count(), Some(Excess::Bytes(1 << 20)), "a hole");
    assert!(watch.count().unwrap().is_its_own());
    stage.discard().unwrap();
}

#[test]
fn looks_come_round_to_everything() {
    let place = Place::new();
    let (stage, mut watch) = watched(&place, 1 << 30, 5000);
    for folder in 0..50 {
        let folder = stage.upper().join(folder.to_string());
        fs::create_dir(&folder).unwrap();
        (0..99).for_each(|nth| drop(fs::write(folder.join(nth.to_string()), "")));
    }
    let looks = |watch: &mut Watch| (0..20).find_map(|_| watch.look());
    assert_eq!(looks(&mut watch), None);
    // Where a round that has begun was already.
    fs::write(stage.upper().join("0/more"), "").unwrap();
    assert_eq!(looks(&mut watch), Some(Excess::Entries(5000)));
    stage.discard().unwrap();
}

#[test]
fn depth_is_an_excess_and_not_a_way_to_hide() {
    let place = Place::new();
    let (stage, mut watch) = watched(&place, 1 << 30, 100_000);
    let deep = |levels: usize| stage.upper().join(["d/"].repeat(levels).concat());
    fs::create_dir_all(deep(100)).unwrap();
    assert_eq!(watch.count(), None);
    fs::create_dir_all(deep(101)).unwrap();
    assert_eq!(watch.count(), Some(Excess::Depth));
    stage.discard().unwrap();
}

#[test]
fn moves_under_a_count_are_no_error() {
    let place = Place::new();
    let (stage, mut watch) = watched(&place, 1 << 30, 100_000);
    let upper = stage.upper();
    for nth in 0..40 {
        fs::create_dir_all(upper.join(format!("{nth}/in/side"))).unwrap();
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for nth in (0..40).cycle() {
                let (from, to) = (upper.join(nth.to_string()), upper.join("moved"));
                fs::rename(&from, &to).unwrap();
                fs::rename(&to, &from).unwrap();
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
            }
        });
        let found = (0..300).find_map(|_| watch.count());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(found, None);
    });
    stage.discard().unwrap();
}

#[test]
#[ignore = "measures what a look costs"]
fn price() {
    let place = Place::new();
    let (stage, mut watch) = watched(&place, 1 << 40, 1_000_000);
    for nth in 0..100_000_u64 {
        let folder = stage.upper().join((nth / 1000).to_string());
        if nth.is_multiple_of(1000) {
            fs::create_dir(&folder).unwrap();
        }
        fs::write(folder.join(nth.to_string()), "x").unwrap();
    }
    let began = Instant::now();
    assert_eq!(watch.count(), None);
    println!("{:?} to count 100,100 entries", began.elapsed());
    let mut looks: Vec<_> = (0..1000)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(watch.look(), None);
            began.elapsed()
        })
        .collect();
    looks.sort();
    println!("a look: median {:?}, 99 % {:?}, most {:?}", looks[500], looks[990], looks[999]);
    stage.discard().unwrap();
}
