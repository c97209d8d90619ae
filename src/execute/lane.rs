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
        self.install_buffer();
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
        let (table, lockstep) = (self.worker.table, self.worker.lockstep);
        while table.claimed() < end {
            if lockstep {
                self.wait_for_permission(end);
            }
            while let Err(seen) = table.try_enter() {
                futex::wait(table.lane_gate(), seen, LOOK_AGAIN);
            }
            // It stays entered from test to test, until its place is wanted for somebody else.
            while let Some(place) = table.claim(end) {
                self.run_case(self.worker.plan.order()[place]);
                if lockstep || !table.is_room() {
                    break;
                }
            }
            table.set_running(self.number, None);
            table.leave();
        }
    }

    fn wait_for_permission(&self, end: usize) {
        let table = self.worker.table;
        while table.granted() <= table.claimed() as u64 && table.claimed() < end {
            futex::wait(table.grant_gate(), table.claimed() as u64, LOOK_AGAIN);
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
                self.renew_buffer();
                self.finish(id, State::TimedOut, Moment(nanoseconds()));
            }
        }
    }

    fn attempt(&self, case: &'static Case, start: Moment) -> Waited {
        match self.worker.rules.thread_mode {
            ThreadMode::Fresh => thread::run(case, self.worker.rules, &self.buffer, &self.mailbox),
            ThreadMode::Pooled => Waited::Done(thread::here(case, self.worker.rules, start)),
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
        if self.buffer.is_shared(self.holders()) {
            self.renew_buffer();
        }
        if passed && !self.worker.rules.show_output { Output::default() } else { printed.into() }
    }

    /// A test on the worker itself writes where the worker does: to this lane's buffer, from the start.
    fn install_buffer(&self) {
        let rules = self.worker.rules;
        if rules.capture && rules.thread_mode == ThreadMode::Pooled {
            self.buffer.install();
        }
    }

    fn renew_buffer(&mut self) {
        self.buffer = Buffer::default();
        self.install_buffer();
    }

    /// How many hold the buffer when no test does: this lane, and the worker that it is installed on.
    fn holders(&self) -> usize {
        match self.worker.rules.thread_mode {
            ThreadMode::Fresh => 1,
            ThreadMode::Pooled => 2,
        }
    }

    fn finish(&self, id: CaseId, state: State, end: Moment) {
        let table = self.worker.table;
        if table.slot(id, ATTEMPT).finish(state, end) && table.push_finished(id) {
            self.worker.ring();
            if table.is_all_finished() {
                self.worker.end();
            }
        }
    }
}

/// The pipe to the supervisor is broken: there is nobody to run tests for.
fn lost_supervisor(_: &io::Error) -> ! {
    std::process::exit(1)
}
