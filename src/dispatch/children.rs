//! The supervisor's side of the processes that run one test each.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::launch::Launched;
use super::pool::read_all;
use crate::accumulate::{Slot, State};
use crate::execute::wire::Decoder;
use crate::model::{CaseId, Cause, Death, Failure, Finished, Moment, Outcome};
use crate::sys::process::{self, Change, Pid};

/// A test that is to get a process of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) case: CaseId,
    /// Why it was taken out of the pool, if it was.
    pub(super) cause: Option<Cause>,
}

/// How far a child is with being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running,
    /// It was asked to end.
    Terminating {
        since: Moment,
    },
    Killed,
}

/// A child, from its start to its last word.
pub(super) struct Child {
    pid: Pid,
    pub(super) unit: Unit,
    slot: Slot,
    launched: Moment,
    frames: Option<OwnedFd>,
    decoder: Decoder,
    output: Option<OwnedFd>,
    printed: Vec<u8>,
    phase: Phase,
    stopped_by: Option<i32>,
}

impl Child {
    pub(super) fn new(launched: Launched, unit: Unit, slot: Slot, now: Moment) -> Child {
        let Launched { pid, frames, output, control: _ } = launched;
        Child {
            pid,
            unit,
            slot,
            launched: now,
            frames: Some(frames),
            decoder: Decoder::default(),
            output,
            printed: Vec::new(),
            phase: Phase::Running,
            stopped_by: None,
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn launched(&self) -> Moment {
        self.launched
    }

    pub(super) fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        [&self.frames, &self.output].into_iter().flatten().map(AsRawFd::as_raw_fd)
    }

    /// Takes in what has arrived.
    pub(super) fn read(&mut self) -> io::Result<()> {
        if let Some(output) = &self.output
            && read_all(output, &mut self.printed)?
        {
            self.output = None;
        }
        if let Some(frames) = &self.frames
            && read_all(frames, self.decoder.buffer())?
        {
            self.frames = None;
        }
        Ok(())
    }

    /// Does what its age calls for: asks it to end when its time is up, kills it when it does not.
    pub(super) fn watch(&mut self, timeout: Option<Duration>, grace: Duration, now: Moment) {
        match self.phase {
            Phase::Running if timeout.is_some_and(|timeout| now.since(self.launched) >= timeout) => {
                process::terminate(self.pid);
                self.phase = Phase::Terminating { since: now };
            }
            Phase::Terminating { since } if now.since(since) >= grace => self.kill(),
            Phase::Running | Phase::Terminating { .. } | Phase::Killed => {}
        }
    }

    /// When `watch` will have something to do.
    pub(super) fn next_deadline(&self, timeout: Option<Duration>, grace: Duration) -> Option<Moment> {
        match self.phase {
            Phase::Running => timeout.map(|timeout| self.launched.after(timeout)),
            Phase::Terminating { since } => Some(since.after(grace)),
            Phase::Killed => None,
        }
    }

    pub(super) fn kill(&mut self) {
        process::kill(self.pid);
        self.phase = Phase::Killed;
    }

    /// Something stopped it. What is stopped does not go on by itself: it is killed.
    pub(super) fn stopped(&mut self, signal: i32) {
        if self.phase == Phase::Running {
            self.stopped_by = Some(signal);
        }
        self.kill();
    }

    /// The last word on its test, when the process has ended, and what the test printed.
    pub(super) fn conclude(&mut self, change: Change, timeout: Option<Duration>) -> (Finished, Vec<u8>) {
        let (outcome, elapsed) = self.outcome(change, timeout);
        let finished = Finished { case: self.unit.case, outcome, elapsed, output: Vec::new().into() };
        (finished, std::mem::take(&mut self.printed))
    }

    fn outcome(&mut self, change: Change, timeout: Option<Duration>) -> (Outcome, Duration) {
        let said = match self.slot.state() {
            State::Passed => Some((Outcome::Passed, self.slot.ended().since(self.slot.started()))),
            State::Ignored => Some((Outcome::Ignored(None), Duration::ZERO)),
            State::Reported => self.decoder.next().ok().flatten().map(|said| (said.outcome, said.elapsed)),
            State::Pending | State::Running | State::TimedOut => None,
        };
        let over_time = self.phase != Phase::Running && self.stopped_by.is_none();
        let lived = Moment(crate::sys::clock::nanoseconds()).since(self.launched);
        match (said, over_time, self.death(change)) {
            (Some(said), _, None) => said,
            (Some((_, elapsed)), true, Some(_)) => {
                (failed(Failure::DiedAfterwards(Death::HungAtExit)), elapsed)
            }
            // What the test itself failed with says more than how its process ended.
            (Some((Outcome::Failed(failure), elapsed)), false, Some(_)) => (failed(failure), elapsed),
            (Some((_, elapsed)), false, Some(death)) => (failed(Failure::DiedAfterwards(death)), elapsed),
            (None, true, _) => (failed(Failure::TimedOut { limit: timeout.unwrap_or_default() }), lived),
            (None, false, Some(death)) => (failed(Failure::Died(death)), lived),
            (None, false, None) => (failed(Failure::Died(Death::Exited(0))), lived),
        }
    }

    /// How the process died; `None` if it ended well.
    fn death(&self, change: Change) -> Option<Death> {
        match (self.stopped_by, change) {
            (Some(signal), _) | (None, Change::Stopped(signal)) => Some(Death::Stopped(signal)),
            (None, Change::Exited(0)) => None,
            (None, Change::Exited(code)) => Some(Death::Exited(code)),
            (None, Change::Killed(signal)) => Some(Death::Killed(signal)),
        }
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed(failure)
}
