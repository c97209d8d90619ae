//! What a run leaves behind: its record, and every report that can be made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{Ended, run, run_watching, scratch};
use crate::rig::{Workspace, summary};
use crate::shop::shop;

/// A package with a test that passes, one that fails, one that is ignored, and one that waits for a file, if it is told to.
pub(crate) fn package(name: &str) -> Workspace {
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    Workspace::with(
        name,
        &[
            ("Cargo.toml", &manifest),
            (
                "src/lib.rs",
                "#[test] fn passes() {}\n#[test] #[ignore = \"not now\"] fn ignored() {}\n\
                 #[test] fn fails() {\n    println!(\"printed\");\n    assert_eq!(1, 2, \"50%, a: <b>\");\n}\n\
                 #[test] fn waits() {\n    let Some(path) = std::env::var_os(\"WAIT_FOR\") else { return };\n\
                 while !std::path::Path::new(&path).exists() { std::thread::sleep(std::time::Duration::from_millis(5)) }\n}\n",
            ),
        ],
    )
}

/// cargo, building to a folder of this workspace's own: no other test's run is the last one there.
fn apart(workspace: &Workspace, words: &str) -> Command {
    let mut command = at_home(workspace, words);
    command.env("CARGO_TARGET_DIR", workspace.folder.join("own target"));
    command
}

/// cargo, and nothing says that this is continuous integration.
pub(crate) fn at_home(workspace: &Workspace, words: &str) -> Command {
    let mut command = workspace.cargo(words);
    for name in ["CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "NO_COLOR"] {
        command.env_remove(name);
    }
    command
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn expect_error(ended: &Ended, text: &str) {
    if !ended.error_text().contains(text) {
        ended.fail(&format!("expected on standard error: {text}"));
    }
}

#[test]
fn every_report_is_made_again_of_the_record() {
    let package = package("recorded");
    let call = |words: &str| run(&mut apart(&package, words));
    // Of an earlier run of this test.
    fs::remove_file(package.folder.join("own target/snout/last-run.jsonl")).ok();
    let nothing = call("snout report pretty");
    nothing.expect_code(2);
    expect_error(&nothing, "error: there is no record of a run in `");
    expect_error(&nothing, "own target`: run `cargo snout` first\n");
    let folder = scratch();
    let (junit, record) = (folder.join("junit.xml"), folder.join("run.jsonl"));
    for format in ["pretty", "terse", "dots"] {
        let mut command = apart(&package, &format!("snout --slowest 2 --format {format}"));
        command.arg("--junit").arg(&junit).arg("--record").arg(&record);
        let live = run(&mut command);
        live.expect_code(100);
        let again = call(&format!("snout report {format} --slowest 2"));
        again.expect_code(0);
        assert_eq!(again.text(), live.text(), "{again}");
        assert_eq!(again.error_text(), "", "{again}");
        assert_eq!(call("snout report junit").text(), read(&junit));
        assert_eq!(call("snout report json").text(), read(&record));
        let text = live.text();
        let (_, slowest) = text.split_once("\nslowest:\n").unwrap_or_else(|| live.fail("none is slow"));
        assert_eq!(slowest.lines().take_while(|line| !line.is_empty()).count(), 2, "{live}");
        assert_eq!(text.contains(" PASS "), format == "pretty", "{live}");
    }
    for format in ["json", "junit"] {
        let mut command = apart(&package, &format!("snout --no-doc --format {format}"));
        let live = run(command.arg("--record").arg(&record).arg("--junit").arg(&junit));
        live.expect_code(100);
        assert_eq!(live.text(), read(if format == "json" { &record } else { &junit }), "{live}");
        let mut command = apart(&package, "snout report json");
        assert_eq!(run(command.arg(&record)).text(), read(&record));
    }
    let lines = read(&record);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().expect("a text")).collect();
    assert_eq!(
        (events[0], events[events.len() - 1]),
        ("workspace_started", "workspace_finished"),
        "{events:?}"
    );
    let finished =
        |test: &str| lines.iter().filter(|it| it["event"] == "finished" && it["test"] == test).count();
    assert_eq!(["passes", "fails", "ignored", "waits"].map(finished), [1; 4], "{lines:#?}");
    let end = &lines[lines.len() - 1];
    assert_eq!((&end["passed"], &end["failed"], &end["ignored"]), (&2.into(), &1.into(), &1.into()), "{end}");
}

