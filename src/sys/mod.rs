//! The operating system, behind safe functions: the only place with `unsafe` code.
//!
//! Knows nothing of tests. What is here is what a run needs of Linux: processes, pipes, shared memory, signals, a clock,
//! std's output capture and LLVM's coverage counters. Where processes cannot be forked (`snout_processes`, which
//! `build/main.rs` sets) only `capture`, `clock`, `copies`, `environment`, `file`, `memory` and `standard` exist, and tests run in order
//! on one thread.
#![expect(unsafe_code, reason = "this module is the wall; each block argues why it is sound")]

pub(crate) mod capture;
pub(crate) mod clock;
pub(crate) mod copies;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod memory;
pub(crate) mod standard;

#[cfg(snout_processes)]
pub(crate) mod coverage;
#[cfg(snout_processes)]
pub(crate) mod descriptor;
#[cfg(snout_processes)]
pub(crate) mod exit;
#[cfg(snout_processes)]
pub(crate) mod futex;
#[cfg(all(feature = "cli", snout_processes))]
pub(crate) mod handlers;
#[cfg(snout_processes)]
pub(crate) mod process;
#[cfg(snout_processes)]
pub(crate) mod shared;
#[cfg(snout_processes)]
pub(crate) mod signals;
#[cfg(snout_processes)]
pub(crate) mod socket;
#[cfg(snout_processes)]
pub(crate) mod stack;
#[cfg(all(feature = "cli", snout_processes))]
pub(crate) mod terminal;
#[cfg(snout_processes)]
pub(crate) mod thread;

/// Turns the `-1` of a system call into the error it stands for.
#[cfg(snout_processes)]
fn check(result: libc::c_int) -> std::io::Result<libc::c_int> {
    if result == -1 { Err(std::io::Error::last_os_error()) } else { Ok(result) }
}

/// Repeats a system call that a signal interrupted.
#[cfg(snout_processes)]
fn retry<T>(mut call: impl FnMut() -> std::io::Result<T>) -> std::io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
