//! The process of a suite, and the road by which its record comes.
//!
//! The record comes through a pipe that this process holds both ends of; the suite opens it anew by its path in `/proc`, and inherits
//! nothing. So the pipe has no end that could be waited for, and whoever a suite left behind cannot hold it open: when the suite has
//! ended, this process writes a last line itself, behind all that the suite has written.
//!
//! Standard output and error go to files: a process that outlives the suite cannot keep anybody waiting.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use super::arguments::Request;
use super::run::Happening;
use super::select::Choice;
use super::suites::Suite;
use crate::model::{FAIL_FAST, INSTRUCTIONS, LEASE, Lease, REPEAT, Repeat};
use crate::sys::process::{Pid, send_to};

/// The line behind the last one. No line of a record looks like it.
const LAST: &str = "last";

/// The number of SIGUSR2, which has a suite start nothing new.
const WIND_DOWN: i32 = 12;

/// Which suite is started, and how.
pub(super) struct Started {
    pub(super) suite: usize,
    pub(super) lanes: usize,
    /// The suite would take another number of lanes by itself.
    pub(super) is_stated: bool,
    /// The lowest number that no other has that runs.
    pub(super) place: usize,
    /// It has a use for more than one of its lanes only when it prints something.
    pub(super) begins_with_one: bool,
    /// How its lanes are lent, if it may have another number of them later; the pipe is still to come.
    pub(super) lease: Option<Lease>,
    /// How often each of its tests is to run, if not once.
    pub(super) repeat: Option<Repeat>,
}

/// What a suite has told so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// How many tests it runs, once it has said so: then it writes a record.
    pub(super) selected: Option<usize>,
    /// How often each of them runs, if it has been told that they should several times, and understood.
    pub(super) iterations: u32,
    /// It listens to whoever wants it to start nothing new, and has not been told so yet.
    pub(super) winds_down: bool,
    pub(super) finished: usize,
    pub(super) failed: usize,
    /// What it says of itself at its end.
    pub(super) success: Option<bool>,
    /// Tests that took long.
    pub(super) long: Vec<(String, Duration)>,
}

/// A suite that runs, or has ended and is being read.
pub(super) struct Process {
    pub(super) suite: usize,
    pub(super) lanes: usize,
    pub(super) place: usize,
    /// So many lanes it has a use for.
    pub(super) useful: usize,
    pub(super) heard: Heard,
    /// All that it has written has been heard.
    pub(super) is_read: bool,
    /// Somebody wants it to end, and it has been told.
    pub(super) is_told_to_end: bool,
    pub(super) repeat: Option<Repeat>,
    begins_with_one: bool,
    child: Child,
    began: Instant,
    ended: Option<(ExitStatus, Duration)>,
    /// Where it writes its record.
    record: Option<PipeWriter>,
    /// Through this it hears of other lanes than it began with.
    lease: Option<(PipeReader, PipeWriter)>,
    /// What its lanes took together up to a moment, and that; since then it has had as many as now.
    work: (Duration, Instant),
    output: PathBuf,
}

impl Process {
    pub(super) fn start(
        suite: &Suite,
        request: &Request,
        (scratch, sender): (&Path, &Sender<Happening>),
        started: Started,
    ) -> io::Result<Process> {
        let output = scratch.join(format!("suite-{}", started.suite));
        let mut command = command(suite, request);
        if started.is_stated {
            command.env("RUST_TEST_THREADS", started.lanes.to_string());
        }
        // What rustdoc prints is also all that is known of its tests.
        if suite.is_doc || !request.shows_output() {
            command.stdout(File::create(output.with_extension("stdout"))?);
            command.stderr(File::create(output.with_extension("stderr"))?);
        }
        if let Some(retries) = request.limits.retries.filter(|_| !suite.is_doc) {
            command.env("SNOUT_RETRIES", retries.to_string());
        }
        if request.limits.max_fail == Some(1) && !suite.is_doc {
            command.env(FAIL_FAST, "1");
        }
        if let Some(repeat) = started.repeat.filter(|_| !suite.is_doc) {
            command.env(REPEAT, repeat.text());
        }
        // These are said to the run, and what a suite prints may have to be read.
        command.env_remove("SNOUT_RECORD").env_remove("SNOUT_FORMAT");
        // Whoever runs a suite for another system has no way into this one's /proc.
        let record = if suite.is_doc || suite.has_runner { None } else { Some(io::pipe()?) };
        if let Some((_, writer)) = &record {
            command.env("SNOUT_RECORD", format!("/proc/{}/fd/{}", std::process::id(), writer.as_raw_fd()));
        }
        let useful = started.lease.as_ref().map_or(started.lanes, |lease| lease.most.into());
        let lease = started.lease.and_then(|lease| lend(&mut command, lease));
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        let (reader, record) = record.unzip();
        let is_read = reader.is_none();
        if let Some(reader) = reader {
            let (suite, sender) = (started.suite, sender.clone());
            thread::spawn(move || read(suite, reader, &sender));
        }
        let began = Instant::now();
        Ok(Process {
            suite: started.suite,
            lanes: started.lanes,
            place: started.place,
            useful,
            heard: Heard::default(),
            is_read,
            is_told_to_end: false,
            repeat: started.repeat,
            begins_with_one: started.begins_with_one,
            child,
            began,
            ended: None,
            record,
            lease,
            work: (Duration::ZERO, began),
            output,
        })
    }

