//! Signals as something to read, instead of something that interrupts.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::check;

/// What the supervisor wants to know of: a process of its own changed state, or somebody wants the run to end.
pub(super) const WATCHED: [libc::c_int; 8] = [
    libc::SIGCHLD,
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGTSTP,
    libc::SIGUSR1,
    libc::SIGQUIT,
    libc::SIGUSR2,
];

/// [`hold_wind_down`] has blocked a signal that was not blocked before.
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// A signal that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A process of ours ended or stopped.
    Child,
    /// Somebody wants the run to end: the signal's number.
    Stop(i32),
    /// Somebody wants the run to stand still, until this process goes on.
    Pause,
    /// Somebody wants to know what runs.
    Status,
    /// Somebody wants nothing new to start, and what runs to end.
    WindDown,
}

impl Signal {
    /// What one of [`WATCHED`] means.
    pub(super) fn of(number: libc::c_int) -> Signal {
        match number {
            libc::SIGCHLD => Signal::Child,
            libc::SIGTSTP => Signal::Pause,
            libc::SIGUSR1 | libc::SIGQUIT => Signal::Status,
            libc::SIGUSR2 => Signal::WindDown,
            _ => Signal::Stop(number),
        }
    }
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
    #[inline(always)] // see `execute::child`
    pub(crate) fn restore(&self) {
        /// A set of signals, as the kernel has it.
        const BYTES: usize = 8;
        let none = ptr::null_mut::<libc::sigset_t>();
        // SAFETY: the set came from the kernel, and is longer than what that reads; the old mask is not asked for. Fails for bad
        // arguments only. By number, as in `settle_in`.
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const self.0, none, BYTES) };
    }
}

impl Signals {
    /// Blocks the watched signals for this thread and the processes it forks. Must come before any other thread exists.
    ///
    /// Those that whoever started this process has made it ignore (`nohup`, a shell's background jobs) stay ignored; but for SIGUSR2, which
    /// has a meaning here whoever sends it.
    pub(crate) fn block() -> io::Result<Signals> {
        hear_of_children();
        let watched: Vec<libc::c_int> =
            WATCHED.into_iter().filter(|&signal| signal == libc::SIGUSR2 || !is_ignored(signal)).collect();
        let watched = set_of(&watched);
        let mut before = MaybeUninit::uninit();
        // SAFETY: both sets are valid for the call; on success the second is filled in.
        let before = unsafe {
            check(libc::sigprocmask(libc::SIG_BLOCK, &raw const watched, before.as_mut_ptr()))?;
            before.assume_init()
        };
        let before = if IS_HELD.load(Relaxed) { without(before, libc::SIGUSR2) } else { before };
        // SAFETY: the set is valid for the call.
        let descriptor =
            check(unsafe { libc::signalfd(-1, &raw const watched, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) })?;
        // SAFETY: the call succeeded, so the descriptor is open and ours alone.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Signals { descriptor, before: SignalMask(before) })
    }

    pub(crate) fn descriptor(&self) -> &OwnedFd {
        &self.descriptor
    }

