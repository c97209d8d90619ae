//! The accumulated truth about the run.

use std::time::Duration;

use crate::model::{Case, CaseId, Event, Failure, Finished, Notice, Outcome, Output, RunStarted};

/// Counts, and what has to be shown at the end; a fold over the run's events.
pub(crate) struct Ledger<'run> {
    cases: &'run [Case],
    /// Keep the output of passing tests: `--show-output`.
    keep_passed: bool,
    started: RunStarted,
    tally: Tally,
    passed: Vec<Finished>,
    failed: Vec<Finished>,
    notices: Vec<Notice>,
    /// Which tests have come out.
    has_come: Box<[bool]>,
    /// Every test that has come out, without its output; only if somebody will ask.
    all: Option<Vec<Finished>>,
    /// How many tests named which class of outcomes, in the order of their names.
    classes: Vec<(String, usize)>,
    elapsed: Duration,
}

/// How many tests came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
    pub(crate) measured: usize,
}

impl Tally {
    /// How many tests have come out at all.
    pub(crate) fn total(&self) -> usize {
        self.passed + self.failed + self.ignored + self.measured
    }
}

impl<'run> Ledger<'run> {
    pub(crate) fn new(cases: &'run [Case], keep_passed: bool) -> Ledger<'run> {
        Ledger {
            cases,
            keep_passed,
            started: RunStarted::default(),
            tally: Tally::default(),
            passed: Vec::new(),
            failed: Vec::new(),
            notices: Vec::new(),
            has_come: vec![false; cases.len()].into_boxed_slice(),
            all: None,
            classes: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    /// The same ledger, which remembers every test.
    pub(crate) fn with_all(self) -> Ledger<'run> {
        Ledger { all: Some(Vec::new()), ..self }
    }

    /// Every test that has come out, in that order, if this ledger was told to remember.
    pub(crate) fn all(&self) -> &[Finished] {
        self.all.as_deref().unwrap_or_default()
    }

    /// Takes in what happened.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted(started) => self.started = started.clone(),
            Event::Started(_) | Event::Slow(_) => {}
            Event::Finished(finished) => self.finish(finished),
            // Said at once, and over.
            Event::Notice(Notice::Status(_) | Notice::Lanes(_)) => {}
            Event::Notice(notice) => self.notices.push(notice.clone()),
            Event::RunFinished { elapsed } => self.elapsed = *elapsed,
        }
    }

    fn finish(&mut self, finished: &Finished) {
        self.has_come[finished.case.index()] = true;
        if let Some(all) = &mut self.all {
            all.push(Finished { output: Output::default(), ..finished.clone() });
        }
        if let Outcome::Ignored(Some(reason)) | Outcome::Failed(Failure::Ended(reason)) = &finished.outcome
            && let Some(class) = &reason.class
        {
            match self.classes.iter().position(|(known, _)| known >= class) {
                Some(place) if self.classes[place].0 == *class => self.classes[place].1 += 1,
                place => self.classes.insert(place.unwrap_or(self.classes.len()), (class.clone(), 1)),
            }
        }
        match &finished.outcome {
            Outcome::Passed => {
                self.tally.passed += 1;
                if self.keep_passed {
                    self.passed.push(finished.clone());
                }
            }
            Outcome::Failed(_) => {
                self.tally.failed += 1;
                self.failed.push(finished.clone());
            }
            Outcome::Ignored(_) => self.tally.ignored += 1,
            Outcome::Measured(_) => self.tally.measured += 1,
        }
    }

    /// The test of that name in this run.
    pub(crate) fn case(&self, id: CaseId) -> &'run Case {
        &self.cases[id.index()]
    }

    /// Whether tests have contexts, so that this is no run of libtest's.
    pub(crate) fn has_contexts(&self) -> bool {
        self.cases.iter().any(|case| case.options.context.is_some())
    }

    pub(crate) fn started(&self) -> &RunStarted {
        &self.started
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Passing tests in the order they came out, if their output is to be shown; else none.
    pub(crate) fn passed(&self) -> &[Finished] {
        &self.passed
    }

    /// Failing tests in the order they came out.
    pub(crate) fn failed(&self) -> &[Finished] {
        &self.failed
    }

    /// Classes of outcomes that tests have named, and how many did, in the order of their names.
    pub(crate) fn classes(&self) -> &[(String, usize)] {
        &self.classes
    }

    /// The signal that has ended the run.
    pub(crate) fn interrupted_by(&self) -> Option<i32> {
        self.notices.iter().find_map(|notice| match notice {
            Notice::Interrupted { signal, .. } => Some(*signal),
            _ => None,
        })
    }

    /// Tests that were selected and have not come out.
    pub(crate) fn not_run(&self) -> impl Iterator<Item = &'run Case> {
        let cases = self.cases.iter().zip(&self.has_come);
        cases.filter(|(_, has_come)| !**has_come).map(|(case, _)| case)
    }

    pub(crate) fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// How long the run took, once it is over.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Whether nothing speaks against the run: no test failed, all that were selected came out, no fixture went wrong, and no
    /// pool died with nobody to answer for it.
    pub(crate) fn is_success(&self) -> bool {
        let speaks_against_it = |notice: &Notice| match notice {
            Notice::PoolDied { in_flight, .. } => in_flight.is_empty(),
            Notice::Trouble(_) | Notice::Interrupted { .. } | Notice::GivenUp(_) => true,
            Notice::Escalated { .. }
            | Notice::Status(_)
            | Notice::Lanes(_)
            | Notice::Flaky { .. }
            | Notice::Retried { .. }
            | Notice::WindingDown(_)
            | Notice::Leaked { .. }
            | Notice::Stray(_)
            | Notice::Report { .. } => false,
        };
        self.tally.failed == 0
            && self.tally.total() == self.started.selected
            && !self.notices.iter().any(speaks_against_it)
    }
}
