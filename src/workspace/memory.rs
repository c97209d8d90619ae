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
