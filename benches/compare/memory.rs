//! Memory: of the largest process of a run, and of all its processes together.
//!
//! The second is read while the last test of the suite waits, when all others have come out: what a run holds only grows
//! until then. Pages that processes share count once in the sum.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::environment::plain;
use crate::harness::Harness;
use crate::process;
use crate::rounds::{Contestant, Series, rounds};
use crate::table::{Goal, Row};
use crate::workshop::Workshop;

const TESTS: usize = 20_000;
const ROUNDS: usize = 9;
const MODES: [&str; 2] = ["fresh", "pooled"];

/// Runs last, by its name. Says that it runs by making the file that the variable names, and waits until that is gone.
const LAST_TEST: &str = r#"
#[test]
fn z_waits() {
    let Some(path) = std::env::var_os("COMPARE_WAITS") else { return };
    std::fs::write(&path, "").expect("the folder is there");
    while std::path::Path::new(&path).exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
"#;

pub(crate) fn measure(workshop: &Workshop) -> Result<Vec<Row>, String> {
    let libtest = workshop.suite(Harness::Libtest, TESTS, LAST_TEST)?;
    let snout = workshop.suite(Harness::Snout, TESTS, LAST_TEST)?;
    let (libtest, snout) = (libtest.binary(), snout.binary());
    let flag = workshop.folder("waits");
    let count = workshop.rounds(ROUNDS);
    let mut rows = Vec::new();
    let contestant = |name: &'static str, binary, mode| {
        Contestant::new(name, move || process::run(plain(binary).envs(mode_variable(mode))))
    };
    let mut contestants = vec![contestant("libtest", libtest, None)];
    contestants.extend(MODES.map(|mode| contestant(mode, snout, Some(mode))));
    let series = rounds(count, contestants)?;
    let row = |ours: &Series| Row::peaks("largest process, peak", ours, &series[0], Goal::AtMost(1.5));
    rows.extend(series[1..].iter().map(row));
    let theirs = sums(count, libtest, None, &flag)?;
    for mode in MODES {
        let ours = sums(count, snout, Some(mode), &flag)?;
        let what = "all processes, while the last test waits";
        rows.push(Row::bytes(what, (mode, ours), ("libtest", theirs.clone()), Goal::AtMost(1.5)));
    }
    Ok(rows)
}

fn mode_variable(mode: Option<&'static str>) -> Option<(&'static str, &'static str)> {
    mode.map(|mode| ("SNOUT_THREAD_MODE", mode))
}

fn sums(count: usize, binary: &Path, mode: Option<&'static str>, flag: &Path) -> Result<Vec<f64>, String> {
    (0..count).map(|_| sum(binary, mode, flag)).collect()
}

fn sum(binary: &Path, mode: Option<&'static str>, flag: &Path) -> Result<f64, String> {
    let _ = fs::remove_file(flag);
    let mut command = plain(binary);
    command.env("COMPARE_WAITS", flag).envs(mode_variable(mode));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot start a suite: {error}"))?;
    let waited = wait_for(flag, &mut child);
    let bytes = tree(child.id()).iter().map(|&process| held(process)).sum();
    let _ = fs::remove_file(flag);
    let ended = child.wait().map_err(|error| format!("cannot wait for a suite: {error}"))?;
    waited.and_then(|()| if ended.success() { Ok(bytes) } else { Err("the suite failed".to_owned()) })
}

/// Waits until the last test runs, and then for those beside it to come out and be reported.
fn wait_for(flag: &Path, child: &mut Child) -> Result<(), String> {
    let start = Instant::now();
    while !flag.exists() {
        if start.elapsed() > Duration::from_secs(60) || !matches!(child.try_wait(), Ok(None)) {
            return Err("the last test of the suite did not begin".to_owned());
        }
        sleep(Duration::from_millis(2));
    }
    sleep(Duration::from_millis(300));
    Ok(())
}

/// A process and all below it.
fn tree(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut place = 0;
    while let Some(&process) = found.get(place) {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let children: Vec<PathBuf> = tasks.map(|task| task.path().join("children")).collect();
        for list in children.iter().filter_map(|path| fs::read_to_string(path).ok()) {
            found.extend(list.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
        }
        place += 1;
    }
    found
}

/// A process's share of the memory it uses, in bytes.
fn held(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or("0");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or_default() * 1024.0
}
