//! `cargo snout`: the tests of a workspace, as it stands, as one run. The composition root of the subcommand.
//!
//! ```text
//! cargo test --no-run ──> snout-rustc ──> rustc --test … --extern test=libsnout.rlib      (library: built by the first that asks)
//! cargo test ───────────> snout-runner, snout-rustdoc: what would be run, where, in which environment
//! cargo-snout ──┬──────── test binary: supervisor, pool, children      ── record ──┐
//!               ├──────── test binary                                  ── record ──┼──> ledger, report
//!               └──────── rustdoc --test, custom harnesses             ── text ────┘
//! ```
//!
//! All of these programs are this one: see `orders`. Each test binary keeps its own supervisor, with all that belongs to it; this module
//! shares lanes among them, and makes one report of what they write down.

mod arguments;
mod calls;
mod conclude;
mod configuration;
mod events;
mod exit;
mod failures;
mod filter;
mod kept;
mod lanes;
mod library;
mod limits;
mod memory;
mod messages;
mod nearest;
mod nothing;
mod orders;
mod outputs;
mod problem;
mod process;
mod proxy;
mod record;
mod replay;
mod report;
mod results;
mod root;
mod rounds;
mod run;
mod select;
mod settings;
mod source;
mod stopping;
mod suites;
mod text;
mod wrapper;

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use arguments::Request;
use configuration::Configuration;
use orders::{Role, Tools};
use problem::Problem;
use report::Reports;
use run::Run;
use select::Selection;
use settings::Settings;
use suites::{Built, Cargo, Suite};

use crate::sys::signals::hear_of_children;

/// The subcommand, or whatever else this program is called as.
pub(crate) fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    let role = arguments.first().and_then(|program| Role::of(program));
    match role {
        None => subcommand(arguments),
        Some(role) => {
            arguments.remove(0);
            match role {
                Role::Rustc => wrapper::run(&arguments),
                Role::HarnessRustc => wrapper::run_for_harness(&arguments),
                Role::Runner | Role::Rustdoc => calls::note(role, arguments),
            }
        }
    }
}

fn subcommand(arguments: Vec<OsString>) -> ExitCode {
    if let Some(code) = replay::asked_for(&arguments) {
        return code;
    }
    let request = match arguments::parse(arguments) {
        Ok(request) => request,
        Err(error) => {
            // What cannot be printed is in the exit code.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::PROBLEM } else { exit::GOOD });
        }
    };
    match test(request) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            if let Some(line) = problem.line() {
                say(&line);
            }
            ExitCode::from(problem.code())
        }
    }
}

/// Builds, runs and reports. The exit code.
fn test(mut request: Request) -> Result<u8, Problem> {
    hear_of_children();
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = root::find(&program, &request);
    let settings = Settings::read(root.as_deref(), &request)?;
    if request.shows_config {
        return show(&settings.shown(&request));
    }
    settings.complete(&mut request);
    let request = &request;
    let selection = Selection::of(request, &settings)?;
    let scratch = Scratch::make()?;
    let configuration = Configuration::read(&program, request)?;
    let tools = Tools::prepare(configuration.wrapper.as_deref())?;
    let cargo = Cargo { program, request, configuration, tools, scratch: scratch.0.clone() };
    let built = cargo.suites()?;
    if request.builds_only {
        return Ok(exit::GOOD);
    }
    let place = built.memory.as_deref().zip(root.as_deref());
    let failures = place.map(|(folder, root)| failures::file(folder, root));
    let work = place.map(|(folder, root)| memory::file(folder, root));
    let built = selection.apply(Built { failures, work, ..built }, &scratch.0)?;
    if request.lists {
        return show(&list(&built.suites, request));
    }
    let reports = Reports::open(&request.reports, built.memory.as_deref())?;
    let ended = Run::new(request, built, &scratch.0, reports).finish()?;
    drop(scratch);
    Ok(ended.code())
}

/// Every test that would run, a line each, with its suite.
fn list(suites: &[Suite], request: &Request) -> String {
    let lines = suites.iter().flat_map(|suite| {
        select::listed(suite, request).into_iter().map(|test| format!("{} {test}\n", suite.name))
    });
    lines.collect()
}

/// Writes what was asked for to standard output.
fn show(text: &str) -> Result<u8, Problem> {
    let written = std::io::stdout().write_all(text.as_bytes());
    let advice = "keep what reads it running to the end";
    written.map_err(|error| Problem::new(format!("cannot write to standard output: {error}; {advice}")))?;
    Ok(exit::GOOD)
}

/// A folder for this run, which goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Scratch, Problem> {
        let folder = env::temp_dir().join(format!("cargo-snout-{}", std::process::id()));
        // One of a process that had the same number, and was killed.
        let _ = fs::remove_dir_all(&folder);
        let made = DirBuilder::new().mode(0o700).create(&folder);
        made.map_err(|error| Problem::path("make", &folder, &error))?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is in the system's folder for what may be left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Writes a line to standard error.
fn say(line: &str) {
    // Nobody is left to hear that nobody hears.
    let _ = writeln!(std::io::stderr(), "{line}");
}
