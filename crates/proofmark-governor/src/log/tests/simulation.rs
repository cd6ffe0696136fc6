//! Two writers and a reader, interleaved operation by operation and crashed as a seed says.
//!
//! Each participant runs on a thread of its own, but only the one whose turn it is moves: one store operation, then the
//! seed chooses who is next. A seed therefore replays exactly; a failure names its seed.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::*;

const WRITERS: usize = 2;
const PARTICIPANTS: usize = WRITERS + 1;

/// SplitMix64.
#[derive(Debug, Clone)]
struct Seed(u64);

impl Seed {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[derive(Debug)]
struct Turns {
    seed: Seed,
    /// One of how many writes is a crash; 0 for none.
    crashes: u64,
    waiting: [bool; PARTICIPANTS],
    done: [bool; PARTICIPANTS],
    /// Whose process has crashed and was not started again.
    crashed: [bool; PARTICIPANTS],
    turn: Option<usize>,
}

impl Turns {
    fn choose(&mut self) {
        let ready: Vec<_> = (0..PARTICIPANTS).filter(|who| !self.done[*who]).collect();
        if self.turn.is_none() && !ready.is_empty() && ready.iter().all(|who| self.waiting[*who]) {
            self.turn = Some(ready[self.seed.below(ready.len() as u64) as usize]);
        }
    }
}

#[derive(Debug)]
struct Schedule {
    turns: Mutex<Turns>,
    changed: Condvar,
}

impl Schedule {
    /// Waits for the participant's next turn; says whether its process has crashed, and decides if it crashes now.
    fn next(&self, who: usize, is_write: bool) -> Option<bool> {
        let mut turns = self.turns.lock().unwrap();
        turns.waiting[who] = true;
        if turns.turn == Some(who) {
            turns.turn = None;
        }
        turns.choose();
        self.changed.notify_all();
        let mut turns = self.changed.wait_while(turns, |turns| turns.turn != Some(who)).unwrap();
        turns.waiting[who] = false;
        if turns.crashed[who] {
            return None;
        }
        let (crashes, who_may) = (turns.crashes, who < WRITERS);
        if is_write && who_may && crashes > 0 && turns.seed.below(crashes) == 0 {
            turns.crashed[who] = true;
            return Some(turns.seed.below(2) == 0);
        }
        Some(true)
    }

    fn crashed(&self, who: usize) -> bool {
        self.turns.lock().unwrap().crashed[who]
    }

    fn restart(&self, who: usize) {
        self.turns.lock().unwrap().crashed[who] = false;
    }

    fn done(&self, who: usize) {
        let mut turns = self.turns.lock().unwrap();
        turns.done[who] = true;
        if turns.turn == Some(who) {
            turns.turn = None;
        }
        turns.choose();
        self.changed.notify_all();
    }
}

/// One participant's way to the shared store.
#[derive(Debug, Clone)]
struct Way {
    who: usize,
    inner: Arc<InMemory>,
    schedule: Arc<Schedule>,
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("simulated")
    }
}

fn crashed() -> object_store::Error {
    object_store::Error::Generic { store: "simulated", source: "crashed".into() }
}

impl Way {
    fn read(&self) -> Result<()> {
        self.schedule.next(self.who, false).map(|_| ()).ok_or_else(crashed)
    }

    /// Whether to do the write. The answer is [`Way::answer`]'s.
    fn write(&self) -> Result<bool> {
        self.schedule.next(self.who, true).ok_or_else(crashed)
    }

    fn answer<T>(&self, result: Result<T>) -> Result<T> {
        if self.schedule.crashed(self.who) { Err(crashed()) } else { result }
    }
}

