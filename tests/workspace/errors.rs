//! What a user can do wrong, and what the machine can: one message, which begins with `error: `, names what was wrong, and ends with what
//! to do next. Exit codes are those of the README.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Ended, plain, run, scratch};
use crate::rig::Workspace;

/// The message has so many lines.
#[derive(Clone, Copy)]
enum Form {
    /// One that says it all.
    Line,
    /// What is wrong; where it stands, and a mark below; what to do.
    Place,
    /// Of the reader of command lines, which cargo has, too.
    Usage,
}
use Form::{Line, Place, Usage};

/// One message: its form, the exit code, what is wrong, what to do.
type Expected<'text> = (Form, i32, &'text str, &'text str);

/// How a message of a command line's reader ends.
const HELP: &str = "For more information, try '--help'.";

#[track_caller]
fn expect(ended: &Ended, (form, code, wrong, advice): Expected<'_>) {
    ended.expect_code(code);
    // A run without tests is reported as one.
    assert!(ended.text().is_empty() || code == 4, "{ended}");
    let errors = ended.error_text();
    // Above it cargo may have told of its own work.
    let start = errors.find("error: ").unwrap_or_else(|| ended.fail("there is no error"));
    let (above, message) = errors.split_at(start);
    let cargo_s = ["Blocking", "Compiling", "Doc-tests", "Executable", "Finished", "Running", "warning:"];
    let is_cargo_s = |line: &str| line.split_whitespace().next().is_none_or(|word| cargo_s.contains(&word));
    assert!(above.lines().all(is_cargo_s), "{ended}");
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].contains(wrong), "no `{wrong}`: {ended}");
    assert!(
        lines.last().is_some_and(|line| line.ends_with(advice)),
        "it does not end with `{advice}`: {ended}"
    );
    match form {
        Line => assert_eq!(lines.len(), 1, "{ended}"),
        Place => assert!(lines.len() == 4 && lines[2].trim().trim_matches('^').is_empty(), "{ended}"),
        Usage => assert!(lines.len() > 1, "{ended}"),
    }
}

fn package() -> Workspace {
    Workspace::with(
        "wrong-use",
        &[
            (
                "Cargo.toml",
                "[package]\nname = \"wrong-use\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[[test]]\nname = \"many\"\nharness = false\n",
            ),
            ("src/lib.rs", "#[test] fn passes() {}\n"),
            (
                "tests/many.rs",
                "fn main() { if std::env::args().any(|word| word == \"--list\") { (0..200_000).for_each(|number| println!(\"test{number}: test\")) } }\n",
            ),
            ("examples/shown.rs", "fn main() {}\n"),
            ("other.jsonl", "{\"record\":99,\"event\":\"run_started\"}\n"),
        ],
    )
}

const WAYS_OUT: &str = "see that its folder is there, to its permissions, and to the room on its disk";
const AT_LEAST_ONE: &str = "write how many tests may run at the same time, 1 or more";

