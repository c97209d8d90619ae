//! Processes, made and watched one by one.

use super::*;

/// A copy of this process that does nothing but this.
fn forked(body: fn()) -> Pid {
    match fork_beside_threads().unwrap() {
        Fork::Parent(child) => child,
        Fork::Child => {
            body();
            leave()
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri cannot fork")]
fn an_end_is_told_as_it_was_and_keeps_the_number_until_it_is_reaped() {
    let child = forked(|| {});
    for _ in 0..2 {
        assert_eq!(wait_for(child).unwrap(), Change::Exited(0));
    }
    reap(child);
    assert!(wait_for(child).is_err(), "it is gone");
}

#[test]
#[cfg_attr(miri, ignore = "Miri cannot fork")]
fn who_stands_still_is_seen_and_can_be_killed() {
    let child = forked(|| {
        // SAFETY: stops this process.
        unsafe { libc::raise(libc::SIGSTOP) };
    });
    assert_eq!(
        wait(libc::P_PID, child, libc::WSTOPPED | libc::WNOWAIT).unwrap().1,
        Change::Stopped(libc::SIGSTOP)
    );
    kill(child);
    assert_eq!(wait_for(child).unwrap(), Change::Killed(libc::SIGKILL));
    reap(child);
}

#[test]
#[cfg_attr(miri, ignore = "Miri cannot fork")]
fn a_group_is_there_as_long_as_somebody_is_in_it() {
    let child = forked(|| {
        let _ = settle_beside(std::os::unix::process::parent_id().cast_signed());
        wait_for_the_end()
    });
    while !is_group_alive(child) {
        thread::yield_now();
    }
    let members: Vec<Pid> = members_of_group(child).into_iter().map(|(pid, _)| pid).collect();
    assert_eq!(members, [child]);
    kill(child);
    assert_eq!(wait_for(child).unwrap(), Change::Killed(libc::SIGKILL));
    reap(child);
    assert!(!is_group_alive(child));
}

#[test]
fn a_process_name_may_hold_brackets_and_spaces() {
    let process = parse_stat(7, "7 (odd) name (x) S 3 5 5 0 -1").expect("well-formed");
    assert_eq!((process.name.as_str(), process.group), ("odd) name (x", 5));
}

#[test]
fn memory_is_that_which_is_held() {
    const SIZE: usize = 64 << 20;
    let held = || resident_memory(Pid(own_number())).expect("this process is there");
    let before = held();
    let block = vec![1_u8; SIZE];
    let after = held();
    assert_eq!(block.last(), Some(&1));
    // Other tests of this process may give some back in the meantime.
    assert!(before > 4096 && after > before + SIZE as u64 / 2, "{before} {after}");
    assert_eq!(resident_memory(Pid(i32::MAX)), None);
}

#[test]
fn the_dead_are_left_out() {
    assert!(parse_stat(7, "7 (x) Z 3 5 5 0 -1").is_none());
}
