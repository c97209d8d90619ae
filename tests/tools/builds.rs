//! Profiles that change how a program is linked: the harness is there all the same, and captures.

use crate::rig::{Flavour, PLAIN, run};

const LTO: Flavour = Flavour { name: "lto", ..PLAIN };

#[test]
fn a_release_build_with_link_time_optimization_links_and_captures() {
    // `true` and `"thin"` treat the standard library differently: each has to keep what capture needs of it.
    for lto in ["true", "thin"] {
        let mut cargo = LTO.cargo("test");
        cargo.env("CARGO_PROFILE_RELEASE_LTO", lto).args(["--release", "--test", "clean"]);
        let ended = run(&mut cargo);
        ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored").expect_no("to standard output");
        ended.expect_no("snout cannot capture");
    }
}
