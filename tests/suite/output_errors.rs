//! Standard output, log files and records that cannot be written: one line says so, the exit code says so, and nothing else is lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{self, Ended, run, run_as_it_is, scratch};
use crate::record;
use crate::rig::Program;

const FULL: &str = "No space left on device (os error 28): make room there, or send the output elsewhere\n";
const BROKEN: &str = "Broken pipe (os error 32): keep what reads the output running to the end, or send the output to a file\n";
const TOO_LARGE: &str =
    "File too large (os error 27): raise the limit on the size of files, or send the output elsewhere\n";

/// Runs `command` with its standard output going there.
pub(crate) fn run_into(stdout: impl Into<Stdio>, command: &mut Command) -> Ended {
    let folder = scratch();
    let errors = fs::File::create(folder.join("stderr")).expect("a file in the scratch folder");
    let mut ended = run_as_it_is(command.stdout(stdout).stderr(errors));
    ended.stderr = fs::read(folder.join("stderr")).expect("what was just written");
    fs::remove_dir_all(&folder).ok();
    ended
}

/// A place that takes everything the system lets it.
fn full() -> fs::File {
    fs::File::options().write(true).open("/dev/full").expect("Linux has it")
}

/// A pipe that nobody reads from.
fn unread() -> std::io::PipeWriter {
    std::io::pipe().expect("a pipe can be made").1
}

impl Ended {
    /// It ended as a run that failed, with these words as its only line on standard error; no process is left.
    #[track_caller]
    pub(crate) fn expect_one_error(&self, words: &str) -> &Ended {
        self.expect_code(101);
        if self.error_text() != words || words.lines().count() != 1 {
            self.fail(&format!("standard error should be {words:?}"));
        }
        if !self.left_behind.is_empty() {
            self.fail("processes were left behind");
        }
        self
    }
}

const FORMATS: [&str; 4] = ["pretty", "terse", "json", "junit"];

/// `program | head -1`, typed into a shell; what `head` shows, and how the program ended.
fn before_head(arguments: &str, program: Program) -> (Ended, String) {
    let folder = scratch();
    let program = program.env("CODE", &folder.join("code").display().to_string()).into_command();
    let path = program.get_program().to_string_lossy().into_owned();
    let mut shell = process::plain("sh");
    shell.args(["-c", &format!("{{ '{path}' {arguments}; echo $? > \"$CODE\"; }} | head -n 1")]);
    for (name, value) in program.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    let ended = run(&mut shell);
    let code = fs::read_to_string(folder.join("code")).expect("the shell has written it");
    (ended, code.trim().to_owned())
}

/// Twenty thousand lines are more than a pipe holds: `head` is gone before the last of them is written.
#[test]
fn a_reader_that_has_heard_enough_ends_the_run() {
    for (format, first) in [("pretty", "\n"), ("json", "{ \"type\": \"suite\", \"event\": \"started\", ")] {
        let (ended, code) = before_head(&format!("--format {format}"), Program::named("many"));
        assert_eq!(code, "101", "{ended}");
        assert!(ended.text().starts_with(first), "{ended}");
        let (begin, end) = ("error: cannot write the report (", ") to standard output: ");
        let said = ended.error_text();
        let said = said.strip_prefix(begin).and_then(|said| said.strip_suffix(&format!("{end}{BROKEN}")));
        let Some(summary) = said else { ended.fail("one line says that nobody reads") };
        assert!(summary.contains(" passed, 0 failed, 0 ignored, "), "{ended}");
        assert!(summary.ends_with(" not run"), "{ended}");
        assert!(ended.left_behind.is_empty(), "{ended}");
    }
}

#[test]
fn a_reader_that_has_heard_enough_takes_nothing_from_the_record_or_the_log() {
    for format in FORMATS {
        let folder = scratch();
        let (path, log) = (folder.join("record"), folder.join("log"));
        let program = Program::named("many").env("SNOUT_RECORD", &path.display().to_string());
        let (ended, code) = before_head(&format!("--format {format}"), program);
        let record = record::read_file(&path);
        assert_eq!(record.expect_whole().come_out(), 20_000, "{format}");
        // Terse, all of it may have been in the pipe.
        assert!(code == "101" || format == "terse" || format == "junit", "{format}: {code} {ended}");
        let program = Program::named("many").args(&["--format", format, "--logfile"]);
        let mut command = program.args(&[&log.display().to_string()]).into_command();
        run_into(unread(), &mut command).expect_code(101);
        let logged = fs::read_to_string(&log).expect("a log file");
        assert_eq!(logged.lines().filter(|line| line.starts_with("ok m")).count(), 20_000, "{format}");
        fs::remove_dir_all(&folder).ok();
    }
}

