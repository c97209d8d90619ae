//! Skipping at run time.

/// What a test that skips itself unwinds with.
#[derive(Debug)]
pub(crate) struct Skip {
    pub(crate) reason: String,
}

/// Ends the current test as ignored; [`skip!`](crate::skip!) is the short way to write it.
///
/// Unwinds, so values on the stack are dropped, and nothing is printed. In a thread that a test spawned it ends only that
/// thread, as a panic would.
pub fn skip(reason: impl Into<String>) -> ! {
    let skip = Skip { reason: reason.into() };
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
