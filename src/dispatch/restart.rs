//! Replaces a pool that nothing is wrong with: it has run as many tests as it may, or has grown too large.
//!
//! Lanes know themselves when to stop: the run table is closed to their pool. When the last one has stopped, the process ends, and
//! the supervisor, which finds nothing undone, starts another. No test is taken from a lane for that.

use super::pool::Pool;
use super::supervisor::Supervisor;
use crate::model::Restart;
use crate::sys::{futex, process};

impl Supervisor<'_> {
    /// Where in the order the pool that is about to start has to stop; `None` if it may run all that is left.
    pub(super) fn bound_of_pool(&self) -> Option<usize> {
        let tests = match self.job.restart {
            Restart::Never | Restart::Memory(_) => return None,
            Restart::EachTest => self.job.lanes.into(),
            Restart::Tests(count) => count.get(),
        };
        let bound = self.job.plan.place_behind(self.table.claimed(), tests);
        Some(bound).filter(|&bound| bound < self.job.plan.order().len())
    }

    /// Closes the table to a pool that has grown too large. Whatever its size is, it has begun a test: so each gets on.
    pub(super) fn watch_memory(&self) {
        let (Restart::Memory(limit), Some(pool)) = (self.job.restart, &self.pool) else { return };
        if !pool.is_working() || self.table.claimed() <= pool.first_place() {
            return;
        }
        if pool.pid().and_then(process::resident_memory).is_some_and(|bytes| bytes > limit) {
            self.table.close();
        }
    }

    /// Has the lanes of a pool stop to which the table is closed.
    pub(super) fn drain_closed_pool(&mut self) {
        let Some(pool) = self.pool.as_mut().filter(|pool| pool.is_working() && self.table.is_closed()) else {
            return;
        };
        pool.drain();
        self.share_lanes();
        // Whatever they wait for.
        for gate in [self.table.lane_gate(), self.table.serial_gate(), self.table.grant_gate()] {
            futex::wake_all(gate);
        }
    }

    /// Whether every lane of the pool has stopped that can, and it has not been told to end.
    pub(super) fn is_pool_drained(&self) -> bool {
        let is_drained = |pool: &Pool| self.table.lane_counts().active <= pool.hung_lanes();
        let pool = self.pool.as_ref().filter(|pool| !pool.is_ending());
        self.table.is_closed() && pool.is_some_and(is_drained)
    }

    /// Whether a pool that has ended has left nothing undone: it could claim no more, and all that it had claimed has come out.
    pub(super) fn has_done_its_share(&self, pool: &Pool) -> bool {
        let mut share = self.job.plan.order()[pool.first_place()..self.table.claimed()].iter();
        self.table.is_closed() && !share.any(|&case| self.book.is_with_pool(case))
    }
}
