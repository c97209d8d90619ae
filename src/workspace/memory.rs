//! How much there was to do for each suite the last time, and which tests took long: the longest goes first, and a suite has a share of
//! the lanes that fits.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::orders::number_of;

/// What is known of each suite, by its name.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<String, Known>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Known {
    /// Seconds that all its lanes took together.
    work: f64,
    /// Tests that took long, and their seconds; the longest first.
    long: Vec<(String, f64)>,
}

/// A test that takes less need not come before others: lanes that end so far apart are as good as even.
pub(super) const LONG: Duration = Duration::from_millis(20);

/// As many long tests are kept of a suite. Behind so many the order matters little.
const KEPT: usize = 64;

/// The file for the workspace of this root, below its target folder: several may have that in common.
pub(super) fn file(folder: &Path, root: &Path) -> PathBuf {
    folder.join(format!("work-{}.json", number_of(&root)))
}

impl Memory {
    /// What is known. Nothing, if it cannot be read: then suites run in cargo's order.
    pub(super) fn read(file: &Path) -> Memory {
        let known = fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Memory(known.unwrap_or_default())
    }

    /// What a suite took, if that is known.
    pub(super) fn of(&self, suite: &str) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0.get(suite)?.work).ok()
    }

    /// What its longest test took: nothing, if none took long; `None` if the suite is not known.
    pub(super) fn longest(&self, suite: &str) -> Option<Duration> {
        let seconds = self.0.get(suite)?.long.first().map_or(0.0, |(_, seconds)| *seconds);
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Its long tests, the longest first.
    pub(super) fn order(&self, suite: &str) -> impl Iterator<Item = &str> {
        self.0.get(suite).into_iter().flat_map(|known| known.long.iter().map(|(test, _)| &**test))
    }

    /// How many lanes a suite should begin with: as much of them as it has of the work of those that wait, itself among them, and rather less
    /// than that, for it has more later if they are free; or rather more, if it cannot be lent any (`is_fixed`). `None` if the work of one is not
    /// known.
    pub(super) fn share(
        &self,
        (suite, is_fixed): (&str, bool),
        waiting: &mut dyn Iterator<Item = &str>,
        lanes: usize,
    ) -> Option<usize> {
        let seconds = |suite: &str| self.of(suite).map(|work| work.as_secs_f64());
        let all: f64 = waiting.map(seconds).sum::<Option<f64>>()?;
        let share = if all > 0.0 { seconds(suite)? / all } else { 0.0 };
        let share = lanes as f64 * share;
        let share = if is_fixed { share.ceil() } else { share.floor() };
        Some((share as usize).clamp(1, lanes.max(1)))
    }

    /// A suite has taken so much time of lanes, and these tests of it took long.
    pub(super) fn note(&mut self, suite: &str, work: Duration, long: Vec<(String, Duration)>) {
        let seconds = |(test, elapsed): (String, Duration)| (test, elapsed.as_secs_f64());
        let mut long: Vec<(String, f64)> = long.into_iter().map(seconds).collect();
        long.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        long.truncate(KEPT);
        self.0.insert(suite.to_owned(), Known { work: work.as_secs_f64(), long });
    }

    /// Keeps it for the next time. If it cannot be kept, that costs an order.
    pub(super) fn write(&self, file: &Path) {
        let Ok(text) = serde_json::to_vec_pretty(&self.0) else { return };
        let draft = file.with_extension(format!("{}.draft", std::process::id()));
        let _ = fs::create_dir_all(file.parent().unwrap_or(file))
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_suite_has_as_much_of_the_lanes_as_of_the_work() {
        let mut memory = Memory::default();
        memory.note("long", SECOND * 4, Vec::new());
        memory.note("short", SECOND, Vec::new());
        memory.note("empty", Duration::ZERO, Vec::new());
        let share = |suite, waiting: &[&str], lanes| {
            memory.share((suite, false), &mut waiting.iter().copied(), lanes)
        };
        assert_eq!(share("long", &["long", "short"], 10), Some(8));
        assert_eq!(share("short", &["long", "short"], 10), Some(2));
        assert_eq!(share("long", &["long", "short"], 2), Some(1), "the other one begins beside it");
        assert_eq!(memory.share(("long", true), &mut ["long", "short"].into_iter(), 2), Some(2), "for good");
        assert_eq!(share("short", &["short"], 10), Some(10));
        assert_eq!(share("empty", &["empty"], 4), Some(1), "nobody has none");
        assert_eq!(share("short", &["short", "new"], 4), None, "of `new` nothing is known");
    }

    #[test]
    fn long_tests_are_known_by_their_length() {
        let mut memory = Memory::default();
        let tests: Vec<_> = (1..=100).map(|number| (format!("t{number}"), LONG * number)).collect();
        memory.note("many", SECOND, tests);
        memory.note("none", SECOND, Vec::new());
        assert_eq!(memory.order("many").collect::<Vec<_>>().len(), KEPT);
        assert_eq!(memory.order("many").take(2).collect::<Vec<_>>(), ["t100", "t99"]);
        let longest = ["many", "none", "new"].map(|suite| memory.longest(suite));
        assert_eq!(longest, [Some(LONG * 100), Some(Duration::ZERO), None]);
    }
}
