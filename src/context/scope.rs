//! The instances of one unit, and of the run.
//!
//! A unit's scope is that of the thread that runs its test, and of threads which that spawns. What is shared has a scope of its own,
//! which every process inherits.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use super::declare::Mode;
use super::identity::{Identity, inherit_identity, known_identity};
use super::registry::{FixtureId, Registry};
use crate::model::ContextId;
use crate::skip::Skip;

type Instance = Arc<dyn Any + Send + Sync>;

/// What is set up for one unit, or for the run.
pub(crate) struct Scope {
    registry: &'static Registry,
    is_shared: bool,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Where the unit is: whose fixtures it may call.
    at: Option<ContextId>,
    /// What is set up, in the order in which that was finished.
    instances: Vec<(FixtureId, Instance)>,
    /// What is being set up, from the outside in.
    under_way: Vec<FixtureId>,
}

/// Why a fixture is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotSetUp {
    pub(crate) fixture: FixtureId,
    pub(crate) why: Why,
}

/// How a set-up ended that did not give a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It panicked, and has said why.
    Panicked,
    /// It returned this error.
    Failed(String),
    /// It gave up with `skip!`, for this reason.
    Skipped(String),
    /// It is shared, and the process that had set it up is not there any more, or is none of this one's.
    Gone,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Scope>>> = const { RefCell::new(None) };
}

/// In a process that runs one unit, where threads may not have inherited it.
static OF_PROCESS: RwLock<Option<Arc<Scope>>> = RwLock::new(None);

static SHARED: OnceLock<Arc<Scope>> = OnceLock::new();

/// What could not be set up of that.
static MISSING: Mutex<Vec<NotSetUp>> = Mutex::new(Vec::new());

/// Whether what is shared is still there, where that can be asked.
static IS_HOST_GONE: OnceLock<fn() -> bool> = OnceLock::new();

impl Scope {
    pub(crate) fn of_unit(registry: &'static Registry) -> Arc<Scope> {
        Arc::new(Scope { registry, is_shared: false, held: Mutex::default() })
    }

    /// The scope of what is set up once for the run.
    pub(crate) fn shared(registry: &'static Registry) -> &'static Arc<Scope> {
        SHARED.get_or_init(|| Arc::new(Scope { registry, is_shared: true, held: Mutex::default() }))
    }

    /// Sets up what is shared, in this process.
    pub(crate) fn set_up_shared(registry: &'static Registry, id: FixtureId) -> Result<(), NotSetUp> {
        let made = Scope::shared(registry).set_up(id);
        if let Err(missing) = &made {
            let mut all = MISSING.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(missing.clone());
            if missing.fixture != id {
                all.push(NotSetUp { fixture: id, why: missing.why.clone() });
            }
        }
        made
    }

    /// Whether a shared fixture is there for the tests of this process; else why not.
    pub(crate) fn find_shared(registry: &'static Registry, id: FixtureId) -> Result<(), NotSetUp> {
        if IS_HOST_GONE.get().is_some_and(|is_gone| is_gone()) {
            return Err(NotSetUp { fixture: id, why: Why::Gone });
        }
        let missing = MISSING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missing) = missing.iter().find(|missing| missing.fixture == id) {
            return Err(missing.clone());
        }
        let is_there = Scope::shared(registry).find(id).is_some();
        if is_there { Ok(()) } else { Err(NotSetUp { fixture: id, why: Why::Gone }) }
    }

    /// Has [`find_shared`](Scope::find_shared) ask whether what is shared is still there.
    pub(crate) fn ask_for_host(is_gone: fn() -> bool) {
        let _ = IS_HOST_GONE.set(is_gone);
    }

