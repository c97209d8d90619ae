//! Asking a process that hangs where it does: a signal whose handler writes the stack of the thread that gets it.

use std::backtrace::Backtrace;
use std::fs;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use super::process::{Pid, own_number};

/// What the handler calls: whether the stack of this thread is to be shown, and under which name; what is done when it has been.
struct Answer {
    name: fn() -> Option<&'static str>,
    done: fn(),
}

static ANSWER: OnceLock<Answer> = OnceLock::new();

/// The code of a signal that was sent to a thread. Older versions of libc, which a user's lock file may hold, do not have it.
const SI_TKILL: libc::c_int = -6;

/// One of those that no program uses but by choice.
fn signal() -> libc::c_int {
    libc::SIGRTMAX() - 3
}

/// Has threads of this process, and of those forked from it, write their stack to standard error when another process asks: those to
/// which `name` gives a name. `done` is called by every thread that was asked. If the signal comes otherwise, it does what
/// it would do if nobody handled it.
pub(crate) fn show_when_asked(name: fn() -> Option<&'static str>, done: fn()) {
    if ANSWER.set(Answer { name, done }).is_err() {
        return;
    }
    // SAFETY: all zero is a value of this structure of numbers and pointers. The handler has the signature that is asked for. It
    // may allocate and take locks, which a handler should not, for the thread may hold them: then it hangs, in a process that hangs
    // already and is killed in a moment.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = show as *const () as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(signal(), &raw const action, ptr::null_mut());
    }
}

extern "C" fn show(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let Some(answer) = ANSWER.get() else { return };
    // SAFETY: the kernel gives a handler of this kind a structure that lives as long as the call.
    let (code, sender) = unsafe { ((*info).si_code, (*info).si_pid()) };
    if code != SI_TKILL || sender == own_number() {
        return die_unless_handled(signal);
    }
    if let Some(name) = (answer.name)() {
        let frames = of_test(&Backtrace::force_capture().to_string());
        let text = format!("\nthread '{name}' hangs here:\n{frames}");
        // SAFETY: the text is valid for its length. If standard error is closed, there is nothing to be done.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
    }
    (answer.done)();
}

/// Does what the signal does to a process that has no handler for it; but not if a test has one, which has called ours as what
/// was there before it: libraries for signals do so.
fn die_unless_handled(signal: libc::c_int) {
    // SAFETY: all zero is a value of this structure of numbers and pointers, which is valid for the call. The usual action is put
    // back, and the signal repeated, which comes when the handler that this is called from has returned.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        libc::sigaction(signal, ptr::null(), &raw mut action);
        if action.sa_sigaction == show as *const () as libc::sighandler_t {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}

/// The frames of a backtrace between the handler of a signal and what the harness has called the test from.
fn of_test(trace: &str) -> String {
    let lines: Vec<&str> = trace.lines().collect();
    let is_frame = |line: &str| {
        line.trim_start().split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    };
    // The handler's own frame comes first, then the system's, which has called it and is not always named.
    let next = |from: usize| {
        lines[from..].iter().position(|line| is_frame(line)).map_or(lines.len(), |place| from + place)
    };
    let own = lines.iter().position(|line| is_frame(line) && line.contains("sys::stack::show"));
    let system = own.map(|place| next(place + 1));
    let is_system_s = |line: &&str| line.contains("__restore_rt") || line.contains("<unknown>");
    let first = match system {
        Some(place) if lines.get(place).is_some_and(is_system_s) => next(place + 1),
        Some(place) => place,
        None => 0,
    };
    let last = lines[first..].iter().position(|line| line.contains("__rust_begin_short_backtrace"));
    let last = last.map_or(lines.len(), |place| first + place);
    lines[first..last].iter().map(|line| format!("{line}\n")).collect()
}

/// Asks every thread of a process for its stack; how many there are.
pub(crate) fn ask(pid: Pid) -> usize {
    let threads = threads(pid);
    for &thread in &threads {
        // SAFETY: sends a signal to a thread of a process that has not been waited for; one that has ended is an error, nothing worse.
        unsafe { libc::syscall(libc::SYS_tgkill, pid.0, thread, signal()) };
    }
    threads.len()
}

fn threads(pid: Pid) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{}/task", pid.0)).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Why threads of a process have not shown their stacks, as far as the system tells.
pub(crate) fn why_not(pid: Pid) -> String {
    let reasons = threads(pid).into_iter().filter_map(|thread| {
        let folder = format!("/proc/{}/task/{thread}", pid.0);
        let status = fs::read_to_string(format!("{folder}/status")).ok()?;
        let field =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let blocked = u64::from_str_radix(field("SigBlk:"), 16).unwrap_or_default();
        let name = field("Name:");
        if blocked & 1 << (signal() - 1) != 0 {
            return Some(format!("thread '{name}' blocks signals"));
        }
        let pending = u64::from_str_radix(field("SigPnd:"), 16).unwrap_or_default();
        (pending & 1 << (signal() - 1) != 0)
            .then(|| format!("thread '{name}' is in the kernel ({})", field("State:")))
    });
    let reasons: Vec<String> = reasons.collect();
    if reasons.is_empty() {
        "it did not answer in time: it holds a lock that this needs, or there is no processor for it"
            .to_owned()
    } else {
        reasons.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::of_test;

    #[test]
    fn what_the_harness_has_called_is_left_out() {
        let trace = "   0: snout::sys::stack::show\n             at ./src/sys/stack.rs:1:2\n   1: __restore_rt\n             at ./signal.c:1\n   \
                     2: clock_nanosleep\n   3: m::f\n             at ./tests/m.rs:5:9\n   4: std::sys::backtrace::__rust_begin_short_backtrace\n   \
                     5: start_thread\n";
        assert_eq!(of_test(trace), "   2: clock_nanosleep\n   3: m::f\n             at ./tests/m.rs:5:9\n");
        assert_eq!(of_test("   0: m::f\n"), "   0: m::f\n");
        assert_eq!(of_test(""), "");
    }
}
