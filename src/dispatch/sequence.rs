//! Where there are no processes (Miri, wasm, systems the engine has not been built for): one test after the other.

use std::io;

use super::standing::Book;
use super::{Ending, Job, Listener};
use crate::execute::Here;
use crate::model::{CaseId, Finished, Notice};

/// Runs every test on this thread, in order. Nothing can be taken from it: there are no time limits.
pub(super) fn run(job: &Job, listener: &mut dyn Listener) -> io::Result<Ending> {
    let mut book = Book::new(job, listener);
    for &first in job.plan.order() {
        let mut here = Here::new(&job.rules, job.registry);
        for &case in job.plan.rest_of_unit(first).unwrap_or(&[first]) {
            run_case(&mut book, &mut here, case)?;
            if job.fail_fast && book.has_failed() {
                return Ok(Ending::FailedFast);
            }
        }
        here.end().into_iter().try_for_each(|trouble| book.notice(Notice::Trouble(trouble)))?;
    }
    Ok(Ending::Complete)
}

fn run_case(book: &mut Book<'_>, here: &mut Here<'_>, case: CaseId) -> io::Result<()> {
    if book.case(case).ignored {
        return book.ignore(case);
    }
    book.announce(case)?;
    book.flush()?;
    let (finished, printed, troubles) = here.run((case, book.case(case)));
    troubles.into_iter().try_for_each(|trouble| book.notice(Notice::Trouble(trouble)))?;
    let output = book.worth_keeping(&finished.outcome, printed);
    book.finish(Finished { output, ..finished })?;
    book.flush()
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
