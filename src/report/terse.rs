//! `--format terse` and `--quiet`: a character a test.

use std::io::{self, Write};

use super::console::Console;
use super::pen::{Color, Pen};
use super::{Reporter, words};
use crate::accumulate::Ledger;
use crate::model::{CaseId, Event, Finished, Outcome};
use crate::settings::Settings;

/// A line is ended after this many characters: 100 columns, less room for ` 11704/12853`.
const COLUMNS: usize = 87;

pub(super) struct Terse {
    console: Console,
    /// Characters on this line.
    column: usize,
    /// Tests that have come out, benchmarks not among them: libtest's count.
    done: usize,
    /// Why the last ignored test was ignored, and which it was.
    ignored: Option<(CaseId, String)>,
}

impl Reporter for Terse {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.console.begin(started),
            Event::Started(id) => self.start(*id, ledger),
            Event::Slow(id) => self.console.slow(ledger.case(*id)),
            Event::Finished(finished) => self.finish(finished, ledger),
            Event::Notice(_) => Ok(()), // told at the end, by the ledger
            Event::RunFinished { elapsed: _ } => self.end(ledger),
        }
    }

    fn hears_starts(&self) -> bool {
        self.console.one_lane
    }

    fn flush(&mut self) -> io::Result<()> {
        self.console.pen.flush()
    }
}

impl Terse {
    pub(super) fn new(settings: &Settings, lanes: usize, pen: Pen) -> Terse {
        Terse { console: Console::new(settings, lanes, pen), column: 0, done: 0, ignored: None }
    }

    /// Benchmarks have lines, here too.
    fn start(&mut self, id: CaseId, ledger: &Ledger<'_>) -> io::Result<()> {
        let case = ledger.case(id);
        if self.console.one_lane && case.is_measured() { self.console.name(case) } else { Ok(()) }
    }

    fn finish(&mut self, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        match &finished.outcome {
            Outcome::Passed => self.mark(".", Color::Green, ledger),
            Outcome::Failed(_) => self.failed(finished, ledger),
            Outcome::Ignored(why) => {
                self.ignored = why.as_ref().map(|why| (finished.case, why.to_string()));
                self.mark("i", Color::Yellow, ledger)
            }
            Outcome::Measured(measured) => {
                if !self.console.one_lane {
                    self.console.name(ledger.case(finished.case))?;
                }
                self.console.measured(measured)?;
                self.console.pen.text("\n")
            }
        }
    }

    fn mark(&mut self, character: &str, color: Color, ledger: &Ledger<'_>) -> io::Result<()> {
        self.console.pen.painted(character, color)?;
        self.done += 1;
        self.column += 1;
        if self.column == COLUMNS { self.progress(ledger) } else { Ok(()) }
    }

    /// A failure is told at once, on a line of its own.
    fn failed(&mut self, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        if self.column != 0 {
            self.progress(ledger)?;
        }
        self.done += 1;
        self.console.pen.text(ledger.case(finished.case).name)?;
        self.console.pen.text(" --- ")?;
        self.console.pen.painted("FAILED", Color::Red)?;
        self.console.pen.text("\n")
    }

    /// Ends the line with how far the run has come.
    fn progress(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        self.column = 0;
        writeln!(self.console.pen, " {}/{}", self.done, ledger.started().selected)
    }

    fn end(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        self.console.successes(ledger)?;
        if !ledger.failed().is_empty() {
            // Tests that failed for their time alone are not listed, for libtest's terse format does not list them.
            let failed: Vec<_> = ledger.failed().iter().filter(|it| !words::is_late(it)).collect();
            self.console.section("failures", &failed, ledger)?;
        }
        self.console.end(ledger)?;
        self.why_ignored(ledger)
    }

    /// When the one test selected was ignored, the reason is what its user wants to know.
    fn why_ignored(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        match &self.ignored {
            Some((id, why)) if ledger.started().selected == 1 => {
                write!(self.console.pen, "test: {}, ignore_message: {why}\n\n", ledger.case(*id).name)
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::Format;

    fn golden() -> Replay {
        Replay::golden(Format::Terse)
    }

    #[test]
    fn says_what_libtest_says() {
        assert_eq!(golden().show_output().ensure_time().play().out, include_str!("goldens/terse.txt"));
        assert_eq!(golden().coloured().play().out, include_str!("goldens/terse-colour.txt"));
        assert_eq!(golden().measure_only().play().out, include_str!("goldens/terse-bench.txt"));
    }

    #[test]
    fn says_why_the_only_test_was_ignored() {
        let lone = Test::new("lone", Outcome::Ignored(None)).because("why not");
        let said = Replay::of(Format::Terse, vec![lone]).play().out;
        assert_eq!(said, include_str!("goldens/terse-lone.txt"));
    }

    #[test]
    fn names_a_benchmark_before_its_result_on_several_lanes_too() {
        let said = Replay { lanes: 2, ..golden().measure_only() }.play().out;
        assert!(said.contains("iiiiiiiiiiitest m::bench              ... bench:  "), "{said}");
        assert!(said.contains("ns/iter (+/- 0.00)\n 11/14\nm::bench_fails --- FAILED\n"), "{said}");
    }

    #[test]
    fn a_line_ends_after_87_characters() {
        let tests = (0..100).map(|_| Test::new("f", Outcome::Passed)).collect();
        let said = Replay::of(Format::Terse, tests).play().out;
        let expected =
            format!("\nrunning 100 tests\n{} 87/100\n{}\ntest result", ".".repeat(87), ".".repeat(13));
        assert!(said.starts_with(&expected), "{said}");
    }
}
