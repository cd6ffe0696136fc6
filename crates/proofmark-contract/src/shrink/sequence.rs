//! Simpler sequences: without parts of it, largest parts first; then with simpler elements.

/// Sequences up to this length have each of their elements made simpler one by one.
const FINE_MAX: usize = 24;

/// Candidates for a sequence whose simplest element is `minimal`, about `most` of them, where `simpler` gives so many
/// candidates for an element.
pub(super) fn candidates<T: Clone + PartialEq>(
    values: &[T],
    minimal: &T,
    most: usize,
    simpler: &dyn Fn(&T, usize) -> Vec<T>,
) -> Vec<Vec<T>> {
    let mut found = Vec::new();
    if values.is_empty() {
        return found;
    }
    found.push(Vec::new());
    for (start, end) in chunks(values.len()).into_iter().take(most / 2) {
        found.push(without(values, start, end));
        found.push(with(values, start, end, minimal));
    }
    if values.len() > FINE_MAX {
        return found;
    }
    let most = most.saturating_sub(found.len()).checked_div(values.len()).unwrap_or(0).max(1);
    for (nth, value) in values.iter().enumerate() {
        let equal: Vec<usize> = (0..values.len()).filter(|other| values.get(*other) == Some(value)).collect();
        let first = equal.first() == Some(&nth);
        for candidate in simpler(value, most) {
            found.push(exchanged(values, &[nth], &candidate));
            // Elements that are equal may have to stay equal.
            if first && equal.len() > 1 {
                found.push(exchanged(values, &equal, &candidate));
            }
        }
    }
    found
}

/// Halves, quarters, and so on down to single elements.
pub(super) fn chunks(length: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut size = length;
    while size > 1 {
        size = size.div_ceil(2);
        let mut start = 0_usize;
        while start < length {
            let end = start.saturating_add(size).min(length);
            found.push((start, end));
            start = end;
        }
    }
    if length == 1 {
        found.push((0, 1));
    }
    found
}

fn without<T: Clone>(values: &[T], start: usize, end: usize) -> Vec<T> {
    values.iter().take(start).chain(values.iter().skip(end)).cloned().collect()
}

fn with<T: Clone>(values: &[T], start: usize, end: usize, element: &T) -> Vec<T> {
    let changed = |(nth, value): (usize, &T)| if (start..end).contains(&nth) { element.clone() } else { value.clone() };
    values.iter().enumerate().map(changed).collect()
}

fn exchanged<T: Clone>(values: &[T], places: &[usize], element: &T) -> Vec<T> {
    let mut changed = values.to_vec();
    for place in places {
        if let Some(slot) = changed.get_mut(*place) {
            *slot = element.clone();
        }
    }
    changed
}
