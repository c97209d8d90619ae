//! Says what happened: one reporter a format, each a listener to the run's events.
//!
//! A reporter writes to the writer it is given and asks nothing but the ledger. The texts of `pretty`, `terse`, `json`,
//! `junit` and the log file are those of the compiler's libtest; only what libtest has no words for adds lines: in
//! `pretty` and `terse` on standard output before the result, in `json` and `junit`, which programs read, on standard
//! error.
//!
//! | file         | duty                                                                     |
//! |--------------|--------------------------------------------------------------------------|
//! | `pretty`     | a line a test                                                            |
//! | `terse`      | a character a test                                                       |
//! | `console`    | what those two share: names, sections of output, the result              |
//! | `json`       | an object a line                                                         |
//! | `junit`      | one XML document at the end                                              |
//! | `log`        | `--logfile`                                                              |
//! | `record`     | `SNOUT_RECORD`: every event, for programs                                |
//! | `outlets`    | all of these at once, each writing to a place of its own                 |
//! | `list`       | `--list`                                                                 |
//! | `notes`      | what libtest has no words for                                            |
//! | `words`      | small texts that several formats share                                   |
//! | `escape`     | any text made safe for JSON and XML                                      |
//! | `pen`        | the buffer everything is written through, and its colours                |

mod console;
mod escape;
mod json;
mod junit;
mod list;
mod log;
mod notes;
mod outlets;
mod pen;
mod pretty;
mod record;
#[cfg(test)]
mod replay;
mod terse;
mod words;

use std::io::{self, Write};

use crate::accumulate::Ledger;
use crate::model::{Event, Format};
use crate::settings::Settings;

pub(crate) use list::list;
pub(crate) use notes::at_once;
pub(crate) use outlets::{Outlets, Pages, Place};
use pen::Pen;
pub(crate) use record::Origin;

/// Hears every event of a run, after the ledger has taken it in.
trait Reporter {
    /// Writes what this event calls for. Nothing need reach the terminal before `flush`.
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()>;

    /// Whether it has a use for [`Event::Started`]. It may be told of them all the same.
    fn hears_starts(&self) -> bool {
        true
    }

    /// Lets everything written so far be seen.
    fn flush(&mut self) -> io::Result<()>;
}

fn of_format(settings: &Settings, lanes: usize, pen: Pen, err: Box<dyn Write>) -> Box<dyn Reporter> {
    match settings.format {
        Format::Pretty => Box::new(pretty::Pretty::new(settings, lanes, pen)),
        Format::Terse => Box::new(terse::Terse::new(settings, lanes, pen)),
        Format::Json => Box::new(json::Json::new(settings, pen, err)),
        Format::Junit => Box::new(junit::Junit::new(settings, pen, err)),
    }
}
