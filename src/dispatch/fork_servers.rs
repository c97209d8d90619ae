//! The supervisor's side of the fork servers: one a lane, which makes that lane's children.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

use super::pool::read_all;
use super::supervisor::now;
use crate::accumulate::{ChildQueue, EndOfChild, HowEnded, Place};
use crate::execute::wire::{Decoder, Frame};
use crate::execute::{Parcel, receive_parcel};
use crate::model::{Finished, Leftover, Moment, Trouble};
use crate::sys::descriptor::{is_empty, numbers};
use crate::sys::process::{self, Pid};
use crate::sys::stack;

/// How long a child may take to show where it hangs: names of functions are looked up in what may be a large file.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked whether it has.
const GLANCE: Duration = Duration::from_millis(10);

/// How far a child is with being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many threads of it were asked where they hang.
    Asked {
        threads: usize,
        since: Moment,
    },
    /// It was asked to end.
    Terminating {
        since: Moment,
    },
    Killed,
}

/// The fork server of a lane, and what is known of the child it has.
pub(super) struct ForkServer {
    pub(super) lane: usize,
    pub(super) pid: Pid,
    queue: ChildQueue,
    socket: OwnedFd,
    /// What its children write to until one has. It sends new ones then, which are taken out of the socket when they are needed:
    /// so what comes out of them is always of one child.
    pipes: Option<Pipes>,
    /// A child whose time was up.
    ending: Option<(Place, Phase)>,
    /// Why it did not show where it hangs.
    no_stack: Option<String>,
}

#[derive(Default)]
struct Pipes {
    frames: Option<OwnedFd>,
    decoder: Decoder,
    output: Option<OwnedFd>,
    printed: Vec<u8>,
}

/// What was found when a child had ended.
#[derive(Default)]
pub(super) struct Found {
    pub(super) said: Option<Finished>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) printed: Vec<u8>,
    pub(super) left: Vec<Leftover>,
    /// Its time was up, and it was made to end.
    pub(super) is_over_time: bool,
}

impl ForkServer {
    pub(super) fn new(lane: usize, queue: ChildQueue, (pid, socket): (Pid, OwnedFd)) -> ForkServer {
        ForkServer { lane, pid, queue, socket, pipes: None, ending: None, no_stack: None }
    }

