//! What `#[bench]` functions are given, and how they are measured.
//!
//! The method is libtest's: two rounds of 50 samples each, the second with five times the iterations; outliers pulled
//! in; twice the iterations and again, until the medians agree or three seconds are over. This is the one place in
//! `model` that reads a clock; the method itself is told what a sample took, and is tested without one.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Measurement;
use super::stats::{Summary, winsorize};

/// Runs a piece of code again and again to tell how long it takes.
#[derive(Clone, Debug)]
pub struct Bencher {
    /// How many bytes one iteration handles; if it is not 0, throughput is reported.
    pub bytes: u64,
    sampling: Sampling,
    summary: Option<Summary>,
}

/// What `Bencher::iter` does with its closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sampling {
    /// Runs it once: the benchmark is a test that it works.
    Once,
    /// Measures it.
    Measure,
}

impl Bencher {
    pub(crate) fn new(sampling: Sampling) -> Bencher {
        Bencher { bytes: 0, sampling, summary: None }
    }

    /// Runs `inner` as often as it takes to measure it; once if benchmarks are run as tests.
    pub fn iter<T, F>(&mut self, mut inner: F)
    where
        F: FnMut() -> T,
    {
        let mut run = |count: u64| {
            let mut left = count;
            let start = Instant::now();
            // Not a range: stepping through one costs more than many a benchmark where nothing is optimised.
            while left > 0 {
                left -= 1;
                black_box(inner());
            }
            start.elapsed()
        };
        match self.sampling {
            Sampling::Once => {
                run(1);
            }
            Sampling::Measure => self.summary = Some(sample(&mut run)),
        }
    }

    /// Hands this bencher to `function`, and gives what it measured: nothing if it did not call
    /// [`iter`](Bencher::iter), or if benchmarks are run as tests.
    ///
    /// # Errors
    ///
    /// What `function` gives.
    pub fn bench<F>(&mut self, mut function: F) -> Result<Option<Summary>, String>
    where
        F: FnMut(&mut Bencher) -> Result<(), String>,
    {
        function(self)?;
        Ok(self.summary)
    }

    /// What was measured; zeroes if `iter` was not called, as in libtest.
    pub(crate) fn measurement(&self) -> Measurement {
        let Some(nanoseconds) = self.summary else {
            return Measurement { nanoseconds: Summary::new(&[]), megabytes_per_second: 0 };
        };
        // Less than a nanosecond counts as one, as in libtest.
        let median = (nanoseconds.median as u64).max(1);
        let speed = self.bytes.saturating_mul(1000) / median;
        Measurement { nanoseconds, megabytes_per_second: usize::try_from(speed).unwrap_or(usize::MAX) }
    }
}

const SAMPLES: usize = 50;
/// How long the iterations of one sample of the first round are to take together.
const FIRST_SAMPLE: Duration = Duration::from_millis(1);
/// Two rounds shorter than this are not believed, however well they agree.
const ENOUGH: Duration = Duration::from_millis(100);
/// Nothing is measured for longer, but for the rounds begun.
const TOO_LONG: Duration = Duration::from_secs(3);

/// Measures what `run` runs as many times as it is told, and gives the time of.
fn sample(run: &mut dyn FnMut(u64) -> Duration) -> Summary {
    let single = run(1).as_nanos().max(1);
    let first = FIRST_SAMPLE.as_nanos() / single;
    let mut count = u64::try_from(first).unwrap_or(u64::MAX).max(1);
    let mut total = Duration::ZERO;
    loop {
        let (coarse, coarse_time) = round(run, count);
        let (fine, fine_time) = round(run, 5 * count);
        let time = coarse_time.saturating_add(fine_time);
        total = total.saturating_add(time);
        if time > ENOUGH && agree(&coarse, &fine) || total > TOO_LONG {
            return fine;
        }
        // The round after the next one takes five times the count.
        count = match count.checked_mul(10) {
            Some(_) => count * 2,
            None => return fine,
        };
    }
}

/// 50 samples of `count` iterations each, in nanoseconds an iteration, and what they took together.
fn round(run: &mut dyn FnMut(u64) -> Duration, count: u64) -> (Summary, Duration) {
    let mut time = Duration::ZERO;
    let mut samples = [0.0; SAMPLES];
    for sample in &mut samples {
        let taken = run(count);
        time = time.saturating_add(taken);
        *sample = taken.as_nanos() as f64 / count as f64;
    }
    winsorize(&mut samples, 5.0);
    (Summary::new(&samples), time)
}

/// Whether two rounds say the same: the first one hardly spread, and the second not much faster.
fn agree(coarse: &Summary, fine: &Summary) -> bool {
    coarse.median_abs_dev_pct() < 1.0 && coarse.median - fine.median < fine.median_abs_dev
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code that takes `nanoseconds`, and alternately `spread` more.
    fn code(nanoseconds: u64, spread: u64) -> impl FnMut(u64) -> Duration {
        let mut calls = 0;
        move |count| {
            calls += 1;
            Duration::from_nanos(count * (nanoseconds + spread * (calls % 2)))
        }
    }

    #[test]
    fn steady_code_is_measured_in_two_rounds() {
        let mut calls = 0;
        let mut time = code(1_000, 1);
        let summary = sample(&mut |count| {
            calls += 1;
            time(count)
        });
        assert_eq!((summary.median, calls), (1_000.5, 1 + 2 * SAMPLES));
    }

    #[test]
    fn unsteady_code_is_given_three_seconds() {
        let (mut total, mut time) = (Duration::ZERO, code(1_000, 900));
        sample(&mut |count| {
            let taken = time(count);
            total += taken;
            taken
        });
        assert!(total > TOO_LONG && total < TOO_LONG * 3, "{total:?}");
    }

    #[test]
    fn code_too_fast_for_the_clock_comes_to_an_end() {
        assert_eq!(sample(&mut |_| Duration::ZERO).max, 0.0);
    }

    #[test]
    fn slow_code_is_run_at_least_once_a_sample() {
        let summary = sample(&mut code(50_000_000, 0));
        assert_eq!((summary.min, summary.max), (50e6, 50e6));
    }

    #[test]
    fn as_a_test_the_code_runs_once() {
        let mut runs = 0;
        let mut bencher = Bencher::new(Sampling::Once);
        let summary = bencher.bench(|bencher| {
            bencher.iter(|| runs += 1);
            Ok(())
        });
        assert_eq!((summary, runs), (Ok(None), 1));
    }

    #[test]
    fn throughput_is_bytes_by_the_median_of_at_least_a_nanosecond() {
        for (median, bytes, speed) in
            [(0.5, 8, 8_000), (2.9, 8, 4_000), (1e6, 8, 0), (1.0, u64::MAX, usize::MAX)]
        {
            let mut bencher = Bencher::new(Sampling::Measure);
            (bencher.summary, bencher.bytes) = (Some(Summary::new(&[median])), bytes);
            let measured = bencher.measurement().megabytes_per_second;
            assert_eq!(
                measured.min(usize::MAX / 1000),
                speed.min(usize::MAX / 1000),
                "{bytes} in {median} ns"
            );
        }
    }

    #[test]
    fn a_benchmark_that_does_not_iterate_measures_nothing() {
        let measurement = Bencher::new(Sampling::Measure).measurement();
        assert_eq!((measurement.nanoseconds.median, measurement.megabytes_per_second), (0.0, 0));
    }
}
