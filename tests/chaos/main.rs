//! Chaos: runs of tests that do everything a test can do to its process, with signals and kills from outside, against an oracle.
//!
//! - `fixtures/chaos` is a program of some five hundred slots. What each does is a function of a seed and its name: `plan`, which this
//!   target includes, so that the oracle and the program cannot disagree.
//! - `program` builds it; `run` runs one seed and does to the run what the plan says.
//! - `said` reads what the run said in any format, `steps` what its tests wrote down.
//! - `oracle` says how each slot may come out; `check` holds a run against that, and against what holds for every run.
//! - `figures` counts.
//!
//! `SNOUT_CHAOS_SEEDS` says how many seeds to run, `SNOUT_CHAOS_FIRST` which is the first.

mod check;
mod figures;
mod oracle;
mod program;
mod record;
mod run;
mod said;
mod steps;

#[expect(dead_code, reason = "the program, in ../../fixtures/chaos, uses the rest")]
#[path = "../../fixtures/chaos/tests/slots/plan/mod.rs"]
mod plan;

#[path = "../rig/environment.rs"]
mod environment;
#[path = "../rig/messages.rs"]
mod messages;
#[path = "../rig/process.rs"]
#[expect(dead_code, reason = "other targets run commands in other ways")]
mod process;
#[path = "../rig/result_line.rs"]
mod result_line;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use figures::Figures;
use plan::Run;

/// How many seeds run where nothing else is said: few, for whoever types `cargo test` waits for them.
const SEEDS: u64 = 12;

/// How many run at the same time. Most of a run is waiting for timeouts.
const AT_ONCE: u64 = 3;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable}={text}: write a number")),
        Err(_) => default,
    }
}

#[test]
fn every_seed_comes_out_as_the_oracle_says() {
    let (first, count) = (number("SNOUT_CHAOS_FIRST", 1), number("SNOUT_CHAOS_SEEDS", SEEDS));
    let (next, failures, figures) =
        (AtomicU64::new(first), Mutex::new(Vec::new()), Mutex::new(Figures::default()));
    program::executable(); // before anything is timed
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let ran = run::run(Run::of(seed));
                    let wrong = check::wrong(&ran);
                    figures.lock().expect("nobody panics with it").count(&ran, &wrong);
                    if !wrong.is_empty() {
                        failures.lock().expect("nobody panics with it").push(told(seed, &ran, &wrong));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics with it");
    let figures = figures.into_inner().expect("nobody panics with it");
    writeln!(std::io::stdout(), "{figures}").expect("standard output takes a few lines");
    assert!(failures.is_empty(), "{} of {count} seeds failed:\n{}", failures.len(), failures.join("\n"));
}

fn told(seed: u64, ran: &run::Ran, wrong: &[String]) -> String {
    let shown = wrong.iter().take(10).map(|line| format!("\n    {line}")).collect::<String>();
    let more = wrong.len().saturating_sub(10);
    format!(
        "seed {seed}: {} of them{shown}{}\n  again: SNOUT_CHAOS_FIRST={seed} SNOUT_CHAOS_SEEDS=1 cargo test --test chaos every_seed\n  \
         plan: {:?}\n  said, and written down: {}",
        wrong.len(),
        if more > 0 { format!("\n    and {more} more") } else { String::new() },
        ran.run,
        ran.keep().display(),
    )
}

#[test]
fn the_slots_of_the_plan_are_those_of_the_program() {
    let mut planned: Vec<String> = plan::slots::slots().map(plan::slots::Slot::name).collect();
    planned.sort();
    let mut listed = program::list();
    listed.sort();
    assert_eq!(planned, listed);
}

/// Among the seeds that `.ci/run` has run, everything occurs that the plan knows.
#[test]
fn two_hundred_seeds_have_the_whole_palette() {
    use plan::palette::{DYING, FAILING, GOOD, HANGING, PASSING_LATER, UNKIND};
    let (mut behaviours, mut conducts, mut victims) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut signalled = 0;
    for run in (1..=200).map(Run::of) {
        let selected = run.selected();
        assert!((50..=500).contains(&selected.len()), "seed {}: {} slots", run.seed, selected.len());
        behaviours.extend(selected.iter().map(|slot| run.behaviour(*slot)));
        let fixtures = selected.iter().flat_map(|slot| slot.module.fixtures);
        conducts.extend(fixtures.map(|fixture| run.conduct(*fixture)));
        match run.trouble {
            plan::Trouble::Signal { .. } => signalled += 1,
            plan::Trouble::Kill { whom, .. } => drop(victims.insert(whom)),
            plan::Trouble::None => {}
        }
    }
    for behaviour in [GOOD, UNKIND, FAILING, DYING, HANGING, PASSING_LATER].concat() {
        assert!(behaviours.contains(&behaviour), "{behaviour:?} never occurs");
    }
    assert_eq!((conducts.len(), victims.len()), (9, 5), "{conducts:?} {victims:?}");
    assert!((80..=120).contains(&signalled), "{signalled} of 200 runs get a signal: half should");
}
