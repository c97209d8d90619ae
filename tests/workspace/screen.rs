//! Keys on a terminal while several binaries run below one bar: Ctrl-C, once and again and again, Ctrl-Z, Ctrl-\; and what the bar tells of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{run, scratch};
use crate::reports::at_home;
use crate::rig::{Workspace, target};
use crate::terminal::{Terminal, bars};

/// Two binaries: in each a test that passes and one that tells its process and waits.
fn package(name: &str) -> Workspace {
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    let binary = |test: &str| {
        format!(
            "#[test] fn passes() {{}}\n#[test] fn {test}() {{\n    let Some(folder) = std::env::var_os(\"WAIT_IN\") else {{ return }};\n    \
             let folder = std::path::PathBuf::from(folder);\n    \
             std::fs::write(folder.join(\"{test}.pid\"), std::process::id().to_string()).unwrap();\n    \
             while !folder.join(\"go on\").exists() {{ std::thread::sleep(std::time::Duration::from_millis(5)) }}\n}}\n"
        )
    };
    Workspace::with(
        name,
        &[
            ("Cargo.toml", &manifest),
            ("src/lib.rs", ""),
            ("tests/here.rs", &binary("waits_here")),
            ("tests/there.rs", &binary("waits_there")),
        ],
    )
}

/// `cargo snout` of it, built, where tests wait; and the folder in which they are told to go on.
fn waiting(package: &Workspace) -> (Command, PathBuf) {
    // The name takes all of them, and no run of it is what a later one goes by to share its lanes.
    let words = "snout --no-doc --tests --test-threads 2 s";
    run(&mut at_home(package, "snout --no-doc --tests --no-run")).expect_code(0);
    let (mut command, folder) = (at_home(package, words), scratch());
    command.env("WAIT_IN", &folder);
    (command, folder)
}

/// A target folder where no other run is the last one, nor waits for what is built here.
fn own_target() -> PathBuf {
    target().with_file_name("snout target of screens")
}

/// Both tests stand below the bar.
fn has_both(screen: &str) -> bool {
    bars(screen) == 1 && screen.contains("::here waits_here\n") && screen.contains("::there waits_there\n")
}

