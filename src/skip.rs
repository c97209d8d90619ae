//! Skipping at run time.

/// What a test that skips itself unwinds with.
#[derive(Debug)]
pub(crate) struct Skip {
    /// The class of outcomes that it names.
    pub(crate) class: Option<String>,
    /// It counts as failed.
    pub(crate) fails: bool,
    pub(crate) reason: String,
}

/// Ends the current test as ignored; [`skip!`](crate::skip!) is the short way to write it.
///
/// Unwinds, so values on the stack are dropped, and nothing is printed. In a thread that a test spawned it ends only that
/// thread, as a panic would.
pub fn skip(reason: impl Into<String>) -> ! {
    unwind(Skip { class: None, fails: false, reason: reason.into() })
}

/// Ends the current test with a class of outcomes of its own; [`end!`](crate::end!) is the short way to write it.
///
/// The class is counted by itself in the summary. With `fails` the test counts as failed, else as ignored.
pub fn end(class: impl Into<String>, fails: bool, reason: impl Into<String>) -> ! {
    unwind(Skip { class: Some(class.into()), fails, reason: reason.into() })
}

fn unwind(skip: Skip) -> ! {
    if cfg!(panic = "abort") {
        // Nothing can unwind; a hook of ours knows the payload.
        std::panic::panic_any(skip)
    }
    // This does not call the panic hook: a skip is no panic, and must not look like one.
    std::panic::resume_unwind(Box::new(skip))
}

/// Ends the current test as ignored, with a reason as `format!` takes it. Nothing below it in the test runs.
///
/// ```no_run
/// # let docker_is_there = false;
/// if !docker_is_there {
///     snout::skip!("no docker here");
/// }
/// ```
#[macro_export]
macro_rules! skip {
    () => { $crate::skip("skipped itself") };
    ($($reason:tt)+) => { $crate::skip(::std::format!($($reason)+)) };
}

/// Ends the current test with a class of outcomes of its own, and a reason as `format!` takes it. Nothing below it in the test
/// runs. The class is counted in the summary; with `fails = true` the test counts as failed, else as ignored.
///
/// ```no_run
/// # let version = 1;
/// snout::end!("TODO", "waits for version {version}");
/// ```
/// ```no_run
/// snout::end!("BROKEN", fails = true, "since the move");
/// ```
#[macro_export]
macro_rules! end {
    ($class:expr, fails = $fails:expr, $($reason:tt)+) => {
        $crate::end($class, $fails, ::std::format!($($reason)+))
    };
    ($class:expr, $($reason:tt)+) => { $crate::end($class, false, ::std::format!($($reason)+)) };
}
