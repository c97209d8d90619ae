//! Memory that the supervisor shares with the processes it makes.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::check;
use super::signals::without_size_signal;

/// Zeroed memory that several processes write to. It is there as long as the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shared {
    pub(crate) words: &'static [AtomicU64],
    /// Words that can be waited on.
    pub(crate) gates: &'static [AtomicU32],
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) words: usize,
    pub(crate) gates: usize,
}

/// The gates come first, on cache lines of their own.
const LINE: usize = 64;

impl Size {
    fn bytes_of_gates(self) -> usize {
        (self.gates * size_of::<AtomicU32>()).next_multiple_of(LINE)
    }

    fn bytes(self) -> usize {
        self.bytes_of_gates() + self.words * size_of::<AtomicU64>()
    }
}

/// Memory that forked processes share with this one.
pub(crate) fn memory(size: Size) -> io::Result<Shared> {
    // Miri has one process, and no memory that is shared with another.
    let kind = if cfg!(miri) { libc::MAP_PRIVATE } else { libc::MAP_SHARED };
    map(size, kind | libc::MAP_ANONYMOUS, -1)
}

/// Memory in a file without a name, which a spawned process can map too.
pub(crate) fn memory_in_file(size: Size) -> io::Result<(Shared, OwnedFd)> {
    // SAFETY: the name is a C string; it is for debugging only.
    let descriptor = check(unsafe { libc::memfd_create(c"snout run table".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: the call succeeded, so the descriptor is open and ours alone.
    let file = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let bytes = i64::try_from(size.bytes()).map_err(io::Error::other)?;
    // SAFETY: sets the size of a file we own.
    without_size_signal(|| check(unsafe { libc::ftruncate(file.as_raw_fd(), bytes) }))?;
    Ok((map(size, libc::MAP_SHARED, file.as_raw_fd())?, file))
}

/// The memory that another process put into `file`.
pub(crate) fn memory_from_file(size: Size, file: &OwnedFd) -> io::Result<Shared> {
    map(size, libc::MAP_SHARED, file.as_raw_fd())
}

fn map(size: Size, flags: libc::c_int, file: libc::c_int) -> io::Result<Shared> {
    let bytes = size.bytes().max(1);
    // SAFETY: asks for a new mapping at an address of the kernel's choice; no existing memory is touched.
    let address =
        unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, file, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is page-aligned, and `bytes` long: the gates, and behind them the words, aligned too, for a line is a multiple
    // of a word. They do not overlap, are zeroed (a valid value of both types), and are never unmapped. Other processes write to them
    // too, which is what atomics allow.
    Ok(unsafe {
        let words = address.byte_add(size.bytes_of_gates());
        Shared {
            words: slice::from_raw_parts(words.cast(), size.words),
            gates: slice::from_raw_parts(address.cast(), size.gates),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;

    fn size(words: usize, gates: usize) -> Size {
        Size { words, gates }
    }

    fn expect_zeroed_and_ours(memory: Shared, size: Size) {
        let Shared { words, gates } = memory;
        assert_eq!((words.len(), gates.len()), (size.words, size.gates));
        assert!(words.iter().all(|word| word.load(SeqCst) == 0));
        assert!(gates.iter().all(|gate| gate.load(SeqCst) == 0));
        words.iter().zip(1..).for_each(|(word, number)| word.store(number, SeqCst));
        gates.iter().zip(1..).for_each(|(gate, number)| gate.store(number, SeqCst));
        assert!(words.iter().zip(1..).all(|(word, number)| word.load(SeqCst) == number));
        assert!(gates.iter().zip(1..).all(|(gate, number)| gate.load(SeqCst) == number));
    }

    #[test]
    fn memory_is_zeroed_and_as_much_as_was_asked_for() {
        for size in [size(0, 0), size(1, 0), size(0, 1), size(3_000, 4)] {
            expect_zeroed_and_ours(memory(size).unwrap(), size);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no files that can be mapped")]
    fn who_maps_the_file_sees_the_same_memory() {
        let size = size(700, 3);
        let (here, file) = memory_in_file(size).unwrap();
        expect_zeroed_and_ours(here, size);
        let there = memory_from_file(size, &file).unwrap();
        there.words[699].store(4711, SeqCst);
        there.gates[2].store(17, SeqCst);
        assert_eq!((there.words[0].load(SeqCst), there.gates[0].load(SeqCst)), (1, 1));
        assert_eq!((here.words[699].load(SeqCst), here.gates[2].load(SeqCst)), (4711, 17));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri cannot fork")]
    fn a_forked_process_writes_to_the_same_memory() {
        use crate::sys::process::{Change, Fork, fork_beside_threads, leave, reap, wait_for};
        let shared = memory(size(1, 1)).unwrap();
        match fork_beside_threads().unwrap() {
            Fork::Child => {
                shared.words[0].store(4711, SeqCst);
                leave()
            }
            Fork::Parent(child) => {
                assert_eq!(wait_for(child).unwrap(), Change::Exited(0));
                reap(child);
            }
        }
        assert_eq!((shared.words[0].load(SeqCst), shared.gates[0].load(SeqCst)), (4711, 0));
    }
}
