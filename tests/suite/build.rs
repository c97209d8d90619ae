//! Compiles the fixtures, once a run: as they stand, and without the one line that makes them snout's.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::expect::Libtest;
pub(crate) use crate::harness::Harness;
use crate::process::plain;
use crate::table;

/// The root of snout's own package.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The line a user adds, as the fixtures' manifests spell it.
const THE_LINE: &str = "test = { package = \"snout\", path = \"../..\" }\n";

/// The executables of the programs, by name.
type Programs = BTreeMap<String, PathBuf>;

/// The executable of a program in `fixtures/programs/tests`.
pub(crate) fn executable(harness: Harness, program: &str) -> &'static Path {
    static OURS: OnceLock<Programs> = OnceLock::new();
    static THEIRS: OnceLock<Programs> = OnceLock::new();
    let built = match harness {
        Harness::Snout => OURS.get_or_init(build_ours),
        Harness::Libtest => THEIRS.get_or_init(build_theirs),
    };
    built.get(program).unwrap_or_else(|| panic!("`{program}` is not built for {harness:?}"))
}

/// The folder of a fixture package, with the line or without it.
pub(crate) fn package(harness: Harness, name: &str) -> PathBuf {
    let original = Path::new(ROOT).join("fixtures").join(name);
    match harness {
        Harness::Snout => original,
        Harness::Libtest => without_the_line(&original, name),
    }
}

/// `cargo VERB` as a user would call it in a fixture package, all builds in one target folder of the suite's own.
pub(crate) fn cargo(verb: &[&str], package: &Path) -> Command {
    let mut command = plain(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(verb).args(["--color", "never", "--target-dir"]).arg(target_folder());
    command.current_dir(package);
    command
}

pub(crate) fn target_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures")
}

fn build_ours() -> Programs {
    let folder = package(Harness::Snout, "programs");
    let mut built = compile(cargo(&["test"], &folder).arg("--tests"));
    let mut unstable = cargo(&["test"], &folder);
    unstable.env("RUSTC_BOOTSTRAP", "1").args(["--features", "unstable", "--test", "benches"]);
    built.extend(compile(&mut unstable));
    built
}

fn build_theirs() -> Programs {
    let mut command = cargo(&["test"], &package(Harness::Libtest, "programs"));
    command.env("RUSTC_BOOTSTRAP", "1").args(["--features", "unstable"]);
    for entry in table::entries().filter(|entry| !matches!(entry.libtest, Libtest::CannotCompile)) {
        command.args(["--test", entry.name]);
    }
    compile(&mut command)
}

/// Runs `cargo test --no-run`; the executables it names.
fn compile(cargo: &mut Command) -> Programs {
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]).stdin(Stdio::null());
    let output = cargo.stderr(Stdio::piped()).output().expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{cargo:?} failed:\n{errors}");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages.lines().filter_map(named_executable).collect()
}

/// Name and path of the executable, if that is what cargo's message is about.
fn named_executable(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).expect("cargo writes JSON");
    let path = message.get("executable")?.as_str()?;
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), path.into()))
}

/// A twin of the package with the one line taken out of its manifest; everything else is the original's.
fn without_the_line(original: &Path, name: &str) -> PathBuf {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let twin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libtest").join(name);
    fs::create_dir_all(&twin).expect("a folder below the target folder");
    for entry in fs::read_dir(original).expect("a fixture's folder").flatten() {
        let link = twin.join(entry.file_name());
        if !["Cargo.toml", "Cargo.lock", "target"].iter().any(|kept| entry.file_name() == *kept)
            && !link.exists()
        {
            symlink(entry.path(), link).expect("a link below the target folder");
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

/// Leaves a file alone that is as it should be: cargo looks at its time.
fn write_if_new(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).expect("a file below the target folder");
}
