//! The command line of `cargo snout`: cargo's own selection flags, names to filter by, the subcommand's own flags, and behind `--`
//! those of the test binaries.
//!
//! cargo's flags are a table, for all that is done with them is to hand them on.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::builder::styling::Styles;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::limits::{self, Limits};
use super::nothing::NoTests;
use super::outputs;
use super::report::Asked;

/// A flag of `cargo test`.
struct Flag {
    short: Option<char>,
    long: &'static str,
    /// What its value is called, if it takes one.
    value: Option<&'static str>,
    help: &'static str,
}

const fn switch(long: &'static str, help: &'static str) -> Flag {
    Flag { short: None, long, value: None, help }
}

const fn value(long: &'static str, value: &'static str, help: &'static str) -> Flag {
    Flag { short: None, long, value: Some(value), help }
}

/// Flags of `cargo test` that say what is built and tested. Their meaning is cargo's.
const CARGO: [Flag; 37] = [
    Flag { short: Some('p'), ..value("package", "SPEC", "Test only the specified packages") },
    switch("workspace", "Test all packages in the workspace"),
    value("exclude", "SPEC", "Exclude packages from the test"),
    switch("all", "Alias for --workspace"),
    switch("lib", "Test only this package's library"),
    switch("bins", "Test all binaries"),
    value("bin", "NAME", "Test only the specified binary"),
    switch("examples", "Test all examples"),
    value("example", "NAME", "Test only the specified example"),
    switch("tests", "Test all targets that have `test = true` set"),
    value("test", "NAME", "Test only the specified test target"),
    switch("benches", "Test all targets that have `bench = true` set"),
    value("bench", "NAME", "Test only the specified bench target"),
    switch("all-targets", "Test all targets, but no doctests"),
    switch("doc", "Test only the documentation of libraries"),
    switch("no-run", "Build, but do not run"),
    Flag { short: Some('F'), ..value("features", "FEATURES", "Features to activate") },
    switch("all-features", "Activate all available features"),
    switch("no-default-features", "Do not activate the `default` feature"),
    Flag { short: Some('r'), ..switch("release", "Build with optimizations") },
    value("profile", "NAME", "Build with the specified profile"),
    Flag { short: Some('j'), ..value("jobs", "N", "Number of jobs of the build") },
    switch("keep-going", "Build as much as possible"),
    value("target", "TRIPLE", "Build for the target triple"),
    value("target-dir", "FOLDER", "Folder for all generated artifacts"),
    value("manifest-path", "PATH", "Path to Cargo.toml"),
    value("lockfile-path", "PATH", "Path to Cargo.lock (unstable)"),
    switch("ignore-rust-version", "Ignore `rust-version` of packages"),
    switch("locked", "Assert that Cargo.lock stays unchanged"),
    switch("offline", "Do without the network"),
    switch("frozen", "Equal to both --locked and --offline"),
    value("color", "WHEN", "Colours: auto, always or never"),
    value("config", "KEY=VALUE|PATH", "Override a value of cargo's configuration"),
    switch("future-incompat-report", "Output a future incompatibility report"),
    Flag { short: Some('v'), ..switch("verbose", "Have cargo say more") },
    Flag { short: Some('q'), ..switch("quiet", "Have cargo say less, and show no passing test") },
    Flag { short: Some('Z'), ..value("", "FLAG", "Unstable flags of cargo") },
];

/// Those that choose targets: with one of them, cargo tests no documentation.
const CHOOSING: [&str; 10] =
    ["lib", "bins", "bin", "examples", "example", "tests", "test", "benches", "bench", "all-targets"];

const HARNESS: &str = "harness flags";
const NAMES: &str = "NAME";

