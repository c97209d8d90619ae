//! The run table by itself.

use super::*;
use crate::accumulate::atomics::zeroed;
use std::sync::atomic::AtomicUsize;
use std::thread;

fn table(lanes: usize, cases: usize) -> RunTable {
    RunTable::new(zeroed(RunTable::size(lanes, cases), RunTable::GATES), lanes, cases)
}

#[test]
fn every_test_is_claimed_once_and_listed_once() {
    const CASES: usize = if cfg!(miri) { 40 } else { 2_000 };
    let table = table(4, CASES);
    table.allow_lanes(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(place) = table.claim(CASES) {
                    table.try_enter().unwrap();
                    let case = CaseId(place as u32);
                    let slot = table.slot(case, 0);
                    slot.begin(Moment(1));
                    assert!(slot.finish(State::Passed, Moment(2)));
                    table.push_finished(case);
                    table.leave();
                }
            });
        }
    });
    let mut listed: Vec<CaseId> = (0..CASES).map(|place| table.finished(place).unwrap()).collect();
    listed.sort();
    assert_eq!(listed, (0..CASES as u32).map(CaseId).collect::<Vec<_>>());
    assert_eq!((table.finished_count(), table.finished(CASES)), (CASES, None));
    assert_eq!(table.lane_counts(), LaneCounts { allowed: 4, active: 0 });
}

#[test]
fn never_more_lanes_are_active_than_allowed() {
    let table = table(4, 1);
    let (active, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    table.allow_lanes(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..if cfg!(miri) { 10 } else { 500 } {
                    if table.try_enter().is_ok() {
                        most.fetch_max(active.fetch_add(1, SeqCst) + 1, SeqCst);
                        active.fetch_sub(1, SeqCst);
                        table.leave();
                    }
                }
            });
        }
    });
    assert!((1..=2).contains(&most.into_inner()));
}

#[test]
fn who_lost_a_test_cannot_finish_it() {
    let table = table(1, 1);
    let (first, second) = (table.slot(CaseId(0), 0), table.slot(CaseId(0), 1));
    first.begin(Moment(1));
    assert!(first.finish(State::TimedOut, Moment(2)));
    assert!(!first.finish(State::Passed, Moment(3)), "the worker came too late");
    assert_eq!(second.state(), State::Pending);
    second.begin(Moment(4));
    assert!(!first.finish(State::Passed, Moment(5)), "this attempt is another's");
    assert_eq!((second.state(), second.started()), (State::Running, Moment(4)));
    assert!(second.finish(State::Passed, Moment(6)));
    assert_eq!((second.state(), second.ended()), (State::Passed, Moment(6)));
}

#[test]
fn the_bell_is_rung_once_when_armed_and_always_for_the_last() {
    let table = table(1, 4);
    assert!(!table.push_finished(CaseId(0)));
    table.arm_doorbell(true);
    assert!(table.push_finished(CaseId(1)));
    assert!(!table.push_finished(CaseId(2)), "one ring wakes");
    assert!(table.push_finished(CaseId(3)), "the last one is waited for");
}

#[test]
fn a_place_that_is_taken_but_not_written_leaves_the_list_incomplete() {
    let table = table(2, 2);
    table.words[FINISHED].fetch_add(1, SeqCst); // a lane, held up before it writes its entry
    assert!(!table.push_finished(CaseId(1)), "the one behind it does not complete the list");
    assert!(!table.is_all_finished());
    assert_eq!((table.finished_count(), table.finished(0)), (2, None));
}
