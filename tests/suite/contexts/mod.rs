//! Contexts and fixtures: the programs of `fixtures/contexts` on every road there is for a test, and the steps they write down.
//!
//! Tests named after a row of nose's scenario tables (`m2_…`, `c1_…`) show that row; `docs/nose.md` has the list.

mod broken;
mod calls;
mod classes;
mod copies;
mod cost;
mod formats;
mod interrupts;
mod lanes;
mod order;
mod output;
mod plugins;
mod recorded;
mod refused;
mod restart;
mod seats;
mod selection;
mod shared;
mod stops;
pub(crate) mod table;
mod unheard;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::process::Command;

use crate::build::{ROOT, executable_without_processes};
use crate::check::differences;
use crate::expect::Mode;
use crate::process::{self, Ended, plain};
use crate::report::{self, Report};
use crate::rig::Program;

/// A way to run a program: in a mode, or where no process is made for a test at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    In(Mode),
    /// `--force-run-in-process`.
    InProcess,
    /// A build for systems without processes.
    WithoutProcesses,
}

impl Road {
    /// Those on which a test may end its process.
    const SAFE: [Road; 6] = [
        Road::In(Mode::Serial),
        Road::In(Mode::Parallel),
        Road::In(Mode::Pooled),
        Road::In(Mode::Isolated),
        Road::In(Mode::Spawned),
        Road::In(Mode::SpawnedAlone),
    ];

    /// All of them.
    fn all() -> impl Iterator<Item = Road> {
        Road::SAFE.into_iter().chain([Road::InProcess, Road::WithoutProcesses])
    }

    /// Whether a suite has a process of its own.
    fn has_processes(self) -> bool {
        matches!(self, Road::In(_))
    }

    /// Whether processes are executed, so that they inherit nothing.
    fn is_spawned(self) -> bool {
        matches!(self, Road::In(Mode::Spawned | Mode::SpawnedAlone))
    }

    /// The mode whose verdicts hold on it.
    fn mode(self) -> Mode {
        match self {
            Road::In(mode) => mode,
            Road::InProcess => Mode::Parallel,
            Road::WithoutProcesses => Mode::Serial,
        }
    }
}

/// What a program did, and wrote down.
struct Ran {
    name: &'static str,
    road: Road,
    ended: Ended,
    steps: Steps,
}

impl Deref for Ran {
    type Target = Ended;

    fn deref(&self) -> &Ended {
        &self.ended
    }
}

/// Runs a program in so many lanes, with these arguments.
fn run(name: &'static str, road: Road, lanes: usize, arguments: &[&str]) -> Ran {
    let command = command(name, road, lanes);
    finish(name, road, command, arguments)
}

/// Runs a program in two lanes, with these arguments and variables.
fn run_with(name: &'static str, road: Road, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command(name, road, 2);
    command.envs(variables.iter().copied());
    finish(name, road, command, arguments)
}

fn command(name: &'static str, road: Road, lanes: usize) -> Command {
    match road {
        Road::In(mode) => Program::with_contexts(name).in_mode(mode, lanes).into_command(),
        Road::InProcess => {
            let mut command = Program::with_contexts(name).threads(lanes).into_command();
            command.arg("--force-run-in-process");
            command
        }
        Road::WithoutProcesses => {
            let mut command = plain(executable_without_processes(name));
            command.current_dir(format!("{ROOT}/fixtures/contexts"));
            command
        }
    }
}

fn finish(name: &'static str, road: Road, mut command: Command, arguments: &[&str]) -> Ran {
    let folder = process::scratch();
    let path = folder.join("steps");
    // Nothing is to wait longer than it must for what hangs.
    let ended = process::run(command.args(arguments).env("STEPS", &path).env("SNOUT_GRACE", "2s"));
    let steps = Steps::read(&fs::read_to_string(&path).unwrap_or_default());
    fs::remove_dir_all(&folder).ok();
    Ran { name, road, ended, steps }
}

impl Ran {
    /// Every test came out as the table says; no process is left.
    #[track_caller]
    fn expect_table(&self) -> &Ran {
        let wrong = differences(table::entry(self.name), self.road.mode(), &self.text(), self.code());
        if !wrong.is_empty() {
            self.fail(&format!("`{}`, {:?}:\n  {}", self.name, self.road, wrong.join("\n  ")));
        }
        self.expect_nobody_left()
    }

