//! The queue of tests that get a process of their own: who takes what, what is given up, ends that are seen, numbers that are signalled.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use loom::thread;

use super::{Doorbell, Futex, explore};
use crate::accumulate::atomics::{AtomicU64, zeroed};
use crate::accumulate::queue::{ChildQueue, EndOfChild, HowEnded, Place, Turn};
use crate::accumulate::table::RunTable;
use crate::model::CaseId;

/// The fork servers and what they share with the supervisor.
#[derive(Clone)]
struct Rig {
    queue: ChildQueue,
    /// For its doorbell only.
    table: RunTable,
    gate: Futex,
    bell: Doorbell,
    /// How often which test has been run.
    run: Arc<Vec<AtomicU64>>,
}

impl Rig {
    /// For so many fork servers; the queue holds so many tests.
    fn new(lanes: usize, cases: usize) -> Rig {
        let queue = ChildQueue::new(zeroed(ChildQueue::size(lanes, cases), ChildQueue::GATES), lanes, cases);
        let table = RunTable::new(zeroed(RunTable::size(1, 1), RunTable::GATES), 1, 1);
        let run = Arc::new((0..cases).map(|_| AtomicU64::new(0)).collect());
        Rig { queue, table, gate: Futex::default(), bell: Doorbell::default(), run }
    }

    fn push(&self, turn: Turn) -> Place {
        let place = self.queue.push(turn);
        self.gate.wake_all();
        place
    }

    fn close(&self) {
        self.queue.close();
        self.gate.wake_all();
    }

    /// A fork server that serves until nothing more will come.
    fn serve(&self, lane: usize) -> thread::JoinHandle<Vec<(Place, Turn)>> {
        let rig = self.clone();
        thread::spawn(move || {
            let mut served = Vec::new();
            while let Some((place, turn)) = rig.next_turn(lane) {
                served.push((place, turn));
                rig.run_turn(lane, (place, turn));
            }
            served
        })
    }

    /// `ForkServer::next_turn`
    fn next_turn(&self, lane: usize) -> Option<(Place, Turn)> {
        loop {
            let seen = self.queue.wait_value();
            if let Some(taken) = self.queue.take(lane) {
                return Some(taken);
            }
            self.gate.wait(self.queue.gate(), seen?);
        }
    }

    /// `ForkServer::serve_all`, for one turn.
    fn run_turn(&self, lane: usize, (place, turn): (Place, Turn)) {
        assert_eq!((self.queue.owner(place), self.queue.running(lane)), (Some(lane), Some(place)));
        self.run[turn.case.index()].fetch_add(1, Relaxed);
        self.queue.end(lane, place, ended(turn));
        if self.table.is_bell_armed() || self.queue.is_all_taken() {
            self.bell.ring();
        }
    }

    /// The supervisor's loop, until all these have ended.
    fn await_ends(&self, mut outstanding: Vec<(Place, Turn)>) {
        loop {
            let before = outstanding.len();
            outstanding.retain(|&(place, turn)| !self.has_ended(place, turn));
            if outstanding.is_empty() {
                return;
            }
            if outstanding.len() < before {
                continue;
            }
            self.table.arm_doorbell(true);
            if outstanding.iter().any(|&(place, turn)| self.has_ended(place, turn)) {
                continue;
            }
            self.bell.wait();
            self.table.arm_doorbell(false);
            self.bell.empty();
        }
    }

    /// `Outstanding::ended`
    fn has_ended(&self, place: Place, turn: Turn) -> bool {
        let end = (place < self.queue.taken()).then(|| self.queue.end_of(place)).flatten();
        assert!(end.is_none_or(|end| end == ended(turn)), "another's end");
        end.is_some()
    }

    fn times_run(&self) -> Vec<u64> {
        self.run.iter().map(|count| count.load(Relaxed)).collect()
    }
}

fn turn(case: u32, attempt: u16) -> Turn {
    Turn { case: CaseId(case), attempt }
}

/// How a turn ends here: each in its own way.
fn ended(turn: Turn) -> EndOfChild {
    let how = HowEnded::Exited(i32::from(turn.attempt) * 100 + turn.case.0 as i32);
    EndOfChild { how, ..EndOfChild::default() }
}

