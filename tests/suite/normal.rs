//! Takes out of a text what may differ between two runs that are the same: times, thread ids, type ids, paths.

/// One thing to take out: what stands between two fixed texts, if it is made of these characters only.
struct Mask {
    before: &'static str,
    made_of: fn(char) -> bool,
    after: &'static str,
    put: &'static str,
}

const fn mask(
    before: &'static str,
    made_of: fn(char) -> bool,
    after: &'static str,
    put: &'static str,
) -> Mask {
    Mask { before, made_of, after, put }
}

fn is_number(character: char) -> bool {
    character.is_ascii_digit() || character == '.'
}

fn is_measurement(character: char) -> bool {
    character.is_ascii_digit() || " ,.".contains(character)
}

const MASKS: [Mask; 12] = [
    mask("finished in ", is_number, "s", "T"),
    mask("all doctests ran in ", is_number, "s", "T"),
    mask("merged doctests compilation took ", is_number, "s", "T"),
    mask("' (", |c| c.is_ascii_digit(), ") panicked at", "ID"),
    mask("' (", |c| c.is_ascii_digit(), ") has overflowed", "ID"),
    mask(" <", is_number, "s>", "T"),
    mask("\"exec_time\": ", is_number, "", "T"),
    mask(" time=\"", is_number, "\"", "T"),
    mask("TypeId(0x", |c| c.is_ascii_hexdigit(), ")", "HEX"),
    mask("bench: ", is_measurement, "ns/iter", " N "),
    mask(") = ", is_number, " MB/s", "N"),
    mask("(+/- ", is_measurement, ")", "N"),
];

/// What std adds to the first panic of a process.
pub(crate) const BACKTRACE_HINT: &str =
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";

/// `text` without what may differ, and with `EXE` for the path of the executable.
pub(crate) fn normal(text: &str, executable: &str) -> String {
    let mut text = text.replace(executable, "EXE");
    for mask in &MASKS {
        text = masked(&text, mask);
    }
    text
}

/// `text` without the names of threads that panicked: on a pool's own threads they are not the test's.
pub(crate) fn without_thread_names(text: &str) -> String {
    let any = mask("thread '", |c| c != '\'' && c != '\n', "' (ID) panicked", "NAME");
    masked(text, &any)
}

/// The lines of a text, in an order that does not depend on who was first.
pub(crate) fn sorted_lines(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn masked(text: &str, mask: &Mask) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(mask.before) {
        let (head, tail) = rest.split_at(place + mask.before.len());
        out.push_str(head);
        let end = tail.find(|c| !(mask.made_of)(c)).unwrap_or(tail.len());
        let fits = end > 0 && tail[end..].starts_with(mask.after);
        out.push_str(if fits { mask.put } else { &tail[..end] });
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

#[test]
fn two_runs_that_differ_in_times_and_ids_read_the_same() {
    let first = "thread 'a' (12) panicked at x.rs:1:2:\nfinished in 0.00s\nok <0.123s> TypeId(0xab12)";
    let second = "thread 'a' (345) panicked at x.rs:1:2:\nfinished in 12.34s\nok <1.000s> TypeId(0xcd)";
    assert_ne!(first, second);
    assert_eq!(normal(first, "/x"), normal(second, "/x"));
}

#[test]
fn what_only_looks_like_a_time_is_kept() {
    for text in ["finished in time", "panicked (12)", "<12>", "TypeId(x)", "(12) panicked at", "0.5s"] {
        assert_eq!(normal(text, "/x"), text);
    }
}

#[test]
fn other_differences_stay() {
    assert_ne!(normal("test a ... ok\n", "/x"), normal("test a ... FAILED\n", "/x"));
    assert_ne!(
        normal("thread 'a' (1) panicked at x.rs:1:2:", "/x"),
        normal("thread 'b' (1) panicked at x.rs:1:2:", "/x")
    );
}

#[test]
fn the_executable_s_path_is_taken_out() {
    assert_eq!(normal("Usage: /t/deps/mixed-0a1b [OPTIONS]", "/t/deps/mixed-0a1b"), "Usage: EXE [OPTIONS]");
}
