//! Runs one program in one mode, and says in sentences what is expected of it.
//!
//! `Program::named("aborts").threads(1).pooled().run().expect_table()`

use std::fs;
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::build::{Harness, executable, executable_with_contexts, package};
use crate::check::{differences, first_difference};
use crate::contexts;
use crate::expect::{Entry, Mode};
use crate::normal::{BACKTRACE_HINT, normal, sorted_lines, without_thread_names};
use crate::process::{self, Ended, plain};
use crate::record;
use crate::report::{self, Report};
use crate::table;

/// A program of `fixtures/programs` or `fixtures/contexts`, and how to run it.
pub(crate) struct Program {
    entry: &'static Entry,
    executable: &'static Path,
    harness: Harness,
    mode: Mode,
    command: Command,
    /// Where the run is recorded, if it is.
    record: Option<PathBuf>,
}

impl Program {
    /// Under snout, in as many lanes as it likes.
    pub(crate) fn named(name: &str) -> Program {
        Program::under(Harness::Snout, name)
    }

    pub(crate) fn under(harness: Harness, name: &str) -> Program {
        Program::at(harness, table::entry(name), executable(harness, name), &package(harness, "programs"))
    }

    /// One of those with contexts, which are snout's alone.
    pub(crate) fn with_contexts(name: &str) -> Program {
        let executable = executable_with_contexts(name);
        let folder = package(Harness::Snout, "contexts");
        Program::at(Harness::Snout, contexts::table::entry(name), executable, &folder)
    }

    /// This executable, run in this folder.
    pub(crate) fn at(
        harness: Harness,
        entry: &'static Entry,
        executable: &'static Path,
        folder: &Path,
    ) -> Program {
        let mut command = plain(executable);
        command.current_dir(folder);
        Program { entry, executable, harness, mode: Mode::Parallel, command, record: None }
    }

    pub(crate) fn threads(mut self, threads: usize) -> Program {
        if threads == 1 && self.mode == Mode::Parallel {
            self.mode = Mode::Serial;
        }
        self.env("RUST_TEST_THREADS", &threads.to_string())
    }

    pub(crate) fn pooled(mut self) -> Program {
        self.mode = Mode::Pooled;
        self.env("SNOUT_THREAD_MODE", "pooled")
    }

    pub(crate) fn isolated(mut self) -> Program {
        self.mode = if self.mode == Mode::Spawned { Mode::SpawnedAlone } else { Mode::Isolated };
        self.env("SNOUT_ISOLATE", "always")
    }

