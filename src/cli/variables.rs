//! The variables of our own: what `--help` says of them, and which names are refused.

/// One variable.
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// What it can be, as the help writes it.
    pub(super) values: &'static str,
    pub(super) help: &'static str,
}

const fn variable(name: &'static str, values: &'static str, help: &'static str) -> Variable {
    Variable { name, values, help }
}

/// Those that steer a run.
pub(super) const VARIABLES: [Variable; 14] = [
    variable(
        "SNOUT_THREAD_MODE",
        "fresh|pooled",
        "where a test runs: on a new thread named after it (default), or on a worker of the pool, which is faster",
    ),
    variable(
        "SNOUT_ISOLATE",
        "auto|always|never",
        "which tests get a process of their own: those that hung or were running when the pool's process died \
         (default), all, or none",
    ),
    variable(
        "SNOUT_ISOLATION",
        "fork|spawn",
        "how a process is made: by fork (default), or by starting this program again",
    ),
    variable(
        "SNOUT_TIMEOUT",
        "DURATION",
        "how long a test may take: like `500ms`, `5s`, `2m` (default `10m`), or `0` for as long as it likes",
    ),
    variable(
        "SNOUT_GRACE",
        "DURATION",
        "how long a process may take to end once it is asked to (default `5s`)",
    ),
    variable(
        "SNOUT_RETRIES",
        "COUNT",
        "how often a test that fails is tried again, in a process of its own, where its context does not say (default `0`)",
    ),
    variable(
        "SNOUT_RETRY_DELAY",
        "DURATION",
        "how long to wait before a test is tried again (default `0`); others run in that time",
    ),
    variable(
        "SNOUT_RETRY_BACKOFF",
        "fixed|exponential",
        "whether each wait is as long as the first (default), or twice as long as the one before",
    ),
    variable("SNOUT_RETRY_MAX_DELAY", "DURATION", "no wait is longer than this (default: none is too long)"),
    variable(
        "SNOUT_RETRY_JITTER",
        "true|false",
        "whether each wait is cut by chance, to half of it at the least (default `false`)",
    ),
    variable(
        "SNOUT_PROCESSES",
        "NUMBER",
        "how many tests run at the same time, as --test-threads; `0` for all in order in one process, `-1` for as many as \
         there are processors",
    ),
    variable(
        "SNOUT_RESTART_WORKER",
        "each|COUNT|SIZE",
        "when the pool's process is replaced by a new one: after a test in each lane, after so many tests (`100`), or once \
         it is found to take more memory (`512MiB`); `0` for never (default)",
    ),
    variable(
        "SNOUT_FORMAT",
        "pretty|terse|json|junit",
        "how results are written; --format and --quiet go before it",
    ),
    variable(
        RECORD,
        "PATH",
        "where to write a record of the run, JSON lines for programs: a file, or a folder, in which each test binary makes a \
         file of its own; --record goes before it",
    ),
];

/// Where to write a record of the run. Tests do not see it: a binary that one of them runs has a run of its own.
pub(crate) const RECORD: &str = "SNOUT_RECORD";

/// Names that are promised, and refused until they do something: ignored, they would be believed.
pub(super) const NOT_BUILT: [&str; 2] = ["SNOUT_ORDER", "SNOUT_SHARD"];

/// What `cargo snout` reads, and not a test binary.
pub(super) const OF_SUBCOMMAND: [&str; 1] = ["SNOUT_PROFILE"];

/// What processes of a run, or of a build, tell each other by.
pub(super) const INTERNAL: [&str; 2] = ["SNOUT_INTERNAL_", "SNOUT_BUILD_"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ours_and_given_once() {
        let mut names: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).chain(NOT_BUILT).collect();
        assert!(names.iter().all(|name| name.starts_with("SNOUT_")));
        assert!(names.iter().all(|name| !INTERNAL.iter().any(|internal| name.starts_with(internal))));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
