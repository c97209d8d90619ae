//! The keys of a configuration, and what their values can be. One list: what is read, what is refused, what is shown and the schema come of it.

use std::time::Duration;

use toml::de::DeValue;

use super::super::nearest;
use crate::model::{Stated, ThreadMode, parse_duration};

/// What a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A whole number from this one up.
    Count(u16),
    Duration,
    Choice(&'static [&'static str]),
    Switch,
    /// A text, or several.
    Names,
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// The variable that goes before it, by which it is also handed to test binaries if it is one of ours.
    pub(super) variable: Option<&'static str>,
    /// What holds if nobody says anything.
    pub(super) default: &'static str,
    /// For the schema, and for whoever asks what there is.
    pub(super) help: &'static str,
}

const fn key(name: &'static str, shape: Shape, default: &'static str, help: &'static str) -> Key {
    Key { name, shape, variable: None, default, help }
}

const THREADS: Shape = Shape::Choice(&["fresh", "pooled"]);

pub(super) const TEST_THREADS: &str = "test-threads";
pub(super) const RETRIES: &str = "retries";
pub(super) const NO_TESTS: &str = "no-tests";
pub(super) const SLOWEST: &str = "slowest";
pub(super) const GRACE: &str = "grace";
pub(super) const FLAKY_RESULT: &str = "flaky-result";
pub(super) const MAX_FAIL: &str = "max-fail";
pub(super) const GLOBAL_TIMEOUT: &str = "global-timeout";

/// Those of a profile: they hold for the run.
pub(super) static OF_PROFILES: [Key; 16] = [
    Key {
        variable: Some("RUST_TEST_THREADS"),
        ..key(TEST_THREADS, Shape::Count(1), "as many as processors", "how many tests run at the same time")
    },
    Key {
        variable: Some("SNOUT_TIMEOUT"),
        ..key(
            "timeout",
            Shape::Duration,
            "10m",
            "how long a test may take, like 500ms, 5s or 2m; 0 for as long as it likes",
        )
    },
    Key {
        variable: Some("SNOUT_GRACE"),
        ..key(GRACE, Shape::Duration, "5s", "how long a process may take to end once it is asked to")
    },
    Key {
        variable: Some("SNOUT_THREAD_MODE"),
        ..key("threads", THREADS, "fresh", "where a test runs: on a new thread or on a worker")
    },
    Key {
        variable: Some("SNOUT_ISOLATE"),
        ..key(
            "isolate",
            Shape::Choice(&["auto", "always", "never"]),
            "auto",
            "which tests get a process of their own",
        )
    },
    Key {
        variable: Some("SNOUT_ISOLATION"),
        ..key("isolation", Shape::Choice(&["fork", "spawn"]), "fork", "how a process is made")
    },
    Key {
        variable: Some("SNOUT_RETRIES"),
        ..key(
            RETRIES,
            Shape::Count(0),
            "0",
            "how often a test that failed is tried again, where its module does not say",
        )
    },
    Key {
        variable: Some("SNOUT_RETRY_DELAY"),
        ..key(
            "retry-delay",
            Shape::Duration,
            "0",
            "what is waited before a test is tried again; others run then",
        )
    },
    Key {
        variable: Some("SNOUT_RETRY_BACKOFF"),
        ..key(
            "retry-backoff",
            Shape::Choice(&["fixed", "exponential"]),
            "fixed",
            "whether each wait is as long as the first, or twice as long as the one before",
        )
    },
    Key {
        variable: Some("SNOUT_RETRY_MAX_DELAY"),
        ..key("retry-max-delay", Shape::Duration, "as long as it comes to", "no wait is longer than this")
    },
    Key {
        variable: Some("SNOUT_RETRY_JITTER"),
        ..key(
            "retry-jitter",
            Shape::Switch,
            "false",
            "whether each wait is cut by chance, to half of it at the least",
        )
    },
    key(
        FLAKY_RESULT,
        Shape::Choice(&["fail", "pass"]),
        "pass",
        "what a test is that failed, and passed when it was tried again",
    ),
    key(MAX_FAIL, Shape::Count(0), "0", "after how many failures nothing new starts; 0 for never"),
    key(
        GLOBAL_TIMEOUT,
        Shape::Duration,
        "0",
        "how long all tests together may take, like 90s or 5m; 0 for as long as they like",
    ),
    key(NO_TESTS, Shape::Choice(&["fail", "pass", "warn"]), "fail", "what a run without any test is"),
    key(
        SLOWEST,
        Shape::Count(0),
        "up to 5 that took over a second",
        "how many of the slowest tests are named at the end",
    ),
];

