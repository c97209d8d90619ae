//! Decides what the end of a test function means.
//!
//! Pure. The texts are those of the compiler's libtest 1.95 (`test_result.rs`).
//!
//! | expected   | the function …          | verdict                                        |
//! |------------|-------------------------|------------------------------------------------|
//! | return     | returned success        | passed                                         |
//! | return     | returned an error       | failed; it has printed the error               |
//! | return     | panicked                | failed; the panic has printed itself           |
//! | panic      | returned                | failed: `test did not panic as expected at …`  |
//! | panic      | panicked, or an error   | passed                                         |
//! | panic with | panicked with the text  | passed                                         |
//! | panic with | with another text       | failed: both texts                             |
//! | panic with | with something else     | failed: the type of it                         |
//! | any        | gave up with `skip!`    | ignored, with the reason                       |

use std::any::Any;

use crate::model::{Case, Expectation, Failure, Outcome};
use crate::skip::Skip;

/// How a test function ended.
pub(super) enum End<'run> {
    Returned,
    /// It returned an error, which it has printed; the text is what its termination value came to.
    Failed(String),
    Panicked(&'run (dyn Any + Send)),
}

/// What that end means for this test.
pub(super) fn judge(case: &Case, end: &End<'_>) -> Outcome {
    if let End::Panicked(payload) = end
        && let Some(skip) = payload.downcast_ref::<Skip>()
    {
        return Outcome::Ignored(Some(skip.reason.clone()));
    }
    match (case.expectation, end) {
        (Expectation::Return, End::Returned) | (Expectation::Panic, End::Failed(_) | End::Panicked(_)) => {
            Outcome::Passed
        }
        (Expectation::Return, End::Failed(_) | End::Panicked(_)) => Outcome::Failed(Failure::Plain),
        (Expectation::Panic | Expectation::PanicWith(_), End::Returned) => unexpected(did_not_panic(case)),
        (Expectation::PanicWith(wanted), End::Failed(text)) => compare(text, wanted),
        (Expectation::PanicWith(wanted), End::Panicked(payload)) => match text_of(*payload) {
            Some(text) => compare(text, wanted),
            None => unexpected(no_text(*payload, wanted)),
        },
    }
}

fn unexpected(text: String) -> Outcome {
    Outcome::Failed(Failure::Unexpected(text))
}

fn did_not_panic(case: &Case) -> String {
    let source = &case.source;
    if source.file.is_empty() {
        return "test did not panic as expected".to_owned();
    }
    format!("test did not panic as expected at {}:{}:{}", source.file, source.start_line, source.start_col)
}

fn compare(text: &str, wanted: &str) -> Outcome {
    if text.contains(wanted) {
        return Outcome::Passed;
    }
    unexpected(format!(
        "panic did not contain expected string\n      panic message: {text:?}\n expected substring: {wanted:?}"
    ))
}

fn no_text(payload: &(dyn Any + Send), wanted: &str) -> String {
    let kind = payload.type_id();
    format!(
        "expected panic with string value,\n found non-string value: `{kind:?}`\n     expected substring: {wanted:?}"
    )
}

/// The text of a panic: `panic!` makes a `String` or a `&str` of it.
fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&'static str>().copied())
}
