//! Where and with what it was measured.

use std::fs;
use std::process::Command;

use crate::package;

/// Date, machine and versions, as a list.
pub(crate) fn describe() -> String {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let checkout = env!("CARGO_MANIFEST_DIR");
    let commit = said("git", &["-C", checkout, "describe", "--always", "--dirty"]);
    [
        format!("- measured {}", said("date", &["-u", "+%F %H:%M UTC"])),
        format!("- {processor}, {cores} cores, memory {memory}, Linux {}; {}", kernel.trim(), load()),
        format!("- {}; {}", said("rustc", &["--version"]), said_by_cargo(&["--version"])),
        format!("- {}; {}", said_by_cargo(&["nextest", "--version"]), said("gcc", &["--version"])),
        format!("- snout at {commit}, dev profile, as a path dependency"),
    ]
    .join("\n")
}

/// What else the machine is doing.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("load of the last minute {minute}")
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said_by_cargo(arguments: &[&str]) -> String {
    said(&package::cargo().to_string_lossy(), arguments)
}

/// The first line a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().map_or_else(|| format!("{program}: not there"), str::to_owned)
}
