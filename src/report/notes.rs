//! Puts into words what libtest has none for: tests moved to processes of their own, pools that died, processes left
//! behind, output that belongs to no test.
//!
//! Writes nothing at all about a run in which nothing of that kind happened.

use std::io::{self, Write};

use super::words;
use crate::accumulate::Ledger;
use crate::model::{
    CaseId, Cause, Death, Failure, Finished, Hook, Leftover, Notice, Outcome, Output, Phase, Running,
    Trouble, signal_name,
};

/// Writes all notices of the run, a section a kind, each after an empty line.
pub(super) fn write(out: &mut dyn Write, ledger: &Ledger<'_>) -> io::Result<()> {
    let (mut died, mut escalated, mut leaked, mut stray) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut troubles, mut flaky, mut plugins) = (Vec::new(), Vec::new(), Vec::new());
    let mut reports = Vec::new();
    for notice in ledger.notices() {
        match notice {
            Notice::PoolDied { death, in_flight } => died.push(pool_died(*death, in_flight, ledger)),
            Notice::Escalated { case, cause } => escalated.push(moved(*case, *cause, ledger)),
            Notice::Leaked { case, left } => leaked.push(left_behind(*case, left, ledger)),
            Notice::Trouble(trouble) if matches!(trouble.phase, Phase::Plugin(_)) => plugins.push(trouble),
            Notice::Trouble(trouble) => troubles.push(trouble),
            Notice::Report { plugin, text } => reports.push((plugin, text)),
            Notice::Flaky { case, failures } => flaky.push(passed_at_last(*case, *failures, ledger)),
            Notice::Stray(output) => stray.push(output),
            // Those that passed at last are told of above, and the others have failed.
            Notice::Retried { .. } | Notice::WindingDown(_) => {}
            // Told below.
            Notice::Interrupted { .. } | Notice::GivenUp(_) | Notice::Status(_) | Notice::Lanes(_) => {}
        }
    }
    outputs(out, &troubles)?;
    outputs(out, &plugins)?;
    reports.into_iter().try_for_each(|(plugin, text)| report(out, plugin, text))?;
    section(out, "fixtures", &troubles.into_iter().map(trouble).collect::<Vec<_>>())?;
    section(out, "plugins", &plugins.into_iter().map(trouble).collect::<Vec<_>>())?;
    section(out, "pool died", &died)?;
    section(out, "escalated", &escalated)?;
    section(out, "flaky", &flaky)?;
    let classes = ledger.classes().iter().map(|(class, count)| format!("{class}={count}"));
    let classes = classes.collect::<Vec<_>>().join(", ");
    section(out, "classes", if classes.is_empty() { &[] } else { std::slice::from_ref(&classes) })?;
    section(out, "leaked", &leaked)?;
    nameless(out, &stray)?;
    match ledger.interrupted_by() {
        Some(signal) => interrupted(out, signal, ledger),
        None => unfinished(out, ledger),
    }
}

/// What fixtures printed that went wrong.
fn outputs(out: &mut dyn Write, troubles: &[&Trouble]) -> io::Result<()> {
    for Trouble { fixture, phase, output, .. } in troubles.iter().filter(|trouble| !trouble.output.is_empty())
    {
        headed(out, &format!("{} of {fixture}", name_of(*phase)), output)?;
    }
    Ok(())
}

/// What a plugin has to say.
fn report(out: &mut dyn Write, plugin: &str, text: &Output) -> io::Result<()> {
    headed(out, &format!("report of {plugin}"), text)
}

fn headed(out: &mut dyn Write, head: &str, output: &Output) -> io::Result<()> {
    let text = output.text();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(out, "\n---- {head} ----\n{text}{end}")
}

/// `set-up of db::connection: it panicked`
fn trouble(trouble: &Trouble) -> String {
    format!("{} of {}: {}", name_of(trouble.phase), trouble.fixture, trouble.how)
}

/// `m::f (failed twice, then passed)`
fn passed_at_last(case: CaseId, failures: u16, ledger: &Ledger<'_>) -> String {
    let times = match failures {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{failures} times"),
    };
    format!("{} (failed {times}, then passed)", ledger.case(case).name)
}

fn name_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Generate => "cases",
        Phase::SetUp => "set-up",
        Phase::Use => "use",
        Phase::TearDown => "teardown",
        Phase::Plugin(Hook::Begin) => "begin",
        Phase::Plugin(Hook::Finish) => "finish",
        Phase::Plugin(Hook::Before) => "before",
        Phase::Plugin(Hook::After) => "after",
        Phase::Plugin(Hook::Report) => "report",
    }
}

