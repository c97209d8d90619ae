//! Runs one unit: a test in the pool, a test in a child.
//!
//! What happens here happens in a process that runs user code. It writes the run table and its pipe, and decides nothing
//! about other tests: that is the supervisor's, in `dispatch`.

mod attempt;
mod capture;
mod plugins;
mod shared;
mod stage;
mod verdict;
#[cfg(snout_processes)]
pub(crate) mod wire;

#[cfg(all(snout_processes, feature = "rayon"))]
mod broadcast;
#[cfg(snout_processes)]
mod child;
#[cfg(snout_processes)]
mod fork_server;

#[cfg(snout_processes)]
mod hang;
#[cfg(not(snout_processes))]
mod here;
#[cfg(snout_processes)]
mod lane;
#[cfg(snout_processes)]
mod parcel;
#[cfg(snout_processes)]
mod pool;
#[cfg(snout_processes)]
mod suite;
mod thread;
#[cfg(snout_processes)]
mod worker;

pub(crate) use attempt::report;
#[cfg(snout_processes)]
pub(crate) use child::{Child, own_thread, prepare};
#[cfg(snout_processes)]
pub(crate) use fork_server::{ForkServer, Pipes, WatchChild, WatchedChild};
#[cfg(snout_processes)]
pub(crate) use hang::show_where_it_hangs;
#[cfg(not(snout_processes))]
pub(crate) use here::Here;
#[cfg(snout_processes)]
pub(crate) use parcel::{Parcel, receive as receive_parcel};
pub(crate) use plugins::ask_plugins;
#[cfg(snout_processes)]
pub(crate) use pool::{run_pool, start_in_process};
#[cfg(snout_processes)]
pub(crate) use suite::{Outlet, Suite};
#[cfg(snout_processes)]
pub(crate) use worker::{Buffers, Frames, Inbox, Worker};

#[cfg(snout_processes)]
pub(crate) use capture::name_tests_in_panics;
pub(crate) use shared::{set_up_shared, tear_down_shared};

use std::time::Duration;

use crate::context::Plugins;
use crate::model::{Backoff, Case, Failure, Outcome, ThreadMode, TimeLimits};

/// What holds for every attempt of a run.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) thread_mode: ThreadMode,
    /// Output is kept from the terminal.
    pub(crate) capture: bool,
    /// Output of passing tests is kept for the report.
    pub(crate) show_output: bool,
    /// How long a test may take before it is taken out of the pool.
    pub(crate) timeout: Option<Duration>,
    /// Whoever runs the test looks at the time; else the supervisor alone does.
    pub(crate) watches_time: bool,
    pub(crate) time_limits: Option<TimeLimits>,
    /// How often a test that fails is tried again, where its context does not say.
    pub(crate) retries: u16,
    /// What is waited before that.
    pub(crate) backoff: Backoff,
    /// Nothing new starts after the first failure.
    pub(crate) fail_fast: bool,
    /// A panic cannot be caught: the program was built with `panic = "abort"`.
    pub(crate) panics_abort: bool,
    pub(crate) plugins: Plugins,
}

impl Rules {
    /// How long this test may take.
    pub(crate) fn timeout_of(&self, case: &Case) -> Option<Duration> {
        case.options.timeout.unwrap_or(self.timeout)
    }

    /// How often this test is tried again when it fails.
    pub(crate) fn retries_of(&self, case: &Case) -> u16 {
        case.options.retries.unwrap_or(self.retries)
    }

    /// Whether nothing new starts behind a test that came out so. One that is to be tried again has not failed yet.
    pub(crate) fn ends_run(&self, case: &Case, outcome: &Outcome) -> bool {
        let is_final =
            self.retries_of(case) == 0 || matches!(outcome, Outcome::Failed(Failure::Blocked { .. }));
        self.fail_fast && is_final && matches!(outcome, Outcome::Failed(_))
    }

    /// Where this test runs.
    pub(crate) fn thread_mode_of(&self, case: &Case) -> ThreadMode {
        case.options.threads.unwrap_or(self.thread_mode)
    }
}
