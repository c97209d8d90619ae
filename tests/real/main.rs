//! Real suites: published crates, whose tests nobody wrote with snout in mind.
//!
//! Each crate is taken from cargo's registry cache in a pinned version, copied twice, and built twice: as it is, for
//! the compiler's libtest, and with snout's one line. Then every test of every binary must come out the same under
//! libtest and under snout in each mode. What differs is printed with the command that repeats it.
//!
//! Dependencies are pinned too: each of these packages contains the `Cargo.lock` it was published with, and libtest's
//! copy is built with `--locked`. snout's copy starts from the same file; cargo adds what snout itself needs.
//!
//! `tests/rig` is shared with the other targets; each includes the files that it uses all of, so that dead code shows.
//!
//! Copies and builds stay in cargo's folder for integration tests (`target/tmp/real`), so only a first run is slow.
//! Removing that folder is always safe.

#![cfg(unix)] // the rig puts each binary's output into a file of its own with `sh`

mod compare;
mod on_crate;
mod rig;
mod verdicts;

#[path = "../rig/environment.rs"]
mod environment;
#[path = "../rig/harness.rs"]
mod harness;
#[path = "../rig/process.rs"]
mod process;
#[path = "../rig/result_line.rs"]
mod result_line;

#[path = "../../examples/on_crate/package.rs"]
mod package;

#[path = "../../examples/on_crate/summary.rs"]
mod summary;

use rig::Suite;

#[test]
fn semver_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "semver", version: "1.0.27", at_least: 34 });
}

/// Property tests by quickcheck, and more than 400 tests in a dozen binaries.
#[test]
fn itertools_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "itertools", version: "0.14.0", at_least: 409 });
}

/// quickcheck again, and tests that must panic.
#[test]
fn indexmap_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "indexmap", version: "2.14.2", at_least: 183 });
}

/// Property tests by proptest.
#[test]
fn unicode_segmentation_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "unicode-segmentation", version: "1.13.3", at_least: 23 });
}

/// `#[tokio::test]`, in two dozen small binaries.
#[test]
fn tokio_stream_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "tokio-stream", version: "0.1.19", at_least: 106 });
}

/// A test that is ignored with a reason, and a crate that snout itself may be built with.
#[test]
fn serde_json_has_the_same_verdicts_under_snout() {
    compare::under_both(&Suite { name: "serde_json", version: "1.0.154", at_least: 144 });
}
