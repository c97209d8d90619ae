//! Makes the processes that run tests: by `fork`, or by executing this binary again.
//!
//! Either way a process gets the plan, the run table, a pipe for frames and descriptors for its output. A forked one has
//! them; a spawned one reads the plan from the same command line again, and is told the rest by `SNOUT_INTERNAL_ROLE`.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use super::Job;
use crate::accumulate::RunTable;
use crate::execute::{Rules, Worker, run_child, run_pool, start_in_process};
use crate::model::{CaseId, Isolation};
use crate::sys::descriptor::{inherited, pipe};
use crate::sys::process::{self, Connections, Fork, Forker, Pid, adopt_orphans};
use crate::sys::signals::{Signal, SignalMask, Signals};
use crate::sys::{coverage, shared};

/// Tells a spawned process what it is: `pool` or the number of a test and of an attempt, then descriptors.
const ROLE: &str = "SNOUT_INTERNAL_ROLE";

/// Makes processes.
pub(super) struct Launcher<'run> {
    job: &'run Job,
    /// `None` if tests run in this very process: its signals are theirs.
    signals: Option<Signals>,
    forker: Option<Forker>,
    table: RunTable,
    /// The table's memory, if spawned processes have to find it.
    table_file: Option<OwnedFd>,
    doorbell: (OwnedFd, OwnedFd),
    /// Standard input of every process.
    nowhere: File,
    pool_rules: &'static Rules,
    child_rules: &'static Rules,
}

/// The supervisor's ends of what connects it with a process.
pub(super) struct Launched {
    pub(super) pid: Pid,
    pub(super) frames: OwnedFd,
    /// What the process prints, unless that goes to the terminal.
    pub(super) output: Option<OwnedFd>,
    /// Closing it tells a pool to end.
    pub(super) control: Option<OwnedFd>,
}

/// Which process is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Pool,
    Child(CaseId, u64),
}

/// The ends of pipes that a new process keeps.
struct Ends {
    frames: OwnedFd,
    output: Option<OwnedFd>,
    control: Option<OwnedFd>,
}

impl<'run> Launcher<'run> {
    /// Takes charge of this process: signals are read from now on, and orphans of tests come to it.
    pub(super) fn new(job: &'run Job) -> io::Result<Launcher<'run>> {
        let forker = Forker::of_single_thread().filter(|_| job.isolation == Isolation::Fork);
        let signals = if job.in_process { None } else { Some(Signals::block()?) };
        if !job.in_process {
            adopt_orphans()?;
        }
        let (cases, lanes) = (job.plan.cases().len(), usize::from(job.lanes));
        let size = RunTable::size(lanes, cases);
        let (words, table_file) = if forker.is_some() || job.in_process {
            (shared::words(size)?, None)
        } else {
            shared::words_in_file(size).map(|(words, file)| (words, Some(file)))?
        };
        let table = RunTable::new(words, lanes, cases);
        let (pool_rules, child_rules) = rules_of(job);
        Ok(Launcher {
            job,
            signals,
            forker,
            table,
            table_file,
            doorbell: pipe()?,
            nowhere: File::open("/dev/null")?,
            pool_rules,
            child_rules,
        })
    }

    pub(super) fn table(&self) -> RunTable {
        self.table
    }

    pub(super) fn doorbell(&self) -> &OwnedFd {
        &self.doorbell.0
    }

    /// What tells of signals and of finished tests.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        let signals = self.signals.as_ref().map(Signals::descriptor);
        signals.into_iter().chain([self.doorbell.0.as_raw_fd()])
    }

    fn mask(&self) -> Option<SignalMask> {
        self.signals.as_ref().map(Signals::mask_before)
    }

    /// The next signal that has come in, if any.
    pub(super) fn next_signal(&self) -> Option<Signal> {
        self.signals.as_ref().and_then(Signals::next)
    }

