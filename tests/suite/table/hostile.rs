//! Programs with a test that harms its process or what is around it, and tests beside it that must not suffer.

use crate::expect::Libtest::{ComesOutTheSame, GivesNoSummary, ReadsTheSame, WouldHang};
use crate::expect::Mode::{Isolated, Parallel, Pooled, Serial, Spawned, SpawnedAlone};
use crate::expect::{ALONE, Entry, Mode, TOGETHER, Verdict, entry, failed, hanging, ok};

const ABORTED: &str = "the test never finished: its process was killed by signal 6 (SIGABRT)";
const TIMED_OUT: &str = "timed out: still running after 1s, and stopped";

pub(crate) const PROGRAMS: &[Entry] = &[
    entry(
        "aborts",
        GivesNoSummary,
        &[failed("calls_abort", ABORTED), ok("before"), ok("panics_beside"), ok("stands_beside")],
    ),
    entry(
        "aborts_amid_others",
        GivesNoSummary,
        &[
            failed("aborts_in_the_middle", ABORTED),
            failed("fails_in_the_end", "at work\n\nthread '"),
            ok("passes_in_the_end"),
            ok("panics_in_the_end"),
        ],
    ),
    entry(
        "exits_zero",
        GivesNoSummary,
        &[
            failed("calls_exit_zero", "the test never finished: its process exited with code 0"),
            ok("before"),
            ok("panics_beside"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "exits_three",
        GivesNoSummary,
        &[
            failed("calls_exit_three", "the test never finished: its process exited with code 3"),
            ok("before"),
            ok("panics_beside"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "segfaults",
        GivesNoSummary,
        &[
            failed("segfaults", "the test never finished: its process was killed by signal 11 (SIGSEGV)"),
            ok("before"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "overflows_stack",
        GivesNoSummary,
        &[failed("overflows_its_stack", ABORTED), ok("before"), ok("stands_beside")],
    ),
    entry(
        "kills_itself",
        GivesNoSummary,
        &[
            failed("kills_itself", "the test never finished: its process was killed by signal 9 (SIGKILL)"),
            failed(
                "kills_itself_with_a_real_time_signal",
                "the test never finished: its process was killed by signal 61 (a real-time signal)",
            ),
            ok("before"),
            ok("stands_beside"),
        ],
    ),
    hanging(
        "stops_itself",
        WouldHang,
        &[
            failed("stops_itself", "the test never finished: its process was stopped by signal 19 (SIGSTOP)"),
            ok("before"),
            ok("stands_beside"),
        ],
    ),
    hanging("hangs", WouldHang, &[failed("hangs", TIMED_OUT), ok("before"), ok("stands_beside")]),
    hanging(
        "hangs_deaf",
        WouldHang,
        &[failed("hangs_with_signals_blocked", TIMED_OUT), ok("before"), ok("stands_beside")],
    ),
    entry(
        "panics_while_unwinding",
        GivesNoSummary,
        &[failed("panics_while_unwinding", ABORTED), ok("before"), ok("stands_beside")],
    ),
    entry(
        "panics_in_thread_local",
        GivesNoSummary,
        // On a pool's own thread the value lives on after the test, and is never dropped.
        &[
            failed("panics_in_a_thread_local", "SIGABRT").but(&[Pooled], Verdict::Ok),
            ok("before"),
            ok("stands_beside"),
        ],
    ),
    hanging(
        "panics_with_a_bomb",
        WouldHang,
        &[failed("panics_with_a_bomb", ""), ok("before"), ok("stands_beside")],
    ),
    entry(
        "closes_descriptors",
        GivesNoSummary,
        &[ok("closes_descriptors"), ok("before"), failed("fails_afterwards", ""), ok("stands_beside")],
    ),
    entry(
        "closes_everything",
        ComesOutTheSame("libtest has no pool whose pipes could be gone"),
        &[
            ok("a_closes_all_descriptors"),
            failed("b_fails_afterwards", "what it has printed"),
            ok("c_passes_afterwards"),
            failed("d_fails_afterwards", "once more"),
        ],
    ),
    entry(
        "changes_directory",
        ReadsTheSame(&[Serial]),
        &[
            ok("changes_directory"),
            failed("finds_the_package_s_directory", "Cargo.toml")
                .but(TOGETHER, Verdict::Either)
                .but(ALONE, Verdict::Ok),
            ok("stands_beside"),
        ],
    ),
    entry(
        "leaves_grandchild",
        ComesOutTheSame("libtest does not notice what is left behind"),
        &[ok("leaves_a_grandchild"), ok("stands_beside")],
    ),
    entry(
        "leaves_daemon",
        ComesOutTheSame("libtest does not notice what is left behind"),
        &[
            ok("leaves_a_daemon"),
            ok("leaves_a_daemon_with_children"),
            ok("kills_and_does_not_wait"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "kills_parent",
        ReadsTheSame(&Mode::ALL),
        &[ok("before"), ok("kills_its_parent"), ok("stands_beside")],
    ),
    entry(
        "leaks_thread",
        ReadsTheSame(&Mode::ALL),
        &[ok("leaks_a_thread"), ok("leaks_a_thread_that_never_ends"), ok("outlasts_it"), ok("stands_beside")],
    ),
    entry(
        "prints_50mb",
        ComesOutTheSame("too much to compare line by line; `hostile` counts it"),
        &[
            failed("fails_after_fifty_megabytes", "the end"),
            ok("passes_after_fifty_megabytes"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "prints_invalid_utf8",
        ComesOutTheSame("libtest lets through to the terminal what is written past its capture"),
        &[
            ok("writes_invalid_utf8_and_passes"),
            failed("writes_invalid_utf8_and_fails", "broken \u{FFFD}"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "prints_raw",
        ComesOutTheSame("libtest lets through to the terminal what is written past its capture"),
        &[ok("writes_to_descriptors"), ok("runs_echo"), ok("stands_beside")],
    ),
    entry(
        "forks",
        ReadsTheSame(&Mode::ALL),
        &[
            ok("a_copy_exits_zero"),
            ok("a_copy_exits_one"),
            failed("fails_after_a_fork", "the copy's code"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "forks_and_returns",
        ReadsTheSame(&Mode::ALL),
        &[
            ok("a_copy_returns"),
            failed("a_copy_returns_from_a_failure", "the original has failed: 0"),
            ok("a_copy_panics"),
            ok("a_copy_exits"),
            ok("a_copy_exits_with_a_code"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "forks_rusty",
        ReadsTheSame(&[Serial, Parallel, Spawned]),
        &[
            ok("passes_in_a_process"),
            failed("fails_in_a_process", "in the other process"),
            failed("aborts_in_a_process", "child exited unsuccessfully with signal: 6"),
            ok("exits_in_a_process"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "sets_panic_hook",
        ReadsTheSame(&[Serial]),
        &[
            ok("a_replaces_the_hook"),
            failed("b_panics_after_that", "")
                .but(&[Isolated, SpawnedAlone], Verdict::Failed("quietly or not")),
            ok("c_still_needs_the_text"),
            ok("d_catches_a_panic"),
        ],
    ),
    entry(
        "uses_rayon",
        ComesOutTheSame("which test hears a panic in a job depends on who started the pool"),
        &[
            ok("a::sums"),
            ok("b::sums"),
            ok("c::sums"),
            ok("d::sums"),
            ok("e::sums"),
            ok("f::sums"),
            ok("g::sums"),
            ok("h::sums"),
            ok("i::sums"),
            ok("j::sums"),
            ok("a::joins"),
            ok("b::joins"),
            ok("c::joins"),
            ok("d::joins"),
            ok("e::joins"),
            ok("f::joins"),
            ok("g::joins"),
            ok("h::joins"),
            ok("i::joins"),
            ok("j::joins"),
            failed("a_panic_in_a_job_fails_its_test", ""),
            ok("a_pool_of_its_own"),
            ok("the_global_pool_can_be_configured_once"),
            ok("says_whether_it_runs_on_a_worker"),
        ],
    ),
];
