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

use crate::model::{Case, Expectation, Failure, Outcome, Reason};
use crate::skip::Skip;

/// How a test function ended.
pub(super) enum End<'run> {
    Returned,
    /// It returned an error, which it has printed; the text is what its termination value came to.
    Failed(String),
    Panicked(&'run (dyn Any + Send)),
}

/// What that end means for this test.
#[inline(always)] // see `execute::child`
pub(super) fn judge(case: &Case, end: &End<'_>) -> Outcome {
    match (case.expectation, end) {
        (Expectation::Return, End::Returned) => Outcome::Passed,
        _ => judge_closely(case, end),
    }
}

fn judge_closely(case: &Case, end: &End<'_>) -> Outcome {
    if let End::Panicked(payload) = end
        && let Some(skip) = payload.downcast_ref::<Skip>()
    {
        let reason = Reason { class: skip.class.clone(), text: skip.reason.clone() };
        return if skip.fails {
            Outcome::Failed(Failure::Ended(reason))
        } else {
            Outcome::Ignored(Some(reason))
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Source;

    fn case(expectation: Expectation) -> Case {
        let source = Source { file: "src/lib.rs", start_line: 3, start_col: 5, ..Source::default() };
        Case { source, expectation, ..Case::of_test("m::f") }
    }

    fn verdict(expectation: Expectation, end: &End<'_>) -> Result<(), Option<String>> {
        match judge(&case(expectation), end) {
            Outcome::Passed => Ok(()),
            Outcome::Failed(failure) => Err(failure.message()),
            other => panic!("neither passed nor failed: {other:?}"),
        }
    }

    /// The texts were compared with those of the libtest of Rust 1.95.
    #[test]
    fn the_table_above_holds() {
        let (text, owned, number) = ("say x", "say x".to_owned(), 7);
        let error = || End::Failed("say x".to_owned());
        let no = |text: &str| Err(Some(text.to_owned()));
        let (returns, panics) = (Expectation::Return, Expectation::Panic);
        let (x, z) = (Expectation::PanicWith("x"), Expectation::PanicWith("z"));
        let location = "test did not panic as expected at src/lib.rs:3:5";
        let other_text = "panic did not contain expected string\n      panic message: \"say x\"\n expected substring: \"z\"";
        for (expectation, end, wanted) in [
            (returns, End::Returned, Ok(())),
            (returns, error(), Err(None)),
            (returns, End::Panicked(&text), Err(None)),
            (panics, End::Returned, no(location)),
            (panics, End::Panicked(&number), Ok(())),
            (panics, error(), Ok(())),
            (x, End::Panicked(&text), Ok(())),
            (x, End::Panicked(&owned), Ok(())),
            (x, error(), Ok(())),
            (x, End::Returned, no(location)),
            (z, End::Panicked(&text), no(other_text)),
            (z, error(), no(other_text)),
        ] {
            assert_eq!(verdict(expectation, &end), wanted, "{expectation:?}");
        }
        let no_text = verdict(z, &End::Panicked(&number)).unwrap_err().unwrap();
        assert!(
            no_text.starts_with("expected panic with string value,\n found non-string value: `TypeId("),
            "{no_text}"
        );
        assert!(no_text.ends_with(")`\n     expected substring: \"z\""), "{no_text}");
    }

    #[test]
    fn a_skip_is_ignored_whatever_was_expected() {
        for expectation in [Expectation::Return, Expectation::Panic, Expectation::PanicWith("x")] {
            let skip = Skip { class: None, fails: false, reason: "why".to_owned() };
            let outcome = judge(&case(expectation), &End::Panicked(&skip));
            assert_eq!(outcome, Outcome::Ignored(Some(Reason::plain("why"))));
        }
    }
}
