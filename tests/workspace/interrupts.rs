//! Signals that end a run.

use std::fs;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::process::{DEADLINE, Ended, run_watching, scratch};
use crate::rig::Workspace;
use crate::signals::hearing_signals;

const SIGINT: i32 = 2;

/// A package with a test that passes and one that waits for ever, telling of it first.
fn package() -> Workspace {
    Workspace::with(
        "waits",
        &[
            ("Cargo.toml", "[package]\nname = \"waits\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            (
                "src/lib.rs",
                "#[test] fn passes() {}\n#[test] fn waits() {\n    std::fs::write(std::env::var(\"TOLD\").unwrap(), \"\").unwrap();\n\
                 loop { std::thread::park() }\n}\n",
            ),
        ],
    )
}

/// A package with a suite that no SIGINT ends, and that has heard of no snout.
fn deaf() -> Workspace {
    let manifest = "[package]\nname = \"deaf\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[[test]]\nname = \"custom\"\nharness = false\n";
    let custom = "unsafe extern \"C\" { safe fn signal(number: i32, action: usize) -> usize; }\n\
        fn main() { signal(2, 1); std::fs::write(std::env::var(\"TOLD\").unwrap(), \"\").unwrap(); loop { std::thread::park() } }\n";
    Workspace::with("deaf", &[("Cargo.toml", manifest), ("tests/custom.rs", custom)])
}

/// Sends SIGINT once the test waits; and again and again, if it is to be `impatient`.
fn interrupted(workspace: &Workspace, is_impatient: bool, grace: &str) -> Ended {
    workspace.snout("--no-run").expect_code(0);
    let folder = scratch();
    let (told, out) = (folder.join("told"), folder.join("stdout"));
    let mut command = hearing_signals(workspace.cargo("snout --no-doc"));
    command.env("TOLD", &told).env("SNOUT_GRACE", grace).process_group(0);
    command.stdout(fs::File::create(&out).expect("a file in the scratch folder")).stderr(Stdio::null());
    let (mut sent, begin) = (0, Instant::now());
    let mut ended = run_watching(&mut command, |pid| {
        if told.exists() && (sent == 0 || is_impatient) {
            Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill can be run");
            sent += 1;
        }
        begin.elapsed() <= DEADLINE
    });
    ended.stdout = fs::read(&out).expect("what was just written");
    ended
}

#[test]
fn whoever_is_impatient_waits_for_nobody() {
    for workspace in [package(), deaf()] {
        let ended = interrupted(&workspace, true, "10m");
        assert_eq!(ended.status.and_then(|status| status.signal()), Some(SIGINT), "{ended}");
        assert_eq!(ended.left_behind, [""; 0], "{ended}");
    }
}

#[test]
fn an_interrupted_run_reports_and_dies_by_the_signal() {
    let ended = interrupted(&package(), false, "100ms");
    assert_eq!(ended.status.and_then(|status| status.signal()), Some(SIGINT), "{ended}");
    let text = ended.text();
    assert!(text.contains(" waits passes\n"), "{ended}");
    assert!(text.contains(", interrupted by SIGINT\n"), "{ended}");
    assert_eq!(ended.left_behind, [""; 0], "{ended}");
}
