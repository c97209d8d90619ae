//! What the run table says of the fixture host, in one word.

/// What the fixture host is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostState {
    /// There is none, or it has not begun.
    None,
    /// It sets up the fixture of this number.
    SettingUp(u32),
    /// Everything is set up that can be.
    Ready,
    /// It tears down the fixture of this number.
    TearingDown(u32),
    /// It has ended before its time, and what it had set up with it.
    Gone,
}

impl HostState {
    pub(super) fn pack(self) -> u64 {
        match self {
            HostState::None => 0,
            HostState::Ready => 1,
            HostState::Gone => 2,
            HostState::SettingUp(fixture) => 3 | u64::from(fixture) << 8,
            HostState::TearingDown(fixture) => 4 | u64::from(fixture) << 8,
        }
    }

    pub(super) fn unpack(word: u64) -> HostState {
        let fixture = (word >> 8) as u32;
        match word & 0xff {
            1 => HostState::Ready,
            2 => HostState::Gone,
            3 => HostState::SettingUp(fixture),
            4 => HostState::TearingDown(fixture),
            _ => HostState::None,
        }
    }
}
