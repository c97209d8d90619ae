//! A fork server: makes the children of one lane, one at a time, and watches over each.
//!
//! It runs no test, and it stays as small as it was when it was made: forking it is cheap. Besides its one thread there is at most that
//! of the test at hand, which forks and becomes the child's only one. A child that has
//! nothing to say costs a fork, a wait and a few words in shared memory; no pipe is made for it, and nobody is woken.
//! What becomes of a test is the supervisor's to say. Here it is only seen how its process ended, and that nobody is left of it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::child::prepare;
use super::hang::show_where_it_hangs;
use super::{Rules, parcel};
use crate::accumulate::{ChildQueue, EndOfChild, HowEnded, Place, RunTable, State, Turn};
use crate::model::{Leftover, Moment};
use crate::plan::Plan;
use crate::sys::clock::nanoseconds;
use crate::sys::descriptor::is_empty;
use crate::sys::futex;
use crate::sys::process::{self, Change, Pid};

/// The supervisor wakes an idle fork server; looking again now and then costs nothing and survives a lost wake-up.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long what a test started may take to end after it: as long as nextest gives it.
const LEAK_TIMEOUT: Duration = Duration::from_millis(100);

/// How long to try to end what is left of a test.
const PATIENCE: Duration = Duration::from_secs(2);

const GLANCE: Duration = Duration::from_millis(1);

/// The fork server of one lane.
pub(crate) struct ForkServer {
    pub(crate) plan: &'static Plan,
    pub(crate) table: RunTable,
    pub(crate) queue: ChildQueue,
    pub(crate) lane: usize,
    pub(crate) rules: &'static Rules,
    /// Children print to a pipe.
    pub(crate) captures: bool,
    /// Leads to the supervisor.
    pub(crate) socket: OwnedFd,
    /// A byte written here wakes the supervisor.
    pub(crate) doorbell: File,
}

/// What the children of a lane write to, one after the other until one has. The supervisor alone reads: a child would have to close
/// what else there is.
pub(crate) struct Pipes {
    frames: Arc<File>,
    output: Option<OwnedFd>,
}

impl Pipes {
    /// Where a child's frames go.
    pub(crate) fn frames(&self) -> &Arc<File> {
        &self.frames
    }

    /// The end of the output's pipe that children write to.
    pub(crate) fn output_end(&self) -> Option<&OwnedFd> {
        self.output.as_ref()
    }

