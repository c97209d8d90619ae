//! As a wrapper of rustc: adds the harness to `rustc --test`, and leaves every other call alone.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::library;
use super::orders::Orders;
use super::{exit, say};

/// Which harness a call of rustc is to have.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Harness {
    /// It builds no test, or has a dependency called `test`.
    AsItIs,
    /// The crate depends on a `snout`, at this path: what it declares with that has to meet the same one as harness.
    Own(PathBuf),
    Ours(Kind),
}

/// What a harness has to fit.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// As `--target` says; `None` for the host.
    pub(super) target: Option<String>,
    /// It is optimized when it is linked.
    pub(super) lto: bool,
    /// Where the test goes.
    pub(super) out_dir: PathBuf,
}

/// Runs `rustc` in this process's place, with the harness where it belongs. `arguments` begin with the path of rustc.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let Some((rustc, rest)) = arguments.split_first() else {
        say("error: this is a part of `cargo snout`: run that");
        return ExitCode::from(exit::PROBLEM);
    };
    let orders = Orders::received();
    let next = orders.as_ref().and_then(|orders| orders.next_wrapper.as_ref());
    let mut command = match next {
        Some(wrapper) => Command::new(wrapper),
        None => Command::new(rustc),
    };
    command.args(next.map(|_| rustc)).args(rest);
    if let Some(orders) = &orders {
        match added(orders, rustc, &harness_for(rest)) {
            Ok(words) => command.args(words),
            Err(why) => {
                say(&format!("error: cannot build the harness of `cargo snout`: {why}"));
                return ExitCode::from(exit::BUILD_FAILED);
            }
        };
    }
    let error = command.exec();
    say(&format!(
        "error: cannot run `{}`: {error}; is it there?",
        Path::new(command.get_program()).display()
    ));
    ExitCode::from(exit::BUILD_FAILED)
}

/// What is added to the command line.
fn added(orders: &Orders, rustc: &OsStr, harness: &Harness) -> Result<Vec<OsString>, String> {
    let named = |path: &Path| {
        let mut value = OsString::from("test=");
        value.push(path);
        value
    };
    Ok(match harness {
        Harness::AsItIs => Vec::new(),
        Harness::Own(path) => vec!["--extern".into(), named(path)],
        Harness::Ours(kind) => {
            let library = library::for_rustc(orders, rustc, kind)?;
            let mut words = vec!["--extern".into(), named(&library.path)];
            for folder in &library.search {
                words.extend(["-L".into(), folder.into()]);
            }
            words
        }
    })
}

/// Reads a command line of rustc.
fn harness_for(arguments: &[OsString]) -> Harness {
    let words = expanded(arguments);
    let mut kind = Kind::default();
    let (mut is_test, mut own) = (false, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (flag, mut value) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
            _ => (&**word, None),
        };
        let mut value = || value.take().or_else(|| words.next().map(|word| &**word)).unwrap_or_default();
        match flag {
            "--test" => is_test = true,
            "--extern" => match name_and_path(value()) {
                ("test", _) => return Harness::AsItIs,
                ("snout", Some(path)) => own = Some(PathBuf::from(path)),
                _ => {}
            },
            "--target" => kind.target = Some(value().to_owned()),
            "--out-dir" => kind.out_dir = value().into(),
            "-C" | "--codegen" => kind.lto |= is_lto(value()),
            _ => kind.lto |= flag.strip_prefix("-C").is_some_and(is_lto),
        }
    }
    match own.filter(|path| is_test && is_snout(path)) {
        Some(path) => Harness::Own(path),
        None if is_test => Harness::Ours(kind),
        None => Harness::AsItIs,
    }
}

/// The words, those of files that are named among them (`@path`) in their place.
fn expanded(arguments: &[OsString]) -> Vec<String> {
    let mut words = Vec::new();
    for argument in arguments {
        let word = argument.to_string_lossy();
        match word.strip_prefix('@').map(fs::read_to_string) {
            Some(Ok(text)) => words.extend(text.lines().map(str::to_owned)),
            _ => words.push(word.into_owned()),
        }
    }
    words
}

/// `name` and `path` of `options:name=path`.
fn name_and_path(value: &str) -> (&str, Option<&str>) {
    let (name, path) = value.split_once('=').map_or((value, None), |(name, path)| (name, Some(path)));
    (name.rsplit(':').next().unwrap_or(name), path)
}

fn is_lto(option: &str) -> bool {
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    (name == "lto" && !["off", "no", "n", "false"].contains(&value)) || name == "linker-plugin-lto"
}

/// Whether a library is this harness, in whatever version, and not something else of that name.
fn is_snout(path: &Path) -> bool {
    const MARK: &[u8] = b"SNOUT_THREAD_MODE";
    fs::read(path).is_ok_and(|bytes| bytes.windows(MARK.len()).any(|found| found == MARK))
}

/// As a wrapper of rustc when the harness is built: sets its crates apart from all that have the same name and come from the same
/// source, and from lints that are for the user's own code.
pub(super) fn run_for_harness(arguments: &[OsString]) -> ExitCode {
    let Some((rustc, rest)) = arguments.split_first() else { return ExitCode::from(exit::PROBLEM) };
    let mut command = Command::new(rustc);
    command.args(rest);
    // Not when cargo asks about the version or the target: in warnings it reads what there is not.
    let is_question = rest.iter().any(|word| word.to_string_lossy().starts_with("--print"));
    if !is_question && rest.iter().any(|word| word == "--crate-name") {
        command.args(["-C", "metadata=cargo-snout", "--cap-lints", "allow"]);
        if env::var_os(library::WITH_BITCODE).is_some() {
            command.args(["-C", "embed-bitcode=yes"]);
        }
    }
    let error = command.exec();
    say(&format!("error: cannot run `{}`: {error}; is it there?", Path::new(rustc).display()));
    ExitCode::from(exit::BUILD_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harness(line: &str) -> Harness {
        harness_for(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn ours(target: Option<&str>, lto: bool) -> Harness {
        Harness::Ours(Kind { target: target.map(str::to_owned), lto, out_dir: "o".into() })
    }

    #[test]
    fn only_tests_without_a_dependency_called_test_have_the_harness_added() {
        for (line, expected) in [
            ("--crate-name a lib.rs --out-dir o", Harness::AsItIs),
            ("--crate-name a lib.rs --test --out-dir o", ours(None, false)),
            ("--test --extern a=liba.rlib --out-dir=o", ours(None, false)),
            ("--test --extern tests=libtests.rlib --out-dir o", ours(None, false)),
            ("--extern test=x.rlib --test --out-dir o", Harness::AsItIs),
            ("--extern=noprelude:test=x.rlib --test --out-dir o", Harness::AsItIs),
            ("--extern proc_macro --test --out-dir o", ours(None, false)),
            ("--target T --test --out-dir o", ours(Some("T"), false)),
            ("--test -C lto=thin --out-dir o", ours(None, true)),
            ("--test -Clto --out-dir o", ours(None, true)),
            ("--test -C lto=off --out-dir o", ours(None, false)),
            ("--test --extern snout=/nowhere/libsnout.rlib --out-dir o", ours(None, false)),
        ] {
            assert_eq!(harness(line), expected, "{line}");
        }
    }
}
