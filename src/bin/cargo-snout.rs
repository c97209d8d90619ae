//! `cargo snout`: the tests of a workspace, as it stands, as one run. All of it is in the library's `workspace`.

use std::process::ExitCode;

fn main() -> ExitCode {
    snout::__cargo_snout()
}
