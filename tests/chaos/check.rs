//! Holds a run against the oracle, and against what holds for every run.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;

use crate::oracle::allowed;
use crate::plan::palette::{Breaks, Conduct};
use crate::plan::slots::{Mode, fixtures};
use crate::plan::{Format, Kind, Victim};
use crate::record;
use crate::run::Ran;
use crate::said::{Said, Verdict};

/// Whatever is not as it should be.
pub(crate) fn wrong(ran: &Ran) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(status) = ran.ended.status else {
        return vec![format!("it was still running after {:?}", ran.elapsed)];
    };
    if !ran.ended.left_behind.is_empty() {
        wrong.push(format!("processes are left: {}", ran.ended.left_behind.join(", ")));
    }
    if !ran.left_files.is_empty() {
        wrong.push(format!("temporary files are left: {}", ran.left_files.join(", ")));
    }
    if is_beheaded(ran) {
        if status.signal() != Some(9) {
            wrong.push(format!("the supervisor was killed, and ended so: {status}"));
        }
        return wrong;
    }
    let said = said(ran);
    if is_interrupted(ran) || status.signal().is_some() {
        wrong.extend(wrong_death(ran, status.signal()));
    } else {
        wrong.extend(wrong_code(ran, &said, status.code()));
    }
    if !said.is_whole {
        wrong.push("the report is not whole".to_owned());
        return wrong;
    }
    wrong.extend(wrong_verdicts(ran, &said));
    wrong.extend(wrong_counts(ran, &said));
    wrong.extend(wrong_steps(ran, &said));
    wrong.extend(own_panics(ran));
    wrong.extend(record::wrong(ran, &said));
    wrong
}

/// Whether the supervisor was killed, by a test or from outside.
pub(crate) fn is_beheaded(ran: &Ran) -> bool {
    let was_killed = matches!(ran.done.killed, Some((Victim::Supervisor, _)));
    // The test that does it may not have had its turn.
    let patricide =
        ran.run.kind == Kind::Patricide && ran.ended.status.is_some_and(|status| status.signal() == Some(9));
    was_killed || patricide
}

pub(crate) fn said(ran: &Ran) -> Said {
    let text = ran.ended.text();
    let said = Said::read(ran.run.format, &text);
    if ran.run.format == Format::Terse { said.with_failures_of(&text) } else { said }
}

/// Whether the run took note of a signal: one may come when all is over.
fn is_interrupted(ran: &Ran) -> bool {
    ran.ended.error_text().contains("snout: interrupted by SIG")
}

/// It dies by the signal that it names as the first. That is the first that was sent, unless both were waiting when it came to look: the
/// system does not keep their order.
fn wrong_death(ran: &Ran, signal: Option<i32>) -> Option<String> {
    let name = match signal {
        Some(1) => "SIGHUP",
        Some(2) => "SIGINT",
        Some(15) => "SIGTERM",
        _ => "another",
    };
    let said = ran.ended.error_text();
    // One that comes when all is over is not told of.
    let is_named = !is_interrupted(ran) || said.contains(&format!("snout: interrupted by {name}"));
    let was_sent = signal.is_some_and(|signal| ran.done.signals.contains(&signal));
    let (sent, is_right) = (&ran.done.signals, is_named && was_sent);
    (!is_right).then(|| format!("it was sent {sent:?}, and died by {signal:?}"))
}

fn wrong_code(ran: &Ran, said: &Said, code: Option<i32>) -> Option<String> {
    let failed = said.counts.is_none_or(|[_, failed, _]| failed > 0);
    let goes_badly = |name: &str| {
        let conduct = fixtures().find(|it| it.name == name).map(|it| ran.run.conduct(it));
        conduct.is_some_and(|conduct| conduct.sets_up() && !conduct.tears_down())
    };
    let trouble = fixtures().any(|it| ran.steps.is_torn_down(it.name) && goes_badly(it.name));
    // A pool that dies when nobody is at work fails the run, though no test did. What closes descriptors may have it die so; and a suite's process between
    // two tests, which leaves what is set up as it is.
    let is_open = ran.done.killed.is_some() || ran.run.has_late_deaths() || ran.run.breaks != Breaks::Nothing;
    let due: &[i32] = match (failed || trouble, is_open) {
        (true, _) => &[101],
        (false, true) => &[0, 101],
        (false, false) => &[0],
    };
    (!code.is_some_and(|code| due.contains(&code)))
        .then(|| format!("the exit code should be {due:?}, but is {code:?}"))
}

fn wrong_verdicts(ran: &Ran, said: &Said) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut verdicts: BTreeMap<&str, &Vec<Verdict>> =
        said.verdicts.iter().map(|(name, verdicts)| (name.as_str(), verdicts)).collect();
    for &slot in &ran.selected {
        let (name, allowed) = (slot.name(), allowed(&ran.run, slot, &ran.done));
        let about = || {
            let fixtures =
                slot.module.fixtures.iter().map(|it| (it.name, ran.run.conduct(*it))).collect::<Vec<_>>();
            format!("`{name}` ({:?}, fixtures {fixtures:?}): {allowed:?}", ran.run.behaviour(slot))
        };
        match verdicts.remove(name.as_str()).map(Vec::as_slice) {
            Some([verdict]) if allowed.holds(verdict) => {}
            Some([verdict]) => wrong.push(format!("{} does not hold {verdict:?}", about())),
            Some(verdicts) => wrong.push(format!("{} came out several times: {verdicts:?}", about())),
            None if is_silent(ran, &allowed) => {}
            None => wrong.push(format!("{} is not reported", about())),
        }
    }
    wrong.extend(
        verdicts.into_iter().map(|(name, verdicts)| format!("nobody asked for `{name}`: {verdicts:?}")),
    );
    wrong
}

