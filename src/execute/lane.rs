//! A lane of the pool: one thread that claims tests and runs them until none is left.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::Duration;

use super::attempt::Attempt;
use super::capture::{self, Buffer};
use super::stage::Stage;
use super::thread::{self, Mailbox, Waited};
use super::worker::Worker;
use crate::accumulate::{Slot, State};
use crate::context::{FixtureId, Seat, with_scope};
use crate::model::{Case, CaseId, Finished, Moment, Outcome, Output, Phase, ThreadMode, Trouble};
use crate::sys::clock::nanoseconds;
use crate::sys::futex;

/// The first attempt at a test is the pool's.
pub(super) const ATTEMPT: u64 = 0;

/// Nobody wakes a lane but the supervisor; looking again now and then costs nothing and survives a lost wake-up.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How often a lane that waits for a test looks whether it is asked what that has printed.
const LOOK: Duration = Duration::from_millis(250);

/// How often the first lane looks whether the others are done, before a benchmark.
const GLANCE: Duration = Duration::from_millis(1);

/// One lane's own things.
pub(super) struct Lane {
    worker: Arc<Worker>,
    number: usize,
    /// What its tests see as their lane: its number, until a test has been given up that keeps it.
    seat_number: usize,
    /// It has run the one test that it may.
    is_spent: bool,
    buffer: Buffer,
    mailbox: Mailbox,
}

impl Lane {
    pub(super) fn new(worker: Arc<Worker>, number: usize) -> Lane {
        Lane {
            worker,
            number,
            seat_number: number,
            is_spent: false,
            buffer: Buffer::default(),
            mailbox: Arc::default(),
        }
    }

    /// Runs tests until none is left for it: first beside the other lanes; then, when those are done, the first lane runs
    /// alone what has to run alone.
    pub(super) fn run(&mut self, still_busy: &AtomicUsize) {
        capture::inherit();
        self.install_buffer();
        self.run_until(self.worker.plan.concurrent().len());
        still_busy.fetch_sub(1, SeqCst);
        let (table, end) = (self.worker.table, self.worker.plan.order().len());
        if self.number == 0 && self.goes_on(end) {
            while still_busy.load(SeqCst) > 0 {
                sleep(GLANCE);
            }
            while !table.is_serial_granted() && table.is_left(end) {
                // Children may be at work.
                futex::wait(table.serial_gate(), 0, LOOK_AGAIN);
            }
            self.run_until(end);
        }
    }

    /// Whether there is a test for this lane to claim.
    fn goes_on(&self, end: usize) -> bool {
        !self.is_spent && self.worker.table.is_left(end)
    }

    fn run_until(&mut self, end: usize) {
        let (table, lockstep) = (self.worker.table, self.worker.lockstep);
        while self.goes_on(end) {
            if lockstep {
                self.wait_for_permission(end);
            }
            while let Err(seen) = table.try_enter() {
                if !table.is_left(end) {
                    // Children may keep the lanes for long, and there is nothing left to enter for.
                    return;
                }
                futex::wait(table.lane_gate(), seen, LOOK_AGAIN);
            }
            // It stays entered from test to test, until its place is wanted for somebody else.
            while let Some(place) = table.claim(end) {
                self.run_unit(self.worker.plan.order()[place]);
                if lockstep || self.is_spent || !table.is_room() {
                    break;
                }
            }
            self.leave();
        }
    }

    fn leave(&self) {
        let table = self.worker.table;
        table.set_running(self.number, None);
        table.leave();
        if self.is_spent || table.is_closed() {
            // Others may have waited for its place; or find now that there is nothing to wait for.
            futex::wake_all(table.lane_gate());
        }
        if table.is_closed() {
            // The supervisor waits until the lanes that can stop have done so.
            self.worker.ring_if_awaited();
        }
    }

    fn wait_for_permission(&self, end: usize) {
        let table = self.worker.table;
        while table.granted() <= table.claimed() as u32 && table.is_left(end) {
            futex::wait(table.grant_gate(), table.claimed() as u32, LOOK_AGAIN);
        }
    }

