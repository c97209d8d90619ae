//! The nouns: what a test is, how it can come out, what is said about it while a run goes on.
//!
//! No I/O, no threads, no processes, and nothing of ours imported: every other module may name what is here.

mod backoff;
mod bencher;
mod case;
mod clock;
mod event;
mod filter;
mod instructions;
mod lease;
mod options;
pub(crate) mod order;
mod outcome;
mod output;
pub(crate) mod stats;

pub(crate) use backoff::Backoff;
pub use bencher::Bencher;
pub(crate) use bencher::Sampling;
pub(crate) use case::{Body, Case, CaseId, ContextId, Expectation, Kind, Run, Source};
pub(crate) use clock::{Moment, parse_duration};
pub(crate) use event::{
    Cause, Event, Finished, Hook, Leftover, Notice, Phase, RunStarted, Running, Trouble, Wrong,
};
pub(crate) use filter::Filter;
#[cfg(all(feature = "cli", snout_processes))]
pub(crate) use filter::Matcher;
pub(crate) use instructions::{INSTRUCTIONS, Instructions};
#[cfg(all(feature = "cli", snout_processes))]
pub(crate) use instructions::{Rule, Stated};
pub(crate) use lease::{LEASE, Lease};
pub(crate) use options::{
    CaseOptions, ColorChoice, FAIL_FAST, Format, Isolate, Isolation, REPEAT, Repeat, Restart, RunIgnored,
    ThreadMode, Threshold, TimeLimits,
};
pub(crate) use outcome::{Death, Failure, Measurement, Outcome, Reason, signal_name};
pub(crate) use output::Output;
