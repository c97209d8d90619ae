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

#[cfg(all(test, snout_capture))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::thread;

    fn text(sink: &Sink) -> String {
        String::from_utf8(sink.lock().unwrap().clone()).unwrap()
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "that is what is captured")]
    fn what_is_printed_goes_where_it_was_told_to() {
        let (first, second) = (Sink::default(), Sink::default());
        let before = swap(Some(Arc::clone(&first)));
        print!("one");
        let replaced = swap(Some(Arc::clone(&second)));
        print!("two");
        let last = swap(before);
        assert!(replaced.is_some_and(|sink| Arc::ptr_eq(&sink, &first)));
        assert!(last.is_some_and(|sink| Arc::ptr_eq(&sink, &second)));
        assert_eq!((text(&first), text(&second)), ("one".to_owned(), "two".to_owned()));
        // Nobody else holds them.
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 1));
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "that is what is captured")]
    fn threads_print_where_the_one_that_spawned_them_does_and_carry_what_it_gives() {
        static CARRIED: AtomicU32 = AtomicU32::new(0);
        fn put(carried: Carried) {
            let number = carried.and_then(|carried| carried.downcast_ref::<u32>().copied());
            CARRIED.fetch_add(number.unwrap_or(1000), SeqCst);
        }
        let sink = Sink::default();
        thread::scope(|scope| {
            let outer = scope.spawn(|| {
                hand_on_to_threads(Luggage { take: || Some(Arc::new(7_u32)), put });
                let before = swap(Some(Arc::clone(&sink)));
                let inner = thread::spawn(|| thread::spawn(|| print!("far down")).join());
                inner.join().unwrap().unwrap();
                swap(before);
            });
            outer.join().unwrap();
        });
        assert_eq!((text(&sink), CARRIED.load(SeqCst)), ("far down".to_owned(), 14));
        assert_eq!(Arc::strong_count(&sink), 1);
    }
}
