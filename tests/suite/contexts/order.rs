//! What is set up when, for whom, and torn down when: the table of modes, and nose's package.
//!
//! | outer \ inner | unit | split |
//! |---|---|---|
//! | unit | one suite; the inner one's fixture is set up before its first test and torn down behind its last | the same: the suite is the unit, so there is one instance for it |
//! | split | the inner module is a suite with an outer instance of its own; each other test has another | each test has an instance of both |
//!
//! Those where one of the two is shared are in `shared`.

use std::sync::OnceLock;

use super::{Ran, Road, run};

/// On each road, in one lane; once for all claims.
fn on_every_road(check: impl Fn(&Ran)) {
    static RUNS: OnceLock<Vec<Ran>> = OnceLock::new();
    let runs = || Road::all().map(|road| run("order", road, 1, &[])).collect();
    RUNS.get_or_init(runs).iter().for_each(|ran| check(ran.expect_table()));
}

/// A unit that is one process's: where there are processes, its own.
#[track_caller]
fn expect_a_process_each(ran: &Ran, scenario: &str) {
    let mut processes: Vec<u32> = ran.steps.units(scenario).into_iter().map(|(pid, _)| pid).collect();
    let units = processes.len();
    processes.sort_unstable();
    processes.dedup();
    if ran.road.has_processes() && processes.len() != units {
        ran.fail(&format!("{:?}: each unit of `{scenario}` should have a process of its own", ran.road));
    }
}

const ONE_SUITE: &str =
    "+ outer, = z_before, + inner, = second_by_name, = first_by_name, - inner, = a_after, - outer";

#[test]
fn m16_c17_c35_unit_inside_unit_is_one_suite_in_the_order_of_the_source() {
    on_every_road(|ran| {
        ran.expect_units("unit_unit", &[ONE_SUITE]);
    });
}

#[test]
fn c21_split_inside_unit_has_one_instance_for_the_suite() {
    on_every_road(|ran| {
        ran.expect_units("unit_split", &[ONE_SUITE]);
    });
}

#[test]
fn m6_unit_inside_split_is_a_suite_with_an_instance_of_its_own() {
    on_every_road(|ran| {
        ran.expect_units(
            "split_unit",
            &[
                "+ outer, = z_before, - outer",
                "+ outer, + inner, = second_by_name, = first_by_name, - inner, - outer",
                "+ outer, = a_after, - outer",
            ],
        );
    });
}

/// nose 2.1: only the first test of a worker had its fixture.
#[test]
fn m19_bug_2_1_split_inside_split_has_an_instance_of_both_for_each_test() {
    on_every_road(|ran| {
        ran.expect_units(
            "split_split",
            &[
                "+ outer, = z_before, - outer",
                "+ outer, + inner, = second_by_name, - inner, - outer",
                "+ outer, + inner, = first_by_name, - inner, - outer",
                "+ outer, = a_after, - outer",
            ],
        );
    });
}

#[test]
fn unit_and_split_in_one_module_are_set_up_in_source_order_once() {
    on_every_road(|ran| {
        ran.expect_units("one_module", &["+ z, + m, + a, = one, = two, - a, - m, - z"]);
    });
}

#[test]
fn c20_c22_fixtures_of_all_modules_around_are_set_up_outer_first() {
    on_every_road(|ran| {
        ran.expect_units(
            "deep",
            &["+ outermost, + middle, + innermost, = test, - innermost, - middle, - outermost"],
        );
    });
}

#[test]
fn c1_a_tree_of_modules_is_run_in_nose_s_order() {
    on_every_road(|ran| {
        ran.expect_units(
            "p",
            &["+ package, + m, = add, = minus, - m, + s, = test, + s.m, + k, = div, = two_two, - k, = function, - s.m, \
               - s, - package"],
        );
    });
}

#[test]
fn c19_a_context_without_a_test_to_run_is_not_set_up() {
    on_every_road(|ran| {
        ran.expect_units("idle", &[]);
        ran.expect_units("first_ignored", &["+ value, = run, - value"]);
    });
}

/// The suite's process is its own, and its first test may be ignored whatever is shown.
#[test]
fn a_suite_whose_first_test_is_ignored_runs_the_others() {
    for road in Road::all() {
        for lanes in [1, 4] {
            let ran = run("order", road, lanes, &["--nocapture", "ignored"]);
            ran.expect_code(0).expect_text("1 passed; 0 failed; 2 ignored");
            ran.expect_units("first_ignored", &["+ value, = run, - value"]);
        }
    }
}

#[test]
fn m7_m8_a_unit_fixture_is_set_up_once_in_a_process_of_its_own() {
    for road in Road::all() {
        for lanes in [1, 2, 4] {
            let ran = run("order", road, lanes, &["unit_unit", "unit_split", "p::", "one_module"]);
            ran.expect_code(0).expect_text("17 passed; 0 failed");
            for (scenario, fixture) in [("unit_unit", "outer"), ("p", "package"), ("one_module", "z")] {
                let counts = [format!("+ {fixture}"), format!("- {fixture}")]
                    .map(|step| ran.steps.count(scenario, &step));
                if counts != [1, 1] {
                    ran.fail(&format!("{road:?}: `{scenario}` should be set up and torn down once"));
                }
                let processes: Vec<u32> = ran.steps.of(scenario).into_iter().map(|(pid, _)| pid).collect();
                if processes.iter().any(|pid| *pid != processes[0]) {
                    ran.fail(&format!("{road:?}: `{scenario}` should run in one process"));
                }
            }
        }
        expect_a_process_each(&run("order", road, 1, &[]), "unit_unit");
    }
}

/// In the pool instances of several lanes are alive at once; each test has its own.
#[test]
fn split_instances_of_tests_that_run_at_once_are_not_shared() {
    for road in Road::all() {
        let ran = run("order", road, 4, &["split_split"]);
        ran.expect_code(0);
        let counts =
            ["+ outer", "- outer", "+ inner", "- inner"].map(|step| ran.steps.count("split_split", step));
        if counts != [4, 4, 2, 2] {
            ran.fail(&format!("{road:?}: each of four tests should have its own: {counts:?}"));
        }
    }
}

/// nose's cut of a tree into tasks: what is dispatched whole, and what test by test.
#[test]
fn m2_a_module_with_a_fixture_is_one_unit_and_tests_without_are_several() {
    let ran =
        run("order", Road::In(crate::expect::Mode::Isolated), 2, &["unit_unit", "split_unit", "split_split"]);
    ran.expect_code(0);
    let units = ["unit_unit", "split_unit", "split_split"].map(|scenario| ran.steps.units(scenario).len());
    assert_eq!(units, [1, 3, 4], "{}", ran.ended);
    for scenario in ["unit_unit", "split_unit", "split_split"] {
        expect_a_process_each(&ran, scenario);
    }
}
