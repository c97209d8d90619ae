//! The values of our own variables.

use std::path::PathBuf;
use std::time::Duration;

use super::Environment;
use super::flags::FORMATS;
use super::restart::{self, RESTART};
use super::table::PROCESSES;
use super::variables::RECORD;
use crate::error::Error;
use crate::model::{
    Backoff, Format, Isolate, Isolation, REPEAT, Repeat, Restart, ThreadMode, parse_duration,
};

impl Environment {
    pub(crate) fn thread_mode(&self) -> Result<Option<ThreadMode>, Error> {
        let choices = [("fresh", ThreadMode::Fresh), ("pooled", ThreadMode::Pooled)];
        self.choice("SNOUT_THREAD_MODE", &choices, "no thread mode: write `fresh` or `pooled`")
    }

    pub(crate) fn isolate(&self) -> Result<Option<Isolate>, Error> {
        let choices = [("auto", Isolate::Auto), ("always", Isolate::Always), ("never", Isolate::Never)];
        self.choice("SNOUT_ISOLATE", &choices, "none of its values: write `auto`, `always` or `never`")
    }

    pub(crate) fn isolation(&self) -> Result<Option<Isolation>, Error> {
        let choices = [("fork", Isolation::Fork), ("spawn", Isolation::Spawn)];
        self.choice("SNOUT_ISOLATION", &choices, "no way to make a process: write `fork` or `spawn`")
    }

    pub(crate) fn format(&self) -> Result<Option<Format>, Error> {
        self.choice("SNOUT_FORMAT", &FORMATS, "no format: write `pretty`, `terse`, `json` or `junit`")
    }