const AFTER: &str = "\
Exit codes:
    0  every test that ran passed
    2  the command line is wrong, something of the machine is in the way, or a report cannot be written
    4  no test was selected (see --no-tests)
  100  a test failed, something around the tests did, or time was over before all had run
  101  the build failed (cargo's own code)
A run that was interrupted ends by the signal.

`cargo snout report FORMAT [RECORD]` makes a report of a run that is over; `cargo snout report --help` says more.";

/// What was typed.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// cargo's flags, as `cargo test` takes them.
    pub(super) cargo: Vec<OsString>,
    /// Substrings of the names of tests that are to run.
    pub(super) names: Vec<OsString>,
    /// Expressions of which a test that is to run meets one.
    pub(super) filters: Vec<String>,
    /// Only what failed the last time.
    pub(super) failed: bool,
    /// What a run without any test comes to.
    pub(super) no_tests: Option<NoTests>,
    /// The profile of the configuration, if one is named.
    pub(super) profile: Option<String>,
    /// What is configured is to be shown, and nothing run.
    pub(super) shows_config: bool,
    /// The names of tests that would run are to be shown, and nothing run.
    pub(super) lists: bool,
    /// Flags of test binaries, without `--test-threads`.
    pub(super) harness: Vec<OsString>,
    /// How many tests may run at the same time, if that was said.
    pub(super) lanes: Option<usize>,
    /// What is reported, and where to.
    pub(super) reports: Asked,
    /// How often tests run, and when the run stops.
    pub(super) limits: Limits,
    pub(super) builds_only: bool,
    pub(super) without_docs: bool,
    /// Values of cargo's `--config`.
    pub(super) config: Vec<String>,
    /// cargo's `--manifest-path`.
    pub(super) manifest: Option<PathBuf>,
    /// Values of cargo's `--target`.
    pub(super) targets: Vec<String>,
    /// `--offline` and the like, for every call of cargo.
    pub(super) network: Vec<&'static str>,
}

/// Flags of test binaries that make no sense for one run of many.
const REFUSED: [&str; 6] = ["--help", "-h", "--format", "--quiet", "-q", "--record"];

impl Request {
    /// What tests print goes to the terminal as they print it.
    pub(super) fn shows_output(&self) -> bool {
        self.reports.style.shows_output
    }

    /// All tests of what was selected run.
    pub(super) fn is_whole(&self) -> bool {
        self.has_all_that_failed() && !self.failed && !self.limits.repeats()
    }

    /// All tests run that failed the last time, of the suites that run.
    pub(super) fn has_all_that_failed(&self) -> bool {
        self.names.is_empty() && self.harness.is_empty() && self.filters.is_empty()
    }
}

/// Reads the command line, which begins with the program.
pub(super) fn parse(mut arguments: Vec<OsString>) -> Result<Request, clap::Error> {
    // cargo calls `cargo-snout snout …`.
    if arguments.get(1).is_some_and(|first| first == "snout") {
        arguments.remove(1);
    }
    let shows_config = arguments.get(1).is_some_and(|first| first == "config");
    if shows_config {
        arguments.remove(1);
    }
    let request = command().try_get_matches_from(arguments).and_then(|matches| request(&matches))?;
    Ok(Request { shows_config, ..request })
}

fn command() -> Command {
    let named = |flag: &'static Flag| if flag.long.is_empty() { "Z" } else { flag.long };
    let of_cargo = CARGO.iter().map(|flag| {
        let mut arg = Arg::new(named(flag)).help(flag.help).help_heading("Flags of `cargo test`");
        arg = if flag.long.is_empty() { arg } else { arg.long(flag.long) };
        arg = flag.short.into_iter().fold(arg, Arg::short);
        match flag.value {
            None => arg.action(ArgAction::Count),
            Some(value) => {
                arg.value_name(value).action(ArgAction::Append).value_parser(value_parser!(OsString))
            }
        }
    });
    Command::new("cargo snout")
        .bin_name("cargo snout")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs the tests of a package or workspace, as it stands, as one run")
        .styles(Styles::plain())
        .after_help(AFTER)
        .arg(Arg::new("no-doc").long("no-doc").help("Leave doctests out").action(ArgAction::SetTrue))
        .arg(count("test-threads", "How many tests may run at the same time").value_parser(at_least_one()))
        .arg(count("slowest", "Name so many of the slowest tests [default: up to 5 that took over a second]"))
        .args(outputs::flags())
        .args(limits::flags())
        .args(choosing())
        .args(of_cargo)
        .arg(
            Arg::new(NAMES)
                .help("Run only tests whose names contain one of these")
                .num_args(0..)
                .value_parser(value_parser!(OsString)),
        )
        .arg(
            Arg::new(HARNESS)
                .help("Flags of test binaries: --skip, --exact, --ignored, …")
                .last(true)
                .num_args(0..)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        )
}

