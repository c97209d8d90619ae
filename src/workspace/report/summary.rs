//! The page that GitHub shows of a job: Markdown, appended to the file that `GITHUB_STEP_SUMMARY` names.
//!
//! What tests are called and what they print stands in HTML, where three characters have a meaning, and not in Markdown, where many have.

use super::Reporter;
use super::failure::without_escapes;
use super::pretty;
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::results::{Ledger, counted};

/// GitHub takes none that is longer than a mebibyte, and there may be others in the same step.
const LONGEST: usize = 900 << 10;
/// So much of what a test has printed is shown: its end.
const OUTPUT: usize = 16 << 10;

pub(super) struct Summary;

impl Reporter for Summary {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        if matches!(event.what, What::Run(RunLine::WorkspaceFinished(_))) {
            page(ledger, out);
        }
    }
}

impl Summary {
    pub(super) fn new() -> Summary {
        Summary
    }
}

fn page(ledger: &Ledger, out: &mut String) {
    let mark = if ledger.is_success() && ledger.interrupted.is_none() { "✅" } else { "❌" };
    out.push_str(&format!(
        "### {mark} {} run: {}{}, in {:.1} s\n\n",
        counted(ledger.tally.run(), "test"),
        pretty::counts(ledger),
        pretty::cut_short(ledger),
        ledger.elapsed
    ));
    for (shown, (suite, result)) in ledger.failures.iter().enumerate() {
        let said =
            [&*result.output, &*result.note].map(str::trim_end).into_iter().filter(|text| !text.is_empty());
        let head = format!("{suite} {}", result.shown());
        let entry = details(&head, super::failure::word(result), &said.collect::<Vec<_>>().join("\n"));
        if out.len() + entry.len() > LONGEST {
            let rest = counted(ledger.failures.len() - shown, "more test");
            out.push_str(&format!("{rest} failed: see the job's log.\n\n"));
            break;
        }
        out.push_str(&entry);
    }
    for (suite, text) in &ledger.troubles {
        let entry = details(suite, "trouble", text);
        if out.len() + entry.len() <= LONGEST {
            out.push_str(&entry);
        }
    }
}

fn details(head: &str, word: &str, text: &str) -> String {
    let head = format!("<code>{}</code> {}", html(head).replace('\n', " "), html(word));
    format!("<details><summary>{head}</summary>\n\n<pre>\n{}\n</pre>\n\n</details>\n\n", html(end_of(text)))
}

fn end_of(text: &str) -> &str {
    let mut start = text.len().saturating_sub(OUTPUT);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

fn html(text: &str) -> String {
    let text = without_escapes(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace(|character: char| character.is_control() && !matches!(character, '\n' | '\t'), "\u{fffd}")
}
