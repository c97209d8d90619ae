//! How the lanes of a run are shared among the binaries.

use std::fs;
use std::path::Path;

use crate::process::Ended;
use crate::rig::Workspace;

/// Waits for something with a limit: a run that does not get there fails, and does not hang.
const WAIT: &str = "
fn wait(until: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !until() {
        assert!(begun.elapsed().as_secs() < 60, \"waited for too long\");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}
";

/// Packages, each a library of these tests: `one_NAME`, `two_NAME`, `three_NAME`.
fn packages(name: &str, tests: &[&str]) -> Workspace {
    let root = "[workspace]\nmembers = [\"*/\"]\nresolver = \"3\"\n";
    let workspace = Workspace::with(name, &[("Cargo.toml", root)]);
    for (number, tests) in ["one", "two", "three"].iter().zip(tests) {
        let manifest =
            format!("[package]\nname = \"{number}_{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        workspace.write(&format!("{number}/Cargo.toml"), &manifest);
        workspace.write(&format!("{number}/src/lib.rs"), &format!("#![cfg(test)]\n{WAIT}\n{tests}\n"));
    }
    workspace
}

/// Lines of the record of a run that have all these texts in them, in their order.
fn recorded(record: &Path, texts: &[&str]) -> Vec<String> {
    let lines = fs::read_to_string(record).expect("the record of the run");
    let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
    lines.lines().filter(has_all).map(str::to_owned).collect()
}

fn run(workspace: &Workspace, words: &str) -> (Ended, std::path::PathBuf) {
    let record = workspace.folder.join("record");
    let ended =
        crate::process::run(workspace.cargo(&format!("snout --no-doc {words}")).env("SNOUT_RECORD", &record));
    (ended, record)
}

#[test]
fn lanes_of_a_suite_that_has_ended_go_to_one_that_runs() {
    let meet = "
        use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
        static HERE: AtomicUsize = AtomicUsize::new(0);
        fn meet() { HERE.fetch_add(1, SeqCst); wait(|| HERE.load(SeqCst) == 2); }
        #[test] fn meets_the_other() { meet(); }
        #[test] fn meets_the_one() { meet(); }";
    let workspace = packages("lent", &[meet, "#[test] fn is_short() { wait(|| true); }"]);
    let (ended, record) = run(&workspace, "--test-threads 2");
    ended.expect_code(0);
    let lanes = recorded(&record, &["suite_started", "\"suite\":\"one_lent\"", "\"lanes\":1"]);
    assert_eq!(lanes.len(), 1, "it had one lane when it began, and two of its tests ran at once\n{ended}");
}

#[test]
fn a_suite_with_a_long_tail_gives_back_what_it_has_no_use_for() {
    let tail = "
        #[test] fn a_takes_a_while() { std::thread::sleep(std::time::Duration::from_millis(300)); }
        #[test] fn b_takes_a_while() { std::thread::sleep(std::time::Duration::from_millis(400)); }
        #[test] fn z_waits() { wait(|| std::path::Path::new(\"../made\").exists()); }";
    let between = "
        #[test] fn waits_too() {
            std::thread::sleep(std::time::Duration::from_millis(60));
            wait(|| std::path::Path::new(\"../made\").exists());
        }";
    let make = "#[test] fn makes() { std::fs::write(\"../made\", \"\").unwrap(); wait(|| true); }";
    let workspace = packages("tail", &[tail, between, make]);
    let made = workspace.folder.join("made");
    fs::write(&made, "").expect("a file in the workspace");
    run(&workspace, "--test-threads 3").0.expect_code(0);
    fs::remove_file(&made).expect("it was there");
    let (ended, record) = run(&workspace, "--test-threads 3");
    ended.expect_code(0);
    let both = recorded(&record, &["suite_started", "\"suite\":\"one_tail\"", "\"lanes\":2"]);
    assert_eq!(both.len(), 1, "two lanes of three were its at first\n{ended}");
    let gives_back = ["\"suite\":\"one_tail\"", "\"event\":\"lanes\",\"lanes\":1"];
    assert_eq!(recorded(&record, &gives_back).len(), 1, "{ended}");
}

#[test]
fn a_test_that_took_long_begins_before_the_others() {
    let tests = "
        #[test] fn a() {} #[test] fn b() {} #[test] fn c() {}
        #[test] fn y_takes_long() { std::thread::sleep(std::time::Duration::from_millis(300)); }
        #[test] fn z_takes_longer() { std::thread::sleep(std::time::Duration::from_millis(900)); }";
    let workspace = packages("order", &[tests, "#[test] fn is_short() { wait(|| true); }"]);
    run(&workspace, "--test-threads 2").0.expect_code(0);
    let (ended, record) = run(&workspace, "--test-threads 2");
    ended.expect_code(0);
    let lines = recorded(&record, &["\"event\":\"finished\"", "\"suite\":\"one_order\""]);
    let place = |name: &str| lines.iter().position(|line| line.contains(name)).expect("it has come out");
    assert!(place("\"c\"") > place("y_takes_long"), "{lines:#?}");
}

#[test]
fn lanes_of_suites_that_run_at_once_have_numbers_of_their_own() {
    let snout = env!("CARGO_MANIFEST_DIR");
    let tests = |other: &str| {
        format!(
            "#[test] fn tells() {{
                std::fs::write(concat!(\"../lane_of_\", env!(\"CARGO_PKG_NAME\")), test::lane().to_string()).unwrap();
                wait(|| std::path::Path::new(\"../lane_of_{other}_numbers\").exists());
            }}"
        )
    };
    let workspace = packages("numbers", &[&tests("two"), &tests("one")]);
    for name in ["one", "two"] {
        let path = format!("{name}/Cargo.toml");
        let text = fs::read_to_string(workspace.folder.join(&path)).expect("it was written");
        let line = format!("[dev-dependencies]\ntest = {{ package = \"snout\", path = {snout:?} }}\n");
        if !text.contains(&line) {
            workspace.write(&path, &format!("{text}{line}"));
        }
        let _ = fs::remove_file(workspace.folder.join(format!("lane_of_{name}_numbers")));
    }
    let (ended, _) = run(&workspace, "--test-threads 2");
    ended.expect_code(0);
    let lane = |name: &str| fs::read_to_string(workspace.folder.join(format!("lane_of_{name}_numbers")));
    let (one, two) = (lane("one").expect("it told"), lane("two").expect("it told"));
    assert_ne!(one, two, "{ended}");
}

#[test]
fn documentation_that_took_long_begins_first_and_tests_run_beside_it() {
    let workspace = packages("docs", &["#[test] fn is_short() { wait(|| true); }"]);
    let example = "//! ```\n//! assert_eq!(1 + 1, 2);\n//! ```\n";
    let tests = "#[test] fn is_short() {}\n";
    workspace.write("one/src/lib.rs", &format!("{example}#[cfg(test)]\n{tests}"));
    let record = workspace.folder.join("record");
    // Nobody says how many tests may run at once.
    let run = || crate::process::run(workspace.cargo("snout").env("SNOUT_RECORD", &record));
    run().expect_code(0);
    let ended = run();
    ended.expect_code(0);
    let events = |name: &str| recorded(&record, &["\"event\":\"suite_", name]);
    let lines = events("");
    let place = |suite: &str, event: &str| {
        let is_it = |line: &String| line.contains(suite) && line.contains(event);
        lines.iter().position(is_it).expect("the record has it")
    };
    let (documentation, tests) = ("\"suite\":\"one_docs (doc)\"", "\"suite\":\"one_docs\"");
    assert!(place(documentation, "suite_started") < place(tests, "suite_started"), "{lines:#?}");
    if recorded(&record, &["workspace_started", "\"lanes\":1,"]).is_empty() {
        assert!(place(tests, "suite_finished") < place(documentation, "suite_finished"), "{lines:#?}");
    }
}
