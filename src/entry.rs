//! Where generated code enters: what the `main` of a test binary calls, in both eras of the compiler.
//!
//! Up to Rust 1.99 it is `fn main()` that calls `test_main_static`, and a failure has to end the process. From 1.100 on
//! `main` returns the `ExitCode` of `test_main_env_args`. The names do not collide, so both are always here. rustdoc's
//! program for merged doctests calls `test_main`, whose arity changed; `build/main.rs` says which one this compiler means.

use std::process::ExitCode;
#[cfg(not(snout_era_1_100))]
use std::sync::OnceLock;

use crate::contract::TestDescAndFn;
use crate::harness::{self, Program};

/// Runs the tests of this binary and ends the process if one fails. Called by the `main` that compilers up to 1.99 make.
pub fn test_main_static(tests: &[&'static TestDescAndFn]) {
    end_if_failed(harness::run(tests, Program::of_process()));
}

/// As [`test_main_static`], in a program that cannot unwind (nightly's `-Z panic-abort-tests`).
pub fn test_main_static_abort(tests: &[&'static TestDescAndFn]) {
    end_if_failed(harness::run(tests, Program::of_process().that_cannot_unwind()));
}

/// Runs the tests of this binary. Called by the `main` that compilers from 1.100 on make.
pub fn test_main_env_args(tests: &[&'static TestDescAndFn]) -> ExitCode {
    harness::run(tests, Program::of_process())
}

/// As [`test_main_env_args`], in a program that cannot unwind.
pub fn test_main_env_args_abort(tests: &[&'static TestDescAndFn]) -> ExitCode {
    harness::run(tests, Program::of_process().that_cannot_unwind())
}

/// Runs doctests that rustdoc merged into one program; `args` are those of the program, with its name.
#[cfg(not(snout_era_1_100))]
pub fn test_main(args: &[String], tests: Vec<TestDescAndFn>, _options: Option<Options>) {
    // Every thread needs them until the program ends. In a static, not leaked: a leak checker looks there.
    static TESTS: OnceLock<Vec<TestDescAndFn>> = OnceLock::new();
    let tests: Vec<&'static TestDescAndFn> = TESTS.get_or_init(|| tests).iter().collect();
    end_if_failed(harness::run(&tests, Program::of_doctests(args)));
}

/// Runs doctests that rustdoc merged into one program; `args` are those of the program, with its name.
#[cfg(snout_era_1_100)]
pub fn test_main(args: &[String], tests: &[&'static TestDescAndFn]) -> ExitCode {
    harness::run(tests, Program::of_doctests(args))
}

/// What compilers up to 1.99 pass to [`test_main`]; always `None` from rustdoc.
#[cfg(not(snout_era_1_100))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Options;

/// The exit code of a run in which something failed, as rustdoc's program for merged doctests asks for it.
#[cfg(not(snout_era_1_100))]
pub const ERROR_EXIT_CODE: i32 = harness::FAILURE as i32;

/// The exit code of a run in which something failed.
#[cfg(snout_era_1_100)]
pub const ERROR_EXIT_CODE: u8 = harness::FAILURE;

/// Ends the process if there is something to say by its exit code; else `main` returns, and ends it with success.
fn end_if_failed(code: ExitCode) {
    if code != ExitCode::SUCCESS {
        std::process::exit(harness::FAILURE.into());
    }
}
