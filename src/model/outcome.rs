//! How a test can come out.

use std::fmt;
use std::time::Duration;

use super::stats::Summary;

/// How a test came out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    Failed(Failure),
    /// Not run, by `#[ignore]`, or given up by the test itself with `skip!`; and why.
    Ignored(Option<Reason>),
    /// A benchmark's result. In a box: an outcome is made for every test, and few are benchmarks.
    Measured(Box<Measurement>),
}

/// Why a test was not run, or gave itself up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// The class of outcomes that it counts as, if it named one: `TODO`.
    pub(crate) class: Option<String>,
    pub(crate) text: String,
}

impl Reason {
    /// One that names no class.
    pub(crate) fn plain(text: impl Into<String>) -> Reason {
        Reason { class: None, text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.class {
            Some(class) => write!(out, "{class}: {}", self.text),
            None => out.write_str(&self.text),
        }
    }
}

/// Why a test failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// It panicked or returned an error; what it printed says more.
    Plain,
    /// It did not end as `#[should_panic]` asks, or panicked after its end; the text is libtest's.
    Unexpected(String),
    /// It took longer than `--ensure-time` allows.
    OverCritical,
    /// It was still running when its time was up, and was stopped.
    TimedOut { limit: Duration },
    /// Its process came to an end before the test did.
    Died(Death),
    /// It ended well, and then its process did not.
    DiedAfterwards(Death),
    /// It was never run, for a reason outside itself.
    NotRun(String),
    /// It gave itself up with a class of outcomes that counts as failed.
    Ended(Reason),
    /// A fixture that it needs could not be set up: which one, and why.
    Blocked { fixture: String, why: String },
    /// This signal ended the run, and it was still running after so long, and stopped.
    Interrupted { signal: i32, after: Duration },
}

impl Failure {
    /// What a report says behind `note: `; nothing where the test's own output says it.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Failure::Plain | Failure::OverCritical => None,
            Failure::Unexpected(text) => Some(text.clone()),
            Failure::TimedOut { limit } => {
                Some(format!("timed out: still running after {limit:?}, and stopped"))
            }
            Failure::Died(death) => Some(format!("the test never finished: its process {death}")),
            Failure::DiedAfterwards(death) => {
                Some(format!("the test finished, but then its process {death}"))
            }
            Failure::NotRun(why) => Some(format!("not run: {why}")),
            Failure::Ended(reason) => Some(reason.to_string()),
            Failure::Blocked { fixture, why } => {
                Some(format!("not run: fixture `{fixture}` could not be set up: {why}"))
            }
            Failure::Interrupted { signal, after } => {
                let (name, seconds) = (signal_name(*signal), after.as_secs_f64());
                Some(format!("interrupted by {name}: still running after {seconds:.1}s, and stopped"))
            }
        }
    }
}

/// How a process ended, or stood still, when it should have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It called `exit` with this code.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// This signal stopped it, and it was killed.
    Stopped(i32),
    /// It hung while it ended, and was killed.
    HungAtExit,
}

impl fmt::Display for Death {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Death::Exited(code) => write!(out, "exited with code {code}"),
            Death::Killed(signal) => write!(out, "was killed by signal {signal} ({})", signal_name(signal)),
            Death::Stopped(signal) => write!(out, "was stopped by signal {signal} ({})", signal_name(signal)),
            Death::HungAtExit => write!(out, "hung while exiting and was killed"),
        }
    }
}

/// The usual name of a signal, by Linux's numbers.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    const NAMES: [&str; 31] = [
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    let known = usize::try_from(signal - 1).ok().and_then(|place| NAMES.get(place));
    known.copied().unwrap_or("a real-time signal")
}

/// What a benchmark measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measurement {
    /// Nanoseconds an iteration.
    pub(crate) nanoseconds: Summary,
    /// Megabytes a second, if the benchmark said how many bytes an iteration handles; else 0.
    pub(crate) megabytes_per_second: usize,
}
