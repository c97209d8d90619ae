//! Writes down what a test binary is told about its tests, as `model::Instructions` reads it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::{Filter, Instructions, Matcher, Stated, ThreadMode};

/// The text of the file.
pub(in super::super) fn instructions(instructions: &Instructions) -> String {
    let mut text = String::new();
    filter(&instructions.filter, &mut text);
    if let Some(names) = &instructions.names {
        line(&mut text, format_args!("names {}", names.len()));
        // Sorted, for whoever looks into it.
        names
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .for_each(|name| line(&mut text, format_args!("{name}")));
    }
    for rule in &instructions.rules {
        line(&mut text, format_args!("rule"));
        filter(&rule.filter, &mut text);
        stated(&rule.stated, &mut text);
    }
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // To a string everything can be written.
    let _ = writeln!(text, "{words}");
}

fn filter(what: &Filter, text: &mut String) {
    match what {
        Filter::All => line(text, format_args!("all")),
        Filter::None => line(text, format_args!("none")),
        Filter::Test(it) => line(text, format_args!("test {}", matcher(it))),
        Filter::Context(it) => line(text, format_args!("context {}", matcher(it))),
        Filter::Not(part) => {
            line(text, format_args!("not"));
            filter(part, text);
        }
        Filter::Any(parts) | Filter::Every(parts) => {
            let word = if matches!(what, Filter::Any(_)) { "any" } else { "every" };
            line(text, format_args!("{word} {}", parts.len()));
            parts.iter().for_each(|part| filter(part, text));
        }
    }
}

fn matcher(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Equals(text) => format!("={text}"),
        Matcher::Contains(text) => format!("~{text}"),
        Matcher::Glob(text) => format!("#{text}"),
    }
}

fn stated(stated: &Stated, text: &mut String) {
    let Stated { timeout, serial, isolate, threads, retries, weight, resources } = stated;
    if let Some(limit) = timeout {
        line(text, format_args!("timeout {}", limit.map_or(0, |limit| limit.as_nanos())));
    }
    let mode = |mode: &ThreadMode| if *mode == ThreadMode::Fresh { "fresh" } else { "pooled" };
    let mut option = |key: &str, value: Option<String>| {
        value.into_iter().for_each(|value| line(text, format_args!("{key} {value}")));
    };
    option("serial", serial.map(|it| it.to_string()));
    option("isolate", isolate.map(|it| it.to_string()));
    option("threads", threads.as_ref().map(|it| mode(it).to_owned()));
    option("retries", retries.map(|it| it.to_string()));
    option("weight", weight.map(|it| it.to_string()));
    if resources.as_ref().is_some_and(Vec::is_empty) {
        option("resource", Some(String::new()));
    }
    resources.iter().flatten().for_each(|name| option("resource", Some(name.clone())));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Rule;

    #[test]
    fn instructions_are_read_as_they_were_written() {
        let matchers = [
            Matcher::Equals("a b".to_owned()),
            Matcher::Contains("=x".to_owned()),
            Matcher::Glob(r"*\*".to_owned()),
        ];
        let [equals, contains, glob] = matchers.map(Filter::Test);
        let inner = Filter::Every(vec![contains, Filter::Not(Box::new(glob))]);
        let context = Filter::Context(Matcher::Equals(String::new()));
        let stated = Stated {
            timeout: Some(Some(Duration::from_millis(1500))),
            serial: Some(true),
            isolate: Some(false),
            threads: Some(ThreadMode::Pooled),
            retries: Some(3),
            weight: Some(2),
            resources: Some(vec!["db".to_owned(), "a port".to_owned()]),
        };
        let none = Stated { timeout: Some(None), resources: Some(vec![]), ..Stated::default() };
        let rule = |stated| Rule { filter: Filter::None, stated };
        let whole = Instructions {
            filter: Filter::Any(vec![equals, inner, context]),
            names: Some(["a", "b::c"].map(str::to_owned).into()),
            rules: vec![rule(stated), rule(none), Rule::default()],
        };
        for told in [whole, Instructions::default()] {
            assert_eq!(Instructions::read(&instructions(&told)), Some(told));
        }
    }
}
