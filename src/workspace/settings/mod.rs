//! What a workspace is configured to: profiles, and options of tests by filter.
//!
//! A flag goes before a variable, that before the configuration, and that before the default. So it is for what holds for a run. What is
//! about some tests goes before what is about the run: an override before what a module states, and both before all of that.

mod file;
mod keys;
#[cfg(test)]
mod schema;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::path::Path;

use super::arguments::Request;
use super::filter::Target;
use super::limits::{FlakyResult, Limits};
use super::nearest;
use super::problem::Problem;
use super::suites::Suite;
use crate::model::{Filter, Rule, parse_duration};
use file::{File, Override, Profile};
use keys::{
    FLAKY_RESULT, GLOBAL_TIMEOUT, GRACE, Key, MAX_FAIL, NO_TESTS, OF_PROFILES, RETRIES, SLOWEST, Shape,
    TEST_THREADS,
};

/// What names the profile, if no flag does.
const VARIABLE: &str = "SNOUT_PROFILE";

/// The profile that is taken if none is named. All others inherit from it.
const DEFAULT: &str = "default";

/// Profiles that there are, whether somebody has written them or not.
const ALWAYS: [&str; 2] = [DEFAULT, "ci"];

/// What holds for this run, as far as the workspace says.
#[derive(Debug, Default)]
pub(super) struct Settings {
    profile: String,
    values: Vec<Configured>,
    /// With where they come from, the first that states an option before the others.
    overrides: Vec<(Override, String)>,
}

/// A value that the configuration has for a key.
#[derive(Debug)]
struct Configured {
    key: &'static Key,
    value: String,
    /// For a reader: profile, file and line.
    place: String,
}

impl Settings {
    /// Reads the configuration of the workspace; nothing, where there is none.
    pub(super) fn read(root: Option<&Path>, request: &Request) -> Result<Settings, Problem> {
        let file = root.map(file::read).transpose()?.unwrap_or_default();
        let variable = env::var(VARIABLE).ok().filter(|name| !name.is_empty());
        let profile = request.profile.clone().or(variable).unwrap_or_else(|| DEFAULT.to_owned());
        Settings::of(file, profile)
    }

    fn of(file: File, profile: String) -> Result<Settings, Problem> {
        let mut settings = Settings { profile: profile.clone(), ..Settings::default() };
        for one in chain(&file, &profile)? {
            let place = |line: usize| format!("profile `{}`, {}, line {line}", one.name, file.name);
            for (key, value, line) in &one.values {
                if settings.value(key.name).is_none() {
                    settings.values.push(Configured { key, value: value.clone(), place: place(*line) });
                }
            }
            settings.overrides.extend(one.overrides.iter().map(|it| (it.clone(), place(it.line))));
        }
        Ok(settings)
    }

    fn value(&self, key: &str) -> Option<&Configured> {
        self.values.iter().find(|configured| configured.key.name == key)
    }

    /// Completes what was typed with what is configured.
    pub(super) fn complete(&self, request: &mut Request) {
        let number = |key| self.value(key)?.value.parse().ok();
        let is_set = OF_PROFILES.iter().any(|key| key.name == TEST_THREADS && variable(key).is_some());
        if !is_set {
            request.lanes = request.lanes.or_else(|| number(TEST_THREADS));
        }
        request.reports.style.slowest = request.reports.style.slowest.or_else(|| number(SLOWEST));
        request.no_tests = request.no_tests.or_else(|| {
            let word = &self.value(NO_TESTS)?.value;
            clap::ValueEnum::from_str(word, false).ok()
        });
        self.complete_limits(&mut request.limits);
    }

    fn complete_limits(&self, limits: &mut Limits) {
        let value = |key| Some(&*self.value(key)?.value);
        limits.flaky_result = limits.flaky_result.or_else(|| FlakyResult::named(value(FLAKY_RESULT)?));
        limits.max_fail = limits.max_fail.or_else(|| value(MAX_FAIL)?.parse().ok());
        limits.global_timeout = limits.global_timeout.or_else(|| parse_duration(value(GLOBAL_TIMEOUT)?));
        let set = OF_PROFILES.iter().find(|key| key.name == GRACE).and_then(variable);
        let grace = set.map(|(_, value)| value).or_else(|| value(GRACE).map(str::to_owned));
        limits.grace = grace.and_then(|grace| parse_duration(&grace));
    }

    /// Hands a suite the variables that nobody else has set.
    pub(super) fn equip(&self, suite: &mut Suite) {
        for Configured { key, value, .. } in &self.values {
            let Some(name) = key.variable.filter(|name| name.starts_with("SNOUT_")) else { continue };
            let is_set = suite.environment.iter().any(|(known, value)| known == name && !value.is_empty());
            if !is_set && !suite.is_doc {
                suite.environment.push((name.into(), value.into()));
            }
        }
    }

    /// The options of tests of a suite.
    pub(super) fn rules(&self, target: &Target, id: &str) -> Vec<Rule> {
        let rules = self.overrides.iter().map(|(it, _)| {
            let stated = it.stated.clone();
            Rule { filter: it.filter.on(target, id), stated }
        });
        rules.filter(|rule| rule.filter != Filter::None).collect()
    }

