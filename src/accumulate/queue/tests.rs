//! The queue by itself.

use super::*;
use crate::accumulate::atomics::zeroed;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

fn queue(lanes: usize, cases: usize) -> ChildQueue {
    ChildQueue::new(zeroed(ChildQueue::size(lanes, cases), ChildQueue::GATES), lanes, cases)
}

fn turn(case: u32) -> Turn {
    Turn { case: CaseId(case), attempt: 1 }
}

fn ended(how: HowEnded) -> EndOfChild {
    EndOfChild { how, ..EndOfChild::default() }
}

#[test]
fn every_turn_is_taken_once_and_in_order() {
    const CASES: u32 = if cfg!(miri) { 40 } else { 2_000 };
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
            (Some(_), None) => yield_now(),
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
            tear_down: [TearDown::No, TearDown::Through, TearDown::Of(0), TearDown::Of(4711)]
                [case as usize % 4],
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
    assert_eq!((queue.owner(Place(0)), queue.end_of(Place(0)), queue.owner(Place(1))), (Some(1), None, None));
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
fn what_is_given_up_is_nobody_s_and_what_comes_after_it_is_served() {
    let queue = queue(1, 3);
    let (first, second) = (queue.push(turn(0)), queue.push(turn(1)));
    queue.take(0);
    queue.give_up();
    assert_eq!((queue.owner(first), queue.owner(second)), (Some(0), None));
    assert_eq!((queue.take(0), queue.is_all_taken()), (None, true));
    let third = queue.push(turn(2));
    assert_eq!(queue.take(0), Some((third, turn(2))));
    assert_eq!(queue.wait_value(), Some(queue.gate().load(SeqCst)), "more may come");
}

#[test]
fn who_looks_where_another_turn_has_come_takes_nothing() {
    let queue = queue(2, 1);
    let first = queue.push(turn(0));
    queue.take(0);
    queue.end(0, first, ended(HowEnded::Exited(0)));
    let second = queue.push(Turn { attempt: 2, ..turn(0) });
    queue.words[TAKEN].store(first.0, SeqCst); // a fork server that read the hint long ago
    assert_eq!(queue.take(1), Some((second, Turn { attempt: 2, ..turn(0) })));
    assert_eq!((queue.running(1), queue.taken()), (Some(second), Place(2)));
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
