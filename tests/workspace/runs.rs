//! What a run says, and how it ends.

use std::fs;

use crate::process::scratch;
use crate::rig::{Workspace, summary};
use crate::shop::shop;
use crate::verdicts::{lines, of_cargo_test, of_snout};

#[test]
fn every_test_comes_out_as_under_cargo_test() {
    let shop = shop("verdicts");
    let theirs = shop.test("--workspace --no-fail-fast");
    theirs.expect_code(101);
    let ours = shop.snout("--workspace");
    ours.expect_code(100);
    let expected = of_cargo_test(&theirs);
    assert_eq!(expected.values().sum::<usize>(), 15, "{theirs}");
    assert_eq!(of_snout(&ours), expected, "{ours}");
    assert_eq!(
        summary(&ours),
        "15 tests run: 14 passed, 1 failed, 1 ignored",
        "with `custom`, which has no line there\n{ours}"
    );
    let named = ("shop::custom", "main", "PASS");
    assert!(lines(&ours).iter().any(|(suite, test, word)| (&**suite, &**test, &**word) == named), "{ours}");
}

#[test]
fn suites_are_called_by_package_and_target_and_failures_come_with_their_output() {
    let shop = shop("names");
    let ended = shop.snout("--workspace");
    let mut suites: Vec<String> = lines(&ended).into_iter().map(|(suite, ..)| suite).collect();
    suites.sort();
    suites.dedup();
    let expected =
        ["cart", "cart (doc)", "names", "shop", "shop (doc)", "shop::api", "shop::bin/till", "shop::custom"];
    assert_eq!(suites, expected, "{ended}");
    let text = ended.text();
    let (_, failures) =
        text.split_once("\nfailures:\n").unwrap_or_else(|| ended.fail("there are no failures"));
    assert!(failures.contains("---- shop tests::price_of_three_is_wrong ----\nthree cost 9\n"), "{ended}");
    assert!(failures.contains("  left: 9\n right: 10\n"), "{ended}");
    assert!(!failures.contains("custom was here"), "what passed is silent: {ended}");
}

#[test]
fn names_and_flags_behind_the_dashes_choose_tests_of_all_suites() {
    let shop = shop("selecting");
    let ended = shop.snout("--workspace --no-doc price till -- --skip three");
    ended.expect_code(0);
    let mut names: Vec<String> = lines(&ended).into_iter().map(|(_, test, _)| test).collect();
    names.sort();
    let expected = [
        "main",
        "till_has_a_test",
        "till_prints_a_price",
        "tests::price_of_all (takes long)",
        "tests::price_of_too_many",
        "tests::price_of_two",
    ];
    assert_eq!(names.len(), expected.len(), "{ended}");
    assert!(expected.iter().all(|name| names.iter().any(|found| found == name)), "{names:?}\n{ended}");
    let only = shop.snout("-p shop --test api -- --exact till_prints_a_price");
    assert_eq!(summary(&only), "1 test run: 1 passed, 2 filtered out", "{only}");
    let docs = shop.snout("-p cart --doc");
    assert_eq!(summary(&docs), "1 test run: 1 passed", "{docs}");
}

#[test]
fn exit_codes_say_what_happened() {
    let shop = shop("codes");
    shop.snout("-p names").expect_code(0);
    shop.snout("-p shop --lib").expect_code(100);
    let nothing = shop.snout("-p names no_such_name");
    nothing.expect_code(4);
    assert!(nothing.error_text().contains("error: no test was selected, 1 test filtered out"), "{nothing}");
    shop.snout("-p names --no-such-flag").expect_code(2);
    shop.snout("-p names -- --format json").expect_code(2);
    shop.snout("-p nobody").expect_code(101);
    let mut command = shop.cargo("snout -p shop --test custom");
    let custom = crate::process::run(command.env("CUSTOM_FAILS", "1"));
    custom.expect_code(100);
    assert!(
        custom.text().contains("---- shop::custom main ----\ncustom was here\nnote: exited with code 3\n"),
        "{custom}"
    );
}

/// What only a harness that watches from outside can tell.
#[test]
fn tests_that_take_their_process_with_them_are_named() {
    let hostile = Workspace::with(
        "hostile",
        &[
            ("Cargo.toml", "[package]\nname = \"hostile\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            (
                "src/lib.rs",
                "#[test] fn aborts() { std::process::abort() }\n#[test] fn leaves() { std::process::exit(0) }\n\
                 #[test] fn stays() {}\n",
            ),
        ],
    );
    let ended = hostile.snout("");
    ended.expect_code(100);
    let mut found = lines(&ended);
    found.sort();
    let expected = [("aborts", "SIGABRT"), ("leaves", "EXIT 0"), ("stays", "PASS")];
    assert_eq!(
        found,
        expected.map(|(test, word)| ("hostile".to_owned(), test.to_owned(), word.to_owned())),
        "{ended}"
    );
    assert!(ended.text().contains("hostile: pool died: "), "{ended}");
}

/// cargo, and nobody else, says what a test finds around it.
#[test]
fn tests_have_the_environment_that_cargo_gives_them() {
    let shop = shop("environment");
    let folder = scratch();
    let environment = |words: &str, name: &str| {
        let path = folder.join(name);
        let mut command = shop.cargo(&format!("{words} -p shop --test api environment"));
        command.env("TELL_ENVIRONMENT", &path).env("A_VARIABLE", "of the user's\nown");
        crate::process::run(&mut command).expect_code(0);
        let text = fs::read_to_string(path).expect("the test has written its environment");
        // What differs between any two calls, or is said to the harness alone.
        let own = ["TELL_ENVIRONMENT=", "RIG_RUN=", "SNOUT_INTERNAL_BELOW_A_TEST="];
        // Members are built for each; so the folder of what a build script has made has another number.
        let text = without_number(&text);
        text.lines()
            .filter(|line| !own.iter().any(|name| line.starts_with(name)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let theirs = environment("test", "theirs");
    assert!(theirs.iter().any(|line| line == "CARGO_PKG_DESCRIPTION=sells"), "{theirs:#?}");
    assert!(theirs.iter().any(|line| line == "GREETING=hello there"), "{theirs:#?}");
    let ours = environment("snout", "ours");
    assert_eq!(ours, theirs);
}

/// The text without the number of the build script's folder.
fn without_number(text: &str) -> String {
    let Some((before, rest)) = text.split_once("/build/shop-") else { return text.to_owned() };
    let Some((_, after)) = rest.split_once("/out") else { return text.to_owned() };
    format!("{before}/build/shop-…/out{after}")
}
