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
mod pen;
mod pretty;
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
use pen::Pen;

/// Hears every event of a run, after the ledger has taken it in.
pub(crate) trait Reporter {
    /// Writes what this event calls for. Nothing need reach the terminal before `flush`.
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()>;

    /// Lets everything written so far be seen.
    fn flush(&mut self) -> io::Result<()>;
}

/// The reporter of the chosen format, writing to `out`, and of the log file if one is asked for, which is made at once.
///
/// `lanes` is how many tests may run at the same time. `err` hears notices where `out` is for programs to read.
pub(crate) fn reporter(
    settings: &Settings,
    lanes: usize,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
) -> io::Result<Box<dyn Reporter>> {
    let chosen = of_format(settings, lanes, Pen::for_console(out, settings), err);
    match &settings.log {
        None => Ok(chosen),
        Some(path) => Ok(Box::new(Both(Box::new(log::Log::create(path, settings)?), chosen))),
    }
}

fn of_format(settings: &Settings, lanes: usize, pen: Pen, err: Box<dyn Write>) -> Box<dyn Reporter> {
    match settings.format {
        Format::Pretty => Box::new(pretty::Pretty::new(settings, lanes, pen)),
        Format::Terse => Box::new(terse::Terse::new(settings, lanes, pen)),
        Format::Json => Box::new(json::Json::new(settings, pen, err)),
        Format::Junit => Box::new(junit::Junit::new(settings, pen, err)),
    }
}

/// Two reporters that hear the same run.
struct Both(Box<dyn Reporter>, Box<dyn Reporter>);

impl Reporter for Both {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        self.0.event(event, ledger)?;
        self.1.event(event, ledger)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::replay::{Paper, Replay};
    use super::*;

    #[test]
    fn the_log_file_is_made_at_once_and_written_beside_the_rest() {
        let path = std::env::temp_dir().join(format!("snout-log-{}", std::process::id()));
        let mut replay = Replay::golden(Format::Junit).ensure_time();
        replay.settings.log = Some(path.clone());
        let paper = Paper::default();
        let mut both =
            reporter(&replay.settings, 1, Box::new(paper.clone()), Box::new(io::sink())).expect("a log");
        assert!(path.exists());
        let cases = replay.cases();
        let mut ledger = Ledger::new(&cases, false);
        for event in replay.events() {
            ledger.apply(&event);
            both.event(&event, &ledger).expect("paper and disk take all");
        }
        both.flush().expect("paper and disk take all");
        let logged = std::fs::read_to_string(&path).expect("the log");
        std::fs::remove_file(&path).expect("it was there just now");
        assert_eq!(logged, include_str!("goldens/log.txt"));
        assert!(paper.read().ends_with("</testsuites>\n"));
    }
}
