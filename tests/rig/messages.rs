//! Reads what cargo writes with `--message-format json`.

use std::path::PathBuf;

/// Name and path of the test binary, if that is what the message is about.
pub(crate) fn test_binary(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
