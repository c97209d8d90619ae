//! Where every test stands, and the events that follow from it.
//!
//! Each test is told of once: `Started`, then `Finished`. What comes in about a test that has come out already (a hung
//! worker that goes on after all) is dropped here.

use std::io;
use std::time::Duration;

use super::{Job, Listener};
use crate::context::RunReport;
use crate::model::{Case, CaseId, Event, Failure, Finished, Notice, Outcome, Output, Phase, Reason, Trouble};

/// Where a test stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The pool's, begun or not.
    Pool,
    /// In the queue for a process of its own, or in one.
    Alone,
    Done,
}

/// The supervisor's book of all tests.
pub(super) struct Book<'run> {
    plan: &'static crate::plan::Plan,
    listener: &'run mut dyn Listener,
    show_output: bool,
    /// Whether anybody hears which tests begin.
    tells_starts: bool,
    /// Boxes, as in `Plan`.
    standing: Box<[Standing]>,
    announced: Box<[bool]>,
    slow: Vec<CaseId>,
    done: usize,
    failed: bool,
    /// What went wrong with plugins: the same in every process, most likely.
    plugin_troubles: Vec<Trouble>,
}

impl<'run> Book<'run> {
    pub(super) fn new(job: &Job, listener: &'run mut dyn Listener) -> Book<'run> {
        let cases = job.plan.cases().len();
        Book {
            tells_starts: listener.hears_starts(),
            plan: job.plan,
            listener,
            show_output: job.rules.show_output,
            standing: vec![Standing::Pool; cases].into_boxed_slice(),
            announced: vec![false; cases].into_boxed_slice(),
            slow: Vec::new(),
            done: 0,
            failed: false,
            plugin_troubles: Vec::new(),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.done == self.standing.len()
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn is_with_pool(&self, case: CaseId) -> bool {
        matches!(self.standing[case.index()], Standing::Pool)
    }

    pub(super) fn case(&self, case: CaseId) -> &'static Case {
        self.plan.case(case)
    }

    /// Takes a test out of the pool's hands.
    pub(super) fn take_from_pool(&mut self, case: CaseId) {
        self.standing[case.index()] = Standing::Alone;
    }

    /// Whether anybody hears which tests begin.
    pub(super) fn tells_starts(&self) -> bool {
        self.tells_starts
    }

    /// Whether somebody is still to hear that this one has begun.
    pub(super) fn is_to_be_announced(&self, case: CaseId) -> bool {
        self.tells_starts && !self.announced[case.index()]
    }

    /// Says that a test runs, unless that has been said.
    pub(super) fn announce(&mut self, case: CaseId) -> io::Result<()> {
        let is_announced = &mut self.announced[case.index()];
        if *is_announced || !self.tells_starts {
            return Ok(());
        }
        *is_announced = true;
        self.listener.hear(Event::Started(case))
    }

    /// Says that a test has been running for long, unless that has been said.
    pub(super) fn call_slow(&mut self, case: CaseId) -> io::Result<()> {
        if self.slow.contains(&case) {
            return Ok(());
        }
        self.slow.push(case);
        self.listener.hear(Event::Slow(case))
    }

    pub(super) fn is_called_slow(&self, case: CaseId) -> bool {
        self.slow.contains(&case)
    }

    /// Says how a test came out, unless that has been said.
    pub(super) fn finish(&mut self, finished: Finished) -> io::Result<()> {
        let place = finished.case.index();
        let standing = &mut self.standing[place];
        if matches!(standing, Standing::Done) {
            return Ok(());
        }
        *standing = Standing::Done;
        self.done += 1;
        self.failed |= matches!(finished.outcome, Outcome::Failed(_));
        self.announce(finished.case)?;
        self.listener.hear(Event::Finished(finished))
    }

    /// A test that came out without a word more than this.
    pub(super) fn finish_plainly(
        &mut self,
        case: CaseId,
        outcome: Outcome,
        elapsed: Duration,
    ) -> io::Result<()> {
        self.finish(Finished { case, outcome, elapsed, output: Output::default() })
    }

    /// A test that is marked `#[ignore]`.
    pub(super) fn ignore(&mut self, case: CaseId) -> io::Result<()> {
        let reason = self.case(case).ignore_reason.map(Reason::plain);
        self.finish_plainly(case, Outcome::Ignored(reason), Duration::ZERO)
    }

    /// A test that failed without being run to its end.
    pub(super) fn fail(&mut self, case: CaseId, failure: Failure) -> io::Result<()> {
        self.finish_plainly(case, Outcome::Failed(failure), Duration::ZERO)
    }

    /// What a test printed, if a report may ask for it.
    pub(super) fn worth_keeping(&self, outcome: &Outcome, printed: Vec<u8>) -> Output {
        let is_shown = match outcome {
            Outcome::Passed | Outcome::Measured(_) => self.show_output,
            Outcome::Failed(_) => true,
            Outcome::Ignored(_) => false,
        };
        if is_shown { printed.into() } else { Output::default() }
    }

    pub(super) fn run_report(&self) -> RunReport<'_> {
        self.listener.run_report()
    }

    pub(super) fn notice(&mut self, notice: Notice) -> io::Result<()> {
        if let Notice::Trouble(trouble @ Trouble { phase: Phase::Plugin(_), .. }) = &notice {
            // What was printed has the number of the process in it.
            let same =
                |told: &Trouble| Trouble { output: trouble.output.clone(), ..told.clone() } == *trouble;
            if self.plugin_troubles.iter().any(same) {
                return Ok(());
            }
            self.plugin_troubles.push(trouble.clone());
        }
        self.listener.hear(Event::Notice(notice))
    }

    /// Whether anybody may learn what is still to come.
    pub(super) fn is_heard(&self) -> bool {
        self.listener.is_heard()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.listener.flush()
    }
}
