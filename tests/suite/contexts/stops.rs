//! How runs end: `--fail-fast`, where what is under way comes out and what is set up is torn down; and processes that do not end.

use super::{Road, run};
use crate::expect::Mode;

/// nose 2.25: results of tests that did run were thrown away, and fixtures of the run torn down while tests used them.
#[test]
fn bug_2_25_a_suite_that_fails_amid_is_torn_down_and_its_rest_not_run() {
    for road in Road::all() {
        let ran = run("stops", road, 1, &["--fail-fast", "fails_amid"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 1 passed; 1 failed; 0 ignored");
        ran.expect_units("fails_amid", &["+ around, = t1_passes, + inner, = t2_fails, - inner, - around"]);
        ran.expect_text("\nunfinished:\n    2 tests of 4 never came out\n").expect_troubles(&[]);
    }
}

/// Where several lanes run tests.
const BESIDE: [Road; 4] =
    [Road::In(Mode::Parallel), Road::In(Mode::Pooled), Road::In(Mode::Isolated), Road::InProcess];

#[test]
fn bug_2_25_a_suite_under_way_in_another_lane_comes_out_as_far_as_it_is() {
    for road in BESIDE.into_iter().chain([Road::In(Mode::Spawned)]) {
        let ran = run("stops", road, 2, &["--fail-fast", "under_way::t", "fails_beside_a_suite"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 1 passed; 1 failed; 0 ignored");
        ran.expect_text("test under_way::t1_is_running ... ok");
        ran.expect_units("under_way", &["+ around, = t1_is_running, - around"]);
        ran.expect_text("\nunfinished:\n    1 test of 3 never came out\n").expect_troubles(&[]);
    }
}

/// nose 2.24: what is shared was torn down while workers still ran tests that use it.
#[test]
fn bug_2_24_what_is_shared_is_torn_down_behind_the_tests_under_way() {
    for road in BESIDE {
        let ran = run("stops", road, 2, &["--fail-fast", "split_under_way", "fails_beside_a_test"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 1 passed; 1 failed; 0 ignored");
        let steps: Vec<&str> = ran.steps.of("split_under_way").into_iter().map(|(_, step)| step).collect();
        if steps != ["+ server", "+ own", "= is_running", "- own", "- server"] {
            ran.fail(&format!("{road:?}: the steps are {steps:?}"));
        }
        ran.expect_no_text("unfinished:").expect_troubles(&[]);
    }
}

#[test]
fn behind_the_failure_that_ends_the_run_none_is_tried_again() {
    for road in Road::SAFE.into_iter().filter(|road| *road != Road::In(Mode::Serial)) {
        let ran = run("stops", road, 2, &["--fail-fast", "fails_beside_a_retry", "tried_again"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 0 passed; 2 failed; 0 ignored");
        assert_eq!(ran.steps.count("tried_again", "= fails"), 1, "{road:?}: {}", ran.ended);
    }
}

/// nose 2.26: the final wait for workers had no limit.
#[test]
fn bug_2_26_what_hangs_when_its_process_ends_is_told_and_does_not_keep_the_run() {
    let hung = "hung while exiting and was killed";
    for road in Road::SAFE {
        let ran = run("exits", road, 2, &["suite::"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 2 passed; 0 failed");
        ran.expect_units("suite", &["+ value, = hangs_at_exit, = comes_behind, - value"]);
        ran.expect_troubles(&["teardown of suite: it was still running after 2s, and was stopped"]);
        let ran = run("exits", road, 2, &["alone::"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 0 passed; 1 failed");
        ran.expect_text(&format!("the test finished, but then its process {hung}"));
    }
    for mode in [Mode::Serial, Mode::Pooled, Mode::Spawned] {
        let ran = run("exits", Road::In(mode), 2, &["in_the_pool::"]);
        ran.expect_code(101).expect_nobody_left().expect_text("FAILED. 1 passed; 0 failed");
        ran.expect_text(&format!("\npool died:\n    its process {hung} while no test was running\n"));
    }
}

/// Elsewhere the system's first process lets orphans go, and a test may wait for that.
#[test]
fn an_orphan_that_has_ended_is_let_go_while_its_test_runs() {
    for road in Road::SAFE {
        run("orphans", road, 2, &[]).expect_table().expect_code(0);
    }
}
