//! Tests known only when the program runs: an iterator gives their names and values.

use std::sync::{Mutex, PoisonError};

use crate::backtrace::{short_backtrace, short_backtrace_with};

/// What [`cases!`](crate::cases!) says. Implemented by the macro alone.
pub trait Generate: 'static {
    /// What each test is given.
    type Value: Send + 'static;
    /// The function's name.
    const NAME: &'static str;

    /// Where the values are kept until their tests run.
    fn values() -> &'static Values<Self::Value>;

    /// Names and values, in order.
    fn generate() -> Box<dyn Iterator<Item = (String, Self::Value)>>;

    /// The test of one value.
    ///
    /// # Errors
    ///
    /// As a test function's.
    fn run(value: Self::Value) -> Result<(), String>;
}

/// The values of tests that have not run in this process.
#[derive(Debug)]
pub struct Values<T>(Mutex<Vec<Option<T>>>);

impl<T> Values<T> {
    /// None.
    #[must_use]
    pub const fn none() -> Values<T> {
        Values(Mutex::new(Vec::new()))
    }
}

/// [`Generate`] without its type.
pub(crate) trait AnyGenerator: Sync {
    fn name(&self) -> &'static str;

    /// Makes all values and keeps them; `tell` hears the name of each, when its value is there.
    fn generate(&self, tell: &mut dyn FnMut(String));

    /// Runs the test of a value.
    fn run(&self, place: usize) -> Result<(), String>;
}

/// Makes an [`AnyGenerator`] of a definition.
pub(super) struct Erased<G>(pub(super) std::marker::PhantomData<fn() -> G>);

impl<G: Generate> AnyGenerator for Erased<G> {
    fn name(&self) -> &'static str {
        G::NAME
    }

    fn generate(&self, tell: &mut dyn FnMut(String)) {
        let mut cases = short_backtrace(G::generate);
        while let Some((name, value)) = short_backtrace_with(Iterator::next, &mut cases) {
            G::values().0.lock().unwrap_or_else(PoisonError::into_inner).push(Some(value));
            tell(name);
        }
    }

    fn run(&self, place: usize) -> Result<(), String> {
        let taken = {
            let mut values = G::values().0.lock().unwrap_or_else(PoisonError::into_inner);
            values.get_mut(place).and_then(Option::take)
        };
        match taken {
            Some(value) => G::run(value),
            None => {
                let why = "its value is not there: the process that had made it is gone";
                #[expect(clippy::print_stderr, reason = "this is the test's own output")]
                {
                    eprintln!("Error: {why:?}");
                }
                Err(why.to_owned())
            }
        }
    }
}
