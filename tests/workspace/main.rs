//! `cargo snout` on workspaces as they stand, none of which has heard of it.
//!
//! Small ones are written below cargo's folder for integration tests; a published crate is taken from cargo's registry cache. All
//! share one target folder, so that the harness is built once.
//!
//! `cargo test --features cli --test workspace` runs it.

#![cfg(target_os = "linux")]

mod again;
mod builds;
mod configured;
mod errors;
mod generated;
mod inherited;
mod interrupts;
mod kept;
mod lanes;
mod libraries;
mod published;
mod reports;
mod rig;
mod runs;
mod screen;
mod selecting;
mod settings;
mod shop;
mod stopping;
mod terminal;
mod verdicts;

#[path = "../rig/environment.rs"]
mod environment;
#[path = "../../examples/on_crate/package.rs"]
#[expect(dead_code, reason = "what adds snout to a package is for packages that are edited")]
mod package;
#[path = "../rig/process.rs"]
mod process;
#[path = "../rig/result_line.rs"]
mod result_line;
#[path = "../rig/signals.rs"]
mod signals;
