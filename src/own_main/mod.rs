//! The way in for programs that have a `main` of their own: `tests!` lists what it finds, `main!` runs the list.
//!
//! rustc drops every `#[test]` of such a program before anybody can see it. So `tests!` reads the attributes itself, and makes a
//! function for each module, which adds the module's tests to a [`Tests`] and calls those of the modules in it.

mod items;
mod listing;
mod macros;

use std::ops::Deref;
use std::panic::Location;
use std::path::Path;
use std::sync::OnceLock;

use crate::contract::{
    ExitCode, ShouldPanic, StaticTestFn, StaticTestName, TestDesc, TestDescAndFn, TestType,
};
use crate::harness::{self, Program};
use crate::model::order;

/// The tests that `tests!` has found, with the hidden ones that declare what modules have besides.
#[derive(Debug, Default)]
pub struct Tests {
    modules: Vec<&'static str>,
    /// The hidden ones of fixtures, in the order of the source. Their lines do not tell it: what a macro makes in `tests!` has the line
    /// of `tests!`.
    fixtures: Vec<TestDescAndFn>,
    tests: Vec<TestDescAndFn>,
}

impl Tests {
    /// None yet.
    #[must_use]
    pub fn none() -> Tests {
        Tests::default()
    }

    /// Whether this module's tests are to be added: not if they have been. A module that is named twice counts once.
    pub fn is_new(&mut self, module: &'static str) -> bool {
        let is_new = !self.modules.contains(&module);
        if is_new {
            self.modules.push(module);
        }
        is_new
    }

    /// Adds a test.
    pub fn add(&mut self, test: Test) {
        self.tests.push(test.0);
    }

    /// Adds the hidden test of a fixture; `path` is as in [`Test::new`].
    #[track_caller]
    pub fn add_fixture(&mut self, path: &'static str, hidden: fn() -> Result<(), String>) {
        self.fixtures.push(Test::new(path, hidden, Location::caller()).0);
    }

    /// Adds the hidden test of anything else.
    #[track_caller]
    pub fn add_hidden(&mut self, path: &'static str, hidden: fn() -> Result<(), String>) {
        self.add(Test::new(path, hidden, Location::caller()));
    }

    /// All of them, as rustc would list those of a program with this root file: in the order of their names, but for the fixtures.
    fn listed(self, root: &str) -> Vec<TestDescAndFn> {
        let tests = order::sorted(self.tests, |test| {
            let StaticTestName(name) = test.desc.name;
            (name, 0)
        });
        let mut all = self.fixtures;
        all.extend(tests);
        for test in &mut all {
            test.desc.test_type = test_type(root);
        }
        all
    }
}

/// By the folder of the crate's root file, as rustc sees it.
fn test_type(root: &str) -> TestType {
    match Path::new(root).parent() {
        Some(folder) if folder.ends_with("src") => TestType::UnitTest,
        Some(folder) if folder.ends_with("tests") => TestType::IntegrationTest,
        _ => TestType::Unknown,
    }
}

/// A test, as its attributes describe it, one after the other. Of two of the same kind the first counts.
#[derive(Debug)]
pub struct Test(TestDescAndFn);

impl Test {
    /// A test of which no attribute is known yet. `path` is its name behind that of the crate; `name` is where the function's name is.
    #[must_use]
    pub fn new(
        path: &'static str,
        run: fn() -> Result<(), String>,
        name: &'static Location<'static>,
    ) -> Test {
        let own = path.rsplit("::").next().unwrap_or(path);
        let (line, column) = (name.line() as usize, name.column() as usize);
        let desc = TestDesc {
            name: StaticTestName(path.split_once("::").map_or(path, |(_crate, name)| name)),
            ignore: false,
            ignore_message: None,
            source_file: name.file(),
            start_line: line,
            start_col: column,
            end_line: line,
            end_col: column + own.chars().count(),
            should_panic: ShouldPanic::No,
            compile_fail: false,
            no_run: false,
            test_type: TestType::Unknown,
        };
        Test(TestDescAndFn { desc, testfn: StaticTestFn(run) })
    }

    /// `#[ignore]` or `#[ignore = "why"]`, if it holds.
    #[must_use]
    pub fn ignored(mut self, holds: bool, why: Option<&'static str>) -> Test {
        if holds && !self.0.desc.ignore {
            self.0.desc.ignore = true;
            self.0.desc.ignore_message = why;
        }
        self
    }

