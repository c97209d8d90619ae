//! forks COUNT LANES [thread] [settled]: makes COUNT processes that do nothing but `exit`, a maker for each of LANES lanes, which waits
//! for each before it makes the next. With `thread`, each is made by a thread of its own, and that is what it has. With `settled`, each is
//! given what a test's process has: a group, an end with its parent's, output to a pipe, signals as usual; and is watched as that is.

use std::env::args;
use std::ffi::{c_int, c_ulong, c_void};
use std::hint::black_box;
use std::ptr::null_mut;
use std::thread::Builder;

unsafe extern "C" {
    fn close(descriptor: c_int) -> c_int;
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn fork() -> c_int;
    fn getpid() -> c_int;
    fn getppid() -> c_int;
    fn ioctl(descriptor: c_int, request: c_ulong, ...) -> c_int;
    fn pipe(ends: *mut c_int) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn pthread_sigmask(how: c_int, set: *const c_void, old: *mut c_void) -> c_int;
    fn setpgid(process: c_int, group: c_int) -> c_int;
    fn sigemptyset(set: *mut c_void) -> c_int;
    fn waitid(kind: c_int, id: c_int, info: *mut c_void, options: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
}

/// Makes the file, and what is mapped of it, as large as a test binary.
static PADDING_BYTES: [u8; PADDING] = [1; PADDING];

/// What a maker has for its children.
#[derive(Clone, Copy)]
struct Ends {
    maker: c_int,
    /// Two pipes: what is said, and what is printed.
    pipes: [[c_int; 2]; 2],
    /// For a set of signals.
    signals: [u64; 16],
}

impl Ends {
    fn new() -> Ends {
        let (mut pipes, mut signals) = ([[0; 2]; 2], [0; 16]);
        // SAFETY: there is room for two numbers in each, and for a set of signals.
        unsafe {
            pipes.iter_mut().for_each(|ends| assert_eq!(pipe(ends.as_mut_ptr()), 0));
            sigemptyset(signals.as_mut_ptr().cast());
            Ends { maker: getpid(), pipes, signals }
        }
    }

    /// In the new process.
    fn settle(&self) {
        const SIG_SETMASK: c_int = 2;
        const PR_SET_PDEATHSIG: c_int = 1;
        let [said, printed] = self.pipes;
        // SAFETY: calls that change attributes and descriptors of this process.
        unsafe {
            setpgid(0, 0);
            prctl(PR_SET_PDEATHSIG, 9);
            assert_eq!(getppid(), self.maker);
            dup2(printed[1], 1);
            dup2(printed[1], 2);
            close(said[0]);
            close(printed[0]);
            pthread_sigmask(SIG_SETMASK, self.signals.as_ptr().cast(), null_mut());
        }
    }

    /// In the maker, when the process has ended and is still there.
    fn watch(&self, pid: c_int) {
        const P_PID: c_int = 1;
        const WSTOPPED_WEXITED_WNOWAIT: c_int = 2 | 4 | 0x0100_0000;
        const FIONREAD: c_ulong = 0x541b;
        let mut info = [0_u64; 32];
        // SAFETY: there is room for what is asked for.
        unsafe {
            assert_eq!(waitid(P_PID, pid, info.as_mut_ptr().cast(), WSTOPPED_WEXITED_WNOWAIT), 0);
            for [reader, _] in self.pipes {
                let mut count: c_int = 0;
                assert_eq!((ioctl(reader, FIONREAD, &raw mut count), count), (0, 0));
            }
        }
    }
}

/// Makes a process, and waits for it.
fn process(ends: Option<&Ends>) {
    // SAFETY: the copy has no thread but this one, and the only other one there ever is waits for this.
    let pid = unsafe { fork() };
    if pid == 0 {
        ends.into_iter().for_each(Ends::settle);
        std::process::exit(0)
    }
    if let Some(ends) = ends {
        // SAFETY: names the process just made.
        unsafe { setpgid(pid, pid) };
        ends.watch(pid);
    }
    let mut status = 0;
    // SAFETY: `status` is a valid place for the result.
    assert_eq!((unsafe { waitpid(pid, &raw mut status, 0) }, status), (pid, 0));
}

fn make(count: usize, has_threads: bool, is_settled: bool) {
    let ends = is_settled.then(Ends::new);
    for _ in 0..count {
        match has_threads {
            true => Builder::new()
                .name("test".to_owned())
                .spawn(move || process(ends.as_ref()))
                .expect("a thread")
                .join()
                .expect("no panic"),
            false => process(ends.as_ref()),
        }
    }
}

fn main() {
    black_box(&PADDING_BYTES);
    let arguments: Vec<String> = args().skip(1).collect();
    let number = |place: usize| arguments[place].parse::<usize>().expect("a number");
    let (count, lanes) = (number(0), number(1));
    let is_asked = |word: &str| arguments.iter().any(|argument| argument == word);
    let makers: Vec<c_int> = (0..lanes)
        // SAFETY: there is one thread.
        .map(|_| match unsafe { fork() } {
            0 => {
                make(count / lanes, is_asked("thread"), is_asked("settled"));
                std::process::exit(0)
            }
            pid => pid,
        })
        .collect();
    for maker in makers {
        let mut status = 0;
        // SAFETY: as above.
        assert_eq!((unsafe { waitpid(maker, &raw mut status, 0) }, status), (maker, 0));
    }
}
