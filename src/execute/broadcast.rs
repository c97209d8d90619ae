//! Lanes as workers of a rayon pool, each of which runs one `broadcast` job for as long as there is work.
//!
//! Tests are never rayon jobs themselves: a worker that waits inside a test (which may use rayon) would start another test on the same
//! stack. But jobs of tests that run on the lanes are run by the lanes, too, and not by as many threads again.

use std::io;
use std::sync::Arc;

use rayon_core::ThreadPoolBuilder;

use super::pool::{Body, Lanes, stay};
use crate::model::ThreadMode;

/// What the thread of each lane is to do: to be a worker. One that finds its lane waiting need not fall asleep first.
pub(super) fn bodies(lanes: &Arc<Lanes>) -> io::Result<Vec<Body>> {
    let mut bodies = Vec::<Body>::with_capacity(lanes.worker.lanes);
    let pool = ThreadPoolBuilder::new()
        .num_threads(lanes.worker.lanes)
        .spawn_handler(|worker| {
            bodies.push(Box::new(|| worker.run()));
            Ok(())
        })
        .build()
        .map_err(io::Error::other)?;
    let lanes = Arc::clone(lanes);
    pool.spawn_broadcast(move |context| {
        lanes.run(context.index());
        // A worker without a job looks for one some thirty times before it sleeps, on a processor that others need. While tests run on
        // workers they may have jobs for it; when all are finished, nobody has.
        if lanes.worker.rules.thread_mode == ThreadMode::Pooled && lanes.worker.table.is_all_finished() {
            stay();
        }
    });
    // The threads must outlive this call; they end with the process.
    std::mem::forget(pool);
    Ok(bodies)
}
