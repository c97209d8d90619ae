//! Reads the record that a test binary under snout writes of its run. `docs/record.md` has its schema.

use std::time::Duration;

use serde_json::Value;

use super::results::{self, Result as TestResult, Status};

/// What a line of the record says.
#[derive(Debug)]
pub(super) enum Line {
    Begun(Begun),
    /// A test runs: by the name that reports have for it.
    Started(String),
    /// A test has been running for over a minute.
    Slow(String),
    Finished(TestResult),
    /// So many lanes are all that the rest of it has a use for.
    Lanes(usize),
    /// A test has failed, for the time of that number, and is tried again.
    Retried(u64, TestResult),
    /// A test that has failed so often, and now has passed.
    Flaky(String, u64),
    /// Something to be told at the end, which no test answers for.
    Note(String),
    /// The run has come to its end; whether it is a success.
    Ended {
        success: bool,
        /// Seconds.
        elapsed: f64,
    },
    /// What a newer version has to say.
    Other,
}

/// The run has begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) selected: usize,
    pub(super) filtered_out: usize,
    /// How often each of them runs; 0 if that was not said.
    pub(super) iterations: u32,
    /// SIGUSR2 has it start nothing new.
    pub(super) winds_down: bool,
}

/// Reads one line; `None` if it is none of a record.
pub(super) fn read(line: &str) -> Option<Line> {
    read_value(serde_json::from_str(line).ok()?)
}

/// The same of a line that is JSON already.
pub(super) fn read_value(fields: Value) -> Option<Line> {
    let event = fields["event"].as_str()?;
    let number =
        |key: &str| fields[key].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    Some(match event {
        "run_started" => Line::Begun(Begun {
            selected: number("selected"),
            filtered_out: number("filtered_out"),
            iterations: u32::try_from(number("iterations")).unwrap_or(u32::MAX),
            winds_down: fields["winds_down"] == true,
        }),
        "retried" => Line::Retried(fields["attempt"].as_u64().unwrap_or(1), finished(&fields)?),
        "flaky" => Line::Flaky(shown(&fields), fields["failures"].as_u64().unwrap_or(1)),
        "finished" => Line::Finished(finished(&fields)?),
        "run_finished" => Line::Ended {
            success: fields["success"] == true,
            elapsed: fields["elapsed"].as_f64().unwrap_or_default(),
        },
        "started" => Line::Started(shown(&fields)),
        "slow" => Line::Slow(shown(&fields)),
        "lanes" => Line::Lanes(number("lanes")),
        _ => note(event, &fields).map_or(Line::Other, Line::Note),
    })
}

fn iteration(fields: &Value) -> Option<u32> {
    fields["iteration"].as_u64().and_then(|number| u32::try_from(number).ok())
}

/// What reports call the test of a line.
fn shown(fields: &Value) -> String {
    results::shown(fields["test"].as_str().unwrap_or_default(), iteration(fields)).into_owned()
}

fn finished(fields: &Value) -> Option<TestResult> {
    let text = |key: &str| fields[key].as_str().unwrap_or_default().to_owned();
    let status = match fields["outcome"].as_str()? {
        "passed" => Status::Passed,
        "ignored" => Status::Ignored,
        "measured" => Status::Measured,
        // Whatever it is called, it has not passed.
        _ => Status::Failed(label(fields)),
    };
    let note = match status {
        Status::Ignored => text("reason"),
        _ => text("message"),
    };
    let elapsed = fields["elapsed"].as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let line = fields["line"].as_u64().and_then(|line| u32::try_from(line).ok());
    let place = fields["file"].as_str().map(|file| (file.to_owned(), line.unwrap_or(1)));
    let (test, iteration) = (text("test"), iteration(fields));
    Some(TestResult { test, iteration, status, elapsed, output: text("output"), note, place })
}

