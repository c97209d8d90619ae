//! `examples/on_crate`: what a user sees, right use and wrong.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::package;
use crate::process::{Ended, run};
use crate::summary::Tally;

/// The example as the README calls it. cargo has built it along with this test, unless only this test was asked for;
/// so all that steers a build has to stay in the environment, for cargo not to build it anew.
fn on_crate(arguments: &[&str]) -> Ended {
    let mut command = Command::new(package::cargo());
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "-q", "--example", "on_crate", "--"])
        .args(arguments);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SNOUT_")) {
        command.env_remove(name);
    }
    run(&mut command)
}

/// The one line that a wrong use must print, before it ends with 2.
fn refusal(arguments: &[&str]) -> String {
    let ended = on_crate(arguments);
    ended.expect_code(2);
    let errors = ended.error_text();
    let line = errors.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or_else(|| panic!("{arguments:?} ends with `{line}`")).to_owned()
}

#[test]
fn the_readme_command_ends_with_the_summary_of_all_binaries() {
    let ended = on_crate(&["semver@1.0.27"]);
    let text = ended.text();
    let summary = "semver@1.0.27: 5 binaries, 34 passed, 0 failed, 0 ignored (cargo's exit code 0)";
    assert_eq!(text.lines().last(), Some(summary), "{ended}");
    assert!(text.contains("test test_parse ... ok"), "the tests' own lines go through: {text}");
    ended.expect_code(0);
}

#[test]
fn further_arguments_are_passed_on_to_cargo_and_to_the_tests() {
    let ended = on_crate(&["semver@1.0.27", "--test", "test_version", "--", "--exact", "test_parse"]);
    let text = ended.text();
    assert!(text.ends_with(": 1 binary, 1 passed, 0 failed, 0 ignored (cargo's exit code 0)\n"), "{text}");
}

#[test]
fn a_crate_that_does_not_exist_is_refused_with_where_to_look() {
    let name = "snout-nobody-would-publish-this";
    assert_eq!(
        refusal(&[name]),
        format!("no crate `{name}` in the registry; look it up with `cargo search {name}`")
    );
}

#[test]
fn a_version_that_does_not_exist_is_refused_with_those_that_do() {
    let line = refusal(&["semver@9.9.9"]);
    assert!(line.starts_with("`semver` has no version `9.9.9`; choose another, there are 1."), "{line}");
}

#[test]
fn a_package_published_without_tests_is_refused_with_one_that_has_some() {
    let line = refusal(&["equivalent@1.0.2"]);
    assert!(line.starts_with("the package `equivalent@1.0.2` contains no tests"), "{line}");
    assert!(line.ends_with("try another crate, say `semver@1.0.27`"), "{line}");
}

#[test]
fn what_cannot_be_a_crate_is_refused_before_cargo_is_asked() {
    let line = "`../x` cannot be a crate's name; write `NAME` or `NAME@VERSION`";
    assert_eq!(refusal(&["../x"]), line);
    assert_eq!(
        refusal(&["semver@^1"]),
        "`semver@^1` does not end in a version; write it like `semver@1.2.3`"
    );
}

#[test]
fn result_lines_are_added_up_across_pieces_and_colours() {
    let text = "running 1 test\ntest result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 4 filtered out; finished\n\
        half a line test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 8 passed; 16 failed; 0 ignored; 0 measured; 32 filtered out;\n";
    let mut tally = Tally::default();
    text.as_bytes().chunks(7).for_each(|piece| tally.read(piece));
    assert_eq!(tally.to_string(), "2 binaries, 9 passed, 16 failed, 2 ignored");
    assert_eq!(tally.tests(), 9 + 16 + 2 + 36);
}

/// `manifest` after the one line for a checkout in `/a b/"c"` went into it.
fn with_the_line(name: &str, manifest: &str) -> Result<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manifests").join(name);
    fs::create_dir_all(&folder).expect("cargo's folder for tests is writable");
    fs::write(folder.join("Cargo.toml"), manifest).expect("the folder was just made");
    package::add_snout(&folder, Path::new("/a b/\"c\""))?;
    Ok(fs::read_to_string(folder.join("Cargo.toml")).expect("it was written above"))
}

const LINE: &str = r#"test = { package = "snout", path = "/a b/\"c\"" }"#;

#[test]
fn the_line_follows_the_tables_of_a_published_manifest() {
    let published = "[lib]\ntest = false\n\n[dev-dependencies.rand]\nversion = \"0.8\"\n";
    let expected = format!("{published}\n[dev-dependencies]\n{LINE}\n");
    assert_eq!(with_the_line("published", published), Ok(expected));
}

#[test]
fn the_line_goes_under_a_header_that_is_there() {
    let written_by_hand = "[dev-dependencies]\nrand = \"0.8\"\n[features]\n";
    let expected = format!("[dev-dependencies]\n{LINE}\nrand = \"0.8\"\n[features]\n");
    assert_eq!(with_the_line("by_hand", written_by_hand), Ok(expected));
}

#[test]
fn a_package_that_has_a_dependency_called_test_is_refused() {
    let line = "the package has a dependency called `test` already; try another crate";
    assert_eq!(with_the_line("taken", "[dev-dependencies.test]\npackage = \"x\"\n"), Err(line.to_owned()));
}
