//! A crash at every single write, and disks that are full or read-only from every single write on.

use super::faulty::{Fatal, Faulty, Refusal};
use super::*;

/// Batches that begin, cross and end at tile boundaries.
const SIZES: [u64; 7] = [1, 5, 249, 1, 300, 211, 3];

/// Appends all batches. Returns how many entries were confirmed, and how many the batch has that failed.
fn run(store: &Store) -> Result<u64, (u64, LogError)> {
    let mut log = Log::create(store.clone(), signer()).map_err(|error| (0, error))?;
    let mut size = 0;
    for count in SIZES {
        log.append(&batch(size..size + count)).map_err(|error| (size, error))?;
        size += count;
    }
    Ok(size)
}

/// The sizes that the log may have when the batch after `confirmed` entries failed: all of it or none.
fn allowed(confirmed: u64) -> Vec<u64> {
    let sizes = SIZES.iter().scan(0, |sum, size| {
        *sum += size;
        Some(*sum)
    });
    sizes.filter(|size| *size > confirmed).take(1).chain([confirmed]).collect()
}

fn assert_holds(store: &Store, sizes: &[u64]) -> Log {
    let mut log = match Log::open(store.clone(), signer()) {
        Err(LogError::Absent { .. }) if sizes.contains(&0) => Log::create(store.clone(), signer()).unwrap(),
        opened => opened.unwrap(),
    };
    let size = log.view().size();
    assert!(sizes.contains(&size), "{size} is not among {sizes:?}");
    let same = |(read, n): (Result<(u64, Entry), LogError>, u64)| read.unwrap() == (n, entry(&format!("{n}")).0);
    assert!(log.view().entries(0..size).zip(0..).all(same));
    assert_sound(store);
    log.append(&batch(size..size + 2)).unwrap();
    assert_sound(store);
    log
}

#[test]
fn after_a_crash_at_any_write_the_log_is_valid_and_holds_all_of_a_batch_or_none() {
    let counting = Arc::new(Faulty::new(Arc::new(InMemory::new())));
    assert_eq!(run(&Store::over(counting.clone())).unwrap(), SIZES.iter().sum::<u64>());
    let mut seen = [false; 2];
    for at in 0..counting.writes() {
        for fatal in [Fatal::Lost, Fatal::Done] {
            let inner = Arc::new(InMemory::new());
            let (confirmed, _) = run(&Store::over(Arc::new(Faulty::crashing(inner.clone(), at, fatal)))).unwrap_err();
            let store = Store::over(inner);
            // Whoever only reads need not wait for a repair.
            if let Ok(view) = View::open(&store, &verifier()) {
                assert!(allowed(confirmed).contains(&view.size()));
                assert_eq!(view.entries(0..view.size()).filter(Result::is_ok).count() as u64, view.size());
                for n in (0..view.size()).step_by(37) {
                    let proof = view.inclusion_proof(n).unwrap();
                    merkle::verify_inclusion(&leaf(n), n, view.size(), &proof, &view.root()).unwrap();
                }
                seen[usize::from(view.size() > confirmed)] = true;
            }
            assert_holds(&store, &allowed(confirmed));
        }
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn after_a_crash_in_the_repair_of_a_crash_the_log_is_valid() {
    let counting = Arc::new(Faulty::new(Arc::new(InMemory::new())));
    run(&Store::over(counting.clone())).unwrap();
    for first in 0..counting.writes() {
        for second in 0..4 {
            let inner = Arc::new(InMemory::new());
            let crashing = Arc::new(Faulty::crashing(inner.clone(), first, Fatal::Done));
            let (confirmed, _) = run(&Store::over(crashing)).unwrap_err();
            let crashing = Arc::new(Faulty::crashing(inner.clone(), second, Fatal::Lost));
            drop(Log::open(Store::over(crashing), signer()));
            assert_holds(&Store::over(inner), &allowed(confirmed));
        }
    }
}

#[test]
fn a_full_or_read_only_disk_is_told_and_the_writer_goes_on_once_it_is_not() {
    let counting = Arc::new(Faulty::new(Arc::new(InMemory::new())));
    run(&Store::over(counting.clone())).unwrap();
    for at in 0..counting.writes() {
        for refusal in [Refusal::Full, Refusal::ReadOnly] {
            let inner = Arc::new(InMemory::new());
            let refusing = Store::over(Arc::new(Faulty::refusing(inner.clone(), at, refusal)));
            let (confirmed, error) = run(&refusing).unwrap_err();
            let said = match refusal {
                Refusal::Full => "disk is full",
                Refusal::ReadOnly => "read-only",
            };
            assert!(error.to_string().contains(said), "{error}");
            assert_holds(&Store::over(inner), &allowed(confirmed));
        }
    }
}

#[test]
fn an_append_that_failed_can_be_followed_by_one_that_does_not() {
    // The commit is in, its publication fails; the same writer then goes on as if nothing had happened.
    let inner = Arc::new(InMemory::new());
    let store = Store::over(inner.clone());
    let mut log = filled(&store, &[10], 250);
    for at in 0..4 {
        let size = log.view().size();
        log.view.store = Store::over(Arc::new(Faulty::refusing(inner.clone(), at, Refusal::Full)));
        log.append(&batch(size..size + 3)).unwrap_err();
        log.view.store = store.clone();
        let next = if at == 0 { size } else { size + 3 };
        assert_eq!(log.append(&batch(next..next + 4)).unwrap().first, next);
        assert_sound(&store);
    }
}
