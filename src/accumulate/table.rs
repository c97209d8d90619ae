//! The run table: what every lane is doing and how every test stands, in memory that outlives any worker.
//!
//! A lane claims a test and tells its fate with a few atomic writes; a passing test costs no message and no system call.
//! When a process dies, the table still names who was in flight.
//!
//! # Protocol
//!
//! 1. A lane *enters*: it waits until fewer lanes are active than the supervisor allows. It stays entered until more are active
//!    than that.
//! 2. It *claims* the next place of the dispatch order. In lockstep it first waits for the supervisor's permission.
//! 3. It writes `Running`, with the time, into the test's slot.
//! 4. If the outcome has text, the lane first sends that down its pipe; the state then is `Reported`.
//! 5. It replaces `Running` by the final state, unless the supervisor was faster and took the test away (`TimedOut`).
//! 6. It appends the test to the list of finished ones, and rings the doorbell if the supervisor sleeps.
//! 7. Before what has to run alone, the one lane that does that waits for the supervisor's permission.
//! 8. It goes on at 2; or, if its place is wanted, *leaves* and starts again at 1.
//! 9. When no place is left for it, or the table is closed to its pool, it stops; and the last one to stop, the pool ends.

use std::sync::atomic::{
    Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};
use std::time::Duration;

use super::atomics::{AtomicU32, AtomicU64, Memory};
use super::claims::Claims;
use super::host::HostState;
use crate::model::{CaseId, Moment};

/// How a test stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has begun it.
    Pending,
    Running,
    /// It passed and has nothing to show.
    Passed,
    /// It is marked `#[ignore]`.
    Ignored,
    /// Its outcome is in the pipe.
    Reported,
    /// Its time was up in the pool; whoever runs it has lost it.
    TimedOut,
    /// Something that it needs is being set up.
    SettingUp,
    /// It has come out, and what it needed is being torn down.
    TearingDown,
}

const STATES: [State; 8] = [
    State::Pending,
    State::Running,
    State::Passed,
    State::Ignored,
    State::Reported,
    State::TimedOut,
    State::SettingUp,
    State::TearingDown,
];

/// In a state: the test has written to its pipes, and they are its alone.
const WRITTEN: u64 = 0x80;

/// The head of the table, one word each.
const NEXT: usize = 0;
const FINISHED: usize = 2;
const DOORBELL: usize = 3;
const LISTED: usize = 5;
const HOST: usize = 7;
/// For how many nanoseconds the run has stood still.
const PAUSED: usize = 8;
/// How often lanes have been asked what their tests have printed.
const ASKED: usize = 10;
const HEAD: usize = 16; // the rest keeps the slots on a cache line of their own

/// The gates: words that somebody waits on.
const LANES: usize = 0;
const GRANTED: usize = 1;
const SERIAL: usize = 2;
/// Every process of the run is being stopped.
const IS_PAUSED: usize = 3;

/// Words a test has in the table: state, start, end.
const SLOT: usize = 3;

/// A view of the shared words; every process of the run has one.
#[derive(Clone, Copy)]
pub(crate) struct RunTable {
    words: &'static [AtomicU64],
    gates: &'static [AtomicU32],
    lanes: usize,
    cases: usize,
    /// How many of them are the pool's.
    in_pool: usize,
}

/// How many lanes the pool may use and how many it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneCounts {
    pub(crate) allowed: u16,
    pub(crate) active: u16,
}

impl LaneCounts {
    fn unpack(word: u32) -> LaneCounts {
        LaneCounts { allowed: ((word >> 16) & 0xffff) as u16, active: (word & 0xffff) as u16 }
    }

    fn pack(self) -> u32 {
        u32::from(self.allowed) << 16 | u32::from(self.active)
    }
}

impl RunTable {
    /// Gates that a table has.
    pub(crate) const GATES: usize = 4;

    /// Words of shared memory that a table takes.
    pub(crate) fn size(lanes: usize, cases: usize) -> usize {
        HEAD + lanes + cases + cases * SLOT
    }

