//! The language in which a user says which tests are meant: `package(shop) and not test(~slow)`.
//!
//! Of a test binary package, name and kind are known before it runs. So an expression is taken apart: what can be decided for a whole binary
//! is decided here, and only what is left over, about names of tests and contexts, is asked where these are known, in the harness.

mod parse;
mod told;

use crate::model::{Filter, Matcher};

pub(super) use parse::parse;
pub(super) use told::instructions;

/// What of a test a word of the language is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Package,
    /// The target's name.
    Binary,
    /// What a report calls it: `shop::api`.
    BinaryId,
    Kind,
    Test,
    Context,
}

/// An expression as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    All,
    None,
    Is(Subject, Matcher),
    Not(Box<Expression>),
    Any(Vec<Expression>),
    Every(Vec<Expression>),
}

/// What is known of a suite from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) package: String,
    pub(super) binary: String,
    /// One of [`KINDS`].
    pub(super) kind: String,
}

/// The kinds of suites.
pub(super) const KINDS: [&str; 7] = ["lib", "bin", "test", "example", "bench", "proc-macro", "doc"];

/// That of the documentation of a library.
const DOC: &str = "doc";

impl Expression {
    /// What is left to ask of each test of a suite, which a report calls `id`. `All` and `None` leave nothing.
    ///
    /// rustdoc can be told no names of examples (it takes them apart at spaces, of which all have some). So `test` and `context` take none of them.
    pub(super) fn on(&self, target: &Target, id: &str) -> Filter {
        let decided = |is_taken| if is_taken { Filter::All } else { Filter::None };
        let each = |parts: &[Expression]| parts.iter().map(|part| part.on(target, id)).collect::<Vec<_>>();
        match self {
            Expression::All => Filter::All,
            Expression::None => Filter::None,
            Expression::Is(Subject::Package, matcher) => decided(matcher.matches(&target.package)),
            Expression::Is(Subject::Binary, matcher) => decided(matcher.matches(&target.binary)),
            Expression::Is(Subject::BinaryId, matcher) => decided(matcher.matches(id)),
            Expression::Is(Subject::Kind, matcher) => decided(matcher.matches(&target.kind)),
            Expression::Is(Subject::Test | Subject::Context, _) if target.kind == DOC => Filter::None,
            Expression::Is(Subject::Test, matcher) => Filter::Test(matcher.clone()),
            Expression::Is(Subject::Context, matcher) => Filter::Context(matcher.clone()),
            Expression::Not(part) => match part.on(target, id) {
                Filter::All => Filter::None,
                Filter::None => Filter::All,
                rest => Filter::Not(Box::new(rest)),
            },
            Expression::Any(parts) => join(each(parts), (Filter::All, Filter::None), Filter::Any),
            Expression::Every(parts) => join(each(parts), (Filter::None, Filter::All), Filter::Every),
        }
    }
}

impl Expression {
    /// What it says of packages and binaries that fits none of these suites, each with what a report calls it: a slip of the pen, as a rule.
    pub(super) fn strangers(&self, suites: &[(&Target, &str)]) -> Vec<String> {
        let fits = |name: fn((&Target, &str)) -> String, matcher: &Matcher| {
            suites.iter().any(|suite| matcher.matches(&name(*suite)))
        };
        let (word, is_known, matcher) = match self {
            Expression::Is(Subject::Package, it) => {
                ("package", fits(|(target, _)| target.package.clone(), it), it)
            }
            Expression::Is(Subject::Binary, it) => {
                ("binary", fits(|(target, _)| target.binary.clone(), it), it)
            }
            Expression::Is(Subject::BinaryId, it) => ("binary_id", fits(|(_, id)| id.to_owned(), it), it),
            Expression::Not(part) => return part.strangers(suites),
            Expression::Any(parts) | Expression::Every(parts) => {
                return parts.iter().flat_map(|part| part.strangers(suites)).collect();
            }
            Expression::All | Expression::None | Expression::Is(..) => return Vec::new(),
        };
        let text = match matcher {
            Matcher::Equals(text) => format!("={text}"),
            Matcher::Contains(text) => format!("~{text}"),
            Matcher::Glob(text) => text.clone(),
        };
        if is_known { Vec::new() } else { vec![format!("{word}({text})")] }
    }
}

/// Joins what is not decided. One that is `deciding` decides; those that are `neutral` have no say.
fn join(
    parts: Vec<Filter>,
    (deciding, neutral): (Filter, Filter),
    joined: impl Fn(Vec<Filter>) -> Filter,
) -> Filter {
    if parts.contains(&deciding) {
        return deciding;
    }
    let mut open: Vec<Filter> = parts.into_iter().filter(|part| *part != neutral).collect();
    match open.len() {
        0 => neutral,
        1 => open.remove(0),
        _ => joined(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str, kind: &str) -> Filter {
        let target = Target { package: "shop".to_owned(), binary: "api".to_owned(), kind: kind.to_owned() };
        parse(text).unwrap_or_else(|wrong| panic!("{wrong}")).on(&target, "shop::api")
    }

    #[test]
    fn what_is_known_of_a_binary_is_decided() {
        for (text, expected) in [
            ("all()", Filter::All),
            ("none()", Filter::None),
            ("package(shop)", Filter::All),
            ("package(sho)", Filter::None),
            ("package(~sho)", Filter::All),
            ("package(s*)", Filter::All),
            ("package(=s*)", Filter::None),
            ("binary(api) and kind(test)", Filter::All),
            ("binary_id(shop::*)", Filter::All),
            ("kind(lib) or kind(bin)", Filter::None),
            ("not kind(test)", Filter::None),
            ("kind(lib) and test(a)", Filter::None),
            ("kind(test) or test(a)", Filter::All),
            ("package(cart) | !kind(test) | binary_id(=shop::api)", Filter::All),
            ("all() - package(shop)", Filter::None),
        ] {
            assert_eq!(left(text, "test"), expected, "{text}");
        }
    }

    #[test]
    fn what_is_about_tests_is_left() {
        let test = Filter::Test(Matcher::Contains("a".to_owned()));
        assert_eq!(left("package(shop) and test(a)", "test"), test);
        assert_eq!(left("package(cart) or (test(a) and all())", "test"), test);
        assert_eq!(left("not test(a)", "test"), Filter::Not(Box::new(test.clone())));
        let context = Filter::Context(Matcher::Glob("db".to_owned()));
        assert_eq!(left("test(a) or context(db)", "test"), Filter::Any(vec![test, context]));
    }

    #[test]
    fn what_fits_nothing_is_a_stranger() {
        let target = |binary: &str| Target {
            package: "shop".to_owned(),
            binary: binary.to_owned(),
            kind: "test".to_owned(),
        };
        let (api, till) = (target("api"), target("till"));
        let suites = [(&api, "shop::api"), (&till, "shop::till")];
        for (text, strangers) in [
            ("package(shop) and binary(t*) or test(nobody) or kind(bench)", &[][..]),
            ("package(=shop) and not binary_id(shop::t*)", &[]),
            ("package(shpo) or package(shop)", &["package(shpo)"]),
            ("not (binary(~pia) & binary_id(=api))", &["binary(~pia)", "binary_id(=api)"]),
        ] {
            let expression = parse(text).unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!(expression.strangers(&suites), strangers, "{text}");
        }
    }

    #[test]
    fn examples_in_documentation_have_no_names() {
        assert_eq!(left("test(a)", "doc"), Filter::None);
        assert_eq!(left("not test(a)", "doc"), Filter::All);
        assert_eq!(left("test(a) or kind(doc)", "doc"), Filter::All);
    }
}
