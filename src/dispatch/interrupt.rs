//! Interruption: what SIGINT, SIGTERM and SIGHUP do, rung by rung.
//!
//! | signal | nothing new starts | tests that run        | what is set up         | report | then                     |
//! |--------|--------------------|-----------------------|------------------------|--------|--------------------------|
//! | first  | at once            | may end, for a grace  | is torn down           | whole  | the process dies by it   |
//! | second | at once            | are killed¹           | goes with its process  | whole  | as after the first       |
//! | third  | -                  | die with this process | dies with this process | none   | the process dies by it   |
//!
//! ¹ When their lanes have told what they have printed, for which they have half a second or so.
//!
//! A suite whose test does not end within the grace gives that test up and tears down what nobody holds, in the time that a test of it
//! may take.

use std::io;
use std::time::Duration;

use super::children::Unit;
use super::fork_servers::ForkServer;
use super::pause::run_time;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::accumulate::{Place, State};
use crate::model::{CaseId, Cause, Failure, Finished, Moment, Notice, Outcome};
use crate::sys::futex;
use crate::sys::process;

/// An interruption, and how far it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interrupt {
    /// The first signal.
    pub(super) signal: i32,
    since: Moment,
    rung: Rung,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    /// What runs may end.
    Waiting,
    /// What still ran was killed, or has been told to tear down, since this moment.
    GivenUp { since: Moment },
    /// Nobody waits for anything any more.
    Killed,
}

