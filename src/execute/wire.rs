//! The frames on a pipe: what a process that runs tests tells the supervisor.
//!
//! A frame is two lengths (little-endian `u32`: of the JSON, of the bytes), a JSON object, and bytes as they are: what the
//! test printed need not be text. Only outcomes that say more than "passed" are sent; the rest is in the run table.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::stats::Summary;
use crate::model::{CaseId, Death, Failure, Finished, Measurement, Outcome, Output};

/// Lengths over this are no frame of ours: something else wrote to the pipe.
const SANE: usize = 1 << 31;
const HEAD: usize = 8;

/// Writes one frame.
pub(crate) fn send(finished: &Finished, mut pipe: impl Write) -> io::Result<()> {
    let json = encode(finished).to_string();
    let bytes = finished.output.bytes();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(io::Error::other);
    let head = [length(json.as_bytes())?, length(bytes)?].concat();
    pipe.write_all(&[&head, json.as_bytes()].concat())?;
    pipe.write_all(bytes)
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
    pub(crate) fn next(&mut self) -> Result<Option<Finished>, String> {
        let rest = &self.bytes[self.taken..];
        let Some((head, body)) = rest.split_at_checked(HEAD) else { return Ok(None) };
        let [json, bytes] = [0, 4].map(|at| length_at(head, at));
        if json > SANE || bytes > SANE {
            return Err(self.give_up("lengths that cannot be"));
        }
        let Some(frame) = body.get(..json + bytes) else { return Ok(None) };
        let decoded = serde_json::from_slice(&frame[..json]).ok();
        let output = Output::from(frame[json..].to_vec());
        self.taken += HEAD + json + bytes;
        match decoded.and_then(|value| decode(&value, output)) {
            Some(finished) => Ok(Some(finished)),
            None => Err(self.give_up("no outcome of a test")),
        }
    }

    fn give_up(&mut self, why: &str) -> String {
        self.taken = self.bytes.len();
        format!("a frame on a test's pipe has {why}; something else wrote to its descriptor")
    }
}

fn length_at(head: &[u8], at: usize) -> usize {
    let mut length = [0; 4];
    length.copy_from_slice(&head[at..at + 4]);
    u32::from_le_bytes(length) as usize
}

fn encode(finished: &Finished) -> Value {
    json!({
        "case": finished.case.0,
        "nanoseconds": u64::try_from(finished.elapsed.as_nanos()).unwrap_or(u64::MAX),
        "outcome": encode_outcome(&finished.outcome),
    })
}

fn decode(value: &Value, output: Output) -> Option<Finished> {
    Some(Finished {
        case: CaseId(number(value, "case")?),
        outcome: decode_outcome(value.get("outcome")?)?,
        elapsed: Duration::from_nanos(value.get("nanoseconds")?.as_u64()?),
        output,
    })
}

fn number<T: TryFrom<i64>>(value: &Value, key: &str) -> Option<T> {
    T::try_from(value.get(key)?.as_i64()?).ok()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn encode_outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Passed => json!("passed"),
        Outcome::Ignored(reason) => json!({ "ignored": reason }),
        Outcome::Failed(failure) => json!({ "failed": encode_failure(failure) }),
        Outcome::Measured(measurement) => json!({ "measured": {
            // As bits: a float that is read back from decimals may be its neighbour.
            "samples": measurement.nanoseconds.to_array().map(f64::to_bits),
            "megabytes_per_second": measurement.megabytes_per_second,
        } }),
    }
}

fn decode_outcome(value: &Value) -> Option<Outcome> {
    if value == "passed" {
        return Some(Outcome::Passed);
    }
    let (kind, content) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "ignored" => Some(Outcome::Ignored(text(content))),
        "failed" => Some(Outcome::Failed(decode_failure(content)?)),
        "measured" => Some(Outcome::Measured(Measurement {
            nanoseconds: Summary::from_array(&numbers(content.get("samples")?)?)?,
            megabytes_per_second: number(content, "megabytes_per_second")?,
        })),
        _ => None,
    }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(|bits| bits.as_u64().map(f64::from_bits)).collect()
}

