//! Measures what the README claims: snout beside the compiler's libtest, cargo-nextest, libtest-mimic and plain C.
//!
//! ```text
//! cargo bench --bench compare                     everything; about half an hour the first time
//! cargo bench --bench compare -- --quick          few runs of each, for CI
//! cargo bench --bench compare -- trivial memory   these sections only
//! ```
//!
//! As a user would, it writes test suites to a temporary folder, builds them in the dev profile with either harness,
//! and times whole processes from outside, in turns (A B A B …), output to `/dev/null`. What it prints is Markdown; how to
//! read it stands in `docs/benchmarks.md`. A goal that is missed is said to be missed; the exit code is 0 all the same, for
//! a busy machine is no reason to fail.

#![cfg(target_os = "linux")] // it reads `/proc`, and counts the processor time of children

mod children;
mod cold;
mod fixtures;
mod machine;
mod memory;
mod packaged;
mod process;
mod published;
mod rounds;
mod statistics;
mod table;
mod trivial;
mod workshop;
mod workspaces;

#[path = "../../tests/rig/environment.rs"]
mod environment;
#[path = "../../tests/rig/harness.rs"]
mod harness;
#[path = "../../tests/rig/messages.rs"]
mod messages;
#[path = "../../examples/on_crate/package.rs"]
mod package;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use table::Row;
use workshop::Workshop;

/// A section of the report: the word that selects it, its heading, and what measures it.
struct Section {
    word: &'static str,
    heading: &'static str,
    measure: fn(&Workshop) -> Result<Vec<Row>, String>,
}

const SECTIONS: [Section; 8] = [
    Section { word: "trivial", heading: "10,000 trivial tests in one binary", measure: trivial::measure },
    Section {
        word: "children",
        heading: "1,000 trivial tests, a process for each",
        measure: children::measure,
    },
    Section {
        word: "fixtures",
        heading: "Fixtures that do nothing, beside the same tests without",
        measure: fixtures::measure,
    },
    Section {
        word: "published",
        heading: "Published crates, all test binaries",
        measure: published::measure,
    },
    Section {
        word: "workspaces",
        heading: "Whole workspaces, without a line: `cargo snout`",
        measure: workspaces::measure,
    },
    Section {
        word: "packages",
        heading: "Published crates, without a line: `cargo snout`",
        measure: workspaces::measure_published,
    },
    Section { word: "memory", heading: "Memory of 20,000 trivial tests", measure: memory::measure },
    Section { word: "cold", heading: "What the harness costs a build", measure: cold::measure },
];

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (flags, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    if !flags.iter().any(|flag| *flag == "--bench") {
        // `cargo test --benches` starts it without: that is a check that it builds, not the wish to wait.
        return say("nothing measured: `cargo bench --bench compare` measures");
    }
    if let Some(unknown) = flags.iter().find(|flag| !["--bench", "--quick"].contains(&flag.as_str())) {
        return Err(format!("no option `{unknown}`; there is `--quick`"));
    }
    if let Some(unknown) = words.iter().find(|word| SECTIONS.iter().all(|section| section.word != **word)) {
        let known = SECTIONS.map(|section| section.word).join(", ");
        return Err(format!("no section `{unknown}`; there are {known}"));
    }
    let workshop = Workshop::open(flags.iter().any(|flag| *flag == "--quick"))?;
    say(&machine::describe())?;
    for section in
        SECTIONS.iter().filter(|section| words.is_empty() || words.iter().any(|word| *word == section.word))
    {
        say(&format!("\n### {}\n", section.heading))?;
        match (section.measure)(&workshop) {
            Ok(rows) => say(&table::markdown(&rows))?,
            Err(problem) => say(&format!("not measured: {problem}"))?,
        }
    }
    say(&format!("\n{}", machine::load()))
}

fn say(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| format!("cannot write: {error}"))
}
