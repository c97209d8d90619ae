//! What happens in a run of many suites, and the lines of its record. `docs/record.md` has their schema.
//!
//! A line of a suite's own record stands in that of the run as the suite wrote it, with the suite's name and a time put in front. What
//! this program knows by itself has lines of its own. Reports are made of these events and of nothing else, so the record of a run is
//! enough to make each of them again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::FlakyResult;
use super::record::{self, Line};
use super::results::{Result as TestResult, Status, Tally};
use super::stopping::Reason;
use crate::model::signal_name;

/// The version of the schema, which is that of a test binary's record, too.
pub(super) const VERSION: u64 = 1;

/// Something that happened.
#[derive(Debug)]
pub(super) struct Event {
    /// Which suite it is about; none if it is about the run.
    pub(super) suite: String,
    /// Seconds since the run began.
    pub(super) at: f64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Run(RunLine),
    Suite(Line),
}

/// What this program itself has to say of the run, as it stands in the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum RunLine {
    WorkspaceStarted(Start),
    SuiteStarted {
        folder: String,
        doc: bool,
        lanes: usize,
        /// Not for the first time: its tests run several times.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    SuiteFinished(SuiteEnd),
    WorkspaceInterrupted {
        signal: i32,
        not_begun: Vec<String>,
    },
    /// Nothing new starts, and what runs is told to end or may.
    WorkspaceStopped {
        #[serde(flatten)]
        reason: Reason,
        not_begun: Vec<String>,
    },
    WorkspaceFinished(End),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Start {
    pub(super) record: u64,
    pub(super) snout: String,
    pub(super) folder: String,
    pub(super) arguments: Vec<String>,
    pub(super) pid: u32,
    pub(super) time: f64,
    pub(super) lanes: usize,
    /// All of them, in the order in which they are to begin.
    pub(super) suites: Vec<String>,
    /// Tests that were left out before any suite ran, because nothing of their suite was selected.
    #[serde(default)]
    pub(super) filtered_out: usize,
    /// What there was to say before any suite ran: about which suite, and what.
    #[serde(default)]
    pub(super) notes: Vec<(String, String)>,
    /// What a test is that passes when it is tried again, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flaky_result: Option<FlakyResult>,
}

/// A suite has ended, or could not begin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SuiteEnd {
    pub(super) elapsed: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signal: Option<i32>,
    /// Tests that filters left out, if the suite wrote no record that says so.
    pub(super) filtered_out: usize,
    /// Tests that were selected, and never came out.
    pub(super) not_run: usize,
    /// What makes the run fail, though no test of it may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) success: bool,
    #[serde(flatten)]
    pub(super) tally: Tally,
    pub(super) elapsed: f64,
    /// The signal that ended the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) signal: Option<i32>,
}

/// What stands in front of every line.
#[derive(Serialize, Deserialize)]
struct Head<'line> {
    #[serde(default, skip_serializing_if = "str::is_empty")]
    suite: std::borrow::Cow<'line, str>,
    #[serde(default)]
    at: f64,
}

/// The line of an event that this program knows by itself, without its end.
pub(super) fn line(suite: &str, at: f64, line: &impl Serialize) -> String {
    // A struct of numbers and text always has JSON.
    spliced(suite, at, &serde_json::to_string(line).unwrap_or_else(|_| "{}".to_owned()))
}

/// A suite's own line, an object, with the suite's name and the time in front.
pub(super) fn spliced(suite: &str, at: f64, own: &str) -> String {
    let head = serde_json::to_string(&Head { suite: suite.into(), at }).unwrap_or_else(|_| "{}".to_owned());
    match own.strip_prefix('{') {
        Some("}") | None => head,
        Some(fields) => format!("{},{fields}", head.trim_end_matches('}')),
    }
}

/// Reads a line of the record of a run. `None` if it is none.
pub(super) fn read(text: &str) -> Option<Event> {
    let value: Value = serde_json::from_str(text).ok()?;
    let Head { suite, at } = Head::deserialize(&value).ok()?;
    let suite = suite.into_owned();
    let what = match RunLine::deserialize(&value) {
        Ok(line) => What::Run(line),
        Err(_) => What::Suite(record::read_value(value)?),
    };
    Some(Event { suite, at, what })
}

/// A result of a suite that writes no record, as one that does would have written it.
pub(super) fn finished(result: &TestResult) -> impl Serialize {
    let (outcome, failure) = match &result.status {
        Status::Passed => ("passed", None),
        Status::Ignored => ("ignored", None),
        Status::Measured => ("measured", None),
        Status::Failed(word) => ("failed", Some(word)),
    };
    let signal = failure.and_then(|word| (1..=31).find(|number| signal_name(*number) == *word));
    let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
    let is_ignored = result.status == Status::Ignored;
    Finished {
        event: "finished",
        test: result.test.clone(),
        iteration: result.iteration,
        outcome,
        failure: failure.map(|_| if signal.is_some() { "died" } else { "plain" }),
        death: signal.map(|_| "killed"),
        signal,
        reason: filled(&result.note).filter(|_| is_ignored),
        message: filled(&result.note).filter(|_| !is_ignored),
        elapsed: result.elapsed.map(|elapsed| elapsed.as_secs_f64()),
        output: filled(&result.output),
    }
}