    /// Starts the lanes on threads of this process; where their frames arrive.
    pub(super) fn start_in_process(&self) -> io::Result<OwnedFd> {
        let (frames, frames_end) = pipe()?;
        let doorbell = self.doorbell.1.try_clone()?;
        start_in_process(worker(self.job, self.table, self.pool_rules, (frames_end, doorbell)))?;
        Ok(frames)
    }

    /// Starts a process. `open` are the supervisor's descriptors that it must not keep.
    pub(super) fn launch(&self, part: Part, open: &[RawFd]) -> io::Result<Launched> {
        let (frames, frames_end) = pipe()?;
        let (output, output_end) = match self.job.rules.capture {
            true => pipe().map(|(reader, writer)| (Some(reader), Some(writer)))?,
            false => (None, None),
        };
        let (control_end, control) = match part {
            Part::Pool => pipe().map(|(reader, writer)| (Some(reader), Some(writer)))?,
            Part::Child(..) => (None, None),
        };
        let ends = Ends { frames: frames_end, output: output_end, control: control_end };
        let own = [Some(&frames), output.as_ref(), control.as_ref()].into_iter().flatten();
        let mut not_for_it = open.to_vec();
        not_for_it.extend(own.map(AsRawFd::as_raw_fd));
        let pid = match &self.forker {
            Some(forker) => self.fork(forker, part, ends, &not_for_it)?,
            None => self.spawn(part, &ends)?,
        };
        Ok(Launched { pid, frames, output, control })
    }

    #[expect(clippy::too_many_arguments, reason = "four, and the launcher they are for")]
    fn fork(&self, forker: &Forker, part: Part, ends: Ends, not_for_it: &[RawFd]) -> io::Result<Pid> {
        let output = ends.output.as_ref().map(AsRawFd::as_raw_fd);
        let nowhere = self.nowhere.as_raw_fd();
        let connections = Connections { output, nowhere, not_for_it, supervisor: std::process::id() };
        match forker.fork()? {
            Fork::Parent(pid) => Ok(pid),
            Fork::Child => {
                let settled = process::settle_in(&connections);
                self.mask().iter().for_each(SignalMask::restore);
                if settled.is_err() {
                    std::process::exit(1);
                }
                self.play(part, ends)
            }
        }
    }

    /// In the new process: does its part, and never returns.
    fn play(&self, part: Part, ends: Ends) -> ! {
        let Ends { frames, output, control } = ends;
        drop(output); // its copies are in place
        match (part, control) {
            (Part::Pool, Some(control)) => {
                let doorbell = self.doorbell.1.try_clone().unwrap_or_else(|_| std::process::exit(1));
                run_pool(worker(self.job, self.table, self.pool_rules, (frames, doorbell)), &control)
            }
            (Part::Child(case, attempt), _) => {
                let slot = self.table.slot(case, attempt);
                run_child((case, self.job.plan.case(case)), slot, File::from(frames), self.child_rules)
            }
            (Part::Pool, None) => std::process::exit(1),
        }
    }

    fn spawn(&self, part: Part, ends: &Ends) -> io::Result<Pid> {
        let Some(table_file) = &self.table_file else {
            return Err(io::Error::other("the run table has no file"));
        };
        let control = ends.control.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let doorbell = self.doorbell.1.as_raw_fd();
        let kept = [table_file.as_raw_fd(), ends.frames.as_raw_fd(), doorbell, control];
        let part = match part {
            Part::Pool => "pool".to_owned(),
            Part::Child(case, attempt) => format!("{}/{attempt}", case.0),
        };
        let seed = self.job.plan.shuffle_seed().map_or_else(|| "-".to_owned(), |seed| seed.to_string());
        let [table_file, frames, doorbell, control] = kept;
        let role = format!("{part} {table_file} {frames} {doorbell} {control} {} {seed}", self.job.lanes);
        let connections = Connections {
            output: ends.output.as_ref().map(AsRawFd::as_raw_fd),
            nowhere: self.nowhere.as_raw_fd(),
            not_for_it: &[],
            supervisor: std::process::id(),
        };
        let kept: Vec<RawFd> = kept.into_iter().filter(|&descriptor| descriptor >= 0).collect();
        process::spawn_self((ROLE, role), &connections, &kept, self.mask())
    }
}

