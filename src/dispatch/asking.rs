//! Asks plugins what they have to say about the run, in a process of their own: the supervisor runs no user code.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::pool::read_all;
use super::supervisor::{Supervisor, now};
use crate::execute::ask_plugins;
use crate::execute::wire::{self, Decoder, Frame};
use crate::model::{Death, Hook, Notice, Output, Phase, Trouble, Wrong};
use crate::sys::descriptor::{pipe, wait};
use crate::sys::process::{self, Change, Fork, Forker, Pid};
use crate::sys::signals::Signal;

/// The process that asks plugins, and what it has said.
struct Asked {
    pid: Pid,
    frames: OwnedFd,
    /// What comes past the capture.
    output: OwnedFd,
    decoder: Decoder,
    printed: Vec<u8>,
    said: Vec<Notice>,
    /// How many have had the word.
    heard: u32,
}

impl Supervisor<'_> {
    /// Asks plugins what they have to say, and tells of it.
    pub(super) fn report_plugins(&mut self) -> io::Result<()> {
        let plugins = self.job.rules.plugins;
        if plugins.is_empty() {
            return Ok(());
        }
        let said = match self.launch_asked()? {
            Some(asked) => self.listen(asked)?,
            None => {
                let mut all = Vec::new();
                ask_plugins(plugins, &self.book.run_report(), |_, said| all.extend(said));
                all
            }
        };
        said.into_iter().try_for_each(|notice| self.book.notice(notice))
    }

    /// `None` where no process can be forked.
    fn launch_asked(&self) -> io::Result<Option<Asked>> {
        // By fork, whatever makes the processes of tests: it has to know what came out.
        let Some(forker) = Forker::of_single_thread().filter(|_| !self.job.in_process) else {
            return Ok(None);
        };
        let (frames, frames_end) = pipe()?;
        let (output, output_end) = pipe()?;
        let pid = match forker.fork()? {
            Fork::Parent(pid) => pid,
            Fork::Child => {
                let mut not_for_it = self.open_descriptors();
                not_for_it.extend([&frames, &output].map(AsRawFd::as_raw_fd));
                self.launcher.settle_in(Some(output_end.as_raw_fd()), &not_for_it);
                drop(output_end);
                self.launcher.restore_mask();
                be_asked(self, &File::from(frames_end))
            }
        };
        let (decoder, printed, said) = (Decoder::default(), Vec::new(), Vec::new());
        Ok(Some(Asked { pid, frames, output, decoder, printed, said, heard: 0 }))
    }

    /// Hears a process that asks plugins, for as long as a test may take.
    fn listen(&self, mut asked: Asked) -> io::Result<Vec<Notice>> {
        let limit = self.job.rules.timeout;
        let deadline = limit.map(|limit| now().after(limit));
        let mut how = None;
        while !asked.read(self)? {
            let left = deadline.map(|deadline| deadline.since(now()));
            if left.is_some_and(|left| left.is_zero()) {
                how = limit.map(Wrong::TimedOut);
                process::kill(asked.pid);
                break;
            }
            let mut waited_for = self.launcher.descriptors();
            waited_for.extend([asked.frames.as_raw_fd(), asked.output.as_raw_fd()]);
            wait(&waited_for, left)?;
            while let Some(signal) = self.launcher.next_signal() {
                if let Signal::Stop(_) = signal {
                    process::kill(asked.pid);
                }
            }
        }
        asked.end(self, how)
    }
}

/// In a new process: asks the plugins, and never returns.
fn be_asked(supervisor: &Supervisor<'_>, frames: &File) -> ! {
    let run = supervisor.book.run_report();
    ask_plugins(supervisor.job.rules.plugins, &run, |number, said| {
        let mut text = Vec::new();
        for notice in said {
            match notice {
                // Without a supervisor there is nobody to tell.
                Notice::Trouble(trouble) => drop(wire::send_trouble(&trouble, frames)),
                Notice::Report { text: own, .. } => text.extend_from_slice(own.bytes()),
                _ => {}
            }
        }
        let _ = wire::send_report(number, &text, frames);
    });
    std::process::exit(0)
}

impl Asked {
    /// Takes in what has arrived; whether that was all.
    fn read(&mut self, supervisor: &Supervisor<'_>) -> io::Result<bool> {
        let has_ended = read_all(&self.frames, self.decoder.buffer())?;
        read_all(&self.output, &mut self.printed)?;
        while let Ok(Some(frame)) = self.decoder.next() {
            match frame {
                Frame::Trouble(trouble) => self.said.push(Notice::Trouble(trouble)),
                Frame::Report(number, text) => {
                    self.heard = number + 1;
                    if !text.is_empty() {
                        let plugin = supervisor.name_of_plugin(number);
                        self.said.push(Notice::Report { plugin, text });
                    }
                }
                Frame::Finished(_) | Frame::Generated(..) | Frame::AllGenerated | Frame::SoFar(..) => {}
            }
        }
        Ok(has_ended)
    }

    /// All that was said, and how it ended: `how`, if that is known.
    fn end(mut self, supervisor: &Supervisor<'_>, how: Option<Wrong>) -> io::Result<Vec<Notice>> {
        let change = process::wait_for(self.pid)?;
        process::kill_group_of(self.pid);
        process::reap(self.pid);
        self.read(supervisor)?;
        let death = match change {
            Change::Exited(0) if how.is_none() && self.is_through(supervisor) => None,
            Change::Exited(code) => Some(Death::Exited(code)),
            Change::Killed(signal) | Change::Stopped(signal) => Some(Death::Killed(signal)),
        };
        let output = Output::from(std::mem::take(&mut self.printed));
        let plugin = supervisor.name_of_plugin(self.heard);
        if let Some(death) = death {
            let (phase, how) = (Phase::Plugin(Hook::Report), how.unwrap_or(Wrong::Died(death)));
            self.said.push(Notice::Trouble(Trouble { fixture: plugin, phase, how, output }));
        } else if !output.is_empty() {
            self.said.push(Notice::Report { plugin, text: output });
        }
        Ok(self.said)
    }

    fn is_through(&self, supervisor: &Supervisor<'_>) -> bool {
        supervisor.job.rules.plugins.iter().nth(self.heard as usize).is_none()
    }
}

impl Supervisor<'_> {
    /// Of one that does not exist: what all are called.
    fn name_of_plugin(&self, number: u32) -> String {
        let plugin = self.job.rules.plugins.iter().nth(number as usize);
        plugin.map_or_else(|| "plugins".to_owned(), |plugin| plugin.name().to_owned())
    }
}
