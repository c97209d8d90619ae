//! What runs at this moment, for whoever sends SIGUSR1 or SIGQUIT: in which lane, for how long, and what it has printed.
//!
//! What a child prints is here already. What a test of the pool has printed is in the pool's memory: its lanes are asked, and have a
//! moment to answer.

use std::io;
use std::time::Duration;

use super::fork_servers::ForkServer;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::model::{CaseId, Moment, Notice, Output, Running, order};
use crate::sys::descriptor::wait;

/// Lanes look four times a second whether they are asked.
const PATIENCE: Duration = Duration::from_millis(600);

/// A question to the lanes, and the answers so far.
pub(super) struct Question {
    due: Moment,
    answers: Vec<(CaseId, Output)>,
}

impl Supervisor<'_> {
    /// Somebody wants to know what runs.
    pub(super) fn take_question(&mut self) -> io::Result<()> {
        if self.question.is_none() {
            self.table.ask();
            self.question = Some(Question { due: now().after(PATIENCE), answers: Vec::new() });
        }
        self.answer_when_due()
    }

    /// When an answer is due whatever is known.
    pub(super) fn question_deadline(&self) -> Option<Moment> {
        self.question.as_ref().map(|question| question.due)
    }

    /// A lane has told what its test has printed.
    pub(super) fn take_answer(&mut self, case: CaseId, output: Output) -> io::Result<()> {
        if let Some(last_words) = &mut self.last_words {
            last_words.push((case, output.clone()));
        }
        let Some(question) = &mut self.question else { return Ok(()) };
        question.answers.push((case, output));
        self.answer_when_due()
    }

    /// Answers, when every lane has or the time is up.
    pub(super) fn answer_when_due(&mut self) -> io::Result<()> {
        let Some(question) = &self.question else { return Ok(()) };
        let has_answered = |case| question.answers.iter().any(|(answered, _)| *answered == case);
        let is_known = !self.job.rules.capture || self.running().all(|(case, _)| has_answered(case));
        if !is_known && now() < question.due {
            return Ok(());
        }
        let running = self.in_lanes(question);
        self.question = None;
        self.book.notice(Notice::Status(running))
    }

    /// Asks the pool's lanes, which are about to be stopped, what their tests have printed, and waits for the answers.
    pub(super) fn hear_last_words(&mut self) -> io::Result<()> {
        let asked: Vec<CaseId> = self.running().map(|(case, _)| case).collect();
        if asked.is_empty() || !self.job.rules.capture {
            return Ok(());
        }
        self.last_words = Some(Vec::new());
        self.table.ask();
        let deadline = now().after(PATIENCE);
        let is_missing = |words: &Option<Vec<(CaseId, Output)>>, case: &CaseId| {
            words.iter().flatten().all(|(answered, _)| answered != case)
        };
        while asked.iter().any(|case| is_missing(&self.last_words, case)) && now() < deadline {
            let waited_for = self.pool.as_ref().map(Pool::descriptors);
            wait(&waited_for.unwrap_or_default(), Some(deadline.since(now())))?;
            self.read_pipes()?;
        }
        Ok(())
    }

    /// The same of all tests that are about to be stopped, wherever they run.
    pub(super) fn hear_everybody(&mut self) -> io::Result<()> {
        self.hear_last_words()?;
        self.fork_servers.iter_mut().try_for_each(ForkServer::read)?;
        let printed = |lane| {
            let server = self.fork_servers.iter().find(|server| server.lane == lane);
            server.map(|server| server.printed_so_far().to_vec().into()).unwrap_or_default()
        };
        let alone: Vec<(CaseId, Output)> =
            self.running_alone().map(|(lane, _, case, _)| (case, printed(lane))).collect();
        self.last_words.get_or_insert_default().extend(alone);
        Ok(())
    }

    /// What a test had printed when it was stopped.
    pub(super) fn take_last_words(&mut self, case: CaseId) -> Output {
        let words = self.last_words.iter_mut().flatten().find(|(known, _)| *known == case);
        words.map(|(_, output)| std::mem::take(output)).unwrap_or_default()
    }

    fn in_lanes(&self, question: &Question) -> Vec<Running> {
        let since = |started| now().since(started);
        let printed = |case| {
            let answer = question.answers.iter().find(|(answered, _)| *answered == case);
            answer.map(|(_, output)| output.clone()).unwrap_or_default()
        };
        let lanes = self.table.running().collect::<Vec<_>>();
        let pool = self.running().map(|(case, started)| {
            let lane = lanes.iter().position(|running| *running == case).unwrap_or_default();
            Running { case, lane, is_alone: false, elapsed: since(started), output: printed(case) }
        });
        let alone = self.running_alone().map(|(lane, place, case, started)| {
            let server = self.fork_servers.iter().find(|server| server.lane == lane);
            let turn = self.outstanding.get(place).map(|unit| unit.turn());
            let lane = turn.map_or(lane, |turn| super::launch::seat(self.job, lane, turn).lane as usize);
            let output = server.map(|server| server.printed_so_far().to_vec().into()).unwrap_or_default();
            Running { case, lane, is_alone: true, elapsed: since(started), output }
        });
        order::sorted(pool.chain(alone).collect(), |running| ("", running.lane as u64))
    }
}
