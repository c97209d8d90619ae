//! The folder that suites are written to, and cargo, which builds them there.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment::plain;
use crate::harness::Harness;
use crate::messages::test_binary;
use crate::package;

/// Where snout's own package is.
pub(crate) const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

impl Harness {
    /// The line below `[dev-dependencies]`.
    pub(crate) fn dependency(self) -> String {
        match self {
            Harness::Libtest => String::new(),
            Harness::Snout => format!("test = {{ package = \"snout\", path = {CHECKOUT:?} }}\n"),
        }
    }
}

/// Where everything is built. It stays, so that a second run starts sooner; to remove it is safe.
pub(crate) struct Workshop {
    folder: PathBuf,
    quick: bool,
}

/// A suite that has been built.
pub(crate) struct Built {
    /// The package's folder.
    pub(crate) package: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) binaries: Vec<PathBuf>,
}

impl Built {
    /// The only binary.
    pub(crate) fn binary(&self) -> &Path {
        &self.binaries[0]
    }
}

impl Workshop {
    pub(crate) fn open(quick: bool) -> Result<Workshop, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare");
        make_folder(&folder)?;
        Ok(Workshop { folder, quick })
    }

    /// How many rounds there are: a few if it has to be quick.
    pub(crate) fn rounds(&self, count: usize) -> usize {
        if self.quick { count.min(3) } else { count }
    }

    /// A folder of that name.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes and builds a library of so many tests that do nothing, and what `more` adds.
    pub(crate) fn suite(&self, harness: Harness, count: usize, more: &str) -> Result<Built, String> {
        self.suite_as(harness.name(), (harness, count), more)
    }

    /// The same, of one's own name: beside another of as many tests.
    pub(crate) fn suite_as(
        &self,
        name: &str,
        (harness, count): (Harness, usize),
        more: &str,
    ) -> Result<Built, String> {
        let package = self.folder(&format!("{name}-{count}"));
        let mut source = String::new();
        for number in 0..count {
            let _ = writeln!(source, "#[test]\nfn t{number:05}() {{}}");
        }
        source.push_str(more);
        write(&package.join("src/lib.rs"), &source)?;
        write(&package.join("Cargo.toml"), &manifest("suite", &harness.dependency()))?;
        self.build(package, &["--lib"])
    }

    /// Builds the tests of a package, in a target folder of its own.
    pub(crate) fn build(&self, package: PathBuf, targets: &[&str]) -> Result<Built, String> {
        package::fetch_dependencies(&package)?;
        let target = package.join("target");
        let mut cargo = cargo(&package, &target);
        cargo.args(["test", "--no-run", "--offline", "--message-format=json"]).args(targets);
        let output = cargo.output().map_err(|error| format!("cannot run cargo: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("`{}` does not build:\n{said}", package.display()));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let binaries: Vec<PathBuf> = said.lines().filter_map(test_binary).map(|(_, path)| path).collect();
        if binaries.is_empty() {
            return Err(format!("`{}` has no tests", package.display()));
        }
        Ok(Built { package, target, binaries })
    }
}

/// cargo in that package, with that target folder, and nothing in its environment that a user's would not have.
pub(crate) fn cargo(package: &Path, target: &Path) -> Command {
    let mut command = plain(package::cargo());
    command.current_dir(package).env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never");
    command
}

pub(crate) fn manifest(name: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dev-dependencies]\n{dependencies}"
    )
}

/// Writes a file, unless it says that already: cargo goes by the time.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    make_folder(path.parent().expect("a file is in a folder"))?;
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

pub(crate) fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|error| cannot("make", path, &error))
}

pub(crate) fn remove_folder(path: &Path) -> Result<(), String> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path, &error)),
        _ => Ok(()),
    }
}

pub(crate) fn size(path: &Path) -> Result<u64, String> {
    fs::metadata(path).map(|data| data.len()).map_err(|error| cannot("read", path, &error))
}

fn cannot(action: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {action} `{}`: {error}", path.display())
}