/// All kinds of suites: under the harness, without one, examples; and a binary's own record.
#[test]
fn suites_of_every_kind_are_in_one_record() {
    let shop = shop("one-record");
    let folder = scratch();
    let (junit, record) = (folder.join("junit.xml"), folder.join("records/"));
    let mut command = shop.cargo("snout --workspace");
    command.arg("--junit").arg(&junit).env("SNOUT_RECORD", &record).env("SNOUT_FORMAT", "terse");
    let live = run(&mut command);
    live.expect_code(100);
    assert!(!live.text().contains(" PASS "), "{live}");
    let files: Vec<PathBuf> =
        fs::read_dir(&record).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let [record] = &files[..] else { panic!("one record: {files:?}") };
    let again = run(shop.cargo("snout report pretty").arg(record));
    assert_eq!(summary(&again), "15 tests run: 14 passed, 1 failed, 1 ignored", "{again}");
    assert_eq!(
        crate::verdicts::of_snout(&again),
        crate::verdicts::of_cargo_test(&shop.test("--workspace --no-fail-fast"))
    );
    let xml = read(&junit);
    assert!(xml.contains("tests=\"16\" skipped=\"1\" failures=\"1\" errors=\"0\""), "{xml}");
    for suite in ["shop", "shop::custom", "shop::bin/till", "cart (doc)"] {
        assert!(xml.contains(&format!("<testsuite name=\"{suite}\" ")), "{suite}: {xml}");
    }
}

/// There is no test binary by which the target folder could be known.
#[test]
fn a_run_of_examples_alone_is_the_last_run_too() {
    let manifest = "[package]\nname = \"examples\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    let source = "/// ```\n/// assert_eq!(examples::two(), 2);\n/// ```\npub fn two() -> i32 { 2 }\n";
    let examples = Workspace::with("examples", &[("Cargo.toml", manifest), ("src/lib.rs", source)]);
    run(&mut apart(&examples, "snout --doc")).expect_code(0);
    let report = run(&mut apart(&examples, "snout report pretty"));
    report.expect_code(0);
    assert_eq!(summary(&report), "1 test run: 1 passed", "{report}");
}

#[test]
fn what_cannot_be_reported_is_refused_in_one_line() {
    let package = package("refused");
    let call = |words: &str| run(&mut at_home(&package, words));
    let expect = |ended: &Ended, text: &str| {
        ended.expect_code(2);
        expect_error(ended, text);
        assert_eq!(ended.text(), "", "nothing has run: {ended}");
    };
    expect(&call("snout --format html"), "invalid value 'html' for '--format <FORMAT>'");
    expect(&call("snout --format json -- --nocapture"), "leave `--nocapture` out, or write besides");
    expect(
        &call("snout --junit no/such/folder/j.xml"),
        "error: cannot write `no/such/folder/j.xml`: No such file",
    );
    expect(&call("snout --record no/such/folder/r"), "error: cannot write `no/such/folder/r`: No such file");
    let named = run(at_home(&package, "snout").env("SNOUT_FORMAT", "html"));
    expect(&named, "error: SNOUT_FORMAT is `html`; make it one of pretty, terse, dots, json, junit\n");
    expect(&call("snout report"), "required arguments were not provided");
    expect(&call("snout report html"), "invalid value 'html' for '<FORMAT>'");
    expect(
        &call("snout report pretty none.jsonl"),
        "error: cannot read the record `none.jsonl`: No such file",
    );
    expect(
        &call("snout report pretty Cargo.toml"),
        "error: `Cargo.toml` is no record of a run: see `docs/record.md`",
    );
    package.write("empty.jsonl", "");
    expect(&call("snout report junit empty.jsonl"), "error: `empty.jsonl` is empty: ");
    package.write("newer.jsonl", "{\"record\":2,\"event\":\"workspace_started\"}\n");
    expect(&call("snout report json newer.jsonl"), "error: `newer.jsonl` is a record of version 2, ");
}

