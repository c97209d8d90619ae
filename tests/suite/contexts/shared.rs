//! Fixtures of the run, and tests that are known only when the program runs: both come from a process that all others are forked from.

use super::{Ran, Road, finish, run, run_with};
use crate::expect::Mode;
use crate::rig::Program;

/// Those on which processes are forked, or none is made.
fn roads() -> impl Iterator<Item = Road> {
    Road::all().filter(|road| !matches!(road, Road::In(Mode::Spawned | Mode::SpawnedAlone)))
}

/// outer × inner, where one of them is shared; the cells without are in `order`.
///
/// | outer  | inner  | what is set up                                                   |
/// |--------|--------|------------------------------------------------------------------|
/// | shared | shared | both once for the run, the outer first                           |
/// | shared | unit   | the outer once for the run; the inner once for its suite         |
/// | shared | split  | the outer once for the run; the inner for each test              |
/// | unit   | shared | the inner once for the run, before the suite; the outer for that |
/// | split  | shared | the inner once for the run; the outer for each test              |
#[test]
fn m17_bugs_2_4_2_5_2_8_2_9_what_is_shared_is_set_up_once_before_and_torn_down_once_behind_all_that_uses_it()
{
    for road in roads() {
        let ran = run("shared", road, 2, &[]);
        ran.expect_code(0).expect_text("9 passed; 0 failed; 1 ignored").expect_nobody_left();
        ran.expect_troubles(&[]);
        let steps = ran.steps.of("shared");
        let place = |wanted: &str| steps.iter().position(|(_, step)| *step == wanted);
        let order = ["+ server", "= inner's set-up", "+ inner", "= three", "- inner", "- server"].map(place);
        if order.iter().any(Option::is_none) || !order.is_sorted() || place("= one") > place("- server") {
            ran.fail(&format!("{road:?}: the steps of `shared` are {steps:?}"));
        }
        for (scenario, step) in [
            ("shared", "+ server"),
            ("shared", "- server"),
            ("inside", "+ inside_unit"),
            ("inside", "+ inside_split"),
        ] {
            expect_count(&ran, scenario, step, 1);
        }
        expect_count(&ran, "unused", "+ never", 0);
        ran.expect_units("unit", &["+ unit, = a, = b, - unit"]);
        ran.expect_units("split", &["+ split, = c, - split"]);
        ran.expect_units("around", &["+ unit, = d, - unit"]);
        ran.expect_units("around_split", &["+ split, = e, - split"]);
    }
}

fn expect_count(ran: &Ran, scenario: &str, step: &str, count: usize) {
    if ran.steps.count(scenario, step) != count {
        ran.fail(&format!("{:?}: `{scenario} {step}` should be there {count} times", ran.road));
    }
}

#[test]
fn tests_run_in_other_processes_than_the_one_that_has_set_up() {
    for road in roads().filter(|road| road.has_processes()) {
        let ran = run("shared", road, 2, &["outer::one", "outer::two"]);
        let steps = ran.steps.of("shared");
        let host = steps.iter().find(|(_, step)| *step == "+ server").map(|(pid, _)| *pid);
        let users: Vec<u32> =
            steps.iter().filter(|(_, step)| step.starts_with('=')).map(|(pid, _)| *pid).collect();
        if users.len() != 2 || users.iter().any(|user| Some(*user) == host) {
            ran.fail(&format!("{road:?}: {host:?} has set up for {users:?}"));
        }
    }
}

#[test]
fn bug_2_6_one_that_a_selection_needs_is_set_up_and_no_other() {
    for road in roads() {
        let ran = run("shared", road, 2, &["needs_nothing"]);
        ran.expect_code(0);
        expect_count(&ran, "shared", "+ server", 0);
        let ran = run("shared", road, 2, &["--exact", "outer::one"]);
        ran.expect_code(0).expect_text("1 passed");
        expect_count(&ran, "shared", "+ server", 1);
        expect_count(&ran, "shared", "+ inner", 0);
    }
}

