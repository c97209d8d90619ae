//! Reads an expression. What is wrong with it is shown at its place.

use std::fmt;
use std::ops::Range;

use super::super::nearest::{self, listed};
use super::{Expression, KINDS, Subject};
use crate::model::Matcher;

/// How deep an expression may be nested: it is read and asked by functions that call themselves.
const DEEPEST: usize = 100;

const SUBJECTS: [(&str, Subject); 6] = [
    ("package", Subject::Package),
    ("binary", Subject::Binary),
    ("binary_id", Subject::BinaryId),
    ("kind", Subject::Kind),
    ("test", Subject::Test),
    ("context", Subject::Context),
];

/// Words of nextest's that are not in this language, and what there is in their place.
const ELSEWHERE: [(&str, &str); 5] = [
    ("deps", "name the packages, or choose them with `-p`"),
    ("rdeps", "name the packages, or choose them with `-p`"),
    ("group", "name the tests or their context"),
    ("platform", "choose the platform with `--target`"),
    ("default", "write out what is meant"),
];

/// What is wrong with an expression, and where.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Wrong {
    what: String,
    /// The line of the expression in which it is, and the characters of it.
    line: String,
    place: Range<usize>,
    /// What to do.
    advice: String,
}

impl fmt::Display for Wrong {
    /// Several lines, the last of which says what to do.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.place.len().max(1);
        writeln!(out, "{}", self.what)?;
        writeln!(out, "    {}", self.line)?;
        writeln!(out, "    {:start$}{:^>width$}", "", "", start = self.place.start)?;
        write!(out, "{}", self.advice)
    }
}

/// Reads an expression.
pub(in super::super) fn parse(text: &str) -> Result<Expression, Wrong> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expression = parser.any()?;
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(expression);
    }
    let (what, advice) = match parser.rest().starts_with(')') {
        true => ("this parenthesis closes nothing", "take it out, or open one before it"),
        false => ("an operator is missing before this", "put `and` or `or` before it"),
    };
    Err(parser.wrong(what, parser.word(), advice))
}

