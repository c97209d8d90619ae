//! How long to wait before a test that failed is tried again.

use std::time::Duration;

/// What is waited before each further try. The names and what they do are nextest's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// Before the first of them; nothing, if zero.
    pub(crate) delay: Duration,
    /// Each wait is twice as long as the one before; else all are the same.
    pub(crate) is_exponential: bool,
    /// None is longer than this.
    pub(crate) max_delay: Option<Duration>,
    /// Each is cut by chance, to half of it at the least: those who failed together do not come back together.
    pub(crate) has_jitter: bool,
}

impl Backoff {
    /// What is waited before the `retry`th further try, the first of which is 1. Chance comes of `random`.
    pub(crate) fn before(&self, retry: u16, random: u64) -> Duration {
        let doublings = if self.is_exponential { u32::from(retry).saturating_sub(1) } else { 0 };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let whole = self.delay.saturating_mul(factor).min(self.max_delay.unwrap_or(Duration::MAX));
        if !self.has_jitter {
            return whole;
        }
        // The bits that are multiplied in are the upper ones: of a clock's reading the lower ones alone differ.
        let mixed = random.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        whole.mul_f64(1.0 - (mixed as f64 / f64::from(u32::MAX)) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn seconds(backoff: Backoff) -> [f64; 5] {
        [1, 2, 3, 4, 40].map(|retry| backoff.before(retry, 0).as_secs_f64())
    }

    #[test]
    fn a_wait_is_the_same_each_time_or_twice_as_long() {
        let fixed = Backoff { delay: SECOND, ..Backoff::default() };
        assert_eq!(seconds(fixed), [1.0; 5]);
        assert_eq!(seconds(Backoff::default()), [0.0; 5]);
        let exponential = Backoff { is_exponential: true, max_delay: Some(5 * SECOND), ..fixed };
        assert_eq!(seconds(exponential), [1.0, 2.0, 4.0, 5.0, 5.0]);
        assert_eq!(seconds(Backoff { max_delay: Some(SECOND / 2), ..fixed }), [0.5; 5]);
        let without_end = Backoff { is_exponential: true, ..fixed };
        assert!(without_end.before(u16::MAX, 0) > 1_000_000 * SECOND, "and it does not overflow");
    }

    #[test]
    fn chance_takes_half_of_it_at_the_most() {
        let backoff = Backoff { delay: SECOND, has_jitter: true, ..Backoff::default() };
        let waits: Vec<Duration> = (0..1_000).map(|nanosecond| backoff.before(1, nanosecond)).collect();
        assert!(waits.iter().all(|wait| (SECOND / 2..=SECOND).contains(wait)), "{waits:?}");
        let (short, long) = (waits.iter().min(), waits.iter().max());
        assert!(short < Some(&(SECOND * 6 / 10)) && long > Some(&(SECOND * 9 / 10)), "{short:?} {long:?}");
    }
}
