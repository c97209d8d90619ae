//! What runs, and in which order.
//!
//! Pure: no clock, no process. Made once, before the first process is, so that all of them know it and name tests by
//! number.

mod shuffle;

use crate::model::{Case, CaseId, order};

/// Every case of a run, and the order they are dispatched in.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Not in a `Vec`, of which an index is three calls where nothing is optimised: they are asked for at every step.
    cases: &'static [Case],
    /// For the pool: cases that may run beside each other, then those that may not.
    order: Vec<CaseId>,
    /// How many of `order` may run beside each other.
    concurrent: usize,
    /// For children: units that are no matter of the pool's, in the order of their first cases.
    units: Vec<Vec<CaseId>>,
    /// Which of them a case is in, if it is part of a suite; nothing where there are no units.
    unit_of: Box<[Option<u32>]>,
    /// Units are the pool's as well: there is no other process.
    is_one_process: bool,
    shuffle_seed: Option<u64>,
}

impl Plan {
    /// The order of `cases`, or with a seed the order that libtest makes of them with it. What has to run alone comes last: tests of
    /// `serial` contexts, then benchmarks that are measured, one at a time and never shuffled.
    ///
    /// A suite (all tests below a module with a unit fixture) is one unit, in the order of the source.
    pub(crate) fn new(cases: &'static [Case], shuffle_seed: Option<u64>) -> Plan {
        let mut order = Vec::with_capacity(cases.len());
        let (mut serial, mut measured, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        let mut id = CaseId(0);
        for case in cases {
            let part = match () {
                // Nobody has said anything about it: so it is with most, and asked first.
                () if case.options.are_plain() && !case.is_measured() => &mut order,
                () if case.options.suite.is_some() || !case.options.fit_the_pool() => &mut alone,
                () if case.is_measured() => &mut measured,
                () if case.options.serial => &mut serial,
                () => &mut order,
            };
            part.push(id);
            id.0 += 1;
        }
        if let Some(seed) = shuffle_seed {
            shuffle::shuffle(&mut order, cases, seed);
            shuffle::shuffle(&mut serial, cases, seed);
        }
        let concurrent = order.len();
        order.append(&mut serial);
        order.append(&mut measured);
        let (units, unit_of) = units(&alone, cases);
        Plan { cases, order, concurrent, units, unit_of, is_one_process: false, shuffle_seed }
    }

    /// The same plan, in which the tests of these names begin before the others, in this order.
    pub(crate) fn led_by(mut self, names: &[String]) -> Plan {
        if names.is_empty() || self.shuffle_seed.is_some() {
            return self;
        }
        // Most tests are not meant, and are known by their length.
        let mut lengths = [false; 256];
        names.iter().for_each(|name| lengths[name.len() % 256] = true);
        let rank = |id: CaseId| {
            let name = self.cases[id.index()].name;
            let is_meant = lengths[name.len() % 256];
            is_meant.then(|| names.iter().position(|other| other == name)).flatten()
        };
        let (mut leaders, mut others) = (Vec::new(), Vec::new());
        for &id in &self.order[..self.concurrent] {
            match rank(id) {
                Some(rank) => leaders.push((rank, id)),
                None => others.push(id),
            }
        }
        let leaders = order::sorted(leaders, |(rank, _)| ("", *rank as u64));
        let led = leaders.into_iter().map(|(_, id)| id).chain(others);
        self.order.splice(..self.concurrent, led);
        self
    }

    /// The same plan for one process: the pool's lanes run units too, each named by its first case.
    pub(crate) fn in_one_process(mut self) -> Plan {
        // Lanes do not know what the others run.
        let is_serial = |unit: &&Vec<CaseId>| self.cases[unit[0].index()].options.has_wishes();
        let (serial, concurrent): (Vec<_>, Vec<_>) = self.units.iter().partition(is_serial);
        let firsts = |units: Vec<&Vec<CaseId>>| units.into_iter().map(|unit| unit[0]).collect::<Vec<_>>();
        let (serial, concurrent) = (firsts(serial), firsts(concurrent));
        let place = self.concurrent;
        self.concurrent += concurrent.len();
        self.order.splice(place..place, concurrent.into_iter().chain(serial));
        Plan { is_one_process: true, ..self }
    }

    /// Every case, by number.
    pub(crate) fn cases(&self) -> &'static [Case] {
        self.cases
    }

