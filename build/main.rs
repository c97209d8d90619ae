//! Finds out what this compiler and this target offer: which era of the test contract, whether std's own output capture
//! can be reached, whether processes can be forked.
//!
//! std captures the text of `print!`, `eprint!`, `dbg!` and panics for the compiler's libtest through two functions
//! that are not stable. `capture.rs` beside this file calls them; it is compiled here, by the compiler that builds the
//! crate, into one object. A compiler whose std has changed refuses it, and the crate is built without (`cfg(snout_capture)`
//! is not set): the signatures are checked, never assumed. Why not otherwise: see `docs/decisions.md`.

#![expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]

mod source;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library's name, with a version: two versions of snout may meet in one program.
const CAPTURE: &str = "snout_capture_0_1";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_WITHOUT_CAPTURE");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_WITHOUT_PROCESSES");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_FOR_MIRI");
    println!("cargo::rerun-if-env-changed=SNOUT_BUILD_ERA_1_100");
    println!(
        "cargo::rustc-check-cfg=cfg(snout_capture, snout_capture_library, snout_era_1_100, snout_processes, snout_sanitized)"
    );
    // Only a nightly compiler tells; only there are sanitizers to be had.
    if env::var_os("CARGO_CFG_SANITIZE").is_some() {
        println!("cargo::rustc-cfg=snout_sanitized");
    }
    // Set on the command line: for the models of the run table and the queue, and by cargo-fuzz.
    println!("cargo::rustc-check-cfg=cfg(snout_loom, fuzzing)");
    if env::var_os("CARGO_FEATURE_CLI").is_some() {
        source::write()?;
    }
    if has_processes() {
        println!("cargo::rustc-cfg=snout_processes");
    }
    let rustc = env::var_os("RUSTC").ok_or("cargo sets RUSTC for build scripts")?;
    // The variable has the newer era tested by a compiler of the older one.
    if minor_version(&rustc)? >= 100 || env::var_os("SNOUT_BUILD_ERA_1_100").is_some() {
        println!("cargo::rustc-cfg=snout_era_1_100");
    }
    // Miri, which interprets Rust, cannot call what is in an object.
    if is_interpreted() || env::var_os("SNOUT_BUILD_WITHOUT_CAPTURE").is_some() {
        return Ok(());
    }
    match build_capture(&rustc) {
        Ok(()) => println!("cargo::rustc-cfg=snout_capture"),
        Err(why) => {
            println!(
                "cargo::warning=snout cannot capture the output of tests in its pool with this compiler: {why}"
            );
        }
    }
    Ok(())
}

/// Whether the engine with processes is for this target. Where it is not, tests run in order on one thread; a variable
/// has that road tested on Linux too. Another has the engine compiled for Miri all the same, which cannot fork: for the unit tests of
/// what does without. With the atomics of a model nothing can be shared between processes.
fn has_processes() -> bool {
    let is_linux = env::var_os("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux");
    let is_64_bit = env::var_os("CARGO_CFG_TARGET_POINTER_WIDTH").is_some_and(|width| width == "64");
    let can_fork = !is_interpreted() || env::var_os("SNOUT_BUILD_FOR_MIRI").is_some();
    let is_modelled = env::var_os("CARGO_CFG_SNOUT_LOOM").is_some();
    let is_unwanted = env::var_os("SNOUT_BUILD_WITHOUT_PROCESSES").is_some();
    is_linux && is_64_bit && can_fork && !is_modelled && !is_unwanted
}

fn is_interpreted() -> bool {
    env::var_os("CARGO_CFG_MIRI").is_some()
}

/// `M` of `rustc 1.M.P`.
fn minor_version(rustc: &OsString) -> Result<u32> {
    let output = Command::new(rustc).arg("--version").output()?;
    let text = String::from_utf8(output.stdout)?;
    let minor = text.split('.').nth(1).ok_or_else(|| format!("no version in `{}`", text.trim()))?;
    Ok(minor.parse()?)
}

/// Compiles `capture.rs` and has the crate linked with it.
///
/// In a release build, as a Rust library with bitcode: link-time optimization makes the functions of std that it calls
/// invisible to everything that does not take part. Else as one object in an archive: a library would have to be found by
/// whatever reads the crate's metadata, and cargo does not tell rustdoc where build scripts leave theirs.
fn build_capture(rustc: &OsString) -> Result<()> {
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    if env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        let library = folder.join(format!("lib{CAPTURE}.rlib"));
        compile_capture(rustc, &["--emit", "link", "-C", "embed-bitcode=yes"], &library)?;
        println!("cargo::rustc-cfg=snout_capture_library");
        println!("cargo::rustc-link-search=all={}", folder.display());
    } else {
        let object = folder.join("capture.o");
        compile_capture(rustc, &["--emit", "obj", "-C", "embed-bitcode=no"], &object)?;
        write_archive(&folder.join(format!("lib{CAPTURE}.a")), &fs::read(&object)?)?;
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static={CAPTURE}");
    }
    Ok(())
}

fn compile_capture(rustc: &OsString, kind: &[&str], output: &Path) -> Result<()> {
    let run = Command::new(rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition", "2024", "--crate-type", "rlib", "--crate-name", CAPTURE])
        .args(["-O", "-C", "debuginfo=0", "-C", "codegen-units=1"])
        .args(kind)
        .arg("--target")
        .arg(env::var_os("TARGET").ok_or("cargo sets TARGET")?)
        .arg("-o")
        .arg(output)
        .arg("build/capture.rs")
        .output()?;
    if run.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    Err(text.lines().next().unwrap_or("the compiler gave no reason").to_owned().into())
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