/// The rules in the pool and in children: a child's output goes to its descriptors, and its time is the supervisor's to
/// watch. They live as long as the process.
fn rules_of(job: &Job) -> (&'static Rules, &'static Rules) {
    static RULES: OnceLock<[Rules; 2]> = OnceLock::new();
    let child = || Rules { capture: false, timeout: None, ..job.rules.clone() };
    let [pool, child] = RULES.get_or_init(|| [job.rules.clone(), child()]);
    (pool, child)
}

fn worker(job: &Job, table: RunTable, rules: &'static Rules, ends: (OwnedFd, OwnedFd)) -> Worker {
    let lanes = usize::from(job.lanes);
    Worker {
        end: None,
        plan: job.plan,
        table,
        rules,
        lockstep: job.is_lockstep(),
        lanes,
        frames: File::from(ends.0).into(),
        doorbell: File::from(ends.1),
    }
}

impl Job {
    /// With one lane and no capture, names and output appear in the order of things only if each test waits for its name;
    /// and nothing must begin behind a failure that ends the run.
    pub(super) fn is_lockstep(&self) -> bool {
        self.lanes == 1 && (!self.rules.capture || self.fail_fast)
    }
}

/// What a spawned process was told about itself.
pub(crate) struct Role {
    part: Part,
    /// Table, frames, doorbell, control.
    descriptors: [RawFd; 4],
    lanes: u16,
    shuffle_seed: Option<u64>,
}

/// The role this process was started in, if it is a spawned one. Tests, and what they start, do not see the variable.
pub(crate) fn take_role() -> Option<Role> {
    let told = std::env::var(ROLE).ok()?;
    crate::sys::environment::remove(ROLE);
    parse_role(&told)
}

fn parse_role(told: &str) -> Option<Role> {
    let mut words = told.split(' ');
    let part = match words.next()? {
        "pool" => Part::Pool,
        child => {
            let (case, attempt) = child.split_once('/')?;
            Part::Child(CaseId(case.parse().ok()?), attempt.parse().ok()?)
        }
    };
    let mut descriptors = [-1; 4];
    for descriptor in &mut descriptors {
        *descriptor = words.next()?.parse().ok()?;
    }
    let lanes = words.next()?.parse().ok()?;
    Some(Role { part, descriptors, lanes, shuffle_seed: words.next()?.parse().ok() })
}

impl Role {
    /// The seed that the supervisor shuffled with.
    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        self.shuffle_seed
    }

    /// In a spawned process, once it has made the same plan: does its part, and never returns.
    pub(crate) fn play(self, job: &Job) -> ! {
        coverage::take_own_file();
        let lanes = usize::from(self.lanes);
        let cases = job.plan.cases().len();
        let [table_file, frames, doorbell, control] = self.descriptors.map(inherited);
        let (Some(table_file), Some(frames), Some(doorbell)) = (table_file, frames, doorbell) else {
            std::process::exit(1)
        };
        let Ok(words) = shared::words_from_file(RunTable::size(lanes, cases), &table_file) else {
            std::process::exit(1)
        };
        let table = RunTable::new(words, lanes, cases);
        let (pool_rules, child_rules) = rules_of(job);
        match (self.part, control) {
            (Part::Pool, Some(control)) => {
                run_pool(worker(job, table, pool_rules, (frames, doorbell)), &control)
            }
            (Part::Pool, None) => std::process::exit(1),
            (Part::Child(case, attempt), _) => {
                let slot = table.slot(case, attempt);
                run_child((case, job.plan.case(case)), slot, File::from(frames), child_rules)
            }
        }
    }
}
