//! Memory whose pages are there before they are written to.
//!
//! The kernel gives a page when it is first come by, one fault each. A run of 10,000 tests knows of some four hundred that it will
//! write to, and asks for them at once.

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
    /// Where pages are larger, the call is refused.
    const PAGE: usize = 1 << 12;
    let address = memory.as_ptr().cast_mut().cast::<libc::c_void>();
    let before = address.align_offset(PAGE);
    let bytes = size_of_val(memory).saturating_sub(before) / PAGE * PAGE;
    if bytes >= LEAST {
        // SAFETY: whole pages within `memory`; the call writes nothing to them. Linux before 5.14 does not know it: then pages come
        // one at a time, as they do after any other failure.
        unsafe { libc::madvise(address.byte_add(before), bytes, libc::MADV_POPULATE_WRITE) };
    }
}

/// Nothing, where nobody can be asked.
#[cfg(not(all(snout_processes, not(miri))))]
pub(crate) fn come_by<T>(_memory: &[T]) {}

#[cfg(test)]
mod tests {
    use super::*;

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
        let faults = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux");
            let fields = stat.rsplit(") ").next().expect("a name ends with a bracket");
            fields.split(' ').nth(7).and_then(|field| field.parse::<u64>().ok()).expect("minor faults")
        };
        let mut room: Vec<u64> = room(1 << 20);
        let before = faults();
        room.resize(1 << 20, 7);
        let during = faults() - before;
        assert!(during < 100, "{during} faults for 2,048 pages that were there");
    }
}
