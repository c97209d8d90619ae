//! The record of a run folds to what the report says.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::process::plain;
use crate::program::executable;
use crate::run::Ran;
use crate::said::{Said, Verdict};

/// Whether the program writes records.
pub(crate) fn is_known() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let output = plain(executable()).arg("--help").output().expect("it can be run");
        String::from_utf8_lossy(&output.stdout).contains("--record")
    })
}

/// In what the record differs from the report.
pub(crate) fn wrong(ran: &Ran, said: &Said) -> Vec<String> {
    let Some(record) = &ran.record else {
        return if is_known() { vec!["there is no record".to_owned()] } else { Vec::new() };
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut last = None;
    for line in record.lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
            wrong.push(format!("a line of the record is no JSON: {line}"));
            continue;
        };
        if value["event"] == "finished" {
            let (test, outcome) =
                (value["test"].as_str().unwrap_or_default(), value["outcome"].as_str().unwrap_or_default());
            *counts.entry(outcome.to_owned()).or_default() += 1;
            wrong.extend(against(said.verdicts.get(test), test, outcome));
        }
        last = Some(value);
    }
    let count = |outcome: &str| counts.get(outcome).copied().unwrap_or_default();
    let folded = [count("passed"), count("failed"), count("ignored")];
    let last = last.unwrap_or_default();
    let told =
        ["passed", "failed", "ignored"].map(|key| last[key].as_u64().and_then(|it| usize::try_from(it).ok()));
    if last["event"] != "run_finished" || told != folded.map(Some) {
        wrong.push(format!("the record ends with {last}, and folds to {folded:?}"));
    }
    wrong
}

fn against(verdicts: Option<&Vec<Verdict>>, test: &str, outcome: &str) -> Option<String> {
    let same = match verdicts.map(Vec::as_slice) {
        // The format does not list it.
        None => outcome != "failed",
        Some([Verdict::Ok]) => outcome == "passed",
        Some([Verdict::Failed(_)]) => outcome == "failed",
        Some([Verdict::Ignored]) => outcome == "ignored",
        Some(_) => false,
    };
    (!same).then(|| format!("`{test}` is {outcome} in the record, and {verdicts:?} in the report"))
}
