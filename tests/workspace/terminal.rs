//! On a terminal: the bar, and what is left when it has gone. `tmux` is the terminal; a size and a screen are what it is about.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{run, scratch};
use crate::reports::{at_home, package};

/// Far more than anything here takes, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A terminal in which a shell runs `cargo snout`, and then says how it ended and whether the terminal is sane.
pub(crate) struct Terminal {
    name: String,
}

impl Terminal {
    /// Of so many columns.
    pub(crate) fn open(command: &Command, columns: usize) -> Terminal {
        Terminal::open_with(command, columns, ("", ""))
    }

    /// Where the shell does something before that, and behind it.
    pub(crate) fn open_with(command: &Command, columns: usize, (before, behind): (&str, &str)) -> Terminal {
        let script = scratch().join("script");
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let folder = quoted(&command.get_current_dir().expect("the rig sets it").to_string_lossy());
        // Not by `unset`: names of cargo's may have a dash.
        let mut text = format!("trap : INT QUIT\n{before}cd {folder}\nenv -u CARGO_TERM_COLOR");
        let (set, unset): (Vec<_>, Vec<_>) = command
            .get_envs()
            .filter(|(name, _)| *name != "CARGO_TERM_COLOR")
            .partition(|(_, value)| value.is_some());
        for (name, _) in unset {
            text.push_str(&format!(" -u {}", quoted(&name.to_string_lossy())));
        }
        for (name, value) in set {
            let value = value.unwrap_or_default().to_string_lossy();
            text.push_str(&format!(" {}", quoted(&format!("{}={value}", name.to_string_lossy()))));
        }
        text.push_str(&format!(" {}", quoted(&command.get_program().to_string_lossy())));
        command.get_args().for_each(|word| text.push_str(&format!(" {}", quoted(&word.to_string_lossy()))));
        text.push_str(&format!("\n{behind}echo \"code=$?\"\n"));
        text.push_str("stty -a | grep -q ' echo ' && stty -a | grep -q ' icanon ' && echo sane\nread end\n");
        fs::write(&script, text).expect("a file in the scratch folder");
        let name = format!(
            "snout-{}-{}",
            std::process::id(),
            script
                .parent()
                .and_then(|it| it.file_name())
                .map_or(String::new(), |it| it.to_string_lossy().replace('-', "_"))
        );
        let terminal = Terminal { name };
        let columns = columns.to_string();
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            "24",
            &format!("sh {}", quoted(&script.to_string_lossy())),
        ]);
        terminal
    }

    pub(crate) fn tmux(&self, words: &[&str]) -> String {
        let mut command = crate::process::plain("tmux");
        command.args(["-L", &self.name]).args(words).stdin(Stdio::null());
        let output = command.output().expect("tmux can be run");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen is as it is to be.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            let is_over = screen.contains("\nsane\n");
            assert!(!is_over && begin.elapsed() < DEADLINE, "no {what} on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There may be nothing left to end.
        let _ = crate::process::plain("tmux")
            .args(["-L", &self.name, "kill-server"])
            .stderr(Stdio::null())
            .status();
    }
}

pub(crate) fn bars(screen: &str) -> usize {
    screen.lines().filter(|line| line.starts_with("     Running [")).count()
}

