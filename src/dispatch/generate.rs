//! Tests that are known only when the program runs: what their iterators give.
//!
//! Iterators run in a process of their own, for they are user code; the processes of the tests are forked from that one, so that
//! they have the values.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Job;
#[cfg(snout_processes)]
use super::host::{EarlyHost, HostSeat};
use crate::context::{Generator, Registry};
use crate::model::{Output, Phase, Trouble, Wrong};
use crate::sys::copies::end_copy;

/// What iterators gave.
#[derive(Default)]
pub(crate) struct Generated {
    /// Names of tests, by generator.
    pub(crate) names: Vec<Vec<String>>,
    /// What went wrong.
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) values: Values,
}

/// Where the values are.
#[derive(Default)]
pub(crate) enum Values {
    /// In this process, or there are none.
    #[default]
    Here,
    /// In another process, from which those of the tests can be forked.
    #[cfg(snout_processes)]
    InHost(EarlyHost),
    /// This is that other process.
    #[cfg(snout_processes)]
    AtHost(HostSeat),
}

impl Values {
    /// Whether this process is the one that has them, and not the supervisor.
    pub(crate) fn is_at_host(&self) -> bool {
        #[cfg(snout_processes)]
        return matches!(self, Values::AtHost(_));
        #[cfg(not(snout_processes))]
        false
    }

    /// Whether another process has them.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !matches!(self, Values::Here) && !self.is_at_host()
    }

    /// Ends the process that has them: they are not needed.
    pub(crate) fn end(self) {
        #[cfg(snout_processes)]
        if let Values::InHost(host) = self {
            host.end();
        }
    }

    /// In the process that has them: does its part, and never returns.
    pub(crate) fn play_if_at_host(self, job: &Job) -> Values {
        #[cfg(snout_processes)]
        if let Values::AtHost(seat) = self {
            seat.play(job);
        }
        #[cfg(not(snout_processes))]
        let _ = job;
        #[cfg(snout_processes)]
        return self;
        #[cfg(not(snout_processes))]
        self
    }

    #[cfg(snout_processes)]
    pub(crate) fn into_host(self) -> Option<EarlyHost> {
        match self {
            Values::InHost(host) => Some(host),
            Values::Here | Values::AtHost(_) => None,
        }
    }
}

/// Whether anything of what a generator would give may be selected.
pub(crate) type Wanted<'run> = &'run dyn Fn(&Generator) -> bool;

/// Runs every iterator in this process.
pub(crate) fn generate_here(registry: &'static Registry, wanted: Wanted<'_>) -> Generated {
    let mut generated = Generated::default();
    for generator in registry.generators() {
        let mut names = Vec::new();
        if wanted(generator) {
            generated.troubles.extend(generate_one(generator, &mut |name| names.push(name)));
        }
        generated.names.push(names);
    }
    generated
}

/// Runs one iterator; what went wrong.
pub(super) fn generate_one(generator: &Generator, tell: &mut dyn FnMut(String)) -> Option<Trouble> {
    let mut tell = |name| {
        // The iterator may have forked on the way to it.
        end_copy();
        tell(name);
    };
    let ended = catch_unwind(AssertUnwindSafe(|| generator.cases.generator.generate(&mut tell)));
    end_copy();
    ended.err().map(|payload| {
        std::mem::forget(payload); // dropping it may panic once more
        trouble(generator, Wrong::Panicked, Output::default())
    })
}

pub(super) fn trouble(generator: &Generator, how: Wrong, output: Output) -> Trouble {
    Trouble { fixture: generator.name(), phase: Phase::Generate, how, output }
}
