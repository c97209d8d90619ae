//! Copies of this process that a test makes by a fork of its own, and what becomes of them.
//!
//! A copy that returns from the test comes to what has called that, and would go on as the harness does: say how the test came out,
//! which is for the original to say, and run others. Under libtest it ends there, for the test's thread does and is its only one.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// The number of the process that tests are run by; 0 before anybody said so.
static ORIGINAL: AtomicU32 = AtomicU32::new(0);

/// Once there is a mark.
static IS_MARKED: AtomicBool = AtomicBool::new(false);

/// `true` in the original alone, for whoever asks often.
static MARK: Page = Page(AtomicBool::new(false));

/// As large as a page, where pages are no larger than most are.
#[repr(align(4096))]
struct Page(AtomicBool);

/// Whoever is forked from this process from now on, and does not say the same, is a copy.
#[inline(always)] // see `execute::child`
pub(crate) fn be_original() {
    ORIGINAL.store(own_number(), Relaxed);
}

/// The same, where many tests will be run and few threads be made: to ask takes no system call. But the process has mappings more, and with
/// those new threads take longer.
pub(crate) fn be_original_for_many() {
    be_original();
    if is_wiped_in_copies(&MARK) {
        MARK.0.store(true, Relaxed);
        IS_MARKED.store(true, Relaxed);
    }
}

/// Whether this process is a copy that a test has made.
#[inline(always)] // see `execute::child`
pub(crate) fn is_copy() -> bool {
    if IS_MARKED.load(Relaxed) {
        return !MARK.0.load(Relaxed);
    }
    let original = ORIGINAL.load(Relaxed);
    original != 0 && original != own_number()
}

/// To be called behind what is a user's. A copy ends there, as a program does whose last thread ends.
#[inline(always)] // see `execute::child`
pub(crate) fn end_copy() {
    if is_copy() {
        std::process::exit(0);
    }
}

#[cfg(unix)]
#[inline(always)] // see `execute::child`
fn own_number() -> u32 {
    std::process::id()
}

/// There is nothing to fork with.
#[cfg(not(unix))]
fn own_number() -> u32 {
    0
}

/// Has this page be zeros in every copy of this process, whoever makes it. Whether that can be had.
#[cfg(all(snout_processes, not(miri)))]
fn is_wiped_in_copies(page: &'static Page) -> bool {
    /// Linux has it since 4.14. Older versions of libc, which a user's lock file may hold, do not.
    const MADV_WIPEONFORK: libc::c_int = 18;
    let address = std::ptr::from_ref(page).cast_mut().cast();
    // SAFETY: asks for a number.
    let is_as_large =
        unsafe { libc::sysconf(libc::_SC_PAGESIZE) } == const { size_of::<Page>() as libc::c_long };
    // SAFETY: changes nothing in this process. Of a copy, it concerns that page alone, as was just seen, which has nothing but an atomic:
    // zeros are a value of that.
    is_as_large && unsafe { libc::madvise(address, size_of::<Page>(), MADV_WIPEONFORK) == 0 }
}

#[cfg(not(all(snout_processes, not(miri))))]
fn is_wiped_in_copies(_page: &'static Page) -> bool {
    false
}
