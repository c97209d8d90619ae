//! How much there was to do for each suite the last time: the longest goes first, and has a share of the lanes that fits.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Seconds that all its lanes took together, by the name of a suite.
#[derive(Debug, Default)]
pub(super) struct Memory(BTreeMap<String, f64>);

const FILE: &str = "work.json";

impl Memory {
    /// What is known. Nothing, if it cannot be read: then suites run in cargo's order.
    pub(super) fn read(folder: &Path) -> Memory {
        let known = fs::read(folder.join(FILE)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Memory(known.unwrap_or_default())
    }

    /// What a suite took, if that is known.
    pub(super) fn of(&self, suite: &str) -> Option<Duration> {
        self.0.get(suite).and_then(|seconds| Duration::try_from_secs_f64(*seconds).ok())
    }

    /// How many lanes a suite should have: as much of them as it has of the work of those that wait, itself among them. `None` if that of
    /// one is not known.
    pub(super) fn share(
        &self,
        suite: &str,
        waiting: &mut dyn Iterator<Item = &str>,
        lanes: usize,
    ) -> Option<usize> {
        let seconds = |suite: &str| self.of(suite).map(|work| work.as_secs_f64());
        let all: f64 = waiting.map(seconds).sum::<Option<f64>>()?;
        let share = if all > 0.0 { seconds(suite)? / all } else { 0.0 };
        Some(((lanes as f64 * share).ceil() as usize).clamp(1, lanes.max(1)))
    }

    /// A suite has taken that long, in so many lanes.
    pub(super) fn note(&mut self, suite: &str, elapsed: Duration, lanes: usize) {
        self.0.insert(suite.to_owned(), elapsed.as_secs_f64() * lanes as f64);
    }

    /// Keeps it for the next time. If it cannot be kept, that costs an order.
    pub(super) fn write(&self, folder: &Path) {
        let Ok(text) = serde_json::to_vec_pretty(&self.0) else { return };
        let draft = folder.join(format!("{FILE}.{}", std::process::id()));
        let _ = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, folder.join(FILE)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_has_as_much_of_the_lanes_as_of_the_work() {
        let mut memory = Memory::default();
        // Two lanes for two seconds are four seconds of work.
        memory.note("long", Duration::from_secs(2), 2);
        memory.note("short", Duration::from_secs(1), 1);
        memory.note("empty", Duration::ZERO, 1);
        let share = |suite, waiting: &[&str], lanes| memory.share(suite, &mut waiting.iter().copied(), lanes);
        assert_eq!(share("long", &["long", "short"], 10), Some(8));
        assert_eq!(share("short", &["long", "short"], 10), Some(2));
        assert_eq!(share("short", &["short"], 10), Some(10));
        assert_eq!(share("empty", &["empty"], 4), Some(1), "nobody has none");
        assert_eq!(share("short", &["short", "new"], 4), None, "of `new` nothing is known");
    }
}
