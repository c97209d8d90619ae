//! Runs the suites: which one when, in how many lanes, and what is heard of it.
//!
//! One thread decides. It hears lines of records from a thread for each suite that runs, and signals from one thread; it alone starts
//! suites, waits for their processes and sends signals to them, so that none reaches a process that has been waited for.
//!
//! Each suite is a process group: a signal that is meant for the run is handed on to each of them once, however it came.

use std::collections::VecDeque;
use std::env;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::arguments::Request;
use super::failures::Failures;
use super::memory::Memory;
use super::problem::Problem;
use super::process::{Process, Started};
use super::record::{self, Line};
use super::report::{Report, counted};
use super::results::Ledger;
use super::suites::{Built, Suite};
use super::{conclude, exit, say};
use crate::model::signal_name;
use crate::sys::descriptor;
use crate::sys::process::{Pid, go_on, kill, send};
use crate::sys::signals::{Signal, Signals, die_by};

/// The number of SIGTSTP, which has a suite stand still.
const PAUSE: i32 = 20;

/// What the deciding thread hears.
pub(super) enum Happening {
    /// A line of a suite's record.
    Line(usize, String),
    /// All that a suite has written has been heard.
    Read(usize),
    Signal(Signal),
}

/// A run of all suites.
pub(super) struct Run<'run> {
    request: &'run Request,
    suites: Vec<Suite>,
    /// Suites that have not begun, by their place.
    waiting: VecDeque<usize>,
    running: Vec<Process>,
    lanes: usize,
    report: Report,
    ledger: Ledger,
    /// Suites of which nothing was selected.
    left_out: usize,
    memory: (Option<PathBuf>, Memory),
    /// Where what failed is kept.
    failures: Option<PathBuf>,
    scratch: &'run Path,
    /// Signals that were to end the run, in the order they came.
    stops: Vec<i32>,
}

/// How a run ended.
pub(super) struct Ended(u8, Option<i32>);

impl Ended {
    /// The exit code. Does not return if the run was interrupted: this process dies as the signal has it.
    pub(super) fn code(self) -> u8 {
        match self.1 {
            Some(signal) => die_by(signal),
            None => self.0,
        }
    }
}