    /// `#[should_panic]` or `#[should_panic(expected = "text")]`, if it holds.
    #[must_use]
    pub fn should_panic(mut self, holds: bool, expected: Option<&'static str>) -> Test {
        if holds && self.0.desc.should_panic == ShouldPanic::No {
            self.0.desc.should_panic = expected.map_or(ShouldPanic::Yes, ShouldPanic::YesWithMessage);
        }
        self
    }
}

/// Finds out where the name of a function is written.
///
/// A macro cannot ask: `line!()` in it is the line of the outermost macro, so that of `tests!`. But the compiler notes down where
/// each call is made from, and a dereference that it adds to an expression by itself is a call that is made where the expression is
/// written. So the name is bound to one of these, and handed as an expression to who expects a [`Location`]. Should a compiler note
/// down anything else, the line is wrong, and nothing besides.
#[derive(Debug)]
pub struct WhereWritten;

impl Deref for WhereWritten {
    type Target = Location<'static>;

    #[track_caller]
    fn deref(&self) -> &Location<'static> {
        Location::caller()
    }
}

/// Stands for the tests of a crate's root where that has none.
pub fn no_tests(_: &mut Tests) {}

/// Runs the tests of this program. `root` is the crate's root file; `panics_abort` says that a panic ends the process.
#[must_use]
pub fn run(tests: Tests, root: &'static str, panics_abort: bool) -> ExitCode {
    // Every thread needs them until the program ends. In a static, not leaked: a leak checker looks there.
    static TESTS: OnceLock<Vec<TestDescAndFn>> = OnceLock::new();
    let tests: Vec<&'static TestDescAndFn> = TESTS.get_or_init(|| tests.listed(root)).iter().collect();
    let program = Program::of_process();
    harness::run(&tests, if panics_abort { program.that_cannot_unwind() } else { program })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(path: &'static str) -> Test {
        Test::new(path, || Ok(()), Location::caller())
    }

    #[test]
    fn a_test_is_named_without_its_crate_and_ends_behind_its_name() {
        let desc = test("crate_name::module::r#try").0.desc;
        assert_eq!(desc.name, StaticTestName("module::r#try"));
        assert_eq!(desc.end_col - desc.start_col, "r#try".len());
    }

    #[test]
    fn an_attribute_counts_if_it_holds_and_is_the_first() {
        let desc =
            test("c::t").ignored(false, Some("a")).ignored(true, Some("b")).ignored(true, Some("c")).0.desc;
        assert_eq!((desc.ignore, desc.ignore_message), (true, Some("b")));
        let desc = test("c::t")
            .should_panic(false, None)
            .should_panic(true, Some("a"))
            .should_panic(true, None)
            .0
            .desc;
        assert_eq!(desc.should_panic, ShouldPanic::YesWithMessage("a"));
        assert!(!test("c::t").0.desc.ignore);
    }

    #[test]
    fn tests_are_sorted_by_name_and_fixtures_stay_as_they_are() {
        let mut tests = Tests::none();
        tests.add(test("c::b"));
        tests.add_hidden("c::b::__snout", || Ok(()));
        tests.add_fixture("c::z::__snout", || Ok(()));
        tests.add(test("c::a"));
        tests.add_fixture("c::y::__snout", || Ok(()));
        let names: Vec<_> = tests.listed("tests/c.rs").iter().map(|test| test.desc.name).collect();
        assert_eq!(names, ["z::__snout", "y::__snout", "a", "b", "b::__snout"].map(StaticTestName));
    }

    #[test]
    fn a_module_is_new_once() {
        let mut tests = Tests::none();
        assert_eq!(["c::a", "c::b", "c::a"].map(|module| tests.is_new(module)), [true, true, false]);
    }

    #[test]
    fn the_folder_of_the_root_tells_the_sort_of_test() {
        for (root, sort) in [
            ("src/lib.rs", TestType::UnitTest),
            ("/a/src/main.rs", TestType::UnitTest),
            ("tests/it.rs", TestType::IntegrationTest),
            ("tests/it/main.rs", TestType::Unknown),
            ("it.rs", TestType::Unknown),
        ] {
            assert_eq!(test_type(root), sort, "{root}");
        }
    }
}
