//! The queue of tests that get a process of their own, in memory that the supervisor shares with its fork servers.
//!
//! The supervisor appends; each lane's fork server takes the next one, makes a child for it, and says how that ended. Like the run
//! table, the queue outlives whoever dies: what a fork server had in hand is known.
//!
//! # Protocol
//!
//! 1. The supervisor writes an entry, then counts it (`QUEUED`) and wakes whoever waits for that word.
//! 2. A fork server *takes* an entry by writing its lane into it. `TAKEN` is only a hint where to look.
//! 3. It says what its lane runs, and while the child lives, holds the child's number out as a *leash*. The supervisor may signal
//!    that number only while it has the leash in hand: so the number is the child's, and not that of a stranger who came after it.
//! 4. When the child has ended, the fork server writes how into the entry, and rings if the supervisor sleeps.
//! 5. The supervisor looks through the entries that are taken. Only when it has seen an end may the entry's memory be used again.
//!
//! A fork server may be killed between any two of its steps: there is no list for it to leave half written.

use std::sync::atomic::{
    AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};

use crate::model::CaseId;

/// The head of the queue, one word each.
///
/// Twice the number of entries, and one more when nothing more will come: who sleeps on the word sees either.
const QUEUED: usize = 0;
const TAKEN: usize = 1;
const HEAD: usize = 8;

/// Words a lane has: what it runs, its child's leash, whether its pipes were read, whether its child has made new ones, whether that
/// has come to its own end.
const LANE: usize = 5;
/// Words an entry has: whose turn it is and who has taken it, and how it ended.
const ENTRY: usize = 2;

/// In a leash: the supervisor has it in hand.
const IN_HAND: u64 = 1 << 63;

/// One attempt at one test, to be made in a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) case: CaseId,
    /// Counted from 0, the pool's included.
    pub(crate) attempt: u16,
}

/// A place in the queue; they are counted through, and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) u64);

/// How a child's process came to its end, and what there is to take in besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndOfChild {
    pub(crate) how: HowEnded,
    /// It wrote to its pipes, and they are its alone.
    pub(crate) has_written: bool,
    /// It left processes behind: the fork server has sent their names.
    pub(crate) left_somebody: bool,
    /// A suite's child: everything is torn down. One that ends without that has not come to its own end.
    pub(crate) is_through: bool,
}

/// How a child's process came to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HowEnded {
    /// There was none: the test is marked `#[ignore]`.
    #[default]
    NotNeeded,
    Exited(i32),
    Killed(i32),
    /// This signal stopped it, and it was killed.
    Stopped(i32),
    /// No process could be made: the system's error number.
    NotMade(i32),
}

/// A view of the shared words; the supervisor and every fork server have one.
#[derive(Clone, Copy)]
pub(crate) struct ChildQueue {
    words: &'static [AtomicU64],
    lanes: usize,
    capacity: usize,
}

impl ChildQueue {
    /// Words of shared memory that a queue takes. No test is in it twice, so one entry for each is enough.
    pub(crate) fn size(lanes: usize, cases: usize) -> usize {
        HEAD + lanes * LANE + cases.max(1) * ENTRY
    }

    /// The queue in these words, which must be `size` many and all zero when the first process sees them.
    pub(crate) fn new(words: &'static [AtomicU64], lanes: usize, cases: usize) -> ChildQueue {
        assert!(words.len() >= ChildQueue::size(lanes, cases), "the queue is larger than its memory");
        ChildQueue { words, lanes, capacity: cases.max(1) }
    }