/// Flags that choose tests.
fn choosing() -> [Arg; 7] {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    [
        Arg::new("filterset")
            .short('E')
            .long("filterset")
            .alias("filter-expr")
            .value_name("EXPR")
            .help("Run only tests that meet this, as in `package(shop) and not test(slow)`; given again, or that")
            .action(ArgAction::Append),
        switch("list", "Name the tests that would run, with their suites, and run none").alias("list-tests"),
        switch("failed", "Run only what failed the last time").alias("last-failed"),
        switch("ignored", "Run only tests that are ignored").conflicts_with("include-ignored"),
        switch("include-ignored", "Run tests that are ignored, too"),
        Arg::new("no-tests")
            .long("no-tests")
            .value_name("WHAT")
            .help("What a run without any test is: fail, with code 4, pass, or warn [default: fail]")
            .value_parser(value_parser!(NoTests)),
        Arg::new("snout-profile")
            .short('P')
            .long("snout-profile")
            .value_name("NAME")
            .help("Take this profile of snout.toml; `cargo snout config` shows what it says (--profile is cargo's)"),
    ]
}

/// No run has no lanes.
fn at_least_one() -> impl clap::builder::TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(1..)
}

fn count(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("N").help(help).value_parser(value_parser!(usize))
}

fn request(matches: &ArgMatches) -> Result<Request, clap::Error> {
    let texts = |id: &str| -> Vec<String> {
        let values = matches.get_many::<OsString>(id).into_iter().flatten();
        values.map(|value| value.to_string_lossy().into_owned()).collect()
    };
    let is_there =
        |id: &str| matches.value_source(id).is_some_and(|it| it == clap::parser::ValueSource::CommandLine);
    let all = |id: &str| -> Vec<OsString> {
        matches.get_many::<OsString>(id).into_iter().flatten().cloned().collect()
    };
    let (mut harness, lanes) = without_threads(all(HARNESS))?;
    let marked = ["--ignored", "--include-ignored"].into_iter().filter(|flag| matches.get_flag(&flag[2..]));
    let marked: Vec<OsString> = marked.map(OsString::from).filter(|flag| !harness.contains(flag)).collect();
    harness.extend(marked);
    let lists_behind = harness.extract_if(.., |flag| flag == "--list").count() > 0;
    let color = texts("color").pop();
    let network = ["locked", "offline", "frozen"].into_iter().filter(|name| is_there(name));
    let said = outputs::Said {
        is_quiet: is_there("quiet"),
        color: color.and_then(|when| ["never", "always"].iter().position(|it| *it == when)).map(|at| at == 1),
        shows_output: harness.iter().any(|flag| flag == "--nocapture" || flag == "--no-capture"),
    };
    Ok(Request {
        cargo: for_cargo(matches),
        names: all(NAMES),
        filters: matches.get_many("filterset").into_iter().flatten().cloned().collect(),
        failed: matches.get_flag("failed"),
        no_tests: matches.get_one("no-tests").copied(),
        profile: matches.get_one("snout-profile").cloned(),
        shows_config: false,
        lists: matches.get_flag("list") || lists_behind,
        harness,
        lanes: matches.get_one("test-threads").copied().or(lanes),
        reports: outputs::asked(matches, &said)?,
        limits: limits::asked(matches)?,
        builds_only: is_there("no-run"),
        without_docs: matches.get_flag("no-doc") || CHOOSING.iter().any(|name| is_there(name)),
        config: texts("config"),
        manifest: all("manifest-path").pop().map(PathBuf::from),
        targets: texts("target"),
        network: network
            .filter_map(|name| match name {
                "locked" => None, // of the user's lock file; that of the harness is always so
                "frozen" => Some("--offline"),
                _ => Some("--offline"),
            })
            .collect(),
    })
}