    /// Makes this the scope of every thread that has none.
    pub(crate) fn be_of_process(self: &Arc<Scope>) {
        *OF_PROCESS.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(self));
    }

    /// The scope of this thread.
    pub(super) fn current() -> Option<Arc<Scope>> {
        let own = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
        own.or_else(|| OF_PROCESS.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says where the unit is now.
    pub(crate) fn move_to(&self, context: Option<ContextId>) {
        self.held().at = context;
    }

    /// Sets a fixture up, unless it is. What its function panics with is caught; what it prints is not.
    pub(crate) fn set_up(self: &Arc<Scope>, id: FixtureId) -> Result<(), NotSetUp> {
        {
            let mut held = self.held();
            if held.instances.iter().any(|(known, _)| *known == id) {
                return Ok(());
            }
            held.under_way.push(id);
        }
        let fixture = self.registry.fixture(id).fixture;
        let made = catch_unwind(AssertUnwindSafe(|| with_scope(self, || fixture.set_up())));
        let mut held = self.held();
        held.under_way.retain(|&under_way| under_way != id);
        let why = match made {
            Ok(Ok(instance)) => {
                held.instances.push((id, instance));
                return Ok(());
            }
            Ok(Err(error)) => Why::Failed(error),
            Err(payload) => match payload.downcast::<NotSetUp>() {
                // Another one that it called; it is that one's failure.
                Ok(other) => return Err(*other),
                Err(payload) => match payload.downcast::<Skip>() {
                    Ok(skip) if skip.fails => Why::Failed(skip.reason),
                    Ok(skip) => Why::Skipped(skip.reason),
                    Err(payload) => {
                        std::mem::forget(payload); // dropping it may panic once more
                        Why::Panicked
                    }
                },
            },
        };
        Err(NotSetUp { fixture: id, why })
    }

    /// What was set up last of what is there.
    pub(crate) fn last(&self) -> Option<FixtureId> {
        self.held().instances.last().map(|(id, _)| *id)
    }

    /// Tears down everything that is set up and not `kept`, the last first. `begin` hears of each before that; `tell` of what went
    /// wrong with which, nothing more if it panicked.
    pub(crate) fn tear_down(
        self: &Arc<Scope>,
        kept: impl Fn(FixtureId) -> bool,
        mut begin: impl FnMut(FixtureId),
        mut tell: impl FnMut(FixtureId, Option<String>),
    ) {
        let mut are_others_left = true;
        while are_others_left {
            let next = {
                let mut held = self.held();
                let place = held.instances.iter().rposition(|(id, _)| !kept(*id));
                let next = place.map(|place| held.instances.remove(place));
                are_others_left = !held.instances.is_empty();
                next
            };
            let Some((id, instance)) = next else { return };
            begin(id);
            let fixture = self.registry.fixture(id).fixture;
            match catch_unwind(AssertUnwindSafe(|| with_scope(self, || fixture.tear_down(instance)))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tell(id, Some(error)),
                Err(payload) => {
                    std::mem::forget(payload);
                    tell(id, None);
                }
            }
        }
    }

    /// The instance of a fixture, for whoever runs in this scope.
    ///
    /// # Panics
    ///
    /// There is none for it; the text says why, and what to do.
    #[track_caller]
    pub(super) fn instance(self: &Arc<Scope>, id: FixtureId) -> Instance {
        let fixture = self.registry.fixture(id);
        let is_shared = fixture.fixture.mode() == Mode::Shared;
        if is_shared && !self.is_shared {
            return match Scope::shared(self.registry).find(id) {
                Some(instance) if self.is_in_context(id) => instance,
                Some(_) => self.refuse(id, Refusal::Elsewhere(self.held().at)),
                None => self.refuse(id, Refusal::NotSetUp),
            };
        }
        if self.is_shared && !is_shared {
            self.refuse(id, Refusal::NotShared);
        }
        let (found, under_way, at) = {
            let held = self.held();
            (held.find(id), held.under_way.clone(), held.at)
        };
        if let Some(instance) = found {
            return instance;
        }
        let Some(&caller) = under_way.last() else { self.refuse(id, Refusal::Elsewhere(at)) };
        let caller_context = self.registry.fixture(caller).context;
        if under_way.contains(&id) {
            self.refuse(id, Refusal::Circle(under_way));
        }
        if !self.registry.is_within(Some(caller_context), fixture.context) {
            self.refuse(id, Refusal::Elsewhere(Some(caller_context)));
        }
        match self.set_up(id) {
            Ok(()) => match self.find(id) {
                Some(instance) => instance,
                None => self.refuse(id, Refusal::NotSetUp),
            },
            // Not by a panic: that has been printed, if it was one.
            Err(not_set_up) => resume_unwind(Box::new(not_set_up)),
        }
    }

    /// Whether the unit is in the fixture's module or below, or sets something up that is.
    fn is_in_context(&self, id: FixtureId) -> bool {
        let held = self.held();
        let caller = held.under_way.last().map(|&caller| self.registry.fixture(caller).context);
        self.registry.is_within(caller.or(held.at), self.registry.fixture(id).context)
    }

    fn find(&self, id: FixtureId) -> Option<Instance> {
        self.held().find(id)
    }

    #[track_caller]
    fn refuse(&self, id: FixtureId, why: Refusal) -> ! {
        let name = self.registry.fixture_name(id);
        let own = self.registry.context(self.registry.fixture(id).context).path;
        match why {
            Refusal::NotSetUp => panic!(
                "fixture `{name}` is not set up: call it from a test of its module, or from one below that"
            ),
            Refusal::NotShared => panic!(
                "fixture `{name}` is not shared, and was called by one that is: that is set up before any test. Make `{name}` \
                 shared too"
            ),
            Refusal::Elsewhere(at) => {
                let at = at.map_or("the crate", |at| self.registry.context(at).path);
                panic!(
                    "fixture `{name}` was called from `{at}`: it holds in module `{own}` and below; call it there, or declare it further out"
                )
            }
            Refusal::Circle(under_way) => {
                let names: Vec<String> = under_way
                    .iter()
                    .chain([&id])
                    .map(|&id| format!("`{}`", self.registry.fixture_name(id)))
                    .collect();
                panic!("fixtures need each other: {}; take one of the calls out", names.join(" calls "))
            }
        }
    }
}

impl Held {
    fn find(&self, id: FixtureId) -> Option<Instance> {
        self.instances.iter().find(|(known, _)| *known == id).map(|(_, instance)| Arc::clone(instance))
    }
}

/// Why a call has no instance.
enum Refusal {
    NotSetUp,
    NotShared,
    /// The caller is outside of the fixture's module.
    Elsewhere(Option<ContextId>),
    Circle(Vec<FixtureId>),
}

impl fmt::Debug for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Scope").field("is_shared", &self.is_shared).finish_non_exhaustive()
    }
}

