//! The library that tests are linked with: built when the first test of a compiler and a target asks for it, and kept in the
//! workspace's target folder, in `snout/`.
//!
//! Called by the wrapper, in a process that cargo has started for rustc: there the compiler, the target and what else the harness has to
//! fit are known, and a build that is fresh never asks. cargo's environment for that process is of one package, and must not reach
//! the harness's build.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::messages::{self, Message};
use super::orders::{Orders, Role, number_of};
use super::source;
use super::wrapper::Kind;

/// The variable by which the build of the harness is told to keep bitcode, for what is optimized when it is linked.
pub(super) const WITH_BITCODE: &str = "__CARGO_SNOUT_BITCODE";

/// Variables that cargo sets for one package.
const OF_A_PACKAGE: [&str; 9] = [
    "CARGO_BIN_",
    "CARGO_BUILD_TARGET",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_TMPDIR",
    "OUT_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
];

/// Variables that change what comes out of a build, and so where it is kept.
const OF_A_BUILD: [&str; 5] =
    ["CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "SNOUT_BUILD_", "RUSTC_BOOTSTRAP"];

/// The harness, as rustc is told of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Library {
    pub(super) path: PathBuf,
    /// Values of `-L`.
    pub(super) search: Vec<String>,
}

/// The harness for tests of this kind. An error is one line, or what cargo said.
pub(super) fn for_rustc(orders: &Orders, rustc: &OsStr, kind: &Kind) -> Result<Library, String> {
    let kept = target_folder(&kind.out_dir).join("snout");
    let version = version_of(Path::new(rustc), &kept)?;
    let target = kind.target.clone().or_else(|| host(&version)).ok_or("rustc does not tell its host")?;
    let mut steering: Vec<(OsString, OsString)> =
        env::vars_os().filter(|(name, _)| begins(name, &OF_A_BUILD)).collect();
    steering.sort();
    let number = number_of(&(&version, &target, kind.lto, &orders.tools, &orders.configuration, steering));
    let folder = kept.join(number);
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    let ready = folder.join("harness.json");
    if let Some(library) = read(&ready) {
        return Ok(library);
    }
    let turn = folder.join("lock");
    let turn = File::create(&turn).and_then(|file| file.lock().map(|()| file));
    let _turn = turn.map_err(|error| format!("cannot lock `{}`: {error}", folder.display()))?;
    // Whoever had the turn before has built it.
    if let Some(library) = read(&ready) {
        return Ok(library);
    }
    let library = build(orders, rustc, (&folder, &target, kind.lto))?;
    let text = serde_json::to_vec(&library).map_err(|error| error.to_string())?;
    let draft = folder.join("harness.json.draft");
    fs::write(&draft, text)
        .and_then(|()| fs::rename(&draft, &ready))
        .map_err(|error| format!("cannot write `{}`: {error}", ready.display()))?;
    Ok(library)
}

fn read(ready: &Path) -> Option<Library> {
    let library: Library = serde_json::from_slice(&fs::read(ready).ok()?).ok()?;
    library.path.exists().then_some(library)
}

/// What `rustc -vV` says. To ask takes 30 ms, for each test that is compiled; so the answer is kept in this folder.
fn version_of(rustc: &Path, kept: &Path) -> Result<String, String> {
    let file = number_of_compiler(rustc).map(|number| kept.join(format!("rustc-{number}")));
    if let Some(version) = file.as_ref().and_then(|file| fs::read_to_string(file).ok()) {
        return Ok(version);
    }
    let said = Command::new(rustc).arg("-vV").stdin(Stdio::null()).output();
    let said = said.map_err(|error| format!("cannot run `{}`: {error}", rustc.display()))?;
    let version = String::from_utf8_lossy(&said.stdout).into_owned();
    if let Some(file) = file.filter(|_| host(&version).is_some()) {
        let draft = file.with_extension(std::process::id().to_string());
        // If it cannot be kept, it is asked again.
        let _ = fs::create_dir_all(kept)
            .and_then(|()| fs::write(&draft, &version))
            .and_then(|()| fs::rename(&draft, &file));
    }
    Ok(version)
}

