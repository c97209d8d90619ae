//! What machines read of runs with fixtures: each test once, and why it did not run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Ran, Road, run, table};

/// An element of a document.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// The place of the element around it.
    inside: Option<usize>,
}

/// The elements of an XML document, in their order.
///
/// # Errors
///
/// It is not well-formed: what is wrong.
fn elements(document: &str) -> Result<Vec<Element>, String> {
    let mut rest =
        document.trim_end().strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").ok_or("no head")?;
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    while let Some(tag) = rest.strip_prefix('<') {
        if let Some(text) = tag.strip_prefix("![CDATA[") {
            rest = text.split_once("]]>").ok_or("an open CDATA section")?.1;
        } else if let Some(end) = tag.strip_prefix('/') {
            let (name, behind) = end.split_once('>').ok_or("an open end")?;
            let opened = open.pop().map(|place| found[place].name.clone());
            if opened.as_deref() != Some(name) {
                return Err(format!("{opened:?} is ended by {name:?}"));
            }
            rest = behind;
        } else {
            let (element, is_empty, behind) = element(tag)?;
            if open.is_empty() && !found.is_empty() {
                return Err("a second root".to_owned());
            }
            found.push(Element { inside: open.last().copied(), ..element });
            if !is_empty {
                open.push(found.len() - 1);
            }
            rest = behind;
        }
        let text = rest.split('<').next().unwrap_or_default();
        if open.is_empty() && !text.is_empty() || !is_text(text) {
            return Err(format!("text where there should be none: {text:?}"));
        }
        rest = &rest[text.len()..];
    }
    if open.is_empty() && rest.is_empty() { Ok(found) } else { Err(format!("not ended: {open:?}, {rest:?}")) }
}

/// A tag behind its `<`: name, attributes, whether there is nothing in it, and what comes behind.
fn element(tag: &str) -> Result<(Element, bool, &str), String> {
    let name_ends = tag.find([' ', '/', '>']).ok_or("an open tag")?;
    let (name, mut rest) = tag.split_at(name_ends);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix("/>") {
            return Ok((Element { name: name.to_owned(), attributes, inside: None }, true, behind));
        }
        if let Some(behind) = rest.strip_prefix('>') {
            return Ok((Element { name: name.to_owned(), attributes, inside: None }, false, behind));
        }
        let (key, value) = rest.split_once("=\"").ok_or_else(|| format!("no attribute: {rest:?}"))?;
        let (value, behind) = value.split_once('"').ok_or("an open attribute")?;
        if value.contains('<') || !is_text(value) || !key.chars().all(char::is_alphanumeric) {
            return Err(format!("{key:?} cannot be {value:?}"));
        }
        if attributes.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("{key:?} is there twice"));
        }
        rest = behind;
    }
}

/// Whether each `&` begins an entity, and nothing ends that did not begin.
fn is_text(text: &str) -> bool {
    let is_entity = |text: &str| {
        let name = text.split_once(';').map_or("", |(name, _)| name);
        ["lt", "gt", "amp", "quot", "apos"].contains(&name) || name.starts_with("#x") && name.len() > 2
    };
    !text.contains("]]>") && text.split('&').skip(1).all(is_entity)
}

#[track_caller]
fn document(ran: &Ran) -> Vec<Element> {
    elements(&ran.text()).unwrap_or_else(|why| ran.fail(&format!("{:?}: not well-formed: {why}", ran.road)))
}

