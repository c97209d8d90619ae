//! Tests that run again: those that failed, all of them so often, all of them until one fails.

use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::process::{DEADLINE, Ended, run, run_watching, scratch};
use crate::rig::{Workspace, summary};
use crate::signals::hearing_signals;

const SIGINT: i32 = 2;

/// A package with a test that passes at its third try, one that always fails, and one that passes. The first two count their runs in files.
fn package(name: &str, config: &str) -> Workspace {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let library = "\
        #[cfg(test)] fn runs(name: &str) -> usize {\n\
            use std::io::Write;\n\
            let path = std::path::Path::new(&std::env::var(\"TOLD\").unwrap()).join(name);\n\
            let mut file = std::fs::File::options().create(true).append(true).open(&path).unwrap();\n\
            file.write_all(b\"x\").unwrap();\n\
            std::fs::read(path).unwrap().len()\n\
        }\n\
        #[test] fn third_time() { let run = runs(\"third\"); println!(\"run {run}\"); assert!(run > 2) }\n\
        #[test] fn never() { runs(\"never\"); panic!(\"no\") }\n\
        #[test] fn quick() { runs(\"quick\"); }\n";
    let files = [("Cargo.toml", &*manifest), ("src/lib.rs", library), ("snout.toml", config)];
    Workspace::with(name, &files)
}

/// `cargo snout`, with a folder that tests write to.
fn command(workspace: &Workspace, words: &str, told: &Path) -> Command {
    let mut command = workspace.cargo(&format!("snout --no-doc {words}"));
    command.env("TOLD", told);
    command
}

fn ran(workspace: &Workspace, words: &str) -> Ended {
    run(&mut command(workspace, words, &scratch()))
}

/// The lines of a record.
fn record(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a record");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_test_that_passes_when_it_is_tried_again_is_flaky() {
    let workspace = package("again-flaky", "");
    let folder = scratch();
    let (junit, json) = (folder.join("junit.xml"), folder.join("run.jsonl"));
    let mut command = command(&workspace, "--retries 2 third quick", &folder);
    let ended = run(command.arg("--junit").arg(&junit).arg("--record").arg(&json));
    ended.expect_code(0);
    assert_eq!(summary(&ended), "2 tests run: 2 passed (1 flaky), 1 filtered out", "{ended}");
    let text = ended.text();
    for part in [
        "  TRY 1 FAIL [",
        "  TRY 2 FAIL [",
        "       FLAKY [",
        "\nflaky:\n    again-flaky: third_time (2 failures, then passed)\n",
    ] {
        assert!(text.contains(part), "{part}: {ended}");
    }
    let junit = fs::read_to_string(&junit).expect("it was asked for");
    assert_eq!(junit.matches("<flakyFailure ").count(), 2, "{junit}");
    assert!(junit.contains("run 1\n") && junit.contains("run 2\n"), "{junit}");
    let lines = record(&json);
    let tries: Vec<_> = lines.iter().filter(|line| line["event"] == "retried").collect();
    assert_eq!(tries.iter().map(|line| &line["attempt"]).collect::<Vec<_>>(), [1, 2], "{lines:?}");
    let end = lines.last().expect("an end");
    assert_eq!((&end["event"], &end["flaky"]), (&"workspace_finished".into(), &1.into()));
    let report = run(workspace.cargo("snout report pretty").arg(&json));
    assert_eq!(report.expect_code(0).text(), text, "the record says as much");
}

#[test]
fn flaky_tests_fail_the_run_if_they_are_to() {
    let workspace =
        package("again-fatal", "[profile.default]\nretries = 2\n[profile.ci]\nflaky-result = \"fail\"\n");
    let ended = ran(&workspace, "third quick --flaky-result fail");
    ended.expect_code(100);
    assert_eq!(summary(&ended), "2 tests run: 1 passed, 1 failed, 1 filtered out", "{ended}");
    assert!(ended.text().contains("     FLKY-FL ["), "{ended}");
    assert!(
        ended.text().contains("note: passed after 2 failures, and a flaky test fails this run\n"),
        "{ended}"
    );
    ran(&workspace, "third quick -P ci").expect_code(100);
    ran(&workspace, "third quick -P ci --flaky-result=pass").expect_code(0);
    ran(&workspace, "third quick").expect_code(0);
    // What the flag says goes before what is configured.
    ran(&workspace, "third quick --retries 1").expect_code(100);
}

