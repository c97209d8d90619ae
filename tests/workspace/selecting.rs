//! Which tests run: expressions, what failed the last time, marks; and what a run is that has none.

use std::fmt::Write as _;
use std::fs;

use crate::process::{Ended, run, scratch};
use crate::rig::{Workspace, summary};
use crate::shop::shop;
use crate::verdicts::lines;

/// The names of what ran, sorted, with their suites.
fn ran(ended: &Ended) -> Vec<String> {
    let mut names: Vec<String> =
        lines(ended).into_iter().map(|(suite, test, _)| format!("{suite} {test}")).collect();
    names.sort();
    names
}

/// `cargo snout` with an expression, which may have spaces.
fn with_expression(workspace: &Workspace, words: &str, expressions: &[&str]) -> Ended {
    let mut command = workspace.cargo(&format!("snout {words}"));
    run(command.args(expressions.iter().flat_map(|expression| ["-E", expression])))
}

#[test]
fn expressions_choose_suites_and_tests() {
    let shop = shop("expressions");
    for (expressions, expected) in [
        (
            &["kind(test) and package(shop) & not test(environment)"][..],
            &[
                "shop::api files_of_the_package_are_here",
                "shop::api till_prints_a_price",
                "shop::custom main",
            ][..],
        ),
        (
            &["test(=tests::price_of_two) | kind(bin)"],
            &["shop tests::price_of_two", "shop::bin/till till_has_a_test"],
        ),
        (&["test(*_of_t?o)", "binary(names)"], &["names names_are_quoted", "shop tests::price_of_two"]),
        (&["package(cart) - kind(doc)"], &["cart cart_is_named_by_a_macro"]),
        (&["kind(doc) and package(cart)"], &["cart (doc) cart/src/lib.rs - (line 3)"]),
        (&["binary_id(shop::custom)"], &["shop::custom main"]),
        (&["test(=main)"], &["shop::custom main"]),
        (&["kind(proc-macro)"], &["names names_are_quoted"]),
        (&["context(tests)"], &[]),
    ] {
        let ended = with_expression(&shop, "--workspace --no-tests=pass", expressions);
        ended.expect_code(0);
        assert_eq!(ran(&ended), expected, "{expressions:?}\n{ended}");
    }
    let note = "run: in the filter: `package(shpo)` fits nothing that was built; `cargo snout --list` names what there is";
    for expressions in [&["package(shpo)"][..], &["package(cart)", "kind(lib) and package(shpo)"]] {
        let mistaken = with_expression(&shop, "--workspace --no-tests=pass", expressions);
        mistaken.expect_code(0);
        assert!(mistaken.text().contains(note), "{mistaken}");
    }
    let named = with_expression(&shop, "-p shop --no-doc two", &["not test(x) and not binary(custom)"]);
    assert_eq!(ran(&named), ["shop tests::price_of_two"], "names and expression: what meets both\n{named}");
}

#[test]
fn an_expression_that_is_wrong_is_shown_where_it_is_before_anything_is_built() {
    let shop = shop("wrong-expression");
    let ended = with_expression(&shop, "", &["package(shop) and tset(a)"]);
    ended.expect_code(2);
    let expected = "error: in the filter: the language has no `tset`\n    package(shop) and tset(a)\n                      ^^^^\n\
                    did you mean `test`?\n";
    assert_eq!(ended.error_text(), expected);
    assert_eq!(ended.text(), "");
}

/// A binary that lists its tests as libtest does and is not under snout.
const FOREIGN: &str = r#"
const TESTS: [&str; 3] = ["alpha", "beta", "gamma with spaces"];
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_exact = words.iter().any(|word| word == "--exact");
    let names: Vec<&String> = words.iter().filter(|word| !word.starts_with("--") && *word != "terse").collect();
    let wanted = |test: &&&str| {
        names.is_empty() || names.iter().any(|name| if is_exact { **name == **test } else { test.contains(&***name) })
    };
    let tests: Vec<_> = TESTS.iter().filter(wanted).collect();
    if words.iter().any(|word| word == "--list") {
        tests.iter().for_each(|test| println!("{test}: test"));
        return;
    }
    println!("\nrunning {} tests", tests.len());
    tests.iter().for_each(|test| println!("test {test} ... ok"));
    println!("\ntest result: ok. {} passed; 0 failed; 0 ignored; 0 measured; {} filtered out; finished in 0.00s\n", tests.len(), 3 - tests.len());
}
"#;

