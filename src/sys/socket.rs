//! A pair of sockets over which descriptors go from one process to another, with a few bytes each time.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::thread;
use std::time::Duration;

use super::{check, retry};

/// The most bytes that come with one message.
pub(crate) const LONGEST: usize = 4096;
/// The most descriptors that come with one message.
const MOST: usize = 3;
/// Room for the control message that carries them, in words, for its alignment.
const CONTROL: usize = 8;

/// How long to wait before the next try, when the receiver has not taken in what there is.
const PAUSE: Duration = Duration::from_millis(1);

/// Two sockets that are connected with each other. A message arrives whole or not at all.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe {
        libc::socketpair(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr())
    })?;
    // SAFETY: the call succeeded, so both are open and nobody else knows them.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Sends a message; waits while there is no room for it.
pub(crate) fn send(socket: &OwnedFd, bytes: &[u8], descriptors: &[RawFd]) -> io::Result<()> {
    let descriptors = &descriptors[..descriptors.len().min(MOST)];
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = [0_u64; CONTROL];
    let mut message = empty_message(&mut part);
    if !descriptors.is_empty() {
        let size = u32::try_from(size_of_val(descriptors)).map_err(io::Error::other)?;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: computes sizes, and writes a header and `size` bytes behind it into `control`, which has room for `MOST`.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(size) as _; // another type in each C library
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size) as _;
            ptr::copy_nonoverlapping(descriptors.as_ptr().cast(), libc::CMSG_DATA(header), size as usize);
        }
    }
    loop {
        // SAFETY: the message and what it points to live through the call, which only reads them.
        let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
        match io::Error::last_os_error() {
            _ if sent >= 0 => return Ok(()),
            error if error.kind() == io::ErrorKind::Interrupted => {}
            // A limit on descriptors that are under way, over all of the user's processes: it passes.
            error if error.raw_os_error() == Some(libc::ETOOMANYREFS) => thread::sleep(PAUSE),
            error => return Err(error),
        }
    }
}

/// The next message that has arrived, if any: its bytes and descriptors. Empty bytes stand for the end.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut bytes = vec![0; LONGEST];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut control = [0_u64; CONTROL];
    let mut message = empty_message(&mut part);
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    let received = retry(|| {
        // SAFETY: the message points to buffers of the lengths it says, which live through the call.
        let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
        usize::try_from(count).map_err(|_| io::Error::last_os_error())
    });
    match received {
        Ok(count) => {
            bytes.truncate(count);
            // SAFETY: the kernel has filled in the message and its control buffer, which is still there.
            Ok(Some((bytes, unsafe { descriptors_in(&message) })))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn empty_message(part: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: the structure is numbers and pointers, for which zero is "nothing".
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message
}

/// Takes over the descriptors that came with a message. Call it once for each.
///
/// # Safety
///
/// The kernel has filled in the message, and its control buffer is still there.
unsafe fn descriptors_in(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut found = Vec::new();
    // SAFETY: the macros walk over the control buffer within the length that the kernel has set; descriptors that it put there are
    // open, and nobody else in this process knows their numbers.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(head) = header.as_ref() {
            if (head.cmsg_level, head.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let length: usize = head.cmsg_len as _;
                let size = length - libc::CMSG_LEN(0) as usize;
                let first = libc::CMSG_DATA(header).cast::<RawFd>();
                let places = 0..size / size_of::<RawFd>();
                found.extend(places.map(|place| OwnedFd::from_raw_fd(first.add(place).read_unaligned())));
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::descriptor::wait;
    use std::fs::File;
    use std::io::{Read, Write};

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no sockets that keep messages apart")]
    fn descriptors_arrive_with_their_message() {
        let (near, far) = pair().unwrap();
        assert!(receive(&far).unwrap().is_none(), "nothing was sent");
        let (mut reader, writer) = io::pipe().unwrap();
        let other = File::open("/dev/null").unwrap();
        send(&near, b"two", &[writer.as_raw_fd(), other.as_raw_fd()]).unwrap();
        send(&near, b"none", &[]).unwrap();
        drop((writer, other));
        let (bytes, mut descriptors) = receive(&far).unwrap().unwrap();
        assert_eq!((&*bytes, descriptors.len()), (&b"two"[..], 2));
        File::from(descriptors.remove(0)).write_all(b"through").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        let (bytes, descriptors) = receive(&far).unwrap().unwrap();
        assert_eq!((&*bytes, descriptors.len()), (&b"none"[..], 0));
        drop(near);
        // Another test may have made a process, which has it for a moment.
        assert!(wait(&[far.as_raw_fd()], None).unwrap());
        assert!(receive(&far).unwrap().unwrap().0.is_empty(), "the end");
    }
}
