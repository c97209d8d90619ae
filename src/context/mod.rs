//! Contexts: modules with fixtures or options, which hold for every test in them and below.
//!
//! `fixture!` and `context!` declare; discovery gathers what was declared into a [`Registry`], once, before the first process is
//! made; whoever runs tests sets up and tears down by it. A test's instances live in a [`Scope`].

mod cases;
mod declare;
mod fixture;
mod identity;
mod options;
mod plugin;
mod registry;
mod scope;

pub use cases::{Generate, Values};
pub use declare::{
    Declared, Define, Mode, TornDown, declare_cases, declare_cases_at, declare_context, declare_fixture,
    declare_plugin, tear_down,
};
pub(crate) use declare::{SUFFIX, collect};
pub use fixture::{Fixture, instance};
pub(crate) use identity::{Identity, Seat, count_lanes_from, own_identity, set_identity};
pub use identity::{attempt, lane, name};
#[cfg(snout_processes)]
pub(crate) use identity::{known_identity, set_identity_of_process};
pub use options::ContextOptions;
pub(crate) use plugin::Plugins;
pub use plugin::{Plug, Plugin, RunReport, TestReport, TestStatus};
pub(crate) use registry::{FixtureId, Generator, Registry, module_of_test};
pub(crate) use scope::{NotSetUp, Scope, Why, put_any, take, with_scope};