    pub(crate) fn spawned(mut self) -> Program {
        self.mode = if self.mode == Mode::Isolated { Mode::SpawnedAlone } else { Mode::Spawned };
        self.env("SNOUT_ISOLATION", "spawn")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Program {
        self.command.env(name, value);
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Program {
        self.command.args(arguments);
        self
    }

    /// With a record, which has to be in accord with the report.
    pub(crate) fn recorded(mut self) -> Program {
        let path = process::scratch().join("record");
        self.command.env("SNOUT_RECORD", &path);
        self.record = Some(path);
        self
    }

    /// Everything that makes up this mode, in `threads` lanes.
    pub(crate) fn in_mode(self, mode: Mode, threads: usize) -> Program {
        match mode {
            Mode::Serial => self.threads(1),
            Mode::Parallel => self.threads(threads),
            Mode::Pooled => self.pooled().threads(threads),
            Mode::Isolated => self.isolated().threads(threads),
            Mode::Spawned => self.spawned().threads(threads),
            Mode::SpawnedAlone => self.spawned().isolated().threads(threads),
        }
    }

    pub(crate) fn run(mut self) -> Run {
        if self.entry.hangs {
            self = self.env("SNOUT_TIMEOUT", "1s").env("SNOUT_GRACE", "300ms");
        }
        let executable = self.executable.display().to_string();
        let ended = process::run(&mut self.command);
        let Program { entry, harness, mode, .. } = self;
        let record = self.record.map(|path| {
            let text = fs::read_to_string(&path).unwrap_or_default();
            // Some tests print much.
            path.parent().map(fs::remove_dir_all);
            text
        });
        Run { entry, harness, mode, executable, record, ended }
    }

    /// The command itself, for those who run it otherwise.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }
}

/// What a program did.
pub(crate) struct Run {
    entry: &'static Entry,
    harness: Harness,
    mode: Mode,
    executable: String,
    record: Option<String>,
    pub(crate) ended: Ended,
}

impl Deref for Run {
    type Target = Ended;

    fn deref(&self) -> &Ended {
        &self.ended
    }
}

impl Run {
    /// Every test came out as the table says, said once, counted, and told by the exit code; nothing lives on.
    #[track_caller]
    pub(crate) fn expect_table(&self) -> &Run {
        let mut wrong = differences(self.entry, self.mode, &self.text(), self.code());
        if let Some(record) = &self.record {
            wrong.extend(record::read(record).differences(&self.text()));
        }
        if !wrong.is_empty() {
            self.fail(&format!(
                "`{}`, {:?}, {:?}:\n  {}",
                self.entry.name,
                self.harness,
                self.mode,
                wrong.join("\n  ")
            ));
        }
        self.expect_nothing_left()
    }

    /// No process of the run is alive after it. libtest does not care.
    #[track_caller]
    pub(crate) fn expect_nothing_left(&self) -> &Run {
        if self.harness == Harness::Snout && !self.ended.left_behind.is_empty() {
            self.fail("processes were left behind");
        }
        self
    }

    /// Standard output, standard error and exit code are those of `other`, but for what may differ between two runs.
    #[track_caller]
    pub(crate) fn expect_same_text_as(&self, other: &Run) -> &Run {
        self.expect_same(other, |text| text)
    }

    /// The same, but for the names of threads that panicked.
    #[track_caller]
    pub(crate) fn expect_same_text_on_other_threads_as(&self, other: &Run) -> &Run {
        self.expect_same(other, |text| without_thread_names(&text))
    }

    /// The same lines in any order.
    #[track_caller]
    pub(crate) fn expect_same_lines_as(&self, other: &Run) -> &Run {
        self.expect_same(other, |text| sorted_lines(&text))
    }

    #[track_caller]
    fn expect_same(&self, other: &Run, arrange: fn(String) -> String) -> &Run {
        if let Some(difference) = self.difference(other, arrange) {
            panic!("{difference}");
        }
        self
    }

    /// In what two runs differ, if they do.
    pub(crate) fn difference(&self, other: &Run, arrange: fn(String) -> String) -> Option<String> {
        // Once a process, with the panic that happens to be the first.
        let hinted = [self.mode, other.mode] == [Mode::Serial; 2];
        let comparable = |run: &Run, bytes: &[u8]| {
            let mut text = normal(&String::from_utf8_lossy(bytes), &run.executable);
            if !hinted {
                text = text.replace(BACKTRACE_HINT, "");
            }
            arrange(text)
        };
        let parts = |run: &Run| (comparable(run, &run.stdout), comparable(run, &run.stderr), run.code());
        let (mine, theirs) = (parts(self), parts(other));
        (mine != theirs).then(|| {
            let place = [first_difference(&mine.0, &theirs.0), first_difference(&mine.1, &theirs.1)].concat();
            let (name, mode) = (self.entry.name, self.mode);
            format!(
                "`{name}`, {mode:?}: not the same (-: expected)\n{place}\n{}\nand\n{}",
                self.ended, other.ended
            )
        })
    }

    pub(crate) fn report(&self) -> Report {
        report::read(&self.text())
    }

    /// The record of the run, which was asked for.
    #[track_caller]
    pub(crate) fn record_text(&self) -> &str {
        self.record.as_deref().unwrap_or_else(|| self.fail("no record was asked for"))
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect_signal(&self, signal: i32) -> &Ended {
        if self.status.and_then(|status| status.signal()) != Some(signal) {
            self.fail(&format!("expected death by signal {signal}"));
        }
        self
    }

    #[track_caller]
    pub(crate) fn expect_text(&self, fragment: &str) -> &Ended {
        if !self.text().contains(fragment) {
            self.fail(&format!("expected `{fragment}` on standard output"));
        }
        self
    }

    #[track_caller]
    pub(crate) fn expect_no_text(&self, fragment: &str) -> &Ended {
        if self.text().contains(fragment) {
            self.fail(&format!("expected no `{fragment}` on standard output"));
        }
        self
    }
}

/// Sends a signal, as `kill` does.
pub(crate) fn signal(pid: u32, signal: i32) {
    let mut command = Command::new("kill");
    command
        .args([format!("-{signal}"), pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .expect("kill is everywhere");
}
