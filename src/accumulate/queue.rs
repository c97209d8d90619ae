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
//! 5. The supervisor looks through the entries that are taken. Only when it has seen an end may the entry's memory be used again. A fork
//!    server that looked at the hint long ago finds another place's number there, and takes nothing.
//! 6. What nobody has taken the supervisor can take back, by the same one write: each turn is served, or given up, and never both.
//!
//! A fork server may be killed between any two of its steps: there is no list for it to leave half written. `models/queue.rs` tries out
//! every order of these steps.

use std::sync::atomic::{
    Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};

use super::atomics::{AtomicU32, AtomicU64, Memory, yield_now};
use crate::model::CaseId;

/// The gate: twice the number of entries, and one more when nothing more will come. Who waits on it sees either.
const QUEUED: usize = 0;
/// Tests that still run are stopped: a gate.
const STOPPED: usize = 1;

/// The head of the queue.
const TAKEN: usize = 0;
/// Nothing more is to be begun.
const ABANDONED: usize = 1;
const HEAD: usize = 8;

/// Words a lane has: what it runs, its child's leash, whether its pipes were read, whether its child has made new ones, how far that
/// is with tearing down, how many of its threads have shown where they hang.
const LANE: usize = 6;
/// Words an entry has: whose turn it is and who has taken it, how it ended, and its place, counted from 1.
const ENTRY: usize = 3;

/// Who has taken an entry: nobody yet.
const NOBODY: u16 = 0;
/// Nobody, for good. No lane has this number: there are not that many.
const GIVEN_UP: u16 = u16::MAX;

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
    /// How far it was with tearing its fixtures down. One that ends before it is through has not come to its own end.
    pub(crate) tear_down: TearDown,
}

/// How far a child with fixtures is with tearing them down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TearDown {
    /// It is about something else.
    #[default]
    No,
    /// It tears down the fixture of this number.
    Of(u32),
    /// Everything is torn down, and nothing more will come.
    Through,
}

impl TearDown {
    /// So many bits of an entry are for this.
    const MASK: u64 = 0x3f_ffff;

    fn pack(self) -> u64 {
        match self {
            TearDown::No => 0,
            TearDown::Through => 1,
            // Of a number too large for the place, the name is not told.
            TearDown::Of(fixture) => {
                Some(u64::from(fixture) + 2).filter(|word| *word <= TearDown::MASK).unwrap_or(0)
            }
        }
    }

    fn unpack(word: u64) -> TearDown {
        match word & TearDown::MASK {
            0 => TearDown::No,
            1 => TearDown::Through,
            word => TearDown::Of(word as u32 - 2),
        }
    }
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
    gates: &'static [AtomicU32],
    lanes: usize,
    capacity: usize,
}

impl ChildQueue {
    /// Gates that a queue has.
    pub(crate) const GATES: usize = 2;

    /// Words of shared memory that a queue takes. No test is in it twice, so one entry for each is enough.
    pub(crate) fn size(lanes: usize, cases: usize) -> usize {
        HEAD + lanes * LANE + cases.max(1) * ENTRY
    }

    /// The queue in these words, which must be `size` many and all zero when the first process sees them, and its gate.
    pub(crate) fn new((words, gates): Memory, lanes: usize, cases: usize) -> ChildQueue {
        assert!(words.len() >= ChildQueue::size(lanes, cases), "the queue is larger than its memory");
        ChildQueue { words, gates, lanes, capacity: cases.max(1) }
    }

