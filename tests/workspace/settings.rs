//! `snout.toml`: what it says holds, and what it says wrongly is shown.

use std::fs;

use crate::process::run;
use crate::rig::{Workspace, summary};
use crate::selecting::with_contexts;
use crate::shop::shop;

/// A test that is over its time and comes to its end within the grace has passed; here none does.
const GRACE: &str = "100ms";

/// A package with a test that takes three seconds, one that passes at its third try, and one that tells its process and thread.
fn package(name: &str, config: &str) -> Workspace {
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let library = "\
        #[test] fn takes_long() { std::thread::sleep(std::time::Duration::from_secs(3)) }\n\
        #[test] fn passes_at_third() {\n\
            let path = std::env::var(\"TRIES\").unwrap();\n\
            let tries = std::fs::read_to_string(&path).unwrap_or_default() + \"x\";\n\
            std::fs::write(&path, &tries).unwrap();\n\
            assert!(tries.len() > 2);\n\
        }\n\
        #[test] fn quick() {}\n";
    let files = [("Cargo.toml", &*manifest), ("src/lib.rs", library), ("snout.toml", config)];
    Workspace::with(name, &files)
}

#[test]
fn overrides_hold_for_the_tests_they_take() {
    let workspace = package(
        "overridden",
        "[[profile.default.overrides]]\nfilter = \"test(=takes_long)\"\ntimeout = \"300ms\"\n\
         [[profile.default.overrides]]\nfilter = \"test(third)\"\nretries = 2\nisolate = true\n",
    );
    let tries = crate::process::scratch().join("tries");
    let ended = run(workspace.cargo("snout --no-doc").env("TRIES", &tries).env("SNOUT_GRACE", GRACE));
    ended.expect_code(100);
    assert_eq!(summary(&ended), "3 tests run: 2 passed (1 flaky), 1 failed", "{ended}");
    assert!(ended.text().contains("TIMEOUT ["), "{ended}");
    assert!(ended.text().contains("passes_at_third (2 failures, then passed)"), "{ended}");
}

#[test]
fn profiles_say_what_holds_for_a_run_and_flags_and_variables_go_before() {
    let workspace = package(
        "profiles",
        "[profile.default]\ntimeout = \"1h\"\n[profile.ci]\nretries = 2\nno-tests = \"warn\"\n[profile.hasty]\ntimeout = \"300ms\"\n",
    );
    let tries = crate::process::scratch().join("tries");
    let third = run(workspace.cargo("snout --no-doc third").env("TRIES", &tries));
    third.expect_code(100);
    fs::remove_file(&tries).expect("the test has written it");
    let third = run(workspace.cargo("snout --no-doc third -P ci").env("TRIES", &tries));
    third.expect_code(0);
    assert!(third.text().contains("FLAKY ["), "{third}");
    workspace.snout("no_such_name -P ci").expect_code(0);
    workspace.snout("no_such_name -P ci --no-tests=fail").expect_code(4);
    let hasty = run(workspace
        .cargo("snout --no-doc takes_long")
        .env("SNOUT_PROFILE", "hasty")
        .env("SNOUT_GRACE", GRACE));
    hasty.expect_code(100);
    assert!(hasty.text().contains("TIMEOUT ["), "{hasty}");
    let variable = run(workspace.cargo("snout --no-doc takes_long -P hasty").env("SNOUT_TIMEOUT", "1m"));
    variable.expect_code(0);
    let nobody = workspace.snout("-P hsty");
    nobody.expect_code(2);
    assert_eq!(nobody.error_text(), "error: there is no profile `hsty`: did you mean `hasty`?\n");
}

