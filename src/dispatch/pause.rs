//! Ctrl-Z: the whole tree of processes stops, and goes on where it was. The time between does not count.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::fork_servers::ForkServer;
use super::pool::Pool;
use super::supervisor::Supervisor;
use crate::model::Moment;
use crate::sys::clock::nanoseconds;
use crate::sys::futex;
use crate::sys::process::{self, Pid};

/// How long a process may take to stop, before those it made are stopped too.
const PATIENCE: Duration = Duration::from_millis(200);

/// When the run stood still, and for how long, in the order of time. The supervisor's alone.
static PAUSES: Mutex<Vec<(Moment, Duration)>> = Mutex::new(Vec::new());

/// Whether there is anything in that list: asked for every test.
static HAS_PAUSED: AtomicBool = AtomicBool::new(false);

/// A moment of the system's clock in the time of the run, which stands still while that does.
pub(super) fn run_time(moment: Moment) -> Moment {
    if !HAS_PAUSED.load(Relaxed) {
        return moment;
    }
    let pauses = PAUSES.lock().unwrap_or_else(PoisonError::into_inner);
    let passed = pauses.iter().map(|&(begin, length)| length.min(moment.since(begin))).sum::<Duration>();
    Moment(moment.0.saturating_sub(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)))
}

/// How long it was from one moment to another, in that time.
pub(super) fn run_time_between(start: Moment, end: Moment) -> Duration {
    if HAS_PAUSED.load(Relaxed) { run_time(end).since(run_time(start)) } else { end.since(start) }
}

/// Whether the run has ever stood still.
pub(super) fn has_paused() -> bool {
    HAS_PAUSED.load(Relaxed)
}

/// For how long it has, all in all.
pub(crate) fn paused() -> Duration {
    PAUSES.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, length)| *length).sum()
}

impl Supervisor<'_> {
    /// Stops every process of the run and this one, until somebody has this one go on.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        self.book.flush()?;
        // Read by fork servers, which take a child that was stopped by anybody else for one that hangs.
        self.table.set_paused(true);
        let begin = Moment(nanoseconds());
        let makers: Vec<Pid> = self.makers().collect();
        makers.iter().for_each(|&pid| process::stop(pid));
        // One that is not stopped yet might make a child that nobody stops.
        makers.iter().for_each(|&pid| process::await_stop(pid, PATIENCE));
        self.signal_children(process::stop);
        self.launcher.stop_this_process();
        let length = Moment(nanoseconds()).since(begin);
        PAUSES.lock().unwrap_or_else(PoisonError::into_inner).push((begin, length));
        HAS_PAUSED.store(true, Relaxed);
        self.table.end_pause(length);
        futex::wake_all(self.table.pause_gate());
        // In this order: a fork server must not find its child stopped.
        self.signal_children(process::go_on);
        makers.into_iter().for_each(process::go_on);
        Ok(())
    }

    fn makers(&self) -> impl Iterator<Item = Pid> {
        let servers = self.fork_servers.iter().map(|server| server.pid);
        servers.chain(self.pool.as_ref().and_then(Pool::pid)).chain(self.host.iter().map(|host| host.pid))
    }

    fn signal_children(&self, signal: fn(Pid)) {
        self.fork_servers.iter().for_each(|server| ForkServer::signal_its_child(server, signal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_while_the_run_does() {
        HAS_PAUSED.store(true, Relaxed);
        let before = run_time(Moment(1_000));
        PAUSES
            .lock()
            .unwrap()
            .extend([(Moment(2_000), Duration::from_nanos(500)), (Moment(4_000), Duration::from_nanos(100))]);
        let moments =
            [1_000, 2_000, 2_300, 2_500, 3_000, 4_050, 5_000].map(|moment| run_time(Moment(moment)).0);
        assert_eq!(paused(), Duration::from_nanos(600));
        PAUSES.lock().unwrap().clear();
        HAS_PAUSED.store(false, Relaxed);
        assert_eq!(before, Moment(1_000));
        assert_eq!(moments, [1_000, 2_000, 2_000, 2_000, 2_500, 3_500, 4_400]);
    }
}
