//! Tests that run several times: how often a suite is started, and how many runs of each test it is to make then.
//!
//! A harness plans as many runs as fit into its memory, and says how many those are; they share its lanes, and none waits for another. What
//! writes no record, or does not know of this, makes one run each time it is started.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::Limits;
use crate::model::Repeat;

/// A round that took less is too short: starting a suite must not be what most of the time is for.
const SHORT: Duration = Duration::from_secs(2);

/// How far a suite is.
#[derive(Clone, Copy, Debug)]
struct Progress {
    done: u32,
    /// How many runs its next round has at the most.
    size: u32,
}

/// How far suites are, by their places.
#[derive(Debug)]
pub(super) struct Rounds {
    /// How often each test is to run; `None` for once, and nobody is told.
    wanted: Option<u32>,
    first: u32,
    suites: BTreeMap<usize, Progress>,
}

impl Rounds {
    pub(super) fn new(limits: &Limits, lanes: usize) -> Rounds {
        let forever = limits.until_failure.then_some(u32::MAX);
        let wanted = limits.repeat.or(forever).filter(|_| limits.repeats());
        // Until one fails, every suite has its turn again and again; else each is through in as few rounds as can be.
        let first =
            if limits.until_failure { u32::try_from(lanes.max(1)).unwrap_or(u32::MAX) } else { u32::MAX };
        Rounds { wanted, first, suites: BTreeMap::new() }
    }

    fn progress(&self, suite: usize) -> Progress {
        self.suites.get(&suite).copied().unwrap_or(Progress { done: 0, size: self.first })
    }

    /// What a suite is to do when it is started now, if that is more than running each test once.
    pub(super) fn next(&self, suite: usize) -> Option<Repeat> {
        let Progress { done, size } = self.progress(suite);
        let count = self.wanted?.saturating_sub(done).min(size).max(1);
        Some(Repeat { first: done.saturating_add(1), count })
    }

    /// A suite has made so many runs of each test, in that time. Whether it is to be started again.
    pub(super) fn note(&mut self, suite: usize, iterations: u32, elapsed: Duration) -> bool {
        let Some(wanted) = self.wanted else { return false };
        let Progress { done, size } = self.progress(suite);
        let size = if elapsed < SHORT { size.saturating_mul(2) } else { size };
        let done = done.saturating_add(iterations.max(1));
        self.suites.insert(suite, Progress { done, size });
        done < wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    fn rounds(repeat: Option<u32>, until_failure: bool) -> Rounds {
        Rounds::new(&Limits { repeat, until_failure, ..Limits::default() }, 4)
    }

    #[test]
    fn once_is_not_worth_a_word() {
        for mut rounds in [rounds(None, false), rounds(Some(1), false)] {
            assert_eq!(rounds.next(0), None);
            assert!(!rounds.note(0, 0, QUICK));
        }
    }

    #[test]
    fn a_suite_is_started_until_it_is_through() {
        let mut rounds = rounds(Some(10), false);
        assert_eq!(rounds.next(3), Some(Repeat { first: 1, count: 10 }));
        assert!(rounds.note(3, 4, QUICK), "no more fitted");
        assert_eq!(rounds.next(3), Some(Repeat { first: 5, count: 6 }));
        assert_eq!(rounds.next(7), Some(Repeat { first: 1, count: 10 }), "another");
        assert!(!rounds.note(3, 6, QUICK));
        // One that does not say how many makes one at a time.
        assert!((0..9).all(|_| rounds.note(7, 0, QUICK)));
        assert!(!rounds.note(7, 0, QUICK));
    }

    #[test]
    fn until_one_fails_rounds_are_short_and_have_no_end() {
        let mut rounds = rounds(None, true);
        assert_eq!(rounds.next(0), Some(Repeat { first: 1, count: 4 }), "one for each lane");
        assert!(rounds.note(0, 4, QUICK));
        assert_eq!(rounds.next(0), Some(Repeat { first: 5, count: 8 }));
        assert!(rounds.note(0, 8, SHORT));
        assert_eq!(rounds.next(0), Some(Repeat { first: 13, count: 8 }), "that was long enough");
    }

    #[test]
    fn until_one_fails_may_have_a_bound() {
        let mut rounds = rounds(Some(5), true);
        assert!(rounds.note(0, 4, QUICK));
        assert_eq!(rounds.next(0), Some(Repeat { first: 5, count: 1 }));
        assert!(!rounds.note(0, 1, QUICK));
    }
}
