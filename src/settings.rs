//! What holds for this run: the command line and the environment, resolved once. Nothing downstream reads either.
//!
//! A flag goes before a variable, and either before the default.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cli::{Environment, Flags};
use crate::error::Error;
use crate::model::{
    Backoff, ColorChoice, FAIL_FAST, Format, Isolate, Isolation, LEASE, Lease, Repeat, Restart, RunIgnored,
    ThreadMode, Threshold, TimeLimits,
};

/// Everything a user can choose, with defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `--list`: say what would run instead of running it.
    pub(crate) list: bool,
    pub(crate) selection: Selection,
    /// Benchmarks are measured (`--bench`); else they run once, as tests.
    pub(crate) measure: bool,
    /// Tests are run; with `--bench` alone they are reported as ignored.
    pub(crate) run_tests: bool,
    /// How many tests may run at the same time; `None` for as many as there are processors.
    pub(crate) lanes: Option<NonZeroUsize>,
    /// Output of tests is kept from the terminal.
    pub(crate) capture: bool,
    /// Output of passing tests is shown at the end.
    pub(crate) show_output: bool,
    pub(crate) format: Format,
    pub(crate) color: ColorChoice,
    /// `--logfile`.
    pub(crate) log: Option<PathBuf>,
    /// Where to write a record of the run.
    pub(crate) record: Option<PathBuf>,
    /// `--report-time`, `--ensure-time`.
    pub(crate) time_limits: Option<TimeLimits>,
    /// `--shuffle`: the seed, chosen or given.
    pub(crate) shuffle_seed: Option<u64>,
    /// Nothing new starts after the first failure.
    pub(crate) fail_fast: bool,
    /// What lanes count from.
    pub(crate) first_lane: usize,
    /// The lanes are lent by `cargo snout`, and not always as many.
    pub(crate) lease: Option<Lease>,
    /// `--force-run-in-process`: no process is made.
    pub(crate) in_process: bool,
    pub(crate) thread_mode: ThreadMode,
    pub(crate) isolate: Isolate,
    pub(crate) isolation: Isolation,
    pub(crate) restart: Restart,
    /// How long a test may take; `None` for as long as it likes.
    pub(crate) timeout: Option<Duration>,
    /// How long a process may take to end after it was asked to.
    pub(crate) grace: Duration,
    /// How often a test that fails is tried again, where its context does not say.
    pub(crate) retries: u16,
    /// What is waited before that.
    pub(crate) backoff: Backoff,
    /// How often each test runs, if not once.
    pub(crate) repeat: Option<Repeat>,
}

/// Which tests are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// A test is meant if its name contains (`exact`: is) one of these; with none, every test is.
    pub(crate) filters: Vec<String>,
    /// Unless its name contains (`exact`: is) one of these.
    pub(crate) skips: Vec<String>,
    pub(crate) exact: bool,
    pub(crate) ignored: RunIgnored,
    pub(crate) exclude_should_panic: bool,
}

impl Settings {
    /// What these flags and this environment come to.
    pub(crate) fn resolve(flags: Flags, environment: &Environment) -> Result<Settings, Error> {
        environment.refuse_unknown()?;
        let lease = lease(&flags, environment)?;
        Ok(Settings {
            list: flags.list,
            measure: flags.bench,
            run_tests: flags.test || !flags.bench,
            lanes: match &lease {
                Some(lease) => NonZeroUsize::new(lease.most.into()),
                None => lanes(&flags, environment)?,
            },
            capture: !(flags.no_capture || environment.is_on("RUST_TEST_NOCAPTURE")),
            show_output: flags.show_output,
            format: format(&flags, environment)?,
            color: flags.color,
            time_limits: time_limits(&flags, environment)?,
            shuffle_seed: shuffle_seed(&flags, environment)?,
            fail_fast: flags.fail_fast || environment.is_on(FAIL_FAST),
            first_lane: lease.as_ref().map_or_else(|| first_lane(environment), |lease| lease.first),
            in_process: flags.force_run_in_process
                || is_alone(environment)
                || processes(&flags, environment)? == Some(0),
            thread_mode: environment.thread_mode()?.unwrap_or_default(),
            isolate: environment.isolate()?.unwrap_or_default(),
            isolation: environment.isolation()?.unwrap_or_default(),
            restart: restart(&flags, environment)?,
            timeout: timeout(&flags, environment)?,
            grace: environment.grace()?.unwrap_or(GRACE),
            retries: environment.retries()?.unwrap_or_default(),
            backoff: environment.backoff()?,
            repeat: environment.repeat()?,
            log: flags.logfile.clone(),
            record: record(&flags, environment)?,
            selection: Selection::resolve(flags)?,
            lease,
        })
    }
}