#[test]
fn bug_2_16_an_executed_process_inherits_nothing_and_says_so() {
    for mode in [Mode::Spawned, Mode::SpawnedAlone] {
        let ran = run("shared", Road::In(mode), 2, &["outer::one", "needs_nothing"]);
        ran.expect_code(101).expect_text("test needs_nothing ... ok").expect_text("SNOUT_ISOLATION=spawn");
    }
}

#[test]
fn bug_2_12_what_cannot_be_set_up_blocks_its_own_tests_and_no_other() {
    for road in roads() {
        let ran = run("shared_troubles", road, 2, &[]);
        ran.expect_code(101).expect_text("2 passed; 3 failed; 1 ignored").expect_nobody_left();
        ran.expect_text("test unaffected ... ok")
            .expect_text("test skips::skipped ... ignored, no docker here");
        ran.expect_troubles(&[
            "set-up of asks_a_unit::below::shared: it panicked",
            "set-up of fails::broken: \"no disk\"",
            "set-up of panics::broken: it panicked",
        ]);
        for scenario in ["fails", "panics", "skips", "asks_a_unit"] {
            expect_count(&ran, scenario, "ran", 0);
        }
    }
}

#[test]
fn a_host_that_dies_or_hangs_is_told_of_and_the_other_tests_run() {
    for (how, first, trouble) in [
        (
            "abort in set-up",
            "FAILED",
            "set-up of dies::fragile: its process was killed by signal 6 (SIGABRT)",
        ),
        (
            "hang in set-up",
            "FAILED",
            "set-up of dies::fragile: it was still running after 2s, and was stopped",
        ),
        (
            "abort in tear-down",
            "ok",
            "teardown of dies::fragile: its process was killed by signal 6 (SIGABRT)",
        ),
        (
            "hang in tear-down",
            "ok",
            "teardown of dies::fragile: it was still running after 2s, and was stopped",
        ),
        ("panic in tear-down", "ok", "teardown of dies::fragile: it panicked"),
    ] {
        for mode in [Mode::Parallel, Mode::Isolated] {
            let variables = [("HOW", how), ("SNOUT_TIMEOUT", "2s")];
            let ran = run_with("shared_troubles", Road::In(mode), &["dies::", "unaffected"], &variables);
            ran.expect_code(101).expect_nobody_left().expect_text("test unaffected ... ok");
            ran.expect_text(&format!("test dies::first ... {first}")).expect_troubles(&[trouble]);
        }
    }
}

/// nose 2.28: the generator's body ran twice, and its tests not in parallel.
#[test]
fn m5_c30_bug_2_28_generated_tests_are_tests_like_any_other_and_a_generator_that_breaks_is_one_more_error() {
    for road in Road::all() {
        let ran = run("generated", road, 3, &[]);
        ran.expect_code(101).expect_text("13 passed; 2 failed; 0 ignored").expect_nobody_left();
        for line in [
            "test is_small::number 1 ... ok",
            "test is_small::number 6 ... FAILED",
            "test returns::good #2 ... ok",
        ] {
            ran.expect_text(line);
        }
        for line in [
            "test returns::bad ... FAILED",
            "test suite::in_order::3 ... ok",
            "test breaks::counts::2 ... ok",
        ] {
            ran.expect_text(line);
        }
        ran.expect_troubles(&["cases of breaks::counts: it panicked"]);
        let is_spawned = matches!(road, Road::In(Mode::Spawned | Mode::SpawnedAlone));
        if !is_spawned {
            expect_count(&ran, "numbers", "generated", 1);
        }
    }
}

#[test]
fn c45_generated_tests_are_listed_and_selected_by_name() {
    let listed = run("generated", Road::In(Mode::Parallel), 2, &["--list"]);
    listed.expect_code(0).expect_text("is_small::number 2: test\n").expect_text("\n15 tests, 0 benchmarks\n");
    let one = run("generated", Road::In(Mode::Parallel), 2, &["--exact", "is_small::number 2"]);
    one.expect_code(0).expect_text("1 passed; 0 failed").expect_troubles(&[]);
    let direct =
        run("generated", Road::In(Mode::Parallel), 2, &["--exact", "is_small::number 2", "--nocapture"]);
    direct.expect_code(0).expect_text("1 passed; 0 failed");
}

