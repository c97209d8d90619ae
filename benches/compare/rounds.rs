//! Takes contestants in turns, so that what else the machine does hits all of them alike.

use crate::process::Usage;

/// Something that is measured.
pub(crate) struct Contestant<'run> {
    pub(crate) name: String,
    /// Does what is to be measured, once.
    run: Box<dyn FnMut() -> Result<Usage, String> + 'run>,
}

impl<'run> Contestant<'run> {
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl FnMut() -> Result<Usage, String> + 'run,
    ) -> Contestant<'run> {
        Contestant { name: name.into(), run: Box::new(run) }
    }
}

/// What a contestant took in each round.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) usages: Vec<Usage>,
}

/// Runs all of them once to warm up, and then `count` times, in turns.
pub(crate) fn rounds(count: usize, contestants: Vec<Contestant<'_>>) -> Result<Vec<Series>, String> {
    let mut contestants = contestants;
    for contestant in &mut contestants {
        (contestant.run)()?;
    }
    let mut usages = vec![Vec::with_capacity(count); contestants.len()];
    for _ in 0..count {
        for (contestant, usages) in contestants.iter_mut().zip(&mut usages) {
            usages.push((contestant.run)()?);
        }
    }
    let named = contestants.into_iter().zip(usages);
    Ok(named.map(|(contestant, usages)| Series { name: contestant.name, usages }).collect())
}
