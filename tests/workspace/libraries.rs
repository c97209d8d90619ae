//! Libraries that tests are written with: each says of its tests under `cargo snout` what it says under `cargo test`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::process::{Ended, run};
use crate::rig::{Workspace, target};
use crate::verdicts::{of_cargo_test, of_snout};

/// How tests can be run: variables, and whether each has a process of its own.
const WAYS: [(&[(&str, &str)], bool); 5] = [
    (&[("SNOUT_THREAD_MODE", "fresh")], false),
    (&[("SNOUT_THREAD_MODE", "pooled")], false),
    (&[("SNOUT_THREAD_MODE", "fresh"), ("SNOUT_ISOLATE", "always")], true),
    (&[("SNOUT_THREAD_MODE", "pooled"), ("SNOUT_ISOLATE", "always")], true),
    (&[("SNOUT_ISOLATION", "spawn"), ("SNOUT_ISOLATE", "always")], true),
];

/// Both copies are built in one folder, and their tests write to the same place in it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Of the fixture, documentation included.
const TESTS: usize = 105;
const FAILURES: usize = 25;

/// A copy of the fixture, for some libraries write files beside their tests; with this line among what each package's tests depend on.
fn libraries(name: &str, line: &str) -> Workspace {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/libraries");
    let workspace = Workspace::with(name, &[]);
    for path in files(&original) {
        let text = fs::read_to_string(&path).expect("a file of the fixture");
        let path = path.strip_prefix(&original).expect("it lies below");
        let text = text.replace("[dev-dependencies]\n", &format!("[dev-dependencies]\n{line}"));
        workspace.write(path.to_str().expect("a name of ours"), &text);
    }
    workspace
}

/// All files below a folder, but for what is built.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of ours").flatten().map(|entry| entry.path());
    let (folders, mut found): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.ends_with("target")).partition(|path| path.is_dir());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}

/// cargo in a target folder of its own: nobody waits for all that is built here.
fn cargo(workspace: &Workspace, words: &str) -> Command {
    let mut command = workspace.cargo(words);
    command.env("CARGO_TARGET_DIR", target().with_file_name("snout target of libraries"));
    command.env("INSTA_UPDATE", "no");
    command
}

/// What tests that failed have said, by their names: all between their headings.
fn said(ended: &Ended) -> BTreeMap<String, Vec<String>> {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = None;
    for line in ended.text().lines() {
        let heading = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(heading) = heading {
            let name = heading.strip_suffix(" stdout").unwrap_or(heading);
            current = name.rsplit(' ').next().map(str::to_owned);
        } else if ["failures:", "failed:", "notes:", "slowest:"].contains(&line) {
            current = None;
        } else if let Some(name) = &current {
            said.entry(name.clone()).or_default().extend(steady(line));
        }
    }
    said
}

/// The line without what is another each time; nothing of those that are there only sometimes.
fn steady(line: &str) -> Option<String> {
    // The hint comes with the first panic of a process; how often proptest tries is luck.
    let passing = ["note: run with `RUST_BACKTRACE=1`", "\tsuccesses: ", "running 1 test"];
    let line = line.trim_end();
    if line.is_empty() || passing.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let panicked = line.split_once(" panicked at ").filter(|(thread, _)| thread.starts_with("thread '"));
    let logged = line.split_once("Z ").filter(|(time, _)| time.starts_with("20") && !time.contains(' '));
    Some(match (panicked, logged) {
        (Some((_, place)), _) => format!("panicked at {place}"),
        (None, Some((_, rest))) => rest.to_owned(),
        (None, None) => line.to_owned(),
    })
}

/// All of `lines` are there, in this order; what a library writes past the capture may stand between.
fn are_among(lines: &[String], heard: &[String]) -> bool {
    let mut heard = heard.iter();
    lines.iter().all(|line| heard.any(|it| it == line))
}

#[test]
fn tests_of_every_library_come_out_and_say_the_same() {
    let _turn = ONE_AT_A_TIME.lock();
    let libraries = libraries("libraries", "");
    let theirs = run(&mut cargo(&libraries, "test --workspace --locked --no-fail-fast"));
    theirs.expect_code(101);
    let (expected, all) = (of_cargo_test(&theirs), said(&theirs));
    assert_eq!(all.len(), FAILURES, "{theirs}");
    assert_eq!(expected.values().sum::<usize>(), TESTS, "{theirs}");
    for (variables, is_isolated) in WAYS {
        let ours = run(cargo(&libraries, "snout --workspace --locked").envs(variables.iter().copied()));
        ours.expect_code(100);
        assert_eq!(of_snout(&ours), expected, "{variables:?}: {ours}");
        assert_eq!(ours.left_behind, [""; 0], "{variables:?}: {ours}");
        let heard = said(&ours);
        for (name, lines) in &all {
            let heard = heard.get(name).map_or(&[][..], Vec::as_slice);
            let is_same = if is_isolated { are_among(lines, heard) } else { heard == lines };
            assert!(is_same, "{name} with {variables:?}:\n{lines:#?}\n{heard:#?}");
        }
    }
}

/// The same without the subcommand: `cargo test`, and the one line.
#[test]
fn tests_of_every_library_come_out_the_same_with_the_line() {
    let _turn = ONE_AT_A_TIME.lock();
    let plain = libraries("libraries", "");
    let theirs = run(&mut cargo(&plain, "test --workspace --locked --no-fail-fast"));
    let expected = of_cargo_test(&theirs);
    assert_eq!(expected.values().sum::<usize>(), TESTS, "{theirs}");
    let line = format!("test = {{ package = \"snout\", path = {:?} }}\n", env!("CARGO_MANIFEST_DIR"));
    let with_line = libraries("libraries-with-the-line", &line);
    for (variables, _) in WAYS {
        let mut command = cargo(&with_line, "test --workspace --no-fail-fast");
        let ours = run(command.envs(variables.iter().copied()));
        ours.expect_code(101);
        assert_eq!(of_cargo_test(&ours), expected, "{variables:?}: {ours}");
        assert_eq!(ours.left_behind, [""; 0], "{variables:?}: {ours}");
    }
}