    #[track_caller]
    fn expect_nobody_left(&self) -> &Ran {
        if !self.left_behind.is_empty() {
            self.fail(&format!("{:?}: processes were left behind", self.road));
        }
        self
    }

    // As of `Ended`, but what follows may be about steps.

    #[track_caller]
    fn expect_code(&self, code: i32) -> &Ran {
        self.ended.expect_code(code);
        self
    }

    #[track_caller]
    fn expect_text(&self, fragment: &str) -> &Ran {
        self.ended.expect_text(fragment);
        self
    }

    #[track_caller]
    fn expect_no_text(&self, fragment: &str) -> &Ran {
        self.ended.expect_no_text(fragment);
        self
    }

    /// The units of a scenario, in any order, each step by step: `+ outer, = test, - outer`.
    #[track_caller]
    fn expect_units(&self, scenario: &str, expected: &[&str]) -> &Ran {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let units: Vec<String> = self.steps.units(scenario).into_iter().map(|(_, unit)| unit).collect();
        if units != expected {
            self.fail(&format!(
                "{:?}: the units of `{scenario}` should be {expected:#?}, but are {units:#?}",
                self.road
            ));
        }
        self
    }

    /// The lines below `fixtures:`, in any order.
    #[track_caller]
    fn expect_troubles(&self, expected: &[&str]) -> &Ran {
        let text = self.text();
        let section = text.split_once("\nfixtures:\n").map_or("", |(_, section)| section);
        let mut troubles: Vec<&str> = section.lines().map_while(|line| line.strip_prefix("    ")).collect();
        let mut expected = expected.to_vec();
        troubles.sort_unstable();
        expected.sort_unstable();
        if troubles != expected {
            self.fail(&format!("{:?}: `fixtures:` should list {expected:#?}", self.road));
        }
        self
    }

    fn report(&self) -> Report {
        report::read(&self.text())
    }
}

/// What programs write down: `PID SCENARIO MARK NAME #INSTANCE`.
struct Steps(Vec<Step>);

struct Step {
    pid: u32,
    /// Without the number of the process.
    text: String,
}

impl Steps {
    fn read(text: &str) -> Steps {
        let step = |line: &str| {
            let (pid, text) = line.split_once(' ')?;
            Some(Step { pid: pid.parse().ok()?, text: text.to_owned() })
        };
        Steps(text.lines().map(|line| step(line).expect("a step begins with a process's number")).collect())
    }

    /// The steps of a scenario, in order: `+ outer`.
    fn of<'steps>(&'steps self, scenario: &str) -> Vec<(u32, &'steps str)> {
        let of_it = self.0.iter().filter_map(|step| {
            let (whose, rest) = step.text.split_once(' ')?;
            (whose == scenario).then_some((step.pid, rest.rsplit_once(" #").map_or(rest, |(step, _)| step)))
        });
        of_it.collect()
    }

    /// From each first set-up of a process to the last tear-down that belongs to it; sorted. One lane at a time: others' steps would
    /// come between.
    fn units(&self, scenario: &str) -> Vec<(u32, String)> {
        let mut open: BTreeMap<u32, (i32, Vec<&str>)> = BTreeMap::new();
        let mut units = Vec::new();
        for (pid, step) in self.of(scenario) {
            let (depth, unit) = open.entry(pid).or_default();
            unit.push(step);
            *depth += i32::from(step.starts_with('+')) - i32::from(step.starts_with('-'));
            if *depth == 0 {
                units.push((pid, unit.join(", ")));
                open.remove(&pid);
            }
        }
        // What a process that died has left.
        units.extend(open.into_iter().map(|(pid, (_, unit))| (pid, unit.join(", "))));
        units.sort_by(|(_, one), (_, other)| one.cmp(other));
        units
    }

    fn count(&self, scenario: &str, step: &str) -> usize {
        self.of(scenario).iter().filter(|(_, it)| *it == step).count()
    }
}

#[test]
fn steps_are_put_together_to_units() {
    let steps = Steps::read("7 s + a #0\n8 s + a #0\n7 s = t #0\n7 other + b #0\n7 s - a #0\n7 s = u #0\n");
    let units = [(8, "+ a".to_owned()), (7, "+ a, = t, - a".to_owned()), (7, "= u".to_owned())];
    assert_eq!(steps.units("s"), units);
    assert_eq!((steps.count("s", "+ a"), steps.of("other")), (2, vec![(7, "+ b")]));
}
