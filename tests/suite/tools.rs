//! Other programs that drive a test binary find what they expect: cargo, rustdoc, nextest, rust-analyzer.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::build::{Harness, ROOT, cargo, package};
use crate::expect::{Mode, Verdict};
use crate::normal::normal;
use crate::process::{Ended, run, scratch};
use crate::rig::Program;
use crate::table;

/// What cargo shows on standard output, times and paths taken out, and its exit code.
fn shown(ended: &Ended) -> (String, Option<i32>) {
    (normal(&ended.text(), ROOT), ended.code())
}

#[test]
fn cargo_test_reads_the_same_in_every_sort_of_target() {
    let tested = |harness, flags: &[&str]| {
        let mut command = cargo(&["test"], &package(harness, "library"));
        run(command.args(flags).env("RUST_TEST_THREADS", "1"))
    };
    for flags in [&["--all-targets"][..], &["-q", "--all-targets"], &["--lib", "--", "doubles", "--exact"]] {
        let (ours, theirs) = (tested(Harness::Snout, flags), tested(Harness::Libtest, flags));
        assert_eq!(shown(&ours), shown(&theirs), "{ours}\n{theirs}");
    }
}

/// Were an item missing that rustdoc's runner names, the merge would fail, and rustdoc would say nothing but take
/// longer; the line on the compilation of merged doctests would not come.
#[test]
fn merged_doctests_are_merged_and_read_the_same() {
    let tested = |harness| {
        let mut command = cargo(&["test"], &package(harness, "library"));
        run(command.arg("--doc").env("RUST_TEST_THREADS", "1"))
    };
    let (ours, theirs) = (tested(Harness::Snout), tested(Harness::Libtest));
    ours.expect_code(0).expect_text("merged doctests compilation took");
    assert_eq!(shown(&ours), shown(&theirs), "{ours}\n{theirs}");
}

#[test]
fn a_package_below_a_path_with_spaces_is_tested_like_any_other() {
    let folder = scratch().join("with some spaces");
    for (from, to) in [
        ("src/lib.rs", "src/lib.rs"),
        ("src/main.rs", "src/main.rs"),
        ("tests/integration.rs", "tests/in tegration.rs"),
    ] {
        let target = folder.join(to);
        fs::create_dir_all(target.parent().expect("a file has a folder"))
            .expect("a folder in the scratch folder");
        fs::copy(Path::new(ROOT).join("fixtures/library").join(from), target)
            .expect("a file in the scratch folder");
    }
    let manifest = fs::read_to_string(Path::new(ROOT).join("fixtures/library/Cargo.toml"))
        .expect("a fixture's manifest");
    let manifest = manifest.replace("\"../..\"", &format!("{ROOT:?}"));
    let named = "[[test]]\nname = \"integration\"\npath = \"tests/in tegration.rs\"\n";
    fs::write(folder.join("Cargo.toml"), format!("{manifest}\n{named}"))
        .expect("a file in the scratch folder");
    for isolation in ["fork", "spawn"] {
        let mut command = cargo(&["test"], &folder);
        let ended =
            run(command.args(["--tests"]).env("SNOUT_ISOLATION", isolation).env("SNOUT_ISOLATE", "always"));
        ended
            .expect_code(0)
            .expect_text("test doubles_from_outside ... ok")
            .expect_text("test doubles_in_a_program ... ok");
    }
}

/// An executable that was moved, to a path with spaces, still finds itself when it has to be executed again.
#[test]
fn an_executable_with_spaces_in_its_path_can_be_spawned_again() {
    let folder = scratch().join("more spaces");
    fs::create_dir_all(&folder).expect("a folder in the scratch folder");
    let original = crate::build::executable(Harness::Snout, "mixed");
    let moved = folder.join("a mixed program");
    fs::copy(original, &moved).expect("a file in the scratch folder");
    let mut command = crate::process::plain(moved);
    let ended = run(command.env("SNOUT_ISOLATE", "always").env("SNOUT_ISOLATION", "spawn"));
    ended.expect_code(101).expect_text("test result: FAILED. 3 passed; 3 failed; 2 ignored; ");
}

