//! Plays runs to reporters, for tests: above all the run of `goldens/make.sh`, whose every word libtest has said too.

use std::cell::RefCell;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use super::of_format;
use super::pen::Pen;
use crate::accumulate::Ledger;
use crate::model::stats::Summary;
use crate::model::{
    Body, Case, CaseId, ColorChoice, Event, Expectation, Failure, Finished, Format, Isolate, Isolation,
    Measurement, Notice, Outcome, Output, Reason, Restart, RunStarted, Sampling, Source, ThreadMode,
    Threshold, TimeLimits,
};
use crate::settings::{Selection, Settings};

/// A run to be reported. Its tests come out in order, one lane after the other.
pub(super) struct Replay {
    pub(super) settings: Settings,
    pub(super) lanes: usize,
    pub(super) tests: Vec<Test>,
    pub(super) notices: Vec<Notice>,
    /// Tests that never come out, though they were selected.
    pub(super) lost: usize,
    /// All tests start before any comes out, and the last to start is the first to come out.
    pub(super) swapped: bool,
    /// Every test runs for over a minute.
    pub(super) slow: bool,
    pub(super) coloured: bool,
}

pub(super) struct Test {
    pub(super) case: Case,
    pub(super) outcome: Outcome,
    pub(super) printed: &'static str,
    pub(super) millis: u64,
}

/// What a reporter wrote.
pub(super) struct Said {
    pub(super) out: String,
    pub(super) err: String,
}

impl Replay {
    pub(super) fn of(format: Format, tests: Vec<Test>) -> Replay {
        Replay {
            settings: settings(format),
            lanes: 1,
            tests,
            notices: Vec::new(),
            lost: 0,
            swapped: false,
            slow: false,
            coloured: false,
        }
    }

    /// The run of `goldens/make.sh`.
    pub(super) fn golden(format: Format) -> Replay {
        Replay::of(format, golden_tests())
    }

    pub(super) fn show_output(mut self) -> Replay {
        self.settings.show_output = true;
        self
    }

    pub(super) fn coloured(mut self) -> Replay {
        self.coloured = true;
        self
    }

    pub(super) fn ensure_time(mut self) -> Replay {
        self.settings.time_limits = Some(limits());
        for test in self.tests.iter_mut().filter(|test| test.case.name == "m::slower") {
            test.outcome = Outcome::Failed(Failure::OverCritical);
        }
        self
    }

    pub(super) fn without(mut self, prefix: &str) -> Replay {
        self.tests.retain(|test| !test.case.name.starts_with(prefix));
        self
    }

    /// `--bench --test`: benchmarks are measured, after the tests.
    pub(super) fn measure(mut self) -> Replay {
        for test in self.tests.iter_mut().filter(|test| test.case.name.starts_with("m::bench")) {
            test.case.body = Body::Bench { function: |_| Ok(()), sampling: Sampling::Measure };
            if test.outcome == Outcome::Passed {
                test.outcome = Outcome::Measured(Box::new(measurement()));
            }
        }
        self.tests.sort_by_key(|test| test.case.is_measured());
        self
    }

    /// `--bench`: measured, and tests are ignored.
    pub(super) fn measure_only(self) -> Replay {
        let mut replay = self.measure();
        for test in replay.tests.iter_mut().filter(|test| !test.case.is_measured()) {
            test.case.ignored = true;
            test.printed = "";
            test.outcome = Outcome::Ignored(test.case.ignore_reason.map(Reason::plain));
        }
        replay
    }

    pub(super) fn cases(&self) -> Vec<Case> {
        self.tests.iter().map(|test| test.case).collect()
    }

    pub(super) fn play(&self) -> Said {
        let (out, err) = (Paper::default(), Paper::default());
        let page: Box<dyn Write> = Box::new(out.clone());
        let pen = if self.coloured { Pen::coloured(page) } else { Pen::plain(page) };
        let mut reporter = of_format(&self.settings, self.lanes, pen, Box::new(err.clone()));
        let cases = self.cases();
        let mut ledger = Ledger::new(&cases, self.settings.show_output);
        for event in self.events() {
            ledger.apply(&event);
            reporter.event(&event, &ledger).expect("paper takes all");
        }
        reporter.flush().expect("paper takes all");
        Said { out: out.read(), err: err.read() }
    }

    pub(super) fn events(&self) -> Vec<Event> {
        let selected = self.tests.len() + self.lost;
        let shuffle_seed = self.settings.shuffle_seed;
        let measured = self.tests.iter().filter(|test| test.case.is_measured());
        let name_width = measured.map(|test| test.case.name.len()).max().unwrap_or(0);
        let started = RunStarted { selected, shuffle_seed, name_width, ..RunStarted::default() };
        let mut events = vec![Event::RunStarted(started)];
        let runs: Vec<_> =
            (0..).map(CaseId).zip(&self.tests).map(|(id, test)| self.run_of(id, test)).collect();
        if self.swapped {
            events.extend(runs.iter().map(|run| run[0].clone()));
            events.extend(runs.iter().rev().flat_map(|run| run[1..].to_vec()));
        } else {
            events.extend(runs.into_iter().flatten());
        }
        events.extend(self.notices.iter().cloned().map(Event::Notice));
        events.push(Event::RunFinished { elapsed: Duration::from_millis(300) });
        events
    }

