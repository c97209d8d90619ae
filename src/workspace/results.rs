//! How tests came out, across all suites of a run.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::events::{Event, RunLine, What};
use super::failures::Failures;
use super::limits::FlakyResult;
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
    /// Which of its runs it was, if there are to be several.
    pub(super) iteration: Option<u32>,
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

impl Result {
    /// What reports call it.
    pub(super) fn shown(&self) -> Cow<'_, str> {
        shown(&self.test, self.iteration)
    }
}

/// A test, or one of its runs: `m::f`, `m::f (iteration 3)`.
pub(super) fn shown(test: &str, iteration: Option<u32>) -> Cow<'_, str> {
    match iteration {
        None => test.into(),
        Some(iteration) => format!("{test} (iteration {iteration})").into(),
    }
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
    /// Of those that passed: they had failed before, and were tried again.
    #[serde(default)]
    pub(super) flaky: usize,
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
    /// It has been started again: what is left out of it has been counted.
    pub(super) is_again: bool,
}

/// A test that has begun: its suite, its name, and when it began, in seconds since the run did.
pub(super) type Running = (String, String, f64);

/// All that is known of a run.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) tally: Tally,
    /// By suite: those that failed, in the order they came out.
    pub(super) failures: Vec<(String, Result)>,
    /// By suite: tests and how long they took; the longest time, of one that runs several times.
    pub(super) times: Vec<(String, String, Duration)>,
    /// Where those stand that run several times.
    pub(super) places: HashMap<(String, String), usize>,
    /// By suite: tests that failed so often, and passed when they were tried again.
    pub(super) flaky: BTreeMap<(String, String), u64>,
    /// What those are, if that was said.
    pub(super) flaky_result: Option<FlakyResult>,
    /// Why not all has run.
    pub(super) stopped: Option<String>,
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
                self.flaky_result = start.flaky_result;
            }
            RunLine::SuiteStarted { folder, again, .. } => {
                let progress = self.progress(suite);
                (progress.has_ended, progress.is_again) = (false, *again);
                self.folders.insert(suite.to_owned(), folder.into());
            }
            RunLine::SuiteFinished(end) => {
                let progress = self.progress(suite);
                progress.has_ended = true;
                let filtered_out = if progress.is_again { 0 } else { end.filtered_out };
                self.running.retain(|(of, ..)| of != suite);
                self.tally.not_run += end.not_run;
                self.tally.filtered_out += filtered_out;
                self.troubles.extend(end.trouble.iter().map(|text| (suite.to_owned(), text.clone())));
            }
            RunLine::WorkspaceInterrupted { signal, not_begun } => {
                self.note_not_begun(not_begun, &format!("interrupted by {}", signal_name(*signal)));
            }
            RunLine::WorkspaceStopped { reason, not_begun } => {
                self.note_not_begun(not_begun, &reason.words());
                self.stopped = Some(reason.words());
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
            Line::Begun(begun) => {
                let progress = self.progress(suite);
                let filtered_out = if progress.is_again { 0 } else { begun.filtered_out };
                let before = progress.selected.filter(|_| progress.is_again).unwrap_or(0);
                progress.selected = Some(before + begun.selected);
                self.tally.filtered_out += filtered_out;
            }
            Line::Started(test) => self.running.push((suite.clone(), test.clone(), event.at)),
            Line::Finished(result) => {
                self.progress(suite).finished += 1;
                let name = result.shown();
                let place = self.running.iter().position(|(of, test, _)| of == suite && *test == name);
                place.map(|place| self.running.swap_remove(place));
                self.add(suite, result);
            }
            Line::Note(text) => self.notes.push((suite.clone(), text.clone())),
            Line::Flaky(test, failures) => {
                self.flaky.insert((suite.clone(), test.clone()), *failures);
            }
            Line::Retried(..) | Line::Slow(_) | Line::Lanes(_) | Line::Ended { .. } | Line::Other => {}
        }
    }

    fn note_not_begun(&mut self, suites: &[String], why: &str) {
        if !suites.is_empty() {
            let suites = counted(suites.len(), "suite");
            self.notes.push((RUN.to_owned(), format!("{suites} not begun: {why}")));
        }
    }

    /// How often a test has failed before that has passed now, or is just about to be told of.
    pub(super) fn failures_before(&self, suite: &str, result: &Result) -> Option<u64> {
        if self.flaky.is_empty() {
            return None;
        }
        self.flaky.get(&(suite.to_owned(), result.shown().into_owned())).copied()
    }

    /// The event as it counts, if that is otherwise than it says: flaky tests may be failures.
    pub(super) fn judged(&self, event: &Event) -> Option<Event> {
        let What::Suite(Line::Finished(result)) = &event.what else { return None };
        let fails = self.flaky_result == Some(FlakyResult::Fail) && result.status == Status::Passed;
        let failures = self.failures_before(&event.suite, result).filter(|_| fails)?;
        let note = format!("passed after {}, and a flaky test fails this run", counted_failures(failures));
        let result = Result { status: Status::Failed(FLAKY.to_owned()), note, ..result.clone() };
        Some(Event { suite: event.suite.clone(), at: event.at, what: What::Suite(Line::Finished(result)) })
    }

    fn progress(&mut self, suite: &str) -> &mut Progress {
        self.suites.entry(suite.to_owned()).or_default()
    }

    fn add(&mut self, suite: &str, result: &Result) {
        self.tally.add(&result.status);
        if result.status == Status::Passed && self.failures_before(suite, result).is_some() {
            self.tally.flaky += 1;
        }
        if !matches!(result.status, Status::Ignored) {
            self.to_do.note(suite, &result.test, matches!(result.status, Status::Failed(_)));
        }
        if let Some(elapsed) = result.elapsed.filter(|_| !matches!(result.status, Status::Ignored)) {
            self.note_time(suite, result, elapsed);
        }
        if matches!(result.status, Status::Failed(_)) {
            self.failures.push((suite.to_owned(), result.clone()));
        }
    }

    fn note_time(&mut self, suite: &str, result: &Result, elapsed: Duration) {
        // Those that run for ever must not need ever more room.
        if result.iteration.is_some() {
            let place = self.places.entry((suite.to_owned(), result.test.clone()));
            let place = *place.or_insert(self.times.len());
            if let Some((_, name, longest)) = self.times.get_mut(place) {
                if elapsed > *longest {
                    (*name, *longest) = (result.shown().into_owned(), elapsed);
                }
                return;
            }
        }
        self.times.push((suite.to_owned(), result.shown().into_owned(), elapsed));
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
        self.failures.is_empty() && self.troubles.is_empty() && self.stopped.is_none()
    }
}

/// The word for a flaky test that counts as failed: nextest's.
pub(super) const FLAKY: &str = "FLKY-FL";

/// `1 failure`, `2 failures`.
pub(super) fn counted_failures(failures: u64) -> String {
    counted(usize::try_from(failures).unwrap_or(usize::MAX), "failure")
}

/// What notes and troubles that are of no suite are said to be of.
pub(super) const RUN: &str = "run";

/// `1 test`, `2 tests`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
