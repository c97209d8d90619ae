//! The run table: claims, the list of finished tests, the doorbell, lanes that are let in and kept out.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use loom::thread;

use super::{Doorbell, Futex, explore};
use crate::accumulate::atomics::{AtomicU64, yield_now, zeroed};
use crate::accumulate::table::{RunTable, State};
use crate::model::{CaseId, Moment};

fn table(lanes: usize, cases: usize) -> RunTable {
    RunTable::new(zeroed(RunTable::size(lanes, cases), RunTable::GATES), lanes, cases)
}

fn cases(count: usize) -> Vec<CaseId> {
    (0..count as u32).map(CaseId).collect()
}

/// When a test ends that a lane has run.
const ENDED: Moment = Moment(7);

/// What `Lane::run_case` does to the table. Whether the lane found everything finished, and with it its process at its end.
fn run_case(table: RunTable, lane: usize, case: CaseId, bell: &Doorbell) -> bool {
    let slot = table.slot(case, 0);
    slot.begin(Moment(1));
    table.set_running(lane, Some(case));
    if slot.finish(State::Passed, ENDED) && table.push_finished(case) {
        bell.ring();
        return table.is_all_finished();
    }
    false
}

/// The supervisor's loop, until it has seen so many tests finish: those, in their order.
fn supervise(table: RunTable, until: usize, bell: &Doorbell) -> Vec<CaseId> {
    let mut seen = Vec::new();
    loop {
        let before = seen.len();
        while let Some(case) = table.finished(seen.len()) {
            let slot = table.slot(case, 0);
            assert_eq!((slot.state(), slot.ended()), (State::Passed, ENDED), "its slot was written before");
            seen.push(case);
        }
        if seen.len() >= until {
            return seen;
        }
        if seen.len() > before {
            // It looks again after a glance, and has nobody ring.
            continue;
        }
        table.arm_doorbell(true);
        if table.finished_count() > seen.len() {
            yield_now();
            continue;
        }
        bell.wait();
        table.arm_doorbell(false);
        bell.empty();
    }
}

#[test]
fn a_test_is_claimed_once_and_none_is_left_out() {
    explore("claims", || {
        let table = table(2, 3);
        let claim_all = move || std::iter::from_fn(|| table.claim(3)).collect::<Vec<_>>();
        let other = thread::spawn(claim_all);
        let mine = claim_all();
        let mut claimed = [mine, other.join().unwrap()].concat();
        claimed.sort_unstable();
        assert_eq!(claimed, [0, 1, 2]);
    });
}

#[test]
fn what_a_lane_claims_and_what_the_supervisor_claims_is_everything() {
    explore("claims and the rest", || {
        let table = table(1, 3);
        let lane = thread::spawn(move || [table.claim(3), table.claim(3)]);
        let rest = table.claim_rest(3);
        let mut claimed: Vec<usize> = lane.join().unwrap().into_iter().flatten().chain(rest).collect();
        claimed.sort_unstable();
        assert_eq!(claimed, [0, 1, 2]);
    });
}

#[test]
fn a_finished_test_is_listed_once_and_the_last_one_finds_the_list_written() {
    explore("list", || {
        let table = table(2, 2);
        let lane = move |lane: usize| {
            let bell = Doorbell::default();
            if run_case(table, lane, CaseId(lane as u32), &bell) {
                // The process ends here, and with it every lane: nothing is written any more.
                assert!((0..2).all(|place| table.finished(place).is_some()), "counted before it was written");
            }
        };
        let other = thread::spawn(move || lane(1));
        lane(0);
        other.join().unwrap();
        assert!(table.is_all_finished());
        let mut listed: Vec<CaseId> = (0..2).filter_map(|place| table.finished(place)).collect();
        listed.sort();
        assert_eq!((listed, table.finished_count()), (cases(2), 2));
    });
}

#[test]
fn the_supervisor_sees_every_test_of_two_lanes() {
    explore("supervisor and two lanes", || {
        let table = table(2, 2);
        let bell = Doorbell::default();
        let lanes = [0, 1].map(|lane| {
            let bell = bell.clone();
            thread::spawn(move || run_case(table, lane, CaseId(lane as u32), &bell))
        });
        let mut seen = supervise(table, 2, &bell);
        seen.sort();
        assert_eq!(seen, cases(2));
        let found_the_end = lanes.map(|lane| lane.join().unwrap());
        assert!(found_the_end.contains(&true), "somebody ends the process");
    });
}

#[test]
fn the_supervisor_is_woken_for_a_test_that_is_not_the_last() {
    explore("doorbell", || {
        // Another test runs on for long, and does not ring.
        let table = table(1, 2);
        let bell = Doorbell::default();
        let lane = thread::spawn({
            let bell = bell.clone();
            move || run_case(table, 0, CaseId(0), &bell)
        });
        assert_eq!(supervise(table, 1, &bell), cases(1));
        assert!(!lane.join().unwrap());
    });
}

#[test]
fn a_test_whose_time_is_up_is_the_lane_s_or_the_supervisor_s() {
    explore("a test taken away", || {
        let table = table(1, 1);
        let slot = table.slot(CaseId(0), 0);
        slot.begin(Moment(1));
        let lane = thread::spawn(move || slot.finish(State::Passed, ENDED) && table.push_finished(CaseId(0)));
        let is_taken = slot.finish(State::TimedOut, Moment(9));
        let second = table.slot(CaseId(0), 1);
        if is_taken {
            second.begin(Moment(20));
            assert!(second.finish(State::Passed, Moment(21)), "the lane that lost it leaves it alone");
        }
        let is_lanes = lane.join().unwrap();
        assert_ne!(is_taken, is_lanes);
        assert_eq!(table.finished_count(), usize::from(is_lanes));
        let state = if is_taken { second.state() } else { slot.state() };
        assert_eq!(state, State::Passed);
    });
}

