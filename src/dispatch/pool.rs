//! The supervisor's side of the pool's process.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::PoisonError;

use super::launch::LaunchedPool;
use crate::execute::Inbox;
use crate::execute::wire::{Decoder, Frame};
use crate::model::{CaseId, Death, Moment};
use crate::sys::descriptor::{Readable, numbers, read_some};
use crate::sys::process::{self, Change, Pid};

/// How far a pool is with its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Working,
    /// Its lanes finish what they have begun and take nothing new.
    Draining,
    /// It was told to end.
    Ending {
        since: Moment,
    },
}

/// A pool, from its start to its last word.
pub(super) struct Pool {
    /// `None` when the pool is threads of this very process.
    pid: Option<Pid>,
    frames: Option<OwnedFd>,
    /// Instead of a pipe, where it is threads of this very process.
    inbox: Option<Inbox>,
    decoder: Decoder,
    output: Option<OwnedFd>,
    stray: Vec<u8>,
    control: Option<OwnedFd>,
    phase: Phase,
    /// How many places had been claimed when it started.
    first_place: usize,
    /// Tests that hold a worker for good: over time, in `pooled` mode.
    hung: Vec<CaseId>,
    stopped_by: Option<i32>,
    /// It was killed because it did not end when told to.
    gave_up_on_it: bool,
}

impl Pool {
    pub(super) fn launched(launched: LaunchedPool) -> Pool {
        let LaunchedPool { pid, frames, output, control } = launched;
        let frames = Some(frames);
        Pool { pid: Some(pid), frames, output, control: Some(control), ..Pool::new() }
    }

    /// A pool of threads of this process.
    pub(super) fn in_process(inbox: Inbox) -> Pool {
        Pool { inbox: Some(inbox), ..Pool::new() }
    }

    fn new() -> Pool {
        Pool {
            pid: None,
            frames: None,
            inbox: None,
            decoder: Decoder::default(),
            output: None,
            stray: Vec::new(),
            control: None,
            phase: Phase::Working,
            first_place: 0,
            hung: Vec::new(),
            stopped_by: None,
            gave_up_on_it: false,
        }
    }

    /// The same, where others have claimed so many places before.
    pub(super) fn beginning_at(self, first_place: usize) -> Pool {
        Pool { first_place, ..self }
    }

    /// The first place in the order that it may have claimed.
    pub(super) fn first_place(&self) -> usize {
        self.first_place
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        self.pid
    }

    /// The descriptors to wait for.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.frames.as_ref(), self.output.as_ref()])
    }

    /// Every descriptor of the supervisor that belongs to the pool.
    pub(super) fn all_descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.frames.as_ref(), self.output.as_ref(), self.control.as_ref()])
    }

    /// Takes in what has arrived; the outcomes that are whole.
    pub(super) fn read(&mut self) -> io::Result<Vec<Frame>> {
        if let Some(output) = &self.output
            && read_all(output, &mut self.stray)?
        {
            self.output = None;
        }
        if let Some(frames) = &self.frames
            && read_all(frames, self.decoder.buffer())?
        {
            self.frames = None;
        }
        if let Some(inbox) = &self.inbox {
            self.decoder.buffer().append(&mut inbox.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let mut arrived = Vec::new();
        // What cannot be understood is lost, and the tests it was about are missing when the pool has ended: they are
        // suspects then like any other in flight.
        while let Ok(Some(frame)) = self.decoder.next() {
            arrived.push(frame);
        }
        Ok(arrived)
    }

    /// What came out of its descriptors, leaving nothing.
    pub(super) fn take_stray(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.stray)
    }

    pub(super) fn is_working(&self) -> bool {
        self.phase == Phase::Working
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Ending { .. })
    }

    /// How many of its lanes are held by a hung test.
    pub(super) fn hung_lanes(&self) -> u16 {
        u16::try_from(self.hung.len()).unwrap_or(u16::MAX)
    }

    /// A worker is lost to this test: the pool is to be replaced as soon as its other lanes are free.
    pub(super) fn lose_worker(&mut self, case: CaseId) {
        self.hung.push(case);
        self.drain();
    }

    /// It is to be replaced.
    pub(super) fn drain(&mut self) {
        if self.phase == Phase::Working {
            self.phase = Phase::Draining;
        }
    }

    /// Tells it to end.
    pub(super) fn end(&mut self, now: Moment) {
        self.control = None;
        self.phase = Phase::Ending { since: now };
    }

    /// Since when it has been told to end.
    pub(super) fn ending_since(&self) -> Option<Moment> {
        match self.phase {
            Phase::Ending { since } => Some(since),
            Phase::Working | Phase::Draining => None,
        }
    }

    /// Kills it, if it is a process.
    pub(super) fn kill(&mut self) {
        self.gave_up_on_it = true;
        if let Some(pid) = self.pid {
            process::kill(pid);
        }
    }

    /// Ends it for what it did; the tests it had are tried alone.
    pub(super) fn distrust(&self) {
        self.pid.into_iter().for_each(process::kill);
    }

    /// Something stopped it. What is stopped does not go on by itself: it is killed.
    pub(super) fn stopped(&mut self, signal: i32) {
        self.stopped_by = Some(signal);
        if let Some(pid) = self.pid {
            process::kill(pid);
        }
    }

    /// How it died, by what the system says; `None` for the end it was told to come to.
    pub(super) fn death(&self, change: Change) -> Option<Death> {
        match (self.stopped_by, change) {
            (Some(signal), _) => Some(Death::Stopped(signal)),
            (None, Change::Exited(0)) if self.is_ending() => None,
            // A hung test may well keep a process from ending; it has been reported.
            (None, Change::Killed(_)) if self.gave_up_on_it && !self.hung.is_empty() => None,
            (None, Change::Killed(_)) if self.gave_up_on_it => Some(Death::HungAtExit),
            (None, Change::Exited(code)) => Some(Death::Exited(code)),
            (None, Change::Killed(signal)) => Some(Death::Killed(signal)),
            (None, Change::Stopped(signal)) => Some(Death::Stopped(signal)),
        }
    }
}

/// Reads until nothing is there. Whether that was the end.
pub(super) fn read_all(descriptor: &OwnedFd, into: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        match read_some(descriptor, into)? {
            Readable::Bytes => {}
            Readable::Nothing => return Ok(false),
            Readable::End => return Ok(true),
        }
    }
}
