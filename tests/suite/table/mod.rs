//! What every test of every program in `fixtures/programs/tests` must come out as.

mod harmless;
mod hostile;

use crate::expect::Entry;

pub(crate) fn entries() -> impl Iterator<Item = &'static Entry> {
    harmless::PROGRAMS.iter().chain(hostile::PROGRAMS)
}

/// The entry of a program.
pub(crate) fn entry(name: &str) -> &'static Entry {
    entries().find(|entry| entry.name == name).unwrap_or_else(|| panic!("`{name}` is not in the table"))
}

#[test]
fn every_program_is_in_the_table_and_every_entry_is_a_program() {
    let folder = std::path::Path::new(crate::build::ROOT).join("fixtures/programs/tests");
    let files = std::fs::read_dir(folder).expect("the folder of the programs").flatten();
    let mut programs: Vec<String> =
        files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    let mut names: Vec<&str> = entries().map(|entry| entry.name).collect();
    programs.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, programs);
}
