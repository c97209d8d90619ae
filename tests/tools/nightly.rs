//! The compiler of tomorrow, and the switches that only it has: verdicts and texts are those of its own libtest.

use crate::harness::Harness;
use crate::process::{Ended, run};
use crate::rig::{Flavour, PLAIN, is_nightly_missing};

const NIGHTLY: Flavour = Flavour { name: "nightly", nightly: true, ..PLAIN };
const ABORTING: Flavour =
    Flavour { name: "aborting", flags: "-Cpanic=abort -Zpanic-abort-tests", cross: true, ..NIGHTLY };

/// Every mode has to give the same verdicts.
const MODES: [&[(&str, &str)]; 5] = [
    &[],
    &[("SNOUT_THREAD_MODE", "pooled")],
    &[("SNOUT_ISOLATE", "always")],
    &[("SNOUT_ISOLATION", "spawn")],
    &[("SNOUT_ISOLATE", "always"), ("SNOUT_THREAD_MODE", "pooled")],
];

/// The same, with the compiler's own harness.
fn libtest(flavour: Flavour, name: &'static str) -> Flavour {
    Flavour { name, harness: Harness::Libtest, ..flavour }
}

#[test]
fn a_suite_passes_on_nightly() {
    if is_nightly_missing() {
        return;
    }
    let ended = run(NIGHTLY.cargo("test").args(["--test", "clean", "--test", "looks_around"]));
    ended.expect_code(0).expect("26 passed; 0 failed; 1 ignored").expect("2 passed; 0 failed; 1 ignored");
    // A compiler whose std has changed is announced by a warning of the build script.
    ended.expect_no("snout cannot capture");
}

#[test]
fn verdicts_on_nightly_are_libtests() {
    if !is_nightly_missing() {
        expect_same_verdicts(NIGHTLY, libtest(NIGHTLY, "nightly_libtest"));
    }
}

#[test]
fn verdicts_where_panics_abort_are_libtests() {
    if !is_nightly_missing() {
        expect_same_verdicts(ABORTING, libtest(ABORTING, "aborting_libtest"));
    }
}

fn expect_same_verdicts(ours: Flavour, theirs: Flavour) {
    let theirs = run(&mut theirs.program("verdicts"));
    for mode in MODES {
        let ours = run(ours.program("verdicts").envs(mode.iter().copied()));
        let [counts, their_counts] = [&ours, &theirs].map(counts);
        if (ours.verdicts(), counts, ours.code()) != (theirs.verdicts(), their_counts, theirs.code()) {
            ours.fail(&format!("{mode:?}: not libtest's verdicts, which are{theirs}"));
        }
        assert_eq!(ours.verdicts().len(), 13, "a line for each test:{ours}");
        // What a failing test printed is there, and only that.
        ours.expect("said by a test that fails").expect_no("said by a test that passes");
        ours.expect("arithmetic").expect("as told").expect("thread 'fails'");
    }
}

/// `test result: …` without the time.
fn counts(ended: &Ended) -> String {
    let text = ended.text();
    let line = text.lines().find(|line| line.starts_with("test result: ")).unwrap_or_default();
    line.split("; finished in").next().unwrap_or_default().to_owned()
}

#[test]
fn benchmarks_are_measured_and_told_as_libtest_does() {
    if is_nightly_missing() {
        return;
    }
    let theirs = libtest(NIGHTLY, "nightly_libtest");
    let [ours, theirs] =
        [NIGHTLY, theirs].map(|flavour| run(flavour.cargo("bench").args(["--bench", "speed"])));
    ours.expect_code(0).expect("0 failed; 1 ignored; 2 measured");
    ours.expect_no("time: ");
    assert_eq!(without_figures(&ours), without_figures(&theirs), "{ours}\n{theirs}");
}

/// The lines about benchmarks and their result, every figure a `#`.
fn without_figures(ended: &Ended) -> Vec<String> {
    let text = ended.text();
    let lines = text.lines().filter(|line| line.starts_with("test ") || line.starts_with("running"));
    lines.map(without_figures_in).collect()
}

fn without_figures_in(line: &str) -> String {
    let word = |word: &str| match word
        .trim_start_matches(['(', '+', '/', '-'])
        .starts_with(|c: char| c.is_ascii_digit())
    {
        true => "#".to_owned(),
        false => word.to_owned(),
    };
    line.split_ascii_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn benchmarks_run_once_as_tests() {
    if is_nightly_missing() {
        return;
    }
    let ended = run(NIGHTLY.cargo("test").args(["--bench", "speed"]));
    ended.expect_code(0).expect("3 passed; 0 failed").expect("test adds ... ok");
}

#[test]
fn a_test_that_skips_itself_is_ignored_where_panics_abort_too() {
    if is_nightly_missing() {
        return;
    }
    for mode in MODES {
        let ended = run(ABORTING.program("skips").envs(mode.iter().copied()));
        ended
            .expect_code(0)
            .expect("test skips ... ignored, no docker here")
            .expect("1 passed; 0 failed; 1 ignored");
    }
}
