//! What reporters write with: one buffer in front of the terminal, and colours where they are wanted.
//!
//! A line for a passing test is a handful of slices copied into the buffer. Nothing here formats or allocates on that
//! way, for a run of ten thousand tests should not be able to tell that it is being reported.

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufWriter, IsTerminal, Write};

use crate::model::ColorChoice;
use crate::settings::Settings;

/// The colours libtest uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Color {
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Color {
    fn code(self) -> &'static str {
        match self {
            Color::Red => "\x1b[31m",
            Color::Green => "\x1b[32m",
            Color::Yellow => "\x1b[33m",
            Color::Cyan => "\x1b[36m",
        }
    }
}

/// Ends a colour. libtest asks terminfo, and this is `sgr0` of the xterm family.
const RESET: &str = "\x1b(B\x1b[m";

/// A buffered writer that can colour words.
pub(super) struct Pen {
    out: BufWriter<Box<dyn Write>>,
    coloured: bool,
}

impl Pen {
    pub(super) fn plain(out: Box<dyn Write>) -> Pen {
        Pen { out: BufWriter::with_capacity(1 << 15, out), coloured: false }
    }

    #[cfg(test)]
    pub(super) fn coloured(out: Box<dyn Write>) -> Pen {
        Pen { coloured: true, ..Pen::plain(out) }
    }

    /// A pen that colours words if the settings and the terminal want it.
    pub(super) fn for_console(out: Box<dyn Write>, settings: &Settings) -> Pen {
        let asked = match settings.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => settings.capture && io::stdout().is_terminal(),
        };
        let coloured = asked && has_colours(env::var_os("TERM").as_deref());
        Pen { coloured, ..Pen::plain(out) }
    }

    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    pub(super) fn painted(&mut self, word: &str, color: Color) -> io::Result<()> {
        if !self.coloured {
            return self.text(word);
        }
        self.text(color.code())?;
        self.text(word)?;
        self.text(RESET)
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a terminal of this name understands colours.
///
/// libtest looks it up in the terminfo database and has no colours without an entry, not even for `--color always`.
/// Terminals that have none are rare enough to be named here; a missing database is no reason to do without.
fn has_colours(term: Option<&OsStr>) -> bool {
    term.is_some_and(|name| !name.is_empty() && name != "dumb" && name != "vt100")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_name_has_no_colours() {
        assert!(!has_colours(None));
        assert!(!has_colours(Some(OsStr::new(""))));
        assert!(!has_colours(Some(OsStr::new("dumb"))));
        assert!(has_colours(Some(OsStr::new("xterm-256color"))));
    }
}
