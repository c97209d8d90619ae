//! Makes the processes that run tests: by `fork`, or by executing this binary again.
//!
//! Either way a process gets the plan, the shared memory and descriptors to reach the supervisor. A forked one has them; a
//! spawned one reads the plan from the same command line again, and is told the rest: see `role`.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use super::Job;
use super::child_maker::ChildMaker;
use super::host::{request_fork_server, request_pool};
use super::role::{Descriptors, Part, spawn};
use crate::accumulate::{ChildQueue, RunTable, Turn};
use crate::context::Seat;
use crate::execute::{
    Buffers, ForkServer, Frames, Inbox, Outlet, Pipes, Rules, Suite, WatchChild, Worker, run_pool,
    start_in_process,
};
use crate::model::{Isolate, Isolation, Restart};
use crate::sys::descriptor::{numbers, pipe, pipe_if};
use crate::sys::process::{self, Connections, Fork, Forker, Pid, adopt_orphans};
use crate::sys::shared::{self, Shared, Size};
use crate::sys::signals::{Signal, SignalMask, Signals};
use crate::sys::socket;

/// Makes processes.
pub(super) struct Launcher<'run> {
    job: &'run Job,
    /// This process, the supervisor.
    pid: i32,
    /// `None` if tests run in this very process: its signals are theirs.
    signals: Option<Signals>,
    forker: Option<Forker>,
    memory: Memory,
    /// That memory, if spawned processes have to find it.
    memory_file: Option<OwnedFd>,
    doorbell: (OwnedFd, OwnedFd),
    /// Standard input of every process.
    nowhere: File,
    rules: BothRules,
}

/// What the supervisor shares with every process of the run.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    pub(super) table: RunTable,
    pub(super) queue: ChildQueue,
}

/// The rules in the pool, and those in children: a child's output goes to its descriptors, and its time is the supervisor's to
/// watch. They live as long as the process.
#[derive(Clone, Copy)]
pub(super) struct BothRules {
    pub(super) pool: &'static Rules,
    pub(super) child: &'static Rules,
}

/// The supervisor's ends of what connects it with the pool.
pub(super) struct LaunchedPool {
    pub(super) pid: Pid,
    pub(super) frames: OwnedFd,
    /// What the process prints, unless that goes to the terminal.
    pub(super) output: Option<OwnedFd>,
    /// Closing it tells the pool to end.
    pub(super) control: OwnedFd,
}

/// The ends of pipes that a new pool keeps.
pub(super) struct PoolEnds {
    pub(super) frames: OwnedFd,
    pub(super) output: Option<OwnedFd>,
    pub(super) control: OwnedFd,
}

impl Memory {
    /// What it takes.
    pub(super) fn size(job: &Job, lanes: usize) -> Size {
        let cases = job.plan.cases().len();
        let words = RunTable::size(lanes, cases) + ChildQueue::size(lanes, cases);
        Size { words, gates: RunTable::GATES + ChildQueue::GATES }
    }

    pub(super) fn new(shared: Shared, job: &Job, lanes: usize) -> Memory {
        let cases = job.plan.cases().len();
        let (table, queue) = shared.words.split_at(RunTable::size(lanes, cases));
        let (table_gates, queue_gates) = shared.gates.split_at(RunTable::GATES);
        let table = RunTable::new((table, table_gates), lanes, cases);
        let queue = ChildQueue::new((queue, queue_gates), lanes, cases);
        Memory { table: table.with_in_pool(job.plan.count_in_pool()), queue }
    }
}

impl BothRules {
    pub(super) fn of(job: &Job) -> BothRules {
        static RULES: OnceLock<[Rules; 2]> = OnceLock::new();
        let child = || Rules { capture: false, watches_time: false, ..job.rules.clone() };
        let [pool, child] = RULES.get_or_init(|| [job.rules.clone(), child()]);
        BothRules { pool, child }
    }
}