impl Supervisor<'_> {
    /// Somebody wants the run to end.
    pub(super) fn take_stop(&mut self, signal: i32) -> io::Result<()> {
        match &mut self.interrupt {
            None => {
                self.interrupt = Some(Interrupt { signal, since: now(), rung: Rung::Waiting });
                // Whoever reads of it may act on it: by then nothing starts any more.
                self.start_nothing_new();
                let awaited: Vec<CaseId> = self.running_anywhere().collect();
                self.book.notice(Notice::Interrupted { signal, awaited, grace: self.job.grace })
            }
            Some(interrupt) => {
                interrupt.rung = Rung::Killed;
                // From here on such a signal ends this process, whatever it is about.
                self.launcher.let_signals_through();
                let heard = self.hear_everybody();
                self.kill_all();
                heard
            }
        }
    }

    /// Somebody wants nothing new to start. What has begun comes to its end.
    pub(super) fn wind_down(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.winds_down, true) || self.is_interrupted() {
            return Ok(());
        }
        // Whoever reads of it may act on it, as above.
        self.start_nothing_new();
        let awaited: Vec<CaseId> = self.running_anywhere().collect();
        self.book.notice(Notice::WindingDown(awaited))
    }

    /// Whether the run is being interrupted.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupt.is_some()
    }

    /// Whether tests that still run have been given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.interrupt.is_some_and(|interrupt| interrupt.rung != Rung::Waiting)
    }

    /// Whether nobody waits for anything any more.
    pub(super) fn is_killing(&self) -> bool {
        self.interrupt.is_some_and(|interrupt| interrupt.rung == Rung::Killed)
    }

    /// Every test that runs.
    fn running_anywhere(&self) -> impl Iterator<Item = CaseId> {
        let alone = self.running_alone().map(|(_, _, case, _)| case);
        self.running().map(|(case, _)| case).chain(alone)
    }

    /// How such a test comes out that was given up.
    pub(super) fn interrupted(&self, case: CaseId, started: Moment) -> Option<Failure> {
        let signal = self.interrupt?.signal;
        // Before it is begun, a slot holds what was there before.
        let after = now().since(started);
        let limit = self.job.rules.timeout_of(self.book.case(case)).unwrap_or(Duration::MAX);
        Some(Failure::Interrupted { signal, after: after.min(limit) })
    }

    /// When [`watch_interrupt`](Self::watch_interrupt) will have something to do.
    pub(super) fn interrupt_deadline(&self) -> Option<Moment> {
        let Interrupt { since, rung, .. } = self.interrupt?;
        match rung {
            Rung::Waiting => Some(since.after(self.job.grace)),
            Rung::GivenUp { since } => {
                let ends = self.running_alone().filter_map(|(_, _, case, _)| self.tear_down_limit(case));
                ends.map(|limit| since.after(limit)).min()
            }
            Rung::Killed => None,
        }
    }

    /// How long what a test's unit has set up may take to be torn down.
    fn tear_down_limit(&self, case: CaseId) -> Option<Duration> {
        self.job.rules.timeout_of(self.book.case(case))
    }

    /// Gives up what still runs when the grace is over, and what tears down when that takes too long.
    pub(super) fn watch_interrupt(&mut self, now: Moment) -> io::Result<()> {
        let Some(Interrupt { since, rung, .. }) = self.interrupt else { return Ok(()) };
        match rung {
            Rung::Waiting if now.since(since) >= self.job.grace => self.give_up(now),
            Rung::GivenUp { since } => {
                for (lane, _, case, _) in self.running_alone() {
                    if self.tear_down_limit(case).is_some_and(|limit| now.since(since) >= limit) {
                        self.fork_servers
                            .iter()
                            .filter(|server| server.lane == lane)
                            .for_each(ForkServer::kill_its_child);
                    }
                }
                Ok(())
            }
            Rung::Waiting | Rung::Killed => Ok(()),
        }
    }

    fn give_up(&mut self, now: Moment) -> io::Result<()> {
        if let Some(interrupt) = &mut self.interrupt {
            interrupt.rung = Rung::GivenUp { since: now };
        }
        let stopped: Vec<CaseId> = self.running_anywhere().collect();
        if !stopped.is_empty() {
            self.book.notice(Notice::GivenUp(stopped))?;
        }
        if self.busy_pool_lanes() > 0 {
            self.hear_last_words()?;
            self.pool.iter_mut().for_each(Pool::kill);
        }
        self.turns.stop();
        futex::wake_all(self.turns.stop_gate());
        for server in &self.fork_servers {
            let place = self.turns.running(server.lane);
            let unit = place.and_then(|place| self.outstanding.get(place));
            // One with fixtures sees it for itself.
            if unit.is_none_or(|unit| !self.has_fixtures(unit)) {
                server.kill_its_child();
            }
        }
        if self.is_host_busy() {
            let grace = self.job.grace;
            self.host.iter_mut().for_each(|host| host.kill(grace));
        }
        Ok(())
    }

    fn has_fixtures(&self, unit: Unit) -> bool {
        unit.suite.is_some()
            || !self.job.registry.needed(self.book.case(unit.case).options.context).is_empty()
    }

    fn kill_all(&mut self) {
        self.turns.abandon();
        self.fork_servers.iter().for_each(ForkServer::kill_its_child);
        self.pool.iter_mut().for_each(Pool::kill);
        self.host.iter().for_each(|host| process::kill(host.pid));
    }

    /// Starts nothing new, and lets what is under way come out: behind the failure that ends the run, or a signal. What that has set up
    /// it tears down.
    pub(super) fn let_come_out(&mut self) -> io::Result<()> {
        self.start_nothing_new();
        while !self.is_killing()
            && (self.busy_pool_lanes() > 0 || !self.fork_servers.is_empty() || self.is_host_busy())
        {
            self.drop_queue()?;
            // A lane that leaves does not ring.
            self.busy |= self.busy_pool_lanes() > 0;
            self.take_in()?;
        }
        self.look_at_table()?;
        self.drop_queue()?;
        self.tell_what_was_held_back()
    }

    pub(super) fn start_nothing_new(&mut self) {
        self.turns.abandon();
        // Among them may be some that ran in the pool.
        self.take_given_up();
        futex::wake_all(self.turns.gate());
        self.table.allow_lanes(0);
        self.claim_the_rest();
        self.later.clear();
    }

    /// Lanes that wait for room or for permission find that nothing is left, and end.
    fn claim_the_rest(&mut self) {
        self.table.claim_rest(self.job.plan.order().len());
        self.table.grant_serial();
        let gates = [self.table.lane_gate(), self.table.grant_gate(), self.table.serial_gate()];
        gates.into_iter().for_each(futex::wake_all);
    }

    /// What was to get a process of its own does not: but a test that went wrong before has failed.
    fn drop_queue(&mut self) -> io::Result<()> {
        for unit in std::mem::take(&mut self.queue) {
            match unit.cause {
                Some(Cause::TimedOut(limit)) => self.book.fail(unit.case, Failure::TimedOut { limit })?,
                Some(Cause::PoolDied(death)) => {
                    let why = format!(
                        "it was running when the pool's process {death}, and the run ended before it could be tried alone"
                    );
                    self.book.fail(unit.case, Failure::NotRun(why))?;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Tests that were to be tried again come out as they did before.
    fn tell_what_was_held_back(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.held_back).into_iter().try_for_each(|finished| self.book.finish(finished))
    }

    /// After everything has been killed: tests that ran.
    pub(super) fn tell_of_killed(&mut self) -> io::Result<()> {
        if !self.is_killing() {
            return Ok(());
        }
        let places: Vec<Place> = self.outstanding.places().collect();
        places.into_iter().try_for_each(|place| self.settle_suite(place))?;
        let alone: Vec<(CaseId, u64)> =
            self.outstanding.places().filter_map(|place| self.current_of(place)).collect();
        let is_begun = |&case: &CaseId| {
            self.book.is_with_pool(case) && self.table.slot(case, 0).state() != State::Pending
        };
        let pool: Vec<CaseId> = self.job.plan.order().iter().copied().filter(is_begun).collect();
        // Some have come out since they were last looked at.
        for case in pool {
            if !self.settle(case)? {
                self.tell_of_stopped(case, 0)?;
            }
        }
        for (case, attempt) in alone {
            let slot = self.table.slot(case, attempt);
            match slot.state() {
                State::Pending => {}
                State::Passed => {
                    let elapsed = run_time(slot.ended()).since(run_time(slot.started()));
                    self.book.finish_plainly(case, Outcome::Passed, elapsed)?;
                }
                _ => self.tell_of_stopped(case, attempt)?,
            }
        }
        Ok(())
    }

    fn tell_of_stopped(&mut self, case: CaseId, attempt: u64) -> io::Result<()> {
        let started = run_time(self.table.slot(case, attempt).started());
        let Some(failure) = self.interrupted(case, started) else { return Ok(()) };
        let (outcome, output) = (Outcome::Failed(failure), self.take_last_words(case));
        self.book.finish(Finished { case, outcome, elapsed: Duration::ZERO, output })
    }

    fn current_of(&self, place: Place) -> Option<(CaseId, u64)> {
        let unit = self.outstanding.get(place).filter(|_| self.turns.owner(place).is_some())?;
        unit.current().map(|case| (case, unit.turn().attempt.into()))
    }
}
