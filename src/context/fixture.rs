//! What a call of a fixture function gives.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::declare::Define;
use super::registry::FixtureId;
use super::scope::Scope;

/// A fixture's instance, as its function gives it to a test.
///
/// It dereferences to the value. The value is torn down when its unit is done; a handle that is kept for longer (in a static, by a
/// thread that goes on) keeps it from that, and is reported.
pub struct Fixture<T>(Arc<T>);

impl<T> Deref for Fixture<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> AsRef<T> for Fixture<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T> Clone for Fixture<T> {
    fn clone(&self) -> Fixture<T> {
        Fixture(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Fixture<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

impl<T: fmt::Display> fmt::Display for Fixture<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

/// The instance that belongs to the calling test. Called by what [`fixture!`](crate::fixture!) makes.
///
/// # Panics
///
/// There is no such instance: the caller is no test of the fixture's module, nor below it, nor a thread of such a test.
#[must_use]
#[track_caller]
pub fn instance<D: Define>() -> Fixture<D::Value> {
    // In front of the last two names: those of the module and the type that the macro makes.
    let module = std::any::type_name::<D>().rsplitn(3, "::").last().unwrap_or_default();
    let name = D::NAME;
    let Some(place) = D::declared().place() else {
        panic!(
            "fixture `{name}` was called outside of a run of tests: call it from a test; where `main!` runs them, declare it in `tests!`"
        )
    };
    let Some(scope) = Scope::current() else {
        panic!(
            "fixture `{name}` of module `{module}` was called where it does not hold: it does in tests of that module and below, and in \
             threads that those spawn; call it there, or declare it further out"
        )
    };
    match scope.instance(FixtureId(place as u32)).downcast::<D::Value>() {
        Ok(value) => Fixture(value),
        Err(_) => unreachable!("an instance is of the type of its definition"),
    }
}
