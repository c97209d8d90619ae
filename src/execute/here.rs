//! A test on the calling thread, where there is nothing else to run it on.

use super::attempt::Attempt;
use super::capture::{Buffer, inherit};
use super::{Rules, thread};
use crate::model::{Case, CaseId, Finished, Moment, Output};
use crate::sys::clock::nanoseconds;

/// Runs one test here and now; how it came out, and what it printed.
pub(crate) fn run_here(case: (CaseId, &'static Case), rules: &Rules) -> (Finished, Vec<u8>) {
    let (case, body) = case;
    inherit();
    let buffer = Buffer::default();
    let attempt = || thread::here(body, rules, Moment(nanoseconds()));
    let Attempt { outcome, elapsed } = if rules.capture { buffer.collect(attempt) } else { attempt() };
    (Finished { case, outcome, elapsed, output: Output::default() }, buffer.take())
}
