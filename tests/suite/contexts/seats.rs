//! `lane()`: no two tests that run at the same time have the same number, wherever they run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ran, Road, command, finish, run, run_with};
use crate::expect::Mode;

/// From its first line to its last, where a test was seen at work: it may have been longer.
struct Stay<'ran> {
    lane: usize,
    name: &'ran str,
    pid: u32,
    from: usize,
    to: usize,
}

/// Who was where, in the order of their beginnings. Lines are in the order of things: each is written at once, by whoever is at it.
fn stays(ran: &Ran) -> Vec<Stay<'_>> {
    let mut stays: Vec<Stay<'_>> = Vec::new();
    let mut latest: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    for (at, step) in ran.steps.0.iter().enumerate() {
        let words: Vec<&str> = step.text.splitn(3, ' ').collect();
        let [mark, lane, name] = words[..] else { ran.fail("a step is a mark, a lane and a name") };
        let lane = lane.parse().expect("a lane is a number");
        if mark == ">" {
            latest.insert((step.pid, name), stays.len());
            stays.push(Stay { lane, name, pid: step.pid, from: at, to: at });
        } else {
            let stay = &mut stays[latest[&(step.pid, name)]];
            assert_eq!(stay.lane, lane, "{:?}: `{name}` stays where it is\n{}", ran.road, ran.ended);
            stay.to = at;
        }
    }
    stays
}

#[track_caller]
fn expect_a_lane_each(ran: &Ran) {
    let stays = stays(ran);
    for (place, stay) in stays.iter().enumerate() {
        let same = |other: &&Stay<'_>| other.lane == stay.lane && other.to > stay.from;
        if let Some(other) = stays[..place].iter().find(same) {
            let [one, two] = [stay, other].map(|stay| format!("`{}` of process {}", stay.name, stay.pid));
            ran.fail(&format!("{:?}: at once in lane {}: {one} and {two}", ran.road, stay.lane));
        }
    }
}

/// How many tests were seen at work at once, at most.
fn most_at_once(ran: &Ran) -> usize {
    let stays = stays(ran);
    let at_work = |at: usize| stays.iter().filter(|stay| (stay.from..=stay.to).contains(&at)).count();
    (0..ran.steps.0.len()).map(at_work).max().unwrap_or(0)
}

const USUAL: [&str; 4] = ["--skip", "a_hangs::", "--skip", "a_dies::"];

/// Where what runs, in how many lanes.
fn everywhere() -> impl Iterator<Item = (Road, usize)> {
    let lanes = |road| match road {
        Road::In(Mode::Serial) | Road::WithoutProcesses => 1,
        Road::In(_) => 4,
        Road::InProcess => 3,
    };
    Road::all().map(move |road| (road, lanes(road))).chain([(Road::In(Mode::Parallel), 2)])
}

#[test]
fn tests_that_run_at_once_have_lanes_of_their_own() {
    for (road, lanes) in everywhere() {
        let ran = run("seats", road, lanes, &USUAL);
        // Without processes nothing is tried again.
        ran.expect_code(if road.has_processes() { 0 } else { 101 }).expect_nobody_left();
        expect_a_lane_each(&ran);
        let most = most_at_once(&ran);
        // Processes beside the pool count on from its lanes.
        let numbers: BTreeSet<usize> = stays(&ran).iter().map(|stay| stay.lane).collect();
        if most > lanes || numbers.iter().any(|lane| *lane >= 2 * lanes) {
            ran.fail(&format!("{road:?}: {most} at once in {lanes} lanes: {numbers:?}"));
        }
        if lanes > 1 && most < 2 {
            ran.fail(&format!("{road:?}: nothing ran beside anything"));
        }
    }
}

/// What hangs in the pool runs on there when it has been given up, and its lane does other things.
#[test]
fn the_lane_of_a_test_that_hangs_is_nobody_else_s() {
    for (road, lanes) in everywhere().filter(|(road, _)| road.has_processes()) {
        let mut command = command("seats", road, lanes);
        command.env("SNOUT_TIMEOUT", "1s");
        // In one lane all is behind it anyway.
        let fewer: &[&str] = if lanes == 1 { &["--skip", "many::more"] } else { &[] };
        let ran = finish("seats", road, command, fewer);
        ran.expect_code(101).expect_nobody_left().expect_text("5 failed; 0 ignored");
        expect_a_lane_each(&ran);
    }
}

#[test]
fn lanes_are_each_one_s_own_while_pools_are_replaced() {
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Spawned] {
        let arguments = ["--skip", "a_hangs::", "--test-threads=4", "--process-restartworker"];
        let ran = run_with("seats", Road::In(mode), &arguments, &[]);
        ran.expect_code(101).expect_nobody_left().expect_text("2 failed; 0 ignored");
        expect_a_lane_each(&ran);
    }
}

/// Under nextest each test is a process that was started by itself; nextest counts for all of them.
#[test]
fn under_nextest_the_lane_is_nextest_s_slot() {
    for road in [Road::In(Mode::Parallel), Road::In(Mode::Pooled), Road::WithoutProcesses] {
        for (name, lane) in [("many::a", 5), ("split::a", 0), ("suite::a", 3), ("isolated::a", 11)] {
            let slot = lane.to_string();
            let variables =
                [("NEXTEST_EXECUTION_MODE", "process-per-test"), ("NEXTEST_TEST_GLOBAL_SLOT", &*slot)];
            let ran = run_with("seats", road, &["--exact", name, "--nocapture"], &variables);
            ran.expect_code(0);
            let seen: Vec<(usize, &str)> = stays(&ran).iter().map(|stay| (stay.lane, stay.name)).collect();
            assert_eq!(seen, [(lane, name)], "{road:?}: {}", ran.ended);
        }
    }
}
