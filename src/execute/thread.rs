//! A thread of its own for a test, as libtest gives every test one: named after it, with fresh thread-locals.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Rules;
use super::attempt::{Attempt, attempt};
use super::capture::Buffer;
use crate::model::{Case, Failure, Moment, Outcome};
use crate::sys::clock::nanoseconds;

/// What came of waiting for a thread.
pub(super) enum Waited {
    Done(Attempt),
    /// It is still running; nobody waits for it any more.
    Hung,
}

/// Where a thread leaves what came of its test.
#[derive(Default)]
pub(super) struct Mailbox {
    result: Mutex<Option<Attempt>>,
    arrived: Condvar,
}

impl Mailbox {
    fn put(&self, attempt: Attempt) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(attempt);
        self.arrived.notify_one();
    }

    fn wait(&self, limit: Option<Duration>) -> Option<Attempt> {
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        let is_empty = |result: &mut Option<Attempt>| result.is_none();
        let Some(limit) = limit else {
            return self.arrived.wait_while(result, is_empty).unwrap_or_else(PoisonError::into_inner).take();
        };
        let waited = self.arrived.wait_timeout_while(result, limit, is_empty);
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

/// Runs a test on a thread of its own and waits for it, as long as its time limit allows.
pub(super) fn run(
    case: &'static Case,
    rules: &'static Rules,
    buffer: &Buffer,
    mailbox: &Arc<Mailbox>,
) -> Waited {
    let thread = thread::Builder::new().name(case.name.to_owned());
    let (own_buffer, own_mailbox) = (rules.capture.then(|| buffer.clone()), Arc::clone(mailbox));
    let body = move || {
        let attempt = || attempt(case, rules, Moment(nanoseconds()));
        own_mailbox.put(match own_buffer {
            Some(buffer) => buffer.collect(attempt),
            None => attempt(),
        });
    };
    match thread.spawn(body) {
        Ok(handle) => match mailbox.wait(rules.timeout) {
            Some(attempt) => Waited::Done(join(handle, attempt)),
            None => Waited::Hung,
        },
        // No more threads to be had: libtest runs the test where it stands, and so do we.
        Err(_) => Waited::Done(here(case, rules, buffer, Moment(nanoseconds()))),
    }
}

/// Waits for the thread's very end: its thread-locals are dropped after the test, and may panic.
fn join(handle: thread::JoinHandle<()>, attempt: Attempt) -> Attempt {
    match handle.join() {
        Ok(()) => attempt,
        Err(_) if matches!(attempt.outcome, Outcome::Passed) => {
            let text = "panicked after reporting success".to_owned();
            Attempt { outcome: Outcome::Failed(Failure::Unexpected(text)), ..attempt }
        }
        Err(_) => attempt,
    }
}

/// Runs a test on the calling thread, beginning at `start`.
pub(super) fn here(case: &'static Case, rules: &Rules, buffer: &Buffer, start: Moment) -> Attempt {
    super::capture::set_running(Some(case.name));
    let attempt = || attempt(case, rules, start);
    let attempt = if rules.capture { buffer.collect(attempt) } else { attempt() };
    super::capture::set_running(None);
    attempt
}
