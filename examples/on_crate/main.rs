//! Runs a published crate's own test suite under snout.
//!
//! ```text
//! cargo run -q --example on_crate -- semver@1.0.27
//! cargo run -q --example on_crate -- itertools@0.14.0 --test quick -- --test-threads=1
//! SNOUT_THREAD_MODE=pooled cargo run -q --example on_crate -- bytes
//! ```
//!
//! The package is taken from cargo's registry cache (cargo fetches it if it is not there), copied to a temporary
//! folder, given the one line that makes its tests run under snout, and tested with `cargo test`. Whatever follows
//! the crate is passed on to cargo. `--tests` is added unless the arguments choose targets themselves, because rustdoc
//! brings a harness of its own for most doctests; `--no-fail-fast` is added, so that the summary is of all binaries.
//!
//! The copy is removed at the end. Two things stay, so that a second run starts at once: what cargo built, in
//! `on_crate` of the target folder this program was built in, and what cargo fetched, in its cache.

mod package;
mod summary;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use package::{Package, Spec};
use summary::Tally;

const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");
const DEFAULT_CRATE: &str = "semver@1.0.27";
const USAGE: &str = "usage: cargo run -q --example on_crate -- [CRATE[@VERSION]] [ARGUMENTS OF cargo test]";

/// The user's mistake, or the machine's: apart from cargo's 101, so that a script can tell them apart.
const EXIT_PROBLEM: u8 = 2;

fn main() -> ExitCode {
    let request = Request::parse(env::args_os().skip(1).collect());
    match request.and_then(|request| run(&request)) {
        Ok(code) => code,
        Err(problem) => {
            say(&format!("error: {problem}"));
            ExitCode::from(EXIT_PROBLEM)
        }
    }
}

fn run(request: &Request) -> Result<ExitCode, String> {
    let Some(spec) = &request.spec else {
        return print(USAGE).map(|()| ExitCode::SUCCESS);
    };
    let workshop = Workshop::open()?;
    let package = spec.fetch(&workshop.folder.join("probe"))?;
    let copy = workshop.folder.join(package.to_string());
    package.copy_to(&copy)?;
    package::add_snout(&copy, Path::new(CHECKOUT))?;
    package::fetch_dependencies(&copy)?;
    let (code, tally) = cargo_test(&copy, &workshop.target, &request.arguments)?;
    conclude(&package, &tally, code, request.arguments.is_empty())
}

/// What was typed: a crate, and what cargo is to be told.
struct Request {
    /// `None`: only how to use this program is asked for.
    spec: Option<Spec>,
    arguments: Vec<OsString>,
}

impl Request {
    fn parse(mut arguments: Vec<OsString>) -> Result<Self, String> {
        let first = arguments.first().and_then(|first| first.to_str()).unwrap_or_default();
        if matches!(first, "-h" | "--help") {
            return Ok(Self { spec: None, arguments });
        }
        let spec = if arguments.is_empty() || first.starts_with('-') {
            DEFAULT_CRATE.parse()?
        } else {
            arguments.remove(0).to_string_lossy().parse()?
        };
        Ok(Self { spec: Some(spec), arguments })
    }
}

/// Where copies are made. One run at a time: the path of a copy must not change from run to run, or cargo could
/// not know again what it built.
struct Workshop {
    folder: PathBuf,
    target: PathBuf,
    /// Held until the folder is gone; the system releases it when this process ends, however it ends.
    _lock: File,
}

impl Workshop {
    fn open() -> Result<Self, String> {
        let target = target_folder()?.join("on_crate");
        let failed =
            |error: io::Error| format!("cannot work in `{}`: {error}; make it writable", target.display());
        fs::create_dir_all(&target).map_err(failed)?;
        let lock = File::create(target.join("on_crate.lock")).map_err(failed)?;
        if lock.try_lock().is_err() {
            say("waiting for another run of on_crate to end");
            lock.lock().map_err(failed)?;
        }
        let mut hasher = DefaultHasher::new();
        target.hash(&mut hasher);
        let folder = env::temp_dir().join(format!("snout-on-crate-{:016x}", hasher.finish()));
        let workshop = Self { folder, target, _lock: lock };
        workshop.clear(); // an interrupted run leaves its copy behind
        Ok(workshop)
    }

