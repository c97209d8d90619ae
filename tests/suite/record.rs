//! The record of a run: read as another program would, by `docs/record.md`, and folded to what the report says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::build::{Harness, cargo, package};
use crate::expect::Mode;
use crate::process::{run, run_while, scratch};
use crate::report::{self, Report};
use crate::rig::Program;

/// What a record says of a run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The first line.
    pub(crate) head: Value,
    /// How each test came out, in the words of the report; more than once if that was said more than once.
    results: BTreeMap<String, Vec<String>>,
    /// What each test printed, where that is to be shown.
    outputs: BTreeMap<String, String>,
    /// Tests that have begun.
    begun: Vec<String>,
    /// How many tests came out how: passed, failed, ignored, measured.
    counts: [u64; 4],
    /// How many lines there are of each other event.
    events: BTreeMap<String, usize>,
    speaks_against_it: bool,
    /// The last line, if the run came to its end.
    end: Option<Value>,
}

/// The outcomes, in the order of the counts.
const OUTCOMES: [&str; 4] = ["passed", "failed", "ignored", "measured"];

/// Folds the lines of a record. The last one may be cut off.
pub(crate) fn read(text: &str) -> Record {
    let mut record = Record::default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (place, line) in whole.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["record"], if place == 0 { Value::from(1) } else { Value::Null }, "{line}");
        assert!(record.end.is_none(), "behind the end: {line}");
        record.add(line);
    }
    record
}

impl Record {
    fn add(&mut self, line: Value) {
        let event = line["event"].as_str().expect("each line says what it is").to_owned();
        let test = line["test"].as_str().map(str::to_owned);
        match (&*event, test) {
            ("run_started", None) => self.head = line,
            ("run_finished", None) => self.end = Some(line),
            ("started", Some(test)) => self.begun.push(test),
            ("finished", Some(test)) => self.finish(test, &line),
            _ => {
                let has_nobody = event == "pool_died" && line["tests"].as_array().is_some_and(Vec::is_empty);
                self.speaks_against_it |= has_nobody || event == "trouble";
                *self.events.entry(event).or_default() += 1;
            }
        }
    }

    fn finish(&mut self, test: String, line: &Value) {
        let outcome = line["outcome"].as_str().expect("a test comes out somehow");
        let place = OUTCOMES.iter().position(|known| *known == outcome).expect("a known outcome");
        self.counts[place] += 1;
        assert!(line["elapsed"].as_f64().is_some_and(|seconds| seconds >= 0.0), "{line}");
        assert!(line["line"].as_u64().is_some_and(|number| number > 0), "{line}");
        let words = match (outcome, line["failure"].as_str()) {
            ("passed", None) => "ok".to_owned(),
            ("failed", Some("over_critical")) => "FAILED (time limit exceeded)".to_owned(),
            ("failed", Some(_)) => "FAILED".to_owned(),
            ("measured", None) => "bench".to_owned(),
            ("ignored", None) => {
                let parts = ["class", "reason"].map(|key| line[key].as_str());
                match parts.into_iter().flatten().collect::<Vec<_>>().join(": ") {
                    why if why.is_empty() => "ignored".to_owned(),
                    why => format!("ignored, {why}"),
                }
            }
            _ => panic!("an outcome of its own: {line}"),
        };
        if let Some(output) = line["output"].as_str() {
            self.outputs.insert(test.clone(), output.to_owned());
        }
        self.results.entry(test).or_default().push(words);
    }

    /// What the last line of the report says, but for the time.
    fn summary(&self) -> String {
        let [passed, failed, ignored, measured] = self.counts;
        let number = |key: &str| self.head[key].as_u64().expect("a number");
        let is_complete = self.counts.iter().sum::<u64>() == number("selected");
        let is_success = failed == 0 && is_complete && !self.speaks_against_it;
        let word = if is_success { "ok" } else { "FAILED" };
        let filtered_out = number("filtered_out");
        format!(
            "{word}. {passed} passed; {failed} failed; {ignored} ignored; {measured} measured; {filtered_out} filtered out"
        )
    }

