//! What to try next after an input did something new: exchange what was compared for what it was compared with, and solve
//! comparisons whose operands follow an input in a straight line.

use std::sync::Arc;

use proofmark_contract::Value;
use proofmark_contract::generate::substitute::{Nudge, Operands, nudged, substitutes};
use proofmark_run::instrument::{self, Compared, Relation, Site};

use super::known::{Map, News, Seed};

/// Pairs of operands of one comparison that are looked at: the last ones, as a loop that compares ends where it differs.
const PAIRS_MAX: usize = 8;
/// Places in which one pair is exchanged.
const PLACES_MAX: usize = 6;
/// Numbers of an input that are probed, and that are exchanged bit by bit.
const PROBES_MAX: usize = 12;
const XORS_MAX: usize = 4;
/// Ways of a branch table that are tried.
const WAYS_MAX: u64 = 40;
/// Steps from one input.
const STEPS_MAX: usize = 160;

/// How a probe changes a number.
pub const PROBE: Nudge = Nudge::Add(1);

/// One input to be tried.
#[derive(Debug, Clone)]
pub struct Step {
    pub seed: Arc<Seed>,
    pub change: Change,
}

/// How an input follows from a seed.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    None,
    /// The exchange with that number, of those that there are for these operands.
    Exchange(Operands, usize),
    /// A number of the input, by its position.
    Nudge(usize, Nudge),
    /// [`PROBE`] at that position, to see what changes.
    Probe(usize),
}

/// The steps from an input that did something new; what promises most comes last.
pub fn of(seed: &Arc<Seed>, news: &News, sites: &[Site]) -> Vec<Step> {
    let (mut low, mut high) = (Vec::new(), Vec::new());
    let mut solvable = Vec::new();
    for number in &news.work {
        let Some(site) = sites.get(*number as usize) else { continue };
        let pairs: Vec<&Compared> = seed.compared.iter().filter(|one| one.site == *number).collect();
        let last = pairs.get(pairs.len().saturating_sub(PAIRS_MAX)..).unwrap_or_default();
        for pair in last.iter().filter(|pair| pair.left != pair.right || site.relation == Relation::Switch) {
            let steps = exchanges(seed, *site, pair);
            if site.relation == Relation::Equality { high.extend(steps) } else { low.extend(steps) }
        }
        let whole = matches!(site.operands, instrument::Operands::I32 | instrument::Operands::I64);
        if site.relation != Relation::Order && whole {
            solvable.extend(last.last().filter(|pair| pair.left != pair.right).map(|pair| (site.relation, *pair)));
        }
    }
    let mut steps = Vec::new();
    let positions = (0..PROBES_MAX).take_while(|position| nudged(&seed.arguments, *position, Nudge::Xor(0)).is_some());
    let positions: Vec<usize> = positions.collect();
    for (_, pair) in solvable.iter().filter(|(relation, _)| *relation == Relation::Equality) {
        for position in positions.iter().take(XORS_MAX) {
            steps.push(Change::Nudge(*position, Nudge::Xor(pair.left ^ pair.right)));
        }
    }
    steps.truncate(STEPS_MAX / 4);
    low.truncate(STEPS_MAX / 2);
    high.truncate(STEPS_MAX);
    steps.extend(low);
    if !solvable.is_empty() {
        steps.extend(positions.iter().map(|position| Change::Probe(*position)));
    }
    steps.extend(high.into_iter().rev());
    steps.into_iter().map(|change| Step { seed: Arc::clone(seed), change }).collect()
}

/// One step from an input that did nothing new: one of its comparisons, and one place.
pub fn follow(arguments: &[Value], compared: &[Compared], nth: usize, place: usize, sites: &[Site]) -> Option<Step> {
    let pair = compared.get(nth).filter(|pair| pair.left != pair.right)?;
    let site = sites.get(pair.site as usize)?;
    let (from, to) = if place.is_multiple_of(2) { (pair.left, pair.right) } else { (pair.right, pair.left) };
    let seed = Arc::new(Seed { arguments: arguments.to_vec(), compared: Vec::new() });
    Some(Step { seed, change: Change::Exchange(operands(site.operands, from, to), place / 2) })
}