#[test]
fn a_bar_shows_what_runs_follows_the_terminal_s_size_and_goes() {
    let package = package("barred");
    run(&mut at_home(&package, "snout --no-run")).expect_code(0);
    let file = scratch().join("go on");
    let mut command = at_home(&package, "snout --no-doc");
    command.env("WAIT_FOR", &file);
    let terminal = Terminal::open(&command, 90);
    let shown =
        |screen: &str| screen.contains("] barred waits\n") && screen.contains(" 3/4: 1 running, 1 failed");
    let screen = terminal.wait("bar", shown);
    assert_eq!(bars(&screen), 1, "{screen}");
    assert!(screen.contains("PASS [   0.000s] barred passes\n"), "{screen}");
    assert!(screen.contains("s] [==============="), "{screen}");
    terminal.tmux(&["resize-window", "-x", "30", "-y", "12"]);
    let narrow = |screen: &str| {
        let rest = screen.lines().skip_while(|line| !line.starts_with("     Running [")).collect::<Vec<_>>();
        bars(screen) == 1
            && rest.first().is_some_and(|line| line.len() < 30 && line.contains("] 3/4"))
            && rest[1].starts_with("             [")
    };
    terminal.wait("narrow bar", narrow);
    terminal.tmux(&["resize-window", "-x", "90", "-y", "40"]);
    terminal.wait("wide bar", |screen| shown(screen) && bars(screen) == 1);
    fs::write(&file, "").expect("a file of ours");
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains("3 tests run: 2 passed, 1 failed, 1 ignored\ncode=100\nsane\n"), "{screen}");
}

#[test]
fn after_ctrl_c_the_terminal_is_as_it_was() {
    let package = package("barred-interrupted");
    run(&mut at_home(&package, "snout --no-run")).expect_code(0);
    let mut command = at_home(&package, "snout --no-doc");
    command.env("WAIT_FOR", scratch().join("never")).env("SNOUT_GRACE", "100ms");
    let terminal = Terminal::open(&command, 100);
    terminal.wait("bar", |screen| screen.contains("] barred-interrupted waits\n") && bars(screen) == 1);
    terminal.tmux(&["send-keys", "C-c"]);
    let screen = terminal.wait("end", |screen| screen.contains("sane\n"));
    assert_eq!(bars(&screen), 0, "{screen}");
    assert!(screen.contains(", interrupted by SIGINT\n") && screen.contains("code=130\nsane\n"), "{screen}");
}

/// What a terminal of this kind is sent, all of it.
fn sent(set: &str, words: &str) -> String {
    let package = package("sent");
    let file = scratch().join("log");
    let command = at_home(&package, words);
    let mut scripted = crate::process::plain("script");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => scripted.env(name, value),
            None => scripted.env_remove(name),
        };
    }
    scripted.env_remove("CARGO_TERM_COLOR").current_dir(&package.folder);
    // So long that there would be a bar.
    let wait = "(sleep 1; : >\"$WAIT_FOR\") &";
    let line = format!("stty cols 80 rows 24; {wait} {set} exec cargo {words} 2>/dev/null");
    let ended = run(scripted.args(["-qec", &line, "/dev/null"]).env("WAIT_FOR", file.with_extension("go")));
    ended.text()
}

#[test]
fn terminals_that_want_no_bar_get_none() {
    let package = package("sent");
    run(&mut at_home(&package, "snout --no-run")).expect_code(0);
    let plain = sent("", "snout --no-doc");
    assert!(plain.contains("\u{1b}[J") && plain.contains("\u{1b}[32m        PASS\u{1b}[0m"), "{plain:?}");
    let without_colours = sent("NO_COLOR=1", "snout --no-doc");
    assert!(
        without_colours.contains("\u{1b}[J") && without_colours.contains("\n        PASS ["),
        "{without_colours:?}"
    );
    assert!(
        !without_colours.contains("\u{1b}[3") && !without_colours.contains("\u{1b}[1m"),
        "{without_colours:?}"
    );
    for (set, words) in [
        ("TERM=dumb", "snout --no-doc"),
        ("NO_COLOR=1 CI=true", "snout --no-doc"),
        ("CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never", "snout --no-doc"),
        ("CARGO_TERM_COLOR=never", "snout --no-doc --format dots"),
        ("", "snout --no-doc --color never --format json"),
    ] {
        let text = sent(set, words);
        assert!(!text.contains('\u{1b}') && !text.contains("Running ["), "{set} {words}: {text:?}");
        assert!(text.contains("fails"), "{set} {words}: {text:?}");
    }
}
