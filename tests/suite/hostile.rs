//! What the table has no column for: whose output is whose, what is left, what is said about processes that died.

use std::time::{Duration, Instant};

use crate::expect::Mode;
use crate::process;
use crate::rig::Program;

#[test]
fn threads_that_print_at_once_are_not_mixed_up() {
    for mode in Mode::ALL {
        let run = Program::named("prints_from_threads").in_mode(mode, 4).run();
        let report = run.report();
        for (name, digit) in [("prints_ones", '1'), ("prints_twos", '2'), ("prints_threes", '3')] {
            let longest = report.sections[name].lines().max_by_key(|line| line.len()).unwrap_or_default();
            if longest != digit.to_string().repeat(400) {
                run.fail(&format!("{mode:?}: `{name}` should show 400 times {digit} and nothing between"));
            }
        }
        run.expect_no_text("never shown");
    }
}

#[test]
fn fifty_megabytes_are_shown_of_the_test_that_failed_and_of_no_other() {
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Isolated] {
        let run = Program::named("prints_50mb").in_mode(mode, 4).run();
        let printed = run.stdout.iter().filter(|byte| **byte == b'x').count();
        let extra = b"fails_after_fifty_megabytes".len() * 8; // no `x` in what is said besides
        if !(50 * ((1 << 20) - 1)..50 * (1 << 20) + extra).contains(&printed) {
            run.fail(&format!("{mode:?}: {printed} bytes are shown"));
        }
    }
}

#[test]
fn what_is_written_past_the_capture_is_shown_or_belongs_to_its_test() {
    let pool = Program::named("prints_raw").run();
    for text in ["raw text on one", "raw text on two", "said by echo"] {
        pool.expect_text(text);
        Program::named("prints_raw").isolated().run().expect_no_text(text);
        Program::named("prints_raw").isolated().args(&["--show-output"]).run().expect_text(text);
    }
}

#[test]
fn a_process_left_behind_is_named_and_killed() {
    for mode in Mode::ALL {
        let begin = Instant::now();
        let run = Program::named("leaves_grandchild").in_mode(mode, 4).run();
        run.expect_nothing_left().expect_code(0).expect_text("\nleaked:\n").expect_text("sleep (pid ");
        if begin.elapsed() > Duration::from_secs(25) {
            run.fail("the run waited for the process that was left behind");
        }
    }
}

#[test]
fn a_child_s_leftovers_are_laid_to_its_own_test() {
    let run = Program::named("leaves_grandchild").isolated().run();
    run.expect_text("leaves_a_grandchild left 1 process behind, killed: sleep (pid ");
}

#[test]
fn whoever_left_its_test_s_group_is_found_too() {
    for mode in [Mode::Isolated, Mode::SpawnedAlone] {
        let run = Program::named("leaves_daemon").in_mode(mode, 4).run();
        run.expect_text("leaves_a_daemon left 1 process behind, killed: sleep (pid ");
        run.expect_nothing_left().expect_code(0).expect_no_text("kills_and_does_not_wait left");
    }
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Spawned] {
        let run = Program::named("leaves_daemon").in_mode(mode, 4).run();
        run.expect_nothing_left().expect_code(0).expect_text("\nleaked:\n").expect_text("sleep (pid ");
    }
}

#[test]
fn bug_2_3_a_child_that_kills_its_parent_harms_no_other_test() {
    for mode in [Mode::Isolated, Mode::SpawnedAlone] {
        let run = Program::named("kills_parent").in_mode(mode, 2).env("KILL_PARENT", "1").run();
        run.expect_nothing_left().expect_code(101).expect_text("test before ... ok");
        run.expect_text("test kills_its_parent ... FAILED").expect_text("test stands_beside ... ok");
    }
}

#[test]
fn std_s_own_words_on_a_stack_overflow_are_kept() {
    Program::named("overflows_stack")
        .run()
        .expect_text("overflows_its_stack")
        .expect_text("has overflowed its stack");
}

#[test]
fn a_test_that_died_keeps_what_it_had_printed() {
    for mode in Mode::ALL {
        let run = Program::named("aborts").in_mode(mode, 4).run();
        let shown = run.report().sections.get("calls_abort").is_some_and(|text| text.contains("last words"));
        if !shown {
            run.fail(&format!("{mode:?}: the last words are lost"));
        }
    }
}

#[test]
fn without_isolation_the_pool_s_death_is_final_but_no_verdict_is_lost() {
    let run = Program::named("aborts").env("SNOUT_ISOLATE", "never").threads(1).run();
    run.expect_code(101);
    let report = run.report();
    for name in ["before", "calls_abort", "panics_beside", "stands_beside"] {
        if !report.results.contains_key(name) {
            run.fail(&format!("nothing is said of `{name}`"));
        }
    }
}

#[test]
fn one_exact_test_uncaptured_runs_in_the_process_itself() {
    let direct = |name, test| Program::named(name).args(&["--exact", test, "--nocapture"]).run();
    direct("aborts", "calls_abort").expect_signal(6).expect_text("last words");
    direct("exits_three", "calls_exit_three").expect_code(3);
    direct("passes", "adds").expect_code(0).expect_text("test adds ... ok");
    let ended = direct("closes_everything", "a_closes_all_descriptors");
    ended.expect_code(0).expect_text("test a_closes_all_descriptors ... ok");
}

