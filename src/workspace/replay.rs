//! `cargo snout report FORMAT [RECORD]`: the report of a run that is over, made of its record.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::builder::PossibleValuesParser;
use clap::builder::styling::Styles;
use clap::{Arg, ArgMatches, value_parser};
use serde_json::Value;

use super::events::{self, End, Event, RunLine, Start, SuiteEnd, VERSION, What};
use super::problem::Problem;
use super::record::Line;
use super::report::{Asked, FORMATS, Format, Reports, Style, has_colours};
use super::{exit, say};

/// The name of the last run's record, in the folder of what is to be known the next time.
pub(super) const LAST: &str = "last-run.jsonl";

/// The word that asks for it.
const WORD: &str = "report";

/// Makes the report, if the command line, which begins with the program, asks for one.
pub(super) fn asked_for(arguments: &[OsString]) -> Option<ExitCode> {
    let skipped = 1 + usize::from(arguments.get(1).is_some_and(|first| first == "snout"));
    let rest = arguments.get(skipped..)?.strip_prefix(&[OsString::from(WORD)])?;
    let name = OsString::from("cargo snout report");
    let words = [name].into_iter().chain(rest.iter().cloned());
    let matches = match command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => {
            // What cannot be printed is in the exit code.
            let _ = error.print();
            return Some(ExitCode::from(if error.use_stderr() { exit::PROBLEM } else { exit::GOOD }));
        }
    };
    let code = report(&matches).unwrap_or_else(|problem| {
        problem.line().iter().for_each(|line| say(line));
        problem.code()
    });
    Some(ExitCode::from(code))
}

fn command() -> clap::Command {
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).help(help).value_parser(value_parser!(PathBuf))
    };
    clap::Command::new("cargo snout report")
        .bin_name("cargo snout report")
        .about("Makes the report of a run that is over")
        .styles(Styles::plain())
        .after_help("Exit codes: 0 if the report was made, whatever it says; 2 if not.")
        .arg(
            Arg::new("FORMAT")
                .help("How it is reported")
                .required(true)
                .value_parser(PossibleValuesParser::new(FORMATS.iter().map(|(name, _)| *name))),
        )
        .arg(path("RECORD", "The record, of `--record` or of a test binary [default: that of the last run]"))
        .arg(
            Arg::new("slowest")
                .long("slowest")
                .value_name("N")
                .help("Name so many of the slowest tests [default: up to 5 that took over a second]")
                .value_parser(value_parser!(usize)),
        )
        .arg(
            Arg::new("color")
                .long("color")
                .value_name("WHEN")
                .help("Colours")
                .value_parser(PossibleValuesParser::new(["auto", "always", "never"])),
        )
        .arg(path("manifest-path", "Path to Cargo.toml").long("manifest-path").value_name("PATH"))
        .arg(path("target-dir", "Folder for all generated artifacts").long("target-dir").value_name("FOLDER"))
}

fn report(matches: &ArgMatches) -> Result<u8, Problem> {
    let path = match matches.get_one::<PathBuf>("RECORD") {
        Some(path) => path.clone(),
        None => last(matches)?,
    };
    let text = fs::read(&path).map_err(|error| {
        let path = path.display();
        Problem::new(format!(
            "cannot read the record `{path}`: {error}; see what `cargo snout --record` wrote"
        ))
    })?;
    let color =
        matches.get_one::<String>("color").filter(|when| *when != "auto").map(|when| when == "always");
    let slowest = matches.get_one("slowest").copied();
    let format = matches.get_one::<String>("FORMAT");
    let format = FORMATS.iter().find(|(name, _)| format.is_some_and(|asked| asked == name));
    let asked = Asked {
        format: format.map_or(Format::Pretty, |(_, format)| *format),
        style: Style { has_colours: has_colours(color), slowest, shows_output: false },
        ..Asked::default()
    };
    let mut reports = Reports::of_record(&asked);
    let warnings = replay(&String::from_utf8_lossy(&text), &mut reports)
        .map_err(|why| Problem::new(format!("`{}` {why}", path.display())))?;
    let is_whole = reports.close();
    warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    Ok(if is_whole { exit::GOOD } else { exit::PROBLEM })
}