/// Runs `body` with this thread in `scope`.
pub(crate) fn with_scope<T>(scope: &Arc<Scope>, body: impl FnOnce() -> T) -> T {
    /// Puts back what was there, whatever happens.
    struct Before(Option<Arc<Scope>>);
    impl Drop for Before {
        fn drop(&mut self) {
            put(self.0.take());
        }
    }
    let _before = Before(CURRENT.replace(Some(Arc::clone(scope))));
    body()
}

/// What a thread hands on to those that it spawns.
struct HandedOn {
    scope: Option<Arc<Scope>>,
    identity: Option<Identity>,
}

/// What this thread hands on to one that it spawns.
pub(crate) fn take() -> Option<Arc<dyn Any + Send + Sync>> {
    let scope = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
    let identity = known_identity();
    (scope.is_some() || identity.is_some())
        .then(|| Arc::new(HandedOn { scope, identity }) as Arc<dyn Any + Send + Sync>)
}

/// Gives this thread what [`take`] took from the one that has spawned it.
pub(crate) fn put_any(handed_on: Option<Arc<dyn Any + Send + Sync>>) {
    if let Some(Ok(handed_on)) = handed_on.map(|handed_on| handed_on.downcast::<HandedOn>()) {
        put(handed_on.scope.clone());
        inherit_identity(handed_on.identity);
    }
}

fn put(scope: Option<Arc<Scope>>) {
    // A thread that ends has none any more.
    let _ = CURRENT.try_with(|current| current.replace(scope));
}
