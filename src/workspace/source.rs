//! The source of the harness, which this program takes along: see `build/source.rs`.

use std::fs;
use std::io;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/harness_source.rs"));

/// Sections of the manifest that say how the library is built. The others name files that are not taken along.
const KEPT: [&str; 6] = ["package", "lib", "features", "dependencies", "target.", "lints"];

/// Changes with the source.
pub(super) fn number() -> u64 {
    NUMBER
}

/// Writes it into `folder`, unless it is there. Others may be about the same.
pub(super) fn unpack(folder: &Path) -> io::Result<()> {
    if folder.join("Cargo.toml").exists() {
        return Ok(());
    }
    let mut draft = folder.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = Path::new(&draft);
    // One of a process that had the same number, and was killed.
    let _ = fs::remove_dir_all(draft);
    for (name, text) in FILES {
        let path = draft.join(name);
        fs::create_dir_all(path.parent().unwrap_or(draft))?;
        let text = if name == "Cargo.toml" { &manifest(text) } else { text };
        fs::write(path, text)?;
    }
    match fs::rename(draft, folder) {
        Err(_) if folder.join("Cargo.toml").exists() => fs::remove_dir_all(draft),
        renamed => renamed,
    }
}

/// The manifest of the library alone, which is nobody's workspace member.
fn manifest(text: &str) -> String {
    let mut kept = String::new();
    let mut is_kept = true;
    for line in text.lines() {
        if let Some(section) = line.strip_prefix('[') {
            is_kept =
                KEPT.iter().any(|name| section.starts_with(name)) && !section.contains("dev-dependencies");
        }
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.push_str("\n[workspace]\n");
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_left_with_what_the_library_is_built_from() {
        let text = "[package]\nname = \"a\"\n\n[[bin]]\nname = \"b\"\n[dependencies.x]\nversion = \"1\"\n[dev-dependencies]\ny = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n[target.'cfg(z)'.dev-dependencies]\nz = \"1\"\n[[test]]\nname = \"t\"\n";
        let left = "[package]\nname = \"a\"\n\n[dependencies.x]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n\n[workspace]\n";
        assert_eq!(manifest(text), left);
    }

    #[test]
    fn all_that_the_library_names_is_taken_along() {
        let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        for name in ["Cargo.toml", "build/main.rs", "build/capture.rs", "src/lib.rs", "src/sys/mod.rs"] {
            assert!(names.contains(&name), "{name} is missing in {names:?}");
        }
        assert!(!names.iter().any(|name| name.starts_with("src/workspace")), "{names:?}");
    }
}