/// As rust-analyzer calls: one test by its path, json, on stable by way of `RUSTC_BOOTSTRAP`.
#[test]
fn rust_analyzer_reads_the_same() {
    let called = |harness, path: &str| {
        let program = Program::under(harness, "mixed").threads(1).env("RUSTC_BOOTSTRAP", "1");
        program.args(&[path, "-Z", "unstable-options", "--format=json"]).run()
    };
    for path in ["alpha_mod::beta", "alpha", "gamma", "alpha_mod::deeper::alphabet"] {
        called(Harness::Snout, path).expect_same_text_as(&called(Harness::Libtest, path));
    }
}

/// The two lists nextest asks for, and nothing else on standard output.
#[test]
fn nextest_is_listed_the_same() {
    let listed = |harness, flags: &[&str]| {
        let program =
            Program::under(harness, "mixed").env("NEXTEST", "1").args(&["--list", "--format", "terse"]);
        program.args(flags).run()
    };
    for flags in [&[][..], &["--ignored"]] {
        listed(Harness::Snout, flags).expect_same_text_as(&listed(Harness::Libtest, flags));
    }
}

/// One test in one process, as nextest calls it: the process itself dies of what the test does.
#[test]
fn nextest_s_one_test_runs_in_the_process_it_started() {
    let called = |harness, name: &str, test: &str| {
        let program = Program::under(harness, name).env("NEXTEST_EXECUTION_MODE", "process-per-test");
        program.args(&[test, "--nocapture", "--exact"]).env("RUST_TEST_THREADS", "1").run()
    };
    for (name, test) in
        [("mixed", "alpha"), ("mixed", "beta"), ("mixed", "epsilon"), ("exits_three", "calls_exit_three")]
    {
        called(Harness::Snout, name, test).expect_same_text_as(&called(Harness::Libtest, name, test));
    }
    called(Harness::Snout, "segfaults", "segfaults").expect_signal(11);
}

/// A real run of nextest over the programs: its verdict on every test is the table's.
#[test]
fn nextest_itself_comes_to_the_table_s_verdicts() {
    let mut command = cargo(&["nextest", "run"], &package(Harness::Snout, "programs"));
    command.args(["--no-fail-fast", "--status-level", "all"]);
    command.args(["--final-status-level", "none", "--success-output", "never", "--failure-output", "never"]);
    let programs = table::entries().filter(|entry| judged_by_nextest(entry.name));
    let names: Vec<String> = programs.map(|entry| format!("binary(={})", entry.name)).collect();
    let ended = run(command.args(["-E", &names.join(" | ")]));
    let verdicts = nextest_verdicts(&ended.error_text());
    let mut wrong = Vec::new();
    for entry in table::entries().filter(|entry| judged_by_nextest(entry.name)) {
        for test in entry.tests {
            let due = !matches!(test.verdict(Mode::Isolated), Verdict::Failed(_));
            let ignored = matches!(test.verdict(Mode::Isolated), Verdict::Ignored(_));
            let said = verdicts.get(&format!("programs::{} {}", entry.name, test.name));
            if said != Some(&due) && !(ignored && said.is_none()) {
                wrong.push(format!("{} {}: {said:?}", entry.name, test.name));
            }
        }
    }
    if !wrong.is_empty() {
        ended.fail(&wrong.join("\n"));
    }
}

/// Not those that nextest would wait for, nor the twenty thousand, nor doctests, whose names have spaces in them; nor what asks for a
/// process without another thread: nextest's is one that libtest, or snout in its place, has begun on.
fn judged_by_nextest(name: &str) -> bool {
    !table::entry(name).hangs
        && ![
            "many",
            "expands_doctests",
            "prints_50mb",
            "benches",
            "leaves_grandchild",
            "leaves_daemon",
            "has_one_thread",
        ]
        .contains(&name)
}

/// `        PASS [   0.004s] (1/9) programs::passes adds`, by binary and test.
fn nextest_verdicts(text: &str) -> BTreeMap<String, bool> {
    let mut verdicts = BTreeMap::new();
    for line in text.lines() {
        let Some((status, rest)) = line.trim_start().split_once(" [") else { continue };
        let Some((_, rest)) = rest.split_once("] ") else { continue };
        let name = rest.trim_start().split_once(") ").map_or(rest, |(_, name)| name);
        if !["SLOW", "SKIP", "Summary"].contains(&status.trim()) {
            verdicts.insert(name.to_owned(), ["PASS", "LEAK"].contains(&status));
        }
    }
    verdicts
}
