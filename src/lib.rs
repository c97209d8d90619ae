//! A test runner for unmodified `#[test]`s: threads where they are enough, forked processes where they are not.
//!
//! One line in `Cargo.toml`, and a crate's tests run under snout:
//!
//! ```toml
//! [dev-dependencies]
//! test = { package = "snout", path = "…" }
//! ```
//!
//! `rustc --test` makes every test binary say `extern crate test`, and a dependency of that name is found before the
//! compiler's own. So `#[test]`, `#[should_panic]`, `#[ignore]` and the attributes of other crates that expand to them keep
//! their meaning, on stable, under `cargo test`, in an IDE and under `cargo nextest`.
//!
//! # What happens when a test binary starts
//!
//! ```text
//! you ── supervisor ──┬── pool                    lanes, tests in-process                    (replaced when it dies or hangs)
//!        one thread   ├── fork server ── child    one test that timed out, or was in flight when the pool died
//!        no user code ├── fork server ── child    a suite with its fixtures; one test of a run with SNOUT_ISOLATE=always
//!                     └── (fixture host)          shared fixtures; pool and fork servers are forked from it then
//! ```
//!
//! - The **supervisor** is the process you started. It plans, watches, accumulates and reports. It has one thread and runs
//!   no test, so it may fork at any time and is never the one that crashes.
//! - The **pool** is a forked process whose lanes claim tests from shared memory. A passing test costs no message and no
//!   system call.
//! - A **child** is a forked process that runs one test, on the only thread it has. Its verdict is final. Each lane that needs children
//!   has a **fork server** that makes them, one after the other, and sees that nothing is left of them.
//!
//! What a test did is written to a table in shared memory that outlives any worker, so a process that vanishes takes no
//! result with it, and its tests are known: each is tried alone in a child, which convicts or acquits it. A process that
//! vanishes is never a pass: `std::process::exit(0)` in a test is a failure that names the test.
//!
//! # Fixtures and contexts
//!
//! A module may declare *fixtures*, functions that give its tests a value: [`fixture!`]. By its mode a fixture is set up once for the
//! module (the default), whose tests then are one *suite*, in a child of their own and in the order of the source; or once for each
//! test (`split`); or once for the run (`shared`), in the *fixture host*. [`context!`] states options of a module, [`cases!`] declares
//! tests that are known only when the program runs. What holds for a module holds for those in it. A [`plugin!`] hears of all tests.
//!
//! | outer | inner | what is set up |
//! |---|---|---|
//! | unit | unit, split | the outer module is one suite; both once in its child, the inner around its own tests |
//! | split | split | both around each test |
//! | split | unit | the inner module is a suite; the outer once around it |
//! | any | shared | the inner once for the run, in the host; it may call shared fixtures only |
//! | shared | any | the outer once for the run, in the host; the inner as by itself |
//!
//! A test needs the fixtures of all modules around it, called or not. They are set up from the outside in, torn down from the inside
//! out, and not at all if no selected test needs them. One that cannot be set up fails the tests that need it; when a test takes its
//! suite's child with it, the tests behind it go on in another, after set-up again.
//!
//! # With a `main` of your own
//!
//! All of this works without the name `test` as well, in targets with `harness = false`: tests are declared in [`tests!`], and
//! [`main!`] runs them. That is the way out should rustc ever resolve `test` otherwise.
//!
//! # Variables
//!
//! libtest's flags and `RUST_TEST_*` variables mean what they mean under libtest. snout's own are variables too, for flags
//! behind `--` also reach rustdoc, which refuses unknown ones.
//!
//! | variable | values | meaning |
//! |---|---|---|
//! | `SNOUT_THREAD_MODE` | `fresh`, `pooled` | a new thread for each test, named after it (default); or the worker itself, which is far cheaper |
//! | `SNOUT_ISOLATE` | `auto`, `always`, `never` | a process of its own for a test that went wrong in the pool (default), for every test, for none |
//! | `SNOUT_ISOLATION` | `fork`, `spawn` | how a process is made: by `fork` (default), or by executing the binary again |
//! | `SNOUT_TIMEOUT` | `10m`, `5s`, `500ms`, `0` | how long a test may take; `0` for as long as it likes |
//! | `SNOUT_GRACE` | `5s` | how long a process may take to end after it was asked to |
//! | `SNOUT_RETRIES` | `2` | how often a test that fails is tried again, in a process of its own |
//! | `SNOUT_RETRY_DELAY`, `SNOUT_RETRY_MAX_DELAY` | `500ms` | what is waited before that, and the longest that it may come to |
//! | `SNOUT_RETRY_BACKOFF` | `fixed`, `exponential` | whether each wait is as long as the first, or twice as long as the one before |
//! | `SNOUT_RETRY_JITTER` | `false`, `true` | whether each wait is cut by chance, to half of it at the least |
//! | `SNOUT_PROCESSES` | `4`, `0`, `-1` | how many tests run at the same time; also nose's `--processes`, and `--process-timeout` for `SNOUT_TIMEOUT` |
//! | `SNOUT_RESTART_WORKER` | `each`, `100`, `512MiB`, `0` | when the pool's process is replaced; also nose's `--process-restartworker` |
//! | `SNOUT_FORMAT` | `pretty`, `terse`, `json`, `junit` | as `--format`, which beats it |
//! | `SNOUT_RECORD` | `run.jsonl`, `records/` | where to write a record of the run: a file, or a folder for one of each binary |
//!
//! A pool is replaced when each of its lanes has run a test (`each`, and the flag without a value), when it has run so many tests,
//! or once it is found, when a test has finished, to hold more memory. It takes nothing new then, finishes what it has begun, and
//! makes way for the next; nothing is lost or run twice, and nothing is said. Suites and tests on their own have new processes
//! anyway; where tests run in the process you started, there is nothing to replace.
//!
//! # Features
//!
//! - `rayon`: lanes that tests run on (`SNOUT_THREAD_MODE=pooled`) are workers of a rayon pool, one `broadcast` job each. Jobs of a
//!   test that uses rayon are then run by the lanes. Without it they are run by rayon's own threads, as many again, as under libtest;
//!   and a build need not make rayon.
//! - `cli`: the program `cargo snout`. Not for dependencies.
//!
//! # Signals
//!
//! | signal | nothing new starts | tests that run | what is set up | report |
//! |---|---|---|---|---|
//! | first SIGINT, SIGTERM or SIGHUP | at once | may end within the grace | is torn down | whole |
//! | second | at once | are killed | goes with its process | whole |
//! | third | | are killed | goes with its process | none |
//!
//! The process then dies by the first signal. SIGTSTP stops every process of the run until SIGCONT, and that time does not count.
//! SIGUSR1 and SIGQUIT have it say what runs. SIGUSR2 has it start nothing new and wait for what runs, without a grace: what is left is not
//! run, which is a failure. `cargo snout` sends it when enough tests have failed, wherever that was. Where tests run in the process that was started (`--exact NAME --nocapture`, a
//! debugger, nextest, a test that executes its own binary), signals do what they do to any program.
//!
//! # Known limits
//!
//! - In the pool, what `print!` and its family write is captured, from threads of the test too. What goes past std (C code,
//!   child processes, raw descriptors) cannot be told apart there: it is shown at the end as output no test can be named
//!   for. In a child everything is captured.
//! - A test that goes wrong in the pool runs a second time, in a child.
//! - Tests read nothing from standard input; under libtest they share the terminal's.
//! - The engine with processes is for 64-bit Linux. Elsewhere tests run in order on one thread.
//! - Doctests of editions before 2024 are run by rustdoc itself.
#![cfg_attr(not(snout_processes), expect(dead_code, reason = "what only the engine with processes asks for"))]

