//! Fixtures that fail, and tests that take a suite's process with them: what is told, what still runs, and how it ends.

use super::{Ran, Road, run, run_with};
use crate::expect::Mode;

#[test]
fn c18_bug_2_21_set_ups_that_fail_come_out_as_the_table_says() {
    for road in Road::SAFE {
        let ran = run("set_ups", road, 4, &[]);
        ran.expect_table();
        // One line for each fixture, however many tests it blocks; a split one's failure is told with each test.
        ran.expect_troubles(&[
            "set-up of aborts::broken: its process was killed by signal 6 (SIGABRT)",
            "set-up of around::one_broken::bad: \"bad\"",
            "set-up of around_abort::one_broken::bad: its process was killed by signal 6 (SIGABRT)",
            "set-up of exits_zero::broken: its process exited with code 0",
            "set-up of fails::broken: \"no database\"",
            "set-up of hangs::broken: it was still running after 2s, and was stopped",
            "set-up of panics::broken: it panicked",
            "set-up of panics_with_a_number::broken: it panicked",
        ]);
        expect_nothing_blocked_ran(&ran);
        ran.expect_text("---- set-up of aborts::broken ----\nlast words\n");
        ran.expect_no_text("pool died");
    }
}

/// On the roads without processes too: those that leave the process alive.
#[test]
fn c11_bug_2_11_a_set_up_that_fails_or_panics_blocks_the_tests_below_and_no_other() {
    for road in Road::all() {
        let ran = run("set_ups", road, 1, &["fails::", "panics::", "unaffected::", "without_a_fixture"]);
        ran.expect_code(101).expect_text("FAILED. 2 passed; 8 failed; 0 ignored");
        expect_nothing_blocked_ran(&ran);
        // nose 2.11: a failed context counted as set up.
        let counts = ["fails", "panics"].map(|scenario| ran.steps.count(scenario, "+ broken"));
        if counts != [1, 1] {
            ran.fail(&format!("{road:?}: a unit's set-up is not tried again: {counts:?}"));
        }
        let expected = ["fails::one", "fails::below::two", "panics::one", "panics::below::two"];
        let report = ran.report();
        for name in expected {
            if report.results.get(name).is_none_or(|said| said != &["FAILED"]) {
                ran.fail(&format!("{road:?}: `{name}` should be blocked"));
            }
        }
    }
}

/// What a set-up panics with need not be a text.
#[test]
fn c15_a_set_up_that_panics_with_a_number_blocks_its_tests_and_the_run_goes_on() {
    for road in Road::all() {
        let ran = run("set_ups", road, 1, &["panics_with_a_number", "unaffected"]);
        ran.expect_code(101).expect_text("FAILED. 1 passed; 4 failed; 0 ignored");
        ran.expect_troubles(&["set-up of panics_with_a_number::broken: it panicked"]);
        expect_nothing_blocked_ran(&ran);
        ran.expect_units("unaffected", &["+ good, = runs, - good"]);
    }
}

#[test]
fn c24_a_fixture_of_each_test_is_torn_down_whatever_comes_of_the_test() {
    for road in Road::all() {
        let ran = run("per_test", road, 1, &[]);
        ran.expect_table();
        ran.expect_units(
            "class",
            &[
                "+ own, = passes, = its tear-down, - own",
                "+ own, - own", // its set-up failed: it is dropped there, and not torn down
                "+ own, = fails, = its tear-down, - own",
            ],
        );
    }
}

#[test]
fn c28_fixtures_are_around_generated_tests_as_around_others() {
    for road in Road::all() {
        let ran = run("per_test", road, 1, &["checks"]);
        ran.expect_code(0).expect_text("ok. 4 passed");
        ran.expect_units("checks", &["+ outer, = one, = two, - outer"]);
        ran.expect_units("checks_alone", &["+ inner, = one, - inner", "+ inner, = two, - inner"]);
    }
}

#[test]
fn c25_a_module_of_one_function_is_set_up_and_torn_down_around_its_error() {
    for road in Road::all() {
        for lanes in [1, 4] {
            let ran = run("per_test", road, lanes, &["function::", "has_no_fixture"]);
            ran.expect_code(101).expect_text("FAILED. 1 passed; 1 failed").expect_text("Error: \"no good\"");
            ran.expect_units("function", &["+ attached, = returns_an_error, - attached"]);
        }
    }
}

