//! Reads `snout.toml`, or the table of that in `Cargo.toml`. What is wrong is shown at its place.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::filter::{self, Expression};
use super::super::nearest;
use super::super::problem::Problem;
use super::keys::{self, Key, OF_OVERRIDES, OF_PROFILES};
use crate::model::Stated;

const FILE: &str = "snout.toml";

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// As a user calls it; empty if there is none.
    pub(super) name: String,
    pub(super) profiles: Vec<Profile>,
}

#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    /// The profile that it takes everything from which it does not say itself.
    pub(super) inherits: Option<String>,
    /// Keys, values and lines.
    pub(super) values: Vec<(&'static Key, String, usize)>,
    pub(super) overrides: Vec<Override>,
}

/// Options of some tests.
#[derive(Clone, Debug)]
pub(super) struct Override {
    /// As it was written.
    pub(super) text: String,
    pub(super) filter: Expression,
    pub(super) stated: Stated,
    /// Keys and values, as they are shown.
    pub(super) values: Vec<(&'static str, String)>,
    pub(super) line: usize,
}

/// Reads what there is in the root of a workspace.
pub(super) fn read(root: &Path) -> Result<File, Problem> {
    let (own, manifest) = (root.join(FILE), root.join("Cargo.toml"));
    let texts = (text_of(&own)?, text_of(&manifest)?.unwrap_or_default());
    // Most manifests have nothing of ours, and need not be understood.
    let has_table = texts.1.contains("metadata") && texts.1.contains("snout");
    let in_manifest =
        if has_table { Source { name: "Cargo.toml", text: &texts.1 }.in_manifest()? } else { None };
    match (&texts.0, in_manifest) {
        (Some(_), Some(_)) => Err(Problem::new(
            "there is a configuration in `snout.toml` and one in `Cargo.toml`: move what is in the one to the other",
        )),
        (Some(text), None) => {
            let source = Source { name: FILE, text };
            source.file(&source.parsed()?)
        }
        (None, Some(file)) => Ok(file),
        (None, None) => Ok(File::default()),
    }
}

fn text_of(path: &PathBuf) -> Result<Option<String>, Problem> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::path("read", path, &error)),
    }
}

type Value<'text> = Spanned<DeValue<'text>>;

/// A text to read from, for its places.
struct Source<'text> {
    name: &'static str,
    text: &'text str,
}

