//! forks COUNT LANES [thread]: makes COUNT processes that do nothing but `exit`, a maker for each of LANES lanes, which waits for each
//! before it makes the next. With `thread`, each is made by a thread of its own, and that is what it has.

use std::env::args;
use std::ffi::c_int;
use std::hint::black_box;
use std::thread::Builder;

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
}

/// Makes the file, and what is mapped of it, as large as a test binary.
static PADDING_BYTES: [u8; PADDING] = [1; PADDING];

/// Makes a process that does this, and waits for it.
fn process(body: impl FnOnce()) {
    let mut status = 0;
    // SAFETY: the copy has no thread but this one, and the only other one there ever is waits for this.
    match unsafe { fork() } {
        0 => {
            body();
            std::process::exit(0)
        }
        // SAFETY: `status` is a valid place for the result.
        pid => assert_eq!((unsafe { waitpid(pid, &raw mut status, 0) }, status), (pid, 0)),
    }
}

fn main() {
    black_box(&PADDING_BYTES);
    let arguments: Vec<String> = args().skip(1).collect();
    let number = |place: usize| arguments[place].parse::<usize>().expect("a number");
    let (count, lanes, has_threads) = (number(0), number(1), arguments.len() > 2);
    let makers: Vec<c_int> = (0..lanes)
        // SAFETY: there is one thread.
        .map(|_| match unsafe { fork() } {
            0 => {
                (0..count / lanes).for_each(|_| match has_threads {
                    true => Builder::new().name("test".to_owned()).spawn(|| process(|| {})).unwrap().join().unwrap(),
                    false => process(|| {}),
                });
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