#[test]
fn c12_a_set_up_that_skips_ignores_the_tests_below_and_the_run_is_good() {
    for road in Road::all() {
        let ran = run("set_ups", road, 2, &["skips::", "unaffected"]);
        ran.expect_code(0).expect_text("ok. 1 passed; 0 failed; 4 ignored");
        ran.expect_text("test skips::one ... ignored, no docker here");
        ran.expect_text("test split_skips::below::two ... ignored, no display here");
        ran.expect_troubles(&[]);
        expect_nothing_blocked_ran(&ran);
    }
}

/// nose 2.10: fixtures around one that failed were never torn down.
#[test]
fn bug_2_10_what_is_set_up_around_a_fixture_that_fails_is_torn_down() {
    for road in Road::all() {
        let ran = run("set_ups", road, 1, &["around::"]);
        ran.expect_code(101).expect_units("around", &["+ outer, + good, - good, = runs, - outer"]);
    }
    for road in Road::SAFE {
        let ran = run("set_ups", road, 1, &["around_abort::"]);
        ran.expect_code(101).expect_text("FAILED. 1 passed; 1 failed");
        // The process is gone: the rest of the suite has another.
        ran.expect_units("around_abort", &["+ outer", "+ outer, = runs, - outer"]);
    }
}

#[track_caller]
fn expect_nothing_blocked_ran(ran: &Ran) {
    let scenarios =
        ["aborts", "exits_zero", "fails", "hangs", "panics", "skips", "split_fails", "split_panics"];
    let others = ["split_skips", "panics_with_a_number", "split_panics_with_a_number"];
    for scenario in scenarios.into_iter().chain(others) {
        if ran.steps.of(scenario).iter().any(|(_, step)| *step != "+ broken") {
            ran.fail(&format!("{:?}: nothing of `{scenario}` should run behind its set-up", ran.road));
        }
    }
}

#[test]
fn a_split_set_up_that_takes_the_process_with_it_fails_its_own_test() {
    for road in Road::SAFE {
        let ran = run("split_set_ups", road, 4, &[]);
        ran.expect_table();
        // It may have been in flight when the pool died, and then it is tried again.
        let whole = "+ good, = runs, - good";
        let units = ran.steps.units("unaffected");
        let is_part = |(_, unit): &(u32, String)| whole.starts_with(unit.as_str());
        if !units.iter().all(is_part) || units.iter().filter(|(_, unit)| unit == whole).count() != 1 {
            ran.fail(&format!("{road:?}: `unaffected` should have run to its end once: {units:?}"));
        }
    }
}

/// Of `tear_downs`: results stand, the run fails, a line says why.
#[track_caller]
fn tears_down(road: Road, name: &str, steps: &[&str], trouble: Option<&str>) -> Ran {
    let ran = run("tear_downs", road, 2, &["--exact", &format!("{name}::passes")]);
    ran.expect_nobody_left().expect_text(&format!("test {name}::passes ... ok"));
    ran.expect_code(if trouble.is_some() { 101 } else { 0 });
    let word = if trouble.is_some() { "FAILED" } else { "ok" };
    ran.expect_text(&format!("test result: {word}. 1 passed; 0 failed"));
    ran.expect_troubles(&trouble.into_iter().collect::<Vec<_>>());
    ran.expect_units(name, &[&steps.join(", ")]);
    ran
}

/// A fixture that has a tear-down alone makes its module one unit.
#[test]
fn m3_a_module_with_only_a_tear_down_is_one_unit() {
    for road in Road::all() {
        for lanes in [1, 2] {
            let ran = run("tear_downs", road, lanes, &["alone::"]);
            ran.expect_code(0).expect_text("ok. 2 passed; 0 failed").expect_troubles(&[]);
            let (pids, steps): (Vec<u32>, Vec<&str>) = ran.steps.of("alone").into_iter().unzip();
            let is_one_process = pids.iter().all(|pid| *pid == pids[0]);
            if steps != ["= one", "= two", "- cleaner"] || !is_one_process {
                ran.fail(&format!("{road:?}: the steps of one process should be these, not {steps:?}"));
            }
        }
    }
}

