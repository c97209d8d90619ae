//! Watches the time: whose is up, and how long nothing will be.

use std::io;
use std::time::Duration;

use super::fixtures::At;
use super::fork_servers::Limits;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::accumulate::State;
use crate::model::{CaseId, Cause, Moment, ThreadMode};

/// From when on libtest, with more than one thread, calls a test slow.
const SLOW: Duration = Duration::from_mins(1);

/// A fresh thread's lane notices by itself that time is up; the supervisor steps in when that fails.
const SLACK: Duration = Duration::from_secs(1);

/// How long a name may be missing from the screen, with one lane.
const SCREEN: Duration = Duration::from_millis(50);

/// A test that has run for so long is told of before it comes out, with several lanes.
const NOTICEABLE: Duration = Duration::from_millis(100);

impl Supervisor<'_> {
    pub(super) fn time_to_next_deadline(&mut self) -> Option<Duration> {
        let grace = self.job.grace;
        let now = now();
        let host = self.watch_host(now);
        let ending = self.pool.as_ref().and_then(Pool::ending_since).map(|since| since.after(grace));
        let mut moments = vec![
            ending,
            host,
            self.closes_at,
            self.interrupt_deadline(),
            self.question_deadline(),
            self.retry_deadline(),
        ];
        for (lane, place, case, started) in self.running_alone() {
            let server = self.fork_servers.iter().find(|server| server.lane == lane);
            let deadline =
                server.and_then(|server| server.next_deadline((place, started), self.limits(case)));
            moments.extend([deadline, self.slow_moment(case, started), self.start_moment(case, started)]);
        }
        for (case, started) in self.running() {
            let timeout = self.limits(case).timeout;
            let deadline = timeout.map(|timeout| started.after(timeout + self.slack(case)));
            moments.extend([deadline, self.slow_moment(case, started), self.start_moment(case, started)]);
        }
        let limit = moments.into_iter().flatten().min().map(|next| next.since(now));
        // What begins after this has its own deadline; none is shorter than the shortest timeout.
        let limit = [limit, self.shortest_timeout].into_iter().flatten().min();
        match self.glance_at_starts() {
            Some(glance) => Some(limit.map_or(glance, |limit| limit.min(glance))),
            None => limit,
        }
    }

    /// When to look which tests have begun since: their lanes do not tell.
    fn glance_at_starts(&self) -> Option<Duration> {
        if self.job.lanes == 1 {
            return Some(SCREEN);
        }
        let has_room = || self.running().count() + self.running_alone().count() < usize::from(self.lanes());
        (self.book.tells_starts() && has_room()).then_some(NOTICEABLE)
    }

    fn start_moment(&self, case: CaseId, started: Moment) -> Option<Moment> {
        let is_due = self.job.lanes > 1 && self.book.is_to_be_announced(case);
        is_due.then(|| started.after(NOTICEABLE))
    }

    fn limits(&self, case: CaseId) -> Limits {
        // Nothing can be taken from a thread of this process.
        let timeout = self.job.rules.timeout_of(self.book.case(case)).filter(|_| !self.job.in_process);
        Limits { timeout, grace: self.job.grace }
    }

    fn slack(&self, case: CaseId) -> Duration {
        match self.job.rules.thread_mode_of(self.book.case(case)) {
            ThreadMode::Fresh => SLACK,
            ThreadMode::Pooled => Duration::ZERO,
        }
    }

    pub(super) fn slow_moment(&self, case: CaseId, started: Moment) -> Option<Moment> {
        (self.job.lanes > 1 && !self.book.is_called_slow(case)).then(|| started.after(SLOW))
    }

    pub(super) fn watch_time(&mut self) -> io::Result<()> {
        let now = now();
        self.watch_host(now);
        self.watch_interrupt(now)?;
        self.answer_when_due()?;
        let children = self.running_alone().collect::<Vec<_>>();
        for &(lane, place, case, started) in &children {
            if self.is_given_up() {
                break;
            }
            let limits = self.limits(case);
            if let Some(server) = self.fork_servers.iter_mut().find(|server| server.lane == lane) {
                server.watch((place, started), limits, now);
            }
        }
        let children = children.into_iter().map(|(_, _, case, started)| (case, started));
        let lanes: Vec<(CaseId, Moment)> = self.running().collect();
        for (case, started) in children.chain(lanes.iter().copied()) {
            if self.start_moment(case, started).is_some_and(|moment| now >= moment) {
                self.book.announce(case)?;
            }
            if self.slow_moment(case, started).is_some_and(|slow| now >= slow) {
                self.book.call_slow(case)?;
            }
        }
        for (case, started) in lanes {
            self.watch_lane(case, started, now)?;
        }
        if let Some(pool) = &mut self.pool
            && pool.ending_since().is_some_and(|since| now.since(since) >= self.job.grace)
        {
            pool.kill();
        }
        Ok(())
    }

    /// Takes a test from a worker that holds it for too long.
    pub(super) fn watch_lane(&mut self, case: CaseId, started: Moment, now: Moment) -> io::Result<()> {
        let Some(timeout) = self.limits(case).timeout else { return Ok(()) };
        let slot = self.table.slot(case, 0);
        let at = At::slot(slot);
        if now.since(started) < timeout + self.slack(case) || !slot.finish(State::TimedOut, now) {
            return Ok(());
        }
        if let Some(pool) = &mut self.pool {
            pool.lose_worker(case);
            self.table.close();
        }
        self.escalate(case, Cause::TimedOut(timeout), at)
    }
}
