//! Plugins: what they hear of, in which process, and what becomes of the run when one breaks.

use std::collections::BTreeMap;

use super::{Ran, Road, run, run_with};

const REPORT: &str = "
---- report of RECORDER ----
of 7 tests
fails Failed -
ignored Ignored later
passes Passed -
skips Ignored not today
split::one Passed -
suite::first Passed -
suite::second Passed -
good: false
";

/// What a plugin wrote down, process by process.
fn processes(ran: &Ran) -> BTreeMap<u32, Vec<String>> {
    let mut processes: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (pid, step) in ran.steps.of("plugin") {
        processes.entry(pid).or_default().push(step.to_owned());
    }
    processes
}

#[test]
fn c27_a_plugin_hears_of_every_test_that_runs_and_of_every_process() {
    for road in Road::all() {
        let ran = run("plugins", road, 1, &[]);
        ran.expect_table().expect_text(REPORT);
        ran.expect_no_text("report of inner::SILENT");
        let processes = processes(&ran);
        let mut ended = Vec::new();
        for steps in processes.values() {
            let [first, tests @ .., last] = &steps[..] else { panic!("{steps:?}") };
            assert_eq!((&**first, &**last), ("+ process", "- process"), "{road:?}: {steps:?}");
            for pair in tests.chunks(2) {
                let [before, after] = pair else { panic!("{road:?}: {steps:?}") };
                let name = before.strip_prefix("> ").expect("a test's begin");
                let outcome = after.strip_prefix(&format!("< {name} "));
                let outcome = outcome.unwrap_or_else(|| panic!("{road:?}: {steps:?}"));
                ended.push(format!("{name}: {outcome}"));
            }
        }
        ended.sort();
        let expected = [
            "fails: Failed -",
            "passes: Passed -",
            "skips: Ignored not today",
            "split::one: Passed -",
            "suite::first: Passed -",
            "suite::second: Passed -",
        ];
        assert_eq!(ended, expected, "{road:?}");
    }
}

/// nose 2.35: plugins were missing in workers.
#[test]
fn bug_2_35_each_process_that_runs_tests_has_its_plugins() {
    for road in Road::SAFE {
        let ran = run("plugins", road, 2, &[]);
        let tests = |steps: &Vec<String>| steps.iter().filter(|step| step.starts_with("> suite::")).count();
        let own: Vec<usize> = processes(&ran).values().map(tests).filter(|count| *count > 0).collect();
        assert_eq!(own, [2], "{road:?}: the suite's process has begun and finished for its two tests");
    }
}

#[test]
fn what_a_plugin_prints_in_front_of_a_test_is_the_test_s() {
    for road in Road::all() {
        let ran = run("plugins", road, 2, &["fails"]);
        ran.expect_text("---- fails stdout ----\nprinted in front of a test\n");
    }
}

/// In a process of its own, what a test prints to standard output is in std's buffer until the line ends.
#[test]
fn what_a_plugin_prints_comes_behind_what_its_test_has_printed() {
    for road in Road::all() {
        let ran = run("half_lines", road, 1, &["--show-output"]);
        ran.expect_table();
        for (test, line) in [
            ("alone", "begun by a test alone, ended by the plugin\n"),
            ("suite::inside", "begun in a suite, ended by the plugin\n"),
        ] {
            ran.expect_text(&format!("---- {test} stdout ----\n{line}"));
        }
    }
}

/// nose 2.34: plugins that wrote their report at the end failed in workers.
#[test]
fn bug_2_34_a_report_is_written_once_whatever_the_format() {
    for road in Road::all() {
        let ran = run_with("plugins", road, &["passes", "--format=json", "-Zunstable-options"], &[]);
        ran.expect_code(0);
        let said = "---- report of RECORDER ----\nof 1 tests\npasses Passed -\ngood: true\n";
        assert_eq!(ran.error_text().matches(said).count(), 1, "{road:?}: {}", ran.error_text());
    }
}

#[test]
fn c41_a_plugin_that_panics_is_an_error_of_the_run_and_of_no_test() {
    for road in Road::all() {
        for hook in ["begin", "finish", "before", "after", "report"] {
            let ran = run_with("plugins_break", road, &[], &[("BREAKS", hook)]);
            ran.expect_code(101).expect_text("FAILED. 4 passed; 0 failed; 0 ignored");
            ran.expect_text(&format!(
                "\nplugins:\n    {hook} of first::BREAKS: it panicked: broken {hook}\n\n"
            ));
            ran.expect_text("---- report of GOOD ----\nheard of 4\n");
            ran.expect_nobody_left();
        }
    }
}

#[test]
fn a_report_that_ends_its_process_takes_nothing_with_it() {
    for road in Road::SAFE {
        for (how, said) in [
            ("abort", "its process was killed by signal 6 (SIGABRT)"),
            ("exit", "its process exited with code 0"),
            ("hang", "it was still running after 3s, and was stopped"),
        ] {
            let breaks = format!("report {how}");
            let variables = [("BREAKS", &*breaks), ("SNOUT_TIMEOUT", "3s")];
            let ran = run_with("plugins_break", road, &[], &variables);
            ran.expect_code(101).expect_text("FAILED. 4 passed; 0 failed; 0 ignored");
            ran.expect_text(&format!("\nplugins:\n    report of first::BREAKS: {said}\n"));
            ran.expect_nobody_left();
        }
    }
}

#[test]
fn without_a_break_nothing_speaks_against_the_run() {
    for road in Road::all() {
        let ran = run_with("plugins_break", road, &[], &[]);
        ran.expect_table().expect_no_text("plugins:");
        ran.expect_text("---- report of GOOD ----\nheard of 4\n\n---- report of first::BREAKS ----\nlast words\n\ntest result: ok.");
    }
}