    /// Everything in which the record of a run differs from what the run has said, in sentences.
    pub(crate) fn differences(&self, text: &str) -> Vec<String> {
        let Report { results, sections, summary } = report::read(text);
        // Names of benchmarks are filled up.
        let mut results: BTreeMap<String, Vec<String>> =
            results.into_iter().map(|(name, said)| (name.trim_end().to_owned(), said)).collect();
        for said in results.values_mut().flatten().filter(|said| said.starts_with("bench: ")) {
            "bench".clone_into(said);
        }
        let mut wrong = Vec::new();
        if results != self.results {
            wrong.push(format!("tests came out as {results:?}, recorded are {:?}", self.results));
        }
        if summary.as_ref() != Some(&self.summary()) {
            wrong.push(format!("the summary is {summary:?}, recorded is {:?}", self.summary()));
        }
        for (name, section) in sections {
            let output = self.outputs.get(&name).map_or("", |output| output);
            let (_head, section) = section.split_once('\n').unwrap_or_default();
            if !section.trim_end().starts_with(output.replace("\r\n", "\n").trim_end()) {
                wrong.push(format!("`{name}` printed {section:?}, recorded is {output:?}"));
            }
        }
        for (event, title) in
            [("pool_died", "pool died"), ("escalated", "escalated"), ("leaked", "leaked"), ("flaky", "flaky")]
        {
            let said = lines_below(text, title);
            let recorded = self.events.get(event).copied().unwrap_or(0);
            if said != recorded {
                wrong.push(format!("{said} lines below `{title}`, recorded are {recorded}"));
            }
        }
        let troubles = lines_below(text, "fixtures") + lines_below(text, "plugins");
        if troubles != self.events.get("trouble").copied().unwrap_or(0) {
            wrong.push(format!("{troubles} troubles are told, recorded are {:?}", self.events));
        }
        wrong.extend(self.contradictions());
        wrong
    }

    /// In what the record contradicts itself.
    fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let names = |names: &mut dyn Iterator<Item = &String>| {
            let mut names: Vec<String> = names.cloned().collect();
            names.sort_unstable();
            names
        };
        if names(&mut self.begun.iter()) != names(&mut self.results.keys()) {
            wrong.push(format!("begun are {:?}", self.begun));
        }
        let Some(end) = &self.end else { return [wrong, vec!["there is no last line".to_owned()]].concat() };
        if OUTCOMES.map(|outcome| end[outcome].as_u64().unwrap_or(u64::MAX)) != self.counts {
            wrong.push(format!("counted are {:?}, but the last line says {end}", self.counts));
        }
        if end["success"].as_bool() != Some(self.summary().starts_with("ok")) {
            wrong.push(format!("the last line says {end}"));
        }
        wrong
    }

    /// How many tests have come out.
    pub(crate) fn come_out(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Every test came out, the run came to its end, and the record is in accord with itself.
    #[track_caller]
    pub(crate) fn expect_whole(&self) -> &Record {
        assert_eq!(self.contradictions(), [""; 0]);
        assert_eq!(Some(self.come_out()), self.head["selected"].as_u64());
        self
    }
}

/// How many lines stand below a title in the report.
fn lines_below(text: &str, title: &str) -> usize {
    let (_, below) = text.rsplit_once(&format!("\n\n{title}:\n")).unwrap_or_default();
    below.lines().take_while(|line| line.starts_with("    ")).count()
}

/// Reads the record at this path.
pub(crate) fn read_file(path: &Path) -> Record {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read(&text)
}

/// The records in a folder.
fn records_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder of records")
        .map(|entry| entry.expect("a file").path())
        .collect();
    found.sort_unstable();
    found
}

fn name_of(record: &Path) -> String {
    read_file(record).head["name"].as_str().expect("a name").to_owned()
}