impl<'run> Launcher<'run> {
    /// Takes charge of this process: signals are read from now on, and orphans of tests come to it.
    /// With `by_file`, processes that exist already can find the memory too.
    pub(super) fn new(job: &'run Job, by_file: bool) -> io::Result<Launcher<'run>> {
        let forker = Forker::of_single_thread().filter(|_| job.isolation == Isolation::Fork);
        let signals = if job.in_process { None } else { Some(Signals::block()?) };
        if !job.in_process {
            adopt_orphans()?;
        }
        let lanes = usize::from(job.lanes);
        let size = Memory::size(job, lanes);
        let (shared, memory_file) = if (forker.is_some() && !by_file) || job.in_process {
            (shared::memory(size)?, None)
        } else {
            shared::memory_in_file(size).map(|(shared, file)| (shared, Some(file)))?
        };
        Ok(Launcher {
            job,
            pid: process::own_number(),
            signals,
            forker,
            memory: Memory::new(shared, job, lanes),
            memory_file,
            doorbell: pipe()?,
            nowhere: File::open("/dev/null")?,
            rules: BothRules::of(job),
        })
    }

    /// That of a fixture host which the supervisor has told of the run's memory.
    pub(super) fn of_host(
        job: &'run Job,
        supervisor: i32,
        memory: &OwnedFd,
        doorbell: OwnedFd,
    ) -> io::Result<Launcher<'run>> {
        let lanes = usize::from(job.lanes);
        let shared = shared::memory_from_file(Memory::size(job, lanes), memory)?;
        let nowhere = File::open("/dev/null")?;
        Ok(Launcher {
            job,
            pid: supervisor,
            signals: None,
            forker: None,
            memory: Memory::new(shared, job, lanes),
            memory_file: None,
            doorbell: (nowhere.try_clone()?.into(), doorbell),
            nowhere,
            rules: BothRules::of(job),
        })
    }

    /// Tells a fixture host that has been started before of the run's memory.
    pub(super) fn tell_of_memory(&self, host: &OwnedFd) -> io::Result<()> {
        let Some(memory) = &self.memory_file else { return Ok(()) };
        socket::send(host, b"m", &[memory.as_raw_fd(), self.doorbell.1.as_raw_fd()])
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    pub(super) fn job(&self) -> &'run Job {
        self.job
    }

    pub(super) fn forker(&self) -> Option<&Forker> {
        self.forker.as_ref()
    }

    /// Wakes the supervisor.
    pub(super) fn ring(&self) {
        let bell = self.doorbell.1.try_clone().map(File::from);
        let _ = bell.and_then(|mut bell| bell.write(&[1]));
    }

    /// Gives the signals of a process that runs user code their usual meaning.
    pub(super) fn restore_mask(&self) {
        self.mask().iter().for_each(SignalMask::restore);
    }

    /// Stops this process, as Ctrl-Z does; returns when it goes on.
    pub(super) fn stop_this_process(&self) {
        self.signals.iter().for_each(Signals::stop_this_process);
    }

    /// From here on signals that end the run end this process.
    pub(super) fn let_signals_through(&self) {
        self.signals.iter().for_each(Signals::let_stops_through);
    }

    pub(super) fn doorbell(&self) -> &OwnedFd {
        &self.doorbell.0
    }

