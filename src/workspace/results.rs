//! How tests came out, across all suites of a run.

use std::path::Path;
use std::time::Duration;

use super::failures::Failures;

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
}

/// How many tests came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// What is to be run again with `--failed`.
    pub(super) to_do: Failures,
}

impl Ledger {
    pub(super) fn add(&mut self, suite: &str, result: Result) {
        self.tally.add(&result.status);
        if !matches!(result.status, Status::Ignored) {
            self.to_do.note(suite, &result.test, matches!(result.status, Status::Failed(_)));
        }
        if let Some(elapsed) = result.elapsed.filter(|_| !matches!(result.status, Status::Ignored)) {
            self.times.push((suite.to_owned(), result.test.clone(), elapsed));
        }
        if matches!(result.status, Status::Failed(_)) {
            self.failures.push((suite.to_owned(), result));
        }
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
