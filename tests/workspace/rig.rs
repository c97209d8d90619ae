//! Writes a workspace, and calls cargo in it as a user would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Ended, plain, run};

/// A workspace of a test.
pub(crate) struct Workspace {
    pub(crate) folder: PathBuf,
}

impl Workspace {
    /// One of this name, with these files. Files that are there with the same text are left alone, others too.
    pub(crate) fn with(name: &str, files: &[(&str, &str)]) -> Workspace {
        // With a space, for paths that are taken apart at one.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snout workspaces").join(name);
        let workspace = Workspace { folder };
        files.iter().for_each(|(path, text)| workspace.write(path, text));
        workspace
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("a path in the workspace"))
            .expect("a folder below the target folder");
        fs::write(path, text).expect("a file below the target folder");
    }

    /// `cargo snout …`, all words split at spaces.
    pub(crate) fn snout(&self, words: &str) -> Ended {
        run(&mut self.cargo(&format!("snout {words}")))
    }

    /// `cargo test …`.
    pub(crate) fn test(&self, words: &str) -> Ended {
        run(&mut self.cargo(&format!("test {words}")))
    }

    /// cargo, with the subcommand in its path.
    pub(crate) fn cargo(&self, words: &str) -> Command {
        let subcommand = Path::new(env!("CARGO_BIN_EXE_cargo-snout"));
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&folders);
        let path = subcommand.parent().map(Path::to_owned).into_iter().chain(folders);
        let mut command = plain(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command.args(words.split_whitespace()).current_dir(&self.folder);
        command.env("PATH", std::env::join_paths(path).expect("folders of a path"));
        command.env("CARGO_TARGET_DIR", target()).env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// Where all of them are built.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("snout target")
}

/// What cargo says it compiles: names of packages.
pub(crate) fn compiled(ended: &Ended) -> Vec<String> {
    let errors = ended.error_text();
    let lines = errors.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
    let mut names: Vec<String> = lines.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    names
}

/// The summary line, without the time.
pub(crate) fn summary(ended: &Ended) -> String {
    let text = ended.text();
    let line = text.lines().rev().find(|line| line.trim_start().starts_with("Summary ["));
    let line = line.unwrap_or_else(|| ended.fail("there is no summary"));
    line.split_once("] ")
        .map(|(_, rest)| rest.to_owned())
        .unwrap_or_else(|| ended.fail("the summary has no time"))
}