    /// nose's number of processes.
    pub(crate) fn processes(&self) -> Result<Option<i64>, Error> {
        const NAME: &str = "SNOUT_PROCESSES";
        let Some(value) = self.own(NAME) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Error::value(NAME, value, PROCESSES))
    }

    /// When the pool's process is replaced.
    pub(crate) fn restart(&self) -> Result<Option<Restart>, Error> {
        const NAME: &str = "SNOUT_RESTART_WORKER";
        let Some(value) = self.own(NAME) else { return Ok(None) };
        restart::parse(value).map(Some).ok_or_else(|| Error::value(NAME, value, RESTART))
    }

    pub(crate) fn timeout(&self) -> Result<Option<Duration>, Error> {
        self.duration("SNOUT_TIMEOUT")
    }

    pub(crate) fn grace(&self) -> Result<Option<Duration>, Error> {
        self.duration("SNOUT_GRACE")
    }

    /// How often a test that fails is tried again.
    pub(crate) fn retries(&self) -> Result<Option<u16>, Error> {
        const NAME: &str = "SNOUT_RETRIES";
        let Some(value) = self.own(NAME) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Error::value(NAME, value, "no count: write how often, like `2`"))
    }

    /// What is waited before a test is tried again.
    pub(crate) fn backoff(&self) -> Result<Backoff, Error> {
        let kinds = [("fixed", false), ("exponential", true)];
        let kind =
            self.choice("SNOUT_RETRY_BACKOFF", &kinds, "no backoff: write `fixed` or `exponential`")?;
        let switch = [("true", true), ("false", false)];
        let jitter = self.choice("SNOUT_RETRY_JITTER", &switch, "no switch: write `true` or `false`")?;
        Ok(Backoff {
            delay: self.duration("SNOUT_RETRY_DELAY")?.unwrap_or_default(),
            is_exponential: kind.unwrap_or(false),
            max_delay: self.duration("SNOUT_RETRY_MAX_DELAY")?,
            has_jitter: jitter.unwrap_or(false),
        })
    }

    /// How often each test runs, as `cargo snout` says it.
    pub(crate) fn repeat(&self) -> Result<Option<Repeat>, Error> {
        let Some(value) = self.own(REPEAT) else { return Ok(None) };
        let advice = "no number of runs: unset it, and write `cargo snout --repeat N`";
        Repeat::read(value).map(Some).ok_or_else(|| Error::value(REPEAT, value, advice))
    }

    /// Where to write a record of the run.
    pub(crate) fn record(&self) -> Result<Option<PathBuf>, Error> {
        match self.own(RECORD) {
            // The variable was no text, and what is left of it names something else.
            Some(value) if value.contains(char::REPLACEMENT_CHARACTER) => {
                Err(Error::value(RECORD, value, "no UTF-8: name a path that is"))
            }
            path => Ok(path.map(PathBuf::from)),
        }
    }

    /// The choice that a variable makes among `choices`; `advice` says what it can be.
    fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
        advice: &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.own(name) else { return Ok(None) };
        match choices.iter().find(|(word, _)| *word == value) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => Err(Error::value(name, value, advice)),
        }
    }

    fn duration(&self, name: &'static str) -> Result<Option<Duration>, Error> {
        let Some(value) = self.own(name) else { return Ok(None) };
        match parse_duration(value) {
            Some(duration) => Ok(Some(duration)),
            None => Err(Error::value(name, value, "no duration: write it like `500ms`, `5s` or `2m`")),
        }
    }

    /// The value of a variable. Set to nothing, it counts as not set.
    fn own(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::variables::VARIABLES;

    /// What the variable of this name is refused with.
    fn refusal(name: &str, value: &str) -> Option<String> {
        let environment = Environment::from([(name, value)]);
        let refusals = [
            environment.thread_mode().err(),
            environment.isolate().err(),
            environment.isolation().err(),
            environment.format().err(),
            environment.timeout().err(),
            environment.processes().err(),
            environment.restart().err(),
            environment.grace().err(),
            environment.retries().err(),
            environment.backoff().err(),
            environment.record().err(),
        ];
        refusals.into_iter().flatten().next().map(|error| error.to_string())
    }

    #[test]
    fn every_variable_there_is_has_values_that_are_refused_and_may_be_empty() {
        for variable in &VARIABLES {
            // Nearly everything is a path.
            let value = if variable.values == "PATH" { "5\u{fffd}parsecs" } else { "5 parsecs" };
            let text = refusal(variable.name, value).unwrap();
            assert!(text.starts_with(&format!("{} is `{value}`, which is no", variable.name)), "{text}");
            assert_eq!(refusal(variable.name, ""), None);
        }
    }

    #[test]
    fn every_value_that_the_help_names_is_taken() {
        for variable in &VARIABLES {
            let example = |value: &str| match value {
                "DURATION" => "5s".to_owned(),
                "NUMBER" => "-1".to_owned(),
                "COUNT" => "100".to_owned(),
                "SIZE" => "512MiB".to_owned(),
                word => word.to_owned(),
            };
            for value in variable.values.split('|').map(example) {
                assert_eq!(refusal(variable.name, &value), None, "{}={value}", variable.name);
            }
        }
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        for (name, value, text) in [
            ("SNOUT_TIMEOUT", "5 parsecs", "no duration: write it like `500ms`, `5s` or `2m`"),
            ("SNOUT_FORMAT", "xml", "no format: write `pretty`, `terse`, `json` or `junit`"),
            ("SNOUT_ISOLATE", "yes", "none of its values: write `auto`, `always` or `never`"),
        ] {
            assert_eq!(refusal(name, value).unwrap(), format!("{name} is `{value}`, which is {text}"));
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("0.1s", 100),
            ("1.5s", 1_500),
            ("5s", 5_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("0.5h", 1_800_000),
            ("0", 0),
            ("0s", 0),
            ("0.0", 0),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in [
            "",
            "5",
            "s",
            "5 s",
            " 5s",
            "5s ",
            "-5s",
            "+5s",
            ".5s",
            "5.s",
            "1.2.3s",
            "1e3s",
            "nans",
            "infs",
            "5S",
            "5parsecs",
            "5µs",
            "99999999999999999999h",
            "٣s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