#[test]
fn a_test_that_fails_each_time_has_failed_once() {
    let workspace = package("again-never", "");
    let folder = scratch();
    let junit = folder.join("junit.xml");
    let ended = run(command(&workspace, "--retries 2 never", &folder).arg("--junit").arg(&junit));
    ended.expect_code(100);
    assert_eq!(summary(&ended), "1 test run: 0 passed, 1 failed, 2 filtered out", "{ended}");
    assert_eq!(fs::read(folder.join("never")).expect("it has run").len(), 3, "{ended}");
    let junit = fs::read_to_string(&junit).expect("it was asked for");
    assert_eq!(
        (junit.matches("<failure ").count(), junit.matches("<rerunFailure ").count()),
        (1, 2),
        "{junit}"
    );
}

/// With one lane, what runs behind a test that waits has run before its next try: also what begins when it is known to wait.
#[test]
fn a_wait_before_the_next_try_takes_no_lane() {
    let config = "[profile.default]\nretries = 2\nretry-delay = \"5s\"\nretry-backoff = \"exponential\"\nretry-max-delay = \"6s\"\n";
    let library = "\
        #[test] fn a_fails() { panic!(\"no\") }\n\
        #[test] fn b_hears_of_it() {\n\
            let record = std::path::Path::new(&std::env::var(\"TOLD\").unwrap()).join(\"run.jsonl\");\n\
            while !std::fs::read_to_string(&record).unwrap().contains(\"\\\"retried\\\"\") { std::thread::sleep(std::time::Duration::from_millis(5)) }\n\
        }\n\
        #[test] fn c_comes_behind() {}\n";
    let manifest = "[package]\nname = \"again-waits\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let files = [("Cargo.toml", manifest), ("src/lib.rs", library), ("snout.toml", config)];
    let workspace = Workspace::with("again-waits", &files);
    let folder = scratch();
    let json = folder.join("run.jsonl");
    let ended = run(command(&workspace, "--test-threads 1", &folder).arg("--record").arg(&json));
    ended.expect_code(100);
    let lines = record(&json);
    let events: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "retried" || line["event"] == "finished")
        .map(|line| {
            format!(
                "{} {}",
                line["event"].as_str().unwrap_or_default(),
                line["test"].as_str().unwrap_or_default()
            )
        })
        .collect();
    let expected = [
        "retried a_fails",
        "finished b_hears_of_it",
        "finished c_comes_behind",
        "retried a_fails",
        "finished a_fails",
    ];
    assert_eq!(events, expected, "{ended}");
    let retried: Vec<&Value> = lines.iter().filter(|line| line["event"] == "retried").collect();
    assert_eq!(retried.iter().map(|line| &line["delay"]).collect::<Vec<_>>(), [5.0, 6.0], "{ended}");
    let at = |line: Option<&Value>| line.and_then(|line| line["at"].as_f64()).expect("a time");
    assert!(at(lines.last()) - at(retried.first().copied()) >= 10.9, "{ended}");
}

#[test]
fn an_interrupted_wait_is_over_and_the_test_has_failed() {
    let workspace = package("again-interrupted", "[profile.default]\nretries = 3\nretry-delay = \"1h\"\n");
    workspace.snout("--no-run").expect_code(0);
    let folder = scratch();
    let (never, out) = (folder.join("never"), folder.join("stdout"));
    let json = folder.join("run.jsonl");
    let mut command = hearing_signals(command(&workspace, "never", &folder));
    command.arg("--record").arg(&json).process_group(0);
    command.stdout(fs::File::create(&out).expect("a file in the scratch folder")).stderr(Stdio::null());
    let (mut is_sent, begin) = (false, Instant::now());
    let mut ended = run_watching(&mut command, |pid| {
        // It has failed, and waits.
        let has_failed =
            never.exists() && fs::read_to_string(&json).is_ok_and(|text| text.contains("\"retried\""));
        if has_failed && !is_sent {
            Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill can be run");
            is_sent = true;
        }
        begin.elapsed() <= DEADLINE
    });
    ended.stdout = fs::read(&out).expect("what was just written");
    assert_eq!(ended.status.and_then(|status| status.signal()), Some(SIGINT), "{ended}");
    assert_eq!(
        summary(&ended),
        "1 test run: 0 passed, 1 failed, 2 filtered out, interrupted by SIGINT",
        "{ended}"
    );
    assert_eq!(fs::read(&never).expect("it has run").len(), 1, "{ended}");
    assert_eq!(ended.left_behind, [""; 0], "{ended}");
}

