//! The pool: lanes that run tests in one process.
//!
//! Where tests run on the lanes themselves, those are rayon's workers, each of which runs one `broadcast` job for as long as there is
//! work. Tests are never rayon jobs themselves: a worker that waits inside a test (which may use rayon) would start another test on
//! the same stack. Where tests have threads of their own, lanes only wait for those, and are plain threads: that takes less to start.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

use rayon_core::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use super::capture::name_tests_in_panics;
use super::lane::Lane;
use super::worker::Worker;
use crate::model::ThreadMode;
use crate::sys::descriptor::{pipe, wait};
use crate::sys::memory::come_by;

/// How often a pool whose lanes run tests themselves looks whether it is asked for what those have printed.
const LOOK: Duration = Duration::from_millis(250);

/// Runs tests in this process until all are finished or the supervisor says that it is enough, and ends the process.
///
/// `control` ends when the supervisor is done or gone.
pub(crate) fn run_pool(worker: Worker, control: &OwnedFd) -> ! {
    let control = control.as_raw_fd();
    // Pages of shared memory are not this process's before it has come by them, whoever else has.
    come_by(worker.table.words());
    worker.begin_plugins();
    let leaves_nothing = worker.rules.thread_mode == ThreadMode::Fresh && !worker.registry.has_pooled();
    let result = if leaves_nothing { run_fresh(worker, control) } else { run_pooled(worker, control) };
    // By `exit`, not `_exit`: coverage counters are written on the way out. The supervisor sees a pool that ends with its
    // work undone, and goes on with children.
    std::process::exit(if result.is_ok() { 0 } else { 1 })
}

/// Tests have threads of their own and leave nothing on the lanes': these are plain ones, of which the first is this very thread.
/// Another would begin its first test later, by as long as it takes to make a thread and to wake a processor for it.
fn run_fresh(worker: Worker, control: RawFd) -> io::Result<()> {
    if !worker.registry.is_empty() {
        // A fixture is set up on a lane.
        name_tests_in_panics();
    }
    let lanes = Lanes::of(worker);
    let others: Vec<JoinHandle<()>> = (1..lanes.worker.lanes)
        .filter_map(|number| {
            let own = Arc::clone(&lanes);
            lanes.start(named(number), move || own.run(number))
        })
        .collect();
    lanes.run(0);
    for lane in others {
        let _ = lane.join();
    }
    let worker = &lanes.worker;
    // Else some test is not this pool's any more, and the supervisor has the last word.
    if !worker.table.is_all_finished() && !worker.table.is_closed() {
        await_any(&[control])?;
    }
    worker.finish_plugins();
    Ok(())
}

/// Tests run on the workers and leave thread-locals there, which must not be dropped after all: `exit` is called by this
/// thread, which runs no test.
fn run_pooled(worker: Worker, control: RawFd) -> io::Result<()> {
    let (ended, end) = pipe()?;
    let worker = start_lanes(Worker { end: Some(File::from(end)), ..worker })?;
    let mut asked = worker.table.asked();
    while !wait(&[control, ended.as_raw_fd()], Some(LOOK))? {
        let before = std::mem::replace(&mut asked, worker.table.asked());
        if asked != before {
            worker.send_all_so_far();
        }
    }
    worker.finish_plugins();
    Ok(())
}

/// Starts the lanes on threads of this process; returns at once.
pub(crate) fn start_in_process(worker: Worker) -> io::Result<()> {
    worker.begin_plugins();
    start_lanes(worker).map(drop)
}

/// On rayon's workers, where tests may leave jobs.
fn start_lanes(worker: Worker) -> io::Result<Arc<Worker>> {
    if worker.rules.thread_mode == ThreadMode::Pooled || !worker.registry.is_empty() {
        name_tests_in_panics();
    }
    let lanes = Lanes::of(worker);
    let (pool, workers) = prepare(&lanes)?;
    // The threads must outlive this call; they end with the process.
    std::mem::forget(pool);
    let mut workers = workers.into_iter().enumerate();
    let is_started = |(number, worker): (usize, ThreadBuilder)| named(number).spawn(|| worker.run()).is_ok();
    let has_first = workers.next().is_some_and(is_started);
    for (number, worker) in workers {
        lanes.start(named(number), || worker.run());
    }
    if !has_first {
        lanes.run(0);
    }
    Ok(Arc::clone(&lanes.worker))
}

/// The lanes of this process.
struct Lanes {
    worker: Arc<Worker>,
    /// How many may still begin a test beside others.
    busy: AtomicUsize,
    stopped: AtomicUsize,
}

impl Lanes {
    fn of(worker: Worker) -> Arc<Lanes> {
        let (busy, stopped) = (AtomicUsize::new(worker.lanes), AtomicUsize::new(0));
        Arc::new(Lanes { worker: Arc::new(worker), busy, stopped })
    }

    fn run(&self, number: usize) {
        let unwinding = EndsProcess;
        Lane::new(Arc::clone(&self.worker), number).run(&self.busy);
        std::mem::forget(unwinding);
        self.stop();
    }

    /// Where no more threads are to be had, there are fewer lanes; the first is not among those that are missed.
    fn start(&self, thread: Builder, lane: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
        let started = thread.spawn(lane).ok();
        if started.is_none() {
            self.busy.fetch_sub(1, SeqCst);
            self.stop();
        }
        started
    }

    fn stop(&self) {
        if self.stopped.fetch_add(1, SeqCst) + 1 == self.worker.lanes {
            self.worker.retire();
        }
    }
}

/// A lane that panics, which none should, leaves a test that never finishes: let the pool die, and the test be tried alone.
struct EndsProcess;

impl Drop for EndsProcess {
    fn drop(&mut self) {
        std::process::abort();
    }
}

fn named(number: usize) -> Builder {
    Builder::new().name(format!("snout lane {number}"))
}

/// A pool whose lanes wait for its workers, and what is left to do for those: to run, each on some thread. A worker that finds its
/// lane waiting need not fall asleep first.
fn prepare(lanes: &Arc<Lanes>) -> io::Result<(ThreadPool, Vec<ThreadBuilder>)> {
    let mut workers = Vec::with_capacity(lanes.worker.lanes);
    let pool = ThreadPoolBuilder::new()
        .num_threads(lanes.worker.lanes)
        .spawn_handler(|worker| {
            workers.push(worker);
            Ok(())
        })
        .build()
        .map_err(io::Error::other)?;
    let lanes = Arc::clone(lanes);
    pool.spawn_broadcast(move |context| {
        lanes.run(context.index());
        rest(&lanes.worker);
    });
    Ok((pool, workers))
}

/// A worker without a job looks for one some thirty times before it sleeps, on a processor that others need. While tests
/// run on workers they may have jobs for it; when all are finished, nobody has.
fn rest(worker: &Worker) {
    while worker.rules.thread_mode == ThreadMode::Pooled && worker.table.is_all_finished() {
        thread::park();
    }
}

/// Waits for a byte in one of these pipes, or for its end. A handler of a test's may interrupt the wait.
fn await_any(pipes: &[RawFd]) -> io::Result<()> {
    while !wait(pipes, None)? {}
    Ok(())
}
