//! What holds for any input at all: of the frames that processes send, of command lines, of texts that are read as something else.
//!
//! Each function here takes bytes and panics if something does not hold. cargo-fuzz calls them with what it makes up (`fuzz/`), and an
//! ordinary test does so with a bounded number of inputs, made from the seeds beside this file.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt::Display;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use crate::cli::{self, Environment, Request};
use crate::dispatch::expect_role;
use crate::execute::wire::{self, Decoder, Frame};
use crate::model::parse_duration;
use crate::settings::Settings;
use crate::sys::process::name_in_stat;

/// How far a pipe was understood.
#[derive(Debug, PartialEq, Eq)]
struct Understood {
    /// The frames that came out, encoded again.
    frames: Vec<Vec<u8>>,
    /// Something came that is no frame.
    is_broken: bool,
}

/// Bytes of a pipe, behind one that says into which pieces they are cut.
///
/// What is understood does not depend on the pieces, is exactly what was sent, and takes no more memory than came in.
pub(crate) fn frames(input: &[u8]) {
    let Some((&cut, bytes)) = input.split_first() else { return };
    let whole = understood(bytes, usize::MAX);
    assert_eq!(whole, understood(bytes, usize::from(cut % 16) + 1), "pieces make no difference");
    let said = whole.frames.concat();
    assert_eq!(said, bytes[..said.len()], "what is understood was said, and in these bytes");
}

/// What comes out of bytes that arrive in pieces: small ones, of different lengths up to twice this.
fn understood(bytes: &[u8], piece: usize) -> Understood {
    let mut decoder = Decoder::default();
    let mut understood = Understood { frames: Vec::new(), is_broken: false };
    let (mut rest, mut lengths) = (bytes, (1..=piece.saturating_mul(2)).rev().cycle());
    while !rest.is_empty() && !understood.is_broken {
        let length = lengths.next().unwrap_or(1).min(rest.len());
        let (arrived, later) = rest.split_at(length);
        rest = later;
        decoder.buffer().extend_from_slice(arrived);
        understood.is_broken = take_out(&mut decoder, &mut understood.frames).is_err();
        assert!(decoder.buffer().capacity() <= 2 * bytes.len() + 64, "memory for what has not come");
    }
    if understood.is_broken {
        // Whoever goes on after that is understood again.
        wire::send_generated(None, decoder.buffer()).expect("memory takes everything");
        assert!(matches!(decoder.next(), Ok(Some(Frame::AllGenerated))));
    }
    understood
}

fn take_out(decoder: &mut Decoder, frames: &mut Vec<Vec<u8>>) -> Result<(), wire::NoFrame> {
    while let Some(frame) = decoder.next()? {
        frames.push(encoded(&frame));
    }
    Ok(())
}

fn encoded(frame: &Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    match frame {
        Frame::Finished(finished) => wire::send(finished, &mut bytes),
        Frame::Trouble(trouble) => wire::send_trouble(trouble, &mut bytes),
        Frame::Generated(generator, name) => wire::send_generated(Some((*generator, name)), &mut bytes),
        Frame::AllGenerated => wire::send_generated(None, &mut bytes),
        Frame::Report(plugin, output) => wire::send_report(*plugin, output.bytes(), &mut bytes),
        Frame::SoFar(case, output) => wire::send_so_far(*case, output.bytes(), &mut bytes),
    }
    .expect("memory takes everything");
    bytes
}

/// A command line, its words apart by zero bytes; words `NAME=VALUE` behind an empty one are variables.
///
/// It is understood or refused, and a refusal is one line that says what is wrong.
pub(crate) fn command_line(input: &[u8]) {
    let mut words = input.split(|&byte| byte == 0);
    let typed: Vec<OsString> = words
        .by_ref()
        .take_while(|word| !word.is_empty())
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect();
    let variables: Vec<String> = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let variable =
        |place: usize| variables.get(place).and_then(|word| word.split_once('=')).unwrap_or_default();
    let environment = Environment::from([variable(0), variable(1), variable(2)]);
    match cli::parse(&typed) {
        Ok(Request::Tests(flags)) => {
            let is_typed = |word: &String| typed.iter().any(|typed| typed.to_str() == Some(word));
            assert!(flags.filters.iter().all(is_typed), "a filter is a word of the line");
            if let Err(error) = Settings::resolve(flags, &environment) {
                expect_a_good_refusal(&error);
            }
        }
        Ok(Request::Help(text)) => assert!(text.starts_with("Usage: ") && text.contains("--help")),
        Err(error) => expect_a_good_refusal(&error),
    }
}

/// How libtest's refusals begin, and `getopts`' that it passes on.
const LIBTESTS: [&str; 10] = [
    "Unrecognized option",
    "Argument to option '",
    "Option '",
    "argument for --",
    "the options --include-ignored and --ignored are mutually exclusive",
    "RUST_TEST_THREADS is `",
    "RUST_TEST_SHUFFLE_SEED is `",
    "Duration variable RUST_TEST_TIME_",
    "Duration value in variable RUST_TEST_TIME_",
    "Test execution warn time should be less or equal to the critical time",
];

/// How ours end: with what to do.
const ADVICE: [&str; 5] =
    [": write ", ": did you mean `", ": unset it", ", or see `--help`", "write seconds, or like"];

fn expect_a_good_refusal(error: &impl Display) {
    let text = error.to_string();
    assert!(!text.contains(char::is_control), "one line, and nothing that steers a terminal: {text:?}");
    let is_libtests = LIBTESTS.iter().any(|begin| text.starts_with(begin));
    assert!(is_libtests || ADVICE.iter().any(|advice| text.contains(advice)), "no advice: {text:?}");
}

/// A text that is read as a duration, as the role of a process, and as what the system says of a process.
pub(crate) fn words(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(duration) = parse_duration(&text) {
        expect_duration(&text, duration);
    }
    expect_role(&text);
    if let Some(name) = name_in_stat(&text) {
        assert!(text.contains(&format!("({name})")));
    }
}

/// Against floating point numbers, which are right to some fifteen digits.
fn expect_duration(text: &str, duration: Duration) {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().expect("a number comes first");
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" => 0.0,
        other => panic!("a unit `{other}`"),
    };
    let wanted = number * seconds;
    let difference = (duration.as_secs_f64() - wanted).abs();
    assert!(difference <= wanted * 1e-12 + 2e-9, "`{text}` is {duration:?}");
}
