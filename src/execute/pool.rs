//! The pool: rayon workers that run tests in one process.
//!
//! Each worker runs one `broadcast` job for as long as there is work. Tests are never rayon jobs themselves: a worker that
//! waits inside a test (which may use rayon) would start another test on the same stack.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rayon_core::ThreadPoolBuilder;

use super::capture::name_tests_in_panics;
use super::lane::Lane;
use super::worker::Worker;
use crate::model::ThreadMode;
use crate::sys::descriptor::{pipe, wait};

/// Runs tests in this process until all are finished or the supervisor says that it is enough, and ends the process.
///
/// `control` ends when the supervisor is done or gone.
pub(crate) fn run_pool(worker: Worker, control: &OwnedFd) -> ! {
    let code = match start_and_wait(worker, control) {
        Ok(()) => 0,
        // The supervisor sees a pool that ends with its work undone, and goes on with children.
        Err(_) => 1,
    };
    // By `exit`, not `_exit`: coverage counters are written on the way out.
    std::process::exit(code)
}

fn start_and_wait(worker: Worker, control: &OwnedFd) -> io::Result<()> {
    let (ended, end) = pipe()?;
    start_in_process(Worker { end: Some(File::from(end)), ..worker })?;
    // Whatever comes, or the end of the control pipe, is the signal. A handler of a test's may interrupt the wait.
    while !wait(&[control.as_raw_fd(), ended.as_raw_fd()], None)? {}
    Ok(())
}

/// Starts the lanes on threads of this process; returns at once.
pub(crate) fn start_in_process(worker: Worker) -> io::Result<()> {
    if worker.rules.thread_mode == ThreadMode::Pooled {
        name_tests_in_panics();
    }
    let lanes = worker.lanes;
    let pool = ThreadPoolBuilder::new()
        .num_threads(lanes)
        .thread_name(|number| format!("snout lane {number}"))
        .build()
        .map_err(io::Error::other)?;
    let worker = Arc::new(worker);
    let still_busy = AtomicUsize::new(lanes);
    pool.spawn_broadcast(move |context| Lane::new(Arc::clone(&worker), context.index()).run(&still_busy));
    // The threads must outlive this call; they end with the process.
    std::mem::forget(pool);
    Ok(())
}
