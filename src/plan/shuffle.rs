//! libtest's shuffle: the same seed and the same tests give the same order here as there, so that a seed somebody
//! noted goes on meaning what it meant.
//!
//! There it is the standard hash of a `Vec<&TestName>` that, with the seed, starts a generator whose every number is
//! the standard hash of its state; by these the tests are drawn one after the other. `DefaultHasher` is promised to
//! give the same for the same input within one version of Rust only, which is as far as libtest's orders go.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{Case, CaseId};

/// Puts `order` into the order that libtest makes of it with this seed.
pub(super) fn shuffle(order: &mut [CaseId], cases: &[Case], seed: u64) {
    let mut numbers = Numbers { state: seed, names: hash_of_names(order, cases) };
    for place in 0..order.len() {
        let left = (order.len() - place) as u64;
        // In range: less than `left`, which was a `usize`.
        let drawn = place + (numbers.draw() % left) as usize;
        order.swap(place, drawn);
    }
}

struct Numbers {
    state: u64,
    names: u64,
}

impl Numbers {
    fn draw(&mut self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.state, self.names).hash(&mut hasher);
        self.state = hasher.finish();
        self.state
    }
}

/// The hash of the names as libtest holds them: each the third variant of an enum, with the text and how to pad it.
fn hash_of_names(order: &[CaseId], cases: &[Case]) -> u64 {
    /// The place of `TestName::AlignedTestName` among its variants.
    const ALIGNED: isize = 2;
    /// The place of `NamePadding::PadNone` among its; only what is measured has another, and that is not shuffled.
    const PAD_NONE: isize = 0;

    let mut hasher = DefaultHasher::new();
    // What a vector writes before its elements.
    hasher.write_usize(order.len());
    for id in order {
        ALIGNED.hash(&mut hasher);
        cases[id.index()].name.hash(&mut hasher);
        PAD_NONE.hash(&mut hasher);
    }
    hasher.finish()
}
