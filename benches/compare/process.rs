//! Runs one program and says what it took, as seen from outside.

#![expect(unsafe_code, reason = "std's `wait` does not tell what a child used")]

use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a program took, with every process it waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// From before its start to after its end, in seconds.
    pub(crate) wall: f64,
    /// Processor time, user and system, in seconds.
    pub(crate) cpu: f64,
    /// The most memory that any one of its processes held at a time, in bytes. Never less than this program itself
    /// held when it started it: the kernel counts from before `exec`.
    pub(crate) peak: f64,
}

impl Usage {
    /// One after the other.
    pub(crate) fn then(self, next: Usage) -> Usage {
        Usage { wall: self.wall + next.wall, cpu: self.cpu + next.cpu, peak: self.peak.max(next.peak) }
    }
}

/// Runs it to its end, with no input, and output to nowhere. An error if it does not end well.
pub(crate) fn run(command: &mut Command) -> Result<Usage, String> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let name = command.get_program().display().to_string();
    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("cannot start `{name}`: {error}"))?;
    let (status, used) = wait(child.id())?;
    let wall = start.elapsed().as_secs_f64();
    if status != 0 {
        return Err(format!("`{command:?}` ended with wait status {status:#x}; run it to see why"));
    }
    let cpu = duration(used.ru_utime) + duration(used.ru_stime);
    Ok(Usage { wall, cpu: cpu.as_secs_f64(), peak: used.ru_maxrss as f64 * 1024.0 })
}

/// Waits for a child that nobody else waits for.
fn wait(child: u32) -> Result<(i32, libc::rusage), String> {
    let mut status = 0;
    let mut used = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both places are valid for the call, and the second is all zero, a valid value, if nothing is written.
    let (ended, used) = unsafe {
        let ended = libc::wait4(child.cast_signed(), &raw mut status, 0, used.as_mut_ptr());
        (ended, used.assume_init())
    };
    if ended == child.cast_signed() { Ok((status, used)) } else { Err("lost track of a child".to_owned()) }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_usec.unsigned_abs() as u32 * 1000)
}
