//! Machines read what they read under libtest: json, junit, the log file, measurements.

use std::fs;

use serde_json::Value;

use crate::build::Harness;
use crate::process::scratch;
use crate::rig::{Program, Run};

const PROGRAMS: [&str; 9] = [
    "mixed",
    "passes",
    "fails",
    "should_panic",
    "ignored",
    "returns_err",
    "prints",
    "empty",
    "expands_doctests",
];

fn unstable(harness: Harness, name: &str, flags: &[&str]) -> Run {
    let program = Program::under(harness, name).threads(1).env("RUSTC_BOOTSTRAP", "1");
    program.args(&["-Z", "unstable-options"]).args(flags).run()
}

fn read_the_same(flags: &[&str]) {
    for name in PROGRAMS {
        unstable(Harness::Snout, name, flags).expect_same_text_as(&unstable(Harness::Libtest, name, flags));
    }
}

#[test]
fn json_reads_the_same() {
    read_the_same(&["--format", "json"]);
}

#[test]
fn json_with_times_and_output_reads_the_same() {
    read_the_same(&["--format=json", "--report-time", "--show-output"]);
}

#[test]
fn json_lists_read_the_same() {
    let flags = ["--format", "json", "--list"];
    for name in PROGRAMS.into_iter().filter(|name| *name != "ignored") {
        unstable(Harness::Snout, name, &flags).expect_same_text_as(&unstable(Harness::Libtest, name, &flags));
    }
}

/// libtest forgets to escape the reason, so that the line is no JSON.
#[test]
fn json_lists_are_json_whatever_the_reason_for_ignoring_is() {
    let run = Program::named("ignored").args(&["--format", "json", "--list"]).run();
    let text = run.text();
    let lines = text.lines().map(|line| parsed(line, &run));
    let reasons: Vec<Value> = lines.map(|line| line["ignore_message"].clone()).collect();
    assert!(reasons.contains(&Value::from("fails \"quoted\" & <tagged>")), "{reasons:?}");
}

/// But where libtest's is no XML: it escapes neither quotes nor angles in a message, nor the end of a CDATA section.
fn junit_reads_the_same_with(flags: &[&str]) {
    for name in PROGRAMS.into_iter().filter(|name| !["mixed", "should_panic"].contains(name)) {
        unstable(Harness::Snout, name, flags).expect_same_text_as(&unstable(Harness::Libtest, name, flags));
    }
}

#[test]
fn junit_reads_the_same() {
    junit_reads_the_same_with(&["--format", "junit"]);
}

#[test]
fn junit_with_output_reads_the_same() {
    junit_reads_the_same_with(&["--format", "junit", "--show-output"]);
}

#[test]
fn junit_is_xml_whatever_a_panic_says() {
    let run = Program::named("mixed").args(&["--format", "junit"]).run();
    run.expect_text("panic message: &quot;hay &amp; \\&quot;straw\\&quot; &lt;b&gt; ]]&gt;&quot;");
    run.expect_text("hay & \"straw\" <b> ]]]]><![CDATA[>]]>");
}

/// Whatever happens to a process, each line is JSON, and each test begins once and ends once.
#[test]
fn json_stays_whole_when_processes_die() {
    for name in ["aborts", "aborts_amid_others", "exits_zero", "prints_invalid_utf8", "prints_raw", "hangs"] {
        let run = Program::named(name).args(&["--format", "json"]).run();
        let lines: Vec<Value> = run.text().lines().map(|line| parsed(line, &run)).collect();
        let count = |event: &str| {
            lines.iter().filter(|line| line["type"] == "test" && line["event"] == event).count()
        };
        let ended = count("ok") + count("failed") + count("ignored");
        if count("started") != ended
            || Some(ended) != lines[0]["test_count"].as_u64().map(|count| count as usize)
        {
            run.fail("tests that began and tests that ended are not the same");
        }
    }
}

#[test]
fn json_says_of_a_crash_which_test_and_why() {
    let run = Program::named("aborts").args(&["--format", "json"]).run();
    let text = run.text();
    let line = text.lines().find(|line| line.contains("\"failed\"") && line.contains("calls_abort"));
    let value = parsed(line.unwrap_or_else(|| run.fail("nothing failed")), &run);
    assert_eq!(
        value["message"], "the test never finished: its process was killed by signal 6 (SIGABRT)",
        "{}",
        run.ended
    );
}

fn parsed(line: &str, run: &Run) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| run.fail(&format!("not JSON ({error}): {line}")))
}

#[test]
fn the_log_file_reads_the_same() {
    let logged = |harness, name| {
        let file = scratch().join("log");
        let path = file.display().to_string();
        let run = Program::under(harness, name).threads(1).args(&["--logfile", &path]).run();
        (run.error_text(), fs::read_to_string(file).unwrap_or_else(|_| run.fail("no log file")))
    };
    for name in ["mixed", "should_panic", "ignored"] {
        assert_eq!(logged(Harness::Snout, name), logged(Harness::Libtest, name), "{name}");
    }
}

#[test]
fn benchmarks_are_measured_and_read_the_same() {
    let measured = |harness, flags: &[&str]| Program::under(harness, "benches").threads(1).args(flags).run();
    let ours = measured(Harness::Snout, &["--bench"]);
    // libtest measures on its main thread, and a panic there names no benchmark.
    ours.expect_same_text_on_other_threads_as(&measured(Harness::Libtest, &["--bench"]));
    ours.expect_text("test benches::copies           ... bench: ").expect_text(" MB/s\n");
}

#[test]
fn output_is_the_same_in_terse_lines_of_full_length() {
    let terse = |harness| Program::under(harness, "many").threads(1).args(&["-q", "m1::m2"]).run();
    terse(Harness::Snout).expect_same_text_as(&terse(Harness::Libtest));
}
