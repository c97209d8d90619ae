//! `tests!` and `main!` in targets with `harness = false`: the tests of `fixtures/own_main` come out, and read, as the same tests do
//! that are plain `#[test]`s.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::build::{Harness, Programs, ROOT, cargo, compile, package, write_if_new};
use crate::expect::Libtest::CannotCompile;
use crate::expect::{Entry, Mode, Verdict, entry, failed, ignored, ok};
use crate::process::{self, Ended, scratch};
use crate::rig::{Program, Run};

const PROGRAMS: [Entry; 3] = [
    entry("own_main", CannotCompile, &[ok("tests::doubles"), failed("tests::halves", "it does not")]),
    entry(
        "flat",
        CannotCompile,
        &[
            ok("Is_Compiled"),
            failed("does_not_panic", "test did not panic as expected at tests/flat.rs:78:12"),
            ignored("ends_itself", "TODO: not yet"),
            failed("ends_itself_badly", "BROKEN: since the move"),
            ignored("exits", "ends the process"),
            failed("fails", "before it fails"),
            ignored("ignored", ""),
            ignored("ignored_above", "above"),
            ignored("ignored_if_all", "if all"),
            ignored("ignored_with_a_reason", "not \"today\""),
            ok("inner::adds"),
            failed("inner::deeper::fails", "it is not"),
            ok("is_a_test_if_all"),
            ok("is_in_one_line"),
            ok("knows_its_name"),
            ok("panics"),
            ok("panics_if_all"),
            failed("panics_otherwise", "expected substring: \"something else\""),
            ok("panics_with_a_text"),
            ok("panics_with_a_text_in_short"),
            ok("passes"),
            ok("path"),
            ok("r#match"),
            failed("returns_a_code", ""),
            failed("returns_an_error", "InvalidDigit"),
            ok("returns_ok"),
            ok("run"),
            ignored("skips_itself", "no docker here"),
            ok("tests"),
            ok("uses_the_rest"),
        ],
    ),
    entry(
        "folder",
        CannotCompile,
        &[
            ok("beside::asks"),
            ok("file::uses_it"),
            ok("in_the_root"),
            ok("shared::uses_it").but(
                &[Mode::Spawned, Mode::SpawnedAlone],
                Verdict::Failed("leave out SNOUT_ISOLATION=spawn"),
            ),
            ok("split::accepts::one"),
            failed("split::accepts::two", "InvalidDigit"),
            failed("split::inner::is_not_tried_again", "left == right"),
            ok("split::inner::uses_that_outside"),
            ok("split::passes_the_second_time"),
            ok("split::uses_it"),
            ok("unit::a_runs_last"),
            ok("unit::l_generated::number 1"),
            failed("unit::l_generated::number 2", "left != right"),
            ok("unit::l_generated::number 3"),
            failed("unit::m_fails", "m fails"),
            ok("unit::z_runs_first"),
            ok("within_a_module::deep::is_found"),
        ],
    ),
];

/// How the tests of a program are declared.
#[derive(Clone, Copy, Debug)]
enum Declared {
    /// In `tests!`, with `main!`.
    ByTests,
    /// As plain `#[test]`s of the twin.
    Plainly,
}

use Declared::{ByTests, Plainly};

fn program(declared: Declared, entry: &'static Entry) -> Program {
    static OWN: OnceLock<Programs> = OnceLock::new();
    static TWIN: OnceLock<Programs> = OnceLock::new();
    let (built, folder) = match declared {
        ByTests => (&OWN, package(Harness::Snout, "own_main")),
        Plainly => (&TWIN, twin()),
    };
    let built = built.get_or_init(|| compile(cargo(&["test"], &folder).args(["--lib", "--tests"])));
    Program::at(Harness::Snout, entry, &built[entry.name], &folder)
}

/// What a program said, and which steps its fixtures took.
fn outcome(declared: Declared, entry: &'static Entry, (mode, lanes): (Mode, usize)) -> (Run, Vec<String>) {
    let folder = scratch();
    let path = folder.join("steps");
    let run =
        program(declared, entry).in_mode(mode, lanes).env("STEPS", path.to_str().expect("a name")).run();
    let steps = fs::read_to_string(&path).unwrap_or_default();
    fs::remove_dir_all(&folder).ok();
    // Without the number of the process in front and that of the instance behind.
    let step = |line: &str| Some(line.split_once(' ')?.1.rsplit_once(" #")?.0.to_owned());
    (run, steps.lines().map(|line| step(line).expect("a step")).collect())
}

