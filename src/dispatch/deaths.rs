//! What follows when a process ends, or stands still.

use std::io;

use super::children::Unit;
use super::escalate::{Next, REPLACEMENTS, Rest, after_pool, rest_after_death};
use super::fixtures::At;
use super::fork_servers::{ForkServer, Found};
use super::pause::{has_paused, run_time};
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::accumulate::{EndOfChild, HowEnded, Place, State};
use crate::model::{CaseId, Cause, Death, Failure, Finished, Leftover, Notice, Outcome};
use crate::sys::process::{self, Change, Pid};

impl Supervisor<'_> {
    pub(super) fn take_changes(&mut self) -> io::Result<()> {
        while let Some((pid, change)) = process::next_change() {
            if self.pool.as_ref().and_then(Pool::pid) == Some(pid) {
                self.pool_changed(pid, change)?;
            } else if self.host.as_ref().is_some_and(|host| host.pid == pid) {
                self.host_changed(change)?;
            } else if let Some(at) = self.fork_servers.iter().position(|server| server.pid == pid) {
                self.fork_server_changed(at, change)?;
            }
            // Anything else is an orphan that some test left and that has ended by now.
        }
        Ok(())
    }

    fn fork_server_changed(&mut self, at: usize, change: Change) -> io::Result<()> {
        if let Change::Stopped(_) = change {
            // Nothing of ours stops it, and without it its lane stands still.
            process::kill(self.fork_servers[at].pid);
            return Ok(());
        }
        // What it told before it ended is still there.
        self.look_at_children()?;
        let lane = self.fork_servers[at].lane;
        let in_hand: Vec<Place> =
            self.outstanding.places().filter(|&place| self.turns.owner(place) == Some(lane)).collect();
        self.idle_deaths += u32::from(in_hand.is_empty());
        for place in in_hand {
            // A child does not outlive its fork server.
            let how = HowEnded::Killed(9);
            self.child_ended(place, EndOfChild { how, has_written: true, ..EndOfChild::default() })?;
        }
        self.fork_servers.swap_remove(at);
        self.turns.reset_lane(lane);
        let are_some_waiting = !self.outstanding.is_empty() && !self.is_cut_short();
        if self.idle_deaths > REPLACEMENTS && are_some_waiting {
            let why = format!("{} processes that were to make one for it have died", self.idle_deaths);
            return self.give_up_children(&why);
        }
        Ok(())
    }

    /// A child is gone; what there is to know of it is known.
    pub(super) fn child_ended(&mut self, place: Place, end: EndOfChild) -> io::Result<()> {
        self.settle_suite(place)?;
        let Some(unit) = self.outstanding.take(place) else { return Ok(()) };
        self.wishes -= usize::from(!self.runs_beside_anything(unit));
        if let HowEnded::NotMade(error) = end.how {
            let error = io::Error::from_raw_os_error(error);
            let why = format!("no process could be made for it: {error}");
            return self.book.fail(unit.case, Failure::NotRun(why));
        }
        let found = match self.server_of(place) {
            Some(server) => server.conclude(place, &end)?,
            None => Found::default(),
        };
        if unit.suite.is_some() {
            return self.suite_ended(unit, found, &end);
        }
        self.alone_ended(unit, found, &end)
    }

    /// The fork server that has, or had, what is at `place`.
    pub(super) fn server_of(&mut self, place: Place) -> Option<&mut ForkServer> {
        let owner = self.turns.owner(place);
        self.fork_servers.iter_mut().find(|server| Some(server.lane) == owner)
    }

    /// A test has come out in a child.
    pub(super) fn tell_of_child(
        &mut self,
        unit: Unit,
        mut finished: Finished,
        mut found: Found,
    ) -> io::Result<()> {
        let case = finished.case;
        if finished.outcome == Outcome::Ignored(None) && self.book.case(case).ignored {
            return self.book.ignore(case);
        }
        if let Some(last) = found.troubles.last_mut()
            && !matches!(finished.outcome, Outcome::Failed(_))
        {
            // What is shown of the test is shown here.
            last.output = found.printed.clone().into();
        }
        found.troubles.into_iter().try_for_each(|trouble| self.book.notice(Notice::Trouble(trouble)))?;
        finished.output = self.book.worth_keeping(&finished.outcome, found.printed);
        if !found.left.is_empty() {
            self.book.notice(Notice::Leaked { case: Some(case), left: found.left })?;
        }
        if let Some(cause) = unit.cause
            && !matches!(finished.outcome, Outcome::Failed(_))
        {
            self.book.notice(Notice::Escalated { case: finished.case, cause })?;
        }
        self.come_out(finished, unit.attempt, unit.retries)
    }

    /// A test has come out; unless it failed, and is to be tried again.
    pub(super) fn come_out(&mut self, mut finished: Finished, attempt: u16, retries: u16) -> io::Result<()> {
        let case = finished.case;
        if has_paused() {
            // Its process has counted the time in which everything stood still.
            let started = self.table.slot(case, attempt.into()).started();
            finished.elapsed = run_time(started.after(finished.elapsed)).since(run_time(started));
        }
        self.held_back.retain(|held| held.case != case);
        let may_fail = !self.is_cut_short()
            && matches!(&finished.outcome, Outcome::Failed(why) if !matches!(why, Failure::Blocked { .. }));
        let may_start = !self.job.in_process && !self.is_cut_short();
        if may_fail && may_start && retries < self.job.rules.retries_of(self.book.case(case)) {
            return self.try_again(finished, attempt, retries + 1);
        }
        if retries > 0 && finished.outcome == Outcome::Passed {
            self.book.notice(Notice::Flaky { case, failures: retries })?;
        }
        self.book.finish(finished)
    }

    /// Processes in the group of one that has ended: they are named, and ended.
    pub(super) fn find_leftovers(&mut self, gone: Pid, case: Option<CaseId>) -> io::Result<()> {
        if !process::is_group_alive(gone) {
            return Ok(());
        }
        let left = process::members_of_group(gone);
        process::kill_group_of(gone);
        self.tell_of_leftovers(left, case)
    }

    pub(super) fn tell_of_leftovers(
        &mut self,
        left: Vec<(Pid, String)>,
        case: Option<CaseId>,
    ) -> io::Result<()> {
        if left.is_empty() {
            return Ok(());
        }
        let left = left.into_iter().map(|(pid, name)| Leftover { pid: pid.0, name }).collect();
        self.book.notice(Notice::Leaked { case, left })
    }

    pub(super) fn pool_changed(&mut self, pid: Pid, change: Change) -> io::Result<()> {
        let Some(mut pool) = self.pool.take() else { return Ok(()) };
        if let Change::Stopped(signal) = change {
            pool.stopped(signal);
            self.pool = Some(pool);
            return Ok(());
        }
        self.read_pool(&mut pool)?;
        self.look_at_table()?;
        self.find_leftovers(pid, None)?;
        self.tell_of_stray(&mut pool)?;
        // A pool that has finished everything, or all it may, ends by itself.
        // So does one that finds nothing left because nothing new starts.
        let is_cut_off = self.is_cut_short() && self.running().next().is_none();
        let has_finished = self.table.is_all_finished() || self.has_done_its_share(&pool) || is_cut_off;
        let is_done = change == Change::Exited(0) && has_finished;
        if self.is_given_up() {
            self.give_up_pool_s_tests()?;
        } else if let Some(death) = pool.death(change).filter(|_| !is_done) {
            self.pool_died(death)?;
        }
        // What else it had to say was about tests that were taken from it, and its lanes are free.
        self.reported.clear();
        self.table.reset_lanes();
        Ok(())
    }

    pub(super) fn tell_of_stray(&mut self, pool: &mut Pool) -> io::Result<()> {
        match pool.take_stray() {
            bytes if bytes.is_empty() => Ok(()),
            bytes => self.book.notice(Notice::Stray(bytes.into())),
        }
    }

    /// The pool's process is gone, and nobody told it to go.
    pub(super) fn pool_died(&mut self, death: Death) -> io::Result<()> {
        self.pool_deaths += 1;
        // What finished without a word is known from the slots, whatever became of the list.
        let claimed = self.job.plan.order()[..self.table.claimed()].to_vec();
        // Where nothing new starts, what nobody has begun may have been claimed so that nobody does.
        let is_begun = |case| !self.is_cut_short() || self.table.slot(case, 0).state() != State::Pending;
        let may_be_in_flight = |&case: &CaseId| self.book.is_with_pool(case) && is_begun(case);
        let mut in_flight = Vec::new();
        for case in claimed.into_iter().filter(may_be_in_flight).collect::<Vec<_>>() {
            if !self.settle(case)? {
                in_flight.push(case);
            }
        }
        self.seen = self.table.finished_count();
        self.book.notice(Notice::PoolDied { death, in_flight: in_flight.clone() })?;
        for case in in_flight {
            self.escalate(case, Cause::PoolDied(death), At::slot(self.table.slot(case, 0)))?;
        }
        match rest_after_death(self.job.isolate, self.pool_deaths, death) {
            Rest::NewPool => Ok(()),
            Rest::Alone => {
                self.queue_rest();
                Ok(())
            }
            Rest::Final(failure) => {
                let order = self.job.plan.order();
                let rest = self.table.claim_rest(order.len());
                order[rest].iter().try_for_each(|&case| self.book.fail(case, failure.clone()))
            }
        }
    }

    /// The pool was killed, for the run ends: tests that ran come out as interrupted.
    fn give_up_pool_s_tests(&mut self) -> io::Result<()> {
        let begun = self.running().collect::<Vec<_>>();
        for (case, started) in begun {
            if !self.settle(case)?
                && let Some(failure) = self.interrupted(case, started)
            {
                let (outcome, elapsed) = (Outcome::Failed(failure), now().since(started));
                let output = self.take_last_words(case);
                self.book.finish(Finished { case, outcome, elapsed, output })?;
            }
        }
        Ok(())
    }

    /// What is no matter of the pool's from the start.
    pub(super) fn queue_units(&mut self) {
        for unit in self.job.plan.units() {
            unit.iter().for_each(|&case| self.book.take_from_pool(case));
            self.queue.push_back(Unit::new(self.job.plan, unit[0], None));
        }
    }

    /// Everything that nobody has claimed gets a process of its own.
    pub(super) fn queue_rest(&mut self) {
        let order = self.job.plan.order();
        for &case in &order[self.table.claim_rest(order.len())] {
            self.book.take_from_pool(case);
            self.queue.push_back(Unit::new(self.job.plan, case, None));
        }
    }

    /// A test went wrong in the pool.
    pub(super) fn escalate(&mut self, case: CaseId, cause: Cause, at: At) -> io::Result<()> {
        match after_pool(self.job.isolate, cause) {
            Next::Alone => {
                self.book.take_from_pool(case);
                self.queue.push_back(Unit::new(self.job.plan, case, Some(cause)));
                Ok(())
            }
            Next::Final(failure) => self.fail_in_pool(case, at, (cause, failure)),
        }
    }
}
