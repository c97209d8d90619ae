//! The feature `rayon`: lanes that tests run on are workers of a pool.

use crate::build::{Harness, executable_on_rayon, package};
use crate::expect::Mode;
use crate::rig::{Program, Run};
use crate::table;

const NAME: &str = "uses_rayon";

fn on_rayon() -> Program {
    let folder = package(Harness::Snout, "programs");
    Program::at(Harness::Snout, table::entry(NAME), executable_on_rayon(NAME), &folder)
}

#[test]
fn tests_that_use_rayon_come_out_the_same() {
    for mode in Mode::ALL {
        on_rayon().in_mode(mode, 4).recorded().run().expect_table();
    }
}

#[test]
fn jobs_of_tests_that_run_on_lanes_are_for_the_lanes() {
    let run = |program: Program, mode| -> Run {
        let one = ["--exact", "says_whether_it_runs_on_a_worker", "--show-output"];
        program.in_mode(mode, 2).args(&one).run()
    };
    run(on_rayon(), Mode::Pooled).expect_text("on a worker: true\n");
    run(on_rayon(), Mode::Parallel).expect_text("on a worker: false\n");
    run(Program::named(NAME), Mode::Pooled).expect_text("on a worker: false\n");
}