    fn entry(&self, place: Place) -> &'static [AtomicU64] {
        let first = HEAD + self.lanes * LANE + (place.0 as usize % self.capacity) * ENTRY;
        &self.words[first..first + ENTRY]
    }

    fn lane(&self, lane: usize) -> &'static [AtomicU64] {
        &self.words[HEAD + lane * LANE..HEAD + (lane + 1) * LANE]
    }

    /// Appends a turn, which must not have been in the queue before: a fork server that looks at an entry for long would take the
    /// second for the first. The supervisor's, as is every method up to `taken`.
    pub(crate) fn push(&self, turn: Turn) -> Place {
        let place = Place(self.words[QUEUED].load(Relaxed) / 2);
        self.entry(place)[1].store(0, Relaxed);
        self.entry(place)[0].store(pack(turn, 0), Release);
        self.words[QUEUED].store((place.0 + 1) * 2, SeqCst);
        place
    }

    /// Nothing more will come: fork servers end when they find nothing to do.
    pub(crate) fn close(&self) {
        self.words[QUEUED].fetch_or(1, SeqCst);
    }

    /// Nothing more will come, and what nobody has taken yet is not to be.
    pub(crate) fn abandon(&self) {
        self.close();
        self.withdraw();
    }

    /// What nobody has taken yet is not to be, and nothing may be appended any more.
    pub(crate) fn withdraw(&self) {
        self.words[TAKEN].store(u64::MAX, SeqCst);
    }

    /// The word that idle fork servers wait on.
    pub(crate) fn gate(&self) -> &'static AtomicU64 {
        &self.words[QUEUED]
    }

    /// What a lane's fork server has in hand.
    pub(crate) fn running(&self, lane: usize) -> Option<Place> {
        self.lane(lane)[0].load(Acquire).checked_sub(1).map(Place)
    }

    /// Calls `signal` with the number of the lane's child, if that still runs what is at `place`.
    pub(crate) fn with_child(&self, lane: usize, place: Place, signal: impl FnOnce(i32)) {
        let leash = &self.lane(lane)[1];
        let grab = |held: u64| (held != 0 && self.running(lane) == Some(place)).then_some(held | IN_HAND);
        if let Ok(held) = leash.fetch_update(SeqCst, SeqCst, grab) {
            signal(held as i32);
            leash.store(held, SeqCst);
        }
    }

    /// Says that the lane's pipes are about to be read: they must not be another child's.
    pub(crate) fn touch_pipes(&self, lane: usize) {
        self.lane(lane)[2].store(1, SeqCst);
    }

    /// Frees a lane whose fork server is gone. What that had in hand is still its own: see `owner`.
    pub(crate) fn reset_lane(&self, lane: usize) {
        self.lane(lane).iter().for_each(|word| word.store(0, SeqCst));
    }

    /// The lane whose fork server has taken what is at `place`.
    pub(crate) fn owner(&self, place: Place) -> Option<usize> {
        unpack(self.entry(place)[0].load(Acquire)).1.checked_sub(1).map(usize::from)
    }

    /// How the child at `place` ended, if it has.
    pub(crate) fn end_of(&self, place: Place) -> Option<EndOfChild> {
        EndOfChild::unpack(self.entry(place)[1].load(Acquire))
    }

    /// No place from this one on has been taken, or its taker has not got far.
    pub(crate) fn taken(&self) -> Place {
        Place(self.words[TAKEN].load(SeqCst))
    }

    /// The next turn, for the fork server of this lane, if there is one.
    pub(crate) fn take(&self, lane: usize) -> Option<(Place, Turn)> {
        loop {
            let place = Place(self.words[TAKEN].load(SeqCst));
            if place.0 >= self.words[QUEUED].load(SeqCst) / 2 {
                return None;
            }
            let entry = &self.entry(place)[..2];
            let word = entry[0].load(Acquire);
            let (turn, nobody) = unpack(word);
            let is_mine = nobody == 0
                && entry[0].compare_exchange(word, pack(turn, owner(lane)), AcqRel, Acquire).is_ok();
            // Whoever got it: the hint goes on, and only once.
            let _ = self.words[TAKEN].compare_exchange(place.0, place.0 + 1, SeqCst, SeqCst);
            if is_mine {
                self.lane(lane)[0].store(place.0 + 1, SeqCst);
                return Some((place, turn));
            }
        }
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_all_taken(&self) -> bool {
        self.words[TAKEN].load(SeqCst) >= self.words[QUEUED].load(SeqCst) / 2
    }

    /// Whether nothing more will come; else what the gate reads while there is nothing to take.
    pub(crate) fn wait_value(&self) -> Option<u64> {
        let queued = self.words[QUEUED].load(SeqCst);
        queued.is_multiple_of(2).then_some(queued)
    }

    /// Holds out the number of the lane's child.
    pub(crate) fn hold_out(&self, lane: usize, pid: i32) {
        self.lane(lane)[1].store(pid as u64, SeqCst);
    }

    /// Takes the leash back, before the child's number can become another's. Waits while the supervisor has it in hand.
    pub(crate) fn take_back(&self, lane: usize, pid: i32) {
        while self.lane(lane)[1].compare_exchange(pid as u64, 0, SeqCst, SeqCst).is_err() {
            std::thread::yield_now();
        }
    }

    /// Whether the supervisor may have read what the lane's child has written. Ask when the pipes are found empty.
    pub(crate) fn are_pipes_touched(&self, lane: usize) -> bool {
        self.lane(lane)[2].load(SeqCst) == 1
    }

    /// The lane has new pipes, which nobody has read from.
    pub(crate) fn renew_pipes(&self, lane: usize) {
        self.lane(lane)[2].store(0, SeqCst);
    }

    /// The lane's child has made new pipes by itself.
    pub(crate) fn renew_pipes_in_child(&self, lane: usize) {
        self.lane(lane)[3].store(1, SeqCst);
        self.renew_pipes(lane);
    }

    /// The lane's child is through with its suite, tear-down and all.
    pub(crate) fn set_through(&self, lane: usize) {
        self.lane(lane)[4].store(1, SeqCst);
    }

    /// Whether it is; asked once.
    pub(crate) fn take_through(&self, lane: usize) -> bool {
        self.lane(lane)[4].swap(0, SeqCst) == 1
    }

    /// Whether it has, since this was asked last.
    pub(crate) fn take_renewed_in_child(&self, lane: usize) -> bool {
        self.lane(lane)[3].swap(0, SeqCst) == 1
    }

    /// Says how the lane's child at `place` ended.
    pub(crate) fn end(&self, lane: usize, place: Place, end: EndOfChild) {
        self.lane(lane)[0].store(0, SeqCst);
        self.entry(place)[1].store(end.pack(), SeqCst);
    }
}

