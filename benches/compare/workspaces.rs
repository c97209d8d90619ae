//! Whole workspaces that know nothing of snout: `cargo snout` beside `cargo test` and `cargo nextest run`, as they are typed.
//!
//! Each tool has a copy of its own: cargo keeps what it knows of the compiler by the wrapper that is set, and who calls it with and
//! without one in turns pays for that each time. nextest runs no documentation, so beside it `cargo snout` leaves that out, too.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package::{self, Spec};
use crate::process::{self, Usage};
use crate::rounds::{Contestant, Series, rounds};
use crate::table::{Goal, Row};
use crate::workshop::{Workshop, cargo, make_folder, write};

/// Rounds where a run takes a fraction of a second; where one takes seconds; and where nextest takes part, which takes many.
const MANY: usize = 21;
const SOME: usize = 7;
const FEW: usize = 3;

/// The versions that `tests/real` checks the verdicts of.
const CRATES: [&str; 3] = ["semver@1.0.27", "itertools@0.14.0", "indexmap@2.14.2"];

/// The suites of `shared/reference/nextest.md`, by their letters there.
const SUITES: [Suite; 4] = [
    Suite {
        name: "A: 1 crate, 2,000 empty tests",
        crates: 1,
        source: empty_2000,
        faster: 10.0,
        rounds: MANY,
    },
    Suite {
        name: "B: 20 crates, 50 empty tests each",
        crates: 20,
        source: empty_50,
        faster: 10.0,
        rounds: MANY,
    },
    Suite {
        name: "C: 20 crates, 8 tests of 20 ms and one of 300 ms each",
        crates: 20,
        source: sleepy,
        faster: 1.0,
        rounds: SOME,
    },
    Suite {
        name: "D: 1 crate, 200 tests that share one `LazyLock` of 200 ms",
        crates: 1,
        source: lazy,
        faster: 10.0,
        rounds: MANY,
    },
];

struct Suite {
    name: &'static str,
    crates: usize,
    source: fn() -> String,
    /// How many times as fast as nextest it is to be.
    faster: f64,
    rounds: usize,
}

fn empty(count: usize) -> String {
    (0..count).map(|number| format!("#[test] fn t{number:04}() {{}}\n")).collect()
}

fn empty_2000() -> String {
    empty(2_000)
}

fn empty_50() -> String {
    empty(50)
}

/// Seconds of all tests of suite C, and of its longest.
const SLEPT: (f64, f64) = (20.0 * (8.0 * 0.020 + 0.300), 0.300);

fn sleepy() -> String {
    let sleep =
        "#[cfg(test)] fn sleep(ms: u64) { std::thread::sleep(std::time::Duration::from_millis(ms)) }\n";
    let short: String = (0..8).map(|number| format!("#[test] fn t{number}() {{ sleep(20) }}\n")).collect();
    format!("{sleep}{short}#[test] fn z_long() {{ sleep(300) }}\n")
}

fn lazy() -> String {
    let shared = "#[cfg(test)] static SHARED: std::sync::LazyLock<u32> = std::sync::LazyLock::new(|| {\n\
                  std::thread::sleep(std::time::Duration::from_millis(200)); 7 });\n";
    let test = |number: usize| format!("#[test] fn t{number:03}() {{ assert_eq!(*SHARED, 7) }}\n");
    shared.to_owned() + &(0..200).map(test).collect::<String>()
}

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let tool = Tool::build(workshop)?;
    let mut rows = Vec::new();
    for suite in &SUITES {
        let letter = &suite.name[..1];
        let folders = ["snout", "cargo"].map(|who| workshop.folder(&format!("workspace-{letter}-{who}")));
        folders.iter().try_for_each(|folder| write_suite(folder, suite))?;
        rows.extend(tool.compare(workshop, suite, &folders)?);
        if letter == "C" {
            rows.push(tool.beside_bound(workshop, suite.name, &folders[0])?);
        }
        if letter == "B" {
            rows.push(tool.after_an_edit(workshop, suite.name, &folders)?);
        }
    }
    Ok(rows)
}

/// Published crates, as they are.
pub(crate) fn measure_published(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let tool = Tool::build(workshop)?;
    let mut rows = Vec::new();
    for name in CRATES {
        let folders = ["snout", "cargo"].map(|who| workshop.folder(&format!("workspace-{name}-{who}")));
        let package: package::Package = name.parse::<Spec>()?.fetch(&workshop.folder("probe"))?;
        for folder in folders.iter().filter(|folder| !folder.join("Cargo.toml").exists()) {
            package.copy_to(folder)?;
            package::fetch_dependencies(folder)?;
        }
        let rounds = if name.starts_with("semver") { MANY } else { SOME };
        let suite = Suite { name, crates: 1, source: String::new, faster: 1.0, rounds };
        rows.extend(tool.compare(workshop, &suite, &folders)?);
    }
    Ok(rows)
}

