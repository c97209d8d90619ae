//! What loom is relied upon for: two threads that each write a word and then read the other's.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{self, Acquire, SeqCst};

use loom::thread;

use super::explore;
use crate::accumulate::atomics::zeroed;

/// Whether both may read what was there before either wrote, if one of them reads with this ordering.
fn may_both_miss(name: &str, reads: Ordering) -> bool {
    let both_missed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&both_missed);
    explore(name, move || {
        let (words, _) = zeroed(2, 0);
        let other = thread::spawn(move || {
            words[1].store(1, SeqCst);
            words[0].load(SeqCst)
        });
        words[0].store(1, SeqCst);
        let mine = words[1].load(reads);
        if (mine, other.join().unwrap()) == (0, 0) {
            seen.store(true, SeqCst);
        }
    });
    both_missed.load(SeqCst)
}

#[test]
fn sequential_consistency_is_modelled_and_so_is_its_absence() {
    assert!(!may_both_miss("litmus, consistent", SeqCst));
    assert!(may_both_miss("litmus, acquire", Acquire));
}
