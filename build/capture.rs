//! std's output capture behind C names, compiled by `main.rs` beside it and linked into the crate.
//!
//! The compiler's own libtest captures with these two functions: `set_output_capture` since 1.49, and a spawn hook that
//! hands the sink on to threads since 1.86 or so (before, `thread::spawn` did that by itself).

#![feature(internal_output_capture, thread_spawn_hook)]

use std::ffi::c_void;
use std::io::set_output_capture;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::{Arc, Mutex};
use std::thread::add_spawn_hook;

/// What `print!` and its family write to: std's own type for it.
type Sink = Mutex<Vec<u8>>;

/// Makes `sink` (from `Arc::into_raw`, or null for none) this thread's sink, and gives back the one it replaces.
///
/// # Safety
///
/// `sink` is null or comes from `Arc::into_raw` and is owned by the caller, who gives it away.
#[unsafe(no_mangle)]
unsafe extern "C" fn __snout_0_1_swap_sink(sink: *const Sink) -> *const Sink {
    // SAFETY: the caller's promise.
    let sink = (!sink.is_null()).then(|| unsafe { Arc::from_raw(sink) });
    set_output_capture(sink).map_or(ptr::null(), Arc::into_raw)
}

/// What else a thread hands on: how to take it from the thread that spawns, how to put it into the one that is spawned, and how to
/// drop it when none is.
#[derive(Clone, Copy)]
#[repr(C)]
struct Luggage {
    take: extern "C" fn() -> *mut c_void,
    put: extern "C" fn(*mut c_void),
    drop: extern "C" fn(*mut c_void),
}

/// A piece of it, under way.
struct Piece(Luggage, *mut c_void);

// SAFETY: whoever gives a `Luggage` promises that its pieces may go to other threads.
unsafe impl Send for Piece {}

impl Piece {
    fn put(self) {
        let Piece(luggage, piece) = &*ManuallyDrop::new(self);
        (luggage.put)(*piece);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        (self.0.drop)(self.1);
    }
}

/// Threads that this thread spawns from now on, and theirs, start with the sink of the thread that spawned them, and with
/// what `luggage` takes from it.
#[unsafe(no_mangle)]
extern "C" fn __snout_0_1_hand_on(luggage: Luggage) {
    add_spawn_hook(move |_| {
        let sink = set_output_capture(None);
        set_output_capture(sink.clone());
        let piece = Piece(luggage, (luggage.take)());
        move || {
            set_output_capture(sink);
            piece.put();
        }
    });
}
