//! The template: a process with one thread, forked from a fixture host that has several, from which all others are forked.
//!
//! A fork copies one thread and the locks of all. What a fixture's thread held at that moment (std's lock of threads that start, of
//! standard output, of the environment) is held for ever in the copy. So one copy is made and tried out; one that hangs is thrown
//! away, and another is made. What is forked from a good one is as good as that: it has no other thread, and runs nobody's code.

use std::backtrace::Backtrace;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic;
use std::thread;
use std::time::Duration;

use crate::sys::descriptor::{Readable, pipe, read_some, wait};
use crate::sys::environment;
use crate::sys::process::{self, Fork, Forker, Pid};

/// How long a copy may take to show that it is good. It takes less than a millisecond, if there is a processor for it; every few
/// copies that did not, the next ones get twice the time.
const PATIENCE: Duration = Duration::from_millis(10);
const FEW: u32 = 5;

/// How many copies are made in a row: all together have half a minute.
const TRIES: u32 = 9 * FEW;

/// What there is to fork from.
pub(super) enum Template {
    /// This very process: it has one thread.
    Here,
    /// This process is the good copy.
    Copy,
    /// That process serves, until it ends.
    At(Pid),
}

impl Template {
    /// Makes one. Returns in both processes.
    ///
    /// # Errors
    ///
    /// No process could be made, or none that is good.
    pub(super) fn make() -> io::Result<Template> {
        if Forker::of_single_thread().is_some() {
            return Ok(Template::Here);
        }
        let host = process::own_number();
        for number in 0..TRIES {
            let patience = PATIENCE * 2_u32.pow(number / FEW);
            let (told, tell) = pipe()?;
            // These can be had: then it is this thread that holds them in the copy, and lets them go there.
            let streams = (io::stdin().lock(), io::stdout().lock(), io::stderr().lock());
            let forked = process::fork_beside_threads()?;
            drop(streams);
            match forked {
                Fork::Parent(pid) => {
                    drop(tell);
                    if has_told(&told, patience)? {
                        return Ok(Template::At(pid));
                    }
                    process::kill_one(pid);
                    let _ = process::wait_for(pid);
                    process::reap(pid);
                }
                Fork::Child => {
                    drop(told);
                    if process::settle_beside(host).is_err() {
                        process::leave();
                    }
                    try_out();
                    let _ = std::fs::File::from(tell).write(&[1]);
                    return Ok(Template::Copy);
                }
            }
        }
        Err(io::Error::other("threads of shared fixtures hold locks of the standard library all the time"))
    }
}

fn has_told(told: &OwnedFd, patience: Duration) -> io::Result<bool> {
    wait(&[told.as_raw_fd()], Some(patience))?;
    Ok(matches!(read_some(told, &mut Vec::new())?, Readable::Bytes))
}

/// Does what takes the locks that a test cannot do without; hangs if one is held.
fn try_out() {
    // Not by reading it: a lock that a reader of the host holds lets readers in, and a test that sets a variable waits for ever.
    environment::remove("SNOUT_TEMPLATE");
    drop(Backtrace::force_capture());
    panic::set_hook(panic::take_hook());
    // It has a name and an end, and allocates on both sides.
    let thread = thread::Builder::new().name("template".to_owned()).spawn(|| drop(vec![0; 64]));
    let _ = thread.map(thread::JoinHandle::join);
}
