//! The monotonic clock, as a number that means the same in every process.

/// Nanoseconds since some point before the system's processes started.
#[cfg(snout_processes)]
#[inline(always)] // see `execute::child`
pub(crate) fn nanoseconds() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write a timespec to; the call does nothing else. It cannot fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Nanoseconds since this process first asked.
#[cfg(not(snout_processes))]
pub(crate) fn nanoseconds() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn time_does_not_go_back() {
        let times: Vec<u64> = (0..100).map(|_| nanoseconds()).collect();
        assert!(times.is_sorted(), "{times:?}");
    }
}