#[test]
fn a_closed_standard_output_is_no_reason_to_lose_the_record() {
    for format in FORMATS {
        let path = scratch().join("record");
        let program = Program::named("mixed").args(&["--format", format]);
        let program = program.env("SNOUT_RECORD", &path.display().to_string());
        let ended = run_into(unread(), &mut program.into_command());
        let words = "error: cannot write the report (3 passed, 3 failed, 2 ignored) to standard output: ";
        ended.expect_one_error(&format!("{words}{BROKEN}"));
        record::read_file(&path).expect_whole();
    }
}

/// Nobody has said that they have heard enough: all tests run, and what came of them is counted.
#[test]
fn a_full_disk_under_standard_output_is_told_with_the_counts() {
    for format in FORMATS {
        let program = Program::named("mixed").args(&["--format", format]);
        let ended = run_into(full(), &mut program.into_command());
        let words = "error: cannot write the report (3 passed, 3 failed, 2 ignored) to standard output: ";
        ended.expect_one_error(&format!("{words}{FULL}"));
        // Nothing went wrong but that.
        let program = Program::named("passes").args(&["--format", format]);
        let ended = run_into(full(), &mut program.into_command());
        let words = "error: cannot write the report (3 passed, 0 failed, 0 ignored) to standard output: ";
        ended.expect_one_error(&format!("{words}{FULL}"));
    }
}

#[test]
fn a_full_disk_under_the_record_takes_nothing_from_the_report() {
    for format in FORMATS {
        let flags = ["--format", format];
        let whole = Program::named("mixed").threads(1).args(&flags).run();
        let program = Program::named("mixed").threads(1).args(&flags).env("SNOUT_RECORD", "/dev/full");
        let cut = program.run();
        cut.expect_one_error(&format!("error: cannot write the record `/dev/full`: {FULL}"));
        let normal = |text: String| crate::normal::normal(&text, "no path");
        assert_eq!(normal(cut.text()), normal(whole.text()), "{format}");
    }
    // Nothing went wrong but that.
    let run = Program::named("passes").env("SNOUT_RECORD", "/dev/full").run();
    run.expect_one_error(&format!("error: cannot write the record `/dev/full`: {FULL}"));
    run.expect_text("test result: ok. 3 passed; ");
}

#[test]
fn a_full_disk_under_the_log_file_takes_nothing_from_the_report() {
    let run = Program::named("passes").args(&["--logfile", "/dev/full"]).run();
    run.expect_code(101).expect_text("test result: ok. 3 passed; ");
    let line = format!("error: cannot write the log file `/dev/full`: {FULL}");
    // libtest ends its warning without a line break.
    assert_eq!(run.error_text(), format!("warning: `--logfile` is deprecated\n{line}"));
}

#[test]
fn each_place_that_fails_has_a_line_of_its_own() {
    let program = Program::named("passes").env("SNOUT_RECORD", "/dev/full").args(&["--logfile", "/dev/full"]);
    let ended = run_into(full(), &mut program.into_command());
    ended.expect_code(101);
    let said = ended.error_text();
    let places: Vec<&str> =
        said.lines().skip(1).filter_map(|line| line.split_once(": No space")).map(|it| it.0).collect();
    assert_eq!(
        places,
        [
            "error: cannot write the record `/dev/full`",
            "error: cannot write the log file `/dev/full`",
            "error: cannot write the report (3 passed, 0 failed, 0 ignored) to standard output",
        ],
        "{ended}"
    );
}

/// Where notices go in formats that programs read.
#[test]
fn a_full_disk_under_standard_error_is_told_by_the_exit_code_alone() {
    for format in ["json", "junit"] {
        let folder = scratch();
        let path = folder.join("stdout");
        let stdout = fs::File::create(&path).expect("a file in the scratch folder");
        let mut command = Program::named("leaves_grandchild").args(&["--format", format]).into_command();
        let ended = run_as_it_is(command.stdout(stdout).stderr(full()));
        ended.expect_code(101);
        let text = fs::read_to_string(&path).expect("what was just written");
        let end = if format == "json" { " }\n" } else { "</testsuites>\n" };
        assert!(text.ends_with(end) && text.contains("leaves_a_grandchild"), "{text}");
    }
}

