//! One call of one test function, on the thread it is called from.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Rules;
use super::verdict::{End, judge};
use crate::backtrace::short_backtrace;
use crate::context::{TestReport, TestStatus};
use crate::contract::FLUSH_FIRST;
use crate::model::{Bencher, Body, Case, Failure, Measurement, Moment, Outcome, Sampling, TimeLimits};
use crate::sys::clock::nanoseconds;
use crate::sys::copies::end_copy;

/// What came of a call.
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    start: Moment,
    end: Moment,
}

impl Attempt {
    pub(super) fn new(outcome: Outcome, start: Moment, end: Moment) -> Attempt {
        Attempt { outcome, start, end }
    }

    /// What came instead of a call.
    pub(super) fn without_call(outcome: Outcome) -> Attempt {
        Attempt::new(outcome, Moment::default(), Moment::default())
    }

    /// When it would have ended, had it begun then.
    pub(super) fn end_if_begun(&self, start: Moment) -> Moment {
        Moment(start.0 + self.end.0.saturating_sub(self.start.0))
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.end.since(self.start)
    }

    fn report<'run>(&self, name: &'run str) -> TestReport<'run> {
        report(name, &self.outcome, self.elapsed())
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
#[inline(always)] // see `execute::child`
pub(super) fn attempt(case: &Case, rules: &Rules, start: Moment) -> Attempt {
    if rules.plugins.is_empty() {
        return attempt_plainly(case, rules, start);
    }
    rules.plugins.before();
    let attempt = attempt_plainly(case, rules, Moment(nanoseconds()));
    if FLUSH_FIRST.load(Relaxed) {
        let _ = io::stdout().flush(); // before what they print
    }
    rules.plugins.after(&attempt.report(case.name));
    attempt
}

#[inline(always)] // see `execute::child`
fn attempt_plainly(case: &Case, rules: &Rules, start: Moment) -> Attempt {
    let ended = catch_unwind(|| call(&case.body));
    end_copy();
    let outcome = match ended {
        Ok(Ok(Some(measurement))) => Outcome::Measured(measurement),
        Ok(Ok(None)) => judge(case, &End::Returned),
        Ok(Err(text)) => judge(case, &End::Failed(text)),
        Err(payload) => judge_and_drop(case, payload),
    };
    let attempt = Attempt { outcome, start, end: Moment(nanoseconds()) };
    match &rules.time_limits {
        None => attempt,
        Some(limits) => enforce(limits, attempt, case),
    }
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

/// What is measured is in a box: without optimisation, a large value is copied at every step back.
#[inline(always)] // see `execute::child`
fn call(body: &Body) -> Result<Option<Box<Measurement>>, String> {
    match *body {
        Body::Test(function) => __rust_begin_short_backtrace_of_test(function),
        Body::Generated { run, place } => short_backtrace(|| run.0(place)).map(|()| None),
        Body::Bench { function, sampling } => {
            let mut bencher = Bencher::new(sampling);
            short_backtrace(|| function(&mut bencher))?;
            Ok((sampling == Sampling::Measure).then(|| Box::new(bencher.measurement())))
        }
    }
}

/// What `short_backtrace` does, for a test, without a detour. What it gives back is something else than what the test does, so the call
/// cannot become a jump.
#[inline(never)]
fn __rust_begin_short_backtrace_of_test(
    test: fn() -> Result<(), String>,
) -> Result<Option<Box<Measurement>>, String> {
    // In so many words: combinators are calls, where nothing is optimised.
    match test() {
        Ok(()) => Ok(None),
        Err(text) => Err(text),
    }
}

/// `--ensure-time`: a test that passed too slowly has failed.
fn enforce(limits: &TimeLimits, attempt: Attempt, case: &Case) -> Attempt {
    let is_over = attempt.elapsed() >= limits.of(case.kind).critical;
    if limits.enforced && attempt.outcome == Outcome::Passed && is_over {
        return Attempt { outcome: Outcome::Failed(Failure::OverCritical), ..attempt };
    }
    attempt
}
