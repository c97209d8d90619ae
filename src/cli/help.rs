//! What `--help` says: libtest's text, then what is our own.

use super::options;
use super::variables::VARIABLES;

/// The text, for a program called by this name.
pub(super) fn text(program: &str) -> String {
    let usage = options(false).usage(&format!("Usage: {program} [OPTIONS] [FILTERS...]"));
    format!("{usage}{LIBTESTS}{}", own())
}

/// Our section, laid out as `getopts` lays out flags.
fn own() -> String {
    let mut text = String::from(OWN);
    for variable in &VARIABLES {
        text.push_str(&format!("    {}={}\n", variable.name, variable.values));
        for line in wrapped(variable.help, 54) {
            text.push_str(&format!("                        {line}\n"));
        }
    }
    text
}

/// The words of `text` in lines of at most `width`.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const OWN: &str = "

snout runs these tests. Flags that are unstable in the compiler's own harness
are accepted as they are; -Z unstable-options is not needed for them.

Environment variables of its own:
";

/// The text below the flags is libtest's.
const LIBTESTS: &str = r#"

The FILTER string is tested against the name of all tests, and only those
tests whose names contain the filter are run. Multiple filter strings may
be passed, which will run all tests matching any of the filters.

By default, all tests are run in parallel. This can be altered with the
--test-threads flag when running tests (set it to 1).

By default, the tests are run in alphabetical order. Use --shuffle to run
the tests in random order. Pass the generated "shuffle seed" to
--shuffle-seed to run the tests in the same order again. Note that
--shuffle and --shuffle-seed do not affect whether the tests are run in
parallel.

All tests have their standard output and standard error captured by default.
This can be overridden with the --no-capture flag to a value other than "0".
Logging is not captured by default.

Test Attributes:

    `#[test]`        - Indicates a function is a test to be run. This function
                       takes no arguments.
    `#[bench]`       - Indicates a function is a benchmark to be run. This
                       function takes one argument (test::Bencher).
    `#[should_panic]` - This function (also labeled with `#[test]`) will only pass if
                        the code causes a panic (an assertion failure or panic!)
                        A message may be provided, which the failure string must
                        contain: #[should_panic(expected = "foo")].
    `#[ignore]`       - When applied to a function which is already attributed as a
                        test, then the test runner will ignore these tests during
                        normal test runs. Running with --ignored or --include-ignored will run
                        these tests."#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_spoken_of_below_what_libtest_says() {
        let text = text("./bin");
        let (above, below) = text.split_once("these tests.\n\nsnout runs").unwrap();
        assert!(above.starts_with("Usage: ./bin [OPTIONS] [FILTERS...]\n\nOptions:\n"));
        for variable in &VARIABLES {
            assert!(
                below.contains(&format!("\n    {}={}\n", variable.name, variable.values)),
                "{}",
                variable.name
            );
        }
    }

    #[test]
    fn what_is_hidden_is_not_spoken_of() {
        assert!(!text("bin").contains("--nocapture"));
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("a bc def g", 4), ["a bc", "def", "g"]);
        assert_eq!(wrapped("abcdef", 4), ["abcdef"]);
    }
}
