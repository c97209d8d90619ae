//! `pretty`: a line a test, and at the end failures with their output, what was slow, and one summary line. `terse`: the same without the
//! lines of tests that are as they should be.
//!
//! The words and columns are nextest's, where it has any.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Reporter;
use crate::model::signal_name;
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::record::Line;
use crate::workspace::results::{Ledger, Result as TestResult, Status, counted, counted_failures};

/// So many slow tests are named without being asked for.
const SLOWEST: usize = 5;
/// A test that is named unasked took at least so long.
const SLOW: Duration = Duration::from_secs(1);
const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";

/// How reports for people look.
#[derive(Clone, Debug, Default)]
pub(in crate::workspace) struct Style {
    pub(in crate::workspace) has_colours: bool,
    /// How many of the slowest tests are to be named, if that was said.
    pub(in crate::workspace) slowest: Option<usize>,
    /// Suites write to the terminal themselves.
    pub(in crate::workspace) shows_output: bool,
}

impl Style {
    fn painted(&self, word: &str, width: usize, colour: &str) -> String {
        if self.has_colours { format!("{colour}{word:>width$}{RESET}") } else { format!("{word:>width$}") }
    }
}

pub(super) struct Pretty {
    style: Style,
    is_terse: bool,
    /// Suites that say by themselves how their tests come out.
    speaking: BTreeSet<String>,
}

impl Reporter for Pretty {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        match &event.what {
            What::Run(RunLine::WorkspaceStarted(start)) if !self.is_terse => {
                let what = format!(
                    "{} across {}",
                    counted(start.suites.len(), "suite"),
                    counted(start.lanes, "lane")
                );
                line(out, &format!("{} {what}", self.style.painted("Starting", 12, BOLD)));
            }
            What::Suite(Line::Begun(_)) if self.style.shows_output => {
                self.speaking.insert(event.suite.clone());
            }
            What::Suite(Line::Slow(test)) => {
                let word = self.style.painted("SLOW", 12, YELLOW);
                line(out, &format!("{word} [> 60.000s] {} {test}", event.suite));
            }
            What::Suite(Line::Finished(result)) if !self.speaking.contains(&event.suite) => {
                let is_flaky = ledger.failures_before(&event.suite, result).is_some();
                if !self.is_terse || is_flaky || matches!(result.status, Status::Failed(_)) {
                    line(out, &status_line(&self.style, &event.suite, (result, is_flaky)));
                }
            }
            What::Suite(Line::Retried(attempt, result)) if !self.speaking.contains(&event.suite) => {
                if let (Status::Failed(word), false) = (&result.status, self.is_terse) {
                    let word = self.style.painted(&format!("TRY {attempt} {word}"), 12, YELLOW);
                    line(out, &format!("{word} {} {} {}", time(result), event.suite, result.shown()));
                }
            }
            What::Run(RunLine::WorkspaceFinished(_)) => end(&self.style, ledger, out),
            What::Run(_) | What::Suite(_) => {}
        }
    }
}

impl Pretty {
    pub(super) fn new(style: Style, is_terse: bool) -> Pretty {
        Pretty { style, is_terse, speaking: BTreeSet::new() }
    }
}

fn time(result: &TestResult) -> String {
    match result.elapsed.filter(|_| !matches!(result.status, Status::Ignored)) {
        Some(elapsed) => format!("[{:>8.3}s]", elapsed.as_secs_f64()),
        None => "[         ]".to_owned(),
    }
}

fn status_line(style: &Style, suite: &str, (result, is_flaky): (&TestResult, bool)) -> String {
    let (word, colour) = match &result.status {
        Status::Passed if is_flaky => ("FLAKY", YELLOW),
        Status::Passed => ("PASS", GREEN),
        Status::Measured => ("BENCH", CYAN),
        Status::Ignored => ("SKIP", YELLOW),
        Status::Failed(word) => (&**word, RED),
    };
    let (time, name) = (time(result), result.shown());
    let reason = match &result.status {
        Status::Ignored if !result.note.is_empty() => format!(" ({})", result.note),
        _ => String::new(),
    };
    format!("{} {time} {suite} {name}{reason}", style.painted(word, 12, colour))
}

