//! Workspaces that a program writes, each of another shape: every test comes out once, and as under `cargo test`.

use std::fmt::Write as _;
use std::fs;

use crate::process::Ended;
use crate::rig::{Workspace, summary};
use crate::verdicts::{Verdicts, lines, of_cargo_test, of_snout};

const PROFILE: &str = "[profile.dev]\ndebug = 0\nincremental = false\n";

fn manifest(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
}

/// A package of this name that is a workspace of its own.
fn alone(name: &str) -> String {
    format!("{}[workspace]\n{PROFILE}", manifest(name))
}

/// A root with these members.
fn root(members: &[String]) -> String {
    format!("[workspace]\nmembers = {members:?}\nresolver = \"3\"\n{PROFILE}")
}

/// Tests of these numbers: some fail, some are ignored, some panic as they should.
fn tests(prefix: &str, numbers: std::ops::Range<usize>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let (mark, body) = match number % 50 {
            7 => ("", format!("println!(\"said by {number}\"); assert_eq!({number}, 0)")),
            13 => ("#[ignore] ", String::new()),
            21 => ("#[should_panic(expected = \"so\")] ", "panic!(\"so\")".to_owned()),
            34 => ("#[should_panic] ", String::new()),
            _ => ("", format!("assert_eq!({number} + 1, {})", number + 1)),
        };
        let _ = writeln!(text, "#[test] {mark}fn {prefix}{number}() {{ {body} }}");
        text
    })
}

/// Both agree on each test, and each is there so often.
#[track_caller]
fn agree(ours: &Ended, expected: &Verdicts, count: usize) {
    assert_eq!(expected.values().sum::<usize>(), count, "as `cargo test` has it: {ours}");
    let found = of_snout(ours);
    let differ: Vec<_> = found.iter().filter(|(test, count)| expected.get(test) != Some(count)).collect();
    let lost: Vec<_> = expected.keys().filter(|test| !found.contains_key(test)).collect();
    assert!(differ.is_empty() && lost.is_empty(), "wrong: {differ:?}, lost: {lost:?}: {ours}");
}

#[test]
fn twenty_crates_of_fifty_tests() {
    let names: Vec<String> = (0..20).map(|number| format!("crate{number:02}")).collect();
    let workspace = Workspace::with("twenty", &[("Cargo.toml", &root(&names))]);
    for name in &names {
        workspace.write(&format!("{name}/Cargo.toml"), &manifest(name));
        workspace.write(&format!("{name}/src/lib.rs"), &tests(&format!("{name}_"), 0..50));
    }
    let theirs = workspace.test("--workspace --lib --no-fail-fast");
    theirs.expect_code(101);
    let expected = of_cargo_test(&theirs);
    // Nothing is known of them at first; then how long each took; then all run at once.
    for words in ["--workspace --lib", "--workspace --lib", "--workspace --lib --test-threads 16"] {
        let ours = workspace.snout(words);
        ours.expect_code(100);
        agree(&ours, &expected, 1000);
        assert_eq!(summary(&ours), "980 tests run: 940 passed, 40 failed, 20 ignored", "{ours}");
        let named = lines(&ours).iter().all(|(suite, test, _)| test.starts_with(&**suite));
        assert!(named, "each is said to be of its own crate: {ours}");
    }
}

#[test]
fn one_crate_of_five_thousand_tests() {
    let mut text = String::new();
    for module in 0..50 {
        let (from, to) = (module * 100, module * 100 + 100);
        let _ = writeln!(text, "mod part{module} {{\n{}}}", tests("t", from..to));
    }
    let workspace = Workspace::with(
        "five-thousand",
        &[("Cargo.toml", &alone("five-thousand")), ("src/lib.rs", &format!("#![cfg(test)]\n{text}"))],
    );
    let theirs = workspace.test("--lib");
    theirs.expect_code(101);
    let expected = of_cargo_test(&theirs);
    for words in ["--lib", "--lib --format terse", "--lib --test-threads 1"] {
        let ours = workspace.snout(words);
        ours.expect_code(100);
        assert_eq!(summary(&ours), "4900 tests run: 4700 passed, 200 failed, 100 ignored", "{ours}");
        if !words.contains("terse") {
            agree(&ours, &expected, 5000);
        }
        let text = ours.text();
        assert_eq!(
            text.matches("\nsaid by ").count(),
            100,
            "each that failed is shown with its output: {ours}"
        );
    }
}

