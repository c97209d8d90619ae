//! What is built, and what is not built again.

use std::fs;
use std::process::Command;

use crate::process::{plain, run};
use crate::rig::{Workspace, compiled, summary, target};
use crate::shop::shop;

#[test]
fn dependencies_are_built_once_whoever_comes_first() {
    let shop = shop("rebuilds");
    let calls = [
        "snout --workspace --no-run",
        "test --workspace --no-run",
        "snout --workspace --no-run",
        "test --workspace --no-run",
    ];
    // A dependency nobody has built before, nor a run of this test.
    shop.write("coins/src/lib.rs", &format!("// {}\npub fn worth() -> i32 {{ 3 }}\n", std::process::id()));
    shop.write(
        "shop/src/till.rs",
        "fn main() { println!(\"{}\", shop::price(1)) }\n#[test] fn till_has_a_test() {}\n",
    );
    // Not the folder that all share: cargo names what it builds by the place in the workspace, and a shop of another test at the same place would
    // be taken for this one, and built anew.
    let target = target().with_file_name("snout target of rebuilds");
    let built: Vec<_> = calls.map(|call| run(shop.cargo(call).env("CARGO_TARGET_DIR", &target))).into();
    for ended in &built {
        ended.expect_code(0);
    }
    let built: Vec<Vec<String>> = built.iter().map(compiled).collect();
    assert!(built[0].contains(&"coins".to_owned()), "{built:?}");
    assert!(!built[1].contains(&"coins".to_owned()), "the dependency was built by `cargo snout`: {built:?}");
    assert!(built[1].contains(&"shop".to_owned()), "members are built for each: {built:?}");
    assert!(built[2].is_empty() && built[3].is_empty(), "nothing has changed: {built:?}");
}

#[test]
fn the_harness_is_built_once_and_lies_in_the_target_folder() {
    let shop = shop("harness");
    shop.snout("-p names -p cart").expect_code(0);
    let folder = target().join("snout");
    let built = || {
        let all = fs::read_dir(&folder).expect("the harness's folder").flatten();
        let mut files: Vec<_> = all
            .filter_map(|entry| {
                Some((entry.path(), fs::metadata(entry.path().join("harness.json")).ok()?.modified().ok()?))
            })
            .collect();
        files.sort();
        files
    };
    let before = built();
    assert!(!before.is_empty(), "in {}", folder.display());
    shop.write("cart/tests/more.rs", &format!("// {}\n#[test] fn more() {{}}\n", std::process::id()));
    let more = shop.snout("-p cart --test more");
    more.expect_code(0);
    assert!(!compiled(&more).is_empty(), "there was something to build: {more}");
    assert_eq!(built(), before);
}

#[test]
fn a_build_that_fails_ends_as_cargo_ends_it() {
    let files = [
        ("Cargo.toml", "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        ("src/lib.rs", "#[test] fn wrong() { let _: u8 = \"text\"; }\n"),
    ];
    let broken = Workspace::with("broken", &files);
    let ours = broken.snout("");
    ours.expect_code(101);
    let theirs = broken.test("");
    let errors = |text: String| {
        text.lines().filter(|line| line.contains("error")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(errors(ours.error_text()), errors(theirs.error_text()), "{ours}{theirs}");
    assert!(ours.error_text().contains("error[E0308]"), "{ours}");
    assert_eq!(ours.text(), "", "nothing was run");
}

/// A crate that depends on snout, by either name, declares things with that; its harness has to be the same one.
#[test]
fn a_crate_that_depends_on_snout_keeps_its_own() {
    let root = env!("CARGO_MANIFEST_DIR");
    let package = |name: &str, dependency: &str| {
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dev-dependencies]\n{dependency}\n"
        )
    };
    let line = package("line", &format!("test = {{ package = \"snout\", path = {root:?} }}"));
    let named = package("named", &format!("snout = {{ path = {root:?} }}"));
    let tests = |name: &str| {
        format!(
            "#[cfg(test)] mod tests {{\n{name}::fixture! {{ fn four() -> u32 {{ 4 }} }}\n\
             #[test] fn the_fixture_is_set_up() {{ assert_eq!(*four(), 4) }} }}\n"
        )
    };
    let own = Workspace::with(
        "own",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"line\", \"named\"]\nresolver = \"3\"\n"),
            ("line/Cargo.toml", &line),
            ("line/src/lib.rs", &tests("test")),
            ("named/Cargo.toml", &named),
            ("named/src/lib.rs", &tests("snout")),
        ],
    );
    let ended = own.snout("--workspace --no-doc");
    ended.expect_code(0);
    assert_eq!(summary(&ended), "2 tests run: 2 passed", "{ended}");
}

/// Another crate of the same name is none of ours.
#[test]
fn a_crate_that_is_called_snout_and_is_another_is_in_nobody_s_way() {
    let other = Workspace::with(
        "other",
        &[
            ("Cargo.toml", "[workspace]\nmembers = [\"snout\", \"user\"]\nresolver = \"3\"\n"),
            ("snout/Cargo.toml", "[package]\nname = \"snout\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            (
                "snout/src/lib.rs",
                "pub fn nose() -> u8 { 1 }\n#[test] fn of_a_pig() { assert_eq!(nose(), 1) }\n",
            ),
            (
                "user/Cargo.toml",
                "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nsnout = { path = \"../snout\" }\n",
            ),
            (
                "user/src/lib.rs",
                "#[test] fn uses() { assert_eq!(snout::nose(), 1) }\n#[test] fn leaves() { std::process::exit(0) }\n",
            ),
        ],
    );
    let ended = other.snout("--workspace --no-doc");
    ended.expect_code(100);
    assert_eq!(summary(&ended), "3 tests run: 2 passed, 1 failed", "{ended}");
}

/// What users compile into their tests: nothing for the subcommand is among it.
#[test]
fn without_the_feature_the_dependencies_are_those_of_the_harness() {
    let mut command: Command = plain(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args([
        "tree",
        "--edges",
        "normal,build",
        "--depth",
        "1",
        "--prefix",
        "none",
        "--format",
        "{lib}",
    ]);
    let ended = run(command.current_dir(env!("CARGO_MANIFEST_DIR")));
    ended.expect_code(0);
    let text = ended.text();
    let mut names: Vec<&str> = text.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["getopts", "libc", "snout"], "{ended}");
}

/// Another C library is another target, whose programs run here all the same.
#[test]
fn tests_of_another_target_are_built_and_run() {
    const TARGET: &str = "x86_64-unknown-linux-musl";
    let libraries = plain("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let libraries = libraries.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned());
    if !libraries.is_ok_and(|folder| fs::exists(folder).unwrap_or_default()) {
        // `.ci/run` installs it.
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "not run: {TARGET} is not installed; `rustup target add {TARGET}` does it"
        );
        return;
    }
    let workspace = Workspace::with(
        "other-target",
        &[
            ("Cargo.toml", "[package]\nname = \"other-target\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            (
                "src/lib.rs",
                "#[test] fn is_of_musl() { assert!(cfg!(target_env = \"musl\")) }\n#[test] fn crashes() { std::process::abort() }\n\
                 #[test] fn fails() { println!(\"said\"); panic!(\"so\") }\n",
            ),
        ],
    );
    let ended = workspace.snout(&format!("--target {TARGET}"));
    ended.expect_code(100);
    assert_eq!(summary(&ended), "3 tests run: 1 passed, 2 failed", "{ended}");
    assert!(
        ended.text().contains("other-target is_of_musl\n") && ended.text().contains("\nsaid\n"),
        "{ended}"
    );
    assert!(ended.text().contains("SIGABRT"), "{ended}");
}
