//! Small texts and facts that several formats share.

use std::io;
use std::time::Duration;

use super::pen::Pen;
use crate::model::{Case, Failure, Finished, Measurement, Outcome, TimeLimits, signal_name};

/// Why a test of an interrupted run has not come out.
pub(super) fn not_run(signal: i32) -> String {
    format!("not run: the run was interrupted by {}", signal_name(signal))
}

/// So many names are spelt out.
const NAMES: usize = 20;

/// `m::f, m::g and 7 more`.
pub(super) fn names<'name>(names: impl Iterator<Item = &'name str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.len() {
        count if count > NAMES => format!("{} and {} more", names[..NAMES].join(", "), count - NAMES),
        _ => names.join(", "),
    }
}

/// `1 test`, `2 tests`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// How long a test took, where libtest would say so: it times no benchmarks and nothing that was not run.
pub(super) fn time_of(finished: &Finished, case: &Case, limits: Option<&TimeLimits>) -> Option<Duration> {
    let was_run = match finished.outcome {
        Outcome::Passed => true,
        Outcome::Failed(Failure::NotRun(_) | Failure::Blocked { .. })
        | Outcome::Ignored(_)
        | Outcome::Measured(_) => false,
        Outcome::Failed(_) => true,
    };
    (limits.is_some() && was_run && !case.is_measured()).then_some(finished.elapsed)
}

/// What is to be said about an outcome besides what the test printed.
pub(super) fn message(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed(failure) => failure.message(),
        Outcome::Ignored(why) => why.as_ref().map(ToString::to_string),
        Outcome::Passed | Outcome::Measured(_) => None,
    }
}

/// Whether a test failed for its time alone: `--ensure-time`. libtest lists such tests apart.
pub(super) fn is_late(finished: &Finished) -> bool {
    matches!(finished.outcome, Outcome::Failed(Failure::OverCritical))
}

/// `     79,381.66 ns/iter (+/- 4,131.53) = 12597 MB/s`.
pub(super) fn measurement(measured: &Measurement) -> String {
    let samples = &measured.nanoseconds;
    let median = with_thousands(samples.median);
    let spread = with_thousands(samples.max - samples.min);
    match measured.megabytes_per_second {
        0 => format!("{median:>14} ns/iter (+/- {spread})"),
        speed => format!("{median:>14} ns/iter (+/- {spread}) = {speed} MB/s"),
    }
}

/// `1,234.50`. libtest rounds each group for itself and so says `1000.00` for 999.999; this says `1,000.00`.
fn with_thousands(number: f64) -> String {
    let plain = format!("{number:.2}");
    let whole = plain.len() - ".00".len();
    let mut grouped = String::with_capacity(plain.len() + whole / 3);
    for (place, digit) in plain.char_indices() {
        if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes what a test printed and, behind it, its message as a note: `note: test did not panic as expected`.
pub(super) fn output_and_note(pen: &mut Pen, finished: &Finished) -> io::Result<()> {
    pen.text(&finished.output.text())?;
    let Some(note) = message(&finished.outcome) else { return Ok(()) };
    if cuts_a_line(finished) {
        pen.text("\n")?;
    }
    pen.text("note: ")?;
    pen.text(&note)
}

/// Whether the note needs a line break before it. libtest sets none before its own notes, and so neither do we; but a
/// test that was stopped has often printed half a line.
fn cuts_a_line(finished: &Finished) -> bool {
    let printed = finished.output.bytes();
    !matches!(finished.outcome, Outcome::Failed(Failure::Unexpected(_)))
        && !printed.is_empty()
        && !printed.ends_with(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_by_commas() {
        assert_eq!(with_thousands(0.0), "0.00");
        assert_eq!(with_thousands(1.306), "1.31");
        assert_eq!(with_thousands(999.999), "1,000.00");
        assert_eq!(with_thousands(79_381.66), "79,381.66");
        assert_eq!(with_thousands(123_456_789.0), "123,456,789.00");
    }

    #[test]
    fn nouns_have_a_plural() {
        assert_eq!(counted(0, "test"), "0 tests");
        assert_eq!(counted(1, "test"), "1 test");
    }
}
