//! Reads records back, and compares what they say with what happened.

use std::time::Duration;

use serde_json::Value;

use super::super::replay::{Paper, Replay, Test};
use super::*;
use crate::model::stats::Summary;
use crate::model::{Format, Measurement};

/// What a record says happened, its first line apart.
struct Read {
    head: Value,
    events: Vec<Event>,
}

/// Reads a record of these tests.
fn read(text: &str, cases: &[Case]) -> Read {
    assert!(text.ends_with('\n'), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let head = lines[0].clone();
    assert_eq!(head["record"], VERSION);
    assert!(lines[1..].iter().all(|line| line["record"].is_null()), "{text}");
    Read { head, events: lines.iter().map(|line| event(line, cases)).collect() }
}

fn event(line: &Value, cases: &[Case]) -> Event {
    let id = |name: &Value| {
        let place = cases.iter().position(|case| name == case.name);
        CaseId(u32::try_from(place.expect("a test of the run")).expect("few tests"))
    };
    let each = |list: &Value| list.as_array().expect("a list").clone();
    match text(&line["event"]).as_str() {
        "run_started" => Event::RunStarted(RunStarted {
            selected: count(&line["selected"]),
            filtered_out: count(&line["filtered_out"]),
            shuffle_seed: line["shuffle_seed"].as_u64(),
            name_width: 0,
            iterations: line["iterations"].as_u64().map_or(0, |count| u32::try_from(count).expect("few")),
            winds_down: line.get("winds_down") == Some(&Value::Bool(true)),
        }),
        "started" => Event::Started(id(&line["test"])),
        "slow" => Event::Slow(id(&line["test"])),
        "finished" => Event::Finished(Finished {
            case: id(&line["test"]),
            outcome: outcome(line),
            elapsed: seconds(&line["elapsed"]),
            output: output(line),
        }),
        "escalated" => Event::Notice(Notice::Escalated { case: id(&line["test"]), cause: cause(line) }),
        "pool_died" => {
            let in_flight = each(&line["tests"]).iter().map(id).collect();
            Event::Notice(Notice::PoolDied { death: death(line), in_flight })
        }
        "leaked" => {
            let left = each(&line["processes"]).iter().map(leftover).collect();
            let case = line.get("test").map(id);
            Event::Notice(Notice::Leaked { case, left })
        }
        "flaky" => {
            let failures = u16::try_from(count(&line["failures"])).expect("few failures");
            Event::Notice(Notice::Flaky { case: id(&line["test"]), failures })
        }
        "winding_down" => Event::Notice(Notice::WindingDown(each(&line["tests"]).iter().map(id).collect())),
        "retried" => {
            let (case, outcome) = (id(&line["test"]), outcome(line));
            let finished =
                Finished { case, outcome, elapsed: seconds(&line["elapsed"]), output: output(line) };
            let attempt = u16::try_from(count(&line["attempt"])).expect("few tries");
            Event::Notice(Notice::Retried { finished, attempt, delay: seconds(&line["delay"]) })
        }
        "trouble" => Event::Notice(Notice::Trouble(trouble(line))),
        "report" => Event::Notice(Notice::Report { plugin: text(&line["plugin"]), text: output(line) }),
        "stray" => Event::Notice(Notice::Stray(output(line))),
        "run_finished" => Event::RunFinished { elapsed: seconds(&line["elapsed"]) },
        other => panic!("an event called {other}"),
    }
}

fn outcome(line: &Value) -> Outcome {
    match text(&line["outcome"]).as_str() {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed(failure(line)),
        "ignored" => Outcome::Ignored(line.get("reason").map(|_| reason(line))),
        "measured" => Outcome::Measured(Box::new(measurement(line))),
        other => panic!("an outcome called {other}"),
    }
}

fn failure(line: &Value) -> Failure {
    match text(&line["failure"]).as_str() {
        "plain" => Failure::Plain,
        "unexpected" => Failure::Unexpected(text(&line["message"])),
        "over_critical" => Failure::OverCritical,
        "timed_out" => Failure::TimedOut { limit: seconds(&line["limit"]) },
        "died" => Failure::Died(death(line)),
        "died_afterwards" => Failure::DiedAfterwards(death(line)),
        "not_run" => Failure::NotRun(text(&line["reason"])),
        "ended" => Failure::Ended(reason(line)),
        "blocked" => Failure::Blocked { fixture: text(&line["fixture"]), why: text(&line["reason"]) },
        other => panic!("a failure called {other}"),
    }
}

fn reason(line: &Value) -> Reason {
    Reason { class: line.get("class").map(text), text: text(&line["reason"]) }
}

fn death(line: &Value) -> Death {
    let number = |key: &str| i32::try_from(line[key].as_i64().expect("a number")).expect("a small one");
    match text(&line["death"]).as_str() {
        "exited" => Death::Exited(number("code")),
        "killed" => Death::Killed(number("signal")),
        "stopped" => Death::Stopped(number("signal")),
        "hung_at_exit" => Death::HungAtExit,
        other => panic!("a death called {other}"),
    }
}

fn cause(line: &Value) -> Cause {
    match text(&line["cause"]).as_str() {
        "timed_out" => Cause::TimedOut(seconds(&line["limit"])),
        "pool_died" => Cause::PoolDied(death(line)),
        other => panic!("a cause called {other}"),
    }
}

fn leftover(process: &Value) -> Leftover {
    let pid = i32::try_from(process["pid"].as_i64().expect("a number")).expect("a process's number");
    Leftover { pid, name: text(&process["name"]) }
}

fn trouble(line: &Value) -> Trouble {
    let plugin = line.get("plugin").map(text);
    let phase = match (plugin.is_some(), text(&line["phase"]).as_str()) {
        (false, "cases") => Phase::Generate,
        (false, "set_up") => Phase::SetUp,
        (false, "use") => Phase::Use,
        (false, "teardown") => Phase::TearDown,
        (true, "begin") => Phase::Plugin(Hook::Begin),
        (true, "finish") => Phase::Plugin(Hook::Finish),
        (true, "before") => Phase::Plugin(Hook::Before),
        (true, "after") => Phase::Plugin(Hook::After),
        (true, "report") => Phase::Plugin(Hook::Report),
        (_, other) => panic!("a phase called {other}"),
    };
    let how = match text(&line["how"]).as_str() {
        "panicked" => Wrong::Panicked,
        "failed" => Wrong::Failed(text(&line["error"])),
        "timed_out" => Wrong::TimedOut(seconds(&line["limit"])),
        "died" => Wrong::Died(death(line)),
        other => panic!("went wrong by {other}"),
    };
    assert_eq!(line["message"], how.to_string());
    Trouble { fixture: plugin.unwrap_or_else(|| text(&line["fixture"])), phase, how, output: output(line) }
}

fn measurement(line: &Value) -> Measurement {
    let of = |key: &str| line["nanoseconds"][key].as_f64().expect("a number");
    let nanoseconds = Summary {
        sum: of("sum"),
        min: of("min"),
        max: of("max"),
        mean: of("mean"),
        median: of("median"),
        var: of("variance"),
        std_dev: of("standard_deviation"),
        median_abs_dev: of("median_absolute_deviation"),
        quartiles: (of("first_quartile"), of("second_quartile"), of("third_quartile")),
        iqr: of("interquartile_range"),
    };
    Measurement { nanoseconds, megabytes_per_second: count(&line["megabytes_per_second"]) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}")).to_owned()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("a small one")
}

fn seconds(value: &Value) -> Duration {
    Duration::from_nanos((value.as_f64().expect("a number") * 1e9).round() as u64)
}

fn output(line: &Value) -> Output {
    let Some(printed) = line.get("output") else { return Output::default() };
    let bytes = line.get("output_base64").map(|coded| decoded(&text(coded)));
    Output::from(bytes.unwrap_or_else(|| text(printed).into_bytes()))
}

fn decoded(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("{other} is no letter of base64"),
    };
    let letters: Vec<u32> = text.trim_end_matches('=').bytes().map(|letter| value(letter).into()).collect();
    let mut bytes = Vec::new();
    for four in letters.chunks(4) {
        let bits = four.iter().fold(0, |bits, six| bits << 6 | six) << (6 * (4 - four.len()));
        bytes.extend((1..four.len()).map(|place| (bits >> (24 - 8 * place)) as u8));
    }
    bytes
}

