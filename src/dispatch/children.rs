//! What the supervisor knows of the tests that get a process of their own.

use std::collections::VecDeque;
use std::time::Duration;

use super::pause::run_time;
use super::supervisor::now;
use crate::accumulate::{ChildQueue, EndOfChild, HowEnded, Place, Slot, State, Turn};
use crate::model::{CaseId, Cause, Death, Failure, Finished, Outcome};
use crate::plan::Plan;

/// What is to get a process of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// Its first test; the only one, unless it is a suite.
    pub(super) case: CaseId,
    /// Why it was taken out of the pool, if it was.
    pub(super) cause: Option<Cause>,
    /// The tests of a suite, from the first on.
    pub(super) suite: Option<&'static [CaseId]>,
    /// How many of its tests have come out.
    pub(super) settled: usize,
    /// Which attempt at its first test this is.
    pub(super) attempt: u16,
    /// How often its test has been tried again.
    pub(super) retries: u16,
}

impl Unit {
    pub(super) fn new(plan: &'static Plan, case: CaseId, cause: Option<Cause>) -> Unit {
        // The pool's attempt comes first.
        let attempt = u16::from(cause.is_some());
        Unit { case, cause, suite: plan.rest_of_unit(case), settled: 0, attempt, retries: 0 }
    }

    /// One more try of a test, by itself.
    pub(super) fn again(case: CaseId, attempt: u16, retries: u16) -> Unit {
        Unit { case, cause: None, suite: None, settled: 0, attempt, retries }
    }

    /// The test that has not come out and is the next to: it runs, or will.
    pub(super) fn current(&self) -> Option<CaseId> {
        match self.suite {
            Some(suite) => suite.get(self.settled).copied(),
            None => (self.settled == 0).then_some(self.case),
        }
    }

    pub(super) fn turn(&self) -> Turn {
        Turn { case: self.case, attempt: self.attempt }
    }
}

/// The units in the fork servers' queue whose end has not been taken in, by their places.
#[derive(Default)]
pub(super) struct Outstanding {
    first: u64,
    units: VecDeque<Option<Unit>>,
    count: usize,
}

impl Outstanding {
    pub(super) fn push(&mut self, queue: &ChildQueue, unit: Unit) {
        let place = queue.push(unit.turn());
        debug_assert_eq!(place.0, self.first + self.units.len() as u64);
        self.units.push_back(Some(unit));
        self.count += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn get(&self, place: Place) -> Option<Unit> {
        let at = usize::try_from(place.0.checked_sub(self.first)?).ok()?;
        self.units.get(at).copied().flatten()
    }

    pub(super) fn take(&mut self, place: Place) -> Option<Unit> {
        let at = usize::try_from(place.0.checked_sub(self.first)?).ok()?;
        let unit = self.units.get_mut(at)?.take()?;
        self.count -= 1;
        while let Some(None) = self.units.front() {
            self.units.pop_front();
            self.first += 1;
        }
        Some(unit)
    }

    /// One more test of the unit at `place` has come out.
    pub(super) fn settle_one(&mut self, place: Place) {
        let at = place.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(Some(unit)) = at.and_then(|at| self.units.get_mut(at)) {
            unit.settled += 1;
        }
    }

    /// The places of all that is outstanding.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let places = (self.first..).map(Place);
        places.zip(&self.units).filter(|(_, unit)| unit.is_some()).map(|(place, _)| place)
    }

    pub(super) fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter().flatten()
    }

    /// Those whose child has ended.
    pub(super) fn ended<'all>(
        &'all self,
        queue: &'all ChildQueue,
    ) -> impl Iterator<Item = (Place, EndOfChild)> {
        let taken = queue.taken();
        let places = self.places().take_while(move |&place| place < taken);
        places.filter_map(|place| queue.end_of(place).map(|end| (place, end)))
    }
}

/// What the verdict on a child is made from.
pub(super) struct Evidence<'child> {
    pub(super) case: CaseId,
    pub(super) slot: Slot,
    /// What it has sent, if that is what the slot says.
    pub(super) said: Option<&'child Finished>,
    pub(super) how: HowEnded,
    /// Its time was up before it had ended.
    pub(super) is_over_time: bool,
    pub(super) timeout: Option<Duration>,
}

impl Evidence<'_> {
    /// The last word on the test.
    pub(super) fn verdict(self) -> Finished {
        let case = self.case;
        let (outcome, elapsed) = self.outcome();
        Finished { case, outcome, elapsed, output: Vec::new().into() }
    }

    fn outcome(self) -> (Outcome, Duration) {
        let slot = self.slot;
        let said = match slot.state() {
            State::Passed => Some((Outcome::Passed, run_time(slot.ended()).since(run_time(slot.started())))),
            State::Ignored => Some((Outcome::Ignored(None), Duration::ZERO)),
            State::Reported => self.said.map(|said| (said.outcome.clone(), said.elapsed)),
            State::Pending | State::Running | State::TimedOut | State::SettingUp | State::TearingDown => None,
        };
        let lived = now().since(run_time(slot.started()));
        let took = run_time(slot.ended()).since(run_time(slot.started()));
        let limit = self.timeout.filter(|limit| took >= *limit);
        match (said, self.is_over_time, self.death()) {
            // It heard nobody, or nobody asked it in time.
            (Some((Outcome::Passed, elapsed)), _, None) if limit.is_some() => {
                (failed(Failure::TimedOut { limit: limit.unwrap_or_default() }), elapsed)
            }
            (Some(said), _, None) => said,
            (Some((_, elapsed)), true, Some(_)) => {
                (failed(Failure::DiedAfterwards(Death::HungAtExit)), elapsed)
            }
            // What the test itself failed with says more than how its process ended.
            (Some((Outcome::Failed(failure), elapsed)), false, Some(_)) => (failed(failure), elapsed),
            (Some((_, elapsed)), false, Some(death)) => (failed(Failure::DiedAfterwards(death)), elapsed),
            (None, true, _) => (failed(Failure::TimedOut { limit: self.timeout.unwrap_or_default() }), lived),
            (None, false, Some(death)) => (failed(Failure::Died(death)), lived),
            (None, false, None) => (failed(Failure::Died(Death::Exited(0))), lived),
        }
    }

    /// How the process died; `None` if it ended well.
    fn death(&self) -> Option<Death> {
        match self.how {
            HowEnded::NotNeeded | HowEnded::Exited(0) | HowEnded::NotMade(_) => None,
            HowEnded::Exited(code) => Some(Death::Exited(code)),
            HowEnded::Killed(signal) => Some(Death::Killed(signal)),
            HowEnded::Stopped(signal) => Some(Death::Stopped(signal)),
        }
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failed(failure)
}
