//! A line of libtest's pretty format that says how a test came out: `test NAME ... WORDS`.

/// What may stand between the name and the dots.
const MODES: [&str; 3] = [" - should panic", " - compile fail", " - compile"];

/// The test's name, and the words behind the dots.
pub(crate) fn read(line: &str) -> Option<(&str, &str)> {
    let (name, words) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((MODES.iter().find_map(|mode| name.strip_suffix(mode)).unwrap_or(name), words))
}
