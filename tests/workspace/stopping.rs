//! Runs that stop before all has run: enough tests have failed, or the time for all of them is over.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::process::{DEADLINE, Ended, run, run_watching, scratch};
use crate::rig::{Workspace, summary};

/// What tests of these workspaces have in common: they tell of themselves in a folder, and wait for each other.
const HELP: &str = "\
    #[cfg(test)] fn folder() -> std::path::PathBuf { std::path::PathBuf::from(std::env::var_os(\"TOLD\").unwrap()) }\n\
    #[cfg(test)] fn tell(name: &str) { std::fs::write(folder().join(name), \"\").unwrap() }\n\
    #[cfg(test)] fn hear(name: &str) {\n\
        while !folder().join(name).exists() { std::thread::sleep(std::time::Duration::from_millis(5)) }\n\
    }\n";

/// Two suites that run at the same time, and one that has to wait for them. A test of the first fails once the second has begun; the
/// second's first test ends when the run is known to stop, and there are others behind it.
fn three_suites(name: &str) -> Workspace {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let first = format!(
        "{HELP}#[test] fn a_fails() {{ hear(\"begun\"); panic!(\"no\") }}\n#[test] fn b_comes_late() {{ tell(\"late\") }}\n"
    );
    let second = format!(
        "{HELP}#[test] fn a_ends() {{ tell(\"begun\"); hear(\"stopped\") }}\n#[test] fn b_comes_late() {{ tell(\"late\") }}\n\
         #[test] fn c_comes_late() {{ tell(\"late\") }}\n"
    );
    let third = format!("{HELP}#[test] fn comes_late() {{ tell(\"late\") }}\n");
    let files = [
        ("Cargo.toml", &*manifest),
        ("tests/first.rs", &first),
        ("tests/second.rs", &second),
        ("tests/third.rs", &third),
    ];
    Workspace::with(name, &files)
}

fn record(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Runs it, tells its tests once the record says that the run stops, and lets `hear` look at it before.
fn stopped(
    workspace: &Workspace,
    words: &str,
    mut hear: impl FnMut(u32, &[Value], &Path),
) -> (Ended, PathBuf) {
    workspace.snout("--no-run").expect_code(0);
    let folder = scratch();
    let (json, out) = (folder.join("run.jsonl"), folder.join("stdout"));
    let mut command = workspace.cargo(&format!("snout {words}"));
    command.env("TOLD", &folder).arg("--record").arg(&json);
    command.stdout(fs::File::create(&out).expect("a file in the scratch folder")).stderr(Stdio::null());
    let begin = Instant::now();
    let mut ended = run_watching(&mut command, |pid| {
        let lines = record(&json);
        hear(pid, &lines, &folder);
        if lines.iter().any(|line| line["event"] == "workspace_stopped") {
            fs::write(folder.join("stopped"), "").expect("a file in the scratch folder");
        }
        begin.elapsed() <= DEADLINE
    });
    ended.stdout = fs::read(&out).expect("what was just written");
    assert!(!folder.join("late").exists(), "what comes behind does not run: {ended}");
    assert_eq!(ended.left_behind, [""; 0], "{ended}");
    (ended, json)
}

fn event<'lines>(lines: &'lines [Value], name: &str) -> &'lines Value {
    lines.iter().find(|line| line["event"] == name).unwrap_or_else(|| panic!("no {name} in {lines:#?}"))
}

#[test]
fn the_first_failure_stops_every_suite() {
    let workspace = three_suites("stops-fast");
    for words in ["--test-threads 2 --fail-fast", "--test-threads 2 --max-fail 1"] {
        let (ended, json) = stopped(&workspace, words, |_, _, _| {});
        ended.expect_code(100);
        let expected = "2 tests run: 1 passed, 1 failed, 3 not run, stopped after 1 failure";
        assert_eq!(summary(&ended), expected, "{ended}");
        assert!(ended.text().contains("run: 1 suite not begun: stopped after 1 failure\n"), "{ended}");
        assert!(!ended.text().contains("troubles:"), "{ended}");
        let lines = record(&json);
        let said = event(&lines, "workspace_stopped");
        assert_eq!((&said["reason"], &said["failures"]), (&"max_fail".into(), &1.into()), "{ended}");
        assert_eq!(said["not_begun"], serde_json::json!(["stops-fast::third"]), "{ended}");
        let end = event(&lines, "workspace_finished");
        assert_eq!((&end["success"], &end["not_run"]), (&false.into(), &3.into()), "{ended}");
    }
}

