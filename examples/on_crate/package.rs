//! A published package: fetched by cargo, copied, and given the one line that makes its tests run under snout.
//!
//! Downloads nothing itself, and leaves cargo's cache as cargo made it. Every problem is one line that ends with
//! what to do next.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

/// cargo shows the warnings of packages under work, and their `deny(warnings)` counts; in a dependency's sources
/// neither is anybody's business. For `--config`; `RUSTFLAGS` has precedence.
pub(crate) const QUIET_LINTS: &str = r#"build.rustflags=["--cap-lints","allow"]"#;

const PROBE: &str = "snout-on-crate-probe";

/// The cargo that runs this program, or the first in `PATH`.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What was asked for: `semver`, `semver@1.0.27`, or `semver@1`, the newest that starts so.
pub(crate) struct Spec {
    name: String,
    version: Option<String>,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) =
            text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let in_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let in_version = |letter: char| letter.is_ascii_alphanumeric() || "-.+".contains(letter);
        if name.is_empty() || !name.chars().all(in_name) {
            return Err(format!("`{name}` cannot be a crate's name; write `NAME` or `NAME@VERSION`"));
        }
        if version.is_some_and(|version| {
            !version.starts_with(|first: char| first.is_ascii_digit()) || !version.chars().all(in_version)
        }) {
            return Err(format!("`{text}` does not end in a version; write it like `{name}@1.2.3`"));
        }
        Ok(Self { name: name.to_owned(), version: version.map(str::to_owned) })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(formatter, "@{version}"))
    }
}

impl Spec {
    /// Makes cargo fetch the package, through a package at `probe` that depends on it and is removed again.
    pub(crate) fn fetch(&self, probe: &Path) -> Result<Package, String> {
        let requirement = self.version.as_ref().map_or("*".to_owned(), |version| format!("={version}"));
        let manifest = format!(
            "[package]\nname = \"{PROBE}\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n[workspace]\n\n\
             [dependencies]\n{} = \"{requirement}\"\n",
            self.name
        );
        let written = fs::create_dir_all(probe)
            .and_then(|()| fs::write(probe.join("lib.rs"), ""))
            .and_then(|()| fs::write(probe.join("Cargo.toml"), manifest));
        written.map_err(|error| cannot("write to", probe, &error))?;
        cargo_fetch(probe).map_err(|said| self.refusal(&said))?;
        let lock =
            fs::read_to_string(probe.join("Cargo.lock")).map_err(|error| cannot("read", probe, &error))?;
        fs::remove_dir_all(probe).map_err(|error| cannot("remove", probe, &error))?;
        let version = resolved(&lock, &self.name).ok_or_else(|| {
            format!("cargo fetched `{self}` but does not say which; run `cargo info {self}`")
        })?;
        let source = unpacked(&format!("{}-{version}", self.name))?;
        Ok(Package { name: self.name.clone(), version, source })
    }

    /// What cargo said, in one line.
    fn refusal(&self, said: &str) -> String {
        let name = &self.name;
        if said.contains("no matching package") {
            return format!("no crate `{name}` in the registry; look it up with `cargo search {name}`");
        }
        if let Some((_, versions)) = said.split_once("candidate versions found which didn't match: ") {
            let versions = versions.lines().next().unwrap_or_default();
            let version = self.version.as_deref().unwrap_or("*");
            return format!("`{name}` has no version `{version}`; choose another, there are {versions}");
        }
        let network =
            ["network error", "failed to download", "download of ", "resolve host", "Unable to update"];
        if network.iter().any(|words| said.contains(words)) {
            return format!(
                "cannot reach the registry to get `{self}`; check the network, or try a crate already fetched"
            );
        }
        let first = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("no reason given");
        format!(
            "cargo cannot fetch `{self}`: {first}; for the whole message run `cargo add {self}` in a new package"
        )
    }
}

/// A package, unpacked in cargo's cache.
pub(crate) struct Package {
    name: String,
    version: String,
    source: PathBuf,
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.version)
    }
}

impl Package {
    /// Copies the sources to `folder`, a package that stands alone.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<(), String> {
        copy_tree(&self.source, folder).map_err(|error| cannot("copy the package to", folder, &error))?;
        edit(folder, |manifest| {
            let alone = manifest.lines().any(|line| line.trim() == "[workspace]");
            Ok(if alone { manifest } else { format!("{manifest}\n[workspace]\n") })
        })
    }
}