#[test]
fn reports_that_cannot_be_written_fail_a_run_that_was_good() {
    let package = package("full");
    let ended = run(&mut at_home(&package, "snout --no-doc passes --junit /dev/full"));
    ended.expect_code(2);
    assert_eq!(summary(&ended), "1 test run: 1 passed, 3 filtered out", "{ended}");
    expect_error(&ended, "error: cannot write `/dev/full`: No space left on device");
    run(&mut at_home(&package, "snout --no-doc --junit /dev/full")).expect_code(100);
    let mut command = at_home(&package, "snout --no-doc passes");
    let full = fs::File::create("/dev/full").expect("it can be opened");
    let ended = crate::process::run_as_it_is(command.stdout(full).stderr(Stdio::null()));
    ended.expect_code(2);
}

#[test]
fn a_run_that_is_killed_leaves_a_record_as_far_as_it_went() {
    let package = package("killed");
    run(&mut apart(&package, "snout --no-run")).expect_code(0);
    let record = package.folder.join("own target/snout/last-run.jsonl");
    let mut command = apart(&package, "snout --no-doc");
    command.env("WAIT_FOR", scratch().join("never")).stdout(Stdio::null()).stderr(Stdio::null());
    let waits = |text: &str| {
        text.contains(r#""event":"started","test":"waits"}"#) && text.contains(r#""test":"fails","outcome""#)
    };
    run_watching(&mut command, |pid| {
        let is_time = fs::read_to_string(&record).is_ok_and(|text| waits(&text));
        if is_time {
            Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill can be run");
        }
        true
    });
    let report = run(&mut apart(&package, "snout report pretty"));
    report.expect_code(0);
    let warning =
        "warning: the record breaks off: the run was killed, or still goes on; this is what is known\n";
    assert_eq!(report.error_text(), warning, "{report}");
    assert!(
        report.text().contains("    run: the record breaks off here\n        running: killed waits\n"),
        "{report}"
    );
    assert_eq!(summary(&report), "2 tests run: 1 passed, 1 failed, 1 ignored", "{report}");
    // In the middle of a line.
    let text = read(&record);
    let last = text.trim_end().rfind('\n').expect("lines");
    package.write("cut.jsonl", &text[..last + 20]);
    let report = run(&mut apart(&package, "snout report junit cut.jsonl"));
    report.expect_code(0);
    expect_error(&report, "warning: the record breaks off, in the middle of a line: ");
    assert!(
        report.text().contains("<testsuite name=\"run\" tests=\"1\" skipped=\"0\" errors=\"1\""),
        "{report}"
    );
}

#[test]
fn on_github_failures_are_annotated_and_summed_up() {
    let package = package("hub");
    let page = scratch().join("page.md");
    fs::write(&page, "before\n").expect("a file of ours");
    let on_github = |words: &str, page: &Path| {
        let mut command = apart(&package, words);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", page);
        run(command.env("GITHUB_WORKSPACE", package.folder.parent().expect("a folder above")))
    };
    let annotation = "::error file=hub/src/lib.rs,line=5,title=hub fails::assertion `left == right` failed: 50%25, a: \
                      <b>%0A  left: 1%0A right: 2\n";
    let ended = on_github("snout --no-doc", &page);
    ended.expect_code(100);
    assert!(ended.text().ends_with(annotation), "{ended}");
    let text = read(&page);
    assert!(text.starts_with("before\n### ❌ 3 tests run: 2 passed, 1 failed, 1 ignored, in "), "{text}");
    assert!(
        text.contains("<details><summary><code>hub fails</code> FAIL</summary>\n\n<pre>\nprinted\n"),
        "{text}"
    );
    assert!(text.contains("failed: 50%, a: &lt;b&gt;\n"), "{text}");
    let again = on_github("snout report github", &page);
    again.expect_code(0);
    assert_eq!(again.text(), annotation, "{again}");
    assert_eq!(read(&page), format!("{text}{}", &text["before\n".len()..]), "appended");
    let ended = on_github("snout --no-doc --format json", &page);
    assert!(ended.text().lines().all(|line| line.starts_with('{')), "{ended}");
    expect_error(&ended, annotation);
    let ended = on_github("snout --no-doc passes", Path::new("/no/such/folder/page"));
    ended.expect_code(0);
    expect_error(
        &ended,
        "warning: cannot write the job summary `/no/such/folder/page`: No such file or directory",
    );
    let elsewhere = run(&mut apart(&package, "snout --no-doc"));
    assert!(!elsewhere.text().contains("::error"), "{elsewhere}");
}
