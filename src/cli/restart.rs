//! The values of `--process-restartworker` and its variable.

use std::num::NonZeroUsize;

use crate::model::Restart;

/// What to do about a value that is none.
pub(super) const RESTART: &str = "no number of tests and no size: write them like `100` or `512MiB`, `each` for one test a lane, or `0` for never";

/// The value that the flag has when it is typed without one.
pub(super) const EACH: &str = "each";

/// Units of memory, by their names.
const UNITS: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Reads when the pool's process is to be replaced: `each`, `100`, `512MiB`, `0`.
pub(super) fn parse(text: &str) -> Option<Restart> {
    if text == EACH {
        return Some(Restart::EachTest);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if unit.is_empty() {
        let tests = number.parse().ok()?;
        return Some(NonZeroUsize::new(tests).map_or(Restart::Never, Restart::Tests));
    }
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let size: u64 = number.parse().ok()?;
    size.checked_mul(*bytes).filter(|size| *size > 0).map(Restart::Memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sizes_and_words_are_read() {
        let tests = |count| NonZeroUsize::new(count).map_or(Restart::Never, Restart::Tests);
        for (text, restart) in [
            ("each", Restart::EachTest),
            ("0", Restart::Never),
            ("00", Restart::Never),
            ("1", tests(1)),
            ("100", tests(100)),
            ("4KiB", Restart::Memory(4_096)),
            ("512MiB", Restart::Memory(512 << 20)),
            ("2GiB", Restart::Memory(2 << 30)),
            ("3KB", Restart::Memory(3_000)),
            ("5MB", Restart::Memory(5_000_000)),
            ("1GB", Restart::Memory(1_000_000_000)),
        ] {
            assert_eq!(parse(text), Some(restart), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "1 ",
            " 1",
            "x",
            "Each",
            "true",
            "MiB",
            "0MiB",
            "-1MiB",
            "1.5GiB",
            "512 MiB",
            "512mib",
            "512M",
            "512B",
            "99999999999GiB",
            "99999999999999999999",
            "٣",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
