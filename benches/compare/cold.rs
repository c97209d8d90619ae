//! What a harness costs before a test runs: a build from nothing, a link, a larger binary.
//!
//! The package is empty but for one integration test target, built with nothing (libtest), with snout as a registry gives it
//! and by path, and with libtest-mimic, the harness on crates.io that most like it replaces libtest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::harness::Harness;
use crate::package;
use crate::packaged;
use crate::process::{self, Usage};
use crate::rounds::{Contestant, Series, rounds};
use crate::table::{Goal, Row};
use crate::workshop::{Workshop, cargo, manifest, remove_folder, size, write};

const ROUNDS: usize = 9;
const LINK_ROUNDS: usize = 21;

const MIMIC: &str = "libtest-mimic = \"=0.8.2\"\n\n[[test]]\nname = \"empty\"\nharness = false\n";
const MIMIC_MAIN: &str = "fn main() {\n    let arguments = libtest_mimic::Arguments::from_args();\n    \
                          libtest_mimic::run(&arguments, Vec::new()).exit();\n}\n";

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let packaged = workshop.folder("empty-packaged");
    packaged::provide(workshop, &packaged)?;
    let packaged = package(workshop, "packaged", packaged::DEPENDENCY, "")?;
    let snout = package(workshop, "snout", &Harness::Snout.dependency(), "")?;
    let mimic = package(workshop, "libtest-mimic", MIMIC, MIMIC_MAIN)?;
    let libtest = package(workshop, "libtest", "", "")?;
    let mut rows = Vec::new();
    let series = cold_builds(workshop, [&packaged, &snout, &mimic, &libtest])?;
    for (what, ours) in [
        ("build from nothing, from its package, as from a registry", &series[0]),
        ("the same as a path dependency, which cargo compiles incrementally", &series[1]),
    ] {
        rows.push(Row::times(what, ours, &series[2], Goal::AtMost(1.0)));
        rows.push(Row::times(what, ours, &series[3], Goal::Told));
    }
    let series = links(workshop, [&snout, &mimic, &libtest])?;
    let what = "compile and link of the empty test target";
    rows.push(Row::times(what, &series[0], &series[1], Goal::Told));
    rows.push(Row::times(what, &series[0], &series[2], Goal::Told));
    let sizes = [binary_size(&snout)?, binary_size(&mimic)?, binary_size(&libtest)?];
    for (name, size) in [("libtest-mimic", sizes[1]), ("libtest", sizes[2])] {
        let what = "size of that binary, with debug information";
        rows.push(Row::bytes(what, ("snout", vec![sizes[0]]), (name, vec![size]), Goal::Told));
    }
    Ok(rows)
}

fn package(workshop: &Workshop, name: &str, dependencies: &str, test: &str) -> Result<PathBuf, String> {
    let folder = workshop.folder(&format!("empty-{name}"));
    write(&folder.join("src/lib.rs"), "")?;
    write(&folder.join("tests/empty.rs"), test)?;
    write(&folder.join("Cargo.toml"), &manifest("empty", dependencies))?;
    package::fetch_dependencies(&folder)?;
    Ok(folder)
}

fn cold_builds(workshop: &Workshop, packages: [&PathBuf; 4]) -> Result<Vec<Series>, String> {
    let contestants = packages.map(|package| {
        Contestant::new(name(package), move || {
            remove_folder(&package.join("target"))?;
            build(package)
        })
    });
    rounds(workshop.rounds(ROUNDS), contestants.into())
}

/// Builds again after the test target, and nothing else, has changed.
fn links(workshop: &Workshop, packages: [&PathBuf; 3]) -> Result<Vec<Series>, String> {
    let contestants = packages.map(|package| {
        Contestant::new(name(package), move || {
            touch(&package.join("tests/empty.rs"))?;
            build(package)
        })
    });
    rounds(workshop.rounds(LINK_ROUNDS), contestants.into())
}

fn build(package: &Path) -> Result<Usage, String> {
    let mut cargo = cargo(package, &package.join("target"));
    process::run(cargo.args(["test", "--no-run", "--offline", "--test", "empty"]))
}

fn name(package: &Path) -> String {
    let folder = package.file_name().unwrap_or_default().to_string_lossy();
    folder.trim_start_matches("empty-").to_owned()
}

fn touch(path: &Path) -> Result<(), String> {
    let file = fs::File::options().write(true).open(path);
    let touched = file.and_then(|file| file.set_modified(SystemTime::now()));
    touched.map_err(|error| format!("cannot touch `{}`: {error}", path.display()))
}

/// The size of the newest test binary.
fn binary_size(package: &Path) -> Result<f64, String> {
    let folder = package.join("target/debug/deps");
    let entries = fs::read_dir(&folder).map_err(|error| format!("no `{}`: {error}", folder.display()))?;
    let is_binary = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("empty-") && !name.contains('.')
    };
    let binaries = entries.flatten().map(|entry| entry.path()).filter(is_binary);
    let newest = binaries.max_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
    size(&newest.ok_or("no test binary was built")?).map(|size| size as f64)
}
