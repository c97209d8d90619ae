//! `context!`: where tests run, what may run beside them, and for how long.

use std::sync::OnceLock;

use super::{Ran, Road, run, run_with};
use crate::expect::Mode;

/// Walks through the run: `check` is told of each test that begins, and of those under way then.
fn at_each_begin(ran: &Ran, mut check: impl FnMut(&str, &[&str])) {
    let mut under_way: Vec<&str> = Vec::new();
    for step in &ran.steps.0 {
        match step.text.split_once(' ') {
            Some((">", test)) => {
                check(test, &under_way);
                under_way.push(test);
            }
            Some(("<", test)) => under_way.retain(|it| *it != test),
            _ => ran.fail("a step is a begin or an end"),
        }
    }
}

/// How many lanes a test takes of four.
fn width(test: &str) -> usize {
    match test.split(' ').next() {
        Some("broad") => 3,
        Some("everything") => 4,
        _ => 1,
    }
}

/// All of it on each road: once for all claims.
fn on_every_road(check: impl Fn(&Ran)) {
    static RUNS: OnceLock<Vec<Ran>> = OnceLock::new();
    let runs = || Road::all().map(|road| run("lanes", road, 4, &[])).collect();
    for ran in RUNS.get_or_init(runs) {
        ran.expect_nobody_left().expect_code(0).expect_text("31 passed; 0 failed");
        assert_eq!(ran.steps.0.len(), 62, "{:?}: {}", ran.road, ran.ended);
        check(ran);
    }
}

/// nose 2.14: what was marked so was never run.
#[test]
fn m21_bug_2_14_serial_tests_run_and_nothing_runs_beside_them() {
    on_every_road(|ran| {
        at_each_begin(ran, |test, under_way| {
            let is_serial = |name: &str| name.starts_with("serial");
            if !under_way.is_empty() && (is_serial(test) || under_way.iter().any(|it| is_serial(it))) {
                ran.fail(&format!("{:?}: `{test}` began beside {under_way:?}", ran.road));
            }
        });
    });
}

#[test]
fn a_resource_is_never_used_by_two_at_once() {
    on_every_road(|ran| {
        at_each_begin(ran, |test, under_way| {
            for resource in ["printer", "scanner", "paper"] {
                if test.contains(resource) && under_way.iter().any(|it| it.contains(resource)) {
                    ran.fail(&format!("{:?}: `{test}` began beside {under_way:?}", ran.road));
                }
            }
        });
    });
}

#[test]
fn a_broad_test_takes_as_many_lanes_as_it_says() {
    on_every_road(|ran| {
        at_each_begin(ran, |test, under_way| {
            let taken: usize = under_way.iter().map(|it| width(it)).sum();
            if taken + width(test) > 4 {
                ran.fail(&format!("{:?}: `{test}` began beside {under_way:?}", ran.road));
            }
        });
    });
}

/// That the programs above could have run beside each other.
#[test]
fn tests_without_a_wish_do_run_beside_each_other() {
    for road in [Mode::Parallel, Mode::Pooled, Mode::Isolated, Mode::Spawned].map(Road::In) {
        let ran = run("lanes", road, 4, &["anything", "suite_"]);
        let mut most = 0;
        at_each_begin(&ran, |_, under_way| most = most.max(under_way.len() + 1));
        assert!((2..=4).contains(&most), "{road:?}: {most} at once\n{}", ran.ended);
    }
}

#[test]
fn threads_are_fresh_or_pooled_as_the_module_says() {
    let names = |ran: &Ran, test: &str| -> Vec<String> {
        let of_it = ran.steps.0.iter().filter(|step| step.text.starts_with(&format!("{test} on ")));
        of_it.map(|step| step.text.clone()).collect()
    };
    for mode in [Mode::Serial, Mode::Parallel, Mode::Pooled, Mode::Spawned] {
        let ran = run("options", Road::In(mode), 1, &["fresh::"]);
        ran.expect_code(0);
        for test in ["fresh::one", "fresh::two"] {
            assert_eq!(names(&ran, test), [format!("{test} on {test} visit 1")], "{mode:?}: {}", ran.ended);
        }
        let mut visits: Vec<String> =
            ["fresh::pooled::one", "fresh::pooled::two"].iter().flat_map(|test| names(&ran, test)).collect();
        visits.sort_by_key(|text| text.ends_with('2'));
        let is_lane = |text: &String| text.contains(" on snout lane 0 visit ");
        assert!(visits.iter().all(is_lane) && visits[1].ends_with("visit 2"), "{mode:?}: {visits:?}");
    }
    for mode in [Mode::Isolated, Mode::SpawnedAlone] {
        let pooled = [("SNOUT_THREAD_MODE", "pooled")];
        let ran = run_with("options", Road::In(mode), &["fresh::one", "fresh::two"], &pooled);
        for test in ["fresh::one", "fresh::two"] {
            assert_eq!(names(&ran, test), [format!("{test} on {test} visit 1")], "{mode:?}: {}", ran.ended);
        }
    }
}

