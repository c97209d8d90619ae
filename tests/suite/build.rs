//! Compiles the fixtures, once a run: as they stand, and without the one line that makes them snout's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::expect::Libtest;
pub(crate) use crate::fixture::{Programs, compile, write_if_new};
pub(crate) use crate::fixture::{ROOT, package};
pub(crate) use crate::harness::Harness;
use crate::process::plain;
use crate::table;

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

/// The executable of a program in `fixtures/contexts/tests`.
pub(crate) fn executable_with_contexts(program: &str) -> &'static Path {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = package(Harness::Snout, "contexts");
        compile(cargo(&["test"], &folder).arg("--tests"))
    });
    built.get(program).unwrap_or_else(|| panic!("`{program}` is not built"))
}

/// The same, of a build for systems without processes.
pub(crate) fn executable_without_processes(program: &str) -> &'static Path {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut command = cargo(&["test"], &package(Harness::Snout, "contexts"));
        // A folder of its own: neither build takes the other's place.
        command.arg("--target-dir").arg(target_folder().with_extension("without_processes"));
        compile(command.env("SNOUT_BUILD_WITHOUT_PROCESSES", "1").arg("--tests"))
    });
    built.get(program).unwrap_or_else(|| panic!("`{program}` is not built"))
}

/// The executable of a program in `fixtures/programs/tests`, of a build with snout's feature `rayon`.
pub(crate) fn executable_on_rayon(program: &'static str) -> &'static Path {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let mut command = cargo(&["test"], &package(Harness::Snout, "programs"));
        compile(command.args(["--features", "test/rayon", "--test", program]))
    });
    built.get(program).unwrap_or_else(|| panic!("`{program}` is not built: there is one that is"))
}

/// `cargo VERB` as a user would call it in a fixture package, all builds in one target folder of the suite's own.
pub(crate) fn cargo(verb: &[&str], package: &Path) -> Command {
    let mut command = plain(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(verb).args(["--color", "never"]).env("CARGO_TARGET_DIR", target_folder());
    command.current_dir(package);
    command
}

fn target_folder() -> PathBuf {
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
