//! `--process-restartworker`: the pool's process is replaced though nothing is wrong with it, and all else stays as it is.

use std::collections::BTreeMap;

use super::{Ran, Road, command, finish};
use crate::expect::Mode;
use crate::normal::{BACKTRACE_HINT, normal};
use crate::rig::Program;

const EACH: &str = "--process-restartworker";

/// What goes wrong with a process is not part of it unless asked for; neither is what takes memory.
const USUAL: [&str; 10] = [
    "--skip",
    "hangs::",
    "--skip",
    "dies::",
    "--skip",
    "leaks::",
    "--skip",
    "_host::",
    "--skip",
    "cannot_end::",
];

/// Nor what a spawned process cannot have. The pool is made by the supervisor itself then, elsewhere by the fixture host.
const WITHOUT_HOST: [&str; 12] = [
    "--skip",
    "hangs::",
    "--skip",
    "dies::",
    "--skip",
    "leaks::",
    "--skip",
    "_host::",
    "--skip",
    "cannot_end::",
    "--skip",
    "shared::",
];

/// Where there is a pool.
const POOLS: [Mode; 4] = [Mode::Serial, Mode::Parallel, Mode::Pooled, Mode::Spawned];

fn replaced(road: Road, lanes: usize, arguments: &[&str]) -> Ran {
    with_variables(road, lanes, arguments, &[])
}

fn with_variables(road: Road, lanes: usize, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = command("replaced", road, lanes);
    command.envs(variables.iter().copied());
    finish("replaced", road, command, arguments)
}

/// The processes of the pool, and lane by lane how many tests each of them ran.
fn pools(ran: &Ran) -> BTreeMap<u32, BTreeMap<usize, usize>> {
    let mut pools: BTreeMap<u32, BTreeMap<usize, usize>> = BTreeMap::new();
    for (pid, lane, name) in tests(ran) {
        if !name.starts_with("elsewhere::") {
            *pools.entry(pid).or_default().entry(lane).or_default() += 1;
        }
    }
    pools
}

/// Process, lane and name of each test that ran, as it began.
fn tests(ran: &Ran) -> Vec<(u32, usize, &str)> {
    ran.steps
        .0
        .iter()
        .map(|step| {
            let (lane, name) =
                step.text.strip_prefix("ran ").and_then(|text| text.split_once(' ')).expect("a test ran");
            (step.pid, lane.parse().expect("a lane's number"), name)
        })
        .collect()
}

/// The names of what ran, sorted: a test that ran twice is there twice.
fn names(ran: &Ran) -> Vec<&str> {
    let mut names: Vec<&str> = tests(ran).into_iter().map(|(_, _, name)| name).collect();
    names.sort_unstable();
    names
}

/// Both runs came to the same: tests, verdicts, what failing ones say, exit code; nothing is said about processes.
#[track_caller]
fn expect_same(ran: &Ran, other: &Ran) {
    if names(ran) != names(other) {
        ran.fail(&format!("{:?}: other tests ran than in{}", ran.road, other.ended));
    }
    expect_same_verdicts(ran, other);
    if ran.text().contains("pool died") || !ran.error_text().is_empty() {
        ran.fail(&format!("{:?}: a replacement is silent", ran.road));
    }
}

#[track_caller]
fn expect_same_verdicts(ran: &Ran, other: &Ran) {
    ran.expect_nobody_left();
    let (mine, theirs) = (ran.report(), other.report());
    if mine.results != theirs.results || mine.summary != theirs.summary || ran.code() != other.code() {
        ran.fail(&format!("{:?}: came out otherwise than{}", ran.road, other.ended));
    }
}

/// No process of the pool ran more than `most` tests, and there were several.
#[track_caller]
fn expect_at_most(ran: &Ran, most: usize) {
    let pools = pools(ran);
    let too_many = pools.values().any(|lanes| lanes.values().sum::<usize>() > most);
    if too_many || pools.len() < 2 {
        ran.fail(&format!("{:?}: at most {most} tests a process, but {pools:?}", ran.road));
    }
}

/// Each mode that has a pool, with and without a host that the pool is made by.
fn usual() -> impl Iterator<Item = (Mode, &'static [&'static str])> {
    let with_host = POOLS.into_iter().filter(|mode| *mode != Mode::Spawned).map(|mode| (mode, &USUAL[..]));
    with_host.chain(POOLS.map(|mode| (mode, &WITHOUT_HOST[..])))
}

