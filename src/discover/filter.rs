//! Which tests a selection takes: libtest's rules.
//!
//! A test is taken if its name hits one of the filters (or there is none) and none of the skips. To hit is to be
//! contained in the name, or with `--exact` to be the name, for filters and skips alike.

use crate::contract::{ShouldPanic, StaticTestName, TestDesc};
use crate::model::RunIgnored;
use crate::settings::Selection;

impl Selection {
    /// Whether every test there is would be taken.
    pub(super) fn takes_all(&self) -> bool {
        self.filters.is_empty()
            && self.skips.is_empty()
            && !self.exclude_should_panic
            && self.ignored != RunIgnored::Only
    }

    pub(super) fn takes(&self, desc: &TestDesc) -> bool {
        if self.ignored == RunIgnored::Only && !desc.ignore {
            return false;
        }
        if self.exclude_should_panic && desc.should_panic != ShouldPanic::No {
            return false;
        }
        let StaticTestName(name) = desc.name;
        self.takes_name(name)
    }

    /// Whether a test without marks is taken.
    pub(super) fn takes_unmarked(&self, name: &str) -> bool {
        self.ignored != RunIgnored::Only && self.takes_name(name)
    }

    fn takes_name(&self, name: &str) -> bool {
        (self.filters.is_empty() || self.hits(&self.filters, name)) && !self.hits(&self.skips, name)
    }

    fn hits(&self, words: &[String], name: &str) -> bool {
        for word in words {
            if if self.exact { name == word } else { name.contains(&**word) } {
                return true;
            }
        }
        false
    }
}
