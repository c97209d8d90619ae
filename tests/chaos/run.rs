//! Runs one seed, and does to the run what the plan says.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::plan::palette::Conduct;
use crate::plan::slots::{Mode, Slot};
use crate::plan::{Format, Isolate, Run, Trouble, Victim};
use crate::process::{self, Ended, plain};
use crate::program::{FOLDER, executable};
use crate::steps::Steps;

/// Far more than any run needs, on a busy machine: what takes longer hangs.
const BOUND: Duration = Duration::from_secs(150);

/// What a run did, and what was done to it.
pub(crate) struct Ran {
    pub(crate) run: Run,
    pub(crate) selected: Vec<Slot>,
    pub(crate) ended: Ended,
    pub(crate) steps: Steps,
    /// What was done of what the plan says; runs may be over before.
    pub(crate) done: Done,
    /// Names of files that were left where temporary files go.
    pub(crate) left_files: Vec<String>,
    pub(crate) record: Option<String>,
    pub(crate) elapsed: Duration,
    folder: PathBuf,
}

/// What has been done to a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Done {
    pub(crate) signals: Vec<i32>,
    pub(crate) killed: Option<(Victim, u32)>,
    since: Option<Instant>,
}

impl Ran {
    /// Keeps what there is of it; where.
    pub(crate) fn keep(&self) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos-{}", self.run.seed));
        fs::remove_dir_all(&folder).ok();
        fs::create_dir_all(&folder).expect("a folder below the target folder");
        fs::write(folder.join("all"), format!("{:?}{}", self.done, self.ended)).expect("a file there");
        for (name, bytes) in [("stdout", &self.ended.stdout), ("stderr", &self.ended.stderr)] {
            fs::write(folder.join(name), bytes).expect("a file there");
        }
        for name in ["steps", "record"] {
            fs::copy(self.folder.join(name), folder.join(name)).ok();
        }
        folder
    }
}

impl Drop for Ran {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Runs a seed.
pub(crate) fn run(run: Run) -> Ran {
    let folder = process::scratch();
    let at = |name: &str| folder.join(name);
    for name in ["tmp", "work"] {
        fs::create_dir(at(name)).expect("a folder in the scratch folder");
    }
    let selected = run.selected();
    let mut command = command(&run);
    command.args(selected.iter().map(|slot| slot.name()));
    command.env("STEPS", at("steps")).env("CHAOS_FOLDER", at("work")).env("TMPDIR", at("tmp"));
    command.env("SNOUT_RECORD", at("record"));
    command.stdout(fs::File::create(at("stdout")).expect("a file in the scratch folder"));
    command.stderr(fs::File::create(at("stderr")).expect("a file in the scratch folder"));
    let (begin, mut done) = (Instant::now(), Done::default());
    let mut ended = process::run_watching(command.process_group(0), |pid| {
        let read = || Steps::read(&fs::read(at("steps")).unwrap_or_default());
        act(&run, &mut done, (pid, &read));
        begin.elapsed() < BOUND
    });
    ended.stdout = fs::read(at("stdout")).expect("what was just written");
    ended.stderr = fs::read(at("stderr")).expect("what was just written");
    let steps = Steps::read(&fs::read(at("steps")).unwrap_or_default());
    let left = fs::read_dir(at("tmp")).expect("it is there").flatten();
    let left_files = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let record = fs::read(at("record")).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ran { run, selected, ended, steps, done, left_files, record, elapsed: begin.elapsed(), folder }
}

fn command(run: &Run) -> std::process::Command {
    let mut command = plain(executable());
    command.current_dir(FOLDER).arg("--exact").env("CHAOS_SEED", run.seed.to_string());
    if run.includes_ignored {
        command.arg("--include-ignored");
    }
    if run.is_shuffled {
        command.args(["-Zunstable-options", "--shuffle-seed", &run.seed.to_string()]);
    }
    let isolate = match run.isolate {
        Isolate::Auto => "auto",
        Isolate::Always => "always",
        Isolate::Never => "never",
    };
    let format = match run.format {
        Format::Pretty => "pretty",
        Format::Terse => "terse",
        Format::Json => "json",
        Format::Junit => "junit",
    };
    command.env("RUST_TEST_THREADS", run.lanes.to_string()).env("SNOUT_ISOLATE", isolate);
    command.env("SNOUT_ISOLATION", if run.is_spawned { "spawn" } else { "fork" });
    command.env("SNOUT_THREAD_MODE", if run.is_pooled { "pooled" } else { "fresh" });
    command.env("SNOUT_FORMAT", format).env("SNOUT_TIMEOUT", format!("{}ms", run.timeout));
    command.env("SNOUT_GRACE", format!("{}ms", run.grace));
    command
}

/// Does what is due.
fn act(run: &Run, done: &mut Done, (supervisor, read): (u32, &dyn Fn() -> Steps)) {
    match run.trouble {
        Trouble::None => {}
        Trouble::Signal { first, steps, .. } if done.signals.is_empty() => {
            if !is_ignored(first) && read().len() >= steps {
                send(first, supervisor);
                done.signals.push(first);
                done.since = Some(Instant::now());
            }
        }
        Trouble::Signal { second, .. } => {
            if let Some((second, after)) = second
                && !is_ignored(second)
                && done.signals.len() == 1
                && done.since.is_some_and(|since| since.elapsed() >= Duration::from_millis(after))
            {
                send(second, supervisor);
                done.signals.push(second);
            }
        }
        Trouble::Kill { whom, steps } if done.killed.is_none() => {
            let written = read();
            if written.len() >= steps
                && let Some(pid) = find(run, whom, (supervisor, &written))
            {
                send(9, pid);
                done.killed = Some((whom, pid));
            }
        }
        Trouble::Kill { .. } => {}
    }
}

/// The process to be killed, if there is one now.
fn find(run: &Run, whom: Victim, (supervisor, steps): (u32, &Steps)) -> Option<u32> {
    let alone = || steps.at_work().take(8).find(|pid| parent(*pid).and_then(parent) == Some(supervisor));
    match whom {
        Victim::Supervisor => Some(supervisor),
        Victim::Pool => steps.at_work().take(8).find(|pid| parent(*pid) == Some(supervisor)),
        Victim::Child => alone(),
        Victim::ForkServer => alone().and_then(parent),
        Victim::Host => {
            let shared = run.selected().into_iter().flat_map(|slot| slot.module.fixtures);
            let shared =
                shared.filter(|it| it.mode == Mode::Shared && run.conduct(**it) != Conduct::AbortsInSetUp);
            shared.filter_map(|it| steps.home_of(it.name)).find(|pid| parent(*pid) == Some(supervisor))
        }
    }
}

/// State and parent of a process; `None` if it is gone, or dead and only waits to be noticed.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

/// Whether this process ignores a signal, and so what it starts: where it is run in the background.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

/// Sends a signal, as `kill` does.
fn send(signal: i32, pid: u32) {
    let mut command = std::process::Command::new("kill");
    command.args([format!("-{signal}"), pid.to_string()]).stderr(std::process::Stdio::null());
    command.status().expect("kill is everywhere");
}
