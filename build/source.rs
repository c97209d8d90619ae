//! The source of the harness, for the subcommand to take along: it builds the harness wherever it is used, and what it was built from
//! may be gone by then.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use super::Result;

/// What the harness is not made of: the subcommand itself, and what is for tests of the harness.
const LEFT_OUT: [&str; 3] = ["src/bin", "src/fuzzing", "src/workspace"];

/// Writes `harness_source.rs`: each file's path and text, and a number that changes with any of them.
pub(super) fn write() -> Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    for place in ["Cargo.toml", "Cargo.lock", "build", "src"] {
        println!("cargo::rerun-if-changed={place}");
        collect(&root, Path::new(place), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    let mut listed = String::new();
    for file in &files {
        let path = root.join(file);
        (file, fs::read(&path)?).hash(&mut hasher);
        writeln!(listed, "    ({file:?}, include_str!({path:?})),")?;
    }
    let number = hasher.finish();
    let text = format!(
        "const NUMBER: u64 = {number};\nconst FILES: [(&str, &str); {}] = [\n{listed}];\n",
        files.len()
    );
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    Ok(fs::write(folder.join("harness_source.rs"), text)?)
}

fn collect(root: &Path, place: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let path = root.join(place);
    if LEFT_OUT.iter().any(|left_out| place == Path::new(left_out)) {
        return Ok(());
    }
    if path.is_dir() {
        let mut names: Vec<_> = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<std::result::Result<_, _>>()?;
        names.sort();
        return names.into_iter().try_for_each(|name| collect(root, &place.join(name), files));
    }
    let is_source =
        place.extension().is_some_and(|kind| kind == "rs") || place.parent() == Some(Path::new(""));
    if is_source && path.exists() {
        files.push(place.to_owned());
    }
    Ok(())
}
