//! A thread of its own for a test, as libtest gives every test one: named after it, with fresh thread-locals.

#[cfg(snout_processes)]
use std::{
    convert::Infallible,
    mem::ManuallyDrop,
    sync::{Arc, Mutex, PoisonError},
    thread::Builder,
};

use super::Rules;
use super::attempt::{Attempt, attempt};
#[cfg(snout_processes)]
use super::capture::Buffer;
use crate::context::{Identity, Seat, set_identity};
use crate::model::{Case, Moment};
#[cfg(snout_processes)]
use crate::model::{Failure, Outcome};
#[cfg(snout_processes)]
use crate::sys::{
    clock::nanoseconds,
    process,
    thread::{join, join_while},
};

/// What came of waiting for a thread.
#[cfg(snout_processes)]
pub(super) enum Waited {
    Done(Attempt),
    /// It is still running; nobody waits for it any more.
    Hung,
}

/// Where a thread leaves what came of its test.
#[cfg(snout_processes)]
pub(super) type Mailbox = Arc<Mutex<Option<Attempt>>>;

/// Runs a test on a thread of its own and waits for it, as long as `watch` says.
#[cfg(snout_processes)]
pub(super) fn run(
    (case, seat): (&'static Case, Seat),
    rules: &'static Rules,
    (buffer, mailbox): (&Buffer, &Mailbox),
    watch: Option<&mut dyn FnMut(std::time::Duration) -> Option<std::time::Duration>>,
) -> Waited {
    let thread = named_after(case);
    let (own_buffer, own_mailbox) = (rules.capture.then(|| buffer.clone()), Arc::clone(mailbox));
    let body = move || {
        set_identity(Some(Identity { name: case.name, seat }));
        let attempt = || attempt(case, rules, Moment(nanoseconds()));
        let attempt = match own_buffer {
            Some(buffer) => buffer.collect(attempt),
            None => attempt(),
        };
        *own_mailbox.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt);
    };
    match thread.spawn(body) {
        // The thread's very end is waited for: its thread-locals are dropped after the test, and may hang too.
        Ok(handle) => {
            let has_ended = match watch {
                Some(watch) => join_while(handle, watch),
                None => join(handle),
            };
            if has_ended { Waited::Done(collect(mailbox)) } else { Waited::Hung }
        }
        // No more threads to be had: libtest runs the test where it stands, and so do we.
        Err(_) => {
            let attempt = || here(case, rules, Moment(nanoseconds()), seat);
            Waited::Done(if rules.capture { buffer.collect(attempt) } else { attempt() })
        }
    }
}

/// Runs a test on a thread of its own, which ends the process as `end` says: nobody has to be woken for that, and the test's
/// thread-locals are dropped by `exit`.
#[cfg(snout_processes)]
pub(super) fn run_and_end(
    (thread, case, seat): (Builder, &'static Case, Seat),
    rules: &'static Rules,
    end: impl FnOnce(Attempt) -> Infallible + Send + 'static,
    end_here: impl FnOnce(Attempt) -> Infallible,
) -> ! {
    let body = move || {
        set_identity(Some(Identity { name: case.name, seat }));
        match end(attempt(case, rules, Moment(nanoseconds()))) {}
    };
    match thread.spawn(body) {
        // Nothing is done with the handle: each page that this thread writes to has to be copied.
        Ok(handle) => {
            let _ = ManuallyDrop::new(handle);
            process::wait_for_the_end()
        }
        // No more threads to be had: libtest runs the test where it stands, and so do we.
        Err(_) => match end_here(here(case, rules, Moment(nanoseconds()), seat)) {},
    }
}

/// A thread to be, for a test.
#[cfg(snout_processes)]
pub(super) fn named_after(case: &Case) -> Builder {
    // std ends it with a NUL: with room for that, the name stays where it is.
    let mut name = String::with_capacity(case.name.len() + 1);
    name.push_str(case.name);
    Builder::new().name(name)
}

#[cfg(snout_processes)]
fn collect(mailbox: &Mailbox) -> Attempt {
    let attempt = mailbox.lock().unwrap_or_else(PoisonError::into_inner).take();
    // Nothing but a panic between the end of the test and that of its thread leaves the box empty.
    attempt.unwrap_or_else(|| {
        let unexpected = Failure::Unexpected("panicked after reporting success".to_owned());
        Attempt::without_call(Outcome::Failed(unexpected))
    })
}

/// Runs a test on the calling thread, beginning at `start`. Its text goes where the thread's goes.
pub(super) fn here(case: &'static Case, rules: &Rules, start: Moment, seat: Seat) -> Attempt {
    // Nothing of a user's runs on this thread before it is told something else.
    set_identity(Some(Identity { name: case.name, seat }));
    attempt(case, rules, start)
}
