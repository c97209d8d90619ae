//! Things in the order of a key.
//!
//! std's sort is some fifteen hundred instructions for each type and key that it is called with, and each user's build makes all of
//! them: here it is called with one.

/// A text, and a number among those that have the same.
pub(crate) type Key<'a> = (&'a str, u64);

/// The items in the order of their keys; those with the same key in the order that they came in.
pub(crate) fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> Key<'_>) -> Vec<T> {
    let mut keys = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        keys.push((key(item), place));
    }
    let places = in_order(keys);
    // Loops: combinators are code for each type, too.
    let (mut left, mut sorted) = (Vec::with_capacity(places.len()), Vec::with_capacity(places.len()));
    for item in items {
        left.push(Some(item));
    }
    for place in places {
        if let Some(item) = left[place].take() {
            sorted.push(item);
        }
    }
    sorted
}

fn in_order(mut keys: Vec<(Key<'_>, usize)>) -> Vec<usize> {
    keys.sort_unstable(); // no two are equal
    keys.into_iter().map(|(_, place)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_before_numbers_and_what_is_equal_stays_as_it_was() {
        let items =
            vec![("b", 1, 'x'), ("a", 2, 'x'), ("b", 0, 'x'), ("a", 2, 'y'), ("", 9, 'x'), ("a", 2, 'w')];
        let sorted = sorted(items, |(text, number, _)| (text, *number));
        let expected =
            [("", 9, 'x'), ("a", 2, 'x'), ("a", 2, 'y'), ("a", 2, 'w'), ("b", 0, 'x'), ("b", 1, 'x')];
        assert_eq!(sorted, expected);
    }

    #[test]
    fn there_may_be_none_or_many() {
        assert!(sorted(Vec::<u64>::new(), |number| ("", *number)).is_empty());
        // Miri takes a thousand times as long.
        let count = if cfg!(miri) { 300 } else { 10_000 };
        let many: Vec<u64> = (0..count).map(|number| number * 7_919 % 10_007).collect();
        assert!(sorted(many, |number| ("", *number)).is_sorted());
    }
}
