//! What a user sees: a line a test, and at the end failures with their output, what was slow, and one summary line.
//!
//! The words and columns are nextest's, where it has any.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use super::arguments::Request;
use super::results::{Ledger, Result as TestResult, Status};

/// So many slow tests are named without being asked for.
const SLOWEST: usize = 5;
/// A test that is named unasked took at least so long.
const SLOW: Duration = Duration::from_secs(1);
const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";

/// Writes to standard output. A reader that has gone has heard enough; the run goes on, for its exit code.
pub(super) struct Report {
    out: Box<dyn Write>,
    has_colours: bool,
    is_quiet: bool,
    slowest: Option<usize>,
}

impl Report {
    pub(super) fn new(request: &Request) -> Report {
        let out = io::stdout();
        let has_terminal = out.is_terminal() && std::env::var_os("TERM").is_some_and(|name| name != "dumb");
        let has_colours = request.color.unwrap_or(has_terminal);
        Report { out: Box::new(out), has_colours, is_quiet: request.is_quiet, slowest: request.slowest }
    }

    /// The run begins.
    pub(super) fn begin(&mut self, suites: usize, lanes: usize) {
        let line = format!("{} across {}", counted(suites, "suite"), counted(lanes, "lane"));
        self.line(&format!("{} {line}", self.painted("Starting", 12, BOLD)));
    }

    /// A test has come out.
    pub(super) fn result(&mut self, suite: &str, result: &TestResult) {
        let is_good = matches!(result.status, Status::Passed | Status::Measured);
        if is_good && self.is_quiet {
            return;
        }
        let line = self.status_line(suite, result);
        self.line(&line);
    }

    fn status_line(&self, suite: &str, result: &TestResult) -> String {
        let (word, colour) = match &result.status {
            Status::Passed => ("PASS", "\u{1b}[32m"),
            Status::Measured => ("BENCH", "\u{1b}[36m"),
            Status::Ignored => ("SKIP", "\u{1b}[33m"),
            Status::Failed(word) => (&**word, "\u{1b}[31m"),
        };
        let time = match result.elapsed.filter(|_| !matches!(result.status, Status::Ignored)) {
            Some(elapsed) => format!("[{:>8.3}s]", elapsed.as_secs_f64()),
            None => "[         ]".to_owned(),
        };
        let reason = match &result.status {
            Status::Ignored if !result.note.is_empty() => format!(" ({})", result.note),
            _ => String::new(),
        };
        format!("{} {time} {suite} {}{reason}", self.painted(word, 12, colour), result.test)
    }

    /// The run is over.
    pub(super) fn end(&mut self, ledger: &Ledger, elapsed: Duration, interrupted: Option<&str>) {
        if !ledger.failures.is_empty() {
            self.line("\nfailures:");
        }
        for (suite, result) in &ledger.failures {
            self.line(&format!("\n---- {suite} {} ----", result.test));
            self.text(&result.output);
            if !result.note.is_empty() {
                self.line(&format!("note: {}", result.note));
            }
        }
        self.section("troubles", &ledger.troubles);
        self.section("notes", &ledger.notes);
        self.slowest(ledger);
        if !ledger.failures.is_empty() {
            self.line("\nfailed:");
            for (suite, result) in &ledger.failures {
                let line = self.status_line(suite, result);
                self.line(&line);
            }
        }
        self.summary(ledger, elapsed, interrupted);
    }

    fn section(&mut self, title: &str, entries: &[(String, String)]) {
        if !entries.is_empty() {
            self.line(&format!("\n{title}:"));
        }
        for (suite, text) in entries {
            let mut lines = text.lines();
            self.line(&format!("    {suite}: {}", lines.next().unwrap_or_default()));
            lines.for_each(|line| self.line(&format!("        {line}")));
        }
    }

    fn slowest(&mut self, ledger: &Ledger) {
        let mut times: Vec<_> = ledger.times.iter().collect();
        times.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
        let named: Vec<_> = match self.slowest {
            Some(count) => times.into_iter().take(count).collect(),
            None => times.into_iter().filter(|(.., time)| *time >= SLOW).take(SLOWEST).collect(),
        };
        if !named.is_empty() {
            self.line("\nslowest:");
        }
        for (suite, test, time) in named {
            self.line(&format!("             [{:>8.3}s] {suite} {test}", time.as_secs_f64()));
        }
    }

    fn summary(&mut self, ledger: &Ledger, elapsed: Duration, interrupted: Option<&str>) {
        let tally = &ledger.tally;
        let mut parts = vec![format!("{} passed", tally.passed)];
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
        let end = interrupted.map_or(String::new(), |signal| format!(", interrupted by {signal}"));
        let colour = if ledger.is_success() { "\u{1b}[32m" } else { "\u{1b}[31m" };
        let line = format!(
            "{} [{:>8.3}s] {} run: {}{end}",
            self.painted("Summary", 12, colour),
            elapsed.as_secs_f64(),
            counted(tally.run(), "test"),
            parts.join(", ")
        );
        self.line(&format!("\n{line}"));
    }

    fn painted(&self, word: &str, width: usize, colour: &str) -> String {
        if self.has_colours { format!("{colour}{word:>width$}{RESET}") } else { format!("{word:>width$}") }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.line(text.trim_end_matches('\n'));
        }
    }

    fn line(&mut self, line: &str) {
        // Nobody is left to hear that nobody hears.
        let _ = self.out.write_all(format!("{line}\n").as_bytes());
    }
}

/// `1 test`, `2 tests`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
