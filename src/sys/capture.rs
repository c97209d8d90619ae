//! std's own output capture: where the text of `print!`, `eprint!`, `dbg!` and panics of a thread goes.
//!
//! `build/capture.rs` reaches the two functions; a compiler that refuses it leaves this module without effect.

use std::sync::{Arc, Mutex};

/// Where captured text is gathered: std's own type for it.
pub(crate) type Sink = Arc<Mutex<Vec<u8>>>;

#[cfg(all(snout_capture_library, not(doc)))]
extern crate snout_capture_0_1 as _;

#[cfg(snout_capture)]
mod hooks {
    use std::sync::Mutex;

    #[expect(improper_ctypes, reason = "only the address crosses, between code of one compiler")]
    unsafe extern "C" {
        pub(super) fn __snout_0_1_swap_sink(sink: *const Mutex<Vec<u8>>) -> *const Mutex<Vec<u8>>;
        pub(super) safe fn __snout_0_1_hand_sink_on();
    }
}

/// Whether text of tests can be captured inside a process.
pub(crate) const fn is_available() -> bool {
    cfg!(snout_capture)
}

/// Makes `sink` the place where this thread's text goes (`None`: to the descriptors), and gives back the one it replaces.
#[cfg(snout_capture)]
pub(crate) fn swap(sink: Option<Sink>) -> Option<Sink> {
    let given = sink.map_or(std::ptr::null(), Arc::into_raw);
    // SAFETY: `given` is null or was made by `Arc::into_raw` just now and is given away here. What comes back is null or
    // was made by `Arc::into_raw` of the same type, compiled by the same compiler, and is ours now.
    unsafe {
        let replaced = hooks::__snout_0_1_swap_sink(given);
        (!replaced.is_null()).then(|| Arc::from_raw(replaced))
    }
}

/// Does nothing: this compiler's std is not known.
#[cfg(not(snout_capture))]
pub(crate) fn swap(_sink: Option<Sink>) -> Option<Sink> {
    None
}

/// Threads spawned by this thread from now on, and by those, start with the sink of the thread that spawned them.
pub(crate) fn hand_on_to_threads() {
    #[cfg(snout_capture)]
    hooks::__snout_0_1_hand_sink_on();
}
