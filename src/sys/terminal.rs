//! What a terminal says of itself.

use std::os::fd::RawFd;

use super::check;

/// How many columns and rows it has; `None` if the descriptor is no terminal, or one that does not know.
pub(crate) fn size(terminal: RawFd) -> Option<(usize, usize)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: writes one struct to the place it is given, which has that type; a descriptor that is no terminal is an error.
    check(unsafe { libc::ioctl(terminal, libc::TIOCGWINSZ, &raw mut size) }).ok()?;
    (size.ws_col > 0).then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn a_pipe_is_no_terminal() {
        let (reader, _writer) = std::io::pipe().expect("a pipe can be made");
        assert_eq!(size(reader.as_raw_fd()), None);
        assert_eq!(size(-1), None);
    }
}
