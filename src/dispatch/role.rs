//! What a process is told that was made by executing this binary again.
//!
//! Its memory is its own, so it reads the plan from the same command line again. What it is, and by which numbers it finds what it
//! shares with the supervisor, is in a variable.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use super::Job;
use super::launch::{BothRules, Memory, fork_server, has_fixtures, run_suite, seat, worker};
use crate::accumulate::Turn;
use crate::execute::{Child, Pipes, WatchChild, prepare, run_pool, show_where_it_hangs};
use crate::model::CaseId;
use crate::sys::descriptor::inherited;
use crate::sys::process::{self, Connections, Pid, adopt_orphans};
use crate::sys::signals::SignalMask;
use crate::sys::{coverage, shared};

/// Tells a spawned process what it is and what it was given.
const ROLE: &str = "SNOUT_INTERNAL_ROLE";

/// Which process is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Pool,
    /// That of this lane.
    ForkServer(usize),
    /// Of this lane.
    Child(Turn, usize),
}

/// The numbers of what a process was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptors {
    pub(super) memory: RawFd,
    pub(super) doorbell: RawFd,
    /// Where frames go; a fork server's socket.
    pub(super) first: RawFd,
    /// A pool's control, a suite's socket; another has nothing here that it does not have elsewhere.
    pub(super) second: RawFd,
}

/// What a spawned process was told about itself.
pub(crate) struct Role {
    part: Part,
    descriptors: Descriptors,
    lanes: u16,
    shuffle_seed: Option<u64>,
}

/// Executes this binary again, with a role. What it prints goes to `output`, if that is given.
pub(super) fn spawn(
    job: &Job,
    (part, descriptors): (Part, Descriptors),
    output: Option<RawFd>,
    mask: Option<SignalMask>,
) -> io::Result<Pid> {
    let shuffle_seed = job.plan.shuffle_seed();
    let role = Role { part, descriptors, lanes: job.lanes, shuffle_seed };
    let parent = process::own_number();
    let connections = Connections { output, nowhere: None, not_for_it: &[], parent };
    let Descriptors { memory, doorbell, first, second } = descriptors;
    process::spawn_self((ROLE, role.told()), &connections, &[memory, doorbell, first, second], mask)
}

/// The role this process was started in, if it is a spawned one. Tests, and what they start, do not see the variable.
pub(crate) fn take_role() -> Option<Role> {
    let told = std::env::var(ROLE).ok()?;
    crate::sys::environment::remove(ROLE);
    Role::parse(&told)
}

impl Role {
    fn told(&self) -> String {
        let part = match self.part {
            Part::Pool => "pool".to_owned(),
            Part::ForkServer(lane) => format!("fork-server/{lane}"),
            Part::Child(Turn { case, attempt }, lane) => format!("child/{}/{attempt}/{lane}", case.0),
        };
        let Descriptors { memory, doorbell, first, second } = self.descriptors;
        let seed = self.shuffle_seed.map_or_else(|| "-".to_owned(), |seed| seed.to_string());
        format!("{part} {memory} {doorbell} {first} {second} {} {seed}", self.lanes)
    }

    fn parse(told: &str) -> Option<Role> {
        let mut words = told.split(' ');
        let mut part = words.next()?.split('/');
        let part = match (part.next()?, part.next(), part.next(), part.next()) {
            ("pool", None, None, None) => Part::Pool,
            ("fork-server", Some(lane), None, None) => Part::ForkServer(lane.parse().ok()?),
            ("child", Some(case), Some(attempt), Some(lane)) => {
                let turn = Turn { case: CaseId(case.parse().ok()?), attempt: attempt.parse().ok()? };
                Part::Child(turn, lane.parse().ok()?)
            }
            _ => return None,
        };
        let mut number = || words.next()?.parse().ok();
        let descriptors =
            Descriptors { memory: number()?, doorbell: number()?, first: number()?, second: number()? };
        let lanes = words.next()?.parse().ok()?;
        Some(Role { part, descriptors, lanes, shuffle_seed: words.next()?.parse().ok() })
    }

