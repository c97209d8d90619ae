//! Models: lanes and a supervisor at the memory they share, in every order in which their steps can follow each other, and with every
//! value that the memory orderings let a load give.
//!
//! ```sh
//! RUSTFLAGS="--cfg snout_loom" cargo test --release --lib accumulate::models
//! ```
//!
//! The table and the queue are the real ones, with loom's atomics in place of the processor's. What is around them is written down here
//! in short, step by step as in `execute/lane.rs`, `execute/fork_server.rs` and `dispatch/supervisor.rs`: whoever changes the order of
//! steps there changes it here. Nothing has a time limit here: a wake-up that is lost is a deadlock, which loom reports.
//!
//! Orders with more than `PREEMPTIONS` switches away from a thread that could have gone on are left out, unless `LOOM_MAX_PREEMPTIONS`
//! says otherwise.

mod litmus;
mod queue;
mod table;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use loom::model::Builder;
use loom::sync::{Condvar, Mutex};

use super::atomics::AtomicU32;

/// Switches away from a thread that could have gone on.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order, and says how many that were.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&orders);
    let mut builder = Builder::new();
    let preemptions = builder.preemption_bound.unwrap_or(PREEMPTIONS);
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(move || {
        count.fetch_add(1, Relaxed);
        model();
    });
    // Past the capture of the tests' output: the figure is what one wants to know.
    let _ = writeln!(
        io::stderr(),
        "model {name}: {} orders, {preemptions} preemptions at the most",
        orders.load(Relaxed)
    );
}

/// What the system does for `sys::futex`.
///
/// Handles here are std's `Arc`: loom's own is for models of what is dropped.
#[derive(Clone, Default)]
struct Futex(Arc<(Mutex<()>, Condvar)>);

impl Futex {
    /// Sleeps if `word` is still what was seen. The kernel looks at it and falls asleep in one step.
    fn wait(&self, word: &AtomicU32, seen: u32) {
        let (bucket, woken) = &*self.0;
        let bucket = bucket.lock().unwrap();
        if word.load(SeqCst) == seen {
            drop(woken.wait(bucket).unwrap());
        }
    }

    fn wake_all(&self) {
        let (bucket, woken) = &*self.0;
        let _bucket = bucket.lock().unwrap();
        woken.notify_all();
    }
}

/// The pipe that the supervisor sleeps at.
#[derive(Clone, Default)]
struct Doorbell(Arc<(Mutex<bool>, Condvar)>);

impl Doorbell {
    fn ring(&self) {
        let (rung, heard) = &*self.0;
        *rung.lock().unwrap() = true;
        heard.notify_all();
    }

    /// Sleeps until somebody has rung.
    fn wait(&self) {
        let (rung, heard) = &*self.0;
        let mut rung = rung.lock().unwrap();
        while !*rung {
            rung = heard.wait(rung).unwrap();
        }
    }

    /// Reads what is in the pipe.
    fn empty(&self) {
        *self.0.0.lock().unwrap() = false;
    }
}
