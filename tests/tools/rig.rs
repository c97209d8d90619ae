//! Builds the programs of `fixtures/tools` and runs commands to their end.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use std::{fmt, thread};

/// Far more than any command here needs, builds included: it ends what hangs, and never what is merely slow.
const DEADLINE: Duration = Duration::from_secs(180);

/// The line a user adds, as the fixture's manifest spells it.
const THE_LINE: &str = "test = { package = \"snout\", path = \"../..\" }\n";

/// Whose tests they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harness {
    Snout,
    Libtest,
}

/// How the programs are compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flavour {
    /// Its folder below the target folder: flavours do not evict each other, and build side by side.
    pub(crate) name: &'static str,
    pub(crate) harness: Harness,
    pub(crate) nightly: bool,
    /// `RUSTFLAGS`.
    pub(crate) flags: &'static str,
    /// With `--target`, flags are not for build scripts: sanitizers need that.
    pub(crate) cross: bool,
}

/// As a user builds them.
pub(crate) const PLAIN: Flavour =
    Flavour { name: "plain", harness: Harness::Snout, nightly: false, flags: "", cross: false };

impl Flavour {
    /// `cargo VERB` as a user would type it in the package.
    pub(crate) fn cargo(&self, verb: &str) -> Command {
        let target = temporary().join(self.name);
        let mut command = plain("cargo");
        command.args(self.nightly.then_some("+nightly")).args([verb, "--color", "never"]);
        if self.cross {
            command.args(["--target", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)]);
        }
        command.current_dir(package(self.harness)).env("CARGO_TARGET_DIR", &target);
        // Instrumented build scripts write profiles too: not into the sources.
        command.env("RUSTFLAGS", self.flags).env("LLVM_PROFILE_FILE", target.join("build-%p.profraw"));
        command
    }

    /// The executable of `tests/PROGRAM.rs`.
    pub(crate) fn executable(&self, program: &str) -> PathBuf {
        let mut cargo = self.cargo("test");
        cargo.args(["--test", program, "--no-run", "--message-format", "json-render-diagnostics"]);
        let ended = run(&mut cargo);
        ended.expect_code(0);
        let named = ended.stdout.lines().find_map(named_executable);
        named.unwrap_or_else(|| ended.fail("cargo named no executable"))
    }

    /// A command that runs `tests/PROGRAM.rs`.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = plain(self.executable(program));
        command.current_dir(package(self.harness));
        command
    }
}

/// The path of the executable, if that is what cargo's message is about.
fn named_executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).expect("cargo writes JSON");
    message.get("executable")?.as_str().map(PathBuf::from)
}

/// The fixture package: as it stands, or a twin with the one line taken out of its manifest.
fn package(harness: Harness) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tools");
    if harness == Harness::Snout {
        return original;
    }
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let twin = temporary().join("without_the_line");
    fs::create_dir_all(&twin).expect("a folder below the target folder");
    for name in ["src", "tests", "benches"] {
        let _ = fs::remove_file(twin.join(name));
        symlink(original.join(name), twin.join(name)).expect("a link below the target folder");
    }
    let manifest = fs::read_to_string(original.join("Cargo.toml")).expect("the fixture's manifest");
    assert!(manifest.contains(THE_LINE), "the fixture's manifest has the line as README spells it");
    fs::write(twin.join("Cargo.toml"), manifest.replace(THE_LINE, ""))
        .expect("a file below the target folder");
    twin
}

fn temporary() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools")
}

/// An empty folder for one run.
pub(crate) fn scratch() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = temporary().join("scratch").join(name);
    fs::create_dir_all(&folder).expect("a folder below the target folder");
    folder
}

/// A command as a user types it: none of what cargo or a runner set for this test reaches it.
pub(crate) fn plain(program: impl Into<PathBuf>) -> Command {
    const FOREIGN: [&str; 10] = [
        "RUST_",
        "RUSTC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "SNOUT_",
        "NEXTEST",
        "LLVM_",
        "LD_LIBRARY_PATH",
        "CARGO_",
        "TOOLS_",
    ];
    let mut command = Command::new(program.into());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_foreign = text == "CARGO" || FOREIGN.iter().any(|prefix| text.starts_with(prefix));
        if is_foreign && text != "CARGO_HOME" {
            command.env_remove(&name);
        }
    }
    command.env("RUST_BACKTRACE", "0");
    command
}

/// What a command did.
pub(crate) struct Ended {
    command: String,
    /// Of the process that was started.
    pub(crate) pid: u32,
    /// `None` if it had to be killed at the deadline.
    status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Both streams, for tools that write to either.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails the test with `why` and all there is to know.
    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("{why}\n{self}");
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Ended {
        if self.code() != Some(code) {
            self.fail(&format!("expected exit code {code}"));
        }
        self
    }

    #[track_caller]
    pub(crate) fn expect(&self, fragment: &str) -> &Ended {
        if !self.all().contains(fragment) {
            self.fail(&format!("expected `{fragment}`"));
        }
        self
    }

    #[track_caller]
    pub(crate) fn expect_no(&self, fragment: &str) -> &Ended {
        if self.all().contains(fragment) {
            self.fail(&format!("expected no `{fragment}`"));
        }
        self
    }

    /// What was said of each test, sorted: `test NAME ... VERDICT`.
    pub(crate) fn verdicts(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.stdout.lines().filter(|line| line.contains(" ... ")).collect();
        lines.sort_unstable();
        lines
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or("killed at the deadline".to_owned(), |status| status.to_string());
        writeln!(out, "\n  command: {}\n   status: {status}", self.command)?;
        writeln!(out, "--- standard output\n{}\n--- standard error\n{}", self.stdout, self.stderr)
    }
}

/// Runs a command to its end. Its output goes to files: whoever keeps them open holds nobody up.
pub(crate) fn run(command: &mut Command) -> Ended {
    let folder = scratch();
    let [out, err] = ["stdout", "stderr"].map(|name| folder.join(name));
    command.stdin(Stdio::null()).process_group(0);
    command.stdout(File::create(&out).expect("a file in the scratch folder"));
    command.stderr(File::create(&err).expect("a file in the scratch folder"));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let pid = child.id();
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break Some(status),
            None if begin.elapsed() > DEADLINE => break None,
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    if status.is_none() {
        // The children of a supervisor that is killed are killed by the kernel.
        let _ = child.kill();
        let _ = child.wait();
    }
    let text = |path| String::from_utf8_lossy(&fs::read(path).expect("what was just written")).into_owned();
    let ended = Ended { command: format!("{command:?}"), pid, status, stdout: text(out), stderr: text(err) };
    let _ = fs::remove_dir_all(folder);
    ended
}

/// Whether a tool is missing; if so, says that `what` is skipped, past the harness's capture.
pub(crate) fn is_missing(tool: &str, advice: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_err() && skipped(&format!("`{tool}` is not installed: {advice}"))
}

/// Whether there is no nightly toolchain; if so, says that the test is skipped.
pub(crate) fn is_nightly_missing() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        let mut rustc = plain("rustup");
        rustc.args(["run", "nightly", "rustc", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
        rustc.status().is_ok_and(|status| status.success())
    });
    !found && skipped("there is no nightly toolchain: rustup toolchain install nightly --profile minimal")
}

/// Says so on standard error itself, which the harness does not capture. Always true.
pub(crate) fn skipped(why: &str) -> bool {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(io::stderr(), "skipped: {test}: {why}");
    true
}
