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
use crate::sys::copies::is_copy;

/// Makes a process ready to run a test, or to be forked into processes that do.
pub(crate) fn prepare(rules: &Rules) {
    FLUSH_FIRST.store(true, Relaxed);
    flush_before_panics();
    if rules.thread_mode == ThreadMode::Pooled {
        name_tests_in_panics();
    }
}

/// The thread that a child is to be forked from, so that it has the test's own from its begin; `None` if any thread will do.
///
/// A thread that is made in the child takes 160 microseconds of processor time, for all that the C library and std write to on that way
/// has to be copied first. Made before the fork it takes half of that, and the child has no other thread.
pub(crate) fn own_thread(case: &Case, rules: &Rules) -> Option<Builder> {
    // Sanitizers keep books of a process's threads, and do not know that a copy has but one.
    (needs_thread(case, rules) && !cfg!(snout_sanitized)).then(|| thread::named_after(case))
}

/// In a process of pooled tests, the one thread is as good as new: but it has another name.
fn needs_thread(case: &Case, rules: &Rules) -> bool {
    rules.thread_mode == ThreadMode::Fresh || rules.thread_mode_of(case) == ThreadMode::Fresh
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
    /// Where what comes of it is told.
    frames: Arc<File>,
    /// The one that is there is not the test's.
    needs_thread: bool,
}

impl Child {
    /// Tells this process, which is prepared, and what is forked from it which test that will run.
    pub(crate) fn new(
        (id, case): (CaseId, &'static Case),
        (slot, seat): (Slot, Seat),
        frames: &Arc<File>,
        rules: &'static Rules,
    ) -> Child {
        let here = Child::of_this_thread((id, case), (slot, seat), frames, rules);
        let needs_thread = needs_thread(case, rules);
        if needs_thread {
            set_identity(None);
        }
        Child { needs_thread, ..here }
    }

    /// The same, where the calling thread is the test's: that of [`own_thread`], or any that has never run anything of a user's, where a
    /// test needs none of its own.
    pub(crate) fn of_this_thread(
        (id, case): (CaseId, &'static Case),
        (slot, seat): (Slot, Seat),
        frames: &Arc<File>,
        rules: &'static Rules,
    ) -> Child {
        let identity = Identity { name: case.name, seat };
        set_identity_of_process(identity);
        set_identity(Some(identity));
        Child { id, case, slot, seat, rules, frames: Arc::clone(frames), needs_thread: false }
    }

    /// Runs the test and ends the process. By reference: what is large is not moved without a call.
    #[inline(always)] // see above
    pub(crate) fn run(&self) -> ! {
        let Child { id, case, slot, rules, .. } = *self;
        slot.begin(Moment(nanoseconds()));
        if rules.panics_abort {
            report_before_aborting(id, case, slot, Arc::clone(&self.frames));
        }
        if !rules.plugins.is_empty() {
            rules.plugins.begin();
        }
        if self.needs_thread {
            self.run_on_thread()
        }
        finish(id, attempt(case, rules, slot.started()), (slot, &self.frames), rules)
    }

    fn run_on_thread(&self) -> ! {
        let Child { id, case, slot, seat, rules, .. } = *self;
        let [frames, spare] = [&self.frames, &self.frames].map(Arc::clone);
        thread::run_and_end(
            (thread::named_after(case), case, seat),
            rules,
            move |attempt| finish(id, attempt, (slot, &frames), rules),
            move |attempt| finish(id, attempt, (slot, &spare), rules),
        )
    }
}

/// Tells what came of the test, and ends the process.
#[inline(always)] // see above
fn finish(id: CaseId, attempt: Attempt, (slot, frames): (Slot, &Arc<File>), rules: &Rules) -> ! {
    report(id, &attempt, slot, frames);
    end(rules, frames)
}

/// What std's stdout still holds, a line without an end, it writes on the way out.
#[inline(always)] // see above
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

#[inline(always)] // see above
fn report(id: CaseId, attempt: &Attempt, slot: Slot, frames: &Arc<File>) {
    let state = match attempt.outcome {
        Outcome::Passed => State::Passed,
        _ => tell(id, attempt, frames),
    };
    slot.finish(state, Moment(nanoseconds()));
}

fn tell(id: CaseId, attempt: &Attempt, frames: &File) -> State {
    let (outcome, elapsed) = (attempt.outcome.clone(), attempt.elapsed());
    match wire::send(&Finished { case: id, outcome, elapsed, output: Output::default() }, frames) {
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
        if is_copy() {
            return;
        }
        let outcome = judge(case, &End::Panicked(info.payload()));
        report(id, &Attempt::new(outcome, slot.started(), Moment(nanoseconds())), slot, &frames);
        std::process::exit(0)
    }));
}
