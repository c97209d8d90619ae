//! The options of a module, as [`context!`](crate::context!) states them.

use std::time::Duration;

use crate::model::{ThreadMode, parse_duration};

/// How many resources a module may name.
const RESOURCES: usize = 4;

/// What a module states about its tests; what it leaves open is as in the module around it.
///
/// Made by [`context!`](crate::context!), in a constant: a wrong value is an error of the compiler's.
#[derive(Clone, Copy, Debug)]
pub struct ContextOptions {
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) serial: Option<bool>,
    pub(crate) isolate: Option<bool>,
    pub(crate) threads: Option<ThreadMode>,
    pub(crate) retries: Option<u16>,
    pub(crate) weight: Option<u16>,
    pub(crate) resources: [Option<&'static str>; RESOURCES],
}

impl ContextOptions {
    /// Nothing stated.
    #[must_use]
    pub const fn none() -> ContextOptions {
        ContextOptions {
            timeout: None,
            serial: None,
            isolate: None,
            threads: None,
            retries: None,
            weight: None,
            resources: [None; RESOURCES],
        }
    }

    /// How long a test may take: `"500ms"`, `"5s"`, `"2m"`; `"0"` for as long as it likes.
    ///
    /// # Panics
    ///
    /// If that is no duration.
    #[must_use]
    pub const fn timeout(mut self, text: &str) -> ContextOptions {
        self.timeout = match parse_duration(text) {
            Some(duration) if duration.is_zero() => Some(None),
            Some(duration) => Some(Some(duration)),
            None => panic!("no duration: write the timeout like \"500ms\", \"5s\" or \"2m\""),
        };
        self
    }

    /// Tests run while nothing else does.
    #[must_use]
    pub const fn serial(mut self, serial: bool) -> ContextOptions {
        self.serial = Some(serial);
        self
    }

    /// Tests get a process of their own.
    #[must_use]
    pub const fn isolate(mut self, isolate: bool) -> ContextOptions {
        self.isolate = Some(isolate);
        self
    }

    /// Where tests run: `"fresh"` or `"pooled"`.
    ///
    /// # Panics
    ///
    /// If it is neither.
    #[must_use]
    pub const fn threads(mut self, mode: &str) -> ContextOptions {
        self.threads = match mode.as_bytes() {
            b"fresh" => Some(ThreadMode::Fresh),
            b"pooled" => Some(ThreadMode::Pooled),
            _ => panic!("no thread mode: write \"fresh\" or \"pooled\""),
        };
        self
    }

    /// How often a test that failed is tried again.
    #[must_use]
    pub const fn retries(mut self, retries: u16) -> ContextOptions {
        self.retries = Some(retries);
        self
    }

    /// How many lanes a test takes.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    pub const fn weight(mut self, lanes: u16) -> ContextOptions {
        assert!(lanes > 0, "a test takes one lane at least: write a weight of 1 or more");
        self.weight = Some(lanes);
        self
    }

    /// What a test uses that no other may use at the same time.
    ///
    /// # Panics
    ///
    /// If the module names more than four.
    #[must_use]
    pub const fn resource(mut self, name: &'static str) -> ContextOptions {
        let mut place = 0;
        while self.resources[place].is_some() {
            place += 1;
            assert!(place < RESOURCES, "a module names four resources at most");
        }
        self.resources[place] = Some(name);
        self
    }
}
