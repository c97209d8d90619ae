//! An end before everything has run: nothing new starts, and what has begun comes to its own end, tear-down and all.

use super::pool::Pool;
use super::supervisor::Supervisor;
use crate::accumulate::Place;
use crate::sys::futex;

impl Supervisor<'_> {
    /// From now on nothing new starts. Tests that nobody has begun do not come out.
    pub(super) fn wind_down(&mut self) {
        if self.is_winding_down {
            return;
        }
        self.is_winding_down = true;
        self.busy = true;
        let order = self.job.plan.order();
        // Else a pool that dies would be asked for them.
        order[self.table.claim_rest(order.len())].iter().for_each(|&case| self.book.take_from_pool(case));
        self.queue.clear();
        self.turns.withdraw();
        // If a fork server takes one at this very moment, nobody asks what became of it.
        let is_waiting = |place: &Place| self.turns.owner(*place).is_none();
        let waiting: Vec<Place> = self.outstanding.places().filter(is_waiting).collect();
        for place in waiting {
            self.outstanding.take(place);
        }
        // Lanes that wait for something find that nothing is left.
        self.table.grant_serial();
        for gate in [self.table.serial_gate(), self.table.grant_gate(), self.table.lane_gate()] {
            futex::wake_all(gate);
        }
    }

    /// Whether it has come to that: nothing runs any more.
    pub(super) fn is_wound_down(&self) -> bool {
        let hung = self.pool.as_ref().map_or(0, Pool::hung_lanes);
        let is_pool_idle = self.pool.is_none() || self.table.lane_counts().active <= hung;
        // In this order: a lane tells of its last test before it leaves.
        self.is_winding_down
            && is_pool_idle
            && self.outstanding.is_empty()
            && self.table.finished_count() <= self.seen
    }
}
