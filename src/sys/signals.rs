//! Signals as something to read, instead of something that interrupts.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::check;

/// What the supervisor wants to know of: a process of its own changed state, or somebody wants the run to end.
const WATCHED: [libc::c_int; 4] = [libc::SIGCHLD, libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// A signal that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A process of ours ended or stopped.
    Child,
    /// Somebody wants the run to end: the signal's number.
    Stop(i32),
}

/// Blocked signals and the descriptor they are read from.
pub(crate) struct Signals {
    descriptor: OwnedFd,
    before: SignalMask,
}

/// The signals that were blocked when the process was started; tests get it the same way.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// Blocks what was blocked then, and nothing else, for the calling thread.
    pub(crate) fn restore(&self) {
        // SAFETY: the set came from the kernel; the old mask is not asked for. Fails for bad arguments only.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

impl Signals {
    /// Blocks the watched signals for this thread and the processes it forks. Must come before any other thread exists.
    pub(crate) fn block() -> io::Result<Signals> {
        let watched = set_of(&WATCHED);
        let mut before = MaybeUninit::uninit();
        // SAFETY: both sets are valid for the call; on success the second is filled in.
        let before = unsafe {
            check(libc::sigprocmask(libc::SIG_BLOCK, &raw const watched, before.as_mut_ptr()))?;
            before.assume_init()
        };
        // SAFETY: the set is valid for the call.
        let descriptor =
            check(unsafe { libc::signalfd(-1, &raw const watched, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) })?;
        // SAFETY: the call succeeded, so the descriptor is open and ours alone.
        Ok(Signals { descriptor: unsafe { OwnedFd::from_raw_fd(descriptor) }, before: SignalMask(before) })
    }

    pub(crate) fn descriptor(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// The next signal that has come in, if any.
    pub(crate) fn next(&self) -> Option<Signal> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` has room for the `size` bytes that one read returns, or for none.
        let count = unsafe { libc::read(self.descriptor(), info.as_mut_ptr().cast(), size) };
        if usize::try_from(count) != Ok(size) {
            return None;
        }
        // SAFETY: the kernel has just written all of it.
        let number = unsafe { info.assume_init() }.ssi_signo.cast_signed();
        Some(if number == libc::SIGCHLD { Signal::Child } else { Signal::Stop(number) })
    }

    /// The mask for processes that run user code.
    pub(crate) fn mask_before(&self) -> SignalMask {
        self.before
    }
}

/// Calls `write`, which writes to a file. Where that is over the limit on the size of files (`ulimit -f`), it is an error like that of
/// a full disk, and not a signal that ends the process.
///
/// The signal is held back for this thread alone and for no longer than the call: what tests inherit, and what they do about it, is
/// theirs.
pub(crate) fn without_size_signal<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let only = set_of(&[libc::SIGXFSZ]);
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are valid for the call, which fills in the second. It fails for bad arguments only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const only, before.as_mut_ptr()) };
    let result = write();
    if result.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EFBIG)) {
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: takes the signal, which is this thread's, out of those that wait; the set and the time are valid for the call.
        unsafe { libc::sigtimedwait(&raw const only, ptr::null_mut(), &raw const at_once) };
    }
    // SAFETY: the set was filled in above; the old mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    result
}

fn set_of(signals: &[libc::c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` makes the set valid; `sigaddset` with a valid signal only sets a bit of it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Ends this process by a signal, as if nothing had handled it, so that whoever waits sees the right cause.
pub(crate) fn die_by(signal: i32) -> ! {
    let only = set_of(&[signal]);
    // SAFETY: puts the default disposition back, lets the signal through, sends it to this process. All are calls on the
    // process itself; if the signal does not kill (it always should), the convention for shells is kept.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const only, ptr::null_mut());
        libc::raise(signal);
    }
    std::process::exit(128 + signal)
}
