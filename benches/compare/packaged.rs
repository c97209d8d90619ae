//! snout as a registry gives it: from the archive that `cargo package` makes, not from the checkout.
//!
//! cargo compiles what comes from a registry, or by `git`, in one go, and what comes by path incrementally, which takes a
//! first build longer.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::workshop::{CHECKOUT, Workshop, cargo, make_folder, remove_folder, write};

/// Never asked: cargo is told that a folder stands for it.
const REGISTRY: &str = "https://packaged.invalid/index";

/// The line below `[dev-dependencies]`.
pub(crate) const DEPENDENCY: &str =
    "test = { package = \"snout\", version = \"*\", registry = \"packaged\" }\n";

/// Packs snout, and has cargo take it from there in the package at `folder`.
pub(crate) fn provide(workshop: &Workshop, folder: &Path) -> Result<(), String> {
    let packed = workshop.folder("packed");
    remove_folder(&packed)?;
    let mut pack = cargo(Path::new(CHECKOUT), &packed);
    pack.args(["package", "--package", "snout", "--no-verify", "--allow-dirty", "--quiet"]);
    succeed(&mut pack)?;
    let version = env!("CARGO_PKG_VERSION");
    let archive = packed.join(format!("package/snout-{version}.crate"));
    let registry = packed.join("registry");
    make_folder(&registry)?;
    let mut unpack = Command::new("tar");
    succeed(unpack.arg("-xzf").arg(archive).arg("-C").arg(&registry))?;
    let package = registry.join(format!("snout-{version}"));
    write(&package.join(".cargo-checksum.json"), "{\"files\":{},\"package\":null}")?;
    write(
        &folder.join(".cargo/config.toml"),
        &format!(
            "[registries.packaged]\nindex = {REGISTRY:?}\n\n\
             [source.packaged]\nregistry = {REGISTRY:?}\nreplace-with = \"folder\"\n\n\
             [source.folder]\ndirectory = {registry:?}\n"
        ),
    )
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`{command:?}` failed:\n{}", String::from_utf8_lossy(&output.stderr)))
}
