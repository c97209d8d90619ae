//! Waiting for the very end of a thread, with a deadline.

use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

unsafe extern "C" {
    /// glibc's and musl's. Declared here because older `libc` crates, which users' lock files may hold, lack it.
    fn pthread_timedjoin_np(
        thread: libc::pthread_t,
        result: *mut *mut libc::c_void,
        deadline: *const libc::timespec,
    ) -> libc::c_int;
}

/// Waits until the thread has ended, thread-locals dropped and all.
pub(crate) fn join(thread: JoinHandle<()>) -> bool {
    // SAFETY: `into_pthread_t` gives this thread away to be joined, and it is joined once.
    unsafe { libc::pthread_join(number_of(thread), ptr::null_mut()) == 0 }
}

/// The same, for as long as `watch` wants to: asked at the begin and whenever the time that it gave is up, with how long this has been
/// waiting, it says for how much longer. Whether the thread has ended; if not, nobody can wait for it any more.
///
/// One sleep where a condition variable and `join` make two, and on a busy machine every sleep is a turn in the queue.
pub(crate) fn join_while(
    thread: JoinHandle<()>,
    mut watch: impl FnMut(Duration) -> Option<Duration>,
) -> bool {
    let thread = number_of(thread);
    let started = Instant::now();
    while let Some(left) = watch(started.elapsed()) {
        // The deadline is in the time of day, which may be set meanwhile: what counts is the clock that cannot.
        let deadline = time_of_day_in(left);
        // SAFETY: as above; on any result but 0 the thread has not been joined, and may be waited for again.
        match unsafe { pthread_timedjoin_np(thread, ptr::null_mut(), &raw const deadline) } {
            0 => return true,
            libc::ETIMEDOUT => {}
            _ => break,
        }
    }
    // SAFETY: it has not been joined and never will be; when it ends, its resources go with it.
    unsafe { libc::pthread_detach(thread) };
    false
}

/// What the C library calls a thread by: musl's is a pointer, std's always a number.
fn number_of(thread: JoinHandle<()>) -> libc::pthread_t {
    thread.into_pthread_t() as libc::pthread_t
}

fn time_of_day_in(delay: Duration) -> libc::timespec {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let then = now.saturating_add(delay);
    libc::timespec {
        tv_sec: i64::try_from(then.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: then.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_delay_of_any_length_has_an_end() {
        let then = time_of_day_in(Duration::from_secs(1));
        assert!(then.tv_sec > 0 && (0..1_000_000_000).contains(&then.tv_nsec));
        assert_eq!(time_of_day_in(Duration::MAX).tv_sec, i64::MAX);
    }

    fn brief() -> JoinHandle<()> {
        thread::spawn(|| thread::sleep(Duration::from_millis(5)))
    }

    #[test]
    fn without_a_limit_a_thread_is_joined() {
        assert!(join(brief()));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no pthread_timedjoin_np")]
    fn a_thread_that_ends_in_time_is_joined() {
        assert!(join_while(brief(), |_| Some(Duration::from_mins(5))));
        assert!(join_while(brief(), |_| Some(Duration::from_micros(50))));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no pthread_timedjoin_np")]
    fn a_thread_that_does_not_is_left_behind() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let thread = thread::spawn(move || held.recv().unwrap_or_default());
        let limit = Duration::from_millis(20);
        assert!(!join_while(thread, |waited| limit.checked_sub(waited).filter(|left| !left.is_zero())));
        drop(hold);
    }
}
