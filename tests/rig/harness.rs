//! Whose `test` crate a binary is linked with.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harness {
    Libtest,
    Snout,
}

impl Harness {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Harness::Libtest => "libtest",
            Harness::Snout => "snout",
        }
    }
}
