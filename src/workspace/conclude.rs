//! What a suite that has ended comes to: where it wrote a record, whether that is whole; else what can be read from what it printed.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use super::events::SuiteEnd;
use super::process::Process;
use super::results::{Result as TestResult, Status};
use super::suites::Suite;
use super::text::{self, Reading};
use crate::model::signal_name;

/// The name of the only test of a suite that has no tests with names.
pub(super) const WHOLE: &str = "main";

/// Lines that are shown of what a suite said when it broke off.
const TAIL: usize = 20;

/// What is known of a suite when it has ended.
#[derive(Debug, Default)]
pub(super) struct Conclusion {
    /// Results that were not heard while it ran.
    pub(super) results: Vec<TestResult>,
    /// What else there is to say of its end.
    pub(super) end: SuiteEnd,
}

/// Concludes a suite whose process has ended and was heard; `is_interrupted` if that was asked for.
pub(super) fn conclude(suite: &Suite, process: &Process, is_interrupted: bool) -> Conclusion {
    let Some(status) = process.status() else { return Conclusion::default() };
    let mut conclusion = match process.heard.selected {
        Some(selected) => heard(process, status, (selected, is_interrupted)),
        None => printed(suite, process, status),
    };
    if let Some(repeat) = process.repeat {
        // It does not know that it runs for the second time.
        conclusion.results.iter_mut().for_each(|result| result.iteration = Some(repeat.first));
    }
    let end = &mut conclusion.end;
    end.trouble = end.trouble.take().map(|text| text.trim_end().to_owned());
    end.elapsed = process.elapsed().as_secs_f64();
    (end.code, end.signal) = (status.code(), status.signal());
    conclusion
}

fn heard(process: &Process, status: ExitStatus, (selected, is_interrupted): (usize, bool)) -> Conclusion {
    let heard = &process.heard;
    let (stdout, stderr) = process.printed();
    let trouble = match heard.success {
        None if is_interrupted => None,
        None => Some(format!("its run broke off: {}\n{}", ended(status), tail(&stdout, &stderr))),
        Some(false) if heard.failed == 0 && !is_interrupted => {
            Some("its run failed, though no test did: see the notes".to_owned())
        }
        Some(_) if !status.success() && heard.failed == 0 && !is_interrupted => {
            Some(format!("no test failed, but it {}\n{}", ended(status), tail("", &stderr)))
        }
        Some(_) => None,
    };
    let not_run = selected.saturating_sub(heard.finished);
    Conclusion { results: Vec::new(), end: SuiteEnd { not_run, trouble, ..SuiteEnd::default() } }
}

/// Results of a suite that wrote no record, by what it printed.
fn printed(suite: &Suite, process: &Process, status: ExitStatus) -> Conclusion {
    let (stdout, stderr) = process.printed();
    let reading = text::read(&stdout);
    let is_libtest = reading.summaries > 0 || stdout.lines().any(announces_tests);
    if !is_libtest && !suite.is_doc {
        let results = vec![whole(process, status, &stdout, &stderr)];
        return Conclusion { results, ..Conclusion::default() };
    }
    let failed = reading.told.failed.max(count_failed(&reading));
    let trouble = if reading.summaries == 0 {
        Some(format!("its run broke off: {}\n{}", ended(status), tail(&stdout, &stderr)))
    } else if !status.success() && failed == 0 {
        Some(format!("no test failed, but it {}\n{}", ended(status), tail("", &stderr)))
    } else if !reading.is_whole() {
        Some("what it printed does not say how each of its tests came out; see `cargo test`".to_owned())
    } else {
        None
    };
    let end = SuiteEnd { filtered_out: reading.told.filtered_out, trouble, ..SuiteEnd::default() };
    Conclusion { results: reading.results, end }
}

fn announces_tests(line: &str) -> bool {
    line.strip_prefix("running ").is_some_and(|rest| rest.ends_with(" test") || rest.ends_with(" tests"))
}

fn count_failed(reading: &Reading) -> usize {
    reading.results.iter().filter(|result| matches!(result.status, Status::Failed(_))).count()
}

/// The whole suite as one test.
fn whole(process: &Process, status: ExitStatus, stdout: &str, stderr: &str) -> TestResult {
    let passed = status.success();
    let word = match status.signal() {
        Some(signal) => signal_name(signal).to_owned(),
        None => "FAIL".to_owned(),
    };
    TestResult {
        test: WHOLE.to_owned(),
        iteration: None,
        status: if passed { Status::Passed } else { Status::Failed(word) },
        elapsed: Some(process.elapsed()),
        output: if passed { String::new() } else { format!("{stdout}{stderr}").trim_end().to_owned() },
        note: if passed { String::new() } else { ended(status) },
        place: None,
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal} ({})", signal_name(signal)),
        (None, None) => "ended".to_owned(),
    }
}

/// The last lines of what was printed.
fn tail(stdout: &str, stderr: &str) -> String {
    let lines: Vec<&str> =
        stdout.lines().chain(stderr.lines()).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