    /// The next signal that has come in, if any.
    pub(crate) fn next(&self) -> Option<Signal> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: `info` has room for the `size` bytes that one read returns, or for none.
        let count = unsafe { libc::read(self.descriptor.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        if usize::try_from(count) != Ok(size) {
            return None;
        }
        // SAFETY: the kernel has just written all of it.
        let number = unsafe { info.assume_init() }.ssi_signo.cast_signed();
        Some(Signal::of(number))
    }

    /// Stops this process as Ctrl-Z would, had it not been read here; returns when it goes on. Where nobody could have it go on (its
    /// group has no shell), the system does not stop it.
    pub(crate) fn stop_this_process(&self) {
        let stop = set_of(&[libc::SIGTSTP]);
        // SAFETY: sends this process a signal whose action is the usual one, and lets it through, which stops every thread; the set
        // is valid, and the old mask is not asked for.
        unsafe {
            libc::raise(libc::SIGTSTP);
            libc::sigprocmask(libc::SIG_UNBLOCK, &raw const stop, ptr::null_mut());
            libc::sigprocmask(libc::SIG_BLOCK, &raw const stop, ptr::null_mut());
        }
    }

    /// From here on signals that end the run do what they do to any process.
    #[expect(clippy::unused_self, reason = "only who has blocked them may")]
    pub(crate) fn let_stops_through(&self) {
        let_stops_through();
    }

    /// The mask for processes that run user code.
    pub(crate) fn mask_before(&self) -> SignalMask {
        self.before
    }
}

const STOPS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Unblocks signals that end the run, for this thread.
pub(super) fn let_stops_through() {
    let stops = set_of(&STOPS);
    // SAFETY: the set is valid, and the old mask is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const stops, ptr::null_mut()) };
}

/// Whether such a signal has come in that is blocked, and has not been read.
pub(super) fn is_stop_pending() -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the set is filled in on success, and asked for its members only then.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0
            && STOPS.iter().any(|&signal| libc::sigismember(pending.as_ptr(), signal) == 1)
    }
}

/// Keeps a signal that has the run wind down until [`Signals`] are read: from here on it ends this process no more, even if it comes
/// before they are. What tests get of it is as it was.
pub(crate) fn hold_wind_down() {
    let only = set_of(&[libc::SIGUSR2]);
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both sets are valid for the call; on success the second is filled in, and asked for a member only then.
    let was_free = unsafe {
        libc::sigprocmask(libc::SIG_BLOCK, &raw const only, before.as_mut_ptr()) == 0
            && libc::sigismember(before.as_ptr(), libc::SIGUSR2) == 0
    };
    IS_HELD.fetch_or(was_free, Relaxed);
}

/// Has this process hear of the ends of its own, if whoever started it has made it ignore them: then the system forgets them at once, and
/// nobody can wait for them. What is started from here on hears of its own, too.
pub(crate) fn hear_of_children() {
    if is_ignored(libc::SIGCHLD) {
        // SAFETY: puts the default action in the place of none.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    }
}

/// Has the calling thread hear of [`WATCHED`], whatever was blocked when this process was started.
#[cfg(feature = "cli")]
pub(super) fn unblock_watched() {
    let watched = set_of(&WATCHED);
    // SAFETY: the set is valid, and the old mask is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const watched, ptr::null_mut()) };
}

fn without(mut set: libc::sigset_t, signal: libc::c_int) -> libc::sigset_t {
    // SAFETY: the set came from the kernel and is ours; the signal is a valid one.
    unsafe { libc::sigdelset(&raw mut set, signal) };
    set
}

pub(super) fn is_ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks for what is there, and changes nothing; `action` is a valid place for it, and filled in on success.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no signals")]
    fn signals_that_come_in_are_read_one_by_one() {
        let signals = Signals::block().unwrap();
        assert_eq!(signals.next(), None);
        for signal in [libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2, libc::SIGCHLD] {
            // SAFETY: sends a signal to this thread, which has blocked it.
            unsafe { libc::raise(signal) };
        }
        let mut came: Vec<Signal> = std::iter::from_fn(|| signals.next()).collect();
        came.sort_by_key(|signal| format!("{signal:?}"));
        assert_eq!(came, [Signal::Child, Signal::Status, Signal::Stop(libc::SIGTERM), Signal::WindDown]);
        signals.mask_before().restore();
        assert!(!is_blocked(libc::SIGTERM));
    }

    fn is_blocked(signal: libc::c_int) -> bool {
        let mut now = MaybeUninit::uninit();
        // SAFETY: without a new mask the call only fills in the one there is.
        unsafe {
            libc::sigprocmask(libc::SIG_BLOCK, ptr::null(), now.as_mut_ptr());
            libc::sigismember(now.as_ptr(), signal) == 1
        }
    }
}