impl<'text> Source<'text> {
    fn parsed(&self) -> Result<DeTable<'text>, Problem> {
        let table = DeTable::parse(self.text).map(Spanned::into_inner);
        table.map_err(|error| {
            let place = error.span().unwrap_or(0..0);
            self.wrong(
                place,
                error.message().lines().next().unwrap_or_default(),
                "see https://toml.io for how it is written",
            )
        })
    }

    /// The table of that in a manifest: of the workspace, or of a package that is one by itself.
    fn in_manifest(&self) -> Result<Option<File>, Problem> {
        // What is wrong with a manifest cargo says better.
        let Ok(all) = self.parsed() else { return Ok(None) };
        let table = |of: &str| {
            let table = all.get(of)?.get_ref().as_table()?.get("metadata")?.get_ref().as_table()?;
            table.get("snout")
        };
        let Some(found) = table("workspace").or_else(|| table("package")) else { return Ok(None) };
        self.file(self.table(found)?).map(Some)
    }

    fn file(&self, table: &DeTable<'text>) -> Result<File, Problem> {
        let mut file = File { name: self.name.to_owned(), profiles: Vec::new() };
        for (key, value) in table {
            if key.get_ref() != "profile" {
                return Err(self.unknown(key.span(), key.get_ref(), &["profile"]));
            }
            for (name, value) in self.table(value)? {
                file.profiles.push(self.profile(name.get_ref(), self.table(value)?)?);
            }
        }
        Ok(file)
    }

    fn profile(&self, name: &str, table: &DeTable<'text>) -> Result<Profile, Problem> {
        let mut profile = Profile { name: name.to_owned(), ..Profile::default() };
        for (key, value) in table {
            match &**key.get_ref() {
                "inherits" => {
                    let parent = value.get_ref().as_str().map(str::to_owned);
                    profile.inherits = Some(parent.ok_or_else(|| {
                        self.wrong(value.span(), "this is no name of a profile", "write one in quotes")
                    })?);
                }
                "overrides" => {
                    let all = value.get_ref().as_array().ok_or_else(|| {
                        let advice = format!("write `[[profile.{name}.overrides]]` above each");
                        self.wrong(value.span(), "these are no tables", &advice)
                    })?;
                    for one in all.iter() {
                        profile.overrides.push(self.an_override(one)?);
                    }
                }
                own => {
                    let Some(known) = OF_PROFILES.iter().find(|known| known.name == own) else {
                        let names: Vec<&str> =
                            OF_PROFILES.iter().map(|key| key.name).chain(["inherits", "overrides"]).collect();
                        return Err(self.unknown(key.span(), own, &names));
                    };
                    let text = self.value(known, value)?;
                    profile.values.push((known, text, self.line(key.span().start)));
                }
            }
        }
        // As they were written: the parser has them by name.
        profile.values.sort_by_key(|(.., line)| *line);
        Ok(profile)
    }

    fn an_override(&self, value: &Value<'text>) -> Result<Override, Problem> {
        let table = self.table(value)?;
        let (mut filter, mut stated, mut values) = (None, Stated::default(), Vec::new());
        for (key, value) in table {
            let name = &**key.get_ref();
            if name == "filter" {
                filter = Some(self.filter(value)?);
                continue;
            }
            let Some(known) = OF_OVERRIDES.iter().find(|known| known.name == name) else {
                let names: Vec<&str> = OF_OVERRIDES.iter().map(|key| key.name).chain(["filter"]).collect();
                return Err(self.unknown(key.span(), name, &names));
            };
            let text = self.value(known, value)?;
            keys::state(&mut stated, known.name, &text);
            values.push((known.name, text.replace('\n', ", ")));
        }
        let Some((text, filter)) = filter else {
            let advice =
                "write one, like `filter = \"test(slow)\"`; what is for all tests belongs into the profile";
            return Err(self.wrong(value.span(), "this override has no filter", advice));
        };
        Ok(Override { text, filter, stated, values, line: self.line(value.span().start) })
    }

    fn filter(&self, value: &Value<'text>) -> Result<(String, Expression), Problem> {
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.wrong(
                value.span(),
                "this is no filter",
                "write one in quotes, like \"test(slow)\"",
            ));
        };
        let line = self.line(value.span().start);
        let filter = filter::parse(text)
            .map_err(|wrong| Problem::new(format!("in the filter in {}, line {line}: {wrong}", self.name)))?;
        Ok((text.to_owned(), filter))
    }

    fn value(&self, key: &Key, value: &Value<'text>) -> Result<String, Problem> {
        keys::read(key.shape, value.get_ref()).map_err(|(what, advice)| {
            self.wrong(value.span(), &format!("{what} (`{}`: {})", key.name, key.help), &advice)
        })
    }

    fn table<'value>(&self, value: &'value Value<'text>) -> Result<&'value DeTable<'text>, Problem> {
        let advice = "write it as `[profile.default]` and keys below that";
        value.get_ref().as_table().ok_or_else(|| self.wrong(value.span(), "this is no table", advice))
    }

    fn unknown(&self, place: Range<usize>, name: &str, known: &[&str]) -> Problem {
        self.wrong(
            place,
            &format!("there is no key `{}`", name.escape_debug()),
            &nearest::advice(name, known.iter().copied()),
        )
    }

    fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    /// Lines that show the place, the last of which says what to do.
    fn wrong(&self, place: Range<usize>, what: &str, advice: &str) -> Problem {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let column = before[start..].chars().count();
        let inside = self.text.get(place.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
        let width = inside.chars().count().max(1);
        let shown: String =
            line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        Problem::new(format!(
            "in {}, line {}: {what}\n    {shown}\n    {:column$}{:^>width$}\n{advice}",
            self.name,
            self.line(place.start),
            "",
            ""
        ))
    }
}