fn section(out: &mut dyn Write, title: &str, lines: &[String]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    write!(out, "\n{title}:\n")?;
    for line in lines {
        writeln!(out, "    {line}")?;
    }
    Ok(())
}

/// `its process was killed by signal 11 (SIGSEGV) while running m::f, m::g`
fn pool_died(death: Death, in_flight: &[CaseId], ledger: &Ledger<'_>) -> String {
    let names: Vec<&str> = in_flight.iter().map(|id| ledger.case(*id).name).collect();
    match names[..] {
        [] => format!("its process {death} while no test was running"),
        [name] => format!("its process {death} while running {name}"),
        _ => format!("its process {death} while running one of {}", names.join(", ")),
    }
}

/// `m::f (timed out after 5s in the pool; tried again in a process of its own)`
fn moved(case: CaseId, cause: Cause, ledger: &Ledger<'_>) -> String {
    let name = ledger.case(case).name;
    let why = match cause {
        Cause::TimedOut(limit) => format!("timed out after {limit:?} in the pool"),
        Cause::PoolDied(death) => format!("was running when the pool's process {death}"),
    };
    format!("{name} ({why}; tried again in a process of its own)")
}

/// `m::f left 1 process behind, killed: sleep (pid 123)`
fn left_behind(case: Option<CaseId>, left: &[Leftover], ledger: &Ledger<'_>) -> String {
    let who = case.map_or("some test of the pool", |id| ledger.case(id).name);
    let processes = if left.len() == 1 { "1 process".into() } else { format!("{} processes", left.len()) };
    let names: Vec<String> = left.iter().map(|it| format!("{} (pid {})", it.name, it.pid)).collect();
    format!("{who} left {processes} behind, killed: {}", names.join(", "))
}

fn nameless(out: &mut dyn Write, stray: &[&Output]) -> io::Result<()> {
    if stray.iter().all(|output| output.is_empty()) {
        return Ok(());
    }
    out.write_all(b"\n---- output of the pool that no test can be named for ----\n")?;
    for output in stray {
        out.write_all(output.text().as_bytes())?;
    }
    let ended =
        stray.iter().rev().find(|output| !output.is_empty()).is_some_and(|it| it.bytes().ends_with(b"\n"));
    if ended { Ok(()) } else { out.write_all(b"\n") }
}

/// What an interruption has left: tests that were stopped, and those that were not begun.
fn interrupted(out: &mut dyn Write, signal: i32, ledger: &Ledger<'_>) -> io::Result<()> {
    let was_stopped =
        |finished: &&Finished| matches!(finished.outcome, Outcome::Failed(Failure::Interrupted { .. }));
    let stopped = ledger.failed().iter().filter(was_stopped).map(|finished| ledger.case(finished.case).name);
    let (stopped, not_run) = (words::names(stopped), words::names(ledger.not_run().map(|case| case.name)));
    let mut lines = Vec::new();
    if !stopped.is_empty() {
        lines.push(format!("stopped while it ran: {stopped}"));
    }
    if !not_run.is_empty() {
        lines.push(format!("not run: {not_run}"));
    }
    if lines.is_empty() {
        lines.push("every test had come out".to_owned());
    }
    section(out, &format!("interrupted by {}", signal_name(signal)), &lines)
}

/// What runs, a line a test, and what it has printed below.
fn status(running: &[Running], ledger: &Ledger<'_>) -> String {
    use std::fmt::Write as _;

    let (came, selected) = (ledger.tally().total(), words::counted(ledger.started().selected, "test"));
    let mut text = format!("{came} of {selected} came out so far, {} running", running.len());
    for Running { case, lane, is_alone, elapsed, output } in running {
        let place = if *is_alone { ", in a process of its own" } else { "" };
        let (name, seconds) = (ledger.case(*case).name, elapsed.as_secs_f64());
        let _ = write!(text, "\n    lane {lane}: {name}, for {seconds:.1}s{place}");
        for line in output.text().lines() {
            let _ = write!(text, "\n        | {line}");
        }
    }
    text
}

