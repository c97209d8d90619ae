//! Who may call a fixture: tests below its module, their threads, other fixtures there; anybody else is told where it holds.

use super::{Road, run};

#[test]
fn calls_come_out_as_the_table_says_on_every_road() {
    for road in Road::all() {
        for lanes in [1, 4] {
            run("calls", road, lanes, &[]).expect_table();
        }
    }
}

#[test]
fn a_fixture_that_another_calls_is_set_up_first_and_torn_down_last() {
    for road in Road::all() {
        let ran = run("calls", road, 1, &["one_another"]);
        ran.expect_units(
            "one_another",
            &["+ server, + client, = caller_is_set_up_behind, + session, = by_super, - session, - client, - server"],
        );
        ran.expect_units("split_one_another", &["+ server, + client, = one, - client, - server"]);
    }
}

#[test]
fn threads_of_a_test_set_nothing_up_again() {
    for road in Road::all() {
        let ran = run("calls", road, 4, &["threads::"]);
        ran.expect_code(0);
        let counts = ["threads", "split_threads"].map(|scenario| ran.steps.count(scenario, "+ value"));
        if counts != [1, 2] {
            ran.fail(&format!("{road:?}: one instance for the suite, one for each test: {counts:?}"));
        }
    }
}

#[test]
fn a_test_outside_of_every_context_is_told_which_module_the_fixture_is_of() {
    let ran = run("calls", Road::In(crate::expect::Mode::Serial), 1, &["without_any"]);
    ran.expect_code(101)
        .expect_text("fixture `unit` of module `calls::within` was called where it does not hold");
}
