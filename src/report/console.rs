//! What the formats for people share: names of tests, sections of output, the result.

use std::io::{self, Write};

use super::pen::{Color, Pen};
use super::{notes, words};
use crate::accumulate::Ledger;
use crate::model::{Case, CaseId, Finished, Measurement, RunStarted, order};
use crate::settings::Settings;

/// A pen, and how this run is to be shown.
pub(super) struct Console {
    pub(super) pen: Pen,
    /// Tests run one at a time, so that a line can be begun before its result is known.
    pub(super) one_lane: bool,
    show_output: bool,
    /// Names of benchmarks are filled up to this many characters.
    name_width: usize,
}

impl Console {
    pub(super) fn new(settings: &Settings, lanes: usize, pen: Pen) -> Console {
        Console { pen, one_lane: lanes <= 1, show_output: settings.show_output, name_width: 0 }
    }

    pub(super) fn begin(&mut self, started: &RunStarted) -> io::Result<()> {
        self.name_width = started.name_width;
        write!(self.pen, "\nrunning {}", words::counted(started.selected, "test"))?;
        if let Some(seed) = started.shuffle_seed {
            write!(self.pen, " (shuffle seed: {seed})")?;
        }
        self.pen.text("\n")
    }

    /// `test m::f - should panic ... `
    pub(super) fn name(&mut self, case: &Case) -> io::Result<()> {
        self.pen.text("test ")?;
        self.pen.text(case.name)?;
        if case.is_measured() {
            self.fill_up(case.name)?;
        }
        if let Some(mode) = case.mode() {
            self.pen.text(" - ")?;
            self.pen.text(mode)?;
        }
        self.pen.text(" ... ")
    }

    fn fill_up(&mut self, name: &str) -> io::Result<()> {
        let missing = self.name_width.saturating_sub(name.len());
        write!(self.pen, "{:missing$}", "")
    }

    pub(super) fn slow(&mut self, case: &Case) -> io::Result<()> {
        writeln!(self.pen, "test {} has been running for over 60 seconds", case.name)
    }

    pub(super) fn measured(&mut self, measured: &Measurement) -> io::Result<()> {
        self.pen.painted("bench", Color::Cyan)?;
        write!(self.pen, ": {}", words::measurement(measured))
    }

    /// With `--show-output`, what passing tests printed.
    pub(super) fn successes(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        if !self.show_output {
            return Ok(());
        }
        let passed: Vec<&Finished> = ledger.passed().iter().collect();
        self.section("successes", &passed, ledger)
    }

    /// What these tests printed, in the order they came out, and then their names in order.
    pub(super) fn section(
        &mut self,
        title: &str,
        shown: &[&Finished],
        ledger: &Ledger<'_>,
    ) -> io::Result<()> {
        write!(self.pen, "\n{title}:\n")?;
        self.outputs(shown, ledger)?;
        write!(self.pen, "\n{title}:\n")?;
        let names = shown.iter().map(|finished| ledger.case(finished.case).name).collect();
        for name in order::sorted(names, |name: &&str| (name, 0)) {
            writeln!(self.pen, "    {name}")?;
        }
        Ok(())
    }

    fn outputs(&mut self, shown: &[&Finished], ledger: &Ledger<'_>) -> io::Result<()> {
        let mut gap = "\n";
        for finished in shown {
            if finished.output.is_empty() && words::message(&finished.outcome).is_none() {
                continue;
            }
            writeln!(self.pen, "{gap}---- {} stdout ----", ledger.case(finished.case).name)?;
            words::output_and_note(&mut self.pen, finished)?;
            self.pen.text("\n")?;
            gap = "";
        }
        Ok(())
    }

    /// Notices, if there are any, and the line that sums up.
    pub(super) fn end(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        notes::write(&mut self.pen, ledger)?;
        self.pen.text("\ntest result: ")?;
        if ledger.is_success() {
            self.pen.painted("ok", Color::Green)?;
        } else {
            self.pen.painted("FAILED", Color::Red)?;
        }
        let tally = ledger.tally();
        write!(self.pen, ". {} passed; {} failed; ", tally.passed, tally.failed)?;
        write!(self.pen, "{} ignored; {} measured; ", tally.ignored, tally.measured)?;
        write!(self.pen, "{} filtered out; ", ledger.started().filtered_out)?;
        write!(self.pen, "finished in {:.2}s\n\n", ledger.elapsed().as_secs_f64())
    }
}

/// The line of the test that is running, where tests run one at a time.
#[derive(Default)]
pub(super) struct OpenLine(Option<CaseId>);

impl OpenLine {
    /// Begins the test's line; whatever line was left open by an interruption is ended first.
    pub(super) fn begin(&mut self, console: &mut Console, id: CaseId, case: &Case) -> io::Result<()> {
        if self.0.replace(id).is_some() {
            console.pen.text("\n")?;
        }
        console.name(case)
    }

    /// The whole line of a test that has passed, or what is left of it.
    pub(super) fn pass(&mut self, console: &mut Console, id: CaseId, case: &Case) -> io::Result<()> {
        if self.0.is_none() && case.has_plain_name() {
            return console.pen.texts("test ", case.name, " ... ok\n");
        }
        self.resume(console, id, case)?;
        console.pen.text("ok\n")
    }

    /// Makes sure that what is written next stands behind the test's name.
    pub(super) fn resume(&mut self, console: &mut Console, id: CaseId, case: &Case) -> io::Result<()> {
        match self.0.take() {
            Some(open) if open == id => Ok(()),
            Some(_) => {
                console.pen.text("\n")?;
                console.name(case)
            }
            None => console.name(case),
        }
    }
}