/// Binaries with one long test among many short ones, and one with nothing but long ones.
#[test]
fn long_poles() {
    let workspace = Workspace::with("poles", &[("Cargo.toml", &alone("poles")), ("src/lib.rs", "")]);
    let long = |name: &str, rest: &str| {
        format!(
            "#[test] fn {name}() {{ std::thread::sleep(std::time::Duration::from_millis(700)); {rest} }}\n"
        )
    };
    for pole in ["first", "middle", "last"] {
        let short = |range| tests(&format!("{pole}_"), range);
        let text = match pole {
            "first" => long("first_long", "") + &short(0..100),
            "middle" => short(0..50) + &long("middle_long", "panic!()") + &short(50..100),
            _ => short(0..100) + &long("last_long", ""),
        };
        workspace.write(&format!("tests/{pole}.rs"), &text);
    }
    let all: String = (0..4).map(|number| long(&format!("pole_{number}"), "")).collect();
    workspace.write("tests/poles.rs", &all);
    let theirs = workspace.test("--tests --no-fail-fast");
    theirs.expect_code(101);
    let expected = of_cargo_test(&theirs);
    for words in ["--tests", "--tests", "--tests --test-threads 1", "--tests --test-threads 7"] {
        let ours = workspace.snout(words);
        ours.expect_code(100);
        agree(&ours, &expected, 307);
        let longest = lines(&ours).into_iter().filter(|(_, test, _)| test.contains("_long")).count();
        assert_eq!(longest, 3, "{ours}");
    }
}

const MIXED: &str = r#"
[lib]
crate-type = ["cdylib", "rlib"]
[[test]]
name = "custom"
harness = false
[[test]]
name = "speaks"
harness = false
[[bench]]
name = "figures"
harness = false
[[bench]]
name = "usual"
[[example]]
name = "walk"
test = true
[[example]]
name = "shown"
[[bin]]
name = "tool"
path = "src/tool.rs"
[dependencies]
derive = { path = "../derive" }
"#;

/// As a harness of its own does that keeps to libtest's contract.
const SPEAKS: &str = r#"
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--list") {
        println!("speaks::well: test\nspeaks::badly: test");
        return;
    }
    println!("\nrunning 2 tests\ntest speaks::well ... ok\ntest speaks::badly ... FAILED\n");
    println!("test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n");
    std::process::exit(101);
}
"#;

/// As criterion goes about it: figures with `--bench`, else each once.
const FIGURES: &str = r#"
fn main() {
    if std::env::args().any(|word| word == "--bench") {
        println!("sum time: [1.0 ns 1.1 ns 1.2 ns]");
    } else {
        println!("Testing sum\nSuccess\n");
    }
}
"#;

fn mixed() -> Workspace {
    let members = ["mixed", "derive", "plugin"].map(str::to_owned);
    Workspace::with(
        "mixed",
        &[
            ("Cargo.toml", &root(&members)),
            ("mixed/Cargo.toml", &(manifest("mixed") + MIXED)),
            (
                "mixed/build.rs",
                "fn main() { println!(\"cargo::rustc-env=BUILT=with care\"); println!(\"cargo::rustc-cfg=built\"); println!(\"cargo::rustc-check-cfg=cfg(built)\") }\n",
            ),
            (
                "mixed/src/lib.rs",
                "//! ```\n//! assert_eq!(mixed::three(), 3);\n//! ```\n#[unsafe(no_mangle)] pub extern \"C\" fn three() -> u32 { derive::three!() }\n#[cfg(built)] #[test] fn of_a_build_script() { assert_eq!(env!(\"BUILT\"), \"with care\") }\n#[test] fn of_a_cdylib() { assert_eq!(three(), 4) }\n",
            ),
            ("mixed/src/tool.rs", "fn main() {}\n#[test] fn of_a_program() {}\n"),
            (
                "mixed/examples/walk.rs",
                "fn main() { panic!(\"an example is not run\") }\n#[test] fn of_an_example() {}\n#[test] fn wrong_in_an_example() { panic!() }\n",
            ),
            ("mixed/examples/shown.rs", "fn main() { panic!(\"an example is not run\") }\n"),
            ("mixed/benches/figures.rs", FIGURES),
            ("mixed/benches/usual.rs", "#[test] fn of_a_bench() { assert_eq!(mixed::three(), 3) }\n"),
            ("mixed/tests/custom.rs", "fn main() { println!(\"custom\") }\n"),
            ("mixed/tests/speaks.rs", SPEAKS),
            (
                "mixed/tests/it.rs",
                "#[test] fn of_an_integration() { assert!(std::path::Path::new(env!(\"CARGO_BIN_EXE_tool\")).exists()) }\n",
            ),
            ("derive/Cargo.toml", &(manifest("derive") + "[lib]\nproc-macro = true\n")),
            (
                "derive/src/lib.rs",
                "use proc_macro::TokenStream;\n/// ```\n/// assert_eq!(derive::three!(), 3);\n/// ```\n#[proc_macro] pub fn three(_: TokenStream) -> TokenStream { \"3\".parse().unwrap() }\n#[test] fn of_a_macro() {}\n#[test] fn outside_of_a_compiler() { proc_macro::TokenStream::new().to_string(); }\n",
            ),
            ("derive/tests/used.rs", "#[test] fn of_a_macro_in_use() { assert_eq!(derive::three!(), 3) }\n"),
            ("plugin/Cargo.toml", &(manifest("plugin") + "[lib]\ncrate-type = [\"cdylib\"]\n")),
            (
                "plugin/src/lib.rs",
                "#[test] fn of_a_plugin() {}\n#[test] fn crashes_in_a_plugin() { panic!(\"so\") }\n",
            ),
        ],
    )
}

