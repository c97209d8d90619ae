//! The program of `fixtures/chaos`, built once.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use crate::messages::test_binary;
use crate::process::plain;

/// Where the fixture package is.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/chaos");

/// Its one executable.
pub(crate) fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut command = plain(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.args(["test", "--test", "slots", "--no-run", "--color", "never"]);
        command.args(["--message-format", "json-render-diagnostics"]);
        command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures"));
        let output = command.current_dir(FOLDER).stdin(Stdio::null()).output().expect("cargo can be run");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?} failed:\n{errors}");
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, path) = messages.lines().find_map(test_binary).expect("cargo names the executable");
        path
    })
}

/// Every test that it lists.
pub(crate) fn list() -> Vec<String> {
    let output = plain(executable()).args(["--list", "--include-ignored"]).output().expect("it can be run");
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect()
}