    /// Where what a child prints goes, unless it goes where this process prints.
    pub(crate) fn output(&self) -> Option<RawFd> {
        self.output.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Either end of a pipe knows.
    fn are_empty(&self) -> bool {
        is_empty(&self.frames) && self.output.as_ref().is_none_or(is_empty)
    }
}

/// Waits for the end of a process that was made for a turn; on the thread that has made it.
pub(crate) type WatchChild<'run> = &'run (dyn Fn(Pid) -> io::Result<WatchedChild> + Sync);

/// A process that has ended, and how.
pub(crate) type WatchedChild = (Pid, HowEnded);

/// Makes a process for a turn, and has it watched; in the new process it does not return.
type MakeChild<'run> = &'run dyn Fn(Turn, &Pipes, WatchChild<'_>) -> io::Result<WatchedChild>;

impl ForkServer {
    /// Serves until nothing more will come.
    pub(crate) fn serve(&self, make: MakeChild<'_>) {
        prepare(self.rules);
        show_where_it_hangs(self.queue, self.lane);
        // Without pipes it is of no use: the supervisor sees it end, and goes on with another.
        let _ = self.serve_all(make);
    }

    fn serve_all(&self, make: MakeChild<'_>) -> io::Result<()> {
        let mut pipes = self.make_pipes()?;
        let mut lingering = Vec::new();
        while let Some((place, turn)) = self.next_turn() {
            let end = self.run(turn, (&pipes, make), &mut lingering);
            self.queue.end(self.lane, place, end);
            if self.table.is_bell_armed() || self.queue.is_all_taken() {
                let _ = (&self.doorbell).write(&[1]);
            }
            if end.has_written {
                pipes = self.make_pipes()?;
            }
        }
        Ok(())
    }

    fn make_pipes(&self) -> io::Result<Pipes> {
        let renew = || self.queue.renew_pipes(self.lane);
        let (frames, output) = parcel::make_pipes(&self.socket, self.captures, renew)?;
        Ok(Pipes { frames: Arc::new(File::from(frames)), output })
    }

    fn next_turn(&self) -> Option<(Place, Turn)> {
        loop {
            // Asked first: what comes after that changes the value that is waited on.
            let seen = self.queue.wait_value();
            if let Some(taken) = self.queue.take(self.lane) {
                return Some(taken);
            }
            futex::wait(self.queue.gate(), seen?, LOOK_AGAIN);
        }
    }

    /// Has a child made for a turn, and waits for its end.
    fn run(
        &self,
        turn: Turn,
        (pipes, make): (&Pipes, MakeChild<'_>),
        lingering: &mut Vec<Pid>,
    ) -> EndOfChild {
        let slot = self.table.slot(turn.case, turn.attempt.into());
        let now = Moment(nanoseconds());
        slot.begin(now);
        let case = self.plan.case(turn.case);
        // A suite's other tests need the process.
        if case.ignored && case.options.suite.is_none() {
            slot.finish(State::Ignored, now);
            return EndOfChild::default();
        }
        let watch = |pid| self.watch(pid).map(|how| (pid, how));
        let (pid, how) = match make(turn, pipes, &watch) {
            Ok(made) => made,
            Err(error) => {
                let how = HowEnded::NotMade(error.raw_os_error().unwrap_or_default());
                return EndOfChild { how, ..EndOfChild::default() };
            }
        };
        let left_somebody = process::reap_ended() && self.end_leftovers(pid, lingering);
        // In this order: what is no longer in the pipes has been read, and that was said before.
        let has_written = left_somebody || !pipes.are_empty() || self.queue.are_pipes_touched(self.lane);
        // A child's own new pipes are not known here.
        let has_written = self.queue.take_renewed_in_child(self.lane) || has_written;
        let tear_down = self.queue.take_tear_down(self.lane);
        EndOfChild { how, has_written, left_somebody, tear_down }
    }

    /// Waits for the end of a child. What is stopped does not go on by itself: it is killed.
    fn watch(&self, pid: Pid) -> io::Result<HowEnded> {
        self.queue.hold_out(self.lane, pid.0);
        let mut change = process::wait_for_beside_orphans(pid);
        while matches!(change, Ok(Change::Stopped(_))) && self.table.is_paused() {
            futex::wait(self.table.pause_gate(), 1, LOOK_AGAIN);
            change = process::wait_for_beside_orphans(pid);
        }
        if let Ok(Change::Stopped(_)) = change {
            process::kill(pid);
            change = process::wait_for(pid).and(change);
        }
        self.queue.take_back(self.lane, pid.0);
        process::reap(pid);
        Ok(match change? {
            Change::Exited(code) => HowEnded::Exited(code),
            Change::Killed(signal) => HowEnded::Killed(signal),
            Change::Stopped(signal) => HowEnded::Stopped(signal),
        })
    }

    /// Names and ends what a child left behind. Whether there was anybody.
    fn end_leftovers(&self, gone: Pid, lingering: &mut Vec<Pid>) -> bool {
        if !somebody_stays(LEAK_TIMEOUT, lingering) {
            return false;
        }
        let mut left = process::members_of_group(gone);
        let deadline = Instant::now() + PATIENCE;
        loop {
            process::kill_group_of(gone);
            let orphans = process::adopted().into_iter().filter(|(pid, _)| !lingering.contains(pid));
            for orphan in orphans {
                process::kill_one(orphan.0);
                if left.iter().all(|(known, _)| *known != orphan.0) {
                    left.push(orphan);
                }
            }
            // Whoever is killed leaves its own children here.
            if !somebody_stays(GLANCE * 10, lingering) || Instant::now() >= deadline {
                break;
            }
        }
        lingering.extend(process::adopted().into_iter().map(|(pid, _)| pid));
        let left: Vec<Leftover> = left.into_iter().map(|(pid, name)| Leftover { pid: pid.0, name }).collect();
        !left.is_empty() && parcel::send_leftovers(&self.socket, &left).is_ok()
    }
}

/// Whether somebody is still there after `limit`, besides those who could not be ended before.
fn somebody_stays(limit: Duration, lingering: &[Pid]) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        let is_alone = !process::reap_ended()
            || !lingering.is_empty() && process::adopted().iter().all(|(pid, _)| lingering.contains(pid));
        if is_alone {
            return false;
        }
        if Instant::now() >= deadline {
            return true;
        }
        sleep(GLANCE);
    }
}
