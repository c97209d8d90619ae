//! What the lanes of a pool share, and the ways by which they reach the supervisor.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::capture::Buffer;
use super::{Rules, wire};
use crate::accumulate::RunTable;
use crate::context::Registry;
use crate::model::{CaseId, Finished, Trouble};
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
    pub(crate) frames: Mutex<Frames>,
    /// A byte written here wakes the supervisor.
    pub(crate) doorbell: File,
    /// The lanes' own buffers, where another thread has to look into them.
    pub(crate) buffers: Buffers,
}

/// Where frames go.
pub(crate) enum Frames {
    /// To the supervisor's process.
    Pipe(File),
    /// To the supervisor in this one: there is no pipe that a test could close.
    Here(Inbox),
}

/// Frames on their way within a process.
pub(crate) type Inbox = Arc<Mutex<Vec<u8>>>;

impl From<OwnedFd> for Frames {
    fn from(pipe: OwnedFd) -> Frames {
        Frames::Pipe(pipe.into())
    }
}

impl Write for &Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Frames::Pipe(pipe) => (&*pipe).write(bytes),
            Frames::Here(inbox) => inbox.lock().unwrap_or_else(PoisonError::into_inner).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Buffers of lanes, by their numbers.
#[derive(Default)]
pub(crate) struct Buffers(Mutex<Vec<(usize, Buffer)>>);

impl Worker {
    pub(super) fn send(&self, finished: &Finished) -> io::Result<()> {
        self.tell(|frames| wire::send(finished, frames))
    }

    pub(super) fn send_trouble(&self, trouble: &Trouble) -> io::Result<()> {
        self.tell(|frames| wire::send_trouble(trouble, frames))
    }

    fn tell(&self, send: impl FnOnce(&Frames) -> io::Result<()>) -> io::Result<()> {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        send(&frames)?;
        if let Frames::Here(_) = *frames {
            // What comes out of a pipe wakes by itself.
            self.ring();
        }
        Ok(())
    }

    /// Tells what a test has printed that still runs.
    pub(super) fn send_so_far(&self, case: CaseId, printed: &[u8]) {
        // Without a supervisor there is nobody to tell.
        let _ = self.tell(|frames| wire::send_so_far(case, printed, frames));
    }

    /// Tells what every test has printed, from a thread that runs none.
    pub(super) fn send_all_so_far(&self) {
        let buffers = self.buffers.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (lane, buffer) in &*buffers {
            if let Some(case) = self.table.running_in(*lane) {
                self.send_so_far(case, &buffer.look());
            }
        }
    }

    /// Has another thread look into this buffer from now on, when it asks what a lane's test has printed.
    pub(super) fn show_buffer(&self, lane: usize, buffer: Buffer) {
        let mut buffers = self.buffers.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffers.retain(|(known, _)| *known != lane);
        buffers.push((lane, buffer));
    }

    /// Calls plugins at the begin of this process.
    pub(super) fn begin_plugins(&self) {
        self.rules.plugins.begin();
        self.tell_of_plugins();
    }

    /// Calls plugins at the end of this process.
    pub(super) fn finish_plugins(&self) {
        self.rules.plugins.finish();
        self.tell_of_plugins();
    }

    /// Tells what went wrong with plugins. If nobody hears it any more, this process has nobody to run tests for, and ends soon.
    pub(super) fn tell_of_plugins(&self) {
        if self.rules.plugins.is_empty() {
            // Asked behind every test.
            return;
        }
        let troubles = self.rules.plugins.take_troubles();
        let _ = troubles.iter().try_for_each(|trouble| self.send_trouble(trouble));
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
