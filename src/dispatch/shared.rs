//! What the supervisor does about shared fixtures: has them set up, watches over the host that holds them, has them torn down.

use std::io;
use std::sync::OnceLock;

use super::host::{EarlyHost, Host};
use super::supervisor::{Supervisor, now};
use crate::accumulate::{HostState, RunTable};
use crate::context::{FixtureId, Scope};
use crate::execute::{set_up_shared, tear_down_shared};
use crate::model::{Death, Moment, Notice, Phase, Trouble, Wrong};
use crate::sys::process::{self, Change};

impl Supervisor<'_> {
    /// Has shared fixtures set up that some selected test needs.
    pub(super) fn start_host(&mut self) -> io::Result<()> {
        let registry = self.job.registry;
        let needed = self.job.shared_needed();
        if let Some(EarlyHost(host)) = self.early.take() {
            self.watch_for_host();
            let told = host.socket().map(|socket| self.launcher.tell_of_memory(socket));
            self.host = Some(host);
            // It may have ended before signals were watched.
            self.take_changes()?;
            return told.unwrap_or(Ok(()));
        }
        if needed.is_empty() {
            return Ok(());
        }
        if self.job.in_process {
            let mut troubles = Vec::new();
            set_up_shared(registry, &needed, |_| true, |trouble| troubles.push(trouble));
            return self.tell_of_troubles(troubles);
        }
        self.watch_for_host();
        let open = self.open_descriptors();
        self.host = self.launcher.launch_host(&needed, &open)?;
        Ok(())
    }

    /// Has the processes of tests look whether the host is still there.
    fn watch_for_host(&self) {
        static TABLE: OnceLock<RunTable> = OnceLock::new();
        TABLE.get_or_init(|| self.table);
        Scope::ask_for_host(|| TABLE.get().is_some_and(|table| table.host() == HostState::Gone));
    }

    /// Whether shared fixtures are still being set up.
    pub(super) fn is_host_busy(&self) -> bool {
        self.host.is_some() && matches!(self.table.host(), HostState::None | HostState::SettingUp(_))
    }

    pub(super) fn read_host(&mut self) -> io::Result<()> {
        let troubles = self.host.as_mut().map_or_else(|| Ok(Vec::new()), Host::read)?;
        self.tell_of_troubles(troubles)
    }

    fn tell_of_troubles(&mut self, troubles: Vec<Trouble>) -> io::Result<()> {
        troubles.into_iter().try_for_each(|trouble| self.book.notice(Notice::Trouble(trouble)))
    }

    /// The host has ended, or stands still.
    pub(super) fn host_changed(&mut self, change: Change) -> io::Result<()> {
        if let Change::Stopped(_) = change {
            self.host.iter().for_each(|host| process::kill(host.pid));
            return Ok(());
        }
        self.read_host()?;
        let Some(mut host) = self.host.take() else { return Ok(()) };
        self.find_leftovers(host.pid, None)?;
        if host.is_ending() && change == Change::Exited(0) {
            return Ok(());
        }
        let death = match change {
            Change::Exited(code) => Death::Exited(code),
            Change::Killed(signal) | Change::Stopped(signal) => Death::Killed(signal),
        };
        let how = host.over_time.map_or(Wrong::Died(death), Wrong::TimedOut);
        let registry = self.job.registry;
        let named = |fixture| registry.fixture_name(FixtureId(fixture));
        let (fixture, phase) = match self.table.host() {
            HostState::SettingUp(fixture) => (named(fixture), Phase::SetUp),
            HostState::TearingDown(fixture) => (named(fixture), Phase::TearDown),
            HostState::None | HostState::Ready | HostState::Gone => ("what is shared".to_owned(), Phase::Use),
        };
        if !host.is_ending() {
            self.table.set_host(HostState::Gone);
        }
        let output = host.take_printed().into();
        self.book.notice(Notice::Trouble(Trouble { fixture, phase, how, output }))
    }

    /// The host, if there is one, has not made the process that it was asked for: it is gone or of no use, and no more asked. What
    /// needs the values is blocked then; the rest is not. Whether there was one.
    pub(super) fn give_up_host(&mut self) -> io::Result<bool> {
        let Some(pid) = self.host.as_ref().filter(|host| !host.is_ending()).map(|host| host.pid) else {
            return Ok(false);
        };
        process::kill(pid);
        process::wait_for(pid)?;
        self.take_changes()?;
        Ok(true)
    }

    /// Kills a host that takes too long; when it will have.
    pub(super) fn watch_host(&mut self, now: Moment) -> Option<Moment> {
        let (state, limit) = (self.table.host(), self.job.rules.timeout);
        let host = self.host.as_mut()?;
        let deadline = host.deadline(state, limit, now)?;
        if now < deadline {
            return Some(deadline);
        }
        host.kill(limit.unwrap_or_default());
        None
    }

    /// Has what is shared torn down.
    pub(super) fn end_shared(&mut self) -> io::Result<()> {
        if self.job.in_process {
            let mut troubles = Vec::new();
            tear_down_shared(self.job.registry, |_| {}, |trouble| troubles.push(trouble));
            return self.tell_of_troubles(troubles);
        }
        self.host.iter_mut().filter(|host| !host.is_ending()).for_each(|host| host.end(now()));
        Ok(())
    }
}
