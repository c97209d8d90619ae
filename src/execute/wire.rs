//! The frames on a pipe: what a process that runs tests tells the supervisor.
//!
//! A frame is its length and fields, one behind the other: numbers little-endian, text and bytes with their length, a choice as
//! a number and its fields. What the test printed is the last field, as it is: it need not be text. Only outcomes that say
//! more than "passed" are sent; the rest is in the run table.
//!
//! Written by hand, for a harness must not bring `serde_json` into a user's build: see `docs/decisions.md`. Both ends are the same
//! executable, so there is one version of this.

use std::io::{self, Write};
use std::time::Duration;

use crate::model::stats::Summary;
use crate::model::{
    CaseId, Death, Failure, Finished, Hook, Measurement, Outcome, Output, Phase, Reason, Trouble, Wrong,
};

/// A length over this is no frame of ours: something else wrote to the pipe.
const SANE: usize = 1 << 31;
const HEAD: usize = 8;

/// The first field: what is told.
const FINISHED: u64 = 0;
const TROUBLE: u64 = 1;
const GENERATED: u64 = 2;
const ALL_GENERATED: u64 = 3;
const REPORT: u64 = 4;
const SO_FAR: u64 = 5;

/// The number of a plugin's first hook among phases.
const FIRST_HOOK: u64 = 4;

/// One thing that is told.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// A test has come out.
    Finished(Finished),
    /// A fixture went wrong.
    Trouble(Trouble),
    /// A generator, by its number, gives a test of this name.
    Generated(u32, String),
    /// All generators are through.
    AllGenerated,
    /// A plugin, by its number, has this to say about the run.
    Report(u32, Output),
    /// A test that runs has printed this so far.
    SoFar(CaseId, Output),
}

/// Tells how a test came out.
pub(crate) fn send(finished: &Finished, pipe: impl Write) -> io::Result<()> {
    let mut fields = Fields::default();
    fields.put_number(FINISHED);
    fields.put_number(finished.case.0.into());
    fields.put_duration(finished.elapsed);
    fields.put_outcome(&finished.outcome);
    write(fields, finished.output.bytes(), pipe)
}

/// Tells what went wrong with a fixture.
pub(crate) fn send_trouble(trouble: &Trouble, pipe: impl Write) -> io::Result<()> {
    let mut fields = Fields::default();
    fields.put_number(TROUBLE);
    fields.put_text(&trouble.fixture);
    fields.put_number(match trouble.phase {
        Phase::SetUp => 0,
        Phase::TearDown => 1,
        Phase::Use => 2,
        Phase::Generate => 3,
        Phase::Plugin(hook) => {
            FIRST_HOOK + Hook::ALL.iter().position(|known| *known == hook).unwrap_or(0) as u64
        }
    });
    match &trouble.how {
        Wrong::Panicked => fields.put_number(0),
        Wrong::Failed(error) => {
            fields.put_number(1);
            fields.put_text(error);
        }
        Wrong::TimedOut(limit) => {
            fields.put_number(2);
            fields.put_duration(*limit);
        }
        Wrong::Died(death) => {
            fields.put_number(3);
            fields.put_death(*death);
        }
    }
    write(fields, trouble.output.bytes(), pipe)
}

/// Tells of one more generated test; with none, that there are no more.
pub(crate) fn send_generated(test: Option<(u32, &str)>, pipe: impl Write) -> io::Result<()> {
    let mut fields = Fields::default();
    match test {
        Some((generator, name)) => {
            fields.put_number(GENERATED);
            fields.put_number(generator.into());
            fields.put_text(name);
        }
        None => fields.put_number(ALL_GENERATED),
    }
    write(fields, b"", pipe)
}

/// Tells what a plugin has to say about the run.
pub(crate) fn send_report(plugin: u32, text: &[u8], pipe: impl Write) -> io::Result<()> {
    let mut fields = Fields::default();
    fields.put_number(REPORT);
    fields.put_number(plugin.into());
    write(fields, text, pipe)
}

/// Tells what a test has printed that still runs.
pub(crate) fn send_so_far(case: CaseId, printed: &[u8], pipe: impl Write) -> io::Result<()> {
    let mut fields = Fields::default();
    fields.put_number(SO_FAR);
    fields.put_number(case.0.into());
    write(fields, printed, pipe)
}