#[derive(Serialize)]
struct Finished {
    event: &'static str,
    test: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iteration: Option<u32>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    death: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SCHEMA: &str = include_str!("../../docs/record.md");

    /// Every field and every event is in the schema.
    #[track_caller]
    fn expect_documented(line: &str) {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let fields = value.as_object().expect("an object");
        let event = fields.get("event").and_then(Value::as_str);
        for word in fields.keys().map(String::as_str).chain(event) {
            assert!(SCHEMA.contains(&format!("`{word}`")), "docs/record.md says nothing of `{word}`");
        }
    }

    #[test]
    fn lines_of_the_run_come_back_as_they_went() {
        let start = Start {
            record: VERSION,
            snout: "0".into(),
            folder: "/a \"b\"".into(),
            arguments: vec!["x\ny".into()],
            pid: 7,
            time: 1.5,
            lanes: 2,
            suites: vec!["shop::api".into()],
            filtered_out: 2,
            notes: vec![("s".into(), "n".into())],
            flaky_result: Some(FlakyResult::Fail),
        };
        let trouble = Some("broke\noff".to_owned());
        let tally = Tally { passed: 3, ..Tally::default() };
        let end = End { success: true, tally, elapsed: 0.25, signal: Some(2) };
        let lines = [
            RunLine::WorkspaceStarted(start),
            RunLine::SuiteStarted { folder: "/ws".into(), doc: true, lanes: 2, again: true },
            RunLine::SuiteFinished(SuiteEnd {
                elapsed: 0.5,
                code: Some(3),
                not_run: 1,
                trouble,
                ..SuiteEnd::default()
            }),
            RunLine::SuiteFinished(SuiteEnd { signal: Some(9), ..SuiteEnd::default() }),
            RunLine::WorkspaceInterrupted { signal: 2, not_begun: vec!["a".into()] },
            RunLine::WorkspaceStopped {
                reason: Reason::MaxFail { failures: 3 },
                not_begun: vec!["a".into()],
            },
            RunLine::WorkspaceStopped { reason: Reason::GlobalTimeout { limit: 1.5 }, not_begun: Vec::new() },
            RunLine::WorkspaceStopped { reason: Reason::Asked, not_begun: Vec::new() },
            RunLine::WorkspaceFinished(end),
        ];
        for expected in lines {
            let text = line("s \"x\"", 0.125, &expected);
            expect_documented(&text);
            let event = read(&text).expect("an event");
            assert_eq!((&*event.suite, event.at), ("s \"x\"", 0.125), "{text}");
            let What::Run(found) = event.what else { panic!("{text}") };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn results_that_were_read_from_text_come_back_as_they_went() {
        let result = |status, note: &str, output: &str| TestResult {
            test: "src/lib.rs - f (line 3)".into(),
            iteration: None,
            status,
            elapsed: None,
            output: output.into(),
            note: note.into(),
            place: None,
        };
        for expected in [
            result(Status::Passed, "", ""),
            TestResult { elapsed: Some(Duration::from_millis(1500)), ..result(Status::Passed, "", "") },
            result(Status::Ignored, "no docker", ""),
            result(Status::Ignored, "", ""),
            result(Status::Measured, "", ""),
            result(Status::Failed("FAIL".into()), "exited with code 3", "said\n\"this\""),
            result(Status::Failed("SIGSEGV".into()), "was killed", ""),
            TestResult { iteration: Some(3), ..result(Status::Passed, "", "") },
        ] {
            let text = line("shop (doc)", 1.0, &finished(&expected));
            expect_documented(&text);
            let event = read(&text).expect("an event");
            let What::Suite(Line::Finished(found)) = event.what else { panic!("{text}") };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_suite_s_line_keeps_its_text() {
        let own = r#"{"event":"started","test":"odd \"name\""}"#;
        let text = spliced("shop::api", 0.5, own);
        assert_eq!(text, r#"{"suite":"shop::api","at":0.5,"event":"started","test":"odd \"name\""}"#);
        assert!(
            matches!(read(&text).map(|event| event.what), Some(What::Suite(Line::Started(test))) if test == "odd \"name\"")
        );
    }

    #[test]
    fn what_is_no_line_is_none() {
        for text in ["", "{", "[]", "7", "{}", "{\"suite\":3}", "running 3 tests"] {
            assert!(read(text).is_none(), "{text}");
        }
        let newer = read(r#"{"suite":"a","at":1,"event":"foretold"}"#);
        assert!(matches!(newer.map(|event| event.what), Some(What::Suite(Line::Other))));
    }
}
