//! Has cargo build what there is to test, and asks it what it would run.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::arguments::Request;
use super::calls::{self, Call};
use super::configuration::Configuration;
use super::filter::{KINDS, Target};
use super::kept::{Kept, OF_SHELLS};
use super::library::target_folder;
use super::messages::{self, Artifact, Message};
use super::orders::{Orders, Role, Tools, VARIABLE};
use super::problem::Problem;
use super::select::Choice;

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
    /// What expressions can ask about it.
    pub(super) target: Target,
    pub(super) choice: Choice,
}

/// What cargo has built.
pub(super) struct Built {
    pub(super) suites: Vec<Suite>,
    /// A folder for what is to be known the next time; `None` without any suite.
    pub(super) memory: Option<PathBuf>,
    /// The file of what failed the last time,
    pub(super) failures: Option<PathBuf>,
    /// and that of how long it took.
    pub(super) work: Option<PathBuf>,
    /// By suite: what is to be said at the end.
    pub(super) notes: Vec<(String, String)>,
    /// How many suites are not among these, for nothing of them was selected;
    pub(super) left_out: usize,
    /// and how many tests of those are known.
    pub(super) filtered_out: usize,
}

impl Built {
    fn new(suites: Vec<Suite>, memory: Option<PathBuf>) -> Built {
        let (failures, work) = (None, None);
        Built { suites, memory, failures, work, notes: Vec::new(), left_out: 0, filtered_out: 0 }
    }
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
        let kept = Kept::new(&self.program, &self.request.cargo, self.configuration.whole_number.as_deref());
        let kept = kept.filter(|_| !self.request.builds_only);
        let asks_at_once = !self.request.builds_only && !kept.as_ref().is_some_and(Kept::is_promising);
        let mut built = self.build(asks_at_once)?;
        let mut calls = kept.as_ref().and_then(|kept| kept.calls(&built));
        if calls.is_none() && !self.request.builds_only {
            if !asks_at_once {
                built = self.build(true)?;
            }
            calls = Some(self.calls(|noted| kept.iter().for_each(|kept| kept.keep(&built, noted)))?);
        }
        let artifacts: Vec<Artifact> = tests(&built).collect();
        let memory = artifacts.iter().find_map(|artifact| artifact.executable.as_deref());
        let memory = memory.map(|executable| target_folder(executable).join("snout"));
        let names: BTreeMap<PathBuf, &Artifact> =
            artifacts.iter().filter_map(|artifact| Some((artifact.executable.clone()?, artifact))).collect();
        let calls = calls.unwrap_or_default();
        let memory =
            memory.or_else(|| Some(target_folder(calls.iter().find_map(Call::built_in)?).join("snout")));
        let wanted = calls.into_iter().filter(|call| !(call.is_rustdoc && self.request.without_docs));
        let suites = wanted.map(|call| self.suite(call, &names)).collect();
        Ok(Built::new(suites, memory))
    }

    /// `cargo test`: what it says goes to the terminal, its messages come back. It asks with us as the runner and as rustdoc; it builds everything
    /// before it calls the first of them.
    fn build(&self, asks: bool) -> Result<Vec<u8>, Problem> {
        let mut command = self.command()?;
        command.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
        if asks {
            let runner = self.tools.path(Role::Runner);
            command.arg("--no-fail-fast").args(self.configuration.with_runner(&runner));
            command.envs(self.configuration.path_to(&runner).map(|path| ("PATH", path)));
            command.env("RUSTDOC", self.tools.path(Role::Rustdoc));
        } else {
            command.arg("--no-run");
        }
        let mut child = command.spawn().map_err(|error| Problem::cargo(&error))?;
        let mut text = Vec::new();
        let read = child.stdout.take().map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut text));
        let status =
            child.wait().and_then(|status| read.map(|_| status)).map_err(|error| Problem::cargo(&error))?;
        if status.success() { Ok(text) } else { Err(Problem::told_by_cargo(status.code())) }
    }

    /// What cargo has called, as it was noted down and as it is read.
    fn calls(&self, keep: impl FnOnce(&[u8])) -> Result<Vec<Call>, Problem> {
        let notes = self.notes();
        let noted = if notes.exists() { fs::read(&notes) } else { Ok(Vec::new()) };
        let noted = noted.map_err(|error| Problem::path("read", &notes, &error))?;
        keep(&noted);
        calls::read(&noted)
            .ok_or_else(|| Problem::path("read", &notes, &"what cargo runs was not written down whole"))
    }

    fn notes(&self) -> PathBuf {
        self.scratch.join("calls")
    }

    /// `cargo test` with our wrapper and the user's flags.
    fn command(&self) -> Result<Command, Problem> {
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
        command.arg("test").args(&request.cargo);
        command.env("RUSTC_WORKSPACE_WRAPPER", self.tools.path(Role::Rustc)).env(VARIABLE, orders.text());
        for name in &self.configuration.taken {
            command.env_remove(name);
        }
        Ok(command)
    }

    fn suite(&self, mut call: Call, names: &BTreeMap<PathBuf, &Artifact>) -> Suite {
        let mut changed = self.configuration.taken.clone();
        changed.extend(self.configuration.path_to(&self.tools.path(Role::Runner)).map(|_| "PATH".into()));
        changed.extend(OF_SHELLS.map(OsString::from));
        call.restore_environment(&changed);
        if self.request.cargo.iter().any(|word| word == "--quiet") {
            call.be_loud();
        }
        let package = call.variable("CARGO_PKG_NAME").unwrap_or_default().to_string_lossy().into_owned();
        let (name, has_runner, program, target) = if call.is_rustdoc {
            let target = Target { package: package.clone(), binary: package.clone(), kind: "doc".to_owned() };
            (format!("{package} (doc)"), false, self.rustdoc(&call.arguments), target)
        } else {
            let (word, rest) =
                call.arguments.split_first().map_or((OsStr::new(""), &[][..]), |(word, rest)| (word, rest));
            let runner = self.configuration.runner(word);
            let executable = rest.first().map(PathBuf::from).unwrap_or_default();
            let artifact = names.get(&executable).copied();
            let name = suite_name(&package, artifact, &executable);
            let program = runner.iter().chain(rest).cloned().collect();
            (name, !runner.is_empty(), program, target(&package, artifact, &executable))
        };
        let is_doc = call.is_rustdoc;
        let (folder, environment) = (call.folder, call.environment);
        Suite { name, is_doc, has_runner, program, folder, environment, target, choice: Choice::Whole }
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

/// The test binaries among what was built.
fn tests(built: &[u8]) -> impl Iterator<Item = Artifact> {
    messages::read(built).filter_map(|message| match message {
        Message::Artifact(artifact) if artifact.profile.test && artifact.executable.is_some() => {
            Some(artifact)
        }
        _ => None,
    })
}

/// What is known of a binary before it runs.
fn target(package: &str, artifact: Option<&Artifact>, executable: &Path) -> Target {
    let stem = || executable.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let kind = artifact.and_then(|artifact| artifact.target.kind.first()).map_or("", |kind| kind);
    // A library is one, whatever it is linked as.
    let kind = if KINDS.contains(&kind) { kind } else { "lib" };
    let binary = artifact.map_or_else(stem, |artifact| artifact.target.name.clone());
    Target { package: package.to_owned(), binary, kind: kind.to_owned() }
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