impl<'run> Run<'run> {
    pub(super) fn new(request: &'run Request, built: Built, scratch: &'run Path) -> Run<'run> {
        let Built { suites, memory, failures, notes, left_out, filtered_out } = built;
        let known = memory.as_deref().map(Memory::read).unwrap_or_default();
        let to_do = failures.as_deref().and_then(Failures::read).unwrap_or_default();
        let mut ledger = Ledger { to_do, notes, ..Ledger::default() };
        ledger.tally.filtered_out = filtered_out;
        let mut order: Vec<usize> = (0..suites.len()).collect();
        // Documentation last; of the others the longest first, in cargo's order where that is not known.
        order.sort_by_key(|&at| (suites[at].is_doc, std::cmp::Reverse(known.of(&suites[at].name))));
        Run {
            request,
            suites,
            waiting: order.into(),
            running: Vec::new(),
            lanes: lanes(request),
            report: Report::new(request),
            ledger,
            left_out,
            memory: (memory, known),
            failures,
            scratch,
            stops: Vec::new(),
        }
    }

    /// Runs every suite, and reports.
    pub(super) fn finish(mut self) -> Result<Ended, Problem> {
        let began = Instant::now();
        // Before there is another thread.
        let signals = Signals::block()
            .map_err(|error| Problem::new(format!("cannot listen to signals: {error}; see `ulimit -n`")))?;
        let signals = Arc::new(signals);
        let (sender, receiver) = mpsc::channel();
        listen(Arc::clone(&signals), sender.clone());
        self.report.begin(self.suites.len(), self.lanes);
        self.fill_lanes(&sender);
        while !self.running.is_empty() {
            self.hear(&receiver, &signals);
            self.conclude_ended();
            self.fill_lanes(&sender);
        }
        self.end(began.elapsed())
    }

    /// Starts suites while there are lanes for them.
    fn fill_lanes(&mut self, sender: &Sender<Happening>) {
        while let Some(&next) = self.waiting.front() {
            let taken: usize = self.running.iter().map(|process| process.lanes).sum();
            let free = self.lanes.saturating_sub(taken);
            // rustdoc compiles in as many threads as it tests, and output that is not captured is one suite's at a time.
            let is_alone = self.suites[next].is_doc || self.request.shows_output();
            if free == 0 || (is_alone && taken > 0) {
                return;
            }
            let tests = self.waiting.iter().filter(|at| !self.suites[**at].is_doc).count();
            let share = if is_alone { self.lanes } else { (free / tests.clamp(1, free)).max(1) };
            self.waiting.pop_front();
            let is_stated = self.request.lanes.is_some() || share < self.lanes;
            let started = Started { suite: next, lanes: share, is_stated };
            match Process::start(&self.suites[next], self.request, (self.scratch, sender), started) {
                Ok(process) => self.running.push(process),
                Err(error) => {
                    let suite = &self.suites[next];
                    let why = format!("cannot be run: {error}");
                    self.ledger.troubles.push((suite.name.clone(), why));
                }
            }
        }
    }

    /// Waits until something happens, and takes in all that has.
    fn hear(&mut self, receiver: &Receiver<Happening>, signals: &Signals) {
        let first = receiver.recv();
        for happening in first.into_iter().chain(std::iter::from_fn(|| receiver.try_recv().ok())) {
            match happening {
                Happening::Line(suite, text) => self.line(suite, &text),
                Happening::Read(suite) => {
                    self.running.iter_mut().filter(|it| it.suite == suite).for_each(|it| it.is_read = true);
                }
                Happening::Signal(Signal::Child) => self.running.iter_mut().for_each(Process::look),
                Happening::Signal(Signal::Stop(signal)) => self.stop(signal),
                Happening::Signal(Signal::Pause) => {
                    self.running.iter().for_each(|process| send(process.pid(), PAUSE));
                    signals.stop_this_process();
                    self.running.iter().for_each(|process| go_on(process.pid()));
                }
                Happening::Signal(Signal::Status) => self.status(),
            }
        }
    }

    fn line(&mut self, suite: usize, text: &str) {
        let Some(process) = self.running.iter_mut().find(|process| process.suite == suite) else { return };
        let name = &self.suites[suite].name;
        match record::read(text) {
            Some(Line::Begun { selected, filtered_out }) => {
                process.heard.selected = Some(selected);
                self.ledger.tally.filtered_out += filtered_out;
            }
            Some(Line::Finished(result)) => {
                process.heard.finished += 1;
                process.heard.failed +=
                    usize::from(matches!(result.status, super::results::Status::Failed(_)));
                if !self.request.shows_output() {
                    self.report.result(name, &result);
                }
                self.ledger.add(name, result);
            }
            Some(Line::Note(note)) => self.ledger.notes.push((name.clone(), note)),
            Some(Line::Ended { success }) => process.heard.success = Some(success),
            Some(Line::Other) | None => {}
        }
    }

    /// Takes in the suites that have ended and have been heard.
    fn conclude_ended(&mut self) {
        let (ended, running) = std::mem::take(&mut self.running).into_iter().partition(Process::is_over);
        self.running = running;
        for process in ended {
            let suite = &self.suites[process.suite];
            if !process.is_doc {
                self.memory.1.note(&suite.name, process.elapsed());
            }
            let is_interrupted = !self.stops.is_empty();
            for result in conclude::results(suite, &process, (&mut self.ledger, is_interrupted)) {
                self.report.result(&suite.name, &result);
                self.ledger.add(&suite.name, result);
            }
            if !is_interrupted {
                self.ledger.to_do.conclude(&suite.name, self.request.has_all_that_failed());
            }
        }
    }

    /// Somebody wants the run to end. Each suite is told, and has its own way to go about it; at the third time nobody is waited for.
    fn stop(&mut self, signal: i32) {
        self.stops.push(signal);
        let pids: Vec<Pid> = self.running.iter().map(Process::pid).collect();
        if self.stops.len() > 2 {
            pids.into_iter().for_each(kill);
            die_by(self.stops[0]);
        }
        pids.into_iter().for_each(|pid| send(pid, signal));
        if !self.waiting.is_empty() {
            let text = format!(
                "{} not begun: interrupted by {}",
                counted(self.waiting.len(), "suite"),
                signal_name(signal)
            );
            self.ledger.notes.push(("run".to_owned(), text));
        }
        self.waiting.clear();
    }

    /// Somebody wants to know what runs.
    fn status(&self) {
        for process in &self.running {
            let (name, seconds) = (&self.suites[process.suite].name, process.elapsed().as_secs_f64());
            let done = process.heard.finished;
            say(&format!("running for {seconds:.1}s: {name}, {} done", counted(done, "test")));
        }
    }

    fn end(mut self, elapsed: Duration) -> Result<Ended, Problem> {
        if let (Some(folder), memory) = &self.memory
            && self.request.is_whole()
            && self.stops.is_empty()
        {
            memory.write(folder);
        }
        if let Some(file) = &self.failures {
            self.ledger.keep_failures(file);
        }
        let signal = self.stops.first().copied();
        self.report.end(&self.ledger, elapsed, signal.map(signal_name));
        if self.ledger.is_success() && self.ledger.tally.all() == 0 && signal.is_none() {
            return Ok(Ended(
                self.request.without_tests(self.ledger.tally.filtered_out, self.left_out),
                None,
            ));
        }
        Ok(Ended(if self.ledger.is_success() { exit::GOOD } else { exit::TESTS_FAILED }, signal))
    }
}

/// How many tests may run at the same time.
fn lanes(request: &Request) -> usize {
    let variable = || env::var("RUST_TEST_THREADS").ok()?.parse().ok();
    let processors = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    request.lanes.or_else(variable).unwrap_or_else(processors).max(1)
}

/// Hands signals on to the deciding thread.
fn listen(signals: Arc<Signals>, sender: Sender<Happening>) {
    thread::spawn(move || {
        // Ends when nobody hears, at the end of the run, or never.
        while descriptor::wait(&[signals.descriptor()], None).is_ok() {
            while let Some(signal) = signals.next() {
                if sender.send(Happening::Signal(signal)).is_err() {
                    return;
                }
            }
        }
    });
}
