//! Copies of a process that fixtures and iterators make: where they return to, it is over with them.

use super::{Road, run};

#[test]
fn a_copy_sets_nothing_up_runs_no_test_and_tears_nothing_down() {
    for road in Road::all() {
        // What is shared is for forked processes.
        let (names, passed): (&[&str], _) =
            if road.is_spawned() { (&["cases", "split", "unit"], 4) } else { (&[], 5) };
        let ran = run("copies", road, 2, names);
        ran.expect_code(0).expect_text(&format!("ok. {passed} passed; 0 failed;")).expect_nobody_left();
        ran.expect_troubles(&[]).expect_no_text("leaked");
        ran.expect_units("unit", &["+ around, + value, = test, - value, - around"]);
        ran.expect_units("split", &["+ around, + value, = test, - value, - around"]);
        ran.expect_units("cases", &["= 1", "= 2"]);
        if !road.is_spawned() {
            let steps: Vec<&str> = ran.steps.of("shared").into_iter().map(|(_, step)| step).collect();
            if steps != ["+ around", "+ value", "= test", "- value", "- around"] {
                ran.fail(&format!("{road:?}: the steps of `shared` are {steps:?}"));
            }
        }
    }
}
