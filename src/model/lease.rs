//! How many lanes a test binary has of those that `cargo snout` shares among several.
//!
//! Some it has from the start. Through a pipe it hears when it has more, because others have ended, or less, because it has said (in its
//! record) that it has no use for so many: what it has said is what it is told, so nothing is ever taken from a test that runs.

/// The variable that has it. The number is that of its format.
pub(crate) const LEASE: &str = "SNOUT_INTERNAL_LEASE_1";

/// What the variable says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Lanes from the start, 1 or more.
    pub(crate) lanes: u16,
    /// Lanes that it may ever have.
    pub(crate) most: u16,
    /// What its lanes count from: others have the numbers below, and those from four times `most` above.
    pub(crate) first: usize,
    /// Where to read of a change: decimal numbers of lanes, one a line.
    pub(crate) pipe: String,
    /// A file of names of tests, one a line, that are to begin before the others; empty for none.
    pub(crate) order: String,
}

impl Lease {
    /// The text of it. `None` if a path cannot be told apart.
    #[cfg(all(feature = "cli", snout_processes))]
    pub(crate) fn text(&self) -> Option<String> {
        let Lease { lanes, most, first, pipe, order } = self;
        let is_one_line = |path: &str| !path.contains('\n');
        (is_one_line(pipe) && is_one_line(order)).then(|| format!("{lanes} {most} {first}\n{pipe}\n{order}"))
    }

    /// Reads what was written; `None` if it is not that.
    pub(crate) fn read(text: &str) -> Option<Lease> {
        let mut lines = text.split('\n');
        let mut numbers = lines.next()?.split(' ');
        let (lanes, most) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        let first = numbers.next()?.parse().ok()?;
        let (pipe, order) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        (lanes >= 1 && most >= lanes).then_some(Lease { lanes, most, first, pipe, order })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(feature = "cli", snout_processes))]
    fn what_is_written_is_read() {
        let lease = |order: &str| Lease {
            lanes: 2,
            most: 8,
            first: 32,
            pipe: "/proc/7/fd/9".into(),
            order: order.into(),
        };
        for order in ["", "/tmp/a b/order-3"] {
            assert_eq!(lease(order).text().as_deref().and_then(Lease::read), Some(lease(order)));
        }
        assert_eq!(lease("/a\nb").text(), None);
    }

    #[test]
    fn what_is_not_understood_is_not_read() {
        for text in ["", "2", "2 8 0", "0 8 0\np\n", "3 2 0\np\n", "2 8 x\np\n", "70000 70000 0\np\n"] {
            assert_eq!(Lease::read(text), None, "{text:?}");
        }
        assert!(Lease::read("2 8 0\np\n").is_some());
    }
}