const TO_THE_END: &[&str] = &["+ around", "+ value", "= passes", "- value", "- around"];
const TO_THE_FIRST: &[&str] = &["+ around", "+ value", "= passes", "- value"];

#[test]
fn a_tear_down_block_has_the_value_and_comes_once_in_reverse_order() {
    for road in Road::all() {
        for name in ["ends_well", "returns_ok", "split_ends_well"] {
            tears_down(road, name, TO_THE_END, None);
        }
    }
}

#[test]
fn a_tear_down_that_fails_fails_the_run_and_the_outer_ones_still_come() {
    for road in Road::all() {
        let error = "teardown of returns_err::value: \"cannot be removed\"";
        tears_down(road, "returns_err", TO_THE_END, Some(error));
        let ran = tears_down(road, "panics", TO_THE_END, Some("teardown of panics::value: it panicked"));
        ran.expect_text("cannot be stopped");
        let error = "teardown of split_returns_err::value: \"cannot be emptied\"";
        tears_down(road, "split_returns_err", TO_THE_END, Some(error));
        tears_down(road, "split_panics", TO_THE_END, Some("teardown of split_panics::value: it panicked"));
    }
}

#[test]
fn a_tear_down_that_dies_or_hangs_fails_the_run_and_results_stand() {
    for road in Road::SAFE {
        let trouble = "teardown of aborts::value: its process was killed by signal 6 (SIGABRT)";
        tears_down(road, "aborts", TO_THE_FIRST, Some(trouble));
        let trouble = "teardown of hangs::value: it was still running after 2s, and was stopped";
        tears_down(road, "hangs", TO_THE_FIRST, Some(trouble));
    }
}

#[test]
fn a_tear_down_that_exits_with_zero_fails_the_run() {
    for road in Road::SAFE {
        tears_down(
            road,
            "exits_zero",
            TO_THE_FIRST,
            Some("teardown of exits_zero::value: its process exited with code 0"),
        );
    }
}

/// A test with fixtures of its own has come out before they are torn down. In the pool it is tried again first.
#[test]
fn a_split_tear_down_that_dies_or_hangs_is_named_and_the_result_stands() {
    for road in Road::SAFE {
        for (name, how) in [
            ("split_aborts", "its process was killed by signal 6 (SIGABRT)"),
            ("split_exits_zero", "its process exited with code 0"),
            ("split_hangs", "it was still running after 2s, and was stopped"),
        ] {
            let ran = run("tear_downs", road, 2, &["--exact", &format!("{name}::passes")]);
            ran.expect_nobody_left().expect_code(101).expect_text(&format!("test {name}::passes ... ok"));
            ran.expect_text("test result: FAILED. 1 passed; 0 failed");
            ran.expect_troubles(&[&format!("teardown of {name}::value: {how}")]);
            if name == "split_aborts" {
                ran.expect_text("---- teardown of split_aborts::value ----\nlast words\n");
            }
        }
    }
}

/// Where nothing that went wrong in the pool is tried again.
#[test]
fn split_fixtures_that_die_are_named_in_the_pool_too() {
    for mode in [Mode::Parallel, Mode::Pooled] {
        let never = ("SNOUT_ISOLATE", "never");
        let set_up = |name| run_with("split_set_ups", Road::In(mode), &[name], &[never]);
        for (name, how) in [
            ("aborts", "its process was killed by signal 6 (SIGABRT)"),
            ("exits_zero", "its process exited with code 0"),
            ("hangs", "it was still running after 2s, and was stopped"),
        ] {
            let ran = set_up(name);
            ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 0 passed; 1 failed");
            ran.expect_text(&format!("not run: fixture `{name}::broken` could not be set up: {how}"));
        }
        for (name, how) in [
            ("split_aborts", "its process was killed by signal 6 (SIGABRT)"),
            ("split_exits_zero", "its process exited with code 0"),
            ("split_hangs", "it was still running after 2s, and was stopped"),
        ] {
            let ran = run_with("tear_downs", Road::In(mode), &[&format!("{name}::")], &[never]);
            ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 1 passed; 0 failed");
            ran.expect_troubles(&[&format!("teardown of {name}::value: {how}")]);
        }
    }
}

