//! The word by which places of the dispatch order are claimed: which one is next, and where whoever claims has to stop.

use std::sync::atomic::{Ordering::AcqRel, Ordering::Acquire, Ordering::SeqCst};

use super::atomics::AtomicU64;

/// In the low half the next place; in the high half one more than the bound, or 0 where there is none. Both are one word, so that
/// nothing is claimed behind a bound, however late that is set.
#[derive(Clone, Copy)]
pub(super) struct Claims(pub(super) &'static AtomicU64);

impl Claims {
    /// The next place below `end` and the bound, if one is left.
    pub(super) fn claim(self, end: usize) -> Option<usize> {
        // A loop and no closure: as `is_left`.
        let mut word = self.0.load(Acquire);
        while is_left(word, end) {
            match self.0.compare_exchange(word, word + 1, AcqRel, Acquire) {
                Ok(_) => return Some(place(word)),
                Err(now) => word = now,
            }
        }
        None
    }

    /// Whether a place below `end` and the bound is left.
    pub(super) fn is_left(self, end: usize) -> bool {
        is_left(self.0.load(Acquire), end)
    }

    /// How many places have been claimed.
    pub(super) fn count(self) -> usize {
        place(self.0.load(Acquire))
    }

    /// Claims all that is left up to `end`, whatever the bound was.
    pub(super) fn claim_rest(self, end: usize) -> std::ops::Range<usize> {
        place(self.0.swap(end as u64, AcqRel))..end
    }

    /// Has claims end at this place; `None` where they go to the end of the order.
    pub(super) fn bound(self, bound: Option<usize>) {
        let above = bound.map_or(0, |bound| (bound as u64 + 1) << 32);
        let _ = self.0.fetch_update(SeqCst, SeqCst, |word| Some(u64::from(word as u32) | above));
    }

    /// Has claims end where they are.
    pub(super) fn close(self) {
        let close = |word| Some(u64::from(word as u32) | (u64::from(word as u32) + 1) << 32);
        let _ = self.0.fetch_update(SeqCst, SeqCst, close);
    }

    /// Whether the bound has been reached.
    pub(super) fn is_closed(self) -> bool {
        let word = self.0.load(SeqCst);
        bound(word).is_some_and(|bound| place(word) >= bound)
    }
}

/// Plain arithmetic: it is done for each test, and mostly in builds that are not optimised.
fn is_left(word: u64, end: usize) -> bool {
    let (place, bound) = (word & 0xffff_ffff, word >> 32);
    place < end as u64 && (bound == 0 || place + 1 < bound)
}

fn place(word: u64) -> usize {
    word as u32 as usize
}

fn bound(word: u64) -> Option<usize> {
    ((word >> 32) as usize).checked_sub(1)
}

#[cfg(all(test, not(snout_loom)))]
mod tests {
    use super::*;
    use std::thread;

    /// One word a test: a word on the heap that is never freed is a leak to Miri.
    static WORDS: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

    fn claims(test: usize) -> Claims {
        Claims(&WORDS[test])
    }

    #[test]
    fn nothing_is_claimed_behind_a_bound() {
        let claims = claims(0);
        claims.bound(Some(2));
        assert_eq!([claims.claim(5), claims.claim(5), claims.claim(5)], [Some(0), Some(1), None]);
        assert_eq!((claims.count(), claims.is_left(5), claims.is_closed()), (2, false, true));
        claims.bound(Some(4));
        assert_eq!([claims.claim(3), claims.claim(3)], [Some(2), None]);
        assert_eq!((claims.is_left(3), claims.is_left(5), claims.is_closed()), (false, true, false));
        claims.bound(None);
        assert_eq!([claims.claim(5), claims.claim(5), claims.claim(5)], [Some(3), Some(4), None]);
        assert!(!claims.is_closed(), "that is the end, and no bound");
    }

    #[test]
    fn what_is_closed_stays_so_until_there_is_another_bound() {
        let claims = claims(1);
        assert!(!claims.is_closed());
        claims.close();
        assert_eq!((claims.claim(5), claims.is_closed(), claims.count()), (None, true, 0));
        claims.bound(None);
        assert_eq!((claims.claim(5), claims.is_closed()), (Some(0), false));
        claims.close();
        assert_eq!((claims.claim(5), claims.is_closed(), claims.count()), (None, true, 1));
        assert_eq!(claims.claim_rest(5), 1..5);
        assert_eq!((claims.count(), claims.is_closed()), (5, false));
    }

    #[test]
    fn the_rest_is_claimed_at_once() {
        let claims = claims(2);
        assert_eq!(claims.claim(5), Some(0));
        assert_eq!(claims.claim_rest(5), 1..5);
        assert_eq!((claims.claim(5), claims.count()), (None, 5));
    }

    #[test]
    fn lanes_that_claim_at_once_stop_together() {
        let claims = claims(3);
        claims.bound(Some(1_000));
        let claimed: usize = thread::scope(|scope| {
            let lane = || std::iter::from_fn(|| claims.claim(2_000)).count();
            let lanes: Vec<_> = (0..4).map(|_| scope.spawn(lane)).collect();
            lanes.into_iter().map(|lane| lane.join().expect("it counts")).sum()
        });
        assert_eq!((claimed, claims.count()), (1_000, 1_000));
    }
}
