//! Programs whose tests end by themselves and leave their process as it was.

use crate::expect::Libtest::{CannotCompile, ComesOutTheSame, ReadsTheSame};
use crate::expect::Mode::{Isolated, Parallel, Pooled, Serial, Spawned, SpawnedAlone};
use crate::expect::{Entry, Mode, Verdict, entry, failed, ignored, ok};

const ALWAYS: &[Mode] = &Mode::ALL;
/// Where a test has a thread of its own.
const FRESH: &[Mode] = &[Serial, Parallel, Isolated, Spawned, SpawnedAlone];

const NOT_AS_EXPECTED: &str = "note: test did not panic as expected at tests/should_panic.rs:";
const WRONG_TEXT: &str = "note: panic did not contain expected string\n      panic message: \"only \\\"hay\\\"\"\n \
                          expected substring: \"needle\"";
const NO_TEXT: &str = "note: expected panic with string value,\n found non-string value: `TypeId(0x";

pub(crate) const PROGRAMS: &[Entry] = &[
    entry(
        "passes",
        ReadsTheSame(ALWAYS),
        &[ok("adds"), ok("outer::subtracts"), ok("outer::inner::multiplies")],
    ),
    entry("empty", ReadsTheSame(ALWAYS), &[]),
    entry("many", ReadsTheSame(&[Serial, Parallel, Pooled]), &[]),
    entry(
        "fails",
        ReadsTheSame(ALWAYS),
        &[
            failed(
                "asserts_what_is_not_so",
                "assertion `left == right` failed: one is not two\n  left: 1\n right: 2",
            ),
            failed("panics_with_a_literal", "panicked at tests/fails.rs:11:5:\na literal\n"),
            failed("panics_with_several_lines", "first\nsecond\n"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "returns_err",
        ReadsTheSame(ALWAYS),
        &[
            failed("returns_err", "Error: \"no such luck\""),
            failed("returns_a_boxed_error", "Error: ParseIntError { kind: InvalidDigit }"),
            ok("returns_ok"),
            failed("returns_exit_code_three", ""),
            ok("returns_success"),
        ],
    ),
    entry(
        "should_panic",
        ReadsTheSame(ALWAYS),
        &[
            ok("panics_as_it_should"),
            failed("does_not_panic", NOT_AS_EXPECTED),
            ok("panics_with_the_text"),
            failed("panics_with_another_text", WRONG_TEXT),
            failed("panics_with_a_number_where_text_is_due", NO_TEXT),
            ok("panics_with_a_number"),
            failed("does_not_panic_with_the_text", NOT_AS_EXPECTED),
            ok("stands_beside"),
        ],
    ),
    entry(
        "ignored",
        ReadsTheSame(ALWAYS),
        &[
            ignored("ignored_with_a_reason", "takes a week"),
            ignored("ignored_without_one", ""),
            ignored("ignored_and_should_panic", "fails \"quoted\" & <tagged>"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "panics_with_non_string",
        ReadsTheSame(ALWAYS),
        &[
            failed("panics_with_a_struct", "Box<dyn Any>"),
            failed("panics_with_a_string", "owned"),
            failed("resumes_unwinding_without_a_word", ""),
            ok("stands_beside"),
        ],
    ),
    entry(
        "panics_in_drop",
        ReadsTheSame(ALWAYS),
        &[failed("panics_in_drop", "in drop"), ok("should_panic_in_drop"), ok("stands_beside")],
    ),
    entry(
        "prints",
        ReadsTheSame(ALWAYS),
        &[
            ok("passes_and_prints"),
            failed(
                "fails_and_prints",
                "to stdout, failing\nto stderr, failing\n[tests/prints.rs:13:5] 1 + 1 = 2\n",
            ),
            failed("fails_and_prints_no_newline", "Grüße, \u{1F980} without a newlineError: 5"),
            ok("passes_and_prints_no_newline"),
            ok("silent"),
        ],
    ),
    entry(
        "prints_from_threads",
        ReadsTheSame(ALWAYS),
        &[
            failed("prints_ones", "1111\nthread '"),
            failed("prints_twos", "2222\nthread '"),
            failed("prints_threes", "3333\nthread '"),
            failed("a_thread_of_a_thread_prints", "from below\nthread '"),
            failed("a_thread_panics", "thread 'helper' ("),
            ok("prints_and_passes"),
        ],
    ),
    entry(
        "thread_names",
        ReadsTheSame(FRESH),
        &[
            ok("at_the_root").but(&[Pooled], Verdict::Failed("left: ")),
            ok("inner::in_a_module").but(&[Pooled], Verdict::Failed("left: ")),
            ok("visits_first").but(&[Pooled], Verdict::Either),
            ok("visits_second").but(&[Pooled], Verdict::Either),
            ok("visits_third").but(&[Pooled], Verdict::Either),
        ],
    ),
    entry(
        "has_one_thread",
        ReadsTheSame(&[]),
        &[failed("runs_where_no_other_thread_is", "threads in this process").but(&[Isolated], Verdict::Ok)],
    ),
    entry(
        "executes_itself",
        ReadsTheSame(ALWAYS),
        &[
            ok("aborts_there"),
            ok("exits_there"),
            ok("fails_there"),
            ok("knows_who_has_started_it"),
            ok("runs_several_there"),
            ok("several::first"),
            ok("several::second"),
        ],
    ),
    entry(
        "handles_signals",
        ReadsTheSame(ALWAYS),
        &[
            ok("its_own_signals_are_heard_once"),
            ok("signals_of_another_process_are_heard_once"),
            failed("nothing_is_said_about_a_signal", "so that what it has said is shown"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "skips",
        CannotCompile,
        &[
            ignored("skips", "no docker here"),
            ignored("skips_with_values", "needs version 9.1, have 8"),
            ignored("nothing_below_is_run", "above"),
            ignored("skips_from_a_helper", "from a helper"),
            ignored("a_skip_is_not_the_panic_that_is_due", "not a panic"),
            ok("stands_beside"),
        ],
    ),
    entry(
        "mixed",
        ReadsTheSame(ALWAYS),
        &[
            ok("alpha"),
            failed("beta", "beta speaks\n\nthread '"),
            ignored("gamma", "not today"),
            ignored("delta", ""),
            ok("epsilon"),
            ok("alpha_mod::alpha"),
            failed("alpha_mod::beta", "panic message: \"hay & \\\"straw\\\" <b> ]]>\""),
            failed("alpha_mod::deeper::alphabet", "two\nlines\tand a tabError: \"an <error> & \\\"more\\\""),
        ],
    ),
    entry(
        "benches",
        ReadsTheSame(ALWAYS),
        &[
            ok("benches::adds"),
            ok("benches::copies"),
            failed("benches::fails", "a benchmark fails"),
            ignored("benches::ignored", "too slow"),
            ok("benches::measures_nothing"),
            ok("stands_beside"),
        ],
    ),
    entry("expands_until_1_99", ReadsTheSame(ALWAYS), EXPANDED),
    entry("expands_until_1_99_abort", ComesOutTheSame("libtest forks by itself, and shows that"), EXPANDED),
    entry("expands_from_1_100", CannotCompile, EXPANDED),
    entry("expands_from_1_100_abort", CannotCompile, EXPANDED),
    entry(
        "expands_doctests",
        ReadsTheSame(ALWAYS),
        &[
            ok("src/lib.rs - passes (line 1)"),
            failed("src/lib.rs - fails (line 5)", ""),
            ignored("src/lib.rs - ignored (line 9)", ""),
            ok("src/lib.rs - compiled (line 13)"),
            ok("src/lib.rs - panics (line 17)"),
        ],
    ),
];

/// What the programs that write out an expansion have in common.
const EXPANDED: &[crate::expect::Test] = &[
    ok("benches"),
    failed("fails", "a hand-written test fails"),
    ignored("ignored", "why"),
    ok("panics"),
    failed("panics_with_text", "panic did not contain expected string"),
    ok("passes"),
    failed("returns_err", "Error: \"no such luck\""),
];
