//! Every way to write a command line means, says and ends the same as under the compiler's libtest.

use crate::build::{Harness, executable};
use crate::normal::normal;
use crate::rig::{Program, Run};

/// Arguments, and variables set beside them.
type Line = (&'static [&'static str], &'static [(&'static str, &'static str)]);

const NIGHTLY: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");
/// `-Z unstable-options` in each spelling getopts takes.
const Z: &str = "-Zunstable-options";

/// Runs `mixed` one test at a time with this command line.
fn mixed(harness: Harness, (arguments, variables): &Line) -> Run {
    let program = Program::under(harness, "mixed").threads(1).args(arguments);
    variables.iter().fold(program, |program, (name, value)| program.env(name, value)).run()
}

/// Both harnesses answer each of these alike: text, errors, exit code.
#[track_caller]
fn are_answered_alike(lines: &[Line]) {
    let differences: Vec<String> = lines
        .iter()
        .filter_map(|line| {
            let (ours, theirs) = (mixed(Harness::Snout, line), mixed(Harness::Libtest, line));
            ours.difference(&theirs, |text| text).map(|difference| format!("{line:?}\n{difference}"))
        })
        .collect();
    let wrong = differences.len();
    assert!(
        differences.is_empty(),
        "{wrong} of {} are answered otherwise:\n{}",
        lines.len(),
        differences.join("\n")
    );
}

#[test]
fn filters_select_alike() {
    are_answered_alike(&[
        (&[], &[]),
        (&["alpha"], &[]),
        (&["alpha", "beta"], &[]),
        (&["nothing"], &[]),
        (&["alpha_mod::"], &[]),
        (&["--exact", "alpha"], &[]),
        (&["alpha", "--exact"], &[]),
        (&["--exact", "alpha_mod::alpha", "beta"], &[]),
        (&["--skip", "alpha"], &[]),
        (&["--skip", "alpha", "--skip=beta"], &[]),
        (&["--exact", "--skip", "alpha"], &[]),
        (&["alpha", "--skip", "mod"], &[]),
        (&["--ignored"], &[]),
        (&["--ignored", "gamma"], &[]),
        (&["--include-ignored"], &[]),
        (&["--", "alpha"], &[]),
        (&["--", "--exact"], &[]),
        (&[""], &[]),
    ]);
}

/// Where libtest says nothing, and a slip of the finger looks like success.
#[test]
fn c14_a_name_that_matches_nothing_says_so() {
    let line: Line = (&["--exact", "alph"], &[]);
    let (ours, theirs) = (mixed(Harness::Snout, &line), mixed(Harness::Libtest, &line));
    assert_eq!((normal(&ours.text(), ""), ours.code()), (normal(&theirs.text(), ""), theirs.code()));
    assert_eq!(ours.error_text(), "note: no test here matches `alph`: did you mean `alpha`?\n");
}

/// libtest's text to the letter, and then what is snout's own.
#[test]
fn help_begins_as_libtest_s_does() {
    for flags in [&["--help"][..], &["-h"], &["-h", "--bogus"]] {
        let helped = |harness| {
            let run = Program::under(harness, "mixed").args(flags).run();
            (
                normal(&run.text(), &executable(harness, "mixed").display().to_string()),
                run.error_text(),
                run.code(),
            )
        };
        let (ours, theirs) = (helped(Harness::Snout), helped(Harness::Libtest));
        assert_eq!((ours.1, ours.2), (theirs.1, theirs.2), "{flags:?}");
        let own = ours.0.strip_prefix(&theirs.0).unwrap_or_else(|| panic!("{}\n{}", ours.0, theirs.0));
        assert_eq!(own.contains("SNOUT_TIMEOUT"), ours.2 == Some(0), "{own}");
    }
}

/// libtest takes the last one since 1.100, and refused before; this compiler's may be either.
#[test]
fn flags_with_one_value_may_be_given_again() {
    for again in
        [&["--test-threads", "9", "--test-threads", "1"][..], &["--color", "always", "--color", "never"]]
    {
        let run = Program::named("passes").args(again).run();
        run.expect_table().expect_no_text("\u{1b}[");
    }
}