struct Parser<'text> {
    text: &'text str,
    /// The byte that is read next.
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Expression, Wrong> {
        let mut parts = vec![self.every()?];
        while self.operator(&["or", "||", "|", "+"]) {
            parts.push(self.every()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    fn every(&mut self) -> Result<Expression, Wrong> {
        let mut parts = vec![self.one()?];
        loop {
            if self.operator(&["and", "&&", "&"]) {
                parts.push(self.one()?);
            } else if self.operator(&["-"]) {
                parts.push(Expression::Not(Box::new(self.one()?)));
            } else {
                break;
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Every(parts) })
    }

    fn one(&mut self) -> Result<Expression, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(
                &format!("the expression is nested more than {DEEPEST} deep"),
                self.word(),
                "take parentheses and `not`s out",
            ));
        }
        let one = if self.operator(&["not", "!"]) {
            Expression::Not(Box::new(self.one()?))
        } else if self.operator(&["("]) {
            let open = self.at - 1..self.at;
            let inner = self.any()?;
            self.skip_space();
            if self.rest().is_empty() {
                return Err(self.wrong(
                    "this parenthesis is not closed",
                    open,
                    "put a `)` behind what belongs in it",
                ));
            }
            if !self.operator(&[")"]) {
                return Err(self.wrong(
                    "an operator is missing before this",
                    self.word(),
                    "put `and` or `or` before it",
                ));
            }
            inner
        } else {
            self.predicate()?
        };
        self.depth -= 1;
        Ok(one)
    }

    /// `name(matcher)`.
    fn predicate(&mut self) -> Result<Expression, Wrong> {
        self.skip_space();
        let place = self.word();
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let length = self.rest().find(|letter| !is_name(letter)).unwrap_or(self.rest().len());
        let (name, start) = (self.rest()[..length].to_owned(), self.at);
        let subject = SUBJECTS.iter().find(|(known, _)| *known == name).map(|(_, subject)| *subject);
        if name.is_empty() {
            let advice = "write what is meant there, as in `package(NAME)` or `test(NAME)`";
            return Err(self.wrong("something is missing here", place, advice));
        }
        let is_known = subject.is_some() || name == "all" || name == "none";
        if !is_known || ["and", "or", "not"].contains(&&*name) {
            return Err(self.unknown(&name, start..start + length));
        }
        self.at += length;
        self.skip_space();
        if !self.rest().starts_with('(') {
            let example = if subject.is_some() { format!("`{name}(NAME)`") } else { format!("`{name}()`") };
            return Err(self.wrong(
                &format!("`{name}` has no parentheses behind it"),
                start..start + length,
                &format!("write {example}"),
            ));
        }
        let open = self.at..self.at + 1;
        self.at += 1;
        let (text, place) = self.argument(open)?;
        match subject {
            Some(subject) => self.matcher(subject, (&text, place)).map(|it| Expression::Is(subject, it)),
            None if !text.is_empty() => {
                Err(self.wrong(&format!("`{name}` takes nothing"), place, &format!("write `{name}()`")))
            }
            None if name == "all" => Ok(Expression::All),
            None => Ok(Expression::None),
        }
    }

    fn unknown(&self, name: &str, place: Range<usize>) -> Wrong {
        if let Some((_, advice)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
            return self.wrong(&format!("`{name}` is nextest's, and not in this language"), place, advice);
        }
        let known = || SUBJECTS.iter().map(|(known, _)| *known).chain(["all", "none"]);
        let behind = self.rest().get(name.len()..).unwrap_or_default().trim_start();
        let advice = match nearest::nearest(name, known()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if !behind.starts_with('(') => {
                format!("for tests with that in their names write `test({name})`")
            }
            None => format!("write one of {}", listed(known())),
        };
        self.wrong(&format!("the language has no `{name}`"), place, &advice)
    }

    /// The text up to the parenthesis that closes it, as it is written but for spaces around it, and its place.
    fn argument(&mut self, open: Range<usize>) -> Result<(String, Range<usize>), Wrong> {
        let start = self.at;
        let mut letters = self.text[start..].char_indices();
        while let Some((offset, letter)) = letters.next() {
            match letter {
                '\\' => drop(letters.next()),
                ')' => {
                    let text = &self.text[start..start + offset];
                    let from = start + (text.len() - text.trim_start().len());
                    self.at = start + offset + 1;
                    let text = text.trim().to_owned();
                    let place = from.min(start + offset)..(from + text.len()).max(from);
                    return Ok((text, place));
                }
                _ => {}
            }
        }
        Err(self.wrong("this parenthesis is not closed", open, "put a `)` behind what belongs in it"))
    }

    fn matcher(&self, subject: Subject, (text, place): (&str, Range<usize>)) -> Result<Matcher, Wrong> {
        let (sign, body) = match text.chars().next() {
            Some(sign @ ('=' | '~' | '#' | '/')) => (Some(sign), text[1..].trim_start()),
            _ => (None, text),
        };
        if sign == Some('/') {
            let advice = "write `~TEXT` for names that contain it, or `#PATTERN` with `*` and `?`";
            return Err(self.wrong("there are no regular expressions in this language", place, advice));
        }
        if body.is_empty() {
            return Err(self.wrong("a name is missing here", place, "write one, or `all()` for every test"));
        }
        if body.contains(char::is_control) {
            return Err(self.wrong("no name has line breaks or the like", place, "take them out"));
        }
        let plain = || without_escapes(body);
        let matcher = match (sign, subject) {
            (Some('='), _) | (None, Subject::Kind) => Matcher::Equals(plain()),
            (Some('~'), _) => Matcher::Contains(plain()),
            // As in nextest, a test is named by part of its name.
            (None, Subject::Test) if !has_wildcards(body) => Matcher::Contains(plain()),
            _ => Matcher::Glob(body.to_owned()),
        };
        match &matcher {
            Matcher::Equals(kind) if subject == Subject::Kind && !KINDS.contains(&&**kind) => {
                let advice = nearest::advice(kind, KINDS.iter().copied());
                Err(self.wrong(&format!("there is no kind `{kind}`"), place, &advice))
            }
            _ => Ok(matcher),
        }
    }

    /// Goes on behind one of the operators, if one is next.
    fn operator(&mut self, spelt: &[&str]) -> bool {
        self.skip_space();
        let rest = self.rest();
        let is_next = |operator: &&&str| {
            let is_word = operator.starts_with(char::is_alphabetic);
            rest.strip_prefix(**operator).is_some_and(|behind| {
                !is_word || !behind.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            })
        };
        let found = spelt.iter().find(is_next);
        self.at += found.map_or(0, |operator| operator.len());
        found.is_some()
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// The place of what is next, up to a space or a parenthesis; behind the end if nothing is.
    fn word(&self) -> Range<usize> {
        let rest = self.rest();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let is_end = |letter: char| letter.is_whitespace() || letter == '(' || letter == ')';
        let length = rest.find(is_end).unwrap_or(rest.len());
        self.at..self.at + length.max(first)
    }

    /// `place` are bytes.
    fn wrong(&self, what: &str, place: Range<usize>, advice: &str) -> Wrong {
        let start = self.text[..place.start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[place.start..].find('\n').map_or(self.text.len(), |at| place.start + at);
        let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
        let count = |range: Range<usize>| self.text.get(range).map_or(0, |text| text.chars().count());
        let column = count(start..place.start);
        let width = count(place.start..place.end.min(end).max(place.start));
        Wrong {
            what: what.chars().map(shown).collect(),
            line: self.text[start..end].chars().map(shown).collect(),
            place: column..column + width,
            advice: advice.chars().map(shown).collect(),
        }
    }
}

fn has_wildcards(text: &str) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '*' | '?' => return true,
            _ => {}
        }
    }
    false
}

