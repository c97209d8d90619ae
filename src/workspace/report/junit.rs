//! `junit`: one XML document at the end, for continuous integration. A suite is a `testsuite`, a test a `testcase`.
//!
//! A test that was tried again has its other tries in `flakyFailure` or `rerunFailure`. Of one that runs several times, the runs that pass
//! are one `testcase` together, and each other is one by itself: a run until something fails may be long.
//!
//! What fails the run though no test did is a `testcase` with an `error`, so that a document without failures is a run without.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quick_junit::{FlakyOrRerun, NonSuccessKind, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};

use super::{Reporter, failure};
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::record::Line;
use crate::workspace::results::{FLAKY, Ledger, RUN, Result as TestResult, Status};

/// What a trouble of a suite is the name of.
const TROUBLE: &str = "(suite)";

#[derive(Default)]
pub(super) struct Junit {
    suites: Vec<TestSuite>,
    /// When the run began.
    began: Option<DateTime<Utc>>,
    /// How tests have failed that are tried again, by suite and name.
    tries: HashMap<(String, String), Vec<Try>>,
    /// Where tests stand that run several times and have passed: by suite and name, the place in the suite.
    passed: HashMap<(String, String), usize>,
}

/// A test that ran, and when it began, if that is known.
struct Try(TestResult, Option<DateTime<Utc>>);

impl Reporter for Junit {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        match &event.what {
            What::Run(RunLine::WorkspaceStarted(start)) => {
                self.began = TimeDelta::try_milliseconds((start.time * 1e3) as i64)
                    .and_then(|time| DateTime::UNIX_EPOCH.checked_add_signed(time));
            }
            What::Run(RunLine::SuiteStarted { .. }) => {
                let began = self.moment(event.at);
                let suite = self.suite(&event.suite);
                // It may be started several times.
                suite.timestamp = suite.timestamp.or(began.map(Into::into));
            }
            What::Suite(Line::Retried(_, result)) => {
                let key = (event.suite.clone(), result.shown().into_owned());
                let failed = self.tried(event.at, result);
                self.tries.entry(key).or_default().push(failed);
            }
            What::Suite(Line::Finished(result)) => self.finished(&event.suite, self.tried(event.at, result)),
            What::Run(RunLine::SuiteFinished(end)) => {
                let suite = self.suite(&event.suite);
                suite.set_time(suite.time.unwrap_or_default() + seconds(end.elapsed));
            }
            What::Run(RunLine::WorkspaceFinished(end)) => {
                self.end(ledger, seconds(end.elapsed), out);
            }
            What::Run(_) | What::Suite(_) => {}
        }
    }
}

impl Junit {
    /// So many seconds behind the beginning of the run.
    fn moment(&self, at: f64) -> Option<DateTime<Utc>> {
        self.began?.checked_add_signed(TimeDelta::from_std(seconds(at)).ok()?)
    }

    /// Of a test that has just ended, or whose end has just been heard: when it began is known if it says how long it took.
    fn tried(&self, at: f64, result: &TestResult) -> Try {
        let began = result.elapsed.and_then(|elapsed| self.moment(at - elapsed.as_secs_f64()));
        Try(result.clone(), began)
    }

    fn finished(&mut self, suite: &str, last: Try) {
        let result = &last.0;
        let key = (suite.to_owned(), result.shown().into_owned());
        let tries = if self.tries.is_empty() { None } else { self.tries.remove(&key) };
        if result.iteration.is_some() && result.status == Status::Passed && tries.is_none() {
            return self.passed_again(suite, last);
        }
        let case = case((suite, &key.1), last, tries.unwrap_or_default());
        self.suite(suite).add_test_case(case);
    }

    fn passed_again(&mut self, suite: &str, last: Try) {
        let result = &last.0;
        let key = (suite.to_owned(), result.test.clone());
        let known = self.passed.get(&key).copied();
        let of_suite = self.suite(suite);
        if let Some(case) = known.and_then(|place| of_suite.test_cases.get_mut(place)) {
            case.set_time(case.time.unwrap_or_default() + result.elapsed.unwrap_or_default());
            return;
        }
        let place = of_suite.test_cases.len();
        of_suite.add_test_case(case((suite, &key.1), last, Vec::new()));
        self.passed.insert(key, place);
    }

