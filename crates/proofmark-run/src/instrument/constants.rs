//! The constants of a binary: what its code compares with is often among them, and so is a good input.

use wasmparser::{BinaryReaderError, DataSectionReader, Operator};

/// Constants of one kind, at most.
const CONSTANTS_MAX: usize = 512;
/// The shortest and the longest string that is taken from data, in bytes.
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 3..=64;

/// Without repetitions, in the order of the binary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constants {
    pub whole: Vec<i64>,
    pub floats: Vec<f64>,
    /// Runs of printable ASCII in data segments.
    pub texts: Vec<String>,
}

impl Constants {
    /// Takes in what other code mentions.
    pub(crate) fn add(&mut self, other: &Self) {
        other.whole.iter().for_each(|whole| add(&mut self.whole, *whole));
        other.floats.iter().for_each(|float| self.float(*float));
        other.texts.iter().for_each(|text| add(&mut self.texts, text.clone()));
    }

    pub(super) fn operator(&mut self, operator: &Operator<'_>) {
        match operator {
            // Small ones are everywhere, and inputs as they are generated too.
            Operator::I32Const { value } if value.unsigned_abs() > 16 => add(&mut self.whole, i64::from(*value)),
            Operator::I64Const { value } if value.unsigned_abs() > 16 => add(&mut self.whole, *value),
            Operator::F32Const { value } => self.float(f64::from(f32::from_bits(value.bits()))),
            Operator::F64Const { value } => self.float(f64::from_bits(value.bits())),
            _ => {}
        }
    }

    fn float(&mut self, value: f64) {
        if self.floats.len() < CONSTANTS_MAX && !self.floats.iter().any(|known| known.to_bits() == value.to_bits()) {
            self.floats.push(value);
        }
    }

    pub(super) fn data(&mut self, section: DataSectionReader<'_>) -> Result<(), BinaryReaderError> {
        for segment in section {
            for run in segment?.data.split(|byte| !matches!(byte, b' '..=b'~')) {
                if TEXT_BYTES.contains(&run.len())
                    && let Ok(text) = std::str::from_utf8(run)
                {
                    add(&mut self.texts, text.to_owned());
                }
            }
        }
        Ok(())
    }

    pub(super) fn append(&mut self, other: Self) {
        other.whole.into_iter().for_each(|value| add(&mut self.whole, value));
        other.floats.into_iter().for_each(|value| self.float(value));
        other.texts.into_iter().for_each(|text| add(&mut self.texts, text));
    }
}

fn add<T: PartialEq>(known: &mut Vec<T>, value: T) {
    if known.len() < CONSTANTS_MAX && !known.contains(&value) {
        known.push(value);
    }
}
