//! What a failed test has to say that fits in a line, and where in the sources that is.

use std::path::{Path, PathBuf};

use crate::workspace::results::{Result as TestResult, Status};

/// Lines that are taken of what a test printed, where there is no panic in it.
const TAIL: usize = 20;

/// A panic, as std's hook tells it.
struct Panic<'output> {
    file: &'output str,
    line: u32,
    message: &'output str,
}

/// The first panic in what a test printed.
fn panic(output: &str) -> Option<Panic<'_>> {
    let mut rest = output;
    loop {
        let (_, behind) = rest.split_once(" panicked at ")?;
        rest = behind;
        let (place, message) = behind.split_once('\n').unwrap_or((behind, ""));
        // `src/lib.rs:10:5:`
        let mut parts = place.trim_end().strip_suffix(':').unwrap_or(place).rsplitn(3, ':');
        let (Some(_), Some(line), Some(file)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Ok(line) = line.parse() else { continue };
        let end = ["\nnote: run with `RUST_BACKTRACE=", "\nstack backtrace:", "\nnote: in "]
            .into_iter()
            .filter_map(|end| format!("\n{message}").find(end).map(|at| at.saturating_sub(1)))
            .min();
        let message = &message[..end.unwrap_or(message.len())];
        return Some(Panic { file, line, message: message.trim_end() });
    }
}

/// What went wrong: the panic's message; else what there is to say besides the output; else the end of that.
pub(super) fn message(result: &TestResult) -> String {
    let panicked = panic(&result.output).map(|panic| panic.message.to_owned());
    let parts: Vec<String> =
        panicked.into_iter().chain([result.note.clone()]).filter(|part| !part.is_empty()).collect();
    if !parts.is_empty() {
        return without_escapes(&parts.join("\n"));
    }
    let lines: Vec<&str> = result.output.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    let tail = tail.trim();
    if tail.is_empty() { word(result).to_owned() } else { without_escapes(tail) }
}

/// The word for how it failed.
pub(super) fn word(result: &TestResult) -> &str {
    match &result.status {
        Status::Failed(word) => word,
        Status::Passed | Status::Ignored | Status::Measured => "",
    }
}

/// The file and the line to look at: that of the panic, if it is in the package; else that of the test. `folder` is the package's.
pub(super) fn place(result: &TestResult, folder: &Path) -> Option<(PathBuf, u32)> {
    let of_panic = panic(&result.output)
        .map(|panic| (panic.file.to_owned(), panic.line))
        .and_then(|(file, line)| Some((found(&file, folder)?, line)));
    let of_test = || {
        let (file, line) = result.place.clone().or_else(|| of_example(&result.test))?;
        Some((found(&file, folder).unwrap_or_else(|| file.into()), line))
    };
    of_panic.or_else(of_test)
}

/// `src/lib.rs - f (line 3)`, rustdoc's name of an example.
fn of_example(test: &str) -> Option<(String, u32)> {
    let (file, rest) = test.split_once(" - ")?;
    let (_, line) = rest.rsplit_once("(line ")?;
    Some((file.to_owned(), line.strip_suffix(')')?.parse().ok()?))
}

/// The whole path of a file that the compiler names: it says those of a package from the workspace's folder on.
fn found(file: &str, folder: &Path) -> Option<PathBuf> {
    let mut above: Vec<&Path> = folder.ancestors().collect();
    above.reverse();
    above.into_iter().map(|above| above.join(file)).find(|path| path.starts_with(folder) && path.is_file())
}

/// The text without what colours it.
pub(super) fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        // A sequence `ESC [ … letter`; any other is two characters.
        if characters.next() == Some('[') {
            let _ = characters.find(|character| ('@'..='~').contains(character));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(output: &str, note: &str) -> TestResult {
        TestResult {
            test: "t".into(),
            iteration: None,
            status: Status::Failed("FAIL".into()),
            elapsed: None,
            output: output.into(),
            note: note.into(),
            place: Some(("src/lib.rs".into(), 7)),
        }
    }

    const PANIC: &str = "three cost 9\n\nthread 'tests::a' (17) panicked at shop/src/lib.rs:18:104:\n\
        assertion `left == right` failed\n  left: 9\n right: 10\n\
        note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";

    #[test]
    fn the_message_is_the_panic_s() {
        let expected = "assertion `left == right` failed\n  left: 9\n right: 10";
        assert_eq!(message(&failed(PANIC, "")), expected);
        assert_eq!(message(&failed(PANIC, "odd")), format!("{expected}\nodd"));
        assert_eq!(message(&failed("\u{1b}[31mred\u{1b}[0m\n", "")), "red");
        assert_eq!(message(&failed("", "")), "FAIL");
        assert_eq!(message(&failed("he panicked at noon\n", "")), "he panicked at noon");
        assert_eq!(
            message(&failed("thread 'x' panicked at a.rs:1:2:\n", "")),
            "thread 'x' panicked at a.rs:1:2:"
        );
    }

    #[test]
    fn the_place_is_the_panic_s_if_it_is_in_the_package() {
        let root = std::env::temp_dir().join(format!("snout-place-{}", std::process::id()));
        let folder = root.join("shop");
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/lib.rs"), "").unwrap();
        let file = folder.join("src/lib.rs");
        assert_eq!(place(&failed(PANIC, ""), &folder), Some((file.clone(), 18)));
        let elsewhere = PANIC.replace("shop/src/lib.rs", "/rustc/1/library/core/src/option.rs");
        assert_eq!(place(&failed(&elsewhere, ""), &folder), Some((file.clone(), 7)), "that of the test");
        let moved = TestResult { place: Some(("gone.rs".into(), 7)), ..failed("", "") };
        assert_eq!(place(&moved, &folder), Some(("gone.rs".into(), 7)), "not found, so as it is");
        let example =
            TestResult { test: "shop/src/lib.rs - f (line 3)".into(), place: None, ..failed("", "") };
        assert_eq!(place(&example, &folder), Some((file, 3)));
        assert_eq!(place(&TestResult { place: None, ..failed("", "") }, &folder), None);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