#[test]
fn a_pool_is_replaced_after_so_many_tests_and_nothing_else_changes() {
    for (mode, arguments) in usual() {
        for lanes in [1, 2, 4] {
            let usual = replaced(Road::In(mode), lanes, arguments);
            usual.expect_code(101).expect_text("plain::prints_and_fails stdout ----\nsomething to be seen\n");
            for count in [1, 2, 7] {
                let flag = format!("{EACH}={count}");
                let ran = replaced(Road::In(mode), lanes, &[arguments, &[&flag]].concat());
                expect_same(&ran, &usual);
                expect_at_most(&ran, count);
                // No more of them than it takes: ignored tests do not count. Two tests are tried again in processes of their own.
                let in_pool = pools(&usual).values().flat_map(BTreeMap::values).sum::<usize>() - 2;
                if pools(&ran).len() != in_pool.div_ceil(count) + 2 {
                    ran.fail(&format!("{mode:?}: {count} tests a process, but {:?}", pools(&ran)));
                }
            }
        }
    }
}

#[test]
fn without_a_number_each_lane_of_a_pool_runs_one_test() {
    for (mode, arguments) in usual() {
        for lanes in [1, 2, 4] {
            let usual = replaced(Road::In(mode), lanes, arguments);
            for variables in [&[][..], &[("SNOUT_RESTART_WORKER", "each")]] {
                let flags: &[&str] = if variables.is_empty() { &[EACH] } else { &[] };
                let ran = with_variables(Road::In(mode), lanes, &[arguments, flags].concat(), variables);
                expect_same(&ran, &usual);
                expect_at_most(&ran, lanes);
                if pools(&ran).values().any(|lanes| lanes.values().any(|tests| *tests > 1)) {
                    ran.fail(&format!("{mode:?}: one test a lane, but {:?}", pools(&ran)));
                }
            }
        }
    }
}

/// Lanes of one pool still run beside each other.
#[test]
fn the_lanes_of_a_pool_share_it() {
    let ran = replaced(Road::In(Mode::Parallel), 2, &["plain::", EACH]);
    assert!(pools(&ran).values().any(|lanes| lanes.len() == 2), "{:?}\n{}", pools(&ran), ran.ended);
}

#[test]
fn a_pool_that_has_grown_too_large_is_replaced() {
    for mode in POOLS {
        for lanes in [1, 2] {
            let usual = replaced(Road::In(mode), lanes, &["leaks::"]);
            assert_eq!(pools(&usual).len(), 1, "{mode:?}: {}", usual.ended);
            let ran = replaced(Road::In(mode), lanes, &["leaks::", "--process-restartworker=40MiB"]);
            expect_same(&ran, &usual);
            assert!(pools(&ran).len() > 1, "{mode:?}: 128 MiB in one process: {}", ran.ended);
            // Smaller than any process is: each still gets on.
            let ran = replaced(Road::In(mode), lanes, &["leaks::", "--process-restartworker=1KiB"]);
            expect_same(&ran, &usual);
            let ran = replaced(Road::In(mode), lanes, &["leaks::", "--process-restartworker=64GiB"]);
            assert_eq!(pools(&ran).len(), 1, "{mode:?}: {}", ran.ended);
        }
    }
}

/// What has to be in order is, to the letter.
#[test]
fn one_by_one_the_text_is_the_same() {
    for (mode, arguments) in usual() {
        for flags in [
            &["--nocapture"][..],
            &["--nocapture", "--fail-fast"],
            &["--fail-fast"],
            &["--nocapture", "--shuffle-seed=7"],
        ] {
            let run = |more: &[&str]| replaced(Road::In(mode), 1, &[arguments, flags, more].concat());
            let text = |ran: &Ran| {
                // Once a process.
                let text = normal(&ran.text(), "no path").replace(BACKTRACE_HINT, "");
                (text, normal(&ran.error_text(), "no path").replace(BACKTRACE_HINT, ""))
            };
            let usual = run(&[]);
            for restart in [EACH, "--process-restartworker=3", "--process-restartworker=1KiB"] {
                let ran = run(&[restart]);
                assert_eq!(text(&ran), text(&usual), "{mode:?} {flags:?} {restart}");
                let order =
                    |ran: &Ran| tests(ran).iter().map(|(_, _, name)| (*name).to_owned()).collect::<Vec<_>>();
                assert_eq!(order(&ran), order(&usual), "{mode:?} {flags:?} {restart}");
            }
        }
    }
}

