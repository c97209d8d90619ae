//! Where the user's cargo is configured to call something: it is still called, and ours with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::process::{run, scratch};
use crate::rig::{Workspace, summary};

/// A package with one test, and a script beside it that writes its arguments to `told` and runs them.
fn package(name: &str, config: &str) -> Workspace {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let script = "#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"$TOLD\"\nwhile [ \"$1\" = --via ]; do shift 2; done\nexec \"$@\"\n";
    let workspace = Workspace::with(
        name,
        &[
            ("Cargo.toml", &manifest),
            (
                "src/lib.rs",
                "#[test] fn one() { assert!(std::env::var_os(\"RUSTC_WORKSPACE_WRAPPER\").is_none()) }\n",
            ),
            ("tool.sh", script),
            (".cargo/config.toml", config),
        ],
    );
    let tool = workspace.folder.join("tool.sh");
    fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).expect("a file of ours");
    workspace
}

/// Runs it; what its script was told.
fn told(workspace: &Workspace, variables: &[(&str, &str)]) -> String {
    let told = scratch().join("told");
    let mut command = workspace.cargo("snout");
    let ended = run(command.env("TOLD", &told).envs(variables.iter().copied()));
    ended.expect_code(0);
    assert_eq!(summary(&ended), "1 test run: 1 passed", "{ended}");
    fs::read_to_string(&told)
        .unwrap_or_else(|error| ended.fail(&format!("the script was not called: {error}")))
}

#[test]
fn a_runner_of_the_configuration_runs_the_tests() {
    let conditional = "[target.'cfg(unix)']\nrunner = [\"./tool.sh\", \"--via\", \"a condition\"]\n";
    let told_it = told(&package("runner-by-condition", conditional), &[]);
    assert!(
        told_it.starts_with("--via a condition /") && told_it.contains("/deps/runner_by_condition-"),
        "{told_it}"
    );
    let host = host();
    let own = format!("[target.{host}]\nrunner = \"./tool.sh --via target\"\n");
    let told_it = told(&package("runner-by-target", &own), &[]);
    assert!(told_it.starts_with("--via target /"), "{told_it}");
}

#[test]
fn a_runner_of_a_variable_runs_the_tests() {
    let workspace = package("runner-by-variable", "");
    let variable = format!("CARGO_TARGET_{}_RUNNER", host().to_uppercase().replace('-', "_"));
    // A path with a space cannot be said in the variable.
    let told_it = told(&workspace, &[(&variable, "sh tool.sh --via variable")]);
    assert!(told_it.starts_with("--via variable /"), "{told_it}");
}

#[test]
fn wrappers_that_are_set_are_called_as_well() {
    let workspace = package("wrapped", "");
    let tool = workspace.folder.join("tool.sh");
    let tool = tool.to_str().expect("a path of ours");
    // Something to compile, each time.
    let fresh = |text: &str| {
        workspace.write("src/lib.rs", &format!("// {} {text}\n#[test] fn one() {{}}\n", std::process::id()))
    };
    fresh("workspace");
    let told_it = told(&workspace, &[("RUSTC_WORKSPACE_WRAPPER", tool)]);
    let built: Vec<&str> = told_it.lines().filter(|line| line.contains("--crate-name wrapped ")).collect();
    assert!(
        built.iter().any(|line| line.contains(" --extern test=/")),
        "the harness is among what it is told: {told_it}"
    );
    assert!(
        built.iter().any(|line| !line.contains(" --extern test=/")),
        "but not for the library: {told_it}"
    );
    fresh("all");
    let told_it = told(&workspace, &[("RUSTC_WRAPPER", tool)]);
    assert!(
        told_it.lines().any(|line| line.contains("snout-rustc") && line.contains("--crate-name wrapped")),
        "{told_it}"
    );
}

fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let ended = run(crate::process::plain(rustc).arg("-vV"));
    let text = ended.text();
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host").to_owned()
}