#[test]
fn a_record_that_cannot_be_made_is_refused_before_anything_runs() {
    let folder = scratch();
    fs::write(folder.join("file"), "").expect("a file in the scratch folder");
    let below_file = folder.join("file/record").display().to_string();
    let below_file_too = folder.join("file/records/").display().to_string();
    let advice_on_places = ": name a place that may be written to\n";
    for (path, advice) in [
        ("/no/such/folder/record", ": make the folder, or name another\n"),
        (&below_file, ": make the folder, or name another\n"),
        (&below_file_too, ": make the folder, or name another\n"),
        // Not even the superuser makes files there.
        ("/sys/record", advice_on_places),
        ("/sys/records/", advice_on_places),
    ] {
        for flags in [&["--record", path][..], &[]] {
            let program = Program::named("passes").args(flags);
            let variable = if flags.is_empty() { path } else { "" };
            let run = program.env("SNOUT_RECORD", variable).run();
            run.expect_no_text("running").expect_no_text("test result");
            let said = run.error_text();
            assert!(said.starts_with(&format!("error: cannot make the record `{path}`: ")), "{}", run.ended);
            assert!(said.ends_with(advice), "{}", run.ended);
            run.expect_one_error(&said);
        }
    }
}

/// A command in a shell in which no file grows beyond 48 KiB.
fn with_small_files(program: Program) -> Command {
    let mut command = program.into_command();
    let path = command.get_program().to_os_string();
    let mut shell = process::plain("bash");
    shell.args(["-c", "ulimit -f 48; exec \"$0\" \"$@\""]).arg(path).args(command.get_args());
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    shell.current_dir(command.current_dir(".").get_current_dir().unwrap_or(Path::new(".")));
    shell
}

/// The signal that comes with it would end the process.
#[test]
fn a_limit_on_the_size_of_files_cuts_the_record_and_nothing_else() {
    let roads: [fn(Program) -> Program; 4] = [
        |program| program,
        Program::spawned,
        |program| program.args(&["--force-run-in-process"]),
        Program::isolated,
    ];
    for road in roads {
        let path = scratch().join("record");
        let program = Program::named("many").args(&["-q", "m1::m2"]);
        let program = road(program.env("SNOUT_RECORD", &path.display().to_string()));
        let ended = run(&mut with_small_files(program));
        ended.expect_one_error(&format!("error: cannot write the record `{}`: {TOO_LARGE}", path.display()));
        ended.expect_text("test result: ok. 598 passed; 0 failed; ");
        let text = fs::read_to_string(&path).expect("a record");
        assert_eq!(text.len(), 48 << 10);
        let record = record::read(&text);
        assert_eq!(record.head["selected"], 598);
        assert!(record.come_out() > 100, "{record:?}");
    }
}

#[test]
fn a_limit_on_the_size_of_files_cuts_the_report_and_not_the_record() {
    let path = scratch().join("report");
    let file = fs::File::create(&path).expect("a file in the scratch folder");
    let mut command = with_small_files(Program::named("many"));
    let ended = run_into(file, &mut command);
    let words = "error: cannot write the report (20000 passed, 0 failed, 0 ignored) to standard output: ";
    ended.expect_one_error(&format!("{words}{TOO_LARGE}"));
    assert_eq!(fs::metadata(&path).expect("a file").len(), 48 << 10);
}

#[test]
fn a_disk_that_fills_up_half_way_keeps_what_was_written() {
    let may_mount = run(process::plain("unshare").args(["-rm", "true"])).code() == Some(0);
    if !may_mount {
        return; // here only the tests above can be made
    }
    let folder = scratch();
    let program = Program::named("many").into_command();
    let script = "mount -t tmpfs -o size=64k none \"$1\" && { SNOUT_RECORD=\"$1/record\" \"$0\" -q m1::m2; \
                  code=$?; cp \"$1/record\" \"$2\"; exit $code; }";
    let (disk, copy) = (folder.join("disk"), folder.join("copy"));
    fs::create_dir(&disk).expect("a folder in the scratch folder");
    let mut shell = process::plain("unshare");
    shell.args(["-rm", "sh", "-c", script]).arg(program.get_program()).arg(&disk).arg(&copy);
    let ended = run(&mut shell);
    let path = disk.join("record");
    ended.expect_one_error(&format!("error: cannot write the record `{}`: {FULL}", path.display()));
    ended.expect_text("test result: ok. 598 passed; 0 failed; ");
    let text = fs::read_to_string(&copy).expect("the beginning of a record");
    assert_eq!(text.len(), 64 << 10);
    assert!(record::read(&text).come_out() > 100);
}
