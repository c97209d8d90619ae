//! A command as a user types it: none of what cargo, a runner or a coverage tool set for this process reaches it.

use std::ffi::OsStr;
use std::process::Command;

/// What begins so is set by those who run tests, or changes how a build comes out.
const FOREIGN: [&str; 9] = [
    "CARGO",
    "LD_LIBRARY_PATH",
    "LLVM_",
    "NEXTEST",
    "RUSTC_", // not `RUSTC`, nor `RUSTUP_TOOLCHAIN`: programs are built with the compiler that is being tested
    "RUSTFLAGS",
    "RUST_",
    "SNOUT_",
    "__RUST",
];

/// But this is about the machine: where its packages come from, and how much it can stand.
const KEPT: [&str; 6] =
    ["CARGO_BUILD_JOBS", "CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];

pub(crate) fn plain(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        if begins(&FOREIGN) && !begins(&KEPT) {
            command.env_remove(&name);
        }
    }
    command.env("RUST_BACKTRACE", "0").env("TERM", "xterm");
    command
}
