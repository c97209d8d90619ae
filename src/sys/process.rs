//! Processes: making them, watching them, ending them.

use std::fs;
use std::io::{self, Read};
use std::os::fd::RawFd;
use std::process::{Command, Stdio};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::descriptor::{keep_over_exec, replace_standard};
use super::signals::SignalMask;
use super::{check, copies, coverage, retry};

/// This process's own number.
pub(crate) fn own_number() -> i32 {
    std::process::id().cast_signed()
}

/// A process of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pid(pub(crate) i32);

/// Which of the two processes returned from `fork`.
pub(crate) enum Fork {
    Parent(Pid),
    Child,
}

/// The right to fork. One thread has it: that which asked for it, or the one that it is lent to by [`Forker::on_thread`].
pub(crate) struct Forker(std::marker::PhantomData<*const ()>);

impl Forker {
    /// `None` if the process has more than one thread: some constructor ran before `main` and started one. A lock that
    /// thread holds at the moment of a fork would stay locked in the child for ever.
    pub(crate) fn of_single_thread() -> Option<Forker> {
        use std::os::unix::fs::MetadataExt;
        // A directory has two links, and this one another for each thread; reading it takes five calls. Where links are
        // counted otherwise it has to be read.
        let is_single = match fs::metadata("/proc/self/task").map(|tasks| tasks.nlink()) {
            Ok(3) => true,
            _ => fs::read_dir("/proc/self/task").map_or(1, Iterator::count) == 1,
        };
        is_single.then_some(Forker(std::marker::PhantomData))
    }

    /// Has `body`, which may fork, run on a thread of its own while the calling one waits for that: of a copy, it is the only thread. An
    /// error if there is no thread to be had, or if it panicked.
    pub(crate) fn on_thread<T: Send>(
        &self,
        thread: Builder,
        body: impl FnOnce(&Forker) -> T + Send,
    ) -> io::Result<T> {
        thread::scope(|scope| {
            let borrower = thread.spawn_scoped(scope, || body(&Forker(std::marker::PhantomData)))?;
            borrower.join().map_err(|_| io::Error::other("the thread that forks panicked"))
        })
    }

    /// Makes a copy of this process.
    #[inline(always)] // see `execute::child`
    pub(crate) fn fork(&self) -> io::Result<Fork> {
        // SAFETY: the process had one thread when the `Forker` was made, and who holds it starts none, but by `on_thread`: then the
        // other one waits for this one's end, or is on its way there. On that way are locks of the C library alone, which holds
        // them itself over the call. So no lock is held by a thread that the copy lacks, and it may do whatever this process may.
        match unsafe { libc::fork() } {
            0 => {
                copies::be_original();
                Ok(Fork::Child)
            }
            -1 => Err(io::Error::last_os_error()),
            pid => {
                // The child does the same; whoever comes first, from here on the group can be signalled.
                // SAFETY: names the child just made; it fails once that has ended, which is as well.
                unsafe { libc::setpgid(pid, pid) };
                Ok(Fork::Parent(Pid(pid)))
            }
        }
    }
}

/// Makes a copy of this process, in which other threads may exist: those that a user's fixture has started.
///
/// The copy has the locks that they held, for ever: it has to be tried out before it is relied upon.
pub(crate) fn fork_beside_threads() -> io::Result<Fork> {
    // SAFETY: the copy has this thread alone. The C library holds its own locks over the call, so memory can be allocated in the
    // copy. Any other lock may be held by a thread that the copy lacks: taking it hangs, which the caller watches for; it does
    // nothing worse, for no data is used without its lock.
    Ok(match check(unsafe { libc::fork() })? {
        0 => {
            copies::be_original();
            Fork::Child
        }
        pid => Fork::Parent(Pid(pid)),
    })
}

/// Gives a copy of this process, of which `parent` is the number, a group of its own, and an end when that ends.
pub(crate) fn settle_beside(parent: i32) -> io::Result<()> {
    // SAFETY: changes the group of the calling process.
    check(unsafe { libc::setpgid(0, 0) })?;
    die_with_parent(parent)
}