    fn clear(&self) {
        drop(fs::remove_dir_all(&self.folder)); // not there, or a leftover that the next run replaces
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `target`, seen from this program: `target/debug/examples/on_crate`.
fn target_folder() -> Result<PathBuf, String> {
    let program =
        env::current_exe().map_err(|error| format!("cannot find this program's own path: {error}"))?;
    let folder = program.ancestors().nth(3);
    folder
        .map(Path::to_owned)
        .ok_or_else(|| format!("`{}` is in no target folder; {USAGE}", program.display()))
}

/// Runs `cargo test`; its output goes through as it comes. Returns its exit code, and what the binaries counted.
fn cargo_test(copy: &Path, target: &Path, arguments: &[OsString]) -> Result<(u8, Tally), String> {
    let mut command = Command::new(package::cargo());
    command.current_dir(copy).env("CARGO_TARGET_DIR", target).stdout(Stdio::piped());
    command.args(["test", "--config", package::QUIET_LINTS]).args(complete(arguments));
    let failed =
        |error: io::Error| format!("cannot run cargo: {error}; is it installed, as https://rustup.rs does?");
    let mut child = command.spawn().map_err(failed)?;
    let mut tally = Tally::default();
    let mut text = [0; 8192];
    let mut output = child.stdout.take().expect("stdout is piped, three lines above");
    loop {
        let length = output.read(&mut text).map_err(failed)?;
        let mut terminal = io::stdout().lock();
        // A reader that has left (`| head`) is no reason to lose the count.
        drop(terminal.write_all(&text[..length]).and_then(|()| terminal.flush()));
        tally.read(&text[..length]);
        if length == 0 {
            break;
        }
    }
    let status = child.wait().map_err(failed)?;
    Ok((status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101), tally))
}

/// The user's arguments, and what goes without saying.
fn complete(arguments: &[OsString]) -> Vec<OsString> {
    const CHOOSES_TARGETS: [&str; 11] = [
        "--lib",
        "--bin",
        "--bins",
        "--test",
        "--tests",
        "--doc",
        "--example",
        "--examples",
        "--bench",
        "--benches",
        "--all-targets",
    ];
    let split = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let (for_cargo, for_tests) = arguments.split_at(split);
    let is = |argument: &OsString, name: &str| argument.to_string_lossy().split('=').next() == Some(name);
    let mut all = for_cargo.to_vec();
    if !for_cargo.iter().any(|argument| CHOOSES_TARGETS.iter().any(|name| is(argument, name))) {
        all.push("--tests".into());
    }
    if !for_cargo.iter().any(|argument| is(argument, "--no-fail-fast")) {
        all.push("--no-fail-fast".into());
    }
    all.extend_from_slice(for_tests);
    if io::stdout().is_terminal() && !for_tests.iter().any(|argument| is(argument, "--color")) {
        // The binaries write to this program's pipe, and would think that nobody sees colours.
        all.extend(for_tests.is_empty().then(|| "--".into()));
        all.push("--color=always".into());
    }
    all
}

/// The last line: the summary, or why there is none.
fn conclude(package: &Package, tally: &Tally, code: u8, whole: bool) -> Result<ExitCode, String> {
    if tally.binaries == 0 && code != 0 {
        return Err(format!(
            "`{package}` gave no results (cargo's exit code {code}); read cargo's message above, or try another version"
        ));
    }
    if whole && tally.tests() == 0 {
        return Err(format!(
            "the package `{package}` contains no tests (many publish without); try another crate, say `{DEFAULT_CRATE}`"
        ));
    }
    print(&format!("{package}: {tally} (cargo's exit code {code})"))?;
    Ok(ExitCode::from(code))
}

fn print(line: &str) -> Result<(), String> {
    writeln!(io::stdout(), "{line}").map_err(|error| format!("cannot write to stdout: {error}"))
}

fn say(line: &str) {
    drop(writeln!(io::stderr(), "{line}")); // nobody is left to tell
}
