//! The structure of `src`, as a test: imports run one way, files and functions stay small, unsafe code stays behind its wall.
//!
//! Reads the sources as text. A name in a string or comment can fool it into seeing an import too many, never one too few.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules a module may import. What is not here may not be.
const ARROWS: [(&str, &[&str]); 22] = [
    ("model", &[]),
    ("sys", &[]),
    ("error", &[]),
    ("skip", &[]),
    ("backtrace", &[]),
    ("macros", &[]),
    ("context", &["backtrace", "model", "skip"]),
    ("contract", &["model"]),
    ("cli", &["error", "model"]),
    ("settings", &["cli", "error", "model"]),
    ("discover", &["context", "contract", "error", "model", "settings"]),
    ("plan", &["model"]),
    ("accumulate", &["model"]),
    ("execute", &["accumulate", "backtrace", "context", "contract", "model", "plan", "skip", "sys"]),
    ("dispatch", &["accumulate", "context", "execute", "model", "plan", "sys"]),
    ("report", &["accumulate", "model", "settings"]),
    (
        "harness",
        &[
            "accumulate",
            "cli",
            "context",
            "contract",
            "discover",
            "dispatch",
            "error",
            "execute",
            "model",
            "plan",
            "report",
            "settings",
            "sys",
        ],
    ),
    ("entry", &["contract", "harness"]),
    ("own_main", &["contract", "harness", "model"]),
    ("workspace", &["error", "model", "sys"]),
    ("bin", &[]),
    ("fuzzing", &["cli", "dispatch", "execute", "model", "settings", "sys"]),
];

/// Lines a file may have.
const LONGEST_FILE: usize = 500;

#[test]
fn every_import_follows_an_arrow() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        for imported in imports(&text) {
            let is_allowed =
                imported == module || allowed.get(&*module).is_some_and(|to| to.contains(&&*imported));
            if module != "lib" && !is_allowed {
                wrong.push(format!("{} imports `{imported}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrows of this file:\n{}", wrong.join("\n"));
}

#[test]
fn the_arrows_make_no_circle() {
    let mut done = BTreeSet::new();
    while done.len() < ARROWS.len() {
        let next =
            ARROWS.iter().find(|(from, to)| !done.contains(from) && to.iter().all(|to| done.contains(to)));
        let (name, _) = next.unwrap_or_else(|| panic!("a circle among all but {done:?}"));
        done.insert(*name);
    }
}

#[test]
fn every_module_has_its_arrows() {
    let known: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let found: BTreeSet<String> =
        sources().iter().map(|(path, _)| module_of(path)).filter(|name| name != "lib").collect();
    assert_eq!(found, known);
}

#[test]
fn unsafe_code_stays_in_sys() {
    for (path, text) in sources() {
        let has_unsafe =
            text.lines().map(code_of).any(|line| line.contains("unsafe {") || line.contains("unsafe fn"));
        assert!(!has_unsafe || module_of(&path) == "sys", "{} has unsafe code", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} has no header", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", path.display());
    }
}

/// The line without a comment at its end.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().map(code_of).collect::<Vec<_>>().join("\n");
    let code = match code.find("#[cfg(test)]\nmod tests") {
        Some(tests) => code[..tests].to_owned(),
        None => code,
    };
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let is_word =
            code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$');
        let rest = &code[at + "crate::".len()..];
        if is_word {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => {
                found.extend(group.split(['}', ';']).next().unwrap_or("").split(',').map(first_word))
            }
            None => {
                found.insert(first_word(rest));
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root()).expect("sources lie below src");
    let first = below.components().next().expect("a file has a name");
    Path::new(first.as_os_str()).file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                // A file of tests may name whatever it sets up.
                if !path.ends_with("tests.rs") {
                    found.push((path, text));
                }
            }
        }
    }
    assert!(found.len() > 20, "sources found");
    found
}
