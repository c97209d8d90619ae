//! A test that hangs in a process of its own shows where, when the supervisor asks.

use std::sync::OnceLock;

use crate::accumulate::ChildQueue;
use crate::context::known_identity;
use crate::sys::stack::show_when_asked;

static LANE: OnceLock<(ChildQueue, usize)> = OnceLock::new();

/// Has children of this process show where they hang: it makes those of this lane, or is one.
pub(crate) fn show_where_it_hangs(queue: ChildQueue, lane: usize) {
    if LANE.set((queue, lane)).is_ok() {
        let answered = || LANE.get().into_iter().for_each(|(queue, lane)| queue.show(*lane));
        show_when_asked(|| known_identity().map(|identity| identity.name), answered);
    }
}
