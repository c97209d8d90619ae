//! The shared fixtures of a run, set up and torn down in one process.

use std::io::{self, Write};

use super::stage::{tear_down, trouble_of};
use crate::context::{FixtureId, Identity, Registry, Scope, Seat, set_identity};
use crate::model::Trouble;
use crate::sys::copies::end_copy;

/// Sets these fixtures up, in their order. `begin` hears of each before that, and may have no more of it; `tell` hears of what goes
/// wrong.
pub(crate) fn set_up_shared(
    registry: &'static Registry,
    needed: &[FixtureId],
    mut begin: impl FnMut(FixtureId) -> bool,
    mut tell: impl FnMut(Trouble),
) {
    for &id in needed {
        if Scope::find_shared(registry, id).is_ok() {
            continue;
        }
        if !begin(id) {
            return;
        }
        set_identity(Some(Identity { name: registry.fixture(id).fixture.name(), seat: Seat::default() }));
        let made = Scope::set_up_shared(registry, id);
        end_copy();
        set_identity(None);
        flush();
        if let Err(missing) = made {
            trouble_of(registry, &missing).into_iter().for_each(&mut tell);
        }
    }
}

/// Tears down every shared fixture, the last first.
pub(crate) fn tear_down_shared(
    registry: &'static Registry,
    mut begin: impl FnMut(FixtureId),
    mut tell: impl FnMut(Trouble),
) {
    let scope = Scope::shared(registry);
    while let Some(last) = scope.last() {
        begin(last);
        tear_down((registry, scope), |id| id != last, |_| {}, &mut tell);
        flush();
    }
}

/// std's stdout keeps a line that has no end yet.
fn flush() {
    let _ = io::stdout().flush();
}