/// What is around the lanes of a pool: who runs, and what has been run.
#[derive(Clone)]
struct Pool {
    table: RunTable,
    gate: Futex,
    at_work: Arc<AtomicU64>,
    run: Arc<Vec<AtomicU64>>,
}

impl Pool {
    fn new(lanes: usize, cases: usize) -> Pool {
        let run = (0..cases).map(|_| AtomicU64::new(0)).collect();
        let at_work = Arc::new(AtomicU64::new(0));
        Pool { table: table(lanes, cases), gate: Futex::default(), at_work, run: Arc::new(run) }
    }

    /// `Lane::run_until`, with no more than `most` lanes at work.
    fn run_until(&self, end: usize, most: u64) {
        let table = self.table;
        while table.claimed() < end {
            while let Err(seen) = table.try_enter() {
                if table.claimed() >= end {
                    return;
                }
                self.gate.wait(table.lane_gate(), seen);
            }
            while let Some(place) = table.claim(end) {
                assert!(self.at_work.fetch_add(1, Relaxed) < most, "a lane that was not let in");
                self.run[place].fetch_add(1, Relaxed);
                self.at_work.fetch_sub(1, Relaxed);
                if !table.is_room() {
                    break;
                }
            }
            table.leave();
        }
    }

    fn allow(&self, lanes: u16) {
        self.table.allow_lanes(lanes);
        self.gate.wake_all();
    }

    fn start(&self, end: usize, most: u64) -> thread::JoinHandle<()> {
        let pool = self.clone();
        thread::spawn(move || pool.run_until(end, most))
    }

    fn expect_all_run_once(&self) {
        assert!(self.run.iter().all(|count| count.load(Relaxed) == 1));
    }
}

#[test]
fn never_more_lanes_are_at_work_than_are_allowed() {
    explore("one lane of two allowed", || {
        let pool = Pool::new(2, 2);
        pool.table.allow_lanes(1);
        let lanes = [pool.start(2, 1), pool.start(2, 1)];
        // The supervisor, when it has seen that all is finished: who still waits for room is let go.
        while pool.table.claimed() < 2 {
            yield_now();
        }
        pool.allow(2);
        lanes.into_iter().for_each(|lane| lane.join().unwrap());
        pool.expect_all_run_once();
    });
}

#[test]
fn a_lane_that_is_let_in_later_is_woken() {
    explore("lanes allowed later", || {
        let pool = Pool::new(1, 1);
        let lane = pool.start(1, 1);
        pool.allow(1);
        lane.join().unwrap();
        pool.expect_all_run_once();
        assert_eq!(pool.table.lane_counts().active, 0);
    });
}

#[test]
fn lanes_are_taken_from_the_pool_and_given_back() {
    explore("lanes allowed, taken and given back", || {
        let pool = Pool::new(2, 2);
        pool.table.allow_lanes(2);
        let lanes = [pool.start(2, 2), pool.start(2, 2)];
        pool.allow(0);
        pool.allow(1);
        while pool.table.claimed() < 2 {
            yield_now();
        }
        pool.allow(2);
        lanes.into_iter().for_each(|lane| lane.join().unwrap());
        pool.expect_all_run_once();
        assert_eq!(pool.table.lane_counts().active, 0);
    });
}

#[test]
fn in_lockstep_a_test_begins_when_it_is_named() {
    explore("lockstep", || {
        const END: usize = 2;
        let (table, gate, bell) = (table(1, END), Futex::default(), Doorbell::default());
        let named = Arc::new(AtomicU64::new(0));
        let lane = thread::spawn({
            let (gate, bell, named) = (gate.clone(), bell.clone(), Arc::clone(&named));
            move || {
                while table.claimed() < END {
                    // `Lane::wait_for_permission`
                    while table.granted() <= table.claimed() as u32 && table.claimed() < END {
                        gate.wait(table.grant_gate(), table.claimed() as u32);
                    }
                    if let Some(place) = table.claim(END) {
                        assert!(named.load(Relaxed) > place as u64, "begun before it was named");
                        run_case(table, 0, CaseId(place as u32), &bell);
                    }
                }
            }
        });
        for next in 0..END {
            // `Supervisor::keep_step`
            assert_eq!(table.granted(), table.claimed() as u32);
            named.store(next as u64 + 1, Relaxed);
            table.grant(next as u32 + 1);
            gate.wake_all();
            assert_eq!(supervise(table, next + 1, &bell).last(), Some(&CaseId(next as u32)));
        }
        lane.join().unwrap();
    });
}

#[test]
fn what_has_to_run_alone_begins_when_the_others_are_done() {
    explore("serial", || {
        let (table, gate) = (table(1, 1), Futex::default());
        let others_are_done = Arc::new(AtomicU64::new(0));
        let lane = thread::spawn({
            let (gate, done) = (gate.clone(), Arc::clone(&others_are_done));
            move || {
                while !table.is_serial_granted() {
                    gate.wait(table.serial_gate(), 0);
                }
                assert_eq!(done.load(Relaxed), 1);
            }
        });
        others_are_done.store(1, Relaxed);
        table.grant_serial();
        gate.wake_all();
        lane.join().unwrap();
    });
}
