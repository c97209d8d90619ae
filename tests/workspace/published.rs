//! A published crate, without any edit.

use std::fs;
use std::path::Path;

use crate::package::Spec;
use crate::process::run;
use crate::rig::{Workspace, summary};
use crate::verdicts::{of_cargo_test, of_snout};

#[test]
fn semver_comes_out_as_under_cargo_test() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snout workspaces").join("semver-1.0.27");
    if !folder.join("Cargo.toml").exists() {
        let spec: Spec = "semver@1.0.27".parse().expect("a crate and a version");
        let package = spec.fetch(&folder.with_added_extension("probe")).expect("cargo can fetch semver");
        fs::create_dir_all(folder.parent().expect("it has one")).expect("a folder below the target folder");
        package.copy_to(&folder).expect("it can be copied");
    }
    let semver = Workspace { folder };
    let theirs = run(&mut semver.cargo("test --no-fail-fast"));
    let ours = semver.snout("");
    theirs.expect_code(0);
    ours.expect_code(0);
    let expected = of_cargo_test(&theirs);
    assert!(expected.values().sum::<usize>() >= 34, "{theirs}");
    assert_eq!(of_snout(&ours), expected, "{ours}");
    assert!(
        summary(&ours).starts_with(&format!("{} tests run: ", expected.values().sum::<usize>())),
        "{ours}"
    );
}
