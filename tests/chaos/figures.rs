//! What was run, and what was lost.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::check::{is_beheaded, said};
use crate::plan::palette::Class;
use crate::run::Ran;

#[derive(Default)]
pub(crate) struct Figures {
    runs: usize,
    failed_runs: usize,
    tests: usize,
    hostile: usize,
    /// Results of runs that were let come to their end, and that were not reported.
    lost: usize,
    signals: usize,
    kills: BTreeMap<String, usize>,
    beheaded: usize,
    pool_deaths: usize,
    longest: Duration,
    time: Duration,
}

impl Figures {
    pub(crate) fn count(&mut self, ran: &Ran, wrong: &[String]) {
        self.runs += 1;
        self.failed_runs += usize::from(!wrong.is_empty());
        self.tests += ran.selected.len();
        let is_hostile = |class| matches!(class, Class::Dies | Class::Hangs);
        self.hostile +=
            ran.selected.iter().filter(|slot| is_hostile(ran.run.behaviour(**slot).class())).count();
        self.signals += ran.done.signals.len();
        self.longest = self.longest.max(ran.elapsed);
        self.time += ran.elapsed;
        if let Some((victim, _)) = ran.done.killed {
            *self.kills.entry(format!("{victim:?}")).or_default() += 1;
        }
        if is_beheaded(ran) {
            self.beheaded += 1;
            return;
        }
        let text = ran.ended.text() + &ran.ended.error_text();
        self.pool_deaths += text.matches(" while running ").count();
        let counted: usize = said(ran).counts.unwrap_or_default().iter().sum();
        if ran.done.signals.is_empty() {
            self.lost += ran.selected.len().saturating_sub(counted);
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "chaos: {} runs, {} of them wrong", self.runs, self.failed_runs)?;
        writeln!(out, "  tests: {}, that died or hung: {}", self.tests, self.hostile)?;
        writeln!(
            out,
            "  pools that died: {}, processes killed from outside: {:?}",
            self.pool_deaths, self.kills
        )?;
        writeln!(
            out,
            "  signals: {}, supervisors killed by a test or from outside: {}",
            self.signals, self.beheaded
        )?;
        writeln!(out, "  results lost: {}", self.lost)?;
        write!(
            out,
            "  seconds: {:.1} in all, {:.1} the longest run",
            self.time.as_secs_f64(),
            self.longest.as_secs_f64()
        )
    }
}
