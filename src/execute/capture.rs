//! Keeps what a test prints, inside a process that runs several tests.
//!
//! Each attempt gets a sink; threads that the test spawns write to the same one. A thread that outlives its test keeps the
//! sink alive, so what it prints later goes nowhere, as under libtest, and never into another test's output.

use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::context::{Identity, own_identity, put_any, take};
use crate::sys::capture::{Luggage, Sink, hand_on_to_threads, swap};

/// Where one attempt's text goes.
#[derive(Clone, Default)]
pub(super) struct Buffer(Sink);

impl Buffer {
    /// Sends this thread's text into the buffer for as long as `body` runs.
    pub(super) fn collect<T>(&self, body: impl FnOnce() -> T) -> T {
        let before = swap(Some(Arc::clone(&self.0)));
        let result = body();
        swap(before);
        result
    }

    /// What has come in so far, leaving nothing.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut printed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if printed.is_empty() { Vec::new() } else { std::mem::take(&mut *printed) }
    }

    /// What has come in so far; it stays.
    pub(super) fn look(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends this thread's text into the buffer from now on.
    pub(super) fn install(&self) {
        swap(Some(Arc::clone(&self.0)));
    }

    /// Whether some thread of an earlier attempt still writes here, besides as many as always do.
    pub(super) fn is_shared(&self, always: usize) -> bool {
        Arc::strong_count(&self.0) > always
    }
}

/// Makes threads spawned from this one write where it writes.
pub(super) fn inherit() {
    hand_on_to_threads(Luggage { take, put: put_any });
}

/// Has panics on a worker named after the test, where std would name the worker: the hook's text is caught, the name in it
/// replaced, and the text passed on.
pub(crate) fn name_tests_in_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| match own_identity() {
        None => print(info),
        Some(Identity { name: test, .. }) => {
            let caught: Sink = Arc::new(Mutex::new(Vec::new()));
            let before = swap(Some(Arc::clone(&caught)));
            print(info);
            swap(before.clone());
            let text = std::mem::take(&mut *caught.lock().unwrap_or_else(PoisonError::into_inner));
            pass_on(&rename(&text, test), before.as_ref());
        }
    }));
}

/// The text with the first mention of this thread replaced by the test's name.
fn rename(text: &[u8], test: &str) -> Vec<u8> {
    let own = format!("thread '{}'", thread::current().name().unwrap_or("<unnamed>"));
    let Some(at) = text.windows(own.len()).position(|window| window == own.as_bytes()) else {
        return text.to_vec();
    };
    [&text[..at], format!("thread '{test}'").as_bytes(), &text[at + own.len()..]].concat()
}

fn pass_on(text: &[u8], sink: Option<&Sink>) {
    match sink {
        Some(sink) => sink.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text),
        // Not captured: to standard error, as the hook would have. A closed one is no reason to fail the test.
        None => drop(std::io::Write::write_all(&mut std::io::stderr(), text)),
    }
}
