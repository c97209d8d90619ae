//! A child that runs a unit with fixtures: set-up, its tests in order, tear-down.
//!
//! What each test says goes down pipes of its own: the child makes new ones when a test has written to those it has, and sends the
//! supervisor the ends to read from, over its fork server's socket.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::attempt::Attempt;
use super::capture::{Buffer, inherit};
use super::parcel::{self, WritingEnds};
use super::stage::Stage;
use super::thread::{self, Waited};
use super::{Rules, wire};
use crate::accumulate::{ChildQueue, RunTable, Slot, State, TearDown, Turn};
use crate::context::{FixtureId, Identity, Registry, Seat, set_identity_of_process, with_scope};
use crate::model::{Case, CaseId, Finished, Moment, Outcome, Output, Phase, ThreadMode, Trouble};
use crate::plan::Plan;
use crate::sys::clock::nanoseconds;
use crate::sys::descriptor::{is_empty, replace_standard};
use crate::sys::futex;

/// The supervisor wakes whoever waits to be told that tests are given up; looking again now and then survives a lost wake-up.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// As much as a program's first thread has.
const STACK: usize = 8 << 20;

/// What a child that runs a unit has.
pub(crate) struct Suite {
    pub(crate) plan: &'static Plan,
    pub(crate) registry: &'static Registry,
    pub(crate) table: RunTable,
    pub(crate) rules: &'static Rules,
    /// What its tests see as their lane.
    pub(crate) seat_number: u32,
    pub(crate) outlet: Mutex<Outlet>,
}

/// The unit on its way: a thread runs it, and another may have to tear down what that has set up.
struct OnItsWay {
    suite: Suite,
    stage: Mutex<Stage>,
}

/// What the child writes to, test by test.
pub(crate) struct Outlet {
    pub(crate) queue: ChildQueue,
    pub(crate) lane: usize,
    /// Leads to the supervisor.
    pub(crate) socket: OwnedFd,
    pub(crate) frames: Arc<File>,
    /// Where standard output and error go, unless they go where the supervisor's do.
    pub(crate) output: Option<OwnedFd>,
}

impl Suite {
    /// Runs the unit that begins with this turn's test, and ends the process.
    ///
    /// On a thread of its own: this one waits to be told that the test which runs is given up.
    pub(crate) fn run(self, turn: Turn) -> ! {
        let stage = Stage::new(self.registry);
        stage.scope().be_of_process();
        let shared = Arc::new(OnItsWay { suite: self, stage: Mutex::new(stage) });
        let own = Arc::clone(&shared);
        let body = move || {
            inherit();
            let ended = own.run_all(turn);
            // The supervisor sees a child that ends with its work undone.
            std::process::exit(i32::from(ended.is_err()))
        };
        // Its name is in what panics of set-ups print.
        let thread = std::thread::Builder::new().name("main".to_owned()).stack_size(STACK);
        match thread.spawn(body.clone()) {
            Ok(thread) => drop(thread),
            // No more threads to be had: what hangs is killed, and tears nothing down.
            Err(_) => body(),
        }
        shared.tear_down_when_given_up()
    }
}

impl OnItsWay {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outlet(&self) -> MutexGuard<'_, Outlet> {
        self.suite.outlet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_all(&self, turn: Turn) -> io::Result<()> {
        let Suite { plan, table, rules, seat_number, .. } = self.suite;
        let seat = Seat { lane: seat_number, attempt: turn.attempt.into() };
        // Tried again, a test of a suite is alone.
        let rest = plan.rest_of_unit(turn.case).filter(|_| turn.attempt == 0);
        let is_suite = rest.is_some();
        if !rules.plugins.is_empty() {
            // What hangs there is stopped as the first test is.
            table.slot(turn.case, turn.attempt.into()).begin(Moment(nanoseconds()));
            rules.plugins.begin();
        }
        for &id in rest.unwrap_or(&[turn.case]) {
            set_identity_of_process(Identity { name: plan.case(id).name, seat });
            let (case, slot) = (plan.case(id), table.slot(id, turn.attempt.into()));
            let now = Moment(nanoseconds());
            if case.ignored {
                slot.begin(now);
                slot.finish(State::Ignored, now);
                continue;
            }
            let attempt = self.attempt_with_fixtures(case, slot, seat)?;
            self.tell(rules.plugins.take_troubles())?;
            let is_over = rules.ends_run(case, &attempt.outcome);
            let mut outlet = self.outlet();
            outlet.report(id, attempt, (slot, is_suite))?;
            if is_over || outlet.queue.is_abandoned() {
                break;
            }
        }
        self.leave()
    }