/// The word for a failure.
fn label(fields: &Value) -> String {
    match (fields["failure"].as_str().unwrap_or_default(), fields["death"].as_str().unwrap_or_default()) {
        ("timed_out", _) => "TIMEOUT".to_owned(),
        ("blocked", _) => "BLOCKED".to_owned(),
        ("not_run", _) => "NOT RUN".to_owned(),
        (_, "killed") => {
            let number = fields["signal"].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
            crate::model::signal_name(number).to_string()
        }
        (_, "exited") => format!("EXIT {}", fields["code"].as_i64().unwrap_or(0)),
        _ => "FAIL".to_owned(),
    }
}

/// What is told at the end about what is no test's result.
fn note(event: &str, fields: &Value) -> Option<String> {
    let text = |key: &str| fields[key].as_str().unwrap_or_default();
    let test = text("test");
    let death = || match text("death") {
        "exited" => format!("its process exited with code {}", fields["code"]),
        "killed" => format!("its process was killed by signal {}", fields["signal"]),
        "stopped" => format!("its process was stopped by signal {}", fields["signal"]),
        _ => "its process ended".to_owned(),
    };
    let output = || text("output").trim_end().to_owned();
    let list = |key: &str, name: &dyn Fn(&Value) -> String| {
        fields[key].as_array().into_iter().flatten().map(name).collect::<Vec<_>>().join(", ")
    };
    Some(match event {
        "escalated" => {
            let why = if text("cause") == "timed_out" { "timed out".to_owned() } else { death() };
            format!("{test} went wrong beside others ({why}) and passed alone")
        }
        "pool_died" => {
            let tests = list("tests", &|test| test.as_str().unwrap_or_default().to_owned());
            format!("pool died: {} while running one of {tests}", death())
        }
        "leaked" => {
            let processes =
                list("processes", &|it| format!("{} {}", it["name"].as_str().unwrap_or_default(), it["pid"]));
            let test = if test.is_empty() { "a test" } else { test };
            format!("{test} left processes behind, which were killed: {processes}")
        }
        "trouble" => {
            let name = if text("fixture").is_empty() { text("plugin") } else { text("fixture") };
            format!("{name} ({}): {}\n{}", text("phase"), text("message"), output()).trim_end().to_owned()
        }
        "report" => format!("{}:\n{}", text("plugin"), output()),
        "stray" => format!("printed past the capture, so that no test can be named for it:\n{}", output()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(line: &str) -> TestResult {
        match read(line) {
            Some(Line::Finished(result)) => result,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_are_read_as_the_schema_has_them() {
        let line = r#"{"event":"finished","test":"a::b","outcome":"passed","elapsed":0.500000000,"file":"x","line":4}"#;
        let expected = TestResult {
            test: "a::b".to_owned(),
            iteration: None,
            status: Status::Passed,
            elapsed: Some(Duration::from_millis(500)),
            output: String::new(),
            note: String::new(),
            place: Some(("x".to_owned(), 4)),
        };
        assert_eq!(result(line), expected);
        let line = r#"{"event":"finished","test":"r","outcome":"failed","failure":"died","death":"killed","signal":11,"message":"m","elapsed":0.1,"output":"o\n"}"#;
        let found = result(line);
        assert_eq!(
            (found.status, &*found.note, &*found.output),
            (Status::Failed("SIGSEGV".to_owned()), "m", "o\n")
        );
        let line = r#"{"event":"finished","test":"r","outcome":"ignored","reason":"no docker","elapsed":0}"#;
        assert_eq!((result(line).status, &*result(line).note), (Status::Ignored, "no docker"));
    }

    #[test]
    fn an_outcome_of_a_newer_version_is_no_pass() {
        let line = r#"{"event":"finished","test":"r","outcome":"evaporated","elapsed":0}"#;
        assert_eq!(result(line).status, Status::Failed("FAIL".to_owned()));
    }

    #[test]
    fn what_is_no_line_of_a_record_is_none() {
        for line in ["", "{", "[]", "{\"event\":", "running 3 tests"] {
            assert!(read(line).is_none(), "{line}");
        }
        assert!(matches!(read(r#"{"event":"foretold"}"#), Some(Line::Other)));
    }
}