#[test]
fn a_log_file_that_cannot_be_made_ends_the_run() {
    for harness in [Harness::Snout, Harness::Libtest] {
        let run = Program::under(harness, "mixed").args(&["--logfile", "/no/such/folder/log"]).run();
        run.expect_code(101).expect_no_text("test result");
        assert!(run.error_text().contains("No such file or directory"), "{}", run.ended);
    }
}

#[test]
fn lists_are_written_alike() {
    are_answered_alike(&[
        (&["--list"], &[]),
        (&["--list", "--format", "terse"], &[]),
        (&["--list", "--format=pretty"], &[]),
        (&["--list", "-q"], &[]),
        (&["--list", "--ignored"], &[]),
        (&["--list", "--format", "terse", "--ignored"], &[]),
        (&["--list", "--include-ignored"], &[]),
        (&["--list", "alpha"], &[]),
        (&["--list", "--exact", "alpha"], &[]),
        (&["--list", "nothing"], &[]),
        (&["--list", "--skip", "alpha"], &[]),
        (&["--list", "--bench"], &[]),
        (&["--list", "--test-threads", "3"], &[]),
        (&["--list", "--format", "json", Z], &[NIGHTLY]),
        (&["--list", "--format", "junit", Z], &[NIGHTLY]),
    ]);
}

#[test]
fn wrong_use_is_refused_alike() {
    are_answered_alike(&[
        (&["--bogus"], &[]),
        (&["--bogus=1"], &[]),
        (&["-x"], &[]),
        (&["-qx"], &[]),
        (&["--exact=1"], &[]),
        (&["--ignored", "--include-ignored"], &[]),
        (&["--ignored", "--ignored"], &[]),
        (&["--test-threads"], &[]),
        (&["--test-threads", "0"], &[]),
        (&["--test-threads", "-1"], &[]),
        (&["--test-threads", "x"], &[]),
        (&["--test-threads=1.5"], &[]),
        (&["--format"], &[]),
        (&["--format", "x"], &[]),
        (&["--format", ""], &[]),
        (&["--format", "terse", "--format", "pretty"], &[]),
        (&["--color", "x"], &[]),
        (&["--colour", "never"], &[]),
        (&["--skip"], &[]),
        (&["--logfile"], &[]),
        (&["-Z", "bogus"], &[NIGHTLY]),
        (&["-Z"], &[]),
        (&["--shuffle-seed", "x", Z], &[NIGHTLY]),
        (&["--shuffle-seed", "-1", Z], &[NIGHTLY]),
        (&["--format", "json", "--format", "json", Z], &[NIGHTLY]),
    ]);
}

#[test]
fn output_is_shown_alike() {
    are_answered_alike(&[
        (&["--show-output"], &[]),
        (&["--show-output", "alpha"], &[]),
        (&["--show-output", "-q"], &[]),
        (&["--nocapture", "alpha"], &[]),
        (&["--no-capture", "alpha"], &[]),
        (&["--nocapture"], &[]),
        (&["--nocapture", "--show-output"], &[]),
        (&["-q"], &[]),
        (&["--quiet"], &[]),
        (&["--quiet", "alpha"], &[]),
        (&["-q", "--exact", "gamma"], &[]),
        (&["-q", "nothing"], &[]),
        (&["-q", "--format", "pretty"], &[]),
        (&["--format", "terse"], &[]),
        (&["--format", "pretty"], &[]),
        (&["--color", "always"], &[]),
        (&["--color", "always", "-q"], &[]),
        (&["--color", "never"], &[]),
        (&["--color=auto"], &[]),
    ]);
}

/// libtest names a test before it has finished where one may run at a time, and goes by how many threads there might be, not by how
/// many tests there are. IDEs run one test in this way.
#[test]
fn one_test_is_named_when_libtest_names_it() {
    for threads in [None, Some(1), Some(4)] {
        for quiet in [&[][..], &["-q"]] {
            let run = |harness| {
                let program =
                    Program::under(harness, "prints").args(&["--exact", "passes_and_prints", "--nocapture"]);
                let program = program.args(quiet);
                match threads {
                    None => program.run(),
                    Some(threads) => program.threads(threads).run(),
                }
            };
            run(Harness::Snout).expect_same_text_as(&run(Harness::Libtest));
        }
    }
}

