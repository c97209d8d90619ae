//! What the engine itself costs: tests that do nothing.

use std::path::Path;

use crate::environment::plain;
use crate::harness::Harness;
use crate::process;
use crate::rounds::{Contestant, rounds};
use crate::table::{Goal, Row};
use crate::workshop::Workshop;

const ROUNDS: usize = 31;

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let libtest = workshop.suite(Harness::Libtest, 10_000, "")?;
    let snout = workshop.suite(Harness::Snout, 10_000, "")?;
    let mut rows = Vec::new();
    for arguments in [&[][..], &["--test-threads=1"], &["--test-threads=4"]] {
        let series = rounds(
            workshop.rounds(ROUNDS),
            vec![
                suite("libtest", libtest.binary(), None, arguments),
                suite("pooled", snout.binary(), Some("pooled"), arguments),
                suite("fresh", snout.binary(), Some("fresh"), arguments),
            ],
        )?;
        let lanes = arguments.first().map_or("a lane a core", |argument| argument);
        rows.push(Row::times(lanes, &series[1], &series[0], Goal::Faster(40.0)));
        rows.push(Row::times(lanes, &series[2], &series[0], Goal::Faster(1.0)));
    }
    Ok(rows)
}

/// A test binary, in a thread mode of snout's.
fn suite<'run>(
    name: &str,
    binary: &'run Path,
    mode: Option<&'static str>,
    arguments: &'run [&str],
) -> Contestant<'run> {
    Contestant::new(name, move || {
        let mut command = plain(binary);
        process::run(command.args(arguments).envs(mode.map(|mode| ("SNOUT_THREAD_MODE", mode))))
    })
}
