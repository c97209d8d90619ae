//! The supervisor: says which test runs where, watches over it, and decides what follows when it goes wrong.
//!
//! It has one thread and runs no user code, so it may fork whenever it likes and is never the one that crashes. It reports
//! what happens through a [`Listener`]; it prints nothing.

#[cfg(snout_processes)]
mod asking;
#[cfg(snout_processes)]
mod child_maker;
#[cfg(snout_processes)]
mod children;
#[cfg(snout_processes)]
mod closing;
#[cfg(snout_processes)]
mod deaths;
#[cfg(snout_processes)]
mod direct;
#[cfg(snout_processes)]
mod escalate;
#[cfg(snout_processes)]
mod fixtures;
#[cfg(snout_processes)]
mod fork_servers;
mod generate;
#[cfg(snout_processes)]
mod host;
#[cfg(snout_processes)]
mod interrupt;
#[cfg(snout_processes)]
mod launch;
#[cfg(snout_processes)]
mod lease;
#[cfg(snout_processes)]
mod pause;
#[cfg(snout_processes)]
mod pool;
#[cfg(snout_processes)]
mod restart;
#[cfg(snout_processes)]
mod results;
#[cfg(snout_processes)]
mod retries;
#[cfg(snout_processes)]
mod role;
#[cfg(snout_processes)]
mod shared;
#[cfg(snout_processes)]
mod staff;
mod standing;
#[cfg(snout_processes)]
mod status;
#[cfg(snout_processes)]
mod suites;
#[cfg(snout_processes)]
mod supervisor;
#[cfg(snout_processes)]
mod template;
#[cfg(snout_processes)]
mod time;

#[cfg(not(snout_processes))]
mod sequence;

use std::io;
use std::time::Duration;

pub(crate) use self::generate::{Generated, Values, generate_here};
#[cfg(snout_processes)]
pub(crate) use crate::sys::{
    process::is_traced as is_watched,
    signals::{die_by, hold_wind_down},
};
#[cfg(snout_processes)]
pub(crate) use direct::mark_descendants;
#[cfg(snout_processes)]
pub(crate) use host::generate;
#[cfg(snout_processes)]
pub(crate) use pause::paused;
#[cfg(all(snout_processes, any(test, fuzzing)))]
pub(crate) use role::expect_role;
#[cfg(snout_processes)]
pub(crate) use role::{Role, take_role};
#[cfg(not(snout_processes))]
pub(crate) use sequence::{
    Role, die_by, generate, hold_wind_down, is_watched, mark_descendants, paused, take_role,
};

use crate::context::{FixtureId, Registry, RunReport};
use crate::execute::Rules;
use crate::model::{Event, Isolate, Isolation, Lease, Restart};
use crate::plan::Plan;

/// Whether tests can be given processes of their own here.
pub(crate) const HAS_PROCESSES: bool = cfg!(snout_processes);

/// Runs everything there is to run, and tells the listener.
pub(crate) fn run(job: &Job, values: Values, listener: &mut dyn Listener) -> io::Result<Ending> {
    #[cfg(snout_processes)]
    return supervisor::Supervisor::new(job, values.into_host(), listener)?.run();
    #[cfg(not(snout_processes))]
    {
        let Values::Here = values;
        sequence::run(job, listener)
    }
}

/// Hears what happens, as it happens.
pub(crate) trait Listener {
    /// Takes in one event.
    fn hear(&mut self, event: Event) -> io::Result<()>;

    /// Whether anybody has a use for [`Event::Started`].
    fn hears_starts(&self) -> bool {
        true
    }

    /// Whether anybody may learn what is still to come. If not, nothing new need be started.
    fn is_heard(&self) -> bool;

    /// What has been heard so far, for plugins.
    fn run_report(&self) -> RunReport<'_>;

    /// Lets everything heard so far be seen.
    fn flush(&mut self) -> io::Result<()>;
}

/// What is to be run, and how.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) plan: &'static Plan,
    pub(crate) registry: &'static Registry,
    pub(crate) rules: Rules,
    /// How many tests may run at the same time.
    pub(crate) lanes: u16,
    pub(crate) isolate: Isolate,
    pub(crate) isolation: Isolation,
    pub(crate) restart: Restart,
    /// How long a process may take to end after it was asked to.
    pub(crate) grace: Duration,
    /// No process is made: tests run on threads of this one.
    pub(crate) in_process: bool,
    /// `lanes` is the most there will be; how many there are, others say.
    pub(crate) lease: Option<Lease>,
    /// Whether a test that ends this process has failed, or does as it was meant to.
    pub(crate) started_by: StartedBy,
}

/// Who has started a test binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartedBy {
    /// No test that we know of.
    Nobody,
    /// A test of another binary, or something that it has started.
    Test,
    /// A test of this one, or something that it has started.
    OwnTest,
}

impl Job {
    /// The same job on threads of this process: nothing can be taken from a thread, so there is no time limit and no
    /// second try.
    pub(crate) fn direct(self) -> Job {
        let rules = Rules { timeout: None, watches_time: false, ..self.rules };
        // Here nobody hears of others.
        let lanes = self.lease.as_ref().map_or(self.lanes, |lease| lease.lanes.min(self.lanes));
        Job {
            in_process: true,
            isolate: Isolate::Never,
            restart: Restart::Never,
            lease: None,
            lanes,
            rules,
            ..self
        }
    }

    /// The shared fixtures that tests of this run need, in the order in which they are set up.
    fn shared_needed(&self) -> Vec<FixtureId> {
        let run = self.plan.cases().iter().filter(|case| !case.ignored);
        self.registry.shared_needed(run.filter_map(|case| case.options.context))
    }

    /// The same job with a process for every test.
    pub(crate) fn isolated(self) -> Job {
        Job { isolate: Isolate::Always, ..self }
    }
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every test has come out.
    Complete,
    /// The first failure ended it.
    FailedFast,
    /// Somebody wanted nothing new to start.
    WoundDown,
    /// This signal ended it.
    Interrupted(i32),
    /// Nobody heard of it any more.
    Unheard,
}
