//! The packages of `fixtures/`, as they stand or without the one line that makes their tests snout's, and their programs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::harness::Harness;
use crate::messages::test_binary;

/// The root of snout's own package.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The line a user adds, as the fixtures' manifests spell it.
const THE_LINE: &str = "test = { package = \"snout\", path = \"../..\" }\n";

/// The executables of programs, by name.
pub(crate) type Programs = BTreeMap<String, PathBuf>;

/// The folder of a fixture package, with the line or without it.
pub(crate) fn package(harness: Harness, name: &str) -> PathBuf {
    let original = Path::new(ROOT).join("fixtures").join(name);
    match harness {
        Harness::Snout => original,
        Harness::Libtest => without_the_line(&original, name),
    }
}

/// Runs `cargo test --no-run`; the executables it names. There is no deadline, for a build may wait for another.
pub(crate) fn compile(cargo: &mut Command) -> Programs {
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]).stdin(Stdio::null());
    let output = cargo.output().expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{cargo:?} failed:\n{errors}");
    String::from_utf8_lossy(&output.stdout).lines().filter_map(test_binary).collect()
}

/// A twin of the package with the one line taken out of its manifest; everything else is the original's.
fn without_the_line(original: &Path, name: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let twin = Path::new(env!("CARGO_TARGET_TMPDIR")).join(Harness::Libtest.name()).join(name);
    fs::create_dir_all(&twin).expect("a folder below the target folder");
    for entry in fs::read_dir(original).expect("a fixture's folder").flatten() {
        if !["Cargo.toml", "Cargo.lock", "target"].iter().any(|kept| entry.file_name() == *kept) {
            link(&entry.path(), &twin.join(entry.file_name()));
        }
    }
    let manifest = fs::read_to_string(original.join("Cargo.toml")).expect("a fixture's manifest");
    assert!(manifest.contains(THE_LINE), "the fixture's manifest has the line as README spells it");
    write_if_new(&twin.join("Cargo.toml"), &manifest.replace(THE_LINE, ""));
    if !twin.join("Cargo.lock").exists() {
        fs::copy(original.join("Cargo.lock"), twin.join("Cargo.lock")).ok();
    }
    twin
}

/// Makes `link` lead to `original`, wherever it led before: a checkout may have been moved.
fn link(original: &Path, link: &Path) {
    if fs::read_link(link).is_ok_and(|target| target == original) {
        return;
    }
    fs::remove_file(link).ok();
    symlink(original, link).expect("a link below the target folder");
}

/// Leaves a file alone that is as it should be: cargo looks at its time.
pub(crate) fn write_if_new(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).expect("a file below the target folder");
}
