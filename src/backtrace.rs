//! The end of a backtrace: where the harness calls what a user wrote.
//!
//! Without `RUST_BACKTRACE=full` a backtrace ends at a function in whose name std finds `__rust_begin_short_backtrace`.

use std::hint::black_box;

/// Calls a user's function.
#[inline(never)]
pub fn short_backtrace<T>(function: impl FnOnce() -> T) -> T {
    __rust_begin_short_backtrace(function)
}

/// Calls a user's function with this argument: a closure that did so would be a frame of its own.
#[inline(never)]
pub fn short_backtrace_with<A, T>(function: impl FnOnce(A) -> T, argument: A) -> T {
    __rust_begin_short_backtrace_with(function, argument)
}

// What is returned goes through `black_box`, so that no call becomes a jump, which would take its frame off the stack.

#[inline(never)]
fn __rust_begin_short_backtrace<T>(function: impl FnOnce() -> T) -> T {
    black_box(function())
}

#[inline(never)]
fn __rust_begin_short_backtrace_with<A, T>(function: impl FnOnce(A) -> T, argument: A) -> T {
    black_box(function(argument))
}