fn write_suite(folder: &Path, suite: &Suite) -> Result<(), String> {
    write(&folder.join("Cargo.toml"), "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n")?;
    for number in 0..suite.crates {
        let package = folder.join(format!("crates/c{number}"));
        make_folder(&package)?;
        let manifest = format!("[package]\nname = \"c{number}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(&package.join("Cargo.toml"), &manifest)?;
        write(&package.join("src/lib.rs"), &(suite.source)())?;
    }
    Ok(())
}

/// `cargo snout`, as it is installed.
struct Tool {
    folder: PathBuf,
}

impl Tool {
    fn build(workshop: &Workshop) -> Result<Tool, String> {
        let target = workshop.folder("cli");
        let mut cargo = cargo(Path::new(env!("CARGO_MANIFEST_DIR")), &target);
        cargo.args(["build", "--release", "--locked", "--features", "cli", "--bin", "cargo-snout"]);
        process::run(&mut cargo)?;
        Ok(Tool { folder: target.join("release") })
    }

    /// cargo in that workspace, with the subcommand in its path.
    fn cargo(&self, folder: &Path, words: &str) -> Command {
        let mut command = cargo(folder, &folder.join("target"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.clone()].into_iter().chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).unwrap_or_default());
        command.args(words.split_whitespace());
        command
    }

    fn contestant<'run>(&'run self, folder: &'run Path, words: &'static str) -> Contestant<'run> {
        Contestant::new(format!("`cargo {words}`"), move || process::run(&mut self.cargo(folder, words)))
    }

    fn compare(
        &self,
        workshop: &Workshop,
        suite: &Suite,
        [own, other]: &[PathBuf; 2],
    ) -> Result<Vec<Row>, String> {
        let beside = |count: usize, words: [&'static str; 2], faster: f64| {
            // The second run is the first that knows how long tests take; both come before the first that counts.
            process::run(&mut self.cargo(own, words[0]))?;
            let contestants = vec![self.contestant(other, words[1]), self.contestant(own, words[0])];
            let series = rounds(workshop.rounds(count), contestants)?;
            Ok::<Row, String>(Row::times(suite.name, &series[1], &series[0], Goal::Faster(faster)))
        };
        Ok(vec![
            beside(suite.rounds, ["snout --workspace", "test --workspace"], 1.0)?,
            beside(suite.rounds, ["snout --workspace --no-doc", "test --workspace --tests"], 1.0)?,
            beside(FEW, ["snout --workspace --no-doc", "nextest run --workspace"], suite.faster)?,
        ])
    }

    /// What no runner can be faster than: all tests in all lanes, none of them idle.
    fn beside_bound(&self, workshop: &Workshop, name: &str, folder: &Path) -> Result<Row, String> {
        let lanes = std::thread::available_parallelism().map_or(1, usize::from);
        let (all, longest) = SLEPT;
        let bound = longest.max(all / lanes as f64);
        let series =
            rounds(workshop.rounds(SOME), vec![self.contestant(folder, "snout --workspace --no-doc")])?;
        let usages = vec![Usage { wall: bound, ..Usage::default() }; series[0].usages.len()];
        let theirs = Series { name: "lower bound".to_owned(), usages };
        Ok(Row::times(name, &series[0], &theirs, Goal::AtMost(1.05)))
    }

    /// With one test of one package changed before each run.
    fn after_an_edit(
        &self,
        workshop: &Workshop,
        name: &str,
        [own, other]: &[PathBuf; 2],
    ) -> Result<Row, String> {
        let edits = Cell::new(0);
        let edits = &edits;
        let contestant = |folder: PathBuf, words: &'static str| {
            Contestant::new(format!("`cargo {words}`"), move || {
                edits.set(edits.get() + 1);
                let source = empty(49) + &format!("#[test] fn t0049() {{ assert!({} > 0) }}\n", edits.get());
                write(&folder.join("crates/c7/src/lib.rs"), &source)?;
                process::run(&mut self.cargo(&folder, words))
            })
        };
        let contestants =
            vec![contestant(other.clone(), "test --workspace"), contestant(own.clone(), "snout --workspace")];
        let series = rounds(workshop.rounds(MANY), contestants)?;
        Ok(Row::times(format!("{name}, one test edited"), &series[1], &series[0], Goal::Faster(1.0)))
    }
}