#[test]
fn an_isolated_test_has_a_process_and_a_module_below_may_take_that_back() {
    for mode in [Mode::Serial, Mode::Parallel, Mode::Pooled, Mode::Spawned] {
        let ran = run("options", Road::In(mode), 2, &["isolated::"]);
        ran.expect_code(0);
        let pids = |text: &str| -> Vec<u32> {
            ran.steps.0.iter().filter(|step| step.text == text).map(|step| step.pid).collect()
        };
        let (isolated, pooled) = (pids("isolated"), pids("in the pool"));
        assert!(isolated[0] != isolated[1] && !isolated.contains(&pooled[0]), "{mode:?}: {isolated:?}");
        assert_eq!(pooled, [pooled[0]; 2], "{mode:?}");
    }
}

#[test]
fn m15_a_module_s_time_limit_beats_the_run_s_and_is_inherited() {
    for road in Road::SAFE {
        let Road::In(mode) = road else { continue };
        let mut command = crate::rig::Program::with_contexts("options").in_mode(mode, 4).into_command();
        command.args(["patient"]).envs([("SNOUT_TIMEOUT", "2s"), ("SNOUT_GRACE", "2s")]);
        let ended = crate::process::run(&mut command);
        ended.expect_code(101).expect_text("FAILED. 1 passed; 3 failed");
        ended.expect_text("test patient::takes_longer_than_the_run_allows ... ok");
        let report = crate::report::read(&ended.text());
        for name in ["", "below::", "suite::"] {
            let section = &report.sections[&format!("patient::impatient::{name}hangs")];
            assert!(section.contains("timed out: still running after 1s"), "{mode:?}: {ended}");
        }
    }
}

/// Runs all of these at once: they wait, most of the time.
fn at_once(roads: &[Road], check: impl Fn(Road) + Sync) {
    std::thread::scope(|scope| {
        let check = &check;
        let running: Vec<_> = roads.iter().map(|&road| scope.spawn(move || check(road))).collect();
        for one in running {
            one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
}

/// nose 2.22: the limit was a task's, and read by users as a test's.
#[test]
fn bug_2_22_a_suite_may_take_longer_than_its_tests_may() {
    at_once(&Road::SAFE, |road| {
        let ran = run("limits", road, 2, &["long::"]);
        ran.expect_code(0).expect_text("ok. 3 passed").expect_nobody_left();
        ran.expect_units("long", &["+ value, = one, = two, = three, - value"]);
    });
}

/// nose 2.7: nobody looked at what was overdue while others came out.
#[test]
fn bug_2_7_a_test_is_stopped_in_time_while_others_come_out_all_the_time() {
    at_once(&Road::SAFE[1..], |road| {
        let ran = run("limits", road, 3, &["slow::", "delivers::"]);
        ran.expect_code(101).expect_text("FAILED. 150 passed; 2 failed").expect_nobody_left();
        let report = ran.report();
        for name in ["slow::alone", "slow::suite::in_a_suite"] {
            if !report.sections[name].contains("timed out: still running after 1s") {
                ran.fail(&format!("{road:?}: `{name}` should have been stopped"));
            }
        }
    });
}

/// Whoever takes longer than it may has failed, even if it hears nobody and ends well before it is killed.
#[test]
fn a_test_that_ends_well_behind_its_limit_has_not_passed() {
    at_once(&Road::SAFE[1..], |road| {
        let ran = run("limits", road, 2, &["late::"]);
        ran.expect_code(101).expect_text("FAILED. 0 passed; 2 failed").expect_nobody_left();
        let report = ran.report();
        for name in ["late::alone", "late::suite::in_a_suite"] {
            if !report.sections[name].contains("timed out: ") {
                ran.fail(&format!("{road:?}: `{name}` took longer than it may"));
            }
        }
    });
}
