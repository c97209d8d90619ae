//! Memory that the supervisor shares with the processes it makes.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::slice;
use std::sync::atomic::AtomicU64;

use super::check;

/// Zeroed words that forked processes share with this one. They live as long as the process.
pub(crate) fn words(count: usize) -> io::Result<&'static [AtomicU64]> {
    map(count, libc::MAP_SHARED | libc::MAP_ANONYMOUS, -1)
}

/// Zeroed words in a file without a name, which a spawned process can map too.
pub(crate) fn words_in_file(count: usize) -> io::Result<(&'static [AtomicU64], OwnedFd)> {
    // SAFETY: the name is a C string; it is for debugging only.
    let descriptor = check(unsafe { libc::memfd_create(c"snout run table".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: the call succeeded, so the descriptor is open and ours alone.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let bytes = i64::try_from(count * size_of::<AtomicU64>()).map_err(io::Error::other)?;
    // SAFETY: sets the size of a file we own.
    check(unsafe { libc::ftruncate(file.as_raw_fd(), bytes) })?;
    Ok((map(count, libc::MAP_SHARED, file.as_raw_fd())?, file))
}

/// The words that another process put into `file`.
pub(crate) fn words_from_file(count: usize, file: &OwnedFd) -> io::Result<&'static [AtomicU64]> {
    map(count, libc::MAP_SHARED, file.as_raw_fd())
}

fn map(count: usize, flags: libc::c_int, file: libc::c_int) -> io::Result<&'static [AtomicU64]> {
    let bytes = count.max(1) * size_of::<AtomicU64>();
    // SAFETY: asks for a new mapping at an address of the kernel's choice; no existing memory is touched.
    let address =
        unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, file, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is page-aligned, at least `count` words long, zeroed (a valid value of the type), and never
    // unmapped. Other processes write to it too, which is what atomics allow.
    Ok(unsafe { slice::from_raw_parts(address.cast(), count) })
}
