//! Reports of a run, format by format, against what they are to say.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::*;
use crate::workspace::replay::replay;

const RECORD: &str = include_str!("goldens/record.jsonl");

/// Paper to write on, which others can read.
#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).expect("reports are text")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A place that takes nothing.
struct Full(io::ErrorKind);

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What these reporters say of a record, and what there is to say of the record.
fn said(reporter: Box<dyn Reporter>, record: &str) -> (String, Result<Vec<String>, String>) {
    let paper = Paper::default();
    let mut reports =
        Reports::new(vec![Outlet::new(Place::Output, vec![reporter], Box::new(paper.clone()))], None);
    let warnings = replay(record, &mut reports);
    assert!(reports.close());
    (paper.text(), warnings)
}

fn formatted(format: Format, style: &Style) -> String {
    let (text, warnings) = said(of_format(format, style), RECORD);
    assert_eq!(warnings, Ok(vec![]));
    text
}

/// Compares with a file; writes it if `GOLDENS` is set.
#[track_caller]
fn expect_golden(name: &str, found: &str) {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/workspace/report/goldens").join(name);
    if std::env::var_os("GOLDENS").is_some() {
        std::fs::write(&path, found).expect("a file of the sources");
    }
    assert_eq!(found, std::fs::read_to_string(&path).expect("a golden"), "{name}");
}

#[test]
fn every_format_says_what_it_is_to_say() {
    let plain = Style::default();
    expect_golden("pretty.txt", &formatted(Format::Pretty, &plain));
    let coloured = Style { has_colours: true, slowest: Some(3), ..Style::default() };
    expect_golden("pretty-colours-slowest.txt", &formatted(Format::Pretty, &coloured));
    expect_golden("terse.txt", &formatted(Format::Terse, &plain));
    expect_golden("dots.txt", &formatted(Format::Dots, &plain));
    expect_golden("junit.xml", &formatted(Format::Junit, &plain));
    assert_eq!(formatted(Format::Json, &plain), RECORD);
    expect_golden("github.txt", &said(Box::new(github::Annotations::below("/ws")), RECORD).0);
    expect_golden("summary.md", &said(Box::new(summary::Summary::new()), RECORD).0);
}

#[test]
fn no_slowest_are_named_if_none_are_asked_for() {
    let none = Style { slowest: Some(0), ..Style::default() };
    assert!(!formatted(Format::Pretty, &none).contains("slowest"));
}

#[test]
fn suites_that_write_to_the_terminal_themselves_have_no_lines_here() {
    let style = Style { shows_output: true, ..Style::default() };
    let text = formatted(Format::Pretty, &style);
    let (lines, _) = text.split_once("\nfailures:").expect("failures");
    assert!(!lines.contains("tests::passes") && lines.contains("shop::custom main"), "{text}");
    assert!(!formatted(Format::Dots, &style).contains(".F"));
}

