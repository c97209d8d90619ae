//! How a fork server makes children: by `fork`, and from the thread that is to be the test's.

use std::fs::File;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::Arc;

use super::Job;
use super::launch::{Memory, clone, has_fixtures, run_suite, seat};
use crate::accumulate::{Slot, Turn};
use crate::context::Seat;
use crate::execute::{Child, Pipes, Rules, WatchChild, WatchedChild, own_thread};
use crate::model::{Case, CaseId};
use crate::sys::process::{Connections, Fork, Forker, Pid, settle_in};
use crate::sys::signals::SignalMask;

/// What a fork server knows of its children before there are any.
pub(super) struct ChildMaker<'run> {
    pub(super) job: &'run Job,
    pub(super) memory: Memory,
    pub(super) rules: &'static Rules,
    pub(super) lane: usize,
    /// Lead to the supervisor: the fork server's own, and that of suites.
    pub(super) sockets: [RawFd; 2],
    pub(super) for_suites: OwnedFd,
    /// Signals have their usual meaning again.
    pub(super) mask: Option<SignalMask>,
    /// The fork server.
    pub(super) parent: i32,
}

/// [`Child::new`] or [`Child::of_this_thread`].
type MakeChild = fn((CaseId, &'static Case), (Slot, Seat), &Arc<File>, &'static Rules) -> Child;

impl ChildMaker<'_> {
    /// Makes a process for a turn, and watches over it; in the new process it does not return.
    pub(super) fn make(
        &self,
        forker: &Forker,
        turn: Turn,
        (pipes, watch): (&Pipes, WatchChild<'_>),
    ) -> io::Result<WatchedChild> {
        if has_fixtures(self.job, turn) {
            return self.suite(forker, turn, pipes).and_then(watch);
        }
        let (rules, case) = (self.rules, (turn.case, self.job.plan.case(turn.case)));
        let place = (self.memory.table.slot(turn.case, turn.attempt.into()), seat(self.job, self.lane, turn));
        let child_of = |make: MakeChild| make(case, place, pipes.frames(), rules);
        let test = |forker: &Forker, child: &Child| self.test(forker, child, pipes).and_then(watch);
        if let Some(thread) = own_thread(case.1, rules) {
            // The kernel ends a child when the *thread* that has made it ends: so that one stays, and watches.
            let made = forker.on_thread(thread, |forker| test(forker, &child_of(Child::of_this_thread)));
            if let Ok(made) = made {
                return made;
            }
            // No more threads to be had: the child may have more luck, and runs the test where it stands if not.
        }
        test(forker, &child_of(Child::new))
    }

    /// A child pays for every 64 KiB of code that it comes by: what can be known before it is made is.
    fn test(&self, forker: &Forker, child: &Child, pipes: &Pipes) -> io::Result<Pid> {
        match self.fork(forker, pipes, &self.sockets) {
            Ok(None) => child.run(),
            Ok(Some(pid)) => Ok(pid),
            Err(error) => Err(error),
        }
    }

    fn suite(&self, forker: &Forker, turn: Turn, pipes: &Pipes) -> io::Result<Pid> {
        let [own, _] = self.sockets;
        if let Some(pid) = self.fork(forker, pipes, &[own])? {
            return Ok(pid);
        }
        let ends = (pipes.frames().clone(), clone(pipes.output_end()), clone(Some(&self.for_suites)));
        run_suite(self.job, (self.memory, self.lane), turn, ends)
    }

    /// A new process; `None` in that, which is ready then to run what is a user's.
    #[inline(always)] // see `execute::child`
    fn fork(&self, forker: &Forker, pipes: &Pipes, not_for_it: &[RawFd]) -> io::Result<Option<Pid>> {
        let connections =
            Connections { output: pipes.output(), nowhere: None, not_for_it, parent: self.parent };
        match forker.fork() {
            Err(error) => return Err(error),
            Ok(Fork::Parent(pid)) => return Ok(Some(pid)),
            Ok(Fork::Child) => {}
        }
        if !settle_in(&connections) {
            std::process::exit(1);
        }
        if let Some(mask) = &self.mask {
            mask.restore();
        }
        Ok(None)
    }
}
