//! Hears what `cargo snout` has to say to this binary.

use std::fs;
use std::hint::black_box;
use std::io;

use crate::cli::{Environment, RECORD};
use crate::dispatch::Role;
use crate::error::Error;
use crate::model::{FAIL_FAST, INSTRUCTIONS, Instructions, Isolation, LEASE, REPEAT};
use crate::settings::Settings;
use crate::sys::environment;

/// What it says; that everything is to run, if nothing.
pub(super) fn read(variables: &Environment) -> Result<Instructions, Error> {
    // By this text `cargo snout` knows a binary that listens, so it has to be in the binary whatever the optimizer thinks of it.
    let Some(path) = variables.value(black_box(INSTRUCTIONS)) else { return Ok(Instructions::default()) };
    let refused =
        |cause| Error::system(format!("read what `cargo snout` wants of this binary, `{path}`"), cause);
    let text = fs::read_to_string(path).map_err(refused)?;
    Instructions::read(&text).ok_or_else(|| {
        let advice = "it is not in the format of this version; run `cargo snout`, which writes it, or unset the variable";
        refused(io::Error::other(format!("{INSTRUCTIONS}: {advice}")))
    })
}

/// The names of tests that `cargo snout` wants to begin first. An order is all they are: without them everything runs as well.
pub(super) fn order(settings: &Settings) -> Vec<String> {
    let path = settings.lease.as_ref().map(|lease| &*lease.order).filter(|path| !path.is_empty());
    let text = path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Takes what it says away before anything of the user's runs: another binary that a test starts has nothing to do with it. Where this
/// one executes itself again, what it becomes has to read the same.
pub(super) fn hide(settings: &Settings, role: Option<&Role>) {
    if settings.record.is_some() {
        // What tests run (this binary again, or another) must not write over the record of this run.
        environment::remove(RECORD);
    }
    let executes_itself = match role {
        Some(role) => role.executes_others(),
        None => settings.isolation == Isolation::Spawn && !settings.in_process,
    };
    for name in [INSTRUCTIONS, LEASE, REPEAT, FAIL_FAST] {
        if !executes_itself && std::env::var_os(name).is_some() {
            environment::remove(name);
        }
    }
}