#[test]
fn a_binary_that_is_not_under_snout_is_asked_for_its_tests_and_given_names() {
    let manifest = "[package]\nname = \"foreign\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[[test]]\nname = \"other\"\nharness = false\n";
    let foreign = Workspace::with(
        "foreign",
        &[("Cargo.toml", manifest), ("src/lib.rs", ""), ("tests/other.rs", FOREIGN)],
    );
    for (words, expression, expected) in [
        ("", "test(a*)", &["foreign::other alpha"][..]),
        ("", "not test(beta)", &["foreign::other alpha", "foreign::other gamma with spaces"]),
        ("alpha gamma", "test(with spaces) or test(beta)", &["foreign::other gamma with spaces"]),
        ("", "test(delta)", &[]),
        (
            "",
            "kind(test)",
            &["foreign::other alpha", "foreign::other beta", "foreign::other gamma with spaces"],
        ),
    ] {
        let ended = with_expression(&foreign, &format!("--no-doc --no-tests=warn {words}"), &[expression]);
        ended.expect_code(0);
        assert_eq!(ran(&ended), expected, "{expression}\n{ended}");
    }
}

/// A crate with contexts, as only those that depend on snout have.
pub(crate) const CONTEXTS: &str = r#"
mod db {
    snout::fixture! { fn connection() -> u32 { 4 } }
    #[test] fn inserts() { assert_eq!(*connection(), 4) }
    mod deep { #[test] fn selects() {} }
}
mod web { #[test] fn serves() {} }
"#;

pub(crate) fn with_contexts(name: &str) -> Workspace {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dev-dependencies]\nsnout = {{ path = {:?} }}\n",
        env!("CARGO_MANIFEST_DIR")
    );
    let library = format!("#![cfg(test)]\n{CONTEXTS}");
    Workspace::with(name, &[("Cargo.toml", &manifest), ("src/lib.rs", &library)])
}

#[test]
fn contexts_are_known_to_the_harness() {
    let workspace = with_contexts("contexts");
    for (expression, expected) in [
        ("context(db)", &["contexts db::deep::selects", "contexts db::inserts"][..]),
        ("not context(d*)", &["contexts web::serves"]),
        ("context(web)", &[]),
    ] {
        // Also where the processes of the pool read everything again.
        for isolation in ["fork", "spawn"] {
            let mut command = workspace.cargo("snout --no-doc --no-tests=pass");
            let ended = run(command.args(["-E", expression]).env("SNOUT_ISOLATION", isolation));
            ended.expect_code(0);
            assert_eq!(ran(&ended), expected, "{expression} {isolation}\n{ended}");
        }
    }
}

/// A package of tests that fail if a file is there.
fn fails_while(name: &str, tests: &[&str]) -> (Workspace, std::path::PathBuf) {
    let flag = scratch().join("fails");
    let mut text = String::new();
    for test in tests {
        let check = "assert!(!std::fs::read_to_string(std::env::var(\"FAILS\").unwrap()).unwrap_or_default().lines().any(|it| it == NAME))";
        let _ = writeln!(text, "#[test] fn {test}() {{ const NAME: &str = {test:?}; {check} }}");
    }
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let workspace =
        Workspace::with(name, &[("Cargo.toml", &manifest), ("src/lib.rs", &text), ("tests/more.rs", &text)]);
    (workspace, flag)
}

#[test]
fn what_failed_runs_again_until_it_passes() {
    let (workspace, flag) = fails_while("again", &["one", "two", "three"]);
    let snout = |words: &str| run(workspace.cargo(&format!("snout --no-doc {words}")).env("FAILS", &flag));
    fs::write(&flag, "one\ntwo\n").expect("a file in the scratch folder");
    let first = snout("");
    first.expect_code(100);
    assert_eq!(summary(&first), "6 tests run: 2 passed, 4 failed");
    fs::write(&flag, "two\n").expect("a file in the scratch folder");
    let second = snout("--failed --lib");
    second.expect_code(100);
    assert_eq!(ran(&second), ["again one", "again two"], "{second}");
    let third = snout("--failed");
    assert_eq!(
        ran(&third),
        ["again two", "again::more one", "again::more two"],
        "of the library `one` has passed: {third}"
    );
    fs::write(&flag, "").expect("a file in the scratch folder");
    let both = with_variables(&workspace, "--no-doc --failed -E kind(lib)", &flag);
    assert_eq!(ran(&both), ["again two"], "{both}");
    let last = snout("--failed");
    last.expect_code(0);
    assert_eq!(ran(&last), ["again::more two"], "{last}");
    let nothing = snout("--failed");
    nothing.expect_code(4);
    let text = "error: nothing of this failed the last time, 2 suites left out: run it all, `cargo snout`";
    assert!(nothing.error_text().contains(text), "{nothing}");
    snout("--failed --no-tests=pass").expect_code(0);
}

fn with_variables(workspace: &Workspace, words: &str, flag: &std::path::Path) -> Ended {
    run(workspace.cargo(&format!("snout {words}")).env("FAILS", flag))
}

