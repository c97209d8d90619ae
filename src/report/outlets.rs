//! Where a run is reported to: standard output, and besides it the log file and the record.
//!
//! Each place is written to by itself. One that fails is noted, and left alone from then on; the others hear the run to its end. What
//! became of it is told when the run is over.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use super::log::Log;
use super::pen::Pen;
use super::record::{Origin, Record};
use super::{Reporter, of_format};
use crate::accumulate::Ledger;
use crate::model::Event;
use crate::settings::Settings;

/// What there is to write on.
pub(crate) struct Pages {
    /// Standard output.
    pub(crate) out: Box<dyn Write>,
    /// Whether that is a terminal.
    pub(crate) is_terminal: bool,
    /// Standard error: hears notices where standard output is for programs to read.
    pub(crate) err: Box<dyn Write>,
    /// The log file, and its path.
    pub(crate) log: Option<(PathBuf, Box<dyn Write>)>,
    /// The record, its path, and what it is of.
    pub(crate) record: Option<(PathBuf, Box<dyn Write>, Origin)>,
}

/// A place that a run is reported to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Output,
    Log(PathBuf),
    Record(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Output => out.write_str("standard output"),
            Place::Log(path) => write!(out, "the log file `{}`", path.display()),
            Place::Record(path) => write!(out, "the record `{}`", path.display()),
        }
    }
}

/// Every reporter of a run.
pub(crate) struct Outlets(Vec<Outlet>);

struct Outlet {
    place: Place,
    reporter: Box<dyn Reporter>,
    /// Why it is not written to any more.
    failure: Option<io::Error>,
}

impl Outlets {
    /// The reporter of the chosen format on standard output, and those of what is asked for besides. `lanes` is how many tests might
    /// run at the same time.
    pub(crate) fn new(settings: &Settings, lanes: usize, pages: Pages) -> Outlets {
        let Pages { out, is_terminal, err, log, record } = pages;
        let record = record.map(|(path, page, origin)| {
            Outlet::new(Place::Record(path), Box::new(Record::new(origin, page)))
        });
        let log = log.map(|(path, page)| Outlet::new(Place::Log(path), Box::new(Log::new(page, settings))));
        let chosen = of_format(settings, lanes, Pen::for_console(out, is_terminal, settings), err);
        let chosen = Outlet::new(Place::Output, chosen);
        Outlets(record.into_iter().chain(log).chain([chosen]).collect())
    }

    /// Tells every reporter of an event, which the ledger has taken in.
    pub(crate) fn event(&mut self, event: &Event, ledger: &Ledger<'_>) {
        for outlet in &mut self.0 {
            if outlet.failure.is_none() {
                let written = outlet.reporter.event(event, ledger);
                outlet.note(written);
            }
        }
    }

    /// Whether any of them has a use for [`Event::Started`].
    pub(crate) fn hear_starts(&self) -> bool {
        self.0.iter().any(|outlet| outlet.reporter.hears_starts())
    }

    /// Lets everything written so far be seen.
    pub(crate) fn flush(&mut self) {
        for outlet in &mut self.0 {
            if outlet.failure.is_none() {
                let written = outlet.reporter.flush();
                outlet.note(written);
            }
        }
    }

    /// Whether anybody may learn what is still to come: not when whoever read standard output has gone, and nothing else is
    /// written. A full disk is another matter: nobody has said that they have heard enough.
    pub(crate) fn are_heard(&self) -> bool {
        self.0.iter().any(|outlet| match (&outlet.failure, &outlet.place) {
            (None, _) => true,
            (Some(failure), Place::Output) => failure.kind() != io::ErrorKind::BrokenPipe,
            (Some(_), Place::Log(_) | Place::Record(_)) => false,
        })
    }

    /// The places that could not be written to, and why.
    pub(crate) fn into_failures(self) -> impl Iterator<Item = (Place, io::Error)> {
        self.0.into_iter().filter_map(|outlet| Some((outlet.place, outlet.failure?)))
    }
}

impl Outlet {
    fn new(place: Place, reporter: Box<dyn Reporter>) -> Outlet {
        Outlet { place, reporter, failure: None }
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failure = Some(error);
            // What was written before may still be on its way, and nothing will come behind it.
            let _ = self.reporter.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Paper, Replay};
    use super::*;
    use crate::model::{CaseId, Format};