fn without_escapes(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::new();
    while let Some(letter) = letters.next() {
        plain.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match parse(text) {
            Ok(expression) => panic!("{text} is {expression:?}"),
            Err(wrong) => wrong.to_string(),
        }
    }

    #[test]
    fn operators_bind_as_in_nextest() {
        let test = |text: &str| Expression::Is(Subject::Test, Matcher::Contains(text.to_owned()));
        let not = |inner| Expression::Not(Box::new(inner));
        let mixed = Expression::Any(vec![test("a"), Expression::Every(vec![test("b"), not(test("c"))])]);
        for text in [
            "test(a) or test(b) and not test(c)",
            "test(a)|test(b)&!test(c)",
            "test( a ) + test(b) - test(c)",
            " (test(a)) || ((test(b)) && ! test(c)) ",
            "test(~a)\n or\n test(~b) and not(test(~c))",
        ] {
            assert_eq!(parse(text), Ok(mixed.clone()), "{text}");
        }
        assert_eq!(parse("(test(a) or test(b)) and test(c)"), {
            Ok(Expression::Every(vec![Expression::Any(vec![test("a"), test("b")]), test("c")]))
        });
    }

    #[test]
    fn matchers_are_nextest_s() {
        for (text, expected) in [
            ("test(a)", Matcher::Contains("a".to_owned())),
            ("test(=a::b)", Matcher::Equals("a::b".to_owned())),
            ("test(= a)", Matcher::Equals("a".to_owned())),
            ("test(#a*)", Matcher::Glob("a*".to_owned())),
            ("test(a*)", Matcher::Glob("a*".to_owned())),
            (r"test(a\*)", Matcher::Contains("a*".to_owned())),
            (r"test(=a \(line 3\))", Matcher::Equals("a (line 3)".to_owned())),
            ("package(a)", Matcher::Glob("a".to_owned())),
            ("binary(~a)", Matcher::Contains("a".to_owned())),
            ("kind(lib)", Matcher::Equals("lib".to_owned())),
            ("context(db::*)", Matcher::Glob("db::*".to_owned())),
        ] {
            match parse(text) {
                Ok(Expression::Is(_, matcher)) => assert_eq!(matcher, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_wrong_is_shown_at_its_place() {
        for (text, place, what, advice) in [
            ("tset(a)", "^^^^", "the language has no `tset`", "did you mean `test`?"),
            (
                "test(a) test(b)",
                "        ^^^^",
                "an operator is missing before this",
                "put `and` or `or` before it",
            ),
            ("test(a", "    ^", "this parenthesis is not closed", "put a `)` behind what belongs in it"),
            ("(test(a)", "^", "this parenthesis is not closed", "put a `)` behind what belongs in it"),
            ("test(a))", "       ^", "this parenthesis closes nothing", "take it out, or open one before it"),
            ("test()", "     ^", "a name is missing here", "write one, or `all()` for every test"),
            (
                "test(a) and",
                "           ^",
                "something is missing here",
                "write what is meant there, as in `package(NAME)` or `test(NAME)`",
            ),
            ("kind(libs)", "     ^^^^", "there is no kind `libs`", "did you mean `lib`?"),
            ("all(x)", "    ^", "`all` takes nothing", "write `all()`"),
            ("test", "^^^^", "`test` has no parentheses behind it", "write `test(NAME)`"),
            (
                "price_of_two",
                "^^^^^^^^^^^^",
                "the language has no `price_of_two`",
                "for tests with that in their names write `test(price_of_two)`",
            ),
            (
                "test(/a+/)",
                "     ^^^^",
                "there are no regular expressions in this language",
                "write `~TEXT` for names that contain it, or `#PATTERN` with `*` and `?`",
            ),
            (
                "test(ü) or deps(a)",
                "           ^^^^",
                "`deps` is nextest's, and not in this language",
                "name the packages, or choose them with `-p`",
            ),
        ] {
            assert_eq!(refusal(text), format!("{what}\n    {text}\n    {place}\n{advice}"), "{text}");
        }
        let of_lines = refusal("test(a)\n  and tset(b)");
        assert!(of_lines.contains("\n      and tset(b)\n          ^^^^\n"), "{of_lines}");
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        for text in ["(".repeat(100_000), "not ".repeat(100_000), "!(".repeat(50_000) + "all()"] {
            assert!(refusal(&text).starts_with("the expression is nested more than 100 deep"));
        }
        let wide = vec!["test(a)"; 10_000].join(" or ");
        assert!(matches!(parse(&wide), Ok(Expression::Any(parts)) if parts.len() == 10_000));
    }

    /// Whatever is typed gives an answer or an error, which ends with what to do.
    #[test]
    fn no_text_is_too_odd() {
        let pieces = [
            "test",
            "package",
            "(",
            ")",
            "=",
            "~",
            "#",
            "/",
            "*",
            "\\",
            " ",
            "\n",
            "and",
            "or",
            "not",
            "!",
            "&",
            "|",
            "-",
            "+",
            "all()",
            "none",
            "ü",
            "\u{0}",
            "kind(lib)",
            "日",
            "a",
            "",
        ];
        // A generator of numbers that is as good as any: xorshift.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap_or(0)
        };
        let count = if cfg!(miri) { 200 } else { 50_000 };
        let mut understood = 0;
        for _ in 0..count {
            let length = next(12);
            let text: String = (0..length).map(|_| pieces[next(pieces.len())]).collect();
            match parse(&text) {
                Ok(expression) => {
                    understood += 1;
                    expression.on(&super::super::Target::default(), "a");
                }
                Err(wrong) => assert_eq!(wrong.to_string().lines().count(), 4, "{text:?}\n{wrong}"),
            }
        }
        assert!(understood > 0);
    }
}