fn write(fields: Fields, printed: &[u8], mut pipe: impl Write) -> io::Result<()> {
    let length = (fields.0.len() + printed.len()) as u64;
    pipe.write_all(&[&length.to_le_bytes(), &*fields.0].concat())?;
    pipe.write_all(printed)
}

/// Puts frames together from the pieces in which they arrive.
#[derive(Default)]
pub(crate) struct Decoder {
    bytes: Vec<u8>,
    /// How much of `bytes` has been taken out already.
    taken: usize,
}

impl Decoder {
    /// Where arriving bytes are to be appended.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        &mut self.bytes
    }

    /// The next whole frame, if it has arrived.
    ///
    /// # Errors
    ///
    /// What came is no frame, so nothing behind it can be understood either; it is thrown away.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, NoFrame> {
        let Some((head, rest)) = self.bytes[self.taken..].split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = usize::try_from(u64::from_le_bytes(*head)).unwrap_or(usize::MAX);
        let frame = match rest.get(..length) {
            Some(frame) => frame,
            None if length <= SANE => return Ok(None),
            None => return Err(self.give_up()),
        };
        let decoded = decode(frame);
        self.taken += HEAD + length;
        decoded.map(Some).ok_or_else(|| self.give_up())
    }

    fn give_up(&mut self) -> NoFrame {
        self.taken = self.bytes.len();
        NoFrame
    }
}

/// Something else than this module wrote to the pipe.
#[derive(Debug)]
pub(crate) struct NoFrame;

fn decode(mut frame: &[u8]) -> Option<Frame> {
    match take_number(&mut frame)? {
        FINISHED => {
            let case = CaseId(take_number(&mut frame)?.try_into().ok()?);
            let elapsed = Duration::from_nanos(take_number(&mut frame)?);
            let outcome = take_outcome(&mut frame)?;
            let output = Output::from(frame.to_vec());
            Some(Frame::Finished(Finished { case, outcome, elapsed, output }))
        }
        TROUBLE => {
            let fixture = take_text(&mut frame)?;
            let phase = match take_number(&mut frame)? {
                0 => Phase::SetUp,
                1 => Phase::TearDown,
                2 => Phase::Use,
                3 => Phase::Generate,
                hook => Phase::Plugin(*Hook::ALL.get(usize::try_from(hook - FIRST_HOOK).ok()?)?),
            };
            let how = match take_number(&mut frame)? {
                0 => Wrong::Panicked,
                1 => Wrong::Failed(take_text(&mut frame)?),
                2 => Wrong::TimedOut(Duration::from_nanos(take_number(&mut frame)?)),
                3 => Wrong::Died(take_death(&mut frame)?),
                _ => return None,
            };
            let output = Output::from(frame.to_vec());
            Some(Frame::Trouble(Trouble { fixture, phase, how, output }))
        }
        GENERATED => {
            let generator = take_number(&mut frame)?.try_into().ok()?;
            let name = take_text(&mut frame)?;
            frame.is_empty().then_some(Frame::Generated(generator, name))
        }
        ALL_GENERATED => frame.is_empty().then_some(Frame::AllGenerated),
        SO_FAR => {
            let case = CaseId(take_number(&mut frame)?.try_into().ok()?);
            Some(Frame::SoFar(case, Output::from(frame.to_vec())))
        }
        REPORT => {
            let plugin = take_number(&mut frame)?.try_into().ok()?;
            Some(Frame::Report(plugin, Output::from(frame.to_vec())))
        }
        _ => None,
    }
}

