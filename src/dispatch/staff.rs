//! Starts what there is room for: a lane is a lane, whether the pool or a child has it.

use std::io;
use std::os::fd::RawFd;

use super::children::Unit;
use super::fork_servers::ForkServer;
use super::host::Host;
use super::launch::LaunchedPool;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::accumulate::Place;
use crate::model::{Case, Failure, Isolate};
use crate::sys::futex;

impl Supervisor<'_> {
    /// Starts what there is room for.
    pub(super) fn staff(&mut self) -> io::Result<()> {
        if self.is_host_busy() {
            return Ok(());
        }
        self.queue_what_has_waited();
        self.start_pool_if_needed()?;
        self.drain_closed_pool();
        self.end_drained_pool();
        self.start_children()?;
        self.share_lanes();
        self.grant_serial();
        self.tell_of_lanes()?;
        self.keep_step()
    }

    pub(super) fn start_pool_if_needed(&mut self) -> io::Result<()> {
        let order = self.job.plan.order();
        if self.pool.is_some() || self.table.claimed() >= order.len() {
            return Ok(());
        }
        let first_place = self.table.claimed();
        // Lanes start at once: what they may use has to be settled before.
        self.table.bound_claims(self.bound_of_pool());
        self.table.allow_lanes(self.lanes_for_pool());
        let pool = if self.job.in_process {
            Pool::in_process(self.launcher.start_in_process()?)
        } else {
            Pool::launched(self.launch_pool()?)
        };
        self.pool = Some(pool.beginning_at(first_place));
        // It has results in a moment; the first of them need not ring, on a processor that a lane could have.
        self.busy = true;
        Ok(())
    }

    fn launch_pool(&mut self) -> io::Result<LaunchedPool> {
        let launch = |run: &Supervisor<'_>| {
            let host = run.host.as_ref().and_then(Host::socket);
            run.launcher.launch_pool(&run.open_descriptors(), host)
        };
        match launch(self) {
            Err(_) if self.give_up_host()? => launch(self),
            launched => launched,
        }
    }

    /// A pool that is to be replaced ends when its lanes have finished their tests; but for those that it has lost to one.
    pub(super) fn end_drained_pool(&mut self) {
        if self.is_pool_drained() {
            self.pool.iter_mut().for_each(|pool| pool.end(now()));
        }
    }

    /// How many lanes of the pool are at work.
    pub(super) fn busy_pool_lanes(&self) -> usize {
        let hung = self.pool.as_ref().map_or(0, Pool::hung_lanes);
        usize::from(self.table.lane_counts().active.saturating_sub(hung))
    }

    /// How many lanes the pool may use: what children, and those that wait to be children, leave.
    pub(super) fn lanes_for_pool(&self) -> u16 {
        if self.pool.as_ref().is_some_and(|pool| !pool.is_working()) {
            return 0;
        }
        let wanted = self.outstanding.len() + self.queue.len();
        if wanted > 0 && self.table.claimed() >= self.job.plan.concurrent().len() {
            // What is left to the pool has to run alone.
            return 0;
        }
        self.lanes().saturating_sub(u16::try_from(wanted).unwrap_or(u16::MAX))
    }

    pub(super) fn share_lanes(&mut self) {
        let allowed = self.lanes_for_pool();
        if self.pool.is_some() && self.table.lane_counts().allowed != allowed {
            self.table.allow_lanes(allowed);
            futex::wake_all(self.table.lane_gate());
        }
    }

    /// Gives the fork servers what there is room for.
    pub(super) fn start_children(&mut self) -> io::Result<()> {
        self.share_lanes();
        let mut given = false;
        while let Some(&unit) = self.queue.front() {
            let runs_ahead = self.may_run_ahead(unit);
            if !runs_ahead && !self.has_room(unit) {
                break;
            }
            self.queue.pop_front();
            if !runs_ahead {
                if self.book.case(unit.case).ignored {
                    self.book.ignore(unit.case)?;
                    self.go_on_behind(unit, 1)?;
                    continue;
                }
                self.announce_child(unit)?;
            }
            self.wishes += usize::from(!self.runs_beside_anything(unit));
            self.outstanding.push(&self.turns, unit);
            given = true;
        }
        if given {
            futex::wake_all(self.turns.gate());
        }
        self.start_fork_servers(self.outstanding.len())
    }

    /// Whether fork servers may choose by themselves when to begin this: nothing is to be said before, no lane is to be kept for the
    /// pool, and no test has a wish about what runs beside it.
    fn may_run_ahead(&self, unit: Unit) -> bool {
        let is_pool_done = self.pool.is_none() && self.table.claimed() >= self.job.plan.order().len();
        let is_free = is_pool_done && self.job.rules.capture && !self.job.rules.fail_fast;
        is_free && self.runs_beside_anything(unit) && self.wishes == 0
    }

    pub(super) fn runs_beside_anything(&self, unit: Unit) -> bool {
        let case = self.book.case(unit.case);
        // A test of a suite that is tried again waits for the suite's end.
        let is_beside_suite = unit.retries > 0 && case.options.suite.is_some();
        !case.is_measured() && !case.options.has_wishes() && !is_beside_suite
    }

    /// Whether a unit may begin now.
    fn has_room(&self, unit: Unit) -> bool {
        let pool = self.busy_pool_lanes();
        let is_pool_alone = pool > 0 && self.table.claimed() > self.job.plan.concurrent().len();
        let case = self.book.case(unit.case);
        let others = || self.outstanding.units().map(|other| self.book.case(other.case));
        let lanes = usize::from(self.lanes());
        let width = |case: &Case| lanes.min(1 + usize::from(case.options.more_lanes));
        let same_suite =
            |other: &Case| other.options.suite.is_some() && other.options.suite == case.options.suite;
        if unit.retries > 0 && others().any(same_suite) {
            return false;
        }
        if is_pool_alone || others().any(|other| other.options.serial || other.is_measured()) {
            return false;
        }
        if case.options.serial || case.is_measured() {
            return pool == 0 && self.outstanding.is_empty();
        }
        let is_taken = |name: &&'static str| others().any(|other| other.options.resources.contains(name));
        pool + others().map(width).sum::<usize>() + width(case) <= lanes
            && !case.options.resources.iter().any(is_taken)
    }

    /// Lets the pool's one lane that runs what has to run alone go on, when nothing else runs or will.
    fn grant_serial(&mut self) {
        let claimed = self.table.claimed();
        let is_next = (self.job.plan.concurrent().len()..self.job.plan.order().len()).contains(&claimed);
        let is_alone = self.outstanding.is_empty() && self.queue.is_empty();
        if is_next && is_alone && self.pool.is_some() && !self.table.is_serial_granted() {
            self.table.grant_serial();
            futex::wake_all(self.table.serial_gate());
        }
    }

    fn announce_child(&mut self, unit: Unit) -> io::Result<()> {
        self.book.announce(unit.case)?;
        if self.job.rules.capture {
            return Ok(());
        }
        // What the test prints must not come before its name.
        self.book.flush()
    }

    /// Where every test will have a process of its own: before there is a queue, of which each of those would have a copy.
    pub(super) fn start_fork_servers_early(&mut self) -> io::Result<()> {
        // A host has been forked already, and is to set up what is shared before it makes others.
        if self.job.isolate != Isolate::Always || self.host.is_some() {
            return Ok(());
        }
        self.start_fork_servers(self.job.plan.order().len())
    }

    /// As many as there are lanes, or units.
    fn start_fork_servers(&mut self, units: usize) -> io::Result<()> {
        let wanted = units.min(usize::from(self.lanes()));
        while self.fork_servers.len() < wanted {
            let open = self.open_descriptors();
            let mut lanes = 0..usize::from(self.job.lanes);
            let is_free = |lane: &usize| self.fork_servers.iter().all(|server| server.lane != *lane);
            let Some(lane) = lanes.find(is_free) else { return Ok(()) };
            match self.launcher.launch_fork_server(lane, &open, self.host.as_ref().and_then(Host::socket)) {
                Ok(launched) => self.fork_servers.push(ForkServer::new(lane, self.turns, launched)),
                Err(_) if self.give_up_host()? => {}
                Err(error) if self.fork_servers.is_empty() => {
                    return self.give_up_children(&format!("no process could be made for it: {error}"));
                }
                // The others have to do.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Nobody can make children: those that were to get one fail. What a fork server has in hand comes to its own end.
    pub(super) fn give_up_children(&mut self, why: &str) -> io::Result<()> {
        self.turns.give_up();
        self.take_given_up();
        for unit in std::mem::take(&mut self.queue) {
            self.book.fail(unit.case, Failure::NotRun(why.to_owned()))?;
        }
        Ok(())
    }

    /// What was given to the fork servers, and then given up before one took it, is back in the queue, before what is there.
    pub(super) fn take_given_up(&mut self) {
        let is_given_up = |place: &Place| self.turns.owner(*place).is_none();
        let places: Vec<Place> = self.outstanding.places().filter(is_given_up).collect();
        for place in places.into_iter().rev() {
            if let Some(unit) = self.outstanding.take(place) {
                self.wishes -= usize::from(!self.runs_beside_anything(unit));
                self.queue.push_front(unit);
            }
        }
    }

    /// In lockstep: names the next test, and lets it begin.
    pub(super) fn keep_step(&mut self) -> io::Result<()> {
        let claimed = self.table.claimed();
        let order = self.job.plan.order();
        if !self.job.is_lockstep() || self.pool.is_none() || self.table.granted() != claimed as u32 {
            return Ok(());
        }
        if self.table.is_closed() {
            // What is said now would come before what this pool has to say at its end.
            return Ok(());
        }
        let is_alone = self.outstanding.is_empty() && self.queue.is_empty();
        let is_free = is_alone && order[..claimed].last().is_none_or(|&last| !self.book.is_with_pool(last));
        if let Some(&next) = order.get(claimed).filter(|_| is_free) {
            self.book.announce(next)?;
            self.book.flush()?;
            self.table.grant(claimed as u32 + 1);
            futex::wake_all(self.table.grant_gate());
        }
        Ok(())
    }

    /// Every descriptor of ours that a new process must not keep.
    pub(super) fn open_descriptors(&self) -> Vec<RawFd> {
        let mut open = self.launcher.descriptors();
        for server in &self.fork_servers {
            open.extend(server.all_descriptors());
        }
        if let Some(pool) = &self.pool {
            open.extend(pool.all_descriptors());
        }
        if let Some(host) = &self.host {
            open.extend(host.all_descriptors());
        }
        open.extend(self.lent.descriptors());
        open
    }
}
