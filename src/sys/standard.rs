//! Standard output and error, written to directly.
//!
//! std's own stdout keeps text in a buffer; a forked process would inherit that and print it a second time.

use std::io;

/// Standard output or error.
#[cfg(snout_processes)]
pub(crate) struct StandardStream {
    file: std::mem::ManuallyDrop<std::fs::File>,
    /// Somebody has to read what is written, before there is room for more.
    has_reader: bool,
}

/// A pipe that has room at all takes so much without making the writer wait.
#[cfg(snout_processes)]
const AT_ONCE: usize = libc::PIPE_BUF;

/// How long to wait for a reader that does not read, when somebody wants this process to end.
#[cfg(snout_processes)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

#[cfg(snout_processes)]
impl StandardStream {
    pub(crate) fn output() -> StandardStream {
        StandardStream::new(standard_output())
    }

    pub(crate) fn error() -> StandardStream {
        StandardStream::new(std::os::fd::AsFd::as_fd(&io::stderr()))
    }

    fn new(stream: std::os::fd::BorrowedFd<'_>) -> StandardStream {
        use std::io::IsTerminal;
        use std::os::unix::fs::FileTypeExt;

        let file = super::descriptor::borrow_as_file(stream);
        let kind = file.metadata().map(|data| data.file_type());
        let has_reader = kind.is_ok_and(|kind| kind.is_fifo() || kind.is_socket()) || stream.is_terminal();
        StandardStream { file, has_reader }
    }

    /// Waits until something can be written. Signals are not read meanwhile; one that is to end the run does so, when nobody reads
    /// for long.
    fn await_room(&self) -> io::Result<()> {
        let mut asked_at = None;
        while !super::descriptor::await_room(&*self.file, PATIENCE / 20)? {
            let now = std::time::Instant::now();
            if !super::signals::is_stop_pending() {
                asked_at = None;
            } else if now.duration_since(*asked_at.get_or_insert(now)) >= PATIENCE {
                super::signals::let_stops_through();
            }
        }
        Ok(())
    }
}

#[cfg(snout_processes)]
impl io::Write for StandardStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = if self.has_reader { &bytes[..bytes.len().min(AT_ONCE)] } else { bytes };
        loop {
            if self.has_reader {
                self.await_room()?;
            }
            return match super::signals::without_size_signal(|| self.file.write(part)) {
                // Somebody who shares it has made it so that it never waits.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                // A test that runs in this very process has closed it. std, too, takes that for a wish to hear nothing.
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(bytes.len()),
                result => result,
            };
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Without std's buffer: once made, every child gives it back at its end.
#[cfg(snout_processes)]
fn standard_output() -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: the number of a standard stream, which is nobody's to close. One that is closed all the same makes calls fail.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(libc::STDOUT_FILENO) }
}

/// Whether standard output is a terminal.
#[cfg(snout_processes)]
pub(crate) fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&standard_output())
}

/// Whether standard output is a terminal.
#[cfg(not(snout_processes))]
pub(crate) fn is_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stdout())
}

/// Standard output or error: std's, where no process is forked.
#[cfg(not(snout_processes))]
pub(crate) enum StandardStream {
    Output(io::Stdout),
    Error(io::Stderr),
}

#[cfg(not(snout_processes))]
impl StandardStream {
    pub(crate) fn output() -> StandardStream {
        StandardStream::Output(io::stdout())
    }

    pub(crate) fn error() -> StandardStream {
        StandardStream::Error(io::stderr())
    }
}

#[cfg(not(snout_processes))]
impl io::Write for StandardStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            StandardStream::Output(stream) => stream.write(bytes),
            StandardStream::Error(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            StandardStream::Output(stream) => stream.flush(),
            StandardStream::Error(stream) => stream.flush(),
        }
    }
}
