//! Tests on the calling thread, where there is nothing else to run them on.

use super::attempt::Attempt;
use super::capture::{Buffer, inherit};
use super::stage::Stage;
use super::{Rules, thread};
use crate::context::{Registry, Seat, with_scope};
use crate::model::{Case, CaseId, Finished, Moment, Output, Trouble};
use crate::sys::clock::nanoseconds;

/// The tests of one unit, run here and now.
pub(crate) struct Here<'run> {
    rules: &'run Rules,
    stage: Stage,
}

impl Here<'_> {
    pub(crate) fn new<'run>(rules: &'run Rules, registry: &'static Registry) -> Here<'run> {
        inherit();
        Here { rules, stage: Stage::new(registry) }
    }

    /// Runs one test; how it came out, what it printed, and what went wrong with fixtures.
    pub(crate) fn run(&mut self, case: (CaseId, &'static Case)) -> (Finished, Vec<u8>, Vec<Trouble>) {
        let (case, body) = case;
        let buffer = Buffer::default();
        let mut troubles = Vec::new();
        let (rules, stage) = (self.rules, &mut self.stage);
        let mut attempt = || match stage.move_to((body, Seat::default()), &mut |_, _| {}, &mut troubles) {
            Ok(()) => with_scope(stage.scope(), || {
                thread::here(body, rules, Moment(nanoseconds()), Seat::default())
            }),
            Err(outcome) => Attempt::without_call(outcome),
        };
        let attempt = if rules.capture { buffer.collect(attempt) } else { attempt() };
        if body.options.suite.is_none() {
            // What goes wrong for one test alone is said with that test.
            troubles.clear();
        }
        let elapsed = attempt.elapsed();
        let finished = Finished { case, outcome: attempt.outcome, elapsed, output: Output::default() };
        (finished, buffer.take(), troubles)
    }

    /// Tears down what is left.
    pub(crate) fn end(mut self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        let buffer = Buffer::default();
        buffer.collect(|| self.stage.leave(&mut |_, _| {}, &mut troubles));
        if let Some(last) = troubles.last_mut() {
            last.output = buffer.take().into();
        }
        troubles
    }
}
