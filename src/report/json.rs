//! `--format json`: an object a line, for programs. rust-analyzer and RustRover read these.

use std::io::{self, Write};

use super::pen::Pen;
use super::{Reporter, escape, notes, words};
use crate::accumulate::Ledger;
use crate::model::{CaseId, Event, Failure, Finished, Measurement, Outcome, RunStarted, TimeLimits};
use crate::settings::Settings;

// Whole heads of lines, for every piece that is written by itself is felt in a run of ten thousand tests.
const STARTED: &str = r#"{ "type": "test", "event": "started", "name": ""#;
const TIMEOUT: &str = r#"{ "type": "test", "event": "timeout", "name": ""#;

pub(super) struct Json {
    pen: Pen,
    /// Where notices go: not to those who parse.
    err: Box<dyn Write>,
    limits: Option<TimeLimits>,
    show_output: bool,
}

impl Reporter for Json {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.begin(started),
            Event::Started(id) => self.about(STARTED, *id, ledger),
            Event::Slow(id) => self.about(TIMEOUT, *id, ledger),
            Event::Finished(finished) => self.finish(finished, ledger),
            Event::Notice(_) => Ok(()), // told at the end, by the ledger
            Event::RunFinished { elapsed: _ } => self.end(ledger),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pen.flush()?;
        self.err.flush()
    }
}

impl Json {
    pub(super) fn new(settings: &Settings, pen: Pen, err: Box<dyn Write>) -> Json {
        let (limits, show_output) = (settings.time_limits, settings.show_output);
        Json { pen, err, limits, show_output }
    }

    fn begin(&mut self, started: &RunStarted) -> io::Result<()> {
        let count = started.selected;
        write!(self.pen, r#"{{ "type": "suite", "event": "started", "test_count": {count}"#)?;
        if let Some(seed) = started.shuffle_seed {
            write!(self.pen, r#", "shuffle_seed": {seed}"#)?;
        }
        self.pen.text(" }\n")
    }

    /// What is told about a test before its result.
    fn about(&mut self, head: &str, id: CaseId, ledger: &Ledger<'_>) -> io::Result<()> {
        self.pen.text(head)?;
        escape::json(&mut self.pen, ledger.case(id).name)?;
        self.pen.text("\" }\n")
    }

    fn finish(&mut self, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        match &finished.outcome {
            Outcome::Passed => self.result(r#"", "event": "ok""#, finished, ledger),
            Outcome::Failed(_) => self.result(r#"", "event": "failed""#, finished, ledger),
            Outcome::Ignored(_) => self.result(r#"", "event": "ignored""#, finished, ledger),
            Outcome::Measured(measured) => self.measured(ledger.case(finished.case).name, measured),
        }
    }

    fn result(&mut self, event: &str, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        let case = ledger.case(finished.case);
        self.pen.text(r#"{ "type": "test", "name": ""#)?;
        escape::json(&mut self.pen, case.name)?;
        self.pen.text(event)?;
        if let Some(elapsed) = words::time_of(finished, case, self.limits.as_ref()) {
            write!(self.pen, r#", "exec_time": {}"#, elapsed.as_secs_f64())?;
        }
        self.printed(finished)?;
        self.message(&finished.outcome)?;
        self.pen.text(" }\n")
    }

    fn printed(&mut self, finished: &Finished) -> io::Result<()> {
        if finished.output.is_empty() || (finished.outcome == Outcome::Passed && !self.show_output) {
            return Ok(());
        }
        self.string(r#", "stdout": ""#, &finished.output.text())
    }

    fn message(&mut self, outcome: &Outcome) -> io::Result<()> {
        if let Outcome::Failed(Failure::OverCritical) = outcome {
            return self.pen.text(r#", "reason": "time limit exceeded""#);
        }
        match words::message(outcome) {
            Some(message) => self.string(r#", "message": ""#, &message),
            None => Ok(()),
        }
    }

    fn string(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.pen.text(key)?;
        escape::json(&mut self.pen, value)?;
        self.pen.text("\"")
    }

    fn measured(&mut self, name: &str, measured: &Measurement) -> io::Result<()> {
        let samples = &measured.nanoseconds;
        let (median, deviation) = (samples.median, samples.max - samples.min);
        self.string(r#"{ "type": "bench", "name": ""#, name)?;
        write!(self.pen, r#", "median": {median}, "deviation": {deviation}"#)?;
        if measured.megabytes_per_second != 0 {
            write!(self.pen, r#", "mib_per_second": {}"#, measured.megabytes_per_second)?;
        }
        self.pen.text(" }\n")
    }

    /// Tests that an interrupted run has left out.
    fn not_run(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        let Some(signal) = ledger.interrupted_by() else { return Ok(()) };
        for case in ledger.not_run() {
            self.string(r#"{ "type": "test", "name": ""#, case.name)?;
            self.string(r#", "event": "ignored", "message": ""#, &words::not_run(signal))?;
            self.pen.text(" }\n")?;
        }
        Ok(())
    }

    fn end(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        self.not_run(ledger)?;
        let tally = ledger.tally();
        let event = if ledger.is_success() { "ok" } else { "failed" };
        write!(self.pen, r#"{{ "type": "suite", "event": "{event}""#)?;
        write!(self.pen, r#", "passed": {}, "failed": {}"#, tally.passed, tally.failed)?;
        write!(self.pen, r#", "ignored": {}, "measured": {}"#, tally.ignored, tally.measured)?;
        write!(self.pen, r#", "filtered_out": {}"#, ledger.started().filtered_out)?;
        if ledger.interrupted_by().is_some() {
            write!(self.pen, r#", "not_run": {}"#, ledger.not_run().count())?;
        }
        writeln!(self.pen, r#", "exec_time": {} }}"#, ledger.elapsed().as_secs_f64())?;
        notes::write(&mut self.err, ledger)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::{Death, Format, Notice};

    fn golden() -> Replay {
        Replay::golden(Format::Json)
    }

    #[test]
    fn says_what_libtest_says() {
        assert_eq!(golden().play().out, include_str!("goldens/json.txt"));
        let timed = golden().show_output().ensure_time();
        assert_eq!(timed.play().out, include_str!("goldens/json-times.txt"));
        assert_eq!(golden().measure_only().play().out, include_str!("goldens/json-bench.txt"));
    }

    #[test]
    fn every_line_is_an_object() {
        let timed_out = Failure::TimedOut { limit: Duration::from_secs(5) };
        let mut replay =
            Replay::of(Format::Json, vec![Test::new("odd \"name\"", Outcome::Failed(timed_out))]);
        replay.settings.shuffle_seed = Some(7);
        replay.slow = true;
        for line in replay.play().out.lines() {
            let value: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
            assert!(value["type"].is_string());
        }
    }

    #[test]
    fn notices_are_kept_from_the_parser() {
        let notice = Notice::PoolDied { death: Death::Killed(11), in_flight: Vec::new() };
        let said = Replay { notices: vec![notice], ..golden() }.play();
        assert_eq!(said.out, include_str!("goldens/json.txt"));
        assert!(said.err.starts_with("\npool died:\n"));
    }
}
