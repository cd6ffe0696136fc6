//! Reads `[budget]`.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::table::{Problems, Table, whole};
use crate::budget::Budget;
use crate::problem::Problem;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Reads `[budget]`; what it does not name keeps its default.
pub(super) fn budget(mut table: Table<'_>, problems: &mut Problems) -> Budget {
    let usual = Budget::default();
    let mut count = |key, limits, usual| number(&mut table, key, limits, problems).unwrap_or(usual);
    let budget = Budget {
        fuel: count("fuel", 1..=1_000_000_000_000, usual.fuel),
        table_elements: count("table_elements", 0..=1_000_000, usual.table_elements),
        functions: count("functions", 1..=1_000_000, usual.functions),
        total_fuel: count("total_fuel", 1..=1_000_000_000_000_000, usual.total_fuel),
        entries: count("entries", 0..=1_000_000, usual.entries),
        executions: number(&mut table, "executions", 1..=100_000_000, problems),
        memory: size(&mut table, "memory", 64 * KIB..=1 << 30, problems).unwrap_or(usual.memory),
        stack: size(&mut table, "stack", 16 * KIB..=MIB, problems).unwrap_or(usual.stack),
        written: size(&mut table, "written", 0..=256 << 30, problems).unwrap_or(usual.written),
        module_bytes: size(&mut table, "module_bytes", 8..=64 * MIB, problems).unwrap_or(usual.module_bytes),
    };
    if !budget.memory.is_multiple_of(64 * KIB) {
        let span = table.value("memory").map_or_else(|| table.span(), toml::Spanned::span);
        let problem = Problem::new(span, "`memory` must be a multiple of 64KiB, the size of a page", "not whole pages");
        problems.push(problem.help(format!("write \"{}KiB\"", budget.memory.div_ceil(64 * KIB).saturating_mul(64))));
    }
    table.finish(problems);
    budget
}

pub(super) fn number(
    table: &mut Table<'_>,
    key: &'static str,
    limits: RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u64> {
    let value = table.value(key)?;
    let DeValue::Integer(integer) = value.get_ref() else {
        problems.push(table.mistyped(key, "a whole number", value.get_ref(), value.span()));
        return None;
    };
    limited(key, whole(integer), limits, value.span(), problems)
}

fn size(table: &mut Table<'_>, key: &'static str, limits: RangeInclusive<u64>, problems: &mut Problems) -> Option<u64> {
    let value = table.value(key)?;
    let bytes = match value.get_ref() {
        DeValue::Integer(integer) => whole(integer),
        DeValue::String(text) => match bytes(text) {
            Some(bytes) => Some(bytes),
            None => {
                let problem = Problem::new(value.span(), format!("`{key}` is not a size"), "not a number and a unit");
                problems.push(problem.help("write a size such as \"16MiB\" or \"512KiB\", or a number of bytes"));
                return None;
            }
        },
        other => {
            problems.push(table.mistyped(key, "a size such as \"16MiB\"", other, value.span()));
            return None;
        }
    };
    limited(key, bytes, limits, value.span(), problems)
}

fn limited(
    key: &str,
    value: Option<u64>,
    limits: RangeInclusive<u64>,
    span: std::ops::Range<usize>,
    problems: &mut Problems,
) -> Option<u64> {
    let within = value.filter(|value| limits.contains(value));
    if within.is_none() {
        let (least, most) = (limits.start(), limits.end());
        let message = format!("`{key}` must be from {least} to {most}");
        problems.push(Problem::new(span, message, "out of range"));
    }
    within
}

/// The bytes that a size such as `16MiB` stands for.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit() && character != '_').unwrap_or(text.len());
    let (number, unit) = (text.get(..digits)?.replace('_', ""), text.get(digits..)?.trim());
    let unit = match unit {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        assert_eq!(bytes("16MiB"), Some(16 << 20));
        assert_eq!(bytes(" 1_024 KiB "), Some(1 << 20));
        assert_eq!(bytes("5 MB"), Some(5_000_000));
        assert_eq!(bytes("65536"), Some(65536));
        for wrong in ["", "MiB", "1.5MiB", "16mib", "-1", "99999999999999999999", "18446744073709551615KiB", "1 M B"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }
}
