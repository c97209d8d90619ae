//! Everything that was declared, as a tree of modules.

use std::time::Duration;

use super::declare::{AnyFixture, Cases, Declaration, Mode, SUFFIX};
use super::options::ContextOptions;
use super::plugin::{Plugged, Plugins};
use crate::model::{CaseOptions, ContextId, Filter, Instructions, ThreadMode, order};

/// Names a fixture: its place in the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FixtureId(pub(crate) u32);

/// A module with fixtures or options.
#[derive(Debug)]
pub(crate) struct Context {
    /// Without the crate's name; empty for the crate itself.
    pub(crate) path: &'static str,
    pub(crate) parent: Option<ContextId>,
    /// What a test in it needs, in the order in which that is set up: the fixtures of the modules around, then its own in source
    /// order.
    needed: Vec<FixtureId>,
    /// What holds for a test in it.
    pub(crate) options: CaseOptions,
}

/// A fixture and where it belongs.
pub(crate) struct Declared {
    pub(crate) fixture: &'static dyn AnyFixture,
    pub(crate) context: ContextId,
}

/// All contexts and fixtures of the program.
#[derive(Default)]
pub(crate) struct Registry {
    contexts: Vec<Context>,
    fixtures: Vec<Declared>,
    generators: Vec<Generator>,
    plugins: Vec<Plugged>,
    /// What `cargo snout` says about tests, before what modules say.
    instructions: Instructions,
}

/// A generator of tests, and its module.
#[derive(Clone, Copy)]
pub(crate) struct Generator {
    pub(crate) module: &'static str,
    pub(crate) cases: Cases,
}

