//! What can keep a run from being made at all: one type, whose text is all that a user sees of it.
//!
//! The harness prints it as `error: …` and ends with 101. Texts are one line, and those of ours end with what to do
//! next. A failing test is no error; it is an outcome. What a text quotes may hold anything: line breaks and whatever else steers a
//! terminal are written as Rust writes them, `\n`, in libtest's texts too.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::io;

/// Why there is no run, or no more of it.
#[derive(Debug)]
pub(crate) struct Error(Kind);

#[derive(Debug)]
enum Kind {
    /// The command line or one of libtest's variables is wrong, in libtest's words.
    Usage(String),
    /// A variable of ours has a value that it cannot have.
    Value { variable: &'static str, value: String, advice: &'static str },
    /// A variable that has our prefix and is none of ours.
    Unknown { variable: String, nearest: Option<&'static str> },
    /// A variable that is to come.
    NotBuilt(&'static str),
    /// The system refused.
    System { task: Cow<'static, str>, cause: io::Error },
}

impl Error {
    /// `text` is libtest's.
    pub(crate) fn usage(text: impl Into<String>) -> Error {
        Error(Kind::Usage(text.into()))
    }

    /// `advice` goes on behind "`VARIABLE` is `value`, which is ".
    pub(crate) fn value(variable: &'static str, value: &str, advice: &'static str) -> Error {
        Error(Kind::Value { variable, value: value.to_owned(), advice })
    }

    /// `known` are the names there are.
    pub(crate) fn unknown_variable(variable: &str, known: impl Iterator<Item = &'static str>) -> Error {
        Error(Kind::Unknown { variable: variable.to_owned(), nearest: nearest(variable, known) })
    }

    pub(crate) fn not_built(variable: &'static str) -> Error {
        Error(Kind::NotBuilt(variable))
    }

    /// `task` is what was being done: "cannot {task}: {cause}".
    pub(crate) fn system(task: impl Into<Cow<'static, str>>, cause: io::Error) -> Error {
        Error(Kind::System { task: task.into(), cause })
    }
}

/// Writes text without line breaks and other control characters.
struct OneLine<'out, 'text>(&'out mut fmt::Formatter<'text>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| match letter.is_control() {
            true => write!(self.0, "{}", letter.escape_default()),
            false => self.0.write_char(letter),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = OneLine(out);
        match &self.0 {
            Kind::Usage(text) => out.write_str(text),
            Kind::Value { variable, value, advice } => {
                write!(out, "{variable} is `{value}`, which is {advice}")
            }
            Kind::Unknown { variable, nearest: Some(nearest) } => {
                write!(out, "snout knows no variable `{variable}`: did you mean `{nearest}`?")
            }
            Kind::Unknown { variable, nearest: None } => {
                write!(
                    out,
                    "snout knows no variable `{variable}`: unset it, or see `--help` for those there are"
                )
            }
            Kind::NotBuilt(variable) => write!(out, "{variable} is not built yet: unset it"),
            Kind::System { task, cause } => write!(out, "cannot {task}: {cause}{}", advice(cause.kind())),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::System { cause, .. } => Some(cause),
            Kind::Usage(_) | Kind::Value { .. } | Kind::Unknown { .. } | Kind::NotBuilt(_) => None,
        }
    }
}

/// What to do about what the system refused, where that can be told.
fn advice(refused: io::ErrorKind) -> &'static str {
    match refused {
        io::ErrorKind::BrokenPipe => {
            ": keep what reads the output running to the end, or send the output to a file"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": make room there, or send the output elsewhere"
        }
        io::ErrorKind::FileTooLarge => ": raise the limit on the size of files, or send the output elsewhere",
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ": make the folder, or name another",
        io::ErrorKind::IsADirectory => ": name a file in it",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": name a place that may be written to"
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => {
            ": end other programs, or raise the limits of this one"
        }
        _ => "",
    }
}

/// The one of `known` that `wanted` was most likely meant to be; `None` if it is like none of them.
pub(crate) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut best = None;
    let mut limit = slips(wanted);
    for name in known {
        if let Some(edits) = edits(wanted, name, limit) {
            best = Some(name);
            match edits.checked_sub(1) {
                Some(closer) => limit = closer,
                None => break,
            }
        }
    }
    best
}

/// How many edits a slip may be in a text like this. With more, words that have nothing to do with each other would do.
pub(crate) fn slips(text: &str) -> usize {
    (text.len() / 3).min(4)
}

/// How many bytes must be put in, left out or replaced to make one text of the other, if not more than `limit`.
pub(crate) fn edits(left: &str, right: &str, limit: usize) -> Option<usize> {
    if left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let (left, right) = without_common_ends(left.as_bytes(), right.as_bytes());
    // What the beginning of `left` read so far needs to become the first 0, 1, 2 … bytes of `right`.
    let mut needs: Vec<usize> = (0..=right.len()).collect();
    for (row, byte) in left.iter().enumerate() {
        // Beginnings that differ in length by more than the limit need more edits than that; they are not looked at.
        let (start, end) = (row.saturating_sub(limit), (row + limit + 1).min(right.len()));
        let mut diagonal = std::mem::replace(&mut needs[start], row + 1);
        let mut least = row + 1;
        for column in start..end {
            let replaced = diagonal + usize::from(*byte != right[column]);
            diagonal = needs[column + 1];
            let need = replaced.min(diagonal + 1).min(needs[column] + 1);
            needs[column + 1] = need;
            least = least.min(need);
        }
        if least > limit {
            return None;
        }
    }
    needs.last().copied().filter(|&edits| edits <= limit)
}

/// Names of one module share their beginning, and what is shared needs no edit.
fn without_common_ends<'a>(left: &'a [u8], right: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let same = |(left, right): &(&u8, &u8)| left == right;
    let start = left.iter().zip(right).take_while(same).count();
    let (left, right) = (&left[start..], &right[start..]);
    let end = left.iter().rev().zip(right.iter().rev()).take_while(same).count();
    (&left[..left.len() - end], &right[..right.len() - end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_up_to_the_limit() {
        for (left, right, limit, count) in [
            ("", "", 0, Some(0)),
            ("abc", "abc", 0, Some(0)),
            ("abc", "abd", 0, None),
            ("kitten", "sitting", 3, Some(3)),
            ("kitten", "sitting", 2, None),
            ("parser::nmber", "parser::number", 1, Some(1)),
            ("aXbXc", "abc", 2, Some(2)),
            ("", "abc", 3, Some(3)),
            ("aa", "aaaa", 2, Some(2)),
        ] {
            assert_eq!(edits(left, right, limit), count, "{left} {right}");
            assert_eq!(edits(right, left, limit), count, "{right} {left}");
        }
    }

    /// The definition, without the shortcuts.
    fn plain(left: &[u8], right: &[u8]) -> usize {
        match (left, right) {
            ([], rest) | (rest, []) => rest.len(),
            ([a, left @ ..], [b, right @ ..]) if a == b => plain(left, right),
            ([_, shorter_left @ ..], [_, shorter_right @ ..]) => {
                let replaced = plain(shorter_left, shorter_right);
                1 + replaced.min(plain(shorter_left, right)).min(plain(left, shorter_right))
            }
        }
    }

    #[test]
    fn shortcuts_do_not_change_the_count() {
        // Miri takes its time.
        let count = if cfg!(miri) { 12 } else { 128 };
        let texts: Vec<String> = (0..count)
            .map(|bits| (0..bits % 8_u8).map(|bit| if bits >> bit & 1 == 1 { 'a' } else { 'b' }).collect())
            .collect();
        for (left, right) in texts.iter().flat_map(|left| texts.iter().map(move |right| (left, right))) {
            let count = plain(left.as_bytes(), right.as_bytes());
            for limit in 0..8 {
                assert_eq!(
                    edits(left, right, limit),
                    (count <= limit).then_some(count),
                    "{left} {right} {limit}"
                );
            }
        }
    }

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_edits() {
        let known = || ["timeout", "grace", "time_out"].into_iter();
        assert_eq!(nearest("time_outs", known()), Some("time_out"));
        assert_eq!(nearest("tiemout", known()), Some("timeout"));
        assert_eq!(nearest("grace", known()), Some("grace"));
        assert_eq!(nearest("elephant", known()), None);
        assert_eq!(nearest("", known()), None);
    }

    #[test]
    fn texts_are_one_line_and_say_what_to_do() {
        for (error, text) in [
            (Error::usage("Unrecognized option: 'x'"), "Unrecognized option: 'x'"),
            (Error::value("A", "b", "odd: write `c`"), "A is `b`, which is odd: write `c`"),
            (Error::not_built("A"), "A is not built yet: unset it"),
            (
                Error::unknown_variable("SNOUT_TIMEOT", ["SNOUT_TIMEOUT"].into_iter()),
                "snout knows no variable `SNOUT_TIMEOT`: did you mean `SNOUT_TIMEOUT`?",
            ),
            (
                Error::unknown_variable("SNOUT_X", ["SNOUT_TIMEOUT"].into_iter()),
                "snout knows no variable `SNOUT_X`: unset it, or see `--help` for those there are",
            ),
            (Error::system("write", io::Error::other("disk full")), "cannot write: disk full"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn what_is_quoted_does_not_break_the_line() {
        for (error, text) in [
            (Error::usage("Unrecognized option: 'a\nb'"), r"Unrecognized option: 'a\nb'"),
            (
                Error::value("A", "\u{1b}[2Jü", "odd: write `c`"),
                r"A is `\u{1b}[2Jü`, which is odd: write `c`",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn what_the_system_said_is_the_cause() {
        use std::error::Error as _;
        assert!(Error::system("write", io::Error::other("x")).source().is_some());
        assert!(Error::usage("x").source().is_none());
    }
}