#[test]
fn in_process_runs_end_as_under_libtest() {
    let flags = ["--force-run-in-process"];
    Program::named("aborts").args(&flags).run().expect_signal(6).expect_no_text("test result");
    Program::named("mixed").args(&flags).run().expect_table();
    Program::named("fails").threads(1).args(&flags).run().expect_table();
    for mode in ["fresh", "pooled"] {
        let run = Program::named("closes_everything").args(&flags).env("SNOUT_THREAD_MODE", mode).run();
        run.expect_table().expect_no_text("cannot");
    }
}

/// Nobody has room for such a stack, so nobody gets a thread: libtest runs tests where they stand then.
#[test]
fn where_no_thread_is_to_be_had_tests_run_all_the_same() {
    for mode in Mode::ALL {
        let program = Program::named("fails").in_mode(mode, 4).env("RUST_MIN_STACK", "140000000000000");
        let run = program.run();
        run.expect_code(101).expect_text("test result: FAILED. 1 passed; 3 failed;").expect_no_text("exited");
    }
}

/// Where a test has no thread of its own, its name stands where std would name the thread.
#[test]
fn a_panic_is_named_after_its_test_wherever_it_runs() {
    for mode in Mode::ALL {
        for thread_mode in ["fresh", "pooled"] {
            let on_road = |program: Program| program.in_mode(mode, 2).env("SNOUT_THREAD_MODE", thread_mode);
            let alone = on_road(Program::named("fails")).args(&["panics_with_a_literal"]).run();
            alone.expect_text("\nthread 'panics_with_a_literal' (");
            let in_a_suite = on_road(Program::with_contexts("output")).args(&["suite::t2_fails"]).run();
            in_a_suite.expect_text("\nthread 'suite::t2_fails' (");
        }
    }
}

/// The harness's own frames are cut off, above and below.
#[test]
fn a_backtrace_shows_the_test_s_own_frames_and_none_of_the_harness_s() {
    for mode in Mode::ALL {
        let program = Program::named("fails").in_mode(mode, 1).env("RUST_BACKTRACE", "1");
        let run = program.args(&["panics_with_a_literal"]).run();
        run.expect_text(": fails::panics_with_a_literal\n")
            .expect_no_text("snout::")
            .expect_no_text("std::thread");
    }
}

#[test]
fn bug_2_37_a_wrong_setting_is_refused_before_anything_runs() {
    for (name, value) in
        [("SNOUT_TIMEOUT", "soon"), ("SNOUT_THREAD_MODE", "x"), ("SNOUT_ISOLATE", "x"), ("SNOUT_TYPO", "1")]
    {
        let run = Program::named("passes").env(name, value).run();
        run.expect_code(101).expect_no_text("test result");
        assert!(run.error_text().contains(name), "{}", run.ended);
    }
}

/// A lane that was held up between two writes of the run table once made a run wait for ever. That moment is rare on a quiet
/// machine (the table's own tests make it happen); this one would notice a frequent one.
#[test]
fn a_run_ends_however_its_lanes_take_turns() {
    for _ in 0..100 {
        Program::named("many").threads(4).pooled().run().expect_text("test result: ok. 20000 passed");
    }
}

#[test]
fn a_test_that_hangs_in_a_process_of_its_own_shows_where() {
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Isolated, Mode::Spawned, Mode::SpawnedAlone] {
        let run = Program::named("hangs").in_mode(mode, 2).run();
        let text = run.text();
        let stack = text.split_once("thread 'hangs' hangs here:\n").map_or("", |(_, stack)| stack);
        let stack = stack.split_once("\nnote: timed out").map_or("", |(stack, _)| stack);
        let (has_test, has_harness) = (stack.contains("hangs::hangs"), stack.contains("snout::"));
        if !stack.contains("sleep") || !has_test || has_harness || text.matches("hangs here:").count() != 1 {
            run.fail(&format!(
                "{mode:?}: the stack of the test's thread, without the harness's frames, is not there"
            ));
        }
    }
}

#[test]
fn a_test_that_hangs_with_signals_blocked_does_not_and_the_reason_is_told() {
    for mode in [Mode::Parallel, Mode::Pooled, Mode::Isolated] {
        let run = Program::named("hangs_deaf").in_mode(mode, 2).run();
        run.expect_text("no stack of where it hangs: thread '").expect_text("' blocks signals\n");
    }
}

/// A program may be started with SIGCHLD ignored or blocked: then the system tells of no process's end, and without the first no process can be waited for.
#[test]
fn whoever_ignores_its_children_has_them_heard_all_the_same() {
    for mode in Mode::ALL {
        for (name, code) in [("passes", 0), ("aborts", 101)] {
            let usual = process::run(&mut Program::named(name).in_mode(mode, 1).into_command());
            usual.expect_code(code);
            for flag in ["--ignore-signal=CHLD", "--block-signal=CHLD"] {
                let program = Program::named(name).in_mode(mode, 1).into_command();
                let mut command = process::plain("env");
                command.arg(flag).arg(program.get_program()).args(program.get_args());
                command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
                let ended = process::run(&mut command);
                ended.expect_code(code);
                let counts = |ended: &process::Ended| ended.text().matches(" passed; ").count();
                assert_eq!(counts(&ended), counts(&usual), "{mode:?}, {flag}: {ended}");
            }
        }
    }
}
