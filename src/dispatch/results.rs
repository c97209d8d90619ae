//! Takes in what lanes and children say: from the run table, and from their pipes.

use std::io;

use super::fixtures::At;
use super::fork_servers::ForkServer;
use super::pause::{run_time, run_time_between};
use super::pool::Pool;
use super::supervisor::Supervisor;
use crate::accumulate::{EndOfChild, Place, Slot, State};
use crate::execute::wire::Frame;
use crate::model::{CaseId, Cause, Moment, Notice, Outcome};

impl Supervisor<'_> {
    pub(super) fn read_pipes(&mut self) -> io::Result<()> {
        self.fork_servers.iter_mut().try_for_each(ForkServer::read)?;
        self.read_host()?;
        let Some(mut pool) = self.pool.take() else { return Ok(()) };
        let result = self.read_pool(&mut pool);
        self.pool = Some(pool);
        result
    }

    /// Keeps what the pool's pipe says for the moment when the table says that the test has finished: that list is in the
    /// order of things.
    pub(super) fn read_pool(&mut self, pool: &mut Pool) -> io::Result<()> {
        for frame in pool.read()? {
            match frame {
                Frame::Finished(finished) => self.reported.push_back(finished),
                Frame::Trouble(trouble) => self.book.notice(Notice::Trouble(trouble))?,
                Frame::SoFar(case, output) => self.take_answer(case, output)?,
                Frame::Generated(..) | Frame::AllGenerated | Frame::Report(..) => {}
            }
        }
        Ok(())
    }

    /// Takes in what lanes have begun and finished since the last look.
    pub(super) fn look_at_table(&mut self) -> io::Result<()> {
        // Looked at first: whatever such a test came after is in the list by now, and is told of before it.
        let running: Vec<CaseId> = match self.job.lanes {
            1 => self.running().map(|(case, _)| case).collect(),
            _ => Vec::new(),
        };
        self.busy = false;
        while let Some(case) = self.table.finished(self.seen) {
            self.seen += 1;
            self.busy = true;
            if self.book.is_with_pool(case) && !self.settle(case)? {
                // What the lane has sent did not arrive as it was sent: some test writes to a descriptor that is not its
                // own. Nothing this pool says can be relied upon.
                self.pool.iter().for_each(Pool::distrust);
            }
        }
        for case in running {
            if self.book.is_with_pool(case) {
                self.book.announce(case)?;
            }
        }
        if self.busy {
            self.watch_memory();
        }
        Ok(())
    }

    /// Takes in which children have begun and ended since the last look.
    pub(super) fn look_at_children(&mut self) -> io::Result<()> {
        // Looked at first, as above.
        let running: Vec<CaseId> = match self.job.lanes {
            1 => self.running_alone().map(|(_, _, case, _)| case).collect(),
            _ => Vec::new(),
        };
        let suites: Vec<Place> =
            self.fork_servers.iter().filter_map(|server| self.turns.running(server.lane)).collect();
        let ended: Vec<(Place, EndOfChild)> = self.outstanding.ended(&self.turns).collect();
        self.busy |= !ended.is_empty();
        for (place, end) in ended {
            self.child_ended(place, end)?;
        }
        // Behind those that ended before them: a fork server's pipes are read in the order of its children.
        suites.into_iter().try_for_each(|place| self.settle_suite(place))?;
        if self.is_cut_short() {
            // What comes behind in a suite does not run any more.
            return Ok(());
        }
        running.into_iter().try_for_each(|case| self.book.announce(case))
    }

    /// What runs in children, where, and since when. Between two tests of a suite: the next one, since the last one's end.
    pub(super) fn running_alone(&self) -> impl Iterator<Item = (usize, Place, CaseId, Moment)> {
        self.fork_servers.iter().filter_map(|server| {
            let place = self.turns.running(server.lane)?;
            let unit = self.outstanding.get(place)?;
            let slot = |case| self.table.slot(case, unit.turn().attempt.into());
            let last = unit.suite.and_then(|suite| suite.get(unit.settled.checked_sub(1)?).copied());
            match (unit.current(), last) {
                // Before it is begun, a slot holds what was there before.
                (Some(case), _) if slot(case).state() != State::Pending => {
                    Some((server.lane, place, case, run_time(slot(case).started())))
                }
                (current, Some(last)) => {
                    Some((server.lane, place, current.unwrap_or(last), run_time(slot(last).ended())))
                }
                _ => None,
            }
        })
    }

    /// What the pool's lanes run, and since when.
    pub(super) fn running(&self) -> impl Iterator<Item = (CaseId, Moment)> {
        let begun = self.table.running().map(|case| (case, self.table.slot(case, 0)));
        let is_at_work =
            |slot: &Slot| matches!(slot.state(), State::Running | State::SettingUp | State::TearingDown);
        let running = begun.filter(move |(case, slot)| is_at_work(slot) && self.book.is_with_pool(*case));
        running.map(|(case, slot)| (case, run_time(slot.started())))
    }

    /// Takes the word of the table on a test of the pool. `false` if that is not its last word.
    pub(super) fn settle(&mut self, case: CaseId) -> io::Result<bool> {
        let slot = self.table.slot(case, 0);
        match slot.state() {
            State::Passed => {
                let elapsed = run_time_between(slot.started(), slot.ended());
                self.book.finish_plainly(case, Outcome::Passed, elapsed)?;
            }
            State::Ignored => self.book.ignore(case)?,
            State::TimedOut => {
                let limit = self.job.rules.timeout_of(self.book.case(case)).unwrap_or_default();
                self.escalate(case, Cause::TimedOut(limit), At::Test)?;
            }
            // The frame was written before the state: it is in the pipe, if it has not been read already.
            State::Reported => {
                self.read_pipes()?;
                match self.reported.iter().position(|finished| finished.case == case) {
                    Some(place) => self
                        .reported
                        .remove(place)
                        .map_or(Ok(()), |finished| self.come_out(finished, 0, 0))?,
                    None => return Ok(false),
                }
            }
            State::Pending | State::Running | State::SettingUp | State::TearingDown => return Ok(false),
        }
        Ok(true)
    }
}
