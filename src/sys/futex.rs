//! Waiting for a word of shared memory to change, across processes.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Sleeps while the low half of `word` is still that of `seen`; returns early for any reason, so ask again.
pub(crate) fn wait(word: &AtomicU64, seen: u64, limit: Duration) {
    let limit = libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    let seen = (seen & u64::from(u32::MAX)) as u32;
    // SAFETY: the address is that of four aligned bytes that live as long as `word`; the kernel only reads them. The
    // time limit is read during the call. Any outcome, errors among them, means "look again" to the caller.
    unsafe { libc::syscall(libc::SYS_futex, low_half(word), libc::FUTEX_WAIT, seen, &raw const limit) };
}

/// Wakes everyone who waits for `word`.
pub(crate) fn wake_all(word: &AtomicU64) {
    // SAFETY: as above; waking touches no memory.
    unsafe { libc::syscall(libc::SYS_futex, low_half(word), libc::FUTEX_WAKE, i32::MAX) };
}

/// The kernel waits on 32 bits: the half that holds the low ones.
fn low_half(word: &AtomicU64) -> *const u32 {
    let first = word.as_ptr().cast_const().cast::<u32>();
    first.wrapping_add(usize::from(cfg!(target_endian = "big")))
}
