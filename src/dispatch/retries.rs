//! Further tries of tests that have failed, and what is waited before them. Nobody waits in a lane: others run there.

use std::io;

use super::children::Unit;
use super::supervisor::{Supervisor, now};
use crate::model::{Finished, Moment, Notice};

impl Supervisor<'_> {
    /// A test has failed for the `attempt`th time, counted from 0, and has another try, its `retry`th, when it has waited.
    pub(super) fn try_again(&mut self, finished: Finished, attempt: u16, retry: u16) -> io::Result<()> {
        let (case, now) = (finished.case, now());
        let delay = self.job.rules.backoff.before(retry, now.0 ^ u64::from(case.0));
        self.book.take_from_pool(case);
        self.book.announce(case)?;
        let unit = Unit::again(case, attempt + 1, retry);
        if delay.is_zero() {
            self.queue.push_back(unit);
        } else {
            self.later.push((now.after(delay), unit));
        }
        self.book.notice(Notice::Retried { finished: finished.clone(), attempt: retry, delay })?;
        self.held_back.push(finished);
        Ok(())
    }

    /// Queues those that have waited.
    pub(super) fn queue_what_has_waited(&mut self) {
        let now = now();
        let due = self.later.extract_if(.., |(moment, _)| now >= *moment);
        self.queue.extend(due.map(|(_, unit)| unit));
    }

    /// When the next of them has.
    pub(super) fn retry_deadline(&self) -> Option<Moment> {
        self.later.iter().map(|(moment, _)| *moment).min()
    }
}
