//! What a run said, in any format: how each test came out, and the counts.

use std::collections::BTreeMap;

use crate::plan::Format;
use crate::result_line;

/// How a test came out, as a report says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// And what is said about it.
    Failed(String),
    Ignored,
    /// The run was interrupted before it began.
    NotRun,
}

#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Every time that a test is said to have come out.
    pub(crate) verdicts: BTreeMap<String, Vec<Verdict>>,
    /// Passed, failed, ignored. Where ignored tests are not listed, those not run are among them.
    pub(crate) counts: Option<[usize; 3]>,
    /// Whether all of the report is there.
    pub(crate) is_whole: bool,
}

impl Said {
    pub(crate) fn read(format: Format, text: &str) -> Said {
        match format {
            Format::Pretty | Format::Terse => Said::of_text(text),
            Format::Json => Said::of_json(text),
            Format::Junit => Said::of_junit(text),
        }
    }

    fn add(&mut self, name: &str, verdict: Verdict) {
        self.verdicts.entry(name.to_owned()).or_default().push(verdict);
    }

    /// The pretty format, and the terse one, which lists what failed and no more.
    fn of_text(text: &str) -> Said {
        let mut said = Said::default();
        let (head, tail) = text.split_once("\nfailures:\n").unwrap_or((text, ""));
        for (name, words) in head.lines().filter_map(result_line::read) {
            match words {
                "ok" => said.add(name, Verdict::Ok),
                "FAILED" => said.add(name, Verdict::Failed(section(tail, name))),
                words if words.starts_with("ignored") => said.add(name, Verdict::Ignored),
                // A line that was begun, and comes once more.
                _ => {}
            }
        }
        if let Some(line) = text.lines().rev().find(|line| line.starts_with("test result: ")) {
            let count = |word: &str| {
                let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
                let at = words.iter().position(|it| *it == word)?;
                words[at - 1].parse().ok()
            };
            said.counts = (|| Some([count("passed")?, count("failed")?, count("ignored")?]))();
            said.is_whole = line.contains("finished in");
        }
        said
    }

    /// Adds the failures of the terse format, which has no lines for tests.
    pub(crate) fn with_failures_of(mut self, text: &str) -> Said {
        let tail = text.split_once("\nfailures:\n").map_or("", |(_, tail)| tail);
        let names = tail.rsplit_once("\nfailures:\n").map_or("", |(_, names)| names);
        for name in names.lines().map_while(|line| line.strip_prefix("    ")) {
            self.add(name, Verdict::Failed(section(tail, name)));
        }
        self
    }

    fn of_json(text: &str) -> Said {
        let mut said = Said::default();
        for line in text.lines() {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
                said.add(line, Verdict::Failed("no JSON".to_owned()));
                continue;
            };
            let (event, text) = (value["event"].as_str().unwrap_or_default(), |key: &str| {
                value[key].as_str().unwrap_or_default().to_owned()
            });
            let count = |key: &str| value[key].as_u64().and_then(|count| usize::try_from(count).ok());
            match (value["type"].as_str().unwrap_or_default(), event) {
                ("test", "ok") => said.add(&text("name"), Verdict::Ok),
                ("test", "failed") => {
                    said.add(&text("name"), Verdict::Failed(text("stdout") + &text("message")));
                }
                ("test", "ignored") if text("message").starts_with("not run: ") => {
                    said.add(&text("name"), Verdict::NotRun);
                }
                ("test", "ignored") => said.add(&text("name"), Verdict::Ignored),
                ("suite", "ok" | "failed") => {
                    said.counts = (|| Some([count("passed")?, count("failed")?, count("ignored")?]))();
                    said.is_whole = true;
                }
                _ => {}
            }
        }
        said
    }

    /// Tests that were ignored are counted there, and not listed.
    fn of_junit(text: &str) -> Said {
        let mut said = Said::default();
        let attribute = |text: &str, name: &str| {
            let (_, rest) = text.split_once(&format!(" {name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let mut parts = text.split("<testcase ");
        let head = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let name = attribute(part, "name").unwrap_or_default();
            let verdict = match part {
                part if part.contains("<failure ") => Verdict::Failed(part.to_owned()),
                part if part.contains("<skipped ") => Verdict::NotRun,
                _ => Verdict::Ok,
            };
            said.add(&name, verdict);
        }
        let count = |name| attribute(&head, name).and_then(|count| count.parse::<usize>().ok());
        said.counts = (|| {
            let (all, failed, ignored) = (count("tests")?, count("failures")?, count("skipped")?);
            Some([all - failed - ignored, failed, ignored])
        })();
        said.is_whole = text.ends_with("</testsuites>\n");
        said
    }
}

/// What stands below `---- NAME stdout ----`.
fn section(text: &str, name: &str) -> String {
    let Some((_, rest)) = text.split_once(&format!("---- {name} stdout ----\n")) else {
        return String::new();
    };
    let end = rest.find("\n---- ").or_else(|| rest.find("\nfailures:\n")).unwrap_or(rest.len());
    rest[..end].to_owned()
}

#[test]
fn each_format_says_the_same() {
    let pretty = "\nrunning 3 tests\ntest a::t0 ... ok\ntest a::t1 ... FAILED\ntest a::t2 ... ignored, later\n\nfailures:\n\n\
                  ---- a::t1 stdout ----\nnote: why\n\nfailures:\n    a::t1\n\n\
                  test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    let json = "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a::t0\" }\n\
                { \"type\": \"test\", \"name\": \"a::t0\", \"event\": \"ok\" }\n\
                { \"type\": \"test\", \"name\": \"a::t1\", \"event\": \"failed\", \"stdout\": \"note: \", \"message\": \"why\" }\n\
                { \"type\": \"test\", \"name\": \"a::t2\", \"event\": \"ignored\" }\n\
                { \"type\": \"suite\", \"event\": \"failed\", \"passed\": 1, \"failed\": 1, \"ignored\": 1 }\n";
    for (format, text) in [(Format::Pretty, pretty), (Format::Json, json)] {
        let said = Said::read(format, text);
        assert_eq!(said.verdicts["a::t0"], [Verdict::Ok]);
        assert!(
            matches!(&said.verdicts["a::t1"][..], [Verdict::Failed(why)] if why.contains("why")),
            "{said:?}"
        );
        assert_eq!(said.verdicts["a::t2"], [Verdict::Ignored]);
        assert_eq!((said.counts, said.is_whole), (Some([1, 1, 1]), true));
    }
    let terse = pretty.replace("test a::", "");
    let said = Said::read(Format::Terse, &terse).with_failures_of(&terse);
    assert!(matches!(&said.verdicts["a::t1"][..], [Verdict::Failed(why)] if why.contains("why")), "{said:?}");
    let junit = "<testsuites><testsuite name=\"test\" failures=\"1\" tests=\"3\" skipped=\"1\" >\
                 <testcase classname=\"integration\" name=\"a::t0\" time=\"0\"/>\
                 <testcase classname=\"integration\" name=\"a::t1\" time=\"0\"><failure type=\"assert\" message=\"why\"/></testcase>\
                 <testcase classname=\"integration\" name=\"a::t2\" time=\"0\"><skipped message=\"not run\"/></testcase>\
                 </testsuite></testsuites>\n";
    let said = Said::read(Format::Junit, junit);
    assert_eq!(
        (&said.verdicts["a::t0"][..], &said.verdicts["a::t2"][..]),
        (&[Verdict::Ok][..], &[Verdict::NotRun][..])
    );
    assert_eq!((said.counts, said.is_whole), (Some([1, 1, 1]), true));
}
