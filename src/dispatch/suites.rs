//! Suites: units of several tests, one after the other in one child.

use std::io;

use super::children::{Evidence, Unit};
use super::fixtures::wrong;
use super::fork_servers::Found;
use super::supervisor::Supervisor;
use crate::accumulate::{EndOfChild, HowEnded, Place, State, TearDown};
use crate::context::FixtureId;
use crate::model::{CaseId, Failure, Notice, Phase, Trouble};

impl Supervisor<'_> {
    /// Takes in the tests of the suite at `place` that have come out; nothing, if what is there is none.
    pub(super) fn settle_suite(&mut self, place: Place) -> io::Result<()> {
        while let Some(unit) = self.outstanding.get(place).filter(|unit| unit.suite.is_some())
            && let Some(case) = unit.current()
        {
            let slot = self.table.slot(case, unit.turn().attempt.into());
            if matches!(
                slot.state(),
                State::Pending | State::SettingUp | State::Running | State::TearingDown | State::TimedOut
            ) {
                break;
            }
            let found = match self.server_of(place) {
                Some(server) if slot.has_written() => server.take_written()?,
                _ => Found::default(),
            };
            let how = HowEnded::Exited(0);
            let timeout = self.job.rules.timeout_of(self.book.case(case));
            let evidence =
                Evidence { case, slot, said: found.said.as_ref(), how, is_over_time: false, timeout };
            self.tell_of_child(unit, evidence.verdict(), found)?;
            self.outstanding.settle_one(place);
            self.busy = true;
        }
        Ok(())
    }

    /// The child of a suite has ended; what its tests have said by themselves is known.
    pub(super) fn suite_ended(&mut self, unit: Unit, mut found: Found, end: &EndOfChild) -> io::Result<()> {
        let how = found.how(end);
        let Some(case) = unit.current() else {
            return self.suite_is_through(unit, found, (how, end.tear_down));
        };
        let slot = self.table.slot(case, unit.turn().attempt.into());
        match (slot.state(), end.tear_down) {
            // It was stopped, for the run ends.
            (State::Pending, TearDown::Through) => {
                return self.suite_is_through(unit, found, (how, end.tear_down));
            }
            // Between two tests, what the next one does not need.
            (State::Pending, TearDown::Of(_)) if unit.settled > 0 => {
                self.suite_is_through(unit, found, (how, end.tear_down))?;
                return self.go_on_behind(unit, 0);
            }
            _ => {}
        }
        let is_halfway = slot.state() == State::Pending && how == HowEnded::Exited(0) && unit.settled > 0;
        if is_halfway && self.job.rules.panics_abort {
            // Where a panic ends the process, the next test needs another.
            self.queue.push_front(Unit::new(self.job.plan, case, None));
            return Ok(());
        }
        if slot.state() == State::Pending && unit.settled > 0 {
            // Between two tests, by something that one of those before has left: the next cannot be blamed for it.
            self.suite_is_through(unit, found, (how, end.tear_down))?;
            return self.go_on_behind(unit, 0);
        }
        let timeout = self.job.rules.timeout_of(self.book.case(case));
        if let Some(finished) = self.given_up(case, slot) {
            if let TearDown::Of(fixture) = end.tear_down {
                found.troubles.push(self.trouble(
                    FixtureId(fixture),
                    Phase::TearDown,
                    wrong(how, true, timeout),
                ));
            }
            return self.tell_of_child(unit, finished, found);
        }
        if slot.state() == State::SettingUp {
            let fixture = FixtureId(slot.fixture());
            let how = wrong(how, found.is_over_time, timeout);
            let failure = self.blocked(fixture, &how);
            let output = std::mem::take(&mut found.printed).into();
            let trouble = Trouble { output, ..self.trouble(fixture, Phase::SetUp, how) };
            self.book.notice(Notice::Trouble(trouble))?;
            return self.block(unit, fixture, &failure);
        }
        let said = found.said.take();
        let evidence =
            Evidence { case, slot, said: said.as_ref(), how, is_over_time: found.is_over_time, timeout };
        self.tell_of_child(unit, evidence.verdict(), found)?;
        self.go_on_behind(unit, 1)
    }

    /// No more of its tests will come out in this child; what is left is how its fixtures were torn down.
    fn suite_is_through(
        &mut self,
        unit: Unit,
        found: Found,
        (how, tear_down): (HowEnded, TearDown),
    ) -> io::Result<()> {
        let Found { troubles, printed, left, is_over_time, .. } = found;
        let mut troubles = troubles;
        let timeout = self.job.rules.timeout_of(self.book.case(unit.case));
        if how != HowEnded::Exited(0) || tear_down != TearDown::Through {
            let suite = self.book.case(unit.case).options.suite;
            let module = |suite| self.job.registry.context(suite).path.to_owned();
            let fixture = match tear_down {
                TearDown::Of(fixture) => self.job.registry.fixture_name(FixtureId(fixture)),
                // Behind the last one: something that runs when the process ends.
                TearDown::No | TearDown::Through => suite.map_or_else(String::new, module),
            };
            let how = wrong(how, is_over_time, timeout);
            troubles.push(Trouble { fixture, phase: Phase::TearDown, how, output: Vec::new().into() });
        }
        if let Some(last) = troubles.last_mut() {
            last.output = printed.into();
        }
        troubles.into_iter().try_for_each(|trouble| self.book.notice(Notice::Trouble(trouble)))?;
        if left.is_empty() {
            return Ok(());
        }
        self.book.notice(Notice::Leaked { case: Some(unit.case), left })
    }

    /// Fails the tests of a unit that need a fixture which cannot be set up; the others go on in another child.
    fn block(&mut self, unit: Unit, fixture: FixtureId, failure: &Failure) -> io::Result<()> {
        let context = self.job.registry.fixture(fixture).context;
        let rest: &[CaseId] = unit.suite.map_or(&[], |suite| &suite[unit.settled..]);
        let needs_it =
            |case: CaseId| self.job.registry.is_within(self.job.plan.case(case).options.context, context);
        let count = rest.iter().take_while(|&&case| needs_it(case)).count();
        for &case in &rest[..count] {
            self.book.fail(case, failure.clone())?;
        }
        self.go_on_behind(unit, count.max(1))
    }

    /// Has the tests of a suite run that come behind the next `count`.
    pub(super) fn go_on_behind(&mut self, unit: Unit, count: usize) -> io::Result<()> {
        if let Some(&next) = unit.suite.and_then(|suite| suite.get(unit.settled + count)) {
            self.queue.push_front(Unit::new(self.job.plan, next, None));
        }
        Ok(())
    }
}