/// cargo's flags, as they are handed on. `--no-run` is the caller's to say.
fn for_cargo(matches: &ArgMatches) -> Vec<OsString> {
    let mut words = Vec::new();
    for flag in CARGO.iter().filter(|flag| flag.long != "no-run") {
        match flag.value {
            None => {
                let times = usize::from(matches.get_count(flag.long));
                words.extend(std::iter::repeat_n(OsString::from(format!("--{}", flag.long)), times));
            }
            Some(_) => {
                let (id, word) = if flag.long.is_empty() {
                    ("Z", "-Z".to_owned())
                } else {
                    (flag.long, format!("--{}", flag.long))
                };
                for value in matches.get_many::<OsString>(id).into_iter().flatten() {
                    words.extend([word.clone().into(), value.clone()]);
                }
            }
        }
    }
    words
}

/// The flags of test binaries without `--test-threads`, and its value: lanes are shared among the binaries.
fn without_threads(flags: Vec<OsString>) -> Result<(Vec<OsString>, Option<usize>), clap::Error> {
    let mut rest = Vec::new();
    let mut lanes = None;
    let mut flags = flags.into_iter();
    while let Some(flag) = flags.next() {
        let text = flag.to_string_lossy().into_owned();
        let value = match text.strip_prefix("--test-threads") {
            Some("") => flags.next().map(|value| value.to_string_lossy().into_owned()),
            Some(value) => value.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        match value {
            None if REFUSED.iter().any(|name| text.split('=').next() == Some(name)) => {
                let text =
                    format!("`{text}` is not for the test binaries of one run; see `cargo test -- {text}`\n");
                return Err(clap::Error::raw(clap::error::ErrorKind::UnknownArgument, text));
            }
            None => rest.push(flag),
            Some(value) => match value.parse() {
                Ok(count) if count > 0 => lanes = Some(count),
                _ => {
                    let text = format!(
                        "--test-threads is `{value}`; write how many tests may run at the same time, 1 or more\n"
                    );
                    return Err(clap::Error::raw(clap::error::ErrorKind::InvalidValue, text));
                }
            },
        }
    }
    Ok((rest, lanes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Request {
        let words = ["cargo-snout", "snout"].into_iter().chain(line.split_whitespace());
        parse(words.map(OsString::from).collect()).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn the_table_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn flags_of_cargo_are_handed_on() {
        for (line, expected) in [
            ("", ""),
            ("-p a -p b --lib", "--package a --package b --lib"),
            ("-rvv -Fx,y", "--features x,y --release --verbose --verbose"),
            ("--test api name", "--test api"),
            (
                "--target=T -Zfoo --manifest-path a/Cargo.toml",
                "--target T --manifest-path a/Cargo.toml -Z foo",
            ),
            ("--no-run --workspace", "--workspace"),
            ("name --no-doc --release", "--release"),
        ] {
            let words: Vec<_> =
                parsed(line).cargo.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            assert_eq!(words.join(" "), expected, "{line}");
        }
    }

    #[test]
    fn names_and_flags_of_binaries_are_told_apart() {
        let request = parsed("one --test t two -- --skip x --test-threads 3 --exact");
        assert_eq!(request.names, ["one", "two"]);
        assert_eq!(request.harness, ["--skip", "x", "--exact"]);
        assert_eq!(request.lanes, Some(3));
        assert!(request.without_docs, "a target was chosen");
        assert!(!parsed("one -p x").without_docs);
    }

    #[test]
    fn what_is_no_flag_of_anybody_is_refused() {
        for line in ["--lob", "--test-threads x", "-- --test-threads 0", "--test", "-- --format json"] {
            let words = ["cargo-snout", "snout"].into_iter().chain(line.split_whitespace());
            assert!(parse(words.map(OsString::from).collect()).is_err(), "{line}");
        }
    }
}
