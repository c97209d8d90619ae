//! What runs, and in which order.
//!
//! Pure: no clock, no process. Made once, before the first process is, so that all of them know it and name tests by
//! number.

mod shuffle;

use crate::model::{Case, CaseId};

/// Every case of a run, and the order they are dispatched in.
#[derive(Debug)]
pub(crate) struct Plan {
    cases: Vec<Case>,
    /// Cases that may run beside each other, then those that may not.
    order: Vec<CaseId>,
    /// How many of `order` may run beside each other.
    concurrent: usize,
    shuffle_seed: Option<u64>,
}

impl Plan {
    /// The order of `cases`, or with a seed the order that libtest makes of them with it; benchmarks that are measured
    /// come last, one at a time and never shuffled.
    pub(crate) fn new(cases: Vec<Case>, shuffle_seed: Option<u64>) -> Plan {
        let mut order = Vec::with_capacity(cases.len());
        let mut measured = Vec::new();
        for (id, case) in (0..).map(CaseId).zip(&cases) {
            if case.is_measured() { &mut measured } else { &mut order }.push(id);
        }
        if let Some(seed) = shuffle_seed {
            shuffle::shuffle(&mut order, &cases, seed);
        }
        let concurrent = order.len();
        order.append(&mut measured);
        Plan { cases, order, concurrent, shuffle_seed }
    }

    /// Every case, by number.
    pub(crate) fn cases(&self) -> &[Case] {
        &self.cases
    }

    pub(crate) fn case(&self, id: CaseId) -> &Case {
        &self.cases[id.index()]
    }

    /// Every case, in the order they are dispatched in.
    pub(crate) fn order(&self) -> &[CaseId] {
        &self.order
    }

    /// The first part of the order: these may run beside each other. Each of the rest runs while nothing else does.
    pub(crate) fn concurrent(&self) -> &[CaseId] {
        &self.order[..self.concurrent]
    }

    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        self.shuffle_seed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Expectation, Kind, Sampling, Source};

    /// Cases of these names; those that begin with `bench` are measured.
    fn cases(names: &[&'static str]) -> Vec<Case> {
        let bench = Body::Bench { function: |_| Ok(()), sampling: Sampling::Measure };
        let case = |name: &&'static str| Case {
            name,
            source: Source::default(),
            ignored: false,
            left_out: false,
            ignore_reason: None,
            expectation: Expectation::Return,
            kind: Kind::Unit,
            compile_fail: false,
            no_run: false,
            body: if name.starts_with("bench") { bench } else { Body::Test(|| Ok(())) },
        };
        names.iter().map(case).collect()
    }

    fn names<'plan>(plan: &'plan Plan, ids: &[CaseId]) -> Vec<&'plan str> {
        ids.iter().map(|&id| plan.case(id).name).collect()
    }

    #[test]
    fn without_a_seed_the_order_is_that_of_the_source() {
        let plan = Plan::new(cases(&["a", "b", "c"]), None);
        assert_eq!(names(&plan, plan.order()), ["a", "b", "c"]);
        assert_eq!(plan.concurrent(), plan.order());
    }

    #[test]
    fn measured_benchmarks_come_last_and_are_not_shuffled() {
        for seed in [None, Some(1), Some(2), Some(3)] {
            let plan = Plan::new(cases(&["a", "bench_1", "b", "bench_2", "bench_3"]), seed);
            assert_eq!(plan.concurrent().len(), 2);
            assert_eq!(names(&plan, &plan.order()[2..]), ["bench_1", "bench_2", "bench_3"]);
        }
    }

    #[test]
    fn shuffling_loses_nothing() {
        for seed in 0..50 {
            let plan = Plan::new(cases(&["a", "b", "c", "d", "e"]), Some(seed));
            let mut order = plan.order().to_vec();
            order.sort_unstable();
            assert_eq!(order, (0..5).map(CaseId).collect::<Vec<_>>());
        }
    }

    /// What the libtest of Rust 1.95 prints for these tests with `--shuffle-seed`.
    #[test]
    fn a_seed_gives_the_order_it_gives_in_libtest() {
        let all = ["a::ign", "a::one", "a::sp", "a::spi", "a::two", "b::one_more", "b::x", "b::y", "b::z"];
        for (seed, expected) in [
            (42, ["a::spi", "a::sp", "b::x", "b::one_more", "a::two", "a::ign", "a::one", "b::z", "b::y"]),
            (7, ["a::sp", "a::two", "b::one_more", "a::spi", "b::z", "a::ign", "b::x", "a::one", "b::y"]),
        ] {
            let plan = Plan::new(cases(&all), Some(seed));
            assert_eq!(names(&plan, plan.order()), expected, "seed {seed}");
        }
    }

    #[test]
    fn no_cases_are_a_plan_as_well() {
        assert!(Plan::new(Vec::new(), Some(1)).order().is_empty());
    }
}
