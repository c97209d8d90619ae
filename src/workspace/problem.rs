//! What keeps `cargo snout` from doing what it was asked for: one line that ends with what to do next, and an exit code.

use std::fmt;
use std::path::Path;

use super::exit;

/// Why there is no run, or no more of it.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    code: u8,
}

impl Problem {
    /// `text` is one line, and ends with what to do next.
    pub(super) fn new(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), code: exit::PROBLEM }
    }

    /// `action` is what was being done to `path`: "cannot {action} `{path}`: {cause}".
    pub(super) fn path(action: &str, path: &Path, cause: &dyn fmt::Display) -> Problem {
        Problem::new(format!(
            "cannot {action} `{}`: {cause}; see that its folder is there, to its permissions, and to the room on its disk",
            path.display()
        ))
    }

    /// cargo could not be run, or was ended.
    pub(super) fn cargo(cause: &dyn fmt::Display) -> Problem {
        Problem::new(format!("cannot run cargo: {cause}; is it installed, as https://rustup.rs does?"))
    }

    /// cargo has said what is wrong, and ended with this code.
    pub(super) fn told_by_cargo(code: Option<i32>) -> Problem {
        let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::BUILD_FAILED);
        Problem { text: String::new(), code }
    }

    pub(super) fn code(&self) -> u8 {
        self.code
    }

    /// What is to be said; nothing if cargo has said it.
    pub(super) fn line(&self) -> Option<String> {
        (!self.text.is_empty()).then(|| format!("error: {}", self.text))
    }
}
