//! What rustc's generated code names, and nothing else; the functions that generated `main`s call are in `entry`.
//!
//! `rustc --test` and rustdoc's merged doctests write code against a crate called `test`. With a dependency of that name,
//! that is this crate. The names, fields and signatures here are the compiler's choice. The struct literal it writes is
//! the same from 1.70 on.

use std::any::type_name;
pub use std::hint::black_box;
use std::io::Write;
pub use std::process::ExitCode;
use std::process::Termination;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub use crate::model::Bencher;

/// A test as rustc spells it: description and function.
#[derive(Debug)]
pub struct TestDescAndFn {
    /// What is known about it.
    pub desc: TestDesc,
    /// What is called.
    pub testfn: TestFn,
}

/// What rustc knows about a test. Every field is in the generated literal, and nothing else is.
#[derive(Clone, Debug)]
pub struct TestDesc {
    /// Module path and function.
    pub name: TestName,
    /// `#[ignore]`.
    pub ignore: bool,
    /// `why` of `#[ignore = "why"]`.
    pub ignore_message: Option<&'static str>,
    /// The file, as the compiler was given it.
    pub source_file: &'static str,
    /// Line of the function's name, from 1.
    pub start_line: usize,
    /// Column where the function's name begins, from 1.
    pub start_col: usize,
    /// Line of the end of the function's name.
    pub end_line: usize,
    /// Column behind the function's name.
    pub end_col: usize,
    /// `#[should_panic]`.
    pub should_panic: ShouldPanic,
    /// A doctest that must not compile.
    pub compile_fail: bool,
    /// A doctest that is only compiled.
    pub no_run: bool,
    /// The sort of target it stands in.
    pub test_type: TestType,
}

/// The name of a test. rustc emits one variant only; drop glue here would keep it from promoting its list of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestName {
    /// A name known when the test was compiled.
    StaticTestName(&'static str),
}
pub use TestName::StaticTestName;

/// The function of a test.
#[derive(Clone, Copy)]
pub enum TestFn {
    /// Of `#[test]`.
    StaticTestFn(fn() -> Result<(), String>),
    /// Of `#[bench]`.
    StaticBenchFn(fn(&mut Bencher) -> Result<(), String>),
}
pub use TestFn::{StaticBenchFn, StaticTestFn};

impl std::fmt::Debug for TestFn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            StaticTestFn(_) => "StaticTestFn(..)",
            StaticBenchFn(_) => "StaticBenchFn(..)",
        })
    }
}

/// How a test has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShouldPanic {
    /// By returning.
    No,
    /// By a panic.
    Yes,
    /// By a panic whose text contains this.
    YesWithMessage(&'static str),
}

/// The sort of target a test stands in, by where the crate's root file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestType {
    /// Below `src`.
    UnitTest,
    /// Below `tests`.
    IntegrationTest,
    /// Made by rustdoc.
    DocTest,
    /// Anywhere else.
    Unknown,
}

impl TestDescAndFn {
    /// A doctest, as rustdoc's merged doctests declare it (edition 2024).
    #[expect(clippy::too_many_arguments, reason = "the signature is rustdoc's")]
    pub const fn new_doctest(
        test_name: &'static str,
        ignore: bool,
        source_file: &'static str,
        start_line: usize,
        no_run: bool,
        should_panic: bool,
        testfn: TestFn,
    ) -> Self {
        let desc = TestDesc {
            name: StaticTestName(test_name),
            ignore,
            ignore_message: None,
            source_file,
            start_line,
            start_col: 0,
            end_line: 0,
            end_col: 0,
            should_panic: if should_panic { ShouldPanic::Yes } else { ShouldPanic::No },
            compile_fail: false,
            no_run,
            test_type: TestType::DocTest,
        };
        TestDescAndFn { desc, testfn }
    }
}

/// Whether a line without an end that the test has printed goes out before the error it returned: where output is caught at the
/// descriptors, std's buffer would turn the two around.
pub(crate) static FLUSH_FIRST: AtomicBool = AtomicBool::new(false);

/// Turns what a test function returned into a verdict. Generated code calls it around every test.
///
/// # Errors
///
/// The text of a termination value with a non-zero status code; an `Err` has printed itself by then.
pub fn assert_test_result<T: Termination>(result: T) -> Result<(), String> {
    // `()`, which has nothing to report: most tests return it. Of all that may be returned its name alone is that short.
    if type_name::<T>().len() == "()".len() {
        return Ok(());
    }
    if FLUSH_FIRST.load(Relaxed) {
        let _ = std::io::stdout().flush();
    }
    let code = result.report();
    if code == ExitCode::SUCCESS {
        return Ok(());
    }
    Err(format!(
        "the test returned a termination value with a non-zero status code ({}) which indicates a failure",
        code_number(code)
    ))
}

/// The code of a termination value, which std keeps to itself but for `Debug`.
fn code_number(code: ExitCode) -> String {
    let shown = format!("{code:?}");
    shown.chars().filter(char::is_ascii_digit).collect()
}
