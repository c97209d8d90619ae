//! Shares the lanes of a run among the suites that run.
//!
//! Each begins with a share, by what it took the last time. One that says that it has no use for all of them any more (its last test is a
//! long one) keeps what it has a use for, and the others go to the next suite; when none waits, to those that have most left to do.
//! Nothing is taken from a suite but what it has said it does not need, so no test waits for a lane that another has.

use std::env;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::arguments::Request;
use super::memory::Memory;
use super::process::Process;
use super::suites::Suite;
use crate::model::Lease;

/// What the lanes of a suite count from is that far apart, by the lanes there are: tests that were given up keep their lane's number, and
/// those in processes have one of their own.
const APART: usize = 4;

/// How many tests may run at the same time.
pub(super) fn all(request: &Request) -> usize {
    let variable = || env::var("RUST_TEST_THREADS").ok()?.parse().ok();
    let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    request.lanes.or_else(variable).unwrap_or_else(processors).max(1)
}

/// Whether somebody has said how many.
pub(super) fn are_stated(request: &Request) -> bool {
    request.lanes.is_some() || env::var_os("RUST_TEST_THREADS").is_some()
}

/// How many of them nobody has.
pub(super) fn free(running: &[Process], all: usize) -> usize {
    all.saturating_sub(running.iter().map(Process::lanes_in_use).sum())
}

/// The lowest number that no suite has that runs.
pub(super) fn place(running: &[Process]) -> usize {
    let is_free = |place: &usize| running.iter().all(|process| process.place != *place);
    (0..).find(is_free).unwrap_or(running.len())
}

/// How a suite's lanes are lent, but for the pipe; `None` if it could not be told of a change.
pub(super) fn lease(
    (suite, memory): (&Suite, &Memory),
    (lanes, all): (usize, usize),
    place: usize,
    scratch: &Path,
) -> Option<Lease> {
    if suite.is_doc || suite.has_runner {
        return None;
    }
    let names: Vec<&str> = memory.order(&suite.name).collect();
    let file = scratch.join(format!("order-{place}"));
    // Without an order they begin in another.
    let is_written = !names.is_empty() && fs::write(&file, names.join("\n")).is_ok();
    let order = if is_written { file.to_str().unwrap_or_default().to_owned() } else { String::new() };
    let number = |lanes: usize| u16::try_from(lanes).ok();
    Some(Lease {
        lanes: number(lanes)?,
        most: number(all)?,
        first: place * APART * all,
        pipe: String::new(),
        order,
    })
}

/// Takes back what suites have no use for.
pub(super) fn take_back(running: &mut [Process]) {
    running.iter_mut().for_each(|process| process.lend(process.lanes.min(process.useful.max(1))));
}

/// Lends what is free to those that have a use for it, where most is left to do.
pub(super) fn lend(running: &mut [Process], all: usize, expected: &dyn Fn(usize) -> Option<Duration>) {
    for _ in 0..free(running, all) {
        let has_use = |process: &&mut Process| process.is_lent() && process.lanes < process.useful;
        let left = |process: &&mut Process| {
            let work = expected(process.suite).map(|work| work.saturating_sub(process.work()));
            work.unwrap_or(Duration::MAX) / u32::try_from(process.lanes).unwrap_or(u32::MAX)
        };
        let Some(process) = running.iter_mut().filter(has_use).max_by_key(left) else { return };
        process.lend(process.lanes + 1);
    }
}
