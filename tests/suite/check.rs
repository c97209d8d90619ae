//! Holds what a run said against the table.

use crate::expect::{Entry, Mode, Verdict};
use crate::report::{self, Report};

/// Everything in which a run that wrote `text` differs from the table, in sentences.
pub(crate) fn differences(entry: &Entry, mode: Mode, text: &str, code: Option<i32>) -> Vec<String> {
    let report = report::read(text);
    let mut wrong = Vec::new();
    for test in entry.tests {
        let verdict = test.verdict(mode);
        let said = report.results.get(test.name).map_or(&[][..], |said| said);
        let section = report.sections.get(test.name).map_or("", |text| text);
        if !is_as_expected(verdict, said, section) {
            wrong.push(format!("`{}` should be {verdict:?}, but is {said:?}", test.name));
        }
    }
    for name in report.results.keys().filter(|name| !entry.tests.iter().any(|test| test.name == **name)) {
        wrong.push(format!("`{name}` is not in the table"));
    }
    wrong.extend(summary_differences(&report, code));
    wrong
}

/// Each test says once how it came out; what a failed one says holds the fragment.
fn is_as_expected(verdict: Verdict, said: &[String], section: &str) -> bool {
    let [said] = said else { return false };
    match verdict {
        Verdict::Ok => said == "ok",
        Verdict::Failed(fragment) => said == "FAILED" && section.contains(fragment),
        Verdict::Ignored("") => said == "ignored",
        Verdict::Ignored(reason) => said.strip_prefix("ignored, ") == Some(reason),
        Verdict::Either => said == "ok" || said == "FAILED",
    }
}

/// The summary counts what was said, and the exit code follows from it.
fn summary_differences(report: &Report, code: Option<i32>) -> Vec<String> {
    let count =
        |wanted: &str| report.results.values().flatten().filter(|said| said.starts_with(wanted)).count();
    let (passed, failed, ignored) = (count("ok"), count("FAILED"), count("ignored"));
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let due =
        format!("{word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out");
    let mut wrong = Vec::new();
    if report.summary.as_ref() != Some(&due) {
        wrong.push(format!("the summary should be `{due}`, but is {:?}", report.summary));
    }
    let due = if failed == 0 { 0 } else { 101 };
    if code != Some(due) {
        wrong.push(format!("the exit code should be {due}, but is {code:?}"));
    }
    wrong
}

/// The first line in which two texts differ, of both; empty if there is none.
pub(crate) fn first_difference(mine: &str, theirs: &str) -> String {
    let (mut mine, mut theirs) = (mine.lines(), theirs.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (mine.next(), theirs.next()) {
            (None, None) => return String::new(),
            (first, second) if first == second => {}
            (first, second) => {
                return format!("  line {number}:\n    - {}\n    + {}\n", shown(second), shown(first));
            }
        }
    }
}

fn shown(line: Option<&str>) -> String {
    line.map_or("(nothing)".to_owned(), |line| format!("{:?}", line.chars().take(300).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::{Libtest, entry, failed, ignored, ok};

    const TABLE: Entry =
        entry("x", Libtest::CannotCompile, &[ok("a"), failed("b", "why"), ignored("c", "later")]);

    const GOOD: &str = "\nrunning 3 tests\ntest a ... ok\ntest b ... FAILED\ntest c ... ignored, later\n\nfailures:\n\n\
        ---- b stdout ----\nthis is why\n\nfailures:\n    b\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; \
        0 measured; 0 filtered out; finished in 0.00s\n\n";

    fn wrong(text: &str, code: i32) -> Vec<String> {
        differences(&TABLE, Mode::Serial, text, Some(code))
    }

    #[test]
    fn what_the_table_says_is_accepted() {
        assert_eq!(wrong(GOOD, 101), [""; 0]);
    }

    #[test]
    fn each_departure_from_the_table_is_refused() {
        let departures = [
            ("test a ... ok", "test a ... FAILED"),
            ("test a ... ok", "test a ... ok\ntest a ... ok"),
            ("test a ... ok\n", ""),
            ("test a ... ok", "test a ... ok\ntest d ... ok"),
            ("this is why", "this is not"),
            ("test b ... FAILED", "test b ... ok"),
            ("ignored, later", "ignored"),
            ("1 passed", "2 passed"),
            ("test result: ", ""),
        ];
        for (from, to) in departures {
            assert!(GOOD.contains(from), "{from}");
            assert_ne!(wrong(&GOOD.replacen(from, to, 1), 101), [""; 0], "{from} -> {to}");
        }
        assert_ne!(wrong(GOOD, 0), [""; 0], "a failure with exit code 0");
    }

    #[test]
    fn the_first_difference_is_named_with_its_line() {
        assert_eq!(first_difference("a\nb", "a\nb"), "");
        assert_eq!(first_difference("a\nb", "a\nc"), "  line 2:\n    - \"c\"\n    + \"b\"\n");
        assert_eq!(first_difference("a", "a\nc"), "  line 2:\n    - \"c\"\n    + (nothing)\n");
    }
}
