//! One test, as discovery hands it to every later stage.

use super::{Bencher, CaseOptions};

/// Names a test of this run: its place among the selected tests, in the order rustc gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CaseId(pub(crate) u32);

/// Names a module with fixtures or options: its place in the registry. Outer ones come before those in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ContextId(pub(crate) u32);

impl CaseId {
    /// The place as an index into slices that hold one entry a test.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// Module path and function, without the crate: `parser::tests::empty`.
    pub(crate) name: &'static str,
    /// Which run of this test it is, from 1 on, where tests run several times; else 0.
    pub(crate) iteration: u32,
    pub(crate) source: Source,
    /// Whether it is to be reported as ignored instead of run.
    pub(crate) ignored: bool,
    /// Whether that is not for a mark of its own, but because only benchmarks are asked for.
    pub(crate) left_out: bool,
    /// `why` of `#[ignore = "why"]`.
    pub(crate) ignore_reason: Option<&'static str>,
    pub(crate) expectation: Expectation,
    pub(crate) kind: Kind,
    /// A doctest that must not compile.
    pub(crate) compile_fail: bool,
    /// A doctest that is only compiled.
    pub(crate) no_run: bool,
    pub(crate) body: Body,
    /// What contexts say about it.
    pub(crate) options: &'static CaseOptions,
}

#[cfg(test)]
impl Case {
    /// A test of this name that passes, and says nothing else of itself.
    pub(crate) fn of_test(name: &'static str) -> Case {
        Case {
            name,
            iteration: 0,
            source: Source::default(),
            ignored: false,
            left_out: false,
            ignore_reason: None,
            expectation: Expectation::Return,
            kind: Kind::Unit,
            compile_fail: false,
            no_run: false,
            body: Body::Test(|| Ok(())),
            options: CaseOptions::PLAIN,
        }
    }
}

impl Case {
    /// What the pretty format puts behind the name of a test that is run: ` - should panic`.
    pub(crate) fn mode(&self) -> Option<&'static str> {
        match self.expectation {
            _ if self.ignored && !self.left_out => None,
            Expectation::Panic | Expectation::PanicWith(_) => Some("should panic"),
            Expectation::Return if self.compile_fail => Some("compile fail"),
            Expectation::Return if self.no_run => Some("compile"),
            Expectation::Return => None,
        }
    }

    /// Whether its name stands in a line as it is: most do.
    pub(crate) fn has_plain_name(&self) -> bool {
        matches!(self.expectation, Expectation::Return)
            && !(self.compile_fail || self.no_run)
            && !self.is_measured()
    }

    /// Whether this run measures it instead of testing it.
    pub(crate) fn is_measured(&self) -> bool {
        matches!(self.body, Body::Bench { sampling: Sampling::Measure, .. })
    }
}

use super::Sampling;

/// Where a test's name stands in the source: lines and columns from 1, as the compiler counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source {
    pub(crate) file: &'static str,
    pub(crate) start_line: u32,
    pub(crate) start_col: u32,
    pub(crate) end_line: u32,
    pub(crate) end_col: u32,
}

/// How the test function has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// By returning, with success.
    Return,
    /// By a panic: `#[should_panic]`.
    Panic,
    /// By a panic whose text contains this: `#[should_panic(expected = "…")]`.
    PanicWith(&'static str),
}

/// Which sort of target a test stands in; time limits differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unit,
    Integration,
    Doc,
    Unknown,
}

/// What is called to run the test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Test(fn() -> Result<(), String>),
    Bench {
        function: fn(&mut Bencher) -> Result<(), String>,
        sampling: Sampling,
    },
    /// One of many that share a function: the function, and which one this is.
    Generated {
        run: Run,
        place: usize,
    },
}

/// Runs the test of a value, by that value's place.
#[derive(Clone, Copy)]
pub(crate) struct Run(pub(crate) &'static (dyn Fn(usize) -> Result<(), String> + Sync));

/// It refers to a static of the program's, as every test function may.
impl std::panic::RefUnwindSafe for Run {}

impl std::fmt::Debug for Run {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Run(..)")
    }
}
