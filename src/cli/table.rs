//! The flags, one unit each: name, value, text, effect. Order, names and texts are libtest's.

use super::flags::{FORMATS, Flags};
use super::restart::{self, RESTART};
use crate::error::Error;
use crate::model::{ColorChoice, parse_duration};

/// One flag.
pub(super) struct Flag {
    pub(super) short: &'static str,
    pub(super) long: &'static str,
    pub(super) takes: Takes,
    pub(super) help: &'static str,
    /// Accepted, but not spoken of.
    pub(super) hidden: bool,
    /// Notes that it was typed, with this value.
    pub(super) set: fn(&mut Flags, &str) -> Result<(), Error>,
}

/// What stands behind a flag, and what the help calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// A value. The flag may not be repeated.
    One(&'static str),
    /// A value. The flag may be repeated.
    Many(&'static str),
    /// A value behind `=`, or nothing. The flag may not be repeated.
    Maybe(&'static str),
}

impl Flag {
    /// What the parser knows the flag by.
    pub(super) fn name(&self) -> &'static str {
        if self.long.is_empty() { self.short } else { self.long }
    }
}

/// Notes that a switch was typed.
type Switch = fn(&mut Flags, &str) -> Result<(), Error>;

const fn switch(long: &'static str, help: &'static str, set: Switch) -> Flag {
    Flag { short: "", long, takes: Takes::Nothing, help, hidden: false, set }
}

const fn value(long: &'static str, takes: Takes, help: &'static str, set: Switch) -> Flag {
    Flag { short: "", long, takes, help, hidden: false, set }
}

/// A function that notes a switch in this field.
macro_rules! note {
    ($field:ident) => {
        |flags, _| {
            flags.$field = true;
            Ok(())
        }
    };
}

/// Every flag. `--test-threads` and `--color` may be repeated since Rust 1.100; before, libtest refuses that.
pub(super) const FLAGS: [Flag; 28] = [
    switch("include-ignored", "Run ignored and not ignored tests", note!(include_ignored)),
    switch("ignored", "Run only ignored tests", note!(ignored)),
    switch(
        "force-run-in-process",
        "Forces tests to run in-process when panic=abort",
        note!(force_run_in_process),
    ),
    switch("exclude-should-panic", "Excludes tests marked as should_panic", note!(exclude_should_panic)),
    switch("test", "Run tests and not benchmarks", note!(test)),
    switch("bench", "Run benchmarks instead of tests", note!(bench)),
    switch("list", "List all tests and benchmarks", note!(list)),
    switch("fail-fast", "Don't start new tests after the first failure", note!(fail_fast)),
    Flag { short: "h", ..switch("help", "Display this message", |_, _| Ok(())) },
    value("logfile", Takes::One("PATH"), "Write logs to the specified file (deprecated)", |flags, value| {
        flags.logfile = Some(value.into());
        Ok(())
    }),
    switch(
        "no-capture",
        "don't capture stdout/stderr of each task, allow printing directly",
        note!(no_capture),
    ),
    Flag { hidden: true, ..switch("nocapture", "Deprecated, use `--no-capture`", note!(no_capture)) },
    value(
        "test-threads",
        Takes::Many("n_threads"),
        "Number of threads used for running tests in parallel",
        set_threads,
    ),
    // Our own, and nose's. libtest's help does not have them, so neither has ours; README does.
    Flag {
        hidden: true,
        ..value("record", Takes::One("PATH"), "Write a record of the run, as SNOUT_RECORD", |flags, value| {
            flags.record = Some(value.into());
            Ok(())
        })
    },
    Flag {
        hidden: true,
        ..value(
            "processes",
            Takes::Many("N"),
            "How many tests run at the same time, as nose has it",
            set_processes,
        )
    },
    Flag {
        hidden: true,
        ..value(
            "process-timeout",
            Takes::Many("SECONDS"),
            "How long a test may take, as nose has it",
            set_process_timeout,
        )
    },
    Flag {
        hidden: true,
        ..value(
            "process-restartworker",
            Takes::Maybe("COUNT|SIZE"),
            "When the process that tests run in is replaced, as nose has it",
            set_restart,
        )
    },
    value(
        "skip",
        Takes::Many("FILTER"),
        "Skip tests whose names contain FILTER (this flag can be used multiple times)",
        |flags, value| {
            flags.skips.push(value.to_owned());
            Ok(())
        },
    ),
    Flag {
        short: "q",
        ..switch(
            "quiet",
            "Display one character per test instead of one line. Alias to --format=terse",
            note!(quiet),
        )
    },
    switch("exact", "Exactly match filters rather than by substring", note!(exact)),
    value(
        "color",
        Takes::Many("auto|always|never"),
        "Configure coloring of output:
            auto   = colorize if stdout is a tty and tests are run on serially (default);
            always = always colorize output;
            never  = never colorize output;",
        set_color,
    ),
    value(
        "format",
        Takes::One("pretty|terse|json|junit"),
        "Configure formatting of output:
            pretty = Print verbose output;
            terse  = Display one character per test;
            json   = Output a json document;
            junit  = Output a JUnit document",
        set_format,
    ),
    switch("show-output", "Show captured stdout of successful tests", note!(show_output)),
    Flag {
        short: "Z",
        long: "",
        takes: Takes::One("unstable-options"),
        help: "Enable nightly-only flags:
            unstable-options = Allow use of experimental features",
        hidden: false,
        set: check_unstable,
    },
    switch("report-time", REPORT_TIME, note!(report_time)),
    switch("ensure-time", ENSURE_TIME, note!(ensure_time)),
    switch("shuffle", "Run tests in random order", note!(shuffle)),
    value(
        "shuffle-seed",
        Takes::One("SEED"),
        "Run tests in random order; seed the random number generator with SEED",
        set_shuffle_seed,
    ),
];

const REPORT_TIME: &str = "Show execution time of each test.

            Threshold values for colorized output can be configured via
            `RUST_TEST_TIME_UNIT`, `RUST_TEST_TIME_INTEGRATION` and
            `RUST_TEST_TIME_DOCTEST` environment variables.

            Expected format of environment variable is `VARIABLE=WARN_TIME,CRITICAL_TIME`.
            Durations must be specified in milliseconds, e.g. `500,2000` means that the warn time
            is 0.5 seconds, and the critical time is 2 seconds.

            Not available for --format=terse";

const ENSURE_TIME: &str = "Treat excess of the test execution time limit as error.

            Threshold values for this option can be configured via
            `RUST_TEST_TIME_UNIT`, `RUST_TEST_TIME_INTEGRATION` and
            `RUST_TEST_TIME_DOCTEST` environment variables.

            Expected format of environment variable is `VARIABLE=WARN_TIME,CRITICAL_TIME`.

            `CRITICAL_TIME` here means the limit that should not be exceeded by test.
            ";

fn set_processes(flags: &mut Flags, value: &str) -> Result<(), Error> {
    let processes = value.parse();
    flags.processes = Some(processes.map_err(|_| Error::value("--processes", value, PROCESSES))?);
    Ok(())
}

fn set_process_timeout(flags: &mut Flags, value: &str) -> Result<(), Error> {
    // nose's is a number of seconds.
    let timeout = parse_duration(value).or_else(|| parse_duration(&format!("{value}s")));
    let advice = "no duration: write seconds, or like `500ms`, `5s` or `2m`";
    flags.process_timeout = Some(timeout.ok_or_else(|| Error::value("--process-timeout", value, advice))?);
    Ok(())
}

fn set_restart(flags: &mut Flags, value: &str) -> Result<(), Error> {
    let restart = restart::parse(value);
    flags.restart = Some(restart.ok_or_else(|| Error::value("--process-restartworker", value, RESTART))?);
    Ok(())
}

/// What to do about a value that is none.
pub(super) const PROCESSES: &str = "no number: write how many, `0` for all in order in one process, or `-1` for as many as there are processors";

fn set_threads(flags: &mut Flags, value: &str) -> Result<(), Error> {
    let count: usize = value.parse().map_err(|error| {
        Error::usage(format!("argument for --test-threads must be a number > 0 (error: {error})"))
    })?;
    flags.threads = count.try_into().ok();
    match flags.threads {
        Some(_) => Ok(()),
        None => Err(Error::usage("argument for --test-threads must not be 0")),
    }
}

fn set_color(flags: &mut Flags, value: &str) -> Result<(), Error> {
    flags.color = match value {
        "auto" => ColorChoice::Auto,
        "always" => ColorChoice::Always,
        "never" => ColorChoice::Never,
        _ => {
            let text = format!("argument for --color must be auto, always, or never (was {value})");
            return Err(Error::usage(text));
        }
    };
    Ok(())
}

fn set_format(flags: &mut Flags, value: &str) -> Result<(), Error> {
    match FORMATS.iter().find(|(name, _)| *name == value) {
        Some((_, format)) => flags.format = Some(*format),
        None => {
            let text = format!("argument for --format must be pretty, terse, json or junit (was {value})");
            return Err(Error::usage(text));
        }
    }
    Ok(())
}

/// What libtest allows with this, we always do.
fn check_unstable(_: &mut Flags, value: &str) -> Result<(), Error> {
    if value == "unstable-options" { Ok(()) } else { Err(Error::usage("Unrecognized option to `Z`")) }
}

fn set_shuffle_seed(flags: &mut Flags, value: &str) -> Result<(), Error> {
    let seed = value.parse().map_err(|error: std::num::ParseIntError| {
        Error::usage(format!("argument for --shuffle-seed must be a number (error: {error})"))
    })?;
    flags.shuffle_seed = Some(seed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let mut names: Vec<&str> = FLAGS.iter().flat_map(|flag| [flag.short, flag.long]).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn names_are_well_formed() {
        for flag in &FLAGS {
            assert!(flag.short.len() <= 1 && flag.name() != "", "{}", flag.long);
            assert!(flag.long.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", flag.long);
        }
    }

    #[test]
    fn every_flag_has_a_help_text_and_every_value_a_name() {
        for flag in &FLAGS {
            assert!(!flag.help.is_empty(), "{}", flag.long);
            assert!(
                !matches!(flag.takes, Takes::One("") | Takes::Many("") | Takes::Maybe("")),
                "{}",
                flag.long
            );
        }
    }
}
