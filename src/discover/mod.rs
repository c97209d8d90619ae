//! Turns rustc's list of tests into the cases of this run.
//!
//! The order is rustc's, which is that of the names. Runs before anything else does, in a debug build, over every test
//! there is: plain loops, no allocation a test.

mod filter;
mod nearest;
mod repeat;

pub(crate) use nearest::nearest;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::context::{Generator, Registry, SUFFIX, collect, module_of_test};
use crate::contract::{ShouldPanic, StaticBenchFn, StaticTestFn, StaticTestName, TestDescAndFn, TestType};
use crate::model::{Body, Case, CaseOptions, Expectation, Kind, Run, RunIgnored, Sampling, Source};
use crate::settings::Settings;

/// The tests that are meant.
#[derive(Debug)]
pub(crate) struct Selected {
    /// In rustc's order.
    pub(crate) cases: Vec<Case>,
    /// How many tests there are besides.
    pub(crate) filtered_out: usize,
    /// Bytes of the longest name of a benchmark that would be measured, selected or not: libtest pads to that.
    pub(crate) name_width: usize,
    /// How often each of them is among the cases, if they are to run several times; else 0.
    pub(crate) iterations: u32,
}

/// The tests without the hidden ones by which modules declare fixtures and options, and what those have declared.
pub(crate) fn declared<'list>(
    tests: &'list [&'static TestDescAndFn],
) -> (Cow<'list, [&'static TestDescAndFn]>, Registry) {
    let mut has_hidden = false;
    for test in tests {
        has_hidden |= is_hidden(test);
    }
    if !has_hidden {
        return (Cow::Borrowed(tests), Registry::default());
    }
    let (hidden, tests): (Vec<_>, Vec<_>) = tests.iter().copied().partition(is_hidden);
    let mut declared = Vec::new();
    for test in hidden {
        if let StaticTestFn(declare) = test.testfn {
            let told = collect(|| drop(declare()));
            declared.extend(told.into_iter().map(|declaration| (name_of(&test), declaration)));
        }
    }
    (Cow::Owned(tests), Registry::new(declared))
}

const LAST: u8 = SUFFIX.as_bytes()[SUFFIX.len() - 1];

/// By the last letter first: this is asked of every test there is.
fn is_hidden(test: &&'static TestDescAndFn) -> bool {
    let StaticTestName(name) = test.desc.name;
    match name.as_bytes() {
        [.., last] if *last == LAST => name.ends_with(SUFFIX),
        _ => false,
    }
}

