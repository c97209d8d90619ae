//! What a process for each test costs: beside nextest, which always makes one, and beside a loop in C that makes them
//! and does nothing else.

use std::path::PathBuf;

use crate::environment::plain;
use crate::harness::Harness;
use crate::process;
use crate::rounds::{Contestant, rounds};
use crate::table::{Goal, Row};
use crate::workshop::{Built, Workshop, cargo, manifest, size, write};

const TESTS: usize = 1_000;
const ROUNDS: usize = 31;
/// nextest takes seconds.
const NEXTEST_ROUNDS: usize = 9;
const MODES: [&str; 2] = ["fresh", "pooled"];
/// What a program in Rust takes that does nothing else, with as many makers as there are lanes.
const POSSIBLE: [(&str, &[&str]); 4] = [
    ("Rust, `exit`", &[]),
    ("Rust, group, pipes and signals, `exit`", &["settled"]),
    ("Rust, a thread each, `exit`", &["thread"]),
    ("Rust, a thread each, group, pipes and signals, `exit`", &["thread", "settled"]),
];

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let libtest = workshop.suite(Harness::Libtest, TESTS, "")?;
    let snout = workshop.suite(Harness::Snout, TESTS, "")?;
    let mut rows = beside_nextest(workshop, &libtest, &snout)?;
    rows.extend(beside_c(workshop, &snout)?);
    Ok(rows)
}

/// Whole commands, as they are typed, with nothing left to build.
fn beside_nextest(workshop: &Workshop, libtest: &Built, snout: &Built) -> Result<Vec<Row>, String> {
    let mut contestants = vec![Contestant::new("`cargo nextest run`", || {
        process::run(cargo(&libtest.package, &libtest.target).args(["nextest", "run", "--offline"]))
    })];
    for mode in MODES {
        contestants.push(Contestant::new(format!("`cargo test --lib`, {mode}"), move || {
            let mut cargo = cargo(&snout.package, &snout.target);
            cargo.env("SNOUT_ISOLATE", "always").env("SNOUT_THREAD_MODE", mode);
            process::run(cargo.args(["test", "--lib", "--offline"]))
        }));
    }
    let series = rounds(workshop.rounds(NEXTEST_ROUNDS), contestants)?;
    let row = |ours| Row::times("whole command", ours, &series[0], Goal::Faster(15.0));
    Ok(series[1..].iter().map(row).collect())
}

/// The test binary alone, at parallelism 2; and what is possible in Rust: programs of the same size that do nothing else, but as
/// snout does it, a process that makes processes for each lane.
fn beside_c(workshop: &Workshop, snout: &Built) -> Result<Vec<Row>, String> {
    let bytes = size(snout.binary())?;
    let (loop_in_c, loop_in_rust) = (compile_c(workshop, bytes)?, compile_rust(workshop, bytes)?);
    let (count, lanes) = (TESTS.to_string(), "2");
    let mut contestants =
        vec![Contestant::new("fork and wait in C", || process::run(plain(&loop_in_c).args([&count, lanes])))];
    for mode in MODES {
        contestants.push(Contestant::new(mode, move || {
            let mut command = plain(snout.binary());
            command.env("SNOUT_ISOLATE", "always").env("SNOUT_THREAD_MODE", mode);
            process::run(command.arg("--test-threads=2"))
        }));
    }
    for (name, more) in POSSIBLE {
        let (program, count) = (loop_in_rust.binary(), &count);
        contestants.push(Contestant::new(name, move || {
            process::run(plain(program).args([count, lanes]).args(more))
        }));
    }
    let series = rounds(workshop.rounds(ROUNDS), contestants)?;
    let row = |what, ours, goal| Row::times(what, ours, &series[0], goal);
    let ours = series[1..3].iter().map(|ours| row("test binary, two at a time", ours, Goal::AtMost(1.5)));
    let possible = series[3..].iter().map(|other| row("no test binary: what is possible", other, Goal::Told));
    Ok(ours.chain(possible).collect())
}

/// A program of `bytes` bytes, almost all of them mapped and none of them used, that makes processes.
fn compile_c(workshop: &Workshop, bytes: u64) -> Result<PathBuf, String> {
    const SOURCE: &str = include_str!("forks.c");
    /// What is in the program besides the padding.
    const PROGRAM: u64 = 16 << 10;
    let (source, program) = (workshop.folder("forks.c"), workshop.folder("forks"));
    write(&source, SOURCE)?;
    let padding = format!("-DPADDING={}", bytes.saturating_sub(PROGRAM).max(1));
    let mut gcc = plain("gcc");
    gcc.arg("-O2").arg(padding).arg("-o").arg(&program).arg(&source);
    process::run(&mut gcc)?;
    Ok(program)
}

/// The same in Rust, built as tests are.
fn compile_rust(workshop: &Workshop, bytes: u64) -> Result<Built, String> {
    const SOURCE: &str = include_str!("forks.rs");
    /// What is in the program besides the padding.
    const PROGRAM: u64 = 4 << 20;
    let package = workshop.folder("forks-rust");
    let padding = format!("const PADDING: usize = {};\n", bytes.saturating_sub(PROGRAM).max(1));
    write(&package.join("src/lib.rs"), "")?;
    write(&package.join("tests/forks.rs"), &format!("{SOURCE}\n{padding}"))?;
    let target = "\n[[test]]\nname = \"forks\"\nharness = false\n";
    write(&package.join("Cargo.toml"), &manifest("forks", target))?;
    workshop.build(package, &["--test", "forks"])
}
