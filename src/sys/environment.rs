//! The process's environment, where it has to be changed.

use std::ffi::OsStr;

/// Removes a variable. For the start of a process, before any test runs, while it has one thread.
pub(crate) fn remove(name: &str) {
    // SAFETY: the environment may be changed while no other thread reads it. This is called first thing in the generated
    // `main`, before anything of ours makes a thread; a thread that a constructor has started would have to read the
    // environment at this very moment.
    unsafe { std::env::remove_var(name) };
}

/// Sets a variable, for the processes that this one makes. For the start of a process, before any test runs.
pub(crate) fn set(name: &str, value: &OsStr) {
    // SAFETY: as above.
    unsafe { std::env::set_var(name, value) };
}