/// Makes a copy of this process that is not its child but that of an ancestor which adopts orphans. `false` in the copy.
///
/// Unlike with a [`Forker`], other threads may exist, if no copy without could be made: see [`fork_beside_threads`].
pub(crate) fn fork_for_ancestor() -> io::Result<bool> {
    // SAFETY: as for `fork_beside_threads`.
    let between = match check(unsafe { libc::fork() })? {
        0 => {
            let own = own_number();
            // SAFETY: as above; here there is one thread.
            match unsafe { libc::fork() } {
                0 => {
                    // SAFETY: asks for a number. The process between ends at once; then this one has its new parent.
                    while unsafe { libc::getppid() } == own {
                        thread::yield_now();
                    }
                    copies::be_original();
                    return Ok(false);
                }
                // SAFETY: ends the process, without what was registered for the end of the one it is a copy of.
                made => unsafe { libc::_exit(i32::from(made < 0)) },
            }
        }
        pid => Pid(pid),
    };
    let change = wait_for(between)?;
    reap(between);
    if change == Change::Exited(0) { Ok(true) } else { Err(io::Error::from_raw_os_error(libc::EAGAIN)) }
}

/// How a process of ours is connected.
pub(crate) struct Connections<'run> {
    /// What becomes its standard output and error; `None` leaves them as they are.
    pub(crate) output: Option<RawFd>,
    /// What becomes its standard input; `None` leaves it as it is.
    pub(crate) nowhere: Option<RawFd>,
    /// Descriptors of the process that makes it, which it must not keep open.
    pub(crate) not_for_it: &'run [RawFd],
    /// The process that makes it.
    pub(crate) parent: i32,
}

/// Makes a forked process fit to run tests: a process group of its own (the terminal's Ctrl-C goes to the supervisor alone, and the
/// group can be killed as one), killed when its parent dies, standard input from nowhere, output to the supervisor, its own
/// coverage counters. Whether that could be done.
///
/// Plain calls in one function, where the rest of this module has a function for each: a process that was just forked has none of
/// its code in memory, and pays for every page of it.
#[inline(always)] // see `execute::child`
pub(crate) fn settle_in(connections: &Connections<'_>) -> bool {
    let Connections { output, nowhere, not_for_it, parent } = *connections;
    // SAFETY: calls that change attributes and descriptors of the calling process. The standard streams belong to no value of
    // ours, and the owners of the numbers that are closed are values of the parent that this process never touches again.
    let is_settled = unsafe {
        let mut is_settled = libc::setpgid(0, 0) != -1
            && libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) != -1
            // The parent may have died before the attribute was set.
            && libc::getppid() == parent;
        // `prctl` with all it may be given: what is left out the C library takes from wherever it is, which valgrind reports.
        // The others by number: the C library's own functions for these are where the process has no other business. No pipe has the
        // number of a standard stream, which `dup3` would refuse: std opens those before `main`.
        if let Some(nowhere) = nowhere {
            is_settled &= libc::syscall(libc::SYS_dup3, nowhere, 0, 0) != -1;
        }
        if let Some(output) = output {
            is_settled &= libc::syscall(libc::SYS_dup3, output, 1, 0) != -1
                && libc::syscall(libc::SYS_dup3, output, 2, 0) != -1;
        }
        let mut place = 0;
        while place < not_for_it.len() {
            libc::syscall(libc::SYS_close, not_for_it[place]);
            place += 1;
        }
        is_settled
    };
    if is_settled {
        coverage::start_afresh();
    }
    is_settled
}

/// Has the kernel kill this process when the thread that made it ends.
fn die_with_parent(parent: i32) -> io::Result<()> {
    // SAFETY: sets an attribute of the calling process.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
    // The parent may have died before the attribute was set.
    let is_orphan = std::os::unix::process::parent_id().cast_signed() != parent;
    if is_orphan { Err(io::Error::from_raw_os_error(libc::ESRCH)) } else { Ok(()) }
}

/// Starts this executable again, with the same arguments, connected as a forked process would be. `kept` are descriptors
/// it needs under the same numbers.
pub(crate) fn spawn_self(
    role: (&str, String),
    connections: &Connections<'_>,
    kept: &[RawFd],
    mask: Option<SignalMask>,
) -> io::Result<Pid> {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    let mut command = Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(role.0, role.1).stdin(Stdio::null()).process_group(0);
    let (output, parent, kept) = (connections.output, connections.parent, kept.to_vec());
    let prepare = move || {
        mask.iter().for_each(SignalMask::restore);
        die_with_parent(parent)?;
        if let Some(output) = output {
            replace_standard(1, output)?;
            replace_standard(2, output)?;
        }
        kept.iter().try_for_each(|&descriptor| keep_over_exec(descriptor))
    };
    // SAFETY: the closure makes system calls only; it takes no lock and allocates nothing.
    unsafe { command.pre_exec(prepare) };
    Ok(Pid(command.spawn()?.id().cast_signed()))
}

