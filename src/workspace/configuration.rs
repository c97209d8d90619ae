//! What the user's cargo is configured to call that we put ourselves in place of: a wrapper, a runner, rustdoc.
//!
//! cargo can say what its configuration is, but that takes as long as another call of cargo; so it is asked only when a file of its
//! configuration has one of these words in it. (`cargo config` is unstable, and cargo lets a variable allow it.)

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_platform::{Cfg, Platform};
use serde_json::Value;

use super::arguments::Request;
use super::library;
use super::orders::{cargo_home, number_of};
use super::problem::Problem;
use super::proxy;

/// Words of the configuration that are our business, or may bring in files that have some.
const WORDS: [&str; 5] = ["runner", "workspace-wrapper", "rustdoc =", "include", "target ="];

/// Words of the configuration that may change how the harness comes out.
const BUILD_WORDS: [&str; 6] = ["rustflags", "profile", "env", "unstable", "linker", "include"];

/// A runner of test binaries: the program and its arguments.
type Runner = Vec<OsString>;

/// What cargo would call, were we not there.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) wrapper: Option<OsString>,
    pub(super) rustdoc: OsString,
    /// By what names the call of it: the target, or nothing if no target has one.
    runners: Vec<(String, Runner)>,
    /// Targets whose runner is spelt as one text. cargo does not let a list take its place.
    spelt_as_text: BTreeSet<String>,
    /// Changes with every file of the configuration that says how to build.
    pub(super) number: String,
    /// Changes with any of it; `None` if some of it is in files that only cargo finds.
    pub(super) whole_number: Option<String>,
    /// Variables that name a runner; cargo must not see them.
    pub(super) taken: Vec<OsString>,
}

impl Configuration {
    pub(super) fn read(cargo: &OsStr, request: &Request) -> Result<Configuration, Problem> {
        let folder = env::current_dir().map_err(|error| Problem::path("enter", Path::new("."), &error))?;
        let files = files(&folder, &request.config);
        let texts: Vec<&String> = files.iter().map(|(_, text)| text).collect();
        let of_builds = texts.iter().filter(|text| BUILD_WORDS.iter().any(|word| text.contains(word)));
        let number = number_of(&of_builds.collect::<Vec<_>>());
        let is_all_read = !texts.iter().any(|text| text.contains("include"));
        let whole_number = is_all_read.then(|| number_of(&files));
        let is_concerned = texts.iter().any(|text| WORDS.iter().any(|word| text.contains(word)));
        let config = if is_concerned { ask(cargo, &request.config)? } else { Value::Null };
        let of_build = |key: &str| Some(OsString::from(config["build"][key].as_str()?));
        let variable =
            |names: [&str; 2]| names.into_iter().filter_map(env::var_os).find(|value| !value.is_empty());
        let taken: Vec<OsString> =
            env::vars_os().map(|(name, _)| name).filter(|name| names_a_runner(name)).collect();
        let root = files
            .iter()
            .find(|(_, text)| text.contains("runner"))
            .and_then(|(path, _)| path.ancestors().nth(2));
        let has_runner = !taken.is_empty() || texts.iter().any(|text| text.contains("runner"));
        let (mut runners, mut spelt_as_text) = (Vec::new(), BTreeSet::new());
        for target in if has_runner { targets(&config, request)? } else { Vec::new() } {
            if let Some(runner) = runner(&config, &target, root.unwrap_or(&folder)) {
                if config["target"][&target]["runner"].is_string() {
                    spelt_as_text.insert(target.clone());
                }
                runners.push((target, runner));
            }
        }
        Ok(Configuration {
            wrapper: variable(["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"])
                .or_else(|| of_build("rustc-workspace-wrapper")),
            rustdoc: variable(["RUSTDOC", "CARGO_BUILD_RUSTDOC"])
                .or_else(|| of_build("rustdoc"))
                .unwrap_or_else(|| proxy::program("rustdoc")),
            runners,
            spelt_as_text,
            number,
            whole_number,
            taken,
        })
    }

    /// cargo's arguments that make `tool` the runner of tests, its first argument the target it is called for.
    pub(super) fn with_runner(&self, tool: &Path) -> Vec<String> {
        let list = |target: &str, word: &str| {
            format!("target.{target}.runner=[{}, {}]", quoted(&tool.to_string_lossy()), quoted(word))
        };
        let of_target = |target: &str| match tool.file_name() {
            // A text is taken apart at spaces, of which the path may have some.
            Some(name) if self.spelt_as_text.contains(target) => {
                let text = format!("{} {target}", name.to_string_lossy());
                format!("target.{}.runner={}", quoted(target), quoted(&text))
            }
            _ => list(&quoted(target), target),
        };
        // Where a target has one, only its own beats it; where none has, one for all is all there is.
        let mut all: Vec<String> = self.runners.iter().map(|(target, _)| of_target(target)).collect();
        if all.is_empty() {
            all.push(list("'cfg(all())'", ""));
        }
        all.into_iter().flat_map(|setting| ["--config".to_owned(), setting]).collect()
    }

