//! Lanes that are lent: `cargo snout` shares its lanes among the binaries that run, and says how many this one has.
//!
//! It is told when the rest of the run has a use for less than that, and takes no more than was said: a test that runs keeps its lane.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use super::Job;
use super::supervisor::Supervisor;
use crate::model::{Case, Notice};
use crate::sys::descriptor::{Readable, numbers, open_pipe, read_some};

/// How many lanes there are at the moment.
pub(super) struct Lanes {
    now: u16,
    most: u16,
    /// Where a change is told; `None` if there will be none.
    pipe: Option<OwnedFd>,
    unread: Vec<u8>,
    /// What was said last of how many there is a use for.
    told: u16,
}

impl Lanes {
    pub(super) fn of(job: &Job) -> Lanes {
        let fixed =
            Lanes { now: job.lanes, most: job.lanes, pipe: None, unread: Vec::new(), told: job.lanes };
        match &job.lease {
            None => fixed,
            // Without the pipe it has what it has.
            Some(lease) => Lanes {
                now: lease.lanes.min(job.lanes),
                pipe: (job.lanes > 1).then(|| open_pipe(&lease.pipe).ok()).flatten(),
                ..fixed
            },
        }
    }

    pub(super) fn now(&self) -> u16 {
        self.now
    }

    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.pipe.as_ref()])
    }

    /// Takes in what has been told since.
    fn read(&mut self) {
        let Some(pipe) = &self.pipe else { return };
        if !matches!(read_some(pipe, &mut self.unread), Ok(Readable::Bytes | Readable::Nothing)) {
            // Whoever lent them is gone.
            self.pipe = None;
        }
        while let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let number = std::str::from_utf8(&line[..end]).ok().and_then(|number| number.parse::<u16>().ok());
            self.now = number.map_or(self.now, |number| number.clamp(1, self.most));
        }
    }
}

impl Supervisor<'_> {
    /// How many tests may run at the same time now.
    pub(super) fn lanes(&self) -> u16 {
        self.lent.now()
    }

    pub(super) fn read_lease(&mut self) {
        self.lent.read();
    }

    /// Says how many lanes there is a use for, if that is another number than before.
    pub(super) fn tell_of_lanes(&mut self) -> io::Result<()> {
        if self.lent.pipe.is_none() {
            return Ok(());
        }
        let useful = self.useful_lanes();
        if useful == self.lent.told {
            return Ok(());
        }
        self.lent.told = useful;
        self.book.notice(Notice::Lanes(useful))
    }

    /// How many tests, of those that run and those that are left, can run at the same time.
    fn useful_lanes(&self) -> u16 {
        let most = usize::from(self.lent.most);
        let (order, concurrent) = (self.job.plan.order().len(), self.job.plan.concurrent().len());
        let unclaimed = concurrent.saturating_sub(self.table.claimed());
        if unclaimed >= most {
            return self.lent.most;
        }
        let in_pool = self.running().filter(|(case, _)| self.book.is_with_pool(*case)).count();
        let alone = self.lanes_of_units(most);
        let is_serial_left = self.table.claimed() < order;
        let all = (in_pool + unclaimed + alone).max(usize::from(is_serial_left));
        u16::try_from(all.clamp(1, most)).unwrap_or(self.lent.most)
    }

    /// How many lanes processes of tests can have at the same time, if not more than `most`.
    fn lanes_of_units(&self, most: usize) -> usize {
        let (mut all, mut serial, mut resources) = (0, 0, Vec::new());
        let cases = self.outstanding.units().chain(&self.queue).map(|unit| self.book.case(unit.case));
        for case in cases {
            let Case { options, .. } = case;
            if options.serial || case.is_measured() {
                serial = 1;
            } else if !options.resources.iter().any(|name| resources.contains(&name)) {
                resources.extend(&options.resources);
                all += 1 + usize::from(options.more_lanes);
            }
            if all >= most {
                return most;
            }
        }
        all.max(serial)
    }
}
