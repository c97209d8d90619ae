//! A test runner for unmodified `#[test]`s.

mod accumulate;
mod cli;
mod contract;
mod discover;
mod dispatch;
mod error;
mod execute;
mod harness;
mod model;
mod plan;
mod report;
mod settings;
mod skip;
mod sys;

pub use contract::*;
pub use skip::skip;