    fn suite(&mut self, name: &str) -> &mut TestSuite {
        let place =
            self.suites.iter().position(|suite| suite.name.as_str() == name).unwrap_or(self.suites.len());
        if place == self.suites.len() {
            self.suites.push(TestSuite::new(name));
        }
        &mut self.suites[place]
    }

    fn end(&mut self, ledger: &Ledger, elapsed: Duration, out: &mut String) {
        for (suite, text) in &ledger.troubles {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status
                .set_message(text.lines().next().unwrap_or_default())
                .set_type("trouble")
                .set_description(text);
            let mut case = TestCase::new(TROUBLE, status);
            case.set_classname(suite);
            self.suite(suite).add_test_case(case);
        }
        let signal = ledger.interrupted.map(crate::model::signal_name);
        let interrupted = signal.map(|name| (format!("interrupted by {name}"), "interrupted"));
        let why = ledger.stopped.as_ref().map(|why| (why.clone(), "stopped"));
        if let Some((message, kind)) = interrupted.or(why) {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(message);
            status.set_type(kind);
            let mut case = TestCase::new(TROUBLE, status);
            case.set_classname(RUN);
            self.suite(RUN).add_test_case(case);
        }
        let mut report = Report::new("cargo snout");
        report.timestamp = self.began.map(Into::into);
        report.set_time(elapsed).add_test_suites(std::mem::take(&mut self.suites));
        // The only error there is, is that of the place it is written to, which is memory.
        out.push_str(&report.to_string().unwrap_or_default());
    }
}

fn case((suite, name): (&str, &str), last: Try, mut tries: Vec<Try>) -> TestCase {
    let elapsed = last.0.elapsed.unwrap_or_default();
    let is_flaky = matches!(&last.0.status, Status::Failed(word) if word == FLAKY);
    let has_failed = matches!(last.0.status, Status::Failed(_)) && !is_flaky;
    if has_failed {
        // A run that ends before the next try tells of the last one twice.
        tries.pop_if(|Try(it, _)| it.elapsed == last.0.elapsed && it.output == last.0.output);
    }
    let mut main = last;
    if has_failed && !tries.is_empty() {
        // The first try is the failure, and the others are those that were tried again, as nextest has it.
        let first = tries.remove(0);
        tries.push(std::mem::replace(&mut main, first));
    }
    let Try(main, began) = &main;
    let mut status = status(main);
    if is_flaky {
        status.set_rerun_kind(FlakyOrRerun::Flaky);
    }
    status.add_reruns(tries.iter().map(rerun));
    let mut case = TestCase::new(name, status);
    case.set_classname(suite).set_time(elapsed);
    case.timestamp = began.map(Into::into);
    case
}

/// One of several tries.
fn rerun(Try(result, began): &Try) -> TestRerun {
    let mut rerun = TestRerun::new(NonSuccessKind::Failure);
    rerun.timestamp = began.map(Into::into);
    rerun
        .set_time(result.elapsed.unwrap_or_default())
        .set_message(failure::message(result))
        .set_type(failure::word(result))
        .set_description(described(result));
    rerun
}

fn status(result: &TestResult) -> TestCaseStatus {
    match &result.status {
        Status::Passed | Status::Measured => TestCaseStatus::success(),
        Status::Ignored => {
            let mut status = TestCaseStatus::skipped();
            if !result.note.is_empty() {
                status.set_message(&result.note);
            }
            status
        }
        Status::Failed(word) => failed(word, result),
    }
}

fn described(result: &TestResult) -> String {
    let all = [&*result.output, &*result.note].map(str::trim_end).into_iter().filter(|text| !text.is_empty());
    all.collect::<Vec<_>>().join("\n")
}

fn failed(word: &str, result: &TestResult) -> TestCaseStatus {
    let is_test_s = !matches!(word, "BLOCKED" | "NOT RUN");
    let kind = if is_test_s { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(failure::message(result)).set_type(word).set_description(described(result));
    status
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