    /// A place that takes so many bytes, and then fails like this.
    struct Full(Paper, usize, io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let Full(paper, room, failure) = self;
            match bytes.len().min(*room) {
                0 => Err((*failure).into()),
                count => {
                    *room -= count;
                    paper.write(&bytes[..count])
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const BROKEN: io::ErrorKind = io::ErrorKind::BrokenPipe;
    const FULL: io::ErrorKind = io::ErrorKind::StorageFull;

    /// What is on standard output, in the log and in the record, and what failed, when each fails like this after a hundred bytes.
    struct Heard {
        out: String,
        log: String,
        record: String,
        failures: Vec<Place>,
        was_heard: bool,
    }

    fn hear(format: Format, failing: [Option<io::ErrorKind>; 3]) -> Heard {
        let papers: [Paper; 3] = Default::default();
        let page = |at: usize| -> Box<dyn Write> {
            let paper = papers[at].clone();
            match failing[at] {
                Some(failure) => Box::new(Full(paper, 100, failure)),
                None => Box::new(paper),
            }
        };
        let pages = Pages {
            is_terminal: false,
            out: page(0),
            err: Box::new(io::sink()),
            log: Some(("l".into(), page(1))),
            record: Some(("r".into(), page(2), Origin::default())),
        };
        let replay = Replay::golden(format).ensure_time();
        let mut outlets = Outlets::new(&replay.settings, 1, pages);
        let cases = replay.cases();
        let mut ledger = Ledger::new(&cases, false);
        assert!(outlets.are_heard(), "nothing has failed yet");
        for event in replay.events() {
            ledger.apply(&event);
            outlets.event(&event, &ledger);
            outlets.flush();
        }
        let was_heard = outlets.are_heard();
        let failures = outlets.into_failures().map(|(place, _)| place).collect();
        let [out, log, record] = papers.map(|paper| paper.read());
        Heard { out, log, record, failures, was_heard }
    }

    #[test]
    fn what_fails_takes_nothing_from_the_others_and_keeps_its_beginning() {
        let places = [Place::Output, Place::Log("l".into()), Place::Record("r".into())];
        for format in [Format::Pretty, Format::Terse, Format::Json, Format::Junit] {
            let whole = hear(format, [None; 3]);
            assert_eq!(whole.log, include_str!("goldens/log.txt"));
            assert_eq!((whole.failures, whole.was_heard), (vec![], true));
            for broken in 0..3 {
                let mut failing = [None; 3];
                failing[broken] = Some(FULL);
                let heard = hear(format, failing);
                assert_eq!(heard.failures, places[broken..=broken]);
                let pairs =
                    [(&whole.out, &heard.out), (&whole.log, &heard.log), (&whole.record, &heard.record)];
                for (at, (whole, heard)) in pairs.into_iter().enumerate() {
                    let due = if at == broken { &whole[..100] } else { whole };
                    assert_eq!(heard, due, "{format:?}, {broken}");
                }
            }
        }
    }

    #[test]
    fn a_run_is_heard_while_anything_is_written() {
        for (failing, heard) in [
            ([Some(BROKEN), None, None], true),
            ([Some(BROKEN), Some(FULL), None], true),
            ([Some(BROKEN), None, Some(FULL)], true),
            ([Some(BROKEN), Some(FULL), Some(BROKEN)], false),
            ([Some(FULL), Some(FULL), Some(FULL)], true),
            ([None, Some(BROKEN), Some(BROKEN)], true),
        ] {
            assert_eq!(hear(Format::Pretty, failing).was_heard, heard, "{failing:?}");
        }
    }

    /// Where notices cannot be written, what programs read is not cut short.
    #[test]
    fn what_is_on_its_way_still_comes_when_standard_error_fails() {
        let paper = Paper::default();
        let err = Box::new(Full(Paper::default(), 0, FULL));
        let pages = Pages { out: Box::new(paper.clone()), is_terminal: false, err, log: None, record: None };
        let notices = vec![crate::model::Notice::Flaky { case: CaseId(0), failures: 1 }];
        let replay = Replay { notices, ..Replay::golden(Format::Json) };
        let mut outlets = Outlets::new(&replay.settings, 1, pages);
        let cases = replay.cases();
        let mut ledger = Ledger::new(&cases, false);
        for event in replay.events() {
            ledger.apply(&event);
            outlets.event(&event, &ledger);
        }
        assert_eq!(paper.read(), include_str!("goldens/json.txt"));
        assert_eq!(outlets.into_failures().map(|(place, _)| place).collect::<Vec<_>>(), [Place::Output]);
    }
}
