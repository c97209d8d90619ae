//! How tests came out, as `cargo snout` and as `cargo test` tell it.

use std::collections::BTreeMap;

use crate::process::Ended;
use crate::result_line;

/// How often a test of this name came out with this word. Names are not unique in a workspace.
pub(crate) type Verdicts = BTreeMap<(String, &'static str), usize>;

/// By the lines of `cargo test`.
pub(crate) fn of_cargo_test(ended: &Ended) -> Verdicts {
    let mut verdicts = Verdicts::new();
    // trybuild has lines of its own that look like these, in colours.
    let text = ended.text();
    let lines = text.lines().filter(|line| !line.contains('\u{1b}'));
    for (name, words) in lines.filter_map(result_line::read) {
        let word = match words {
            "ok" => "PASS",
            "FAILED" => "FAIL",
            _ if words.starts_with("ignored") => "SKIP",
            _ => ended.fail(&format!("`{name}` came out as `{words}`")),
        };
        *verdicts.entry((name.to_owned(), word)).or_default() += 1;
    }
    verdicts
}

/// By the lines of `cargo snout`, as far as they come while tests run: suite, name and word.
pub(crate) fn lines(ended: &Ended) -> Vec<(String, String, String)> {
    let text = ended.text();
    let live = text.lines().take_while(|line| !["failures:", "failed:"].contains(line));
    live.filter_map(|line| {
        let (word, rest) = line.split_once('[')?;
        let (_, rest) = rest.split_once("] ")?;
        let word = word.trim();
        let (suite, test) = match rest.split_once(" (doc) ") {
            Some((package, test)) => (format!("{package} (doc)"), test),
            None => rest.split_once(' ').map(|(suite, test)| (suite.to_owned(), test))?,
        };
        (word != "Summary" && !word.is_empty()).then(|| (suite, test.to_owned(), word.to_owned()))
    })
    .collect()
}

/// The same, to be compared with those of `cargo test`. A target without a harness has no lines there.
pub(crate) fn of_snout(ended: &Ended) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for (_, test, word) in lines(ended).into_iter().filter(|(_, test, _)| test != "main") {
        let word = ["PASS", "FAIL", "SKIP"].into_iter().find(|known| *known == word);
        let word = word.unwrap_or_else(|| ended.fail(&format!("`{test}` came out as something else")));
        let name = if word == "SKIP" { test.split(" (").next().unwrap_or_default().to_owned() } else { test };
        *verdicts.entry((name, word)).or_default() += 1;
    }
    verdicts
}
