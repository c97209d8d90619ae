//! Memory whose pages cost less than they would by themselves.
//!
//! The kernel gives a page when it is first come by, one fault each. A run of 10,000 tests knows of some four hundred that it will
//! write to, and asks for them at once.
//!
//! A fork makes an entry for each page that its process has written to, and the end of the copy takes each away again: 0.1 microseconds
//! a page on the machine of `docs/benchmarks.md`. What all processes only read need not be among them.

use std::ops::Deref;

/// Room for so many values, which are all going to be written.
pub(crate) fn room<T>(count: usize) -> Vec<T> {
    let mut room = Vec::with_capacity(count);
    come_by(room.spare_capacity_mut());
    room
}

/// Has the pages of this memory be there. What is in it stays as it is.
#[cfg(all(snout_processes, not(miri)))]
pub(crate) fn come_by<T>(memory: &[T]) {
    /// Below that a system call is not worth it.
    const LEAST: usize = 1 << 16;
    /// The same number on every processor. Older versions of libc, which a user's lock file may hold, do not have it.
    const MADV_POPULATE_WRITE: libc::c_int = 23;
    /// Where pages are larger, the call is refused.
    const PAGE: usize = 1 << 12;
    let address = memory.as_ptr().cast_mut().cast::<libc::c_void>();
    let before = address.align_offset(PAGE);
    let bytes = size_of_val(memory).saturating_sub(before) / PAGE * PAGE;
    if bytes >= LEAST {
        // SAFETY: whole pages within `memory`; the call writes nothing to them. Linux before 5.14 does not know it: then pages come
        // one at a time, as they do after any other failure.
        unsafe { libc::madvise(address.byte_add(before), bytes, MADV_POPULATE_WRITE) };
    }
}

/// Nothing, where nobody can be asked.
#[cfg(not(all(snout_processes, not(miri))))]
pub(crate) fn come_by<T>(_memory: &[T]) {}

/// Values that stay as they are for as long as there is a process that has them.
pub(crate) enum Frozen<T: 'static> {
    Own(Box<[T]>),
    /// In memory that a fork leaves out, that nobody can write to, and that is never given back.
    Common(&'static [T]),
}

impl<T: Copy> Frozen<T> {
    /// In memory like any other.
    pub(crate) fn own(values: Vec<T>) -> Frozen<T> {
        Frozen::Own(values.into_boxed_slice())
    }

    /// In memory that copies of this process have in common with it, if there are enough of them for that to be worth anything.
    pub(crate) fn common(values: Vec<T>) -> Frozen<T> {
        in_common(values).map_or_else(Frozen::own, Frozen::Common)
    }
}

impl<T> Deref for Frozen<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Frozen::Own(values) => values,
            Frozen::Common(values) => values,
        }
    }
}

/// The values in memory of their own; as they came, if they are few or there is none.
#[cfg(all(snout_processes, not(miri)))]
fn in_common<T: Copy>(values: Vec<T>) -> Result<&'static [T], Vec<T>> {
    /// A mapping takes three calls, and is one more for each fork to copy.
    const LEAST: usize = 1 << 16;
    let bytes = size_of_val(&*values);
    if bytes < LEAST {
        return Err(values);
    }
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: asks for a new mapping at an address of the kernel's choice; no existing memory is touched.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, kind, -1, 0) };
    if address == libc::MAP_FAILED {
        return Err(values);
    }
    let count = values.len();
    // SAFETY: the mapping is as long as the values and, being page-aligned, fit for them; what is `Copy` can be copied there. The
    // mapping is never taken away. Nobody writes to it, for there is no cell in what is `Copy`; the last call sees to that for code
    // that is wrong, too, so its failure changes nothing for code that is right.
    Ok(unsafe {
        std::ptr::copy_nonoverlapping(values.as_ptr(), address.cast(), count);
        libc::mprotect(address, bytes, libc::PROT_READ);
        std::slice::from_raw_parts(address.cast(), count)
    })
}

/// As they came, where there is one process.
#[cfg(not(all(snout_processes, not(miri))))]
fn in_common<T: Copy>(values: Vec<T>) -> Result<&'static [T], Vec<T>> {
    Err(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frozen_is_what_was_given() {
        for count in [0, 1, 100, 30_000] {
            let numbers = || (0..count).collect::<Vec<u64>>();
            assert_eq!(*Frozen::own(numbers()), *numbers());
            assert_eq!(*Frozen::common(numbers()), *numbers());
        }
        assert!(matches!(Frozen::common(vec![7_u64; 100]), Frozen::Own(_)), "not worth a mapping");
    }

    #[cfg(all(snout_processes, not(miri)))]
    #[test]
    fn what_is_in_common_is_in_no_copy_and_cannot_be_written_to() {
        let frozen = Frozen::common((0..30_000_u64).collect());
        let address = frozen.as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
        // `START-END PERMISSIONS …`, of which the last says `s` for what is shared, and `p` for what a fork copies.
        let holds = |line: &&str| {
            let (start, rest) = line.split_once('-').expect("a range");
            let end = rest.split(' ').next().expect("its end");
            let number = |text| usize::from_str_radix(text, 16).expect("an address");
            (number(start)..number(end)).contains(&address)
        };
        let mapping = maps.lines().find(holds).expect("the values are somewhere");
        assert_eq!(mapping.split(' ').nth(1), Some("r--s"), "{mapping}");
    }

    #[test]
    fn there_is_room_for_as_many_as_was_asked_for() {
        for count in [0, 1, 100, 30_000] {
            let mut room: Vec<u64> = room(count);
            assert!(room.is_empty() && room.capacity() >= count);
            let place = room.as_ptr();
            room.extend(0..count as u64);
            assert_eq!((room.as_ptr(), room.last().copied()), (place, (count as u64).checked_sub(1)));
        }
    }

    #[test]
    fn what_is_there_already_stays() {
        let memory: Vec<u64> = (0..30_000).collect();
        come_by(&memory[1..]);
        assert!(memory.iter().copied().eq(0..30_000));
    }

    #[cfg(all(snout_processes, not(miri)))]
    #[test]
    fn large_memory_is_there_before_it_is_written_to() {
        const PAGE: usize = 1 << 12;
        let room: Vec<u64> = room(1 << 20);
        let pages = room.capacity() * size_of::<u64>() / PAGE - 1;
        let first = room.as_ptr().wrapping_add(room.as_ptr().align_offset(PAGE));
        let mut there = vec![0_u8; pages];
        // Faults say less: a fork by another test takes the right to write away, and each page is one fault more.
        // SAFETY: whole pages within `room`, which are asked about, and one byte of `there` for each.
        let answer = unsafe { libc::mincore(first.cast_mut().cast(), pages * PAGE, there.as_mut_ptr()) };
        assert_eq!(answer, 0, "{}", std::io::Error::last_os_error());
        assert_eq!(there.iter().filter(|page| *page & 1 == 0).count(), 0, "of {pages} pages");
    }
}
