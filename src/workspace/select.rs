//! Which of what was built is to run: expressions, and what failed the last time, applied to suites.
//!
//! A binary under snout is told in a file what to run, however many names that is, and need not be asked for them. Another is asked for its
//! tests, as libtest lists them, and given their names; if it does not list any, it is one test, `main`.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::arguments::Request;
use super::conclude::WHOLE;
use super::failures::{Failures, OfSuite};
use super::filter::{self, Expression};
use super::problem::Problem;
use super::process::command;
use super::results::RUN;
use super::settings::Settings;
use super::suites::{Built, Suite};
use crate::model::{Filter, INSTRUCTIONS, Instructions};

/// Bytes of names that go on a command line: of the two megabytes Linux has by default, the environment takes some.
const LONGEST: usize = 1 << 20;

/// What is said of a suite that overrides are about, and that no harness of ours runs.
const UNHEARD: &str = "overrides do not hold for it: it is not under snout; see `cargo snout config`, and leave it out of their filters";

/// Which tests of a suite run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// All that the user's names and flags take.
    #[default]
    Whole,
    /// Those of these names.
    Names(Vec<String>),
    /// What this file tells the harness.
    Told(PathBuf),
}

/// What the user wants to run.
pub(super) struct Selection<'run> {
    request: &'run Request,
    settings: &'run Settings,
    /// `None` for everything.
    expression: Option<Expression>,
}

impl<'run> Selection<'run> {
    /// Reads the expressions; before anything is built, for they may be wrong.
    pub(super) fn of(request: &'run Request, settings: &'run Settings) -> Result<Selection<'run>, Problem> {
        let read = |text: &String| {
            filter::parse(text).map_err(|wrong| Problem::new(format!("in the filter: {wrong}")))
        };
        let mut all = request.filters.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        // Several are as in nextest: what any of them takes.
        let expression = if all.len() > 1 { Some(Expression::Any(all)) } else { all.pop() };
        Ok(Selection { request, settings, expression })
    }

    /// Leaves out suites of which nothing is to run, and makes the others' choices.
    pub(super) fn apply(&self, mut built: Built, scratch: &Path) -> Result<Built, Problem> {
        let failures = if self.request.failed { Some(failures(&built)?) } else { None };
        let (mut kept, mut filtered_out) = (Vec::new(), 0);
        let count = built.suites.len();
        built.notes.extend(self.strangers(&built.suites));
        for (place, mut suite) in std::mem::take(&mut built.suites).into_iter().enumerate() {
            let Some(instructions) = self.instructions(&suite, failures.as_ref()) else { continue };
            self.settings.equip(&mut suite);
            let file = scratch.join(format!("instructions-{place}"));
            match choose(&suite, self.request, (&instructions, &file))? {
                Chosen::Some(choice) => {
                    let is_told = matches!(choice, Choice::Told(_));
                    if !instructions.rules.is_empty() && !is_told && !suite.is_doc {
                        built.notes.push((suite.name.clone(), UNHEARD.to_owned()));
                    }
                    suite.choice = choice;
                    kept.push(suite);
                }
                Chosen::Nothing(tests) => filtered_out += tests,
            }
        }
        Ok(Built { left_out: count - kept.len(), filtered_out, suites: kept, ..built })
    }

    /// Names in the expression that are nobody's.
    fn strangers(&self, suites: &[Suite]) -> Vec<(String, String)> {
        let suites: Vec<_> = suites.iter().map(|suite| (&suite.target, &*suite.name)).collect();
        let strangers = self.expression.as_ref().map_or_else(Vec::new, |it| it.strangers(&suites));
        let note = |text| {
            format!(
                "in the filter: `{text}` fits nothing that was built; `cargo snout --list` names what there is"
            )
        };
        strangers.into_iter().map(|text| (RUN.to_owned(), note(text))).collect()
    }

    /// What a suite is to be told; `None` if nothing of it is to run.
    fn instructions(&self, suite: &Suite, failures: Option<&Failures>) -> Option<Instructions> {
        let filter = self.expression.as_ref().map_or(Filter::All, |it| it.on(&suite.target, &suite.name));
        if filter == Filter::None {
            return None;
        }
        let names = match failures.map(|failures| failures.of(&suite.name)) {
            None => None,
            Some(None) => return None,
            // rustdoc can be told no names.
            Some(Some(OfSuite { whole, tests })) if !whole && !suite.is_doc => {
                Some(tests.iter().cloned().collect::<HashSet<_>>())
            }
            Some(Some(_)) => None,
        };
        let rules = self.settings.rules(&suite.target, &suite.name);
        Some(Instructions { filter, names, rules })
    }
}

/// What failed the last time.
fn failures(built: &Built) -> Result<Failures, Problem> {
    let Some(file) = &built.failures else {
        return Err(Problem::new("nothing is kept of runs without any test binary: leave `--failed` out"));
    };
    let unknown = "--failed: no last run is known here: run `cargo snout` without it first";
    Failures::read(file).ok_or_else(|| Problem::new(unknown))
}

enum Chosen {
    Some(Choice),
    /// So many tests are known to be left out by that.
    Nothing(usize),
}