/// Adds the one line to the package in `folder`.
///
/// cargo normalises what it publishes: development dependencies are tables, `[dev-dependencies.NAME]`, and no
/// `[dev-dependencies]` is there to put the line under. TOML lets a table follow its own sub-tables, so the header may
/// still come, at the end, and the line stays the one the README shows.
pub(crate) fn add_snout(folder: &Path, checkout: &Path) -> Result<(), String> {
    let path = checkout.to_str().ok_or("the path of snout's checkout is not UTF-8; move the checkout")?;
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    let line = format!("test = {{ package = \"snout\", path = \"{path}\" }}");
    edit(folder, |manifest| {
        let lines: Vec<_> = manifest.lines().map(str::trim_end).collect();
        let taken = ["[dev-dependencies.test]", "test = {", "test = \""]; // `test = false` is a target's
        if lines.iter().any(|line| taken.iter().any(|start| line.starts_with(start))) {
            return Err("the package has a dependency called `test` already; try another crate".to_owned());
        }
        Ok(match lines.iter().position(|line| *line == "[dev-dependencies]") {
            Some(header) => [&lines[..=header], &[&line], &lines[header + 1..], &[""]].concat().join("\n"),
            None => format!("{manifest}\n[dev-dependencies]\n{line}\n"),
        })
    })
}

/// Fetches what the package in `folder` needs, so that a later build asks no network.
pub(crate) fn fetch_dependencies(folder: &Path) -> Result<(), String> {
    cargo_fetch(folder).map_err(|said| {
        let reason = said.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("no reason given");
        format!("cargo cannot fetch what the package's tests need: {reason}; check the network, or try another version")
    })
}

fn edit(folder: &Path, change: impl FnOnce(String) -> Result<String, String>) -> Result<(), String> {
    let path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error))?;
    fs::write(&path, change(manifest)?).map_err(|error| cannot("write to", &path, &error))
}

/// Tries without the network first. On failure, what cargo said.
fn cargo_fetch(folder: &Path) -> Result<(), String> {
    let fetch = |offline: &[&str]| {
        let mut command = Command::new(cargo());
        command.current_dir(folder).args(["fetch", "--target", "host-tuple"]).args(offline);
        command.env_remove("CARGO_TERM_VERBOSE").env("CARGO_TERM_COLOR", "never").stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("error: cargo does not start ({error})"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    };
    fetch(&["--offline"]).or_else(|_| fetch(&[]))
}

/// The version that the probe's lock file has for the package called `name`.
fn resolved(lock: &str, name: &str) -> Option<String> {
    let blocks = || lock.split("[[package]]").skip(1);
    let of = |block: &str, name: &str| block.lines().any(|line| line == format!("name = \"{name}\""));
    let wish = blocks().find(|block| of(block, PROBE))?.lines().find(|line| line.starts_with(" \""))?;
    // ` "semver",` or, if several versions are about, ` "semver 1.0.27",`
    if let Some((_, version)) = wish.trim_matches([' ', '"', ',']).split_once(' ') {
        return Some(version.to_owned());
    }
    let block = blocks().find(|block| of(block, name))?;
    let version = block.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').to_owned())
}

/// The folder in cargo's cache that holds the package's files.
fn unpacked(name_version: &str) -> Result<PathBuf, String> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")))
        .ok_or("cannot find cargo's folder; set CARGO_HOME")?;
    let sources = home.join("registry").join("src");
    let registries = fs::read_dir(&sources).map_err(|error| cannot("read", &sources, &error))?;
    let mut found = registries.flatten().map(|registry| registry.path().join(name_version));
    found.find(|folder| folder.join("Cargo.toml").is_file()).ok_or_else(|| {
        let sources = sources.display();
        format!(
            "`{name_version}` is not under `{sources}`; if cargo's sources are replaced, run without that"
        )
    })
}

/// Copies files with their times, for cargo goes by them.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_tree(&source, &copy)?;
        } else {
            fs::copy(&source, &copy)?;
            fs::File::options().write(true).open(&copy)?.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

fn cannot(action: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {action} `{}`: {error}; make room or permit it, then run this again", path.display())
}
