//! Tests that run several times: so many cases of each, one round of all of them behind the other. Nothing waits for a round to be over.

use crate::model::{Case, Repeat};

/// So many cases at the most are planned at once: each has its place in the memory that processes share. Whoever wants more of them
/// starts this binary again.
const MOST: u32 = 1 << 16;

/// As many of the runs that are wanted as fit, and how many of each test that is. What is ignored is told of once.
pub(super) fn repeated(once: Vec<Case>, repeat: Repeat) -> (Vec<Case>, u32) {
    let run = once.iter().filter(|case| !case.ignored).count();
    let most = u32::try_from(run).ok().filter(|run| *run > 0).map_or(repeat.count, |run| MOST / run);
    let iterations = repeat.count.min(most).max(1);
    let mut cases = Vec::with_capacity(once.len() + run * (iterations as usize).saturating_sub(1));
    // With no test to run there would be nothing to find in so many rounds.
    let rounds = if run == 0 { 1 } else { iterations };
    for iteration in (0..rounds).map(|place| repeat.first.saturating_add(place)) {
        let taken = once.iter().filter(|case| !case.ignored || iteration == 1);
        cases.extend(taken.map(|case| Case { iteration, ..*case }));
    }
    (cases, iterations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(names: &[&'static str]) -> Vec<Case> {
        let case = |name: &&'static str| Case { ignored: name.starts_with("ignored"), ..Case::of_test(name) };
        names.iter().map(case).collect()
    }

    fn told(names: &[&'static str], first: u32, count: u32) -> (Vec<String>, u32) {
        let (cases, iterations) = repeated(cases(names), Repeat { first, count });
        (cases.iter().map(|case| format!("{} {}", case.name, case.iteration)).collect(), iterations)
    }

    #[test]
    fn rounds_come_one_behind_the_other_and_what_is_ignored_once() {
        assert_eq!(told(&["a", "ignored"], 1, 3).0, ["a 1", "ignored 1", "a 2", "a 3"]);
        assert_eq!(told(&["a", "ignored", "b"], 4, 2).0, ["a 4", "b 4", "a 5", "b 5"]);
    }

    #[test]
    fn no_more_are_planned_than_fit() {
        let (cases, iterations) = told(&["a", "b", "c"], 1, u32::MAX);
        assert_eq!((cases.len(), iterations), (65_535, 21_845));
        let many: Vec<&'static str> = vec!["a"; 70_000];
        assert_eq!((told(&many, 1, 9).0.len(), told(&many, 1, 9).1), (70_000, 1));
    }

    #[test]
    fn no_test_is_done_with_at_once() {
        assert_eq!(told(&[], 1, u32::MAX), (Vec::new(), u32::MAX));
        assert_eq!(told(&["ignored"], 1, 1_000).1, 1_000);
        assert_eq!(told(&["ignored"], 2, 1_000), (Vec::new(), 1_000));
        assert_eq!(told(&["a"], u32::MAX, 1), (vec!["a 4294967295".to_owned()], 1));
    }
}
