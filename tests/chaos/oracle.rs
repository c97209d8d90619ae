//! How a slot may come out in a run: exactly one way, but for what is argued here.

use crate::plan::palette::{Behaviour, Breaks, Class, Conduct};
use crate::plan::slots::{Context, Fixture, Mode, Slot};
use crate::plan::{Isolate, Run, Victim};
use crate::run::Done;
use crate::said::Verdict;

/// The ways there are. A failure has to be said in words that hold one of `why`, if there are any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) ok: bool,
    pub(crate) ignored: bool,
    pub(crate) not_run: bool,
    /// It may fail, and these are the words.
    pub(crate) failed: Option<Vec<&'static str>>,
}

const BLOCKED: &str = "could not be set up";
const DIED: &str = "the test never finished: its process ";
const DIED_LATER: &str = "the test finished, but then its process ";
const TIMED_OUT: &str = "timed out: still running after ";
const NOT_RUN: &str = "not run: ";
const INTERRUPTED: &str = "interrupted by SIG";
const KILLED: &str = "killed by signal 9 (SIGKILL)";

impl Allowed {
    fn ok() -> Allowed {
        Allowed { ok: true, ..Allowed::default() }
    }

    fn ignored() -> Allowed {
        Allowed { ignored: true, ..Allowed::default() }
    }

    fn failed(why: &[&'static str]) -> Allowed {
        Allowed { failed: Some(why.to_vec()), ..Allowed::default() }
    }

    fn or_failed(mut self, why: &[&'static str]) -> Allowed {
        match &mut self.failed {
            // Any words will do already.
            Some(words) if words.is_empty() => {}
            Some(words) => words.extend(why),
            None => self.failed = Some(why.to_vec()),
        }
        self
    }

    /// Whether there is one way alone.
    pub(crate) fn is_certain(&self) -> bool {
        [self.ok, self.ignored, self.not_run, self.failed.is_some()].into_iter().filter(|way| *way).count()
            == 1
    }

    pub(crate) fn holds(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Ok => self.ok,
            Verdict::Ignored => self.ignored,
            Verdict::NotRun => self.not_run,
            Verdict::Failed(said) => self
                .failed
                .as_ref()
                .is_some_and(|why| why.is_empty() || why.iter().any(|why| said.contains(why))),
        }
    }
}

/// How a slot may come out.
pub(crate) fn allowed(run: &Run, slot: Slot, done: &Done) -> Allowed {
    if slot.module.context == Context::Ignored && !run.includes_ignored {
        return with_signal(Allowed::ignored(), done);
    }
    let allowed = match blocked(run, slot) {
        Some(blocked) => blocked,
        None => by_itself(run, slot),
    };
    with_signal(with_kill(with_neighbours(allowed, run, slot), slot, done), done)
}

/// What the first fixture that cannot be set up makes of a slot.
fn blocked(run: &Run, slot: Slot) -> Option<Allowed> {
    let fixtures = slot.module.fixtures;
    if run.is_spawned && slot.module.needs_shared() {
        // What is executed inherits nothing. A fixture around it that skips comes first, or not.
        return Some(Allowed::failed(&[NOT_RUN, BLOCKED]));
    }
    let bad: Option<&Fixture> = fixtures.iter().find(|fixture| !run.conduct(**fixture).sets_up());
    match run.conduct(*bad?) {
        Conduct::SkipsInSetUp => Some(Allowed::ignored()),
        _ => Some(Allowed::failed(&[BLOCKED])),
    }
}

fn by_itself(run: &Run, slot: Slot) -> Allowed {
    let behaviour = run.behaviour(slot);
    let should_panic = slot.module.context == Context::ShouldPanic;
    match behaviour.class() {
        Class::Passes if should_panic => Allowed::failed(&[]),
        // It kills its process behind its end: where that is a child which is slow to end, it is seen.
        Class::Passes if behaviour.is_late() => Allowed::ok().or_failed(&[DIED_LATER]),
        Class::Passes => Allowed::ok(),
        Class::Fails if should_panic => Allowed::ok(),
        Class::Fails => Allowed::failed(&[]),
        // A panic is reported before the thread's values are dropped.
        Class::Dies if behaviour == Behaviour::PanicsInThreadLocal => Allowed::failed(&[]),
        Class::Dies => Allowed::failed(&[DIED]),
        Class::Hangs => Allowed::failed(&[TIMED_OUT]),
        Class::Skips => Allowed::ignored(),
        Class::PassesLater => Allowed::ok(),
    }
}

/// What others may make of it.
fn with_neighbours(allowed: Allowed, run: &Run, slot: Slot) -> Allowed {
    let mut allowed = allowed;
    // Nobody is tried alone: whoever is at work when the pool dies goes with it, and behind the twentieth death nobody is left to run
    // the rest.
    if run.isolate == Isolate::Never && run.is_in_pool(slot) && run.has_deaths_in_pool() {
        allowed = allowed.or_failed(&[DIED, NOT_RUN, BLOCKED, TIMED_OUT]);
        allowed.ok |= run.behaviour(slot).class() == Class::PassesLater;
    }
    // A shared fixture that takes the host with it takes the others.
    let aborts =
        |fixture: &Fixture| fixture.mode == Mode::Shared && run.conduct(*fixture) == Conduct::AbortsInSetUp;
    let is_needed = || run.selected().into_iter().any(|other| other.module.fixtures.iter().any(aborts));
    if slot.module.needs_shared() && is_needed() {
        allowed = allowed.or_failed(&[BLOCKED, NOT_RUN]);
    }
    // Tests of a suite share a process. One that cannot say how it failed, for the pipe is closed, still failed; but one that skips
    // itself cannot be told from one that failed.
    let is_mute = run.breaks == Breaks::Descriptors;
    if is_mute && slot.module.is_suite() && run.behaviour(slot).class() == Class::Skips {
        allowed = allowed.or_failed(&[]);
    }
    if is_mute && slot.module.is_suite() && allowed.failed.is_some() {
        allowed.failed = Some(Vec::new());
    }
    allowed
}

/// What somebody outside who kills a process may make of it: of the pool nothing.
fn with_kill(allowed: Allowed, slot: Slot, done: &Done) -> Allowed {
    match done.killed {
        Some((Victim::Child | Victim::ForkServer, _)) => allowed.or_failed(&[KILLED]),
        Some((Victim::Host, _)) if slot.module.needs_shared() => {
            allowed.or_failed(&[KILLED, BLOCKED, NOT_RUN])
        }
        _ => allowed,
    }
}

/// What a signal makes of it.
fn with_signal(mut allowed: Allowed, done: &Done) -> Allowed {
    if done.signals.is_empty() {
        return allowed;
    }
    allowed.not_run = true;
    // What it had failed with before it was to be tried again, stands: any words.
    allowed.or_failed(&[INTERRUPTED, "before it could be tried alone", "not yet", DIED, TIMED_OUT])
}
