//! Finds out what this compiler and this target offer: which era of the test contract, whether std's own output capture
//! can be reached, whether processes can be forked.
//!
//! std captures the text of `print!`, `eprint!`, `dbg!` and panics for the compiler's libtest through two functions
//! that are not stable. `capture.rs` beside this file calls them; it is compiled here, by the compiler that builds the
//! crate, into one object. A compiler whose std has changed refuses it, and the crate is built without (`cfg(snout_capture)`
//! is not set): the signatures are checked, never assumed. Why not otherwise: see `docs/decisions.md`.

#![expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_WITHOUT_CAPTURE");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_WITHOUT_PROCESSES");
    println!("cargo::rustc-check-cfg=cfg(snout_capture, snout_era_1_100, snout_processes)");
    if has_processes() {
        println!("cargo::rustc-cfg=snout_processes");
    }
    let rustc = env::var_os("RUSTC").ok_or("cargo sets RUSTC for build scripts")?;
    if minor_version(&rustc)? >= 100 {
        println!("cargo::rustc-cfg=snout_era_1_100");
    }
    if env::var_os("SNOUT_BUILD_WITHOUT_CAPTURE").is_some() {
        return Ok(());
    }
    match build_capture(&rustc) {
        Ok(folder) => {
            println!("cargo::rustc-cfg=snout_capture");
            println!("cargo::rustc-link-search=native={}", folder.display());
            println!("cargo::rustc-link-lib=static=snout_capture");
        }
        Err(why) => {
            println!(
                "cargo::warning=snout cannot capture the output of tests in its pool with this compiler: {why}"
            );
        }
    }
    Ok(())
}

/// Whether the engine with processes is for this target. Where it is not, tests run in order on one thread; the variable
/// has that road tested on Linux too.
fn has_processes() -> bool {
    let is_linux = env::var_os("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux");
    let is_64_bit = env::var_os("CARGO_CFG_TARGET_POINTER_WIDTH").is_some_and(|width| width == "64");
    let is_interpreted = env::var_os("CARGO_CFG_MIRI").is_some();
    is_linux && is_64_bit && !is_interpreted && env::var_os("SNOUT_BUILD_WITHOUT_PROCESSES").is_none()
}

/// `M` of `rustc 1.M.P`.
fn minor_version(rustc: &OsString) -> Result<u32> {
    let output = Command::new(rustc).arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    let minor = text.split('.').nth(1).ok_or_else(|| format!("no version in `{}`", text.trim()))?;
    Ok(minor.parse()?)
}

/// Compiles `capture.rs` to an archive of one object; the folder it lies in.
fn build_capture(rustc: &OsString) -> Result<PathBuf> {
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let object = folder.join("snout_capture.o");
    let output = Command::new(rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition", "2024", "--crate-type", "lib", "--crate-name", "snout_capture"])
        .args(["--emit", "obj", "-O", "-C", "debuginfo=0", "-C", "codegen-units=1", "-C", "embed-bitcode=no"])
        .arg("--target")
        .arg(env::var_os("TARGET").ok_or("cargo sets TARGET")?)
        .arg("-o")
        .arg(&object)
        .arg("build/capture.rs")
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(text.lines().next().unwrap_or("the compiler gave no reason").to_owned().into());
    }
    write_archive(&folder.join("libsnout_capture.a"), &fs::read(&object)?)?;
    Ok(folder)
}

/// The Unix `ar` format, one member, without an index: rustc makes that when it takes the member into the rlib.
fn write_archive(path: &Path, object: &[u8]) -> Result<()> {
    let mut archive = b"!<arch>\n".to_vec();
    let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "capture.o/", 0, 0, 0, 644, object.len());
    archive.extend(header.as_bytes());
    archive.extend(object);
    if object.len() % 2 == 1 {
        archive.push(b'\n');
    }
    fs::write(path, archive)?;
    Ok(())
}
