//! Every program in every mode comes out as the table says, and reads as under the compiler's libtest.

use crate::build::Harness;
use crate::expect::{Libtest, Mode, Verdict};
use crate::rig::Program;
use crate::table;

/// Lanes where several tests are to run at the same time: more than most machines have processors to spare.
const LANES: usize = 4;

/// And its record says so too.
fn comes_out_as_the_table_says(name: &str, mode: Mode) {
    Program::named(name).in_mode(mode, LANES).recorded().run().expect_table();
}

/// That the comparing works, and that the table tells the truth about libtest too.
#[test]
fn libtest_comes_out_as_the_table_says_and_reads_like_itself() {
    for entry in table::entries().filter(|entry| matches!(entry.libtest, Libtest::ReadsTheSame(_))) {
        let run = |threads| Program::under(Harness::Libtest, entry.name).threads(threads).run();
        let serial = run(1);
        if entry.name != "many" {
            serial.expect_table();
        }
        run(1).expect_same_text_as(&serial);
        if matches!(entry.libtest, Libtest::ReadsTheSame(modes) if modes.contains(&Mode::Parallel)) {
            run(LANES).expect_same_lines_as(&run(LANES));
        }
    }
}

/// What the table claims about libtest is so; and where it claims the same text, it is the same.
fn is_to_libtest_as_the_table_says(name: &str) {
    match table::entry(name).libtest {
        Libtest::ReadsTheSame(modes) => modes.iter().for_each(|mode| reads_the_same(name, *mode)),
        Libtest::ComesOutTheSame(_why) => comes_out_the_same_one_by_one(name),
        Libtest::GivesNoSummary => {
            Program::under(Harness::Libtest, name).threads(1).run().expect_no_text("test result:");
        }
        Libtest::WouldHang | Libtest::CannotCompile => {}
    }
}

/// libtest writes a line in pieces, and what tests write past the capture gets between them. Its last line is whole: no test
/// runs any more.
fn comes_out_the_same_one_by_one(name: &str) {
    for test in table::entry(name).tests {
        let due = match test.verdict(Mode::Parallel) {
            Verdict::Either => continue,
            Verdict::Ok => "1 passed; 0 failed; 0 ignored",
            Verdict::Failed(_) => "0 passed; 1 failed; 0 ignored",
            Verdict::Ignored(_) => "0 passed; 0 failed; 1 ignored",
        };
        Program::under(Harness::Libtest, name)
            .threads(1)
            .args(&["--exact", test.name])
            .run()
            .expect_text(due);
    }
}

fn reads_the_same(name: &str, mode: Mode) {
    if mode == Mode::Parallel {
        let theirs = Program::under(Harness::Libtest, name).threads(LANES).run();
        Program::named(name).threads(LANES).run().expect_same_lines_as(&theirs);
    } else {
        let theirs = Program::under(Harness::Libtest, name).threads(1).run();
        Program::named(name).in_mode(mode, 1).run().expect_same_text_as(&theirs);
    }
}

macro_rules! programs {
    ($($name:ident)*) => {
        #[test]
        fn no_program_of_the_table_is_left_out() {
            let mut named = vec!["many", $(stringify!($name)),*];
            let mut listed: Vec<&str> = table::entries().map(|entry| entry.name).collect();
            named.sort_unstable();
            listed.sort_unstable();
            assert_eq!(named, listed);
        }
        $( mod $name {
            use super::*;

            const NAME: &str = stringify!($name);

            #[test]
            fn comes_out_as_the_table_says_serially() {
                comes_out_as_the_table_says(NAME, Mode::Serial);
            }

            #[test]
            fn comes_out_as_the_table_says_in_parallel() {
                comes_out_as_the_table_says(NAME, Mode::Parallel);
            }

            #[test]
            fn comes_out_as_the_table_says_on_pooled_threads() {
                comes_out_as_the_table_says(NAME, Mode::Pooled);
            }

            #[test]
            fn comes_out_as_the_table_says_in_children() {
                comes_out_as_the_table_says(NAME, Mode::Isolated);
            }

            #[test]
            fn comes_out_as_the_table_says_when_spawned() {
                comes_out_as_the_table_says(NAME, Mode::Spawned);
            }

            #[test]
            fn comes_out_as_the_table_says_in_spawned_children() {
                comes_out_as_the_table_says(NAME, Mode::SpawnedAlone);
            }

            #[test]
            fn is_to_libtest_as_the_table_says() {
                super::is_to_libtest_as_the_table_says(NAME);
            }
        } )*
    };
}

programs! {
    aborts aborts_amid_others benches changes_directory closes_descriptors closes_everything empty executes_itself exits_three exits_zero expands_doctests
    expands_from_1_100 expands_from_1_100_abort expands_until_1_99 expands_until_1_99_abort fails forks forks_and_returns forks_rusty
    hangs hangs_deaf has_one_thread ignored kills_itself kills_parent leaks_thread leaves_daemon leaves_grandchild mixed overflows_stack panics_in_drop
    panics_in_thread_local panics_while_unwinding panics_with_a_bomb panics_with_non_string passes prints prints_50mb
    prints_from_threads prints_invalid_utf8 prints_raw returns_err segfaults sets_panic_hook should_panic skips
    handles_signals stops_itself thread_names uses_rayon
}

/// The twenty thousand, which are too many to have a line each, or a process each.
mod many {
    use super::*;

    const ALL_PASSED: &str =
        "test result: ok. 20000 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; ";

    #[test]
    fn all_pass_in_every_mode_that_shares_a_process() {
        for mode in [Mode::Serial, Mode::Parallel, Mode::Pooled, Mode::Spawned] {
            Program::named("many")
                .in_mode(mode, LANES)
                .run()
                .expect_nothing_left()
                .expect_code(0)
                .expect_text(ALL_PASSED);
        }
    }

    #[test]
    fn twenty_of_them_pass_in_children() {
        const PASSED: &str =
            "test result: ok. 20 passed; 0 failed; 0 ignored; 0 measured; 19980 filtered out; ";
        for mode in [Mode::Isolated, Mode::SpawnedAlone] {
            let program = Program::named("many").args(&["m3::m1::m4::m"]);
            program.in_mode(mode, LANES).run().expect_nothing_left().expect_code(0).expect_text(PASSED);
        }
    }

    #[test]
    fn is_to_libtest_as_the_table_says() {
        super::is_to_libtest_as_the_table_says("many");
    }
}