#[test]
fn every_turn_is_served_once_and_its_end_is_seen() {
    explore("queue, two fork servers", || {
        let rig = Rig::new(2, 2);
        let servers = [rig.serve(0), rig.serve(1)];
        let given = vec![(rig.push(turn(0, 0)), turn(0, 0)), (rig.push(turn(1, 0)), turn(1, 0))];
        rig.await_ends(given.clone());
        rig.close();
        let mut served = servers.map(|server| server.join().unwrap()).concat();
        served.sort_by_key(|(place, _)| *place);
        assert_eq!((served, rig.times_run()), (given, vec![1, 1]));
    });
}

#[test]
fn the_supervisor_is_woken_by_an_end_that_is_not_the_last() {
    explore("queue, doorbell", || {
        let rig = Rig::new(1, 2);
        let first = rig.push(turn(0, 0));
        rig.push(turn(1, 0));
        let taken = rig.queue.take(0);
        assert_eq!(taken, Some((first, turn(0, 0))));
        let server = rig.clone();
        let server = thread::spawn(move || server.run_turn(0, (first, turn(0, 0))));
        // The second is for another fork server, which is slow.
        rig.await_ends(vec![(first, turn(0, 0))]);
        server.join().unwrap();
    });
}

#[test]
fn an_idle_fork_server_hears_of_a_turn_and_of_the_end() {
    explore("queue, idle fork server", || {
        let rig = Rig::new(1, 1);
        let server = rig.serve(0);
        rig.push(turn(0, 0));
        rig.close();
        assert_eq!(server.join().unwrap(), [(Place(0), turn(0, 0))]);
    });
}

#[test]
fn what_is_given_up_is_not_run_and_what_is_run_is_not_given_up() {
    explore("queue, given up", || {
        let rig = Rig::new(1, 2);
        let server = rig.serve(0);
        let given = [(rig.push(turn(0, 0)), turn(0, 0)), (rig.push(turn(1, 0)), turn(1, 0))];
        rig.queue.give_up();
        let (taken, given_up): (Vec<_>, Vec<_>) =
            given.into_iter().partition(|&(place, _)| rig.queue.owner(place).is_some());
        rig.await_ends(taken.clone());
        rig.close();
        assert_eq!(server.join().unwrap(), taken, "and not {given_up:?}");
    });
}

#[test]
fn what_comes_after_others_were_given_up_is_served() {
    explore("queue, goes on", || {
        let rig = Rig::new(1, 2);
        rig.push(turn(0, 0));
        rig.queue.give_up();
        let server = rig.serve(0);
        let last = rig.push(turn(1, 0));
        rig.await_ends(vec![(last, turn(1, 0))]);
        rig.close();
        assert_eq!(server.join().unwrap(), [(last, turn(1, 0))]);
    });
}

#[test]
fn a_fork_server_knows_the_place_of_what_it_has_taken() {
    explore("queue, an entry used again", || {
        let rig = Rig::new(2, 1);
        let servers = [rig.serve(0), rig.serve(1)];
        for attempt in 0..2 {
            let turn = turn(0, attempt);
            rig.await_ends(vec![(rig.push(turn), turn)]);
        }
        rig.close();
        let mut served = servers.map(|server| server.join().unwrap()).concat();
        served.sort_by_key(|(place, _)| *place);
        assert_eq!(served, [(Place(0), turn(0, 0)), (Place(1), turn(0, 1))]);
    });
}

#[test]
fn a_number_is_signalled_only_while_it_is_the_child_s() {
    explore("queue, leash", || {
        const CHILD: i32 = 4711;
        let rig = Rig::new(1, 1);
        let place = rig.push(turn(0, 0));
        let is_child = Arc::new(AtomicU64::new(0));
        let server = thread::spawn({
            let (rig, is_child) = (rig.clone(), Arc::clone(&is_child));
            move || {
                rig.queue.take(0);
                is_child.store(1, Relaxed);
                rig.queue.hold_out(0, CHILD);
                rig.queue.take_back(0, CHILD);
                // Reaped: the number may be a stranger's now.
                is_child.store(0, Relaxed);
                rig.queue.end(0, place, ended(turn(0, 0)));
            }
        });
        rig.queue.with_child(0, place, |pid| {
            assert_eq!((pid, is_child.load(SeqCst)), (CHILD, 1));
        });
        server.join().unwrap();
        rig.queue.with_child(0, place, |_| panic!("it has ended"));
    });
}
