//! LLVM's coverage counters (`-C instrument-coverage`) across `fork`.
//!
//! The runtime settles the name of a process's profile before `main`, with that process's id in it, and a forked process
//! inherits both the name and the counts so far. Left alone, children would write over one file, and count the
//! supervisor's work once more each. So a child zeroes its counters and takes a file of its own. A process that was
//! executed has counters of its own, but the same file, if the user's pattern has no `%p`. Without instrumentation the
//! runtime is not linked, the weak references are null, and nothing happens.
//!
//! In continuous mode (`%c` in the pattern) the counters are the file, mapped into memory and shared across `fork`:
//! everything is counted once as it is, what a crashed process did too. The runtime then leaves name and counters alone,
//! whatever is asked of it here.

use std::ffi::{CStr, CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;
use std::process;

// Weak references cannot be written in stable Rust; the assembler can. The linker fills in null where there is no runtime.
std::arch::global_asm!(
    ".weak __llvm_profile_reset_counters",
    ".weak __llvm_profile_get_filename",
    ".weak __llvm_profile_set_filename",
    ".pushsection .data.rel.ro.snout_profile_runtime,\"aw\",@progbits",
    ".balign 8",
    ".hidden __snout_0_1_profile_runtime",
    // Weak, for a program may have this crate twice (`cargo snout` in a checkout of snout); either table will do.
    ".weak __snout_0_1_profile_runtime",
    "__snout_0_1_profile_runtime:",
    ".quad __llvm_profile_reset_counters",
    ".quad __llvm_profile_get_filename",
    ".quad __llvm_profile_set_filename",
    ".popsection",
);

/// The table above, as the linker filled it in.
#[repr(C)]
struct Runtime {
    reset_counters: Option<unsafe extern "C" fn()>,
    filename: Option<unsafe extern "C" fn() -> *const c_char>,
    set_filename: Option<unsafe extern "C" fn(*const c_char)>,
}

unsafe extern "C" {
    #[link_name = "__snout_0_1_profile_runtime"]
    static RUNTIME: Runtime;
}

/// Gives a process that was just forked counters of its own, in a file of its own.
#[inline(always)] // see `execute::child`
pub(crate) fn start_afresh() {
    // SAFETY: the linker wrote the table before the program started; nothing writes to it.
    if let Some(reset) = unsafe { RUNTIME.reset_counters } {
        // SAFETY: the runtime's documented function; the process has one thread, so nothing counts meanwhile.
        unsafe { reset() };
        take_own_file();
    }
}

/// Gives this process a profile of its own, whatever the user's pattern says. Where it has the process's id already, it
/// is there twice.
pub(crate) fn take_own_file() {
    // SAFETY: as above.
    let runtime = unsafe { &RUNTIME };
    let (Some(filename), Some(set_filename)) = (runtime.filename, runtime.set_filename) else { return };
    // SAFETY: these are the runtime's documented functions. The name it returns is a C string that lives until the next
    // call; of the one it is given it makes a copy.
    unsafe {
        let inherited = filename();
        if !inherited.is_null()
            && let Some(own) = own_name(CStr::from_ptr(inherited))
        {
            set_filename(own.as_ptr());
        }
    }
}

/// `NAME.profraw` with this process's id before the ending; tools find profiles by that ending. Absolute, for it is
/// opened when the process ends, and a test may have changed the directory by then.
fn own_name(inherited: &CStr) -> Option<CString> {
    let path = std::path::absolute(OsStr::from_bytes(inherited.to_bytes())).ok()?;
    let mut name = path.file_stem()?.to_os_string();
    name.push(format!(".{}", process::id()));
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    CString::new(path.with_file_name(name).as_os_str().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_process_comes_before_the_ending() {
        let own = process::id();
        for (inherited, wanted) in [
            (c"/a/b.profraw", format!("/a/b.{own}.profraw")),
            (c"/a.b/c", format!("/a.b/c.{own}")),
            (c"/a/1.2.profraw", format!("/a/1.2.{own}.profraw")),
        ] {
            assert_eq!(own_name(inherited), Some(CString::new(wanted).unwrap()));
        }
        let relative = own_name(c"b.profraw").unwrap();
        assert!(relative.to_str().unwrap().starts_with('/'), "a test may change the directory");
        assert_eq!((own_name(c"/"), own_name(c"")), (None, None));
    }
}
