//! The record of runs with fixtures and plugins says what the report says.

use std::fs;

use super::{Ran, Road, run_with};
use crate::process::scratch;
use crate::record;

/// Runs a program; its record, which has to be in accord with the report.
fn recorded(name: &'static str, road: Road, variables: &[(&str, &str)]) -> (Ran, String) {
    let folder = scratch();
    let path = folder.join("record").display().to_string();
    let ran = run_with(name, road, &[], &[variables, &[("SNOUT_RECORD", &path)]].concat());
    let text = fs::read_to_string(&path).unwrap_or_else(|_| ran.fail("there is no record"));
    fs::remove_dir_all(&folder).ok();
    let wrong = record::read(&text).differences(&ran.text());
    if !wrong.is_empty() {
        ran.fail(&format!("`{name}`, {road:?}:\n  {}", wrong.join("\n  ")));
    }
    (ran, text)
}

#[test]
fn on_every_road() {
    for road in Road::all() {
        for name in ["order", "generated", "plugins"] {
            recorded(name, road, &[]);
        }
    }
}

#[test]
fn where_processes_end_too() {
    for road in Road::SAFE {
        for name in ["attempts", "deaths", "output", "set_ups", "tear_downs"] {
            recorded(name, road, &[]);
        }
        recorded("shared_troubles", road, &[("SNOUT_TIMEOUT", "3s")]);
    }
}

#[test]
fn what_plugins_say_and_do_wrong_is_there() {
    for road in Road::all() {
        let (_, text) = recorded("plugins_break", road, &[("BREAKS", "after")]);
        let report = r#"{"event":"report","plugin":"GOOD","output":"heard of 4"}"#;
        let trouble = r#"{"event":"trouble","plugin":"first::BREAKS","phase":"after","how":"failed","error":"it panicked: broken after","#;
        for line in [report, trouble] {
            assert!(text.lines().any(|it| it.starts_with(line)), "{road:?}: {text}");
        }
    }
}
