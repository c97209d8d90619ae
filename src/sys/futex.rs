//! Waiting for a word of shared memory to change, across processes.
//!
//! The kernel waits for 32 bits. Half of a larger atomic would do for it, but Rust knows no access to a part of an atomic.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` is still what was `seen`; returns early for any reason, so ask again.
pub(crate) fn wait(word: &AtomicU32, seen: u32, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: the kernel reads the word as one load of its size, as any thread may while it is borrowed. The time limit is read
    // during the call. Any outcome, errors among them, means "look again" to the caller.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, &raw const limit) };
}

/// Wakes everyone who waits for `word`.
pub(crate) fn wake_all(word: &AtomicU32) {
    // SAFETY: waking touches no memory: the address is a name.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;
    use std::thread;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_mins(5);

    #[test]
    fn a_word_that_has_changed_is_not_waited_for() {
        wait(&AtomicU32::new(6), 5, LONG);
    }

    #[test]
    fn a_wait_comes_to_its_end() {
        wait(&AtomicU32::new(5), 5, Duration::from_millis(1));
    }

    #[test]
    fn everyone_who_waits_is_woken() {
        let word = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while word.load(SeqCst) == 0 {
                        wait(&word, 0, LONG);
                    }
                });
            }
            word.store(1, SeqCst);
            wake_all(&word);
        });
    }
}
