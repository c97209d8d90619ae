//! What a fork server sends to the supervisor: the pipes that its children write to, and who was left behind by one.

use std::io;
use std::os::fd::OwnedFd;

use crate::model::Leftover;
use crate::sys::descriptor::{numbers, pipe, pipe_if};
use crate::sys::socket::{self, LONGEST};

const PIPES: u8 = b'p';
const LEFTOVERS: u8 = b'l';

/// Something that arrived from a fork server.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Children write to these from now on, until one has.
    Pipes { frames: OwnedFd, output: Option<OwnedFd> },
    /// Who outlived the child that ended last.
    Leftovers(Vec<Leftover>),
}

/// What children, and tests of a suite, write to: frames, and what they print if that is caught.
pub(super) type WritingEnds = (OwnedFd, Option<OwnedFd>);

/// Makes pipes, and sends the supervisor the ends to read from. `renew` says that there are others, and is called before that: from
/// then on the supervisor may read from them.
pub(super) fn make_pipes(socket: &OwnedFd, captures: bool, renew: impl FnOnce()) -> io::Result<WritingEnds> {
    let (frames_reader, frames) = pipe()?;
    let (output_reader, output) = pipe_if(captures)?;
    renew();
    send_pipes(socket, &frames_reader, output_reader.as_ref())?;
    Ok((frames, output))
}

/// Sends the ends to read from.
fn send_pipes(socket: &OwnedFd, frames: &OwnedFd, output: Option<&OwnedFd>) -> io::Result<()> {
    socket::send(socket, &[PIPES], &numbers(&[Some(frames), output]))
}

/// Sends as many names as one message holds.
pub(super) fn send_leftovers(socket: &OwnedFd, left: &[Leftover]) -> io::Result<()> {
    let mut bytes = vec![LEFTOVERS];
    for Leftover { pid, name } in left {
        let entry = [&pid.to_le_bytes()[..], name.as_bytes(), b"\0"].concat();
        if bytes.len() + entry.len() > LONGEST {
            break;
        }
        bytes.extend(entry);
    }
    socket::send(socket, &bytes, &[])
}

/// What has arrived, if anything. `None` for what is no parcel, too: something else writes to the socket.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Option<Parcel>> {
    let Some((bytes, descriptors)) = socket::receive(socket)? else { return Ok(None) };
    Ok(match bytes.split_first() {
        Some((&PIPES, _)) => {
            let mut ends = descriptors.into_iter();
            ends.next().map(|frames| Parcel::Pipes { frames, output: ends.next() })
        }
        Some((&LEFTOVERS, entries)) => Some(Parcel::Leftovers(leftovers(entries))),
        _ => None,
    })
}

fn leftovers(mut entries: &[u8]) -> Vec<Leftover> {
    let mut left = Vec::new();
    while let Some((pid, rest)) = entries.split_first_chunk() {
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        left.push(Leftover { pid: i32::from_le_bytes(*pid), name });
        entries = rest.get(length + 1..).unwrap_or_default();
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no sockets that keep messages apart")]
    fn names_arrive_as_they_were_sent() {
        let (near, far) = socket::pair().unwrap();
        let left = [(7, "sleep"), (-1, "odd) name (x"), (i32::MAX, "")];
        let left = left.map(|(pid, name)| Leftover { pid, name: name.to_owned() });
        send_leftovers(&near, &left).unwrap();
        let Some(Parcel::Leftovers(arrived)) = receive(&far).unwrap() else { panic!("no names") };
        assert_eq!(arrived, left);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no sockets that keep messages apart")]
    fn more_names_than_fit_are_cut_off() {
        let (near, far) = socket::pair().unwrap();
        let one = Leftover { pid: 1, name: "x".repeat(1000) };
        send_leftovers(&near, &vec![one.clone(); 10]).unwrap();
        let Some(Parcel::Leftovers(arrived)) = receive(&far).unwrap() else { panic!("no names") };
        assert_eq!(arrived, vec![one; 4]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no sockets that keep messages apart")]
    fn pipes_arrive_open() {
        let (near, far) = socket::pair().unwrap();
        let (frames, _) = pipe().unwrap();
        send_pipes(&near, &frames, None).unwrap();
        assert!(matches!(receive(&far).unwrap(), Some(Parcel::Pipes { output: None, .. })));
        assert!(receive(&far).unwrap().is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no sockets that keep messages apart")]
    fn what_is_no_parcel_is_dropped() {
        let (near, far) = socket::pair().unwrap();
        socket::send(&near, b"?", &[]).unwrap();
        socket::send(&near, &[PIPES], &[]).unwrap();
        assert!(receive(&far).unwrap().is_none() && receive(&far).unwrap().is_none());
    }
}
