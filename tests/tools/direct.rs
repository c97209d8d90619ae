//! Direct mode: whoever looks at the process that was started finds the tests in it.

use std::process::Command;

use crate::process::{Ended, plain, run, scratch};
use crate::rig::{PLAIN, is_missing};

/// The program whose tests say where they run.
const PROGRAM: &str = "looks_around";

const GDB: &str = "apt-get install gdb";
const STRACE: &str = "apt-get install strace";

fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    run(PLAIN.program(PROGRAM).args(arguments).envs(variables.iter().copied()))
}

/// What the test prints if it runs in the process that was started, beside no other.
fn in_process(ended: &Ended) -> String {
    format!("process {} of {}, children []", ended.pid, std::process::id())
}

/// `TOOL ARGUMENTS PROGRAM`.
fn under(tool: &str, arguments: &[&str]) -> Command {
    let program = PLAIN.program(PROGRAM);
    let mut command = plain(tool);
    command.args(arguments).arg(program.get_program());
    command
}

#[test]
fn otherwise_tests_run_in_other_processes() {
    let ended = run_with(&["says_where_it_is", "--nocapture"], &[]);
    ended.expect_code(0).expect(" children []").expect_no(&in_process(&ended));
}

#[test]
fn one_test_asked_for_by_name_without_capture_runs_in_the_process_that_was_started() {
    let ended = run_with(&["says_where_it_is", "--exact", "--nocapture"], &[]);
    ended.expect_code(0).expect(&in_process(&ended));
}

#[test]
fn on_demand_tests_run_in_the_process_that_was_started() {
    for arguments in [&["--nocapture"] as &[&str], &["--show-output"], &["--nocapture", "--test-threads=1"]] {
        let arguments = [arguments, &["--force-run-in-process"]].concat();
        let ended = run_with(&arguments, &[]);
        ended.expect_code(0).expect(&in_process(&ended)).expect("2 passed; 0 failed; 1 ignored");
    }
}

#[test]
fn under_nextest_tests_run_in_the_process_that_was_started() {
    let ended = run_with(&["--nocapture"], &[("NEXTEST_EXECUTION_MODE", "process-per-test")]);
    ended.expect_code(0).expect(&in_process(&ended));
}

#[test]
fn a_crash_in_direct_mode_ends_the_process_as_the_system_would() {
    let ended = run_with(&["crashes", "--exact", "--nocapture", "--ignored"], &[]);
    // Killed by a signal: there is no exit code, and no supervisor that could have told of it.
    if ended.code().is_some() || ended.text().contains("test result") {
        ended.fail("expected a death by a signal");
    }
}

#[test]
fn strace_sees_threads_and_no_other_process() {
    if is_missing("strace", STRACE) {
        return;
    }
    let folder = scratch();
    let log = folder.join("calls");
    let path = log.to_str().expect("the target folder's name is text");
    let mut command = under("strace", &["-f", "-e", "trace=process", "-o", path]);
    let ended = run(command.args(["says_where_it_is", "--exact", "--nocapture"]));
    ended.expect_code(0).expect("1 passed");
    let calls = std::fs::read_to_string(&log).expect("strace has written it");
    let _ = std::fs::remove_dir_all(folder);
    let is_process = |call: &&str| {
        ["fork(", "vfork("].iter().any(|name| call.contains(name))
            || call.contains("clone") && !call.contains("CLONE_THREAD") && !call.contains("resumed")
    };
    assert!(calls.contains("execve("), "strace has seen the program start:\n{calls}");
    assert_eq!(calls.lines().find(is_process), None, "all calls:\n{calls}");
}

#[test]
fn a_debugger_without_further_ado_stops_inside_a_test() {
    if is_missing("gdb", GDB) {
        return;
    }
    let mut command = under(
        "gdb",
        &[
            "-nx",
            "-batch",
            "-iex",
            "set debuginfod enabled off",
            "-ex",
            "break looks_around::halt",
            "-ex",
            "run",
            "-ex",
            "bt",
            "-ex",
            "continue",
            "--args",
        ],
    );
    let ended = run(&mut command);
    ended.expect("hit Breakpoint 1, looks_around::halt (number=20)").expect("looks_around::stops_here");
    ended.expect("2 passed; 0 failed; 1 ignored").expect("exited normally");
    ended.expect_no("Detaching after");
}

#[test]
fn a_debugger_shows_where_a_test_crashed() {
    if is_missing("gdb", GDB) {
        return;
    }
    let mut command = under(
        "gdb",
        &["-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex", "run", "-ex", "bt", "--args"],
    );
    let ended = run(command.args(["crashes", "--exact", "--nocapture", "--ignored"]));
    ended.expect("received signal SIGSEGV").expect("looks_around::fall").expect("looks_around::crashes");
    ended.expect_no("Detaching after");
}
