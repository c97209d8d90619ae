//! One suite under libtest, and under snout in every mode.

use std::fmt::Write as _;

use crate::harness::Harness;
use crate::rig::{Build, Mode, Run, Suite};
use crate::verdicts::{Name, differences};

const MODES: [Mode; 3] = [
    Mode("SNOUT_THREAD_MODE", "fresh"),
    Mode("SNOUT_THREAD_MODE", "pooled"),
    Mode("SNOUT_ISOLATE", "always"),
];

/// Panics with every difference there is.
pub(crate) fn under_both(suite: &Suite) {
    let problems = problems(suite).unwrap_or_else(|problem| vec![problem]);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn problems(suite: &Suite) -> Result<Vec<String>, String> {
    let libtest = Build::of(suite, Harness::Libtest)?.run(None)?;
    let count = libtest.verdicts.len();
    if count < suite.at_least {
        return Err(format!(
            "{} {}: {count} tests, expected {} or more",
            suite.name, suite.version, suite.at_least
        ));
    }
    let build = Build::of(suite, Harness::Snout)?;
    let mut problems = Vec::new();
    for mode in MODES {
        let place = |problem| format!("{} {} under {mode}: {problem}", suite.name, suite.version);
        let told = build.run(Some(mode)).map_err(place).map_or_else(Some, |snout| {
            report(suite, mode, (&libtest, &snout), &|name| build.repeat_test(mode, name))
        });
        problems.extend(told);
    }
    Ok(problems)
}

/// What differs in one mode, and how to see it again; `None` if nothing does.
fn report(
    suite: &Suite,
    mode: Mode,
    (libtest, snout): (&Run, &Run),
    repeat: &dyn Fn(&Name) -> String,
) -> Option<String> {
    let differences = differences(&libtest.verdicts, &snout.verdicts);
    if differences.is_empty() && libtest.code == snout.code {
        return None;
    }
    let mut report =
        format!("{} {} under {mode}: {} verdicts differ", suite.name, suite.version, differences.len());
    if libtest.code != snout.code {
        let _ = write!(
            report,
            "; cargo exits with {:?} under libtest, {:?} under snout",
            libtest.code, snout.code
        );
    }
    for (name, verdicts) in differences {
        let _ = write!(report, "\n  {} of binary {}: {verdicts}", name.test, name.binary);
        let _ = write!(report, "\n    repeat: {}", repeat(&name));
    }
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::{MODES, report};
    use crate::rig::{Run, Suite};
    use crate::verdicts::{Name, Verdict, Verdicts};

    fn run(verdict: Verdict) -> Run {
        let name = Name { binary: "quick".to_owned(), test: "sizes::add".to_owned() };
        let code = if verdict == Verdict::Ok { 0 } else { 101 };
        Run { verdicts: Verdicts::from([(name, verdict)]), code: Some(code) }
    }

    #[test]
    fn a_wrong_verdict_is_reported_with_crate_binary_test_both_verdicts_and_the_command() {
        let suite = Suite { name: "itertools", version: "0.14.0", at_least: 1 };
        let runs = (&run(Verdict::Ok), &run(Verdict::Failed));
        let report = report(&suite, MODES[1], runs, &|name| format!("run {} again", name.test));
        let report = report.expect("the verdicts differ");
        for part in [
            "itertools 0.14.0",
            "under SNOUT_THREAD_MODE=pooled",
            "sizes::add of binary quick: libtest ok, snout FAILED",
            "Some(0) under libtest, Some(101) under snout",
            "repeat: run sizes::add again",
        ] {
            assert!(report.contains(part), "no `{part}` in:\n{report}");
        }
    }

    #[test]
    fn equal_runs_are_not_reported() {
        let suite = Suite { name: "itertools", version: "0.14.0", at_least: 1 };
        assert_eq!(
            report(&suite, MODES[0], (&run(Verdict::Ok), &run(Verdict::Ok)), &|_| String::new()),
            None
        );
    }
}
