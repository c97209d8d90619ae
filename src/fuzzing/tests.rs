//! A bounded run over inputs made from the seeds in `src/fuzzing/seeds`: the same in every run.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{command_line, encoded, frames, take_out, words};
use crate::execute::wire::{Decoder, Frame};
use crate::model::stats::Summary;
use crate::model::{
    CaseId, Death, Failure, Finished, Measurement, Outcome, Output, Phase, Reason, Trouble, Wrong,
};

/// How many inputs each function is given.
const INPUTS: usize = if cfg!(miri) { 200 } else { 100_000 };

/// A command line takes longer than what processes say: a table of flags is made for each.
const COMMAND_LINES: usize = if cfg!(miri) { 10 } else { INPUTS / 5 };

/// What is typed and set, by pieces.
const PIECES: [&[u8]; 24] = [
    b"--list",
    b"--exact",
    b"--skip",
    b"--format=",
    b"json",
    b"--test-threads",
    b"--color",
    b"always",
    b"-q",
    b"-Zunstable-options",
    b"--",
    b"=",
    b"0",
    b"-1",
    b"18446744073709551616",
    b"\0",
    b"\0\0",
    b"SNOUT_TIMEOUT=",
    b"RUST_TEST_THREADS=",
    b"RUST_TEST_TIME_UNIT=",
    b"5s",
    b",",
    b"\n",
    b"\xff",
];

/// Steele, Lea and Flood's SplitMix64: small, and good enough to choose with.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Changes one thing about `input`.
    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = self.below(input.len() + 1);
        match (self.below(8), input.get_mut(place)) {
            (0, Some(byte)) => *byte ^= 1 << self.below(8),
            (1, Some(byte)) => *byte = [0, 1, 8, 0x7f, 0x80, 0xff][self.below(6)],
            (2, Some(_)) => drop(input.remove(place)),
            (3, _) => input.truncate(place),
            (4, _) => input.insert(place, self.next() as u8),
            (5, _) => {
                let piece = PIECES[self.below(PIECES.len())];
                input.splice(place..place, piece.iter().copied());
            }
            (6, _) => {
                let (from, to) = (self.below(input.len()), self.below(input.len()));
                let piece = input[from.min(to)..from.max(to)].to_vec();
                input.splice(place..place, piece);
            }
            _ => {
                input.truncate(place);
                let other = &seeds[self.below(seeds.len())];
                input.extend_from_slice(&other[self.below(other.len())..]);
            }
        }
    }
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fuzzing/seeds").join(target)
}

/// The seeds of a target with their names, in the order of these.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).expect("the seeds are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the seeds are there").path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).expect("a seed can be read"))).collect()
}

/// Gives `check` every seed as it is, and then so many that are changed in a few places.
fn run(target: &str, count: usize, check: fn(&[u8])) {
    let seeds: Vec<Vec<u8>> = seeds(target).into_iter().map(|(_, seed)| seed).collect();
    let check = |input: &[u8]| {
        if panic::catch_unwind(|| check(input)).is_err() {
            panic!("that was {target} at b\"{}\"", input.escape_ascii());
        }
    };
    seeds.iter().for_each(|seed| check(seed));
    let mut chance = Chance(count as u64);
    for _ in 0..count {
        let mut input = seeds[chance.below(seeds.len())].clone();
        for _ in 0..=chance.below(4) {
            chance.change(&mut input, &seeds);
        }
        check(&input);
    }
}

#[test]
fn frames_hold_for_any_bytes() {
    run("frames", INPUTS, frames);
}

#[test]
fn command_lines_are_understood_or_refused() {
    run("command_line", COMMAND_LINES, command_line);
}

#[test]
fn words_are_understood_or_refused() {
    run("words", INPUTS, words);
}

/// The seeds are frames as they are written today; if that changes, they are written anew by the test below.
#[test]
fn every_seed_is_a_pipe_that_is_understood() {
    let known: Vec<(String, Vec<u8>)> = samples();
    assert_eq!(seeds("frames"), known);
    for (name, seed) in known {
        let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
        decoder.buffer().extend_from_slice(&seed[1..]);
        assert!(take_out(&mut decoder, &mut frames).is_ok() && frames.concat() == seed[1..], "{name}");
    }
}

#[test]
#[ignore = "writes `src/fuzzing/seeds/frames`, for when frames look different"]
fn seeds_are_written() {
    fs::create_dir_all(folder("frames")).expect("there is room");
    for (name, seed) in samples() {
        fs::write(folder("frames").join(name), seed).expect("there is room");
    }
}

/// One pipe for each kind of frame, and one with several; in the order of their names.
fn samples() -> Vec<(String, Vec<u8>)> {
    let output = || Output::from(b"text\xff".to_vec());
    let finished = |outcome| {
        let elapsed = Duration::from_micros(1500);
        Frame::Finished(Finished { case: CaseId(7), outcome, elapsed, output: output() })
    };
    let failed = |failure| finished(Outcome::Failed(failure));
    let trouble =
        |phase, how| Frame::Trouble(Trouble { fixture: "db::db".to_owned(), phase, how, output: output() });
    let numbers = [44.0, 1.5, 40.0, 14.5, 2.5, 481.5, 22.0, 1.5, 2.0, 2.5, 21.0, 19.0];
    let nanoseconds = Summary::from_array(numbers);
    let measured = Outcome::Measured(Box::new(Measurement { nanoseconds, megabytes_per_second: 12 }));
    let todo = Reason { class: Some("TODO".to_owned()), text: "later".to_owned() };
    let blocked = Failure::Blocked { fixture: "db::db".to_owned(), why: "no disk".to_owned() };
    let mut samples = vec![
        ("all-generated", vec![Frame::AllGenerated]),
        ("blocked", vec![failed(blocked)]),
        ("died", vec![failed(Failure::Died(Death::Killed(11)))]),
        ("died-afterwards", vec![failed(Failure::DiedAfterwards(Death::HungAtExit))]),
        ("ended", vec![failed(Failure::Ended(todo))]),
        ("failed", vec![failed(Failure::Plain)]),
        ("generated", vec![Frame::Generated(3, "a::b".to_owned())]),
        ("ignored", vec![finished(Outcome::Ignored(Some(Reason::plain("no docker"))))]),
        ("measured", vec![finished(measured)]),
        ("not-run", vec![failed(Failure::NotRun("no process".to_owned()))]),
        ("passed", vec![finished(Outcome::Passed)]),
        ("report", vec![Frame::Report(2, output())]),
        ("timed-out", vec![failed(Failure::TimedOut { limit: Duration::from_secs(5) })]),
        ("trouble-died", vec![trouble(Phase::SetUp, Wrong::Died(Death::Exited(-1)))]),
        ("trouble-failed", vec![trouble(Phase::TearDown, Wrong::Failed("no disk".to_owned()))]),
        ("trouble-timed-out", vec![trouble(Phase::Generate, Wrong::TimedOut(Duration::from_secs(2)))]),
        ("unexpected", vec![failed(Failure::Unexpected("did not panic".to_owned()))]),
    ];
    let all = samples.iter().flat_map(|(_, frames)| frames.iter().cloned()).collect();
    samples.push(("all", all));
    samples.sort_by_key(|(name, _)| *name);
    let pipe = |frames: Vec<Frame>| [vec![3], frames.iter().flat_map(encoded).collect()].concat();
    samples.into_iter().map(|(name, frames)| (name.to_owned(), pipe(frames))).collect()
}