#[test]
fn without_a_word_all_tests_run_whatever_fails() {
    let library = "#[test] fn a() { panic!() } #[test] fn b() { panic!() } #[test] fn c() {}\n";
    let manifest = "[package]\nname = \"stops-never\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let config = "[profile.ci]\nmax-fail = 1\n";
    let files = [("Cargo.toml", manifest), ("src/lib.rs", library), ("snout.toml", config)];
    let workspace = Workspace::with("stops-never", &files);
    for words in ["", "--no-fail-fast", "--max-fail 3", "--max-fail all", "-P ci --no-fail-fast"] {
        let ended = workspace.snout(&format!("--lib --test-threads 1 {words}"));
        ended.expect_code(100);
        assert_eq!(summary(&ended), "3 tests run: 1 passed, 2 failed", "{words} {ended}");
    }
    let ended = workspace.snout("--lib --fail-fast --no-fail-fast");
    ended.expect_code(2);
    assert!(ended.error_text().contains("cannot be used with '--no-fail-fast'"), "{ended}");
    let configured = workspace.snout("config -P ci");
    assert!(configured.text().contains("max-fail = 1  # profile `ci`, "), "{configured}");
}

/// A failure counts when no try is left. What has been set up is torn down.
#[test]
fn what_is_tried_again_has_not_failed_yet_and_what_is_set_up_is_torn_down() {
    let source = format!(
        "{HELP}mod fixed {{\n\
             test::fixture! {{ fn thing() -> u8 {{ super::tell(\"begun\"); 7 }} teardown(_thing) {{ super::tell(\"down\") }} }}\n\
             #[test] fn a_waits() {{ thing(); super::hear(\"stopped\") }}\n\
             #[test] fn b_comes_late() {{ thing(); super::tell(\"late\") }}\n\
         }}\n"
    );
    let first = format!(
        "{HELP}#[test] fn a_fails() {{ hear(\"begun\"); if folder().join(\"tried\").exists() {{ panic!(\"again\") }} tell(\"tried\"); panic!(\"first\") }}\n"
    );
    let manifest = format!(
        "[package]\nname = \"stops-later\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dev-dependencies]\ntest = {{ package = \"snout\", path = {:?} }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let files = [("Cargo.toml", &*manifest), ("tests/first.rs", &first), ("tests/second.rs", &source)];
    let workspace = Workspace::with("stops-later", &files);
    let mut down = None;
    let (ended, json) = stopped(&workspace, "--test-threads 2 --fail-fast --retries 1", |_, _, folder| {
        down = Some(folder.join("down"));
    });
    ended.expect_code(100);
    assert_eq!(
        summary(&ended),
        "2 tests run: 1 passed, 1 failed, 1 not run, stopped after 1 failure",
        "{ended}"
    );
    assert!(down.is_some_and(|path| path.exists()), "it was torn down: {ended}");
    let lines = record(&json);
    let tries = lines.iter().filter(|line| line["event"] == "retried").count();
    assert_eq!(tries, 1, "{ended}");
    let last = lines.iter().find(|line| line["event"] == "finished" && line["test"] == "a_fails");
    let output = last.and_then(|line| line["output"].as_str()).unwrap_or_default();
    assert!(output.contains("again"), "it had its second try: {ended}");
}

/// Somebody else may say it, too.
#[test]
fn the_run_winds_down_when_it_is_told_to() {
    let workspace = three_suites("stops-asked");
    let mut is_sent = false;
    let (ended, json) =
        stopped(&workspace, "--test-threads 1 --test second --test third", |pid, lines, folder| {
            let has_begun = lines.iter().any(|line| line["event"] == "run_started");
            if has_begun && folder.join("begun").exists() && !is_sent {
                Command::new("kill").args(["-USR2", &pid.to_string()]).status().expect("kill can be run");
                is_sent = true;
            }
        });
    assert_eq!(event(&record(&json), "workspace_stopped")["reason"], "asked", "{ended}");
    ended.expect_code(100);
    assert!(summary(&ended).ends_with(", stopped by SIGUSR2"), "{ended}");
}

/// A suite that never ends, and one that cannot be told.
#[test]
fn the_time_for_all_tests_is_over_for_all() {
    let source = format!(
        "{HELP}#[test] fn a_waits() {{ tell(\"begun\"); loop {{ std::thread::park() }} }}\n#[test] fn b_comes_late() {{ tell(\"late\") }}\n"
    );
    let manifest = "[package]\nname = \"stops-in-time\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                    [[test]]\nname = \"custom\"\nharness = false\n";
    let config = "[profile.default]\nglobal-timeout = \"1h\"\ngrace = \"300ms\"\n";
    // Not even a SIGTERM ends it: it has to be killed.
    let custom = "\
        unsafe extern \"C\" { safe fn signal(number: i32, action: usize) -> usize; }\n\
        fn main() { signal(15, 1); loop { std::thread::park() } }\n";
    let third = format!("{HELP}#[test] fn comes_late() {{ tell(\"late\") }}\n");
    let files = [
        ("Cargo.toml", manifest),
        ("snout.toml", config),
        ("tests/custom.rs", custom),
        ("tests/waits.rs", &source),
        ("tests/third.rs", &third),
    ];
    let workspace = Workspace::with("stops-in-time", &files);
    let (ended, json) =
        stopped(&workspace, "--test-threads 2 --global-timeout 2s --test custom --test waits", |_, _, _| {});
    ended.expect_code(100);
    assert_eq!(ended.status.and_then(|status| status.signal()), None, "{ended}");
    let expected = "2 tests run: 0 passed, 2 failed, 1 not run, stopped by the global timeout of 2s";
    assert_eq!(summary(&ended), expected, "{ended}");
    assert!(ended.text().contains("a_waits"), "{ended}");
    let lines = record(&json);
    let said = event(&lines, "workspace_stopped");
    assert_eq!((&said["reason"], &said["limit"]), (&"global_timeout".into(), &2.0.into()), "{ended}");
    let junit = run(workspace.cargo("snout report junit").arg(&json));
    assert!(junit.text().contains("message=\"stopped by the global timeout of 2s\""), "{junit}");
    let config = workspace.snout("config");
    assert!(config.text().contains("global-timeout = \"1h\"  # profile `default`, "), "{config}");
}

/// `cargo snout` reads signals instead of being ended by them; that is no matter of what it starts.
#[test]
fn suites_have_the_signals_that_the_run_was_started_with() {
    let told = "std::fs::read_to_string(\"/proc/thread-self/status\").unwrap().lines().find(|line| line.starts_with(\"SigBlk:\")).unwrap().to_owned()";
    let asserted = format!("assert_eq!({told}, std::env::var(\"BLOCKED\").unwrap())");
    let manifest = "[package]\nname = \"stops-unblocked\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                    [[test]]\nname = \"custom\"\nharness = false\n";
    let library = format!("//! ```\n//! {asserted};\n//! ```\n#[test] fn one() {{ {asserted} }}\n");
    let custom = format!("fn main() {{ {asserted} }}\n");
    let files = [("Cargo.toml", manifest), ("src/lib.rs", &library), ("tests/custom.rs", &custom)];
    let workspace = Workspace::with("stops-unblocked", &files);
    let own = fs::read_to_string("/proc/thread-self/status").expect("Linux tells it");
    let blocked = own.lines().find(|line| line.starts_with("SigBlk:")).expect("a mask");
    for isolate in ["auto", "always"] {
        let ended = run(workspace.cargo("snout").env("BLOCKED", blocked).env("SNOUT_ISOLATE", isolate));
        ended.expect_code(0);
        assert_eq!(summary(&ended), "3 tests run: 3 passed", "{ended}");
    }
}
