//! What the macros declare, and how the harness comes to know of it.
//!
//! A declaration is a hidden `#[test]` beside the fixture: rustc lists it with its module path, on every platform, without unsafe
//! code or a linker's help in the user's crate. The harness takes it out of the list of tests and calls it once, to be told.

use std::any::Any;
use std::cell::RefCell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::cases::{self, AnyGenerator, Generate};
use super::options::ContextOptions;
use super::plugin::{Plug, Plugin};
use crate::backtrace::short_backtrace;

/// How the names of the hidden tests end.
pub(crate) const SUFFIX: &str = "::__snout";

/// Where a fixture is set up, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Once for its module: the module's tests are one unit, in a process of their own.
    Unit,
    /// Once for each unit that is dispatched: for each test, where nothing binds it to others.
    Split,
    /// Once for the run, before any test that needs it.
    Shared,
}

/// What [`fixture!`](crate::fixture!) says about a fixture. Implemented by the macro alone.
pub trait Define: 'static {
    /// What the fixture gives.
    type Value: Send + Sync + 'static;
    /// The function's name.
    const NAME: &'static str;
    /// Where it is set up, and for whom.
    const MODE: Mode;

    /// Where the harness notes down which fixture this is.
    fn declared() -> &'static Declared;

    /// Makes the value; the text of an error.
    ///
    /// # Errors
    ///
    /// The fixture function returned an error.
    fn set_up() -> Result<Self::Value, String>;

    /// Gives the value up.
    ///
    /// # Errors
    ///
    /// The fixture's `teardown` returned an error.
    fn tear_down(value: Self::Value) -> Result<(), String>;
}

/// What a `teardown` may come to: nothing, or a `Result`; or nothing at all, if it ends with a panic.
pub trait TornDown {
    /// The text of an error.
    ///
    /// # Errors
    ///
    /// It is one.
    fn end(self) -> Result<(), String>;
}

impl TornDown for () {
    fn end(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: std::fmt::Debug> TornDown for Result<(), E> {
    fn end(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Names what a function returns: the type of one that never does has no name of its own on stable.
trait Returns {
    type Value;
}

impl<T> Returns for fn() -> T {
    type Value = T;
}

/// From edition 2024 on, this is the type of a block that ends with `panic!`; before, that is `()`.
#[expect(private_interfaces, reason = "the trait is a way to write `!`, which anybody may name")]
impl TornDown for <fn() -> ! as Returns>::Value {
    fn end(self) -> Result<(), String> {
        self
    }
}

/// Calls what the macro makes of a `teardown`, or of a fixture that has none.
///
/// # Errors
///
/// The `teardown` returned an error.
pub fn tear_down<T: TornDown>(tear_down: impl FnOnce() -> T) -> Result<(), String> {
    short_backtrace(tear_down).end()
}

/// Where the harness notes down which fixture a definition is.
#[derive(Debug)]
pub struct Declared(AtomicUsize);

impl Declared {
    /// Of a fixture that the harness does not know yet.
    #[must_use]
    pub const fn not_yet() -> Declared {
        Declared(AtomicUsize::new(0))
    }

    pub(super) fn place(&self) -> Option<usize> {
        self.0.load(Relaxed).checked_sub(1)
    }

    pub(super) fn set(&self, place: usize) {
        self.0.store(place + 1, Relaxed);
    }
}

/// A fixture without its type.
pub(crate) trait AnyFixture: Sync {
    fn name(&self) -> &'static str;
    fn mode(&self) -> Mode;
    fn declared(&self) -> &'static Declared;
    fn set_up(&self) -> Result<Arc<dyn Any + Send + Sync>, String>;
    /// `Err` with the value if somebody still holds it.
    fn tear_down(&self, value: Arc<dyn Any + Send + Sync>) -> Result<(), String>;
}

/// Makes an [`AnyFixture`] of a definition.
struct Erased<D>(std::marker::PhantomData<fn() -> D>);

impl<D: Define> AnyFixture for Erased<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn mode(&self) -> Mode {
        D::MODE
    }

    fn declared(&self) -> &'static Declared {
        D::declared()
    }

    fn set_up(&self) -> Result<Arc<dyn Any + Send + Sync>, String> {
        D::set_up().map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>)
    }

    fn tear_down(&self, value: Arc<dyn Any + Send + Sync>) -> Result<(), String> {
        let held =
            "something still holds it: a handle was kept in a static, or by a thread that goes on".to_owned();
        match value.downcast::<D::Value>().map(Arc::try_unwrap) {
            Ok(Ok(value)) => D::tear_down(value),
            Ok(Err(_)) | Err(_) => Err(held),
        }
    }
}

/// One thing that was declared.
pub(crate) enum Declaration {
    Fixture { fixture: &'static dyn AnyFixture, line: u32 },
    Context(ContextOptions),
    Cases(Cases),
    Plugin { name: &'static str, plugin: &'static dyn Plugin },
}

/// A generator of tests, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Cases {
    pub(crate) generator: &'static dyn AnyGenerator,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

thread_local! {
    /// What is being declared, while the harness asks.
    static DECLARING: RefCell<Option<Vec<Declaration>>> = const { RefCell::new(None) };
}

/// Tells of a fixture. Called by what [`fixture!`](crate::fixture!) makes.
#[track_caller]
pub fn declare_fixture<D: Define>() {
    let line = Location::caller().line();
    declare(Declaration::Fixture { fixture: const { &Erased::<D>(std::marker::PhantomData) }, line });
}

/// Tells of tests that are known only when the program runs. Called by what [`cases!`](crate::cases!) makes.
#[track_caller]
pub fn declare_cases<G: Generate>() {
    declare_cases_at::<G>(Location::caller());
}

/// The same, of what stands there. Called where [`cases!`](crate::cases!) stands in [`tests!`](crate::tests!).
pub fn declare_cases_at<G: Generate>(location: &'static Location<'static>) {
    let (file, line) = (location.file(), location.line());
    let generator = const { &cases::Erased::<G>(std::marker::PhantomData) };
    declare(Declaration::Cases(Cases { generator, file, line }));
}

/// Tells of a plugin. Called by what [`plugin!`](crate::plugin!) makes.
pub fn declare_plugin<P: Plug>() {
    declare(Declaration::Plugin { name: P::NAME, plugin: P::plugin() });
}

/// Tells of a module's options. Called by what [`context!`](crate::context!) makes.
pub fn declare_context(options: ContextOptions) {
    declare(Declaration::Context(options));
}

/// Called outside of discovery (somebody runs the hidden test by its name) it does nothing.
fn declare(declaration: Declaration) {
    DECLARING.with_borrow_mut(|declaring| declaring.iter_mut().next().map(|list| list.push(declaration)));
}

/// Calls hidden tests; what they declare, in their order.
pub(crate) fn collect(hidden: impl FnOnce()) -> Vec<Declaration> {
    DECLARING.set(Some(Vec::new()));
    hidden();
    DECLARING.take().unwrap_or_default()
}
