//! Signals that end a run: what still comes out, what is torn down, what is said, and how the process ends.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::thread;
use std::time::{Duration, Instant};

use super::{Ran, Road, Steps, command};
use crate::expect::Mode;
use crate::process;
use crate::rig::signal;
use crate::signals::hearing_signals;

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGQUIT: i32 = 3;
const SIGKILL: i32 = 9;
const SIGUSR1: i32 = 10;
const SIGUSR2: i32 = 12;
const SIGTERM: i32 = 15;
const SIGCONT: i32 = 18;
const SIGTSTP: i32 = 20;

/// What is done to a run: when all of `until` are among its steps or on standard error, the next.
struct Act {
    until: &'static [&'static str],
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Signal(i32),
    /// Tests that wait may end.
    Go,
    /// One of the processes of the run dies, by its place among them.
    KillDescendant(usize),
    /// Everything stands still for longer than a test may take.
    Pause,
}

/// How long a test may take that a pause comes in between.
const LIMIT: Duration = Duration::from_secs(4);

/// Where supervisor and tests are different processes.
const APART: [Road; 5] = [
    Road::In(Mode::Parallel),
    Road::In(Mode::Pooled),
    Road::In(Mode::Isolated),
    Road::In(Mode::Spawned),
    Road::In(Mode::SpawnedAlone),
];

/// Those where shared fixtures can be inherited.
const FORKED: [Road; 3] = [Road::In(Mode::Parallel), Road::In(Mode::Pooled), Road::In(Mode::Isolated)];

/// Runs tests of `interrupted` in three lanes, and does these things to it one after the other.
fn act(road: Road, grace: &str, arguments: &[&str], acts: &[Act]) -> Ran {
    let folder = process::scratch();
    let (steps, errors, said) = (folder.join("steps"), folder.join("stderr"), folder.join("stdout"));
    let mut command = hearing_signals(command("interrupted", road, 3));
    command.args(arguments).env("STEPS", &steps).env("SNOUT_GRACE", grace);
    command.stdout(fs::File::create(&said).unwrap()).stderr(fs::File::create(&errors).unwrap());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let (begin, mut acts) = (Instant::now(), acts.iter());
    let mut next = acts.next();
    let mut ended = process::run_watching(&mut command, |pid| {
        let seen = || {
            fs::read_to_string(&steps).unwrap_or_default() + &fs::read_to_string(&errors).unwrap_or_default()
        };
        if let Some(act) = next
            && act.until.iter().all(|text| seen().contains(text))
        {
            match act.then {
                Then::Signal(number) => signal(pid, number),
                Then::Go => {
                    let file = OpenOptions::new().append(true).create(true).open(&steps);
                    file.and_then(|mut file| file.write_all(b"0 go\n")).unwrap();
                }
                Then::Pause => pause(pid),
                Then::KillDescendant(place) => {
                    let all = descendants(pid);
                    signal(all[place % all.len()], SIGKILL);
                }
            }
            next = acts.next();
        }
        begin.elapsed() < Duration::from_secs(120)
    });
    ended.stdout = fs::read(&said).unwrap();
    ended.stderr = fs::read(&errors).unwrap();
    let steps = Steps::read(&fs::read_to_string(&steps).unwrap_or_default());
    fs::remove_dir_all(&folder).ok();
    if next.is_some() {
        ended.fail(&format!("{road:?}: it was over too early"));
    }
    Ran { name: "interrupted", road, ended, steps }
}

