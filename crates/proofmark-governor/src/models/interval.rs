//! Shares and ratios with intervals that hold them 95 times in 100.
//!
//! Figures are integers. Between them are only additions, multiplications, divisions and square roots of 64-bit floats,
//! which IEEE 754 rounds the same way on every machine.

use serde::Serialize;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;
const MILLION: f64 = 1_000_000.0;
const THOUSAND: u64 = 1000;

/// A share of candidates, with Wilson's score interval (E. B. Wilson, 1927), in parts per million. The bounds are rounded
/// outwards. Without candidates there is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    pub marked: u64,
    pub of: u64,
    pub ppm: Option<u64>,
    pub low_ppm: Option<u64>,
    pub high_ppm: Option<u64>,
}

impl Rate {
    #[must_use]
    pub fn of(marked: u64, of: u64) -> Self {
        if of == 0 {
            return Self { marked, of, ppm: None, low_ppm: None, high_ppm: None };
        }
        let n = of as f64;
        let share = marked as f64 / n;
        let spread = Z * Z / n;
        let centre = (share + spread / 2.0) / (1.0 + spread);
        let half = Z / (1.0 + spread) * (share * (1.0 - share) / n + spread / (4.0 * n)).sqrt();
        let ppm = |share: f64| (share.clamp(0.0, 1.0) * MILLION) as u64;
        let up = |share: f64| (share.clamp(0.0, 1.0) * MILLION).ceil() as u64;
        // At the ends the formula gives exactly 0 and 1, and floats may not.
        let low = if marked == 0 { 0 } else { ppm(centre - half) };
        let high = if marked >= of { ppm(1.0) } else { up(centre + half) };
        Self { marked, of, ppm: Some((share * MILLION + 0.5) as u64), low_ppm: Some(low), high_ppm: Some(high) }
    }
}

/// What all candidates of a group cost, and how much that is for each mark, in thousandths, with Fieller's interval
/// (E. C. Fieller, 1954).
///
/// There is no figure for each mark without marks, nor where the sum is zero: then nobody counted. There is no interval
/// where marks are too few for one (its upper bound would be infinite), or where nothing varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ratio {
    pub sum: u64,
    pub per_mark_milli: Option<u64>,
    pub low_milli: Option<u64>,
    pub high_milli: Option<u64>,
}

/// Sums over pairs of a candidate's cost and whether it was marked (0 or 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    count: u64,
    marks: u64,
    cost: u128,
    cost_squared: u128,
    /// Of the marked ones.
    cost_marked: u128,
}

impl Pairs {
    pub fn push(&mut self, cost: u64, marked: bool) {
        let cost = u128::from(cost);
        let marked_cost = if marked { cost } else { 0 };
        let one = Self {
            count: 1,
            marks: u64::from(marked),
            cost,
            cost_squared: cost.saturating_mul(cost),
            cost_marked: marked_cost,
        };
        self.add(&one);
    }