/// Makes this process the parent of every process whose own parent ends: what a test leaves behind can be found.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    // SAFETY: sets an attribute of the calling process.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) })?;
    Ok(())
}

/// What became of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Exited(i32),
    Killed(i32),
    Stopped(i32),
}

/// The next process of ours that ended or stopped; does not wait for one.
pub(crate) fn next_change() -> Option<(Pid, Change)> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the result.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
    if pid <= 0 {
        return None;
    }
    let change = if libc::WIFEXITED(status) {
        Change::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else {
        Change::Killed(libc::WTERMSIG(status))
    };
    Some((Pid(pid), change))
}

/// Waits until a process that this one has made ends. It keeps its number until it is [`reap`]ed: nobody else can have it.
pub(crate) fn wait_for(pid: Pid) -> io::Result<Change> {
    Ok(wait(libc::P_PID, pid, libc::WEXITED | libc::WNOWAIT)?.1)
}

/// The same, until it ends or stops, where orphans are adopted that may end before: lets them go meanwhile, for whoever has killed one may
/// wait for that.
pub(crate) fn wait_for_beside_orphans(pid: Pid) -> io::Result<Change> {
    let either = libc::WEXITED | libc::WSTOPPED;
    loop {
        let (who, change) = wait(libc::P_ALL, Pid(0), either | libc::WNOWAIT)?;
        if who == pid {
            return Ok(change);
        }
        wait(libc::P_PID, who, either | libc::WNOHANG)?;
    }
}

fn wait(whom: libc::idtype_t, pid: Pid, flags: libc::c_int) -> io::Result<(Pid, Change)> {
    // SAFETY: the structure is numbers, for which zero is a value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is a valid place for the result.
    retry(|| check(unsafe { libc::waitid(whom, pid.0.cast_unsigned(), &raw mut info, flags) }))?;
    // SAFETY: the call succeeded, and filled in the fields that it has for a child's change, if there was one.
    let (who, number) = unsafe { (Pid(info.si_pid()), info.si_status()) };
    let change = match info.si_code {
        libc::CLD_EXITED => Change::Exited(number),
        libc::CLD_STOPPED => Change::Stopped(number),
        _ => Change::Killed(number),
    };
    Ok((who, change))
}

/// Lets a process go that has ended.
pub(crate) fn reap(pid: Pid) {
    // SAFETY: no status is asked for. The process has ended, so this does not wait.
    unsafe { libc::waitpid(pid.0, std::ptr::null_mut(), 0) };
}

/// Lets go whoever has ended. Whether anybody is left who has not.
pub(crate) fn reap_ended() -> bool {
    loop {
        // SAFETY: no status is asked for.
        match unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } {
            0 => return true,
            -1 => return false,
            _ => {}
        }
    }
}

/// Has this thread do nothing until another one ends the process.
#[inline(always)] // see `execute::child`
pub(crate) fn wait_for_the_end() -> ! {
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

/// Ends this process at once; nothing that was registered for its end is done.
pub(crate) fn leave() -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(0) }
}

/// Asks a process that has not been waited for, and its group, to end.
pub(crate) fn terminate(leader: Pid) {
    signal(leader.0, libc::SIGTERM);
    signal(-leader.0, libc::SIGTERM);
    // A stopped process does not see the request before it goes on.
    signal(-leader.0, libc::SIGCONT);
}

/// Hands a signal on to a process that has not been waited for, and its group.
#[cfg(feature = "cli")]
pub(crate) fn send(leader: Pid, number: i32) {
    signal(-leader.0, number);
}

/// Sends a signal to a process that has not been waited for, and to nobody else of its group.
#[cfg(feature = "cli")]
pub(crate) fn send_to(pid: Pid, number: i32) {
    signal(pid.0, number);
}

/// Stops a process that has not been waited for, and its group.
pub(crate) fn stop(leader: Pid) {
    signal(leader.0, libc::SIGSTOP);
    signal(-leader.0, libc::SIGSTOP);
}

/// Has a process go on that was stopped, and its group.
pub(crate) fn go_on(leader: Pid) {
    signal(-leader.0, libc::SIGCONT);
    signal(leader.0, libc::SIGCONT);
}