    /// The table in these words, which must be `size` many and all zero when the first process sees them, and its gates.
    pub(crate) fn new((words, gates): Memory, lanes: usize, cases: usize) -> RunTable {
        assert!(words.len() >= RunTable::size(lanes, cases), "the run table is larger than its memory");
        RunTable { words, gates, lanes, cases, in_pool: cases }
    }

    /// All that lanes write to.
    pub(crate) fn words(&self) -> &'static [AtomicU64] {
        self.words
    }

    /// The same, where only so many cases are the pool's.
    pub(crate) fn with_in_pool(self, in_pool: usize) -> RunTable {
        RunTable { in_pool, ..self }
    }

    /// The word that lanes wait on when they may not enter.
    pub(crate) fn lane_gate(&self) -> &'static AtomicU32 {
        &self.gates[LANES]
    }

    /// The word that a lane waits on in lockstep.
    pub(crate) fn grant_gate(&self) -> &'static AtomicU32 {
        &self.gates[GRANTED]
    }

    pub(crate) fn lane_counts(&self) -> LaneCounts {
        LaneCounts::unpack(self.gates[LANES].load(SeqCst))
    }

    /// Sets how many lanes the pool may use. Lanes over that number run on to the end of their test.
    pub(crate) fn allow_lanes(&self, allowed: u16) {
        let change = |word| Some(LaneCounts { allowed, ..LaneCounts::unpack(word) }.pack());
        let _ = self.gates[LANES].fetch_update(SeqCst, SeqCst, change);
    }

    /// Forgets the lanes of a pool that is gone.
    pub(crate) fn reset_lanes(&self) {
        self.gates[LANES].store(0, SeqCst);
        self.lane_words().iter().for_each(|lane| lane.store(0, SeqCst));
    }

    /// Makes this lane active if there is room; else what the gate read.
    pub(crate) fn try_enter(&self) -> Result<(), u32> {
        let enter = |word| {
            let counts = LaneCounts::unpack(word);
            (counts.active < counts.allowed)
                .then(|| LaneCounts { active: counts.active + 1, ..counts }.pack())
        };
        self.gates[LANES].fetch_update(SeqCst, SeqCst, enter).map(drop)
    }

    /// Whether the lanes that are active may go on to another test.
    pub(crate) fn is_room(&self) -> bool {
        let counts = self.lane_counts();
        counts.active <= counts.allowed
    }

    /// Makes this lane inactive.
    pub(crate) fn leave(&self) {
        self.gates[LANES].fetch_sub(1, SeqCst);
    }

    fn claims(&self) -> Claims {
        Claims(&self.words[NEXT])
    }

    /// The next place in the dispatch order below `end`, if one is left that this pool may have.
    pub(crate) fn claim(&self, end: usize) -> Option<usize> {
        self.claims().claim(end)
    }

    /// Whether one is left.
    pub(crate) fn is_left(&self, end: usize) -> bool {
        self.claims().is_left(end)
    }

    /// How many places have been claimed.
    pub(crate) fn claimed(&self) -> usize {
        self.claims().count()
    }

    /// Claims all that is left, so that nobody else can.
    pub(crate) fn claim_rest(&self, end: usize) -> std::ops::Range<usize> {
        self.claims().claim_rest(end)
    }

    /// Says where the pool that is about to start has to stop claiming; `None` for nowhere.
    pub(crate) fn bound_claims(&self, bound: Option<usize>) {
        self.claims().bound(bound);
    }

    /// The pool gets nothing more: its lanes stop when they have finished what they have begun.
    pub(crate) fn close(&self) {
        self.claims().close();
    }

    /// Whether the pool gets nothing more, while there may be more to come.
    pub(crate) fn is_closed(&self) -> bool {
        self.claims().is_closed()
    }

    /// Permits claims up to this many; in lockstep only.
    pub(crate) fn grant(&self, claims: u32) {
        self.gates[GRANTED].store(claims, Release);
    }

    pub(crate) fn granted(&self) -> u32 {
        self.gates[GRANTED].load(Acquire)
    }

    /// Permits what has to run alone: nothing else runs, and nothing else begins.
    pub(crate) fn grant_serial(&self) {
        self.gates[SERIAL].store(1, SeqCst);
    }

    pub(crate) fn is_serial_granted(&self) -> bool {
        self.gates[SERIAL].load(SeqCst) == 1
    }

    /// The word that the first lane waits on before what has to run alone.
    pub(crate) fn serial_gate(&self) -> &'static AtomicU32 {
        &self.gates[SERIAL]
    }

    /// What the fixture host is about; written by the host, and by the supervisor when that is gone.
    pub(crate) fn host(&self) -> HostState {
        HostState::unpack(self.words[HOST].load(SeqCst))
    }

    pub(crate) fn set_host(&self, state: HostState) {
        self.words[HOST].store(state.pack(), SeqCst);
    }

    /// Asks lanes to tell what their tests have printed so far.
    pub(crate) fn ask(&self) {
        self.words[ASKED].fetch_add(1, SeqCst);
    }

    /// How often they have been asked.
    pub(crate) fn asked(&self) -> u64 {
        self.words[ASKED].load(Relaxed)
    }

    /// Says that every process of the run is being stopped.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.gates[IS_PAUSED].store(u32::from(paused), SeqCst);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.gates[IS_PAUSED].load(SeqCst) == 1
    }

    /// The word that whoever must not go on yet waits on.
    pub(crate) fn pause_gate(&self) -> &'static AtomicU32 {
        &self.gates[IS_PAUSED]
    }

    /// Says that the run goes on, after so long.
    pub(crate) fn end_pause(&self, length: Duration) {
        self.words[PAUSED].fetch_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX), SeqCst);
        self.set_paused(false);
    }

    /// For how long the run has stood still so far.
    pub(crate) fn paused(&self) -> Duration {
        Duration::from_nanos(self.words[PAUSED].load(Relaxed))
    }

    /// What each lane is running.
    pub(crate) fn running(&self) -> impl Iterator<Item = CaseId> {
        self.lane_words().iter().filter_map(|lane| {
            let word = lane.load(Acquire);
            (word > 0).then(|| CaseId((word - 1) as u32))
        })
    }

    /// What this lane is running.
    pub(crate) fn running_in(&self, lane: usize) -> Option<CaseId> {
        let word = self.lane_words()[lane].load(Acquire);
        (word > 0).then(|| CaseId((word - 1) as u32))
    }

    fn lane_words(&self) -> &'static [AtomicU64] {
        &self.words[HEAD..HEAD + self.lanes]
    }

    /// Says what a lane runs from now on; `None` when it waits.
    pub(crate) fn set_running(&self, lane: usize, case: Option<CaseId>) {
        let word = match case {
            Some(case) => u64::from(case.0) + 1,
            None => 0,
        };
        self.words[HEAD + lane].store(word, Release);
    }

    /// Appends to the list of finished tests. Whether somebody has to ring: the supervisor sleeps, or the list is complete.
    pub(crate) fn push_finished(&self, case: CaseId) -> bool {
        let place = self.words[FINISHED].fetch_add(1, SeqCst) as usize;
        self.words[HEAD + self.lanes + place].store(u64::from(case.0) + 1, SeqCst);
        // Counted behind the entry: another lane may have taken a place before this one, and not written it yet.
        let listed = self.words[LISTED].fetch_add(1, SeqCst) as usize + 1;
        self.is_bell_armed() || listed == self.in_pool
    }

    /// Whether the supervisor sleeps and has to be rung for; true once each time it does.
    pub(crate) fn is_bell_armed(&self) -> bool {
        self.words[DOORBELL].load(SeqCst) == 1 && self.words[DOORBELL].swap(0, SeqCst) == 1
    }

    /// The finished test at this place of the list, if the lane that took the place has written it yet.
    pub(crate) fn finished(&self, place: usize) -> Option<CaseId> {
        if place >= self.cases {
            return None;
        }
        match self.words[HEAD + self.lanes + place].load(SeqCst) {
            0 => None,
            word => Some(CaseId((word - 1) as u32)),
        }
    }

    /// How many places of the list are taken.
    pub(crate) fn finished_count(&self) -> usize {
        self.words[FINISHED].load(SeqCst) as usize
    }

    /// Whether every test is in the list, written and not only counted.
    pub(crate) fn is_all_finished(&self) -> bool {
        self.words[LISTED].load(SeqCst) as usize >= self.in_pool
    }

    /// Asks the lanes to ring when a test finishes, or not to.
    pub(crate) fn arm_doorbell(&self, armed: bool) {
        self.words[DOORBELL].store(u64::from(armed), SeqCst);
    }

    /// The place of the `attempt`th attempt at a test, counted from 0.
    pub(crate) fn slot(&self, case: CaseId, attempt: u64) -> Slot {
        let first = HEAD + self.lanes + self.cases + case.index() * SLOT;
        let words = self.words;
        Slot { state: &words[first], start: &words[first + 1], end: &words[first + 2], attempt }
    }
}

