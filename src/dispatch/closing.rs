//! The end of a run: no process is left, and what was found on the way is told.

use std::io;
use std::thread::sleep;
use std::time::Duration;

use super::direct;
use super::fork_servers::ForkServer;
use super::pool::Pool;
use super::supervisor::{Supervisor, now};
use crate::model::Notice;
use crate::sys::futex;
use crate::sys::process::{self, Change, Pid};
use crate::sys::signals::Signal;

/// How long to try to end what tests have left.
const PATIENCE: Duration = Duration::from_secs(2);

const GLANCE: Duration = Duration::from_millis(1);

impl Supervisor<'_> {
    /// Ends every process that is left, and tells of what was found then.
    pub(super) fn close_down(&mut self, is_complete: bool) -> io::Result<()> {
        if self.job.in_process {
            // What a lane said before it finished the last test may have come in behind the last look.
            self.read_pipes()?;
            self.job.rules.plugins.finish();
            let troubles = self.job.rules.plugins.take_troubles();
            troubles.into_iter().try_for_each(|trouble| self.book.notice(Notice::Trouble(trouble)))?;
            self.end_shared()?;
            // Its threads end with the process, and what they left behind is the process's own affair.
            direct::release();
            return self.report_plugins();
        }
        self.tell_to_end(is_complete);
        while self.pool.is_some() || !self.fork_servers.is_empty() || self.host.is_some() {
            if self.pool.is_none() && self.fork_servers.is_empty() {
                // Nobody uses it any more.
                self.end_shared()?;
            }
            self.busy = false;
            self.wait()?;
            self.hurry(is_complete);
            while let Some(signal) = self.launcher.next_signal() {
                match signal {
                    Signal::Child if is_complete => self.take_changes()?,
                    Signal::Child => self.bury(),
                    other => self.take_wish(other)?,
                }
            }
            self.read_pipes()?;
            self.watch_time()?;
        }
        self.tell_of_leftovers(end_adopted(), None)?;
        self.tell_of_killed()?;
        if self.is_killing() { Ok(()) } else { self.report_plugins() }
    }

    /// Has every process end: by itself where all is done, else at once.
    fn tell_to_end(&mut self, is_complete: bool) {
        if is_complete {
            // Lanes that wait for room find that nothing is left, and end.
            self.table.allow_lanes(self.job.lanes);
            futex::wake_all(self.table.lane_gate());
        } else {
            self.turns.abandon();
            self.fork_servers.iter().for_each(ForkServer::kill_its_child);
            self.kill_pool_and_host();
        }
        if let Some(pool) = self.pool.as_mut().filter(|pool| !pool.is_ending()) {
            pool.end(now());
        }
        self.turns.close();
        futex::wake_all(self.turns.gate());
        self.closes_at = Some(now().after(self.job.grace));
    }

    fn kill_pool_and_host(&mut self) {
        self.pool.iter_mut().for_each(Pool::kill);
        self.host.iter().for_each(|host| process::kill(host.pid));
    }

    /// Kills what should not be there any more.
    fn hurry(&mut self, is_complete: bool) {
        if !is_complete {
            // One that had just taken a turn may have gone on with it.
            self.fork_servers.iter().for_each(ForkServer::kill_its_child);
        }
        if self.closes_at.take_if(|deadline| now() >= *deadline).is_some() {
            // A fork server without a child that is still there after the grace is stuck.
            let turns = self.turns;
            let idle = self.fork_servers.iter().filter(|server| turns.running(server.lane).is_none());
            idle.for_each(|server| process::kill(server.pid));
        }
    }

    /// Takes note of the end of processes that were killed; their tests have not come out, and do not now.
    pub(super) fn bury(&mut self) {
        while let Some((pid, change)) = process::next_change() {
            if matches!(change, Change::Stopped(_)) {
                continue;
            }
            // What it said last is still in its pipe; nobody can be told if that cannot be read.
            let _ = self.read_pipes();
            process::kill_group_of(pid);
            self.fork_servers.retain(|server| server.pid != pid);
            self.host.take_if(|host| host.pid == pid);
            self.pool.take_if(|pool| pool.pid() == Some(pid));
        }
    }
}

/// Ends whoever is left, and says who that was. Whoever is killed leaves its own children here.
fn end_adopted() -> Vec<(Pid, String)> {
    let mut all: Vec<(Pid, String)> = Vec::new();
    let deadline = now().after(PATIENCE);
    loop {
        let found = process::adopted();
        if found.is_empty() || now() >= deadline {
            return all;
        }
        for orphan in found {
            process::kill_one(orphan.0);
            if all.iter().all(|(known, _)| *known != orphan.0) {
                all.push(orphan);
            }
        }
        sleep(GLANCE);
    }
}