    /// Sets up what the test needs, and runs it.
    fn attempt_with_fixtures(&self, case: &'static Case, slot: Slot, seat: Seat) -> io::Result<Attempt> {
        let mut troubles = Vec::new();
        let mut begin = |phase, fixture: FixtureId| {
            if phase == Phase::TearDown {
                return self.outlet().begin_tear_down(fixture);
            }
            self.outlet().end_tear_down(TearDown::No);
            slot.set_up(fixture.0, Moment(nanoseconds()));
        };
        let mut stage = self.stage();
        let ready = stage.move_to((case, seat), &mut begin, &mut troubles);
        let scope = Arc::clone(stage.scope());
        drop(stage);
        self.outlet().end_tear_down(TearDown::No);
        if case.options.suite.is_none() {
            // What goes wrong for one test alone is said with that test.
            troubles.clear();
        }
        self.tell(troubles)?;
        slot.begin(Moment(nanoseconds()));
        Ok(match ready {
            Ok(()) => with_scope(&scope, || self.attempt(case, slot, seat)),
            Err(outcome) => Attempt::without_call(outcome),
        })
    }

    /// Tears down everything: nothing more will come.
    fn leave(&self) -> io::Result<()> {
        let mut troubles = Vec::new();
        let begin = &mut |_, fixture| self.outlet().begin_tear_down(fixture);
        self.stage().leave(begin, &mut troubles);
        let plugins = self.suite.rules.plugins;
        plugins.finish();
        troubles.extend(plugins.take_troubles());
        self.tell(troubles)?;
        // A fixture that ends the process with success does not get here.
        self.outlet().end_tear_down(TearDown::Through);
        Ok(())
    }

    /// Waits until tests that run are given up; then tears down what this one does not hold, and ends the process.
    fn tear_down_when_given_up(&self) -> ! {
        let queue = self.outlet().queue;
        while !queue.is_stopped() {
            futex::wait(queue.stop_gate(), 0, LOOK_AGAIN);
        }
        // What is being set up or torn down at this moment is waited for.
        let ended = self.leave();
        std::process::exit(i32::from(ended.is_err()))
    }

    fn tell(&self, troubles: Vec<Trouble>) -> io::Result<()> {
        let outlet = self.outlet();
        troubles.iter().try_for_each(|trouble| wire::send_trouble(trouble, &*outlet.frames))
    }

    fn attempt(&self, case: &'static Case, slot: Slot, seat: Seat) -> Attempt {
        let rules = self.suite.rules;
        match rules.thread_mode_of(case) {
            ThreadMode::Pooled => thread::here(case, rules, slot.started(), seat),
            ThreadMode::Fresh => {
                match thread::run((case, seat), rules, (&Buffer::default(), &Arc::default()), None) {
                    Waited::Done(attempt) => attempt,
                    Waited::Hung => unreachable!("a child has no time limit of its own"),
                }
            }
        }
    }
}

impl Outlet {
    fn begin_tear_down(&self, fixture: FixtureId) {
        self.queue.set_tear_down(self.lane, TearDown::Of(fixture.0));
    }

    fn end_tear_down(&self, next: TearDown) {
        self.queue.set_tear_down(self.lane, next);
    }

    fn report(&mut self, id: CaseId, attempt: Attempt, (slot, is_suite): (Slot, bool)) -> io::Result<()> {
        // std's stdout keeps a line that has no end yet; it belongs to this test, not to the next.
        let _ = io::stdout().flush();
        let elapsed = attempt.elapsed();
        let outcome = attempt.outcome;
        let state = if outcome == Outcome::Passed {
            State::Passed
        } else {
            let finished = Finished { case: id, outcome, elapsed, output: Output::default() };
            wire::send(&finished, &*self.frames)?;
            State::Reported
        };
        // A test that is a unit by itself is taken in with its process: nothing else will be in these pipes.
        let new = (is_suite && self.has_written()).then(|| self.send_new_pipes());
        if let Some(Ok(_)) = new {
            // Only now: what the supervisor takes away must have been replaced. A test may have closed the socket.
            slot.mark_written();
        }
        slot.finish(state, slot.started().after(elapsed));
        new.map_or(Ok(()), |pipes| self.write_to(pipes?))
    }

    fn has_written(&self) -> bool {
        let is_silent = is_empty(&*self.frames) && self.output.as_ref().is_none_or(is_empty);
        // In this order: what is no longer in the pipes has been read, and that was said before.
        !is_silent || self.queue.are_pipes_touched(self.lane)
    }

    /// Makes pipes for the next test, and sends the supervisor the ends to read from.
    fn send_new_pipes(&self) -> io::Result<WritingEnds> {
        let renew = || self.queue.renew_pipes_in_child(self.lane);
        parcel::make_pipes(&self.socket, self.output.is_some(), renew)
    }

    fn write_to(&mut self, (frames, output): WritingEnds) -> io::Result<()> {
        self.frames = Arc::new(File::from(frames));
        if let Some(writer) = output {
            replace_standard(1, writer.as_raw_fd())?;
            replace_standard(2, writer.as_raw_fd())?;
            self.output = Some(writer);
        }
        Ok(())
    }
}
