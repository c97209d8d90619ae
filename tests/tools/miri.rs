//! Miri, which interprets a program and finds undefined behaviour: tests run in order on one thread there, and print where they are.

use std::process::Stdio;

use crate::process::{plain, run};
use crate::rig::{Flavour, PLAIN, is_nightly_missing, skipped};

const MIRI: Flavour = Flavour { name: "miri", nightly: true, ..PLAIN };

#[test]
fn a_suite_passes_under_miri() {
    if is_nightly_missing() || is_miri_missing() {
        return;
    }
    let ended = run(MIRI.cargo("miri test").args(["--test", "clean"]));
    ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored").expect("to standard output");
    ended.expect_no("Undefined Behavior").expect_no("snout cannot capture");
}

fn is_miri_missing() -> bool {
    let mut miri = plain("rustup");
    miri.args(["run", "nightly", "miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    let is_there = miri.status().is_ok_and(|status| status.success());
    !is_there && skipped("there is no Miri: rustup component add --toolchain nightly miri rust-src")
}
