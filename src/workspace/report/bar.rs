//! The bar at the bottom of a terminal: how far the run is, how long it may still take, and what runs.
//!
//! It is lines like any others, which are taken back before anything else is written: no cursor is hidden and no mode is set, so however
//! the run ends there is nothing to put right. How wide the terminal is, is asked each time: lines are cut to it, for of a line that went
//! over the edge nobody could say how many rows it takes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::time::Duration;

use crate::sys::terminal;
use crate::workspace::events::{self, Event, RunLine, What};
use crate::workspace::record::Line;
use crate::workspace::replay;
use crate::workspace::results::Ledger;

/// A run that is over by then needs no bar.
const BEGIN: Duration = Duration::from_millis(300);
/// How often it is drawn, if nothing happens.
const STEP: Duration = Duration::from_millis(100);
/// So many tests are named.
const NAMED: usize = 8;
/// Cells of the bar itself.
const CELLS: usize = 20;
/// A terminal that is narrower has no room for them.
const WIDE: usize = 72;

/// What the last run says of this one, by suite.
#[derive(Debug, Default)]
pub(in crate::workspace) struct Expected(BTreeMap<String, Last>);

/// A suite of the last run.
#[derive(Debug, Default)]
struct Last {
    tests: usize,
    /// Seconds by test; those that have come out in this run are taken out.
    seconds: BTreeMap<String, f64>,
}

impl Expected {
    /// What the record in this folder says, as far as it goes.
    pub(in crate::workspace) fn read(memory: &Path) -> Expected {
        Expected::of(&fs::read_to_string(memory.join(replay::LAST)).unwrap_or_default())
    }

    fn of(record: &str) -> Expected {
        let mut suites = BTreeMap::<String, Last>::new();
        for Event { suite, what, .. } in record.lines().filter_map(events::read) {
            let last = suites.entry(suite).or_default();
            match what {
                What::Suite(Line::Finished(result)) => {
                    last.tests += usize::from(result.iteration.is_none_or(|iteration| iteration == 1));
                    last.seconds.insert(result.test, result.elapsed.unwrap_or_default().as_secs_f64());
                }
                // Of examples nobody knows what each took.
                What::Run(RunLine::SuiteFinished(end))
                    if last.seconds.values().all(|seconds| *seconds == 0.0) =>
                {
                    last.seconds.insert(String::new(), end.elapsed);
                }
                What::Run(_) | What::Suite(_) => {}
            }
        }
        Expected(suites)
    }
}

/// The bar, and what of it stands on the terminal.
pub(super) struct Bar {
    expected: Expected,
    has_colours: bool,
    suites: Vec<String>,
    lanes: usize,
    /// How wide each line is that was drawn.
    drawn: Vec<usize>,
}

impl Bar {
    pub(super) fn new(expected: Expected, has_colours: bool) -> Bar {
        Bar { expected, has_colours, suites: Vec::new(), lanes: 1, drawn: Vec::new() }
    }

    /// Takes in what happened.
    pub(super) fn event(&mut self, event: &Event) {
        let last = self.expected.0.get_mut(&event.suite);
        match &event.what {
            What::Run(RunLine::WorkspaceStarted(start)) => {
                self.suites.clone_from(&start.suites);
                self.lanes = start.lanes;
            }
            What::Run(RunLine::SuiteFinished(_)) => last.into_iter().for_each(|last| last.seconds.clear()),
            What::Suite(Line::Finished(result)) => {
                last.and_then(|last| last.seconds.remove(&result.test));
            }
            What::Run(_) | What::Suite(_) => {}
        }
    }

    /// When it is to be drawn again.
    pub(super) fn patience(&self, elapsed: Duration) -> Duration {
        BEGIN.saturating_sub(elapsed).max(STEP)
    }

    /// What takes it away.
    pub(super) fn erase(&mut self) -> String {
        let columns = terminal::size(io::stdout().as_raw_fd()).map_or(usize::MAX, |(columns, _)| columns);
        self.erase_at(columns)
    }

    /// A terminal that has become narrower since has broken the lines.
    fn erase_at(&mut self, columns: usize) -> String {
        let rows: usize = self.drawn.drain(..).map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        match rows {
            0 => String::new(),
            1 => "\r\u{1b}[J".to_owned(),
            _ => format!("\r\u{1b}[{}A\u{1b}[J", rows - 1),
        }
    }

    /// What draws it, where nothing of it stands.
    pub(super) fn draw(&mut self, ledger: &Ledger, elapsed: Duration) -> String {
        let Some((columns, rows)) = terminal::size(io::stdout().as_raw_fd()) else { return String::new() };
        if elapsed < BEGIN {
            return String::new();
        }
        let lines = self.lines(ledger, elapsed.as_secs_f64(), (columns, rows));
        self.drawn = lines.iter().map(|line| width_of(line)).collect();
        let text = lines.join("\n");
        match text.strip_prefix("     Running") {
            Some(rest) if self.has_colours => format!("\u{1b}[1m     Running\u{1b}[0m{rest}"),
            _ => text,
        }
    }

