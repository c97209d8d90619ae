//! Where reports go. A place that cannot be written to is left alone from then on; the others hear the run to its end.

use std::env;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use super::bar::{Bar, Expected};
use super::github::Annotations;
use super::junit::Junit;
use super::pretty::Style;
use super::summary::Summary;
use super::{Format, Lines, Reporter, Reports, of_format};
use crate::sys::terminal;
use crate::workspace::events::Event;
use crate::workspace::problem::Problem;
use crate::workspace::replay;
use crate::workspace::results::Ledger;

/// What reports are asked for, besides the record of the last run.
#[derive(Debug, Default)]
pub(in crate::workspace) struct Asked {
    pub(in crate::workspace) format: Format,
    pub(in crate::workspace) style: Style,
    /// Where JUnit's XML goes besides.
    pub(in crate::workspace) junit: Option<PathBuf>,
    /// Where the record goes besides.
    pub(in crate::workspace) record: Option<PathBuf>,
}

/// A place that is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Output,
    /// A file that was asked for by its path.
    Asked(PathBuf),
    /// The record of the last run.
    Last(PathBuf),
    /// What GitHub shows of a job.
    Summary(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Output => out.write_str("standard output"),
            Place::Asked(path) => write!(out, "`{}`", path.display()),
            Place::Last(path) => write!(out, "the record of the last run, `{}`", path.display()),
            Place::Summary(path) => write!(out, "the job summary `{}`", path.display()),
        }
    }
}

/// Reporters that share a place, what they have said and is not written yet, and where it goes.
pub(in crate::workspace) struct Outlet {
    pub(super) place: Place,
    reporters: Vec<Box<dyn Reporter>>,
    text: String,
    out: Box<dyn Write>,
    /// Why it is not written to any more.
    pub(super) failure: Option<io::Error>,
}

impl Outlet {
    pub(super) fn new(place: Place, reporters: Vec<Box<dyn Reporter>>, out: Box<dyn Write>) -> Outlet {
        Outlet { place, reporters, text: String::new(), out, failure: None }
    }

    pub(super) fn is_output(&self) -> bool {
        self.place == Place::Output
    }

    pub(super) fn event(&mut self, event: &Event, line: &str, ledger: &Ledger) {
        if self.failure.is_none() {
            self.reporters.iter_mut().for_each(|it| it.event(event, line, (ledger, &mut self.text)));
        }
    }

    /// Writes what waits; on standard output between what takes the bar away and what draws it again.
    pub(super) fn flush(&mut self, erased: &str, drawn: &str) {
        let (before, behind) = if self.is_output() { (erased, drawn) } else { ("", "") };
        let is_idle = self.text.is_empty() && before.is_empty() && behind.is_empty();
        if self.failure.is_some() || is_idle {
            return;
        }
        // In one piece, so that no terminal shows half of it.
        let text = format!("{before}{}{behind}", self.text);
        self.text.clear();
        self.failure = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).err();
    }
}

impl Reports {
    /// Those of a run. What cannot be made is refused, before any test runs.
    pub(in crate::workspace) fn open(asked: &Asked, memory: Option<&Path>) -> Result<Reports, Problem> {
        // Before it is replaced.
        let bar = has_bar(asked)
            .then(|| Bar::new(memory.map(Expected::read).unwrap_or_default(), asked.style.has_colours));
        let on_github = env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let mut spoken = vec![of_format(asked.format, &asked.style)];
        let mut outlets = Vec::new();
        let is_for_programs = matches!(asked.format, Format::Json | Format::Junit);
        if on_github && !is_for_programs && asked.format != Format::Github {
            spoken.push(Box::new(Annotations::new()));
        } else if on_github && is_for_programs {
            // GitHub reads them there, too.
            outlets.push(Outlet::new(
                Place::Output,
                vec![Box::new(Annotations::new())],
                Box::new(io::stderr()),
            ));
        }
        outlets.push(Outlet::new(Place::Output, spoken, Box::new(io::stdout())));
        for (path, reporter) in
            [(&asked.junit, Box::<Junit>::default() as Box<dyn Reporter>), (&asked.record, Box::new(Lines))]
        {
            if let Some(path) = path {
                let path = &place_for(path);
                let file = File::create(path).map_err(|error| Problem::path("write", path, &error))?;
                outlets.push(Outlet::new(Place::Asked(path.clone()), vec![reporter], Box::new(file)));
            }
        }
        outlets.extend(on_github.then(summary).flatten());
        outlets.extend(memory.map(last));
        Ok(Reports::new(outlets, bar))
    }

