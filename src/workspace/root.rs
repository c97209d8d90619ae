//! Where the workspace is: what is kept for the next run belongs to it, and its configuration lies there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::arguments::Request;

/// The root folder of the workspace; `None` if there is none, which cargo has its own words for.
///
/// cargo knows, but to ask it takes 20 ms. So it is asked only where more than one folder could be it.
pub(super) fn find(cargo: &OsStr, request: &Request) -> Option<PathBuf> {
    let manifest = request.manifest.as_deref().map(fs::canonicalize).transpose().ok()?;
    let start = match &manifest {
        Some(manifest) => manifest.parent()?.to_owned(),
        None => std::env::current_dir().ok()?,
    };
    let folders = start.ancestors().filter(|folder| folder.join("Cargo.toml").is_file());
    match *folders.collect::<Vec<_>>() {
        [] => None,
        [only] if !names_another(&only.join("Cargo.toml")) => Some(only.to_owned()),
        _ => ask(cargo, manifest.as_deref()),
    }
}

/// Whether a package may say that its workspace is elsewhere.
fn names_another(manifest: &Path) -> bool {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let is_key = |line: &str| {
        line.trim_start().strip_prefix("workspace").is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().any(is_key)
}

fn ask(cargo: &OsStr, manifest: Option<&Path>) -> Option<PathBuf> {
    let mut command = Command::new(cargo);
    command.args(["locate-project", "--workspace", "--message-format", "plain"]);
    if let Some(path) = manifest {
        command.arg("--manifest-path").arg(path);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim_end_matches('\n'));
    path.parent().filter(|_| output.status.success()).map(Path::to_owned)
}
