//! Suites that nobody wrote for a benchmark.

use std::path::Path;

use crate::environment::plain;
use crate::harness::Harness;
use crate::package::{self, Spec};
use crate::process::{self, Usage};
use crate::rounds::{Contestant, rounds};
use crate::table::{Goal, Row};
use crate::workshop::{Built, Workshop, remove_folder};

/// The versions that `tests/real` checks the verdicts of.
const CRATES: [&str; 3] = ["semver@1.0.27", "itertools@0.14.0", "indexmap@2.14.2"];
/// How long a crate may take, in seconds: suites of milliseconds are repeated more often, and have to be.
const TIME: f64 = 180.0;
const ROUNDS: std::ops::RangeInclusive<usize> = 5..=101;

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for name in CRATES {
        let (libtest, snout) =
            (build(workshop, name, Harness::Libtest)?, build(workshop, name, Harness::Snout)?);
        let fitting = (TIME / 3.0 / run_all(&libtest, None)?.wall) as usize;
        let series = rounds(
            workshop.rounds(fitting.clamp(*ROUNDS.start(), *ROUNDS.end())),
            vec![
                Contestant::new("libtest", || run_all(&libtest, None)),
                Contestant::new("fresh", || run_all(&snout, Some("fresh"))),
                Contestant::new("pooled", || run_all(&snout, Some("pooled"))),
            ],
        )?;
        let what = format!("{name}, {} binaries", libtest.binaries.len());
        let row = |ours| Row::times(&what, ours, &series[0], Goal::Faster(1.0));
        rows.extend(series[1..].iter().map(row));
    }
    Ok(rows)
}

/// The package, from cargo's cache, with its tests built.
fn build(workshop: &Workshop, name: &str, harness: Harness) -> Result<Built, String> {
    let package: package::Package = name.parse::<Spec>()?.fetch(&workshop.folder("probe"))?;
    let copy = workshop.folder(&format!("{}-{name}", harness.name()));
    if !copy.join("Cargo.toml").exists() {
        remove_folder(&copy)?;
        package.copy_to(&copy)?;
        if harness == Harness::Snout {
            package::add_snout(&copy, Path::new(env!("CARGO_MANIFEST_DIR")))?;
        }
    }
    workshop.build(copy, &["--tests", "--config", package::QUIET_LINTS])
}

/// Every test binary, one after the other, where cargo would run them.
fn run_all(built: &Built, mode: Option<&str>) -> Result<Usage, String> {
    let mut sum = Usage::default();
    for binary in &built.binaries {
        let mut command = plain(binary);
        command.current_dir(&built.package).env("CARGO_MANIFEST_DIR", &built.package);
        sum = sum.then(process::run(command.envs(mode.map(|mode| ("SNOUT_THREAD_MODE", mode))))?);
    }
    Ok(sum)
}
