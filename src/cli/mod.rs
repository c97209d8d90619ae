//! What a user typed and set: libtest's command line, and the variables that a run is steered by. Inert.
//!
//! Each flag and each variable is looked at by itself here. What they mean together is `settings`' to say, once;
//! nothing else reads arguments or environment. The command line is parsed by the crate libtest parses it with, so
//! that the same words are accepted and the same refused; flags that libtest takes only with `-Z unstable-options`
//! need no such leave.

mod environment;
mod flags;
mod help;
mod own;
mod restart;
mod table;
mod threshold;
mod variables;

use std::ffi::OsStr;

pub(crate) use environment::Environment;
pub(crate) use flags::Flags;
pub(crate) use variables::RECORD;

use crate::error::Error;
use restart::EACH;
use table::{FLAGS, Takes};

/// What libtest writes to standard error, without a newline, if `--logfile` is given.
pub(crate) const LOGFILE_WARNING: &str = "warning: `--logfile` is deprecated";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Listing or running tests.
    Tests(Flags),
    /// This text, whole lines of it, and nothing more.
    Help(String),
}

/// Reads a command line; the first argument is the name of the program.
pub(crate) fn parse(arguments: &[impl AsRef<OsStr>]) -> Result<Request, Error> {
    let (program, typed) = match arguments.split_first() {
        Some((program, typed)) => (program.as_ref().to_string_lossy(), typed),
        None => ("...".into(), arguments),
    };
    let matches = options(true).parse(typed).map_err(|fail| Error::usage(fail.to_string()))?;
    if matches.opt_present("help") {
        return Ok(Request::Help(help::text(&program)));
    }
    let mut flags = Flags::default();
    for flag in &FLAGS {
        match flag.takes {
            Takes::Nothing if matches.opt_present(flag.name()) => (flag.set)(&mut flags, "")?,
            Takes::Nothing => {}
            Takes::One(_) | Takes::Many(_) => {
                matches.opt_strs(flag.name()).iter().try_for_each(|value| (flag.set)(&mut flags, value))?;
            }
            Takes::Maybe(_) if matches.opt_present(flag.name()) => {
                (flag.set)(&mut flags, matches.opt_str(flag.name()).as_deref().unwrap_or(EACH))?;
            }
            Takes::Maybe(_) => {}
        }
    }
    flags.filters = matches.free;
    Ok(Request::Tests(flags))
}

/// The flags as `getopts` is told of them; the hidden ones are parsed but not shown.
fn options(hidden: bool) -> getopts::Options {
    let mut options = getopts::Options::new();
    for flag in FLAGS.iter().filter(|flag| hidden || !flag.hidden) {
        match flag.takes {
            Takes::Nothing => options.optflag(flag.short, flag.long, flag.help),
            Takes::One(value) => options.optopt(flag.short, flag.long, flag.help, value),
            Takes::Many(value) => options.optmulti(flag.short, flag.long, flag.help, value),
            Takes::Maybe(value) => options.optflagopt(flag.short, flag.long, flag.help, value),
        };
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ColorChoice, Format};

    fn parsed(line: &str) -> Result<Flags, String> {
        let words: Vec<&str> = std::iter::once("bin").chain(line.split_whitespace()).collect();
        match parse(&words) {
            Ok(Request::Tests(flags)) => Ok(flags),
            Ok(Request::Help(text)) => Err(text),
            Err(error) => Err(error.to_string()),
        }
    }

    fn flags(line: &str) -> Flags {
        parsed(line).unwrap()
    }

    #[test]
    fn no_arguments_are_the_defaults() {
        assert_eq!(flags(""), Flags::default());
        let not_even_a_name: [&str; 0] = [];
        assert!(matches!(parse(&not_even_a_name), Ok(Request::Tests(flags)) if flags == Flags::default()));
    }

    #[test]
    fn every_switch_changes_something_and_needs_no_leave() {
        for flag in FLAGS.iter().filter(|flag| flag.takes == Takes::Nothing && flag.long != "help") {
            assert_ne!(flags(&format!("--{}", flag.long)), Flags::default(), "--{}", flag.long);
        }
    }

    #[test]
    fn values_come_behind_a_space_or_an_equals_sign_and_short_flags_bundle() {
        for line in ["--format json", "--format=json", "--format=json -Z unstable-options"] {
            assert_eq!(flags(line).format, Some(Format::Json), "{line}");
        }
        let bundled = flags("-qZunstable-options a -- --list");
        assert_eq!((bundled.quiet, bundled.list), (true, false));
        assert_eq!(bundled.filters, ["a", "--list"]);
    }

    #[test]
    fn what_may_be_repeated_adds_up_or_wins_last() {
        let flags =
            flags("--skip a --skip=b --test-threads 1 --test-threads 3 --color always --color never x y");
        assert_eq!(flags.skips, ["a", "b"]);
        assert_eq!(flags.filters, ["x", "y"]);
        assert_eq!((flags.threads.map(usize::from), flags.color), (Some(3), ColorChoice::Never));
    }

    #[test]
    fn what_nextest_rusty_fork_and_rust_analyzer_pass_is_understood() {
        let nextest = flags("a::b --nocapture --exact --ignored");
        assert_eq!((nextest.no_capture, nextest.exact, nextest.ignored), (true, true, true));
        let fork = flags("--quiet --test-threads 1 --nocapture --exact -- a::b");
        assert_eq!((fork.filters, fork.threads.map(usize::from)), (vec!["a::b".to_owned()], Some(1)));
        let analyzer = flags("a::b -Z unstable-options --format=json --show-output");
        assert_eq!((analyzer.format, analyzer.show_output), (Some(Format::Json), true));
    }

    /// The texts were compared with those of the libtest of Rust 1.95.
    #[test]
    fn a_bad_command_line_is_refused_in_the_words_of_libtest() {
        for (line, text) in [
            ("--foo", "Unrecognized option: 'foo'"),
            ("-x", "Unrecognized option: 'x'"),
            ("--li", "Unrecognized option: 'li'"),
            ("--skip", "Argument to option 'skip' missing"),
            ("--list=3", "Option 'list' does not take an argument"),
            ("--list --list", "Option 'list' given more than once"),
            ("-Z", "Argument to option 'Z' missing"),
            ("-Z other", "Unrecognized option to `Z`"),
            ("--color x", "argument for --color must be auto, always, or never (was x)"),
            ("--format x", "argument for --format must be pretty, terse, json or junit (was x)"),
            ("--test-threads 0", "argument for --test-threads must not be 0"),
            (
                "--test-threads x",
                "argument for --test-threads must be a number > 0 (error: invalid digit found in string)",
            ),
            (
                "--shuffle-seed x",
                "argument for --shuffle-seed must be a number (error: invalid digit found in string)",
            ),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_is_nose_s_is_refused_in_a_line_that_says_what_to_write() {
        for (line, text) in [
            (
                "--process-restartworker=often",
                "--process-restartworker is `often`, which is no number of tests and no size: write them like `100` or \
                 `512MiB`, `each` for one test a lane, or `0` for never",
            ),
            (
                "--process-restartworker=",
                "--process-restartworker is ``, which is no number of tests and no size: write them like `100` or `512MiB`, \
                 `each` for one test a lane, or `0` for never",
            ),
            (
                "--process-restartworker --process-restartworker=3",
                "Option 'process-restartworker' given more than once",
            ),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
    }

    #[test]
    fn help_is_given_whatever_else_is_asked() {
        assert!(
            parsed("-h --color x")
                .unwrap_err()
                .starts_with("Usage: bin [OPTIONS] [FILTERS...]\n\nOptions:\n")
        );
    }
}
