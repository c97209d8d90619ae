use super::*;
use crate::cli::{Request, parse};
use crate::contract::{Bencher, TestDesc, TestFn};

fn test(name: &'static str, change: impl FnOnce(&mut TestDesc)) -> &'static TestDescAndFn {
    let mut test =
        TestDescAndFn::new_doctest(name, false, "src/a.rs", 3, false, false, StaticTestFn(|| Ok(())));
    test.desc.test_type = TestType::UnitTest;
    change(&mut test.desc);
    Box::leak(Box::new(test))
}

fn bench(name: &'static str) -> &'static TestDescAndFn {
    let function: TestFn = StaticBenchFn(|_: &mut Bencher| Ok(()));
    Box::leak(Box::new(TestDescAndFn::new_doctest(name, false, "src/a.rs", 3, false, false, function)))
}

/// One test of each sort.
fn tests() -> Vec<&'static TestDescAndFn> {
    vec![
        bench("a::bench"),
        test("a::one", |_| ()),
        test("a::panics", |desc| desc.should_panic = ShouldPanic::YesWithMessage("x")),
        test("b::ignored", |desc| (desc.ignore, desc.ignore_message) = (true, Some("why"))),
        test("b::one", |_| ()),
        test("b::one_more", |_| ()),
    ]
}

fn settings(line: &str) -> Settings {
    let words: Vec<&str> = std::iter::once("bin").chain(line.split_whitespace()).collect();
    let Ok(Request::Tests(flags)) = parse(&words) else { panic!("{line} is a good line") };
    Settings::resolve(flags, &[].into()).unwrap()
}

fn selected(line: &str) -> Selected {
    static NOTHING: std::sync::OnceLock<Registry> = std::sync::OnceLock::new();
    cases(&tests(), (NOTHING.get_or_init(Registry::default), &[]), &settings(line), Vec::with_capacity)
}

/// Names, those of ignored tests in brackets.
fn names(line: &str) -> String {
    let write = |case: &Case| if case.ignored { format!("[{}]", case.name) } else { case.name.to_owned() };
    selected(line).cases.iter().map(write).collect::<Vec<_>>().join(" ")
}

/// Compared with the libtest of Rust 1.95.
#[test]
fn flags_select_what_they_select_in_libtest() {
    let all = "a::bench a::one a::panics b::ignored b::one b::one_more";
    for (line, expected) in [
        ("", "a::bench a::one a::panics [b::ignored] b::one b::one_more"),
        ("one", "a::one b::one b::one_more"),
        ("a:: more", "a::bench a::one a::panics b::one_more"),
        ("b::one --exact", "b::one"),
        ("one --exact", ""),
        ("--skip one", "a::bench a::panics [b::ignored]"),
        ("--skip b::one --exact", "a::bench a::one a::panics [b::ignored] b::one_more"),
        ("one --skip b", "a::one"),
        ("--ignored", "b::ignored"),
        ("--include-ignored", all),
        ("--exclude-should-panic a", "a::bench a::one"),
        ("--bench", "a::bench [a::one] [a::panics] [b::ignored] [b::one] [b::one_more]"),
        ("--bench --include-ignored", "a::bench [a::one] [a::panics] [b::ignored] [b::one] [b::one_more]"),
        ("--bench --test", "a::bench a::one a::panics [b::ignored] b::one b::one_more"),
        ("--bench --list", "a::bench a::one a::panics [b::ignored] b::one b::one_more"),
        ("--list --ignored", "b::ignored"),
    ] {
        assert_eq!(names(line), expected, "{line}");
        let selected = selected(line);
        assert_eq!(selected.cases.len() + selected.filtered_out, 6, "{line}");
    }
}

#[test]
fn a_benchmark_is_measured_only_if_asked() {
    assert!(selected("--bench").cases[0].is_measured());
    assert!(selected("--bench --test").cases[0].is_measured());
    assert!(!selected("").cases[0].is_measured());
    assert!(matches!(selected("").cases[0].body, Body::Bench { sampling: Sampling::Once, .. }));
}

#[test]
fn what_rustc_says_of_a_test_is_kept() {
    let selected = selected("");
    let [bench, one, panics, ignored, ..] = &selected.cases[..] else { panic!() };
    assert_eq!((bench.kind, one.kind), (Kind::Doc, Kind::Unit));
    assert_eq!((one.source.file, one.source.start_line), ("src/a.rs", 3));
    assert_eq!(panics.expectation, Expectation::PanicWith("x"));
    assert_eq!(ignored.ignore_reason, Some("why"));
}

#[test]
fn a_slip_in_a_filter_finds_its_test() {
    for (filter, found) in [
        ("b::on_more", Some("b::one_more")),
        ("one_mroe", Some("b::one_more")),
        ("ignore", Some("b::ignored")),
        ("a::panic", Some("a::panics")),
        ("one_more", Some("b::one_more")),
        ("elephants", None),
        ("", None),
    ] {
        assert_eq!(nearest(filter, &tests()), found, "{filter}");
    }
}
