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
use crate::workspace::events::{self, What};
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

/// What the last run says of this one: by suite, how many tests there were, and how many seconds they took.
#[derive(Debug, Default)]
pub(in crate::workspace) struct Expected(BTreeMap<String, (usize, f64)>);

impl Expected {
    /// What the record in this folder says, as far as it goes.
    pub(in crate::workspace) fn read(memory: &Path) -> Expected {
        Expected::of(&fs::read_to_string(memory.join(replay::LAST)).unwrap_or_default())
    }

    fn of(record: &str) -> Expected {
        let mut suites = BTreeMap::<String, (usize, f64)>::new();
        for event in record.lines().filter_map(events::read) {
            if let What::Suite(Line::Finished(result)) = event.what {
                let (tests, seconds) = suites.entry(event.suite).or_default();
                *tests += 1;
                *seconds += result.elapsed.unwrap_or_default().as_secs_f64();
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
    /// How wide each line is that was drawn.
    drawn: Vec<usize>,
}

impl Bar {
    pub(super) fn new(expected: Expected, has_colours: bool) -> Bar {
        Bar { expected, has_colours, suites: Vec::new(), drawn: Vec::new() }
    }

    /// Which suites there are.
    pub(super) fn of(&mut self, suites: &[String]) {
        self.suites = suites.to_vec();
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
            let last = self.expected.0.get(suite).map_or(0, |(tests, _)| *tests);
            match ledger.suites.get(suite) {
                Some(progress) if progress.has_ended => progress.finished,
                Some(progress) => progress.selected.unwrap_or(last).max(progress.finished),
                None => last,
            }
        };
        self.suites.iter().map(of).sum::<usize>().max(ledger.tally.all())
    }

    /// Seconds that the run may still take, by what each suite took the last time; nothing where that is not known.
    fn left(&self, ledger: &Ledger, now: f64) -> Option<f64> {
        let (mut all, mut done) = (0.0, 0.0);
        for suite in &self.suites {
            let (tests, seconds) = self.expected.0.get(suite)?;
            // Each test takes some time beyond its own.
            let seconds = seconds + 0.001 * *tests as f64;
            let part = ledger.suites.get(suite).map_or(0.0, |progress| {
                let selected = progress.selected.unwrap_or(*tests).max(1);
                if progress.has_ended { 1.0 } else { (progress.finished as f64 / selected as f64).min(1.0) }
            });
            all += seconds;
            done += seconds * part;
        }
        // From too little nothing can be told.
        (done > all * 0.02).then(|| now * (all - done) / done)
    }
}

/// `=====>    `.
fn cells(done: usize, total: usize) -> String {
    let full = if total == 0 { 0 } else { (done * CELLS / total).min(CELLS) };
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
        let mut ledger = Ledger::default();
        ledger.running =
            running.iter().map(|(test, at)| ("shop".to_owned(), (*test).to_owned(), *at)).collect();
        let progress = Progress { selected: Some(40), finished: 10, has_ended: false };
        ledger.suites.insert("shop".to_owned(), progress);
        ledger.tally.passed = 9;
        ledger.tally.failed = 1;
        ledger
    }

    fn bar(record: &str) -> Bar {
        let mut bar = Bar::new(Expected::of(record), false);
        bar.of(&["shop".to_owned(), "cart".to_owned()]);
        bar
    }

    const RECORD: &str = r#"{"suite":"shop","at":1,"event":"finished","test":"a","outcome":"passed","elapsed":3.999}
{"suite":"cart","at":1,"event":"finished","test":"b","outcome":"passed","elapsed":0.499}
{"suite":"cart","at":1,"event":"finished","test":"c","outcome":"failed","failure":"plain","elapsed":0.499}
{"suite":"cart","at":1,"event":"fini"#;

    #[test]
    fn it_says_how_far_the_run_is_and_what_runs() {
        let lines = bar(RECORD).lines(&ledger(&[("b", 4.0), ("a", 1.5)]), 5.0, (80, 24));
        let expected = [
            "     Running [     5.0s] [====>               ] 10/42: 2 running, 1 failed, 20s left",
            "             [     3.5s] shop a",
            "             [     1.0s] shop b",
        ];
        assert_eq!(lines, expected.map(|line| line.chars().take(79).collect::<String>()));
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
