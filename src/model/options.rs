//! The choices a user has, as types.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::{ContextId, Kind};

/// Where the body of a test runs inside a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ThreadMode {
    /// On a new thread named after the test, as libtest does.
    #[default]
    Fresh,
    /// On the worker itself: no thread is made.
    Pooled,
}

/// Which tests get a process of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Isolate {
    /// Those that timed out or were in flight when the pool died.
    #[default]
    Auto,
    /// Every test.
    Always,
    /// None: what goes wrong in the pool is final.
    Never,
}

/// How a process is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// By `fork`: it has the plan and the tests already.
    #[default]
    Fork,
    /// By executing this binary again.
    Spawn,
}

/// How often each test runs, if not once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The number of the first of these runs: there may have been others before.
    pub(crate) first: u32,
    /// At the most; at least 1.
    pub(crate) count: u32,
}

/// The variable by which `cargo snout` says so, as `FIRST:COUNT`. A harness that does not know it runs each test once, and does not say
/// `iterations` in its record.
pub(crate) const REPEAT: &str = "SNOUT_INTERNAL_REPEAT";

/// The variable by which `cargo snout` says that the first failure ends its run. Nothing else is told in time that behind a failure of this
/// very binary no test is to start.
pub(crate) const FAIL_FAST: &str = "SNOUT_INTERNAL_FAIL_FAST";

impl Repeat {
    /// Reads what the variable says; `None` if it is not that.
    pub(crate) fn read(text: &str) -> Option<Repeat> {
        let (first, count) = text.split_once(':')?;
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0);
        Some(Repeat { first: number(first)?, count: number(count)? })
    }

    /// What is to be read so.
    #[cfg(all(feature = "cli", snout_processes))]
    pub(crate) fn text(self) -> String {
        format!("{}:{}", self.first, self.count)
    }
}

/// When the pool's process is replaced by a new one, though nothing is wrong with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Restart {
    #[default]
    Never,
    /// When each of its lanes has run a test.
    EachTest,
    /// When it has run so many tests.
    Tests(NonZeroUsize),
    /// When it is found, after a test, to hold more than this many bytes of memory.
    Memory(u64),
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Pretty,
    Terse,
    Json,
    Junit,
}

/// Whether to colour what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ColorChoice {
    /// If standard output is a terminal and output is captured.
    #[default]
    Auto,
    Always,
    Never,
}

/// What happens to tests marked `#[ignore]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RunIgnored {
    /// They are reported as ignored.
    #[default]
    No,
    /// They are run with the others: `--include-ignored`.
    Also,
    /// They alone are run: `--ignored`.
    Only,
}

/// How long a test may take: from `warn` on its time is yellow, from `critical` on red.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threshold {
    pub(crate) warn: Duration,
    pub(crate) critical: Duration,
}

/// The thresholds of `--report-time` and `--ensure-time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    pub(crate) unit: Threshold,
    pub(crate) integration: Threshold,
    pub(crate) doc: Threshold,
    /// `--ensure-time`: a test over its critical time has failed.
    pub(crate) enforced: bool,
}

impl TimeLimits {
    /// The thresholds that hold for a test of this kind.
    pub(crate) fn of(&self, kind: Kind) -> Threshold {
        match kind {
            Kind::Unit => self.unit,
            Kind::Integration => self.integration,
            Kind::Doc => self.doc,
            // libtest assumes nothing about a target outside the usual layout.
            Kind::Unknown => Threshold { warn: Duration::from_mins(1), critical: Duration::from_mins(2) },
        }
    }
}

/// What contexts say about a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CaseOptions {
    /// The innermost module with fixtures or options that it is in.
    pub(crate) context: Option<ContextId>,
    /// The outermost module around it whose tests are one unit.
    pub(crate) suite: Option<ContextId>,
    /// Instead of the run's time limit; `Some(None)` for none at all.
    pub(crate) timeout: Option<Option<Duration>>,
    /// It runs while nothing else does.
    pub(crate) serial: bool,
    /// It gets a process of its own.
    pub(crate) isolate: bool,
    /// Instead of the run's.
    pub(crate) threads: Option<ThreadMode>,
    /// How often it is tried again when it has failed.
    pub(crate) retries: Option<u16>,
    /// How many lanes it takes besides the one that every test takes.
    pub(crate) more_lanes: u16,
    /// What no other test may use at the same time.
    pub(crate) resources: Vec<&'static str>,
}

impl CaseOptions {
    /// Of a test that no context says anything about.
    pub(crate) const PLAIN: &'static CaseOptions = &CaseOptions {
        context: None,
        suite: None,
        timeout: None,
        serial: false,
        isolate: false,
        threads: None,
        retries: None,
        more_lanes: 0,
        resources: Vec::new(),
    };

    /// Whether nobody has said anything that the order of tests has to heed.
    pub(crate) fn are_plain(&self) -> bool {
        self.context.is_none() && !self.serial && self.fit_the_pool()
    }

    /// Whether it matters what runs beside it.
    pub(crate) fn has_wishes(&self) -> bool {
        self.serial || self.more_lanes > 0 || !self.resources.is_empty()
    }

    /// Whether a lane of the pool may take the test whenever it is free.
    pub(crate) fn fit_the_pool(&self) -> bool {
        !self.isolate && self.more_lanes == 0 && self.resources.is_empty()
    }
}