    /// Those of a run that is over, on standard output.
    pub(in crate::workspace) fn of_record(asked: &Asked) -> Reports {
        let output = of_format(asked.format, &asked.style);
        let output = Outlet::new(Place::Output, vec![output], Box::new(io::stdout()));
        let summary = (asked.format == Format::Github).then(summary).flatten();
        Reports::new([output].into_iter().chain(summary).collect(), None)
    }
}

/// The file that is meant: in a folder, one of this process's own.
fn place_for(path: &Path) -> PathBuf {
    let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if !is_folder {
        return path.to_owned();
    }
    // If it cannot be made, neither can the file in it, which is told.
    let _ = fs::create_dir_all(path);
    path.join(format!("cargo-snout-{}.jsonl", std::process::id()))
}

/// The job summary that GitHub asks for, to be appended to.
fn summary() -> Option<Outlet> {
    let path = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)?;
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    Some(made(Place::Summary(path), Box::new(Summary::new()), opened))
}

/// The record of the last run. It takes the place of the one before at once, so that a run that is killed is the last run, too; whoever
/// reads the one before goes on reading that.
fn last(memory: &Path) -> Outlet {
    let path = memory.join(replay::LAST);
    let draft = memory.join(format!("{}.{}", replay::LAST, std::process::id()));
    let opened = fs::create_dir_all(memory)
        .and_then(|()| File::create(&draft))
        .and_then(|file| fs::rename(&draft, &path).map(|()| file));
    made(Place::Last(path), Box::new(Lines), opened)
}

/// An outlet to a file; one that has failed already, if that could not be opened.
fn made(place: Place, reporter: Box<dyn Reporter>, opened: io::Result<File>) -> Outlet {
    match opened {
        Ok(file) => Outlet::new(place, vec![reporter], Box::new(file)),
        Err(error) => {
            let outlet = Outlet::new(place, Vec::new(), Box::new(io::sink()));
            Outlet { failure: Some(error), ..outlet }
        }
    }
}

/// Whether there is a terminal that lines can be taken back on, and somebody to look at it.
fn has_bar(asked: &Asked) -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_never = env::var_os("CARGO_TERM_PROGRESS_WHEN").is_some_and(|value| value == "never");
    matches!(asked.format, Format::Pretty | Format::Terse)
        && !asked.style.shows_output
        && has_terminal()
        && !is_set("CI")
        && !is_never
        && terminal::size(io::stdout().as_raw_fd()).is_some()
}

/// Whether standard output is a terminal that understands more than lines.
fn has_terminal() -> bool {
    let term = env::var_os("TERM").unwrap_or_default();
    io::stdout().is_terminal() && !term.is_empty() && term != "dumb"
}

/// Whether words are coloured: as the flag says, as cargo is configured, as everybody's `NO_COLOR` says, or if there is a terminal.
pub(in crate::workspace) fn has_colours(flag: Option<bool>) -> bool {
    let of_cargo = || match env::var("CARGO_TERM_COLOR").ok()?.as_str() {
        "always" => Some(true),
        "never" => Some(false),
        _ => None,
    };
    let nobodys = || env::var_os("NO_COLOR").filter(|value| !value.is_empty()).map(|_| false);
    flag.or_else(of_cargo).or_else(nobodys).unwrap_or_else(has_terminal)
}
