//! The exit codes of `cargo snout`. Those that nextest has too mean what they mean there; `docs/decisions.md` says why.

/// All tests that ran passed.
pub(super) const GOOD: u8 = 0;
/// The command line is wrong, or the machine is.
pub(super) const PROBLEM: u8 = 2;
/// There was nothing to run: no test was selected.
pub(super) const NO_TESTS: u8 = 4;
/// A test failed, or something around the tests did.
pub(super) const TESTS_FAILED: u8 = 100;
/// What was to be tested could not be built. cargo's own code, whatever it is; this is the usual one.
pub(super) const BUILD_FAILED: u8 = 101;
