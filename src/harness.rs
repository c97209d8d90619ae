//! The composition root of a test binary: discover, plan, dispatch, accumulate, report, and an exit code.

mod desk;
mod instructions;

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::OnceLock;

use crate::accumulate::Ledger;
use crate::cli::{self, Environment, Request};
use crate::context::{self, Generator, Registry};
use crate::contract::TestDescAndFn;
use crate::discover::{self, Selected};
use crate::dispatch::{self, Ending, Generated, Job, Listener, StartedBy, Values};
use crate::error::Error;
use crate::execute::Rules;
use crate::model::{Case, Event, Isolate, Isolation, Notice, RunStarted, Trouble};
use crate::plan::Plan;
use crate::report::{self, Outlets};
use crate::settings::{Selection, Settings};
use crate::sys::capture;
use crate::sys::clock::nanoseconds;
use crate::sys::copies;
use crate::sys::memory::{self, Frozen};
use crate::sys::standard::StandardStream;
use desk::Desk;

/// What a run with a failure exits with: libtest's code.
pub(crate) const FAILURE: u8 = 101;

/// The program that holds the tests.
pub(crate) struct Program {
    /// Its command line, with its name.
    arguments: Vec<OsString>,
    /// It was built so that a panic cannot be caught.
    panics_abort: bool,
}

impl Program {
    /// This process, a test binary.
    pub(crate) fn of_process() -> Program {
        Program { arguments: std::env::args_os().collect(), panics_abort: false }
    }

    /// The same program, built so that a panic ends it.
    pub(crate) fn that_cannot_unwind(self) -> Program {
        Program { panics_abort: true, ..self }
    }

    /// A program of rustdoc's, which passes on the arguments that are for us.
    pub(crate) fn of_doctests(arguments: &[String]) -> Program {
        Program { arguments: arguments.iter().map(OsString::from).collect(), panics_abort: false }
    }
}

