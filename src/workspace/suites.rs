//! Has cargo build what there is to test, and asks it what it would run.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::arguments::Request;
use super::calls::{self, Call};
use super::configuration::Configuration;
use super::library::target_folder;
use super::messages::{self, Artifact, Message};
use super::orders::{Orders, Role, Tools, VARIABLE};
use super::problem::Problem;

/// Something that runs tests and ends: a test binary, or rustdoc with the examples of one library.
#[derive(Debug)]
pub(super) struct Suite {
    /// What a user calls it: `package`, `package::target`, `package::bin/name`.
    pub(super) name: String,
    pub(super) is_doc: bool,
    /// Something other than this system runs it, and cannot be asked for a record.
    pub(super) has_runner: bool,
    /// The program and its arguments, before those of the user.
    pub(super) program: Vec<OsString>,
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// What cargo has built.
pub(super) struct Built {
    pub(super) suites: Vec<Suite>,
    /// A folder for what is to be known the next time; `None` without any suite.
    pub(super) memory: Option<PathBuf>,
}

/// Calls of cargo for one run.
pub(super) struct Cargo<'run> {
    pub(super) program: OsString,
    pub(super) request: &'run Request,
    pub(super) configuration: Configuration,
    pub(super) tools: Tools,
    /// A folder of this run's own.
    pub(super) scratch: PathBuf,
}

