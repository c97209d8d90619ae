//! Which test a thread belongs to, and where that runs: for names of ports, databases and files that must not collide.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

/// Where a test runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) lane: u32,
    pub(crate) attempt: u32,
}

/// Which test runs, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) seat: Seat,
}

thread_local! {
    static CURRENT: Cell<Option<Identity>> = const { Cell::new(None) };
    /// That of the thread that has spawned this one.
    static INHERITED: Cell<Option<Identity>> = const { Cell::new(None) };
}

/// What this process's lanes count from.
static FIRST_LANE: AtomicUsize = AtomicUsize::new(0);

/// In a process that runs one unit, where threads may not have inherited it.
static OF_PROCESS: RwLock<Option<Identity>> = RwLock::new(None);

/// Says which test this thread belongs to from now on.
pub(crate) fn set_identity(identity: Option<Identity>) {
    // A thread that ends belongs to none.
    let _ = CURRENT.try_with(|current| current.set(identity));
}

/// Says which test this thread was spawned by.
pub(super) fn inherit_identity(identity: Option<Identity>) {
    let _ = INHERITED.try_with(|inherited| inherited.set(identity));
}

/// The test that this thread was told, or that has spawned it.
pub(crate) fn known_identity() -> Option<Identity> {
    own_identity().or_else(|| INHERITED.try_with(Cell::get).ok().flatten())
}

/// Says which test every thread belongs to that has not been told.
pub(crate) fn set_identity_of_process(identity: Identity) {
    *OF_PROCESS.write().unwrap_or_else(PoisonError::into_inner) = Some(identity);
}

/// Has this process's lanes count from `first`: others have the numbers below.
pub(crate) fn count_lanes_from(first: usize) {
    FIRST_LANE.store(first, Relaxed);
}

/// The test that this thread runs; `None` for threads that it has spawned.
pub(crate) fn own_identity() -> Option<Identity> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

#[track_caller]
fn identity(asked: &str) -> Identity {
    let of_process = || *OF_PROCESS.read().unwrap_or_else(PoisonError::into_inner);
    match known_identity().or_else(of_process) {
        Some(identity) => identity,
        None => panic!(
            "`{asked}()` was called where no test runs: call it in a test, or in a thread that one has spawned"
        ),
    }
}

/// The number of the lane that runs the calling test: unique among the tests that run at the same time, and small. The pool's lanes
/// count from 0 to one less than `--test-threads`; where the pool and processes of single tests run side by side, those processes
/// count on from there, and so does a lane whose test has been given up and still runs. Under cargo-nextest it is the number that
/// nextest has for it, which no other test of its run has at the same time.
///
/// # Panics
///
/// Where no test runs.
#[must_use]
#[track_caller]
pub fn lane() -> usize {
    FIRST_LANE.load(Relaxed) + identity("lane").seat.lane as usize
}

/// The name of the calling test, as it is listed: `parser::tests::empty`.
///
/// # Panics
///
/// Where no test runs.
#[must_use]
#[track_caller]
pub fn name() -> &'static str {
    identity("name").name
}

/// Which attempt at the calling test this is, from 0: more when it was taken out of the pool, or is tried again.
///
/// # Panics
///
/// Where no test runs.
#[must_use]
#[track_caller]
pub fn attempt() -> usize {
    identity("attempt").seat.attempt as usize
}
