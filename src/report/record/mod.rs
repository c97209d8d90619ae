//! The record of a run: every event as a line of JSON, for programs, and for later. `docs/record.md` has the schema.
//!
//! What is written here is read by other versions of this crate, and by programs that have never heard of it: a line is
//! understandable by itself, and what a field means does not change without another number at the top.

use std::io::{self, Write};
use std::time::Duration;

use super::pen::Pen;
use super::{Reporter, escape};
use crate::accumulate::Ledger;
use crate::model::{
    Case, CaseId, Cause, Death, Event, Failure, Finished, Hook, Leftover, Measurement, Notice, Outcome,
    Output, Phase, Reason, RunStarted, Trouble, Wrong,
};

/// Rises when a reader of the version before would take something wrong.
const VERSION: u32 = 1;

/// Which process the record is of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Its command line: the program, as it was called, and its arguments.
    pub(crate) arguments: Vec<String>,
    /// What a user calls the program: without the folder, and the number that cargo puts behind the name.
    pub(crate) name: String,
    /// The folder it was started in: under cargo, the package's.
    pub(crate) folder: String,
    pub(crate) pid: u32,
    /// When, since the beginning of 1970.
    pub(crate) time: Duration,
}

pub(super) struct Record {
    pen: Pen,
    origin: Origin,
}

impl Reporter for Record {
    fn event(&mut self, event: &Event, ledger: &Ledger<'_>) -> io::Result<()> {
        match event {
            Event::RunStarted(started) => self.begin(started),
            Event::Started(id) => self.about("started", ledger.case(*id)),
            Event::Slow(id) => self.about("slow", ledger.case(*id)),
            Event::Finished(finished) => self.finished(finished, ledger.case(finished.case)),
            Event::Notice(notice) => self.notice(notice, ledger),
            Event::RunFinished { elapsed } => self.end(*elapsed, ledger),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pen.flush()
    }
}

impl Record {
    pub(super) fn new(origin: Origin, page: Box<dyn Write>) -> Record {
        Record { pen: Pen::plain(page), origin }
    }

    fn begin(&mut self, started: &RunStarted) -> io::Result<()> {
        let Origin { arguments, name, folder, pid, time } = &self.origin;
        write!(self.pen, "{{\"record\":{VERSION},")?;
        let mut line = Line(&mut self.pen);
        line.name("run_started")?;
        line.text("snout", env!("CARGO_PKG_VERSION"))?;
        line.text("name", name)?;
        line.text("folder", folder)?;
        line.list("arguments", arguments, |pen, argument| quoted(pen, argument))?;
        line.number("pid", *pid)?;
        line.seconds("time", *time)?;
        line.number("selected", started.selected)?;
        line.number("filtered_out", started.filtered_out)?;
        if let Some(seed) = started.shuffle_seed {
            line.number("shuffle_seed", seed)?;
        }
        if started.iterations > 0 {
            line.number("iterations", started.iterations)?;
        }
        if started.winds_down {
            line.number("winds_down", true)?;
        }
        line.end()
    }

    /// What is told about a test before its result.
    fn about(&mut self, event: &str, case: &Case) -> io::Result<()> {
        let mut line = Line::begin(&mut self.pen, event)?;
        line.test(case)?;
        line.end()
    }

    fn finished(&mut self, finished: &Finished, case: &Case) -> io::Result<()> {
        let mut line = Line::begin(&mut self.pen, "finished")?;
        line.test(case)?;
        line.result(finished, case)?;
        line.end()
    }

    fn notice(&mut self, notice: &Notice, ledger: &Ledger<'_>) -> io::Result<()> {
        let name = |id: &CaseId| ledger.case(*id).name;
        let Some(event) = event_of(notice) else { return Ok(()) };
        let mut line = Line::begin(&mut self.pen, event)?;
        match notice {
            Notice::Escalated { case, cause } => {
                line.test(ledger.case(*case))?;
                line.cause(*cause)?;
            }
            Notice::PoolDied { death, in_flight } => {
                line.death(*death)?;
                line.list("tests", in_flight, |pen, id| quoted(pen, name(id)))?;
            }
            Notice::Leaked { case, left } => {
                case.iter().try_for_each(|id| line.test(ledger.case(*id)))?;
                line.list("processes", left, |pen, Leftover { pid, name }| {
                    write!(pen, "{{\"pid\":{pid},\"name\":")?;
                    quoted(pen, name)?;
                    pen.text("}")
                })?;
            }
            Notice::Flaky { case, failures } => {
                line.test(ledger.case(*case))?;
                line.number("failures", *failures)?;
            }
            Notice::Retried { finished, attempt, delay } => {
                line.test(ledger.case(finished.case))?;
                line.number("attempt", attempt)?;
                line.seconds("delay", *delay)?;
                line.result(finished, ledger.case(finished.case))?;
            }
            Notice::Trouble(trouble) => line.trouble(trouble)?,
            Notice::Report { plugin, text } => {
                line.text("plugin", plugin)?;
                line.output(text)?;
            }
            Notice::Stray(output) => line.output(output)?,
            Notice::Interrupted { signal, awaited, grace } => {
                line.number("signal", signal)?;
                line.list("tests", awaited, |pen, id| quoted(pen, name(id)))?;
                line.seconds("grace", *grace)?;
            }
            Notice::GivenUp(tests) | Notice::WindingDown(tests) => {
                line.list("tests", tests, |pen, id| quoted(pen, name(id)))?;
            }
            Notice::Lanes(lanes) => line.number("lanes", *lanes)?,
            Notice::Status(_) => {}
        }
        line.end()
    }