#[test]
fn the_first_line_says_what_was_run_and_when() {
    let folder = scratch();
    let path = folder.join("record");
    let before = std::time::SystemTime::now();
    let run = Program::named("mixed").args(&["alpha", "--shuffle-seed", "5", "--record"]);
    let run = run.args(&[&path.display().to_string()]).run();
    let head = read_file(&path).expect_whole().head.clone();
    assert_eq!((&head["name"], &head["pid"]), (&"mixed".into(), &run.pid.into()), "{head}");
    assert_eq!((&head["selected"], &head["filtered_out"]), (&4.into(), &4.into()), "{head}");
    assert_eq!((&head["shuffle_seed"], &head["arguments"][1]), (&5.into(), &"alpha".into()), "{head}");
    assert_eq!(head["snout"], env!("CARGO_PKG_VERSION"));
    assert_eq!(head["folder"], package(Harness::Snout, "programs").display().to_string());
    let since = |time: std::time::SystemTime| {
        time.duration_since(std::time::UNIX_EPOCH).expect("it is past 1970").as_secs_f64()
    };
    let time = head["time"].as_f64().expect("a time");
    assert!((since(before) - 1.0..=since(std::time::SystemTime::now())).contains(&time), "{head}");
}

#[test]
fn benchmarks_are_recorded_with_what_was_measured() {
    let path = scratch().join("record");
    let program = Program::named("benches").threads(1).env("SNOUT_RECORD", &path.display().to_string());
    let run = program.args(&["--bench"]).run();
    let text = fs::read_to_string(&path).unwrap_or_else(|_| run.fail("no record"));
    assert_eq!(read(&text).differences(&run.text()), [""; 0], "{}", run.ended);
    let copies = text.lines().find(|line| line.contains("finished") && line.contains("copies"));
    let copies: Value = serde_json::from_str(copies.expect("a benchmark")).expect("JSON");
    assert_eq!(copies["outcome"], "measured");
    assert!(copies["megabytes_per_second"].as_u64().is_some_and(|speed| speed > 0), "{copies}");
    let of = |key: &str| copies["nanoseconds"][key].as_f64().unwrap_or(f64::NAN);
    assert!(of("min") <= of("median") && of("median") <= of("max"), "{copies}");
}

#[test]
fn printed_bytes_that_are_no_text_are_recorded_to_the_last() {
    let path = scratch().join("record");
    let program = Program::named("prints_invalid_utf8").isolated();
    program.env("SNOUT_RECORD", &path.display().to_string()).run().expect_table();
    let text = fs::read_to_string(&path).expect("a record");
    let line = text.lines().find(|line| line.contains("writes_invalid_utf8_and_fails\",\"outcome"));
    let line: Value = serde_json::from_str(line.expect("the test came out")).expect("JSON");
    assert!(line["output"].as_str().is_some_and(|text| text.starts_with("na\u{fffd}ve ")), "{line}");
    let coded = line["output_base64"].as_str().expect("the bytes");
    let decoded = run(crate::process::plain("sh").args(["-c", "printf %s \"$0\" | base64 -d", coded])).stdout;
    assert!(decoded.starts_with(b"na\xefve \xc0\x80\n\nthread "), "{decoded:?}");
}

/// Each of the binaries that `cargo test` starts, doctests among them, and each time they are started.
#[test]
fn in_a_folder_every_run_has_a_record_of_its_own() {
    let folder = scratch().join("records/of all");
    let test = || {
        let mut command = cargo(&["test"], &package(Harness::Snout, "library"));
        run(command.env("SNOUT_RECORD", format!("{}/", folder.display()))).expect_code(0);
    };
    test();
    let once = records_in(&folder);
    let names: Vec<String> = once.iter().map(|path| name_of(path)).collect();
    for target in ["library", "integration"] {
        assert!(names.iter().any(|name| name == target), "{names:?}");
    }
    for path in &once {
        let record = read_file(path);
        let file = path.file_name().expect("a file").to_string_lossy().into_owned();
        assert_eq!(file, format!("{}-{}.jsonl", record.head["name"].as_str().unwrap(), record.head["pid"]));
        record.expect_whole();
    }
    let texts: Vec<String> = once.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    test();
    assert_eq!(records_in(&folder).len(), 2 * once.len());
    let still: Vec<String> = once.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(texts, still);
}