    /// The `PATH` by which cargo finds `tool` without its folder, if it has to.
    pub(super) fn path_to(&self, tool: &Path) -> Option<OsString> {
        if self.spelt_as_text.is_empty() {
            return None;
        }
        let folders = env::var_os("PATH").unwrap_or_default();
        let folders = tool.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&folders));
        env::join_paths(folders).ok()
    }

    /// The user's own runner for what we were called for by this word.
    pub(super) fn runner(&self, word: &OsStr) -> &[OsString] {
        self.runners.iter().find(|(target, _)| word == &**target).map_or(&[], |(_, runner)| runner)
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn names_a_runner(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER")
}

/// The configuration that holds in `folder`, nearest first: paths and texts.
fn files(folder: &Path, given: &[String]) -> Vec<(PathBuf, String)> {
    let nested = folder
        .ancestors()
        .flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(".cargo").join(name)));
    let home =
        cargo_home().into_iter().flat_map(|home| ["config.toml", "config"].map(|name| home.join(name)));
    let mut seen = BTreeSet::new();
    let files = nested.chain(home).filter(|path| seen.insert(path.clone()));
    let files = files.filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text)));
    // Each is the name of a file, or a setting.
    let given = given.iter().map(|value| {
        let text = fs::read_to_string(folder.join(value)).unwrap_or_else(|_| value.clone());
        (folder.join(".cargo").join("config.toml"), text)
    });
    given.chain(files).collect()
}

/// The whole configuration, as cargo sees it.
fn ask(cargo: &OsStr, given: &[String]) -> Result<Value, Problem> {
    let mut command = Command::new(cargo);
    command.args(given.iter().flat_map(|value| ["--config", value]));
    command.args(["-Z", "unstable-options", "config", "get", "--format", "json"]);
    let output = command
        .env("RUSTC_BOOTSTRAP", "1")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Problem::cargo(&error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said
            .lines()
            .find_map(|line| line.strip_prefix("error: "))
            .unwrap_or("no reason given")
            .to_owned();
        return Err(Problem::new(format!(
            "cargo does not tell its configuration: {first}; see what `cargo test --no-run` says"
        )));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        Problem::new(format!("cargo's configuration is not understood: {error}; please report it"))
    })
}

/// The targets that are built for.
fn targets(config: &Value, request: &Request) -> Result<Vec<String>, Problem> {
    if !request.targets.is_empty() {
        return Ok(request.targets.clone());
    }
    if let Some(target) = env::var("CARGO_BUILD_TARGET").ok().filter(|target| !target.is_empty()) {
        return Ok(vec![target]);
    }
    let texts = |value: &Value| match value {
        Value::String(target) => vec![target.clone()],
        Value::Array(all) => all.iter().filter_map(|target| target.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let configured = texts(&config["build"]["target"]);
    if !configured.is_empty() {
        return Ok(configured);
    }
    let version = rustc(&["-vV"])?;
    library::host(&version)
        .map(|host| vec![host])
        .ok_or_else(|| Problem::new("rustc does not tell its host; see `rustc -vV`"))
}

fn rustc(arguments: &[&str]) -> Result<String, Problem> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        Problem::new(format!("cannot run rustc: {error}; is it installed, as https://rustup.rs does?"))
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The runner that cargo would call for a target: of the variable, of the target's own table, of one whose `cfg(…)` holds.
fn runner(config: &Value, target: &str, root: &Path) -> Option<Runner> {
    let variable = format!("CARGO_TARGET_{}_RUNNER", target.to_uppercase().replace('-', "_"));
    if let Ok(value) = env::var(variable) {
        return words(&Value::String(value), root);
    }
    let tables = &config["target"];
    if let Some(runner) = words(&tables[target]["runner"], root) {
        return Some(runner);
    }
    let conditional = tables.as_object()?.iter().filter(|(name, _)| name.starts_with("cfg("));
    let with_runner: Vec<_> =
        conditional.filter_map(|(name, table)| Some((name, words(&table["runner"], root)?))).collect();
    if with_runner.is_empty() {
        return None;
    }
    let facts = rustc(&["--print", "cfg", "--target", target]).ok()?;
    let facts: Vec<Cfg> = facts.lines().filter_map(|line| line.parse().ok()).collect();
    let holds = |name: &str| name.parse::<Platform>().is_ok_and(|platform| platform.matches(target, &facts));
    with_runner.into_iter().find(|(name, _)| holds(name)).map(|(_, runner)| runner)
}

/// A program with arguments, as the configuration spells one. With a slash, the program is looked for from the folder of the file.
fn words(value: &Value, root: &Path) -> Option<Runner> {
    let words: Vec<&str> = match value {
        Value::String(line) => line.split_whitespace().collect(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let (program, rest) = words.split_first()?;
    let program = if program.contains('/') { root.join(program).into() } else { OsString::from(program) };
    Some([program].into_iter().chain(rest.iter().map(OsString::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_that_of_the_target_or_of_a_condition_that_holds() {
        let config: Value = serde_json::from_str(
            r#"{"target":{"x86_64-unknown-linux-gnu":{"runner":["./run","a b"]},"cfg(windows)":{"runner":"wine -v"}}}"#,
        )
        .unwrap();
        let runner = |target| runner(&config, target, Path::new("/ws"));
        assert_eq!(
            runner("x86_64-unknown-linux-gnu"),
            Some(["/ws/./run", "a b"].map(OsString::from).to_vec())
        );
        assert_eq!(runner("x86_64-pc-windows-gnu"), Some(["wine", "-v"].map(OsString::from).to_vec()));
        assert_eq!(runner("aarch64-unknown-linux-gnu"), None);
    }

    #[test]
    fn where_no_target_has_a_runner_ours_is_for_all() {
        let mut configuration = Configuration::default();
        let tool = Path::new("/a \"b\"/tool");
        let all = r#"target.'cfg(all())'.runner=["/a \"b\"/tool", ""]"#;
        assert_eq!(configuration.with_runner(tool), ["--config", all]);
        configuration.runners = vec![("T".to_owned(), vec!["wine".into()])];
        assert_eq!(
            configuration.with_runner(tool),
            ["--config", r#"target."T".runner=["/a \"b\"/tool", "T"]"#]
        );
        assert_eq!(configuration.runner(OsStr::new("T")), [OsString::from("wine")]);
        assert!(configuration.runner(OsStr::new("")).is_empty());
    }
}
