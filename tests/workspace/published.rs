//! Published crates, without any edit: those of `tests/real`, in the same versions and with the dependencies they were published with.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::package::Spec;
use crate::process::run;
use crate::rig::{Workspace, summary, target};
use crate::verdicts::{lines, of_cargo_test, of_snout};

/// The package as cargo has it in its cache.
fn published(spec: &str) -> Workspace {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snout workspaces").join(spec.replace('@', "-"));
    if !folder.join("Cargo.toml").exists() {
        let spec: Spec = spec.parse().expect("a crate and a version");
        let package = spec.fetch(&folder.with_added_extension("probe")).expect("cargo can fetch it");
        fs::create_dir_all(folder.parent().expect("it has one")).expect("a folder below the target folder");
        package.copy_to(&folder).expect("it can be copied");
    }
    Workspace { folder }
}

/// Without what only a debugger or the next edit would use, in a target folder that others do not wait for.
fn cargo(package: &Workspace, words: &str) -> Command {
    let mut command = package.cargo(words);
    command.env("CARGO_TARGET_DIR", target().with_file_name("snout target of published crates"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
    command
}

/// Each test of the crate comes out as under `cargo test`; there are so many at least, and all pass.
#[track_caller]
fn comes_out_as_under_cargo_test(spec: &str, words: &str, at_least: usize) {
    let package = published(spec);
    let theirs = run(&mut cargo(&package, &format!("test --locked {words} --no-fail-fast")));
    let ours = run(&mut cargo(&package, &format!("snout --locked {words}")));
    theirs.expect_code(0);
    ours.expect_code(0);
    let expected = of_cargo_test(&theirs);
    let count = expected.values().sum::<usize>();
    assert!(count >= at_least, "{count} tests: {theirs}");
    assert_eq!(of_snout(&ours), expected, "{ours}");
    assert_eq!(ours.left_behind, [""; 0], "{ours}");
    let ignored = lines(&ours).iter().filter(|(.., word)| word == "SKIP").count();
    let ran = count - ignored;
    assert!(summary(&ours).starts_with(&format!("{ran} tests run: {ran} passed")), "{ours}");
}

#[test]
fn semver_with_its_documentation() {
    comes_out_as_under_cargo_test("semver@1.0.27", "", 34);
}

#[test]
fn indexmap() {
    comes_out_as_under_cargo_test("indexmap@2.14.2", "--tests", 183);
}

#[test]
fn unicode_segmentation() {
    comes_out_as_under_cargo_test("unicode-segmentation@1.13.3", "--tests", 23);
}

#[test]
fn tokio_stream() {
    comes_out_as_under_cargo_test("tokio-stream@0.1.19", "--tests", 106);
}

#[test]
fn serde_json() {
    comes_out_as_under_cargo_test("serde_json@1.0.154", "--tests", 144);
}

#[test]
#[ignore = "compiles for a minute or two; `.ci/run` calls it"]
fn itertools() {
    comes_out_as_under_cargo_test("itertools@0.14.0", "--tests", 409);
}
