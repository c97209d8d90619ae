//! Reads what cargo writes with `--message-format json`.

use std::path::PathBuf;

use serde::Deserialize;

/// What cargo says that we want to know.
#[derive(Debug, Deserialize)]
#[serde(tag = "reason")]
pub(super) enum Message {
    #[serde(rename = "compiler-artifact")]
    Artifact(Artifact),
    #[serde(rename = "build-script-executed")]
    BuildScript { linked_paths: Vec<String> },
    #[serde(other)]
    Other,
}

/// Something was built, or is fresh.
#[derive(Debug, Deserialize)]
pub(super) struct Artifact {
    pub(super) target: Target,
    pub(super) profile: Profile,
    pub(super) filenames: Vec<PathBuf>,
    pub(super) executable: Option<PathBuf>,
    pub(super) manifest_path: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    pub(super) test: bool,
}

/// The messages; lines that are none are passed over.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = Message> {
    bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}