    /// With the counts, though they can be had from the lines before: who wants no more than these need not add up.
    fn end(&mut self, elapsed: Duration, ledger: &Ledger<'_>) -> io::Result<()> {
        let tally = ledger.tally();
        let mut line = Line::begin(&mut self.pen, "run_finished")?;
        line.number("success", ledger.is_success())?;
        line.number("passed", tally.passed)?;
        line.number("failed", tally.failed)?;
        line.number("ignored", tally.ignored)?;
        line.number("measured", tally.measured)?;
        line.seconds("elapsed", elapsed)?;
        line.end()
    }
}

/// What a line about it is called. None is written of what is said at once, and over.
fn event_of(notice: &Notice) -> Option<&'static str> {
    Some(match notice {
        Notice::Escalated { .. } => "escalated",
        Notice::PoolDied { .. } => "pool_died",
        Notice::Leaked { .. } => "leaked",
        Notice::Flaky { .. } => "flaky",
        Notice::Retried { .. } => "retried",
        Notice::Trouble(_) => "trouble",
        Notice::Report { .. } => "report",
        Notice::Stray(_) => "stray",
        Notice::Interrupted { .. } => "interrupted",
        Notice::GivenUp(_) => "given_up",
        Notice::Lanes(_) => "lanes",
        Notice::WindingDown(_) => "winding_down",
        Notice::Status(_) => return None,
    })
}

/// A line, field by field.
struct Line<'page>(&'page mut Pen);