/// Exchanges of either operand for the other, and for those beside it where order is compared.
fn exchanges(seed: &Seed, site: Site, pair: &Compared) -> Vec<Change> {
    let near = |number: u64| [number, number.wrapping_add(1), number.wrapping_sub(1)];
    let mut tried: Vec<(u64, u64)> = Vec::new();
    match site.relation {
        Relation::Equality => tried.extend([(pair.left, pair.right), (pair.right, pair.left)]),
        Relation::Order => {
            tried.extend(near(pair.right).map(|to| (pair.left, to)));
            tried.extend(near(pair.left).map(|to| (pair.right, to)));
        }
        Relation::Switch => tried.extend((0..=pair.right.min(WAYS_MAX)).map(|way| (pair.left, way))),
    }
    let mut made = Vec::new();
    for (from, to) in tried.into_iter().filter(|(from, to)| from != to) {
        let operands = operands(site.operands, from, to);
        let places = substitutes(&seed.arguments, operands, PLACES_MAX).len();
        made.extend((0..places).map(|nth| Change::Exchange(operands, nth)));
    }
    made
}

fn operands(operands: instrument::Operands, from: u64, to: u64) -> Operands {
    let single = |bits: u64| f64::from(f32::from_bits(u32::try_from(bits & 0xffff_ffff).unwrap_or(0)));
    match operands {
        instrument::Operands::I32 => Operands::Whole { bits: 32, from: from & 0xffff_ffff, to: to & 0xffff_ffff },
        instrument::Operands::I64 => Operands::Whole { bits: 64, from, to },
        instrument::Operands::F32 => Operands::Float { from: single(from), to: single(to) },
        instrument::Operands::F64 => Operands::Float { from: f64::from_bits(from), to: f64::from_bits(to) },
    }
}

/// After a probe of `seed` at `position`: where one operand moved and the other did not, the steps that make them equal if it
/// goes on to move in a straight line.
pub fn solved(seed: &Arc<Seed>, position: usize, now: &[Compared], sites: &[Site], map: &Map) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut looked_at = Vec::new();
    for before in &seed.compared {
        let Some(site) = sites.get(before.site as usize) else { continue };
        let bits = match site.operands {
            instrument::Operands::I32 => 32,
            instrument::Operands::I64 => 64,
            _ => continue,
        };
        if site.relation == Relation::Order || looked_at.contains(&before.site) || !map.unequal(before.site) {
            continue;
        }
        looked_at.push(before.site);
        let Some(after) = now.iter().find(|one| one.site == before.site) else { continue };
        let (left, right) = (after.left.wrapping_sub(before.left), after.right.wrapping_sub(before.right));
        let ways = match site.relation {
            // The last first.
            Relation::Switch if right == 0 => (0..=before.right.min(WAYS_MAX))
                .rev()
                .map(|way| line(bits, left, way.wrapping_sub(before.left)))
                .collect(),
            _ if right == 0 => vec![line(bits, left, before.right.wrapping_sub(before.left))],
            _ if left == 0 => vec![line(bits, right, before.left.wrapping_sub(before.right))],
            _ => Vec::new(),
        };
        for times in ways.into_iter().flatten().filter(|times| *times != 0) {
            steps.push(Step { seed: Arc::clone(seed), change: Change::Nudge(position, Nudge::Add(times)) });
        }
    }
    steps
}

/// How many steps of `step` make `way`, modulo 2^`bits`: the least number, `None` if none does.
fn line(bits: u32, step: u64, way: u64) -> Option<u64> {
    let mask = |bits: u32| u64::MAX.checked_shr(64_u32.saturating_sub(bits)).unwrap_or(0);
    let (step, way) = (step & mask(bits), way & mask(bits));
    let twos = step.trailing_zeros();
    if step == 0 || way.trailing_zeros() < twos {
        return None;
    }
    let (odd, way) = (step.checked_shr(twos)?, way.checked_shr(twos)?);
    // Newton: each turn doubles the number of bits that are right, from 3.
    let inverse = (0..5).fold(odd, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse))));
    Some(way.wrapping_mul(inverse) & mask(bits.saturating_sub(twos)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_solved_modulo_a_power_of_two() {
        assert_eq!(line(32, 1, 5), Some(5));
        assert_eq!(line(32, 0, 5), None);
        assert_eq!(line(32, 2, 5), None);
        for (bits, step, way) in [(32_u32, 31_u64, 0xdead_beef_u64), (64, 0x9e37_79b9_7f4a_7c15, 7), (32, 12, 0x10)] {
            let times = line(bits, step, way).unwrap();
            let mask = if bits == 64 { u64::MAX } else { 0xffff_ffff };
            assert_eq!(step.wrapping_mul(times) & mask, way & mask);
        }
        assert_eq!(line(32, u64::MAX, 3), Some(0xffff_fffd));
    }
}