    fn lines(&self, ledger: &Ledger, now: f64, (columns, rows): (usize, usize)) -> Vec<String> {
        // One column is left free: some terminals go on to the next line as soon as the last one is filled.
        let room = columns.saturating_sub(1);
        let mut lines = vec![cut(&self.head(ledger, now, columns), room)];
        let mut running: Vec<_> = ledger.running.iter().collect();
        running.sort_by(|a, b| a.2.total_cmp(&b.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
        let named = NAMED.min(rows.saturating_sub(2) / 2);
        for (suite, test, began) in running.iter().take(named) {
            lines.push(cut(&format!("             [{:>8.1}s] {suite} {test}", (now - began).max(0.0)), room));
        }
        if running.len() > named && named > 0 {
            lines.push(cut(&format!("             and {} more", running.len() - named), room));
        }
        lines
    }

    fn head(&self, ledger: &Ledger, now: f64, columns: usize) -> String {
        let (done, total) = (ledger.tally.all(), self.total(ledger));
        let bar = if columns >= WIDE { format!("[{}] ", cells(done, total)) } else { String::new() };
        let failed = match ledger.tally.failed {
            0 => String::new(),
            count => format!(", {count} failed"),
        };
        let left =
            self.left(ledger, now).map_or(String::new(), |seconds| format!(", {} left", spelt(seconds)));
        let running = ledger.running.len();
        format!("     Running [{now:>8.1}s] {bar}{done}/{total}: {running} running{failed}{left}")
    }

    /// How many tests there are: as suites have said; those that have not begun, as last time.
    fn total(&self, ledger: &Ledger) -> usize {
        let of = |suite: &String| {
            let last = self.expected.0.get(suite).map_or(0, |last| last.tests);
            match ledger.suites.get(suite) {
                Some(progress) if progress.has_ended => progress.finished,
                Some(progress) => progress.selected.unwrap_or(last).max(progress.finished),
                None => last,
            }
        };
        self.suites.iter().map(of).sum::<usize>().max(ledger.tally.all())
    }

    /// Seconds that the run may still take, by what each test took the last time; nothing where a suite is not known.
    fn left(&self, ledger: &Ledger, now: f64) -> Option<f64> {
        let (mut all, mut longest) = (0.0, 0.0_f64);
        for suite in &self.suites {
            let last = self.expected.0.get(suite)?;
            // With a filter that was not there then, or without one that was.
            let selected = ledger.suites.get(suite).and_then(|progress| progress.selected);
            let part = selected.map_or(1.0, |selected| selected as f64 / last.tests.max(1) as f64);
            all += last.seconds.values().sum::<f64>() * part;
        }
        for (suite, test, began) in &ledger.running {
            let seconds = self.expected.0.get(suite).and_then(|last| last.seconds.get(test)).copied();
            let seconds = seconds.unwrap_or_default();
            all -= seconds.min(now - began);
            longest = longest.max(seconds - (now - began));
        }
        Some((all / self.lanes.max(1) as f64).max(longest)).filter(|seconds| *seconds > 0.0)
    }
}

/// `=====>    `.
fn cells(done: usize, total: usize) -> String {
    let full = (done * CELLS).checked_div(total).unwrap_or(0).min(CELLS);
    let head = if full < CELLS { ">" } else { "" };
    format!("{:<CELLS$}", format!("{}{head}", "=".repeat(full)))
}

/// `14s`, `3m 05s`.
fn spelt(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m {:02}s", seconds / 60, seconds % 60) }
}

/// Columns that a text takes, or more: what is not ASCII may take two.
fn width_of(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

/// So much of a text as has room, and nothing in it that moves the cursor.
fn cut(text: &str, room: usize) -> String {
    let mut left = room;
    let mut kept = String::new();
    for character in text.chars() {
        let character = if character.is_control() { '?' } else { character };
        let width = if character.is_ascii() { 1 } else { 2 };
        if width > left {
            break;
        }
        left -= width;
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::results::Progress;

    fn ledger(running: &[(&str, f64)]) -> Ledger {
        let running = running.iter().map(|(test, at)| ("shop".to_owned(), (*test).to_owned(), *at));
        let mut ledger = Ledger { running: running.collect(), ..Ledger::default() };
        let progress = Progress { selected: Some(40), finished: 10, has_ended: false, ..Progress::default() };
        ledger.suites.insert("shop".to_owned(), progress);
        ledger.tally.passed = 9;
        ledger.tally.failed = 1;
        ledger
    }

    fn bar(record: &str) -> Bar {
        let mut bar = Bar::new(Expected::of(record), false);
        let suites = ["shop", "cart"].map(str::to_owned).to_vec();
        let start = RunLine::WorkspaceStarted(events::Start { lanes: 2, suites, ..events::Start::default() });
        bar.event(&Event { suite: String::new(), at: 0.0, what: What::Run(start) });
        bar
    }

    const RECORD: &str = r#"{"suite":"shop","at":1,"event":"finished","test":"a","outcome":"passed","elapsed":30}
{"suite":"shop","at":1,"event":"finished","test":"b","outcome":"passed","elapsed":1}
{"suite":"shop","at":1,"event":"finished","test":"c","outcome":"passed","elapsed":9}
{"suite":"cart","at":1,"event":"finished","test":"b","outcome":"passed","elapsed":0.5}
{"suite":"cart","at":1,"event":"finished","test":"c","outcome":"failed","failure":"plain","elapsed":7.5}
{"suite":"cart","at":1,"event":"fini"#;

    fn finished(suite: &str, test: &str) -> Event {
        let line =
            format!(r#"{{"suite":"{suite}","at":2,"event":"finished","test":"{test}","outcome":"passed"}}"#);
        events::read(&line).expect("an event")
    }

    #[test]
    fn it_says_how_far_the_run_is_and_what_runs() {
        let mut ledger = ledger(&[("b", 4.0), ("a", 1.5)]);
        ledger.suites.entry("shop".to_owned()).or_default().selected = Some(3);
        ledger.tally.passed = 0;
        let mut bar = bar(RECORD);
        bar.event(&finished("shop", "c"));
        let lines = bar.lines(&ledger, 5.0, (100, 24));
        let expected = [
            // `a` alone takes 30 s, and began 3.5 s ago; the others have the second lane.
            "     Running [     5.0s] [=>                  ] 1/12: 2 running, 1 failed, 27s left",
            "             [     3.5s] shop a",
            "             [     1.0s] shop b",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_left_is_shared_by_the_lanes_and_scaled_by_what_is_selected() {
        let mut ledger = ledger(&[]);
        let left = |bar: &Bar, ledger: &Ledger| bar.left(ledger, 5.0);
        let mut bar = bar(RECORD);
        ledger.suites.entry("shop".to_owned()).or_default().selected = Some(3);
        assert_eq!(left(&bar, &ledger), Some((40.0 + 8.0) / 2.0));
        ledger.suites.entry("cart".to_owned()).or_default().selected = Some(1);
        assert_eq!(left(&bar, &ledger), Some((40.0 + 4.0) / 2.0));
        bar.event(&finished("shop", "a"));
        assert_eq!(left(&bar, &ledger), Some((10.0 + 4.0) / 2.0));
    }

    #[test]
    fn suites_whose_tests_have_no_times_are_expected_to_take_what_they_took() {
        let record = r#"{"suite":"x (doc)","at":1,"event":"finished","test":"a","outcome":"passed"}
{"suite":"x (doc)","at":1,"event":"suite_finished","elapsed":2.5,"code":0,"filtered_out":0,"not_run":0}"#;
        let expected = Expected::of(record);
        assert_eq!(expected.0["x (doc)"].seconds.values().sum::<f64>(), 2.5);
        assert_eq!(expected.0["x (doc)"].tests, 1);
    }

    #[test]
    fn without_a_last_run_nothing_is_told_of_the_time_left() {
        let lines = bar("").lines(&ledger(&[]), 5.0, (80, 24));
        assert_eq!(lines, ["     Running [     5.0s] [=====>              ] 10/40: 0 running, 1 failed"]);
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_and_few_rows_are_taken() {
        let long = "é\u{1b}[2J😀\n".repeat(40);
        let tests: Vec<(&str, f64)> = (0..30).map(|at| (&*long, f64::from(at))).collect();
        for (columns, rows) in [(0, 0), (1, 1), (2, 3), (20, 5), (79, 10), (300, 100)] {
            let lines = bar(RECORD).lines(&ledger(&tests), 100.0, (columns, rows));
            assert!(lines.iter().all(|line| width_of(line) < columns.max(1)), "{columns}: {lines:?}");
            assert!(lines.iter().all(|line| !line.contains(char::is_control)), "{lines:?}");
            assert!(lines.len() <= (rows / 2 + 1).min(NAMED + 2), "{columns} {rows}: {lines:?}");
        }
    }

    #[test]
    fn it_is_taken_back_by_as_many_rows_as_it_takes() {
        let mut bar = bar("");
        assert_eq!(bar.erase_at(80), "", "nothing is drawn");
        bar.drawn = vec![70, 30];
        assert_eq!(bar.erase_at(80), "\r\u{1b}[1A\u{1b}[J");
        assert_eq!(bar.erase_at(80), "", "it is gone");
        bar.drawn = vec![70, 0];
        assert_eq!(bar.erase_at(40), "\r\u{1b}[2A\u{1b}[J", "broken into two by a narrower terminal");
        bar.drawn = vec![10];
        assert_eq!(bar.erase_at(0), "\r\u{1b}[9A\u{1b}[J");
    }

    #[test]
    fn times_are_spelt() {
        assert_eq!([0.2, 59.0, 60.0, 3725.0].map(spelt), ["1s", "59s", "1m 00s", "62m 05s"]);
    }
}