#[test]
fn only_what_is_well_formed_is_read() {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let read = |text: &str| elements(&format!("{head}{text}"));
    let good = read("<a x=\"1\" y=\"&lt;\"><b/><![CDATA[<&]]><c z=\"2\" >text&#xA;</c></a>\n")
        .expect("it is well-formed");
    let names: Vec<(&str, Option<usize>)> = good.iter().map(|it| (&*it.name, it.inside)).collect();
    assert_eq!(names, [("a", None), ("b", Some(0)), ("c", Some(0))]);
    assert_eq!(good[0].attributes["y"], "&lt;");
    for bad in [
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a x=\"<\"/>",
        "<a x=\"1\" x=\"2\"/>",
        "<a x=1/>",
        "<a>&</a>",
        "<a/>text",
        "text",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

/// Tests that are listed below a JUnit suite, by class and name, with the message of their failure.
fn testcases(ran: &Ran) -> Vec<(String, Option<String>)> {
    let elements = document(ran);
    let is_case = |element: &&Element| element.name == "testcase";
    let places = elements.iter().enumerate().filter(|(_, element)| is_case(element));
    let named = places.map(|(place, element)| {
        let failure = elements.iter().find(|it| it.name == "failure" && it.inside == Some(place));
        (
            element.attributes["name"].clone(),
            failure.map(|it| it.attributes.get("message").cloned().unwrap_or_default()),
        )
    });
    named.collect()
}

#[test]
fn c43_a_blocked_test_is_one_testcase_with_its_reason() {
    const BROKEN: &str = "not run: fixture `fails::broken` could not be set up: &quot;no database&quot;";
    for road in Road::all() {
        let ran = run("set_ups", road, 2, &["--format", "junit", "fails::", "skips::", "unaffected"]);
        ran.expect_code(101);
        let mut cases = testcases(&ran);
        cases.retain(|(name, _)| !name.starts_with("split_"));
        cases.sort_unstable();
        let failed = |name: &str| (name.to_owned(), Some(BROKEN.to_owned()));
        let expected =
            [failed("fails::below::two"), failed("fails::one"), ("unaffected::runs".to_owned(), None)];
        assert_eq!(cases, expected, "{road:?}: {}", ran.ended);
        let suite = document(&ran).into_iter().find(|element| element.name == "testsuite").expect("a suite");
        let counts = ["failures", "tests", "skipped"].map(|count| suite.attributes[count].clone());
        assert_eq!(counts, ["4", "9", "4"], "{road:?}: {}", ran.ended);
    }
}

/// What programs with fixtures are run for: on these, suites die, hang, and are blocked.
const PROGRAMS: [&str; 7] = ["order", "set_ups", "deaths", "per_test", "generated", "shared", "attempts"];

/// How many tests of the table come out so.
fn count(name: &str, road: Road, word: &str) -> usize {
    let verdicts = table::entry(name).tests.iter().map(|test| format!("{:?}", test.verdict(road.mode())));
    verdicts.filter(|verdict| verdict.starts_with(word)).count()
}

/// nose 2.29: the file said that there were no tests.
#[test]
fn bug_2_29_junit_has_a_testcase_for_each_test_that_is_not_ignored() {
    for name in PROGRAMS {
        for road in Road::SAFE.into_iter().filter(|road| name != "shared" || !road.is_spawned()) {
            let ran = run(name, road, 4, &["--format", "junit"]);
            let mut cases = testcases(&ran);
            let failed = cases.iter().filter(|(_, failure)| failure.is_some()).count();
            let listed = cases.len();
            cases.sort_unstable();
            cases.dedup_by(|one, other| one.0 == other.0);
            let due = [count(name, road, "Ok") + count(name, road, "Failed"), count(name, road, "Failed")];
            if [listed, failed] != due || cases.len() != listed {
                ran.fail(&format!("{road:?}: {listed} tests are listed, {failed} failed; due are {due:?}"));
            }
        }
    }
}

#[test]
fn bug_2_29_json_begins_and_ends_each_test_once() {
    for name in PROGRAMS {
        for road in Road::all().filter(|road| name != "shared" || !road.is_spawned()) {
            if !Road::SAFE.contains(&road) && ["set_ups", "deaths"].contains(&name) {
                continue; // a test ends the process
            }
            let ran = run(name, road, 4, &["--format", "json"]);
            let text = ran.text();
            let lines = text.lines().filter(|line| line.starts_with("{ \"type\": \"test\""));
            let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for line in lines {
                let line: Value =
                    serde_json::from_str(line).unwrap_or_else(|why| ran.fail(&format!("{why}: {line}")));
                let [name, event] =
                    ["name", "event"].map(|key| line[key].as_str().unwrap_or_default().to_owned());
                told.entry(name).or_default().push(event);
            }
            let is_whole =
                |events: &Vec<String>| events.len() == 2 && events[0] == "started" && events[1] != "started";
            if told.len() != table::entry(name).tests.len() || !told.values().all(is_whole) {
                ran.fail(&format!("{road:?}: each test begins once and ends once, but: {told:#?}"));
            }
        }
    }
}
