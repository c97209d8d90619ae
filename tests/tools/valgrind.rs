//! valgrind and perf, which watch a program as it was built.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{plain, run, scratch};
use crate::rig::{PLAIN, is_missing, skipped};

const VALGRIND: &str = "apt-get install valgrind";
const PERF: &str = "apt-get install linux-perf";

/// `valgrind ARGUMENTS clean`; a memory error or a block that nobody can reach any more exits with 9.
fn valgrind(arguments: &[&str]) -> Command {
    let mut command = plain("valgrind");
    command.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
    // Threads that run to the very end hold blocks that are "possibly lost".
    command.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]);
    command.args(arguments).arg(PLAIN.executable("clean"));
    command
}

fn expect_clean(command: &mut Command) {
    run(command)
        .expect_code(0)
        .expect("26 passed; 0 failed; 1 ignored")
        .expect_no("==")
        .expect_no("pool died");
}

#[test]
fn valgrind_finds_nothing_in_the_pool() {
    if !is_missing("valgrind", VALGRIND) {
        expect_clean(&mut valgrind(&[]));
        expect_clean(valgrind(&[]).env("SNOUT_THREAD_MODE", "pooled"));
    }
}

#[test]
fn valgrind_finds_nothing_in_children() {
    if !is_missing("valgrind", VALGRIND) {
        expect_clean(valgrind(&[]).env("SNOUT_ISOLATE", "always"));
    }
}

#[test]
fn valgrind_finds_nothing_in_processes_that_were_executed() {
    if !is_missing("valgrind", VALGRIND) {
        expect_clean(valgrind(&["--trace-children=yes"]).env("SNOUT_ISOLATION", "spawn"));
        expect_clean(&mut valgrind(&["--trace-children=yes"]));
    }
}

#[test]
fn valgrind_finds_nothing_in_direct_mode() {
    if !is_missing("valgrind", VALGRIND) {
        expect_clean(valgrind(&[]).arg("--force-run-in-process"));
    }
}

#[test]
fn perf_records_a_run() {
    if is_missing("perf", PERF) {
        return;
    }
    let folder = scratch();
    let record = |program: &Path| {
        let mut command = plain("perf");
        command.args(["record", "--quiet", "--output"]).arg(folder.join("data")).arg("--").arg(program);
        run(&mut command)
    };
    if record(Path::new("true")).code() == Some(0) {
        let ended = record(&PLAIN.executable("clean"));
        ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored");
    } else {
        skipped("perf may not record here: see /proc/sys/kernel/perf_event_paranoid");
    }
    let _ = fs::remove_dir_all(folder);
}