/// Whether the format may say nothing of a test by name.
fn is_silent(ran: &Ran, allowed: &crate::oracle::Allowed) -> bool {
    match ran.run.format {
        // In an interrupted run the first twenty tests that were not run are named, in one line.
        Format::Pretty => allowed.not_run && is_interrupted(ran),
        Format::Terse => allowed.ok || allowed.ignored || allowed.not_run,
        Format::Json => false,
        Format::Junit => allowed.ignored,
    }
}

/// The counts are those of the verdicts, and of all tests.
fn wrong_counts(ran: &Ran, said: &Said) -> Option<String> {
    let Some([passed, failed, ignored]) = said.counts else { return Some("there are no counts".to_owned()) };
    let count =
        |wanted: fn(&Verdict) -> bool| said.verdicts.values().flatten().filter(|it| wanted(it)).count();
    let told = [
        count(|it| *it == Verdict::Ok),
        count(|it| matches!(it, Verdict::Failed(_))),
        count(|it| *it == Verdict::Ignored),
        count(|it| *it == Verdict::NotRun),
    ];
    let all = ran.selected.len();
    let is_right = match ran.run.format {
        Format::Pretty => told[..3] == [passed, failed, ignored],
        Format::Terse => told[1] == failed,
        Format::Json => told[..3] == [passed, failed, ignored],
        Format::Junit => told[..2] == [passed, failed] && told[3] <= ignored,
    };
    let is_complete =
        passed + failed + ignored == all || is_interrupted(ran) && passed + failed + ignored <= all;
    // Without names, what is certain has to be among the counts.
    let certain = ran.selected.iter().map(|slot| allowed(&ran.run, *slot, &ran.done)).collect::<Vec<_>>();
    let sure = |way: fn(&crate::oracle::Allowed) -> bool| {
        certain.iter().filter(|it| it.is_certain() && way(it)).count()
    };
    let is_due = passed >= sure(|it| it.ok)
        && failed >= sure(|it| it.failed.is_some())
        && ignored >= sure(|it| it.ignored);
    (!is_right || !is_complete || !is_due)
        .then(|| format!("of {all} tests are counted {:?}, and told {told:?}", [passed, failed, ignored]))
}

fn wrong_steps(ran: &Ran, said: &Said) -> Vec<String> {
    let mut wrong = Vec::new();
    let begun = ran.steps.begun();
    for (name, verdicts) in &said.verdicts {
        match &verdicts[..] {
            // Where there are no descriptors nothing can be written down.
            [Verdict::Ok] if ran.run.breaks != Breaks::Descriptors && !begun.contains(name.as_str()) => {
                wrong.push(format!("`{name}` passed, and was never begun"));
            }
            [Verdict::NotRun] if begun.contains(name.as_str()) => {
                wrong.push(format!("`{name}` is said not to have run, and has begun"));
            }
            _ => {}
        }
    }
    // Who was killed has torn nothing down: behind the second signal anybody, behind the first who did not come to an end in time.
    let is_killing = ran.done.signals.len() > 1 || ran.ended.error_text().contains("snout: stopped ");
    let victims = |pid: u32| {
        ran.done.killed.is_some_and(|(_, victim)| victim == pid || ran.steps.is_child(pid, victim))
    };
    let unpaired = ran.steps.unpaired().into_iter().filter(|(pid, _)| !is_killing && !victims(*pid));
    for (pid, fixture) in unpaired {
        if ran.run.breaks != Breaks::Descriptors {
            wrong.push(format!("`{fixture}` was set up in process {pid}, and not torn down as often"));
        }
    }
    for fixture in fixtures().filter(|it| it.mode == Mode::Shared && ran.steps.set_ups(it.name) > 1) {
        wrong.push(format!("`{}` was set up {} times", fixture.name, ran.steps.set_ups(fixture.name)));
    }
    let is_set_up = |conduct: Conduct| !conduct.sets_up();
    for fixture in fixtures().filter(|it| is_set_up(ran.run.conduct(*it)) && ran.steps.set_ups(it.name) > 0) {
        wrong.push(format!("`{}` cannot be set up, and was", fixture.name));
    }
    wrong
}

/// No code of snout's may panic.
fn own_panics(ran: &Ran) -> Option<String> {
    let text = ran.ended.text() + &ran.ended.error_text();
    let is_own = |line: &&str| {
        let modules = ["accumulate", "context", "dispatch", "execute", "plan", "report", "sys"];
        line.contains("panicked at ")
            && !line.contains("/rustc/")
            && modules.iter().any(|module| line.contains(&format!("src/{module}/")))
    };
    text.lines().find(is_own).map(|line| format!("snout itself: {line}"))
}
