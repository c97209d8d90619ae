//! A child: one test in a process of its own.
//!
//! # What a child costs
//!
//! A process that was just forked has none of its parent's code in its page tables: each 64 KiB of code that it comes by is a page
//! fault, 3 microseconds on the machine of `docs/benchmarks.md`. Without optimisation, as tests are built, every helper and every
//! combinator is a call to somewhere else. So what can be known before the fork is found out there; and between the fork and the
//! test, and behind it, code is plain, and functions on that road are `#[inline(always)]`, which holds without optimisation, too.

use std::fs::File;
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::Builder;

use super::attempt::{Attempt, attempt};
use super::capture::name_tests_in_panics;
use super::thread;
use super::verdict::{End, judge};
use super::{Rules, wire};
use crate::accumulate::{Slot, State};
use crate::context::{Identity, Seat, set_identity, set_identity_of_process};
use crate::contract::FLUSH_FIRST;
use crate::model::{Case, CaseId, Finished, Moment, Outcome, Output, ThreadMode};
use crate::skip::Skip;
use crate::sys::clock::nanoseconds;

/// Makes a process ready to run a test, or to be forked into processes that do.
pub(crate) fn prepare(rules: &Rules) {
    FLUSH_FIRST.store(true, Relaxed);
    flush_before_panics();
    if rules.thread_mode == ThreadMode::Pooled {
        name_tests_in_panics();
    }
}

/// A test that is to run in a process of its own.
///
/// Its text goes to the descriptors, which lead to the supervisor: nothing is lost if the process dies. The time limit is
/// the supervisor's to enforce.
pub(crate) struct Child {
    id: CaseId,
    case: &'static Case,
    slot: Slot,
    seat: Seat,
    rules: &'static Rules,
    /// Where what comes of it is told; once for the test's thread, and once for where there is none.
    frames: [Arc<File>; 2],
    /// In mode `fresh`.
    thread: Option<Builder>,
}

impl Child {
    /// Tells this process, which is prepared, and what is forked from it which test that will run.
    pub(crate) fn new(
        (id, case): (CaseId, &'static Case),
        (slot, seat): (Slot, Seat),
        frames: &Arc<File>,
        rules: &'static Rules,
    ) -> Child {
        let identity = Identity { name: case.name, seat };
        set_identity_of_process(identity);
        let thread = match rules.thread_mode {
            ThreadMode::Fresh => Some(thread::named_after(case)),
            ThreadMode::Pooled => {
                set_identity(Some(identity));
                None
            }
        };
        Child { id, case, slot, seat, rules, frames: [Arc::clone(frames), Arc::clone(frames)], thread }
    }

    /// Runs the test and ends the process.
    pub(crate) fn run(self) -> ! {
        let Child { id, case, slot, seat, rules, frames: [frames, spare], thread } = self;
        slot.begin(Moment(nanoseconds()));
        if rules.panics_abort {
            report_before_aborting(id, case, slot, Arc::clone(&frames));
        }
        if !rules.plugins.is_empty() {
            rules.plugins.begin();
        }
        match thread {
            None => finish(id, attempt(case, rules, slot.started()), (slot, &frames), rules),
            Some(thread) => thread::run_and_end(
                (thread, case, seat),
                rules,
                move |attempt| finish(id, attempt, (slot, &frames), rules),
                move |attempt| finish(id, attempt, (slot, &spare), rules),
            ),
        }
    }
}

/// Tells what came of the test, and ends the process.
fn finish(id: CaseId, attempt: Attempt, (slot, frames): (Slot, &Arc<File>), rules: &Rules) -> ! {
    report(id, attempt, slot, frames);
    end(rules, frames)
}

/// What std's stdout still holds, a line without an end, it writes on the way out.
fn end(rules: &Rules, frames: &Arc<File>) -> ! {
    if !rules.plugins.is_empty() {
        rules.plugins.finish();
        for trouble in rules.plugins.take_troubles() {
            // Without a supervisor there is nobody to tell.
            let _ = wire::send_trouble(&trouble, &**frames);
        }
    }
    std::process::exit(0)
}

/// std's stdout keeps a line that has no end yet. Under libtest, which captures before that, it comes before the text of the
/// panic that follows it; so it does here.
fn flush_before_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = io::stdout().flush();
        print(info);
    }));
}

fn report(id: CaseId, attempt: Attempt, slot: Slot, frames: &Arc<File>) {
    let state = match attempt.outcome {
        Outcome::Passed => {
            let _ = ManuallyDrop::new(attempt); // there is nothing to be dropped, and the code for that stays where it is
            State::Passed
        }
        _ => tell(id, attempt, frames),
    };
    slot.finish(state, Moment(nanoseconds()));
}

fn tell(id: CaseId, attempt: Attempt, frames: &File) -> State {
    let elapsed = attempt.elapsed();
    let finished = Finished { case: id, outcome: attempt.outcome, elapsed, output: Output::default() };
    match wire::send(&finished, frames) {
        Ok(()) => State::Reported,
        Err(_) => std::process::exit(1),
    }
}

/// Where a panic cannot be caught, the hook is the last that sees it: it judges, reports, and ends the process.
fn report_before_aborting(id: CaseId, case: &'static Case, slot: Slot, frames: Arc<File>) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Skip>() {
            print(info);
        }
        let outcome = judge(case, &End::Panicked(info.payload()));
        report(id, Attempt::new(outcome, slot.started(), Moment(nanoseconds())), slot, &frames);
        std::process::exit(0)
    }));
}