/// The fields of a frame, as they are put together.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn put_number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn put_duration(&mut self, duration: Duration) {
        self.put_number(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    fn put_text(&mut self, text: &str) {
        self.put_number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    fn put_outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.put_number(0),
            Outcome::Ignored(None) => self.put_number(1),
            Outcome::Ignored(Some(reason)) => {
                self.put_number(2);
                self.put_reason(reason);
            }
            Outcome::Failed(failure) => {
                self.put_number(3);
                self.put_failure(failure);
            }
            Outcome::Measured(measurement) => {
                self.put_number(4);
                measurement
                    .nanoseconds
                    .to_array()
                    .into_iter()
                    .for_each(|number| self.put_number(number.to_bits()));
                self.put_number(measurement.megabytes_per_second as u64);
            }
        }
    }

    fn put_failure(&mut self, failure: &Failure) {
        match failure {
            Failure::Plain => self.put_number(0),
            Failure::OverCritical => self.put_number(1),
            Failure::Unexpected(text) => {
                self.put_number(2);
                self.put_text(text);
            }
            Failure::NotRun(why) => {
                self.put_number(3);
                self.put_text(why);
            }
            Failure::TimedOut { limit } => {
                self.put_number(4);
                self.put_duration(*limit);
            }
            Failure::Died(death) => {
                self.put_number(5);
                self.put_death(*death);
            }
            Failure::DiedAfterwards(death) => {
                self.put_number(6);
                self.put_death(*death);
            }
            Failure::Ended(reason) => {
                self.put_number(8);
                self.put_reason(reason);
            }
            Failure::Blocked { fixture, why } => {
                self.put_number(7);
                self.put_text(fixture);
                self.put_text(why);
            }
            Failure::Interrupted { signal, after } => {
                self.put_number(9);
                self.put_number(u64::from(signal.cast_unsigned()));
                self.put_duration(*after);
            }
        }
    }

    fn put_reason(&mut self, reason: &Reason) {
        self.put_text(reason.class.as_deref().unwrap_or_default());
        self.put_text(&reason.text);
    }

    fn put_death(&mut self, death: Death) {
        let (kind, number) = match death {
            Death::Exited(code) => (0, code),
            Death::Killed(signal) => (1, signal),
            Death::Stopped(signal) => (2, signal),
            Death::HungAtExit => (3, 0),
        };
        self.put_number(kind);
        self.put_number(u64::from(number.cast_unsigned()));
    }
}

fn take_number(frame: &mut &[u8]) -> Option<u64> {
    let (number, rest) = frame.split_first_chunk()?;
    *frame = rest;
    Some(u64::from_le_bytes(*number))
}

fn take_text(frame: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(take_number(frame)?).ok()?;
    let (text, rest) = frame.split_at_checked(length)?;
    *frame = rest;
    String::from_utf8(text.to_vec()).ok()
}

/// A class without a name is none.
fn take_reason(frame: &mut &[u8]) -> Option<Reason> {
    let class = Some(take_text(frame)?).filter(|class| !class.is_empty());
    Some(Reason { class, text: take_text(frame)? })
}

fn take_outcome(frame: &mut &[u8]) -> Option<Outcome> {
    Some(match take_number(frame)? {
        0 => Outcome::Passed,
        1 => Outcome::Ignored(None),
        2 => Outcome::Ignored(Some(take_reason(frame)?)),
        3 => Outcome::Failed(take_failure(frame)?),
        4 => Outcome::Measured(Box::new(take_measurement(frame)?)),
        _ => return None,
    })
}

fn take_measurement(frame: &mut &[u8]) -> Option<Measurement> {
    let mut numbers = [0.0; Summary::NUMBERS];
    for number in &mut numbers {
        *number = f64::from_bits(take_number(frame)?);
    }
    let megabytes_per_second = take_number(frame)?.try_into().ok()?;
    Some(Measurement { nanoseconds: Summary::from_array(numbers), megabytes_per_second })
}

fn take_failure(frame: &mut &[u8]) -> Option<Failure> {
    Some(match take_number(frame)? {
        0 => Failure::Plain,
        1 => Failure::OverCritical,
        2 => Failure::Unexpected(take_text(frame)?),
        3 => Failure::NotRun(take_text(frame)?),
        4 => Failure::TimedOut { limit: Duration::from_nanos(take_number(frame)?) },
        5 => Failure::Died(take_death(frame)?),
        6 => Failure::DiedAfterwards(take_death(frame)?),
        8 => Failure::Ended(take_reason(frame)?),
        7 => Failure::Blocked { fixture: take_text(frame)?, why: take_text(frame)? },
        9 => {
            let signal = u32::try_from(take_number(frame)?).ok()?.cast_signed();
            Failure::Interrupted { signal, after: Duration::from_nanos(take_number(frame)?) }
        }
        _ => return None,
    })
}

