//! std's own output capture: where the text of `print!`, `eprint!`, `dbg!` and panics of a thread goes.
//!
//! `build/capture.rs` reaches the two functions; a compiler that refuses it leaves this module without effect.

use std::sync::{Arc, Mutex};

#[cfg(snout_capture)]
extern crate snout_capture_0_1 as hooks;

/// Where captured text is gathered: std's own type for it.
pub(crate) type Sink = Arc<Mutex<Vec<u8>>>;

/// Whether text of tests can be captured inside a process.
pub(crate) const fn is_available() -> bool {
    cfg!(snout_capture)
}

/// Makes `sink` the place where this thread's text goes (`None`: to the descriptors), and gives back the one it replaces.
#[cfg(snout_capture)]
pub(crate) fn swap(sink: Option<Sink>) -> Option<Sink> {
    hooks::swap(sink)
}

/// Does nothing: this compiler's std is not known.
#[cfg(not(snout_capture))]
pub(crate) fn swap(_sink: Option<Sink>) -> Option<Sink> {
    None
}

/// Threads spawned by this thread from now on, and by those, start with the sink of the thread that spawned them.
pub(crate) fn hand_on_to_threads() {
    #[cfg(snout_capture)]
    hooks::hand_on_to_threads();
}
