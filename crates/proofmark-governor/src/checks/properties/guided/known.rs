//! What the shards know of an artifact: the edges that were taken and how often, how near its comparisons came to being
//! equal, the inputs that did something new, and what is to be tried.

use std::sync::Arc;

use proofmark_contract::Value;
use proofmark_run::instrument::{Compared, Operands, Relation, Site};
use proofmark_run::program::{Trace, Twin};

use super::steps::{Change, Step};
use crate::shards::SHARDS;

/// Comparisons that are kept of one input.
const COMPARED_MAX: usize = 512;
/// Inputs that are kept, and steps that wait.
const CORPUS_MAX: usize = 4096;
const WAITING_MAX: usize = 8192;
/// Steps that one shard is given for a round.
const DEALT: usize = 12;
/// How often one comparison may give rise to steps.
const TURNS_EQUALITY: u8 = 96;
const TURNS_ORDER: u8 = 8;
const TURNS_SWITCH: u8 = 4;
/// A comparison is missed if its operands are as far apart as a hash is from a number. The greatest difference has at least so
/// many bits: a shorter one the search meets.
const HASH_BITS: usize = 17;
/// There are differences of this many bits fewer, and of each length between: of pointers and null, or of an index and -1, there are not.
const HASH_LENGTHS: usize = 8;
/// And the three shortest of these lengths have at most one difference in so many: of random numbers they have one in 36, of
/// counts, which are mostly small, many more. What is shorter still says nothing, as one input that comes often may be near.
const HASH_SHORT: u64 = 12;
/// An operand that takes more values than this is taken for one that follows the input, and new values are no news.
const VALUES_MAX: u32 = 16;

/// An input that did something new.
#[derive(Debug)]
pub struct Seed {
    pub arguments: Vec<Value>,
    /// Without repetitions.
    pub compared: Vec<Compared>,
}

impl Seed {
    /// Of all that was compared, what happened at the comparisons that are `news` first.
    pub fn new(arguments: &[Value], trace: &Trace, news: &News) -> Self {
        let mut compared: Vec<Compared> = Vec::new();
        let (wanted, rest): (Vec<Compared>, Vec<Compared>) =
            trace.compared.iter().partition(|one| news.work.binary_search(&one.site).is_ok());
        for one in wanted.into_iter().chain(rest) {
            if compared.len() >= COMPARED_MAX {
                break;
            }
            if !compared.contains(&one) {
                compared.push(one);
            }
        }
        Self { arguments: arguments.to_vec(), compared }
    }
}

/// How near a comparison for equality came, over all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nearest {
    /// The most often that both operands were equal in one call.
    equal: u8,
    /// The least difference of the operands: itself below 128, above as many steps more as it has bits. And the fewest
    /// bits in which they differ.
    apart: u8,
    ones: u8,
    /// Which values each operand had, as bits by a hash: what a loop compares with tells how far it came.
    values: [u64; 2],
}

const NEVER: Nearest = Nearest { equal: 0, apart: u8::MAX, ones: u8::MAX, values: [0; 2] };

/// What the calls did so far.
#[derive(Debug, Clone)]
pub struct Map {
    /// For each edge which counts were seen: a bit each for 1, 2, 3, and up to 7, 15, 31, 127 and beyond.
    edges: Vec<u8>,
    /// For each comparison.
    nearest: Vec<Nearest>,
    /// How often it gave rise to steps.
    turns: Vec<u8>,
}

/// How far apart the operands of a comparison were: how many differences had no bits, one bit, and so on.
#[derive(Debug, Clone)]
pub struct Differences([u32; 65]);

