//! What came out of each test, as the harness told its user: read from the lines of the default format.
//!
//! Pure. Strict, because a line that is not understood would be a test that is not compared.

use std::collections::BTreeMap;
use std::fmt;

use crate::result_line;
use crate::summary::Tally;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Failed,
    Ignored,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Ignored => "ignored",
        })
    }
}

/// A test, by its binary's name and its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) binary: String,
    pub(crate) test: String,
}

pub(crate) type Verdicts = BTreeMap<Name, Verdict>;

/// Adds what `output` of `binary` says. An error when the lines contradict each other or the result line.
pub(crate) fn read(verdicts: &mut Verdicts, binary: &str, output: &str) -> Result<(), String> {
    let mut seen = Tally::default();
    for (test, verdict) in output.lines().filter_map(line) {
        let verdict = verdict.map_err(|words| format!("`{test}` in `{binary}` came out as `{words}`"))?;
        let count = match verdict {
            Verdict::Ok => &mut seen.passed,
            Verdict::Failed => &mut seen.failed,
            Verdict::Ignored => &mut seen.ignored,
        };
        *count += 1;
        let name = Name { binary: binary.to_owned(), test: test.to_owned() };
        if verdicts.insert(name, verdict).is_some() {
            return Err(format!("`{test}` in `{binary}` came out twice"));
        }
    }
    let mut told = Tally::default();
    told.read(output.as_bytes());
    if told.binaries != 1 {
        return Err(format!("`{binary}` printed {} result lines; it should print one", told.binaries));
    }
    seen.binaries = 1;
    let same = (seen.passed, seen.failed, seen.ignored) == (told.passed, told.failed, told.ignored);
    same.then_some(())
        .ok_or_else(|| format!("the lines of `{binary}` say {seen}; its result line says {told}"))
}

/// Test and verdict; the verdict's words, if they are none that is known.
fn line(line: &str) -> Option<(&str, Result<Verdict, &str>)> {
    let (name, words) = result_line::read(line)?;
    let verdict = match words {
        "ok" => Ok(Verdict::Ok),
        "FAILED" => Ok(Verdict::Failed),
        words if words == "ignored" || words.starts_with("ignored, ") => Ok(Verdict::Ignored),
        words => Err(words),
    };
    Some((name, verdict))
}

/// One line for each test that came out differently, or under one harness only.
pub(crate) fn differences(libtest: &Verdicts, snout: &Verdicts) -> Vec<(Name, String)> {
    let show = |verdict: Option<&Verdict>| verdict.map_or("nothing".to_owned(), Verdict::to_string);
    let all: BTreeMap<_, _> = libtest.iter().chain(snout).collect();
    let differ = |name: &&Name| libtest.get(name) != snout.get(name);
    let tell = |name: &Name| format!("libtest {}, snout {}", show(libtest.get(name)), show(snout.get(name)));
    all.into_keys().filter(differ).map(|name| (name.clone(), tell(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::{Name, Verdict, Verdicts, differences, read};

    const OUTPUT: &str = "\nrunning 4 tests\n\
        test a ... ok\n\
        test b - should panic ... FAILED\n\
        test c::d ... ignored, not on ... Sundays\n\
        test e has been running for over 60 seconds\n\
        test e ... ok\n\n\
        test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    fn verdicts(output: &str) -> Result<Verdicts, String> {
        let mut verdicts = Verdicts::new();
        read(&mut verdicts, "unit", output).map(|()| verdicts)
    }

    fn name(test: &str) -> Name {
        Name { binary: "unit".to_owned(), test: test.to_owned() }
    }

    #[test]
    fn each_line_of_a_test_gives_its_verdict() {
        let verdicts = verdicts(OUTPUT).expect("the lines and the result line agree");
        let expected =
            [("a", Verdict::Ok), ("b", Verdict::Failed), ("c::d", Verdict::Ignored), ("e", Verdict::Ok)];
        assert_eq!(verdicts, expected.map(|(test, verdict)| (name(test), verdict)).into());
    }

    #[test]
    fn a_lost_line_contradicts_the_result_line() {
        let error = verdicts(&OUTPUT.replace("test a ... ok\n", "")).expect_err("`a` is missing");
        assert!(error.contains("1 passed, 1 failed") && error.contains("2 passed, 1 failed"), "{error}");
    }

    #[test]
    fn a_lost_result_line_is_an_error() {
        let error = verdicts("test a ... ok\n").expect_err("there is no result line");
        assert!(error.contains("0 result lines"), "{error}");
    }

    #[test]
    fn an_unknown_verdict_is_an_error() {
        let error =
            verdicts(&OUTPUT.replace("test a ... ok", "test a ... fine")).expect_err("no verdict is `fine`");
        assert!(error.contains("`a` in `unit` came out as `fine`"), "{error}");
    }

    #[test]
    fn a_tampered_verdict_is_told_with_both_sides() {
        let libtest = verdicts(OUTPUT).expect("the lines and the result line agree");
        let mut snout = libtest.clone();
        assert_eq!(differences(&libtest, &snout), []);
        snout.insert(name("b"), Verdict::Ok);
        snout.remove(&name("e"));
        snout.insert(name("f"), Verdict::Ok);
        let told = [
            (name("b"), "libtest FAILED, snout ok".to_owned()),
            (name("e"), "libtest ok, snout nothing".to_owned()),
            (name("f"), "libtest nothing, snout ok".to_owned()),
        ];
        assert_eq!(differences(&libtest, &snout), told);
    }
}