    pub fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.marks = self.marks.saturating_add(other.marks);
        self.cost = self.cost.saturating_add(other.cost);
        self.cost_squared = self.cost_squared.saturating_add(other.cost_squared);
        self.cost_marked = self.cost_marked.saturating_add(other.cost_marked);
    }

    /// The cost of each mark.
    #[must_use]
    pub fn ratio(&self) -> Ratio {
        let sum = u64::try_from(self.cost).unwrap_or(u64::MAX);
        let none = Ratio { sum, per_mark_milli: None, low_milli: None, high_milli: None };
        if self.marks == 0 || self.cost == 0 {
            return none;
        }
        let marks = u128::from(self.marks);
        let doubled = self.cost.saturating_mul(u128::from(THOUSAND)).saturating_mul(2).saturating_add(marks);
        let rounded = doubled.checked_div(marks.saturating_mul(2)).and_then(|milli| u64::try_from(milli).ok());
        let (low, high) = self.fieller().unzip();
        let milli = |bound: f64| bound * THOUSAND as f64;
        Ratio {
            per_mark_milli: rounded,
            low_milli: low.map(|low| milli(low).max(0.0) as u64),
            high_milli: high.map(|high| milli(high).ceil() as u64),
            ..none
        }
    }

    /// The ratios R for which the mean of cost − R · marked is not told from zero: the roots of
    /// (a − R·b)² = z² · (A − 2·R·C + R²·B), where a and b are the means of cost and marked, and A, B and C the variances and
    /// the covariance of these means.
    fn fieller(&self) -> Option<(f64, f64)> {
        if self.count < 2 {
            return None;
        }
        let n = self.count as f64;
        let (a, b) = (self.cost as f64 / n, self.marks as f64 / n);
        // Of the means: sample variances, divided by n once more.
        let spread = |squares: f64, product: f64| (squares / n - product).max(0.0) / (n - 1.0);
        let (cost, marked) = (spread(self.cost_squared as f64, a * a), spread(self.marks as f64, b * b));
        let both = (self.cost_marked as f64 / n - a * b) / (n - 1.0);
        let zz = Z * Z;
        let square = b * b - zz * marked;
        let middle = a * b - zz * both;
        let inner = middle * middle - square * (a * a - zz * cost);
        let is_bounded = square > 0.0 && inner > 0.0 && (cost > 0.0 || marked > 0.0);
        is_bounded.then(|| ((middle - inner.sqrt()) / square, (middle + inner.sqrt()) / square))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn wilsons_intervals_are_those_of_the_literature() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (marked, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let rate = Rate::of(marked, of);
            let near = |ppm: Option<u64>, wanted: f64| (ppm.unwrap() as f64 / MILLION - wanted).abs() <= 0.00005;
            assert!(near(rate.low_ppm, low) && near(rate.high_ppm, high), "{rate:?}");
        }
        let half = Rate::of(5, 10);
        assert_eq!((half.ppm, half.low_ppm, half.high_ppm), (Some(500_000), Some(236_593), Some(763_407)));
    }

    #[test]
    fn an_interval_holds_its_share_and_ends_at_the_ends() {
        for of in 1..60 {
            for marked in 0..=of {
                let Rate { ppm: Some(at), low_ppm: Some(low), high_ppm: Some(high), .. } = Rate::of(marked, of) else {
                    panic!("{marked} of {of}");
                };
                assert!(low <= at && at <= high && high <= 1_000_000, "{marked} of {of}");
                assert_eq!((low == 0, high == 1_000_000), (marked == 0, marked == of), "{marked} of {of}");
                assert!(high - low > 50_000, "{marked} of {of}");
            }
        }
        assert_eq!(Rate::of(0, 0), Rate { marked: 0, of: 0, ppm: None, low_ppm: None, high_ppm: None });
        assert!(Rate::of(1 << 40, 1 << 41).low_ppm.unwrap() > 499_990);
    }

    fn pairs(list: &[(u64, bool)]) -> Pairs {
        let mut pairs = Pairs::default();
        list.iter().for_each(|(cost, marked)| pairs.push(*cost, *marked));
        pairs
    }

    #[test]
    fn a_ratio_has_no_figure_without_marks_and_none_of_nothing() {
        let none = |sum| Ratio { sum, per_mark_milli: None, low_milli: None, high_milli: None };
        assert_eq!(pairs(&[]).ratio(), none(0));
        assert_eq!(pairs(&[(5, false), (6, false)]).ratio(), none(11));
        assert_eq!(pairs(&[(0, true), (0, true)]).ratio(), none(0));
        // A mark of ten says nothing about how rare marks may be.
        let one = pairs(&[[(100, true)].as_slice(), &[(100, false); 9]].concat()).ratio();
        assert_eq!(one, Ratio { per_mark_milli: Some(1_000_000), ..none(1000) });
        // Where nothing varied there is nothing to go by.
        assert_eq!(pairs(&[(7, true); 3]).ratio(), Ratio { per_mark_milli: Some(7000), ..none(21) });
        assert_eq!(pairs(&[(7, true)]).ratio(), Ratio { per_mark_milli: Some(7000), ..none(7) });
        assert_eq!(pairs(&[(1, true), (1, true), (0, true)]).ratio().per_mark_milli, Some(667));
        let huge = pairs(&[(u64::MAX, true), (u64::MAX, false), (3, true)]).ratio();
        assert_eq!((huge.sum, huge.per_mark_milli), (u64::MAX, None));
    }

    #[test]
    fn fiellers_bounds_are_where_zero_is_just_told_apart() {
        let list: Vec<(u64, bool)> = (0..40).map(|nth| (100 + nth * 37 % 61, nth % 3 != 0)).collect();
        let (low, high) = pairs(&list).fieller().unwrap();
        let n = list.len() as f64;
        for bound in [low, high] {
            let left = |(cost, marked): &(u64, bool)| *cost as f64 - bound * f64::from(u8::from(*marked));
            let mean = list.iter().map(left).sum::<f64>() / n;
            let squares = list.iter().map(|pair| (left(pair) - mean) * (left(pair) - mean)).sum::<f64>();
            let error = (squares / (n - 1.0) / n).sqrt();
            assert!((mean.abs() / error - Z).abs() < 1e-6, "{bound}: {mean} of {error}");
        }
        let ratio = pairs(&list).ratio();
        assert!(ratio.low_milli < ratio.per_mark_milli && ratio.per_mark_milli < ratio.high_milli, "{ratio:?}");
    }

    #[test]
    fn fiellers_interval_holds_the_ratio_about_as_often_as_it_says() {
        // Repairs cost more and fail more often: cost and mark depend on each other, as they do in logs.
        let mut random = ChaCha8Rng::seed_from_u64(31);
        let mut draw = move || random.next_u32() % 1000;
        let (mut held, mut bounded) = (0, 0);
        for _ in 0..2000 {
            let mut sample = Pairs::default();
            for _ in 0..40 {
                let is_hard = draw() < 500;
                let marked = draw() < if is_hard { 250 } else { 750 };
                sample.push(if is_hard { 900 } else { 300 } + u64::from(draw() % 101), marked);
            }
            // The mean cost is 650, and half of the candidates are marked.
            if let Some((low, high)) = sample.fieller() {
                bounded += 1;
                held += u32::from(low <= 1300.0 && 1300.0 <= high);
            }
        }
        assert_eq!(bounded, 2000);
        assert!((1860..=1940).contains(&held), "{held} of 2000");
    }
}
