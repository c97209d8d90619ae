//! How often tests run, and when a run is to stop: flags, and what they come to with the configuration.

use std::fmt::Display;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches};
use serde::{Deserialize, Serialize};

use crate::model::parse_duration;

/// What a test is that failed, and passed when it was tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FlakyResult {
    Pass,
    Fail,
}

impl FlakyResult {
    pub(super) fn named(word: &str) -> Option<FlakyResult> {
        [FlakyResult::Pass, FlakyResult::Fail].into_iter().find(|it| it.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            FlakyResult::Pass => "pass",
            FlakyResult::Fail => "fail",
        }
    }
}

/// What was asked for; what was not is for the configuration to say.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// How often a test that failed is tried again.
    pub(super) retries: Option<u16>,
    pub(super) flaky_result: Option<FlakyResult>,
    /// After so many failures nothing new starts; never, if 0.
    pub(super) max_fail: Option<usize>,
    /// How often each test runs.
    pub(super) repeat: Option<u32>,
    /// Tests run until one fails.
    pub(super) until_failure: bool,
    /// How long the run may take; as long as it likes, if zero.
    pub(super) global_timeout: Option<Duration>,
    /// How long a suite may take to end once it is asked to, as the configuration has it.
    pub(super) grace: Option<Duration>,
}

impl Limits {
    /// Whether tests run several times.
    pub(super) fn repeats(&self) -> bool {
        self.until_failure || self.repeat.is_some_and(|count| count > 1)
    }
}

const HEADING: &str = "How often, and how long";

pub(super) fn flags() -> [Arg; 8] {
    let value = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).help_heading(HEADING)
    };
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue).help_heading(HEADING)
    };
    [
        value("retries", "N", "Try a test that failed again, so often, in a process of its own [default: 0]"),
        value("flaky-result", "WHAT", "What a test is that passes then: fail or pass [default: pass]"),
        switch("fail-fast", "Start nothing new after the first failure, as --max-fail 1")
            .conflicts_with_all(["no-fail-fast", "max-fail"]),
        switch("no-fail-fast", "Run all tests, whatever fails [the default, unless max-fail is configured]")
            .conflicts_with("max-fail"),
        value("max-fail", "N", "Start nothing new after so many failures, or `all`; what runs may end"),
        value("repeat", "N", "Run each test so often, also at the same time in several lanes"),
        switch(
            "until-failure",
            "Run tests again and again until one fails; with --repeat so often at the most",
        )
        .conflicts_with("no-fail-fast"),
        value(
            "global-timeout",
            "DURATION",
            "How long all tests may take, like `90s` or `5m`: then the run ends",
        ),
    ]
}

/// What the command line says.
pub(super) fn asked(matches: &ArgMatches) -> Result<Limits, clap::Error> {
    let until_failure = matches.get_flag("until-failure");
    let flag = match (matches.get_flag("fail-fast"), matches.get_flag("no-fail-fast")) {
        (true, _) => Some(1),
        (_, true) => Some(0),
        _ => None,
    };
    let count = |text: &str| if text == "all" { Some(0) } else { text.parse().ok().filter(|it| *it > 0) };
    let max_fail =
        of(matches, "max-fail", count, "after how many failures nothing new starts, 1 or more, or `all`")?;
    let times = |text: &str| text.parse().ok().filter(|count| *count > 0);
    Ok(Limits {
        retries: of(
            matches,
            "retries",
            |text| text.parse().ok(),
            "how often a test that failed is tried again, 0 to 65535",
        )?,
        flaky_result: of(matches, "flaky-result", FlakyResult::named, "`fail` or `pass`")?,
        max_fail: max_fail.or(flag).or(until_failure.then_some(1)),
        repeat: of(matches, "repeat", times, "how often each test runs, 1 or more")?,
        until_failure,
        global_timeout: of(
            matches,
            "global-timeout",
            parse_duration,
            "how long the run may take, like `90s`, `5m` or `1h`",
        )?,
        grace: None,
    })
}

/// The value of a flag; a line that says what to write, if it is none.
fn of<T>(
    matches: &ArgMatches,
    name: &str,
    read: impl Fn(&str) -> Option<T>,
    advice: impl Display,
) -> Result<Option<T>, clap::Error> {
    let Some(text) = matches.get_one::<String>(name) else { return Ok(None) };
    read(text).map(Some).ok_or_else(|| {
        clap::Error::raw(ErrorKind::InvalidValue, format!("--{name} is `{text}`: write {advice}\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(line: &str) -> Result<Limits, String> {
        let command = clap::Command::new("x").args(flags());
        let matches = command.try_get_matches_from(std::iter::once("x").chain(line.split_whitespace()));
        matches.and_then(|matches| asked(&matches)).map_err(|error| error.to_string())
    }

    #[test]
    fn after_how_many_failures_it_stops_is_said_in_three_ways() {
        for (line, max_fail) in [
            ("", None),
            ("--fail-fast", Some(1)),
            ("--no-fail-fast", Some(0)),
            ("--max-fail 3", Some(3)),
            ("--max-fail all", Some(0)),
            ("--until-failure", Some(1)),
            ("--until-failure --max-fail=2", Some(2)),
        ] {
            assert_eq!(limits(line).expect(line).max_fail, max_fail, "{line}");
        }
        for line in
            ["--fail-fast --no-fail-fast", "--fail-fast --max-fail 2", "--until-failure --no-fail-fast"]
        {
            assert!(limits(line).expect_err(line).contains("cannot be used with"), "{line}");
        }
    }

    #[test]
    fn values_are_read() {
        let limits =
            limits("--retries 2 --flaky-result fail --repeat 7 --global-timeout 1.5s").expect("good");
        assert_eq!((limits.retries, limits.flaky_result), (Some(2), Some(FlakyResult::Fail)));
        assert_eq!((limits.repeat, limits.global_timeout), (Some(7), Some(Duration::from_millis(1500))));
        assert!(limits.repeats());
    }

    #[test]
    fn a_wrong_value_is_refused_in_a_line_that_says_what_to_write() {
        for (line, text) in [
            (
                "--retries x",
                "--retries is `x`: write how often a test that failed is tried again, 0 to 65535",
            ),
            (
                "--retries 65536",
                "--retries is `65536`: write how often a test that failed is tried again, 0 to 65535",
            ),
            (
                "--max-fail 0",
                "--max-fail is `0`: write after how many failures nothing new starts, 1 or more, or `all`",
            ),
            ("--repeat 0", "--repeat is `0`: write how often each test runs, 1 or more"),
            ("--repeat=-1", "--repeat is `-1`: write how often each test runs, 1 or more"),
            ("--flaky-result x", "--flaky-result is `x`: write `fail` or `pass`"),
            (
                "--global-timeout 5",
                "--global-timeout is `5`: write how long the run may take, like `90s`, `5m` or `1h`",
            ),
        ] {
            assert_eq!(limits(line).expect_err(line), format!("error: {text}\n"), "{line}");
        }
    }
}