fn take_death(frame: &mut &[u8]) -> Option<Death> {
    let kind = take_number(frame)?;
    let number = u32::try_from(take_number(frame)?).ok()?.cast_signed();
    match kind {
        0 => Some(Death::Exited(number)),
        1 => Some(Death::Killed(number)),
        2 => Some(Death::Stopped(number)),
        3 if number == 0 => Some(Death::HungAtExit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(outcome: Outcome, printed: &[u8]) -> Finished {
        let elapsed = Duration::from_nanos(1_234_567_891);
        Finished { case: CaseId(7), outcome, elapsed, output: printed.to_vec().into() }
    }

    fn outcomes() -> Vec<Outcome> {
        let deaths = [Death::Exited(-3), Death::Killed(11), Death::Stopped(19), Death::HungAtExit];
        let failures = [
            Failure::Plain,
            Failure::OverCritical,
            Failure::Unexpected("\"quoted\"\n\u{0}ü".to_owned()),
            Failure::NotRun(String::new()),
            Failure::Ended(Reason { class: Some("TODO".to_owned()), text: "later".to_owned() }),
            Failure::TimedOut { limit: Duration::from_millis(1500) },
            Failure::Interrupted { signal: 2, after: Duration::from_millis(1500) },
            Failure::Blocked { fixture: "db::db".to_owned(), why: "no disk".to_owned() },
        ];
        let died =
            deaths.into_iter().flat_map(|death| [Failure::Died(death), Failure::DiedAfterwards(death)]);
        let nanoseconds = Summary::new(&[1.5, 2.5, 40.0]);
        let measured = Outcome::Measured(Box::new(Measurement { nanoseconds, megabytes_per_second: 12 }));
        let ignored =
            [Outcome::Ignored(None), Outcome::Ignored(Some(Reason::plain("why"))), Outcome::Passed, measured];
        failures.into_iter().chain(died).map(Outcome::Failed).chain(ignored).collect()
    }

    fn next_finished(decoder: &mut Decoder) -> Finished {
        match decoder.next().unwrap() {
            Some(Frame::Finished(finished)) => finished,
            other => panic!("no test has come out: {other:?}"),
        }
    }

    #[test]
    fn trouble_survives_the_pipe() {
        let ways = [
            Wrong::Panicked,
            Wrong::Failed("no disk".to_owned()),
            Wrong::TimedOut(Duration::from_secs(5)),
            Wrong::Died(Death::Killed(9)),
        ];
        let phases = [Phase::SetUp, Phase::TearDown, Phase::Use, Phase::Generate];
        let phases = phases.into_iter().chain(Hook::ALL.map(Phase::Plugin));
        for (phase, how) in phases.zip(ways.into_iter().cycle()) {
            let sent = Trouble { fixture: "db::db".to_owned(), phase, how, output: b"text".to_vec().into() };
            let mut decoder = Decoder::default();
            send_trouble(&sent, decoder.buffer()).unwrap();
            assert!(matches!(decoder.next().unwrap(), Some(Frame::Trouble(received)) if received == sent));
        }
    }

    #[test]
    fn every_outcome_survives_the_pipe_byte_by_byte() {
        for outcome in outcomes() {
            let sent = finished(outcome, b"\xff\x00 not text");
            let mut pipe = Vec::new();
            send(&sent, &mut pipe).unwrap();
            let mut decoder = Decoder::default();
            let (last, first) = pipe.split_last().unwrap();
            for byte in first {
                decoder.buffer().push(*byte);
                assert!(decoder.next().unwrap().is_none(), "a frame out of a part of one");
            }
            decoder.buffer().push(*last);
            let received = next_finished(&mut decoder);
            assert_eq!((received.case, received.elapsed), (sent.case, sent.elapsed));
            assert_eq!((&received.outcome, &received.output), (&sent.outcome, &sent.output));
            assert!(decoder.next().unwrap().is_none());
        }
    }

    #[test]
    fn frames_behind_each_other_come_out_one_by_one() {
        let (outcomes, mut decoder) = (outcomes(), Decoder::default());
        for outcome in &outcomes {
            send(&finished(outcome.clone(), b"x"), decoder.buffer()).unwrap();
        }
        for outcome in outcomes {
            assert_eq!(next_finished(&mut decoder).outcome, outcome);
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_and_thrown_away() {
        let no_outcome = [&32_u64.to_le_bytes()[..], &[0; 24], &9_u64.to_le_bytes()].concat();
        for bytes in [&[0xff; 40][..], &[2, 0, 0, 0, 0, 0, 0, 0, 1, 1], &no_outcome] {
            let mut decoder = Decoder::default();
            decoder.buffer().extend_from_slice(bytes);
            assert!(decoder.next().is_err());
            assert!(decoder.next().unwrap().is_none());
        }
    }
}
