//! What a word of a short list was most likely meant to be.

use crate::error::{edits, slips};

/// The nearest of `known`, if it is near. With a few words to choose from, two letters in the wrong order are no other word.
pub(super) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = slips(wanted).max(if wanted.len() > 3 { 2 } else { 1 });
    let near = known.filter_map(|name| Some((edits(wanted, name, limit)?, name)));
    near.min().map(|(_, name)| name)
}

/// `a`, `b`, `c`, each in quotes.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// "did you mean `this`?", or which words there are.
pub(super) fn advice<'a>(wanted: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(wanted, known.clone()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("write one of {}", listed(known)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_short_words_are_understood() {
        let known = || ["test", "lib", "timeout"].into_iter();
        for (wanted, expected) in [
            ("tset", Some("test")),
            ("libs", Some("lib")),
            ("lb", Some("lib")),
            ("tiemout", Some("timeout")),
            ("context", None),
        ] {
            assert_eq!(nearest(wanted, known()), expected, "{wanted}");
        }
        assert_eq!(advice("x", known()), "write one of `test`, `lib`, `timeout`");
    }
}
