//! Whose `test` crate a binary is linked with.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harness {
    Libtest,
    Snout,
}
