//! `github`: an annotation for each failed test, shown beside the line that it is about.
//!
//! A line `::error file=…,line=…,title=…::message` of a job's output is read by the runner and not shown. A file is named from the
//! folder of the repository on.

use std::env;
use std::path::{Path, PathBuf};

use super::{Reporter, failure};
use crate::workspace::events::{Event, RunLine, What};
use crate::workspace::results::{Ledger, RUN, Result as TestResult};

/// The runner cuts longer ones off; and nobody reads them there.
const LONGEST: usize = 4000;

pub(super) struct Annotations {
    /// The folder of the repository.
    root: PathBuf,
}

impl Reporter for Annotations {
    fn event(&mut self, event: &Event, _: &str, (ledger, out): (&Ledger, &mut String)) {
        if !matches!(event.what, What::Run(RunLine::WorkspaceFinished(_))) {
            return;
        }
        for (suite, result) in &ledger.failures {
            let folder = ledger.folders.get(suite).map_or(Path::new(""), PathBuf::as_path);
            self.failure(suite, result, (folder, out));
        }
        for (suite, text) in &ledger.troubles {
            command(&[("title", suite)], text, out);
        }
        if let Some(why) = &ledger.stopped {
            command(&[("title", RUN)], why, out);
        }
    }
}

impl Annotations {
    pub(super) fn new() -> Annotations {
        let root = env::var_os("GITHUB_WORKSPACE").filter(|path| !path.is_empty()).map(PathBuf::from);
        Annotations { root: root.or_else(|| env::current_dir().ok()).unwrap_or_default() }
    }

    #[cfg(test)]
    pub(super) fn below(root: &str) -> Annotations {
        Annotations { root: root.into() }
    }

    fn failure(&self, suite: &str, result: &TestResult, (folder, out): (&Path, &mut String)) {
        let title = format!("{suite} {}", result.shown());
        let place = failure::place(result, folder);
        let (file, line) = match &place {
            Some((path, line)) => {
                (path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy(), line.to_string())
            }
            None => (String::new().into(), String::new()),
        };
        let properties = [("file", &*file), ("line", &*line), ("title", &*title)];
        command(&properties, &failure::message(result), out);
    }
}

/// A command of the runner's, without properties that are empty.
fn command(properties: &[(&str, &str)], message: &str, out: &mut String) {
    let properties: Vec<String> = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", escaped(value).replace(':', "%3A").replace(',', "%2C")))
        .collect();
    let message: String = message.chars().take(LONGEST).collect();
    out.push_str(&format!("::error {}::{}\n", properties.join(","), escaped(&message)));
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
