//! What was set.

use super::variables::{INTERNAL, NOT_BUILT, OF_SUBCOMMAND, VARIABLES};
use crate::error::Error;

/// The variables that a run is steered by. Text that is not UTF-8 is kept as near as can be, for error messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(Vec<(String, String)>);

/// libtest's, ours, and two of cargo-nextest's.
const PREFIXES: [&str; 4] = ["RUST_TEST_", OURS, "NEXTEST_EXECUTION_MODE", "NEXTEST_TEST_GLOBAL_SLOT"];
const OURS: &str = "SNOUT_";

impl Environment {
    /// This process's.
    pub(crate) fn of_process() -> Environment {
        let mut kept = Vec::new();
        for (name, value) in std::env::vars_os() {
            if PREFIXES.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes())) {
                kept.push((name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
            }
        }
        Environment(kept)
    }

    /// The value of a variable, if it is set.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Whether a variable is set to anything but `0`: how libtest reads a switch.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "0")
    }

    /// Refuses what looks like ours and is not: a misspelt variable would be believed to work.
    pub(crate) fn refuse_unknown(&self) -> Result<(), Error> {
        for (name, value) in &self.0 {
            let known = || VARIABLES.iter().map(|variable| variable.name);
            let is_internal = INTERNAL.iter().any(|prefix| name.starts_with(prefix));
            if !name.starts_with(OURS) || is_internal || OF_SUBCOMMAND.iter().any(|other| other == name) {
                continue;
            }
            match NOT_BUILT.into_iter().find(|to_come| to_come == name) {
                Some(to_come) if !value.is_empty() => return Err(Error::not_built(to_come)),
                None if !known().any(|known| known == name) => {
                    return Err(Error::unknown_variable(name, known()));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }
}

impl<const COUNT: usize> From<[(&str, &str); COUNT]> for Environment {
    fn from(variables: [(&str, &str); COUNT]) -> Environment {
        Environment(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_refused_and_strangers_are_not() {
        for (name, text) in [
            ("SNOUT_TIEMOUT", "snout knows no variable `SNOUT_TIEMOUT`: did you mean `SNOUT_TIMEOUT`?"),
            ("SNOUT_ISOLAT", "snout knows no variable `SNOUT_ISOLAT`: did you mean `SNOUT_ISOLATE`?"),
            ("SNOUT_SHARD", "SNOUT_SHARD is not built yet: unset it"),
        ] {
            let refusal = Environment::from([(name, "x")]).refuse_unknown().unwrap_err();
            assert_eq!(refusal.to_string(), text);
        }
        for (name, value) in [
            ("SNOUT_INTERNAL_X", "x"),
            ("SNOUT_BUILD_X", "x"),
            ("RUST_TEST_FOO", "x"),
            ("SNOUT_ORDER", ""),
            ("SNOUT_PROFILE", "ci"),
        ] {
            assert!(Environment::from([(name, value)]).refuse_unknown().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_switch_is_on_unless_it_is_zero() {
        for (value, on) in [("1", true), ("", true), ("false", true), ("0", false)] {
            assert_eq!(
                Environment::from([("RUST_TEST_NOCAPTURE", value)]).is_on("RUST_TEST_NOCAPTURE"),
                on,
                "{value}"
            );
        }
        assert!(!Environment::default().is_on("RUST_TEST_NOCAPTURE"));
    }
}
