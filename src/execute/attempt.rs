//! One call of one test function, on the thread it is called from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Rules;
use super::verdict::{End, judge};
use crate::backtrace::short_backtrace;
use crate::model::{Bencher, Body, Case, Failure, Measurement, Moment, Outcome, Sampling};
use crate::sys::clock::nanoseconds;

/// What came of a call.
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    pub(super) elapsed: Duration,
}

/// Calls the test function, which begins at `start`, and judges how it ended.
pub(super) fn attempt(case: &Case, rules: &Rules, start: Moment) -> Attempt {
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
