//! Plugins: code of the user's that hears of every test, whatever module that is in.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Hook, Output, Phase, Trouble, Wrong};

/// Code that hears of every test of the binary. Declared by [`plugin!`](crate::plugin!).
///
/// Tests run in several processes, and each has a copy of the plugin, forked before any hook was called: what a plugin gathers in
/// one process is not in another. [`report`](Plugin::report) is given what the whole run came to.
///
/// A hook that panics is an error of the run and of no test; in that process its plugin is not called any more.
pub trait Plugin: Sync {
    /// Called once in each process that runs tests, before the first of them.
    fn begin(&self) {}

    /// Called once in each process that runs tests, behind the last of them; not in one that is killed or crashes.
    fn finish(&self) {}

    /// Called before a test, on its thread, when its fixtures are set up; [`name`](crate::name) and the like say which it is. What is
    /// printed here is the test's output.
    fn before(&self) {}

    /// Called behind a test that has come to its end by itself, on its thread, before its fixtures are torn down.
    fn after(&self, test: &TestReport<'_>) {
        let _ = test;
    }

    /// Called once, when all tests have come out. What it returns, and what it prints, stands in the report before the result; in
    /// formats that programs read, on standard error.
    ///
    /// Where there are processes it runs in one of its own, and may take as long as a test may.
    fn report(&self, run: &RunReport<'_>) -> String {
        let _ = run;
        String::new()
    }
}

/// How a test came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TestStatus {
    /// It ended as it should.
    Passed,
    /// It failed, was stopped, died, or could not be run.
    Failed,
    /// It is marked `#[ignore]`, or has skipped itself.
    Ignored,
    /// It is a benchmark that was measured.
    Measured,
}

/// A test, as plugins are told of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestReport<'run> {
    /// As it is listed: `parser::tests::empty`.
    pub name: &'run str,
    /// How it came out.
    pub status: TestStatus,
    /// Why, where there is more to say than what the test printed.
    pub message: Option<String>,
    /// How long it ran.
    pub elapsed: Duration,
}

/// A run, as plugins are told of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunReport<'run> {
    /// Every test that has come out, in that order.
    pub tests: Vec<TestReport<'run>>,
    /// Whether nothing speaks against the run so far.
    pub is_success: bool,
}

impl<'run> RunReport<'run> {
    /// A run in which these tests have come out.
    pub(crate) fn new(tests: Vec<TestReport<'run>>, is_success: bool) -> RunReport<'run> {
        RunReport { tests, is_success }
    }
}

/// What [`plugin!`](crate::plugin!) says about a plugin. Implemented by the macro alone.
pub trait Plug: 'static {
    /// The static's name.
    const NAME: &'static str;

    /// The static.
    fn plugin() -> &'static dyn Plugin;
}

/// A plugin of this binary.
pub(crate) struct Plugged {
    /// What a user calls it: `timing::SLOWEST`.
    name: String,
    plugin: &'static dyn Plugin,
    /// Some hook of it has panicked in this process.
    is_broken: AtomicBool,
    /// What has not been told of that.
    trouble: Mutex<Option<Trouble>>,
}

impl Plugged {
    pub(super) fn new(name: String, plugin: &'static dyn Plugin) -> Plugged {
        Plugged { name, plugin, is_broken: AtomicBool::new(false), trouble: Mutex::new(None) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Calls a hook; nothing, if one of them has panicked before.
    fn call<T>(&self, which: Hook, hook: impl FnOnce(&dyn Plugin) -> T) -> Option<T> {
        if self.is_broken.load(Relaxed) {
            return None;
        }
        let payload = match catch_unwind(AssertUnwindSafe(|| hook(self.plugin))) {
            Ok(value) => return Some(value),
            Err(payload) => payload,
        };
        self.is_broken.store(true, Relaxed);
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&'static str>().copied());
        let how =
            text.map_or(Wrong::Panicked, |text| Wrong::Failed(format!("it panicked: {}", text.trim_end())));
        let trouble = Trouble {
            fixture: self.name.clone(),
            phase: Phase::Plugin(which),
            how,
            output: Output::default(),
        };
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        std::mem::forget(payload); // dropping it may panic once more
        None
    }
}

/// The plugins of this binary.
#[derive(Clone, Copy, Default)]
pub(crate) struct Plugins(pub(super) &'static [Plugged]);

impl fmt::Debug for Plugins {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(Plugged::name)).finish()
    }
}

impl Plugins {
    #[inline(always)] // see `execute::child`
    pub(crate) fn is_empty(self) -> bool {
        matches!(self.0, [])
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static Plugged> {
        self.0.iter()
    }

    pub(crate) fn begin(self) {
        self.call(Hook::Begin, |plugin| plugin.begin());
    }

    pub(crate) fn finish(self) {
        self.call(Hook::Finish, |plugin| plugin.finish());
    }

    pub(crate) fn before(self) {
        self.call(Hook::Before, |plugin| plugin.before());
    }

    pub(crate) fn after(self, test: &TestReport<'_>) {
        self.call(Hook::After, |plugin| plugin.after(test));
    }

    fn call(self, which: Hook, hook: impl Fn(&dyn Plugin)) {
        for plugged in self.0 {
            plugged.call(which, &hook);
        }
    }

    /// What went wrong with them in this process since this was last asked.
    pub(crate) fn take_troubles(self) -> Vec<Trouble> {
        self.0.iter().filter_map(Plugged::take_trouble).collect()
    }
}

impl Plugged {
    /// What this one has to say.
    pub(crate) fn report(&self, run: &RunReport<'_>) -> Option<String> {
        self.call(Hook::Report, |plugin| plugin.report(run))
    }

    pub(crate) fn take_trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