/// A twin of the package in which the same lines are plain `#[test]`s: without `tests!`, `main!` and `harness = false`, and with the
/// line by which rustc's `test` is snout.
fn twin() -> PathBuf {
    static TWIN: OnceLock<PathBuf> = OnceLock::new();
    TWIN.get_or_init(|| {
        let original = package(Harness::Snout, "own_main");
        let twin = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own_main_twin");
        let manifest = fs::read_to_string(original.join("Cargo.toml")).expect("a fixture's manifest");
        let manifest = manifest
            .replace("harness = false\n", "")
            // cargo gives two packages of one name in one target folder the same files.
            .replacen("name = \"own_main\"", "name = \"own_main_twin\"", 1)
            .replace("snout = {", "test = { package = \"snout\",")
            .replace("\"../contexts\"", &format!("\"{ROOT}/fixtures/contexts\""))
            .replace("\"../..\"", &format!("\"{ROOT}\""));
        assert!(!manifest.contains("\"../"), "every path leads out of the twin:\n{manifest}");
        write_twin(&original.join("src"), &twin.join("src"));
        write_twin(&original.join("tests"), &twin.join("tests"));
        write_if_new(&twin.join("Cargo.toml"), &manifest);
        if !twin.join("Cargo.lock").exists() {
            fs::copy(original.join("Cargo.lock"), twin.join("Cargo.lock")).expect("a lock file");
        }
        twin
    })
    .clone()
}

fn write_twin(original: &Path, twin: &Path) {
    fs::create_dir_all(twin).expect("a folder below the target folder");
    for entry in fs::read_dir(original).expect("a fixture's folder").flatten() {
        let twin = twin.join(entry.file_name());
        if entry.path().is_dir() {
            write_twin(&entry.path(), &twin);
        } else {
            let text = fs::read_to_string(entry.path()).expect("sources are text");
            write_if_new(&twin, &plainly(&text));
        }
    }
}

/// The same lines, but for those of `tests!` and `main!`, which are empty. `snout` is another name for `test`.
fn plainly(text: &str) -> String {
    let mut out = String::new();
    let mut is_in_main = false;
    for line in text.lines() {
        let begins_main = line.contains("snout::main!(");
        let is_gone = is_in_main || ["snout::tests! {", "} // tests!"].contains(&line.trim());
        out += match (begins_main, is_gone) {
            (true, _) if line.starts_with("#[cfg(test)] ") => "#[cfg(test)] extern crate test as snout;",
            (true, _) => "extern crate test as snout;",
            (false, true) => "",
            (false, false) => line,
        };
        out += "\n";
        is_in_main = (begins_main || is_in_main) && !line.ends_with(");");
    }
    out
}

#[test]
fn a_twin_has_the_same_lines_without_the_two_macros() {
    let text = "mod a;\nsnout::tests! {\n    #[test]\n    fn b() { c(); }\n} // tests!\nsnout::main!(\n    a,\n);\n// end\n";
    let twin = "mod a;\n\n    #[test]\n    fn b() { c(); }\n\nextern crate test as snout;\n\n\n// end\n";
    assert_eq!(plainly(text), twin);
    assert_eq!(plainly("#[cfg(test)] snout::main!(a);\n"), "#[cfg(test)] extern crate test as snout;\n");
}

#[test]
fn every_test_comes_out_and_reads_as_a_plain_one_in_every_mode() {
    for entry in &PROGRAMS {
        for mode in Mode::ALL {
            let lanes = if mode == Mode::Serial { 1 } else { 4 };
            let (own, own_steps) = outcome(ByTests, entry, (mode, lanes));
            let (plain, plain_steps) = outcome(Plainly, entry, (mode, lanes));
            own.expect_table();
            match (mode, entry.name) {
                // One lane, but a pool and children: which of them says something first is not settled.
                (Mode::Serial, "folder") => {}
                (Mode::Serial, _) => drop(own.expect_same_text_as(&plain)),
                _ => drop(own.expect_same_lines_as(&plain)),
            }
            assert_eq!(sorted(own_steps), sorted(plain_steps), "`{}`, {mode:?}:\n{}", entry.name, own.ended);
        }
    }
}

fn sorted(mut steps: Vec<String>) -> Vec<String> {
    steps.sort_unstable();
    steps
}

#[test]
fn fixtures_of_a_suite_are_set_up_and_its_tests_run_in_the_order_of_the_source() {
    let (run, steps) = outcome(ByTests, &PROGRAMS[2], (Mode::Serial, 1));
    let steps: Vec<&str> = steps.iter().filter_map(|step| step.strip_prefix("unit ")).collect();
    let expected = [
        "+ z_first",
        "+ a_second",
        "= z_runs_first",
        "= m_fails",
        "= unit::l_generated::number 1",
        "= unit::l_generated::number 2",
        "= unit::l_generated::number 3",
        "= a_runs_last",
        "= teardown",
        "- a_second",
        "- z_first",
    ];
    assert_eq!(steps, expected, "{}", run.ended);
}