impl Selection {
    fn resolve(flags: Flags) -> Result<Selection, Error> {
        let ignored = match (flags.include_ignored, flags.ignored) {
            (true, true) => {
                // libtest's text.
                let text = "the options --include-ignored and --ignored are mutually exclusive";
                return Err(Error::usage(text));
            }
            (true, false) => RunIgnored::Also,
            (false, true) => RunIgnored::Only,
            (false, false) => RunIgnored::No,
        };
        Ok(Selection {
            filters: flags.filters,
            skips: flags.skips,
            exact: flags.exact,
            ignored,
            exclude_should_panic: flags.exclude_should_panic,
        })
    }
}

/// How long a test may take if nothing is said: longer than one takes that will still come to an end.
const TIMEOUT: Duration = Duration::from_mins(10);
const GRACE: Duration = Duration::from_secs(5);

fn lanes(flags: &Flags, environment: &Environment) -> Result<Option<NonZeroUsize>, Error> {
    // A list needs no lanes, and libtest does not look at the variable.
    if flags.list || flags.threads.is_some() {
        return Ok(flags.threads);
    }
    if let Some(count) = processes(flags, environment)? {
        let count = usize::try_from(count).map(|count| count.max(1)).ok();
        // Below nothing stands for as many as there are processors.
        return Ok(count.and_then(NonZeroUsize::new));
    }
    let Some(value) = environment.value("RUST_TEST_THREADS") else { return Ok(None) };
    value
        .parse()
        .map(Some)
        .map_err(|_| Error::usage(format!("RUST_TEST_THREADS is `{value}`, should be a positive integer.")))
}

/// What `cargo snout` lends. Lanes that the user states are no matter of its.
fn lease(flags: &Flags, environment: &Environment) -> Result<Option<Lease>, Error> {
    let is_stated = flags.list || flags.threads.is_some() || processes(flags, environment)?.is_some();
    // One of another version is none, and the number of lanes is in libtest's variable, too.
    Ok(environment.value(LEASE).filter(|_| !is_stated).and_then(Lease::read))
}

/// nose's number of processes, if it is given: the flag goes before the variable.
fn processes(flags: &Flags, environment: &Environment) -> Result<Option<i64>, Error> {
    let set = environment.processes()?;
    Ok(flags.processes.or(set))
}

fn restart(flags: &Flags, environment: &Environment) -> Result<Restart, Error> {
    let set = environment.restart()?;
    Ok(flags.restart.or(set).unwrap_or_default())
}

fn timeout(flags: &Flags, environment: &Environment) -> Result<Option<Duration>, Error> {
    let set = environment.timeout()?;
    Ok(Some(flags.process_timeout.or(set).unwrap_or(TIMEOUT)).filter(|timeout| !timeout.is_zero()))
}

fn format(flags: &Flags, environment: &Environment) -> Result<Format, Error> {
    let set = environment.format()?;
    let quiet = flags.quiet.then_some(Format::Terse);
    Ok(flags.format.or(quiet).or(set).unwrap_or_default())
}

fn record(flags: &Flags, environment: &Environment) -> Result<Option<PathBuf>, Error> {
    let set = environment.record()?;
    Ok(flags.record.clone().or(set))
}

/// A seed alone shuffles, too.
fn shuffle_seed(flags: &Flags, environment: &Environment) -> Result<Option<u64>, Error> {
    if flags.shuffle_seed.is_some() {
        return Ok(flags.shuffle_seed);
    }
    if let Some(value) = environment.value("RUST_TEST_SHUFFLE_SEED") {
        let seed = value.parse();
        return seed
            .map(Some)
            .map_err(|_| Error::usage(format!("RUST_TEST_SHUFFLE_SEED is `{value}`, should be a number.")));
    }
    let shuffle = flags.shuffle || environment.is_on("RUST_TEST_SHUFFLE");
    Ok(shuffle.then(seed_from_clock))
}

fn seed_from_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // The low bits are the ones that differ from run to run.
    now.as_nanos() as u64
}

/// cargo-nextest starts this program once a test, and keeps time and order itself.
fn is_alone(environment: &Environment) -> bool {
    environment.value("NEXTEST_EXECUTION_MODE") == Some("process-per-test")
}

/// It also counts its tests for all their processes: the number is the least that none of those has which run.
fn first_lane(environment: &Environment) -> usize {
    let slot = environment.value("NEXTEST_TEST_GLOBAL_SLOT").filter(|_| is_alone(environment));
    // One that is none is nothing to refuse a test for; older versions have no such number.
    slot.and_then(|slot| slot.parse().ok()).unwrap_or(0)
}