    /// Looks whether it has ended.
    pub(super) fn look(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // An error would mean that it is no child of this process: it is, until it is waited for here.
        if let Ok(Some(status)) = self.child.try_wait() {
            self.ended = Some((status, self.began.elapsed()));
            if let Some(mut record) = self.record.take() {
                // Behind a line that was cut off, too. There is room: it is being read.
                let _ = record.write_all(format!("\n{LAST}\n").as_bytes());
            }
        }
    }

    /// Has it start nothing new, if it listens; before it has said so, the signal would end it.
    pub(super) fn wind_down(&mut self) {
        if std::mem::take(&mut self.heard.winds_down) && self.ended.is_none() {
            send_to(self.pid(), WIND_DOWN);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_read && self.ended.is_some()
    }

    /// How it ended, once it has.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        self.ended.map(|(status, _)| status)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.ended.map_or_else(|| self.began.elapsed(), |(_, elapsed)| elapsed)
    }

    /// Whether it can be told of other lanes than it has.
    pub(super) fn is_lent(&self) -> bool {
        self.lease.is_some() && self.ended.is_none()
    }

    /// How many of its lanes others cannot have. rustdoc reads a crate in one thread, and only then are there examples to compile and to
    /// run in all of them; before that it prints nothing. It can be told of none later, so it has them all from the beginning; where
    /// somebody has said how many there are, they stay its own.
    pub(super) fn lanes_in_use(&self) -> usize {
        let printed = || fs::metadata(self.output.with_extension("stdout")).map_or(0, |stdout| stdout.len());
        if self.begins_with_one && printed() == 0 { self.lanes.min(1) } else { self.lanes }
    }

    /// Has it have so many lanes from now on, if it can be told.
    pub(super) fn lend(&mut self, lanes: usize) {
        let Some((_, writer)) = self.lease.as_mut().filter(|_| lanes != self.lanes) else { return };
        // There is room for thousands of them, and what does not get there is of no use to a process that has ended.
        if writer.write_all(format!("{lanes}\n").as_bytes()).is_ok() {
            self.work = (self.work(), Instant::now());
            self.lanes = lanes;
        }
    }

    /// How long all its lanes together have taken.
    pub(super) fn work(&self) -> Duration {
        let (before, since) = self.work;
        let until = self.ended.map_or_else(Instant::now, |(_, elapsed)| self.began + elapsed);
        before + until.saturating_duration_since(since) * u32::try_from(self.lanes).unwrap_or(u32::MAX)
    }

    /// Its number. It names nobody else, for only `look` waits for it.
    pub(super) fn pid(&self) -> Pid {
        Pid(self.child.id().cast_signed())
    }

    /// What it printed on standard output and error; nothing if it went to the terminal.
    pub(super) fn printed(&self) -> (String, String) {
        let read = |stream: &str| fs::read(self.output.with_extension(stream)).unwrap_or_default();
        let text = |stream: &str| String::from_utf8_lossy(&read(stream)).into_owned();
        (text("stdout"), text("stderr"))
    }
}

/// Makes the pipe through which a suite hears of its lanes. Without one it keeps those that it has.
fn lend(command: &mut Command, lease: Lease) -> Option<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe().ok()?;
    let pipe = format!("/proc/{}/fd/{}", std::process::id(), reader.as_raw_fd());
    command.env(LEASE, Lease { pipe, ..lease }.text()?);
    Some((reader, writer))
}

/// How a suite is called: as cargo does it, with what the user has to say to it.
pub(super) fn command(suite: &Suite, request: &Request) -> Command {
    let mut words = suite.program.iter();
    let mut command = Command::new(words.next().map_or_else(Default::default, Clone::clone));
    command
        .args(words)
        .current_dir(&suite.folder)
        .env_clear()
        .envs(suite.environment.iter().map(|(name, value)| (name, value)));
    match &suite.choice {
        Choice::Whole => {}
        Choice::Told(path) => {
            command.env(INSTRUCTIONS, path);
        }
        // They are among those that the user's names take.
        Choice::Names(names) => {
            let exact = (!request.harness.iter().any(|flag| flag == "--exact")).then_some("--exact");
            command.args(&request.harness).args(exact).arg("--").args(names);
            return command;
        }
    }
    for word in request.names.iter().chain(&request.harness) {
        if suite.is_doc {
            command.arg("--test-args");
        }
        command.arg(word);
    }
    command
}

/// Hands lines on until the last.
fn read(suite: usize, pipe: PipeReader, sender: &Sender<Happening>) {
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches('\n');
        if text == LAST {
            break;
        }
        if !text.is_empty() && sender.send(Happening::Line(suite, text.to_owned())).is_err() {
            return;
        }
        line.clear();
    }
    // Nobody hears it when the run is over.
    let _ = sender.send(Happening::Read(suite));
}
