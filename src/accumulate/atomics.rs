//! What the run table and the queue are made of: words that processes share.
//!
//! In a model (`snout_loom`) they are loom's, which has every load give every value that the memory orderings allow. Only there: a user who
//! checks something of his own with loom sets `loom`, and his tests are run by the processor's atomics.

#[cfg(snout_loom)]
pub(super) use loom::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(snout_loom)]
pub(super) use loom::thread::yield_now;
#[cfg(not(snout_loom))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicU64};
#[cfg(not(snout_loom))]
pub(super) use std::thread::yield_now;

/// Memory that the table or the queue is put into.
pub(crate) type Memory = (&'static [AtomicU64], &'static [AtomicU32]);

/// So many zeroed words and gates, which live as long as the process; for tests.
#[cfg(all(test, not(snout_loom)))]
pub(super) fn zeroed(words: usize, gates: usize) -> Memory {
    use std::sync::{Mutex, PoisonError};
    // A leak checker looks here.
    static KEPT: Mutex<Vec<Memory>> = Mutex::new(Vec::new());
    let words: &[AtomicU64] = (0..words).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
    let gates: &[AtomicU32] = (0..gates).map(|_| AtomicU32::new(0)).collect::<Vec<_>>().leak();
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push((words, gates));
    (words, gates)
}

/// The same for one execution of a model.
#[cfg(all(test, snout_loom))]
pub(super) fn zeroed(words: usize, gates: usize) -> Memory {
    use std::sync::atomic::Ordering::SeqCst;
    let words: &[AtomicU64] = (0..words).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
    let gates: &[AtomicU32] = (0..gates).map(|_| AtomicU32::new(0)).collect::<Vec<_>>().leak();
    // loom does not count the first value among what is sequentially consistent: a load that is might give it long after it was
    // replaced.
    words.iter().for_each(|word| word.store(0, SeqCst));
    gates.iter().for_each(|gate| gate.store(0, SeqCst));
    (words, gates)
}
