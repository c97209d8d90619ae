//! The pool: lanes that run tests in one process.
//!
//! A lane claims tests for as long as there are any, on a thread that does nothing else. With the feature `rayon`, and where tests run
//! on the lanes themselves, these threads are rayon's workers: see `broadcast`.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

#[cfg(feature = "rayon")]
use super::broadcast::bodies;
use super::capture::name_tests_in_panics;
use super::lane::Lane;
use super::worker::Worker;
use crate::model::ThreadMode;
use crate::sys::copies::be_original_for_many;
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

/// On threads that stay as long as the process: tests leave things there.
fn start_lanes(worker: Worker) -> io::Result<Arc<Worker>> {
    if worker.rules.thread_mode == ThreadMode::Pooled {
        be_original_for_many();
    }
    if worker.rules.thread_mode == ThreadMode::Pooled || !worker.registry.is_empty() {
        name_tests_in_panics();
    }
    let lanes = Lanes::of(worker);
    let mut bodies = bodies(&lanes)?.into_iter().enumerate();
    let is_started = |(number, body): (usize, Body)| named(number).spawn(body).is_ok();
    let has_first = bodies.next().is_some_and(is_started);
    for (number, body) in bodies {
        lanes.start(named(number), body);
    }
    if !has_first {
        lanes.run(0);
    }
    Ok(Arc::clone(&lanes.worker))
}

/// The lanes of this process.
pub(super) struct Lanes {
    pub(super) worker: Arc<Worker>,
    /// How many may still begin a test beside others.
    busy: AtomicUsize,
    stopped: AtomicUsize,
}

impl Lanes {
    fn of(worker: Worker) -> Arc<Lanes> {
        let (busy, stopped) = (AtomicUsize::new(worker.lanes), AtomicUsize::new(0));
        Arc::new(Lanes { worker: Arc::new(worker), busy, stopped })
    }

    pub(super) fn run(&self, number: usize) {
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

/// What the thread of a lane is to do.
pub(super) type Body = Box<dyn FnOnce() + Send>;

/// That of each lane.
#[cfg(not(feature = "rayon"))]
fn bodies(lanes: &Arc<Lanes>) -> io::Result<Vec<Body>> {
    let body = |number| -> Body {
        let lanes = Arc::clone(lanes);
        Box::new(move || {
            lanes.run(number);
            stay()
        })
    };
    Ok((0..lanes.worker.lanes).map(body).collect())
}

/// What a thread has been left is dropped when it ends: it does not.
pub(super) fn stay() -> ! {
    loop {
        thread::park();
    }
}

/// Waits for a byte in one of these pipes, or for its end. A handler of a test's may interrupt the wait.
fn await_any(pipes: &[RawFd]) -> io::Result<()> {
    while !wait(pipes, None)? {}
    Ok(())
}