/// Stops a run as Ctrl-Z does, and has it go on.
fn pause(pid: u32) {
    signal(pid, SIGTSTP);
    let begin = Instant::now();
    while state(pid) != Some('T') {
        assert!(begin.elapsed() < Duration::from_secs(60), "it did not stop");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(LIMIT + Duration::from_secs(1));
    let others = descendants(pid);
    let states: Vec<Option<char>> = others.iter().map(|&pid| state(pid)).collect();
    signal(pid, SIGCONT);
    assert!(
        !others.is_empty() && states.iter().all(|state| *state == Some('T')),
        "all stand still: {states:?}"
    );
}

/// The letter by which the system tells what a process is about.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

fn descendants(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    children.flat_map(|pid| [vec![pid], descendants(pid)].concat()).collect()
}

impl Ran {
    #[track_caller]
    fn expect_death(&self, signal: i32) -> &Ran {
        if self.status.and_then(|status| status.signal()) != Some(signal) {
            self.fail(&format!("{:?}: it should have died by signal {signal}", self.road));
        }
        self.expect_nobody_left()
    }

    #[track_caller]
    fn expect_steps(&self, scenario: &str, expected: &[&str]) -> &Ran {
        let steps: Vec<&str> = self.steps.of(scenario).into_iter().map(|(_, step)| step).collect();
        if steps != expected {
            self.fail(&format!(
                "{:?}: steps of `{scenario}` should be {expected:?}, but are {steps:?}",
                self.road
            ));
        }
        self
    }

    /// Everything that the tests of `ends` leave when they are let come to their end.
    #[track_caller]
    fn expect_an_orderly_end(&self, signal: i32, name: &str) -> &Ran {
        self.expect_death(signal);
        self.expect_text("test ends::suite::t1_runs ... ok").expect_text("test ends::split::runs ... ok");
        self.expect_text("test ends::plain::fails ... FAILED").expect_text("told to go");
        self.expect_text("test result: FAILED. 2 passed; 1 failed; 0 ignored");
        let rest = "not run: ends::suite::t2_comes_behind, ends::z_behind::never_begins";
        self.expect_text(&format!("\ninterrupted by {name}:\n    {rest}\n\n"));
        self.expect_units("suite", &["+ db, = t1_runs, - db"]);
        self.expect_units("split", &["+ scratch, = runs, - scratch"]);
        self.expect_steps("behind", &[]).expect_troubles(&[]);
        let said = format!("snout: interrupted by {name}: waiting up to 60s for ");
        assert!(self.error_text().contains(&said), "{:?}: {}", self.road, self.ended);
        self
    }
}

const BEGUN: &[&str] = &["suite = t1_runs", "split = runs", "plain = fails"];

#[test]
fn m11_the_first_signal_lets_tests_end_and_tears_down_what_is_set_up() {
    let signals = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")];
    for (road, (signal, name)) in APART.into_iter().zip(signals.into_iter().cycle()) {
        let acts = [
            Act { until: BEGUN, then: Then::Signal(signal) },
            Act { until: &["snout: interrupted by"], then: Then::Go },
        ];
        act(road, "60s", &["ends::"], &acts).expect_an_orderly_end(signal, name);
    }
}

/// No grace is over, and the process ends by itself.
#[test]
fn a_run_winds_down_without_haste_when_it_is_told_to() {
    for road in APART {
        let acts = [
            Act { until: BEGUN, then: Then::Signal(SIGUSR2) },
            Act { until: &["snout: nothing new starts; waiting for "], then: Then::Go },
        ];
        let ran = act(road, "1ms", &["ends::"], &acts);
        ran.expect_code(101).expect_nobody_left().expect_text("test ends::suite::t1_runs ... ok");
        ran.expect_text("test result: FAILED. 2 passed; 1 failed; 0 ignored").expect_troubles(&[]);
        ran.expect_units("suite", &["+ db, = t1_runs, - db"]).expect_steps("behind", &[]);
        ran.expect_units("split", &["+ scratch, = runs, - scratch"]);
        ran.expect_text("\nunfinished:\n    2 tests of 5 never came out\n").expect_no_text("interrupted by ");
    }
}

#[test]
fn bug_2_24_what_is_shared_is_torn_down_behind_the_tests_that_were_let_end() {
    for road in FORKED {
        let acts = [
            Act { until: &["run = uses_it"], then: Then::Signal(SIGINT) },
            Act { until: &["snout: interrupted by"], then: Then::Go },
        ];
        let ran = act(road, "60s", &["with_server::uses_it"], &acts);
        ran.expect_death(SIGINT).expect_text("1 passed; 0 failed").expect_troubles(&[]);
        ran.expect_text("test result: FAILED.");
        ran.expect_text("\ninterrupted by SIGINT:\n    every test had come out\n");
        ran.expect_steps("run", &["+ server", "= uses_it", "- server"]);
    }
}

/// nose 2.23: what hung was waited for without limit.
#[test]
fn bug_2_23_tests_that_do_not_end_are_stopped_and_the_rest_is_torn_down() {
    for road in FORKED {
        let begun = &["hung_suite = t1_hangs", "run = y_hangs", "plain_hangs = hangs"];
        let acts = [Act { until: begun, then: Then::Signal(SIGTERM) }];
        let ran = act(road, "1s", &["hangs::suite", "hangs::plain", "y_hangs"], &acts);
        ran.expect_death(SIGTERM).expect_text("FAILED. 0 passed; 3 failed; 0 ignored");
        ran.expect_text("note: interrupted by SIGTERM: still running after ");
        let stopped = "\ninterrupted by SIGTERM:\n    stopped while it ran: ";
        ran.expect_text(stopped).expect_text("    not run: hangs::suite::t2_comes_behind\n");
        ran.expect_text("hangs from here on").expect_text("hangs in the pool").expect_troubles(&[]);
        ran.expect_units("hung_suite", &["+ outer, + inner, = t1_hangs, - inner, - outer"]);
        ran.expect_steps("run", &["+ server", "= y_hangs", "- server"]);
        assert!(ran.error_text().contains("snout: stopped "), "{road:?}: {}", ran.ended);
    }
}

#[test]
fn what_a_stopped_test_holds_cannot_be_torn_down_and_is_named() {
    for road in APART {
        let acts = [Act { until: &["holder = hangs_with_it"], then: Then::Signal(SIGINT) }];
        let ran = act(road, "500ms", &["holder"], &acts);
        ran.expect_death(SIGINT).expect_text("FAILED. 0 passed; 1 failed; 0 ignored");
        ran.expect_troubles(&["teardown of hangs::holder::held: something still holds it: a handle was kept in a static, or by a thread that goes on"]);
    }
}

#[test]
fn m12_a_second_signal_while_something_is_torn_down_stops_that_too() {
    for road in APART {
        let acts = [
            Act { until: &["slow_end = runs"], then: Then::Signal(SIGINT) },
            Act { until: &["snout: interrupted by"], then: Then::Go },
            Act { until: &["slow_end - begins"], then: Then::Signal(SIGINT) },
        ];
        let ran = act(road, "60s", &["slow_end"], &acts);
        ran.expect_death(SIGINT)
            .expect_text("FAILED. 1 passed; 0 failed")
            .expect_text("slow_end::runs ... ok");
        ran.expect_steps("slow_end", &["+ slow", "= runs", "- begins"]);
    }
}

/// Whatever process of the run somebody kills: a test may fail for it, but each comes out, and nobody is left.
#[test]
fn whoever_is_killed_from_outside_no_result_is_lost() {
    for road in FORKED {
        for victim in 0..6 {
            let acts = [
                Act { until: BEGUN, then: Then::KillDescendant(victim) },
                Act { until: BEGUN, then: Then::Go },
            ];
            let ran = act(road, "60s", &["ends::"], &acts);
            ran.expect_code(101).expect_nobody_left();
            let report = ran.report();
            let verdicts: Vec<(&String, &Vec<String>)> = report.results.iter().collect();
            let each_once = verdicts.len() == 5 && verdicts.iter().all(|(_, said)| said.len() == 1);
            let failed = verdicts.iter().filter(|(_, said)| said[0] == "FAILED").count();
            if !each_once || !(1..=2).contains(&failed) {
                ran.fail(&format!(
                    "{road:?}, victim {victim}: each of five tests comes out once, and at most one more fails"
                ));
            }
        }
    }
}

#[test]
fn when_the_supervisor_is_killed_nobody_is_left() {
    for road in FORKED {
        let acts = [Act { until: &["suite = t1_runs", "run = uses_it"], then: Then::Signal(SIGKILL) }];
        // Who is left after a moment is named, and fails the test.
        act(road, "60s", &["ends::suite", "with_server::uses_it"], &acts).expect_death(SIGKILL);
    }
}

#[test]
fn the_second_signal_stops_everything_at_once_and_reports() {
    for road in FORKED {
        let acts = [
            Act { until: &["suite = t1_runs", "plain = fails", "run = uses_it"], then: Then::Signal(SIGINT) },
            Act { until: &["snout: interrupted by"], then: Then::Signal(SIGTERM) },
        ];
        let ran = act(road, "60s", &["ends::suite", "ends::plain", "uses_it"], &acts);
        ran.expect_death(SIGINT).expect_text("FAILED. 0 passed; 3 failed; 0 ignored");
        ran.expect_text("stopped while it ran: ").expect_text("not run: ends::suite::t2_comes_behind\n");
        ran.expect_text("fails runs\n").expect_text("t1_runs runs\n");
        ran.expect_steps("suite", &["+ db", "= t1_runs"]);
        ran.expect_steps("run", &["+ server", "= uses_it"]);
    }
}

#[test]
fn formats_for_programs_are_whole_when_a_run_is_interrupted() {
    for format in ["json", "junit"] {
        let acts = [
            Act { until: BEGUN, then: Then::Signal(SIGINT) },
            Act { until: &["snout: interrupted by"], then: Then::Go },
        ];
        let road = Road::In(Mode::Parallel);
        let ran = act(road, "60s", &["ends::", "-Zunstable-options", "--format", format], &acts);
        let text = ran.expect_death(SIGINT).text();
        let why = "not run: the run was interrupted by SIGINT";
        if format == "json" {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.iter().all(|line| line.starts_with('{') && line.ends_with('}')), "{text}");
            let not_run = |name| {
                format!(r#"{{ "type": "test", "name": "{name}", "event": "ignored", "message": "{why}" }}"#)
            };
            for name in ["ends::suite::t2_comes_behind", "ends::z_behind::never_begins"] {
                assert!(lines.contains(&&*not_run(name)), "{name}: {text}");
            }
            let end = r#"{ "type": "suite", "event": "failed", "passed": 2, "failed": 1, "ignored": 0, "measured": 0"#;
            assert!(
                lines.last().is_some_and(|line| line.starts_with(end) && line.contains(r#""not_run": 2"#)),
                "{text}"
            );
        } else {
            assert!(text.contains(r#"failures="1" tests="5" skipped="2" >"#), "{text}");
            assert_eq!(
                text.matches(&format!(r#"<skipped message="{why}"/></testcase>"#)).count(),
                2,
                "{text}"
            );
            assert!(text.ends_with("</testsuite></testsuites>\n"), "{text}");
        }
    }
}

#[test]
fn ctrl_z_stops_every_process_and_its_time_does_not_count() {
    for road in FORKED {
        let acts = [Act { until: BEGUN, then: Then::Pause }, Act { until: BEGUN, then: Then::Go }];
        let limit = LIMIT.as_secs().to_string();
        let ran = act(road, "60s", &["ends::", "--process-timeout", &limit], &acts);
        ran.expect_code(101).expect_text("FAILED. 4 passed; 1 failed; 0 ignored").expect_nobody_left();
        ran.expect_no_text("escalated").expect_no_text("timed out").expect_troubles(&[]);
        let seconds =
            ran.text().rsplit_once("finished in ").and_then(|(_, rest)| rest.split('s').next()?.parse().ok());
        assert!(seconds.is_some_and(|seconds: f64| seconds < LIMIT.as_secs_f64()), "{road:?}: {}", ran.ended);
    }
}

/// SIGUSR1, or Ctrl-\ on the terminal.
#[test]
fn whoever_asks_is_told_what_runs_and_what_it_has_printed() {
    for (road, number) in APART.into_iter().zip([SIGUSR1, SIGQUIT].into_iter().cycle()) {
        let acts = [
            Act { until: BEGUN, then: Then::Signal(number) },
            Act { until: &["| runs runs", "| t1_runs runs", "| fails runs"], then: Then::Go },
        ];
        let ran = act(road, "60s", &["ends::"], &acts);
        ran.expect_code(101).expect_text("FAILED. 4 passed; 1 failed; 0 ignored").expect_nobody_left();
        let said = ran.error_text();
        assert!(
            said.contains("\nsnout: 0 of 5 tests came out so far, 3 running\n    lane 0: "),
            "{road:?}: {said}"
        );
        let alone = ["ends::suite::t1_runs, for ", "s, in a process of its own\n        | t1_runs runs"];
        assert!(alone.iter().all(|part| said.contains(part)), "{road:?}: {said}");
    }
}

/// A shell's background job ignores SIGINT, and so does what it starts.
#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    let folder = process::scratch();
    let program = command("interrupted", Road::In(Mode::Parallel), 1);
    let path = program.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("STEPS", folder.join("steps")).arg("-c");
    let script = "trap '' INT; \"$0\" ends::plain & until grep -q plain $STEPS; do sleep 0.01; done; \
                  kill -INT $!; sleep 0.2; echo 0 go >> $STEPS; wait $!; echo exit $?";
    let ended = process::run(shell.arg(script).arg(path));
    fs::remove_dir_all(&folder).ok();
    assert!(ended.text().contains("0 passed; 1 failed") && ended.text().ends_with("exit 101\n"), "{ended}");
}