/// One attempt at one test: its place in the table.
///
/// The attempt's number is part of the state, so that a worker that lost its test (a hung one that goes on after all)
/// cannot finish the attempt that came after it.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    state: &'static AtomicU64,
    start: &'static AtomicU64,
    /// Or which fixture is set up or torn down.
    end: &'static AtomicU64,
    attempt: u64,
}

impl Slot {
    /// How this attempt stands.
    pub(crate) fn state(self) -> State {
        let word = self.state.load(Acquire);
        let number = (word & 0x7f) as usize;
        if number < STATES.len() && word >> 8 == self.attempt { STATES[number] } else { State::Pending }
    }

    #[inline(always)] // see `execute::child`
    fn word(self, state: State) -> u64 {
        self.attempt << 8 | state as u64
    }

    #[inline(always)] // see `execute::child`
    pub(crate) fn begin(self, now: Moment) {
        self.start.store(now.0, Relaxed);
        self.state.store(self.word(State::Running), Release);
    }

    /// Says that a fixture is being set up for the test.
    pub(crate) fn set_up(self, fixture: u32, now: Moment) {
        self.start.store(now.0, Relaxed);
        self.end.store(fixture.into(), Relaxed);
        self.state.store(self.word(State::SettingUp), Release);
    }

    /// Says that a fixture is being torn down behind the test, unless that has been taken away.
    pub(crate) fn tear_down(self, fixture: u32) {
        let before = self.state.load(Acquire);
        if self.is_at_work(before) {
            self.end.store(fixture.into(), Relaxed);
            let now = self.word(State::TearingDown) | before & WRITTEN;
            let _ = self.state.compare_exchange(before, now, AcqRel, Acquire);
        }
    }

