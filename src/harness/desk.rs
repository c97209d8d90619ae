//! Where the events of a run arrive, and where they go from there: to the ledger, and to whatever the run is reported to.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::accumulate::Ledger;
use crate::context::RunReport;
use crate::dispatch::Listener;
use crate::error::Error;
use crate::execute;
use crate::model::{Event, Finished};
use crate::report::{self, Origin, Outlets, Pages, Place};
use crate::settings::Settings;
use crate::sys::file::OutputFile;
use crate::sys::standard::{StandardStream, is_terminal};

/// The ledger takes events in, and reporters say what they call for.
pub(super) struct Desk<'run> {
    ledger: Ledger<'run>,
    outlets: Outlets,
}

impl<'run> Desk<'run> {
    pub(super) fn new(ledger: Ledger<'run>, outlets: Outlets) -> Desk<'run> {
        Desk { ledger, outlets }
    }

    /// What people who wait should know now.
    fn say_at_once(&mut self, event: &Event) {
        let Event::Notice(notice) = event else { return };
        if let Some(line) = report::at_once(notice, &self.ledger) {
            self.outlets.flush();
            // If standard error is closed, there is nobody to tell.
            let _ = write!(StandardStream::error(), "\nsnout: {line}\n");
        }
    }

    /// Says on standard error what could not be written, a line a place. Whether that is nothing, and the run is a success.
    ///
    /// `gap` is written before the first line.
    pub(super) fn close(self, gap: &str) -> bool {
        let Desk { ledger, outlets } = self;
        let mut text = String::new();
        for (place, error) in outlets.into_failures() {
            let task = match place {
                Place::Output => format!("write the report ({}) to {place}", summary(&ledger)),
                Place::Log(_) | Place::Record(_) => format!("write {place}"),
            };
            text.push_str(&format!("error: {}\n", Error::system(task, error)));
        }
        if text.is_empty() {
            return ledger.is_success();
        }
        // If standard error is closed too, the exit code has to do.
        let _ = StandardStream::error().write_all(format!("{gap}{text}").as_bytes());
        false
    }
}

/// What came of the run, for who could not be told more.
fn summary(ledger: &Ledger<'_>) -> String {
    let (tally, selected) = (ledger.tally(), ledger.started().selected);
    let mut summary = format!("{} passed, {} failed, {} ignored", tally.passed, tally.failed, tally.ignored);
    for (count, word) in [(tally.measured, "measured"), (selected.saturating_sub(tally.total()), "not run")] {
        if count > 0 {
            summary.push_str(&format!(", {count} {word}"));
        }
    }
    summary
}

impl Listener for Desk<'_> {
    fn hear(&mut self, event: Event) -> io::Result<()> {
        self.ledger.apply(&event);
        self.outlets.event(&event, &self.ledger);
        self.say_at_once(&event);
        Ok(())
    }

    fn hears_starts(&self) -> bool {
        self.outlets.hear_starts()
    }

    fn is_heard(&self) -> bool {
        self.outlets.are_heard()
    }

    fn run_report(&self) -> RunReport<'_> {
        let name = |finished: &Finished| self.ledger.case(finished.case).name;
        let all = self.ledger.all().iter();
        let tests = all.map(|finished| execute::report(name(finished), &finished.outcome, finished.elapsed));
        RunReport::new(tests.collect(), self.ledger.is_success())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.outlets.flush();
        Ok(())
    }
}

/// What the run is to be written on. Files are made at once, so that a path which cannot be written to is known before any test runs.
pub(super) fn pages(settings: &Settings, arguments: &[OsString]) -> Result<Pages, Error> {
    let log = match &settings.log {
        None => None,
        Some(path) => {
            let cannot = |error| Error::system(format!("make the log file `{}`", path.display()), error);
            let page: Box<dyn Write> = Box::new(OutputFile::create(path).map_err(cannot)?);
            Some((path.clone(), page))
        }
    };
    let record = match &settings.record {
        None => None,
        Some(path) => {
            let origin = origin(arguments);
            let cannot = |error| Error::system(format!("make the record `{}`", path.display()), error);
            let (path, file) = make_record(path, &origin).map_err(cannot)?;
            let page: Box<dyn Write> = Box::new(file);
            Some((path, page, origin))
        }
    };
    let (out, err) = (Box::new(StandardStream::output()), Box::new(StandardStream::error()));
    Ok(Pages { out, is_terminal: is_terminal(), err, log, record })
}

/// Makes the record: the file of that name, or one of its own in the folder of that name.
fn make_record(path: &Path, origin: &Origin) -> io::Result<(PathBuf, OutputFile)> {
    let is_meant_as_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_meant_as_folder {
        std::fs::create_dir_all(path)?;
    }
    if !path.is_dir() {
        return OutputFile::create(path).map(|file| (path.to_owned(), file));
    }
    let mut again = String::new();
    for number in 2_u32.. {
        let file = path.join(format!("{}-{}{again}.jsonl", origin.name, origin.pid));
        match OutputFile::create_new(&file) {
            // In containers, numbers of processes come again.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => again = format!("-{number}"),
            made => return made.map(|page| (file, page)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn origin(arguments: &[OsString]) -> Origin {
    let text = |argument: &OsString| argument.to_string_lossy().into_owned();
    let folder = std::env::current_dir().unwrap_or_default();
    Origin {
        arguments: arguments.iter().map(text).collect(),
        name: arguments.first().map_or_else(String::new, |program| name_of(Path::new(program))),
        folder: folder.to_string_lossy().into_owned(),
        pid: std::process::id(),
        time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
    }
}

/// `parser` for `target/debug/deps/parser-0123456789abcdef`.
fn name_of(program: &Path) -> String {
    let file = program.file_name().unwrap_or_default().to_string_lossy();
    let file = file.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(&file);
    let is_cargos = |number: &str| number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    match file.rsplit_once('-') {
        Some((name, number)) if is_cargos(number) => name.to_owned(),
        _ => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_what_its_target_is() {
        for (path, name) in [
            ("target/debug/deps/parser-0123456789abcdef", "parser"),
            ("/t/two-words-0123456789abcdef", "two-words"),
            ("./two-words", "two-words"),
            ("parser-0123456789abcdeg", "parser-0123456789abcdeg"),
            ("with.dot-0123456789abcdef", "with.dot"),
            ("", ""),
        ] {
            assert_eq!(name_of(Path::new(path)), name, "{path}");
        }
    }

    #[test]
    fn no_record_in_a_folder_takes_another_s_place() {
        let folder = std::env::temp_dir().join(format!("snout-records-{}", std::process::id()));
        let below = folder.join("below/"); // the slash says that it is one
        let origin = Origin { name: "parser".into(), pid: 7, ..Origin::default() };
        let made: Vec<PathBuf> = [&below, &below, &folder.join("below")]
            .into_iter()
            .map(|path| make_record(path, &origin).expect("a folder that can be written to").0)
            .collect();
        let expected =
            ["parser-7.jsonl", "parser-7-2.jsonl", "parser-7-3.jsonl"].map(|name| below.join(name));
        std::fs::remove_dir_all(&folder).expect("it was made just now");
        assert_eq!(made, expected);
    }
}
