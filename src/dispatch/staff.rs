//! Starts what there is room for: a lane is a lane, whether the pool or a child has it.

use std::io;
use std::os::fd::RawFd;

use super::children::{Child, Unit};
use super::launch::Part;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::model::Failure;
use crate::sys::futex;

impl Supervisor<'_> {
    /// Starts what there is room for.
    pub(super) fn staff(&mut self) -> io::Result<()> {
        self.start_pool_if_needed()?;
        self.end_drained_pool();
        self.start_children()?;
        self.share_lanes();
        self.keep_step()
    }

    pub(super) fn start_pool_if_needed(&mut self) -> io::Result<()> {
        let order = self.job.plan.order();
        if self.pool.is_some() || self.table.claimed() >= order.len() {
            return Ok(());
        }
        let open = self.open_descriptors();
        // Lanes start at once: what they may use has to be settled before.
        self.table.allow_lanes(self.lanes_for_pool());
        self.pool = Some(if self.job.in_process {
            Pool::in_process(self.launcher.start_in_process()?)
        } else {
            Pool::launched(self.launcher.launch(Part::Pool, &open)?)
        });
        Ok(())
    }

    /// A pool that lost a worker ends when its other lanes have finished their tests.
    pub(super) fn end_drained_pool(&mut self) {
        if let Some(pool) = &mut self.pool
            && pool.is_draining()
            && self.table.lane_counts().active <= pool.hung_lanes()
        {
            pool.end(now());
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
        let wanted = self.children.len() + self.queue.len();
        self.job.lanes.saturating_sub(u16::try_from(wanted).unwrap_or(u16::MAX))
    }

    pub(super) fn share_lanes(&mut self) {
        let allowed = self.lanes_for_pool();
        if self.pool.is_some() && self.table.lane_counts().allowed != allowed {
            self.table.allow_lanes(allowed);
            futex::wake_all(self.table.lane_gate());
        }
    }

    pub(super) fn start_children(&mut self) -> io::Result<()> {
        self.share_lanes();
        while let Some(&unit) = self.queue.front() {
            let busy = self.children.len() + self.busy_pool_lanes();
            let room = if self.book.case(unit.case).is_measured() { 1 } else { usize::from(self.job.lanes) };
            if busy >= room {
                break;
            }
            self.queue.pop_front();
            self.start_child(unit)?;
        }
        Ok(())
    }

    pub(super) fn start_child(&mut self, unit: Unit) -> io::Result<()> {
        if self.book.case(unit.case).ignored {
            return self.book.ignore(unit.case);
        }
        self.book.announce(unit.case)?;
        if !self.job.rules.capture {
            // What the test prints must not come before its name.
            self.book.flush()?;
        }
        let attempt = u64::from(unit.cause.is_some());
        let open = self.open_descriptors();
        match self.launcher.launch(Part::Child(unit.case, attempt), &open) {
            Ok(launched) => {
                let slot = self.table.slot(unit.case, attempt);
                self.children.push(Child::new(launched, unit, slot, now()));
                Ok(())
            }
            Err(error) => self
                .book
                .fail(unit.case, Failure::NotRun(format!("no process could be made for it: {error}"))),
        }
    }

    /// In lockstep: names the next test, and lets it begin.
    pub(super) fn keep_step(&mut self) -> io::Result<()> {
        let claimed = self.table.claimed();
        let order = self.job.plan.order();
        if !self.job.is_lockstep() || self.pool.is_none() || self.table.granted() != claimed as u64 {
            return Ok(());
        }
        let is_alone = self.children.is_empty() && self.queue.is_empty();
        let is_free = is_alone && order[..claimed].last().is_none_or(|&last| !self.book.is_with_pool(last));
        if let Some(&next) = order.get(claimed).filter(|_| is_free) {
            self.book.announce(next)?;
            self.book.flush()?;
            self.table.grant(claimed as u64 + 1);
            futex::wake_all(self.table.grant_gate());
        }
        Ok(())
    }

    /// Every descriptor of ours that a new process must not keep.
    pub(super) fn open_descriptors(&self) -> Vec<RawFd> {
        let children = self.children.iter().flat_map(Child::descriptors);
        let pool = self.pool.iter().flat_map(Pool::all_descriptors);
        children.chain(pool).chain(self.launcher.descriptors()).collect()
    }
}