    /// Runs a test; or all of a suite, where there is no process for it.
    fn run_unit(&mut self, first: CaseId) {
        if self.worker.plan.case(first).options.context.is_none() {
            self.run_case(first, None);
            return;
        }
        let worker = Arc::clone(&self.worker);
        let mut stage = Stage::new(worker.registry);
        let unit = worker.plan.rest_of_unit(first).unwrap_or(std::slice::from_ref(&first));
        for (place, &id) in unit.iter().enumerate() {
            if self.run_case(id, Some((&mut stage, place + 1 == unit.len()))) {
                break;
            }
        }
    }

    /// With a stage: whether the test is the last of its unit. Whether it was.
    fn run_case(&mut self, id: CaseId, mut stage: Option<(&mut Stage, bool)>) -> bool {
        let case = self.worker.plan.case(id);
        let slot = self.worker.table.slot(id, ATTEMPT);
        let start = Moment(nanoseconds());
        slot.begin(start);
        self.worker.table.set_running(self.number, Some(id));
        // Behind the last test that finishes, the process may end: what is set up is torn down before that.
        if case.ignored {
            self.leave_after_last(slot, stage);
            self.finish((id, slot), State::Ignored, start);
            return false;
        }
        self.is_spent = self.worker.one_each;
        let waited = match &mut stage {
            Some((stage, _)) => self.attempt_with_fixtures(case, slot, stage),
            None => self.attempt(case, start),
        };
        match waited {
            Waited::Done(attempt) => {
                self.worker.tell_of_plugins();
                let end = attempt.end_if_begun(slot.started());
                let stage = stage.map(|(stage, is_last)| (stage, is_last || self.is_over(case, &attempt)));
                let is_over = matches!(stage, Some((_, true)));
                if self.worker.rules.fail_fast && self.worker.rules.ends_run(case, &attempt.outcome) {
                    // The supervisor sees to the rest when it hears of it: until then no lane begins a test.
                    self.worker.table.close();
                }
                let state = self.report(id, attempt);
                self.leave_after_last(slot, stage);
                self.finish((id, slot), state, end);
                is_over
            }
            Waited::Hung => {
                // The hung thread keeps the mailbox and the buffer; what it still has to say must not reach this lane.
                self.mailbox = Arc::default();
                self.renew_buffer();
                self.seat_number = self.worker.another_seat();
                self.finish((id, slot), State::TimedOut, Moment(nanoseconds()));
                false
            }
        }
    }

    /// Whether nothing new is to start: this failure ends the run, or another has.
    fn is_over(&self, case: &Case, attempt: &Attempt) -> bool {
        self.worker.rules.ends_run(case, &attempt.outcome) || self.worker.table.lane_counts().allowed == 0
    }

    /// Runs a test with the fixtures that it needs.
    fn attempt_with_fixtures(&self, case: &'static Case, slot: Slot, stage: &mut Stage) -> Waited {
        if stage.needs_nothing(case.options.context) {
            return self.attempt(case, slot.started());
        }
        let mut begin = |phase, fixture| begin(slot, phase, fixture);
        let mut troubles = Vec::new();
        let ready = self.captured(|| stage.move_to((case, self.seat()), &mut begin, &mut troubles));
        if case.options.suite.is_some() {
            // What goes wrong for one test alone is said with that test.
            self.tell(&troubles);
        }
        slot.begin(Moment(nanoseconds()));
        let waited = match ready {
            Ok(()) => with_scope(stage.scope(), || self.attempt(case, slot.started())),
            Err(outcome) => return Waited::Done(Attempt::without_call(outcome)),
        };
        if let Waited::Hung = waited {
            // Its thread goes on with the fixtures.
            stage.abandon();
        }
        waited
    }

    /// Behind the last test of a unit: tears down everything that is set up.
    fn leave_after_last(&self, slot: Slot, stage: Option<(&mut Stage, bool)>) {
        let Some((stage, true)) = stage else { return };
        if stage.is_empty() {
            return;
        }
        let mut troubles = Vec::new();
        self.captured(|| stage.leave(&mut |phase, fixture| begin(slot, phase, fixture), &mut troubles));
        let printed = self.buffer.take();
        if let Some(last) = troubles.last_mut() {
            last.output = printed.into();
        }
        self.tell(&troubles);
    }

    fn tell(&self, troubles: &[Trouble]) {
        for trouble in troubles {
            self.worker.send_trouble(trouble).unwrap_or_else(|error| lost_supervisor(&error));
        }
    }