#[test]
fn config_shows_what_holds_and_where_it_comes_from() {
    let workspace = package(
        "shown",
        "[profile.default]\ngrace = \"1s\"\n[profile.ci]\ntimeout = \"2m\"\nslowest = 4\nisolate = \"always\"\n\
         [[profile.ci.overrides]]\nfilter = 'test(\"a\")'\nresource = [\"db\", \"port\"]\n",
    );
    let ended = run(workspace.cargo("snout config -P ci --slowest 7").env("SNOUT_ISOLATE", "never"));
    ended.expect_code(0);
    let expected = "\
        profile = \"ci\"\n\
        test-threads = as many as processors  # default\n\
        timeout = \"2m\"  # profile `ci`, snout.toml, line 4\n\
        grace = \"1s\"  # profile `default`, snout.toml, line 2\n\
        threads = \"fresh\"  # default\n\
        isolate = \"never\"  # variable SNOUT_ISOLATE\n\
        isolation = \"fork\"  # default\n\
        retries = 0  # default\n\
        retry-delay = \"0\"  # default\n\
        retry-backoff = \"fixed\"  # default\n\
        retry-max-delay = as long as it comes to  # default\n\
        retry-jitter = false  # default\n\
        flaky-result = \"pass\"  # default\n\
        max-fail = 0  # default\n\
        global-timeout = \"0\"  # default\n\
        no-tests = \"fail\"  # default\n\
        slowest = 7  # flag --slowest\n\
        override \"test(\\\"a\\\")\"  # profile `ci`, snout.toml, line 7\n    \
        resource = db, port\n";
    assert_eq!(ended.text(), expected, "{ended}");
    assert_eq!(ended.error_text(), "");
}

#[test]
fn a_key_that_is_unknown_is_an_error_with_its_place() {
    let workspace = package("unknown-key", "[profile.default]\ntiemout = \"5s\"\n");
    for words in ["", "config"] {
        let ended = workspace.snout(words);
        ended.expect_code(2);
        let expected = "error: in snout.toml, line 2: there is no key `tiemout`\n    tiemout = \"5s\"\n    ^^^^^^^\ndid you mean `timeout`?\n";
        assert_eq!(ended.error_text(), expected);
        assert_eq!(ended.text(), "");
    }
}

#[test]
fn a_workspace_can_say_it_in_its_manifest_and_members_share_it() {
    let shop = shop("metadata");
    let root = fs::read_to_string(shop.folder.join("Cargo.toml")).expect("the root's manifest");
    let table = "[workspace.metadata.snout.profile.default]\nslowest = 2\n";
    let (before, _) = root.split_once(table).unwrap_or((&root, ""));
    shop.write("Cargo.toml", &format!("{before}{table}"));
    let mut command = shop.cargo("snout config");
    let of_member = run(command.current_dir(shop.folder.join("names")));
    of_member.expect_code(0);
    assert!(
        of_member.text().contains("\nslowest = 2  # profile `default`, Cargo.toml, line "),
        "{of_member}"
    );
    let ended = shop.snout("-p names -p cart --no-doc");
    ended.expect_code(0);
    assert!(ended.text().contains("\nslowest:\n"), "{ended}");
    shop.write("snout.toml", "");
    let both = shop.snout("config");
    fs::remove_file(shop.folder.join("snout.toml")).expect("a file of ours");
    both.expect_code(2);
    let text = "error: there is a configuration in `snout.toml` and one in `Cargo.toml`: move what is in the one to the other\n";
    assert_eq!(both.error_text(), text);
}

#[test]
fn a_binary_that_is_not_under_snout_is_named_where_overrides_are_about_it() {
    let shop = shop("unheard");
    shop.write(
        "snout.toml",
        "[[profile.default.overrides]]\nfilter = \"package(shop) and kind(test)\"\nretries = 1\n",
    );
    let ended = shop.snout("-p shop --test custom --test api");
    ended.expect_code(0);
    assert!(
        ended.text().contains("    shop::custom: overrides do not hold for it: it is not under snout"),
        "{ended}"
    );
    assert!(!ended.text().contains("    shop::api: overrides"), "{ended}");
}