fn choose(
    suite: &Suite,
    request: &Request,
    (instructions, file): (&Instructions, &Path),
) -> Result<Chosen, Problem> {
    if *instructions == Instructions::default() || suite.is_doc {
        return Ok(Chosen::Some(Choice::Whole));
    }
    if !suite.has_runner && suite.program.first().is_some_and(|program| listens(Path::new(program))) {
        fs::write(file, filter::instructions(instructions))
            .map_err(|error| Problem::path("write", file, &error))?;
        return Ok(Chosen::Some(Choice::Told(file.to_owned())));
    }
    let is_choosy = instructions.names.is_some() || instructions.filter != Filter::All;
    let names = if is_choosy { names(suite, request) } else { Some(Vec::new()) };
    let Some(names) = names else {
        let is_taken = instructions.takes(WHOLE, &[]);
        return Ok(if is_taken { Chosen::Some(Choice::Whole) } else { Chosen::Nothing(1) });
    };
    let count = names.len();
    let taken: Vec<String> = names.into_iter().filter(|name| instructions.takes(name, &[])).collect();
    if taken.len() == count {
        return Ok(Chosen::Some(Choice::Whole));
    }
    if taken.iter().map(|name| name.len() + 1).sum::<usize>() > LONGEST {
        return Err(Problem::new(format!(
            "{} tests of `{}`, which is not under snout, are more than a command line can name: take all of it, with \
             `binary_id(={})`",
            taken.len(),
            suite.name,
            suite.name
        )));
    }
    Ok(if taken.is_empty() { Chosen::Nothing(count) } else { Chosen::Some(Choice::Names(taken)) })
}

/// The names of the tests of a suite that would run.
pub(super) fn listed(suite: &Suite, request: &Request) -> Vec<String> {
    if let Choice::Names(names) = &suite.choice {
        return names.clone();
    }
    let program = suite.program.first().map_or(Path::new(""), Path::new);
    match names(suite, request) {
        Some(names) => names,
        // Whoever runs tests as libtest does, and says nothing, has none.
        None if suite.is_doc || listens(program) => Vec::new(),
        None => vec![WHOLE.to_owned()],
    }
}

/// The names of a suite's tests that the user's names and flags take, as libtest lists them. `None` if it does not.
fn names(suite: &Suite, request: &Request) -> Option<Vec<String>> {
    let mut command = command(suite, request);
    for word in ["--list", "--format", "terse"] {
        // rustdoc hands on what it is told to.
        command.args(suite.is_doc.then_some("--test-args")).arg(word);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let name =
        |line: &str| line.strip_suffix(": test").or(line.strip_suffix(": benchmark")).map(str::to_owned);
    // rustdoc says besides how long it took.
    let lines = text.lines().filter(|line| !suite.is_doc || name(line).is_some());
    let names: Option<Vec<String>> = lines.map(name).collect();
    names.filter(|names| output.status.success() && !names.is_empty())
}

/// Whether a program has the text in it by which a harness that listens to instructions is known.
fn listens(program: &Path) -> bool {
    File::open(program).and_then(|file| contains(file, INSTRUCTIONS.as_bytes())).unwrap_or(false)
}

/// Whether a file has these bytes in it.
fn contains(mut file: impl Read, wanted: &[u8]) -> io::Result<bool> {
    // Boyer and Moore's way, by Horspool: binaries are large, and most of their bytes need not be looked at.
    let last = wanted.len().saturating_sub(1);
    let mut steps = [wanted.len().max(1); 256];
    wanted.iter().take(last).enumerate().for_each(|(at, byte)| steps[usize::from(*byte)] = last - at);
    let mut bytes = vec![0; 1 << 20];
    let mut kept = 0;
    loop {
        let count = match file.read(&mut bytes[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            return Ok(wanted.is_empty());
        }
        let end = kept + count;
        let mut at = 0;
        while at + wanted.len() <= end {
            if bytes[at..at + wanted.len()] == *wanted {
                return Ok(true);
            }
            at += steps[usize::from(bytes[at + last])];
        }
        // What may be its beginning is looked at again, with what comes behind it.
        kept = last.min(end);
        bytes.copy_within(end - kept..end, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte, then two, then three, and so on again.
    struct Slowly<'bytes>(&'bytes [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = self.1 % 3 + 1;
            let count = self.1.min(self.0.len()).min(into.len());
            let (now, later) = self.0.split_at(count);
            into[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    #[test]
    fn bytes_are_found_wherever_they_are() {
        for (text, wanted, is_there) in [
            ("", "abc", false),
            ("abc", "abc", true),
            ("xabc", "abc", true),
            ("ababc", "abc", true),
            ("ab", "abc", false),
            ("abab", "abc", false),
            ("xxxxxxxxxxxxxxxxabc", "abc", true),
            ("aaaaab", "aab", true),
            ("SNOUT_INTERNAL_INSTRUCTIONS_2", "SNOUT_INTERNAL_INSTRUCTIONS_1", false),
        ] {
            assert_eq!(contains(Slowly(text.as_bytes(), 0), wanted.as_bytes()).unwrap(), is_there, "{text}");
            assert_eq!(contains(text.as_bytes(), wanted.as_bytes()).unwrap(), is_there, "{text}");
        }
        let long = [vec![b'x'; (1 << 20) - 2], b"abc".to_vec(), vec![b'x'; 1 << 20]].concat();
        assert!(contains(&long[..], b"abc").unwrap());
        assert!(!contains(&long[..], b"abd").unwrap());
    }
}
