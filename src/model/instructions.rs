//! What `cargo snout` tells a test binary about its tests: which of them are to run, and what else than its own contexts say holds for them.
//!
//! It comes in a file, for names can be more than a command line takes. The binary and `cargo snout` may be of different versions: the
//! variable's name changes with the format, and a binary that does not have that name in it is not told anything by it.

use std::collections::HashSet;
use std::time::Duration;

use super::{CaseOptions, Filter, ThreadMode};

/// The variable that names the file. The number is that of its format.
pub(crate) const INSTRUCTIONS: &str = "SNOUT_INTERNAL_INSTRUCTIONS_1";

/// Everything that is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instructions {
    /// A test runs if this takes it,
    pub(crate) filter: Filter,
    /// and if it has one of these names, where there are some.
    pub(crate) names: Option<HashSet<String>>,
    /// Of those that concern a test the first that states an option has it.
    pub(crate) rules: Vec<Rule>,
}

/// Options of the tests that a filter takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) filter: Filter,
    pub(crate) stated: Stated,
}

/// What somebody states about tests; what is not stated is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// `Some(None)` for no limit.
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) serial: Option<bool>,
    pub(crate) isolate: Option<bool>,
    pub(crate) threads: Option<ThreadMode>,
    pub(crate) retries: Option<u16>,
    /// How many lanes a test takes, 1 or more.
    pub(crate) weight: Option<u16>,
    pub(crate) resources: Option<Vec<String>>,
}

impl Instructions {
    /// Whether a test of this name, in contexts of these paths, is meant.
    pub(crate) fn takes(&self, test: &str, contexts: &[&str]) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(test)) && self.filter.takes(test, contexts)
    }

    /// Whether it says nothing about how tests run.
    pub(crate) fn states_nothing(&self) -> bool {
        self.rules.is_empty()
    }

    /// The options of a test, of which contexts say this; `None` if it is as they say.
    pub(crate) fn over(&self, options: &CaseOptions, test: &str, contexts: &[&str]) -> Option<CaseOptions> {
        let rules = self.rules.iter().filter(|rule| rule.filter.takes(test, contexts));
        let stated = rules.map(|rule| rule.stated.clone()).reduce(Stated::or)?;
        Some(stated.over(options))
    }

    /// Reads what was written; `None` if it is not that.
    pub(crate) fn read(text: &str) -> Option<Instructions> {
        let mut lines = text.lines();
        let mut instructions = Instructions { filter: Filter::read(&mut lines)?, ..Instructions::default() };
        while let Some(line) = lines.next() {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("names", count) => {
                    let count: usize = count.parse().ok()?;
                    let names = (0..count).map(|_| lines.next().map(str::to_owned));
                    instructions.names = Some(names.collect::<Option<_>>()?);
                }
                ("rule", "") => {
                    let filter = Filter::read(&mut lines)?;
                    instructions.rules.push(Rule { filter, stated: Stated::default() });
                }
                (key, value) => instructions.rules.last_mut()?.stated.set(key, value)?,
            }
        }
        Some(instructions)
    }
}

impl Stated {
    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "timeout" => {
                let limit = Duration::from_nanos(value.parse().ok()?);
                self.timeout = Some((!limit.is_zero()).then_some(limit));
            }
            "serial" => self.serial = Some(value.parse().ok()?),
            "isolate" => self.isolate = Some(value.parse().ok()?),
            "threads" if value == "fresh" => self.threads = Some(ThreadMode::Fresh),
            "threads" if value == "pooled" => self.threads = Some(ThreadMode::Pooled),
            "retries" => self.retries = Some(value.parse().ok()?),
            "weight" => self.weight = Some(value.parse().ok()?),
            "resource" if value.is_empty() => self.resources = Some(Vec::new()),
            "resource" => self.resources.get_or_insert_default().push(value.to_owned()),
            _ => return None,
        }
        Some(())
    }

    /// What is stated here, and else what is stated there.
    fn or(self, other: Stated) -> Stated {
        Stated {
            timeout: self.timeout.or(other.timeout),
            serial: self.serial.or(other.serial),
            isolate: self.isolate.or(other.isolate),
            threads: self.threads.or(other.threads),
            retries: self.retries.or(other.retries),
            weight: self.weight.or(other.weight),
            resources: self.resources.or(other.resources),
        }
    }

    /// The options with what is stated in place of what they say. Names of resources stay for as long as the process lives.
    fn over(self, options: &CaseOptions) -> CaseOptions {
        let leaked = |names: Vec<String>| names.into_iter().map(|name| &*name.leak()).collect();
        CaseOptions {
            context: options.context,
            suite: options.suite,
            timeout: self.timeout.or(options.timeout),
            serial: self.serial.unwrap_or(options.serial),
            isolate: self.isolate.unwrap_or(options.isolate),
            threads: self.threads.or(options.threads),
            retries: self.retries.or(options.retries),
            more_lanes: self.weight.map_or(options.more_lanes, |lanes| lanes.saturating_sub(1)),
            resources: self.resources.map_or_else(|| options.resources.clone(), leaked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "names of resources stay, which is a leak to Miri")]
    fn the_first_rule_that_states_an_option_has_it() {
        let text = "test ~a\nnames 2\na\nab\nrule\ntest =a\nretries 3\nrule\nall\nretries 1\ntimeout 0\nresource x\nresource y\n";
        let told = Instructions::read(text).unwrap();
        assert_eq!(
            (told.takes("a", &[]), told.takes("ab", &[]), told.takes("abc", &[])),
            (true, true, false)
        );
        let options = |test| told.over(CaseOptions::PLAIN, test, &[]).unwrap();
        assert_eq!((options("a").retries, options("b").retries), (Some(3), Some(1)));
        let options = options("a");
        assert_eq!((options.timeout, options.retries, options.more_lanes), (Some(None), Some(3), 0));
        assert_eq!(options.resources, ["x", "y"]);
    }

    #[test]
    fn what_is_not_understood_is_not_read() {
        for text in
            ["", "all\nnames 2\na", "all\nserial true", "all\nrule\nall\nretries -1", "all\nrule\nall\nx y"]
        {
            assert_eq!(Instructions::read(text), None, "{text}");
        }
        assert_eq!(Instructions::read("all"), Some(Instructions::default()));
    }
}