/// Records these events, which are about these tests.
fn recorded(events: &[Event], cases: &[Case]) -> String {
    let paper = Paper::default();
    let origin = Origin {
        arguments: vec!["target/parser-0123456789abcdef".into(), "--exact".into(), "odd \"name\"".into()],
        name: "parser".into(),
        folder: "/some/where".into(),
        pid: 4711,
        time: Duration::new(1_795_000_000, 120_000_000),
    };
    let mut record = Record::new(origin, Box::new(paper.clone()));
    let mut ledger = Ledger::new(cases, false);
    for event in events {
        ledger.apply(event);
        record.event(event, &ledger).expect("paper takes all");
    }
    record.flush().expect("paper takes all");
    let text = paper.read();
    text.lines().for_each(expect_documented);
    text
}

/// Every field, and every word that a reader has to know, is in the schema.
#[track_caller]
fn expect_documented(line: &str) {
    const SCHEMA: &str = include_str!("../../../docs/record.md");
    const WORDS: [&str; 7] = ["event", "outcome", "failure", "death", "cause", "phase", "how"];
    let line: Value = serde_json::from_str(line).expect("JSON");
    let fields = line.as_object().expect("an object");
    let words = WORDS.iter().filter_map(|key| fields.get(*key)?.as_str());
    let below = fields.get("nanoseconds").and_then(Value::as_object);
    for word in fields
        .keys()
        .chain(below.into_iter().flat_map(|object| object.keys()))
        .map(String::as_str)
        .chain(words)
    {
        assert!(SCHEMA.contains(&format!("`{word}`")), "docs/record.md says nothing of `{word}`");
    }
}

