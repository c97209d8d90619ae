//! Says what happens in a run: one reporter a format, each made of the run's events alone, and each to a place of its own.
//!
//! | file          | duty                                                                          |
//! |---------------|-------------------------------------------------------------------------------|
//! | `pretty`      | a line a test; and, for `terse`, one for those that did not pass              |
//! | `dots`        | a character a test                                                            |
//! | `junit`       | one XML document at the end                                                   |
//! | `github`      | annotations of failed tests                                                   |
//! | `summary`     | the page that GitHub shows of a job                                           |
//! | `bar`         | what runs, and how far the run is, at the bottom of a terminal                |
//! | `failure`     | what a failed test said that fits in a line, and where                        |
//! | `places`      | where all this goes: standard output, files                                   |
//!
//! The record, and `--format json`, which is the same, are the lines of the events as they are.

mod bar;
mod dots;
mod failure;
mod github;
mod junit;
mod places;
mod pretty;
mod summary;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use bar::Bar;
pub(super) use places::{Asked, has_colours};
use places::{Outlet, Place};
pub(super) use pretty::Style;

use super::events::{self, Event, What};
use super::record::Line;
use super::results::{Ledger, Result as TestResult};
use super::say;

/// A format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    Pretty,
    Terse,
    Dots,
    Json,
    Junit,
    Github,
}

/// Every format, by its name.
pub(super) const FORMATS: [(&str, Format); 6] = [
    ("pretty", Format::Pretty),
    ("terse", Format::Terse),
    ("dots", Format::Dots),
    ("json", Format::Json),
    ("junit", Format::Junit),
    ("github", Format::Github),
];

/// Hears every event of a run, after the ledger has taken it in.
trait Reporter {
    /// Adds to `out` what this event calls for; `line` is the event as it stands in the record.
    fn event(&mut self, event: &Event, line: &str, heard: (&Ledger, &mut String));
}

fn of_format(format: Format, style: &Style) -> Box<dyn Reporter> {
    match format {
        Format::Pretty => Box::new(pretty::Pretty::new(style.clone(), false)),
        Format::Terse => Box::new(pretty::Pretty::new(style.clone(), true)),
        Format::Dots => Box::new(dots::Dots::new(style.clone())),
        Format::Json => Box::new(Lines),
        Format::Junit => Box::<junit::Junit>::default(),
        Format::Github => Box::new(github::Annotations::new()),
    }
}

/// The events themselves.
struct Lines;

impl Reporter for Lines {
    fn event(&mut self, _: &Event, line: &str, (_, out): (&Ledger, &mut String)) {
        // What was added by whoever reads a record stands in none.
        if !line.is_empty() {
            out.push_str(line);
            out.push('\n');
        }
    }
}

/// All reports of a run, and what they are made of.
pub(super) struct Reports {
    pub(super) ledger: Ledger,
    outlets: Vec<Outlet>,
    bar: Option<Bar>,
    began: Instant,
}

impl Reports {
    fn new(outlets: Vec<Outlet>, bar: Option<Bar>) -> Reports {
        Reports { ledger: Ledger::default(), outlets, bar, began: Instant::now() }
    }

    /// Seconds since the run began.
    pub(super) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Something that this program knows by itself.
    pub(super) fn run_line(&mut self, suite: &str, line: events::RunLine) {
        let at = self.now();
        let text = events::line(suite, at, &line);
        self.event(&Event { suite: suite.to_owned(), at, what: What::Run(line) }, &text);
    }

    /// A line of a suite's own record, and what it says.
    pub(super) fn suite_line(&mut self, suite: &str, text: &str, line: Line) {
        let at = self.now();
        let text = events::spliced(suite, at, text);
        self.event(&Event { suite: suite.to_owned(), at, what: What::Suite(line) }, &text);
    }

    /// How a test came out of a suite that writes no record.
    pub(super) fn result(&mut self, suite: &str, result: TestResult) {
        let at = self.now();
        let text = events::line(suite, at, &events::finished(&result));
        self.event(&Event { suite: suite.to_owned(), at, what: What::Suite(Line::Finished(result)) }, &text);
    }

    /// An event, and its line in the record.
    pub(super) fn event(&mut self, event: &Event, line: &str) {
        let judged = self.ledger.judged(event);
        let event = judged.as_ref().unwrap_or(event);
        self.ledger.apply(event);
        if let Some(bar) = &mut self.bar {
            bar.event(event);
        }
        for outlet in &mut self.outlets {
            outlet.event(event, line, &self.ledger);
        }
    }

    /// When the bar is to be drawn again, if there is one.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.bar.as_ref().map(|bar| bar.patience(self.began.elapsed()))
    }

    /// Lets everything said so far be seen.
    pub(super) fn show(&mut self) {
        let erased = self.bar.as_mut().map(Bar::erase).unwrap_or_default();
        let drawn = match &mut self.bar {
            Some(bar) if !self.ledger.is_over => bar.draw(&self.ledger, self.began.elapsed()),
            _ => String::new(),
        };
        for outlet in &mut self.outlets {
            outlet.flush(&erased, &drawn);
        }
        if self.outlets.iter().any(|outlet| outlet.is_output() && outlet.failure.is_some()) {
            self.bar = None;
        }
    }

    /// Takes the bar away, until it is shown again.
    pub(super) fn hide(&mut self) {
        let erased = self.bar.as_mut().map(Bar::erase).unwrap_or_default();
        self.outlets.iter_mut().for_each(|outlet| outlet.flush(&erased, ""));
    }

    /// Says a line on standard error, which may be the same terminal.
    pub(super) fn say(&mut self, line: &str) {
        self.hide();
        say(line);
    }

    /// Ends the reports. Whether all that was asked for has been written; what has not is told.
    pub(super) fn close(mut self) -> bool {
        self.show();
        let failures =
            self.outlets.iter().filter_map(|outlet| Some((&outlet.place, outlet.failure.as_ref()?)));
        let mut is_whole = true;
        for (place, error) in failures {
            match place {
                // Whoever read it has heard enough.
                Place::Output if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                Place::Output | Place::Asked(_) => {
                    is_whole = false;
                    say(&format!(
                        "error: cannot write {place}: {error}; see to the room on its disk and run again"
                    ));
                }
                Place::Last(_) => say(&format!(
                    "warning: cannot write {place}: {error}; `cargo snout report` will not know all of this run"
                )),
                Place::Summary(_) => say(&format!(
                    "warning: cannot write {place}: {error}; see what GITHUB_STEP_SUMMARY names"
                )),
            }
        }
        is_whole
    }
}
