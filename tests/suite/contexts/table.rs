//! What every test of every program in `fixtures/contexts/tests` must come out as.

use crate::expect::Libtest::CannotCompile;
use crate::expect::{Entry, entry as program, failed, ignored, ok};

pub(crate) fn entry(name: &str) -> &'static Entry {
    PROGRAMS.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("`{name}` is not in the table"))
}

const PROGRAMS: &[Entry] = &[
    // Four hundred that all pass, unless somebody leaves.
    program("long_run", CannotCompile, &[]),
    program(
        "order",
        CannotCompile,
        &[
            ok("deep::middle::empty::innermost::test"),
            ignored("first_ignored::ignored", "later"),
            ok("first_ignored::run"),
            ignored("idle::ignored", "later"),
            ok("one_module::one"),
            ok("one_module::two"),
            ok("p::m::add"),
            ok("p::m::minus"),
            ok("p::s::test"),
            ok("p::s::m::k::div"),
            ok("p::s::m::k::two_two"),
            ok("p::s::m::function"),
            ok("split_split::a_after"),
            ok("split_split::within::first_by_name"),
            ok("split_split::within::second_by_name"),
            ok("split_split::z_before"),
            ok("split_unit::a_after"),
            ok("split_unit::within::first_by_name"),
            ok("split_unit::within::second_by_name"),
            ok("split_unit::z_before"),
            ok("unit_split::a_after"),
            ok("unit_split::within::first_by_name"),
            ok("unit_split::within::second_by_name"),
            ok("unit_split::z_before"),
            ok("unit_unit::a_after"),
            ok("unit_unit::within::first_by_name"),
            ok("unit_unit::within::second_by_name"),
            ok("unit_unit::z_before"),
            ok("without_a_fixture"),
        ],
    ),
    program(
        "calls",
        CannotCompile,
        &[
            failed(
                "around::may_not_call_an_inner_one",
                "fixture `around::inner::deeper` was called from `around`",
            ),
            ok("around::inner::has_its_own"),
            failed(
                "circle::cannot_be_set_up",
                "fixtures need each other: `circle::hen` calls `circle::egg` calls `circle::hen`; take one of the calls out",
            ),
            failed(
                "fixture_outside::needs_a_fixture_that_may_not_call",
                "fixture `within::split` was called from `fixture_outside`: it holds in module `within` and below",
            ),
            failed(
                "itself::cannot_be_set_up",
                "fixtures need each other: `itself::snake` calls `itself::snake`",
            ),
            ok("one_another::below::by_super"),
            ok("one_another::caller_is_set_up_behind"),
            failed(
                "outside::may_not_call_a_unit_s",
                "fixture `within::unit` was called from `outside`: it holds in module `within`",
            ),
            ok("spelling::a_result_s_value"),
            ok("split_one_another::one"),
            failed(
                "split_outside::may_not_call_a_split_one",
                "fixture `within::split` was called from `split_outside`",
            ),
            ok("split_threads::one_of_its_own"),
            ok("split_threads::threads_of_threads"),
            ok("threads::one_of_its_own"),
            ok("threads::threads_of_threads"),
            ok("within::may_call"),
            failed("without_any::may_not_call_either", "was called "),
        ],
    ),
    program(
        "set_ups",
        CannotCompile,
        &[
            failed(
                "aborts::one",
                "not run: fixture `aborts::broken` could not be set up: its process was killed by signal 6 (SIGABRT)",
            ),
            failed("aborts::below::two", "not run: fixture `aborts::broken` could not be set up"),
            failed(
                "around::one_broken::blocked",
                "not run: fixture `around::one_broken::bad` could not be set up: \"bad\"",
            ),
            ok("around::one_good::runs"),
            failed(
                "around_abort::one_broken::blocked",
                "not run: fixture `around_abort::one_broken::bad` could not be set up",
            ),
            ok("around_abort::one_good::runs"),
            failed(
                "exits_zero::one",
                "not run: fixture `exits_zero::broken` could not be set up: its process exited with code 0",
            ),
            failed("exits_zero::below::two", "not run: fixture `exits_zero::broken` could not be set up"),
            failed("fails::one", "not run: fixture `fails::broken` could not be set up: \"no database\""),
            failed(
                "fails::below::two",
                "not run: fixture `fails::broken` could not be set up: \"no database\"",
            ),
            failed(
                "hangs::one",
                "not run: fixture `hangs::broken` could not be set up: it was still running after 2s",
            ),
            failed("hangs::below::two", "not run: fixture `hangs::broken` could not be set up"),
            failed("panics::one", "no such luck"),
            failed(
                "panics::below::two",
                "not run: fixture `panics::broken` could not be set up: it panicked",
            ),
            failed("panics_with_a_number::one", "Box<dyn Any>"),
            failed(
                "panics_with_a_number::below::two",
                "not run: fixture `panics_with_a_number::broken` could not be set up: it panicked",
            ),
            ignored("skips::one", "no docker here"),
            ignored("skips::below::two", "no docker here"),
            failed(
                "split_fails::one",
                "not run: fixture `split_fails::broken` could not be set up: \"no directory\"",
            ),
            failed(
                "split_fails::below::two",
                "not run: fixture `split_fails::broken` could not be set up: \"no directory\"",
            ),
            failed("split_panics::one", "no luck either"),
            failed("split_panics::below::two", "no luck either"),
            failed("split_panics_with_a_number::one", "Box<dyn Any>"),
            failed("split_panics_with_a_number::below::two", "Box<dyn Any>"),
            ignored("split_skips::one", "no display here"),
            ignored("split_skips::below::two", "no display here"),
            ok("unaffected::runs"),
            ok("without_a_fixture"),
        ],
    ),
    program(
        "split_set_ups",
        CannotCompile,
        &[
            failed(
                "aborts::one",
                "not run: fixture `aborts::broken` could not be set up: its process was killed by signal 6 (SIGABRT)",
            ),
            failed(
                "exits_zero::one",
                "not run: fixture `exits_zero::broken` could not be set up: its process exited with code 0",
            ),
            failed(
                "hangs::one",
                "not run: fixture `hangs::broken` could not be set up: it was still running after 2s, and was stopped",
            ),
            ok("unaffected::runs"),
            ok("without_a_fixture"),
        ],
    ),
    program("tear_downs", CannotCompile, &[]),
    program(
        "deaths",
        CannotCompile,
        &[
            ok("suite::t1_passes"),
            failed("suite::t2_panics", "by itself"),
            ok("suite::t3_passes"),
            failed("suite::t4_aborts", "its process was killed by signal 6 (SIGABRT)"),
            ok("suite::t5_passes"),
            failed("suite::t6_exits_zero", "its process exited with code 0"),
            failed("suite::t7_hangs", "timed out: still running after 3s"),
            ok("suite::below::t8_passes"),
            failed("suite::below::t9_is_killed", "its process was killed by signal 6 (SIGABRT)"),
            ok("suite::t10_passes"),
            ignored("suite::t11_skips", "enough"),
            ok("unaffected::one"),
            ok("unaffected::two"),
            failed("split::aborts", "its process was killed by signal 6 (SIGABRT)"),
            ok("split::passes"),
        ],
    ),
    program(
        "closes_descriptors",
        CannotCompile,
        &[
            ok("suite::t1_passes"),
            ok("suite::t2_closes_everything"),
            ok("suite::t3_passes"),
            failed("suite::t4_fails", "still heard"),
        ],
    ),
    program("output", CannotCompile, &[]),
    program("stops", CannotCompile, &[]),
    program(
        "per_test",
        CannotCompile,
        &[
            ok("class::passes"),
            failed(
                "class::has_none",
                "not run: fixture `class::own` could not be set up: \"not for this one\"",
            ),
            failed("class::fails", "by itself"),
            failed("function::returns_an_error", "Error: \"no good\""),
            ok("checks::check::one"),
            ok("checks::check::two"),
            ok("checks_alone::check::one"),
            ok("checks_alone::check::two"),
            ok("has_no_fixture"),
        ],
    ),
    program(
        "at_once",
        CannotCompile,
        &[
            ok("first_meets_second"),
            ok("second_meets_first"),
            ok("third::meets_fourth"),
            ok("fourth::meets_third"),
        ],
    ),
    program("orphans", CannotCompile, &[ok("one_by_itself"), ok("suite::one_in_a_suite")]),
    program(
        "copies",
        CannotCompile,
        &[
            ok("cases::is_known_once::one"),
            ok("cases::is_known_once::two"),
            ok("shared::uses_it"),
            ok("split::uses_it"),
            ok("unit::uses_it"),
        ],
    ),
    program("exits", CannotCompile, &[]),
    program("forks", CannotCompile, &[]),
    program("limits", CannotCompile, &[]),
    program(
        "classes",
        CannotCompile,
        &[
            ignored("t1_skips", "skipped itself"),
            ignored("t2_skips_for_a_reason", "no docker here"),
            ignored("t3_is_deprecated", "DEPRECATED: use the other one"),
            ignored("t4_is_for_later", "TODO: waits for version 2"),
            failed("t5_is_broken", "note: BROKEN: fix me"),
            ok("t6_passes"),
        ],
    ),
    program("options", CannotCompile, &[]),
    program("lanes", CannotCompile, &[]),
    program("replaced", CannotCompile, &[]),
    program("seats", CannotCompile, &[]),
    program("executes_itself", CannotCompile, &[ok("is_given::one"), ok("knows_who_has_started_it")]),
    program(
        "shared",
        CannotCompile,
        &[
            ok("needs_nothing"),
            ok("outer::one"),
            ok("outer::two"),
            ok("outer::shared_inside_shared::three"),
            ok("outer::unit_inside_shared::a"),
            ok("outer::unit_inside_shared::b"),
            ok("outer::split_inside_shared::c"),
            ok("unit::shared_inside_unit::d"),
            ok("split::shared_inside_split::e"),
            ignored("unused::ignored", "so its fixture is not set up"),
        ],
    ),
    program(
        "shared_troubles",
        CannotCompile,
        &[
            failed("fails::blocked", "fixture `fails::broken` could not be set up: \"no disk\""),
            failed("panics::blocked", "fixture `panics::broken` could not be set up: it panicked"),
            ignored("skips::skipped", "no docker here"),
            failed("asks_a_unit::below::blocked", "could not be set up"),
            ok("dies::first"),
            ok("unaffected"),
        ],
    ),
    program(
        "generated",
        CannotCompile,
        &[
            ok("plain"),
            ok("is_small::number 1"),
            ok("is_small::number 2"),
            ok("is_small::number 3"),
            ok("is_small::number 4"),
            ok("is_small::number 5"),
            failed("is_small::number 6", "6 is too large"),
            ok("returns::good"),
            failed("returns::bad", "Error: \"bad\""),
            ok("returns::good #2"),
            ok("suite::in_order::1"),
            ok("suite::in_order::2"),
            ok("suite::in_order::3"),
            ok("breaks::counts::1"),
            ok("breaks::counts::2"),
        ],
    ),
    program(
        "attempts",
        CannotCompile,
        &[
            ok("tried_again::passes_at_last"),
            failed("tried_again::never_passes", "at attempt 2"),
            ok("tried_again::passes_at_once"),
            ok("suite::tried_again::passes_alone"),
            ok("suite::tried_again::comes_behind"),
            ok("passes_in_time"),
            ok("knows_its_name_in_threads_too"),
            ignored("is_to_be_done", "TODO: waits for version 2"),
            failed("is_broken", "BROKEN: since the move"),
        ],
    ),
    program(
        "busy_host",
        CannotCompile,
        &[
            ok("t01"),
            ok("t02"),
            ok("t03"),
            ok("t04"),
            ok("t05"),
            ok("t06"),
            ok("t07"),
            ok("t08"),
            ok("t09"),
            ok("t10"),
            ok("t11"),
            ok("t12"),
        ],
    ),
    program(
        "interrupted",
        CannotCompile,
        &[
            ok("ends::plain::fails"),
            ok("ends::split::runs"),
            ok("ends::suite::t1_runs"),
            ok("ends::suite::t2_comes_behind"),
            ok("ends::z_behind::never_begins"),
            ok("hangs::holder::hangs_with_it"),
            ok("hangs::plain::hangs"),
            ok("hangs::suite::t1_hangs"),
            ok("hangs::suite::t2_comes_behind"),
            ok("slow_end::runs"),
            ok("with_server::uses_it"),
            ok("with_server::y_hangs"),
        ],
    ),
    program("half_lines", CannotCompile, &[ok("alone"), ok("suite::inside")]),
    program(
        "plugins",
        CannotCompile,
        &[
            failed("fails", "no"),
            ignored("ignored", "later"),
            ok("passes"),
            ignored("skips", "not today"),
            ok("split::one"),
            ok("suite::first"),
            ok("suite::second"),
        ],
    ),
    program(
        "plugins_break",
        CannotCompile,
        &[ok("passes"), ok("passes_too"), ok("suite::passes"), ok("suite::passes_too")],
    ),
];

#[test]
fn every_program_with_contexts_is_in_the_table() {
    let folder = std::path::Path::new(crate::build::ROOT).join("fixtures/contexts/tests");
    let files = std::fs::read_dir(folder).expect("the folder of the programs").flatten();
    let mut programs: Vec<String> =
        files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    let mut names: Vec<&str> = PROGRAMS.iter().map(|entry| entry.name).collect();
    programs.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, programs);
}
