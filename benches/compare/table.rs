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

    /// snout's value over the other's, pair by pair.
    fn ratios(&self) -> Vec<f64> {
        self.ours.values.iter().zip(&self.theirs.values).map(|(ours, theirs)| ours / theirs).collect()
    }

    fn write(&self, out: &mut String) {
        let ratios = self.ratios();
        let (low, high) = interval(&ratios);
        let (from, to) = if matches!(self.goal, Goal::Faster(_)) { (high, low) } else { (low, high) };
        let unit = self.unit();
        let medians = median(&self.ours.values) / median(&self.theirs.values);
        let _ = writeln!(
            out,
            "| {} | {} | {} | **{}**{unit} ({}–{}) | {}{unit} | {} | {} |",
            self.what,
            self.side(&self.ours),
            self.side(&self.theirs),
            self.ratio(median(&ratios)),
            self.ratio(from),
            self.ratio(to),
            self.ratio(medians),
            self.goal(),
            self.verdict(median(&ratios), (low, high)),
        );
    }

    fn side(&self, side: &Side) -> String {
        let (least, greatest) = range(&side.values);
        let show = |value| self.quantity.show(value);
        let cpu = side.cpu.map(|cpu| format!("; cpu {}", show(cpu))).unwrap_or_default();
        let middle = show(median(&side.values));
        format!("{}: **{middle}** ({}–{}{cpu})", side.name, show(least), show(greatest))
    }

    /// A ratio, the way the goal is put: how many times as fast, or how many times as much.
    fn ratio(&self, ours_over_theirs: f64) -> String {
        match self.goal {
            Goal::Faster(_) => format!("{:.2}", 1.0 / ours_over_theirs),
            Goal::AtMost(_) | Goal::Told => format!("{ours_over_theirs:.2}"),
        }
    }

    /// What the ratios are ratios of.
    fn unit(&self) -> &'static str {
        match (self.goal, self.quantity) {
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
            Goal::Told => "–".to_owned(),
        }
    }

    fn verdict(&self, middle: f64, (low, high): (f64, f64)) -> &'static str {
        let limit = match self.goal {
            Goal::Faster(times) => 1.0 / times,
            Goal::AtMost(times) => times,
            Goal::Told => return "–",
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
        "| what | snout: median (min–max) | other: median (min–max) | median of paired ratios (95 %) | ratio of medians | goal | verdict |\n\
         |---|---|---|---|---|---|---|\n",
    );
    rows.iter().for_each(|row| row.write(&mut out));
    out.truncate(out.trim_end().len());
    out
}
