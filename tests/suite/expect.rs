//! The words of the table: how a test can come out, where, and what the compiler's libtest makes of it.

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One test at a time.
    Serial,
    /// Four lanes, everything else as it comes.
    Parallel,
    /// On the pool's own threads.
    Pooled,
    /// Each test in a forked child.
    Isolated,
    /// Processes are made by executing the binary again.
    Spawned,
    /// Each test in a child made so.
    SpawnedAlone,
}

impl Mode {
    pub(crate) const ALL: [Mode; 6] =
        [Mode::Serial, Mode::Parallel, Mode::Pooled, Mode::Isolated, Mode::Spawned, Mode::SpawnedAlone];
}

/// Modes in which a test has a process of its own.
pub(crate) const ALONE: &[Mode] = &[Mode::Isolated, Mode::SpawnedAlone];
/// Modes in which tests share a process and run at the same time.
pub(crate) const TOGETHER: &[Mode] = &[Mode::Parallel, Mode::Pooled, Mode::Spawned];

/// How a test comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// And what stands among the rest of what is said about it.
    Failed(&'static str),
    /// And the reason; empty if there is none.
    Ignored(&'static str),
    /// Passed or failed, by who was first.
    Either,
}

/// A test's line in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    verdict: Verdict,
    except: Option<(&'static [Mode], Verdict)>,
    except_also: Option<(&'static [Mode], Verdict)>,
}

impl Test {
    const fn new(name: &'static str, verdict: Verdict) -> Test {
        Test { name, verdict, except: None, except_also: None }
    }

    /// In these modes it comes out otherwise.
    pub(crate) const fn but(mut self, modes: &'static [Mode], verdict: Verdict) -> Test {
        assert!(self.except_also.is_none(), "two exceptions a test at most");
        self.except_also = self.except;
        self.except = Some((modes, verdict));
        self
    }

    pub(crate) fn verdict(&self, mode: Mode) -> Verdict {
        let exceptions = [self.except, self.except_also];
        let exception = exceptions.iter().flatten().find(|(modes, _)| modes.contains(&mode));
        exception.map_or(self.verdict, |(_, verdict)| *verdict)
    }
}

pub(crate) const fn ok(name: &'static str) -> Test {
    Test::new(name, Verdict::Ok)
}

pub(crate) const fn failed(name: &'static str, fragment: &'static str) -> Test {
    Test::new(name, Verdict::Failed(fragment))
}

pub(crate) const fn ignored(name: &'static str, reason: &'static str) -> Test {
    Test::new(name, Verdict::Ignored(reason))
}

/// What the compiler's libtest makes of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Libtest {
    /// The same text as snout in these modes: exactly when serial, line by line in any order when parallel.
    ReadsTheSame(&'static [Mode]),
    /// The same verdicts; why the text differs.
    ComesOutTheSame(&'static str),
    /// It gives no summary: it is killed, ends early, or is heard no more.
    GivesNoSummary,
    /// It would not end.
    WouldHang,
    /// The program needs what libtest, or this compiler's version of it, does not have.
    CannotCompile,
}

/// A program's entry in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) libtest: Libtest,
    pub(crate) tests: &'static [Test],
    /// Whether something never ends by itself, so that a short timeout is needed.
    pub(crate) hangs: bool,
}

pub(crate) const fn entry(name: &'static str, libtest: Libtest, tests: &'static [Test]) -> Entry {
    Entry { name, libtest, tests, hangs: false }
}

pub(crate) const fn hanging(name: &'static str, libtest: Libtest, tests: &'static [Test]) -> Entry {
    Entry { name, libtest, tests, hangs: true }
}

#[test]
fn an_exception_holds_in_its_modes_alone() {
    let test = ok("x").but(&[Mode::Pooled], Verdict::Either).but(ALONE, Verdict::Failed("y"));
    assert_eq!(test.verdict(Mode::Serial), Verdict::Ok);
    assert_eq!(test.verdict(Mode::Pooled), Verdict::Either);
    assert_eq!(test.verdict(Mode::Isolated), Verdict::Failed("y"));
}
