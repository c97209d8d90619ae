//! What processes of tests have from whoever started them: from `cargo snout` they have what they have from cargo.

use std::fs;

use crate::process::{run, scratch};
use crate::rig::Workspace;

/// Writes down what a process inherits. The thread's mask, and not that of the first one, which blocks signals while it makes threads.
const TOLD: &str = r#"
pub fn tell(name: &str) {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let kept = ["SigBlk:", "SigIgn:", "Umask:", "NoNewPrivs:"];
    let mut text: String = status.lines().filter(|line| kept.iter().any(|it| line.starts_with(it))).map(|line| format!("{line}\n")).collect();
    text.push_str(&std::fs::read_to_string("/proc/self/limits").unwrap());
    text.push_str(&format!("{:?}\n", std::fs::read_link("/proc/self/fd/0").unwrap()));
    let folder = std::path::PathBuf::from(std::env::var_os("TELL").unwrap());
    std::fs::write(folder.join(name), text).unwrap();
}
"#;

/// The C library has two signals for itself, which it makes a process ignore or not as it starts that.
fn without_the_library_s_own(line: &str) -> String {
    let ignored = line.strip_prefix("SigIgn:").and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.map_or_else(|| line.to_owned(), |mask| format!("SigIgn: {:x}", mask & !(0b11 << 31)))
}

#[test]
fn signals_limits_and_input_are_those_that_cargo_gives() {
    let workspace = Workspace::with(
        "inherits",
        &[
            (
                "Cargo.toml",
                "[package]\nname = \"inherits\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[[test]]\nname = \"custom\"\nharness = false\n",
            ),
            ("src/lib.rs", &format!("//! ```\n//! inherits::tell(\"documentation\");\n//! ```\n{TOLD}")),
            (
                "tests/usual.rs",
                "#[test] fn in_a_thread() { inherits::tell(\"test\"); }\n\
                 #[test] fn in_a_child() {\n\
                 let status = std::process::Command::new(\"cp\").arg(\"/proc/self/status\").arg(std::env::var(\"TELL\").unwrap() + \"/child\").status();\n\
                 assert!(status.unwrap().success());\n}\n",
            ),
            ("tests/custom.rs", "fn main() { inherits::tell(\"custom\"); }\n"),
        ],
    );
    let told = |words: &str, variables: &[(&str, &str)]| {
        let folder = scratch();
        let ended = run(workspace.cargo(words).env("TELL", &folder).envs(variables.iter().copied()));
        ended.expect_code(0);
        ["documentation", "test", "custom", "child"].map(|name| {
            let text = fs::read_to_string(folder.join(name));
            let text = text.unwrap_or_else(|error| ended.fail(&format!("no `{name}`: {error}")));
            let lines = text.lines().filter(|line| name != "child" || line.starts_with("Sig"));
            lines
                .filter(|line| !["SigQ", "SigCgt", "SigPnd"].iter().any(|it| line.starts_with(it)))
                .map(|line| format!("{name}: {}", without_the_library_s_own(line)))
                .collect::<Vec<_>>()
        })
    };
    let theirs = told("test", &[]).concat();
    let [plain, isolated, executed] = [
        &[][..],
        &[("SNOUT_ISOLATE", "always")],
        &[("SNOUT_ISOLATION", "spawn"), ("SNOUT_ISOLATE", "always")],
    ];
    for variables in [plain, isolated, executed] {
        let ours = told("snout", variables).concat();
        assert_eq!(ours.len(), theirs.len(), "{ours:?}");
        let others: Vec<_> = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).collect();
        assert!(others.is_empty(), "{variables:?}: {others:#?}");
    }
}

/// `cargo snout` may be started so; cargo itself cannot build anything where SIGCHLD is ignored.
#[test]
fn whoever_ignores_its_children_has_them_heard_all_the_same() {
    let manifest = "[package]\nname = \"unheard\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let library = "//! ```\n//! ```\n#[test] fn one() {}\n#[test] fn two() {}\n";
    let workspace = Workspace::with("unheard", &[("Cargo.toml", manifest), ("src/lib.rs", library)]);
    for flags in [&["--block-signal=CHLD", "--block-signal=INT"][..], &["--ignore-signal=CHLD"]] {
        let cargo = workspace.cargo("snout");
        let mut command = std::process::Command::new("env");
        command.args(flags).arg(cargo.get_program()).args(cargo.get_args());
        command.envs(cargo.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let ended = run(command.current_dir(&workspace.folder));
        ended.expect_code(0);
        assert!(ended.text().contains("3 tests run: 3 passed"), "{flags:?}: {ended}");
    }
}
