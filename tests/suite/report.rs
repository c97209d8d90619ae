//! Reads what libtest's pretty format says about each test.

use std::collections::BTreeMap;

use crate::result_line;

/// What a run said, test by test.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// What stands behind the three dots, by name; more than once if it was said more than once.
    pub(crate) results: BTreeMap<String, Vec<String>>,
    /// What stands below `---- NAME stdout ----`, by name.
    pub(crate) sections: BTreeMap<String, String>,
    /// What stands behind `test result: `, up to the time.
    pub(crate) summary: Option<String>,
}

pub(crate) fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut section: Option<String> = None;
    let mut blank = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            section = Some(name.to_owned());
            report.sections.entry(name.to_owned()).or_default();
        } else if blank && (line == "failures:" || line == "successes:") || line.starts_with("test result: ")
        {
            section = None;
        }
        if let Some(summary) = line.strip_prefix("test result: ") {
            report.summary = summary.rsplit_once("; finished in").map(|(counts, _)| counts.to_owned());
        } else if let Some(name) = &section {
            let text = report.sections.get_mut(name).expect("made when it began");
            text.push_str(line);
            text.push('\n');
        } else {
            read_result(line, &mut report);
        }
        blank = line.is_empty();
    }
    report
}

fn read_result(line: &str, report: &mut Report) {
    let Some((name, result)) = result_line::read(line) else { return };
    if result.is_empty() {
        return; // a line begun and interrupted, as when a test has to be tried again; it comes once more
    }
    report.results.entry(name.to_owned()).or_default().push(result.to_owned());
}

#[test]
fn results_sections_and_summary_are_told_apart() {
    let text = "\nrunning 3 tests\ntest a ... ok\ntest m::b - should panic ... FAILED\ntest c ... ignored, why\n\n\
                failures:\n\n---- m::b stdout ----\ntest a ... FAILED\nnote: x\n\nfailures:\n    m::b\n\n\
                test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    let report = read(text);
    assert_eq!(report.results["a"], ["ok"], "what a test prints is not a result");
    assert_eq!(report.results["m::b"], ["FAILED"]);
    assert_eq!(report.results["c"], ["ignored, why"]);
    assert!(report.sections["m::b"].contains("note: x"));
    assert_eq!(
        report.summary.as_deref(),
        Some("FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out")
    );
}