mod accumulate;
mod backtrace;
mod cli;
mod context;
mod contract;
mod discover;
mod dispatch;
mod entry;
mod error;
mod execute;
#[cfg(all(snout_processes, any(test, fuzzing)))]
mod fuzzing;
mod harness;
mod macros;
mod model;
mod own_main;
mod plan;
mod report;
mod settings;
mod skip;
mod sys;
#[cfg(all(feature = "cli", snout_processes))]
mod workspace;

pub use context::{Fixture, Plugin, RunReport, TestReport, TestStatus, attempt, lane, name};
pub use contract::{
    Bencher, ExitCode, ShouldPanic, StaticBenchFn, StaticTestFn, StaticTestName, TestDesc, TestDescAndFn,
    TestFn, TestName, TestType, assert_test_result, black_box,
};
pub use entry::*;
pub use skip::{end, skip};

/// What `fuzz/` calls. Only there when cargo-fuzz builds the crate.
#[cfg(all(snout_processes, fuzzing))]
#[doc(hidden)]
pub mod __fuzz {
    pub fn frames(input: &[u8]) {
        crate::fuzzing::frames(input);
    }

    pub fn command_line(input: &[u8]) {
        crate::fuzzing::command_line(input);
    }

    pub fn words(input: &[u8]) {
        crate::fuzzing::words(input);
    }
}

/// What the macros name. Not for use by hand: it changes as they do.
#[doc(hidden)]
pub mod __declare {
    pub use crate::backtrace::{short_backtrace, short_backtrace_with};
    pub use crate::context::{
        ContextOptions, Declared, Define, Generate, Mode, Plug, TornDown, Values, declare_cases,
        declare_cases_at, declare_context, declare_fixture, declare_plugin, instance, tear_down,
    };
    pub use crate::own_main::{Test, Tests, WhereWritten, no_tests, run};
}

/// The subcommand `cargo snout`: the whole of its program.
#[cfg(feature = "cli")]
#[doc(hidden)]
#[must_use = "it is what the process is to end with"]
pub fn __cargo_snout() -> ExitCode {
    #[cfg(snout_processes)]
    return workspace::main();
    #[cfg(not(snout_processes))]
    {
        use std::io::Write as _;
        // Nobody is left to hear that nobody hears.
        let _ = writeln!(std::io::stderr(), "error: `cargo snout` needs 64-bit Linux: run `cargo test`");
        ExitCode::from(2)
    }
}