impl Registry {
    /// The registry of what hidden tests of these names have declared.
    pub(crate) fn new(declared: Vec<(&'static str, Declaration)>) -> Registry {
        let mut modules: Vec<(&'static str, Vec<Declaration>)> = Vec::new();
        let mut registry = Registry::default();
        for (name, declaration) in declared {
            match declaration {
                Declaration::Cases(cases) => {
                    registry.generators.push(Generator { module: module_of(name), cases });
                }
                Declaration::Plugin { name: own, plugin } => {
                    registry.plugins.push(Plugged::new(below(module_of(name), own), plugin));
                }
                Declaration::Fixture { .. } | Declaration::Context(_) => {
                    let path = module_of(name);
                    match modules.iter_mut().find(|(known, _)| *known == path) {
                        Some((_, declarations)) => declarations.push(declaration),
                        None => modules.push((path, vec![declaration])),
                    }
                }
            }
        }
        // In this order a module comes before those below it.
        for (path, declarations) in order::sorted(modules, |(path, _)| (path, 0)) {
            registry.add(path, declarations);
        }
        registry
    }

    fn add(&mut self, path: &'static str, declarations: Vec<Declaration>) {
        let id = ContextId(self.contexts.len() as u32);
        let parent = self.innermost(path);
        let mut own = ContextOptions::none();
        let mut fixtures = Vec::new();
        for declaration in declarations {
            match declaration {
                Declaration::Fixture { fixture, line } => fixtures.push((line, fixture)),
                Declaration::Context(options) => own = options,
                Declaration::Cases(_) | Declaration::Plugin { .. } => {}
            }
        }
        let fixtures = order::sorted(fixtures, |(line, _)| ("", u64::from(*line)));
        let first = self.fixtures.len() as u32;
        let own_fixtures = (first..first + fixtures.len() as u32).map(FixtureId);
        let is_unit = fixtures.iter().any(|(_, fixture)| fixture.mode() == Mode::Unit);
        for (_, fixture) in fixtures {
            fixture.declared().set(self.fixtures.len());
            self.fixtures.push(Declared { fixture, context: id });
        }
        let around = parent.map(|parent| self.context(parent));
        let suite = around.and_then(|around| around.options.suite).or(is_unit.then_some(id));
        let options = own.within(around.map(|around| &around.options));
        let options = CaseOptions { context: Some(id), suite, ..options };
        let needed =
            around.map_or(&[][..], |around| &around.needed).iter().copied().chain(own_fixtures).collect();
        self.contexts.push(Context { path, parent, needed, options });
    }

    /// The same with what `cargo snout` says.
    pub(crate) fn heeding(self, instructions: Instructions) -> Registry {
        Registry { instructions, ..self }
    }

    /// Whether nobody says anything about how tests run.
    pub(crate) fn is_empty(&self) -> bool {
        self.contexts.is_empty() && self.instructions.states_nothing()
    }

    /// Whether `cargo snout` wants every test.
    pub(crate) fn takes_all(&self) -> bool {
        self.instructions.names.is_none() && self.instructions.filter == Filter::All
    }

    /// Whether `cargo snout` wants this test of a module.
    pub(crate) fn takes(&self, test: &str, module: &str) -> bool {
        self.takes_all() || self.instructions.takes(test, &self.paths_around(module))
    }

    /// What holds for a test of this name in a module.
    pub(crate) fn options(&'static self, test: &str, module: &str) -> &'static CaseOptions {
        if self.is_empty() {
            return CaseOptions::PLAIN;
        }
        let id = self.innermost(module);
        let options = id.map_or(CaseOptions::PLAIN, |id| &self.context(id).options);
        if self.instructions.states_nothing() {
            return options;
        }
        match self.instructions.over(options, test, &self.paths_around(module)) {
            None => options,
            // It is read for as long as the process lives, as the contexts' are.
            Some(stated) => Box::leak(Box::new(stated)),
        }
    }

    /// The paths of the contexts a module is in or is.
    fn paths_around(&self, module: &str) -> Vec<&'static str> {
        let around = std::iter::successors(self.innermost(module), |&id| self.context(id).parent);
        around.map(|id| self.context(id).path).collect()
    }

    pub(crate) fn plugins(&'static self) -> Plugins {
        Plugins(&self.plugins)
    }

    pub(crate) fn generators(&self) -> &[Generator] {
        &self.generators
    }

    pub(crate) fn context(&self, id: ContextId) -> &Context {
        &self.contexts[id.0 as usize]
    }

    pub(crate) fn fixture(&self, id: FixtureId) -> &Declared {
        &self.fixtures[id.0 as usize]
    }

    /// Whether some tests are to run on workers.
    pub(crate) fn has_pooled(&self) -> bool {
        let told = self.instructions.rules.iter().map(|rule| rule.stated.threads);
        let stated = self.contexts.iter().map(|context| context.options.threads);
        stated.chain(told).any(|threads| threads == Some(ThreadMode::Pooled))
    }

    /// Every time limit that is stated.
    pub(crate) fn timeouts(&self) -> impl Iterator<Item = Duration> {
        let told = self.instructions.rules.iter().map(|rule| rule.stated.timeout);
        self.contexts.iter().map(|context| context.options.timeout).chain(told).filter_map(Option::flatten)
    }

    /// What a user calls it: `db::connection`.
    pub(crate) fn fixture_name(&self, id: FixtureId) -> String {
        let Declared { fixture, context } = self.fixture(id);
        below(self.context(*context).path, fixture.name())
    }

    /// The innermost context that a module is in or is.
    pub(crate) fn innermost(&self, module: &str) -> Option<ContextId> {
        let mut path = module;
        loop {
            if let Some(place) = self.contexts.iter().position(|context| context.path == path) {
                return Some(ContextId(place as u32));
            }
            path = match path.rsplit_once("::") {
                Some((around, _)) => around,
                None if path.is_empty() => return None,
                None => "",
            };
        }
    }

    /// The fixtures that a test in this context needs, in the order in which they are set up.
    pub(crate) fn needed(&self, innermost: Option<ContextId>) -> &[FixtureId] {
        innermost.map_or(&[], |id| &self.context(id).needed)
    }

    pub(crate) fn is_shared(&self, id: FixtureId) -> bool {
        self.fixture(id).fixture.mode() == Mode::Shared
    }

    /// The shared fixtures that tests in these contexts need, in the order in which they are set up.
    pub(crate) fn shared_needed(&self, contexts: impl Iterator<Item = ContextId>) -> Vec<FixtureId> {
        if !self.fixtures.iter().any(|declared| declared.fixture.mode() == Mode::Shared) {
            return Vec::new();
        }
        let mut is_needed = vec![false; self.fixtures.len()];
        for context in contexts {
            for id in self.needed(Some(context)) {
                is_needed[id.0 as usize] = true;
            }
        }
        // By their numbers, outer ones come first.
        let ids = (0..self.fixtures.len() as u32).map(FixtureId);
        ids.filter(|&id| is_needed[id.0 as usize] && self.is_shared(id)).collect()
    }

    /// Whether a context is `outer` or lies in it.
    pub(crate) fn is_within(&self, inner: Option<ContextId>, outer: ContextId) -> bool {
        std::iter::successors(inner, |&id| self.context(id).parent).any(|id| id == outer)
    }
}

impl Generator {
    /// What a user calls it: `parser::accepts`.
    pub(crate) fn name(&self) -> String {
        below(self.module, self.cases.generator.name())
    }
}

/// What a user calls something in a module.
fn below(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// The module of a hidden test: that is in a module of its own, named after what it declares.
fn module_of(hidden: &'static str) -> &'static str {
    let own = hidden.strip_suffix(SUFFIX).unwrap_or(hidden);
    own.rsplit_once("::").map_or("", |(module, _)| module)
}

/// The module of a test.
pub(crate) fn module_of_test(name: &str) -> &str {
    name.rsplit_once("::").map_or("", |(module, _)| module)
}

impl ContextOptions {
    /// What holds, with what holds around it.
    fn within(&self, around: Option<&CaseOptions>) -> CaseOptions {
        let none = CaseOptions::default();
        let around = around.unwrap_or(&none);
        let resources: Vec<&'static str> = self.resources.iter().flatten().copied().collect();
        CaseOptions {
            context: None,
            suite: None,
            timeout: self.timeout.or(around.timeout),
            serial: self.serial.unwrap_or(around.serial),
            isolate: self.isolate.unwrap_or(around.isolate),
            threads: self.threads.or(around.threads),
            retries: self.retries.or(around.retries),
            more_lanes: self.weight.map_or(around.more_lanes, |lanes| lanes - 1),
            resources: if resources.is_empty() { around.resources.clone() } else { resources },
        }
    }
}
