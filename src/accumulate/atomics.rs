//! What the run table and the queue are made of: words that processes share.
//!
//! In a model (`snout_loom`) they are loom's, which has every load give every value that the memory orderings allow. Only there: a user who
//! checks something of his own with loom sets `loom`, and his tests are run by the processor's atomics.

#[cfg(snout_loom)]
pub(super) use loom::{sync::atomic::AtomicU64, thread::yield_now};
#[cfg(not(snout_loom))]
pub(super) use std::{sync::atomic::AtomicU64, thread::yield_now};

/// Zeroed words that live as long as the process, for tests.
#[cfg(all(test, not(snout_loom)))]
pub(super) fn zeroed(count: usize) -> &'static [AtomicU64] {
    use std::sync::{Mutex, PoisonError};
    // A leak checker looks here.
    static KEPT: Mutex<Vec<&[AtomicU64]>> = Mutex::new(Vec::new());
    let words: &[AtomicU64] = (0..count).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(words);
    words
}

/// Zeroed words that belong to one execution of a model.
#[cfg(all(test, snout_loom))]
pub(super) fn zeroed(count: usize) -> &'static [AtomicU64] {
    let words: &[AtomicU64] = (0..count).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
    // loom does not count the first value among what is sequentially consistent: a load that is might give it long after it was
    // replaced.
    words.iter().for_each(|word| word.store(0, std::sync::atomic::Ordering::SeqCst));
    words
}
