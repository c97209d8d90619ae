//! What tests of a suite print is shown with the test that printed it, and what they leave behind is found.

use super::{Road, run, run_with};

#[test]
fn each_failing_test_of_a_suite_shows_its_own_output_and_no_other() {
    for road in Road::all() {
        for lanes in [1, 2] {
            let ran = run("output", road, lanes, &["suite::"]);
            ran.expect_code(101).expect_text("FAILED. 3 passed; 6 failed");
            let report = ran.report();
            let own = [
                ("suite::t2_fails", "said by t2\n", "t2 panics"),
                ("suite::t4_fails_without_an_end", "said by t4, without an end", "t4 panics"),
                ("suite::t5_writes_past_everything", "", "t5 panics"),
                ("suite::t7_fails_from_a_thread", "said by a thread of t7", " and by t7 itself"),
                ("suite::t8_fails_much", "much of t8", "t8 panics"),
            ];
            for (name, first, second) in own {
                let section = &report.sections[name];
                let foreign = own.iter().filter(|(other, ..)| *other != name);
                let has_foreign = foreign.clone().any(|(_, first, second)| {
                    section.contains(second) || !first.is_empty() && section.contains(first)
                });
                if !section.contains(first) || !section.contains(second) || has_foreign {
                    ran.fail(&format!("{road:?}: `{name}` should show its own output and no other's"));
                }
                let much = section.lines().filter(|line| *line == "much of t8").count();
                assert_eq!(
                    much,
                    if name == "suite::t8_fails_much" { 1 << 16 } else { 0 },
                    "{road:?}, {name}"
                );
            }
            if road.has_processes() {
                ran.expect_no_text("never shown");
                let raw = &report.sections["suite::t5_writes_past_everything"];
                assert!(raw.contains("raw text of t5, without an end"), "{road:?}: {raw}");
            }
        }
    }
}

#[test]
fn everything_is_shown_in_its_order_where_nothing_is_captured() {
    for road in Road::SAFE {
        let ran = run("output", road, 1, &["--nocapture", "suite::t1", "suite::t2"]);
        let text = ran.text();
        let expected = ["said by the set-up", "never shown: t1", "said by t2", "said by the tear-down"];
        let places = expected.map(|line| text.find(line));
        if places.contains(&None) || !places.is_sorted() {
            ran.fail(&format!("{road:?}: {expected:?} should be shown in this order"));
        }
    }
}

#[test]
fn whom_a_suite_leaves_behind_is_named_and_killed() {
    for road in Road::SAFE {
        let ran = run("output", road, 2, &["leaks::"]);
        ran.expect_nobody_left().expect_code(0).expect_text("2 passed");
        ran.expect_text("\nleaked:\n    leaks::").expect_text(" left 1 process behind, killed: sleep (pid ");
    }
}

/// The harness's own frames are cut off, above and below, as they are of a test.
#[test]
fn a_backtrace_of_a_fixture_or_a_case_shows_none_of_the_harness_s_frames() {
    let tear_down = ("HOW", "panic in tear-down");
    for (name, filter, frames) in [
        (
            "set_ups",
            "panics::",
            &["::panics::broken::Defined>::set_up\n", "::split_panics::broken::Defined>::set_up\n"][..],
        ),
        (
            "tear_downs",
            "panics::",
            &["::panics::value::Defined>::tear_down", "::drop_panics::Bomb as core::ops::drop::Drop>::drop"],
        ),
        ("shared_troubles", "panics::", &["::panics::broken::Defined>::set_up\n"]),
        ("shared_troubles", "dies::", &["::dies::fragile::Defined>::tear_down"]),
        ("generated", "is_small::number 6", &["::is_small::Defined>::run\n"]),
        ("generated", "breaks", &["::breaks::counts::Defined>::generate::{{closure}}\n"]),
    ] {
        for road in Road::all().filter(|road| name != "shared_troubles" || !road.is_spawned()) {
            let ran = run_with(name, road, &[filter], &[("RUST_BACKTRACE", "1"), tear_down]);
            // What is shared in the one process there is says so on its standard error.
            let said = ran.text() + &ran.error_text();
            let is_missing = |frame: &&&str| !said.contains(**frame);
            let missing = frames.iter().chain(&["stack backtrace:"]).find(is_missing);
            let foreign = ["snout::", "std::thread"].into_iter().find(|frame| said.contains(frame));
            if missing.is_some() || foreign.is_some() {
                ran.fail(&format!("{road:?}: there should be {missing:?}, and no {foreign:?}"));
            }
        }
    }
}

/// Where in a program's source a text stands that is there once.
fn place_of(program: &str, text: &str) -> String {
    let path = format!("{}/fixtures/contexts/tests/{program}.rs", crate::build::ROOT);
    let source = std::fs::read_to_string(path).expect("the program's source");
    let mut lines = (1..).zip(source.lines()).filter(|(_, line)| line.contains(text));
    let (Some((line, _)), None) = (lines.next(), lines.next()) else {
        panic!("`{text}` should be there once")
    };
    format!("panicked at tests/{program}.rs:{line}:")
}

#[test]
fn c32_a_panic_says_where_it_was() {
    for (name, filter, text) in [
        ("deaths", "suite::t2_panics", "panic!(\"by itself\")"),
        ("per_test", "class::fails", "panic!(\"by itself\")"),
        ("set_ups", "panics::one", "panic!(\"no such luck\")"),
        ("set_ups", "split_panics::one", "panic!(\"no luck either\")"),
        ("shared_troubles", "panics::blocked", "panic!(\"no luck\")"),
        ("tear_downs", "panics::passes", "panic!(\"cannot be stopped\")"),
        ("tear_downs", "split_panics::passes", "panic!(\"cannot be cleaned\")"),
        ("tear_downs", "drop_panics::passes", "panic!(\"dropped too hard\")"),
        ("generated", "is_small::number 6", "assert!(number < 6"),
        ("generated", "breaks::counts", "panic!(\"no more than two\")"),
    ] {
        let place = place_of(name, text);
        for road in Road::all().filter(|road| name != "shared_troubles" || !road.is_spawned()) {
            let ran = run(name, road, 1, &[filter]);
            // What is shared in the one process there is says so on its standard error.
            if !(ran.text() + &ran.error_text()).contains(&place) {
                ran.fail(&format!("{road:?}: `{filter}` should say `{place}`"));
            }
        }
    }
}