#[test]
fn every_test_runs_as_often_as_it_is_to() {
    let workspace = package("again-repeated", "");
    let folder = scratch();
    let json = folder.join("run.jsonl");
    let ended = run(command(&workspace, "--repeat 50 quick third", &folder).arg("--record").arg(&json));
    ended.expect_code(100);
    assert_eq!(fs::read(folder.join("quick")).expect("it has run").len(), 50, "{ended}");
    assert_eq!(fs::read(folder.join("third")).expect("it has run").len(), 50, "{ended}");
    let text = ended.text();
    assert!(text.contains("---- again-repeated third_time (iteration 1) ----"), "{ended}");
    assert!(summary(&ended).starts_with("100 tests run: 9"), "a few of the first have failed: {ended}");
    assert!(summary(&ended).ends_with(" failed, 1 filtered out"), "{ended}");
    let lines = record(&json);
    let iterations: Vec<u64> = lines
        .iter()
        .filter(|line| line["event"] == "finished" && line["test"] == "quick")
        .filter_map(|line| line["iteration"].as_u64())
        .collect();
    let mut sorted = iterations.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=50).collect::<Vec<u64>>(), "{ended}");
    // One of its runs failed, whatever the others did.
    let failed = ran(&workspace, "--failed --retries 9");
    failed.expect_code(0);
    assert_eq!(summary(&failed), "1 test run: 1 passed (1 flaky), 2 filtered out", "{failed}");
    let starts = lines.iter().filter(|line| line["event"] == "suite_started").count();
    assert_eq!(starts, 1, "one process does them all: {ended}");
}

/// Two runs of one test wait for each other.
#[test]
fn runs_of_a_test_go_on_at_the_same_time() {
    let library = "\
        #[test] fn meets_itself() {\n\
            let folder = std::path::PathBuf::from(std::env::var_os(\"TOLD\").unwrap());\n\
            std::fs::write(folder.join(format!(\"{:?}\", std::thread::current().id())), \"\").unwrap();\n\
            while std::fs::read_dir(&folder).unwrap().count() < 2 { std::thread::sleep(std::time::Duration::from_millis(5)) }\n\
        }\n";
    let manifest = "[package]\nname = \"again-meets\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let workspace = Workspace::with("again-meets", &[("Cargo.toml", manifest), ("src/lib.rs", library)]);
    for words in ["--repeat 2 --test-threads 2", "--until-failure --repeat 2 --test-threads 2"] {
        let mut command = command(&workspace, words, &scratch());
        let ended = run(command.env("SNOUT_TIMEOUT", "60s").env("SNOUT_ISOLATE", "never"));
        ended.expect_code(0);
        assert_eq!(summary(&ended), "2 tests run: 2 passed", "{ended}");
    }
}

#[test]
fn until_one_fails_is_until_then() {
    let library = "\
        #[test] fn passes_often() {\n\
            let path = std::path::Path::new(&std::env::var(\"TOLD\").unwrap()).join(\"runs\");\n\
            use std::io::{Seek, Write};\n\
            let mut file = std::fs::File::options().create(true).append(true).open(&path).unwrap();\n\
            file.write_all(b\"x\").unwrap();\n\
            // Where this very run has written: one run alone is the 200th. Far behind it no run may be.\n\
            let run = file.stream_position().unwrap();\n\
            assert!(run != 200 && run < 20_000);\n\
        }\n\
        #[test] fn passes() {}\n";
    let manifest = "[package]\nname = \"again-until\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let files =
        [("Cargo.toml", manifest), ("src/lib.rs", library), ("tests/other.rs", "#[test] fn other() {}\n")];
    let workspace = Workspace::with("again-until", &files);
    let folder = scratch();
    let ended = run(&mut command(&workspace, "--until-failure -q", &folder));
    ended.expect_code(100);
    let text = ended.text();
    assert!(
        text.contains("---- again-until passes_often (iteration 2"),
        "the 200th or one right behind: {ended}"
    );
    assert!(summary(&ended).ends_with(", stopped after 1 failure"), "{ended}");
    assert!(summary(&ended).contains(" passed, 1 failed, "), "{ended}");
    assert!(fs::read(folder.join("runs")).expect("it has run").len() >= 200, "{ended}");
    let bounded = run(&mut command(&workspace, "--until-failure --repeat 20 -q", &scratch()));
    bounded.expect_code(0);
    assert_eq!(summary(&bounded), "60 tests run: 60 passed", "{bounded}");
}

