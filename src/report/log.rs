//! `--logfile`: a line a test in a file, beside whatever is shown.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::pen::Pen;
use super::{Reporter, words};
use crate::accumulate::Ledger;
use crate::model::{Event, Failure, Finished, Outcome, TimeLimits};
use crate::settings::Settings;

pub(super) struct Log {
    pen: Pen,
    limits: Option<TimeLimits>,
}

impl Reporter for Log {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::Finished(finished) => self.finish(finished, ledger),
            Event::RunFinished { elapsed: _ } => self.pen.flush(),
            Event::RunStarted(_) | Event::Started(_) | Event::Slow(_) | Event::Notice(_) => Ok(()),
        }
    }

    fn hears_starts(&self) -> bool {
        false
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pen.flush()
    }
}

impl Log {
    pub(super) fn new(page: Box<dyn Write>, settings: &Settings) -> Log {
        Log { pen: Pen::plain(page), limits: settings.time_limits }
    }

    fn finish(&mut self, finished: &Finished, ledger: &Ledger<'_>) -> io::Result<()> {
        let case = ledger.case(finished.case);
        self.result(&finished.outcome)?;
        self.pen.text(" ")?;
        self.pen.text(case.name)?;
        if let Some(elapsed) = words::time_of(finished, case, self.limits.as_ref()) {
            write!(self.pen, " <{:.3}s>", elapsed.as_secs_f64())?;
        }
        self.pen.text("\n")
    }

    fn result(&mut self, outcome: &Outcome) -> io::Result<()> {
        let word = match outcome {
            Outcome::Passed => "ok",
            Outcome::Failed(Failure::OverCritical) => "failed (time limit exceeded)",
            Outcome::Failed(_) => "failed",
            Outcome::Ignored(_) => "ignored",
            Outcome::Measured(measured) => return self.pen.text(&words::measurement(measured)),
        };
        self.pen.text(word)?;
        match words::message(outcome) {
            Some(message) => write!(self.pen, ": {message}"),
            None => Ok(()),
        }
    }
}

/// Writes what `--list` puts into the log file: `test m::f`.
pub(super) fn list<'a>(path: &Path, lines: impl Iterator<Item = (&'a str, &'a str)>) -> io::Result<()> {
    let mut pen = Pen::plain(Box::new(File::create(path)?));
    for (kind, name) in lines {
        writeln!(pen, "{kind} {name}")?;
    }
    pen.flush()
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Paper, Replay};
    use super::*;
    use crate::model::Format;

    #[test]
    fn says_what_libtest_says() {
        let replay = Replay::golden(Format::Pretty).ensure_time();
        let paper = Paper::default();
        let mut log = Log::new(Box::new(paper.clone()), &replay.settings);
        let cases = replay.cases();
        let ledger = Ledger::new(&cases, false);
        for event in replay.events() {
            log.event(&event, &ledger).expect("paper takes all");
        }
        assert_eq!(paper.read(), include_str!("goldens/log.txt"));
    }
}