    pub(crate) fn case(&self, id: CaseId) -> &'static Case {
        &self.cases[id.index()]
    }

    /// Every case that is the pool's, in the order they are dispatched in.
    pub(crate) fn order(&self) -> &[CaseId] {
        &self.order
    }

    /// The first part of the order: these may run beside each other. Each of the rest runs while nothing else does.
    pub(crate) fn concurrent(&self) -> &[CaseId] {
        &self.order[..self.concurrent]
    }

    /// The place in the order behind the next `count` cases to be run from `first` on, and behind ignored ones that follow them.
    pub(crate) fn place_behind(&self, first: usize, count: usize) -> usize {
        let is_run = |&place: &usize| !self.case(self.order[place]).ignored;
        (first..self.order.len()).filter(is_run).nth(count).unwrap_or(self.order.len())
    }

    /// What gets a process of its own from the start: suites, and tests whose options ask for it.
    pub(crate) fn units(&self) -> &[Vec<CaseId>] {
        if self.is_one_process { &[] } else { &self.units }
    }

    /// How many cases are the pool's.
    pub(crate) fn count_in_pool(&self) -> usize {
        if self.is_one_process { self.cases.len() } else { self.order.len() }
    }

    /// A case of a suite and those that come behind it there; `None` for one that is no part of a suite.
    pub(crate) fn rest_of_unit(&self, first: CaseId) -> Option<&[CaseId]> {
        let place = (*self.unit_of.get(first.index())?)?;
        let unit = self.units.get(place as usize)?;
        let place = unit.iter().position(|&id| id == first)?;
        Some(&unit[place..])
    }

    pub(crate) fn shuffle_seed(&self) -> Option<u64> {
        self.shuffle_seed
    }
}

/// Units, and which of them each case is in that is part of a suite.
type Units = (Vec<Vec<CaseId>>, Box<[Option<u32>]>);

