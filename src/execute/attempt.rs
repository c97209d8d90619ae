//! One call of one test function, on the thread it is called from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Rules;
use super::verdict::{End, judge};
use crate::backtrace::short_backtrace;
use crate::context::{TestReport, TestStatus};
use crate::model::{Bencher, Body, Case, Failure, Measurement, Moment, Outcome, Sampling};
use crate::sys::clock::nanoseconds;

/// What came of a call.
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    pub(super) elapsed: Duration,
}

impl Attempt {
    fn report<'run>(&self, name: &'run str) -> TestReport<'run> {
        report(name, &self.outcome, self.elapsed)
    }
}

/// A test that came out so, as plugins are told of it.
pub(crate) fn report<'run>(name: &'run str, outcome: &Outcome, elapsed: Duration) -> TestReport<'run> {
    let (status, message) = match outcome {
        Outcome::Passed => (TestStatus::Passed, None),
        Outcome::Failed(failure) => (TestStatus::Failed, failure.message()),
        Outcome::Ignored(reason) => (TestStatus::Ignored, reason.as_ref().map(ToString::to_string)),
        Outcome::Measured(_) => (TestStatus::Measured, None),
    };
    TestReport { name, status, message, elapsed }
}

/// Calls the test function, which begins at `start`, and judges how it ended; with plugins, between those.
pub(super) fn attempt(case: &Case, rules: &Rules, start: Moment) -> Attempt {
    if rules.plugins.is_empty() {
        return attempt_plainly(case, rules, start);
    }
    rules.plugins.before();
    let attempt = attempt_plainly(case, rules, Moment(nanoseconds()));
    rules.plugins.after(&attempt.report(case.name));
    attempt
}

fn attempt_plainly(case: &Case, rules: &Rules, start: Moment) -> Attempt {
    let outcome = match catch_unwind(AssertUnwindSafe(|| call(&case.body))) {
        Ok(Ok(Some(measurement))) => Outcome::Measured(Box::new(measurement)),
        Ok(Ok(None)) => judge(case, &End::Returned),
        Ok(Err(text)) => judge(case, &End::Failed(text)),
        Err(payload) => judge_and_drop(case, payload),
    };
    let elapsed = Moment(nanoseconds()).since(start);
    Attempt { outcome: enforce_limit(outcome, case, elapsed, rules), elapsed }
}

/// Judges by the payload of a panic, and then drops it, which may panic in turn.
fn judge_and_drop(case: &Case, payload: Box<dyn std::any::Any + Send>) -> Outcome {
    let outcome = judge(case, &End::Panicked(&*payload));
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Its payload might do the same again; it is leaked instead.
        std::mem::forget(second);
    }
    outcome
}

fn call(body: &Body) -> Result<Option<Measurement>, String> {
    match *body {
        Body::Test(function) => short_backtrace(function).map(|()| None),
        Body::Generated { run, place } => short_backtrace(|| run.0(place)).map(|()| None),
        Body::Bench { function, sampling } => {
            let mut bencher = Bencher::new(sampling);
            short_backtrace(|| function(&mut bencher))?;
            Ok((sampling == Sampling::Measure).then(|| bencher.measurement()))
        }
    }
}

/// `--ensure-time`: a test that passed too slowly has failed.
fn enforce_limit(outcome: Outcome, case: &Case, elapsed: Duration, rules: &Rules) -> Outcome {
    match &rules.time_limits {
        Some(limits)
            if limits.enforced && outcome == Outcome::Passed && elapsed >= limits.of(case.kind).critical =>
        {
            Outcome::Failed(Failure::OverCritical)
        }
        _ => outcome,
    }
}
