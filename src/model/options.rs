//! The choices a user has, as types.

use std::time::Duration;

use super::Kind;

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
