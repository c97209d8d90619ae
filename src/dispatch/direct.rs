//! Tests in this very process: what changes when there is nobody to watch it from outside.
//!
//! A test that calls `exit` takes the process with it, and with code 0 that would be a success. So the process watches for its
//! own end. It lets go where the process is not the runner's but a test's: a test that executes its own binary again, to
//! run itself there, ends that with `exit` as it likes, and reads the code.

use std::io::Write;
use std::sync::OnceLock;

use super::Job;
use crate::accumulate::RunTable;
use crate::sys::standard::StandardStream;
use crate::sys::{environment, exit};

/// Set for everything that tests start.
const BELOW_A_TEST: &str = "SNOUT_INTERNAL_BELOW_A_TEST";

/// What failing tests exit with; `harness` has the same number.
const FAILURE: i32 = 101;

static RUN: OnceLock<(RunTable, &'static crate::plan::Plan)> = OnceLock::new();

/// Marks what tests start from now on. Whether this process was itself started by a test.
pub(super) fn mark_descendants() -> bool {
    let is_below = std::env::var_os(BELOW_A_TEST).is_some();
    if !is_below {
        environment::set(BELOW_A_TEST, "1");
    }
    is_below
}

/// Has a test that ends this process fail.
pub(super) fn watch_for_exit(job: &Job, table: RunTable) {
    if RUN.set((table, job.plan)).is_ok() {
        exit::watch(convict);
    }
}

/// The tests are through: the process may end.
pub(super) fn release() {
    exit::release();
}

fn convict() -> i32 {
    let Some((table, plan)) = RUN.get() else { return FAILURE };
    let names: Vec<String> = table.running().map(|case| format!("`{}`", plan.case(case).name)).collect();
    let who = if names.is_empty() { "something".to_owned() } else { names.join(" or ") };
    // If standard error is closed too, the exit code has to do.
    let text =
        format!("\nerror: {who} ended the process before it was finished: a test must return or panic\n");
    let _ = StandardStream::error().write_all(text.as_bytes());
    FAILURE
}
