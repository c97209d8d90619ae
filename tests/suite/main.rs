//! snout from outside: every fixture program in every mode against one table, and against the compiler's own libtest.
//!
//! - `table` says what each test of each program in `fixtures/` must come out as.
//! - `build` compiles the programs, once a run: as they stand, and without the one line that makes them snout's.
//! - `rig` runs one program in one mode, and says what to expect of it in sentences.
//! - `check` holds what a run said against the table.
//! - `contexts` does all this for programs with fixtures, and reads the steps that those write down.
//! - `normal` takes out of a text what may differ between two runs that are the same.
//! - `tests/rig` is shared with the other targets; each includes the files that it uses all of, so that dead code shows.
//! - every other module is a set of claims.

mod build;
mod check;
mod command_line;
mod contexts;
mod copies;
mod every_program;
mod example;
mod expect;
mod formats;
mod hostile;
mod normal;
mod on_rayon;
mod output_errors;
mod own_main;
mod record;
mod report;
mod rig;
mod table;
mod terminal;
mod tools;

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
#[path = "../rig/result_line.rs"]
mod result_line;
#[path = "../rig/signals.rs"]
mod signals;