#[test]
fn a_file_is_the_record_of_the_last_run() {
    let path = scratch().join("record");
    for (filter, selected) in [("", 8), ("gamma", 1)] {
        Program::named("mixed").env("SNOUT_RECORD", &path.display().to_string()).args(&[filter]).run();
        assert_eq!(read_file(&path).expect_whole().head["selected"], selected);
    }
}

/// What a test runs may be this very binary: it must not write over the record, and neither tests nor their programs see the variable.
#[test]
fn what_tests_run_is_not_recorded() {
    for mode in Mode::ALL {
        let folder = scratch().join("records");
        let program = Program::named("forks_rusty").in_mode(mode, 2);
        program.env("SNOUT_RECORD", &format!("{}/", folder.display())).run().expect_table();
        let records = records_in(&folder);
        assert_eq!(records.len(), 1, "{mode:?}: {records:?}");
        read_file(&records[0]).expect_whole();
    }
}

#[test]
fn what_runs_in_the_very_process_is_recorded_too() {
    let flags = [
        &["--exact", "adds", "--nocapture"][..],
        &["--force-run-in-process"],
        &["--force-run-in-process", "--nocapture", "-q"],
    ];
    for flags in flags {
        let path = scratch().join("record");
        let program = Program::named("passes").env("SNOUT_RECORD", &path.display().to_string());
        program.args(flags).run().expect_code(0);
        read_file(&path).expect_whole();
    }
}

#[test]
fn a_list_is_no_run_and_has_no_record() {
    let path = scratch().join("record");
    let program = Program::named("passes").env("SNOUT_RECORD", &path.display().to_string());
    program.args(&["--list"]).run().expect_code(0).expect_text("3 tests, 0 benchmarks");
    assert!(!path.exists());
}

#[test]
fn a_run_that_is_killed_leaves_a_record_of_what_came_before() {
    let path = scratch().join("record");
    let mut command = Program::with_contexts("long_run").threads(2).into_command();
    command
        .env("SNOUT_RECORD", &path)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let text = || fs::read_to_string(&path).unwrap_or_default();
    // It is killed as soon as this is not so any more.
    let ended = run_while(&mut command, || text().matches("\"passed\"").count() < 5);
    assert!(ended.status.is_none(), "{ended}");
    let record = read(&text());
    assert!(record.end.is_none() && record.come_out() >= 5, "{record:?}");
    assert!(record.begun.len() as u64 >= record.come_out(), "{record:?}");
    assert_eq!(record.head["selected"], 403);
}

#[test]
fn the_example_of_the_schema_is_a_record() {
    let schema =
        fs::read_to_string(Path::new(crate::build::ROOT).join("docs/record.md")).expect("the schema");
    let (_, example) = schema.split_once("```json\n").expect("an example");
    let record = read(example.split_once("```").expect("its end").0);
    assert_eq!(
        record.expect_whole().summary(),
        "FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out"
    );
}

#[test]
fn a_record_that_says_something_else_than_the_report_is_noticed() {
    let run = Program::named("mixed").recorded().run();
    let text = run.record_text();
    assert_eq!(read(text).differences(&run.text()), [""; 0]);
    for (from, to) in [
        ("\"outcome\":\"passed\"", "\"outcome\":\"ignored\""),
        ("\"reason\":\"not today\"", "\"reason\":\"today\""),
        ("beta speaks", "beta is silent"),
        ("{\"event\":\"started\",\"test\":\"alpha\"}\n", ""),
        ("\"filtered_out\":0", "\"filtered_out\":1"),
        ("\"success\":false", "\"success\":true"),
        ("\"failed\":3", "\"failed\":2"),
        (
            "{\"event\":\"run_finished\"",
            "{\"event\":\"escalated\",\"test\":\"alpha\"}\n{\"event\":\"run_finished\"",
        ),
        ("{\"event\":\"run_finished\"", "{\"event\":\"trouble\"}\n{\"event\":\"run_finished\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert_ne!(read(&text.replacen(from, to, 1)).differences(&run.text()), [""; 0], "{from} -> {to}");
    }
}