/// Brings cases that share a suite together, in the order of the source. Cases of one iteration come before those of the next.
fn units(alone: &[CaseId], cases: &[Case]) -> Units {
    if alone.is_empty() {
        return (Vec::new(), Box::default());
    }
    let mut units: Vec<Vec<CaseId>> = Vec::new();
    let mut unit_of = vec![None; cases.len()].into_boxed_slice();
    // By the numbers of the suites, the last iteration of each that has been seen, and its unit.
    let mut last: Vec<Option<(u32, u32)>> = Vec::new();
    for &id in alone {
        let case = &cases[id.index()];
        let Some(suite) = case.options.suite else {
            units.push(vec![id]);
            continue;
        };
        let suite = suite.0 as usize;
        last.resize(last.len().max(suite + 1), None);
        let unit = match last[suite] {
            Some((iteration, unit)) if iteration == case.iteration => unit,
            _ => {
                units.push(Vec::new());
                units.len() as u32 - 1
            }
        };
        last[suite] = Some((case.iteration, unit));
        units[unit as usize].push(id);
        unit_of[id.index()] = Some(unit);
    }
    let in_order = |unit| {
        order::sorted(unit, |id: &CaseId| {
            let source = &cases[id.index()].source;
            (source.file, u64::from(source.start_line) << 32 | u64::from(source.start_col))
        })
    };
    (units.into_iter().map(in_order).collect(), unit_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, CaseOptions, ContextId, Sampling};
    use std::sync::LazyLock;

    fn plan_of(cases: Vec<Case>, shuffle_seed: Option<u64>) -> Plan {
        use std::sync::{Mutex, PoisonError};
        // A leak checker looks here.
        static KEPT: Mutex<Vec<&[Case]>> = Mutex::new(Vec::new());
        let cases: &'static [Case] = cases.leak();
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(cases);
        Plan::new(cases, shuffle_seed)
    }

    /// Cases of these names; those that begin with `bench` are measured.
    fn cases(names: &[&'static str]) -> Vec<Case> {
        let bench = Body::Bench { function: |_| Ok(()), sampling: Sampling::Measure };
        let case = |name: &&'static str| match Case::of_test(name) {
            case if name.starts_with("bench") => Case { body: bench, ..case },
            case => case,
        };
        names.iter().map(case).collect()
    }

    fn names<'plan>(plan: &'plan Plan, ids: &[CaseId]) -> Vec<&'plan str> {
        ids.iter().map(|&id| plan.case(id).name).collect()
    }

    #[test]
    fn without_a_seed_the_order_is_that_of_the_source() {
        let plan = plan_of(cases(&["a", "b", "c"]), None);
        assert_eq!(names(&plan, plan.order()), ["a", "b", "c"]);
        assert_eq!(plan.concurrent(), plan.order());
    }

    #[test]
    fn tests_that_are_named_lead() {
        let led = |names: &[&str], seed| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            plan_of(cases(&["a", "b", "bench_1", "c", "d"]), seed).led_by(&names)
        };
        let plan = led(&["c", "nobody", "bench_1", "b"], None);
        assert_eq!(names(&plan, plan.order()), ["c", "b", "a", "d", "bench_1"]);
        let plan = led(&[], None);
        assert_eq!(names(&plan, plan.order()), ["a", "b", "c", "d", "bench_1"]);
        let shuffled = plan_of(cases(&["a", "b", "bench_1", "c", "d"]), Some(7));
        assert_eq!(led(&["c"], Some(7)).order(), shuffled.order(), "who shuffles wants that order");
    }

    #[test]
    fn measured_benchmarks_come_last_and_are_not_shuffled() {
        for seed in [None, Some(1), Some(2), Some(3)] {
            let plan = plan_of(cases(&["a", "bench_1", "b", "bench_2", "bench_3"]), seed);
            assert_eq!(plan.concurrent().len(), 2);
            assert_eq!(names(&plan, &plan.order()[2..]), ["bench_1", "bench_2", "bench_3"]);
        }
    }

    #[test]
    fn shuffling_loses_nothing() {
        for seed in 0..50 {
            let plan = plan_of(cases(&["a", "b", "c", "d", "e"]), Some(seed));
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
            let plan = plan_of(cases(&all), Some(seed));
            assert_eq!(names(&plan, plan.order()), expected, "seed {seed}");
        }
    }

    #[test]
    fn ignored_cases_do_not_count_among_those_to_be_run() {
        let mut cases = cases(&["a", "b", "c", "d", "e", "f"]);
        [1, 2, 4].into_iter().for_each(|ignored: usize| cases[ignored].ignored = true);
        let plan = plan_of(cases, None);
        let behind = |first| [1, 2, 3, 4].map(|count| plan.place_behind(first, count));
        assert_eq!(behind(0), [3, 5, 6, 6]);
        assert_eq!(behind(1), [5, 6, 6, 6]);
        assert_eq!(behind(5), [6, 6, 6, 6]);
        assert_eq!(behind(6), [6, 6, 6, 6]);
    }

    /// The cases of `suite`, of which there are two iterations, begin with `s`; its second test stands before the first.
    #[test]
    fn each_iteration_of_a_suite_is_a_unit_in_the_order_of_the_source() {
        const ID: Option<ContextId> = Some(ContextId(3));
        static SUITE: LazyLock<CaseOptions> =
            LazyLock::new(|| CaseOptions { context: ID, suite: ID, ..CaseOptions::PLAIN.clone() });
        let mut cases = cases(&["a", "s_late", "s_early", "a", "s_late", "s_early"]);
        for (place, case) in cases.iter_mut().enumerate() {
            case.iteration = 1 + place as u32 / 3;
            if case.name.starts_with('s') {
                case.options = &SUITE;
                (case.source.start_line, case.source.start_col) =
                    if case.name == "s_late" { (9, 1) } else { (4, 99) };
            }
        }
        let plan = plan_of(cases, None);
        let ids = |ids: &[u32]| ids.iter().copied().map(CaseId).collect::<Vec<_>>();
        assert_eq!(plan.units(), [ids(&[2, 1]), ids(&[5, 4])]);
        let rest = |id| plan.rest_of_unit(CaseId(id)).map(<[CaseId]>::to_vec);
        assert_eq!([rest(2), rest(1), rest(4)], [Some(ids(&[2, 1])), Some(ids(&[1])), Some(ids(&[4]))]);
        assert_eq!(rest(0), None, "it is in no suite");
        assert_eq!(plan.order(), ids(&[0, 3]));
    }

    #[test]
    fn no_cases_are_a_plan_as_well() {
        assert!(plan_of(Vec::new(), Some(1)).order().is_empty());
    }
}
