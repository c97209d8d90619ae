//! On a terminal, and when nobody listens any more.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::build::Harness;
use crate::normal::normal;
use crate::process::{run, run_as_it_is, run_watching};
use crate::rig::{Program, signal};
use crate::signals::hearing_signals;

/// What a terminal is sent by a program with these arguments. `script`, of util-linux, is the terminal.
fn on_a_terminal(harness: Harness, name: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let program = Program::under(harness, name).threads(1).args(arguments).into_command();
    let path = program.get_program().to_string_lossy().into_owned();
    let words: Vec<String> = program.get_args().map(|word| format!(" '{}'", word.display())).collect();
    let mut command = Command::new("script");
    command.args(["-qec", &format!("'{path}'{}", words.concat()), "/dev/null"]);
    command.current_dir(program.get_current_dir().expect("the rig sets it"));
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ended = run(&mut command);
    (normal(&ended.text(), &path), ended.code())
}

#[test]
fn a_terminal_is_sent_the_same() {
    let lines: [&[&str]; 6] =
        [&[], &["-q"], &["--color", "never"], &["--nocapture", "alpha"], &["--list"], &["--bogus"]];
    for arguments in lines {
        let ours = on_a_terminal(Harness::Snout, "mixed", arguments);
        assert_eq!(ours, on_a_terminal(Harness::Libtest, "mixed", arguments), "{arguments:?}");
    }
}

#[test]
fn a_terminal_gets_colours_and_a_file_does_not() {
    assert!(on_a_terminal(Harness::Snout, "mixed", &[]).0.contains("\u{1b}["));
    Program::named("mixed").run().expect_no_text("\u{1b}[3");
}

#[test]
fn a_terminal_is_sane_after_a_crash() {
    let (text, code) = on_a_terminal(Harness::Snout, "aborts", &[]);
    assert!(text.contains("3 passed; 1 failed"), "{text}");
    assert_eq!(code, Some(101), "{text}");
}

/// A reader that has gone ends the run with libtest's exit code, and nothing lives on.
#[test]
fn a_closed_standard_output_is_said_on_standard_error() {
    let unheard = |harness, arguments: &[&str]| {
        let folder = crate::process::scratch();
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let mut command = Program::under(harness, "mixed").threads(1).args(arguments).into_command();
        let errors = std::fs::File::create(folder.join("stderr")).expect("a file in the scratch folder");
        let ended = run_as_it_is(command.stdout(writer).stderr(errors));
        let said = std::fs::read_to_string(folder.join("stderr")).expect("what was just written");
        assert!(said.starts_with("error: ") && said.contains("Broken pipe"), "{said}");
        (ended.code(), said.lines().count(), ended.left_behind)
    };
    for arguments in [&["alpha"][..], &["--list"], &["-q"]] {
        assert_eq!(unheard(Harness::Snout, arguments), unheard(Harness::Libtest, arguments), "{arguments:?}");
    }
}

/// As `| less` that nobody scrolls: the run waits, and Ctrl-C ends it all the same.
#[test]
fn a_reader_that_does_not_read_does_not_keep_a_run_from_being_interrupted() {
    const SIGINT: i32 = 2;
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    let mut command = hearing_signals(Program::named("many").threads(2).into_command());
    command.stdout(writer).process_group(0);
    let begin = Instant::now();
    let mut next = Duration::from_secs(3);
    let ended = run_watching(&mut command, |pid| {
        if begin.elapsed() >= next {
            signal(pid, SIGINT);
            next += Duration::from_secs(2);
        }
        begin.elapsed() < Duration::from_secs(120)
    });
    assert_eq!(ended.status.and_then(|status| status.signal()), Some(SIGINT), "{ended}");
    assert!(ended.left_behind.is_empty(), "{ended}");
    drop(reader);
}
