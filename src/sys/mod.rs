//! The operating system, behind safe functions: the only place with `unsafe` code.
//!
//! Knows nothing of tests. What is here is what a run needs of Linux: processes, pipes, shared memory, signals, a clock,
//! std's output capture and LLVM's coverage counters. Elsewhere than on Linux only `capture` and `clock` exist, and the
//! harness runs tests in order on one thread.
#![expect(unsafe_code, reason = "this module is the wall; each block argues why it is sound")]

pub(crate) mod capture;
pub(crate) mod clock;

#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod coverage;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod descriptor;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod environment;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod futex;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod process;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod shared;
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) mod signals;

/// Turns the `-1` of a system call into the error it stands for.
#[cfg(all(target_os = "linux", not(miri)))]
fn check(result: libc::c_int) -> std::io::Result<libc::c_int> {
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(result) }
}

/// Repeats a system call that a signal interrupted.
#[cfg(all(target_os = "linux", not(miri)))]
fn retry<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