    fn attempt(&self, case: &'static Case, start: Moment) -> Waited {
        let rules = self.worker.rules;
        match rules.thread_mode_of(case) {
            ThreadMode::Fresh => {
                let mut watch = self.watch(case);
                thread::run((case, self.seat()), rules, (&self.buffer, &self.mailbox), Some(&mut watch))
            }
            ThreadMode::Pooled => {
                Waited::Done(self.captured(|| thread::here(case, rules, start, self.seat())))
            }
        }
    }

    /// Says for how much longer a test's thread is waited for, and answers on the way what the test has printed.
    fn watch(&self, case: &'static Case) -> impl FnMut(Duration) -> Option<Duration> {
        let (table, rules) = (self.worker.table, self.worker.rules);
        let limit = rules.timeout_of(case).filter(|_| rules.watches_time);
        let (before, mut asked) = (table.paused(), table.asked());
        move |waited| {
            if table.asked() != asked {
                asked = table.asked();
                let printed = self.buffer.look();
                table
                    .running_in(self.number)
                    .into_iter()
                    .for_each(|id| self.worker.send_so_far(id, &printed));
            }
            let Some(limit) = limit else { return Some(LOOK) };
            let left = limit.saturating_sub(waited.saturating_sub(table.paused() - before));
            (!left.is_zero()).then_some(left.min(LOOK))
        }
    }

    fn seat(&self) -> Seat {
        Seat { lane: self.seat_number as u32, attempt: ATTEMPT as u32 }
    }

    /// Runs `body` on this very thread, with what it prints in the test's buffer.
    fn captured<T>(&self, body: impl FnOnce() -> T) -> T {
        let rules = self.worker.rules;
        match rules.thread_mode {
            ThreadMode::Fresh if rules.capture => self.buffer.collect(body),
            // It is installed already, where tests run on workers.
            ThreadMode::Fresh | ThreadMode::Pooled => body(),
        }
    }

    /// Sends what came of an attempt; nothing, if there is nothing to say but that it passed.
    fn report(&mut self, id: CaseId, attempt: Attempt) -> State {
        let passed = matches!(attempt.outcome, Outcome::Passed);
        let output = self.take_output(passed);
        if passed && output.is_empty() {
            return State::Passed;
        }
        let elapsed = attempt.elapsed();
        match self.worker.send(&Finished { case: id, outcome: attempt.outcome, elapsed, output }) {
            Ok(()) => State::Reported,
            Err(error) => lost_supervisor(&error),
        }
    }

    fn take_output(&mut self, passed: bool) -> Output {
        let printed = self.buffer.take();
        if self.buffer.is_shared(self.holders()) {
            self.renew_buffer();
        }
        if printed.is_empty() || passed && !self.worker.rules.show_output {
            Output::default()
        } else {
            printed.into()
        }
    }

    /// A test on the worker itself writes where the worker does: to this lane's buffer, from the start.
    fn install_buffer(&self) {
        let rules = self.worker.rules;
        if rules.capture && rules.thread_mode == ThreadMode::Pooled {
            self.buffer.install();
            self.worker.show_buffer(self.number, self.buffer.clone());
        }
    }

    fn renew_buffer(&mut self) {
        self.buffer = Buffer::default();
        self.install_buffer();
    }

    /// How many hold the buffer when no test does: this lane, the worker that it is installed on, and who looks into it.
    fn holders(&self) -> usize {
        match self.worker.rules.thread_mode {
            ThreadMode::Fresh => 1,
            ThreadMode::Pooled => 3,
        }
    }

    fn finish(&self, (id, slot): (CaseId, Slot), state: State, end: Moment) {
        let table = self.worker.table;
        if slot.finish(state, end) && table.push_finished(id) {
            self.worker.ring();
            if table.is_all_finished() {
                self.worker.end();
            }
        }
    }
}

/// Says in a test's slot that a fixture is about to be set up, or torn down.
fn begin(slot: Slot, phase: Phase, fixture: FixtureId) {
    match phase {
        Phase::TearDown => slot.tear_down(fixture.0),
        Phase::Generate | Phase::SetUp | Phase::Use | Phase::Plugin(_) => {
            slot.set_up(fixture.0, Moment(nanoseconds()))
        }
    }
}

/// The pipe to the supervisor is broken: there is nobody to run tests for.
fn lost_supervisor(_: &io::Error) -> ! {
    std::process::exit(1)
}
