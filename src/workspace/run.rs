//! Runs the suites: which one when, in how many lanes, and what is heard of it.
//!
//! One thread decides. It hears lines of records from a thread for each suite that runs, and signals from one thread; it alone starts
//! suites, waits for their processes and sends signals to them, so that none reaches a process that has been waited for.
//!
//! Each suite is a process group: a signal that is meant for the run is handed on to each of them once, however it came.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::arguments::Request;
use super::conclude::{Conclusion, conclude};
use super::events::{End, RunLine, Start, SuiteEnd, VERSION};
use super::exit;
use super::failures::Failures;
use super::lanes;
use super::memory::{LONG, Memory};
use super::problem::Problem;
use super::process::{Process, Started};
use super::record::{self, Line};
use super::report::Reports;
use super::results::{Result as TestResult, Status, counted};
use super::rounds::Rounds;
use super::stopping::{Reason, Stopping};
use super::suites::{Built, Suite};
use crate::sys::handlers::{self, Arrivals};
use crate::sys::process::{Pid, go_on, kill, send};
use crate::sys::signals::{Signal, die_by};

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
    reports: Reports,
    /// Suites of which nothing was selected.
    left_out: usize,
    /// What was selected away before anything ran, and notes about it.
    before: (usize, Vec<(String, String)>),
    memory: (Option<PathBuf>, Memory),
    /// Where what failed is kept.
    failures: Option<PathBuf>,
    scratch: &'run Path,
    /// Signals that were to end the run, in the order they came.
    stops: Vec<i32>,
    stopping: Stopping,
    rounds: Rounds,
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
    pub(super) fn new(
        request: &'run Request,
        built: Built,
        scratch: &'run Path,
        mut reports: Reports,
    ) -> Run<'run> {
        let Built { suites, failures, work, notes, left_out, filtered_out, .. } = built;
        let known = work.as_deref().map(Memory::read).unwrap_or_default();
        let to_do = failures.as_deref().and_then(Failures::read).unwrap_or_default();
        reports.ledger.to_do = to_do;
        let mut order: Vec<usize> = (0..suites.len()).collect();
        // That with the longest test first, then that with most to do; in cargo's order where that is not known. Documentation is one long
        // test; it is last if it is not known, or would take lanes from others (see `lanes::free`).
        let key = |at: usize| {
            let Suite { name, is_doc, .. } = &suites[at];
            let is_last = *is_doc && (lanes::are_stated(request) || known.of(name).is_none());
            let [longest, work] = [known.longest(name), known.of(name)].map(|it| it.unwrap_or(Duration::MAX));
            (is_last, Reverse(longest), Reverse(work))
        };
        order.sort_by_cached_key(|&at| key(at));
        Run {
            request,
            suites,
            waiting: order.into(),
            running: Vec::new(),
            lanes: lanes::all(request),
            stopping: Stopping::new(&request.limits),
            rounds: Rounds::new(&request.limits, lanes::all(request)),
            reports,
            left_out,
            before: (filtered_out, notes),
            memory: (work, known),
            failures,
            scratch,
            stops: Vec::new(),
        }
    }

    /// Runs every suite, and reports.
    pub(super) fn finish(mut self) -> Result<Ended, Problem> {
        let arrivals = handlers::handle()
            .map_err(|error| Problem::new(format!("cannot listen to signals: {error}; see `ulimit -n`")))?;
        let (sender, receiver) = mpsc::channel();
        listen(arrivals, sender.clone());
        self.begin();
        self.fill_lanes(&sender);
        while !self.running.is_empty() {
            self.hear(&receiver);
            self.watch();
            self.conclude_ended();
            // What is known of some suites is known only now.
            self.watch();
            lanes::take_back(&mut self.running);
            self.fill_lanes(&sender);
            self.reports.show();
        }
        self.end()
    }

    fn begin(&mut self) {
        let folder = env::current_dir().unwrap_or_default();
        let suites = self.waiting.iter().map(|&at| self.suites[at].name.clone());
        let start = Start {
            record: VERSION,
            snout: env!("CARGO_PKG_VERSION").to_owned(),
            folder: folder.to_string_lossy().into_owned(),
            arguments: env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
            pid: std::process::id(),
            time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            lanes: self.lanes,
            suites: suites.collect(),
            filtered_out: self.before.0,
            notes: self.before.1.clone(),
            flaky_result: self.request.limits.flaky_result,
        };
        self.reports.run_line("", RunLine::WorkspaceStarted(start));
        self.reports.show();
    }

    /// Starts suites while there are lanes for them.
    fn fill_lanes(&mut self, sender: &Sender<Happening>) {
        while let Some(&next) = self.waiting.front() {
            let free = lanes::free(&self.running, self.lanes);
            let share = self.share(next);
            if free == 0 || (share.is_none() && !self.running.is_empty()) {
                break;
            }
            let share = share.unwrap_or(self.lanes);
            // rustdoc cannot be told of more later. Where nobody has said how many tests may run at once, it need not wait for them either,
            // nor others for it.
            let may_exceed = self.suites[next].is_doc && !lanes::are_stated(self.request);
            let share = if may_exceed { share } else { share.min(free) };
            self.waiting.pop_front();
            let is_stated = self.request.lanes.is_some() || share < self.lanes;
            let repeat = self.rounds.next(next);
            let suite = &self.suites[next];
            let place = lanes::place(&self.running);
            // What is shown as it comes is in the order of the names.
            let is_lent = self.lanes > 1 && !self.request.shows_output();
            let lanes = (share, self.lanes);
            let lease = is_lent.then(|| lanes::lease((suite, &self.memory.1), lanes, place, self.scratch));
            let lease = lease.flatten();
            let started = Started {
                suite: next,
                lanes: share,
                is_stated,
                place,
                begins_with_one: may_exceed,
                lease,
                repeat,
            };
            let folder = suite.folder.to_string_lossy().into_owned();
            let again = repeat.is_some_and(|repeat| repeat.first > 1);
            let line = RunLine::SuiteStarted { folder, doc: suite.is_doc, lanes: share, again };
            self.reports.run_line(&suite.name, line);
            match Process::start(suite, self.request, (self.scratch, sender), started) {
                Ok(process) => self.running.push(process),
                Err(error) => {
                    let trouble = Some(format!("cannot be run: {error}"));
                    let end = SuiteEnd { trouble, ..SuiteEnd::default() };
                    self.reports.run_line(&suite.name, RunLine::SuiteFinished(end));
                }
            }
        }
        if self.is_cut_short() {
            // One that has not been told yet would begin more.
            return;
        }
        let memory = &self.memory.1;
        lanes::lend(&mut self.running, self.lanes, &|suite| memory.of(&self.suites[suite].name));
    }

    /// How many lanes a suite should have. `None` for one that has to be alone.
    fn share(&self, next: usize) -> Option<usize> {
        // Output that is not captured is one suite's at a time.
        if self.request.shows_output() {
            return None;
        }
        let mut waiting = self.waiting.iter().map(|&at| &*self.suites[at].name);
        let Suite { name, is_doc, .. } = &self.suites[next];
        let known = self.memory.1.share((name, *is_doc), &mut waiting, self.lanes);
        // rustdoc compiles in as many threads as it tests.
        let may_guess = !self.suites[next].is_doc;
        known.or_else(|| may_guess.then(|| (self.lanes / self.waiting.len().clamp(1, self.lanes)).max(1)))
    }

    /// Waits until something happens, and takes in all that has.
    fn hear(&mut self, receiver: &Receiver<Happening>) {
        // Who is interrupted has no time to keep any more.
        let limit = if self.stops.is_empty() { self.stopping.patience() } else { None };
        let patience = self.reports.patience().into_iter().chain(limit).min();
        let first = match patience {
            None => receiver.recv().ok(),
            Some(patience) => receiver.recv_timeout(patience).ok(),
        };
        for happening in first.into_iter().chain(std::iter::from_fn(|| receiver.try_recv().ok())) {
            match happening {
                Happening::Line(suite, text) => self.line(suite, &text),
                Happening::Read(suite) => {
                    self.running.iter_mut().filter(|it| it.suite == suite).for_each(|it| it.is_read = true);
                }
                Happening::Signal(Signal::Child) => self.running.iter_mut().for_each(Process::look),
                Happening::Signal(Signal::Stop(signal)) => self.stop(signal),
                Happening::Signal(Signal::Pause) => {
                    self.reports.hide();
                    self.running.iter().for_each(|process| send(process.pid(), PAUSE));
                    let begin = Instant::now();
                    // If it cannot stop, it goes on at once.
                    let _ = handlers::stop_this_process();
                    self.stopping.paused(begin.elapsed());
                    self.running.iter().for_each(|process| go_on(process.pid()));
                }
                Happening::Signal(Signal::Status) => self.status(),
                Happening::Signal(Signal::WindDown) => {
                    let reason = self.stopping.ask();
                    self.start_nothing_new(reason);
                }
            }
        }
    }

    fn line(&mut self, suite: usize, text: &str) {
        let Some(process) = self.running.iter_mut().find(|process| process.suite == suite) else { return };
        let name = &self.suites[suite].name;
        let Some(line) = record::read(text) else { return };
        match &line {
            Line::Begun(begun) => {
                process.heard.selected = Some(begun.selected);
                process.heard.iterations = begun.iterations;
                process.heard.winds_down = begun.winds_down;
            }
            Line::Finished(result) => {
                process.heard.finished += 1;
                process.heard.failed += usize::from(matches!(result.status, Status::Failed(_)));
                let long =
                    result.elapsed.filter(|elapsed| *elapsed >= LONG && result.status != Status::Ignored);
                process.heard.long.extend(long.map(|elapsed| (result.test.clone(), elapsed)));
            }
            Line::Ended { success, .. } => process.heard.success = Some(*success),
            Line::Lanes(useful) => process.useful = *useful,
            _ => {}
        }
        self.reports.suite_line(name, text, line);
    }

    /// Takes in the suites that have ended and have been heard.
    fn conclude_ended(&mut self) {
        let (ended, running) = std::mem::take(&mut self.running).into_iter().partition(Process::is_over);
        self.running = running;
        for process in ended {
            let suite = &self.suites[process.suite];
            let whole = suite.is_doc.then(|| (suite.name.clone(), process.elapsed()));
            let long = process.heard.long.iter().cloned().chain(whole).collect();
            self.memory.1.note(&suite.name, process.work(), long);
            let is_cut_short = self.is_cut_short();
            let Conclusion { results, end } = conclude(suite, &process, is_cut_short);
            let is_run = |result: &TestResult| !matches!(result.status, Status::Ignored);
            let has_run =
                process.heard.selected.map_or_else(|| results.iter().any(is_run), |selected| selected > 0);
            results.into_iter().for_each(|result| self.reports.result(&suite.name, result));
            self.reports.run_line(&suite.name, RunLine::SuiteFinished(end));
            if is_cut_short {
                continue;
            }
            self.reports.ledger.to_do.conclude(&suite.name, self.request.has_all_that_failed());
            if self.rounds.note(process.suite, process.heard.iterations, process.elapsed()) && has_run {
                self.waiting.push_back(process.suite);
            }
        }
    }

    /// Whether not all may run that was to.
    fn is_cut_short(&self) -> bool {
        !self.stops.is_empty() || self.stopping.is_stopping()
    }

    /// Looks whether it is to stop, and has those know that run.
    fn watch(&mut self) {
        if !self.stops.is_empty() {
            return;
        }
        let ledger = &self.reports.ledger;
        let reason = self.stopping.due(ledger.tally.failed + ledger.troubles.len());
        self.start_nothing_new(reason);
        self.stopping.tell(&mut self.running);
    }

    fn start_nothing_new(&mut self, reason: Option<Reason>) {
        let Some(reason) = reason else { return };
        let names = self.waiting.drain(..).map(|at| self.suites[at].name.clone());
        // Among them are some that have run, and were to again.
        let has_begun = |name: &String| self.reports.ledger.suites.contains_key(name);
        let not_begun = names.filter(|name| !has_begun(name)).collect();
        self.reports.run_line("", RunLine::WorkspaceStopped { reason, not_begun });
    }

    /// Somebody wants the run to end. Each suite is told, and has its own way to go about it; at the third time nobody is waited for.
    fn stop(&mut self, signal: i32) {
        self.stops.push(signal);
        let pids: Vec<Pid> = self.running.iter().map(Process::pid).collect();
        if self.stops.len() > 2 {
            self.reports.hide();
            pids.into_iter().for_each(kill);
            die_by(self.stops[0]);
        }
        pids.into_iter().for_each(|pid| send(pid, signal));
        if self.stops.len() == 1 {
            let not_begun = self.waiting.drain(..).map(|at| self.suites[at].name.clone()).collect();
            self.reports.run_line("", RunLine::WorkspaceInterrupted { signal, not_begun });
        }
    }

    /// Somebody wants to know what runs.
    fn status(&mut self) {
        for process in &self.running {
            let (name, seconds) = (&self.suites[process.suite].name, process.elapsed().as_secs_f64());
            let done = process.heard.finished;
            self.reports.say(&format!("running for {seconds:.1}s: {name}, {} done", counted(done, "test")));
        }
    }

    fn end(mut self) -> Result<Ended, Problem> {
        if let (Some(file), memory) = (&self.memory.0, &self.memory.1)
            && self.request.is_whole()
            && !self.stopping.is_stopping()
            && self.stops.is_empty()
        {
            memory.write(file);
        }
        if let Some(file) = &self.failures {
            self.reports.ledger.keep_failures(file);
        }
        let signal = self.stops.first().copied();
        let (tally, success) = (self.reports.ledger.tally, self.reports.ledger.is_success());
        let end = End { success: success && signal.is_none(), tally, elapsed: self.reports.now(), signal };
        self.reports.run_line("", RunLine::WorkspaceFinished(end));
        let is_written = self.reports.close();
        if success && tally.all() == 0 && signal.is_none() {
            return Ok(Ended(self.request.without_tests(tally.filtered_out, self.left_out), None));
        }
        let code = match (success, is_written) {
            (false, _) => exit::TESTS_FAILED,
            (true, false) => exit::PROBLEM,
            (true, true) => exit::GOOD,
        };
        Ok(Ended(code, signal))
    }
}

/// Hands signals on to the deciding thread.
fn listen(arrivals: Arrivals, sender: Sender<Happening>) {
    // Ends when nobody hears, at the end of the run, or never.
    thread::spawn(move || arrivals.tell(|signal| sender.send(Happening::Signal(signal)).is_ok()));
}
