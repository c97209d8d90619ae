//! `--format pretty`, the default: a line a test.

use std::io::{self, Write};

use super::console::{Console, OpenLine};
use super::pen::{Color, Pen};
use super::{Reporter, words};
use crate::accumulate::Ledger;
use crate::model::{Case, CaseId, Event, Failure, Finished, Outcome, TimeLimits};
use crate::settings::Settings;

pub(super) struct Pretty {
    console: Console,
    line: OpenLine,
    limits: Option<TimeLimits>,
}

impl Reporter for Pretty {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.console.begin(started),
            Event::Started(id) => self.start(*id, ledger),
            Event::Slow(id) => self.slow(*id, ledger),
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

impl Pretty {
    pub(super) fn new(settings: &Settings, lanes: usize, pen: Pen) -> Pretty {
        let console = Console::new(settings, lanes, pen);
        Pretty { console, line: OpenLine::default(), limits: settings.time_limits }
    }

    /// With one lane the name comes first, so that it can be seen which test hangs.
    fn start(&mut self, id: CaseId, ledger: &Ledger<'_>) -> io::Result<()> {
        if !self.console.one_lane {
            return Ok(());
        }
        self.line.begin(&mut self.console, id, ledger.case(id))
    }

    /// With one lane the name stands there already, and libtest says nothing either.
    fn slow(&mut self, id: CaseId, ledger: &Ledger<'_>) -> io::Result<()> {
        if self.console.one_lane {
            return Ok(());
        }
        self.console.slow(ledger.case(id))
    }

    fn finish(&mut self, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        let case = ledger.case(finished.case);
        if matches!(finished.outcome, Outcome::Passed)
            && self.limits.is_none()
            && !self.console.pen.is_coloured()
        {
            // Nearly every line of a run is this one.
            return self.line.pass(&mut self.console, finished.case, case);
        }
        self.line.resume(&mut self.console, finished.case, case)?;
        match &finished.outcome {
            Outcome::Passed => self.console.pen.painted("ok", Color::Green),
            Outcome::Failed(Failure::OverCritical) => {
                self.console.pen.painted("FAILED (time limit exceeded)", Color::Red)
            }
            Outcome::Failed(_) => self.console.pen.painted("FAILED", Color::Red),
            Outcome::Ignored(None) => self.console.pen.painted("ignored", Color::Yellow),
            Outcome::Ignored(Some(why)) => {
                self.console.pen.painted(&format!("ignored, {why}"), Color::Yellow)
            }
            Outcome::Measured(measured) => self.console.measured(measured),
        }?;
        self.time(finished, case)?;
        self.console.pen.text("\n")
    }

    /// ` <0.123s>`, yellow or red if that is long for a test of its kind.
    fn time(&mut self, finished: &Finished, case: &Case) -> io::Result<()> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let Some(elapsed) = words::time_of(finished, case, Some(limits)) else { return Ok(()) };
        let text = format!(" <{:.3}s>", elapsed.as_secs_f64());
        let threshold = limits.of(case.kind);
        if elapsed >= threshold.critical {
            self.console.pen.painted(&text, Color::Red)
        } else if elapsed >= threshold.warn {
            self.console.pen.painted(&text, Color::Yellow)
        } else {
            self.console.pen.text(&text)
        }
    }

    fn end(&mut self, ledger: &Ledger<'_>) -> io::Result<()> {
        self.console.successes(ledger)?;
        let (late, failed): (Vec<_>, Vec<_>) = ledger.failed().iter().partition(|it| words::is_late(it));
        if !failed.is_empty() {
            self.console.section("failures", &failed, ledger)?;
        }
        if !late.is_empty() {
            self.console.section("failures (time limit exceeded)", &late, ledger)?;
        }
        self.console.end(ledger)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::{Death, Format};

    fn golden() -> Replay {
        Replay::golden(Format::Pretty)
    }

    #[test]
    fn says_what_libtest_says() {
        assert_eq!(golden().play().out, include_str!("goldens/pretty.txt"));
        assert_eq!(golden().show_output().play().out, include_str!("goldens/pretty-show.txt"));
    }

    #[test]
    fn colours_what_libtest_colours() {
        let timed = golden().coloured().ensure_time();
        assert_eq!(timed.play().out, include_str!("goldens/pretty-colour.txt"));
        let measured = golden().coloured().measure();
        assert_eq!(measured.play().out, include_str!("goldens/pretty-bench.txt"));
    }

    #[test]
    fn says_the_same_on_several_lanes() {
        let replay = Replay { lanes: 2, ..golden() };
        assert_eq!(replay.play().out, include_str!("goldens/pretty.txt"));
    }

    #[test]
    fn names_the_seed() {
        let mut replay = Replay::of(Format::Pretty, vec![Test::new("f", Outcome::Passed)]);
        replay.settings.shuffle_seed = Some(7);
        assert!(replay.play().out.starts_with("\nrunning 1 test (shuffle seed: 7)\ntest f ... ok\n"));
    }

    #[test]
    fn a_test_that_was_stopped_is_noted_below_what_it_printed() {
        let timed_out = Outcome::Failed(Failure::TimedOut { limit: Duration::from_secs(5) });
        let died = Outcome::Failed(Failure::Died(Death::Killed(11)));
        let tests = vec![Test::new("hangs", timed_out).prints("waiting..."), Test::new("crashes", died)];
        let said = Replay::of(Format::Pretty, tests).play().out;
        let expected = "\n---- hangs stdout ----\nwaiting...\nnote: timed out: still running after 5s, and stopped\n\
                        ---- crashes stdout ----\nnote: the test never finished: its process was killed by signal 11 \
                        (SIGSEGV)\n\nfailures:\n    crashes\n    hangs\n";
        assert!(said.contains(expected), "{said}");
    }

    /// With one lane, a test that was taken out of the pool can come out after others have begun.
    #[test]
    fn a_line_left_open_is_taken_up_again() {
        let tests = vec![Test::new("first", Outcome::Passed), Test::new("second", Outcome::Passed)];
        let mut replay = Replay::of(Format::Pretty, tests);
        replay.swapped = true;
        let said = replay.play().out;
        assert!(said.contains("\ntest first ... \ntest second ... ok\ntest first ... ok\n"), "{said}");
    }

    #[test]
    fn slow_tests_are_named_when_the_name_is_not_there_already() {
        let mut replay = Replay::of(Format::Pretty, vec![Test::new("m::f", Outcome::Passed)]);
        replay.slow = true;
        assert!(replay.play().out.contains("\ntest m::f ... ok\n"));
        replay.lanes = 2;
        assert!(
            replay
                .play()
                .out
                .contains("\ntest m::f has been running for over 60 seconds\ntest m::f ... ok\n")
        );
    }
}
