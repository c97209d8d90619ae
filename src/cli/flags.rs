//! What was typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::{ColorChoice, Format, Restart};

/// A command line, flag by flag. What is not typed is `false`, `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) filters: Vec<String>,
    pub(crate) skips: Vec<String>,
    pub(crate) exact: bool,
    pub(crate) include_ignored: bool,
    pub(crate) ignored: bool,
    pub(crate) exclude_should_panic: bool,
    pub(crate) test: bool,
    pub(crate) bench: bool,
    pub(crate) list: bool,
    pub(crate) fail_fast: bool,
    pub(crate) force_run_in_process: bool,
    pub(crate) threads: Option<NonZeroUsize>,
    /// nose's: 0 for all in order in one process, below that for as many as there are processors.
    pub(crate) processes: Option<i64>,
    /// nose's.
    pub(crate) process_timeout: Option<Duration>,
    /// nose's, which there is a switch.
    pub(crate) restart: Option<Restart>,
    pub(crate) no_capture: bool,
    pub(crate) show_output: bool,
    pub(crate) quiet: bool,
    pub(crate) format: Option<Format>,
    pub(crate) color: ColorChoice,
    pub(crate) logfile: Option<PathBuf>,
    pub(crate) record: Option<PathBuf>,
    pub(crate) report_time: bool,
    pub(crate) ensure_time: bool,
    pub(crate) shuffle: bool,
    pub(crate) shuffle_seed: Option<u64>,
}

/// The formats by their names.
pub(super) const FORMATS: [(&str, Format); 4] =
    [("pretty", Format::Pretty), ("terse", Format::Terse), ("json", Format::Json), ("junit", Format::Junit)];