/// All tests of a module with a fixture are repeated together, each time with a fixture of their own.
#[test]
fn what_shares_a_fixture_is_repeated_as_one() {
    let source = "\
        fn tell(text: &str) {\n\
            use std::io::Write;\n\
            let path = std::path::Path::new(&std::env::var(\"TOLD\").unwrap()).join(format!(\"told-{}\", std::process::id()));\n\
            std::fs::File::options().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();\n\
        }\n\
        mod fixed {\n\
            test::fixture! { fn thing() -> u8 { super::tell(\"up \"); 7 } teardown(_thing) { super::tell(\"down\") } }\n\
            #[test] fn one() { thing(); super::tell(\"one \") }\n\
            #[test] fn two() { thing(); super::tell(\"two \") }\n\
        }\n";
    let manifest = format!(
        "[package]\nname = \"again-fixed\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dev-dependencies]\ntest = {{ package = \"snout\", path = {:?} }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let files = [("Cargo.toml", &*manifest), ("tests/all.rs", source)];
    let workspace = Workspace::with("again-fixed", &files);
    let folder = scratch();
    let ended = run(&mut command(&workspace, "--repeat 3", &folder));
    ended.expect_code(0);
    assert_eq!(summary(&ended), "6 tests run: 6 passed", "{ended}");
    let files = fs::read_dir(&folder).expect("a folder").flatten();
    let told: Vec<String> = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
    assert_eq!(told, ["up one two down"; 3], "{ended}");
}

#[test]
fn until_one_fails_may_be_interrupted() {
    let workspace = package("again-endless", "");
    workspace.snout("--no-run").expect_code(0);
    let folder = scratch();
    let (json, out) = (folder.join("run.jsonl"), folder.join("stdout"));
    let mut command = hearing_signals(command(&workspace, "--until-failure quick", &folder));
    command.arg("--record").arg(&json).process_group(0);
    command.stdout(fs::File::create(&out).expect("a file in the scratch folder")).stderr(Stdio::null());
    let (mut is_sent, begin) = (false, Instant::now());
    let mut ended = run_watching(&mut command, |pid| {
        // The third round.
        let text = fs::read_to_string(&json).unwrap_or_default();
        if text.matches("\"suite_started\"").count() > 2 && !is_sent {
            Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill can be run");
            is_sent = true;
        }
        begin.elapsed() <= DEADLINE
    });
    ended.stdout = fs::read(&out).expect("what was just written");
    assert_eq!(ended.status.and_then(|status| status.signal()), Some(SIGINT), "{ended}");
    assert!(summary(&ended).ends_with(", interrupted by SIGINT"), "{ended}");
    assert!(summary(&ended).contains(" 2 filtered out"), "they are counted once: {ended}");
    assert_eq!(ended.left_behind, [""; 0], "{ended}");
}

/// A program without a harness and a library's examples run as often as the others.
#[test]
fn what_is_not_under_snout_is_repeated_too() {
    let manifest = "[package]\nname = \"again-foreign\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                    [[test]]\nname = \"custom\"\nharness = false\n";
    let files = [
        ("Cargo.toml", manifest),
        ("src/lib.rs", "//! ```\n//! ```\n#[test] fn one() {}\n"),
        ("tests/custom.rs", "fn main() {}\n"),
    ];
    let workspace = Workspace::with("again-foreign", &files);
    let ended = workspace.snout("--repeat 3");
    ended.expect_code(0);
    assert_eq!(summary(&ended), "9 tests run: 9 passed", "{ended}");
    assert!(ended.text().contains("again-foreign::custom main (iteration 3)\n"), "{ended}");
    let json = scratch().join("run.jsonl");
    let nothing = run(workspace.cargo("snout --until-failure --lib no_such_name --record").arg(&json));
    nothing.expect_code(4);
    let starts = record(&json).iter().filter(|line| line["event"] == "suite_started").count();
    assert!(starts <= 1, "{starts} rounds of nothing: {nothing}");
}

#[test]
fn wrong_values_are_refused_in_one_line() {
    let workspace = package("again-wrong", "");
    for (words, text) in [
        (
            "--retries many",
            "--retries is `many`: write how often a test that failed is tried again, 0 to 65535",
        ),
        ("--flaky-result maybe", "--flaky-result is `maybe`: write `fail` or `pass`"),
        ("--repeat 0", "--repeat is `0`: write how often each test runs, 1 or more"),
        (
            "--max-fail 0",
            "--max-fail is `0`: write after how many failures nothing new starts, 1 or more, or `all`",
        ),
        (
            "--global-timeout 5",
            "--global-timeout is `5`: write how long the run may take, like `90s`, `5m` or `1h`",
        ),
    ] {
        let ended = workspace.snout(words);
        ended.expect_code(2);
        assert_eq!(ended.error_text(), format!("error: {text}\n"));
    }
    let variable = run(workspace.cargo("snout --no-doc quick").env("SNOUT_RETRY_BACKOFF", "linear"));
    variable.expect_code(100);
    let advice = "SNOUT_RETRY_BACKOFF is `linear`, which is no backoff: write `fixed` or `exponential`";
    assert!(variable.text().contains(advice), "{variable}");
}
