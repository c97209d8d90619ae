//! What fixtures cost that do nothing: beside the same tests without them, pooled.

use crate::environment::plain;
use crate::harness::Harness;
use crate::process;
use crate::rounds::{Contestant, rounds};
use crate::table::{Goal, Row};
use crate::workshop::{Built, Workshop};

/// How many tests there are, and how many rounds: with few, what is measured drowns in the start of three processes.
const SIZES: [(usize, usize); 2] = [(1_000, 201), (10_000, 101)];

/// Around every test.
const SPLIT: &str = "test::fixture! { split fn nothing() {} }\n";
/// Around one test more; it is there without the fixture too.
const NONE: &str = "mod more {\n#[test]\nfn t() {}\n}\n";
const UNIT: &str = "mod more {\ntest::fixture! { fn nothing() {} }\n#[test]\nfn t() {}\n}\n";
const SHARED: &str = "mod more {\ntest::fixture! { shared fn nothing() {} }\n#[test]\nfn t() {}\n}\n";

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (count, most) in SIZES {
        let build = |name: &str, more: String| workshop.suite_as(name, (Harness::Snout, count), &more);
        let suites = [
            ("none", build("with-none", NONE.to_owned())?),
            ("split", build("with-split", format!("{SPLIT}{NONE}"))?),
            ("unit", build("with-unit", UNIT.to_owned())?),
            ("shared", build("with-shared", SHARED.to_owned())?),
        ];
        for lanes in [&[][..], &["--test-threads=1"]] {
            let contestants = suites.iter().map(|(name, suite)| pooled(name, suite, lanes)).collect();
            let series = rounds(workshop.rounds(most), contestants)?;
            let what = format!("{count} tests, {}", lanes.first().unwrap_or(&"a lane a core"));
            let row = |what, ours: usize, goal| Row::times(what, &series[ours], &series[0], goal);
            rows.push(row(format!("{what}: a test below a fixture"), 1, Goal::More(count, Some(2e-6))));
            rows.push(row(format!("{what}: a suite"), 2, Goal::More(1, None)));
            rows.push(row(format!("{what}: all that is shared"), 3, Goal::More(1, None)));
        }
    }
    Ok(rows)
}

fn pooled<'run>(name: &str, suite: &'run Built, lanes: &'run [&str]) -> Contestant<'run> {
    Contestant::new(name, move || {
        let mut command = plain(suite.binary());
        process::run(command.args(lanes).env("SNOUT_THREAD_MODE", "pooled"))
    })
}