/// Does what the command line asks for.
pub(crate) fn run(tests: &[&'static TestDescAndFn], program: Program) -> ExitCode {
    match follow(tests, &program) {
        Ok(code) => code,
        Err(error) => {
            // If standard error is closed too, the exit code has to do.
            let _ = writeln!(StandardStream::error(), "error: {error}");
            ExitCode::from(FAILURE)
        }
    }
}

fn follow(tests: &[&'static TestDescAndFn], program: &Program) -> Result<ExitCode, Error> {
    copies::be_original();
    let role = dispatch::take_role();
    let flags = match cli::parse(&program.arguments)? {
        Request::Help(text) => return say(&text),
        Request::Tests(flags) => flags,
    };
    let environment = Environment::of_process();
    let instructions = instructions::read(&environment)?;
    let mut settings = Settings::resolve(flags, &environment)?;
    if let Some(role) = &role {
        settings.shuffle_seed = role.shuffle_seed();
    }
    let started_by = dispatch::mark_descendants();
    // A test that executes its own binary expects of that what it is under libtest: one process, which it has started.
    settings.in_process |= role.is_none() && started_by == StartedBy::OwnTest;
    instructions::hide(&settings, role.as_ref());
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let (tests, registry) = discover::declared(tests);
    let registry = REGISTRY.get_or_init(|| registry.heeding(instructions));
    let generated = generate(registry, &settings, role.is_some())?;
    let is_supervisor = role.is_none() && !generated.values.is_at_host();
    let Selected { cases, filtered_out, name_width, iterations } =
        discover::cases(&tests, (registry, &generated.names), &settings, memory::room);
    if is_supervisor {
        warn(&tests, &cases, &settings);
    }
    if settings.list && is_supervisor {
        generated.values.end();
        return list(&cases, &settings);
    }
    // Lanes, and threads that outlive their tests, read the plan for as long as the process lives.
    // In a static, not leaked: a leak checker looks there when `main` has returned.
    static PLAN: OnceLock<Plan> = OnceLock::new();
    let is_direct = is_direct(&cases, &settings);
    let cases = freeze(cases, &settings);
    let order = instructions::order(&settings);
    let plan = PLAN.get_or_init(|| match Plan::new(cases, settings.shuffle_seed).led_by(&order) {
        plan if is_direct || !dispatch::HAS_PROCESSES => plan.in_one_process(),
        plan => plan,
    });
    context::count_lanes_from(settings.first_lane);
    let job = job((plan, registry), &settings, program, (is_direct, started_by));
    let values = match (is_direct, generated.values.is_elsewhere()) {
        (true, true) => {
            // Tests run in this process, so it has to have the values.
            generated.values.end();
            dispatch::generate_here(registry, &|generator| is_wanted(generator, &settings)).values
        }
        _ => generated.values.play_if_at_host(&job),
    };
    match role {
        Some(role) => role.play(&job),
        None => {
            let started = RunStarted {
                selected: plan.cases().len(),
                filtered_out,
                shuffle_seed: settings.shuffle_seed,
                name_width,
                iterations,
                winds_down: !job.in_process && dispatch::HAS_PROCESSES,
            };
            run_job(&job, (&settings, program), (started, generated.troubles, values))
        }
    }
}

/// Keeps the cases for as long as the process lives, as the plan. Where each test has a process of its own, what is forked for one test is
/// to have nothing of the others.
fn freeze(cases: Vec<Case>, settings: &Settings) -> &'static [Case] {
    static CASES: OnceLock<Frozen<Case>> = OnceLock::new();
    CASES.get_or_init(|| match settings.isolate {
        Isolate::Always => Frozen::common(cases),
        Isolate::Auto | Isolate::Never => Frozen::own(cases),
    })
}

/// Asks for the names of tests that are known only now.
fn generate(registry: &'static Registry, settings: &Settings, has_role: bool) -> Result<Generated, Error> {
    if registry.generators().is_empty() {
        return Ok(Generated::default());
    }
    let wanted = &|generator: &Generator| is_wanted(generator, settings);
    if has_role || settings.in_process || dispatch::is_watched() {
        return Ok(dispatch::generate_here(registry, wanted));
    }
    let mut generated = dispatch::generate(registry, wanted, settings.capture, settings.timeout)
        .map_err(|error| Error::system("run what gives the cases of tests", error))?;
    if settings.isolation == Isolation::Spawn && generated.values.is_elsewhere() {
        // Processes that are executed make the values themselves.
        std::mem::take(&mut generated.values).end();
    }
    Ok(generated)
}

/// With `--exact`, what a generator would give is often known not to be meant.
fn is_wanted(generator: &Generator, settings: &Settings) -> bool {
    let Selection { exact, filters, .. } = &settings.selection;
    let below = format!("{}::", generator.name());
    !exact || filters.is_empty() || filters.iter().any(|filter| filter.starts_with(&below))
}

/// Says on standard error what is odd about the selection, but no reason to refuse it.
fn warn(tests: &[&'static TestDescAndFn], cases: &[Case], settings: &Settings) {
    let mut err = StandardStream::error();
    if settings.log.is_some() {
        let _ = err.write_all(cli::LOGFILE_WARNING.as_bytes());
    }
    if let ([filter], true) = (&*settings.selection.filters, cases.is_empty() && settings.selection.exact) {
        let advice = match discover::nearest(filter, tests) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`--list` prints every name".to_owned(),
        };
        let _ = writeln!(err, "note: no test here matches `{filter}`: {advice}");
    }
}

fn say(text: &str) -> Result<ExitCode, Error> {
    let result = StandardStream::output().write_all(text.as_bytes());
    result.map(|()| ExitCode::SUCCESS).map_err(|error| Error::system("write to standard output", error))
}

fn list(cases: &[Case], settings: &Settings) -> Result<ExitCode, Error> {
    let mut out = io::BufWriter::new(StandardStream::output());
    let written = report::list(cases, settings, &mut out).and_then(|()| out.flush());
    written.map(|()| ExitCode::SUCCESS).map_err(|error| Error::system("write the list", error))
}

fn job(
    (plan, registry): (&'static Plan, &'static Registry),
    settings: &Settings,
    program: &Program,
    (is_direct, started_by): (bool, StartedBy),
) -> Job {
    let rules = Rules {
        thread_mode: settings.thread_mode,
        capture: settings.capture,
        show_output: settings.show_output,
        timeout: settings.timeout,
        watches_time: true,
        time_limits: settings.time_limits,
        retries: settings.retries,
        backoff: settings.backoff,
        fail_fast: settings.fail_fast,
        panics_abort: program.panics_abort,
        plugins: registry.plugins(),
    };
    let cases = plan.cases().len().max(1);
    let lanes = match settings.lanes {
        Some(lanes) => lanes.get().min(cases),
        // To count processors, half a dozen files are read on Linux.
        None if cases == 1 => 1,
        None => std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(cases),
    };
    let job = Job {
        plan,
        registry,
        rules,
        lanes: u16::try_from(lanes).unwrap_or(u16::MAX),
        isolate: settings.isolate,
        isolation: settings.isolation,
        restart: settings.restart,
        grace: settings.grace,
        in_process: false,
        lease: settings.lease.clone(),
        started_by,
    };
    // A child's text is caught at its descriptors, whatever this compiler's std is like. What a test has started may print.
    let has_to_catch = settings.capture && started_by != StartedBy::OwnTest;
    if program.panics_abort || has_to_catch && !capture::is_available() {
        job.isolated()
    } else if is_direct {
        job.direct()
    } else {
        job
    }
}

/// Whether the tests run in this very process, where whoever looks at it expects them: a debugger, a profiler, nextest (a
/// process for each test already), somebody who asked for one test by name and wants to see it run.
fn is_direct(cases: &[Case], settings: &Settings) -> bool {
    let one_to_watch = settings.selection.exact && !settings.capture && cases.len() == 1;
    // Who watches is found in a file; nobody watches nothing.
    settings.in_process || one_to_watch || !cases.is_empty() && dispatch::is_watched()
}

fn run_job(
    job: &Job,
    (settings, program): (&Settings, &Program),
    (started, troubles, values): (RunStarted, Vec<Trouble>, Values),
) -> Result<ExitCode, Error> {
    let pages = desk::pages(settings, &program.arguments)?;
    let ledger = Ledger::new(job.plan.cases(), settings.show_output);
    let ledger = if job.rules.plugins.is_empty() { ledger } else { ledger.with_all() };
    let mut desk = Desk::new(ledger, Outlets::new(settings, threads_there_might_be(job, settings), pages));
    let ending = conduct(job, &mut desk, (started, troubles, values));
    // libtest's warning about the log file has no line break at its end.
    let is_success = desk.close(if settings.log.is_some() { "\n" } else { "" });
    match ending.map_err(|error| Error::system("go on with the run", error))? {
        Ending::Interrupted(signal) => dispatch::die_by(signal),
        Ending::Complete | Ending::FailedFast | Ending::WoundDown | Ending::Unheard => {
            Ok(if is_success { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) })
        }
    }
}

