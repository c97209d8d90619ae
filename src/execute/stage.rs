//! Sets up what a test needs, and tears down what no later test does: the fixtures of one unit, as it goes from test to test.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::context::{FixtureId, Identity, NotSetUp, Registry, Scope, Seat, Why, set_identity};
use crate::model::{Case, ContextId, Failure, Outcome, Output, Phase, Reason, Trouble, Wrong};
use crate::sys::copies::end_copy;

/// Why a shared fixture is missing that nothing was wrong with.
const GONE: &str = "the process that had set it up is gone, or this one was not forked from it: leave out SNOUT_ISOLATION=spawn";

/// Hears of a fixture before it is set up or torn down.
pub(super) type Begin<'run> = &'run mut dyn FnMut(Phase, FixtureId);

/// The fixtures of one unit.
pub(super) struct Stage {
    registry: &'static Registry,
    /// Made when it is needed.
    scope: OnceCell<Arc<Scope>>,
    /// What could not be set up, and is not tried again.
    missing: Vec<NotSetUp>,
}

impl Stage {
    pub(super) fn new(registry: &'static Registry) -> Stage {
        Stage { registry, scope: OnceCell::new(), missing: Vec::new() }
    }

    pub(super) fn scope(&self) -> &Arc<Scope> {
        self.scope.get_or_init(|| Scope::of_unit(self.registry))
    }

    /// Whether nothing has been set up so far.
    pub(super) fn is_empty(&self) -> bool {
        self.scope.get().is_none()
    }

    /// Whether a test in `context` has no fixture.
    pub(super) fn needs_nothing(&self, context: Option<ContextId>) -> bool {
        self.registry.needed(context).is_empty()
    }

    /// Leaves everything as it is, for ever: somebody still uses it.
    pub(super) fn abandon(&mut self) {
        std::mem::forget(self.scope.take());
    }

    /// Makes ready for a test: tears down what it does not need, and sets up what it does, from the outside in.
    /// `begin` hears of each fixture before that is set up or torn down; what goes wrong besides is added to `troubles`.
    ///
    /// # Errors
    ///
    /// How the test comes out instead of being run.
    pub(super) fn move_to(
        &mut self,
        (case, seat): (&'static Case, Seat),
        begin: Begin<'_>,
        troubles: &mut Vec<Trouble>,
    ) -> Result<(), Outcome> {
        // A panic is said to be this test's.
        set_identity(Some(Identity { name: case.name, seat }));
        let ready = self.set_up(case.options.context, begin, troubles);
        set_identity(None);
        ready
    }

    fn set_up(
        &mut self,
        context: Option<ContextId>,
        begin: Begin<'_>,
        troubles: &mut Vec<Trouble>,
    ) -> Result<(), Outcome> {
        self.tear_down(context, begin, troubles);
        self.scope().move_to(context);
        for &id in self.registry.needed(context) {
            if let Some(missing) = self.missing.iter().find(|missing| missing.fixture == id) {
                return Err(self.instead(missing));
            }
            if self.registry.is_shared(id) {
                // Set up before, for everybody; what went wrong then has been told.
                Scope::find_shared(self.registry, id).map_err(|missing| self.instead(&missing))?;
                continue;
            }
            begin(Phase::SetUp, id);
            let set_up = self.scope().set_up(id);
            end_copy();
            if let Err(not_set_up) = set_up {
                let instead = self.instead(&not_set_up);
                troubles.extend(self.trouble(&not_set_up));
                if not_set_up.fixture != id {
                    self.missing.push(NotSetUp { fixture: id, ..not_set_up.clone() });
                }
                self.missing.push(not_set_up);
                return Err(instead);
            }
        }
        Ok(())
    }

    /// Tears down everything.
    pub(super) fn leave(&mut self, begin: Begin<'_>, troubles: &mut Vec<Trouble>) {
        self.tear_down(None, begin, troubles);
    }

    fn tear_down(&self, next: Option<ContextId>, begin: Begin<'_>, troubles: &mut Vec<Trouble>) {
        let registry = self.registry;
        let kept = |id: FixtureId| registry.is_within(next, registry.fixture(id).context);
        let Some(scope) = self.scope.get() else { return };
        tear_down((registry, scope), kept, |id| begin(Phase::TearDown, id), |trouble| troubles.push(trouble));
    }

    fn instead(&self, missing: &NotSetUp) -> Outcome {
        let fixture = self.registry.fixture_name(missing.fixture);
        let why = match &missing.why {
            Why::Skipped(reason) => return Outcome::Ignored(Some(Reason::plain(reason))),
            Why::Panicked => Wrong::Panicked.to_string(),
            Why::Failed(error) => error.clone(),
            Why::Gone => GONE.to_owned(),
        };
        Outcome::Failed(Failure::Blocked { fixture, why })
    }

    fn trouble(&self, missing: &NotSetUp) -> Option<Trouble> {
        trouble_of(self.registry, missing)
    }
}

/// What there is to tell of a fixture that could not be set up; nothing, if it gave up by itself.
pub(super) fn trouble_of(registry: &Registry, missing: &NotSetUp) -> Option<Trouble> {
    let how = match &missing.why {
        Why::Skipped(_) | Why::Gone => return None,
        Why::Panicked => Wrong::Panicked,
        Why::Failed(error) => Wrong::Failed(error.clone()),
    };
    let fixture = registry.fixture_name(missing.fixture);
    Some(Trouble { fixture, phase: Phase::SetUp, how, output: Output::default() })
}

/// Tears down what a scope holds and is not `kept`. `begin` hears of each fixture before that, `tell` of what went wrong.
pub(super) fn tear_down(
    (registry, scope): (&'static Registry, &Arc<Scope>),
    kept: impl Fn(FixtureId) -> bool,
    mut begin: impl FnMut(FixtureId),
    mut tell: impl FnMut(Trouble),
) {
    let begin = |id| {
        // Behind the one before.
        end_copy();
        begin(id);
    };
    scope.tear_down(kept, begin, |id, error| {
        end_copy();
        let how = error.map_or(Wrong::Panicked, Wrong::Failed);
        let fixture = registry.fixture_name(id);
        tell(Trouble { fixture, phase: Phase::TearDown, how, output: Output::default() });
    });
    end_copy();
}
