//! `--list`: says what would run.

use std::io::{self, BufWriter, Write};

use super::{escape, log, words};
use crate::model::{Body, Case, Format};
use crate::settings::Settings;

/// Lists these tests in the chosen format, and in the log file if one is asked for.
pub(crate) fn list(cases: &[Case], settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    if let Some(path) = &settings.log {
        log::list(path, cases.iter().map(|case| (kind(case), case.name)))?;
    }
    let mut out = BufWriter::new(out);
    match settings.format {
        Format::Terse => lines(cases, &mut out)?,
        // libtest has no list for JUnit and falls back on this one.
        Format::Pretty | Format::Junit => {
            lines(cases, &mut out)?;
            totals(cases, &mut out)?;
        }
        Format::Json => objects(cases, &mut out)?,
    }
    out.flush()
}

/// A function that takes a `Bencher` is a benchmark here even if this run does not measure it.
fn kind(case: &Case) -> &'static str {
    match case.body {
        Body::Test(_) | Body::Generated { .. } => "test",
        Body::Bench { .. } => "benchmark",
    }
}

fn benchmarks(cases: &[Case]) -> usize {
    cases.iter().filter(|case| matches!(case.body, Body::Bench { .. })).count()
}

fn lines(cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    for case in cases {
        writeln!(out, "{}: {}", case.name, kind(case))?;
    }
    Ok(())
}

fn totals(cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    let measured = benchmarks(cases);
    let gap = if cases.is_empty() { "" } else { "\n" };
    let tests = words::counted(cases.len() - measured, "test");
    writeln!(out, "{gap}{tests}, {}", words::counted(measured, "benchmark"))
}

fn objects(cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{ \"type\": \"suite\", \"event\": \"discovery\" }\n")?;
    for case in cases {
        object(case, out)?;
    }
    let (total, measured) = (cases.len(), benchmarks(cases));
    let ignored = cases.iter().filter(|case| case.ignored).count();
    write!(out, r#"{{ "type": "suite", "event": "completed", "tests": {}, "#, total - measured)?;
    writeln!(out, r#""benchmarks": {measured}, "total": {total}, "ignored": {ignored} }}"#)
}

fn object(case: &Case, out: &mut dyn Write) -> io::Result<()> {
    write!(out, r#"{{ "type": "{}", "event": "discovered", "name": ""#, kind(case))?;
    escape::json(out, case.name)?;
    write!(out, r#"", "ignore": {}, "ignore_message": ""#, case.ignored)?;
    // libtest forgets to escape this one, and so prints what no parser takes.
    escape::json(out, case.ignore_reason.unwrap_or_default())?;
    let source = &case.source;
    out.write_all(br#"", "source_path": ""#)?;
    escape::json(out, source.file)?;
    write!(out, r#"", "start_line": {}, "start_col": {}, "#, source.start_line, source.start_col)?;
    writeln!(out, r#""end_line": {}, "end_col": {} }}"#, source.end_line, source.end_col)
}

#[cfg(test)]
mod tests {
    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::Outcome;

    fn listed(replay: &Replay) -> String {
        let mut out = Vec::new();
        let mut cases = replay.cases();
        cases.sort_by_key(|case| case.name); // as discovery hands them over
        list(&cases, &replay.settings, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("lists are text")
    }

    #[test]
    fn says_what_libtest_says() {
        let list = |format| listed(&Replay::golden(format).measure());
        assert_eq!(list(Format::Pretty), include_str!("goldens/list-pretty.txt"));
        assert_eq!(list(Format::Terse), include_str!("goldens/list-terse.txt"));
        assert_eq!(list(Format::Json), include_str!("goldens/list-json.txt"));
        assert_eq!(list(Format::Junit), include_str!("goldens/list-junit.txt"));
    }

    #[test]
    fn an_empty_list_has_no_empty_line() {
        assert_eq!(listed(&Replay::of(Format::Pretty, Vec::new())), "0 tests, 0 benchmarks\n");
    }

    #[test]
    fn reasons_are_escaped() {
        let test = Test::new("f", Outcome::Ignored(None)).because("a \"b\"");
        let said = listed(&Replay::of(Format::Json, vec![test]));
        let line = said.lines().nth(1).expect("one test");
        let value: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
        assert_eq!(value["ignore_message"], "a \"b\"");
    }
}
