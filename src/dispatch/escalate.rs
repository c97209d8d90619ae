//! Decides what follows when a test goes wrong in the pool.
//!
//! Pure: no clock, no process, no printing. The supervisor asks, and acts.
//!
//! | what happened                | isolate | next                                                        |
//! |------------------------------|---------|-------------------------------------------------------------|
//! | test over its timeout        | auto    | alone in a child, with the timeout afresh                   |
//! | pool process died            | auto    | each test in flight alone in a child                        |
//! | test over its timeout        | never   | failed: timed out                                           |
//! | pool process died            | never   | each test in flight failed: its process died                |
//! | pool died ≤ `REPLACEMENTS`   | any     | a new pool for the rest                                     |
//! | pool died more often         | auto    | the rest in children                                        |
//! | pool died more often         | never   | the rest failed: not run                                    |
//!
//! With `always` there is no pool. A child's verdict is final.

use crate::model::{Cause, Death, Failure, Isolate};

/// How many pools may die before tests are no longer trusted to one.
pub(super) const REPLACEMENTS: u32 = 20;

/// What becomes of a test that went wrong in the pool.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    /// It gets a process of its own.
    Alone,
    /// This is its verdict.
    Final(Failure),
}

/// What becomes of a test that the pool could not finish.
pub(super) fn after_pool(isolate: Isolate, cause: Cause) -> Next {
    match (isolate, cause) {
        (Isolate::Auto | Isolate::Always, _) => Next::Alone,
        (Isolate::Never, Cause::TimedOut(limit)) => Next::Final(Failure::TimedOut { limit }),
        (Isolate::Never, Cause::PoolDied(death)) => Next::Final(Failure::Died(death)),
    }
}

/// What becomes of the tests that no pool has begun.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rest {
    /// A new pool takes them.
    NewPool,
    /// Each gets a process of its own.
    Alone,
    /// Nobody can run them.
    Final(Failure),
}

/// What becomes of the rest when a pool has died, for the `deaths`th time in this run.
pub(super) fn rest_after_death(isolate: Isolate, deaths: u32, death: Death) -> Rest {
    match isolate {
        _ if deaths <= REPLACEMENTS => Rest::NewPool,
        Isolate::Auto | Isolate::Always => Rest::Alone,
        Isolate::Never => {
            Rest::Final(Failure::NotRun(format!("{deaths} pool processes have died; the last one {death}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DEATH: Death = Death::Killed(11);

    #[test]
    fn what_goes_wrong_in_the_pool_is_tried_alone() {
        for cause in [Cause::TimedOut(Duration::from_secs(1)), Cause::PoolDied(DEATH)] {
            assert_eq!(after_pool(Isolate::Auto, cause), Next::Alone);
        }
    }

    #[test]
    fn without_isolation_the_pool_has_the_last_word() {
        let limit = Duration::from_secs(1);
        let timed_out = after_pool(Isolate::Never, Cause::TimedOut(limit));
        assert_eq!(timed_out, Next::Final(Failure::TimedOut { limit }));
        assert_eq!(after_pool(Isolate::Never, Cause::PoolDied(DEATH)), Next::Final(Failure::Died(DEATH)));
    }

    #[test]
    fn a_pool_is_replaced_until_the_cap() {
        assert_eq!(rest_after_death(Isolate::Auto, REPLACEMENTS, DEATH), Rest::NewPool);
        assert_eq!(rest_after_death(Isolate::Auto, REPLACEMENTS + 1, DEATH), Rest::Alone);
        assert!(matches!(rest_after_death(Isolate::Never, REPLACEMENTS + 1, DEATH), Rest::Final(_)));
    }
}