#[test]
fn what_hangs_or_ends_its_process_is_told_of_as_ever() {
    for mode in POOLS {
        let run = |more: &[&str]| {
            let arguments = [&["hangs::", "dies::"][..], more].concat();
            with_variables(Road::In(mode), 3, &arguments, &[("SNOUT_TIMEOUT", "1s")])
        };
        let usual = run(&[]);
        usual.expect_text("14 passed; 3 failed");
        for restart in [EACH, "--process-restartworker=4"] {
            let ran = run(&[restart]);
            expect_same_verdicts(&ran, &usual);
            ran.expect_text("its process exited with code 0")
                .expect_text("timed out: still running after 1s");
        }
    }
}

/// At the end of the run, too, such a process fails the run.
#[test]
fn a_pool_that_does_not_come_to_its_end_is_ended() {
    for mode in POOLS {
        for flags in [&[][..], &[EACH]] {
            let ran = replaced(Road::In(mode), 2, &[&["cannot_end::"], flags].concat());
            ran.expect_code(101).expect_nobody_left().expect_text("6 passed; 0 failed");
            ran.expect_text(
                "pool died:\n    its process hung while exiting and was killed while no test was running\n",
            );
        }
    }
}

/// The process that new pools are made by may be gone when the next one is due.
#[test]
fn a_host_that_dies_in_the_meantime_does_not_end_the_run() {
    for mode in [Mode::Serial, Mode::Parallel, Mode::Pooled] {
        for _ in 0..5 {
            let ran = replaced(Road::In(mode), 2, &["loses_its_host::", "plain::", EACH]);
            ran.expect_code(101).expect_nobody_left().expect_text("test plain::l ... ok");
            ran.expect_troubles(&["use of what is shared: its process was killed by signal 9 (SIGKILL)"]);
            let report = ran.report();
            assert!(report.results.values().all(|said| said.len() == 1), "{mode:?}: {}", ran.ended);
            assert!(report.results.len() == 43 && ran.error_text().is_empty(), "{mode:?}: {}", ran.ended);
        }
    }
}

#[test]
fn a_host_that_answers_no_requests_does_not_end_the_run() {
    for mode in [Mode::Serial, Mode::Parallel, Mode::Pooled] {
        for flags in [&[][..], &[EACH]] {
            let ran = replaced(
                Road::In(mode),
                2,
                &[&["has_a_deaf_host::", "plain::", "elsewhere::"], flags].concat(),
            );
            ran.expect_code(101).expect_nobody_left().expect_text("17 passed; 4 failed; 8 ignored");
            ran.expect_text("test plain::l ... ok").expect_text("test elsewhere::suite::c ... ok");
            // By then it may have begun to tear down.
            ran.expect_text(": its process was killed by signal 9 (SIGKILL)\n\ntest result");
        }
    }
}

/// Planned replacements are none of those that are counted: many more than twenty of them, and the rest still has a pool.
#[test]
fn replacements_do_not_count_as_deaths() {
    for mode in POOLS {
        let program = Program::named("many").in_mode(mode, 2).args(&["m3::m1::"]);
        let run = program.env("SNOUT_RESTART_WORKER", "5").run();
        run.expect_nothing_left()
            .expect_code(0)
            .expect_no_text("pool died")
            .expect_text("0 failed; 0 ignored");
    }
}

/// Programs that harm the process they run in come out as the table says, whatever the pool's age.
#[test]
fn hostile_programs_come_out_as_the_table_says() {
    for name in [
        "aborts_amid_others",
        "exits_zero",
        "kills_parent",
        "leaks_thread",
        "leaves_daemon",
        "panics_in_thread_local",
    ] {
        for mode in POOLS {
            Program::named(name).in_mode(mode, 4).env("SNOUT_RESTART_WORKER", "each").run().expect_table();
        }
    }
}

/// One of those tests that are in processes of their own, or in no process but this.
#[test]
fn where_there_is_no_pool_nothing_changes() {
    for road in
        [Road::In(Mode::Isolated), Road::In(Mode::SpawnedAlone), Road::InProcess, Road::WithoutProcesses]
    {
        let usual = replaced(road, 2, &USUAL);
        let ran = replaced(road, 2, &[&USUAL[..], &["--process-restartworker=1"]].concat());
        expect_same(&ran, &usual);
        if !road.has_processes() {
            assert_eq!(pools(&ran).len(), 1, "{road:?}: {}", ran.ended);
        }
    }
}

#[test]
fn a_wrong_value_is_refused_in_one_line() {
    let ran = replaced(Road::In(Mode::Parallel), 2, &["--process-restartworker=often"]);
    ran.expect_code(101);
    assert_eq!(
        ran.error_text(),
        "error: --process-restartworker is `often`, which is no number of tests and no size: write them like `100` or \
         `512MiB`, `each` for one test a lane, or `0` for never\n"
    );
    assert!(ran.text().is_empty() && ran.steps.0.is_empty());
}
