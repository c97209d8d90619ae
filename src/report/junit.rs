//! `--format junit`: one XML document on one line, for continuous integration.
//!
//! The head of the document carries the counts, so all but the first few words waits for the end of the run.

use std::io::{self, Write};

use super::pen::Pen;
use super::{Reporter, escape, notes, words};
use crate::accumulate::Ledger;
use crate::model::{Case, Event, Failure, Finished, Kind, Outcome, TimeLimits};
use crate::settings::Settings;

pub(super) struct Junit {
    pen: Pen,
    /// Where notices go: not to those who parse.
    err: Box<dyn Write>,
    limits: Option<TimeLimits>,
    show_output: bool,
    results: Vec<Finished>,
}

impl Reporter for Junit {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted(_) => self.pen.text(r#"<?xml version="1.0" encoding="UTF-8"?>"#),
            Event::Started(_) | Event::Slow(_) => Ok(()),
            Event::Finished(finished) => {
                self.results.push(finished.clone());
                Ok(())
            }
            Event::Notice(_) => Ok(()), // told at the end, by the ledger
            Event::RunFinished { elapsed: _ } => self.end(ledger),
        }
    }

    fn hears_starts(&self) -> bool {
        false
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pen.flush()?;
        self.err.flush()
    }
}

impl Junit {
    pub(super) fn new(settings: &Settings, pen: Pen, err: Box<dyn Write>) -> Junit {
        let (limits, show_output) = (settings.time_limits, settings.show_output);
        Junit { pen, err, limits, show_output, results: Vec::new() }
    }

    fn end(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        let tally = ledger.tally();
        self.pen.text(r#"<testsuites><testsuite name="test" package="test" id="0" errors="0" "#)?;
        write!(self.pen, r#"failures="{}" tests="{}" "#, tally.failed, ledger.started().selected)?;
        let not_run = ledger.interrupted_by().map(|signal| (signal, ledger.not_run().collect::<Vec<_>>()));
        let skipped = tally.ignored + not_run.as_ref().map_or(0, |(_, tests)| tests.len());
        write!(self.pen, r#"skipped="{skipped}" >"#)?;
        for finished in std::mem::take(&mut self.results) {
            self.test(&finished, ledger.case(finished.case))?;
        }
        for (signal, case) in
            not_run.into_iter().flat_map(|(signal, tests)| tests.into_iter().map(move |case| (signal, case)))
        {
            self.head("", case, 0.0)?;
            let why = words::not_run(signal);
            write!(self.pen, r#"><skipped message="{why}"/></testcase>"#)?;
        }
        self.pen.text("<system-out/><system-err/></testsuite></testsuites>\n")?;
        notes::write(&mut self.err, ledger)
    }

    fn test(&mut self, finished: &Finished, case: &Case) -> io::Result<()> {
        match &finished.outcome {
            Outcome::Passed if self.show_output && !finished.output.is_empty() => {
                self.head("", case, self.seconds(finished, case))?;
                self.pen.text(">")?;
                self.tail(finished)
            }
            Outcome::Passed => {
                self.head("", case, self.seconds(finished, case))?;
                self.pen.text("/>")
            }
            Outcome::Failed(failure) => {
                self.head("", case, self.seconds(finished, case))?;
                self.pen.text(">")?;
                self.failure(failure)?;
                self.tail(finished)
            }
            Outcome::Ignored(_) => Ok(()), // libtest only counts them
            Outcome::Measured(measured) => {
                self.head("benchmark::", case, measured.nanoseconds.sum)?;
                self.pen.text(" />")
            }
        }
    }

    fn head(&mut self, area: &str, case: &Case, time: f64) -> io::Result<()> {
        let (class, name) = class_and_name(case);
        self.pen.text(r#"<testcase classname=""#)?;
        self.pen.text(area)?;
        escape::xml_attribute(&mut self.pen, class)?;
        self.pen.text(r#"" name=""#)?;
        escape::xml_attribute(&mut self.pen, name)?;
        match time {
            0.0 => self.pen.text(r#"" time="0""#), // without `--report-time` it always is
            _ => write!(self.pen, r#"" time="{time}""#),
        }
    }

    fn seconds(&self, finished: &Finished, case: &Case) -> f64 {
        words::time_of(finished, case, self.limits.as_ref()).unwrap_or_default().as_secs_f64()
    }

    fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let kind = match failure {
            Failure::OverCritical | Failure::TimedOut { .. } => "timeout",
            Failure::Plain
            | Failure::Unexpected(_)
            | Failure::NotRun(_)
            | Failure::Ended(_)
            | Failure::Blocked { .. }
            | Failure::Interrupted { .. } => "assert",
            Failure::Died(_) | Failure::DiedAfterwards(_) => "crash",
        };
        match failure.message() {
            None => write!(self.pen, r#"<failure type="{kind}"/>"#),
            Some(text) => {
                self.pen.text(r#"<failure message=""#)?;
                escape::xml_attribute(&mut self.pen, &text)?;
                write!(self.pen, r#"" type="{kind}"/>"#)
            }
        }
    }

    /// What the test printed, but for those that only took too long: libtest leaves that out.
    fn tail(&mut self, finished: &Finished) -> io::Result<()> {
        if !finished.output.is_empty() && !words::is_late(finished) {
            let printed = escape::xml_cdata(&finished.output.text());
            write!(self.pen, "<system-out>{printed}</system-out>")?;
        }
        self.pen.text("</testcase>")
    }
}

/// What JUnit calls a test, made of the test's name as libtest does it.
fn class_and_name(case: &Case) -> (&'static str, &'static str) {
    match case.kind {
        Kind::Unit => case.name.rsplit_once("::").unwrap_or(("crate", case.name)),
        Kind::Integration => ("integration", case.name),
        Kind::Doc => {
            let (file, item) = case.name.split_once(" - ").unwrap_or(("doctest", case.name));
            (file.trim(), item.trim())
        }
        Kind::Unknown => ("unknown", case.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::Format;

    fn golden() -> Replay {
        Replay::golden(Format::Junit).without("g_")
    }

    #[test]
    fn says_what_libtest_says() {
        assert_eq!(golden().play().out, include_str!("goldens/junit.txt"));
        let timed = golden().show_output().ensure_time();
        assert_eq!(timed.play().out, include_str!("goldens/junit-times.txt"));
        assert_eq!(golden().measure_only().play().out, include_str!("goldens/junit-bench.txt"));
    }

    /// Where libtest writes a message as it is, and crashes if it has more than one line.
    #[test]
    fn messages_are_escaped() {
        let said = Replay::golden(Format::Junit).play().out;
        let expected = "<failure message=\"panic did not contain expected string&#xA;      panic message: \
                        &quot;hay&quot;&#xA; expected substring: &quot;needle&quot;\" type=\"assert\"/>";
        assert!(said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1);
    }

    #[test]
    fn classes_follow_the_kind_of_test() {
        let named = |kind, name| {
            let case = Case { kind, ..Test::new(name, Outcome::Passed).case };
            class_and_name(&case)
        };
        assert_eq!(named(Kind::Unit, "f"), ("crate", "f"));
        assert_eq!(named(Kind::Unit, "a::b::f"), ("a::b", "f"));
        assert_eq!(named(Kind::Integration, "a::f"), ("integration", "a::f"));
        assert_eq!(named(Kind::Unknown, "a::f"), ("unknown", "a::f"));
        assert_eq!(named(Kind::Doc, "src/lib.rs - f (line 3)"), ("src/lib.rs", "f (line 3)"));
    }
}
