//! Why a run stops before all has run, and when: enough tests have failed, its time is over, or somebody wants no more to start.
//!
//! | why                     | nothing new starts | what runs                                 |
//! |-------------------------|--------------------|-------------------------------------------|
//! | `--max-fail`, SIGUSR2   | at once            | may end                                   |
//! | `--global-timeout`      | at once            | may end, for a grace, as after a SIGTERM  |
//!
//! A suite under snout is told by SIGUSR2, once it has said that it listens. Whatever else runs cannot be told, and ends when it ends;
//! but not after the run's time is over.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::process::Process;
use super::results::counted;
use crate::sys::process::{kill, send};

/// The number of SIGTERM.
const END: i32 = 15;

/// How long whoever knows no grace may take longer than it.
const SLACK: Duration = Duration::from_secs(1);

/// How long a suite may take to end if nobody has said: what it takes for that itself.
const GRACE: Duration = Duration::from_secs(5);

/// Why nothing new starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub(super) enum Reason {
    /// So many tests have failed.
    MaxFail { failures: usize },
    /// The run has taken so many seconds.
    GlobalTimeout { limit: f64 },
    /// Somebody has said so.
    Asked,
}

impl Reason {
    /// `stopped after 2 failures`.
    pub(super) fn words(&self) -> String {
        match self {
            Reason::MaxFail { failures } => format!("stopped after {}", counted(*failures, "failure")),
            Reason::GlobalTimeout { limit } => format!("stopped by the global timeout of {limit}s"),
            Reason::Asked => "stopped by SIGUSR2".to_owned(),
        }
    }
}

/// Whether a run stops, and what would have it.
#[derive(Debug)]
pub(super) struct Stopping {
    /// After so many failures; never, if 0.
    max_fail: usize,
    limit: Option<Duration>,
    grace: Duration,
    /// When the run began, later by each time it stood still.
    begun: Instant,
    reason: Option<Reason>,
    /// Those who know no grace have been killed.
    has_killed: bool,
}

impl Stopping {
    pub(super) fn new(limits: &Limits) -> Stopping {
        Stopping {
            max_fail: limits.max_fail.unwrap_or(0),
            limit: limits.global_timeout.filter(|limit| !limit.is_zero()),
            grace: limits.grace.unwrap_or(GRACE),
            begun: Instant::now(),
            reason: None,
            has_killed: false,
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.reason.is_some()
    }

    /// The run has stood still for so long.
    pub(super) fn paused(&mut self, pause: Duration) {
        self.begun += pause;
    }

    /// How long until [`due`](Self::due) or [`enforce`](Self::enforce) has something to do.
    pub(super) fn patience(&self) -> Option<Duration> {
        let limit = self.limit?;
        let wait = match &self.reason {
            Some(Reason::GlobalTimeout { .. }) if self.has_killed => return None,
            Some(Reason::GlobalTimeout { .. }) => limit + self.grace + SLACK,
            Some(_) | None => limit,
        };
        Some(wait.saturating_sub(self.begun.elapsed()))
    }

    /// The reason why the run is to stop from now on, if there is a new one: told once.
    pub(super) fn due(&mut self, failures: usize) -> Option<Reason> {
        let is_over = self.limit.filter(|limit| self.begun.elapsed() >= *limit);
        let found = match (&self.reason, is_over) {
            (Some(Reason::GlobalTimeout { .. }), _) => None,
            (_, Some(limit)) => Some(Reason::GlobalTimeout { limit: limit.as_secs_f64() }),
            (Some(_), None) => None,
            (None, None) if self.max_fail > 0 && failures >= self.max_fail => {
                Some(Reason::MaxFail { failures })
            }
            (None, None) => None,
        };
        self.stop(found)
    }

    /// Somebody wants nothing new to start.
    pub(super) fn ask(&mut self) -> Option<Reason> {
        let found = self.reason.is_none().then_some(Reason::Asked);
        self.stop(found)
    }

    fn stop(&mut self, found: Option<Reason>) -> Option<Reason> {
        self.reason = found.clone().or(self.reason.take());
        found
    }

    /// Tells what runs, so far as it can be told and has not been.
    pub(super) fn tell(&mut self, running: &mut [Process]) {
        match &self.reason {
            None => {}
            Some(Reason::GlobalTimeout { .. }) => {
                let is_over =
                    self.limit.is_some_and(|limit| self.begun.elapsed() >= limit + self.grace + SLACK);
                for process in running.iter_mut().filter(|process| process.status().is_none()) {
                    if !std::mem::replace(&mut process.is_told_to_end, true) {
                        send(process.pid(), END);
                    }
                    // One that says how many tests it runs sees to its time by itself.
                    if is_over && process.heard.selected.is_none() {
                        kill(process.pid());
                    }
                }
                self.has_killed |= is_over;
            }
            Some(Reason::MaxFail { .. } | Reason::Asked) => running.iter_mut().for_each(Process::wind_down),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopping(max_fail: usize, seconds: Option<u64>) -> Stopping {
        let global_timeout = seconds.map(Duration::from_secs);
        Stopping::new(&Limits { max_fail: Some(max_fail), global_timeout, ..Limits::default() })
    }

    #[test]
    fn enough_failures_stop_it_once() {
        let mut endless = stopping(0, None);
        assert_eq!((endless.due(1_000), endless.patience()), (None, None));
        let mut stopping = stopping(2, None);
        assert_eq!(stopping.due(1), None);
        assert!(!stopping.is_stopping());
        assert_eq!(stopping.due(3), Some(Reason::MaxFail { failures: 3 }));
        assert_eq!((stopping.due(4), stopping.ask()), (None, None));
        assert!(stopping.is_stopping());
    }

    #[test]
    fn time_stops_it_even_if_it_is_stopping() {
        let mut stopping = stopping(1, Some(3_600));
        assert!(stopping.patience().is_some_and(|patience| patience > Duration::from_secs(3_000)));
        assert_eq!(stopping.due(1), Some(Reason::MaxFail { failures: 1 }));
        stopping.begun = stopping.begun.checked_sub(Duration::from_secs(3_600)).expect("the clock is older");
        assert_eq!(stopping.patience(), Some(Duration::ZERO));
        assert_eq!(stopping.due(1), Some(Reason::GlobalTimeout { limit: 3_600.0 }));
        assert_eq!(stopping.due(1), None);
        assert!(stopping.patience().is_some_and(|patience| patience > Duration::ZERO), "now for the grace");
    }

    #[test]
    fn time_stands_still_while_the_run_does() {
        let mut stopping = stopping(0, Some(3_600));
        stopping.begun = stopping.begun.checked_sub(Duration::from_secs(3_700)).expect("the clock is older");
        stopping.paused(Duration::from_secs(3_000));
        assert_eq!(stopping.due(0), None);
    }
}
