//! Time as every process of a run agrees on it.

use std::time::Duration;

/// A point in time: nanoseconds of the system's monotonic clock, the same in every process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// How long after `earlier` this is; zero if it is not.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This moment put off by `delay`; the end of time if that is later than can be told.
    pub(crate) fn after(self, delay: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }
}