/// Has the reports hear what the record says. What is to be said of the record itself; an error says why it is none.
pub(super) fn replay(text: &str, reports: &mut Reports) -> Result<Vec<String>, String> {
    let first = text.lines().next().unwrap_or_default();
    let head: Value = serde_json::from_str(first).unwrap_or_default();
    match head["record"].as_u64() {
        None if text.is_empty() => {
            return Err("is empty: the run has not begun, or was killed; run again".to_owned());
        }
        None => return Err("is no record of a run: see `docs/record.md` for what one is".to_owned()),
        Some(VERSION) => {}
        Some(other) => {
            return Err(format!(
                "is a record of version {other}, and this is `cargo snout` for version {VERSION}: install the one that wrote it"
            ));
        }
    }
    let mut unread = 0;
    let alone = of_binary(&head, reports);
    for line in text.lines() {
        match events::read(line) {
            None => unread += usize::from(!line.is_empty()),
            Some(event) => match &alone {
                None => reports.event(&event, line),
                Some(alone) => alone.event(event, line, reports),
            },
        }
    }
    let mut warnings = Vec::new();
    let is_cut = unread > 0 && !text.ends_with('\n');
    if unread > usize::from(is_cut) {
        let lines = super::results::counted(unread - usize::from(is_cut), "line");
        warnings
            .push(format!("{lines} of the record could not be read and are left out; see `docs/record.md`"));
    }
    if !reports.ledger.is_over {
        let cut = if is_cut { ", in the middle of a line" } else { "" };
        warnings.push(format!(
            "the record breaks off{cut}: the run was killed, or still goes on; this is what is known"
        ));
        reports.ledger.break_off();
        let end = End { elapsed: reports.ledger.elapsed, ..End::default() };
        reports.event(&of_run(RunLine::WorkspaceFinished(end)), "");
    }
    Ok(warnings)
}

fn of_run(line: RunLine) -> Event {
    Event { suite: String::new(), at: 0.0, what: What::Run(line) }
}

/// The record of one test binary, which is told as that of a run of one suite.
struct Alone {
    name: String,
}

/// Begins such a run, if this is the first line of such a record.
fn of_binary(head: &Value, reports: &mut Reports) -> Option<Alone> {
    if head["event"] != "run_started" || head.get("suite").is_some() {
        return None;
    }
    let text = |key: &str| head[key].as_str().unwrap_or_default().to_owned();
    let name = text("name");
    let start = Start { record: VERSION, lanes: 1, suites: vec![name.clone()], ..Start::default() };
    reports.event(&of_run(RunLine::WorkspaceStarted(start)), "");
    let line = RunLine::SuiteStarted { folder: text("folder"), doc: false, lanes: 1, again: false };
    reports.event(&Event { suite: name.clone(), ..of_run(line) }, "");
    Some(Alone { name })
}

impl Alone {
    fn event(&self, event: Event, line: &str, reports: &mut Reports) {
        let What::Suite(said) = event.what else { return };
        let ended = match said {
            Line::Ended { success, elapsed } => Some((success, elapsed)),
            _ => None,
        };
        reports.event(&Event { suite: self.name.clone(), at: event.at, what: What::Suite(said) }, line);
        let Some((success, elapsed)) = ended else { return };
        let ledger = &reports.ledger;
        let progress = ledger.suites.get(&self.name).copied().unwrap_or_default();
        let trouble = (!success && ledger.failures.is_empty())
            .then(|| "its run failed, though no test did: see the notes".to_owned());
        let not_run = progress.selected.unwrap_or(0).saturating_sub(progress.finished);
        let end = SuiteEnd { elapsed, not_run, trouble, ..SuiteEnd::default() };
        reports.event(&Event { suite: self.name.clone(), ..of_run(RunLine::SuiteFinished(end)) }, "");
        let end = End { success, elapsed, ..End::default() };
        reports.event(&of_run(RunLine::WorkspaceFinished(end)), "");
    }
}

/// The record of the last run.
fn last(matches: &ArgMatches) -> Result<PathBuf, Problem> {
    let folders = match matches.get_one::<PathBuf>("target-dir") {
        Some(folder) => vec![folder.clone()],
        None => target_folders(matches)?,
    };
    // Of a build for a target of its own, one folder deeper.
    let below = |folder: &PathBuf| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).chain([folder.clone()]).collect()
    };
    let records = folders.iter().flat_map(below).map(|folder| folder.join("snout").join(LAST));
    let dated = records.filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)));
    dated.max().map(|(_, path)| path).ok_or_else(|| {
        let folder = folders.first().map_or(Path::new("target"), PathBuf::as_path).display();
        Problem::new(format!("there is no record of a run in `{folder}`: run `cargo snout` first"))
    })
}

/// Where cargo builds.
fn target_folders(matches: &ArgMatches) -> Result<Vec<PathBuf>, Problem> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    if let Some(path) = matches.get_one::<PathBuf>("manifest-path") {
        command.arg("--manifest-path").arg(path);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Problem::cargo(&error))?;
    if !output.status.success() {
        return Err(Problem::told_by_cargo(output.status.code()));
    }
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let folder = |key: &str| told[key].as_str().map(PathBuf::from);
    Ok(folder("target_directory").into_iter().chain(folder("build_directory")).collect())
}
