//! What cargo has called is kept, and asked for again when anything has changed that it may depend upon.

use std::fs;

use crate::rig::Workspace;

const TEST: &str = "#[test]
fn is_called_as_expected() {
    let said = |name| std::env::var(name).unwrap_or_default();
    std::fs::write(\"shell\", said(\"SHLVL\")).unwrap();
    let told = [said(\"CARGO_PKG_DESCRIPTION\"), said(\"A_SETTING\"), said(\"A_VARIABLE\"), env!(\"BUILT\").to_owned(), said(\"BUILT\")];
    assert_eq!(told.join(\",\"), std::fs::read_to_string(\"expected\").unwrap());
}
";

fn workspace(values: [&str; 3]) -> Workspace {
    let [description, setting, built] = values;
    let root = format!(
        "[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n[workspace.package]\ndescription = \"{description}\"\n"
    );
    let member =
        "[package]\nname = \"kept\"\nversion = \"0.1.0\"\nedition = \"2024\"\ndescription.workspace = true\n";
    let config = format!("[env]\nA_SETTING = \"{setting}\"\n");
    let script = format!("fn main() {{ println!(\"cargo::rustc-env=BUILT={built}\") }}\n");
    let expected = format!("{description},{setting},variable,{built},{built}");
    Workspace::with(
        "kept",
        &[
            ("Cargo.toml", &root),
            ("a/Cargo.toml", member),
            ("a/src/lib.rs", TEST),
            ("a/build.rs", &script),
            ("a/expected", &expected),
            (".cargo/config.toml", &config),
        ],
    )
}

/// Runs it; whether cargo was asked for what it calls.
fn asks(workspace: &Workspace, variable: &str) -> bool {
    asks_in(workspace, &[("A_VARIABLE", variable)])
}

/// Not by the rig, which marks each run in its environment.
fn asks_in(workspace: &Workspace, variables: &[(&str, &str)]) -> bool {
    let mut command = workspace.cargo("snout --no-doc");
    let ended = command.envs(variables.iter().copied()).output().expect("cargo can be run");
    let [told, errors] = [&ended.stdout, &ended.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(ended.status.success() && told.contains("1 test run: 1 passed"), "{told}{errors}");
    // cargo tells what it runs, or what it would run.
    errors.contains("Running ")
}

#[test]
fn cargo_is_asked_again_when_something_has_changed() {
    let first = ["one", "x", "1"];
    asks(&workspace(first), "variable");
    assert!(!asks(&workspace(first), "variable"), "nothing has changed");
    for changed in [["two", "x", "1"], ["two", "y", "1"], ["two", "y", "2"]] {
        assert!(asks(&workspace(changed), "variable"), "{changed:?}");
        assert!(!asks(&workspace(changed), "variable"), "{changed:?}");
    }
    // What a test is given is what is there now.
    let workspace = workspace(["two", "y", "2"]);
    workspace.write("a/expected", "two,y,another,2,2");
    assert!(asks(&workspace, "another"));
    // A test that is edited is called as before.
    workspace.write("a/src/lib.rs", &format!("{TEST}// edited\n"));
    assert!(!asks(&workspace, "another"));
    // What shells keep for themselves changes nothing, and is told all the same.
    let shell = [("A_VARIABLE", "another"), ("OLDPWD", "/somewhere/else"), ("SHLVL", "77")];
    assert!(!asks_in(&workspace, &shell));
    assert_eq!(fs::read_to_string(workspace.folder.join("a/shell")).expect("the test wrote it"), "77");
}