/// What a module states itself is what holds in it, unless an override takes its tests.
#[test]
fn an_override_goes_before_what_a_module_states_and_a_profile_does_not() {
    let workspace = with_contexts("overridden-contexts");
    let library = "#![cfg(test)]\nmod slow {\n    snout::context! { timeout = \"300ms\" }\n\
        #[test] fn takes_long() { std::thread::sleep(std::time::Duration::from_secs(2)) }\n}\n";
    workspace.write("src/lib.rs", library);
    for (config, code) in [
        ("[profile.default]\ntimeout = \"1m\"\n", 100),
        ("[[profile.default.overrides]]\nfilter = \"context(slow)\"\ntimeout = \"1m\"\n", 0),
        ("[[profile.default.overrides]]\nfilter = \"context(other)\"\ntimeout = \"1m\"\n", 100),
    ] {
        workspace.write("snout.toml", config);
        let ended = run(workspace.cargo("snout --no-doc").env("SNOUT_GRACE", GRACE));
        ended.expect_code(code);
    }
}

/// None of these tests is in a module that states anything: the pool would take all of them as they come.
#[test]
fn every_option_can_be_stated_about_tests_of_no_context() {
    let library = "\
        fn tell() -> (u32, String) { (std::process::id(), std::thread::current().name().unwrap_or_default().to_owned()) }\n\
        #[test] fn alone() { std::fs::write(std::env::var(\"TOLD\").unwrap() + \"alone\", tell().0.to_string()).unwrap() }\n\
        #[test] fn pooled() { let (pid, thread) = tell();\n\
            std::fs::write(std::env::var(\"TOLD\").unwrap() + \"pooled\", format!(\"{pid} {thread}\")).unwrap() }\n\
        #[test] fn fresh() { let (pid, thread) = tell();\n\
            std::fs::write(std::env::var(\"TOLD\").unwrap() + \"fresh\", format!(\"{pid} {thread}\")).unwrap() }\n\
        fn hold(name: &str) {\n\
            let path = std::env::var(\"TOLD\").unwrap() + name;\n\
            std::fs::File::create_new(&path).expect(\"nobody else has it\");\n\
            std::thread::sleep(std::time::Duration::from_millis(50));\n\
            std::fs::remove_file(&path).unwrap();\n\
        }\n\
        #[test] fn held_1() { hold(\"held\") }\n#[test] fn held_2() { hold(\"held\") }\n#[test] fn held_3() { hold(\"held\") }\n\
        #[test] fn wide_1() { hold(\"wide\") }\n#[test] fn wide_2() { hold(\"wide\") }\n#[test] fn wide_3() { hold(\"wide\") }\n\
        #[test] fn serial_1() { hold(\"serial\") }\n#[test] fn serial_2() { hold(\"serial\") }\n";
    let rule = |filter: &str, option: &str| {
        format!("[[profile.default.overrides]]\nfilter = \"test({filter})\"\n{option}\n")
    };
    let config = [
        rule("=alone", "isolate = true"),
        rule("=pooled", "threads = \"pooled\""),
        rule("held", "resource = \"the file\""),
        rule("wide", "weight = 4"),
        rule("serial", "serial = true"),
    ];
    let workspace = package("options", &config.concat());
    workspace.write("src/lib.rs", library);
    let told = format!("{}/", crate::process::scratch().display());
    let ended = run(workspace.cargo("snout --no-doc --test-threads 4").env("TOLD", &told));
    ended.expect_code(0);
    assert_eq!(summary(&ended), "11 tests run: 11 passed", "{ended}");
    let read = |name: &str| fs::read_to_string(format!("{told}{name}")).expect("the test has written it");
    let (alone, pooled, fresh) = (read("alone"), read("pooled"), read("fresh"));
    let process = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    assert_ne!(process(&alone), process(&fresh), "a process of its own");
    assert_eq!(process(&pooled), process(&fresh), "both in the pool");
    assert!(fresh.ends_with(" fresh") && !pooled.ends_with(" pooled"), "{fresh}; {pooled}");
}
