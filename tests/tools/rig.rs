//! Builds the programs of `fixtures/tools` in each flavour, and says in sentences what is expected of a run.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use crate::fixture::{compile, package};
use crate::harness::Harness;
use crate::process::{Ended, plain};

/// The package of the programs.
const PACKAGE: &str = "tools";

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
    /// `cargo VERB` as a user would type it in the package; the verb may be two words.
    pub(crate) fn cargo(&self, verb: &str) -> Command {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools").join(self.name);
        let mut command = plain("cargo"); // rustup's, for only that understands `+nightly`
        // The flavour says which compiler, and not whoever runs this test.
        command.env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
        command.args(self.nightly.then_some("+nightly")).args(verb.split(' ')).args(["--color", "never"]);
        if self.cross {
            command.args(["--target", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)]);
        }
        command.current_dir(package(self.harness, PACKAGE)).env("CARGO_TARGET_DIR", &target);
        // Instrumented build scripts write profiles too: not into the sources.
        command.env("RUSTFLAGS", self.flags).env("LLVM_PROFILE_FILE", target.join("build-%p.profraw"));
        command
    }

    /// The executable of `tests/PROGRAM.rs`.
    pub(crate) fn executable(&self, program: &str) -> PathBuf {
        let mut cargo = self.cargo("test");
        let named = compile(cargo.args(["--test", program])).remove(program);
        named.unwrap_or_else(|| panic!("`{program}` is not built as {self:?}"))
    }

    /// A command that runs `tests/PROGRAM.rs`.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = plain(self.executable(program));
        command.current_dir(package(self.harness, PACKAGE));
        command
    }
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