/// Waits until the processes of both tests have gone.
fn expect_gone(folder: &Path) {
    let begin = Instant::now();
    for test in ["waits_here", "waits_there"] {
        let pid =
            fs::read_to_string(folder.join(test).with_added_extension("pid")).expect("the test told it");
        while Path::new("/proc").join(&pid).exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "process {pid} of {test} is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Waits until the processes of both tests stand still.
fn expect_stopped(folder: &Path) {
    let begin = Instant::now();
    for test in ["waits_here", "waits_there"] {
        let pid =
            fs::read_to_string(folder.join(test).with_added_extension("pid")).expect("the test told it");
        let status = Path::new("/proc").join(&pid).join("status");
        while !fs::read_to_string(&status).expect("it is there").contains("State:\tT") {
            assert!(begin.elapsed() < Duration::from_secs(60), "process {pid} of {test} still runs");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn the_bar_names_tests_of_all_binaries_and_says_how_long_it_may_take() {
    let package = package("keyed");
    let (mut command, folder) = waiting(&package);
    let target = own_target();
    command.env("CARGO_TARGET_DIR", &target);
    // What the last run says: that all is done at once, and then that each took a while.
    run(at_home(&package, "snout --no-doc --tests s").env("CARGO_TARGET_DIR", &target)).expect_code(0);
    let record = target.join("snout/last-run.jsonl");
    let text = fs::read_to_string(&record).expect("a run leaves it");
    let lines = text.lines().map(|line| {
        let mut line: serde_json::Value = serde_json::from_str(line).expect("a record is of JSON");
        if line["event"] == "finished" && line["test"].as_str().is_some_and(|test| test.starts_with("waits"))
        {
            line["elapsed"] = 5000.into();
        }
        format!("{line}\n")
    });
    fs::write(&record, lines.collect::<String>()).expect("a file of ours");
    let terminal = Terminal::open(&command, 100);
    let screen = terminal.wait("bar", |screen| has_both(screen) && screen.contains(" 2/4: 2 running, "));
    let line = screen.lines().find(|line| line.starts_with("     Running [")).unwrap_or_default();
    assert!(line.ends_with(" left"), "{screen}");
    fs::write(folder.join("go on"), "").expect("a file of ours");
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains("4 tests run: 4 passed\ncode=0\nsane\n"), "{screen}");
}

#[test]
fn ctrl_c_stops_all_binaries_and_names_what_ran() {
    let package = package("keyed-interrupted");
    let (mut command, folder) = waiting(&package);
    command.env("SNOUT_GRACE", "100ms");
    let terminal = Terminal::open(&command, 100);
    terminal.wait("bar", has_both);
    terminal.tmux(&["send-keys", "C-c"]);
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains(", interrupted by SIGINT\n") && screen.contains("code=130\nsane\n"), "{screen}");
    for test in ["::here waits_here", "::there waits_there"] {
        assert!(screen.contains(test), "{test} is named: {screen}");
    }
    expect_gone(&folder);
}

#[test]
fn ctrl_c_again_and_again_waits_for_nobody() {
    let package = package("keyed-impatient");
    let (mut command, folder) = waiting(&package);
    command.env("SNOUT_GRACE", "1h");
    let terminal = Terminal::open(&command, 100);
    terminal.wait("bar", has_both);
    let screen = terminal.wait("end", |screen| {
        let is_over = screen.contains("sane\n");
        if !is_over {
            terminal.tmux(&["send-keys", "C-c"]);
        }
        is_over
    });
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains("code=130\nsane\n"), "{screen}");
    expect_gone(&folder);
}

/// The shell sees it stopped, and has its terminal; brought back, it goes on, bar and all.
#[test]
fn ctrl_z_takes_the_bar_away_until_it_goes_on() {
    let package = package("keyed-stopped");
    let (command, folder) = waiting(&package);
    let behind = "echo \"stopped=$?\"\nread go\nfg >/dev/null\n";
    let terminal = Terminal::open_with(&command, 100, ("set -m\n", behind));
    terminal.wait("bar", has_both);
    terminal.tmux(&["send-keys", "C-z"]);
    let screen = terminal.wait("shell", |screen| screen.contains("stopped="));
    assert_eq!(bars(&screen), 0, "{screen}");
    // 128 and the number of SIGTSTP.
    assert!(screen.contains("stopped=148\n"), "{screen}");
    expect_stopped(&folder);
    terminal.tmux(&["send-keys", "Enter"]);
    terminal.wait("bar again", has_both);
    fs::write(folder.join("go on"), "").expect("a file of ours");
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains("4 tests run: 4 passed\ncode=0\nsane\n"), "{screen}");
}

#[test]
fn ctrl_backslash_tells_what_runs_above_the_bar() {
    let package = package("keyed-asked");
    let (command, folder) = waiting(&package);
    let terminal = Terminal::open(&command, 100);
    terminal.wait("bar", has_both);
    terminal.tmux(&["send-keys", r"C-\"]);
    let told = |screen: &str| {
        ["here", "there"]
            .iter()
            .all(|binary| screen.contains(&format!("s: keyed-asked::{binary}, 1 test done\n")))
    };
    let screen = terminal.wait("answer", |screen| told(screen) && has_both(screen));
    let bar = screen.find("     Running [").expect("the bar is there");
    assert!(screen.rfind("running for ").is_some_and(|answer| answer < bar), "{screen}");
    fs::write(folder.join("go on"), "").expect("a file of ours");
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert!(screen.contains("4 tests run: 4 passed\ncode=0\nsane\n") && bars(&screen) == 0, "{screen}");
}

/// Before there is anything to run: cargo ends as it always does, and so does what called it.
#[test]
fn ctrl_c_while_cargo_builds_ends_both() {
    let package = package("keyed-building");
    package.write(
        "build.rs",
        "fn main() {\n    println!(\"cargo::rerun-if-env-changed=WAIT_IN\");\n    let Some(folder) = std::env::var_os(\"WAIT_IN\") else { return };\n    \
         std::fs::write(std::path::PathBuf::from(folder).join(\"builds\"), \"\").unwrap();\n    loop { std::thread::park() }\n}\n",
    );
    let folder = scratch();
    let mut command = at_home(&package, "snout --no-doc");
    command.env("WAIT_IN", &folder).env("CARGO_TARGET_DIR", own_target());
    let terminal = Terminal::open(&command, 100);
    terminal.wait("build", |_| folder.join("builds").exists());
    terminal.tmux(&["send-keys", "C-c"]);
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    // Behind it stands what is left of cargo's own bar.
    assert!(screen.contains("code=130"), "{screen}");
    assert!(!screen.contains("Starting ") && bars(&screen) == 0, "{screen}");
}
