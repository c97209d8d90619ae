//! What cargo has called the last time, kept: whoever asks again, and has changed nothing that it could depend upon, need not have cargo call
//! a runner for each binary.
//!
//! What cargo calls follows from its arguments, its environment, its configuration, the manifests and what it has built; all of that is
//! taken into one number, and calls are kept with theirs. With another number, cargo is asked.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::calls::{self, Call};
use super::messages::{self, Message};
use super::orders::{cargo_home, number_of};

/// The place for what is kept of one folder and one command line.
pub(super) struct Kept {
    file: PathBuf,
    /// Of everything but what is built.
    number: String,
}

/// What shells keep for themselves: how they called the program, where they were before, how deep they are. It changes from call to call, and
/// tests are given what it is now.
pub(super) const OF_SHELLS: [&str; 3] = ["_", "OLDPWD", "SHLVL"];

/// More of them than anybody uses, so that they do not become ever more.
const MOST: usize = 200;

impl Kept {
    /// `None` if there is no place, or it cannot be told what cargo's configuration is.
    pub(super) fn new(
        program: &OsString,
        arguments: &[OsString],
        configuration: Option<&str>,
    ) -> Option<Kept> {
        // With `--doc` cargo has to call what it calls.
        if arguments.iter().any(|word| word == "--doc") {
            return None;
        }
        let folder = env::current_dir().ok()?;
        let name = number_of(&(&folder, program, arguments));
        let environment: BTreeSet<(OsString, OsString)> =
            env::vars_os().filter(|(name, _)| OF_SHELLS.iter().all(|known| name != known)).collect();
        let number = number_of(&(configuration?, environment, super::source::number()));
        Some(Kept { file: cargo_home()?.join("snout").join("calls").join(name), number })
    }

    /// Whether something is kept that may hold.
    pub(super) fn is_promising(&self) -> bool {
        self.read().is_some_and(|(number, _)| number.starts_with(&self.number))
    }

    /// What cargo would call, having built this, by its messages; `None` if it has to be asked.
    pub(super) fn calls(&self, built: &[u8]) -> Option<Vec<Call>> {
        let (number, noted) = self.read()?;
        if number == self.number_with(built) { calls::read(&noted) } else { None }
    }

    /// Keeps what cargo has called. If it cannot be kept, it is asked again.
    pub(super) fn keep(&self, built: &[u8], noted: &[u8]) {
        let Some(folder) = self.file.parent() else { return };
        let draft = self.file.with_extension(std::process::id().to_string());
        let text = [self.number_with(built).as_bytes(), b"\n", noted].concat();
        let kept = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&draft, text))
            .and_then(|()| fs::rename(&draft, &self.file));
        if kept.is_err() || fs::read_dir(folder).is_ok_and(|entries| entries.count() > MOST) {
            let _ = fs::remove_dir_all(folder);
        }
    }

    fn read(&self) -> Option<(String, Vec<u8>)> {
        let mut number = fs::read(&self.file).ok()?;
        let end = number.iter().position(|byte| *byte == b'\n')?;
        let noted = number.split_off(end + 1);
        number.pop();
        Some((String::from_utf8(number).ok()?, noted))
    }

    fn number_with(&self, built: &[u8]) -> String {
        // In the order in which it was built, which is another each time; and it does not matter what was built anew.
        let text = String::from_utf8_lossy(built).replace("\"fresh\":false", "\"fresh\":true");
        let lines: BTreeSet<&str> = text.lines().collect();
        format!("{} {}", self.number, number_of(&(lines, manifests(built))))
    }
}

/// Every manifest that says something about what was built, with its text; but not those of published packages, which do not change.
fn manifests(built: &[u8]) -> Vec<(PathBuf, Option<String>)> {
    let published = cargo_home().map(|home| home.join("registry"));
    let is_own = |path: &Path| !published.as_ref().is_some_and(|published| path.starts_with(published));
    let named = messages::read(built).filter_map(|message| match message {
        Message::Artifact(artifact) if is_own(&artifact.manifest_path) => Some(artifact.manifest_path),
        _ => None,
    });
    let named: BTreeSet<PathBuf> = named.collect();
    // One of a workspace stands in a folder above.
    let all = named.iter().flat_map(|path| path.ancestors().skip(1)).map(|folder| folder.join("Cargo.toml"));
    let all: BTreeSet<PathBuf> = all.collect();
    all.into_iter().map(|path| (path.clone(), fs::read_to_string(path).ok())).collect()
}
