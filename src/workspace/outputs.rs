//! The flags and variables that say what is reported, how, and where to.

use std::env;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, value_parser};

use super::report::{Asked, FORMATS, Format, Style, has_colours};

/// What else the command line says that reports depend on.
pub(super) struct Said {
    pub(super) is_quiet: bool,
    /// `always` or `never`.
    pub(super) color: Option<bool>,
    pub(super) shows_output: bool,
}

/// Formats that a run can be reported in while it goes on. Annotations come besides.
fn of_runs() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(|(_, format)| *format != Format::Github).map(|(name, _)| *name)
}

pub(super) fn flags() -> [Arg; 3] {
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("PATH").help(help).value_parser(value_parser!(PathBuf))
    };
    [
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .help("How the run is reported [default: pretty; terse with --quiet]")
            .value_parser(PossibleValuesParser::new(of_runs())),
        path("junit", "Write JUnit's XML to this file besides"),
        path("record", "Write the record of the run to this file besides; see `docs/record.md`"),
    ]
}

/// What was asked for: by flag, or by `SNOUT_FORMAT` and `SNOUT_RECORD`.
pub(super) fn asked(matches: &ArgMatches, said: &Said) -> Result<Asked, clap::Error> {
    let format = match matches.get_one::<String>("format") {
        Some(name) => named(name),
        None => of_variable()?,
    };
    let format = format.unwrap_or(if said.is_quiet { Format::Terse } else { Format::Pretty });
    if said.shows_output && matches!(format, Format::Json | Format::Junit) {
        let text = "what tests print would stand among what programs read: leave `--nocapture` out, or write \
                    besides, with `--record PATH` or `--junit PATH`\n";
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, text));
    }
    let slowest = matches.get_one("slowest").copied();
    let style = Style { has_colours: has_colours(said.color), slowest, shows_output: said.shows_output };
    let of_variable = || env::var_os("SNOUT_RECORD").filter(|path| !path.is_empty()).map(PathBuf::from);
    Ok(Asked {
        format,
        style,
        junit: matches.get_one("junit").cloned(),
        record: matches.get_one("record").cloned().or_else(of_variable),
    })
}

fn named(name: &str) -> Option<Format> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
}

fn of_variable() -> Result<Option<Format>, clap::Error> {
    let Some(value) = env::var_os("SNOUT_FORMAT").filter(|value| !value.is_empty()) else { return Ok(None) };
    let value = value.to_string_lossy();
    if of_runs().any(|name| name == value) {
        return Ok(named(&value));
    }
    let known: Vec<&str> = of_runs().collect();
    let text = format!("SNOUT_FORMAT is `{value}`; make it one of {}\n", known.join(", "));
    Err(clap::Error::raw(ErrorKind::InvalidValue, text))
}