fn encode_failure(failure: &Failure) -> Value {
    match failure {
        Failure::Plain => json!("plain"),
        Failure::OverCritical => json!("over_critical"),
        Failure::Unexpected(text) => json!({ "unexpected": text }),
        Failure::NotRun(why) => json!({ "not_run": why }),
        Failure::TimedOut { limit } => json!({ "timed_out": limit.as_secs_f64() }),
        Failure::Died(death) => json!({ "died": encode_death(*death) }),
        Failure::DiedAfterwards(death) => json!({ "died_afterwards": encode_death(*death) }),
    }
}

fn decode_failure(value: &Value) -> Option<Failure> {
    match value.as_str() {
        Some("plain") => return Some(Failure::Plain),
        Some("over_critical") => return Some(Failure::OverCritical),
        Some(_) => return None,
        None => {}
    }
    let (kind, content) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "unexpected" => text(content).map(Failure::Unexpected),
        "not_run" => text(content).map(Failure::NotRun),
        "timed_out" => {
            let limit = Duration::try_from_secs_f64(content.as_f64()?).ok()?;
            Some(Failure::TimedOut { limit })
        }
        "died" => decode_death(content).map(Failure::Died),
        "died_afterwards" => decode_death(content).map(Failure::DiedAfterwards),
        _ => None,
    }
}

fn encode_death(death: Death) -> Value {
    match death {
        Death::Exited(code) => json!({ "exited": code }),
        Death::Killed(signal) => json!({ "killed": signal }),
        Death::Stopped(signal) => json!({ "stopped": signal }),
        Death::HungAtExit => json!({ "hung_at_exit": 0 }),
    }
}

fn decode_death(value: &Value) -> Option<Death> {
    let (kind, content) = value.as_object()?.iter().next()?;
    let number = i32::try_from(content.as_i64()?).ok()?;
    match kind.as_str() {
        "exited" => Some(Death::Exited(number)),
        "killed" => Some(Death::Killed(number)),
        "stopped" => Some(Death::Stopped(number)),
        "hung_at_exit" => Some(Death::HungAtExit),
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
            Failure::TimedOut { limit: Duration::from_millis(1500) },
        ];
        let died =
            deaths.into_iter().flat_map(|death| [Failure::Died(death), Failure::DiedAfterwards(death)]);
        let nanoseconds = Summary::new(&[1.5, 2.5, 40.0]);
        let measured = Outcome::Measured(Measurement { nanoseconds, megabytes_per_second: 12 });
        let ignored =
            [Outcome::Ignored(None), Outcome::Ignored(Some("why".to_owned())), Outcome::Passed, measured];
        failures.into_iter().chain(died).map(Outcome::Failed).chain(ignored).collect()
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
            let received = decoder.next().unwrap().unwrap();
            assert_eq!((received.case, received.elapsed), (sent.case, sent.elapsed));
            assert_eq!((&received.outcome, &received.output), (&sent.outcome, &sent.output));
            assert!(decoder.next().unwrap().is_none());
        }
    }

    #[test]
    fn frames_behind_each_other_come_out_one_by_one() {
        let mut decoder = Decoder::default();
        for outcome in outcomes() {
            send(&finished(outcome, b"x"), decoder.buffer()).unwrap();
        }
        for outcome in outcomes() {
            assert_eq!(decoder.next().unwrap().unwrap().outcome, outcome);
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_and_thrown_away() {
        for bytes in [&[0xff; 40][..], b"\x02\0\0\0\0\0\0\0{}", b"\x01\0\0\0\0\0\0\0?"] {
            let mut decoder = Decoder::default();
            decoder.buffer().extend_from_slice(bytes);
            assert!(decoder.next().is_err());
            assert!(decoder.next().unwrap().is_none());
        }
    }
}