    /// The seed that the supervisor shuffled with.
    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        self.shuffle_seed
    }

    /// Whether this process executes the binary again, and runs no test itself.
    pub(crate) fn executes_others(&self) -> bool {
        matches!(self.part, Part::ForkServer(_))
    }

    /// In a spawned process, once it has made the same plan: does its part, and never returns.
    pub(crate) fn play(self, job: &Job) -> ! {
        let job = &Job { lanes: self.lanes, ..job.clone() };
        match self.try_play(job) {
            Some(never) => match never {},
            None => std::process::exit(1),
        }
    }

    /// Returns only if what it needs is not there.
    fn try_play(self, job: &Job) -> Option<std::convert::Infallible> {
        coverage::take_own_file();
        let Descriptors { memory, doorbell, first, second } = self.descriptors;
        let memory_file = inherited(memory)?;
        let (doorbell, first) = (inherited(doorbell)?, inherited(first)?);
        let lanes = usize::from(self.lanes);
        let shared = shared::memory_from_file(Memory::size(job, lanes), &memory_file).ok()?;
        let memory = Memory::new(shared, job, lanes);
        if let Part::Child(_, lane) = self.part {
            show_where_it_hangs(memory.queue, lane);
        }
        match self.part {
            Part::Pool => run_pool(worker(job, memory.table, (first.into(), doorbell)), &inherited(second)?),
            Part::ForkServer(lane) => be_fork_server(job, (memory, &memory_file), lane, (first, doorbell)),
            Part::Child(turn, lane) if has_fixtures(job, turn) => {
                prepare(BothRules::of(job).child);
                // The output's pipe by a number of its own: a test may close the standard ones.
                let output = if job.rules.capture {
                    Some(io::stdout().as_fd().try_clone_to_owned().ok()?)
                } else {
                    None
                };
                run_suite(job, (memory, lane), turn, (Arc::new(File::from(first)), output, inherited(second)))
            }
            Part::Child(turn, lane) => {
                let case = (turn.case, job.plan.case(turn.case));
                let slot = memory.table.slot(turn.case, turn.attempt.into());
                let rules = BothRules::of(job).child;
                prepare(rules);
                Child::new(case, (slot, seat(job, lane, turn)), &Arc::new(File::from(first)), rules).run()
            }
        }
    }
}

/// Whatever text this is: a role that is understood is understood in the same way when it is told on.
#[cfg(any(test, fuzzing))]
pub(crate) fn expect_role(text: &str) {
    if let Some(told) = Role::parse(text).map(|role| role.told()) {
        assert_eq!(Role::parse(&told).map(|role| role.told()), Some(told));
    }
}

/// A fork server that does not fork: its children are executed as it was.
fn be_fork_server(
    job: &Job,
    (memory, memory_file): (Memory, &OwnedFd),
    lane: usize,
    (socket, doorbell): (OwnedFd, OwnedFd),
) -> ! {
    if adopt_orphans().is_err() {
        std::process::exit(1);
    }
    let (bell, to_supervisor) = (doorbell.as_raw_fd(), socket.as_raw_fd());
    let make = |turn: Turn, pipes: &Pipes, watch: WatchChild<'_>| {
        let frames = pipes.frames().as_raw_fd();
        let second = if has_fixtures(job, turn) { to_supervisor } else { frames };
        let descriptors =
            Descriptors { memory: memory_file.as_raw_fd(), doorbell: bell, first: frames, second };
        spawn(job, (Part::Child(turn, lane), descriptors), pipes.output(), None).and_then(watch)
    };
    fork_server(job, memory, lane, (socket, doorbell)).serve(&make);
    // What ran before `main` is counted, and cleaned up after.
    std::process::exit(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_understood_as_it_was_told() {
        let descriptors = Descriptors { memory: 3, doorbell: 5, first: 8, second: 13 };
        let turn = Turn { case: CaseId(7), attempt: 1 };
        for (part, shuffle_seed) in
            [(Part::Pool, None), (Part::ForkServer(2), Some(u64::MAX)), (Part::Child(turn, 3), Some(0))]
        {
            let told = Role { part, descriptors, lanes: 4, shuffle_seed }.told();
            let role = Role::parse(&told).expect("understood");
            assert_eq!((role.part, role.descriptors), (part, descriptors));
            assert_eq!((role.lanes, role.shuffle_seed), (4, shuffle_seed));
        }
        for wrong in ["", "pool", "pool 1 2 3", "child/1 1 2 3 4 5 -", "other 1 2 3 4 5 -"] {
            assert!(Role::parse(wrong).is_none(), "{wrong}");
        }
    }
}