/// What libtest goes by when it decides whether a test is named before it has finished: not how many tests there are.
fn threads_there_might_be(job: &Job, settings: &Settings) -> usize {
    match (settings.lanes, job.plan.cases()) {
        (Some(lanes), _) => lanes.get(),
        // Captured, it reads the same, and the processors need not be counted.
        (None, [_]) if settings.capture => usize::MAX,
        (None, [_]) => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        (None, _) => job.lanes.into(),
    }
}

/// The run, from its first event to its last, which comes whatever happens: what is known by then is to be told.
fn conduct(
    job: &Job,
    desk: &mut Desk<'_>,
    (started, troubles, values): (RunStarted, Vec<Trouble>, Values),
) -> io::Result<Ending> {
    let start = nanoseconds();
    if !job.in_process {
        // Whoever reads the first line may have it wind down.
        dispatch::hold_wind_down();
    }
    desk.hear(Event::RunStarted(started))?;
    troubles.into_iter().try_for_each(|trouble| desk.hear(Event::Notice(Notice::Trouble(trouble))))?;
    let ending = match job.plan.cases() {
        // Most filters leave most binaries without a test.
        [] => Ok(Ending::Complete),
        _ => dispatch::run(job, values, desk),
    };
    let elapsed = std::time::Duration::from_nanos(nanoseconds() - start).saturating_sub(dispatch::paused());
    desk.hear(Event::RunFinished { elapsed })?;
    desk.flush()?;
    ending
}
