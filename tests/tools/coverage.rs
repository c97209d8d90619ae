//! `-C instrument-coverage`: every process that ends well leaves its own counts, once, in a file of its own.
//!
//! The counted functions also write down that they were called, and in which process: what was written down by a process
//! has to be what its profile says. So a file that two processes wrote, counts that a fork took along and counts that
//! were never written all show.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::process::{Ended, plain, run, scratch};
use crate::profile;
use crate::rig::{Flavour, PLAIN};

/// As `cargo llvm-cov` builds, but that threads which count at the same time lose nothing: exact figures need that.
const COVERED: Flavour = Flavour {
    name: "coverage",
    flags: "-C instrument-coverage -C llvm-args=-instrprof-atomic-counter-update-all",
    ..PLAIN
};

/// The counters are the file itself, mapped into memory; the pattern asks for that with `%c`.
const CONTINUOUS: Flavour = Flavour {
    name: "continuous",
    flags: "-C instrument-coverage -C llvm-args=-instrprof-atomic-counter-update-all \
            -C llvm-args=-runtime-counter-relocation",
    ..PLAIN
};

/// The functions of `fixtures/tools/src/lib.rs`. A profile names them by the first eight bytes of a hash:
/// `printf snout_early | md5sum`.
const FUNCTIONS: [(&str, u64); 5] = [
    ("snout_early", 0xb78a_315b_212d_ad81),
    ("snout_once", 0x5401_fdf0_5a2b_9292),
    ("snout_often", 0x5ccd_922b_4f00_f8cc),
    ("snout_failing", 0x2964_6341_f4df_e338),
    ("snout_dying", 0x6440_1f46_cfcc_4133),
];

/// The place of `snout_dying` among them.
const DYING: usize = 4;

/// How often each of `FUNCTIONS` was called.
type Counts = [u64; FUNCTIONS.len()];

/// What users and tools set `LLVM_PROFILE_FILE` to; relative, so that a test can change the directory under it.
const PATTERNS: [Option<&str>; 6] = [
    Some("p-%p.profraw"),
    Some("m-%m.profraw"),
    Some("pm-%p-%m.profraw"),
    Some("pool-%2m.profraw"),
    Some("below/neither.profraw"),
    None,
];

/// Variables that a run is steered by.
type Mode = &'static [(&'static str, &'static str)];

const FRESH: Mode = &[];
const POOLED: Mode = &[("SNOUT_THREAD_MODE", "pooled")];
const ISOLATED: Mode = &[("SNOUT_ISOLATE", "always")];
const SPAWNED: Mode = &[("SNOUT_ISOLATION", "spawn")];
const SPAWNED_ALONE: Mode = &[("SNOUT_ISOLATION", "spawn"), ("SNOUT_ISOLATE", "always")];
const DIRECT: Mode = &[("NEXTEST_EXECUTION_MODE", "process-per-test")];

#[test]
fn in_a_forked_pool_every_call_is_counted_once() {
    for mode in [FRESH, POOLED] {
        with_each_pattern("counts", mode, |run| run.expect_suite(2, [1, 5, 1004, 1, 0]));
    }
}

#[test]
fn in_forked_children_every_call_is_counted_once() {
    with_each_pattern("counts", ISOLATED, |run| run.expect_suite(9, [1, 5, 1004, 1, 0]));
}

#[test]
fn in_executed_processes_every_call_is_counted_once() {
    with_each_pattern("counts", SPAWNED, |run| run.expect_suite(2, [2, 5, 1004, 1, 0]));
    // One lane: the supervisor, its fork server, eight children.
    const ONE_LANE: Mode = &[SPAWNED_ALONE[0], SPAWNED_ALONE[1], ("RUST_TEST_THREADS", "1")];
    with_each_pattern("counts", ONE_LANE, |run| run.expect_suite(10, [10, 5, 1004, 1, 0]));
}

#[test]
fn in_one_process_every_call_is_counted_once() {
    // Without the test that changes the directory: there it takes the profile along, as under libtest.
    with_each_pattern("counts", DIRECT, |run| run.expect_suite(1, [1, 4, 1004, 1, 0]));
}

/// Calls of `fixtures`: set-up and tear-down of a suite, of two tests, and of the run; what gives two tests; what tests call.
const WITH_FIXTURES: Counts = [1, 9, 16, 1, 0];

/// nose 2.36: each process has its counts, and none has those of the process that it was forked from.
#[test]
fn bug_2_36_calls_of_fixtures_are_counted_once_wherever_they_are_set_up() {
    // The supervisor, the fixture host, the pool, the suite's child.
    for mode in [FRESH, POOLED] {
        with_each_pattern("fixtures", mode, |run| run.expect_suite(4, WITH_FIXTURES));
    }
    // The same without the pool, and a child for each of the other six tests.
    with_each_pattern("fixtures", ISOLATED, |run| run.expect_suite(9, WITH_FIXTURES));
    with_each_pattern("fixtures", DIRECT, |run| run.expect_suite(1, WITH_FIXTURES));
}