/// What is said at once, while the run comes to its end; nothing about most notices.
pub(crate) fn at_once(notice: &Notice, ledger: &Ledger<'_>) -> Option<String> {
    let names = |ids: &[CaseId]| words::names(ids.iter().map(|id| ledger.case(*id).name));
    match notice {
        Notice::Interrupted { signal, awaited, grace } => {
            let name = signal_name(*signal);
            Some(match awaited.is_empty() {
                true => format!("interrupted by {name}; the same again to end at once"),
                false => {
                    let (awaited, seconds) = (names(awaited), grace.as_secs_f64());
                    format!(
                        "interrupted by {name}: waiting up to {seconds}s for {awaited}; the same again to stop them now"
                    )
                }
            })
        }
        Notice::WindingDown(awaited) if awaited.is_empty() => Some("nothing new starts".to_owned()),
        Notice::WindingDown(awaited) => Some(format!("nothing new starts; waiting for {}", names(awaited))),
        Notice::Status(running) => Some(status(running, ledger)),
        Notice::GivenUp(stopped) => Some(format!(
            "stopped {}; what was set up is torn down, the same signal again to leave it",
            names(stopped)
        )),
        _ => None,
    }
}

/// A run without failures that is no success needs a reason. With failures libtest gives none (`--fail-fast` leaves tests out, and
/// the failure is why), and no more is said of what it could have run: not of programs with contexts.
fn unfinished(out: &mut dyn Write, ledger: &Ledger<'_>) -> io::Result<()> {
    let (came, selected) = (ledger.tally().total(), ledger.started().selected);
    if ledger.tally().failed > 0 && !ledger.has_contexts() || came >= selected {
        return Ok(());
    }
    let line = format!("{} of {selected} never came out", words::counted(selected - came, "test"));
    section(out, "unfinished", &[line])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::replay::{Replay, Test};
    use super::*;
    use crate::model::{Format, Outcome};

    fn told(notices: Vec<Notice>) -> String {
        let tests = vec![Test::new("m::f", Outcome::Passed), Test::new("m::slow", Outcome::Passed)];
        let said = Replay { notices, ..Replay::of(Format::Junit, tests) }.play();
        said.err
    }

    #[test]
    fn a_run_as_libtest_knows_it_gets_no_note() {
        assert_eq!(told(Vec::new()), "");
        assert_eq!(told(vec![Notice::Stray(Output::default())]), "");
    }

    #[test]
    fn every_kind_has_its_section() {
        let segfault = Death::Killed(11);
        let sleep = Leftover { pid: 123, name: "sleep".into() };
        let said = told(vec![
            Notice::Escalated { case: CaseId(1), cause: Cause::TimedOut(Duration::from_secs(5)) },
            Notice::PoolDied { death: segfault, in_flight: vec![CaseId(0), CaseId(1)] },
            Notice::Escalated { case: CaseId(0), cause: Cause::PoolDied(segfault) },
            Notice::Leaked { case: Some(CaseId(0)), left: vec![sleep.clone()] },
            Notice::Leaked { case: None, left: vec![sleep.clone(), sleep] },
        ]);
        let expected = "
pool died:
    its process was killed by signal 11 (SIGSEGV) while running one of m::f, m::slow

escalated:
    m::slow (timed out after 5s in the pool; tried again in a process of its own)
    m::f (was running when the pool's process was killed by signal 11 (SIGSEGV); tried again in a process of its own)

leaked:
    m::f left 1 process behind, killed: sleep (pid 123)
    some test of the pool left 2 processes behind, killed: sleep (pid 123), sleep (pid 123)
";
        assert_eq!(said, expected);
    }

    #[test]
    fn stray_output_is_put_together_and_ended() {
        let stray = |text: &str| Notice::Stray(Output::from(text.as_bytes().to_vec()));
        let said = told(vec![stray("half a "), stray("line")]);
        assert_eq!(said, "\n---- output of the pool that no test can be named for ----\nhalf a line\n");
    }

    #[test]
    fn people_are_told_before_the_result() {
        let notices = vec![Notice::Leaked { case: None, left: vec![Leftover { pid: 1, name: "x".into() }] }];
        let tests = vec![Test::new("f", Outcome::Passed)];
        let said = Replay { notices, ..Replay::of(Format::Pretty, tests) }.play();
        let expected = "... ok\n\nleaked:\n    some test of the pool left 1 process behind, killed: x (pid 1)\n\ntest result: ok.";
        assert!(said.out.contains(expected), "{}", said.out);
        assert_eq!(said.err, "");
    }

    #[test]
    fn tests_that_never_came_out_are_the_reason_of_a_failed_run_without_failures() {
        let said = Replay { lost: 2, ..Replay::of(Format::Pretty, vec![Test::new("f", Outcome::Passed)]) }
            .play()
            .out;
        assert!(
            said.contains("\nunfinished:\n    2 tests of 3 never came out\n\ntest result: FAILED."),
            "{said}"
        );
    }
}
