//! What cargo would run: asked of cargo itself.
//!
//! cargo is told to run its tests with this program as their runner, and as rustdoc. Both run nothing, but write down how they were
//! called: with which arguments, where, in which environment. So a test has all that cargo gives it, whichever version of cargo that
//! is, and nobody has to know what that was.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::orders::{Orders, Role, VARIABLE};
use super::{exit, say};

/// A call of a runner or of rustdoc.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) is_rustdoc: bool,
    /// Without the program: those of a runner begin with what the configuration gives it, and then the test binary.
    pub(super) arguments: Vec<OsString>,
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// As a runner or as rustdoc: writes down the call.
pub(super) fn note(role: Role, arguments: Vec<OsString>) -> ExitCode {
    let noted = Orders::received()
        .ok_or_else(|| io::Error::other("it was not called by `cargo snout`"))
        .and_then(|orders| {
            let folder = env::current_dir()?;
            let call = Call {
                is_rustdoc: role == Role::Rustdoc,
                arguments,
                folder,
                environment: env::vars_os().collect(),
            };
            OpenOptions::new().append(true).create(true).open(orders.calls)?.write_all(&call.bytes())
        });
    match noted {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: cannot note how cargo calls a test: {error}"));
            ExitCode::from(exit::PROBLEM)
        }
    }
}

/// cargo's word for whether it may keep what the compiler says of itself.
pub(super) const CACHES_RUSTC: &str = "CARGO_CACHE_RUSTC_INFO";

impl Call {
    /// Texts that end with a zero: whether it is rustdoc, the folder, how many arguments, those, how many variables, those.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut text = |text: &[u8]| {
            bytes.extend(text);
            bytes.push(0);
        };
        text(if self.is_rustdoc { b"rustdoc" } else { b"runner" });
        text(self.folder.as_os_str().as_bytes());
        text(self.arguments.len().to_string().as_bytes());
        self.arguments.iter().for_each(|argument| text(argument.as_bytes()));
        text(self.environment.len().to_string().as_bytes());
        for (name, value) in &self.environment {
            text(name.as_bytes());
            text(value.as_bytes());
        }
        bytes
    }

    /// A folder that cargo has built to, if it is rustdoc's call: where it looks for the library.
    pub(super) fn built_in(&self) -> Option<&Path> {
        self.arguments.iter().find_map(|word| Some(Path::new(word.to_str()?.strip_prefix("dependency=")?)))
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Takes out the `--quiet` that cargo hands on to tests: what they say is read, and not shown.
    pub(super) fn be_loud(&mut self) {
        if self.arguments.pop_if(|last| last == "--quiet").is_some() && self.is_rustdoc {
            self.arguments.pop_if(|last| last == "--test-args");
        }
    }

    /// Takes out of the environment what was put in for cargo to make the call, and puts back what was there before.
    pub(super) fn restore_environment(&mut self, taken: &[OsString]) {
        let ours = [VARIABLE, "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC", CACHES_RUSTC].map(OsString::from);
        for name in ours.iter().chain(taken) {
            self.environment.retain(|(known, _)| known != name);
            self.environment.extend(env::var_os(name).map(|value| (name.clone(), value)));
        }
    }
}

/// Reads calls that were written down. `None` if they were not written down whole.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Call>> {
    let mut texts = bytes.split_inclusive(|byte| *byte == 0).map(|text| text.strip_suffix(&[0]));
    let mut calls = Vec::new();
    while let Some(kind) = texts.next() {
        let mut next = || texts.next().flatten().map(|text| OsString::from_vec(text.to_vec()));
        let is_rustdoc = kind? == b"rustdoc";
        let folder = next()?.into();
        let count: usize = next()?.to_str()?.parse().ok()?;
        let arguments = (0..count).map(|_| next()).collect::<Option<_>>()?;
        let count: usize = next()?.to_str()?.parse().ok()?;
        let environment = (0..count).map(|_| Some((next()?, next()?))).collect::<Option<_>>()?;
        calls.push(Call { is_rustdoc, arguments, folder, environment });
    }
    Some(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_cargo_has_no_quiet_tests() {
        let call = |is_rustdoc, line: &str| Call {
            is_rustdoc,
            arguments: line.split_whitespace().map(OsString::from).collect(),
            folder: "/".into(),
            environment: Vec::new(),
        };
        for (mut noted, loud) in [
            (call(false, "word /t/test --quiet"), call(false, "word /t/test")),
            (call(false, "word /t/test"), call(false, "word /t/test")),
            (call(true, "--test lib.rs --test-args --quiet"), call(true, "--test lib.rs")),
            (
                call(true, "--test lib.rs --test-args --quiet --quiet"),
                call(true, "--test lib.rs --test-args --quiet"),
            ),
        ] {
            noted.be_loud();
            assert_eq!(noted, loud);
        }
    }

    #[test]
    fn calls_come_back_as_they_went() {
        let call = |is_rustdoc, arguments: &[&str]| Call {
            is_rustdoc,
            arguments: arguments.iter().map(OsString::from).collect(),
            folder: "/a b".into(),
            environment: vec![("A".into(), "x\ny=z".into()), ("EMPTY".into(), "".into())],
        };
        let calls = [call(false, &["", "two words"]), call(true, &[])];
        let bytes: Vec<u8> = calls.iter().flat_map(Call::bytes).collect();
        assert_eq!(read(&bytes).as_deref(), Some(&calls[..]));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(read(b""), Some(vec![]));
    }
}
