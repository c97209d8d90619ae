//! Runs a command to its end, whatever it leaves behind.
//!
//! Standard output and error go to files: a process that outlives the command and keeps them open cannot hold the
//! test up. Every process of the run carries a mark in its environment, by which those left behind are found.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use crate::environment::plain;

/// The variable that marks the processes of one run.
const MARK: &str = "RIG_RUN";

/// Far more than any command needs, builds included, on a busy machine: it ends what hangs, and never what is merely slow.
pub(crate) const DEADLINE: Duration = Duration::from_secs(300);

/// What a command did.
pub(crate) struct Ended {
    command: String,
    /// Of the process that was started.
    pub(crate) pid: u32,
    /// `None` if it had to be killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Name and number of each process found alive afterwards; none is any more.
    pub(crate) left_behind: Vec<String>,
}

impl Ended {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The exit code, if the process was neither killed nor stuck.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// Fails the test with `why` and all there is to know.
    #[track_caller]
    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("{why}\n{self}");
    }

    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Ended {
        if self.code() != Some(code) {
            self.fail(&format!("expected exit code {code}"));
        }
        self
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status =
            self.status.map_or("still running at the deadline, and killed".to_owned(), |s| s.to_string());
        writeln!(out, "\n  command: {}\n  process: {}\n   status: {status}", self.command, self.pid)?;
        if !self.left_behind.is_empty() {
            writeln!(out, "     left: {}", self.left_behind.join(", "))?;
        }
        writeln!(out, "--- standard output\n{}", shortened(&self.text()))?;
        writeln!(out, "--- standard error\n{}", shortened(&self.error_text()))
    }
}

/// A text short enough to be read.
fn shortened(text: &str) -> String {
    const HALF: usize = 6000;
    if text.len() <= 2 * HALF {
        return text.to_owned();
    }
    let head: String = text.chars().take(HALF).collect();
    let tail: String = text.chars().skip(text.chars().count() - HALF).collect();
    format!("{head}\n[… {} bytes in all …]\n{tail}", text.len())
}

/// Runs `command`, its standard output and error where `Ended` can give them.
pub(crate) fn run(command: &mut Command) -> Ended {
    let folder = scratch();
    let path = |name: &str| folder.join(name);
    command.stdout(File::create(path("stdout")).expect("a file in the scratch folder"));
    command.stderr(File::create(path("stderr")).expect("a file in the scratch folder"));
    let mut ended = run_as_it_is(command);
    ended.stdout = fs::read(path("stdout")).expect("what was just written");
    ended.stderr = fs::read(path("stderr")).expect("what was just written");
    fs::remove_dir_all(&folder).ok();
    ended
}

/// Runs `command`, its standard output and error wherever it sends them, in a process group of its own: signals that it
/// sends to its group are not meant for this test.
pub(crate) fn run_as_it_is(command: &mut Command) -> Ended {
    let begin = Instant::now();
    run_while(command.process_group(0), || begin.elapsed() <= DEADLINE)
}

/// Runs `command` for as long as `may_go_on` says that it may, which is asked every few milliseconds.
pub(crate) fn run_while(command: &mut Command, mut may_go_on: impl FnMut() -> bool) -> Ended {
    run_watching(command, |_| may_go_on())
}

/// The same; who is asked hears the number of the process.
pub(crate) fn run_watching(command: &mut Command, mut may_go_on: impl FnMut(u32) -> bool) -> Ended {
    let mark = scratch_name();
    command.stdin(Stdio::null()).env(MARK, &mark);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let pid = child.id();
    let mut pause = Duration::from_micros(500);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break Some(status);
        }
        if !may_go_on(pid) {
            break None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    };
    let left_behind = end_all_marked(&mark, patience(status));
    child.kill().ok(); // the command itself may have lost its mark
    child.wait().expect("a child can be waited for");
    let command = spelled(command);
    Ended { command, pid, status, stdout: Vec::new(), stderr: Vec::new(), left_behind }
}

/// A command as one would type it: folder, variables, program, arguments.
fn spelled(command: &Command) -> String {
    let folder = command.get_current_dir().map_or(String::new(), |folder| format!("cd {folder:?} && "));
    let set = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_string_lossy(), value?.to_string_lossy())));
    let variables: String =
        set.filter(|(name, _)| name != MARK).map(|(name, value)| format!("{name}={value} ")).collect();
    let arguments: String = command.get_args().map(|argument| format!(" {argument:?}")).collect();
    format!("{folder}{variables}{:?}{arguments}", command.get_program())
}

/// How long processes that are about to end may take to do so, behind the one that was started.
fn patience(status: Option<ExitStatus>) -> Duration {
    match status {
        None => Duration::ZERO,
        // It could not wait for anybody: the system has to see to the rest, on a machine that may be busy.
        Some(status) if status.signal() == Some(9) => Duration::from_secs(10),
        Some(_) => Duration::from_millis(300),
    }
}

/// Kills every process with this mark; says which they were. Those that are about to end anyway have so long.
fn end_all_marked(mark: &str, patience: Duration) -> Vec<String> {
    let wanted = format!("{MARK}={mark}").into_bytes();
    let moment = Instant::now() + patience;
    while !marked(&wanted).is_empty() && Instant::now() < moment {
        thread::sleep(Duration::from_millis(5));
    }
    let left = marked(&wanted);
    for (pid, _) in &left {
        Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status().ok();
    }
    left.into_iter().map(|(pid, name)| format!("{name} {pid}")).collect()
}

/// Number and name of every process with this variable in its environment.
fn marked(variable: &[u8]) -> Vec<(String, String)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let carries = |folder: &Path| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|it| it == variable)
    };
    let named = |folder: &Path| fs::read_to_string(folder.join("comm")).unwrap_or_default().trim().to_owned();
    processes
        .filter(|entry| carries(&entry.path()))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), named(&entry.path())))
        .collect()
}

/// A fresh folder for one run.
pub(crate) fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch").join(scratch_name());
    fs::create_dir_all(&folder).expect("a folder below the target folder");
    folder
}

fn scratch_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
