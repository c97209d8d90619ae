//! Standard output and error, written to directly.
//!
//! std's own stdout keeps text in a buffer; a forked process would inherit that and print it a second time.

use std::io;

/// Standard output or error.
#[cfg(snout_processes)]
pub(crate) struct StandardStream(std::mem::ManuallyDrop<std::fs::File>);

#[cfg(snout_processes)]
impl StandardStream {
    pub(crate) fn output() -> StandardStream {
        StandardStream(super::descriptor::borrow_as_file(std::os::fd::AsFd::as_fd(&io::stdout())))
    }

    pub(crate) fn error() -> StandardStream {
        StandardStream(super::descriptor::borrow_as_file(std::os::fd::AsFd::as_fd(&io::stderr())))
    }
}

#[cfg(snout_processes)]
impl io::Write for StandardStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match super::signals::without_size_signal(|| self.0.write(bytes)) {
            // A test that runs in this very process has closed it. std, too, takes that for a wish to hear nothing.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
