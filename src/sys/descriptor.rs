//! File descriptors: pipes, waiting for several of them, standard streams.

use std::fs::File;
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use super::{check, retry};

/// A pipe: the end to read from, which never blocks, and the end to write to, which does. Neither survives `exec`.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: the call succeeded, so both are open and nobody else knows them.
    let (reader, writer) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
    set_nonblocking(&reader)?;
    Ok((reader, writer))
}

/// The same, if there is to be one.
pub(crate) fn pipe_if(wanted: bool) -> io::Result<(Option<OwnedFd>, Option<OwnedFd>)> {
    if wanted { pipe().map(|(reader, writer)| (Some(reader), Some(writer))) } else { Ok((None, None)) }
}

/// The numbers of those that are there. Not by iterators, which are code for each way to chain them, in every user's build.
pub(crate) fn numbers(descriptors: &[Option<&OwnedFd>]) -> Vec<RawFd> {
    let mut numbers = Vec::with_capacity(descriptors.len());
    for descriptor in descriptors.iter().flatten() {
        numbers.push(descriptor.as_raw_fd());
    }
    numbers
}

/// The end to read from of a pipe that has a path. It never blocks, and does not survive `exec`.
pub(crate) fn open_pipe(path: &str) -> io::Result<OwnedFd> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    Ok(file.into())
}

pub(super) fn set_nonblocking(descriptor: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is open; the flags of a fresh pipe end are its access mode alone.
    check(unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) })?;
    Ok(())
}

/// Lets a descriptor survive `exec`, so that a spawned process has it under the same number.
pub(crate) fn keep_over_exec(descriptor: RawFd) -> io::Result<()> {
    // SAFETY: sets one flag of a descriptor; a closed one is an error, nothing worse.
    check(unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) })?;
    Ok(())
}

