//! Time as every process of a run agrees on it.

use std::time::Duration;

/// A point in time: nanoseconds of the system's monotonic clock, the same in every process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// How long after `earlier` this is; zero if it is not.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This moment put off by `delay`; the end of time if that is later than can be told.
    pub(crate) fn after(self, delay: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Reads a duration as people write it: `500ms`, `1.5s`, `2m`, `1h`, and `0`. In a constant too.
pub(crate) const fn parse_duration(text: &str) -> Option<Duration> {
    let bytes = text.as_bytes();
    let (mut number, mut scale, mut place): (u128, u128, usize) = (0, 1, 0);
    let mut has_point = false;
    while place < bytes.len() {
        match bytes[place] {
            digit @ b'0'..=b'9' if number < u64::MAX as u128 && scale < u64::MAX as u128 => {
                number = number * 10 + (digit - b'0') as u128;
                if has_point {
                    scale *= 10;
                }
            }
            b'.' if !has_point && place > 0 => has_point = true,
            _ => break,
        }
        place += 1;
    }
    if place == 0 || bytes[place - 1] == b'.' {
        return None;
    }
    let (_, unit) = bytes.split_at(place);
    let unit = match unit {
        b"ms" => 1_000_000,
        b"s" => 1_000_000_000,
        b"m" => 60_000_000_000,
        b"h" => 3_600_000_000_000,
        b"" if number == 0 => 0,
        _ => return None,
    };
    let nanoseconds = number * unit / scale;
    if nanoseconds > u64::MAX as u128 { None } else { Some(Duration::from_nanos(nanoseconds as u64)) }
}
