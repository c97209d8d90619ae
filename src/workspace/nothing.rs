//! What a run comes to in which no test came out.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::arguments::Request;
use super::results::counted;
use super::{exit, say};

/// Whether that is a failure. Names and default are nextest's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NoTests {
    #[default]
    Fail,
    Pass,
    Warn,
}

impl ValueEnum for NoTests {
    fn value_variants<'a>() -> &'a [NoTests] {
        &[NoTests::Fail, NoTests::Pass, NoTests::Warn]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

impl NoTests {
    pub(super) fn word(self) -> &'static str {
        match self {
            NoTests::Fail => "fail",
            NoTests::Pass => "pass",
            NoTests::Warn => "warn",
        }
    }
}

impl Request {
    /// Says that there was nothing, if that is to be said. The exit code.
    pub(super) fn without_tests(&self, filtered_out: usize, left_out: usize) -> u8 {
        let text = self.why_nothing(filtered_out, left_out);
        match self.no_tests.unwrap_or_default() {
            NoTests::Pass => exit::GOOD,
            NoTests::Warn => {
                say(&format!("warning: {text}"));
                exit::GOOD
            }
            NoTests::Fail => {
                say(&format!("error: {text}"));
                exit::NO_TESTS
            }
        }
    }

    fn why_nothing(&self, filtered_out: usize, left_out: usize) -> String {
        let counts = [(filtered_out, "test", "filtered out"), (left_out, "suite", "left out")];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        let parts: String =
            counts.map(|(count, noun, word)| format!(", {} {word}", counted(count, noun))).collect();
        if self.failed && self.has_all_that_failed() {
            return format!("nothing of this failed the last time{parts}: run it all, `cargo snout`");
        }
        if parts.is_empty() {
            return "there are no tests in what was selected: see `cargo snout --workspace`".to_owned();
        }
        format!("no test was selected{parts}: see the names without a filter, `cargo snout`")
    }
}
