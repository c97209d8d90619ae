//! The supervisor's loop.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::children::{Outstanding, Unit};
use super::fork_servers::ForkServer;
use super::host::{EarlyHost, Host};
use super::interrupt::Interrupt;
use super::launch::{Launcher, Memory};
use super::lease::Lanes;
use super::pause::run_time;
use super::pool::{Pool, read_all};
use super::standing::Book;
use super::status::Question;
use super::{Ending, Job, Listener, StartedBy, direct};
use crate::accumulate::{ChildQueue, RunTable};
use crate::model::{CaseId, Finished, Isolate, Moment, Output};
use crate::sys::clock::nanoseconds;
use crate::sys::descriptor;
use crate::sys::signals::Signal;

/// While tests finish all the time, results are looked at this often; nobody has to ring.
const GLANCE: Duration = Duration::from_millis(1);

/// The same for children, which take longer; the last one rings.
const GLANCE_AT_CHILDREN: Duration = Duration::from_millis(5);

/// Everything the supervisor knows and has.
pub(crate) struct Supervisor<'run> {
    pub(super) job: &'run Job,
    pub(super) launcher: Launcher<'run>,
    pub(super) table: RunTable,
    pub(super) turns: ChildQueue,
    pub(super) book: Book<'run>,
    /// How many tests may run at the same time, which others may say.
    pub(super) lent: Lanes,
    pub(super) pool: Option<Pool>,
    pub(super) pool_deaths: u32,
    /// A host that has been started before, and knows nothing of the run yet.
    pub(super) early: Option<EarlyHost>,
    pub(super) host: Option<Host>,
    pub(super) fork_servers: Vec<ForkServer>,
    /// Fork servers that ended without a child in hand.
    pub(super) idle_deaths: u32,
    /// What gets a process of its own, and has not been given to the fork servers.
    pub(super) queue: VecDeque<Unit>,
    /// What the fork servers have been given.
    pub(super) outstanding: Outstanding,
    /// How many of those have wishes about what runs beside them.
    pub(super) wishes: usize,
    /// What the pool's pipe has said about tests that the table has not listed yet.
    pub(super) reported: VecDeque<Finished>,
    /// That of any test.
    pub(super) shortest_timeout: Option<Duration>,
    /// How many places of the table's list of finished tests have been seen.
    pub(super) seen: usize,
    /// Whether the last round found finished tests.
    pub(super) busy: bool,
    pub(super) interrupt: Option<Interrupt>,
    /// Somebody wants to know what runs.
    pub(super) question: Option<Question>,
    /// What tests of the pool had printed that were about to be stopped.
    pub(super) last_words: Option<Vec<(CaseId, Output)>>,
    /// What is to be tried again, and not before that moment.
    pub(super) later: Vec<(Moment, Unit)>,
    /// Somebody wants nothing new to start.
    pub(super) winds_down: bool,
    /// How tests have failed that are to be tried again.
    pub(super) held_back: Vec<Finished>,
    /// When the fork servers are to be gone, at the end.
    pub(super) closes_at: Option<Moment>,
}