#[test]
fn every_kind_of_target() {
    let workspace = mixed();
    for (words, count) in
        [("--workspace", 15), ("--workspace --all-targets", 14), ("--workspace --benches", 8)]
    {
        let theirs = workspace.test(&format!("{words} --no-fail-fast"));
        let ours = workspace.snout(words);
        assert_eq!((theirs.code(), ours.code()), (Some(101), Some(100)), "{words}: {theirs}{ours}");
        agree(&ours, &of_cargo_test(&theirs), count);
    }
    let ours = workspace.snout("--workspace --all-targets");
    let named = |suite: &str, test: &str, word: &str| {
        let line = (suite.to_owned(), test.to_owned(), word.to_owned());
        assert_eq!(lines(&ours).into_iter().filter(|it| *it == line).count(), 1, "{suite} {test}: {ours}");
    };
    named("mixed::custom", "main", "PASS");
    named("mixed::bench/figures", "main", "PASS");
    named("mixed::bench/usual", "of_a_bench", "PASS");
    named("mixed::speaks", "speaks::badly", "FAIL");
    named("mixed::example/walk", "wrong_in_an_example", "FAIL");
    named("derive", "of_a_macro", "PASS");
    named("plugin", "crashes_in_a_plugin", "FAIL");
}

/// One crate of three cannot be built: cargo says so, and nothing runs.
#[test]
fn nothing_runs_where_one_crate_does_not_build() {
    let members = ["good", "bad", "better"].map(str::to_owned);
    let tells = "#[test] fn tells() { std::fs::write(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/told\"), \"\").unwrap() }\n";
    let workspace = Workspace::with(
        "one-is-bad",
        &[
            ("Cargo.toml", &root(&members)),
            ("good/Cargo.toml", &manifest("good")),
            ("good/src/lib.rs", tells),
            ("bad/Cargo.toml", &manifest("bad")),
            ("bad/src/lib.rs", "#[test] fn wrong() { nobody_knows_this() }\n"),
            ("better/Cargo.toml", &(manifest("better") + "[dependencies]\nbad = { path = \"../bad\" }\n")),
            ("better/src/lib.rs", tells),
        ],
    );
    let told = ["good/told", "better/told"].map(|file| workspace.folder.join(file));
    // Those of a run before this one.
    told.iter().for_each(|file| drop(fs::remove_file(file)));
    let was_run = || told.iter().any(|file| file.exists());
    let errors = |ended: &Ended| -> Vec<String> {
        let text = ended.error_text();
        text.lines()
            .filter(|line| line.contains("error") || line.contains("-->"))
            .map(str::to_owned)
            .collect()
    };
    for words in ["--workspace", "--workspace --keep-going", "-p nobody", "--test nobody"] {
        let (theirs, ours) = (workspace.test(&format!("{words} --no-run")), workspace.snout(words));
        assert_eq!(ours.code(), theirs.code(), "{words}: {ours}{theirs}");
        assert!(!errors(&ours).is_empty(), "{words}: {ours}");
        let (mut ours_said, mut theirs_said) = (errors(&ours), errors(&theirs));
        // Crates are built at the same time.
        ours_said.sort();
        theirs_said.sort();
        assert_eq!(ours_said, theirs_said, "{words}: {ours}{theirs}");
        assert_eq!((ours.text(), was_run()), (String::new(), false), "{words}: {ours}");
    }
    let rest = workspace.snout("--workspace --exclude bad --no-doc");
    rest.expect_code(0);
    assert_eq!(summary(&rest), "2 tests run: 2 passed", "{rest}");
    assert!(was_run(), "{rest}");
}
