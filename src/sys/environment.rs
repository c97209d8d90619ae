//! The process's environment, where it has to be changed.

/// Removes a variable. For the start of a process, before any other thread exists.
pub(crate) fn remove(name: &str) {
    // SAFETY: the environment may be changed while no other thread reads it. This is called first thing in the generated
    // `main` of a process that the supervisor has spawned for itself; only a constructor could have started a thread by
    // then, and the supervisor would have met the same one.
    unsafe { std::env::remove_var(name) };
}
