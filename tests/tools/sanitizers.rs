//! Nightly's sanitizers: they find the test that is at fault, and nothing in snout.
//!
//! Not ThreadSanitizer: it needs a std that was built for it (`-Z build-std`). With the std that rustup installs it finds
//! races inside std, under libtest as under snout.

use std::process::Command;

use crate::process::{Ended, run};
use crate::rig::{Flavour, PLAIN, is_nightly_missing};

const ADDRESS: Flavour =
    Flavour { name: "address", nightly: true, flags: "-Zsanitizer=address", cross: true, ..PLAIN };
const LEAK: Flavour = Flavour { name: "leak", flags: "-Zsanitizer=leak", ..ADDRESS };

/// Variables that make up a mode.
const MODES: [(&str, &str); 4] = [
    ("SNOUT_THREAD_MODE", "fresh"),
    ("SNOUT_THREAD_MODE", "pooled"),
    ("SNOUT_ISOLATE", "always"),
    ("SNOUT_ISOLATION", "spawn"),
];

fn in_each_mode(flavour: Flavour, program: &str, check: impl Fn(&mut Command)) {
    for (name, value) in MODES {
        check(flavour.program(program).env(name, value));
    }
}

#[test]
fn a_clean_suite_is_clean_to_the_address_sanitizer() {
    if !is_nightly_missing() {
        in_each_mode(ADDRESS, "clean", expect_clean);
    }
}

#[test]
fn a_clean_suite_is_clean_to_the_leak_sanitizer() {
    if !is_nightly_missing() {
        in_each_mode(LEAK, "clean", expect_clean);
    }
}

fn expect_clean(program: &mut Command) {
    let ended = run(program);
    ended
        .expect_code(0)
        .expect("26 passed; 0 failed; 1 ignored")
        .expect_no("Sanitizer")
        .expect_no("pool died");
}

#[test]
fn a_use_after_free_is_a_failure_of_the_test_that_did_it() {
    if is_nightly_missing() {
        return;
    }
    in_each_mode(ADDRESS, "faults", |program| {
        let ended = run(program.args(["--skip", "leaks_memory", "--skip", "races_for_a_number"]));
        ended.expect_code(101).expect("1 passed; 1 failed").expect("test is_innocent ... ok");
        ended.expect("test uses_memory_after_it_was_freed ... FAILED");
        expect_report(&ended, "uses_memory_after_it_was_freed", "AddressSanitizer: heap-use-after-free");
    });
}

#[test]
fn a_leak_is_a_failure_of_the_test_that_has_a_process_of_its_own() {
    if is_nightly_missing() {
        return;
    }
    let mut program = LEAK.program("faults");
    let ended = run(program.env("SNOUT_ISOLATE", "always").args(["leaks_memory", "is_innocent"]));
    ended.expect_code(101).expect("1 passed; 1 failed").expect("test leaks_memory ... FAILED");
    expect_report(&ended, "leaks_memory", "64 byte(s) leaked in 1 allocation(s)");
}

#[test]
fn a_leak_in_the_pool_fails_the_run() {
    if is_nightly_missing() {
        return;
    }
    // It is found when the process ends: no test can be named then.
    let ended = run(LEAK.program("faults").args(["leaks_memory", "is_innocent"]));
    ended.expect_code(101).expect("2 passed; 0 failed").expect("64 byte(s) leaked in 1 allocation(s)");
}

#[test]
fn in_direct_mode_the_sanitizer_has_the_last_word() {
    if is_nightly_missing() {
        return;
    }
    let mut program = ADDRESS.program("faults");
    let ended = run(program.args(["uses_memory_after_it_was_freed", "--exact", "--nocapture"]));
    ended.expect_code(1).expect("AddressSanitizer: heap-use-after-free").expect_no("test result");
}

/// The sanitizer's report stands under the test's own name.
#[track_caller]
fn expect_report(ended: &Ended, test: &str, report: &str) {
    let text = ended.text();
    let section = text.split(&format!("---- {test} stdout ----")).nth(1).unwrap_or_default();
    let section = section.split("\n---- ").next().unwrap_or_default();
    if !section.contains(report) {
        ended.fail(&format!("expected `{report}` in the output of `{test}`"));
    }
}
