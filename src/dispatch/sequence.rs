//! Where there are no processes (Miri, wasm, systems the engine has not been built for): one test after the other.

use std::io;
use std::time::Duration;

use super::generate::{Generated, Wanted, generate_here};
use super::standing::Book;
use super::{Ending, Job, Listener, StartedBy};
use crate::context::Registry;
use crate::execute::{Here, ask_plugins, set_up_shared, tear_down_shared};
use crate::model::{CaseId, Finished, Notice, Trouble};

/// Runs every test on this thread, in order. Nothing can be taken from it: there are no time limits.
pub(super) fn run(job: &Job, listener: &mut dyn Listener) -> io::Result<Ending> {
    let mut book = Book::new(job, listener);
    let mut troubles = Vec::new();
    let shared = job.shared_needed();
    set_up_shared(job.registry, &shared, |_| true, |trouble| troubles.push(trouble));
    tell(&mut book, std::mem::take(&mut troubles))?;
    job.rules.plugins.begin();
    let ended = run_all(job, &mut book);
    job.rules.plugins.finish();
    troubles.extend(job.rules.plugins.take_troubles());
    tear_down_shared(job.registry, |_| {}, |trouble| troubles.push(trouble));
    tell(&mut book, troubles)?;
    let mut said = Vec::new();
    ask_plugins(job.rules.plugins, &book.run_report(), |_, notices| said.extend(notices));
    said.into_iter().try_for_each(|notice| book.notice(notice))?;
    ended
}

fn tell(book: &mut Book<'_>, troubles: Vec<Trouble>) -> io::Result<()> {
    troubles.into_iter().try_for_each(|trouble| book.notice(Notice::Trouble(trouble)))
}

fn run_all(job: &Job, book: &mut Book<'_>) -> io::Result<Ending> {
    for &first in job.plan.order() {
        if !book.is_heard() {
            return Ok(Ending::Unheard);
        }
        let mut here = Here::new(&job.rules, job.registry);
        for &case in job.plan.rest_of_unit(first).unwrap_or(&[first]) {
            run_case(book, &mut here, case)?;
            if job.rules.fail_fast && book.has_failed() {
                break;
            }
        }
        tell(book, here.end())?;
        tell(book, job.rules.plugins.take_troubles())?;
        if job.rules.fail_fast && book.has_failed() {
            return Ok(Ending::FailedFast);
        }
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
    tell(book, troubles)?;
    let output = book.worth_keeping(&finished.outcome, printed);
    book.finish(Finished { output, ..finished })?;
    book.flush()
}

/// Runs every iterator of tests.
#[expect(clippy::unnecessary_wraps, reason = "where there are processes, making one may fail")]
pub(crate) fn generate(
    registry: &'static Registry,
    wanted: Wanted<'_>,
    _captures: bool,
    _limit: Option<Duration>,
) -> io::Result<Generated> {
    Ok(generate_here(registry, wanted))
}

/// What a spawned process is; here there is none.
pub(crate) enum Role {}

impl Role {
    pub(crate) fn executes_others(&self) -> bool {
        match *self {}
    }

    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        match *self {}
    }

    pub(crate) fn play(self, _job: &Job) -> ! {
        match self {}
    }
}

/// Nothing here stops and goes on.
pub(crate) fn paused() -> Duration {
    Duration::ZERO
}

/// No process is a spawned one.
pub(crate) fn take_role() -> Option<Role> {
    None
}

/// Everything runs in this process anyway.
pub(crate) fn is_watched() -> bool {
    false
}

/// Everything runs where it was started anyway.
pub(crate) fn mark_descendants() -> StartedBy {
    StartedBy::Nobody
}

/// There are no signals to read.
pub(crate) fn hold_wind_down() {}

/// Ends this process as a shell would say it: nothing here reads signals, so this is never called for one.
pub(crate) fn die_by(signal: i32) -> ! {
    std::process::exit(128 + signal)
}
