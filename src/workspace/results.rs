//! How tests came out, across all suites of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::events::{Event, RunLine, What};
use super::failures::Failures;
use super::record::Line;
use crate::model::signal_name;

/// How one test came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    /// With the word for it: `FAIL`, `TIMEOUT`, `SIGSEGV`.
    Failed(String),
    Ignored,
    /// A benchmark.
    Measured,
}

/// A test that has come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Result {
    pub(super) test: String,
    pub(super) status: Status,
    /// How long it took, if that is known.
    pub(super) elapsed: Option<Duration>,
    /// What it printed, if that is to be shown.
    pub(super) output: String,
    /// What there is to say besides; nothing, most of the time.
    pub(super) note: String,
    /// The file and the line where it stands, as the compiler says it.
    pub(super) place: Option<(String, u32)>,
}

/// How many tests came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) ignored: usize,
    pub(super) measured: usize,
    pub(super) filtered_out: usize,
    /// Selected, and never came out.
    pub(super) not_run: usize,
}

impl Tally {
    pub(super) fn add(&mut self, status: &Status) {
        *match status {
            Status::Passed => &mut self.passed,
            Status::Failed(_) => &mut self.failed,
            Status::Ignored => &mut self.ignored,
            Status::Measured => &mut self.measured,
        } += 1;
    }

    /// Tests that were run, to whatever end.
    pub(super) fn run(&self) -> usize {
        self.passed + self.failed + self.measured
    }

    /// Tests that came out: ignored ones, too.
    pub(super) fn all(&self) -> usize {
        self.run() + self.ignored
    }
}

/// How far a suite has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// How many tests it runs, if it has said so.
    pub(super) selected: Option<usize>,
    pub(super) finished: usize,
    pub(super) has_ended: bool,
}

/// A test that has begun: its suite, its name, and when it began, in seconds since the run did.
pub(super) type Running = (String, String, f64);

/// All that is known of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) tally: Tally,
    /// By suite: those that failed, in the order they came out.
    pub(super) failures: Vec<(String, Result)>,
    /// By suite: tests and how long they took.
    pub(super) times: Vec<(String, String, Duration)>,
    /// By suite: what no test answers for.
    pub(super) notes: Vec<(String, String)>,
    /// By suite: what makes the run fail, though no test may have.
    pub(super) troubles: Vec<(String, String)>,
    /// Tests that have begun and not come out.
    pub(super) running: Vec<Running>,
    /// Suites that have begun.
    pub(super) suites: BTreeMap<String, Progress>,
    /// Folders of their packages.
    pub(super) folders: BTreeMap<String, PathBuf>,
    /// The signal that ended the run.
    pub(super) interrupted: Option<i32>,
    /// Seconds that it took, or has taken so far.
    pub(super) elapsed: f64,
    /// It came to its end.
    pub(super) is_over: bool,
    /// What is to be run again with `--failed`.
    pub(super) to_do: Failures,
}

impl Ledger {
    /// Takes in what happened.
    pub(super) fn apply(&mut self, event: &Event) {
        self.elapsed = self.elapsed.max(event.at);
        match &event.what {
            What::Run(line) => self.run_line(&event.suite, line),
            What::Suite(line) => self.suite_line(event, line),
        }
    }

    fn run_line(&mut self, suite: &str, line: &RunLine) {
        match line {
            RunLine::WorkspaceStarted(start) => {
                self.tally.filtered_out += start.filtered_out;
                self.notes.extend(start.notes.iter().cloned());
            }
            RunLine::SuiteStarted { folder, .. } => {
                self.progress(suite);
                self.folders.insert(suite.to_owned(), folder.into());
            }
            RunLine::SuiteFinished(end) => {
                self.progress(suite).has_ended = true;
                self.running.retain(|(of, ..)| of != suite);
                self.tally.not_run += end.not_run;
                self.tally.filtered_out += end.filtered_out;
                self.troubles.extend(end.trouble.iter().map(|text| (suite.to_owned(), text.clone())));
            }
            RunLine::WorkspaceInterrupted { signal, not_begun } => {
                if !not_begun.is_empty() {
                    let suites = counted(not_begun.len(), "suite");
                    let text = format!("{suites} not begun: interrupted by {}", signal_name(*signal));
                    self.notes.push((RUN.to_owned(), text));
                }
            }
            RunLine::WorkspaceFinished(end) => {
                self.interrupted = end.signal;
                self.elapsed = end.elapsed;
                self.is_over = true;
            }
        }
    }

    fn suite_line(&mut self, event: &Event, line: &Line) {
        let suite = &event.suite;
        match line {
            Line::Begun { selected, filtered_out } => {
                self.progress(suite).selected = Some(*selected);
                self.tally.filtered_out += filtered_out;
            }
            Line::Started(test) => self.running.push((suite.clone(), test.clone(), event.at)),
            Line::Finished(result) => {
                self.progress(suite).finished += 1;
                let place = self.running.iter().position(|(of, test, _)| of == suite && *test == result.test);
                place.map(|place| self.running.swap_remove(place));
                self.add(suite, result);
            }
            Line::Note(text) => self.notes.push((suite.clone(), text.clone())),
            Line::Slow(_) | Line::Lanes(_) | Line::Ended { .. } | Line::Other => {}
        }
    }

    fn progress(&mut self, suite: &str) -> &mut Progress {
        self.suites.entry(suite.to_owned()).or_default()
    }

    fn add(&mut self, suite: &str, result: &Result) {
        self.tally.add(&result.status);
        if !matches!(result.status, Status::Ignored) {
            self.to_do.note(suite, &result.test, matches!(result.status, Status::Failed(_)));
        }
        if let Some(elapsed) = result.elapsed.filter(|_| !matches!(result.status, Status::Ignored)) {
            self.times.push((suite.to_owned(), result.test.clone(), elapsed));
        }
        if matches!(result.status, Status::Failed(_)) {
            self.failures.push((suite.to_owned(), result.clone()));
        }
    }

    /// The record breaks off: what was running never comes out.
    pub(super) fn break_off(&mut self) {
        let running: Vec<String> =
            self.running.drain(..).map(|(suite, test, _)| format!("{suite} {test}")).collect();
        let end =
            if running.is_empty() { String::new() } else { format!("\nrunning: {}", running.join(", ")) };
        self.troubles.push((RUN.to_owned(), format!("the record breaks off here{end}")));
    }

    /// Keeps for `--failed` what is to be run again.
    pub(super) fn keep_failures(&mut self, file: &Path) {
        self.troubles.iter().for_each(|(suite, _)| self.to_do.note_whole(suite));
        self.to_do.write(file);
    }

    pub(super) fn is_success(&self) -> bool {
        self.failures.is_empty() && self.troubles.is_empty()
    }
}

/// What notes and troubles that are of no suite are said to be of.
pub(super) const RUN: &str = "run";

/// `1 test`, `2 tests`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