/// Waits until a child of this process has stopped, but no longer than `limit`; nobody hears of it afterwards.
pub(crate) fn await_stop(pid: Pid, limit: Duration) {
    let deadline = Instant::now() + limit;
    loop {
        // SAFETY: the structure is numbers, for which zero is a value.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let flags = libc::WSTOPPED | libc::WNOHANG;
        // SAFETY: `info` is a valid place for the result.
        let asked = unsafe { libc::waitid(libc::P_PID, pid.0.cast_unsigned(), &raw mut info, flags) };
        // With nothing to tell, the field stays zero.
        if asked != 0 || info.si_signo != 0 || Instant::now() >= deadline {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Ends a process that has not been waited for, and its group. It may have left the group, so it is also named itself.
pub(crate) fn kill(leader: Pid) {
    signal(leader.0, libc::SIGKILL);
    signal(-leader.0, libc::SIGKILL);
}

/// Ends whoever is left in the group of a process that has been waited for.
pub(crate) fn kill_group_of(gone: Pid) {
    signal(-gone.0, libc::SIGKILL);
}

/// Whether anybody is left in the group of a process that has been waited for.
pub(crate) fn is_group_alive(gone: Pid) -> bool {
    signal(-gone.0, 0)
}

fn signal(target: i32, signal: i32) -> bool {
    // SAFETY: sends a signal to processes that we made, or that they made. A number that names nobody is an error, nothing
    // worse; it cannot name a stranger while the process has not been waited for or somebody is left in its group.
    unsafe { libc::kill(target, signal) == 0 }
}

/// Ends one process.
pub(crate) fn kill_one(pid: Pid) {
    signal(pid.0, libc::SIGKILL);
}

/// Processes that belong to a group, by asking the system about every process: call it when there is something to find.
pub(crate) fn members_of_group(leader: Pid) -> Vec<(Pid, String)> {
    all_processes().into_iter().filter(|process| process.group == leader.0).map(Process::named).collect()
}

/// Processes whose parent this process is: what tests left behind, once all others have been waited for.
pub(crate) fn adopted() -> Vec<(Pid, String)> {
    if !has_children() {
        return Vec::new();
    }
    // One small file; looking at every process would take milliseconds on a busy machine. A kernel built without the file
    // finds nothing here.
    let own = std::process::id();
    let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    let pids = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    pids.filter_map(|pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        parse_stat(pid, &stat).map(Process::named)
    })
    .collect()
}

/// Whether there is any process to wait for, by a call that waits for none.
fn has_children() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let mut info = std::mem::MaybeUninit::uninit();
    // SAFETY: there is a place for the result, which nobody reads, and the call leaves every process as it is.
    unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), options) == 0 }
}

struct Process {
    pid: Pid,
    name: String,
    group: i32,
}

impl Process {
    fn named(self) -> (Pid, String) {
        (self.pid, self.name)
    }
}

/// Every process there is, except the dead that only wait to be noticed.
fn all_processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: i32| parse_stat(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .collect()
}

/// `PID (NAME) STATE PARENT GROUP …`; the name may hold anything, brackets and spaces too.
fn parse_stat(pid: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (state != "Z").then(|| Process { pid: Pid(pid), name: name.to_owned(), group })
}

/// How many bytes of memory a process holds at present; `None` if it is gone.
pub(crate) fn resident_memory(pid: Pid) -> Option<u64> {
    // In pages: `SIZE RESIDENT SHARED …`.
    let sizes = fs::read_to_string(format!("/proc/{}/statm", pid.0)).ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * u64::try_from(page).ok()?)
}

/// The name of the process that a text is about, if it is one that the system would write.
#[cfg(any(test, fuzzing))]
pub(crate) fn name_in_stat(stat: &str) -> Option<String> {
    parse_stat(1, stat).map(|process| process.name)
}

/// Whether a debugger holds this process.
pub(crate) fn is_traced() -> bool {
    // It stands in the first lines; reading the file to its end takes eight reads where one is enough.
    let mut status = [0; 1024];
    let read = fs::File::open("/proc/self/status").and_then(|mut file| file.read(&mut status));
    let status = String::from_utf8_lossy(&status[..read.unwrap_or(0)]);
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|pid| pid.trim() != "0")
}

#[cfg(test)]
mod tests;