fn time_limits(flags: &Flags, environment: &Environment) -> Result<Option<TimeLimits>, Error> {
    if !(flags.report_time || flags.ensure_time) {
        return Ok(None);
    }
    Ok(Some(TimeLimits {
        unit: environment.threshold("RUST_TEST_TIME_UNIT")?.unwrap_or(milliseconds(50, 100)),
        integration: environment.threshold("RUST_TEST_TIME_INTEGRATION")?.unwrap_or(milliseconds(500, 1000)),
        doc: environment.threshold("RUST_TEST_TIME_DOCTEST")?.unwrap_or(milliseconds(500, 1000)),
        enforced: flags.ensure_time,
    }))
}

fn milliseconds(warn: u64, critical: u64) -> Threshold {
    Threshold { warn: Duration::from_millis(warn), critical: Duration::from_millis(critical) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Request, parse};

    fn resolved<const COUNT: usize>(
        line: &str,
        variables: [(&str, &str); COUNT],
    ) -> Result<Settings, String> {
        let words: Vec<&str> = std::iter::once("bin").chain(line.split_whitespace()).collect();
        let Ok(Request::Tests(flags)) = parse(&words) else { panic!("{line} is a good line") };
        Settings::resolve(flags, &variables.into()).map_err(|error| error.to_string())
    }

    fn settings<const COUNT: usize>(line: &str, variables: [(&str, &str); COUNT]) -> Settings {
        resolved(line, variables).unwrap()
    }

    #[test]
    fn nothing_typed_and_nothing_set_is_what_cargo_test_means() {
        let settings = settings("", []);
        assert!(settings.run_tests && settings.capture);
        assert!(!(settings.list || settings.measure || settings.show_output || settings.fail_fast));
        assert_eq!((settings.timeout, settings.grace), (Some(TIMEOUT), GRACE));
        assert_eq!((settings.shuffle_seed, settings.time_limits), (None, None));
    }

    #[test]
    fn a_flag_goes_before_a_variable_and_that_before_the_default() {
        for (line, variable, format) in [
            ("", "", Format::Pretty),
            ("", "json", Format::Json),
            ("-q", "json", Format::Terse),
            ("-q --format junit", "json", Format::Junit),
        ] {
            assert_eq!(settings(line, [("SNOUT_FORMAT", variable)]).format, format, "{line} {variable}");
        }
        let lanes =
            |line, count| settings(line, [("RUST_TEST_THREADS", count)]).lanes.map_or(0, NonZeroUsize::get);
        assert_eq!((lanes("", "7"), lanes("--test-threads 3", "7"), lanes("--list", "x")), (7, 3, 0));
    }

    #[test]
    fn a_record_goes_where_the_flag_or_the_variable_says() {
        for (line, variable, path) in [
            ("", "", None),
            ("", "run.jsonl", Some("run.jsonl")),
            ("--record a", "", Some("a")),
            ("--record=a/", "b", Some("a/")),
        ] {
            let known = settings(line, [("SNOUT_RECORD", variable)]).record;
            assert_eq!(known, path.map(PathBuf::from), "{line} {variable}");
        }
    }

    #[test]
    fn benchmarks_alone_leave_tests_out_and_both_flags_ask_for_both() {
        for (line, measure, run_tests) in [
            ("", false, true),
            ("--test", false, true),
            ("--bench", true, false),
            ("--bench --test", true, true),
        ] {
            let settings = settings(line, []);
            assert_eq!((settings.measure, settings.run_tests), (measure, run_tests), "{line}");
        }
    }

    #[test]
    fn a_seed_alone_shuffles() {
        for (line, variable, seed) in [("--shuffle-seed 5", "6", 5), ("--shuffle", "6", 6), ("", "6", 6)] {
            assert_eq!(
                settings(line, [("RUST_TEST_SHUFFLE_SEED", variable)]).shuffle_seed,
                Some(seed),
                "{line}"
            );
        }
        assert!(settings("--shuffle", []).shuffle_seed.is_some());
        assert!(settings("", [("RUST_TEST_SHUFFLE", "1")]).shuffle_seed.is_some());
        assert!(settings("", [("RUST_TEST_SHUFFLE", "0")]).shuffle_seed.is_none());
    }

    #[test]
    fn no_timeout_is_a_timeout_of_zero() {
        for (value, timeout) in [("0", None), ("2s", Some(Duration::from_secs(2))), ("", Some(TIMEOUT))] {
            assert_eq!(settings("", [("SNOUT_TIMEOUT", value)]).timeout, timeout, "{value}");
        }
    }

    #[test]
    fn our_own_variables_are_heard() {
        let settings = settings(
            "",
            [
                ("SNOUT_THREAD_MODE", "pooled"),
                ("SNOUT_ISOLATE", "never"),
                ("SNOUT_ISOLATION", "spawn"),
                ("SNOUT_GRACE", "1.5s"),
            ],
        );
        assert_eq!((settings.thread_mode, settings.isolate), (ThreadMode::Pooled, Isolate::Never));
        assert_eq!((settings.isolation, settings.grace), (Isolation::Spawn, Duration::from_millis(1500)));
    }

    #[test]
    fn nose_s_numbers_mean_what_they_mean_there() {
        for (line, variable, (lanes, in_process)) in [
            ("--processes=0", "", (Some(1), true)),
            ("--processes=3", "0", (Some(3), false)),
            ("--processes=-1", "7", (None, false)),
            ("", "2", (Some(2), false)),
            ("", "0", (Some(1), true)),
            ("--test-threads 5", "2", (Some(5), false)),
        ] {
            let settings = settings(line, [("SNOUT_PROCESSES", variable)]);
            let known = settings.lanes.map(NonZeroUsize::get);
            assert_eq!((known, settings.in_process), (lanes, in_process), "{line} {variable}");
        }
        for (value, timeout) in [("10", Some(10_000)), ("0.5", Some(500)), ("2m", Some(120_000)), ("0", None)]
        {
            let settings = settings(&format!("--process-timeout={value}"), []);
            assert_eq!(settings.timeout, timeout.map(Duration::from_millis), "{value}");
        }
        assert!(resolved("", [("SNOUT_PROCESSES", "many")]).unwrap_err().contains("write how many"));
    }

    #[test]
    fn a_pool_is_replaced_when_the_flag_says_or_else_the_variable() {
        let tests = |count| NonZeroUsize::new(count).map_or(Restart::Never, Restart::Tests);
        for (line, variable, restart) in [
            ("", "", Restart::Never),
            ("", "each", Restart::EachTest),
            ("", "7", tests(7)),
            ("--process-restartworker", "7", Restart::EachTest),
            ("--process-restartworker=each", "", Restart::EachTest),
            ("--process-restartworker=100 name", "512MiB", tests(100)),
            ("--process-restartworker=512MiB", "each", Restart::Memory(512 << 20)),
            ("--process-restartworker=0", "each", Restart::Never),
            // What stands behind it is a filter, as behind any switch.
            ("--process-restartworker 100", "", Restart::EachTest),
        ] {
            let settings = settings(line, [("SNOUT_RESTART_WORKER", variable)]);
            assert_eq!(settings.restart, restart, "{line} {variable}");
        }
        let refusal = resolved("", [("SNOUT_RESTART_WORKER", "true")]).unwrap_err();
        assert_eq!(
            refusal,
            "SNOUT_RESTART_WORKER is `true`, which is no number of tests and no size: write them like `100` or `512MiB`, \
             `each` for one test a lane, or `0` for never"
        );
    }

    #[test]
    fn who_says_how_many_lanes_there_are_is_lent_none() {
        let lent = (LEASE, "2 8 32\n/proc/1/fd/9\n");
        let lanes = |line, more| {
            let settings = settings(line, [lent, more]);
            (settings.lanes.map(NonZeroUsize::get), settings.first_lane, settings.lease.is_some())
        };
        assert_eq!(
            lanes("", ("RUST_TEST_THREADS", "2")),
            (Some(8), 32, true),
            "which is how it is told besides"
        );
        assert_eq!(lanes("--test-threads=3", ("X", "")), (Some(3), 0, false));
        assert_eq!(lanes("--processes=3", ("X", "")), (Some(3), 0, false));
        assert_eq!(lanes("", ("SNOUT_PROCESSES", "0")), (Some(1), 0, false), "all in order");
    }

    #[test]
    fn under_nextest_and_on_demand_no_process_is_made() {
        assert!(settings("--force-run-in-process", []).in_process);
        assert!(settings("", [("NEXTEST_EXECUTION_MODE", "process-per-test")]).in_process);
        assert!(!settings("", []).in_process);
    }

    #[test]
    fn under_nextest_lanes_count_from_its_slot() {
        const MODE: (&str, &str) = ("NEXTEST_EXECUTION_MODE", "process-per-test");
        for (slot, first) in [("0", 0), ("7", 7), ("none", 0), ("", 0)] {
            assert_eq!(settings("", [MODE, ("NEXTEST_TEST_GLOBAL_SLOT", slot)]).first_lane, first, "{slot}");
        }
        // Of a run that a test of nextest's has started itself.
        assert_eq!(settings("", [("NEXTEST_TEST_GLOBAL_SLOT", "7")]).first_lane, 0);
    }

    #[test]
    fn a_bad_value_is_refused_in_one_line() {
        for (line, (name, value), text) in [
            ("", ("RUST_TEST_THREADS", "0"), "RUST_TEST_THREADS is `0`, should be a positive integer."),
            ("", ("RUST_TEST_SHUFFLE_SEED", "x"), "RUST_TEST_SHUFFLE_SEED is `x`, should be a number."),
            (
                "--ignored --include-ignored",
                ("X", ""),
                "the options --include-ignored and --ignored are mutually exclusive",
            ),
        ] {
            assert_eq!(resolved(line, [(name, value)]).unwrap_err(), text);
        }
    }
}