    /// Whether this attempt has begun, and nothing has ended it.
    #[inline(always)] // see `execute::child`
    fn is_at_work(self, word: u64) -> bool {
        // One by one: this is asked for every test, by code that is not optimised.
        let state = word & 0x7f;
        let is_begun = state == State::Running as u64
            || state == State::SettingUp as u64
            || state == State::TearingDown as u64;
        is_begun && word >> 8 == self.attempt
    }

    /// Which fixture is being set up, or torn down.
    pub(crate) fn fixture(self) -> u32 {
        self.end.load(Relaxed) as u32
    }

    /// Says that the test, which runs, has written to pipes that are its alone.
    pub(crate) fn mark_written(self) {
        self.state.store(self.word(State::Running) | WRITTEN, Release);
    }

    /// Whether that was said.
    pub(crate) fn has_written(self) -> bool {
        self.state.load(Acquire) & WRITTEN != 0
    }

    /// Replaces `Running` (or what fixtures have put in its place) by a final state. `false` if the test is no longer this attempt's
    /// to finish.
    #[inline(always)] // see `execute::child`
    pub(crate) fn finish(self, state: State, now: Moment) -> bool {
        let before = self.state.load(Acquire);
        if !self.is_at_work(before) {
            return false;
        }
        self.end.store(now.0, Relaxed);
        let after = self.word(state) | before & WRITTEN;
        // It was exchanged if it was what it had to be; `is_ok` would be a call.
        let (Ok(found) | Err(found)) = self.state.compare_exchange(before, after, AcqRel, Acquire);
        found == before
    }

    #[inline(always)] // see `execute::child`
    pub(crate) fn started(self) -> Moment {
        Moment(self.start.load(Relaxed))
    }

    pub(crate) fn ended(self) -> Moment {
        Moment(self.end.load(Relaxed))
    }
}

#[cfg(test)]
mod tests;
