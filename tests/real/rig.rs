//! Builds a suite for one harness, and runs it in one mode.
//!
//! cargo runs the binaries, so that they see the folder and the variables that cargo gives; a runner of a few words of
//! `sh` puts the output of each into a file of its own. How the copy is built stands in its own `.cargo/config.toml`, so
//! that the command which repeats a test needs nothing but the mode's variables.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::harness::Harness;
use crate::package::{self, Spec};
use crate::process::{DEADLINE, plain, run_while};
use crate::verdicts::{self, Name, Verdicts};

/// `$0` is the binary. `exec`, so that nothing stands between cargo and the harness.
const RUNNER: &str = r#"
    out="$REAL_SUITE_OUTPUT/${0##*/}"
    echo $$ >"$REAL_SUITE_OUTPUT/running.pid"
    echo "$0" >"$out.path"
    exec "$0" "$@" >"$out.stdout" 2>"$out.stderr"
"#;

/// A published crate with its tests.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// How many tests libtest runs: fewer means that the rig has lost some.
    pub(crate) at_least: usize,
}

/// A variable and its value, which choose how snout goes about it.
#[derive(Clone, Copy)]
pub(crate) struct Mode(pub(crate) &'static str, pub(crate) &'static str);

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.0, self.1)
    }
}

/// What one run of a suite gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) verdicts: Verdicts,
    /// cargo's: 0, or 101 if a test failed.
    pub(crate) code: Option<i32>,
}

/// A suite, built for one harness.
pub(crate) struct Build {
    folder: PathBuf,
    harness: Harness,
    output: PathBuf,
}

impl Build {
    pub(crate) fn of(suite: &Suite, harness: Harness) -> Result<Self, String> {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real");
        let name = format!("{}-{}", suite.name, suite.version);
        let role = harness.name();
        let (folder, output) = (cache.join(role).join(&name), cache.join("output").join(role).join(name));
        prepare(suite, harness, &folder, &cache.join("target"))?;
        let build = Self { folder, harness, output };
        let log = build.empty_output()?;
        let code = build.cargo(&["--no-run"], None, &log)?;
        (code == Some(0)).then_some(build).ok_or_else(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("{} {} does not build for {harness:?}:\n{said}", suite.name, suite.version)
        })
    }

    /// Runs every binary; libtest has no modes. An error if one of them cannot be understood.
    pub(crate) fn run(&self, mode: Option<Mode>) -> Result<Run, String> {
        let log = self.empty_output()?;
        let runner = format!("target.'cfg(all())'.runner = ['sh', '-c', {RUNNER:?}]");
        let code = self.cargo(&["--no-fail-fast", "--config", &runner], mode, &log)?;
        let mut verdicts = Verdicts::new();
        let outputs = self.files("stdout")?;
        outputs.first().map_or(Ok(()), |first| self.is_the_right_harness(first))?;
        for path in outputs {
            let binary = binary_name(&path)?;
            let output = fs::read(&path).map_err(|error| cannot("read", &path, &error))?;
            verdicts::read(&mut verdicts, &binary, &String::from_utf8_lossy(&output)).map_err(|problem| {
                let said = fs::read(path.with_extension("stderr")).unwrap_or_default();
                let (folder, said) = (self.output.display(), String::from_utf8_lossy(&said));
                let said = said.lines().next_back().unwrap_or("nothing").to_owned();
                let repeat = self.repeat(mode, &binary, &[]);
                format!("{problem}\n  stderr ends with: {said}\n  all of it: {folder}\n    repeat: {repeat}")
            })?;
        }
        Ok(Run { verdicts, code })
    }

    /// The command that runs one test alone.
    pub(crate) fn repeat_test(&self, mode: Mode, name: &Name) -> String {
        self.repeat(Some(mode), &name.binary, &["--exact", &name.test])
    }

    fn repeat(&self, mode: Option<Mode>, binary: &str, arguments: &[&str]) -> String {
        let variables: String = mode.map(|mode| format!("{mode} ")).unwrap_or_default();
        let is_test = self.folder.join("tests").join(format!("{binary}.rs")).is_file();
        let target = if is_test { format!("--test {binary}") } else { "--tests".to_owned() };
        let folder = self.folder.display();
        format!("cd '{folder}' && {variables}cargo test {target} -- {}", arguments.join(" "))
            .trim_end()
            .to_owned()
    }

    /// Runs `cargo test` in the copy; what it says on stderr goes to `log`. Returns its exit code.
    ///
    /// A binary over the deadline is killed, and cargo goes on with the next: the files that it wrote stay, and show how
    /// far it came. Building has no deadline, for a build may wait for another.
    fn cargo(&self, arguments: &[&str], mode: Option<Mode>, log: &Path) -> Result<Option<i32>, String> {
        let errors = fs::File::create(log).map_err(|error| cannot("create", log, &error))?;
        let mut command = plain(package::cargo());
        command.current_dir(&self.folder).args(["test", "--tests"]).args(arguments);
        command.args((self.harness == Harness::Libtest).then_some("--locked"));
        command.env("REAL_SUITE_OUTPUT", &self.output).envs(mode.map(|mode| (mode.0, mode.1)));
        command.stdout(Stdio::null()).stderr(errors);
        let mut hung = false;
        let ended = run_while(&mut command, || {
            hung |= self.end_overdue_binary();
            true
        });
        if hung {
            return Err(format!("a binary hung; see `{}`", self.output.display()));
        }
        Ok(ended.code())
    }

    fn end_overdue_binary(&self) -> bool {
        let Some(pid) = self.overdue_binary() else { return false };
        drop(Command::new("kill").args(["-KILL", &pid]).stderr(Stdio::null()).status()); // it may have just ended by itself
        thread::sleep(Duration::from_secs(1)); // by then cargo has started the next
        true
    }

    /// The process that runs now, if it has run for too long.
    fn overdue_binary(&self) -> Option<String> {
        let file = self.output.join("running.pid"); // written anew when a binary starts
        let age = fs::metadata(&file).ok()?.modified().ok()?.elapsed().ok()?;
        if age <= DEADLINE {
            return None;
        }
        Some(fs::read_to_string(file).ok()?.trim().to_owned())
    }

    /// Empties the output folder; returns where cargo's words go.
    fn empty_output(&self) -> Result<PathBuf, String> {
        drop(fs::remove_dir_all(&self.output)); // not there before the first run
        fs::create_dir_all(&self.output).map_err(|error| cannot("create", &self.output, &error))?;
        Ok(self.output.join("cargo.log"))
    }

    /// The files that the runner wrote with this ending, in order.
    fn files(&self, ending: &str) -> Result<Vec<PathBuf>, String> {
        let entries = fs::read_dir(&self.output).map_err(|error| cannot("read", &self.output, &error))?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|found| found == ending));
        files.sort();
        Ok(files)
    }

    /// Equal verdicts would prove nothing if the one line had no effect.
    fn is_the_right_harness(&self, stdout: &Path) -> Result<(), String> {
        let path = stdout.with_extension("path");
        let binary = fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))?;
        let code = fs::read(binary.trim_end()).map_err(|error| cannot("read", Path::new(&binary), &error))?;
        let mark = b"SNOUT_THREAD_MODE";
        let found = if code.windows(mark.len()).any(|bytes| bytes == mark) {
            Harness::Snout
        } else {
            Harness::Libtest
        };
        (found == self.harness)
            .then_some(())
            .ok_or_else(|| format!("`{binary}` was built for {:?} and contains {found:?}", self.harness))
    }
}

