//! `junit`: one XML document at the end, for continuous integration. A suite is a `testsuite`, a test a `testcase`.
//!
//! What fails the run though no test did is a `testcase` with an `error`, so that a document without failures is a run without.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Reporter, failure};
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::record::Line;
use crate::workspace::results::{Ledger, RUN, Result as TestResult, Status};

/// What a trouble of a suite is the name of.
const TROUBLE: &str = "(suite)";

#[derive(Default)]
pub(super) struct Junit {
    suites: Vec<TestSuite>,
}

impl Reporter for Junit {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        match &event.what {
            What::Run(RunLine::SuiteStarted { .. }) => {
                self.suite(&event.suite);
            }
            What::Suite(Line::Finished(result)) => {
                let case = case(&event.suite, result);
                self.suite(&event.suite).add_test_case(case);
            }
            What::Run(RunLine::SuiteFinished(end)) => {
                self.suite(&event.suite).set_time(seconds(end.elapsed));
            }
            What::Run(RunLine::WorkspaceFinished(end)) => {
                self.end(ledger, seconds(end.elapsed), out);
            }
            What::Run(_) | What::Suite(_) => {}
        }
    }
}

impl Junit {
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
        if let Some(signal) = ledger.interrupted {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(format!("interrupted by {}", crate::model::signal_name(signal)));
            status.set_type("interrupted");
            let mut case = TestCase::new(TROUBLE, status);
            case.set_classname(RUN);
            self.suite(RUN).add_test_case(case);
        }
        let mut report = Report::new("cargo snout");
        report.set_time(elapsed).add_test_suites(std::mem::take(&mut self.suites));
        // The only error there is, is that of the place it is written to, which is memory.
        out.push_str(&report.to_string().unwrap_or_default());
    }
}

fn case(suite: &str, result: &TestResult) -> TestCase {
    let status = match &result.status {
        Status::Passed | Status::Measured => TestCaseStatus::success(),
        Status::Ignored => {
            let mut status = TestCaseStatus::skipped();
            if !result.note.is_empty() {
                status.set_message(&result.note);
            }
            status
        }
        Status::Failed(word) => failed(word, result),
    };
    let mut case = TestCase::new(&result.test, status);
    case.set_classname(suite).set_time(result.elapsed.unwrap_or_default());
    case
}

fn failed(word: &str, result: &TestResult) -> TestCaseStatus {
    let is_test_s = !matches!(word, "BLOCKED" | "NOT RUN");
    let kind = if is_test_s { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut status = TestCaseStatus::non_success(kind);
    let all = [&*result.output, &*result.note].map(str::trim_end).into_iter().filter(|text| !text.is_empty());
    status
        .set_message(failure::message(result))
        .set_type(word)
        .set_description(all.collect::<Vec<_>>().join("\n"));
    status
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