impl Differences {
    /// Takes what one call compared into the differences of all comparisons.
    pub fn add(all: &mut [Option<Box<Self>>], trace: &Trace) {
        for one in &trace.compared {
            if let Some(differences) = all.get_mut(one.site as usize) {
                let Self(of) = &mut **differences.get_or_insert_with(|| Box::new(Self([0; 65])));
                if let Some(count) = of.get_mut(usize::from(bits(one.left.abs_diff(one.right)))) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Takes in those of another shard.
    pub fn and(all: &mut [Option<Box<Self>>], other: Vec<Option<Box<Self>>>) {
        for (known, other) in all.iter_mut().zip(other) {
            match (&mut *known, other) {
                (Some(known), Some(other)) => {
                    known.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
                }
                (None, other) => *known = other,
                (Some(_), None) => {}
            }
        }
    }

    /// Whether the operands were ever equal.
    fn met(&self) -> bool {
        self.0.first().is_some_and(|equal| *equal != 0)
    }

    /// Whether they are as far apart as a hash is from a number.
    fn hash(&self) -> bool {
        let longest = self.0.iter().rposition(|count| *count != 0).filter(|bits| *bits >= HASH_BITS);
        let lengths = longest.and_then(|longest| self.0.get(longest.saturating_sub(HASH_LENGTHS)..=longest));
        lengths.is_some_and(|lengths| {
            let sum = |of: &[u32]| of.iter().fold(0_u64, |sum, count| sum.saturating_add(u64::from(*count)));
            let short = sum(lengths.get(..3).unwrap_or_default());
            lengths.iter().all(|count| *count != 0) && short.saturating_mul(HASH_SHORT) <= sum(&self.0)
        })
    }
}

/// What came of each comparison.
pub fn comparisons(sites: &[Site], differences: &[Option<Box<Differences>>]) -> Vec<Comparison> {
    let whole = |site: &Site| matches!(site.operands, Operands::I32 | Operands::I64);
    let of = |(site, differences): (&Site, &Option<Box<Differences>>)| match differences {
        Some(of) if of.met() && site.relation == Relation::Equality && whole(site) => Comparison::Met,
        Some(of) if of.hash() && site.relation == Relation::Equality && whole(site) => Comparison::Missed,
        _ => Comparison::Open,
    };
    sites.iter().zip(differences).map(of).collect()
}

/// What came of a comparison in all calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It never happened, is not for equality of whole numbers, or was never equal for another reason.
    Open,
    /// It was equal.
    Met,
    /// It was never equal, and its operands are as far apart as a hash is from a number: what the artifact does where it is
    /// equal was not seen.
    Missed,
}

/// What one call did that was not in the map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Whether an edge was taken that never was.
    pub edge: bool,
    edges: Vec<(u32, u8)>,
    nearest: Vec<(u32, Nearest)>,
    /// The comparisons that steps are to be made for, in ascending order.
    pub work: Vec<u32>,
}

impl Map {
    fn new(twin: &Twin) -> Self {
        let sites = twin.sites.len();
        Self { edges: vec![0; twin.edges], nearest: vec![NEVER; sites], turns: vec![0; sites] }
    }

    /// Whether each edge was taken.
    pub fn reached(&self) -> impl Iterator<Item = bool> {
        self.edges.iter().map(|seen| *seen != 0)
    }

    /// Whether a comparison for equality was never equal.
    pub fn unequal(&self, site: u32) -> bool {
        self.nearest.get(site as usize).is_some_and(|nearest| nearest.equal == 0)
    }

    /// What a call did that is new; `None` if nothing is.
    pub fn news(&self, trace: &Trace, sites: &[Site]) -> Option<News> {
        let mut news = News::default();
        for (edge, count) in &trace.edges {
            let (bit, seen) = (bucket(*count), self.edges.get(*edge as usize).copied().unwrap_or(u8::MAX));
            if seen & bit == 0 {
                news.edge |= seen == 0;
                news.edges.push((*edge, bit));
            }
        }
        let mut compared: Vec<&Compared> = trace.compared.iter().collect();
        compared.sort_by_key(|one| one.site);
        for of_site in compared.chunk_by(|one, other| one.site == other.site) {
            let Some(number) = of_site.first().map(|one| one.site) else { continue };
            let (Some(site), Some(known)) = (sites.get(number as usize), self.nearest.get(number as usize)) else {
                continue;
            };
            let turns = self.turns.get(number as usize).copied().unwrap_or(u8::MAX);
            let works = match site.relation {
                Relation::Equality => {
                    let start = Nearest { equal: 0, ..*known };
                    let near = of_site.iter().fold(start, |near, one| near.and(one)).least(*known);
                    let got_further = near.equal > known.equal || near.values != known.values;
                    // Once it was equal, only how often is worth a note, and with what.
                    if got_further || (known.equal == 0 && near != *known) {
                        news.nearest.push((number, near));
                    }
                    (known.equal == 0 || got_further) && turns < TURNS_EQUALITY
                }
                Relation::Order => turns < TURNS_ORDER,
                Relation::Switch => turns < TURNS_SWITCH,
            };
            if works {
                news.work.push(number);
            }
        }
        (!news.edges.is_empty() || !news.nearest.is_empty()).then_some(news)
    }

    pub fn learn(&mut self, news: &News) {
        for (edge, bit) in &news.edges {
            if let Some(seen) = self.edges.get_mut(*edge as usize) {
                *seen |= bit;
            }
        }
        for (site, nearest) in &news.nearest {
            if let Some(known) = self.nearest.get_mut(*site as usize) {
                *known = known.least(*nearest);
            }
        }
        for site in &news.work {
            if let Some(turns) = self.turns.get_mut(*site as usize) {
                *turns = turns.saturating_add(1);
            }
        }
    }