#[test]
fn a_crash_takes_no_counts_but_those_of_the_process_that_crashed() {
    for mode in [FRESH, POOLED, ISOLATED, SPAWNED] {
        with_each_pattern("dies", mode, |run| {
            run.ended.expect_code(101).expect("test a_aborts ... FAILED").expect("3 passed; 1 failed");
        });
    }
}

#[test]
fn in_continuous_mode_the_counts_of_a_crashed_process_are_kept_too() {
    let executable = CONTINUOUS.executable("dies");
    // One test at a time: a call that another test's crash cuts short may be counted and not yet written down.
    const ALONE: (&str, &str) = ("RUST_TEST_THREADS", "1");
    const MODES: [Mode; 4] = [&[ALONE], &[ALONE, POOLED[0]], &[ALONE, ISOLATED[0]], &[ALONE, SPAWNED[0]]];
    for mode in MODES {
        let run = Measured::of(&executable, mode, Some("%c-%p.profraw"));
        let counted = sum(run.files.values().flatten().flatten());
        let called = sum(run.calls.values());
        if counted != called || called[DYING] == 0 {
            run.ended.fail(&format!("{mode:?}: counted {counted:?}, called {called:?}"));
        }
    }
}

/// Runs a program once a pattern; files have to agree with calls, and `check` adds what else there is to say.
fn with_each_pattern(program: &str, mode: Mode, check: impl Fn(&Measured)) {
    let executable = COVERED.executable(program);
    for pattern in PATTERNS {
        let measured = Measured::of(&executable, mode, pattern);
        if let Err(why) = measured.compare() {
            measured.ended.fail(&format!("{mode:?}, {pattern:?}: {why}\n{:#?}", measured.files));
        }
        check(&measured);
    }
}

/// A run, what its processes wrote down, and what their profiles say.
struct Measured {
    ended: Ended,
    /// By process.
    calls: BTreeMap<u32, Counts>,
    /// By name of the file; a file may hold several profiles.
    files: BTreeMap<String, Result<Vec<Counts>, String>>,
}

impl Measured {
    fn of(executable: &Path, mode: Mode, pattern: Option<&str>) -> Measured {
        let folder = scratch();
        let mut command = plain(executable);
        command.current_dir(&folder).envs(mode.iter().copied()).env("TOOLS_CALLS", folder.join("calls"));
        command.envs(pattern.map(|pattern| ("LLVM_PROFILE_FILE", pattern)));
        command.args((mode == DIRECT).then_some(["--skip", "changes_directory"]).into_iter().flatten());
        let ended = run(&mut command);
        let mut files = BTreeMap::new();
        for folder in [&folder, &folder.join("below")] {
            read_profiles(folder, &mut files);
        }
        let calls = read_calls(&fs::read_to_string(folder.join("calls")).expect("some function was called"));
        let _ = fs::remove_dir_all(folder);
        Measured { ended, calls, files }
    }

    /// Each process that ended well wrote one file, and each file is of one process.
    fn compare(&self) -> Result<(), String> {
        let mut said = Vec::new();
        for (name, profiles) in &self.files {
            match profiles {
                Ok(profiles) if profiles.len() == 1 => said.push(profiles[0]),
                Ok(profiles) => return Err(format!("{name} was written {} times", profiles.len())),
                Err(error) => return Err(format!("{name} cannot be read: {error}")),
            }
        }
        let mut expected: Vec<Counts> =
            self.calls.values().filter(|counts| counts[DYING] == 0).copied().collect();
        said.sort_unstable();
        expected.sort_unstable();
        if said == expected {
            return Ok(());
        }
        Err(format!("by the profiles, processes called {said:?}, and in truth {expected:?}"))
    }

    /// So many processes made so many calls, all of which are in profiles.
    #[track_caller]
    fn expect_suite(&self, processes: usize, calls: Counts) {
        self.ended.expect_code(101).expect("test fails ... FAILED").expect("; 1 failed;");
        if (self.files.len(), sum(self.calls.values())) != (processes, calls) {
            self.ended.fail(&format!("expected {processes} processes and {calls:?}, not {:?}", self.calls));
        }
    }
}

fn sum<'all>(all: impl Iterator<Item = &'all Counts>) -> Counts {
    let mut sum = Counts::default();
    for counts in all {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sum
}

/// What was counted in each of the folder's profiles.
fn read_profiles(folder: &Path, into: &mut BTreeMap<String, Result<Vec<Counts>, String>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".profraw") {
            let count = |profile: &profile::Profile| {
                FUNCTIONS.map(|(_, hash)| profile.get(&hash.swap_bytes()).copied().unwrap_or(0))
            };
            let profiles = profile::read(&entry.path());
            into.insert(name, profiles.map(|profiles| profiles.iter().map(count).collect()));
        }
    }
}

/// Adds up lines of `PID FUNCTION`.
fn read_calls(text: &str) -> BTreeMap<u32, Counts> {
    let mut calls: BTreeMap<u32, Counts> = BTreeMap::new();
    for line in text.lines() {
        let (pid, function) = line.split_once(' ').expect("`PID FUNCTION`");
        let pid = pid.parse().expect("`PID FUNCTION`");
        let place = FUNCTIONS.iter().position(|(name, _)| *name == function).expect("a known function");
        calls.entry(pid).or_default()[place] += 1;
    }
    calls
}
