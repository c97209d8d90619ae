//! Adds up the result lines of several test binaries while their output goes by.
//!
//! Knows only `test result: ok. 5 passed; 0 failed; 1 ignored; …`, which libtest and snout print alike, with or
//! without colours. Text comes in pieces that end anywhere.

use std::fmt;

/// What the test binaries of one run counted.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) binaries: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// Not selected; they show that there are tests.
    pub(crate) filtered: u64,
    unfinished: Vec<u8>,
}

impl Tally {
    /// Takes in the next piece of output.
    pub(crate) fn read(&mut self, text: &[u8]) {
        self.unfinished.extend_from_slice(text);
        let Some(end) = self.unfinished.iter().rposition(|&byte| byte == b'\n') else {
            return;
        };
        let rest = self.unfinished.split_off(end + 1);
        let lines = std::mem::replace(&mut self.unfinished, rest);
        String::from_utf8_lossy(&lines).lines().for_each(|line| self.line(line));
    }

    /// All tests that the binaries contain.
    pub(crate) fn tests(&self) -> u64 {
        self.passed + self.failed + self.ignored + self.filtered
    }

    fn line(&mut self, line: &str) {
        // Not at the start only: a test that writes past its harness may have left the line unfinished.
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        let Some((passed, failed)) = count(result, " passed;").zip(count(result, " failed;")) else {
            return;
        };
        self.binaries += 1;
        self.passed += passed;
        self.failed += failed;
        self.ignored += count(result, " ignored;").unwrap_or(0);
        self.filtered += count(result, " filtered out;").unwrap_or(0);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { binaries, passed, failed, ignored, .. } = self;
        let s = if *binaries == 1 { "y" } else { "ies" };
        write!(formatter, "{binaries} binar{s}, {passed} passed, {failed} failed, {ignored} ignored")
    }
}

/// The number in front of `word`.
fn count(result: &str, word: &str) -> Option<u64> {
    let (before, _) = result.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}
