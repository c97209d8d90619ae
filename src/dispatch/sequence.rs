//! Where there are no processes (Miri, wasm, systems the engine has not been built for): one test after the other.

use std::io;

use super::standing::Book;
use super::{Ending, Job, Listener};
use crate::execute::run_here;

/// Runs every test on this thread, in order. Nothing can be taken from it: there are no time limits.
pub(super) fn run(job: &Job, listener: &mut dyn Listener) -> io::Result<Ending> {
    let mut book = Book::new(job, listener);
    for &case in job.plan.order() {
        if book.case(case).ignored {
            book.ignore(case)?;
            continue;
        }
        book.announce(case)?;
        book.flush()?;
        let (finished, printed) = run_here((case, book.case(case)), &job.rules);
        let output = book.worth_keeping(&finished.outcome, printed);
        book.finish(crate::model::Finished { output, ..finished })?;
        book.flush()?;
        if job.fail_fast && book.has_failed() {
            return Ok(Ending::FailedFast);
        }
    }
    Ok(Ending::Complete)
}

/// What a spawned process is; here there is none.
pub(crate) enum Role {}

impl Role {
    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        match *self {}
    }

    pub(crate) fn play(self, _job: &Job) -> ! {
        match self {}
    }
}

/// No process is a spawned one.
pub(crate) fn take_role() -> Option<Role> {
    None
}

/// Everything runs in this process anyway.
pub(crate) fn is_watched() -> bool {
    false
}

/// Ends this process as a shell would say it: nothing here reads signals, so this is never called for one.
pub(crate) fn die_by(signal: i32) -> ! {
    std::process::exit(128 + signal)
}
