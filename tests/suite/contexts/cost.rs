//! What fixtures cost in processes: every `fork` of a run, whoever calls it, written down by the program itself.

use super::{Road, run};
use crate::expect::Mode;

/// Forks of a run of these tests, in one lane.
fn forks(mode: Mode, filters: &[&str]) -> usize {
    let ran = run("forks", Road::In(mode), 1, filters);
    ran.expect_code(0).expect_nobody_left();
    ran.steps.count("forks", "= fork")
}

/// nose's cut into tasks, by the processes: a suite is one, and of tests without a fixture each is one.
#[test]
fn m4_a_suite_is_one_task_and_each_test_without_a_fixture_another() {
    const FORK_SERVER: usize = 1;
    assert_eq!(forks(Mode::Isolated, &["plain", "unit_one"]), FORK_SERVER + 3 + 1);
    assert_eq!(forks(Mode::Isolated, &["plain", "split", "unit_one"]), FORK_SERVER + 3 + 3 + 1);
}

/// Without fixtures a run is the pool's fork. A suite costs one, and the first of a lane one for that lane's fork server.
#[test]
fn a_suite_costs_one_fork_and_a_fixture_of_single_tests_none() {
    for mode in [Mode::Serial, Mode::Pooled] {
        let count = |filters| forks(mode, filters);
        assert_eq!(count(&["plain"]), 1, "the pool");
        assert_eq!(count(&["plain", "split"]), 1, "the same");
        assert_eq!(count(&["plain", "unit_one"]), 3, "the pool, a fork server, a suite");
        assert_eq!(count(&["plain", "unit_one::a"]), 3, "the same for one test of it");
        assert_eq!(count(&["plain", "unit_one", "unit_two"]), 4, "one more suite");
        assert_eq!(count(&["plain", "unit"]), 5, "and one more");
        assert_eq!(count(&["unit"]), 4, "without a pool");
    }
}

/// The host is one fork a run. Each process that it makes costs one more than from the supervisor: it is made by one that ends.
#[test]
fn all_shared_fixtures_cost_one_fork_a_run_and_one_for_each_process_made_from_their_host() {
    for mode in [Mode::Serial, Mode::Pooled] {
        let count = |filters| forks(mode, filters);
        assert_eq!(count(&["plain", "shared_one"]), 3, "the host, and the pool twice");
        assert_eq!(count(&["plain", "shared"]), 3, "the same for two fixtures");
        assert_eq!(count(&["plain", "shared", "unit_one"]), 6, "and the fork server twice, a suite");
        assert_eq!(count(&["plain", "shared", "unit"]), 8, "and two more suites");
    }
}
