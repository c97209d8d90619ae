//! std's output capture, compiled by `main.rs` beside it to a library of its own that the crate links.
//!
//! The compiler's own libtest captures with these two functions: `set_output_capture` since 1.49, and a spawn hook that
//! hands the sink on to threads since 1.86 or so (before, `thread::spawn` did that by itself).

#![feature(internal_output_capture, thread_spawn_hook)]

use std::io::set_output_capture;
use std::sync::{Arc, Mutex};
use std::thread::add_spawn_hook;

/// What `print!` and its family write to: std's own type for it.
pub type Sink = Arc<Mutex<Vec<u8>>>;

/// Makes `sink` this thread's, and gives back the one it replaces.
pub fn swap(sink: Option<Sink>) -> Option<Sink> {
    set_output_capture(sink)
}

/// Threads that this thread spawns from now on, and theirs, start with the sink of the thread that spawned them.
pub fn hand_on_to_threads() {
    add_spawn_hook(|_| {
        let sink = set_output_capture(None);
        set_output_capture(sink.clone());
        move || {
            set_output_capture(sink);
        }
    });
}