    /// What tells of signals and of finished tests.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.signals.as_ref().map(Signals::descriptor), Some(&self.doorbell.0)])
    }

    fn mask(&self) -> Option<SignalMask> {
        self.signals.as_ref().map(Signals::mask_before)
    }

    /// The next signal that has come in, if any.
    pub(super) fn next_signal(&self) -> Option<Signal> {
        self.signals.as_ref().and_then(Signals::next)
    }

    /// Leaves every descriptor as it is. A test in this process may have closed what is not its own, and who closes that again is ended by
    /// std.
    pub(super) fn leave_open(self) {
        std::mem::forget((self.doorbell, self.nowhere, self.memory_file));
    }

    /// Starts the lanes on threads of this process; where their frames arrive.
    pub(super) fn start_in_process(&self) -> io::Result<Inbox> {
        let inbox = Inbox::default();
        let ends = (Frames::Here(Arc::clone(&inbox)), self.doorbell.1.try_clone()?);
        start_in_process(worker(self.job, self.memory.table, ends))?;
        Ok(inbox)
    }

    /// Starts a pool, from the fixture host if there is one. `open` are the supervisor's descriptors that it must not keep.
    pub(super) fn launch_pool(&self, open: &[RawFd], host: Option<&OwnedFd>) -> io::Result<LaunchedPool> {
        let (frames, frames_end) = pipe()?;
        let (output, output_end) = pipe_if(self.job.rules.capture)?;
        let (control_end, control) = pipe()?;
        let ends = PoolEnds { frames: frames_end, output: output_end, control: control_end };
        let pid = match (&self.forker, host) {
            (_, Some(host)) => request_pool(host, &ends)?,
            (Some(forker), None) => {
                let own = numbers(&[Some(&frames), output.as_ref(), Some(&control)]);
                let not_for_it = [open, &own].concat();
                match forker.fork()? {
                    Fork::Parent(pid) => pid,
                    Fork::Child => self.be_pool(ends, &not_for_it),
                }
            }
            (None, None) => self.spawn(
                Part::Pool,
                ends.output.as_ref().map(AsRawFd::as_raw_fd),
                [&ends.frames, &ends.control],
            )?,
        };
        Ok(LaunchedPool { pid, frames, output, control })
    }

    /// In a new process: is the pool, and never returns.
    pub(super) fn be_pool(&self, ends: PoolEnds, not_for_it: &[RawFd]) -> ! {
        self.settle_in(ends.output.as_ref().map(AsRawFd::as_raw_fd), not_for_it);
        self.mask().iter().for_each(SignalMask::restore);
        let PoolEnds { frames, output, control } = ends;
        drop(output); // its copies are in place
        let doorbell = self.doorbell.1.try_clone().unwrap_or_else(|_| std::process::exit(1));
        run_pool(worker(self.job, self.memory.table, (frames.into(), doorbell)), &control)
    }

    pub(super) fn settle_in(&self, output: Option<RawFd>, not_for_it: &[RawFd]) {
        let nowhere = Some(self.nowhere.as_raw_fd());
        let connections = Connections { output, nowhere, not_for_it, parent: self.pid };
        if !process::settle_in(&connections) {
            std::process::exit(1);
        }
    }

    /// Starts the fork server of a lane, from the fixture host if there is one. `open` are the supervisor's descriptors that it
    /// must not keep.
    pub(super) fn launch_fork_server(
        &self,
        lane: usize,
        open: &[RawFd],
        host: Option<&OwnedFd>,
    ) -> io::Result<(Pid, OwnedFd)> {
        let (socket, far) = socket::pair()?;
        let pid = match (&self.forker, host) {
            (_, Some(host)) => request_fork_server(host, lane, &far)?,
            (Some(forker), None) => {
                let mut not_for_it = open.to_vec();
                not_for_it.push(socket.as_raw_fd());
                match forker.fork()? {
                    Fork::Parent(pid) => pid,
                    Fork::Child => self.be_fork_server(lane, far, &not_for_it),
                }
            }
            (None, None) => self.spawn(Part::ForkServer(lane), None, [&far, &self.doorbell.1])?,
        };
        Ok((pid, socket))
    }

    /// In a new process: is a fork server, and never returns.
    pub(super) fn be_fork_server(&self, lane: usize, socket: OwnedFd, not_for_it: &[RawFd]) -> ! {
        // In this process there is one thread, whatever there is in the one that it was forked from.
        let Some(forker) = Forker::of_single_thread() else { std::process::exit(1) };
        self.settle_in(None, not_for_it);
        let doorbell = self.doorbell.1.try_clone();
        let (Ok(()), Ok(doorbell), Ok(for_suites)) = (adopt_orphans(), doorbell, socket.try_clone()) else {
            std::process::exit(1)
        };
        let maker = ChildMaker {
            job: self.job,
            memory: self.memory,
            rules: self.rules.child,
            lane,
            sockets: [socket.as_raw_fd(), for_suites.as_raw_fd()],
            for_suites,
            mask: self.mask(),
            parent: process::own_number(),
        };
        let make =
            |turn: Turn, pipes: &Pipes, watch: WatchChild<'_>| maker.make(&forker, turn, (pipes, watch));
        fork_server(self.job, self.memory, lane, (socket, doorbell)).serve(&make);
        // It has run nobody's code since it was made: there is nothing to be done at its end, and no coverage to be counted.
        process::leave()
    }

    fn spawn(&self, part: Part, output: Option<RawFd>, kept: [&OwnedFd; 2]) -> io::Result<Pid> {
        let Some(memory) = &self.memory_file else {
            return Err(io::Error::other("the run table has no file"));
        };
        let [first, second] = kept.map(AsRawFd::as_raw_fd);
        let descriptors =
            Descriptors { memory: memory.as_raw_fd(), doorbell: self.doorbell.1.as_raw_fd(), first, second };
        spawn(self.job, (part, descriptors), output, self.mask())
    }
}

