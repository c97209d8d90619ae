//! std's own output capture: where the text of `print!`, `eprint!`, `dbg!` and panics of a thread goes.
//!
//! `build/capture.rs` reaches the two functions; a compiler that refuses it leaves this module without effect.

use std::any::Any;
#[cfg(snout_capture)]
use std::ffi::c_void;
#[cfg(snout_capture)]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex};

/// Where captured text is gathered: std's own type for it.
pub(crate) type Sink = Arc<Mutex<Vec<u8>>>;

#[cfg(all(snout_capture_library, not(doc)))]
extern crate snout_capture_0_1 as _;

#[cfg(snout_capture)]
mod hooks {
    use std::ffi::c_void;
    use std::sync::Mutex;

    #[expect(improper_ctypes, reason = "only the address crosses, between code of one compiler")]
    unsafe extern "C" {
        pub(super) fn __snout_0_1_swap_sink(sink: *const Mutex<Vec<u8>>) -> *const Mutex<Vec<u8>>;
        pub(super) fn __snout_0_1_hand_on(luggage: Luggage);
    }

    /// As in `build/capture.rs`.
    #[repr(C)]
    pub(super) struct Luggage {
        pub(super) take: extern "C" fn() -> *mut c_void,
        pub(super) put: extern "C" fn(*mut c_void),
        pub(super) drop: extern "C" fn(*mut c_void),
    }
}

/// What else a thread hands on to those that it spawns.
#[cfg_attr(not(snout_capture), expect(dead_code, reason = "nothing is handed on"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luggage {
    /// Takes it from the thread that spawns.
    pub(crate) take: fn() -> Carried,
    /// Gives it to the thread that was spawned.
    pub(crate) put: fn(Carried),
}

/// One piece of it.
pub(crate) type Carried = Option<Arc<dyn Any + Send + Sync>>;

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

/// Threads spawned by this thread from now on, and by those, start with the sink of the thread that spawned them, and with
/// what `luggage` says. That is the same for all threads of the process: the first one counts.
#[cfg(snout_capture)]
pub(crate) fn hand_on_to_threads(luggage: Luggage) {
    static LUGGAGE: OnceLock<Luggage> = OnceLock::new();
    LUGGAGE.get_or_init(|| luggage);
    extern "C" fn take() -> *mut c_void {
        let carried = LUGGAGE.get().and_then(|luggage| (luggage.take)());
        carried.map_or(std::ptr::null_mut(), |carried| Box::into_raw(Box::new(carried)).cast())
    }
    extern "C" fn put(piece: *mut c_void) {
        let carried = opened(piece);
        LUGGAGE.get().into_iter().for_each(|luggage| (luggage.put)(carried.clone()));
    }
    extern "C" fn discard(piece: *mut c_void) {
        drop(opened(piece));
    }
    fn opened(piece: *mut c_void) -> Carried {
        // SAFETY: it is null or comes from `take`, and each piece is opened once: it is put or dropped.
        (!piece.is_null()).then(|| *unsafe { Box::from_raw(piece.cast::<Arc<dyn Any + Send + Sync>>()) })
    }
    // SAFETY: the three functions fit together, and what they carry may go to any thread.
    unsafe { hooks::__snout_0_1_hand_on(hooks::Luggage { take, put, drop: discard }) };
}

/// Does nothing: this compiler's std is not known.
#[cfg(not(snout_capture))]
pub(crate) fn hand_on_to_threads(_luggage: Luggage) {}
