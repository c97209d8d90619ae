//! A child that runs a unit with fixtures: set-up, its tests in order, tear-down.
//!
//! What each test says goes down pipes of its own: the child makes new ones when a test has written to those it has, and sends the
//! supervisor the ends to read from, over its fork server's socket.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use super::attempt::Attempt;
use super::capture::{Buffer, inherit};
use super::stage::Stage;
use super::thread::{self, Waited};
use super::{Rules, parcel, wire};
use crate::accumulate::{ChildQueue, RunTable, Slot, State, TearDown, Turn};
use crate::context::{FixtureId, Identity, Registry, Seat, set_identity_of_process, with_scope};
use crate::model::{Case, CaseId, Finished, Moment, Outcome, Output, Phase, ThreadMode, Trouble};
use crate::plan::Plan;
use crate::sys::clock::nanoseconds;
use crate::sys::descriptor::{is_empty, pipe, replace_standard};

/// What a child that runs a unit has.
pub(crate) struct Suite {
    pub(crate) plan: &'static Plan,
    pub(crate) registry: &'static Registry,
    pub(crate) table: RunTable,
    pub(crate) rules: &'static Rules,
    /// What its tests see as their lane.
    pub(crate) seat_number: u32,
    pub(crate) outlet: Outlet,
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
    pub(crate) fn run(mut self, turn: Turn) -> ! {
        inherit();
        let mut stage = Stage::new(self.registry);
        stage.scope().be_of_process();
        let ended = self.run_all(turn, &mut stage);
        // The supervisor sees a child that ends with its work undone.
        std::process::exit(i32::from(ended.is_err()))
    }

    fn run_all(&mut self, turn: Turn, stage: &mut Stage) -> io::Result<()> {
        let plan = self.plan;
        let seat = Seat { lane: self.seat_number, attempt: turn.attempt.into() };
        // Tried again, a test of a suite is alone.
        let rest = plan.rest_of_unit(turn.case).filter(|_| turn.attempt == 0);
        let is_suite = rest.is_some();
        if !self.rules.plugins.is_empty() {
            // What hangs there is stopped as the first test is.
            self.table.slot(turn.case, turn.attempt.into()).begin(Moment(nanoseconds()));
            self.rules.plugins.begin();
        }
        let mut is_over = false;
        for &id in rest.unwrap_or(&[turn.case]) {
            if is_over {
                break;
            }
            set_identity_of_process(Identity { name: plan.case(id).name, seat });
            let (case, slot) = (plan.case(id), self.table.slot(id, turn.attempt.into()));
            let now = Moment(nanoseconds());
            if case.ignored {
                slot.begin(now);
                slot.finish(State::Ignored, now);
                continue;
            }
            let mut troubles = Vec::new();
            let mut begin = |phase, fixture: FixtureId| {
                if phase == Phase::TearDown {
                    return self.outlet.begin_tear_down(fixture);
                }
                self.outlet.end_tear_down(TearDown::No);
                slot.set_up(fixture.0, Moment(nanoseconds()));
            };
            let ready = stage.move_to((case, seat), &mut begin, &mut troubles);
            self.outlet.end_tear_down(TearDown::No);
            if case.options.suite.is_none() {
                // What goes wrong for one test alone is said with that test.
                troubles.clear();
            }
            self.tell(troubles)?;
            slot.begin(Moment(nanoseconds()));
            let attempt = match ready {
                Ok(()) => with_scope(stage.scope(), || self.attempt(case, slot, seat)),
                Err(outcome) => Attempt { outcome, elapsed: std::time::Duration::ZERO },
            };
            self.tell(self.rules.plugins.take_troubles())?;
            is_over = self.rules.ends_run(case, &attempt.outcome);
            self.outlet.report(id, attempt, (slot, is_suite))?;
            is_over |= self.outlet.queue.is_abandoned();
        }
        let mut troubles = Vec::new();
        stage.leave(&mut |_, fixture| self.outlet.begin_tear_down(fixture), &mut troubles);
        self.rules.plugins.finish();
        troubles.extend(self.rules.plugins.take_troubles());
        self.tell(troubles)?;
        // A fixture that ends the process with success does not get here.
        self.outlet.end_tear_down(TearDown::Through);
        Ok(())
    }

    fn tell(&self, troubles: Vec<Trouble>) -> io::Result<()> {
        troubles.iter().try_for_each(|trouble| wire::send_trouble(trouble, &*self.outlet.frames))
    }

    fn attempt(&self, case: &'static Case, slot: Slot, seat: Seat) -> Attempt {
        let here = || thread::here(case, self.rules, slot.started(), seat);
        match self.rules.thread_mode_of(case) {
            ThreadMode::Pooled => here(),
            ThreadMode::Fresh => {
                match thread::run(case, self.rules, (&Buffer::default(), &Arc::default()), seat) {
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
        let Attempt { outcome, elapsed } = attempt;
        let state = if outcome == Outcome::Passed {
            State::Passed
        } else {
            let finished = Finished { case: id, outcome, elapsed, output: Output::default() };
            wire::send(&finished, &*self.frames)?;
            State::Reported
        };
        // A test that is a unit by itself is taken in with its process: nothing else will be in these pipes.
        let has_written = is_suite && self.has_written();
        if has_written {
            slot.mark_written();
        }
        slot.finish(state, slot.started().after(elapsed));
        if has_written { self.renew() } else { Ok(()) }
    }

    fn has_written(&self) -> bool {
        let is_silent = is_empty(&*self.frames) && self.output.as_ref().is_none_or(is_empty);
        // In this order: what is no longer in the pipes has been read, and that was said before.
        !is_silent || self.queue.are_pipes_touched(self.lane)
    }

    /// Makes new pipes for the next test.
    fn renew(&mut self) -> io::Result<()> {
        let (frames, frames_end) = pipe()?;
        let output = if self.output.is_some() { Some(pipe()?) } else { None };
        self.queue.renew_pipes_in_child(self.lane);
        parcel::send_pipes(&self.socket, &frames, output.as_ref().map(|(reader, _)| reader))?;
        self.frames = Arc::new(File::from(frames_end));
        if let Some((_, writer)) = output {
            replace_standard(1, writer.as_raw_fd())?;
            replace_standard(2, writer.as_raw_fd())?;
            self.output = Some(writer);
        }
        Ok(())
    }
}
