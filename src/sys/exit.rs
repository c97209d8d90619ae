//! The end of this process by a call of `exit` that nobody expected.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::copies;

static WATCHED: AtomicBool = AtomicBool::new(false);
static VERDICT: OnceLock<fn() -> i32> = OnceLock::new();

/// From now on, whoever ends this process with success by a call of `exit` has `verdict` asked for the exit code instead; a
/// failure stays what it is, and so does the end of a copy that a test has forked. Returning from `main` is a call of `exit` too:
/// [`release`] comes before that.
pub(crate) fn watch(verdict: fn() -> i32) {
    if VERDICT.set(verdict).is_ok() {
        register();
    }
    WATCHED.store(true, SeqCst);
}

/// From now on `exit` is what it was.
pub(crate) fn release() {
    WATCHED.store(false, SeqCst);
}

#[cfg(target_env = "gnu")]
fn register() {
    unsafe extern "C" {
        fn on_exit(
            function: extern "C" fn(libc::c_int, *mut libc::c_void),
            argument: *mut libc::c_void,
        ) -> libc::c_int;
    }
    extern "C" fn at_exit(status: libc::c_int, _: *mut libc::c_void) {
        if status == 0 {
            judge();
        }
    }
    // SAFETY: registers a function with the signature that is asked for, which does not unwind and ignores its argument.
    unsafe { on_exit(at_exit, std::ptr::null_mut()) };
}

/// Here the function is not told the exit code, and every end is judged.
#[cfg(not(target_env = "gnu"))]
fn register() {
    extern "C" fn at_exit() {
        judge();
    }
    // SAFETY: registers a function with the signature that is asked for, which does not unwind.
    unsafe { libc::atexit(at_exit) };
}

fn judge() {
    if let Some(verdict) = VERDICT.get().filter(|_| WATCHED.load(SeqCst) && !copies::is_copy()) {
        let code = verdict();
        // SAFETY: ends the process at once. What else was registered for its end is left out, as in any crash.
        unsafe { libc::_exit(code) };
    }
}
