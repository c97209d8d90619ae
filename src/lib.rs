//! A test runner for unmodified `#[test]`s.
#![cfg_attr(not(snout_processes), expect(dead_code, reason = "what only the engine with processes asks for"))]

mod accumulate;
mod cli;
mod contract;
mod discover;
mod dispatch;
mod entry;
mod error;
mod execute;
mod harness;
mod model;
mod plan;
mod report;
mod settings;
mod skip;
mod sys;

pub use contract::{
    Bencher, ExitCode, ShouldPanic, StaticBenchFn, StaticTestFn, StaticTestName, TestDesc, TestDescAndFn,
    TestFn, TestName, TestType, assert_test_result, black_box,
};
pub use entry::*;
pub use skip::skip;
