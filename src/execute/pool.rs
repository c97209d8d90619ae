//! The pool: rayon workers that run tests in one process.
//!
//! Each worker runs one `broadcast` job for as long as there is work. Tests are never rayon jobs themselves: a worker that
//! waits inside a test (which may use rayon) would start another test on the same stack.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use rayon_core::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use super::capture::name_tests_in_panics;
use super::lane::Lane;
use super::worker::Worker;
use crate::model::ThreadMode;
use crate::sys::descriptor::{pipe, wait};

/// How often a pool whose lanes run tests themselves looks whether it is asked for what those have printed.
const LOOK: Duration = Duration::from_millis(250);

/// How often a lane that ends the process looks whether the others are done.
const GLANCE: Duration = Duration::from_millis(1);

/// Runs tests in this process until all are finished or the supervisor says that it is enough, and ends the process.
///
/// `control` ends when the supervisor is done or gone.
pub(crate) fn run_pool(worker: Worker, control: &OwnedFd) -> ! {
    let control = control.as_raw_fd();
    worker.begin_plugins();
    let leaves_nothing = worker.rules.thread_mode == ThreadMode::Fresh && !worker.registry.has_pooled();
    let result = if leaves_nothing { run_fresh(worker, control) } else { run_pooled(worker, control) };
    // By `exit`, not `_exit`: coverage counters are written on the way out. The supervisor sees a pool that ends with its
    // work undone, and goes on with children.
    std::process::exit(if result.is_ok() { 0 } else { 1 })
}

/// Tests have threads of their own and leave nothing on the workers: these may end, and the first of them may be this very
/// thread. Another would begin its first test later, by as long as it takes to make a thread and to wake a processor for it.
fn run_fresh(worker: Worker, control: RawFd) -> io::Result<()> {
    if !worker.registry.is_empty() {
        // A fixture is set up on the worker.
        name_tests_in_panics();
    }
    let worker = Arc::new(worker);
    let Prepared { pool, first, others, lanes } = prepare(&worker)?;
    // From now on workers end with the last lane.
    drop(pool);
    if start_threads(others, &lanes) {
        first.run();
    } else {
        // A worker that never runs keeps the others from ending.
        lanes.run(0);
        lanes.await_others();
    }
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

fn start_lanes(worker: Worker) -> io::Result<Arc<Worker>> {
    if worker.rules.thread_mode == ThreadMode::Pooled || !worker.registry.is_empty() {
        name_tests_in_panics();
    }
    let worker = Arc::new(worker);
    let Prepared { pool, first, others, lanes } = prepare(&worker)?;
    // The threads must outlive this call; they end with the process.
    std::mem::forget(pool);
    let has_first = start_thread(first).is_ok();
    start_threads(others, &lanes);
    if !has_first {
        lanes.run(0);
    }
    Ok(worker)
}

/// A pool whose lanes wait for its workers, and what is left to do for those: to run on some thread. A worker that finds its lane
/// waiting need not fall asleep first.
struct Prepared {
    pool: ThreadPool,
    first: ThreadBuilder,
    others: Vec<ThreadBuilder>,
    lanes: Arc<Lanes>,
}

/// The lanes of this process.
struct Lanes {
    worker: Arc<Worker>,
    /// How many may still begin a test beside others.
    busy: AtomicUsize,
    stopped: AtomicUsize,
}

impl Lanes {
    fn run(&self, number: usize) {
        Lane::new(Arc::clone(&self.worker), number).run(&self.busy);
        self.stop();
    }

    /// Does without a lane.
    fn lose(&self) {
        self.busy.fetch_sub(1, SeqCst);
        self.stop();
    }

    fn await_others(&self) {
        while self.stopped.load(SeqCst) < self.worker.lanes {
            thread::sleep(GLANCE);
        }
    }

    fn stop(&self) {
        if self.stopped.fetch_add(1, SeqCst) + 1 == self.worker.lanes {
            self.worker.retire();
        }
    }
}

fn prepare(worker: &Arc<Worker>) -> io::Result<Prepared> {
    let lanes = worker.lanes;
    let mut workers = Vec::with_capacity(lanes);
    let pool = ThreadPoolBuilder::new()
        .num_threads(lanes)
        .thread_name(|number| format!("snout lane {number}"))
        .spawn_handler(|worker| {
            workers.push(worker);
            Ok(())
        })
        .build()
        .map_err(io::Error::other)?;
    let (busy, stopped) = (AtomicUsize::new(lanes), AtomicUsize::new(0));
    let lanes = Arc::new(Lanes { worker: Arc::clone(worker), busy, stopped });
    let all = Arc::clone(&lanes);
    pool.spawn_broadcast(move |context| {
        all.run(context.index());
        rest(&all.worker);
    });
    let first = workers.swap_remove(0);
    Ok(Prepared { pool, first, others: workers, lanes })
}

/// Where no more threads are to be had, there are fewer lanes. Whether there are all.
fn start_threads(workers: Vec<ThreadBuilder>, lanes: &Lanes) -> bool {
    let before = workers.len();
    let started = workers.into_iter().filter_map(|worker| start_thread(worker).ok()).count();
    (started..before).for_each(|_| lanes.lose());
    started == before
}

fn start_thread(worker: ThreadBuilder) -> io::Result<()> {
    let name = worker.name().unwrap_or_default().to_owned();
    thread::Builder::new().name(name).spawn(|| worker.run()).map(drop)
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
