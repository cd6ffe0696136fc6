//! Numbers: edges, constants of the contract, neighbours of earlier numbers, and a share of plain uniform ones.

use super::{Source, remember};

/// The number, which was made for the type at hand.
pub(super) fn narrow<T: TryFrom<i128> + Default>(number: i128) -> T {
    T::try_from(number).unwrap_or_default()
}

fn limits(bits: u32, signed: bool) -> (i128, i128) {
    let power = |exponent: u32| 1_i128.checked_shl(exponent).unwrap_or(0);
    if signed {
        let half = power(bits.saturating_sub(1));
        (half.wrapping_neg(), half.wrapping_sub(1))
    } else {
        (0, power(bits).wrapping_sub(1))
    }
}

const DOUBLES: [f64; 26] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    f64::EPSILON,
    1.0 + f64::EPSILON,
    1.0 - f64::EPSILON / 2.0,
    f64::MAX,
    f64::MIN,
    0.5,
    -0.5,
    0.1,
    9_007_199_254_740_991.0,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    4_294_967_296.0,
];

const SINGLES: [f32; 14] = [
    0.0,
    -0.0,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::MIN_POSITIVE,
    1e-45,
    1.175_494_2e-38,
    f32::EPSILON,
    f32::MAX,
    f32::MIN,
    16_777_215.0,
    16_777_216.0,
    2_147_483_648.0,
];

impl Source {
    /// A whole number of that many bits.
    pub(super) fn whole(&mut self, bits: u32, signed: bool) -> i128 {
        let (least, most) = limits(bits, signed);
        let drawn = match self.random.below(64) {
            0..=11 => i128::from(self.random.between(if signed { -16 } else { 0 }, 16)),
            12..=21 => self.near_a_power(bits, signed),
            22..=27 => self.extreme(least, most),
            28..=33 => self.word(),
            34..=43 => self.relative(least, most),
            44..=49 => self.any_length(bits, signed),
            _ => i128::from(self.random.bits()),
        };
        let number = if (least..=most).contains(&drawn) { drawn } else { wrapped(drawn, least, most) };
        remember(&mut self.seen.whole, number);
        number
    }

    /// ±2^k and up to two beside it.
    fn near_a_power(&mut self, bits: u32, signed: bool) -> i128 {
        let exponent = u32::try_from(self.random.below(u64::from(bits).saturating_add(1))).unwrap_or(0);
        let power = 1_i128.checked_shl(exponent).unwrap_or(0);
        let number = power.wrapping_add(i128::from(self.random.between(-2, 2)));
        if signed && self.random.chance(2) { number.wrapping_neg() } else { number }
    }

    fn extreme(&mut self, least: i128, most: i128) -> i128 {
        let step = i128::from(self.random.between(0, 2));
        match self.random.below(6) {
            0 => least.wrapping_add(step),
            1 => most.wrapping_sub(step),
            2 => (most / 2).wrapping_add(step),
            3 => (least / 2).wrapping_sub(step),
            // The largest number whose square still fits, and its neighbours.
            4 => most.isqrt().wrapping_add(step).wrapping_sub(1),
            _ => step,
        }
    }

    fn word(&mut self) -> i128 {
        let nth = self.random.index(self.words.whole.len());
        let Some(word) = self.words.whole.get(nth).copied() else { return i128::from(self.random.bits()) };
        match self.random.below(8) {
            0..=2 => word,
            3 => word.wrapping_neg(),
            4 => word.wrapping_mul(i128::from(self.random.between(2, 10))),
            _ => word.wrapping_add(i128::from(self.random.between(-3, 3))),
        }
    }

    /// Something to do with an earlier number.
    fn relative(&mut self, least: i128, most: i128) -> i128 {
        let Some(earlier) = self.random.pick(&self.seen.whole).copied() else { return i128::from(self.random.bits()) };
        match self.random.below(12) {
            0..=3 => earlier,
            4 | 5 => earlier.wrapping_add(1),
            6 => earlier.wrapping_sub(1),
            7 => earlier.wrapping_neg(),
            8 => earlier.wrapping_mul(i128::from(self.random.between(2, 16))),
            9 => earlier / 2,
            10 => most.wrapping_add(least).wrapping_sub(earlier),
            _ => earlier.wrapping_add(i128::from(self.random.between(-16, 16))),
        }
    }

    /// A number of a random length in bits.
    fn any_length(&mut self, bits: u32, signed: bool) -> i128 {
        let length = self.random.below(u64::from(bits));
        let mask = 1_u64.checked_shl(u32::try_from(length).unwrap_or(0)).unwrap_or(0).wrapping_sub(1);
        let number = i128::from(self.random.bits() & mask);
        if signed && self.random.chance(2) { number.wrapping_neg() } else { number }
    }

    pub(super) fn double(&mut self) -> f64 {
        let number = match self.random.below(32) {
            0..=6 => self.random.pick(&DOUBLES).copied().unwrap_or(0.0),
            7..=11 => rounded(self.whole(64, true)),
            12..=14 => rounded(self.whole(32, true)) / 4.0,
            15..=18 => unit(self.random.bits()) * 2.0 - 1.0,
            19..=22 => f64::from_bits(self.random.bits()),
            23 | 24 => self.float_word(),
            25..=28 => self.float_relative(),
            29 => f64::from_bits(self.random.below(2047) << 52),
            _ => unit(self.random.bits()) * 2000.0 - 1000.0,
        };
        let number = if number.is_nan() { f64::NAN } else { number };
        remember(&mut self.seen.floats, number);
        number
    }

    pub(super) fn single(&mut self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
        let number = match self.random.below(8) {
            0 => self.random.pick(&SINGLES).copied().unwrap_or(0.0),
            1 => f32::from_bits(self.random.bits32()),
            2 => (self.double() as f32).next_up(),
            3 => (self.double() as f32).next_down(),
            _ => self.double() as f32,
        };
        let number = if number.is_nan() { f32::NAN } else { number };
        remember(&mut self.seen.floats, f64::from(number));
        number
    }

    fn float_word(&mut self) -> f64 {
        let nth = self.random.index(self.words.floats.len());
        let word = match self.words.floats.get(nth).copied() {
            Some(word) => word,
            None => rounded(self.word()),
        };
        self.beside(word)
    }

    fn float_relative(&mut self) -> f64 {
        let Some(earlier) = self.random.pick(&self.seen.floats).copied() else { return unit(self.random.bits()) };
        match self.random.below(8) {
            0..=2 => earlier,
            3 => -earlier,
            4 => earlier + 1.0,
            5 => earlier * 2.0,
            6 => 1.0 / earlier,
            _ => self.beside(earlier),
        }
    }

    fn beside(&mut self, number: f64) -> f64 {
        match self.random.below(4) {
            0 => number.next_up(),
            1 => number.next_down(),
            2 => -number,
            _ => number,
        }
    }
}

/// The number brought into the range, as a machine word would.
fn wrapped(number: i128, least: i128, most: i128) -> i128 {
    let span = most.wrapping_sub(least).wrapping_add(1);
    number.wrapping_sub(least).checked_rem_euclid(span).unwrap_or(0).wrapping_add(least)
}

#[expect(clippy::cast_precision_loss, reason = "rounds to the nearest double")]
fn rounded(number: i128) -> f64 {
    number as f64
}

/// A number from 0 to 1, without it.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}