/// The run is over.
pub(super) fn end(style: &Style, ledger: &Ledger, out: &mut String) {
    if !ledger.failures.is_empty() {
        line(out, "\nfailures:");
    }
    for (suite, result) in &ledger.failures {
        line(out, &format!("\n---- {suite} {} ----", result.shown()));
        if !result.output.is_empty() {
            line(out, result.output.trim_end_matches('\n'));
        }
        if !result.note.is_empty() {
            line(out, &format!("note: {}", result.note));
        }
    }
    section(out, "troubles", &ledger.troubles);
    section(out, "notes", &ledger.notes);
    section(out, "flaky", &flaky(ledger));
    slowest(style, ledger, out);
    if !ledger.failures.is_empty() {
        line(out, "\nfailed:");
        for (suite, result) in &ledger.failures {
            line(out, &status_line(style, suite, (result, false)));
        }
    }
    line(out, &format!("\n{}", summary(style, ledger)));
}

/// Tests that passed when they were tried again, whatever that is taken for.
fn flaky(ledger: &Ledger) -> Vec<(String, String)> {
    let told = |((suite, test), failures): (&(String, String), &u64)| {
        (suite.clone(), format!("{test} ({}, then passed)", counted_failures(*failures)))
    };
    ledger.flaky.iter().map(told).collect()
}

fn section(out: &mut String, title: &str, entries: &[(String, String)]) {
    if !entries.is_empty() {
        line(out, &format!("\n{title}:"));
    }
    for (suite, text) in entries {
        let mut lines = text.lines();
        line(out, &format!("    {suite}: {}", lines.next().unwrap_or_default()));
        lines.for_each(|text| line(out, &format!("        {text}")));
    }
}

/// The slowest tests: so many, or up to a few that took long.
pub(super) fn slowest_of(ledger: &Ledger, asked: Option<usize>) -> Vec<&(String, String, Duration)> {
    let mut times: Vec<_> = ledger.times.iter().collect();
    times.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
    match asked {
        Some(count) => times.into_iter().take(count).collect(),
        None => times.into_iter().filter(|(.., time)| *time >= SLOW).take(SLOWEST).collect(),
    }
}

fn slowest(style: &Style, ledger: &Ledger, out: &mut String) {
    let named = slowest_of(ledger, style.slowest);
    if !named.is_empty() {
        line(out, "\nslowest:");
    }
    for (suite, test, time) in named {
        line(out, &format!("             [{:>8.3}s] {suite} {test}", time.as_secs_f64()));
    }
}

fn summary(style: &Style, ledger: &Ledger) -> String {
    let colour = if ledger.is_success() { GREEN } else { RED };
    format!(
        "{} [{:>8.3}s] {} run: {}{}",
        style.painted("Summary", 12, colour),
        ledger.elapsed,
        counted(ledger.tally.run(), "test"),
        counts(ledger),
        cut_short(ledger)
    )
}

/// Why not all has run, if it has not: `, interrupted by SIGINT`.
pub(super) fn cut_short(ledger: &Ledger) -> String {
    let signal = ledger.interrupted.map(|signal| format!(", interrupted by {}", signal_name(signal)));
    signal.or(ledger.stopped.as_ref().map(|why| format!(", {why}"))).unwrap_or_default()
}

/// `14 passed, 1 failed, 1 ignored`.
pub(super) fn counts(ledger: &Ledger) -> String {
    let tally = &ledger.tally;
    let flaky = if tally.flaky > 0 { format!(" ({} flaky)", tally.flaky) } else { String::new() };
    let mut parts = vec![format!("{} passed{flaky}", tally.passed)];
    let more = [
        (tally.failed, "failed"),
        (tally.measured, "measured"),
        (tally.ignored, "ignored"),
        (tally.filtered_out, "filtered out"),
        (tally.not_run, "not run"),
    ];
    parts.extend(
        more.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")),
    );
    parts.join(", ")
}

fn line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}
