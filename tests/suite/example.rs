//! `fixtures/example`, as its user runs it: a server that is shared, a database, files, and tests made of a folder.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::build::{Harness, cargo, package};
use crate::fixture::compile;
use crate::process::{Ended, run, scratch};
use crate::report;

/// A test that is skipped where nothing is installed to try.
const SKIPPED: &str = "server::answers_where_it_is_installed";

/// What a run of the example did.
struct Example {
    ended: Ended,
    /// Line by line, what its server noted down.
    log: String,
    /// What is left of its temporary files.
    left: Vec<PathBuf>,
}

/// Runs `cargo test` with these variables, and with a folder of its own for temporary files.
fn example(variables: &[(&str, &str)]) -> Example {
    static BUILT: OnceLock<()> = OnceLock::new();
    let package = package(Harness::Snout, "example");
    // Without a deadline: SQLite is in C, and takes its time, once.
    BUILT.get_or_init(|| drop(compile(&mut cargo(&["test"], &package))));
    let folder = scratch();
    let (log, temporary) = (folder.join("log"), folder.join("temporary"));
    fs::create_dir(&temporary).expect("a folder in the scratch folder");
    let mut command = cargo(&["test"], &package);
    command.env("BOOKMARKS_LOG", &log).env("TMPDIR", &temporary).env_remove("BOOKMARKS_URL");
    let ended = run(command.envs(variables.iter().copied()));
    let entries = fs::read_dir(&temporary).expect("a folder in the scratch folder").flatten();
    let left = entries.map(|entry| entry.path()).collect();
    let log = fs::read_to_string(&log).unwrap_or_default();
    fs::remove_dir_all(&folder).ok();
    Example { ended, log, left }
}

impl Example {
    /// Nobody and nothing is left of the run.
    #[track_caller]
    fn expect_nothing_left(&self) {
        if !self.left.is_empty() || !self.ended.left_behind.is_empty() {
            self.ended.fail(&format!("left over: {:?}", self.left));
        }
    }
}

/// Every test came out well, the server was started once and ended, and nothing is left.
fn passes_with(variables: &[(&str, &str)]) {
    let example = example(variables);
    let ended = &example.ended;
    ended.expect_code(0);
    let results = report::read(&ended.text()).results;
    for (name, said) in &results {
        let due = if name == SKIPPED { "ignored, BOOKMARKS_URL is not set" } else { "ok" };
        if said != &[due] {
            ended.fail(&format!("`{name}` should be {due}, once: {said:?}"));
        }
    }
    for name in
        ["export::overwrites_nothing", "format::refuses::no_url", "server::latest::becomes::that", SKIPPED]
    {
        assert!(results.contains_key(name), "`{name}` is not reported\n{ended}");
    }
    assert_eq!(results.len(), 16, "{ended}");
    assert_eq!(example.log, "started\nended\n", "{ended}");
    example.expect_nothing_left();
}

#[test]
fn passes_by_default() {
    passes_with(&[]);
}

#[test]
fn passes_on_pooled_threads() {
    passes_with(&[("SNOUT_THREAD_MODE", "pooled")]);
}

#[test]
fn passes_with_a_process_for_each_test() {
    passes_with(&[("SNOUT_ISOLATE", "always")]);
}

/// One lane, so that the request which kills the server is the last that it gets.
#[test]
fn a_server_that_takes_its_process_down_is_reported_and_the_other_tests_run() {
    let example =
        example(&[("BOOKMARKS_FATAL", "/book"), ("RUST_TEST_THREADS", "1"), ("SNOUT_TIMEOUT", "20s")]);
    let ended = &example.ended;
    ended.expect_code(101);
    ended.expect_text(
        "\nfixtures:\n    use of what is shared: its process was killed by signal 6 (SIGABRT)\n",
    );
    let results = report::read(&ended.text()).results;
    assert_eq!(results.len(), 16, "{ended}");
    assert_eq!(results["server::finds_a_bookmark"], ["FAILED"], "{ended}");
    for (name, said) in results.iter().filter(|(name, _)| !name.starts_with("server::")) {
        assert_eq!(said, &["ok"], "`{name}` needs no server\n{ended}");
    }
    assert_eq!(example.log, "started\n", "nobody could note down its end\n{ended}");
    example.expect_nothing_left();
}