    /// Whether something in `news` is still new.
    fn lacks(&self, news: &News) -> bool {
        let edge = |(edge, bit): &(u32, u8)| self.edges.get(*edge as usize).is_some_and(|seen| seen & bit == 0);
        let nearer = |(site, nearest): &(u32, Nearest)| {
            self.nearest.get(*site as usize).is_some_and(|known| known.least(*nearest) != *known)
        };
        news.edges.iter().any(edge) || news.nearest.iter().any(nearer)
    }
}

impl Nearest {
    fn and(self, one: &Compared) -> Self {
        let apart = one.left.abs_diff(one.right);
        let far = u8::try_from(apart).ok().filter(|apart| *apart < 128).unwrap_or(bits(apart).saturating_add(128));
        let ones = u8::try_from((one.left ^ one.right).count_ones()).unwrap_or(u8::MAX);
        let [left, right] = self.values;
        Self {
            equal: self.equal.saturating_add(u8::from(apart == 0)),
            apart: self.apart.min(far),
            ones: self.ones.min(ones),
            values: [with(left, one.left), with(right, one.right)],
        }
    }

    fn least(self, other: Self) -> Self {
        let ([left, right], [other_left, other_right]) = (self.values, other.values);
        Self {
            equal: self.equal.max(other.equal),
            apart: self.apart.min(other.apart),
            ones: self.ones.min(other.ones),
            values: [left | other_left, right | other_right],
        }
    }
}

/// How many bits a number takes.
fn bits(number: u64) -> u8 {
    u8::try_from(u64::BITS.saturating_sub(number.leading_zeros())).unwrap_or(u8::MAX)
}

/// The values of an operand with one more.
fn with(values: u64, value: u64) -> u64 {
    let bit = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
    if values.count_ones() > VALUES_MAX { values } else { values | 1_u64.wrapping_shl(u32::try_from(bit).unwrap_or(0)) }
}

/// One bit for a range of counts, as AFL has them.
fn bucket(count: u32) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        _ => 128,
    }
}

/// What all shards know between two rounds.
pub struct Known {
    pub map: Map,
    pub corpus: Vec<Arc<Seed>>,
    /// The last first.
    todo: Vec<Step>,
    /// Inputs as they are generated so far, and for each edge how many of them took it: none, one or more.
    fresh: u64,
    taken: Vec<u8>,
}

impl Known {
    /// Nothing is known but the inputs of the contract's examples.
    pub fn new(twin: &Twin, examples: Vec<Vec<Value>>) -> Self {
        let seeds = examples.into_iter().map(|arguments| Arc::new(Seed { arguments, compared: Vec::new() }));
        let todo = seeds.map(|seed| Step { seed, change: Change::None }).collect();
        Self { map: Map::new(twin), corpus: Vec::new(), todo, fresh: 0, taken: vec![0; twin.edges] }
    }

    /// Hands the steps that were found last to the shards, in turn.
    pub fn deal(&mut self, mut to: impl FnMut(usize, Vec<Step>)) {
        let mut hands: Vec<Vec<Step>> = vec![Vec::new(); SHARDS];
        for _ in 0..DEALT {
            for hand in &mut hands {
                hand.extend(self.todo.pop());
            }
        }
        for (shard, mut hand) in hands.into_iter().enumerate() {
            hand.reverse();
            to(shard, hand);
        }
    }

    /// Takes in what a shard found in a round, and what it left to be tried.
    pub fn merge(&mut self, found: Vec<(Arc<Seed>, News)>, fresh: Vec<Vec<u32>>, todo: Vec<Step>) {
        for (seed, news) in found {
            // Another shard may have found the same.
            if self.map.lacks(&news) {
                self.map.learn(&news);
                if self.corpus.len() < CORPUS_MAX {
                    self.corpus.push(seed);
                }
            }
        }
        self.fresh = self.fresh.saturating_add(fresh.len() as u64);
        for edge in fresh.into_iter().flatten() {
            if let Some(taken) = self.taken.get_mut(edge as usize) {
                *taken = taken.saturating_add(1);
            }
        }
        self.todo.extend(todo);
        let over = self.todo.len().saturating_sub(WAITING_MAX);
        self.todo.drain(..over);
    }

    /// Inputs as they are generated, and edges that exactly one of them took: their quotient is the Good–Turing estimate of
    /// how many new edges the next such input takes.
    pub fn estimate(&self) -> (u64, u64) {
        (self.fresh, self.taken.iter().filter(|taken| **taken == 1).count() as u64)
    }
}