#[test]
fn benchmarks_are_asked_for_alike() {
    are_answered_alike(&[
        (&["--bench"], &[]),
        (&["--test"], &[]),
        (&["--bench", "--test"], &[]),
        (&["--bench", "beta"], &[]),
    ]);
}

#[test]
fn variables_are_heard_alike() {
    are_answered_alike(&[
        (&["alpha"], &[("RUST_TEST_NOCAPTURE", "1")]),
        (&["alpha"], &[("RUST_TEST_NOCAPTURE", "0")]),
        (&["alpha"], &[("RUST_TEST_NOCAPTURE", "")]),
        (&["--test-threads=1", "alpha"], &[("RUST_TEST_THREADS", "2")]),
        (&["alpha"], &[("RUST_TEST_SHUFFLE", "0")]),
        (&[Z], &[NIGHTLY, ("RUST_TEST_SHUFFLE", "1"), ("RUST_TEST_SHUFFLE_SEED", "3")]),
        (&[Z, "--shuffle-seed", "4"], &[NIGHTLY, ("RUST_TEST_SHUFFLE_SEED", "3")]),
        (&[Z, "--report-time", "alpha"], &[NIGHTLY, ("RUST_TEST_TIME_INTEGRATION", "1000,2000")]),
    ]);
}

#[test]
fn wrong_variables_end_the_run_with_the_same_code() {
    for variable in [("RUST_TEST_THREADS", "0"), ("RUST_TEST_THREADS", "x"), ("RUST_TEST_THREADS", "-3")] {
        for harness in [Harness::Snout, Harness::Libtest] {
            let run = Program::under(harness, "mixed").env(variable.0, variable.1).run();
            run.expect_code(101).expect_no_text("test result");
            let said = format!("RUST_TEST_THREADS is `{}`, should be a positive integer.", variable.1);
            assert!(run.error_text().contains(&said), "{}", run.ended);
        }
    }
}

#[test]
fn unstable_flags_mean_the_same() {
    are_answered_alike(&[
        (&[Z, "--report-time"], &[NIGHTLY]),
        (&[Z, "--report-time", "-q"], &[NIGHTLY]),
        (&[Z, "--ensure-time"], &[NIGHTLY]),
        (&[Z, "--shuffle-seed", "5"], &[NIGHTLY]),
        (&[Z, "--shuffle-seed", "12345678901234567890"], &[NIGHTLY]),
        (&["-Z", "unstable-options", "--shuffle-seed", "5", "--format", "json"], &[NIGHTLY]),
        (&[Z, "--exclude-should-panic"], &[NIGHTLY]),
        (&[Z, "--fail-fast"], &[NIGHTLY]),
        (&[Z, "--force-run-in-process"], &[NIGHTLY]),
        (&["-qZunstable-options"], &[NIGHTLY]),
        (&[Z, Z, "alpha"], &[NIGHTLY]),
    ]);
}

/// On stable libtest refuses them; here they work, and say the same as there with `-Z unstable-options`.
#[test]
fn unstable_flags_need_no_nightly() {
    const LINES: [(&str, &[&str]); 6] = [
        ("mixed", &["--report-time"]),
        ("mixed", &["--shuffle-seed", "5"]),
        ("mixed", &["--exclude-should-panic"]),
        ("mixed", &["--fail-fast"]),
        ("mixed", &["--format", "json"]),
        ("prints", &["--format", "junit"]),
    ];
    for (name, flags) in LINES {
        let ours = Program::named(name).threads(1).args(flags).run();
        let theirs = Program::under(Harness::Libtest, name).threads(1).env("RUSTC_BOOTSTRAP", "1");
        ours.expect_same_text_as(&theirs.args(&[Z]).args(flags).run());
    }
}
