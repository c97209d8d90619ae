//! Commands that hear signals which whoever runs the tests has had them ignore.

use std::fs;
use std::process::Command;

/// The same command, where signals that this process ignores (it runs under `nohup`, or in the background) do what they usually do. To be
/// called before anything but program, arguments, environment and folder is set.
pub(crate) fn hearing_signals(command: Command) -> Command {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // SIGHUP, SIGINT, SIGQUIT, SIGTERM; Rust itself ignores SIGPIPE.
    if mask & 0b100_0000_0000_0111 == 0 {
        return command;
    }
    let mut hearing = Command::new("env");
    hearing.arg("--default-signal=HUP,INT,QUIT,TERM").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => hearing.env(name, value),
            None => hearing.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        hearing.current_dir(folder);
    }
    hearing
}