#[async_trait]
impl ObjectStore for Way {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        if !self.write()? {
            return Err(crashed());
        }
        let put = self.inner.put_opts(location, payload, options).await;
        self.answer(put)
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("the log writes whole objects")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let way = self.clone();
        locations
            .then(move |location| {
                let way = way.clone();
                async move {
                    let location = location?;
                    if !way.write()? {
                        return Err(crashed());
                    }
                    let deleted = way.inner.delete(&location).await;
                    way.answer(deleted).map(|()| location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.read() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// What a writer remembers: what was confirmed, and what a crash left uncertain.
#[derive(Default)]
struct Memory {
    confirmed: Vec<(String, u64, Committed)>,
    uncertain: Vec<(String, u64)>,
}

fn named(batch: &str, count: u64) -> Vec<(Entry, Vec<u8>)> {
    (0..count).map(|n| entry(&format!("{batch} {n}"))).collect()
}

fn write(way: &Way, mut seed: Seed) -> Memory {
    let store = Store::over(Arc::new(way.clone()));
    let mut memory = Memory::default();
    let mut log: Option<Log> = None;
    for number in 0..8 {
        let count = [1, 1, 2, 5, 90, 256, 300][seed.below(7) as usize];
        let batch = format!("writer {} batch {number}", way.who);
        let mut opened = loop {
            way.schedule.restart(way.who);
            match log.take().map_or_else(|| Log::open(store.clone(), signer()), Ok) {
                Ok(log) => break log,
                Err(error) => assert!(way.schedule.crashed(way.who), "{error}"),
            }
        };
        match opened.append(&named(&batch, count)) {
            Ok(committed) => {
                memory.confirmed.push((batch, count, committed));
                log = Some(opened);
            }
            Err(error) => {
                assert!(way.schedule.crashed(way.who), "{error}");
                memory.uncertain.push((batch, count));
            }
        }
    }
    memory
}

/// Reads all the while. Whatever a reader sees is complete and proven.
fn read(way: &Way, mut seed: Seed) {
    let store = Store::over(Arc::new(way.clone()));
    let mut before: Option<(u64, Digest)> = None;
    for _ in 0..12 {
        let view = View::open(&store, &verifier()).unwrap();
        let size = view.size();
        if let Some((old, root)) = before {
            merkle::verify_consistency(old, &root, size, &view.root(), &view.consistency_proof(old).unwrap()).unwrap();
        }
        before = Some((size, view.root()));
        if size > 0 {
            let index = seed.below(size);
            let (_, entry) = view.entries(index..index + 1).next().unwrap().unwrap();
            let proof = view.inclusion_proof(index).unwrap();
            merkle::verify_inclusion(&merkle::leaf_hash(&entry.to_bytes()), index, size, &proof, &view.root()).unwrap();
        }
    }
}

fn simulate(number: u64) {
    let mut seed = Seed(number);
    let inner = Arc::new(InMemory::new());
    let store = Store::over(inner.clone());
    drop(Log::create(store.clone(), signer()).unwrap());
    let crashes = [0, 10, 40][seed.below(3) as usize];
    let none = [false; PARTICIPANTS];
    let turns =
        Turns { seed: Seed(seed.below(u64::MAX)), crashes, waiting: none, done: none, crashed: none, turn: None };
    let schedule = Arc::new(Schedule { turns: Mutex::new(turns), changed: Condvar::new() });
    let way = |who| Way { who, inner: inner.clone(), schedule: schedule.clone() };
    let memories: Vec<Memory> = std::thread::scope(|scope| {
        let seeds = [(); PARTICIPANTS].map(|()| Seed(seed.below(u64::MAX)));
        let writers: Vec<_> = (0..WRITERS)
            .map(|who| {
                let (way, seed) = (way(who), seeds[who].clone());
                scope.spawn(move || {
                    let _done = Done(&way);
                    write(&way, seed)
                })
            })
            .collect();
        let (way, seed) = (way(WRITERS), seeds[WRITERS].clone());
        let reader = scope.spawn(move || {
            let _done = Done(&way);
            read(&way, seed);
        });
        let memories = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        reader.join().unwrap();
        memories
    });
    check(&store, &memories);
}

/// Lets the others go on, also when this participant panics.
struct Done<'a>(&'a Way);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.schedule.done(self.0.who);
    }
}

fn check(store: &Store, memories: &[Memory]) {
    let log = Log::open(store.clone(), signer()).unwrap();
    assert_sound(store);
    let view = log.view();
    let written: Vec<_> = view.entries(0..view.size()).map(|entry| entry.unwrap().1).collect();
    let mut at: BTreeMap<u64, u64> = BTreeMap::new();
    for memory in memories {
        for (batch, count, committed) in &memory.confirmed {
            assert_eq!(committed.size - committed.first, *count);
            let found = &written[committed.first as usize..committed.size as usize];
            assert!(found.iter().eq(named(batch, *count).iter().map(|(entry, _)| entry)), "{batch}");
            assert_eq!(at.insert(committed.first, *count), None);
            let signed = checkpoint::open(committed.checkpoint.as_bytes(), &verifier()).unwrap();
            assert_eq!(signed.size, committed.size);
            let proof = view.consistency_proof(signed.size).unwrap();
            merkle::verify_consistency(signed.size, &signed.root, view.size(), &view.root(), &proof).unwrap();
        }
        for (batch, count) in &memory.uncertain {
            let whole = named(batch, *count);
            let first = written.iter().position(|entry| *entry == whole[0].0);
            let Some(first) = first else {
                assert!(!whole.iter().any(|(entry, _)| written.contains(entry)), "{batch} is there in part");
                continue;
            };
            assert!(written[first..].iter().take(whole.len()).eq(whole.iter().map(|(entry, _)| entry)), "{batch}");
            assert_eq!(at.insert(first as u64, *count), None);
        }
    }
    // One batch begins where the one before it ends, and nothing else is in the log.
    let end = at.iter().fold(0, |end, (first, count)| if *first == end { end + count } else { u64::MAX });
    assert_eq!(end, view.size());
}

fn simulate_all(numbers: std::ops::Range<u64>) {
    for number in numbers {
        let outcome = std::panic::catch_unwind(|| simulate(number));
        assert!(outcome.is_ok(), "seed {number}");
    }
}

#[test]
fn whatever_the_interleaving_and_the_crashes_nothing_is_lost_split_or_forked() {
    simulate_all(0..40);
}

#[test]
#[ignore = "takes minutes; for changes to how the log writes"]
fn the_same_for_thousands_of_seeds() {
    simulate_all(40..4000);
}