    /// The descriptors to wait for.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        match &self.pipes {
            // What comes behind the pipes is for later.
            Some(pipes) => numbers(&[pipes.frames.as_ref(), pipes.output.as_ref()]),
            None => numbers(&[Some(&self.socket)]),
        }
    }

    /// Every descriptor of the supervisor that belongs to it.
    pub(super) fn all_descriptors(&self) -> Vec<RawFd> {
        let pipes = self.pipes.as_ref();
        let [frames, output] =
            [pipes.and_then(|pipes| pipes.frames.as_ref()), pipes.and_then(|pipes| pipes.output.as_ref())];
        numbers(&[frames, output, Some(&self.socket)])
    }

    /// Takes in what has arrived.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.receive_pipes()?;
        let Some(pipes) = &mut self.pipes else { return Ok(()) };
        if [&pipes.frames, &pipes.output].into_iter().flatten().all(is_empty) {
            return Ok(());
        }
        // Before the first byte is taken out: the fork server, which finds the pipe empty, must know why.
        self.queue.touch_pipes(self.lane);
        if let Some(output) = &pipes.output
            && read_all(output, &mut pipes.printed)?
        {
            pipes.output = None;
        }
        if let Some(frames) = &pipes.frames
            && read_all(frames, pipes.decoder.buffer())?
        {
            pipes.frames = None;
        }
        Ok(())
    }

    fn receive_pipes(&mut self) -> io::Result<()> {
        if self.pipes.is_none()
            && let Some(Parcel::Pipes { frames, output }) = receive_parcel(&self.socket)?
        {
            self.pipes = Some(Pipes { frames: Some(frames), output, ..Pipes::default() });
        }
        Ok(())
    }

    /// Does what the age of its child calls for: asks it to end when its time is up, kills it when it does not.
    pub(super) fn watch(&mut self, (place, started): (Place, Moment), limits: Limits, now: Moment) {
        match self.phase_of(place) {
            None if limits.timeout.is_some_and(|timeout| now.since(started) >= timeout) => {
                self.queue.forget_shown(self.lane);
                let mut threads = 0;
                self.queue.with_child(self.lane, place, |pid| threads = stack::ask(Pid(pid)));
                self.ending = Some((place, Phase::Asked { threads, since: now }));
            }
            Some(Phase::Asked { threads, since }) => {
                let has_answered = self.queue.shown(self.lane) >= threads;
                if !has_answered && now.since(since) < PATIENCE {
                    return;
                }
                let mut why = None;
                self.queue.with_child(self.lane, place, |pid| {
                    why = (!has_answered).then(|| stack::why_not(Pid(pid)));
                    process::terminate(Pid(pid));
                });
                self.no_stack = why;
                self.ending = Some((place, Phase::Terminating { since: now }));
            }
            Some(Phase::Terminating { since }) if now.since(since) >= limits.grace => {
                self.kill_child(place);
                self.ending = Some((place, Phase::Killed));
            }
            None | Some(_) => {}
        }
    }

    /// When `watch` will have something to do.
    pub(super) fn next_deadline(&self, (place, started): (Place, Moment), limits: Limits) -> Option<Moment> {
        match self.phase_of(place) {
            None => limits.timeout.map(|timeout| started.after(timeout)),
            Some(Phase::Asked { .. }) => Some(now().after(GLANCE)),
            Some(Phase::Terminating { since }) => Some(since.after(limits.grace)),
            Some(Phase::Killed) => None,
        }
    }

    fn phase_of(&self, place: Place) -> Option<Phase> {
        self.ending.and_then(|(ending, phase)| (ending == place).then_some(phase))
    }

    fn kill_child(&self, place: Place) {
        self.queue.with_child(self.lane, place, |pid| process::kill(Pid(pid)));
    }

    /// What has come out of its child.
    pub(super) fn printed_so_far(&self) -> &[u8] {
        self.pipes.as_ref().map_or(&[], |pipes| &pipes.printed)
    }

    /// Sends a signal to the child it has, if it has one.
    pub(super) fn signal_its_child(&self, signal: fn(Pid)) {
        if let Some(place) = self.queue.running(self.lane) {
            self.queue.with_child(self.lane, place, |pid| signal(Pid(pid)));
        }
    }

    /// Kills the child it has, if it has one.
    pub(super) fn kill_its_child(&self) {
        self.queue.running(self.lane).into_iter().for_each(|place| self.kill_child(place));
    }

    /// What is in the pipes, which are nobody's from now on.
    pub(super) fn take_written(&mut self) -> io::Result<Found> {
        self.read()?;
        let mut found = Found::default();
        let Some(mut pipes) = self.pipes.take() else { return Ok(found) };
        while let Ok(Some(frame)) = pipes.decoder.next() {
            match frame {
                Frame::Finished(finished) => found.said = Some(finished),
                Frame::Trouble(trouble) => found.troubles.push(trouble),
                Frame::Generated(..) | Frame::AllGenerated | Frame::Report(..) | Frame::SoFar(..) => {}
            }
        }
        found.printed = pipes.printed;
        Ok(found)
    }

    /// What is there to be known when its child at `place` has ended.
    pub(super) fn conclude(&mut self, place: Place, end: &EndOfChild) -> io::Result<Found> {
        let mut found = if end.has_written { self.take_written()? } else { Found::default() };
        found.is_over_time = self.phase_of(place).is_some();
        if self.ending.take_if(|(ending, _)| *ending == place).is_some()
            && let Some(why) = self.no_stack.take()
        {
            found.printed.extend(format!("\nno stack of where it hangs: {why}\n").into_bytes());
        }
        if end.left_somebody
            && let Some(Parcel::Leftovers(left)) = receive_parcel(&self.socket)?
        {
            found.left = left;
        }
        Ok(found)
    }
}

/// How long a child may take, and how long to end.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
}

impl Found {
    /// What counts of how a child ended.
    pub(super) fn how(&self, end: &EndOfChild) -> HowEnded {
        match end.how {
            // A child that was asked to end, and stopped instead, is one that did not end.
            HowEnded::Stopped(_) if self.is_over_time => HowEnded::Killed(9),
            how => how,
        }
    }
}