/// Takes over a descriptor that this process was started with, if there is one of that number. Ask once for each: what comes
/// back owns it, and closes it. From here on it does not survive `exec`.
pub(crate) fn inherited(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: sets one flag of a descriptor; a closed one is an error, nothing worse.
    check(unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) }).ok()?;
    // SAFETY: it is open, as the call above has shown. It was opened by the process that started this one, for the
    // purpose that the caller knows it by, so no value of this process owns it.
    Some(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether nothing is there to read from a pipe, of which this is either end.
pub(crate) fn is_empty(pipe: &impl AsRawFd) -> bool {
    let mut count: libc::c_int = 0;
    // SAFETY: writes one number to the place it is given.
    let asked = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    asked == 0 && count == 0
}

/// What a read that never blocks found.
pub(crate) enum Readable {
    /// Some bytes, appended.
    Bytes,
    /// Nothing for now.
    Nothing,
    /// Nothing ever again: every writer is gone.
    End,
}

/// Most tests print little or nothing.
const LITTLE: usize = 512;

/// Appends what is there to read, 64 KiB at the most.
pub(crate) fn read_some(descriptor: &OwnedFd, into: &mut Vec<u8>) -> io::Result<Readable> {
    // After each fork, every page that is written to has to be copied: a large buffer is 16 of them.
    let mut chunk = [0; LITTLE];
    match read_into(descriptor, &mut chunk, into)? {
        Some(LITTLE) => read_much(descriptor, into),
        Some(0) => Ok(Readable::End),
        Some(_) => Ok(Readable::Bytes),
        None => Ok(Readable::Nothing),
    }
}

/// The rest of what is more than a little; in a frame of its own, for its size.
#[inline(never)]
fn read_much(descriptor: &OwnedFd, into: &mut Vec<u8>) -> io::Result<Readable> {
    let mut chunk = [0; 1 << 16];
    match read_into(descriptor, &mut chunk, into)? {
        Some(0) => Ok(Readable::End),
        Some(_) | None => Ok(Readable::Bytes),
    }
}

/// How many bytes were there, `None` for nothing yet.
fn read_into(descriptor: &OwnedFd, chunk: &mut [u8], into: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut file = borrow_as_file(descriptor.as_fd());
    match retry(|| file.read(chunk)) {
        Ok(count) => {
            into.extend_from_slice(&chunk[..count]);
            Ok(Some(count))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        // A test in this process has closed it, as it may close all there are.
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The descriptor as a file that does not close it.
pub(super) fn borrow_as_file(descriptor: BorrowedFd<'_>) -> ManuallyDrop<File> {
    // SAFETY: the descriptor is open for as long as it is borrowed, and `ManuallyDrop` leaves closing it to its owner.
    ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor.as_raw_fd()) })
}

/// Waits until one of these can be read or has ended, or the time is up. Whether one can or has; a signal ends it early.
pub(crate) fn wait(descriptors: &[RawFd], limit: Option<Duration>) -> io::Result<bool> {
    let entry = |&fd: &RawFd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut entries: Vec<libc::pollfd> = descriptors.iter().map(entry).collect();
    // Rounded up: a limit that is rounded down to nothing would make the caller spin.
    let milliseconds =
        limit.map_or(-1, |limit| i32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
    let count = entries.len() as libc::nfds_t;
    // SAFETY: `entries` is an array of `count` entries, borrowed for the call.
    match check(unsafe { libc::poll(entries.as_mut_ptr(), count, milliseconds) }) {
        Ok(ready) => {
            if entries.iter().any(|entry| entry.revents & libc::POLLNVAL != 0) {
                // A test in this process has closed it, and nobody waits for that again and again without a pause.
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(ready > 0)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits until something can be written, or nothing ever again, or the time is up. Whether it can.
pub(crate) fn await_room(descriptor: &impl AsRawFd, limit: Duration) -> io::Result<bool> {
    let mut entry = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    let milliseconds = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: `entry` is an array of one, borrowed for the call.
    match check(unsafe { libc::poll(&raw mut entry, 1, milliseconds) }) {
        Ok(ready) => Ok(ready > 0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// Replaces a standard stream (0, 1 or 2) by another descriptor.
pub(crate) fn replace_standard(stream: RawFd, by: RawFd) -> io::Result<()> {
    // SAFETY: `dup2` closes `stream` and makes it a copy of `by`; nothing in the process owns the standard streams.
    retry(|| check(unsafe { libc::dup2(by, stream) }))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn write(pipe: &OwnedFd, bytes: &[u8]) {
        borrow_as_file(pipe.as_fd()).write_all(bytes).unwrap();
    }

    /// Waits for the end: another test may have made a process, which has the other end for a moment.
    fn read_to_end(reader: &OwnedFd) -> Vec<u8> {
        let mut read = Vec::new();
        while !matches!(read_some(reader, &mut read).unwrap(), Readable::End) {
            wait(&[reader.as_raw_fd()], None).unwrap();
        }
        read
    }

    #[test]
    fn what_is_written_is_read_in_small_pieces_and_in_large_ones() {
        // A pipe holds 64 KiB.
        for size in [1, LITTLE - 1, LITTLE, LITTLE + 1, 3 * LITTLE, 1 << 16] {
            let (reader, writer) = pipe().unwrap();
            let sent: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
            write(&writer, &sent);
            let mut read = Vec::new();
            while let Readable::Bytes = read_some(&reader, &mut read).unwrap() {}
            assert!(read == sent, "{size}");
        }
    }

    #[test]
    fn an_empty_pipe_is_not_one_that_has_ended() {
        let (reader, writer) = pipe().unwrap();
        let mut read = b"before ".to_vec();
        assert!(matches!(read_some(&reader, &mut read), Ok(Readable::Nothing)));
        write(&writer, b"it");
        assert!(matches!(read_some(&reader, &mut read), Ok(Readable::Bytes)));
        assert_eq!(read, b"before it");
        drop(writer);
        assert_eq!(read_to_end(&reader), b"");
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri does not know how much is in a pipe")]
    fn a_pipe_with_something_in_it_is_not_empty() {
        let (reader, writer) = pipe().unwrap();
        assert!(is_empty(&reader) && is_empty(&writer));
        write(&writer, b"x");
        assert!(!is_empty(&reader) && !is_empty(&writer));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no poll")]
    fn a_wait_ends_with_something_to_read_or_with_the_time() {
        let (reader, writer) = pipe().unwrap();
        let other = pipe().unwrap();
        let both = [other.0.as_raw_fd(), reader.as_raw_fd()];
        assert!(!wait(&both, Some(Duration::from_nanos(1))).unwrap());
        write(&writer, b"x");
        assert!(wait(&both, Some(Duration::from_mins(5))).unwrap());
        read_some(&reader, &mut Vec::new()).unwrap();
        drop(writer);
        assert!(wait(&both, None).unwrap(), "its end is something to read too");
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri does not set flags of descriptors")]
    fn a_descriptor_is_taken_over_once_and_closed_with_its_owner() {
        use std::os::fd::IntoRawFd;
        let (reader, writer) = pipe().unwrap();
        let taken = inherited(writer.into_raw_fd()).unwrap();
        write(&taken, b"x");
        drop(taken);
        assert_eq!(read_to_end(&reader), b"x");
        assert!(inherited(RawFd::MAX).is_none() && inherited(-1).is_none());
    }
}
