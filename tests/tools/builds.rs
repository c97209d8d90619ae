//! Builds that change what the harness is made of: it is there all the same, captures, and comes to the same verdicts.

use crate::fixture::package;
use crate::harness::Harness;
use crate::process::run;
use crate::rig::{Flavour, PLAIN};

const LTO: Flavour = Flavour { name: "lto", ..PLAIN };
const WITHOUT_PROCESSES: Flavour = Flavour { name: "without_processes", ..PLAIN };
const WITHOUT_CAPTURE: Flavour = Flavour { name: "without_capture", ..PLAIN };
const LOWEST: Flavour = Flavour { name: "lowest", ..PLAIN };
const FROM_1_100: Flavour = Flavour { name: "from_1_100", ..PLAIN };

#[test]
fn a_release_build_with_link_time_optimization_links_and_captures() {
    // `true` and `"thin"` treat the standard library differently: each has to keep what capture needs of it.
    for lto in ["true", "thin"] {
        let mut cargo = LTO.cargo("test");
        cargo.env("CARGO_PROFILE_RELEASE_LTO", lto).args(["--release", "--test", "clean"]);
        let ended = run(&mut cargo);
        ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored").expect_no("to standard output");
        ended.expect_no("snout cannot capture");
        // What is inlined is no frame by itself: backtraces end where the harness calls the test all the same.
        for thread_mode in ["fresh", "pooled"] {
            let mut cargo = LTO.cargo("test");
            cargo.env("CARGO_PROFILE_RELEASE_LTO", lto).args(["--release", "--test", "verdicts"]);
            cargo.env("RUST_BACKTRACE", "1").env("SNOUT_THREAD_MODE", thread_mode);
            for isolate in ["auto", "always"] {
                let ended = run(cargo.env("SNOUT_ISOLATE", isolate));
                ended.expect("stack backtrace:\n").expect_no("snout::").expect_no("rayon");
            }
        }
    }
}

#[test]
fn without_processes_the_verdicts_are_the_same() {
    let mut cargo = WITHOUT_PROCESSES.cargo("test");
    cargo.env("SNOUT_BUILD_WITHOUT_PROCESSES", "1").args(["--test", "verdicts"]);
    let ended = run(&mut cargo);
    let usual = run(PLAIN.cargo("test").args(["--test", "verdicts"]));
    assert!(!ended.verdicts().is_empty(), "{ended}");
    assert_eq!(ended.verdicts(), usual.verdicts(), "{ended}");
    assert_eq!(ended.code(), usual.code(), "{ended}");
}

#[test]
fn without_the_hooks_of_std_every_test_is_captured_in_a_child() {
    let mut cargo = WITHOUT_CAPTURE.cargo("test");
    cargo.env("SNOUT_BUILD_WITHOUT_CAPTURE", "1").args(["--test", "clean"]);
    let ended = run(&mut cargo);
    ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored").expect_no("to standard output");
}

#[test]
fn merged_doctests_run_as_the_newer_era_generates_them() {
    let mut cargo = FROM_1_100.cargo("test");
    cargo.env("SNOUT_BUILD_ERA_1_100", "1").current_dir(package(Harness::Snout, "era"));
    let ended = run(cargo.args(["--test", "doctests"]));
    ended.expect_code(101).expect("test src/lib.rs - passes (line 1) ... ok");
    ended.expect("test src/lib.rs - fails (line 5) ... FAILED");
    ended.expect("test src/lib.rs - panics (line 9) - should panic ... ok");
    ended.expect("2 passed; 1 failed");
}

/// What a lock file of a user's may hold: the harness is built with it, whatever newer versions have.
#[test]
fn the_lowest_versions_that_the_manifest_allows_are_enough() {
    let mut cargo = LOWEST.cargo("test");
    cargo.current_dir(package(Harness::Snout, "lowest"));
    let ended = run(cargo.args(["--locked", "--test", "runs"]));
    ended.expect_code(101).expect("1 passed; 1 failed;").expect("as it should");
}
