//! What the lanes of a pool share, and the ways by which they reach the supervisor.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use super::{Rules, wire};
use crate::accumulate::RunTable;
use crate::context::Registry;
use crate::model::{Finished, Trouble};
use crate::plan::Plan;

/// What the lanes of a pool share.
pub(crate) struct Worker {
    pub(crate) plan: &'static Plan,
    pub(crate) registry: &'static Registry,
    pub(crate) table: RunTable,
    pub(crate) rules: &'static Rules,
    /// Every test waits for the supervisor's permission, so that what is printed stays in order.
    pub(crate) lockstep: bool,
    pub(crate) lanes: usize,
    /// How many tests have been given up that run on.
    pub(crate) hung: AtomicUsize,
    /// Each lane runs one test, and what is left then is for another pool.
    pub(crate) one_each: bool,
    /// A byte written here has the pool's process end: everything is finished. `None` if the process is not the pool's alone,
    /// or ends by itself.
    pub(crate) end: Option<File>,
    /// Where frames go; lanes take turns.
    pub(crate) frames: Mutex<File>,
    /// A byte written here wakes the supervisor.
    pub(crate) doorbell: File,
}

impl Worker {
    pub(super) fn send(&self, finished: &Finished) -> io::Result<()> {
        let pipe = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send(finished, &*pipe)
    }

    pub(super) fn send_trouble(&self, trouble: &Trouble) -> io::Result<()> {
        let pipe = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send_trouble(trouble, &*pipe)
    }

    /// Has the process end without waiting to be told, if it is the pool's alone and tests run on its workers. Another
    /// thread does that: this one may have thread-locals of tests, which must not be dropped after all.
    pub(super) fn end(&self) {
        if let Some(end) = &self.end {
            let _ = (&*end).write(&[1]);
        }
    }

    /// A number that no lane has, nor a child.
    pub(super) fn another_seat(&self) -> usize {
        // There are as many children at most as there are lanes, and they count on from these.
        2 * self.lanes + self.hung.fetch_add(1, Relaxed)
    }

    /// The last lane has stopped. If not for want of tests, the process ends: another will take its place.
    pub(super) fn retire(&self) {
        if self.one_each && self.table.is_left(self.plan.order().len()) {
            self.table.close();
        }
        if self.table.is_closed() {
            self.ring_if_awaited();
            self.end();
        }
    }

    /// Wakes the supervisor, if it sleeps.
    pub(super) fn ring_if_awaited(&self) {
        if self.table.is_bell_armed() {
            self.ring();
        }
    }

    /// Wakes the supervisor. If it is gone, so is this process soon.
    pub(super) fn ring(&self) {
        let _ = (&self.doorbell).write(&[1]);
    }
}
