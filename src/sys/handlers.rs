//! Signals that come in as something to read, for a process whose work is to start programs.
//!
//! A handler writes each into a pipe. Nothing is blocked, and a handler does not go over to what is executed, so programs begin as if
//! this process had no interest in signals, and nothing has to be mended between `fork` and `exec`: std can start them without `fork`,
//! which takes half a millisecond less.

use std::io::{self, PipeReader, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{IntoRawFd as _, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use super::check;
use super::descriptor::set_nonblocking;
use super::signals::{Signal, WATCHED, is_ignored, unblock_watched};

/// What handlers write to. It stays open for as long as there is a handler: to the end of the process.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// The signals that have come in, in their order.
pub(crate) struct Arrivals(PipeReader);

/// Has the signals that a run wants to know of written down instead of what they do otherwise. To be called once in a process.
///
/// Those that whoever started this process has made it ignore (`nohup`, a shell's background jobs) stay ignored; but for SIGUSR2, which
/// has a meaning here whoever sends it, and SIGCHLD, without which no end of a suite would be heard.
///
/// # Errors
///
/// If there is no descriptor left.
pub(crate) fn handle() -> io::Result<Arrivals> {
    let (reader, writer) = io::pipe()?;
    let writer = OwnedFd::from(writer);
    // A handler cannot wait. There is room for thousands of signals that were not read.
    set_nonblocking(&writer)?;
    PIPE.store(writer.into_raw_fd(), Relaxed);
    let needed = [libc::SIGUSR2, libc::SIGCHLD];
    let wanted = |signal: &libc::c_int| needed.contains(signal) || !is_ignored(*signal);
    WATCHED
        .into_iter()
        .filter(wanted)
        .try_for_each(|signal| set(signal, note as *const () as libc::sighandler_t))?;
    Ok(Arrivals(reader))
}

impl Arrivals {
    /// Tells of each, for as long as somebody hears it. To be called on a thread that starts no programs: signals that were blocked when this
    /// process was started come to this thread, and stay blocked for what others start.
    pub(crate) fn tell(mut self, mut hears: impl FnMut(Signal) -> bool) {
        unblock_watched();
        while self.next().is_some_and(&mut hears) {}
    }

    /// Waits for the next one; there is always one more.
    fn next(&mut self) -> Option<Signal> {
        let mut number = [0];
        self.0.read_exact(&mut number).ok().map(|()| Signal::of(number[0].into()))
    }
}

/// Stops this process as Ctrl-Z would, had it no handler; returns when it goes on. Where nobody could have it go on (its group has no
/// shell), the system does not stop it.
///
/// # Errors
///
/// None that is known: the signal is a valid one.
pub(crate) fn stop_this_process() -> io::Result<()> {
    set(libc::SIGTSTP, libc::SIG_DFL)?;
    // SAFETY: sends the calling thread a signal whose action is the usual one.
    check(unsafe { libc::raise(libc::SIGTSTP) })?;
    set(libc::SIGTSTP, note as *const () as libc::sighandler_t)
}

/// The handler.
extern "C" fn note(signal: libc::c_int) {
    // Every signal's number fits.
    let number = signal.to_le_bytes()[0];
    // SAFETY: `write` may be called in a handler, and reads one byte that is there. What it interrupted finds its error number as it was:
    // the place for it is this thread's. The pipe is open as long as handlers are.
    unsafe {
        let error = libc::__errno_location();
        let before = *error;
        libc::write(PIPE.load(Relaxed), (&raw const number).cast(), 1);
        *error = before;
    }
}

fn set(signal: libc::c_int, handler: libc::sighandler_t) -> io::Result<()> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes are a valid `sigaction` (no handler, no flag, no signal blocked meanwhile); what is set in it is the default action
    // or `note`, which does only what a handler may. Calls that it interrupts begin again. The old action is not asked for.
    unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        check(libc::sigaction(signal, action, ptr::null_mut()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no signals")]
    fn signals_are_read_in_the_order_they_came() {
        let mut arrivals = handle().unwrap();
        for signal in [libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2] {
            // SAFETY: sends this thread a signal that has a handler.
            unsafe { libc::raise(signal) };
        }
        // Processes of other tests may have ended meanwhile.
        let came = std::iter::from_fn(|| arrivals.next()).filter(|signal| *signal != Signal::Child);
        let came: Vec<Signal> = came.take(3).collect();
        assert_eq!(came, [Signal::Stop(libc::SIGTERM), Signal::Status, Signal::WindDown]);
        for signal in WATCHED {
            set(signal, libc::SIG_DFL).unwrap();
        }
    }
}
