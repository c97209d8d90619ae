//! What reporters write with: one buffer in front of the terminal, and colours where they are wanted.
//!
//! A line for a passing test is a handful of slices copied into the buffer. Nothing here formats or allocates on that
//! way, for a run of ten thousand tests should not be able to tell that it is being reported. The buffer is a slice of its own
//! because this crate is mostly built without optimisation: there a copy into it takes 117 instructions, and one into std's
//! `BufWriter` 293 (counted by callgrind with Rust 1.95).

use std::env;
use std::ffi::OsStr;
use std::io::{self, Write};

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

/// Bytes that wait to be written. Every page of it is touched when it is made: with four times as many a run of one test takes 1 % longer, and
/// one of 10,000 saves 18 writes.
const ROOM: usize = 1 << 13;

/// A buffered writer that can colour words.
pub(super) struct Pen {
    out: Box<dyn Write>,
    buffer: Box<[u8]>,
    /// How much of the buffer waits to be written.
    used: usize,
    coloured: bool,
}

impl Pen {
    pub(super) fn plain(out: Box<dyn Write>) -> Pen {
        Pen { out, buffer: vec![0; ROOM].into_boxed_slice(), used: 0, coloured: false }
    }

    #[cfg(test)]
    pub(super) fn coloured(out: Box<dyn Write>) -> Pen {
        let mut pen = Pen::plain(out);
        pen.coloured = true;
        pen
    }

    /// A pen that colours words if the settings and the terminal want it.
    pub(super) fn for_console(out: Box<dyn Write>, is_terminal: bool, settings: &Settings) -> Pen {
        let asked = match settings.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => settings.capture && is_terminal,
        };
        let mut pen = Pen::plain(out);
        pen.coloured = asked && has_colours(env::var_os("TERM").as_deref());
        pen
    }

    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.put(text.as_bytes())
    }

    /// Three texts in a row, at little more than the price of one.
    pub(super) fn texts(&mut self, first: &str, second: &str, third: &str) -> io::Result<()> {
        let (begin, middle) = (self.used, self.used + first.len());
        let (last, end) = (middle + second.len(), middle + second.len() + third.len());
        if end > self.buffer.len() {
            self.text(first)?;
            self.text(second)?;
            return self.text(third);
        }
        self.buffer[begin..middle].copy_from_slice(first.as_bytes());
        self.buffer[middle..last].copy_from_slice(second.as_bytes());
        self.buffer[last..end].copy_from_slice(third.as_bytes());
        self.used = end;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.used + bytes.len();
        if end > self.buffer.len() {
            return self.put_behind(bytes);
        }
        self.buffer[self.used..end].copy_from_slice(bytes);
        self.used = end;
        Ok(())
    }

    /// What has no room behind what waits.
    #[cold]
    fn put_behind(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.empty()?;
        if bytes.len() > self.buffer.len() {
            return self.out.write_all(bytes);
        }
        self.put(bytes)
    }

    /// Writes what waits. What has been written is not written again, whatever fails.
    fn empty(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = loop {
            let rest = &self.buffer[written..self.used];
            if rest.is_empty() {
                break Ok(());
            }
            match self.out.write(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.buffer.copy_within(written..self.used, 0);
        self.used -= written;
        result
    }

    /// Whether words are coloured.
    pub(super) fn is_coloured(&self) -> bool {
        self.coloured
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
        self.put(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.empty()?;
        self.out.flush()
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        // Who wants to know what becomes of it flushes first.
        let _ = self.empty();
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
    use super::super::replay::Paper;
    use super::*;

    #[test]
    fn three_texts_come_whole_wherever_the_buffer_ends() {
        // Miri takes a thousand times as long.
        let step = if cfg!(miri) { 11 } else { 1 };
        for length in (0..30).step_by(step).chain([ROOM - 1, ROOM, ROOM + 1]) {
            let (name, lines) = ("n".repeat(length), 3 * ROOM / (length + 3) + 1);
            let paper = Paper::default();
            let mut pen = Pen::plain(Box::new(paper.clone()));
            for _ in 0..lines {
                pen.texts("a ", &name, "\n").unwrap();
            }
            drop(pen);
            assert!(paper.read() == format!("a {name}\n").repeat(lines), "names of {length} bytes");
        }
    }

    #[test]
    fn a_terminal_without_a_name_has_no_colours() {
        assert!(!has_colours(None));
        assert!(!has_colours(Some(OsStr::new(""))));
        assert!(!has_colours(Some(OsStr::new("dumb"))));
        assert!(has_colours(Some(OsStr::new("xterm-256color"))));
    }
}