fn cases(names: &[&'static str]) -> Vec<Case> {
    names.iter().map(|name| Test::new(name, Outcome::Passed).at(7, 1, 2).case).collect()
}

#[track_caller]
fn survive(events: Vec<Event>) {
    let cases = cases(&["m::f", "odd \"name\"\n", "src/lib.rs - f (line 3)"]);
    let text = recorded(&events, &cases);
    assert_eq!(read(&text, &cases).events, events, "{text}");
}

/// Every sort of text there is trouble with.
const ODD: &str = "quote \" backslash \\ tab \t bell \u{7} delete \u{7f} é 😀 \u{fffd} line\nno end";

fn finished(case: u32, outcome: Outcome) -> Event {
    let elapsed = Duration::from_nanos(1_000_000_007);
    Event::Finished(Finished { case: CaseId(case), outcome, elapsed, output: Output::default() })
}

const DEATHS: [Death; 4] = [Death::Exited(-3), Death::Killed(11), Death::Stopped(19), Death::HungAtExit];

#[test]
fn begin_middle_and_end_survive() {
    let started = RunStarted {
        selected: 3,
        filtered_out: 12,
        shuffle_seed: Some(u64::MAX),
        iterations: 7,
        winds_down: true,
        name_width: 0,
    };
    survive(vec![
        Event::RunStarted(started),
        Event::Started(CaseId(0)),
        Event::Slow(CaseId(0)),
        Event::Started(CaseId(1)),
        finished(0, Outcome::Passed),
        finished(1, Outcome::Passed),
        Event::RunFinished { elapsed: Duration::from_nanos(1) },
    ]);
}

fn begin() -> Event {
    Event::RunStarted(RunStarted { selected: 3, ..RunStarted::default() })
}

#[test]
fn every_outcome_survives() {
    let class = |class: Option<&str>| Reason { class: class.map(str::to_owned), text: ODD.into() };
    let mut outcomes = vec![
        Outcome::Passed,
        Outcome::Ignored(None),
        Outcome::Ignored(Some(class(None))),
        Outcome::Ignored(Some(class(Some("TODO")))),
        Outcome::Failed(Failure::Plain),
        Outcome::Failed(Failure::Unexpected(ODD.into())),
        Outcome::Failed(Failure::OverCritical),
        Outcome::Failed(Failure::TimedOut { limit: Duration::from_millis(1_500) }),
        Outcome::Failed(Failure::NotRun(ODD.into())),
        Outcome::Failed(Failure::Ended(class(Some("TODO")))),
        Outcome::Failed(Failure::Ended(class(None))),
        Outcome::Failed(Failure::Blocked { fixture: "db::connection".into(), why: ODD.into() }),
        // Numbers that no reader rounds.
        Outcome::Measured(Box::new(Measurement {
            nanoseconds: Summary::from_array([0.5, 0.25, 4e9, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
            megabytes_per_second: 123,
        })),
    ];
    for death in DEATHS {
        outcomes.push(Outcome::Failed(Failure::Died(death)));
        outcomes.push(Outcome::Failed(Failure::DiedAfterwards(death)));
    }
    let each = outcomes.into_iter().zip((0..3).cycle()).map(|(outcome, case)| finished(case, outcome));
    survive(std::iter::once(begin()).chain(each).collect());
}

#[test]
fn every_notice_survives() {
    let mut notices = vec![
        Notice::Escalated { case: CaseId(1), cause: Cause::TimedOut(Duration::from_secs(5)) },
        Notice::PoolDied { death: DEATHS[1], in_flight: vec![] },
        Notice::PoolDied { death: DEATHS[3], in_flight: vec![CaseId(1), CaseId(0)] },
        Notice::Leaked { case: None, left: vec![Leftover { pid: 1, name: ODD.into() }] },
        Notice::Leaked {
            case: Some(CaseId(2)),
            left: [3, 4].map(|pid| Leftover { pid, name: "sleep".into() }).to_vec(),
        },
        Notice::Flaky { case: CaseId(0), failures: 2 },
        Notice::WindingDown(vec![CaseId(1)]),
        Notice::Retried {
            finished: Finished {
                case: CaseId(1),
                outcome: Outcome::Failed(Failure::Died(DEATHS[1])),
                elapsed: Duration::from_millis(1500),
                output: Output::from(ODD.as_bytes().to_vec()),
            },
            attempt: 2,
            delay: Duration::from_millis(250),
        },
        Notice::Report { plugin: "m::PLUGIN".into(), text: Output::from(ODD.as_bytes().to_vec()) },
        Notice::Stray(Output::from(b"half a ".to_vec())),
    ];
    notices.extend(DEATHS.map(|death| Notice::Escalated { case: CaseId(0), cause: Cause::PoolDied(death) }));
    survive(std::iter::once(begin()).chain(notices.into_iter().map(Event::Notice)).collect());
}

#[test]
fn every_trouble_survives() {
    let fixtures = [Phase::Generate, Phase::SetUp, Phase::Use, Phase::TearDown];
    let phases = fixtures.into_iter().chain(Hook::ALL.map(Phase::Plugin));
    let hows = [
        Wrong::Panicked,
        Wrong::Failed(ODD.into()),
        Wrong::TimedOut(Duration::from_millis(300)),
        Wrong::Died(Death::Exited(0)),
    ];
    let troubles = phases.flat_map(|phase| {
        hows.clone().map(|how| Trouble {
            fixture: "m::value".into(),
            phase,
            how,
            output: Output::from(ODD.as_bytes().to_vec()),
        })
    });
    let events = troubles.map(|trouble| Event::Notice(Notice::Trouble(trouble)));
    survive(std::iter::once(begin()).chain(events).collect());
}

#[test]
fn printed_bytes_survive_whatever_they_are() {
    let all: Vec<u8> = (0..=255).collect();
    let printed = [&b""[..], b"a", &all, &all[1..], &all[2..], b"\xff", b"caf\xc3", ODD.as_bytes()];
    let events = printed.map(|bytes| Event::Notice(Notice::Stray(Output::from(bytes.to_vec()))));
    survive(std::iter::once(begin()).chain(events).collect());
}

/// The test vectors of RFC 4648.
#[test]
fn base64_is_everybody_s() {
    for (bytes, expected) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let mut coded = Vec::new();
        base64(&mut coded, bytes.as_bytes()).expect("a vector takes all");
        assert_eq!(coded, expected.as_bytes());
        assert_eq!(decoded(expected), bytes.as_bytes());
    }
}

/// What is folded again from the record is what was folded from the run.
#[test]
fn a_record_folds_to_the_same_ledger() {
    let notices = [
        Notice::PoolDied { death: DEATHS[1], in_flight: vec![CaseId(3)] },
        Notice::PoolDied { death: DEATHS[1], in_flight: vec![] },
        Notice::Leaked { case: None, left: vec![Leftover { pid: 1, name: "sleep".into() }] },
    ];
    let golden = || Replay::golden(Format::Pretty);
    let passes = || Replay::of(Format::Pretty, vec![Test::new("f", Outcome::Passed)]);
    let replays = [
        golden(),
        golden().show_output().ensure_time(),
        golden().measure(),
        Replay { notices: notices.to_vec(), ..golden() },
        passes(),
        Replay { notices: notices[..1].iter().map(with_first).collect(), ..passes() },
        Replay { notices: notices[1..2].to_vec(), ..passes() },
        Replay { lost: 2, ..passes() },
    ];
    let mut successes = 0;
    for replay in replays {
        let cases = replay.cases();
        let fold = |events: &[Event]| {
            let mut ledger = Ledger::new(&cases, true).with_all();
            events.iter().for_each(|event| ledger.apply(event));
            ledger
        };
        let text = recorded(&replay.events(), &cases);
        let (mine, theirs) = (fold(&replay.events()), fold(&read(&text, &cases).events));
        assert_eq!(mine.tally(), theirs.tally());
        assert_eq!(mine.is_success(), theirs.is_success());
        assert_eq!((mine.passed(), mine.failed()), (theirs.passed(), theirs.failed()));
        assert_eq!((mine.all(), mine.notices()), (theirs.all(), theirs.notices()));
        assert_eq!((mine.classes(), mine.elapsed()), (theirs.classes(), theirs.elapsed()));
        let last: Value = serde_json::from_str(text.lines().last().expect("an end")).expect("JSON");
        assert_eq!(last["success"], mine.is_success());
        let tally = mine.tally();
        let counts = ["passed", "failed", "ignored", "measured"].map(|key| count(&last[key]));
        assert_eq!(counts, [tally.passed, tally.failed, tally.ignored, tally.measured]);
        successes += usize::from(mine.is_success());
    }
    assert_eq!(successes, 2, "runs that are a success, and runs that are none");
}

fn with_first(notice: &Notice) -> Notice {
    match notice {
        Notice::PoolDied { death, .. } => Notice::PoolDied { death: *death, in_flight: vec![CaseId(0)] },
        other => other.clone(),
    }
}

/// The text itself: other programs read it.
#[test]
fn lines_are_as_the_schema_says() {
    let cases = cases(&["m::f"]);
    let output = Output::from(b"half a line".to_vec());
    let outcome = Outcome::Failed(Failure::Died(Death::Killed(11)));
    let elapsed = Duration::from_micros(1_500);
    let text = recorded(
        &[
            Event::RunStarted(RunStarted { selected: 1, ..RunStarted::default() }),
            Event::Started(CaseId(0)),
            Event::Finished(Finished { case: CaseId(0), outcome, elapsed, output }),
            Event::RunFinished { elapsed },
        ],
        &cases,
    );
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        &format!(
            r#"{{"record":1,"event":"run_started","snout":"{version}","name":"parser","folder":"/some/where","#
        ),
        r#""arguments":["target/parser-0123456789abcdef","--exact","odd \"name\""],"pid":4711,"#,
        r#""time":1795000000.120000000,"selected":1,"filtered_out":0}"#,
        "\n",
        r#"{"event":"started","test":"m::f"}"#,
        "\n",
        r#"{"event":"finished","test":"m::f","outcome":"failed","failure":"died","death":"killed","signal":11,"#,
        r#""message":"the test never finished: its process was killed by signal 11 (SIGSEGV)","#,
        r#""elapsed":0.001500000,"file":"src/mix.rs","line":7,"output":"half a line"}"#,
        "\n",
        r#"{"event":"run_finished","success":false,"passed":0,"failed":1,"ignored":0,"measured":0,"#,
        r#""elapsed":0.001500000}"#,
        "\n",
    ];
    assert_eq!(text, expected.concat());
    assert_eq!(read(&text, &cases).head["arguments"][2], "odd \"name\"");
}
