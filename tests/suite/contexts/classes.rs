//! Outcomes of one's own: how they are shown, counted, and which of them end a run.

use super::{Road, run};
use crate::expect::Mode;

const SHOWN: [&str; 6] = [
    "test t1_skips ... ignored, skipped itself",
    "test t2_skips_for_a_reason ... ignored, no docker here",
    "test t3_is_deprecated ... ignored, DEPRECATED: use the other one",
    "test t4_is_for_later ... ignored, TODO: waits for version 2",
    "test t5_is_broken ... FAILED",
    "test t6_passes ... ok",
];

#[test]
fn c40_classes_of_outcomes_are_shown_by_name_and_counted() {
    for road in Road::all() {
        let ran = run("classes", road, 2, &[]);
        ran.expect_table().expect_text("FAILED. 1 passed; 1 failed; 4 ignored");
        ran.expect_text("\nclasses:\n    BROKEN=1, DEPRECATED=1, TODO=1\n");
        for line in SHOWN {
            ran.expect_text(&format!("{line}\n"));
        }
    }
}

/// nose's marks of one letter: here `i` stands for all that do not fail.
#[test]
fn c40_quiet_a_mark_each() {
    for road in Road::all() {
        let ran = run("classes", road, 1, &["-q"]);
        ran.expect_code(101).expect_text("\niiii").expect_no_text("DEPRECATED: ");
        ran.expect_text("\nclasses:\n    BROKEN=1, DEPRECATED=1, TODO=1\n");
        ran.expect_text("BROKEN: fix me").expect_text("1 passed; 1 failed; 4 ignored");
    }
}

#[test]
fn c40_only_a_class_that_fails_ends_a_run_with_fail_fast() {
    for road in Road::all() {
        let ran = run("classes", road, 1, &["--fail-fast"]);
        ran.expect_code(101).expect_text("FAILED. 0 passed; 1 failed; 4 ignored");
        ran.expect_text("test t4_is_for_later ... ignored").expect_no_text("t6_passes");
        let ran = run("classes", road, 1, &["--fail-fast", "--skip", "t5"]);
        ran.expect_code(0).expect_text("ok. 1 passed; 0 failed; 4 ignored");
        ran.expect_text("\nclasses:\n    DEPRECATED=1, TODO=1\n");
    }
}

/// Ignored ones are counted there; one that fails is a failure like any other.
#[test]
fn c40_classes_are_in_what_machines_read() {
    let ran = run("classes", Road::In(Mode::Parallel), 2, &["--format", "junit"]);
    ran.expect_code(101).expect_text("failures=\"1\" tests=\"6\" skipped=\"4\"");
    ran.expect_text("<failure message=\"BROKEN: fix me\" type=\"assert\"/>");
    let ran = run("classes", Road::In(Mode::Parallel), 2, &["--format", "json"]);
    ran.expect_text(
        "\"name\": \"t4_is_for_later\", \"event\": \"ignored\", \"message\": \"TODO: waits for version 2\"",
    );
}
