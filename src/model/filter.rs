//! Which tests are meant, as a program says it: an expression over names of tests and of contexts.
//!
//! `cargo snout` makes one of what the user wrote, with all in it decided that is known of a test binary from outside; the harness asks it
//! about each test.

/// How a name is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matcher {
    Equals(String),
    Contains(String),
    /// `*` stands for any text, `?` for one character, and what is behind `\` for itself.
    Glob(String),
}

impl Matcher {
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Matcher::Equals(text) => name == text,
            Matcher::Contains(text) => name.contains(&**text),
            Matcher::Glob(pattern) => glob(pattern, name),
        }
    }
}

/// Whether a pattern fits all of a name. Takes no longer than one length times the other.
fn glob(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // Where to go on when something does not fit: behind the last star, with one character more for that.
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = (pattern.clone(), name.clone());
        let fits = match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                name = before.1;
                again = Some((pattern.clone(), name.clone()));
                continue;
            }
            (Some('?'), Some(_)) => true,
            (Some('\\'), Some(letter)) => pattern.next() == Some(letter),
            (Some(expected), Some(letter)) => expected == letter,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !fits {
            let Some((behind, rest)) = &mut again else { return false };
            if rest.next().is_none() {
                return false;
            }
            (pattern, name) = (behind.clone(), rest.clone());
        }
    }
}

/// An expression about the tests of one binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    #[default]
    All,
    None,
    /// The test's name.
    Test(Matcher),
    /// The path of some module around the test that has fixtures or options.
    Context(Matcher),
    Not(Box<Filter>),
    Any(Vec<Filter>),
    Every(Vec<Filter>),
}

impl Filter {
    /// Whether it takes a test of this name; `contexts` are the paths of the contexts it is in.
    pub(crate) fn takes(&self, test: &str, contexts: &[&str]) -> bool {
        match self {
            Filter::All => true,
            Filter::None => false,
            Filter::Test(matcher) => matcher.matches(test),
            Filter::Context(matcher) => contexts.iter().any(|path| matcher.matches(path)),
            Filter::Not(filter) => !filter.takes(test, contexts),
            Filter::Any(filters) => filters.iter().any(|filter| filter.takes(test, contexts)),
            Filter::Every(filters) => filters.iter().all(|filter| filter.takes(test, contexts)),
        }
    }

    /// Reads what [`Filter::takes`] is to be asked of from lines, the operator before what it joins.
    pub(super) fn read<'text>(lines: &mut impl Iterator<Item = &'text str>) -> Option<Filter> {
        let line = lines.next()?;
        let several = |count: &str, lines: &mut _| {
            let count: usize = count.parse().ok()?;
            (0..count).map(|_| Filter::read(lines)).collect::<Option<Vec<_>>>()
        };
        Some(match line.split_once(' ').unwrap_or((line, "")) {
            ("all", "") => Filter::All,
            ("none", "") => Filter::None,
            ("not", "") => Filter::Not(Box::new(Filter::read(lines)?)),
            ("any", count) => Filter::Any(several(count, lines)?),
            ("every", count) => Filter::Every(several(count, lines)?),
            ("test", matcher) => Filter::Test(Matcher::read(matcher)?),
            ("context", matcher) => Filter::Context(Matcher::read(matcher)?),
            _ => return None,
        })
    }
}

impl Matcher {
    fn read(text: &str) -> Option<Matcher> {
        let mut letters = text.chars();
        Some(match (letters.next()?, letters.as_str().to_owned()) {
            ('=', text) => Matcher::Equals(text),
            ('~', text) => Matcher::Contains(text),
            ('#', text) => Matcher::Glob(text),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_fit_whole_names() {
        for (pattern, name, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "a::b", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aüc", true),
            ("??", "a", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"*\", "a", false),
            ("*::inner::*", "a::inner::b", true),
            ("*ab", "aab", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        assert!(!glob(&"*a".repeat(500), &"a".repeat(400)));
        assert!(glob(&"*a".repeat(300), &"a".repeat(400)));
    }

    #[test]
    fn expressions_are_asked_of_names_and_contexts() {
        let test = |text: &str| Filter::Test(Matcher::Contains(text.to_owned()));
        let db = || Filter::Context(Matcher::Glob("db*".to_owned()));
        for (filter, taken) in [
            (Filter::All, true),
            (Filter::None, false),
            (test("sert"), true),
            (test("x"), false),
            (db(), true),
            (Filter::Not(Box::new(db())), false),
            (Filter::Any(vec![test("x"), db()]), true),
            (Filter::Every(vec![test("x"), db()]), false),
            (Filter::Every(vec![]), true),
            (Filter::Any(vec![]), false),
        ] {
            assert_eq!(filter.takes("a::db1::inserts", &["a", "db1"]), taken, "{filter:?}");
        }
        assert!(!db().takes("db1::inserts", &[]), "a module that is no context");
    }

    #[test]
    fn what_is_no_expression_is_not_read() {
        for text in ["", "some", "test", "test x", "any", "any x", "any 2\nall", "not", "every -1", "all 1"] {
            assert_eq!(Filter::read(&mut text.lines()), None, "{text}");
        }
    }
}