impl Cargo<'_> {
    /// Builds, and asks for what would be run. With `--no-run`, for nothing.
    pub(super) fn suites(&self) -> Result<Built, Problem> {
        let artifacts = if self.request.docs_only { Vec::new() } else { self.build()? };
        let memory = artifacts.iter().find_map(|artifact| artifact.executable.as_deref());
        let memory = memory.map(|executable| target_folder(executable).join("snout"));
        if self.request.builds_only {
            return Ok(Built { suites: Vec::new(), memory });
        }
        let names: BTreeMap<PathBuf, &Artifact> =
            artifacts.iter().filter_map(|artifact| Some((artifact.executable.clone()?, artifact))).collect();
        let calls = self.calls()?;
        let memory =
            memory.or_else(|| Some(target_folder(calls.iter().find_map(Call::built_in)?).join("snout")));
        let suites = calls.into_iter().map(|call| self.suite(call, &names)).collect();
        Ok(Built { suites, memory })
    }

    /// `cargo test --no-run`: what it says goes to the terminal, its messages come back.
    fn build(&self) -> Result<Vec<Artifact>, Problem> {
        let mut command = self.command(|_| true)?;
        command.args(["--no-run", "--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Problem::cargo(&error))?;
        let mut text = Vec::new();
        let read = child.stdout.take().map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut text));
        let status =
            child.wait().and_then(|status| read.map(|_| status)).map_err(|error| Problem::cargo(&error))?;
        if !status.success() {
            return Err(Problem::told_by_cargo(status.code()));
        }
        let tests = messages::read(&text).filter_map(|message| match message {
            Message::Artifact(artifact) if artifact.profile.test && artifact.executable.is_some() => {
                Some(artifact)
            }
            _ => None,
        });
        Ok(tests.collect())
    }

    /// `cargo test` with us as the runner and as rustdoc.
    fn calls(&self) -> Result<Vec<Call>, Problem> {
        let notes = self.notes();
        // Without `--quiet`: cargo would have the binaries be quiet, too.
        let mut command = self.command(|word| word != "--quiet")?;
        let runner = self.tools.path(Role::Runner);
        command.args(self.configuration.with_runner(&runner));
        command.envs(self.configuration.path_to(&runner).map(|path| ("PATH", path)));
        command.env("RUSTDOC", self.tools.path(Role::Rustdoc));
        command.arg("--no-fail-fast").stdin(Stdio::null()).stdout(Stdio::null());
        // With `--doc` this is the one call that builds.
        let is_seen = self.request.docs_only;
        command.stderr(if is_seen { Stdio::inherit() } else { Stdio::piped() });
        let output = command
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .map_err(|error| Problem::cargo(&error))?;
        if !output.status.success() {
            // Nobody's message is lost; if there is nobody to tell, the code has to do.
            let _ = std::io::stderr().write_all(&output.stderr);
            return Err(Problem::told_by_cargo(output.status.code()));
        }
        let bytes = if notes.exists() { fs::read(&notes) } else { Ok(Vec::new()) };
        let bytes = bytes.map_err(|error| Problem::path("read", &notes, &error))?;
        let calls = calls::read(&bytes)
            .ok_or_else(|| Problem::path("read", &notes, &"what cargo runs was not written down whole"))?;
        Ok(calls.into_iter().filter(|call| !(call.is_rustdoc && self.request.without_docs)).collect())
    }

    fn notes(&self) -> PathBuf {
        self.scratch.join("calls")
    }

    /// `cargo test` with our wrapper and those of the user's flags that `is_wanted`.
    fn command(&self, is_wanted: impl Fn(&OsString) -> bool) -> Result<Command, Problem> {
        let request = self.request;
        let folder = env::current_dir().map_err(|error| Problem::path("enter", Path::new("."), &error))?;
        let wrapper = self.configuration.wrapper.as_ref();
        let orders = Orders {
            next_wrapper: wrapper.map(|wrapper| wrapper.to_string_lossy().into_owned()),
            folder,
            config: request.config.clone(),
            flags: request.network.iter().map(ToString::to_string).collect(),
            configuration: self.configuration.number.clone(),
            ..Orders::new(&self.tools, &self.notes())
        };
        let mut command = Command::new(&self.program);
        command.arg("test").args(request.cargo.iter().filter(|word| is_wanted(word)));
        command.env("RUSTC_WORKSPACE_WRAPPER", self.tools.path(Role::Rustc)).env(VARIABLE, orders.text());
        for name in &self.configuration.taken {
            command.env_remove(name);
        }
        Ok(command)
    }

    fn suite(&self, mut call: Call, names: &BTreeMap<PathBuf, &Artifact>) -> Suite {
        let mut changed = self.configuration.taken.clone();
        changed.extend(self.configuration.path_to(&self.tools.path(Role::Runner)).map(|_| "PATH".into()));
        call.restore_environment(&changed);
        let package = call.variable("CARGO_PKG_NAME").unwrap_or_default().to_string_lossy().into_owned();
        let (name, has_runner, program) = if call.is_rustdoc {
            (format!("{package} (doc)"), false, self.rustdoc(&call.arguments))
        } else {
            let (word, rest) =
                call.arguments.split_first().map_or((OsStr::new(""), &[][..]), |(word, rest)| (word, rest));
            let runner = self.configuration.runner(word);
            let executable = rest.first().map(PathBuf::from).unwrap_or_default();
            let name = suite_name(&package, names.get(&executable).copied(), &executable);
            (name, !runner.is_empty(), runner.iter().chain(rest).cloned().collect())
        };
        let is_doc = call.is_rustdoc;
        Suite { name, is_doc, has_runner, program, folder: call.folder, environment: call.environment }
    }

    /// How rustdoc would have been called: with the user's runner in place of ours.
    fn rustdoc(&self, arguments: &[OsString]) -> Vec<OsString> {
        let mut words = vec![self.configuration.rustdoc.clone()];
        let (mut ours, mut word) = (false, OsString::new());
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--test-runtool") => {
                    let tool = arguments.next().cloned().unwrap_or_default();
                    ours = Role::of(&tool) == Some(Role::Runner);
                    words.extend((!ours).then(|| [argument.clone(), tool]).into_iter().flatten());
                }
                Some("--test-runtool-arg") if ours => word = arguments.next().cloned().unwrap_or_default(),
                _ => words.push(argument.clone()),
            }
        }
        if let Some((program, rest)) = self.configuration.runner(&word).split_first() {
            words.extend(["--test-runtool".into(), program.clone()]);
            words.extend(rest.iter().flat_map(|argument| ["--test-runtool-arg".into(), argument.clone()]));
        }
        words
    }
}

/// What nextest calls a binary, too.
fn suite_name(package: &str, artifact: Option<&Artifact>, executable: &Path) -> String {
    let Some(target) = artifact.map(|artifact| &artifact.target) else {
        return format!("{package}::{}", executable.file_stem().unwrap_or_default().to_string_lossy());
    };
    match target.kind.first().map(String::as_str) {
        Some("test") => format!("{package}::{}", target.name),
        Some(kind @ ("bin" | "example" | "bench")) => format!("{package}::{kind}/{}", target.name),
        _ => package.to_owned(),
    }
}
