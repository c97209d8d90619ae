//! Tests in this very process: what changes when there is nobody to watch it from outside.
//!
//! A test that calls `exit` takes the process with it, and with code 0 that would be a success. So the process watches for its
//! own end. It lets go where the process is not the runner's but a test's: a test that executes its own binary again, to
//! run itself there, ends that with `exit` as it likes, and reads the code. It also knows itself there by who has started that
//! process, or reads the signal that has ended it; so nothing comes between the two.

use std::io::Write;
use std::sync::OnceLock;

use super::{Job, StartedBy};
use crate::accumulate::RunTable;
use crate::sys::standard::StandardStream;
use crate::sys::{environment, exit};

/// Set for everything that tests start, to the file of the binary that they are in.
const BELOW_A_TEST: &str = "SNOUT_INTERNAL_BELOW_A_TEST";

/// What failing tests exit with; `harness` has the same number.
const FAILURE: i32 = 101;

static RUN: OnceLock<(RunTable, &'static crate::plan::Plan)> = OnceLock::new();

/// Who has started this process, as far as is known; and marks what is started from now on.
pub(crate) fn mark_descendants() -> StartedBy {
    let own = std::env::current_exe().unwrap_or_default();
    let started_by = match std::env::var_os(BELOW_A_TEST) {
        None => StartedBy::Nobody,
        Some(file) if file == own => return StartedBy::OwnTest,
        Some(_) => StartedBy::Test,
    };
    environment::set(BELOW_A_TEST, own.as_os_str());
    started_by
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
