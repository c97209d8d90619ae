//! Fixtures that take their process with them, or hold it for too long: which one it was, and what that means for its test.

use std::io;
use std::time::Duration;

use super::children::{Evidence, Unit};
use super::fork_servers::Found;
use super::pause::run_time;
use super::supervisor::{Supervisor, now};
use crate::accumulate::{EndOfChild, HowEnded, Slot, State, TearDown};
use crate::context::FixtureId;
use crate::model::{CaseId, Cause, Death, Failure, Finished, Notice, Outcome, Output, Phase, Trouble, Wrong};

/// What a process was about when it went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Test,
    SetUp(FixtureId),
    /// Behind the test, which has come out.
    TearDown(FixtureId),
}

impl At {
    /// By what the table says of a test of the pool.
    pub(super) fn slot(slot: Slot) -> At {
        match slot.state() {
            State::SettingUp => At::SetUp(FixtureId(slot.fixture())),
            State::TearingDown => At::TearDown(FixtureId(slot.fixture())),
            _ => At::Test,
        }
    }
}

impl Supervisor<'_> {
    /// The child of a test with a process of its own has ended.
    pub(super) fn alone_ended(&mut self, unit: Unit, mut found: Found, end: &EndOfChild) -> io::Result<()> {
        let case = unit.case;
        let slot = self.table.slot(case, unit.turn().attempt.into());
        let timeout = self.job.rules.timeout_of(self.book.case(case));
        let how = found.how(end);
        let wrong = wrong(how, found.is_over_time, timeout);
        if let Some(finished) =
            self.given_up(case, slot).filter(|_| !matches!(end.tear_down, TearDown::Of(_)))
        {
            return self.tell_of_child(unit, finished, found);
        }
        if slot.state() == State::SettingUp {
            let outcome = Outcome::Failed(self.blocked(FixtureId(slot.fixture()), &wrong));
            let elapsed = now().since(run_time(slot.started()));
            let finished = Finished { case, outcome, elapsed, output: Output::default() };
            return self.tell_of_child(unit, finished, found);
        }
        let (mut how, mut is_over_time) = (how, found.is_over_time);
        if let TearDown::Of(fixture) = end.tear_down {
            // The test has come out before, and that stands.
            found.troubles.push(self.trouble(FixtureId(fixture), Phase::TearDown, wrong));
            (how, is_over_time) = (HowEnded::Exited(0), false);
        }
        let said = found.said.take();
        let evidence = Evidence { case, slot, how, said: said.as_ref(), is_over_time, timeout };
        self.tell_of_child(unit, evidence.verdict(), found)
    }

    /// How a test comes out that was still at work when it was given up.
    pub(super) fn given_up(&self, case: CaseId, slot: Slot) -> Option<Finished> {
        let is_at_work = matches!(slot.state(), State::Running | State::SettingUp);
        let failure =
            self.interrupted(case, run_time(slot.started())).filter(|_| is_at_work && self.is_given_up())?;
        let elapsed = now().since(run_time(slot.started()));
        Some(Finished { case, outcome: Outcome::Failed(failure), elapsed, output: Output::default() })
    }

    /// A test of the pool went wrong, and gets no process of its own. `failure` is its verdict if no fixture is to blame.
    pub(super) fn fail_in_pool(
        &mut self,
        case: CaseId,
        at: At,
        (cause, failure): (Cause, Failure),
    ) -> io::Result<()> {
        let how = match cause {
            Cause::TimedOut(limit) => Wrong::TimedOut(limit),
            Cause::PoolDied(death) => Wrong::Died(death),
        };
        match at {
            At::Test => self.book.fail(case, failure),
            At::SetUp(fixture) => {
                let failure = self.blocked(fixture, &how);
                self.book.fail(case, failure)
            }
            At::TearDown(fixture) => {
                self.book.notice(Notice::Trouble(self.trouble(fixture, Phase::TearDown, how)))?;
                let place = self.reported.iter().position(|finished| finished.case == case);
                match place.and_then(|place| self.reported.remove(place)) {
                    Some(finished) => self.come_out(finished, 0, 0),
                    // One that passed says nothing.
                    None => {
                        let elapsed = now().since(run_time(self.table.slot(case, 0).started()));
                        self.book.finish_plainly(case, Outcome::Passed, elapsed)
                    }
                }
            }
        }
    }

    /// How a test fails whose fixture cannot be set up.
    pub(super) fn blocked(&self, fixture: FixtureId, how: &Wrong) -> Failure {
        Failure::Blocked { fixture: self.job.registry.fixture_name(fixture), why: how.to_string() }
    }

    /// What went wrong with a fixture.
    pub(super) fn trouble(&self, fixture: FixtureId, phase: Phase, how: Wrong) -> Trouble {
        Trouble { fixture: self.job.registry.fixture_name(fixture), phase, how, output: Output::default() }
    }
}

/// What went wrong with whatever it was that a child was about when it ended so.
pub(super) fn wrong(how: HowEnded, is_over_time: bool, limit: Option<Duration>) -> Wrong {
    match how {
        _ if is_over_time => Wrong::TimedOut(limit.unwrap_or_default()),
        HowEnded::NotNeeded | HowEnded::NotMade(_) => Wrong::Died(Death::Exited(0)),
        HowEnded::Exited(code) => Wrong::Died(Death::Exited(code)),
        HowEnded::Killed(signal) => Wrong::Died(Death::Killed(signal)),
        HowEnded::Stopped(signal) => Wrong::Died(Death::Stopped(signal)),
    }
}
