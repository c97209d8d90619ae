//! snout beside tools that look inside a program: coverage counters, debuggers, sanitizers, valgrind, profilers, and the
//! compiler's own switches.
//!
//! Each claim runs a program of `fixtures/tools` as a user of the tool would. A tool that is not installed is no failure:
//! the test says on standard error that it was skipped, and how to get the tool; `.ci/run` installs them all.
//!
//! - `rig` builds the programs in each flavour, and says in sentences what to expect of a run.
//! - `profile` reads what `-C instrument-coverage` writes.
//! - `tests/rig` is shared with the other targets; each includes the files that it uses all of, so that dead code shows.
//! - every other module is a set of claims.

mod builds;
mod coverage;
mod direct;
mod miri;
mod nightly;
mod profile;
mod rig;
mod sanitizers;
mod valgrind;

#[path = "../rig/environment.rs"]
mod environment;
#[path = "../rig/fixture.rs"]
mod fixture;
#[path = "../rig/harness.rs"]
mod harness;
#[path = "../rig/messages.rs"]
mod messages;
#[path = "../rig/process.rs"]
mod process;