impl<'run> Supervisor<'run> {
    /// Takes charge of this process.
    pub(crate) fn new(
        job: &'run Job,
        early: Option<EarlyHost>,
        listener: &'run mut dyn Listener,
    ) -> io::Result<Supervisor<'run>> {
        let launcher = Launcher::new(job, early.is_some())?;
        let Memory { table, queue } = launcher.memory();
        if job.in_process && job.started_by == StartedBy::Nobody {
            direct::watch_for_exit(job, table);
        }
        Ok(Supervisor {
            job,
            launcher,
            table,
            turns: queue,
            book: Book::new(job, listener),
            lent: Lanes::of(job),
            pool: None,
            pool_deaths: 0,
            early,
            host: None,
            fork_servers: Vec::new(),
            idle_deaths: 0,
            queue: VecDeque::new(),
            outstanding: Outstanding::default(),
            wishes: 0,
            reported: VecDeque::new(),
            shortest_timeout: job.registry.timeouts().chain(job.rules.timeout).min(),
            seen: 0,
            busy: false,
            interrupt: None,
            question: None,
            last_words: None,
            later: Vec::new(),
            winds_down: false,
            held_back: Vec::new(),
            closes_at: None,
        })
    }

    /// Runs everything there is to run.
    pub(crate) fn run(mut self) -> io::Result<Ending> {
        let ended = self.supervise();
        // Whatever went wrong, nobody is left behind.
        let closed = self.close_down(ended.is_ok() && !self.is_killing());
        // A signal may have come in while processes came to their end.
        let ending = ended.and_then(|ending| {
            closed.map(|()| self.interrupt.map_or(ending, |it| Ending::Interrupted(it.signal)))
        });
        if self.job.in_process {
            self.launcher.leave_open();
        }
        ending
    }

    fn supervise(&mut self) -> io::Result<Ending> {
        self.start_host()?;
        self.start_fork_servers_early()?;
        self.queue_units();
        if self.job.isolate == Isolate::Always {
            self.queue_rest();
        }
        while self.ending().is_none() {
            self.staff()?;
            // An ignored test comes out in staffing, and nothing else may be left to wait for.
            if self.ending().is_some() {
                self.book.flush()?;
                break;
            }
            self.take_in()?;
        }
        if self.ending() != Some(Ending::Complete) {
            self.let_come_out()?;
        }
        Ok(self.ending().unwrap_or(Ending::Complete))
    }

    /// Waits until something may have happened, and takes it in.
    pub(super) fn take_in(&mut self) -> io::Result<()> {
        self.book.flush()?;
        self.wait()?;
        self.take_signals()?;
        self.read_lease();
        self.read_pipes()?;
        self.look_at_table()?;
        self.look_at_children()?;
        self.watch_time()
    }

    fn ending(&self) -> Option<Ending> {
        if let Some(Interrupt { signal, .. }) = self.interrupt {
            return Some(Ending::Interrupted(signal));
        }
        if self.book.is_complete() {
            return Some(Ending::Complete);
        }
        if self.job.rules.fail_fast && self.book.has_failed() {
            return Some(Ending::FailedFast);
        }
        if self.winds_down {
            return Some(Ending::WoundDown);
        }
        (!self.book.is_heard()).then_some(Ending::Unheard)
    }

    /// Whether nothing new is to start: a failure ends the run, or a signal, or nobody hears of it.
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_interrupted()
            || self.winds_down
            || self.job.rules.fail_fast && self.book.has_failed()
            || !self.book.is_heard()
    }

    /// Sleeps until something may have happened.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        let mut waited_for = self.launcher.descriptors();
        if let Some(pool) = &self.pool {
            waited_for.extend(pool.descriptors());
        }
        for server in &self.fork_servers {
            waited_for.extend(server.descriptors());
        }
        if let Some(host) = &self.host {
            waited_for.extend(host.descriptors());
        }
        waited_for.extend(self.lent.descriptors());
        let limit = self.time_to_next_deadline();
        let glance = if self.pool.is_some() { GLANCE } else { GLANCE_AT_CHILDREN };
        let limit = if self.busy { Some(limit.map_or(glance, |limit| limit.min(glance))) } else { limit };
        if !self.busy {
            self.table.arm_doorbell(true);
            // A test that finished before the bell was armed has not rung it.
            let has_ended = self.outstanding.ended(&self.turns).next().is_some();
            if has_ended || self.table.finished_count() > self.seen || self.is_pool_drained() {
                // Its lane may have the place and not have written it yet: let it.
                std::thread::yield_now();
                return Ok(());
            }
        }
        descriptor::wait(&waited_for, limit)?;
        self.table.arm_doorbell(false);
        read_all(self.launcher.doorbell(), &mut Vec::new()).map(drop)
    }

    fn take_signals(&mut self) -> io::Result<()> {
        while let Some(signal) = self.launcher.next_signal() {
            match signal {
                Signal::Child => self.take_changes()?,
                other => self.take_wish(other)?,
            }
        }
        Ok(())
    }

    /// A signal that somebody has sent.
    pub(super) fn take_wish(&mut self, signal: Signal) -> io::Result<()> {
        match signal {
            Signal::Child => Ok(()),
            Signal::Stop(number) => self.take_stop(number),
            Signal::Pause => self.pause(),
            Signal::Status => self.take_question(),
            Signal::WindDown => self.wind_down(),
        }
    }
}

/// In the time of the run.
pub(super) fn now() -> Moment {
    run_time(Moment(nanoseconds()))
}