#[test]
fn lists_have_the_same_names_in_the_same_order_from_the_same_positions() {
    for entry in &PROGRAMS {
        for line in [
            &["--list"][..],
            &["--list", "--format", "terse"],
            &["--list", "--format", "terse", "--ignored"],
            &["--list", "--format", "json"],
            &["--list", "inner"],
        ] {
            let listed = |declared| program(declared, entry).args(line).run();
            listed(ByTests).expect_same_text_as(&listed(Plainly)).expect_code(0);
        }
    }
}

/// Formats, filters, what is odd, what is refused.
#[test]
fn command_lines_do_what_they_do_to_plain_tests() {
    for line in [
        &["--format", "json"][..],
        &["--format=json", "--report-time", "--show-output"],
        &["--format", "junit"],
        &["-q"],
        &["inner"],
        &["inner", "ignored"],
        &["--exact", "inner::adds"],
        &["--exact", "inner::adss"],
        &["--exact", "fails", "--nocapture"],
        &["--exact", "passes", "--nocapture"],
        &["--exact", "exits", "--ignored"],
        &["--skip", "fail"],
        &["--skip", "exits", "--ignored"],
        &["--include-ignored"],
        &["--exclude-should-panic"],
        &["--shuffle-seed", "5"],
        &["--force-run-in-process"],
        &["matches nothing"],
        &["--bench"],
        &["--help"],
        &["--nonsense"],
    ] {
        let called = |declared| program(declared, &PROGRAMS[1]).threads(1).args(line).run();
        called(ByTests).expect_same_text_as(&called(Plainly));
    }
}

#[test]
fn command_lines_select_tests_with_their_fixtures() {
    for line in [
        &["--format", "json"][..],
        &["--format", "junit", "within_a_module"],
        &["unit"],
        &["--exact", "unit::m_fails"],
        &["--exact", "unit::l_generated::number 2"],
        &["--exact", "split::uses_it", "--nocapture"],
        &["--skip", "unit"],
        &["file", "beside", "within_a_module"],
        &["--force-run-in-process"],
    ] {
        let called = |declared| program(declared, &PROGRAMS[2]).threads(2).args(line).run();
        called(ByTests).expect_same_lines_as(&called(Plainly));
    }
}

#[test]
fn the_exit_code_is_that_of_a_test_binary() {
    for (arguments, code) in [(&["doubles"][..], 0), (&[], 101), (&["--list"], 0), (&["--nonsense"], 101)] {
        program(ByTests, &PROGRAMS[0]).args(arguments).run().expect_code(code);
    }
}

/// What stands in a package besides its `tests/it.rs`.
struct Package {
    name: &'static str,
    /// The line that names snout.
    dependency: &'static str,
    /// Whether rustc's harness is switched off, as it should be.
    own_main: bool,
}

const NAMED_SNOUT: Package = Package { name: "", dependency: "snout = {", own_main: true };

