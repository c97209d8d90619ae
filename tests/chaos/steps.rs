//! What the tests of a run wrote down: `@ PID PARENT MARK NAME .`, one after the other, with anything between.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

struct Step {
    pid: u32,
    parent: u32,
    mark: char,
    name: String,
}

impl Steps {
    pub(crate) fn read(bytes: &[u8]) -> Steps {
        let text = String::from_utf8_lossy(bytes);
        Steps(text.split("@ ").skip(1).filter_map(Step::read).collect())
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn names(&self, mark: char) -> impl Iterator<Item = (u32, &str)> {
        self.0.iter().filter(move |step| step.mark == mark).map(|step| (step.pid, step.name.as_str()))
    }

    /// Tests that have begun.
    pub(crate) fn begun(&self) -> BTreeSet<&str> {
        self.names('=').map(|(_, name)| name).collect()
    }

    /// Processes that have begun a test, the last one first.
    pub(crate) fn at_work(&self) -> impl Iterator<Item = u32> {
        self.0.iter().rev().filter(|step| step.mark == '=').map(|step| step.pid)
    }

    /// Whether a process was made by that one.
    pub(crate) fn is_child(&self, pid: u32, parent: u32) -> bool {
        self.0.iter().any(|step| (step.pid, step.parent) == (pid, parent))
    }

    /// The process that has set up a fixture of this name.
    pub(crate) fn home_of(&self, fixture: &str) -> Option<u32> {
        self.names('+').find(|(_, name)| *name == fixture).map(|(pid, _)| pid)
    }

    /// Whether a fixture of this name has been torn down.
    pub(crate) fn is_torn_down(&self, fixture: &str) -> bool {
        self.names('-').any(|(_, name)| name == fixture)
    }

    /// How often this was set up.
    pub(crate) fn set_ups(&self, fixture: &str) -> usize {
        self.names('+').filter(|(_, name)| *name == fixture).count()
    }

    /// Fixtures that a process has set up more often than it has torn them down, or the other way round; but for processes that have
    /// been harmed.
    pub(crate) fn unpaired(&self) -> Vec<(u32, String)> {
        let harmed: BTreeSet<u32> = self.names('!').map(|(pid, _)| pid).collect();
        let mut open: BTreeMap<(u32, &str), i32> = BTreeMap::new();
        for step in self.0.iter().filter(|step| !harmed.contains(&step.pid)) {
            let change = match step.mark {
                '+' => 1,
                '-' => -1,
                _ => continue,
            };
            *open.entry((step.pid, &step.name)).or_default() += change;
        }
        open.into_iter()
            .filter(|(_, count)| *count != 0)
            .map(|((pid, name), _)| (pid, name.to_owned()))
            .collect()
    }
}

impl Step {
    fn read(text: &str) -> Option<Step> {
        let mut words = text.split(' ');
        let pid = words.next()?.parse().ok()?;
        let parent = words.next()?.parse().ok()?;
        let mark = words.next()?.chars().next()?;
        let name = words.next()?.to_owned();
        words.next().is_some_and(|end| end.starts_with('.')).then_some(Step { pid, parent, mark, name })
    }
}

#[test]
fn steps_are_found_among_anything() {
    let steps = Steps::read(
        b"@ 7 1 + a .\nraw text@ 7 1 = t .\n\xff@ 8 1 + b .\n@ 9 1 + c .\n@ 9 1 ! t .\n@ 7 1 - a .\n@ 7 1 = cut o",
    );
    assert_eq!((steps.len(), steps.unpaired()), (6, vec![(8, "b".to_owned())]));
    assert_eq!((steps.home_of("c"), steps.is_torn_down("a"), steps.set_ups("a")), (Some(9), true, 1));
    assert_eq!((steps.begun(), steps.at_work().collect::<Vec<_>>()), (BTreeSet::from(["t"]), vec![7]));
}