fn owner(lane: usize) -> u16 {
    u16::try_from(lane + 1).unwrap_or(u16::MAX)
}

fn pack(turn: Turn, owner: u16) -> u64 {
    u64::from(turn.case.0) | u64::from(turn.attempt) << 32 | u64::from(owner) << 48
}

fn unpack(word: u64) -> (Turn, u16) {
    let turn = Turn { case: CaseId(word as u32), attempt: (word >> 32) as u16 };
    (turn, (word >> 48) as u16)
}

impl EndOfChild {
    /// Never zero, which stands for "not yet".
    fn pack(self) -> u64 {
        let (kind, number) = match self.how {
            HowEnded::NotNeeded => (1, 0),
            HowEnded::Exited(code) => (2, code),
            HowEnded::Killed(signal) => (3, signal),
            HowEnded::Stopped(signal) => (4, signal),
            HowEnded::NotMade(error) => (5, error),
        };
        let flags = u64::from(self.has_written) << 8
            | u64::from(self.left_somebody) << 9
            | u64::from(self.is_through) << 10;
        kind | flags | u64::from(number.cast_unsigned()) << 32
    }

    fn unpack(word: u64) -> Option<EndOfChild> {
        let number = ((word >> 32) as u32).cast_signed();
        let how = match word & 0xff {
            1 => HowEnded::NotNeeded,
            2 => HowEnded::Exited(number),
            3 => HowEnded::Killed(number),
            4 => HowEnded::Stopped(number),
            5 => HowEnded::NotMade(number),
            _ => return None,
        };
        let (has_written, left_somebody) = (word & (1 << 8) != 0, word & (1 << 9) != 0);
        Some(EndOfChild { how, has_written, left_somebody, is_through: word & (1 << 10) != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Mutex;
    use std::thread;

    fn queue(lanes: usize, cases: usize) -> ChildQueue {
        let words: Vec<AtomicU64> = (0..ChildQueue::size(lanes, cases)).map(|_| AtomicU64::new(0)).collect();
        ChildQueue::new(words.leak(), lanes, cases)
    }

    fn turn(case: u32) -> Turn {
        Turn { case: CaseId(case), attempt: 1 }
    }

    fn ended(how: HowEnded) -> EndOfChild {
        EndOfChild { how, ..EndOfChild::default() }
    }

    #[test]
    fn every_turn_is_taken_once_and_in_order() {
        const CASES: u32 = 2_000;
        let queue = queue(4, CASES as usize);
        let taken = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for lane in 0..4 {
                let taken = &taken;
                scope.spawn(move || {
                    let mut before = None;
                    while let Some((place, turn)) = take_or_wait(&queue, lane) {
                        assert!(Some(place) > before, "a lane goes forward");
                        before = Some(place);
                        assert_eq!((queue.owner(place), queue.running(lane)), (Some(lane), Some(place)));
                        queue.end(lane, place, ended(HowEnded::Exited(0)));
                        taken.lock().unwrap().push((place, turn.case.0));
                    }
                });
            }
            (0..CASES).for_each(|case| assert_eq!(queue.push(turn(case)), Place(case.into())));
            queue.close();
        });
        let taken: BTreeSet<(Place, u32)> = taken.into_inner().unwrap().into_iter().collect();
        assert_eq!(taken, (0..CASES).map(|case| (Place(case.into()), case)).collect());
        assert!((0..u64::from(CASES)).all(|place| queue.end_of(Place(place)).is_some()));
    }

    fn take_or_wait(queue: &ChildQueue, lane: usize) -> Option<(Place, Turn)> {
        loop {
            match (queue.wait_value(), queue.take(lane)) {
                (_, Some(taken)) => return Some(taken),
                (None, None) => return None,
                (Some(_), None) => thread::yield_now(),
            }
        }
    }

    #[test]
    fn an_entry_is_used_again() {
        let queue = queue(1, 2);
        for case in 0..7 {
            let place = queue.push(turn(case));
            assert_eq!(queue.take(0), Some((place, turn(case))));
            assert_eq!(queue.end_of(place), None);
            queue.end(0, place, ended(HowEnded::Killed(9)));
            assert_eq!(queue.end_of(place), Some(ended(HowEnded::Killed(9))));
        }
        assert_eq!((queue.take(0), queue.taken()), (None, Place(7)));
    }

    #[test]
    fn every_end_is_told_as_it_was() {
        let ways = [
            HowEnded::NotNeeded,
            HowEnded::Exited(-1),
            HowEnded::Killed(11),
            HowEnded::Stopped(19),
            HowEnded::NotMade(12),
        ];
        let queue = queue(1, ways.len());
        for (case, how) in (0..).zip(ways) {
            let place = queue.push(turn(case));
            queue.take(0);
            let end = EndOfChild {
                how,
                has_written: case % 2 == 0,
                left_somebody: case % 3 == 0,
                is_through: case % 4 == 1,
            };
            queue.end(0, place, end);
            assert_eq!(queue.end_of(place), Some(end));
        }
    }

    #[test]
    fn what_a_dead_fork_server_had_is_known() {
        let queue = queue(2, 3);
        (0..3).for_each(|case| assert_eq!(queue.push(turn(case)), Place(case.into())));
        queue.take(1);
        queue.hold_out(1, 4711);
        assert_eq!(
            (queue.owner(Place(0)), queue.end_of(Place(0)), queue.owner(Place(1))),
            (Some(1), None, None)
        );
        queue.reset_lane(1);
        queue.with_child(1, Place(0), |_| panic!("its child is nobody's to signal"));
        assert_eq!((queue.running(1), queue.owner(Place(0))), (None, Some(1)));
    }

    #[test]
    fn a_child_is_signalled_only_while_it_is_held_out_for_that_turn() {
        let queue = queue(1, 2);
        let (first, second) = (queue.push(turn(0)), queue.push(turn(1)));
        let mut signalled = Vec::new();
        queue.take(0);
        queue.with_child(0, first, |_| panic!("there is no child yet"));
        queue.hold_out(0, 4711);
        queue.with_child(0, first, |pid| signalled.push(pid));
        queue.with_child(0, second, |_| panic!("that is another turn"));
        queue.take_back(0, 4711);
        queue.with_child(0, first, |_| panic!("the number may be a stranger's by now"));
        assert_eq!(signalled, [4711]);
    }

    #[test]
    fn who_waits_learns_that_nothing_more_will_come() {
        let queue = queue(1, 1);
        let before = queue.wait_value();
        queue.push(turn(0));
        queue.close();
        assert_ne!(Some(queue.gate().load(SeqCst)), before);
        assert_eq!((queue.wait_value(), queue.take(0)), (None, Some((Place(0), turn(0)))));
        assert_eq!(queue.take(0), None);
    }
}
