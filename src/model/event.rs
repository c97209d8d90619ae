//! What is said about a run while it goes on: the only joint between running and reporting.
//!
//! A child's pipe carries these, the ledger folds them, reporters hear them.

use std::fmt;
use std::time::Duration;

use super::{CaseId, Death, Outcome, Output};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// Selected, planned, nothing started yet.
    RunStarted(RunStarted),
    /// A test is running. Comes before its `Finished`, always; ignored tests have one too, as in libtest.
    Started(CaseId),
    /// A test has been running for over a minute.
    Slow(CaseId),
    /// A test has come out; once for every test.
    Finished(Finished),
    /// Something that libtest has no words for.
    Notice(Notice),
    /// All is known that will be known.
    RunFinished { elapsed: Duration },
}

/// What there is to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunStarted {
    /// Tests selected, ignored ones among them.
    pub(crate) selected: usize,
    /// Tests the filters left out.
    pub(crate) filtered_out: usize,
    pub(crate) shuffle_seed: Option<u64>,
    /// Bytes that names of benchmarks are filled up to.
    pub(crate) name_width: usize,
    /// How often each of them runs, where they run several times; else 0.
    pub(crate) iterations: u32,
    /// SIGUSR2 has this process start nothing new from now on.
    pub(crate) winds_down: bool,
}

/// A test has come out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finished {
    pub(crate) case: CaseId,
    pub(crate) outcome: Outcome,
    /// How long the attempt took that decided.
    pub(crate) elapsed: Duration,
    /// What it printed; empty for a passing test unless it is to be shown.
    pub(crate) output: Output,
}

/// What libtest has no words for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notice {
    /// A test went wrong in the pool and gets a process of its own.
    Escalated { case: CaseId, cause: Cause },
    /// The pool's process ended while it had work; its tests are tried alone.
    PoolDied { death: Death, in_flight: Vec<CaseId> },
    /// Processes that a test (or some test of the pool) left behind; they were killed.
    Leaked { case: Option<CaseId>, left: Vec<Leftover> },
    /// A test failed so, for the `attempt`th time, and is tried again after `delay`.
    Retried { finished: Finished, attempt: u16, delay: Duration },
    /// A test failed so often, and then passed.
    Flaky { case: CaseId, failures: u16 },
    /// This signal ends the run; these tests may come to their end for so long.
    Interrupted { signal: i32, awaited: Vec<CaseId>, grace: Duration },
    /// Somebody wants nothing new to start; these are let end.
    WindingDown(Vec<CaseId>),
    /// That was not long enough for these.
    GivenUp(Vec<CaseId>),
    /// Somebody has asked what runs.
    Status(Vec<Running>),
    /// So many lanes are all that the rest of the run has a use for, where it was lent more.
    Lanes(u16),
    /// A fixture or a plugin went wrong, and no test can answer for it.
    Trouble(Trouble),
    /// What a plugin of this name has to say about the run.
    Report { plugin: String, text: Output },
    /// What came out of the pool's descriptors past the capture, so that no test can be named for it.
    Stray(Output),
}

/// A test that runs, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Running {
    pub(crate) case: CaseId,
    pub(crate) lane: usize,
    /// It has a process of its own.
    pub(crate) is_alone: bool,
    pub(crate) elapsed: Duration,
    /// What it has printed so far.
    pub(crate) output: Output,
}

/// What went wrong with a fixture, or a plugin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    /// What a user calls it: `db::connection`.
    pub(crate) fixture: String,
    pub(crate) phase: Phase,
    pub(crate) how: Wrong,
    /// What it printed.
    pub(crate) output: Output,
}

/// What a fixture was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It gives the names and values of tests.
    Generate,
    SetUp,
    /// After one and before the other, where tests use what it gave.
    Use,
    TearDown,
    /// It is a plugin, and about this.
    Plugin(Hook),
}

/// What a plugin is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Begin,
    Finish,
    Before,
    After,
    Report,
}

impl Hook {
    /// Every hook; its place here is its number on a pipe.
    pub(crate) const ALL: [Hook; 5] = [Hook::Begin, Hook::Finish, Hook::Before, Hook::After, Hook::Report];
}

/// How a fixture went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It panicked; what it printed says more.
    Panicked,
    /// It returned this error.
    Failed(String),
    /// Its time was up.
    TimedOut(Duration),
    /// Its process came to an end.
    Died(Death),
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Panicked => out.write_str("it panicked"),
            Wrong::Failed(error) => out.write_str(error),
            Wrong::TimedOut(limit) => write!(out, "it was still running after {limit:?}, and was stopped"),
            Wrong::Died(death) => write!(out, "its process {death}"),
        }
    }
}

/// Why a test was taken out of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was still running after this long.
    TimedOut(Duration),
    /// It was in flight when the pool's process ended so.
    PoolDied(Death),
}

/// A process that outlived its test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) pid: i32,
    /// What the system calls it: `sleep`.
    pub(crate) name: String,
}