/// Those of an override besides its filter: they hold for the tests that it takes, whatever their modules state.
pub(super) static OF_OVERRIDES: [Key; 7] = [
    key("timeout", Shape::Duration, "", "how long such a test may take; 0 for as long as it likes"),
    key("serial", Shape::Switch, "", "such a test runs while nothing else does"),
    key("isolate", Shape::Switch, "", "such a test gets a process of its own"),
    key("threads", THREADS, "", "where such a test runs"),
    key(RETRIES, Shape::Count(0), "", "how often such a test is tried again when it has failed"),
    key("weight", Shape::Count(1), "", "how many lanes such a test takes"),
    key(
        "resource",
        Shape::Names,
        "",
        "what such a test uses that no other may use at the same time: a name, or several",
    ),
];

/// The value as text, several of them in lines; or what is wrong with it, and what to do.
pub(super) fn read(shape: Shape, value: &DeValue<'_>) -> Result<String, (String, String)> {
    let wrong = |what: &str, advice: &str| Err((what.to_owned(), advice.to_owned()));
    match shape {
        Shape::Count(least) => {
            let number = value
                .as_integer()
                .and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok());
            match number.filter(|number| *number >= least) {
                Some(number) => Ok(number.to_string()),
                None => wrong(
                    "this is no such number",
                    &format!("write a whole number from {least} to {}", u16::MAX),
                ),
            }
        }
        Shape::Duration => match value.as_str().filter(|text| parse_duration(text).is_some()) {
            Some(text) => Ok(text.to_owned()),
            None => wrong("this is no duration", "write it like \"500ms\", \"5s\" or \"2m\", in quotes"),
        },
        Shape::Choice(choices) => match value.as_str() {
            Some(text) if choices.contains(&text) => Ok(text.to_owned()),
            other => wrong(
                "this is none of the values",
                &nearest::advice(other.unwrap_or_default(), choices.iter().copied()),
            ),
        },
        Shape::Switch => match value.as_bool() {
            Some(is_on) => Ok(is_on.to_string()),
            None => wrong("this is neither true nor false", "write `true` or `false`, without quotes"),
        },
        Shape::Names => {
            let several = |all: &toml::de::DeArray<'_>| -> Option<Vec<String>> {
                all.iter().map(|one| one.get_ref().as_str().map(str::to_owned)).collect()
            };
            let names =
                value.as_str().map(|one| vec![one.to_owned()]).or_else(|| value.as_array().and_then(several));
            match names
                .filter(|names| names.iter().all(|name| !name.is_empty() && !name.contains(char::is_control)))
            {
                Some(names) => Ok(names.join("\n")),
                None => wrong(
                    "these are no names",
                    "write a name in quotes, or several in brackets: [\"database\", \"port\"]",
                ),
            }
        }
    }
}

/// Adds what an override states, as [`read`] has read it.
pub(super) fn state(stated: &mut Stated, key: &str, value: &str) {
    let limit = || parse_duration(value).filter(|limit: &Duration| !limit.is_zero());
    match key {
        "timeout" => stated.timeout = Some(limit()),
        "serial" => stated.serial = Some(value == "true"),
        "isolate" => stated.isolate = Some(value == "true"),
        "threads" => {
            stated.threads = Some(if value == "pooled" { ThreadMode::Pooled } else { ThreadMode::Fresh });
        }
        RETRIES => stated.retries = value.parse().ok(),
        "weight" => stated.weight = value.parse().ok(),
        _ => stated.resources = Some(value.lines().map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_override_states_something_of_its_own() {
        let mut all = Stated::default();
        for key in &OF_OVERRIDES {
            let before = all.clone();
            let value = match key.shape {
                Shape::Count(_) => "3",
                Shape::Duration => "5s",
                Shape::Choice(choices) => choices[0],
                Shape::Switch => "true",
                Shape::Names => "a\nb",
            };
            state(&mut all, key.name, value);
            assert_ne!(all, before, "{}", key.name);
        }
        let Stated { timeout, serial, isolate, threads, retries, weight, resources } = all;
        assert_eq!((timeout, serial, isolate), (Some(Some(Duration::from_secs(5))), Some(true), Some(true)));
        assert_eq!((threads, retries, weight), (Some(ThreadMode::Fresh), Some(3), Some(3)));
        assert_eq!(resources, Some(vec!["a".to_owned(), "b".to_owned()]));
    }
}
