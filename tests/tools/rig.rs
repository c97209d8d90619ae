//! Builds the programs of `fixtures/tools` in each flavour, and says in sentences what is expected of a run.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use crate::harness::Harness;
use crate::process::{Ended, plain, run};

/// The line a user adds, as the fixture's manifest spells it.
const THE_LINE: &str = "test = { package = \"snout\", path = \"../..\" }\n";

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
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools").join(self.name);
        let mut command = plain("cargo"); // rustup's, for only that understands `+nightly`
        // The flavour says which compiler, and not whoever runs this test.
        command.env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
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
        let named = ended.text().lines().find_map(named_executable);
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
    let twin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools/without_the_line");
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

impl Ended {
    /// Both streams, for tools that write to either.
    pub(crate) fn all(&self) -> String {
        self.text() + &self.error_text()
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
    pub(crate) fn verdicts(&self) -> Vec<String> {
        let text = self.text();
        let verdicts = text.lines().filter(|line| line.contains(" ... "));
        let mut lines: Vec<String> = verdicts.map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }
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
