//! What failed the last time, for `--failed`.
//!
//! A test stays in it until it has passed; so does one that a later run did not select.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::orders::number_of;

/// By suite.
#[derive(Debug, Default)]
pub(super) struct Failures {
    known: BTreeMap<String, OfSuite>,
    /// Those of this run: suite and test.
    fresh: BTreeSet<(String, String)>,
}

/// What failed of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OfSuite {
    /// Something did that has no name: then all of it is to run again.
    pub(super) whole: bool,
    pub(super) tests: BTreeSet<String>,
}

/// The file for the workspace of this root, below its target folder: several may have that in common.
pub(super) fn file(folder: &Path, root: &Path) -> PathBuf {
    folder.join(format!("failures-{}.json", number_of(&root)))
}

impl Failures {
    /// What is known; `None` if nothing has been run yet, or what was kept cannot be read.
    pub(super) fn read(file: &Path) -> Option<Failures> {
        let known = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        Some(Failures { known, fresh: BTreeSet::new() })
    }

    pub(super) fn of(&self, suite: &str) -> Option<&OfSuite> {
        self.known.get(suite)
    }

    /// A test has come out.
    pub(super) fn note(&mut self, suite: &str, test: &str, has_failed: bool) {
        if has_failed {
            self.known.entry(suite.to_owned()).or_default().tests.insert(test.to_owned());
            self.fresh.insert((suite.to_owned(), test.to_owned()));
        } else if let Some(of_suite) = self.known.get_mut(suite)
            // Another run of it has failed.
            && (self.fresh.is_empty() || !self.fresh.contains(&(suite.to_owned(), test.to_owned())))
        {
            of_suite.tests.remove(test);
        }
    }

    /// A suite has ended by itself. If every test of it that had failed was selected, those that were not heard of are no more.
    pub(super) fn conclude(&mut self, suite: &str, has_all: bool) {
        let Some(of_suite) = self.known.get_mut(suite) else { return };
        of_suite.whole = false;
        if has_all {
            let fresh = &self.fresh;
            of_suite.tests.retain(|test| fresh.contains(&(suite.to_owned(), test.clone())));
        }
    }

    /// Something of a suite failed that has no name.
    pub(super) fn note_whole(&mut self, suite: &str) {
        self.known.entry(suite.to_owned()).or_default().whole = true;
    }

    /// Keeps it for the next time. If it cannot be kept, `--failed` says so then.
    pub(super) fn write(&mut self, file: &Path) {
        self.known.retain(|_, of_suite| of_suite.whole || !of_suite.tests.is_empty());
        let Ok(text) = serde_json::to_vec_pretty(&self.known) else { return };
        let draft = file.with_added_extension(std::process::id().to_string());
        let folder = file.parent().unwrap_or(Path::new("."));
        let _ = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(failures: &Failures, suite: &str) -> Vec<String> {
        failures.of(suite).map(|it| it.tests.iter().cloned().collect()).unwrap_or_default()
    }

    #[test]
    fn a_test_stays_until_it_has_passed_or_is_no_more() {
        let mut failures = Failures::default();
        for test in ["a", "b", "c"] {
            failures.note("x", test, true);
        }
        failures.note("y", "main", true);
        failures.fresh.clear();
        failures.note("x", "a", false);
        failures.note("x", "b", true);
        failures.conclude("x", false);
        assert_eq!(tests(&failures, "x"), ["b", "c"], "`c` was not selected");
        failures.conclude("x", true);
        assert_eq!(tests(&failures, "x"), ["b"], "`c` is no more");
        assert_eq!(tests(&failures, "y"), ["main"], "has not run");
        failures.note("x", "b", false);
        assert_eq!(tests(&failures, "x"), ["b"], "one run of it has failed, and one has passed");
    }

    #[test]
    fn what_has_no_name_is_the_whole_suite() {
        let mut failures = Failures::default();
        failures.note_whole("x");
        assert!(failures.of("x").is_some_and(|it| it.whole));
        failures.conclude("x", false);
        assert!(failures.of("x").is_some_and(|it| !it.whole));
    }
}
