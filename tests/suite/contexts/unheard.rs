//! Whoever reads standard output leaves in the middle of a run: nothing new starts, and what is owed is torn down.

use std::fs;
use std::io::Read as _;
use std::thread;

use super::{Ran, Road, Steps, command};
use crate::expect::Mode;
use crate::output_errors::run_into;
use crate::process::scratch;
use crate::record;

/// Runs `long_run` until so many bytes have been read, and then no more of them.
fn leave_after(bytes: usize, road: Road, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let folder = scratch();
    let path = folder.join("steps");
    let mut command = command("long_run", road, 2);
    command.args(arguments).env("STEPS", &path).envs(variables.iter().copied());
    let (mut reader, writer) = std::io::pipe().expect("a pipe can be made");
    let listener = thread::spawn(move || reader.read_exact(&mut vec![0; bytes]));
    let ended = run_into(writer, &mut command);
    drop(command);
    listener.join().expect("it does not panic").expect("so much is written");
    let steps = Steps::read(&fs::read_to_string(&path).unwrap_or_default());
    fs::remove_dir_all(&folder).ok();
    Ran { name: "long_run", road, ended, steps }
}

/// How many tests of a scenario have run. What was set up is torn down.
fn count_in_order(ran: &Ran, scenario: &str) -> usize {
    let [up, down, tests] = ["+", "-", "="]
        .map(|mark| ran.steps.of(scenario).iter().filter(|(_, step)| step.starts_with(mark)).count());
    if up != down {
        ran.fail(&format!("{:?}: of `{scenario}` {up} are set up and {down} torn down", ran.road));
    }
    tests
}

#[track_caller]
fn expect_early_end(ran: &Ran, of: usize) {
    let said = ran.error_text();
    ran.ended.expect_one_error(&said);
    let is_told = said.contains(" not run) to standard output: Broken pipe");
    if !said.starts_with("error: cannot write the report (") || !is_told {
        ran.fail(&format!("{:?}: one line says that nobody reads", ran.road));
    }
    let tests: usize =
        ["split", "suite", "shared"].iter().map(|scenario| count_in_order(ran, scenario)).sum();
    if tests == 0 || tests >= of {
        ran.fail(&format!("{:?}: {tests} tests of {of} have run", ran.road));
    }
}

/// Processes that are executed anew do not inherit what is shared.
fn inherits(road: Road) -> bool {
    !matches!(road, Road::In(Mode::Spawned | Mode::SpawnedAlone))
}

#[test]
fn a_run_that_nobody_hears_any_more_ends_early_and_tears_everything_down() {
    for road in Road::all() {
        expect_early_end(&leave_after(50, road, &["own::"], &[]), 203);
        expect_early_end(&leave_after(50, road, &["own::", "--test-threads=1"], &[]), 203);
        if inherits(road) {
            expect_early_end(&leave_after(50, road, &[], &[]), 403);
            expect_early_end(&leave_after(50, road, &["common::"], &[]), 200);
        }
    }
}

#[test]
fn in_every_format() {
    for (format, bytes) in [("pretty", 1), ("terse", 20), ("json", 20)] {
        let arguments = ["own::", "--format", format];
        expect_early_end(&leave_after(bytes, Road::In(Mode::Parallel), &arguments, &[]), 203);
    }
    // All of a document is written at the end, but for its first words: so its reader's leaving is noticed only then.
    let ran = leave_after(20, Road::In(Mode::Parallel), &["own::", "--format=junit"], &[]);
    ran.ended.expect_code(101);
    assert_eq!(["split", "suite"].map(|scenario| count_in_order(&ran, scenario)), [200, 3]);
}

#[test]
fn where_the_run_is_recorded_it_goes_on() {
    for road in Road::all() {
        let path = scratch().join("record");
        let text = path.display().to_string();
        let ran = leave_after(50, road, &["own::"], &[("SNOUT_RECORD", &text)]);
        let error = "error: cannot write the report (203 passed, 0 failed, 0 ignored) to standard output: \
                     Broken pipe (os error 32): keep what reads the output running to the end, or send the output to a file\n";
        ran.ended.expect_one_error(error);
        let record = record::read_file(&path);
        assert_eq!(record.expect_whole().come_out(), 203, "{road:?}");
        assert_eq!(["split", "suite"].map(|scenario| count_in_order(&ran, scenario)), [200, 3], "{road:?}");
    }
}