    fn entry(&self, place: Place) -> &'static [AtomicU64] {
        let first = HEAD + self.lanes * LANE + (place.0 as usize % self.capacity) * ENTRY;
        &self.words[first..first + ENTRY]
    }

    fn lane(&self, lane: usize) -> &'static [AtomicU64] {
        &self.words[HEAD + lane * LANE..HEAD + (lane + 1) * LANE]
    }

    /// Appends a turn, which must not have been in the queue before: a fork server that has looked at an entry long ago would take the
    /// second for the first. The supervisor's, as is every method up to `taken`.
    pub(crate) fn push(&self, turn: Turn) -> Place {
        let place = Place(self.queued());
        let entry = self.entry(place);
        entry[1].store(0, SeqCst);
        entry[2].store(place.0 + 1, Relaxed);
        entry[0].store(pack(turn, NOBODY), Release);
        self.gates[QUEUED].store((place.0 as u32 + 1) * 2, SeqCst);
        place
    }

    /// Nothing more will come: fork servers end when they find nothing to do.
    pub(crate) fn close(&self) {
        self.gates[QUEUED].fetch_or(1, SeqCst);
    }

    /// Gives up what nobody has taken yet: it will not be. What has been taken by now has an owner.
    pub(crate) fn give_up(&self) {
        let queued = self.queued();
        for place in self.taken().0..queued {
            let give_up = |word| {
                let (turn, taker) = unpack(word);
                (taker == NOBODY).then(|| pack(turn, GIVEN_UP))
            };
            let _ = self.entry(Place(place))[0].fetch_update(AcqRel, Acquire, give_up);
        }
        self.words[TAKEN].store(queued, SeqCst);
    }

    /// Nothing more will come, what nobody has taken yet is not to be, and a suite's child stops behind the test that it runs.
    pub(crate) fn abandon(&self) {
        self.words[ABANDONED].store(1, SeqCst);
        self.close();
        self.give_up();
    }

    /// Whether that was said.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.words[ABANDONED].load(SeqCst) == 1
    }

    /// Tests that still run are stopped: a child with fixtures tears those down that the test at hand does not hold.
    pub(crate) fn stop(&self) {
        self.gates[STOPPED].store(1, SeqCst);
    }

    /// Whether that was said.
    pub(crate) fn is_stopped(&self) -> bool {
        self.gates[STOPPED].load(SeqCst) == 1
    }

    /// The word by which it is said.
    pub(crate) fn stop_gate(&self) -> &'static AtomicU32 {
        &self.gates[STOPPED]
    }

    /// The word that idle fork servers wait on.
    pub(crate) fn gate(&self) -> &'static AtomicU32 {
        &self.gates[QUEUED]
    }

    fn queued(&self) -> u64 {
        (self.gates[QUEUED].load(SeqCst) / 2).into()
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
        match unpack(self.entry(place)[0].load(Acquire)).1 {
            NOBODY | GIVEN_UP => None,
            taker => Some(usize::from(taker) - 1),
        }
    }

    /// How the child at `place` ended, if it has.
    pub(crate) fn end_of(&self, place: Place) -> Option<EndOfChild> {
        // Who arms the bell and then finds no end here is rung for: neither may pass the other.
        EndOfChild::unpack(self.entry(place)[1].load(SeqCst))
    }

    /// No place from this one on has been taken, or its taker has not got far.
    pub(crate) fn taken(&self) -> Place {
        Place(self.words[TAKEN].load(SeqCst))
    }

    /// The next turn, for the fork server of this lane, if there is one.
    pub(crate) fn take(&self, lane: usize) -> Option<(Place, Turn)> {
        loop {
            let place = Place(self.words[TAKEN].load(SeqCst));
            if place.0 >= self.queued() {
                return None;
            }
            let entry = self.entry(place);
            let word = entry[0].load(Acquire);
            let (turn, taker) = unpack(word);
            // Read behind the turn: if that is of a later place, so is the number.
            let is_of_place = entry[2].load(Relaxed) == place.0 + 1;
            let is_mine = is_of_place
                && taker == NOBODY
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
        self.words[TAKEN].load(SeqCst) >= self.queued()
    }

    /// Whether nothing more will come; else what the gate reads while there is nothing to take.
    pub(crate) fn wait_value(&self) -> Option<u32> {
        let queued = self.gates[QUEUED].load(SeqCst);
        queued.is_multiple_of(2).then_some(queued)
    }

    /// Holds out the number of the lane's child.
    pub(crate) fn hold_out(&self, lane: usize, pid: i32) {
        self.lane(lane)[1].store(pid as u64, SeqCst);
    }

    /// Takes the leash back, before the child's number can become another's. Waits while the supervisor has it in hand.
    pub(crate) fn take_back(&self, lane: usize, pid: i32) {
        while self.lane(lane)[1].compare_exchange(pid as u64, 0, SeqCst, SeqCst).is_err() {
            yield_now();
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

    /// Says how far the lane's child is with tearing down.
    pub(crate) fn set_tear_down(&self, lane: usize, tear_down: TearDown) {
        self.lane(lane)[4].store(tear_down.pack(), SeqCst);
    }

    /// How far it was; asked once, when it has ended.
    pub(crate) fn take_tear_down(&self, lane: usize) -> TearDown {
        TearDown::unpack(self.lane(lane)[4].swap(0, SeqCst))
    }

    /// Whether it has, since this was asked last.
    pub(crate) fn take_renewed_in_child(&self, lane: usize) -> bool {
        self.lane(lane)[3].swap(0, SeqCst) == 1
    }

    /// One more thread of the lane's child has shown where it hangs.
    pub(crate) fn show(&self, lane: usize) {
        self.lane(lane)[5].fetch_add(1, SeqCst);
    }

    /// How many have.
    pub(crate) fn shown(&self, lane: usize) -> usize {
        self.lane(lane)[5].load(SeqCst) as usize
    }

    /// The next ones are counted from 0.
    pub(crate) fn forget_shown(&self, lane: usize) {
        self.lane(lane)[5].store(0, SeqCst);
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
            | self.tear_down.pack() << 10;
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
        Some(EndOfChild { how, has_written, left_somebody, tear_down: TearDown::unpack(word >> 10) })
    }
}

#[cfg(test)]
mod tests;