impl Line<'_> {
    fn begin<'page>(pen: &'page mut Pen, event: &str) -> io::Result<Line<'page>> {
        pen.text("{")?;
        let mut line = Line(pen);
        line.name(event)?;
        Ok(line)
    }

    fn name(&mut self, event: &str) -> io::Result<()> {
        self.0.text("\"event\":\"")?;
        self.0.text(event)?;
        self.0.text("\"")
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.text("}\n")
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        self.0.text(",\"")?;
        self.0.text(key)?;
        self.0.text("\":")
    }

    fn text(&mut self, key: &str, value: &str) -> io::Result<()> {
        self.key(key)?;
        quoted(self.0, value)
    }

    /// Which test a line is about.
    fn test(&mut self, case: &Case) -> io::Result<()> {
        self.text("test", case.name)?;
        if case.iteration == 0 { Ok(()) } else { self.number("iteration", case.iteration) }
    }

    /// How a test came out.
    fn result(&mut self, finished: &Finished, case: &Case) -> io::Result<()> {
        self.outcome(&finished.outcome)?;
        self.seconds("elapsed", finished.elapsed)?;
        if !case.source.file.is_empty() {
            self.text("file", case.source.file)?;
            self.number("line", case.source.start_line)?;
        }
        self.output(&finished.output)
    }

    /// Anything that Rust writes as JSON does: a number, a truth value.
    fn number(&mut self, key: &str, value: impl std::fmt::Display) -> io::Result<()> {
        self.key(key)?;
        write!(self.0, "{value}")
    }

    /// Seconds, to the nanosecond.
    fn seconds(&mut self, key: &str, time: Duration) -> io::Result<()> {
        self.key(key)?;
        write!(self.0, "{}.{:09}", time.as_secs(), time.subsec_nanos())
    }

    fn list<T>(
        &mut self,
        key: &str,
        items: &[T],
        write: impl Fn(&mut Pen, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.key(key)?;
        let mut gap = "[";
        for item in items {
            self.0.text(gap)?;
            write(self.0, item)?;
            gap = ",";
        }
        self.0.text(if items.is_empty() { "[]" } else { "]" })
    }

    /// What something printed, if it did. Where that is not all text, the bytes besides.
    fn output(&mut self, output: &Output) -> io::Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        self.text("output", &output.text())?;
        if std::str::from_utf8(output.bytes()).is_ok() {
            return Ok(());
        }
        self.key("output_base64")?;
        self.0.text("\"")?;
        base64(self.0, output.bytes())?;
        self.0.text("\"")
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        match outcome {
            Outcome::Passed => self.text("outcome", "passed"),
            Outcome::Failed(failure) => {
                self.text("outcome", "failed")?;
                self.failure(failure)
            }
            Outcome::Ignored(reason) => {
                self.text("outcome", "ignored")?;
                reason.iter().try_for_each(|reason| self.reason(reason))
            }
            Outcome::Measured(measurement) => {
                self.text("outcome", "measured")?;
                self.measurement(measurement)
            }
        }
    }

    fn failure(&mut self, failure: &Failure) -> io::Result<()> {
        let kind = match failure {
            Failure::Plain => "plain",
            Failure::Unexpected(_) => "unexpected",
            Failure::OverCritical => "over_critical",
            Failure::TimedOut { .. } => "timed_out",
            Failure::Died(_) => "died",
            Failure::DiedAfterwards(_) => "died_afterwards",
            Failure::NotRun(_) => "not_run",
            Failure::Ended(_) => "ended",
            Failure::Blocked { .. } => "blocked",
            Failure::Interrupted { .. } => "interrupted",
        };
        self.text("failure", kind)?;
        match failure {
            Failure::Plain | Failure::OverCritical | Failure::Unexpected(_) => {}
            Failure::TimedOut { limit } => self.seconds("limit", *limit)?,
            Failure::Died(death) | Failure::DiedAfterwards(death) => self.death(*death)?,
            Failure::NotRun(why) => self.text("reason", why)?,
            Failure::Ended(reason) => self.reason(reason)?,
            Failure::Blocked { fixture, why } => {
                self.text("fixture", fixture)?;
                self.text("reason", why)?;
            }
            Failure::Interrupted { signal, after } => {
                self.number("signal", signal)?;
                self.seconds("after", *after)?;
            }
        }
        failure.message().iter().try_for_each(|message| self.text("message", message))
    }

    fn reason(&mut self, reason: &Reason) -> io::Result<()> {
        reason.class.iter().try_for_each(|class| self.text("class", class))?;
        self.text("reason", &reason.text)
    }

    fn death(&mut self, death: Death) -> io::Result<()> {
        match death {
            Death::Exited(code) => {
                self.text("death", "exited")?;
                self.number("code", code)
            }
            Death::Killed(signal) => {
                self.text("death", "killed")?;
                self.number("signal", signal)
            }
            Death::Stopped(signal) => {
                self.text("death", "stopped")?;
                self.number("signal", signal)
            }
            Death::HungAtExit => self.text("death", "hung_at_exit"),
        }
    }

    fn cause(&mut self, cause: Cause) -> io::Result<()> {
        match cause {
            Cause::TimedOut(limit) => {
                self.text("cause", "timed_out")?;
                self.seconds("limit", limit)
            }
            Cause::PoolDied(death) => {
                self.text("cause", "pool_died")?;
                self.death(death)
            }
        }
    }

    fn trouble(&mut self, trouble: &Trouble) -> io::Result<()> {
        let (whose, phase) = match trouble.phase {
            Phase::Generate => ("fixture", "cases"),
            Phase::SetUp => ("fixture", "set_up"),
            Phase::Use => ("fixture", "use"),
            Phase::TearDown => ("fixture", "teardown"),
            Phase::Plugin(Hook::Begin) => ("plugin", "begin"),
            Phase::Plugin(Hook::Finish) => ("plugin", "finish"),
            Phase::Plugin(Hook::Before) => ("plugin", "before"),
            Phase::Plugin(Hook::After) => ("plugin", "after"),
            Phase::Plugin(Hook::Report) => ("plugin", "report"),
        };
        self.text(whose, &trouble.fixture)?;
        self.text("phase", phase)?;
        match &trouble.how {
            Wrong::Panicked => self.text("how", "panicked"),
            Wrong::Failed(error) => {
                self.text("how", "failed")?;
                self.text("error", error)
            }
            Wrong::TimedOut(limit) => {
                self.text("how", "timed_out")?;
                self.seconds("limit", *limit)
            }
            Wrong::Died(death) => {
                self.text("how", "died")?;
                self.death(*death)
            }
        }?;
        self.text("message", &trouble.how.to_string())?;
        self.output(&trouble.output)
    }

    fn measurement(&mut self, measurement: &Measurement) -> io::Result<()> {
        let of = &measurement.nanoseconds;
        self.key("nanoseconds")?;
        let mut gap = "{\"";
        for (key, value) in [
            ("median", of.median),
            ("min", of.min),
            ("max", of.max),
            ("mean", of.mean),
            ("sum", of.sum),
            ("variance", of.var),
            ("standard_deviation", of.std_dev),
            ("median_absolute_deviation", of.median_abs_dev),
            ("first_quartile", of.quartiles.0),
            ("second_quartile", of.quartiles.1),
            ("third_quartile", of.quartiles.2),
            ("interquartile_range", of.iqr),
        ] {
            self.0.text(gap)?;
            self.0.text(key)?;
            // JSON has no word for what is no number.
            if value.is_finite() { write!(self.0, "\":{value}") } else { self.0.text("\":null") }?;
            gap = ",\"";
        }
        self.0.text("}")?;
        self.number("megabytes_per_second", measurement.megabytes_per_second)
    }
}

fn quoted(pen: &mut Pen, text: &str) -> io::Result<()> {
    pen.text("\"")?;
    escape::json(pen, text)?;
    pen.text("\"")
}

/// Base64 with the alphabet and the filling that everybody has (RFC 4648, section 4).
fn base64(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in bytes.chunks(3) {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let mut four = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
        four[three.len() + 1..].fill(b'=');
        out.write_all(&four)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