/// Makes the copy, once.
fn prepare(suite: &Suite, harness: Harness, folder: &Path, target: &Path) -> Result<(), String> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = config(target, checkout);
    let finished = folder.join(".cargo").join("config.toml"); // written last
    if fs::read_to_string(&finished).is_ok_and(|found| found == config) {
        return Ok(());
    }
    drop(fs::remove_dir_all(folder)); // a first run that was interrupted, or one of another checkout
    let spec: Spec = format!("{}@{}", suite.name, suite.version).parse()?;
    spec.fetch(&folder.with_added_extension("probe"))?.copy_to(folder)?;
    if harness == Harness::Snout {
        package::add_snout(folder, checkout)?;
    }
    package::fetch_dependencies(folder)?;
    let written = fs::create_dir_all(folder.join(".cargo")).and_then(|()| fs::write(&finished, config));
    written.map_err(|error| cannot("write to", &finished, &error))
}

/// How the copies are built: like any debug build, without what only a debugger or the next edit would use.
fn config(target: &Path, checkout: &Path) -> String {
    format!(
        "# Made by snout's tests/real in {checkout:?}.\n[build]\ntarget-dir = {target:?}\n{}\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n",
        package::QUIET_LINTS.trim_start_matches("build.")
    )
}

/// `quick` of `…/quick-0123456789abcdef.stdout`.
fn binary_name(path: &Path) -> Result<String, String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let name = stem.and_then(|stem| stem.rsplit_once('-')).map(|(name, _)| name.to_owned());
    name.ok_or_else(|| format!("`{}` is not named like a test binary", path.display()))
}

fn cannot(action: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {action} `{}`: {error}", path.display())
}
