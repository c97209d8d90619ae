//! What does not compile, and what the compiler says to write instead.

use std::fs;

use crate::build::{ROOT, cargo};
use crate::process;

/// Has cargo check a package with this test file; what the compiler says.
fn compiler_says(name: &str, text: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused").join(name);
    fs::create_dir_all(folder.join("tests")).expect("a folder below the target folder");
    fs::create_dir_all(folder.join("src")).expect("a folder below the target folder");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dev-dependencies]\n\
         test = {{ package = \"snout\", path = \"{ROOT}\" }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("a file below the target folder");
    fs::write(folder.join("src/lib.rs"), "").expect("a file below the target folder");
    fs::copy(format!("{ROOT}/fixtures/programs/Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    fs::write(folder.join("tests/it.rs"), text).expect("a file below the target folder");
    let ended = process::run(cargo(&["check"], &folder).args(["--offline", "--test", "it"]));
    if ended.code() == Some(0) {
        return String::new();
    }
    ended.error_text()
}

#[track_caller]
fn refused(name: &str, text: &str, expected: &str) {
    let said = compiler_says(name, text);
    assert!(said.contains(expected), "`{text}` should be refused with `{expected}`, but:\n{said}");
}

#[test]
fn a_good_context_compiles() {
    let text = "mod a { test::context! { timeout = \"5s\", serial, isolate = false, threads = \"fresh\", retries = 2, \
                weight = 2, resource = \"a\", resource = \"b\" } #[test] fn b() {} }";
    assert_eq!(compiler_says("good_context", text), "");
}

#[test]
fn an_option_that_is_none_is_refused() {
    refused(
        "unknown_option",
        "test::context! { timeut = \"5s\" }",
        "no option `timeut`: write timeout, serial, isolate, threads, retries, weight or resource",
    );
}

#[test]
fn a_duration_that_is_none_is_refused() {
    refused(
        "wrong_duration",
        "test::context! { timeout = \"soon\" }",
        "write the timeout like \"500ms\", \"5s\" or \"2m\"",
    );
}

#[test]
fn other_wrong_values_are_refused() {
    refused("wrong_threads", "test::context! { threads = \"green\" }", "write \"fresh\" or \"pooled\"");
    refused("wrong_weight", "test::context! { weight = 0 }", "write a weight of 1 or more");
    let text = "test::context! { resource = \"a\", resource = \"b\", resource = \"c\", resource = \"d\", resource = \"e\" }";
    refused("wrong_resources", text, "a module names four resources at most");
}

#[test]
fn two_contexts_in_a_module_are_refused() {
    refused(
        "two_contexts",
        "mod a { test::context! { serial } test::context! { isolate } }",
        "the name `__snout_context` is defined multiple times",
    );
}
