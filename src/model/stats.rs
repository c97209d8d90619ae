//! Statistics over a benchmark's samples.
//!
//! The definitions are libtest's, so that a benchmark's figures mean what they mean there. Pure arithmetic. Every
//! function takes samples as they come, and gives 0 for none at all.

use super::order;

/// What is known about a set of samples. All numbers are finite if the samples are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// All samples added up.
    pub sum: f64,
    /// The smallest sample.
    pub min: f64,
    /// The largest sample.
    pub max: f64,
    /// The sum by the count.
    pub mean: f64,
    /// As many samples lie above as below.
    pub median: f64,
    /// Sample variance: the squared distances from the mean, added up, by the count less one.
    pub var: f64,
    /// Square root of the variance.
    pub std_dev: f64,
    /// Median of the distances from the median, scaled to estimate the standard deviation of a normal distribution. A
    /// few outliers leave it as it is.
    pub median_abs_dev: f64,
    /// The values below which a quarter, a half and three quarters of the samples lie.
    pub quartiles: (f64, f64, f64),
    /// From the first quartile to the third.
    pub iqr: f64,
}

impl Summary {
    /// How many numbers [`Summary::to_array`] gives.
    pub(crate) const NUMBERS: usize = 12;

    /// Sums up these samples.
    pub fn new(samples: &[f64]) -> Summary {
        let sorted = sorted(samples);
        let at = |percent| percentile(&sorted, percent);
        let sum: f64 = samples.iter().sum();
        let mean = if samples.is_empty() { 0.0 } else { sum / samples.len() as f64 };
        let var = variance(samples, mean);
        let quartiles = (at(25.0), at(50.0), at(75.0));
        Summary {
            sum,
            min: at(0.0),
            max: at(100.0),
            mean,
            median: quartiles.1,
            var,
            std_dev: var.sqrt(),
            median_abs_dev: median_abs_dev(samples, quartiles.1),
            quartiles,
            iqr: quartiles.2 - quartiles.0,
        }
    }

    /// The median absolute deviation in percent of the median; not a number if the median is 0.
    pub fn median_abs_dev_pct(&self) -> f64 {
        self.median_abs_dev / self.median * 100.0
    }

    /// The numbers in a row, for a process that hands them to another.
    pub(crate) fn to_array(self) -> [f64; Self::NUMBERS] {
        let (first, second, third) = self.quartiles;
        [
            self.sum,
            self.min,
            self.max,
            self.mean,
            self.median,
            self.var,
            self.std_dev,
            self.median_abs_dev,
            first,
            second,
            third,
            self.iqr,
        ]
    }

    /// Undoes [`Summary::to_array`].
    pub(crate) fn from_array(numbers: [f64; Self::NUMBERS]) -> Summary {
        let [sum, min, max, mean, median, var, std_dev, median_abs_dev, first, second, third, iqr] = numbers;
        let quartiles = (first, second, third);
        Summary { sum, min, max, mean, median, var, std_dev, median_abs_dev, quartiles, iqr }
    }
}

/// Pulls the samples beyond the outermost `percent` at either end in to where those begin, so that outliers weigh less.
pub(crate) fn winsorize(samples: &mut [f64], percent: f64) {
    let sorted = sorted(samples);
    let (low, high) = (percentile(&sorted, percent), percentile(&sorted, 100.0 - percent));
    for sample in samples {
        // Not `clamp`, which panics where the ends are no numbers.
        *sample = sample.min(high).max(low);
    }
}

/// The value below which `percent` of the samples lie, which must be in order; between two samples, what lies between
/// them in proportion.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let rank = percent / 100.0 * last as f64;
    let below = (rank.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}

fn variance(samples: &[f64], mean: f64) -> f64 {
    if samples.len() < 2 {
        return 0.0;
    }
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    squares / (samples.len() - 1) as f64
}

fn median_abs_dev(samples: &[f64], median: f64) -> f64 {
    /// For a normal distribution, the standard deviation by the median absolute deviation.
    const SCALE: f64 = 1.4826;
    let distances: Vec<f64> = samples.iter().map(|sample| (sample - median).abs()).collect();
    percentile(&sorted(&distances), 50.0) * SCALE
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    order::sorted(samples.to_vec(), |sample| ("", rank(*sample)))
}

/// A number whose order is that of `f64::total_cmp`.
fn rank(number: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = number.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn known_samples_have_known_figures() {
        let summary = Summary::new(&[9.0, 2.0, 5.0, 4.0, 4.0, 4.0, 7.0, 5.0]);
        assert_eq!((summary.sum, summary.min, summary.max, summary.mean), (40.0, 2.0, 9.0, 5.0));
        assert_eq!((summary.median, summary.quartiles), (4.5, (4.0, 4.5, 5.5)));
        assert!(close(summary.var, 32.0 / 7.0));
        assert!(close(summary.std_dev, (32.0_f64 / 7.0).sqrt()));
        assert!(close(summary.median_abs_dev, 0.5 * 1.4826));
        assert!(close(summary.iqr, 1.5));
    }

    #[test]
    fn one_sample_and_none_are_no_trouble() {
        let one = Summary::new(&[3.0]);
        assert_eq!((one.min, one.median, one.max, one.var, one.median_abs_dev), (3.0, 3.0, 3.0, 0.0, 0.0));
        assert_eq!(Summary::new(&[]), Summary::new(&[0.0]));
    }

    #[test]
    fn percentiles_lie_between_samples_in_proportion() {
        for (percent, value) in [(0.0, 10.0), (25.0, 17.5), (50.0, 25.0), (90.0, 37.0), (100.0, 40.0)] {
            assert!(close(percentile(&[10.0, 20.0, 30.0, 40.0], percent), value), "{percent} %");
        }
    }

    #[test]
    fn winsorizing_pulls_outliers_in_and_keeps_the_rest() {
        let mut samples: Vec<f64> = (0..=100).map(f64::from).collect();
        winsorize(&mut samples, 5.0);
        assert_eq!(
            (samples[0], samples[5], samples[50], samples[95], samples[100]),
            (5.0, 5.0, 50.0, 95.0, 95.0)
        );
    }

    #[test]
    fn a_summary_survives_the_way_through_an_array() {
        let summary = Summary::new(&[1.0, 2.5, 8.0]);
        assert_eq!(Summary::from_array(summary.to_array()), summary);
    }
}