/// Changes with the compiler. `None` for what only calls one, and may call another the next time.
fn number_of_compiler(rustc: &Path) -> Option<String> {
    let about = fs::metadata(rustc).ok()?;
    rustc.parent()?.parent()?.join("lib").join("rustlib").is_dir().then_some(())?;
    Some(number_of(&(rustc, about.len(), about.modified().ok()?)))
}

/// The target that a compiler builds for when it is not told.
pub(super) fn host(version: &str) -> Option<String> {
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

/// The folder that cargo has marked as its own, above one that rustc writes to.
pub(super) fn target_folder(inside: &Path) -> PathBuf {
    // The first is missing in a folder that was there before cargo was.
    let is_marked =
        |folder: &&Path| ["CACHEDIR.TAG", ".rustc_info.json"].iter().any(|mark| folder.join(mark).exists());
    inside.ancestors().find(is_marked).unwrap_or(inside).to_owned()
}

fn begins(name: &OsStr, prefixes: &[&str]) -> bool {
    let name = name.to_string_lossy();
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Builds it with the cargo and the rustc that are at work.
fn build(orders: &Orders, rustc: &OsStr, place: (&Path, &str, bool)) -> Result<Library, String> {
    let (folder, target, lto) = place;
    let source = orders.source();
    source::unpack(&source)
        .map_err(|error| format!("cannot unpack its source to `{}`: {error}", source.display()))?;
    let manifest = source.join("Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os().filter(|(name, _)| begins(name, &OF_A_PACKAGE)) {
        command.env_remove(name);
    }
    command.env("RUSTC", rustc).env("RUSTC_WRAPPER", orders.tool(Role::HarnessRustc));
    let profile = if lto { "release" } else { "dev" };
    if lto {
        command.env(WITH_BITCODE, "1").arg("build").arg("--release");
    } else {
        command.arg("build");
    }
    command.current_dir(&orders.folder).stdin(Stdio::null());
    command.args(["--lib", "--quiet", "--message-format", "json-render-diagnostics", "--manifest-path"]);
    command.arg(manifest);
    command.arg("--target-dir").arg(folder).args(["--target", target]);
    command.args(orders.config.iter().flat_map(|value| ["--config", value]));
    for setting in ["opt-level=2", "debug=0", "debug-assertions=false", "incremental=false", "lto=false"] {
        command.arg("--config").arg(format!("profile.{profile}.{setting}"));
    }
    command.args(&orders.flags);
    let output = command.output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned());
    }
    found(&output.stdout, folder).ok_or_else(|| "cargo does not say where it is".to_owned())
}

/// The library among cargo's messages. What it was built from lies in the same folder.
fn found(messages: &[u8], folder: &Path) -> Option<Library> {
    let mut search = Vec::new();
    let mut path = None;
    for message in messages::read(messages) {
        match message {
            Message::Artifact(artifact) if artifact.target.name == "snout" => {
                path = artifact
                    .filenames
                    .into_iter()
                    .find(|file| file.extension().is_some_and(|it| it == "rlib"));
            }
            Message::BuildScript { linked_paths } => {
                search.extend(linked_paths.into_iter().filter(|path| path.starts_with("all=")));
            }
            _ => {}
        }
    }
    let path = path?;
    // With a link in `deps`, or without one: either way the library is there, beside its dependencies.
    let target = path.parent()?;
    for folder in [target.join("deps"), target.to_owned()] {
        search.push(format!("dependency={}", folder.display()));
    }
    debug_assert!(path.starts_with(folder), "cargo builds into the folder it is told");
    Some(Library { path, search })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_compiler_itself_says_of_itself_is_kept() {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let said = Command::new(rustc).args(["--print", "sysroot"]).output().expect("there is a compiler");
        let root = PathBuf::from(String::from_utf8_lossy(&said.stdout).trim());
        assert!(number_of_compiler(&root.join("bin").join("rustc")).is_some());
        // rustup's, and what users put in its place.
        for other in ["rustc", "/bin/sh", "/nowhere/rustc"] {
            assert_eq!(number_of_compiler(Path::new(other)), None, "{other}");
        }
    }
}
