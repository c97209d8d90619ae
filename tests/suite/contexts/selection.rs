//! Names on the command line, lists, one test at a time, other orders: fixtures come along, and nothing else does.

use super::{Road, run};
use crate::expect::Mode;
use crate::rig::Program;

/// The suite's steps when these tests of nose's package are asked for.
fn directed(arguments: &[&str], expected: &str) {
    for road in Road::all() {
        let ran = run("order", road, 1, arguments);
        ran.expect_code(0).expect_units("p", &[expected]);
        let foreign = ran.steps.0.iter().find(|step| !step.text.starts_with("p "));
        assert!(foreign.is_none(), "{road:?}: {}", ran.ended);
    }
}

#[test]
fn c2_directed_at_a_module() {
    directed(&["p::m::"], "+ package, + m, = add, = minus, - m, - package");
}

/// nose 2.13: a narrow selection ran the whole module.
#[test]
fn c3_bug_2_13_directed_at_a_function() {
    directed(&["--exact", "p::m::add"], "+ package, + m, = add, - m, - package");
}

#[test]
fn c4_directed_at_a_class() {
    directed(&["p::s::m::k"], "+ package, + s, + s.m, + k, = div, = two_two, - k, - s.m, - s, - package");
}

#[test]
fn c5_directed_at_a_method() {
    directed(
        &["--exact", "p::s::m::k::div"],
        "+ package, + s, + s.m, + k, = div, - k, - s.m, - s, - package",
    );
}

/// nose ran them in the order of the names; here it is that of the source.
#[test]
fn c6_several_names_with_common_ancestors() {
    directed(
        &["--exact", "p::s::m::k::div", "p::s::m::k::two_two", "p::m::add"],
        "+ package, + m, = add, - m, + s, + s.m, + k, = div, = two_two, - k, - s.m, - s, - package",
    );
}

/// The names of one package stand apart: it is set up once for both all the same, and the other one is not in between.
#[test]
fn c7_names_with_some_common_ancestors() {
    for road in Road::all() {
        let ran = run("order", road, 1, &["--exact", "p::m::add", "one_module::one", "p::s::test"]);
        ran.expect_code(0).expect_text("ok. 3 passed");
        let first = ["p + package", "p + m", "p = add", "p - m", "p + s", "p = test", "p - s", "p - package"];
        let second = [
            "one_module + z",
            "one_module + m",
            "one_module + a",
            "one_module = one",
            "one_module - a",
            "one_module - m",
            "one_module - z",
        ];
        let steps: Vec<&str> = ran
            .steps
            .0
            .iter()
            .map(|step| step.text.rsplit_once(" #").map_or(&*step.text, |(text, _)| text))
            .collect();
        if steps != [&second[..], &first].concat() && steps != [&first[..], &second].concat() {
            ran.fail(&format!("{road:?}: one package behind the other, each once; but: {steps:#?}"));
        }
    }
}

#[test]
fn c8_names_with_no_common_ancestors() {
    for road in Road::all() {
        let ran = run("order", road, 1, &["p::m::add", "deep", "one_module::one"]);
        ran.expect_code(0).expect_units("p", &["+ package, + m, = add, - m, - package"]);
        ran.expect_units("one_module", &["+ z, + m, + a, = one, - a, - m, - z"]);
        assert_eq!(ran.steps.units("deep").len(), 1, "{road:?}: {}", ran.ended);
    }
}

#[test]
fn c10_directed_at_a_sub_package() {
    directed(
        &["p::s::"],
        "+ package, + s, = test, + s.m, + k, = div, = two_two, - k, = function, - s.m, - s, - package",
    );
}

#[test]
fn what_is_filtered_out_is_not_set_up() {
    for road in Road::all() {
        let ran = run("order", road, 2, &["--skip", "unit_", "--skip", "p::", "without_a_fixture", "split_"]);
        ran.expect_code(0);
        assert_eq!([ran.steps.units("unit_unit").len(), ran.steps.units("p").len()], [0, 0], "{road:?}");
    }
}

/// nose 2.32: with `--collect-only` fixtures ran all the same.
#[test]
fn bug_2_32_a_list_names_no_hidden_declaration_and_sets_nothing_up() {
    for name in ["order", "lanes", "options"] {
        for road in [Road::In(Mode::Parallel), Road::InProcess, Road::WithoutProcesses] {
            let ran = run(name, road, 2, &["--list"]);
            ran.expect_code(0).expect_no_text("__snout").expect_text(": test\n");
            assert!(ran.steps.0.is_empty(), "{}", ran.ended);
        }
    }
    let ran = run("order", Road::In(Mode::Parallel), 2, &["--list"]);
    ran.expect_text("29 tests, 0 benchmarks").expect_text("p::m::add: test\n");
}

#[test]
fn no_format_counts_or_names_a_hidden_declaration() {
    for format in ["pretty", "terse", "json", "junit"] {
        let arguments = ["--format", format, "-Zunstable-options"];
        let run = Program::with_contexts("order").args(&arguments).env("RUSTC_BOOTSTRAP", "1").run();
        run.expect_no_text("__snout");
    }
}

/// As nextest asks for each test, in a process of its own.
#[test]
fn bug_2_33_one_exact_test_uncaptured_has_its_fixtures() {
    let alone = [
        ("p::s::m::k::div", "p", "+ package, + s, + s.m, + k, = div, - k, - s.m, - s, - package"),
        ("split_split::z_before", "split_split", "+ outer, = z_before, - outer"),
        (
            "unit_unit::within::first_by_name",
            "unit_unit",
            "+ outer, + inner, = first_by_name, - inner, - outer",
        ),
    ];
    for (test, scenario, expected) in alone {
        for road in Road::all() {
            let ran = run("order", road, 1, &["--exact", test, "--nocapture"]);
            ran.expect_code(0).expect_text("1 passed").expect_units(scenario, &[expected]);
        }
    }
    for (test, code) in [("fails::one", 101), ("skips::one", 0)] {
        run("set_ups", Road::In(Mode::Parallel), 1, &["--exact", test, "--nocapture"]).expect_code(code);
    }
    for test in ["returns_err::passes", "panics::passes", "drop_panics::passes"] {
        run("tear_downs", Road::In(Mode::Parallel), 1, &["--exact", test, "--nocapture"]).expect_code(101);
    }
}

#[test]
fn shuffled_suites_stay_together_and_in_source_order() {
    for road in Road::all() {
        for seed in ["1", "2", "3"] {
            let ran = run("order", road, 1, &["-Zunstable-options", "--shuffle-seed", seed]);
            ran.expect_table();
            ran.expect_units("one_module", &["+ z, + m, + a, = one, = two, - a, - m, - z"]);
            let units = ran.steps.units("unit_unit");
            assert!(
                units.len() == 1 && units[0].1.contains("= z_before, + inner, = second_by_name, = first")
            );
        }
    }
}