fn name_of(test: &&'static TestDescAndFn) -> &'static str {
    let StaticTestName(name) = test.desc.name;
    name
}

/// The tests that `settings` select among `tests`. `room` gives room for so many.
pub(crate) fn cases(
    tests: &[&'static TestDescAndFn],
    (registry, generated): (&'static Registry, &[Vec<String>]),
    settings: &Settings,
    room: fn(usize) -> Vec<Case>,
) -> Selected {
    let selection = &settings.selection;
    let all = selection.takes_all() && registry.takes_all();
    let mut cases = room(if all { tests.len() } else { 0 });
    for &test in tests {
        if all || selection.takes(&test.desc) && takes(registry, &test) {
            cases.push(case(test, registry, settings));
        }
    }
    let mut count = tests.len();
    for (generator, names) in registry.generators().iter().zip(generated) {
        count += names.len();
        cases.extend(generated_cases((registry, generator), names, settings));
    }
    let filtered_out = count - cases.len();
    let (cases, iterations) = match settings.repeat.filter(|_| !settings.list) {
        Some(repeat) => repeat::repeated(cases, repeat),
        None => (cases, 0),
    };
    Selected {
        cases,
        filtered_out,
        iterations,
        name_width: if settings.measure { longest_benchmark(tests) } else { 0 },
    }
}

/// Whether whoever has started this binary wants a test.
fn takes(registry: &Registry, test: &&'static TestDescAndFn) -> bool {
    let name = name_of(test);
    registry.takes_all() || registry.takes(name, module_of_test(name))
}

/// The cases that a generator gave.
fn generated_cases(
    (registry, generator): (&'static Registry, &Generator),
    names: &[String],
    settings: &Settings,
) -> Vec<Case> {
    let cases = generator.cases;
    let run: &'static (dyn Fn(usize) -> Result<(), String> + Sync) =
        Box::leak(Box::new(move |place| cases.generator.run(place)));
    let mut seen = HashMap::new();
    let mut selected = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let name =
            unique(&format!("{}::{}", generator.name(), name.replace(char::is_control, " ")), &mut seen);
        if !settings.selection.takes_unmarked(&name) || !registry.takes(&name, generator.module) {
            continue;
        }
        let name = name.leak();
        selected.push(Case {
            name,
            iteration: 0,
            source: Source { file: cases.file, start_line: cases.line, ..Source::default() },
            ignored: !settings.list && !settings.run_tests,
            left_out: !settings.list && !settings.run_tests,
            ignore_reason: None,
            expectation: Expectation::Return,
            kind: Kind::Unknown,
            compile_fail: false,
            no_run: false,
            body: Body::Generated { run: Run(run), place },
            options: registry.options(name, generator.module),
        });
    }
    selected
}

/// The name, with a number if it has been seen.
fn unique(name: &str, seen: &mut HashMap<String, usize>) -> String {
    let times = seen.entry(name.to_owned()).or_default();
    *times += 1;
    if *times == 1 { name.to_owned() } else { format!("{name} #{times}") }
}

fn longest_benchmark(tests: &[&'static TestDescAndFn]) -> usize {
    let benchmarks = tests.iter().filter(|test| matches!(test.testfn, StaticBenchFn(_)));
    let names = benchmarks.map(|test| {
        let StaticTestName(name) = test.desc.name;
        name.len()
    });
    names.max().unwrap_or(0)
}

fn case(test: &TestDescAndFn, registry: &'static Registry, settings: &Settings) -> Case {
    let desc = &test.desc;
    let StaticTestName(name) = desc.name;
    let body = match test.testfn {
        StaticTestFn(function) => Body::Test(function),
        StaticBenchFn(function) if settings.measure => Body::Bench { function, sampling: Sampling::Measure },
        StaticBenchFn(function) => Body::Bench { function, sampling: Sampling::Once },
    };
    let (ignored, left_out) = (is_ignored(test, settings), is_left_out(test, settings));
    Case {
        name,
        iteration: 0,
        source: Source {
            file: desc.source_file,
            start_line: desc.start_line as u32,
            start_col: desc.start_col as u32,
            end_line: desc.end_line as u32,
            end_col: desc.end_col as u32,
        },
        ignored: ignored || left_out,
        left_out: !ignored && left_out,
        ignore_reason: desc.ignore_message,
        expectation: match desc.should_panic {
            ShouldPanic::No => Expectation::Return,
            ShouldPanic::Yes => Expectation::Panic,
            ShouldPanic::YesWithMessage(text) => Expectation::PanicWith(text),
        },
        kind: match desc.test_type {
            TestType::UnitTest => Kind::Unit,
            TestType::IntegrationTest => Kind::Integration,
            TestType::DocTest => Kind::Doc,
            TestType::Unknown => Kind::Unknown,
        },
        compile_fail: desc.compile_fail,
        no_run: desc.no_run,
        body,
        options: match registry.is_empty() {
            true => CaseOptions::PLAIN,
            false => registry.options(name, module_of_test(name)),
        },
    }
}

/// Where a panic ends the process, a test that must panic cannot be run in it. libtest's list of platforms.
const PANICS_CANNOT_BE_CAUGHT: bool =
    (cfg!(target_family = "wasm") || cfg!(target_os = "zkvm")) && !cfg!(target_os = "emscripten");

/// Whether a test is ignored for what it is marked as.
fn is_ignored(test: &TestDescAndFn, settings: &Settings) -> bool {
    test.desc.ignore && settings.selection.ignored == RunIgnored::No
}

/// Whether a test is left out of a run of benchmarks, or on this platform. That is about running; a list says what
/// `#[ignore]` says.
fn is_left_out(test: &TestDescAndFn, settings: &Settings) -> bool {
    let left_to_benchmarks = !settings.run_tests && matches!(test.testfn, StaticTestFn(_));
    !settings.list
        && (left_to_benchmarks || PANICS_CANNOT_BE_CAUGHT && test.desc.should_panic != ShouldPanic::No)
}

#[cfg(test)]
mod tests;
