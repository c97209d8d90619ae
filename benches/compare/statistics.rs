//! Medians, and how far to trust them.

/// The middle of some numbers; of an even count, the mean of the two in the middle.
pub(crate) fn median(numbers: &[f64]) -> f64 {
    let sorted = sorted(numbers);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// Between which two of the numbers the true median lies, 19 times out of 20; of few numbers, the least and the greatest.
pub(crate) fn interval(numbers: &[f64]) -> (f64, f64) {
    let sorted = sorted(numbers);
    let count = sorted.len() as f64;
    let below = ((count - 1.96 * count.sqrt()) / 2.0).floor().max(0.0) as usize;
    (sorted[below], sorted[sorted.len() - 1 - below])
}

/// The least and the greatest.
pub(crate) fn range(numbers: &[f64]) -> (f64, f64) {
    let sorted = sorted(numbers);
    (sorted[0], sorted[sorted.len() - 1])
}

fn sorted(numbers: &[f64]) -> Vec<f64> {
    assert!(!numbers.is_empty(), "nothing was measured");
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
