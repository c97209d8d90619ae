//! A lane of the pool: one rayon worker that claims tests and runs them until none is left.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::Duration;

use super::attempt::Attempt;
use super::capture::{self, Buffer};
use super::thread::{self, Mailbox, Waited};
use super::worker::Worker;
use crate::accumulate::State;
use crate::model::{Case, CaseId, Finished, Moment, Outcome, Output, ThreadMode};
use crate::sys::clock::nanoseconds;
use crate::sys::futex;

/// The first attempt at a test is the pool's.
pub(super) const ATTEMPT: u64 = 0;

/// Nobody wakes a lane but the supervisor; looking again now and then costs nothing and survives a lost wake-up.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How often the first lane looks whether the others are done, before a benchmark.
const GLANCE: Duration = Duration::from_millis(1);

/// One lane's own things.
pub(super) struct Lane {
    worker: Arc<Worker>,
    number: usize,
    buffer: Buffer,
    mailbox: Mailbox,
}

impl Lane {
    pub(super) fn new(worker: Arc<Worker>, number: usize) -> Lane {
        Lane { worker, number, buffer: Buffer::default(), mailbox: Arc::default() }
    }

    /// Runs tests until none is left: first beside the other lanes; then, when those are done, the first lane runs alone
    /// what has to run alone.
    pub(super) fn run(&mut self, still_busy: &AtomicUsize) {
        capture::inherit();
        self.run_until(self.worker.plan.concurrent().len());
        still_busy.fetch_sub(1, SeqCst);
        let end = self.worker.plan.order().len();
        if self.number == 0 && self.worker.table.claimed() < end {
            while still_busy.load(SeqCst) > 0 {
                sleep(GLANCE);
            }
            self.run_until(end);
        }
    }

    fn run_until(&mut self, end: usize) {
        while let Some(case) = self.claim(end) {
            self.run_case(case);
            self.worker.table.set_running(self.number, None);
            self.worker.table.leave();
        }
    }

    /// Enters and claims. The lane has left again if nothing is left to claim.
    fn claim(&self, end: usize) -> Option<CaseId> {
        let table = self.worker.table;
        if table.claimed() >= end {
            return None;
        }
        while let Err(seen) = table.try_enter() {
            futex::wait(table.lane_gate(), seen, LOOK_AGAIN);
        }
        if self.worker.lockstep {
            self.wait_for_permission();
        }
        let place = table.claim(end);
        if place.is_none() {
            table.leave();
        }
        place.map(|place| self.worker.plan.order()[place])
    }

    fn wait_for_permission(&self) {
        let table = self.worker.table;
        loop {
            let granted = table.granted();
            if granted > table.claimed() as u64 {
                return;
            }
            futex::wait(table.grant_gate(), granted, LOOK_AGAIN);
        }
    }

    fn run_case(&mut self, id: CaseId) {
        let case = self.worker.plan.case(id);
        let slot = self.worker.table.slot(id, ATTEMPT);
        let start = Moment(nanoseconds());
        slot.begin(start);
        self.worker.table.set_running(self.number, Some(id));
        if case.ignored {
            self.finish(id, State::Ignored, start);
            return;
        }
        match self.attempt(case, start) {
            Waited::Done(attempt) => {
                let end = start.after(attempt.elapsed);
                let state = self.report(id, attempt);
                self.finish(id, state, end);
            }
            Waited::Hung => {
                // The hung thread keeps the mailbox and the buffer; what it still has to say must not reach this lane.
                self.mailbox = Arc::default();
                self.buffer = Buffer::default();
                self.finish(id, State::TimedOut, Moment(nanoseconds()));
            }
        }
    }

    fn attempt(&self, case: &'static Case, start: Moment) -> Waited {
        match self.worker.rules.thread_mode {
            ThreadMode::Fresh => thread::run(case, self.worker.rules, &self.buffer, &self.mailbox),
            ThreadMode::Pooled => Waited::Done(thread::here(case, self.worker.rules, &self.buffer, start)),
        }
    }

    /// Sends what came of an attempt; nothing, if there is nothing to say but that it passed.
    fn report(&mut self, id: CaseId, attempt: Attempt) -> State {
        let passed = attempt.outcome == Outcome::Passed;
        let output = self.take_output(passed);
        if passed && output.is_empty() {
            return State::Passed;
        }
        let Attempt { outcome, elapsed } = attempt;
        match self.worker.send(&Finished { case: id, outcome, elapsed, output }) {
            Ok(()) => State::Reported,
            Err(error) => lost_supervisor(&error),
        }
    }

    fn take_output(&mut self, passed: bool) -> Output {
        let printed = self.buffer.take();
        if self.buffer.is_shared() {
            self.buffer = Buffer::default();
        }
        if passed && !self.worker.rules.show_output { Output::default() } else { printed.into() }
    }

    fn finish(&self, id: CaseId, state: State, end: Moment) {
        let table = self.worker.table;
        if table.slot(id, ATTEMPT).finish(state, end) && table.push_finished(id) {
            self.worker.ring();
        }
    }
}

/// The pipe to the supervisor is broken: there is nobody to run tests for.
fn lost_supervisor(_: &io::Error) -> ! {
    std::process::exit(1)
}
