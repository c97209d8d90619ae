//! Reads what a harness that is not ours prints: libtest's default format, which rustdoc and most others write too.

use std::collections::BTreeMap;

use super::results::{Result as TestResult, Status, Tally};

/// What there was to read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) results: Vec<TestResult>,
    /// What the result lines say. rustdoc writes several.
    pub(super) told: Tally,
    /// How many result lines there were: with none, this is no such text.
    pub(super) summaries: usize,
}

impl Reading {
    /// Whether each test that the result lines count has a line of its own.
    pub(super) fn is_whole(&self) -> bool {
        let mut seen = Tally { filtered_out: self.told.filtered_out, ..Tally::default() };
        self.results.iter().for_each(|result| seen.add(&result.status));
        self.summaries > 0 && seen == self.told
    }
}

/// Reads all that was printed on standard output.
pub(super) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    let mut outputs = outputs(text);
    for line in text.lines() {
        if let Some((test, words)) = test_line(line) {
            let Some(status) = status(words) else { continue };
            let note = words.strip_prefix("ignored, ").unwrap_or_default().to_owned();
            let output = outputs.remove(test).unwrap_or_default();
            let test = test.to_owned();
            reading.results.push(TestResult {
                test,
                iteration: None,
                status,
                elapsed: None,
                output,
                note,
                place: None,
            });
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            reading.summaries += 1;
            add_counts(&mut reading.told, counts);
        }
    }
    reading
}

/// A test's name, and the words behind the dots.
fn test_line(line: &str) -> Option<(&str, &str)> {
    const MODES: [&str; 3] = [" - should panic", " - compile fail", " - compile"];
    let (name, words) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((MODES.iter().find_map(|mode| name.strip_suffix(mode)).unwrap_or(name), words))
}

fn status(words: &str) -> Option<Status> {
    Some(match words {
        "ok" => Status::Passed,
        "FAILED" => Status::Failed("FAIL".to_owned()),
        _ if words == "ignored" || words.starts_with("ignored, ") => Status::Ignored,
        _ if words.starts_with("bench:") => Status::Measured,
        _ => return None,
    })
}

/// `ok. 1 passed; 0 failed; …`.
fn add_counts(tally: &mut Tally, counts: &str) {
    let parts = counts.split_once(". ").map_or("", |(_, parts)| parts);
    for part in parts.split(';') {
        let Some((number, word)) = part.trim().split_once(' ') else { continue };
        let number: usize = number.parse().unwrap_or(0);
        match word {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "ignored" => tally.ignored += number,
            "measured" => tally.measured += number,
            "filtered out" => tally.filtered_out += number,
            _ => {}
        }
    }
}

/// What failed tests printed, by name: the blocks below `failures:`.
fn outputs(text: &str) -> BTreeMap<&str, String> {
    let mut outputs = BTreeMap::new();
    let mut current: Option<(&str, String)> = None;
    for line in text.lines() {
        let head = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----"));
        let head = head.and_then(|rest| rest.strip_suffix(" stdout").or(Some(rest)));
        if head.is_some() || line == "failures:" {
            outputs.extend(current.take());
        }
        match (head, &mut current) {
            (Some(name), _) => current = Some((name, String::new())),
            (None, Some((_, output))) => {
                output.push_str(line);
                output.push('\n');
            }
            (None, None) => {}
        }
    }
    outputs.extend(current);
    outputs.into_iter().map(|(name, output)| (name, output.trim_end().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\nrunning 4 tests\ntest a ... ok\ntest b - should panic ... FAILED\n\
        test c::d ... ignored, not on ... Sundays\ntest src/lib.rs - f (line 3) ... ok\n\nfailures:\n\n\
        ---- b stdout ----\none\n\ntwo\n\n\nfailures:\n    b\n\n\
        test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s\n";

    #[test]
    fn each_test_has_its_line_and_its_output() {
        let reading = read(TEXT);
        let names: Vec<_> = reading.results.iter().map(|result| (&*result.test, &result.status)).collect();
        let failed = Status::Failed("FAIL".to_owned());
        let expected = [
            ("a", &Status::Passed),
            ("b", &failed),
            ("c::d", &Status::Ignored),
            ("src/lib.rs - f (line 3)", &Status::Passed),
        ];
        assert_eq!(names, expected);
        assert_eq!(reading.results[1].output, "one\n\ntwo");
        assert_eq!(reading.results[2].note, "not on ... Sundays");
        assert!(reading.is_whole());
        assert_eq!(reading.told.filtered_out, 3);
    }

    #[test]
    fn a_lost_line_is_noticed() {
        assert!(!read(&TEXT.replace("test a ... ok\n", "")).is_whole());
        assert!(!read("hello\n").is_whole());
        assert!(
            read(&format!("{TEXT}{}", TEXT.replace("test a ", "test x "))).is_whole(),
            "two results add up"
        );
    }
}