const COMMAND_LINES: &[(&str, Expected<'static>)] = &[
    ("--lob", (Usage, 2, "'--lob'", HELP)),
    ("--test", (Usage, 2, "'--test <NAME>'", HELP)),
    ("--test-threads few", (Usage, 2, "'few'", HELP)),
    ("--test-threads 0", (Usage, 2, "'0'", HELP)),
    ("--no-tests=perhaps", (Usage, 2, "'perhaps'", HELP)),
    ("--format yaml", (Usage, 2, "'yaml'", HELP)),
    ("--slowest few", (Usage, 2, "'few'", HELP)),
    ("--ignored --include-ignored", (Usage, 2, "'--ignored' cannot be used with '--include-ignored'", HELP)),
    ("report", (Usage, 2, "required arguments were not provided", HELP)),
    ("report yaml", (Usage, 2, "'yaml'", HELP)),
    ("report pretty --color blue", (Usage, 2, "'blue'", HELP)),
    ("config --lob", (Usage, 2, "'--lob'", HELP)),
    ("-- --format=json", (Line, 2, "`--format=json` is not for", "see `cargo test -- --format=json`")),
    ("-- --test-threads=0", (Line, 2, "--test-threads is `0`", AT_LEAST_ONE)),
    ("-- --test-threads few", (Line, 2, "--test-threads is `few`", AT_LEAST_ONE)),
    (
        "--format json -- --nocapture",
        (
            Line,
            2,
            "what tests print would stand among what programs read",
            "`--record PATH` or `--junit PATH`",
        ),
    ),
    ("--retries many", (Line, 2, "--retries is `many`", "is tried again, 0 to 65535")),
    ("--flaky-result perhaps", (Line, 2, "--flaky-result is `perhaps`", "write `fail` or `pass`")),
    ("--max-fail 0", (Line, 2, "--max-fail is `0`", "1 or more, or `all`")),
    ("--repeat 0", (Line, 2, "--repeat is `0`", "write how often each test runs, 1 or more")),
    ("--global-timeout soon", (Line, 2, "--global-timeout is `soon`", "like `90s`, `5m` or `1h`")),
    ("--fail-fast --max-fail 2", (Usage, 2, "'--fail-fast' cannot be used with '--max-fail <N>'", HELP)),
    ("-P nobody", (Line, 2, "there is no profile `nobody`", "or name another with `-P`")),
    ("-P defualt", (Line, 2, "there is no profile `defualt`", "did you mean `default`?")),
    ("-E tset(a)", (Place, 2, "the language has no `tset`", "did you mean `test`?")),
    ("-E test(a", (Place, 2, "this parenthesis is not closed", "put a `)` behind what belongs in it")),
    ("--junit no/such/folder", (Line, 2, "cannot write `no/such/folder`", WAYS_OUT)),
    ("--record no/such/folder", (Line, 2, "cannot write `no/such/folder`", WAYS_OUT)),
    (
        "--config runner",
        (
            Line,
            2,
            "cargo does not tell its configuration: failed to parse",
            "see what `cargo test --no-run` says",
        ),
    ),
    (
        "--lib no_such_name",
        (
            Line,
            4,
            "no test was selected, 1 test filtered out",
            "see the names without a filter, `cargo snout`",
        ),
    ),
    (
        "--example shown",
        (Line, 4, "there are no tests in what was selected", "see `cargo snout --workspace`"),
    ),
    ("--failed --bins", (Line, 2, "nothing is kept of runs without any test binary", "leave `--failed` out")),
    (
        "-E binary(many)&not(test(=test7)) --test many",
        (
            Line,
            2,
            "199999 tests of `wrong-use::many`, which is not under snout",
            "take all of it, with `binary_id(=wrong-use::many)`",
        ),
    ),
    (
        "report pretty no.jsonl",
        (Line, 2, "cannot read the record `no.jsonl`", "see what `cargo snout --record` wrote"),
    ),
    (
        "report pretty Cargo.toml",
        (Line, 2, "`Cargo.toml` is no record of a run", "see `docs/record.md` for what one is"),
    ),
    ("report pretty /dev/null", (Line, 2, "`/dev/null` is empty", "run again")),
    ("report pretty other.jsonl", (Line, 2, "is a record of version 99", "install the one that wrote it")),
    (
        "report pretty --target-dir src",
        (Line, 2, "there is no record of a run in `src`", "run `cargo snout` first"),
    ),
];

#[test]
fn command_lines() {
    let package = package();
    for (words, expected) in COMMAND_LINES {
        expect(&package.snout(words), *expected);
    }
}

#[test]
fn what_failed_the_last_time_where_nothing_did() {
    // Where no run of this test has been.
    let package = Workspace { folder: scratch() };
    package.write("Cargo.toml", "[package]\nname = \"never-run\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    package.write("src/lib.rs", "#[test] fn passes() {}\n");
    let unknown = (Line, 2, "--failed: no last run is known here", "run `cargo snout` without it first");
    expect(&package.snout("--failed --lib"), unknown);
    package.snout("--lib").expect_code(0);
    let nothing =
        (Line, 4, "nothing of this failed the last time, 1 suite left out", "run it all, `cargo snout`");
    expect(&package.snout("--failed --lib"), nothing);
    fs::remove_dir_all(&package.folder).expect("a folder of ours");
}

/// What the file says, what is wrong with it, what to do.
const CONFIGURATIONS: &[(&str, &str, &str)] = &[
    ("[profile.default\n", "in snout.toml, line 1: ", "see https://toml.io for how it is written"),
    ("[profle.ci]\n", "there is no key `profle`", "did you mean `profile`?"),
    ("profile = 3\n", "this is no table", "write it as `[profile.default]` and keys below that"),
    ("[profile]\nci = 3\n", "this is no table", "write it as `[profile.default]` and keys below that"),
    ("[profile.ci]\ntiemout = 1\n", "there is no key `tiemout`", "did you mean `timeout`?"),
    (
        "[profile.ci]\ntimeout = true\n",
        "this is no duration (`timeout`: ",
        "write it like \"500ms\", \"5s\" or \"2m\", in quotes",
    ),
    (
        "[profile.ci]\nretries = -1\n",
        "this is no such number (`retries`: ",
        "write a whole number from 0 to 65535",
    ),
    (
        "[profile.ci]\nisolate = \"perhaps\"\n",
        "this is none of the values (`isolate`: ",
        "write one of `auto`, `always`, `never`",
    ),
    ("[profile.ci]\ninherits = 3\n", "this is no name of a profile", "write one in quotes"),
    ("[profile.ci]\noverrides = 3\n", "these are no tables", "write `[[profile.ci.overrides]]` above each"),
    (
        "[profile.ci]\noverrides = [3]\n",
        "this is no table",
        "write it as `[profile.default]` and keys below that",
    ),
    (
        "[[profile.ci.overrides]]\nretries = 1\n",
        "this override has no filter",
        "what is for all tests belongs into the profile",
    ),
    (
        "[[profile.ci.overrides]]\nfilter = 3\n",
        "this is no filter",
        "write one in quotes, like \"test(slow)\"",
    ),
    (
        "[[profile.ci.overrides]]\nfilter = \"test(a)\"\nretires = 1\n",
        "there is no key `retires`",
        "did you mean `retries`?",
    ),
    (
        "[[profile.ci.overrides]]\nfilter = \"tset(a)\"\n",
        "in the filter in snout.toml, line 2: the language has no `tset`",
        "did you mean `test`?",
    ),
];

#[test]
fn configurations() {
    let package = Workspace::with("wrong-configuration", &[("src/lib.rs", "#[test] fn passes() {}\n")]);
    let manifest = "[package]\nname = \"wrong-configuration\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    package.write("Cargo.toml", manifest);
    let file = package.folder.join("snout.toml");
    for (text, wrong, advice) in CONFIGURATIONS {
        package.write("snout.toml", text);
        for words in ["config -P ci", "-P ci"] {
            expect(&package.snout(words), (Place, 2, wrong, advice));
        }
    }
    package.write("snout.toml", "[profile.ci]\ninherits = \"night\"\n[profile.night]\ninherits = \"ci\"\n");
    let own = (Line, 2, "profile `ci` inherits from itself", "take one `inherits` out of snout.toml");
    expect(&package.snout("-P ci"), own);
    package.write("Cargo.toml", &format!("{manifest}[package.metadata.snout.profile.ci]\n"));
    let two = (Line, 2, "there is a configuration in `snout.toml` and one in `Cargo.toml`", "to the other");
    expect(&package.snout(""), two);
    package.write("Cargo.toml", manifest);
    fs::remove_file(&file).expect("a file of ours");
    fs::create_dir(&file).expect("a folder of ours");
    let unread = package.snout("");
    fs::remove_dir(&file).expect("a folder of ours");
    expect(&unread, (Line, 2, "snout.toml`: Is a directory", WAYS_OUT));
}

/// A program of this text, to stand for another.
fn program(name: &str, text: &str) -> PathBuf {
    let path = scratch().join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file in the scratch folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

/// The subcommand without cargo around it.
fn directly(package: &Workspace, words: &str) -> Command {
    let mut command = plain(env!("CARGO_BIN_EXE_cargo-snout"));
    command.arg("snout").args(words.split_whitespace()).current_dir(&package.folder);
    command.env("CARGO_TARGET_DIR", crate::rig::target()).env("CARGO_TERM_COLOR", "never");
    command
}

#[test]
fn machines() {
    let package = package();
    let installed = "is it installed, as https://rustup.rs does?";
    let no_host = program("rustc", "echo nothing");
    let no_words = program("cargo", "echo '[]' | cut -c1");
    let with = |name: &str, value: &Path, words: &str| run(directly(&package, words).env(name, value));
    let nowhere = Path::new("/nowhere/at/all");
    for (name, value, words, expected) in [
        ("SNOUT_FORMAT", Path::new("yaml"), "", (Line, 2, "SNOUT_FORMAT is `yaml`", "dots, json, junit")),
        ("SNOUT_RECORD", nowhere, "", (Line, 2, "cannot write `/nowhere/at/all`", WAYS_OUT)),
        (
            "SNOUT_PROFILE",
            Path::new("nobody"),
            "",
            (Line, 2, "there is no profile `nobody`", "name another with `-P`"),
        ),
        ("CARGO", nowhere, "", (Line, 2, "cannot run cargo: No such file", installed)),
        ("CARGO", nowhere, "report pretty", (Line, 2, "cannot run cargo: No such file", installed)),
        ("CARGO", nowhere, "--config runner", (Line, 2, "cannot run cargo: No such file", installed)),
        (
            "CARGO",
            &no_words,
            "--config runner",
            (Line, 2, "cargo's configuration is not understood", "please report it"),
        ),
        ("CARGO_HOME", Path::new("/dev/null"), "", (Line, 2, "cannot make `/dev/null/snout/", WAYS_OUT)),
        ("TMPDIR", nowhere, "", (Line, 2, "cannot make `/nowhere/at/all/cargo-snout-", WAYS_OUT)),
        ("RUSTC", nowhere, "--config a.runner='b'", (Line, 2, "cannot run rustc: No such file", installed)),
        (
            "RUSTC",
            &no_host,
            "--config a.runner='b'",
            (Line, 2, "rustc does not tell its host", "see `rustc -vV`"),
        ),
    ] {
        expect(&with(name, value, words), expected);
    }
    for (words, wrong, advice) in [
        ("config", "cannot write to standard output: No space left", "keep what reads it running to the end"),
        ("--lib", "cannot write standard output: No space left", "see to the room on its disk and run again"),
    ] {
        let program = env!("CARGO_BIN_EXE_cargo-snout");
        let mut command = plain("sh");
        command.args(["-c", &format!("exec {program:?} snout {words} >/dev/full")]);
        command.current_dir(&package.folder).env("CARGO_TARGET_DIR", crate::rig::target());
        expect(&run(&mut command), (Line, 2, wrong, advice));
    }
    let gone = scratch();
    let line =
        format!("cd {:?} && rmdir {:?} && exec {:?} snout", gone, gone, env!("CARGO_BIN_EXE_cargo-snout"));
    let gone = run(plain("sh").args(["-c", &line]));
    expect(&gone, (Line, 2, "cannot enter `.`: No such file", WAYS_OUT));
    let part = run(plain(env!("CARGO_BIN_EXE_cargo-snout")).arg0("snout-rustc"));
    expect(&part, (Line, 2, "this is a part of `cargo snout`", "run that"));
}

/// What cargo cannot do it says itself, and its exit code is passed on.
#[test]
fn cargo_s_own_errors() {
    let package = package();
    let nowhere = scratch();
    for words in ["", "report pretty", "--workspace"] {
        let ended = run(directly(&package, words).current_dir("/").env("TMPDIR", &nowhere));
        expect(&ended, (Line, 101, "could not find `Cargo.toml`", ""));
    }
    for words in
        ["-p nobody", "--bin nothing", "--features none", "--profile none", "--manifest-path none/Cargo.toml"]
    {
        let (ours, theirs) = (package.snout(words), package.test(words));
        ours.expect_code(101);
        assert_eq!(without_waiting(&ours), without_waiting(&theirs), "{words}");
        assert_eq!(ours.text(), "", "{words}");
    }
    let wrapper = run(package.cargo("snout --lib").env("RUSTC_WORKSPACE_WRAPPER", "/nowhere/at/all"));
    wrapper.expect_code(101);
    assert!(wrapper.error_text().contains("error: cannot run `/nowhere/at/all`: No such file"), "{wrapper}");
    assert!(wrapper.error_text().contains("; is it there?\n"), "{wrapper}");
    // cargo keeps what it was told by a wrapper, and must not take it for what ours says without that.
    package.snout("--lib").expect_code(0);
}

/// What cargo says besides that it waits for another cargo.
fn without_waiting(ended: &Ended) -> Vec<String> {
    let text = ended.error_text();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("Blocking waiting"));
    lines.map(str::to_owned).collect()
}

/// What makes an error, in each file of the subcommand: who adds one walks through it above, or says here why nobody can.
///
/// Not walked through: what the system refuses in the middle of a run (a child of cargo's that cannot be waited for, a note of a call or of a
/// choice that cannot be written or read, signals that cannot be listened to), and a `/proc` that does not know this program.
#[test]
fn every_error_there_is_has_its_place_in_this_file() {
    const MAKERS: [&str; 5] =
        ["Problem::new(", "Problem::path(", "Problem::cargo(", "Problem::told_by_cargo(", "Error::raw("];
    const KNOWN: [(&str, usize); 14] = [
        ("arguments.rs", 2),
        ("configuration.rs", 6),
        ("limits.rs", 1),
        ("mod.rs", 2),
        ("orders.rs", 4),
        ("outputs.rs", 2),
        ("problem.rs", 2),
        ("replay.rs", 5),
        ("report/places.rs", 1),
        ("run.rs", 1),
        ("select.rs", 5),
        ("settings/file.rs", 4),
        ("settings/mod.rs", 2),
        ("suites.rs", 6),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/workspace");
    let mut found = Vec::new();
    for path in
        crate::libraries::files(&root).iter().filter(|path| path.extension().is_some_and(|it| it == "rs"))
    {
        let text = fs::read_to_string(path).expect("a source");
        let count: usize = MAKERS.iter().map(|maker| text.matches(maker).count()).sum();
        let name = path.strip_prefix(&root).expect("it lies below").to_string_lossy().into_owned();
        found.extend((count > 0).then_some((name, count)));
    }
    found.sort();
    let known: Vec<_> = KNOWN.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    assert_eq!(found, known, "a new error is walked through in this file, and counted here");
}