/// Whether what this turn begins with needs fixtures that are set up in its process.
pub(super) fn has_fixtures(job: &Job, turn: Turn) -> bool {
    let case = job.plan.case(turn.case);
    case.options.suite.is_some() || !job.registry.needed(case.options.context).is_empty()
}

/// What a suite writes to: frames, output, and the socket that leads to the supervisor.
pub(super) type SuiteEnds = (Arc<File>, Option<OwnedFd>, Option<OwnedFd>);

/// In a new process: runs a unit with fixtures, and never returns.
pub(super) fn run_suite(job: &Job, (memory, lane): (Memory, usize), turn: Turn, ends: SuiteEnds) -> ! {
    let Memory { table, queue } = memory;
    let (frames, output, Some(socket)) = ends else { std::process::exit(1) };
    let rules = BothRules::of(job).child;
    let outlet = Outlet { queue, lane, socket, frames, output }.into();
    let seat_number = seat(job, lane, turn).lane;
    Suite { plan: job.plan, registry: job.registry, table, rules, seat_number, outlet }.run(turn)
}

/// Where a child's test runs. Beside a pool, children count on from its lanes.
pub(super) fn seat(job: &Job, lane: usize, turn: Turn) -> Seat {
    let is_beside_pool = job.isolate != Isolate::Always && !job.plan.order().is_empty();
    let first = if is_beside_pool { usize::from(job.lanes) } else { 0 };
    Seat { lane: (first + lane) as u32, attempt: turn.attempt.into() }
}

/// Another descriptor of the same; none, if there is none to be had.
pub(super) fn clone(descriptor: Option<&OwnedFd>) -> Option<OwnedFd> {
    descriptor.and_then(|descriptor| descriptor.try_clone().ok())
}

pub(super) fn worker(job: &Job, table: RunTable, ends: (Frames, OwnedFd)) -> Worker {
    Worker {
        end: None,
        plan: job.plan,
        registry: job.registry,
        table,
        rules: BothRules::of(job).pool,
        lockstep: job.is_lockstep(),
        lanes: usize::from(job.lanes),
        hung: AtomicUsize::new(0),
        one_each: job.restart == Restart::EachTest,
        frames: ends.0.into(),
        doorbell: File::from(ends.1),
        buffers: Buffers::default(),
    }
}

pub(super) fn fork_server(job: &Job, memory: Memory, lane: usize, ends: (OwnedFd, OwnedFd)) -> ForkServer {
    let Memory { table, queue } = memory;
    let (socket, doorbell) = ends;
    let captures = job.rules.capture;
    let rules = BothRules::of(job).child;
    ForkServer { plan: job.plan, table, queue, lane, rules, captures, socket, doorbell: File::from(doorbell) }
}

impl Job {
    /// With one lane and no capture, names and output appear in the order of things only if each test waits for its name;
    /// and nothing must begin behind a failure that ends the run.
    pub(super) fn is_lockstep(&self) -> bool {
        self.lanes == 1 && (!self.rules.capture || self.rules.fail_fast)
    }
}