#[cfg(test)]
pub(super) fn read_text(text: &str) -> Result<File, Problem> {
    let source = Source { name: FILE, text };
    source.file(&source.parsed()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Wrong = (&'static str, usize, &'static str, &'static str, &'static str);

    /// The text; line and place of what is wrong with it; what is said, and what to do.
    const WRONG: [Wrong; 7] = [
        (
            "[profile.ci]\ntiemout = \"5s\"\n",
            2,
            "tiemout",
            "there is no key `tiemout`",
            "did you mean `timeout`?",
        ),
        ("[profiles.ci]\n", 1, "profiles", "there is no key `profiles`", "did you mean `profile`?"),
        (
            "[profile.ci]\ntimeout = 5\n",
            2,
            "5",
            "this is no duration",
            "write it like \"500ms\", \"5s\" or \"2m\", in quotes",
        ),
        (
            "[profile.ci]\nretries = -1\n",
            2,
            "-1",
            "this is no such number",
            "write a whole number from 0 to 65535",
        ),
        (
            "[profile.ci]\nisolate = \"alwys\"\n",
            2,
            "\"alwys\"",
            "this is none of the values",
            "did you mean `always`?",
        ),
        (
            "[[profile.ci.overrides]]\nfilter = \"all()\"\nretires = 1\n",
            3,
            "retires",
            "there is no key `retires`",
            "did you mean `retries`?",
        ),
        ("profile = 3", 1, "3", "this is no table", "write it as `[profile.default]` and keys below that"),
    ];

    #[test]
    fn what_is_wrong_is_shown_at_its_place() {
        for (text, line, marked, said, advice) in WRONG {
            let told = read_text(text).unwrap_err().line().unwrap_or_default();
            let lines: Vec<&str> = told.lines().collect();
            assert!(lines[0].starts_with(&format!("error: in snout.toml, line {line}: {said}")), "{told}");
            let marks = lines[2].find('^').map(|at| &lines[1][at..at + lines[2].trim().len()]);
            assert_eq!(marks, Some(marked), "{told}");
            assert_eq!(lines[3], advice);
        }
        let told = read_text("[profile.ci\n").unwrap_err().line().unwrap_or_default();
        assert!(told.starts_with("error: in snout.toml, line 1: "), "{told}");
        let told = read_text("[[profile.ci.overrides]]\nfilter = \"tset(a)\"\n")
            .unwrap_err()
            .line()
            .unwrap_or_default();
        assert!(
            told.starts_with("error: in the filter in snout.toml, line 2: the language has no `tset`\n"),
            "{told}"
        );
        let told =
            read_text("[[profile.ci.overrides]]\nretries = 1\n").unwrap_err().line().unwrap_or_default();
        assert!(told.contains("this override has no filter"), "{told}");
    }

    /// Whatever a file says is understood or refused, with what to do in the last line.
    #[test]
    fn no_file_is_too_odd() {
        let pieces = [
            "[profile.ci]",
            "[[profile.ci.overrides]]",
            "[",
            "]",
            "=",
            "\"",
            "'",
            "\n",
            "timeout",
            "filter",
            "\"all()\"",
            "\"5s\"",
            "3",
            "true",
            "{",
            "}",
            ".",
            ",",
            "ü",
            "\u{0}",
            "profile",
            "inherits",
            " ",
            "#",
            "resource",
            "日",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap_or(0)
        };
        let count = if cfg!(miri) { 100 } else { 20_000 };
        for _ in 0..count {
            let length = next(14);
            let text: String = (0..length).map(|_| pieces[next(pieces.len())]).collect();
            if let Err(problem) = read_text(&text) {
                assert!(problem.line().is_some_and(|told| told.lines().count() == 4), "{text:?}");
            }
        }
    }
}