#[test]
fn a_test_is_tried_again_as_often_as_its_context_says() {
    for road in Road::SAFE {
        let ran = run("attempts", road, 2, &["tried_again"]);
        ran.expect_code(101).expect_text("4 passed; 1 failed").expect_nobody_left();
        ran.expect_text("    tried_again::passes_at_last (failed twice, then passed)\n");
        ran.expect_text("    suite::tried_again::passes_alone (failed once, then passed)\n");
        ran.expect_text("at attempt 2").expect_text("test suite::tried_again::comes_behind ... ok");
    }
}

#[test]
fn a_test_whose_context_does_not_say_is_tried_again_as_often_as_the_variable_says() {
    for road in Road::SAFE {
        let ran = run_with("attempts", road, &["passes_in_time"], &[("SNOUT_RETRIES", "1")]);
        ran.expect_code(0).expect_text("1 passed; 0 failed").expect_nobody_left();
        ran.expect_text("    passes_in_time (failed once, then passed)\n");
        let waiting =
            [("SNOUT_RETRIES", "1"), ("SNOUT_RETRY_DELAY", "300ms"), ("SNOUT_RETRY_JITTER", "true")];
        let ran = run_with("attempts", road, &["passes_in_time", "passes_at_once"], &waiting);
        ran.expect_code(0).expect_text("2 passed; 0 failed").expect_nobody_left();
        // What a context says goes before it.
        let ran = run_with("attempts", road, &["tried_again::never_passes"], &[("SNOUT_RETRIES", "7")]);
        ran.expect_code(101).expect_text("at attempt 2");
        let ran = run_with("attempts", road, &["is_broken"], &[("SNOUT_RETRIES", "0")]);
        ran.expect_code(101).expect_text("0 passed; 1 failed");
    }
}

#[test]
fn bug_2_38_a_test_knows_who_it_is() {
    for road in Road::all() {
        run("attempts", road, 2, &["knows_its_name"]).expect_code(0).expect_text("1 passed");
    }
}

/// They wait for each other: were they to run one after the other, none would end well.
#[test]
fn m9_tests_below_a_shared_fixture_run_at_the_same_time() {
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Isolated] {
        let ran = run("at_once", Road::In(mode), 4, &[]);
        ran.expect_table();
        expect_count(&ran, "at_once", "+ server", 1);
        for filter in ["_meets_", "::meets_"] {
            run("at_once", Road::In(mode), 2, &[filter]).expect_code(0).expect_text("ok. 2 passed");
        }
    }
}

/// nose's negative number of processes: one for each processor.
#[test]
fn m10_they_do_so_with_as_many_lanes_as_there_are_processors() {
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return; // one lane is right, then
    }
    for filter in ["_meets_", "::meets_"] {
        let program = Program::with_contexts("at_once").env("SNOUT_PROCESSES", "-1");
        let ran = finish("at_once", Road::In(Mode::Parallel), program.into_command(), &[filter]);
        ran.expect_code(0).expect_text("ok. 2 passed");
    }
}

/// What is forked from a process with threads has the locks that those held at that moment, held for ever.
#[test]
fn threads_of_a_shared_fixture_leave_no_lock_behind_in_the_processes_of_tests() {
    for road in [Road::In(Mode::Parallel), Road::In(Mode::Pooled), Road::In(Mode::Isolated)] {
        for _ in 0..10 {
            run_with("busy_host", road, &[], &[("SNOUT_TIMEOUT", "20s")]).expect_table();
        }
    }
}

/// It asks who has started its process: nobody may be between the two, wherever the test itself has run.
#[test]
fn a_test_that_executes_its_own_binary_finds_itself_there() {
    for road in roads() {
        run("executes_itself", road, 1, &[]).expect_code(0).expect_text("2 passed; 0 failed");
    }
}