#[test]
fn a_tear_down_that_dies_amid_a_suite_is_named_and_harms_no_test_behind_it() {
    for road in Road::SAFE {
        let ran = run("tear_downs", road, 1, &["amid_dies::"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 2 passed; 0 failed");
        let how = "its process was killed by signal 6 (SIGABRT)";
        ran.expect_troubles(&[&format!("teardown of amid_dies::inner::bad: {how}")]);
        ran.expect_units("amid_dies", &["+ outer, = first", "+ outer, = second, - outer"]);
    }
}

#[test]
fn what_a_split_tear_down_says_before_it_panics_is_shown() {
    for road in Road::all() {
        let ran = run("tear_downs", road, 2, &["split_panics"]);
        ran.expect_code(101).expect_text("---- teardown of split_panics::value ----\n");
        ran.expect_text("cannot be cleaned");
    }
}

#[test]
fn a_value_whose_drop_panics_fails_the_run() {
    for road in Road::all() {
        let ran = run("tear_downs", road, 1, &["drop_panics"]);
        ran.expect_code(101).expect_text("FAILED. 1 passed; 0 failed");
        ran.expect_troubles(&["teardown of drop_panics::bomb: it panicked"]).expect_text("dropped too hard");
    }
}

#[test]
fn bug_2_10_a_tear_down_that_fails_amid_a_suite_harms_no_test_behind_it() {
    for road in Road::all() {
        let ran = run("tear_downs", road, 1, &["amid::"]);
        ran.expect_code(101).expect_text("FAILED. 2 passed; 0 failed");
        ran.expect_troubles(&["teardown of amid::inner::bad: it panicked"]);
        ran.expect_units("amid", &["+ outer, = first, = second, - outer"]);
    }
}

#[test]
fn a_handle_that_is_kept_is_told_of() {
    for road in Road::all() {
        let ran = run("tear_downs", road, 1, &["kept::"]);
        ran.expect_code(101).expect_troubles(&[
            "teardown of kept::value: something still holds it: a handle was kept in a static, or by a thread that goes on",
        ]);
    }
}

/// nose 2.2, 2.17, 2.19, 2.21: the rest of a task was lost, or failed for what it had not done.
#[test]
fn m14_bugs_2_2_2_17_2_19_tests_that_end_or_stop_their_suite_fail_alone() {
    for road in Road::SAFE {
        let ran = run("deaths", road, 4, &[]);
        ran.expect_table().expect_troubles(&[]);
        let steps: Vec<&str> = ran.steps.of("suite").into_iter().map(|(_, step)| step).collect();
        let expected = [
            "+ value, = t1_passes, = t2_panics, = t3_passes, = t4_aborts",
            "+ value, = t5_passes, = t6_exits_zero",
            "+ value, = t7_hangs",
            "+ value, + inner, = t8_passes, = t9_is_killed",
            "+ value, = t10_passes, = t11_skips, - value",
        ];
        if steps.join(", ") != expected.join(", ") {
            ran.fail(&format!("{road:?}: steps should be {expected:#?}"));
        }
        ran.expect_units("unaffected", &["+ value, = one, = two, - value"]);
        ran.expect_text("last words");
    }
}

/// The next test has not begun when the process ends, for it can tell nobody anything: it runs in another.
#[test]
fn a_suite_goes_on_in_another_process_when_a_test_has_closed_its_descriptors() {
    for road in Road::SAFE {
        let ran = run("closes_descriptors", road, 2, &[]);
        ran.expect_table().expect_troubles(&["teardown of suite: its process exited with code 1"]);
        ran.expect_units(
            "suite",
            &["+ value, = t1_passes, = t2_closes_everything", "+ value, = t3_passes, = t4_fails, - value"],
        );
    }
}

/// Children that hang keep the lanes; a pool that has nothing left to do must not be taken for one that hangs too.
#[test]
fn a_pool_that_is_done_before_the_children_ends_well() {
    for mode in [Mode::Parallel, Mode::Pooled] {
        // A child for each lane; the first is waited for until its time is up.
        let ran = run(
            "tear_downs",
            Road::In(mode),
            2,
            &["hangs", "--skip", "split_hangs", "::ends_well", "split_ends_well", "amid::"],
        );
        ran.expect_code(101).expect_no_text("pool died");
    }
}