    fn run_of(&self, id: CaseId, test: &Test) -> Vec<Event> {
        let slow = self.slow.then_some(Event::Slow(id));
        let finished = Event::Finished(self.finished(id, test));
        std::iter::once(Event::Started(id)).chain(slow).chain([finished]).collect()
    }

    fn finished(&self, case: CaseId, test: &Test) -> Finished {
        let kept = test.outcome != Outcome::Passed || self.settings.show_output;
        let printed = if kept { test.printed.as_bytes().to_vec() } else { Vec::new() };
        let elapsed = Duration::from_millis(test.millis);
        Finished { case, outcome: test.outcome.clone(), elapsed, output: Output::from(printed) }
    }
}

impl Test {
    pub(super) fn new(name: &'static str, outcome: Outcome) -> Test {
        let source = Source { file: "src/mix.rs", ..Source::default() };
        let ignored = matches!(outcome, Outcome::Ignored(_));
        let case = Case { source, ignored, ..Case::of_test(name) };
        Test { case, outcome, printed: "", millis: 0 }
    }

    pub(super) fn at(mut self, line: u32, start: u32, end: u32) -> Test {
        self.case.source =
            Source { start_line: line, start_col: start, end_line: line, end_col: end, ..self.case.source };
        self
    }

    pub(super) fn prints(mut self, printed: &'static str) -> Test {
        self.printed = printed;
        self
    }

    fn takes(mut self, millis: u64) -> Test {
        self.millis = millis;
        self
    }

    fn should_panic(mut self) -> Test {
        self.case.expectation = Expectation::Panic;
        self
    }

    pub(super) fn because(mut self, why: &'static str) -> Test {
        self.case.ignore_reason = Some(why);
        self.outcome = Outcome::Ignored(Some(Reason::plain(why)));
        self
    }
}

fn golden_tests() -> Vec<Test> {
    let (passed, plain, ignored) = (Outcome::Passed, Outcome::Failed(Failure::Plain), Outcome::Ignored(None));
    let no_panic = Failure::Unexpected("test did not panic as expected at src/mix.rs:10:28".into());
    let other_panic = "panic did not contain expected string\n      panic message: \"hay\"\n expected substring: \"needle\"";
    let other_panic = Outcome::Failed(Failure::Unexpected(other_panic.into()));
    let odd = "quote \" tab \t end ]]> pi <? é\nno newline";
    vec![
        Test::new("a_ok", passed.clone()).at(5, 12, 16).prints("from a_ok\n"),
        Test::new("b_ignored", ignored.clone()).at(6, 22, 31),
        Test::new("c_ignored", ignored).at(7, 41, 50).because("needs <docker>"),
        Test::new("d_fails", plain.clone()).at(8, 12, 19).prints(odd),
        Test::new("e_panics", passed.clone()).at(9, 28, 36).should_panic(),
        Test::new("f_does_not", Outcome::Failed(no_panic)).at(10, 28, 38).should_panic().prints("no newline"),
        Test::new("g_panics_otherwise", other_panic).at(11, 49, 67).should_panic(),
        Test::new("h_error", plain.clone()).at(12, 12, 19).prints("Error: \"bad\"\n"),
        Test::new("i_silent", plain.clone()).at(13, 12, 20),
        Test::new("m::bench", passed.clone()).at(16, 17, 22),
        Test::new("m::bench_fails", plain).at(17, 17, 28),
        Test::new("m::bench_longest_name", passed.clone()).at(18, 17, 35),
        Test::new("m::slow", passed.clone()).at(19, 16, 20).takes(70),
        Test::new("m::slower", passed).at(20, 16, 22).prints("slow\n").takes(130),
    ]
}

/// What libtest measures of a benchmark that never calls `iter`.
fn measurement() -> Measurement {
    Measurement { nanoseconds: Summary::new(&[0.0]), megabytes_per_second: 0 }
}

fn limits() -> TimeLimits {
    let of = |warn, critical| Threshold {
        warn: Duration::from_millis(warn),
        critical: Duration::from_millis(critical),
    };
    TimeLimits { unit: of(50, 100), integration: of(500, 1000), doc: of(500, 1000), enforced: true }
}

fn settings(format: Format) -> Settings {
    Settings {
        list: false,
        selection: Selection::default(),
        measure: false,
        run_tests: true,
        lanes: Some(NonZeroUsize::MIN),
        capture: true,
        show_output: false,
        format,
        color: ColorChoice::Auto,
        log: None,
        record: None,
        time_limits: None,
        shuffle_seed: None,
        fail_fast: false,
        first_lane: 0,
        in_process: false,
        lease: None,
        thread_mode: ThreadMode::default(),
        isolate: Isolate::default(),
        isolation: Isolation::default(),
        restart: Restart::default(),
        timeout: None,
        retries: 0,
        backoff: Default::default(),
        repeat: None,
        grace: Duration::from_secs(10),
    }
}

/// Something to write on that can be read while somebody else holds it.
#[derive(Clone, Default)]
pub(super) struct Paper(Rc<RefCell<Vec<u8>>>);

impl Paper {
    pub(super) fn read(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