#[test]
fn without_a_last_run_there_is_nothing_to_run_again() {
    let number = std::process::id();
    // A root that no run has had.
    let name = format!("never-run-{number}");
    let (workspace, flag) = fails_while(&name, &["one"]);
    let ended = with_variables(&workspace, "--no-doc --failed", &flag);
    let _ = fs::remove_dir_all(&workspace.folder);
    ended.expect_code(2);
    let text = "error: --failed: no last run is known here: run `cargo snout` without it first\n";
    assert!(ended.error_text().ends_with(text), "{ended}");
}

/// Two megabytes is what Linux takes on a command line.
#[test]
fn names_are_not_limited_by_the_command_line() {
    let module = "m".repeat(700);
    let count = 3_100;
    let mut text = format!("#[cfg(test)] mod {module} {{\n");
    for number in 0..count {
        let _ = writeln!(text, "#[test] fn t{number}() {{ assert!(std::env::var_os(\"FAILS\").is_none()) }}");
    }
    text.push_str("#[test] fn passes() {}\n}\n");
    let manifest = "[package]\nname = \"many\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let workspace = Workspace::with("many", &[("Cargo.toml", manifest), ("src/lib.rs", &text)]);
    let all = run(workspace.cargo("snout --no-doc -q").env("FAILS", "1"));
    all.expect_code(100);
    assert_eq!(summary(&all), format!("{} tests run: 1 passed, {count} failed", count + 1));
    let again = workspace.snout("--no-doc -q --failed");
    again.expect_code(0);
    assert_eq!(summary(&again), format!("{count} tests run: {count} passed, 1 filtered out"));
}

#[test]
fn ignored_tests_are_run_when_asked_for() {
    let shop = shop("ignored");
    let ended = shop.snout("-p shop --lib --ignored");
    ended.expect_code(0);
    assert_eq!(ran(&ended), ["shop tests::price_of_all"], "{ended}");
    let also = shop.snout("-p shop --lib --include-ignored price_of_all price_of_two");
    assert_eq!(summary(&also), "2 tests run: 2 passed, 4 filtered out", "{also}");
    shop.snout("--ignored --include-ignored").expect_code(2);
}

#[test]
fn a_run_without_a_test_is_what_the_user_says() {
    let shop = shop("nothing");
    for (words, code, said) in [
        (
            "",
            4,
            "error: no test was selected, 1 test filtered out: see the names without a filter, `cargo snout`\n",
        ),
        ("--no-tests=fail", 4, "error: no test was selected, 1 test filtered out: see"),
        ("--no-tests warn", 0, "warning: no test was selected, 1 test filtered out: see"),
    ] {
        let ended = shop.snout(&format!("-p names {words} no_such_name"));
        ended.expect_code(code);
        assert!(ended.error_text().contains(said), "{words}: {ended}");
    }
    let passing = shop.snout("-p names --no-tests=pass no_such_name");
    passing.expect_code(0);
    assert!(!passing.error_text().contains("no test"), "{passing}");
    let none = with_expression(&shop, "-p names --no-doc", &["package(nobody)"]);
    none.expect_code(4);
    let text =
        "error: no test was selected, 1 suite left out: see the names without a filter, `cargo snout`\n";
    assert!(none.error_text().ends_with(text), "{none}");
    shop.snout("--no-tests=maybe").expect_code(2);
}

/// What is listed is what runs, by the same names.
#[test]
fn tests_are_listed_as_they_would_run() {
    let shop = shop("listing");
    for words in [
        "--workspace",
        "--workspace --no-doc price till -- --skip three",
        "-p cart --doc",
        "--ignored -p shop",
    ] {
        let (ours, behind) = match words.split_once(" -- ") {
            Some((ours, behind)) => (ours, format!("-- {behind}")),
            None => (words, String::new()),
        };
        let list = shop.snout(&format!("{ours} --list {behind}"));
        list.expect_code(0);
        let mut listed: Vec<String> = list.text().lines().map(str::to_owned).collect();
        listed.sort();
        let mut run: Vec<String> = ran(&shop.snout(words))
            .into_iter()
            .map(|line| line.split(" (takes long)").next().unwrap_or_default().to_owned())
            .collect();
        run.sort();
        assert_eq!(listed, run, "{words}\n{list}");
    }
    let chosen = with_expression(&shop, "--workspace --list", &["kind(test) and not binary(custom)"]);
    assert_eq!(
        chosen.text(),
        "shop::api environment\nshop::api files_of_the_package_are_here\nshop::api till_prints_a_price\n",
        "{chosen}"
    );
    let behind = shop.snout("-p names -- --list");
    assert_eq!(behind.text(), "names names_are_quoted\n", "{behind}");
}
