//! Rows of the report, and what became of each goal.

use std::fmt::Write;

use crate::process::Usage;
use crate::rounds::Series;
use crate::statistics::{interval, median, range};

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    Time,
    Memory,
}

/// What snout is to achieve.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// So many times as fast.
    Faster(f64),
    /// Not more than so many times as much.
    AtMost(f64),
    /// So many of them cost at most so many seconds more each; or nothing was promised.
    More(usize, Option<f64>),
    /// Nothing was promised.
    Told,
}

/// snout beside something else.
pub(crate) struct Row {
    what: String,
    ours: Side,
    theirs: Side,
    goal: Goal,
    quantity: Quantity,
}

/// One of the two.
struct Side {
    name: String,
    values: Vec<f64>,
    cpu: Option<f64>,
}

impl Row {
    /// Compares times.
    pub(crate) fn times(what: impl Into<String>, ours: &Series, theirs: &Series, goal: Goal) -> Row {
        let side = |series: &Series| Side {
            name: series.name.clone(),
            values: series.usages.iter().map(|usage| usage.wall).collect(),
            cpu: Some(median(&series.usages.iter().map(|usage| usage.cpu).collect::<Vec<_>>())),
        };
        Row { what: what.into(), ours: side(ours), theirs: side(theirs), goal, quantity: Quantity::Time }
    }

    /// Compares the largest processes.
    pub(crate) fn peaks(what: impl Into<String>, ours: &Series, theirs: &Series, goal: Goal) -> Row {
        let values = |series: &Series| series.usages.iter().map(|usage: &Usage| usage.peak).collect();
        Row::bytes(what, (&ours.name, values(ours)), (&theirs.name, values(theirs)), goal)
    }

    /// Compares sizes in bytes.
    pub(crate) fn bytes(
        what: impl Into<String>,
        ours: (&str, Vec<f64>),
        theirs: (&str, Vec<f64>),
        goal: Goal,
    ) -> Row {
        let side = |(name, values): (&str, Vec<f64>)| Side { name: name.to_owned(), values, cpu: None };
        Row { what: what.into(), ours: side(ours), theirs: side(theirs), goal, quantity: Quantity::Memory }
    }

    /// Pair by pair.
    fn compared(&self) -> Vec<f64> {
        self.ours
            .values
            .iter()
            .zip(&self.theirs.values)
            .map(|(ours, theirs)| self.compare(*ours, *theirs))
            .collect()
    }

    /// snout's value over the other's; or by how much it is more, for each of those that it is about.
    fn compare(&self, ours: f64, theirs: f64) -> f64 {
        match self.goal {
            Goal::More(count, _) => (ours - theirs) / count as f64,
            Goal::Faster(_) | Goal::AtMost(_) | Goal::Told => ours / theirs,
        }
    }

    fn write(&self, out: &mut String) {
        let compared = self.compared();
        let (low, high) = interval(&compared);
        let (from, to) = if matches!(self.goal, Goal::Faster(_)) { (high, low) } else { (low, high) };
        let unit = self.unit();
        let medians = self.compare(median(&self.ours.values), median(&self.theirs.values));
        let _ = writeln!(
            out,
            "| {} | {} | {} | **{}**{unit} ({}–{}) | {}{unit} | {} | {} |",
            self.what,
            self.side(&self.ours),
            self.side(&self.theirs),
            self.comparison(median(&compared)),
            self.comparison(from),
            self.comparison(to),
            self.comparison(medians),
            self.goal(),
            self.verdict(median(&compared), (low, high)),
        );
    }

    fn side(&self, side: &Side) -> String {
        let (least, greatest) = range(&side.values);
        let show = |value| self.quantity.show(value);
        let cpu = side.cpu.map(|cpu| format!("; cpu {}", show(cpu))).unwrap_or_default();
        let middle = show(median(&side.values));
        format!("{}: **{middle}** ({}–{}{cpu})", side.name, show(least), show(greatest))
    }

    /// What was compared, the way the goal is put: how many times as fast, how many times as much, how many microseconds more.
    fn comparison(&self, compared: f64) -> String {
        match self.goal {
            Goal::Faster(_) => format!("{:.2}", 1.0 / compared),
            Goal::More(..) => format!("{:.2}", compared * 1e6),
            Goal::AtMost(_) | Goal::Told => format!("{compared:.2}"),
        }
    }

    /// What the comparison is in.
    fn unit(&self) -> &'static str {
        match (self.goal, self.quantity) {
            (Goal::More(..), _) => " µs more each",
            (Goal::Faster(_), _) => "× as fast",
            (_, Quantity::Time) => "× the time",
            (_, Quantity::Memory) => "× the bytes",
        }
    }

    fn goal(&self) -> String {
        match self.goal {
            Goal::Faster(1.0) => "not slower".to_owned(),
            Goal::Faster(times) => format!("≥ {times}× as fast"),
            Goal::AtMost(1.0) => "not more".to_owned(),
            Goal::AtMost(times) => format!("≤ {times}×"),
            Goal::More(_, Some(seconds)) => format!("≤ {} µs more each", seconds * 1e6),
            Goal::More(_, None) => "–".to_owned(),
            Goal::Told => "–".to_owned(),
        }
    }

    fn verdict(&self, middle: f64, (low, high): (f64, f64)) -> &'static str {
        let limit = match self.goal {
            Goal::Faster(times) => 1.0 / times,
            Goal::AtMost(times) | Goal::More(_, Some(times)) => times,
            Goal::More(_, None) | Goal::Told => return "–",
        };
        match (middle <= limit, low <= limit && limit < high) {
            (true, false) => "met",
            (true, true) => "met, within noise",
            (false, false) => "**missed**",
            (false, true) => "**missed**, within noise",
        }
    }
}

impl Quantity {
    fn show(self, value: f64) -> String {
        match self {
            Quantity::Time if value < 0.1 => format!("{:.2} ms", value * 1e3),
            Quantity::Time if value < 1.0 => format!("{:.0} ms", value * 1e3),
            Quantity::Time => format!("{value:.2} s"),
            Quantity::Memory => format!("{:.2} MiB", value / f64::from(1 << 20)),
        }
    }
}

/// The rows as a table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut out = String::from(
        "| what | snout: median (min–max) | other: median (min–max) | median of pairs (95 %) | of medians | goal | verdict |\n\
         |---|---|---|---|---|---|---|\n",
    );
    rows.iter().for_each(|row| row.write(&mut out));
    out.truncate(out.trim_end().len());
    out
}