#[test]
fn dots_are_broken_into_lines_of_eighty() {
    let mut record = RECORD.lines().next().expect("a head").to_owned();
    for at in 0..81 {
        let line =
            format!(r#"{{"suite":"shop","at":1,"event":"finished","test":"t{at}","outcome":"passed"}}"#);
        record.push_str(&format!("\n{line}"));
    }
    record.push_str(&format!("\n{}\n", RECORD.lines().last().expect("an end")));
    let (text, _) = said(of_format(Format::Dots, &Style::default()), &record);
    let expected = format!("{}     80\n.{}     81\n", ".".repeat(80), " ".repeat(79));
    assert!(text.starts_with(&expected), "{text}");
}

/// Whatever the place where it is cut: there is a report, and one line that says so.
#[test]
fn a_record_that_is_cut_off_is_told_as_far_as_it_goes() {
    let whole = formatted(Format::Pretty, &Style::default());
    for (format, _) in FORMATS.iter().map(|(name, format)| (*format, name)) {
        for end in (RECORD.find('\n').expect("lines") + 1..RECORD.len() - 1).step_by(97) {
            let Some(cut) = RECORD.get(..end) else { continue };
            let (text, warnings) = said(of_format(format, &Style::default()), cut);
            let warnings = warnings.expect("a record");
            let middle = if cut.ends_with('\n') { "" } else { ", in the middle of a line" };
            let expected = format!(
                "the record breaks off{middle}: the run was killed, or still goes on; this is what is known"
            );
            assert_eq!(warnings, [expected], "{cut}");
            match format {
                Format::Pretty => {
                    assert!(text.contains("\n    run: the record breaks off here\n"), "{text}");
                    let first = text.lines().nth(1).filter(|line| line.contains('[')).unwrap_or_default();
                    assert!(whole.contains(first), "{text}");
                }
                Format::Junit => assert!(text.contains("errors=\"") && text.contains("breaks off"), "{text}"),
                Format::Json => assert!(cut.starts_with(&text), "nothing is made up: {text}"),
                Format::Terse | Format::Dots | Format::Github => assert!(!text.is_empty()),
            }
        }
    }
}

#[test]
fn what_ran_when_the_record_broke_off_is_named() {
    let at = RECORD.find(r#"{"suite":"shop","at":0.5"#).expect("the crash");
    let (text, _) = said(of_format(Format::Pretty, &Style::default()), &RECORD[..at]);
    assert!(
        text.contains("run: the record breaks off here\n        running: shop tests::crashes\n"),
        "{text}"
    );
}

#[test]
fn what_is_no_record_is_refused() {
    let refused =
        |text: &str| said(of_format(Format::Pretty, &Style::default()), text).1.expect_err("refused");
    assert_eq!(refused(""), "is empty: the run has not begun, or was killed; run again");
    assert!(refused("<xml/>\n").starts_with("is no record of a run: "));
    assert!(refused("{\"event\":\"started\"}\n").starts_with("is no record of a run: "));
    assert!(refused("{\"record\":1,\"eve").starts_with("is no record of a run: "));
    let newer = refused(r#"{"record":2,"event":"workspace_started"}"#);
    assert!(
        newer.starts_with("is a record of version 2, and this is `cargo snout` for version 1: "),
        "{newer}"
    );
}

#[test]
fn lines_that_cannot_be_read_are_left_out_and_counted() {
    let (head, rest) = RECORD.split_once('\n').expect("lines");
    let record = format!("{head}\nnoise\n\n{{\n{rest}");
    let (text, warnings) = said(of_format(Format::Pretty, &Style::default()), &record);
    assert_eq!(text, formatted(Format::Pretty, &Style::default()));
    let warnings = warnings.expect("a record");
    assert_eq!(warnings, ["2 lines of the record could not be read and are left out; see `docs/record.md`"]);
}

/// The record that one test binary writes (`docs/record.md` has this one).
#[test]
fn the_record_of_one_binary_is_told_as_that_of_a_run() {
    let docs = include_str!("../../../docs/record.md");
    let (_, example) = docs.split_once("## An example\n\n```json\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let (text, warnings) = said(of_format(Format::Pretty, &Style::default()), example);
    assert_eq!(warnings, Ok(vec![]));
    expect_golden("binary.txt", &text);
    let (head, _) = example.split_once("{\"event\":\"run_finished\"").expect("an end");
    let (text, warnings) = said(of_format(Format::Pretty, &Style::default()), head);
    assert_eq!(warnings.expect("a record").len(), 1, "{text}");
}

#[test]
fn a_place_that_fails_takes_nothing_from_the_others() {
    for (place, error, is_whole) in [
        (Place::Output, io::ErrorKind::BrokenPipe, true),
        (Place::Output, io::ErrorKind::StorageFull, false),
        (Place::Asked("junit.xml".into()), io::ErrorKind::StorageFull, false),
        (Place::Last("last".into()), io::ErrorKind::StorageFull, true),
        (Place::Summary("page".into()), io::ErrorKind::StorageFull, true),
    ] {
        let paper = Paper::default();
        let outlets = vec![
            Outlet::new(place.clone(), vec![Box::new(Lines)], Box::new(Full(error))),
            Outlet::new(Place::Asked("other".into()), vec![Box::new(Lines)], Box::new(paper.clone())),
        ];
        let mut reports = Reports::new(outlets, None);
        replay(RECORD, &mut reports).expect("a record");
        assert_eq!(reports.close(), is_whole, "{place}");
        assert_eq!(paper.text(), RECORD, "{place}");
    }
}

/// What passed is one, however often it ran; what did not is one each.
#[test]
fn runs_of_a_test_that_pass_are_one_case_of_junit() {
    let mut record = RECORD.lines().next().expect("a head").to_owned();
    for (iteration, outcome) in [(1, "passed"), (2, "failed"), (3, "passed"), (4, "failed")] {
        let line = format!(
            r#"{{"suite":"shop","at":1,"event":"finished","test":"t","iteration":{iteration},"outcome":"{outcome}","elapsed":0.5}}"#
        );
        record.push_str(&format!("\n{line}"));
    }
    record.push_str(&format!("\n{}\n", RECORD.lines().last().expect("an end")));
    let (text, _) = said(of_format(Format::Junit, &Style::default()), &record);
    let began = r#"timestamp="2026-11-22T22:36:44.000+00:00""#;
    let case = format!(r#"<testcase name="t" classname="shop" {began} time="1.000"/>"#);
    assert!(text.contains(&case), "{text}");
    for iteration in [2, 4] {
        let case =
            format!(r#"<testcase name="t (iteration {iteration})" classname="shop" {began} time="0.500">"#);
        assert!(text.contains(&case), "{text}");
    }
    assert_eq!(text.matches("<testcase ").count(), 3, "{text}");
    let (text, _) = said(of_format(Format::Pretty, &Style { slowest: Some(9), ..Style::default() }), &record);
    assert!(text.contains("4 tests run: 2 passed, 2 failed"), "{text}");
    assert_eq!(text.matches("             [   0.500s] shop t").count(), 1, "{text}");
}

/// A test that failed each time: its first try is the failure.
#[test]
fn tries_of_a_test_that_has_failed_are_told_once() {
    let mut record = RECORD.lines().next().expect("a head").to_owned();
    let outcome = r#""test":"t","outcome":"failed","failure":"plain""#;
    for line in [
        r#""event":"retried","attempt":1,"delay":0,"elapsed":0.1,"output":"first""#,
        r#""event":"retried","attempt":2,"delay":0,"elapsed":0.2,"output":"second""#,
        // Interrupted before the next try.
        r#""event":"finished","elapsed":0.2,"output":"second""#,
    ] {
        record.push_str(&format!("\n{{\"suite\":\"shop\",\"at\":1,{outcome},{line}}}"));
    }
    record.push_str(&format!("\n{}\n", RECORD.lines().last().expect("an end")));
    let (text, _) = said(of_format(Format::Junit, &Style::default()), &record);
    assert!(text.contains("<failure message=\"first\" type=\"FAIL\">first</failure>"), "{text}");
    assert!(text.contains(">second</rerunFailure>"), "{text}");
    assert_eq!(text.matches("second</").count(), 1, "{text}");
}

/// A page that is too long is not shown at all.
#[test]
fn the_page_of_a_job_has_a_bound() {
    let mut record = RECORD.lines().next().expect("a head").to_owned();
    for at in 0..200 {
        let output = "é<".repeat(10_000);
        let line = format!(
            r#"{{"suite":"shop","at":1,"event":"finished","test":"t{at}","outcome":"failed","output":"{output}"}}"#
        );
        record.push_str(&format!("\n{line}"));
    }
    record.push_str(&format!("\n{}\n", RECORD.lines().last().expect("an end")));
    let (text, _) = said(Box::new(summary::Summary::new()), &record);
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert!(text.ends_with("more tests failed: see the job's log.\n\n"));
}
