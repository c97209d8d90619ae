//! Guesses what a filter that takes nothing was meant to be.

use crate::contract::{StaticTestName, TestDescAndFn};
use crate::error::{edits, slips};

/// The name of the test whose last segments, as many as `filter` has, are most like it. `None` if there is no such
/// test.
pub(crate) fn nearest(filter: &str, tests: &[&'static TestDescAndFn]) -> Option<&'static str> {
    let segments = filter.matches("::").count() + 1;
    let mut best = None;
    let mut limit = slips(filter);
    for test in tests {
        let StaticTestName(name) = test.desc.name;
        let found =
            edits(filter, last_segments(name, segments), limit).or_else(|| edits(filter, name, limit));
        if let Some(edits) = found {
            best = Some(name);
            match edits.checked_sub(1) {
                Some(closer) => limit = closer,
                None => break,
            }
        }
    }
    best
}

fn last_segments(name: &str, count: usize) -> &str {
    match name.rmatch_indices("::").nth(count - 1) {
        Some((place, separator)) => &name[place + separator.len()..],
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segments_are_what_a_filter_is_compared_with() {
        for (count, end) in [(1, "c"), (2, "b::c"), (3, "a::b::c"), (4, "a::b::c")] {
            assert_eq!(last_segments("a::b::c", count), end);
        }
    }
}