    /// What holds and where it comes from, a line for each.
    pub(super) fn shown(&self, request: &Request) -> String {
        let mut text = format!("profile = \"{}\"\n", self.profile);
        for key in &OF_PROFILES {
            let (value, place) = self.resolved(key, request);
            let is_word = matches!(key.shape, Shape::Duration | Shape::Choice(_)) && !value.contains(' ');
            let value = if is_word { format!("\"{value}\"") } else { value };
            // To a string everything can be written.
            let _ = writeln!(text, "{} = {value}  # {place}", key.name);
        }
        for (it, place) in &self.overrides {
            let _ = writeln!(text, "override {:?}  # {place}", it.text);
            for (key, value) in &it.values {
                let _ = writeln!(text, "    {key} = {value}");
            }
        }
        text
    }

    fn resolved(&self, key: &Key, request: &Request) -> (String, String) {
        let flag = match key.name {
            TEST_THREADS => request.lanes.map(|count| count.to_string()),
            SLOWEST => request.reports.style.slowest.map(|count| count.to_string()),
            NO_TESTS => request.no_tests.map(|it| it.word().to_owned()),
            RETRIES => request.limits.retries.map(|count| count.to_string()),
            FLAKY_RESULT => request.limits.flaky_result.map(|it| it.word().to_owned()),
            MAX_FAIL => request.limits.max_fail.map(|count| count.to_string()),
            GLOBAL_TIMEOUT => request.limits.global_timeout.map(|limit| format!("{}s", limit.as_secs_f64())),
            _ => None,
        };
        if let Some(value) = flag {
            return (value, format!("flag --{}", key.name));
        }
        if let Some((name, value)) = variable(key) {
            return (value, format!("variable {name}"));
        }
        match self.value(key.name) {
            Some(configured) => (configured.value.clone(), configured.place.clone()),
            None => (key.default.to_owned(), "default".to_owned()),
        }
    }
}

/// The variable that goes before a key, if it is set.
fn variable(key: &Key) -> Option<(&'static str, String)> {
    let name = key.variable?;
    Some((name, env::var(name).ok().filter(|value| !value.is_empty())?))
}

/// A profile and those it inherits from, nearest first.
fn chain<'file>(file: &'file File, named: &str) -> Result<Vec<&'file Profile>, Problem> {
    let (mut chain, mut seen) = (Vec::new(), BTreeSet::new());
    let mut next = Some(named);
    while let Some(name) = next {
        if !seen.insert(name) {
            let advice = format!("take one `inherits` out of {}", file.name);
            return Err(Problem::new(format!("profile `{name}` inherits from itself: {advice}")));
        }
        let found = file.profiles.iter().find(|profile| profile.name == name);
        if found.is_none() && !ALWAYS.contains(&name) {
            let known = file.profiles.iter().map(|profile| &*profile.name).chain(ALWAYS);
            let place = if file.name.is_empty() { "snout.toml" } else { &file.name };
            let name = name.escape_debug();
            let advice = match nearest::nearest(&name.to_string(), known) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("write one, `[profile.{name}]` in {place}, or name another with `-P`"),
            };
            return Err(Problem::new(format!("there is no profile `{name}`: {advice}")));
        }
        chain.extend(found);
        let parent = found.and_then(|profile| profile.inherits.as_deref());
        next = parent.or((name != DEFAULT).then_some(DEFAULT));
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, profile: &str) -> Result<Settings, String> {
        let file = file::read_text(text).map_err(|problem| problem.line().unwrap_or_default())?;
        Settings::of(file, profile.to_owned()).map_err(|problem| problem.line().unwrap_or_default())
    }

    const TEXT: &str = "[profile.default]\nretries = 1\nslowest = 3\n[[profile.default.overrides]]\nfilter = \"kind(test)\"\nretries = 5\n\
        [profile.ci]\nretries = 2\n[[profile.ci.overrides]]\nfilter = \"package(a)\"\nretries = 7\nserial = true\n\
        [profile.night]\ninherits = \"ci\"\ntimeout = \"1h\"\n";

    #[test]
    fn profiles_inherit_and_the_nearest_word_holds() {
        for (profile, retries, timeout) in
            [("default", "1", None), ("ci", "2", None), ("night", "2", Some("1h"))]
        {
            let settings = settings(TEXT, profile).unwrap();
            assert_eq!(settings.value("retries").map(|it| &*it.value), Some(retries), "{profile}");
            assert_eq!(settings.value("timeout").map(|it| &*it.value), timeout, "{profile}");
            assert_eq!(settings.value("slowest").map(|it| &*it.value), Some("3"), "{profile}");
        }
        assert!(settings("", "ci").is_ok(), "nobody need write it");
    }

    #[test]
    fn overrides_are_those_of_the_profile_then_those_it_inherits() {
        let settings = settings(TEXT, "night").unwrap();
        let target = Target { package: "a".to_owned(), binary: "x".to_owned(), kind: "test".to_owned() };
        let retries: Vec<_> =
            settings.rules(&target, "a::x").iter().map(|rule| rule.stated.retries).collect();
        assert_eq!(retries, [Some(7), Some(5)]);
        let target = Target { kind: "lib".to_owned(), ..target };
        assert_eq!(settings.rules(&target, "a").len(), 1, "the other is about integration tests");
    }

    #[test]
    fn profiles_that_cannot_be_are_refused() {
        for (text, profile, refusal) in [
            (
                "",
                "night",
                "error: there is no profile `night`: write one, `[profile.night]` in snout.toml, or name another with `-P`",
            ),
            (TEXT, "nihgt", "error: there is no profile `nihgt`: did you mean `night`?"),
            (
                "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n",
                "a",
                "error: profile `a` inherits from itself: take one `inherits` out of snout.toml",
            ),
        ] {
            assert_eq!(settings(text, profile).unwrap_err(), refusal);
        }
    }
}