/// `cargo VERB` in a package with this test file.
fn cargo_says(verb: &str, package: &Package, text: &str) -> Ended {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own_mains").join(package.name);
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("a folder in the target folder");
        write_if_new(&path, text);
    };
    let Package { name, dependency, own_main } = package;
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[[test]]\nname = \"it\"\n\
         harness = {}\n\n[dev-dependencies]\n{dependency} path = \"{ROOT}\" }}\n",
        !own_main
    );
    write("Cargo.toml", &manifest);
    write("src/lib.rs", "");
    write("tests/it.rs", text);
    fs::copy(format!("{ROOT}/fixtures/programs/Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    let mut command: Command = cargo(&[verb], &folder);
    process::run(command.args(["--offline", "--test", "it"]))
}

#[track_caller]
fn refused(name: &'static str, text: &str, expected: &str) {
    let text = format!("snout::tests! {{\n{text}\n}}\n\nsnout::main!();\n");
    let said = cargo_says("check", &Package { name, ..NAMED_SNOUT }, &text);
    if said.code() == Some(0) || !said.error_text().contains(expected) {
        said.fail(&format!("`{text}` should be refused with `{expected}`"));
    }
}

#[test]
fn under_another_name_everything_is_the_same() {
    let text = "use it_is::{fixture, tests};\n\ntests! {\n    fixture! { fn two() -> u32 { 2 } }\n\n    #[test]\n    fn adds() { \
                assert_eq!(*two() + 2, 4); }\n}\n\nit_is::main!();\n";
    for (name, called) in [("named_test", "test"), ("named_otherwise", "otherwise")] {
        let dependency = if called == "test" {
            "test = { package = \"snout\","
        } else {
            "otherwise = { package = \"snout\","
        };
        let package = Package { name, dependency, own_main: true };
        let ended = cargo_says("test", &package, &text.replace("it_is", called));
        ended.expect_code(0).expect_text("test adds ... ok").expect_text("1 passed; 0 failed");
    }
}

#[test]
fn more_tests_than_the_compiler_s_limit_are_listed() {
    let functions: String = (0..600).map(|number| format!("#[test] fn t{number}() {{}}\n")).collect();
    let text = format!("snout::tests! {{ {functions} }}\nsnout::main!();\n");
    let ended = cargo_says("test", &Package { name: "many", ..NAMED_SNOUT }, &text);
    ended.expect_code(0).expect_text("600 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
}

#[test]
fn a_module_that_is_named_nowhere_is_warned_of() {
    let text = "mod named { snout::tests! { #[test] fn a() {} } }\nmod forgotten { snout::tests! { #[test] fn b() {} } }\n\
                snout::main!(named);\n";
    let said = cargo_says("check", &Package { name: "forgotten", ..NAMED_SNOUT }, text);
    let errors = said.error_text();
    if !errors.contains("variant `b` is never constructed") || errors.contains("variant `a`") {
        said.fail("the compiler should warn of `b`, and of `b` alone");
    }
}

#[test]
fn a_fixture_outside_says_where_it_belongs() {
    let text = "snout::fixture! { fn one() -> u32 { 1 } }\nsnout::tests! { #[test] fn a() { one(); } }\nsnout::main!();\n";
    let ended = cargo_says("test", &Package { name: "outside", ..NAMED_SNOUT }, text);
    ended.expect_code(101).expect_text("where `main!` runs them, declare it in `tests!`");
}

#[test]
fn with_rustc_s_harness_it_is_refused() {
    let text = "snout::tests! { #[test] fn a() {} }\nsnout::main!();\n";
    let said = cargo_says("check", &Package { name: "with_harness", own_main: false, ..NAMED_SNOUT }, text);
    assert!(said.error_text().contains("write `harness = false` for this target in Cargo.toml"), "{said}");
}

#[test]
fn what_cannot_be_a_test_is_refused() {
    refused(
        "argument",
        "#[test]\nfn adds(one: u32) {}",
        "`adds` cannot be a test: write `fn adds() { … }`, without",
    );
    refused(
        "generic",
        "#[test]\nfn adds<T>() {}",
        "`adds` cannot be a test: write `fn adds() { … }`, without",
    );
    refused(
        "asynchronous",
        "/// text\n#[test]\nasync fn adds() {}",
        "`adds` cannot be a test: write `fn adds() { … }`",
    );
    refused("benchmark", "#[bench]\nfn adds(b: &mut snout::Bencher) {}", "`adds` would not be measured");
}

#[test]
fn what_would_be_lost_is_refused() {
    let expected = "`#[tokio::test]` makes a test that `tests!` cannot list: write `#[test]`";
    refused("tokio", "#[tokio::test]\nasync fn connects() {}", expected);
    refused(
        "tokio_with_options",
        "#[tokio::test(flavor = \"multi_thread\")]\nasync fn connects() {}",
        expected,
    );
    refused("rstest", "#[rstest]\nfn adds() {}", "`#[rstest]` makes a test that `tests!` cannot list");
    let proptest = "proptest! { #[test] fn adds(a in 0..3) {} }";
    refused("proptest", proptest, "`proptest!` in `tests!`: a test that it makes would be lost");
    refused("fixtur", "snout::fixtur! { fn a() {} }", "`fixtur!` in `tests!`: a test that it makes");
}

#[test]
fn misspelt_attributes_are_refused() {
    refused("tset", "#[tset]\nfn adds() {}", "cannot find attribute `tset` in this scope");
    let text = "#[test]\n#[should_panic(expect = \"a\")]\nfn adds() {}";
    refused("expect", text, "write `#[should_panic]` or `#[should_panic(expected = \"text\")]`");
    refused(
        "ignore",
        "#[test]\n#[ignore(\"a\")]\nfn adds() {}",
        "write `#[ignore]` or `#[ignore = \"why\"]`",
    );
}

#[test]
fn what_is_no_item_and_what_is_there_twice_is_refused() {
    refused("no_item", "assert!(true);", "`assert!` in `tests!`: a test that it makes would be lost");
    refused("no_body", "#[test]\nfn adds();", "`adds` cannot be a test: write `fn adds() { … }`");
    refused(
        "twice",
        "}\nsnout::tests! { #[test] fn a() {}",
        "the name `__snout_tests` is defined multiple times",
    );
    refused("no_tests", "}\nmod other {}\nmod inner { snout::main!(super::other);", "`__snout_tests`");
    refused("context", "snout::context! { timeut = \"5s\" }", "no option `timeut`: write timeout, serial,");
}
