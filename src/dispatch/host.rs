//! The fixture host: the process that sets up shared fixtures, and from which pool and fork servers are forked, so that they inherit
//! the values. What a fixture started there (a server's threads) goes on running there, for all of them.
//!
//! A process that the host forks is to be the supervisor's own, like any other: it is forked by a process between them that ends at
//! once, and comes to the supervisor, which adopts orphans.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::Job;
use super::generate::{Generated, Values, Wanted, generate_here, generate_one, trouble};
use super::launch::{Launcher, Memory, PoolEnds};
use super::pool::read_all;
use super::supervisor::now;
use super::template::Template;
use crate::accumulate::HostState;
use crate::context::{FixtureId, Registry};
use crate::execute::wire::{self, Decoder, Frame};
use crate::execute::{name_tests_in_panics, set_up_shared, tear_down_shared};
use crate::model::{Death, Moment, Trouble, Wrong};
use crate::sys::descriptor::{numbers, pipe, pipe_if, wait};
use crate::sys::process::{self, Change, Connections, Fork, Forker, Pid};
use crate::sys::socket;

/// How long the host may take to fork.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first byte of a request: a pool, a fork server; and that of the answer.
const POOL: u8 = b'p';
const FORK_SERVER: u8 = b's';
const MADE: u8 = b'm';

/// How many templates may be killed by somebody before the host gives up.
const TEMPLATES: u32 = 20;

/// The supervisor's side of the fixture host.
pub(super) struct Host {
    pub(super) pid: Pid,
    /// `None` when it has been told to end.
    socket: Option<OwnedFd>,
    frames: OwnedFd,
    decoder: Decoder,
    output: Option<OwnedFd>,
    printed: Vec<u8>,
    /// What it was about when that changed last, and when that was.
    about: (HostState, Moment),
    /// It was killed for taking this long.
    pub(super) over_time: Option<Duration>,
}

impl Host {
    fn new(pid: Pid, socket: OwnedFd, frames: OwnedFd, output: Option<OwnedFd>) -> Host {
        Host {
            pid,
            socket: Some(socket),
            frames,
            decoder: Decoder::default(),
            output,
            printed: Vec::new(),
            about: (HostState::None, now()),
            over_time: None,
        }
    }

    /// The descriptors to wait for.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.output.as_ref(), Some(&self.frames)])
    }

    pub(super) fn all_descriptors(&self) -> Vec<RawFd> {
        numbers(&[self.output.as_ref(), Some(&self.frames), self.socket.as_ref()])
    }

    /// Where requests go, while it takes any.
    pub(super) fn socket(&self) -> Option<&OwnedFd> {
        self.socket.as_ref()
    }

    /// Tells it to tear down and end.
    pub(super) fn end(&mut self, now: Moment) {
        self.socket = None;
        self.about.1 = now;
    }

    pub(super) fn is_ending(&self) -> bool {
        self.socket.is_none()
    }

    /// Takes in what has arrived: what went wrong.
    pub(super) fn read(&mut self) -> io::Result<Vec<Trouble>> {
        self.read_frames()?;
        let mut troubles = Vec::new();
        while let Ok(Some(frame)) = self.decoder.next() {
            if let Frame::Trouble(trouble) = frame {
                // What it printed so far is as near as it gets.
                troubles.push(Trouble { output: std::mem::take(&mut self.printed).into(), ..trouble });
            }
        }
        Ok(troubles)
    }

    /// Whether it has nothing more to say.
    fn read_frames(&mut self) -> io::Result<bool> {
        if let Some(output) = &self.output
            && read_all(output, &mut self.printed)?
        {
            self.output = None;
        }
        read_all(&self.frames, self.decoder.buffer())
    }

    /// What it printed that nothing was said about.
    pub(super) fn take_printed(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.printed)
    }

    /// When what it is about will have taken too long.
    pub(super) fn deadline(
        &mut self,
        state: HostState,
        limit: Option<Duration>,
        now: Moment,
    ) -> Option<Moment> {
        if self.about.0 != state {
            self.about = (state, now);
        }
        let is_busy = self.is_ending() || matches!(state, HostState::None | HostState::SettingUp(_));
        limit.filter(|_| is_busy && self.over_time.is_none()).map(|limit| self.about.1.after(limit))
    }

    pub(super) fn kill(&mut self, limit: Duration) {
        self.over_time = Some(limit);
        process::kill(self.pid);
    }
}

/// A fixture host before the plan is made: it has run the iterators of tests that are known only then.
pub(crate) struct EarlyHost(pub(super) Host);

/// What the host's own process has until the plan is made.
pub(crate) struct HostSeat {
    supervisor: i32,
    socket: OwnedFd,
    frames: File,
}

impl EarlyHost {
    /// Ends it: it is not needed.
    pub(crate) fn end(self) {
        process::kill(self.0.pid);
        let _ = process::wait_for(self.0.pid);
        process::reap(self.0.pid);
    }
}

/// Runs every iterator in a process of its own, for as long as `limit` at most. Returns in both processes.
pub(crate) fn generate(
    registry: &'static Registry,
    wanted: Wanted<'_>,
    captures: bool,
    limit: Option<Duration>,
) -> io::Result<Generated> {
    let Some(forker) = Forker::of_single_thread() else { return Ok(generate_here(registry, wanted)) };
    let supervisor = process::own_number();
    let (frames, frames_end) = pipe()?;
    let (output, output_end) = pipe_if(captures)?;
    let (socket, far) = socket::pair()?;
    match forker.fork()? {
        Fork::Parent(pid) => {
            drop((frames_end, output_end, far));
            read_generated(registry, Host::new(pid, socket, frames, output), limit)
        }
        Fork::Child => {
            let nowhere = File::open("/dev/null")?;
            let not_for_it = numbers(&[Some(&frames), output.as_ref(), Some(&socket)]);
            let connections = Connections {
                output: output_end.as_ref().map(AsRawFd::as_raw_fd),
                nowhere: Some(nowhere.as_raw_fd()),
                not_for_it: &not_for_it,
                parent: supervisor,
            };
            if !process::settle_in(&connections) {
                return Err(io::Error::last_os_error());
            }
            std::mem::forget((frames, output, socket));
            let seat = HostSeat { supervisor, socket: far, frames: File::from(frames_end) };
            Ok(generate_at_host(registry, wanted, seat))
        }
    }
}

/// In the host: runs the iterators and tells what they give.
fn generate_at_host(registry: &'static Registry, wanted: Wanted<'_>, seat: HostSeat) -> Generated {
    name_tests_in_panics();
    let mut generated = Generated::default();
    for (number, generator) in (0..).zip(registry.generators()) {
        let mut names = Vec::new();
        if !wanted(generator) {
            generated.names.push(names);
            continue;
        }
        let trouble = generate_one(generator, &mut |name| {
            let _ = wire::send_generated(Some((number, &name)), &seat.frames);
            names.push(name);
        });
        if let Some(trouble) = trouble {
            let _ = wire::send_trouble(&trouble, &seat.frames);
        }
        generated.names.push(names);
    }
    let _ = wire::send_generated(None, &seat.frames);
    Generated { values: Values::AtHost(seat), ..generated }
}

/// In the supervisor: hears what the host's iterators give.
fn read_generated(
    registry: &'static Registry,
    mut host: Host,
    limit: Option<Duration>,
) -> io::Result<Generated> {
    let mut generated =
        Generated { names: vec![Vec::new(); registry.generators().len()], ..Generated::default() };
    let deadline = limit.map(|limit| now().after(limit));
    loop {
        let left = deadline.map(|deadline| deadline.since(now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(give_up_generating(
                registry,
                generated,
                host,
                Wrong::TimedOut(limit.unwrap_or_default()),
            ));
        }
        wait(&host.descriptors(), left)?;
        let has_ended = host.read_frames()?;
        while let Ok(Some(frame)) = host.decoder.next() {
            match frame {
                Frame::Generated(number, name) => {
                    generated
                        .names
                        .get_mut(number as usize)
                        .into_iter()
                        .for_each(|names| names.push(name.clone()));
                }
                Frame::Trouble(trouble) => {
                    let output = host.take_printed().into();
                    generated.troubles.push(Trouble { output, ..trouble });
                }
                Frame::AllGenerated => {
                    return Ok(Generated { values: Values::InHost(EarlyHost(host)), ..generated });
                }
                Frame::Finished(_) | Frame::Report(..) | Frame::SoFar(..) => {}
            }
        }
        if has_ended {
            let death = match process::wait_for(host.pid)? {
                Change::Exited(code) => Death::Exited(code),
                Change::Killed(signal) | Change::Stopped(signal) => Death::Killed(signal),
            };
            return Ok(give_up_generating(registry, generated, host, Wrong::Died(death)));
        }
    }
}

/// The process of the iterators is of no more use: the values are lost, and the generator that it was at has to answer for it.
fn give_up_generating(
    registry: &Registry,
    mut generated: Generated,
    mut host: Host,
    how: Wrong,
) -> Generated {
    let at = generated.names.iter().rposition(|names| !names.is_empty()).unwrap_or(0);
    let output = host.take_printed().into();
    generated.troubles.extend(registry.generators().get(at).map(|generator| trouble(generator, how, output)));
    EarlyHost(host).end();
    generated
}

impl HostSeat {
    /// In the host, once it has made the same plan: sets up what is shared and serves, and never returns.
    pub(crate) fn play(self, job: &Job) -> ! {
        let Ok(launcher) = self.wait_for_memory(job) else { std::process::exit(1) };
        let needed = job.shared_needed();
        let HostSeat { socket, frames, .. } = self;
        launcher.be_host(&needed, &socket, frames)
    }

    fn wait_for_memory<'run>(&self, job: &'run Job) -> io::Result<Launcher<'run>> {
        loop {
            wait(&[self.socket.as_raw_fd()], None)?;
            let Some((_, descriptors)) = socket::receive(&self.socket)? else { continue };
            let mut descriptors = descriptors.into_iter();
            return match (descriptors.next(), descriptors.next()) {
                (Some(memory), Some(doorbell)) => Launcher::of_host(job, self.supervisor, &memory, doorbell),
                // The supervisor is gone, or has no use for a host.
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
    }
}

impl Launcher<'_> {
    /// Starts the fixture host, which sets these fixtures up. `None` where processes are not made by fork.
    pub(super) fn launch_host(&self, needed: &[FixtureId], open: &[RawFd]) -> io::Result<Option<Host>> {
        let Some(forker) = self.forker() else { return Ok(None) };
        let (frames, frames_end) = pipe()?;
        let (output, output_end) = pipe_if(self.job().rules.capture)?;
        let (socket, far) = socket::pair()?;
        let pid = match forker.fork()? {
            Fork::Parent(pid) => pid,
            Fork::Child => {
                let own = numbers(&[Some(&frames), output.as_ref(), Some(&socket)]);
                let not_for_it = [open, &own].concat();
                self.settle_in(output_end.as_ref().map(AsRawFd::as_raw_fd), &not_for_it);
                drop(output_end);
                self.be_host(needed, &far, File::from(frames_end))
            }
        };
        Ok(Some(Host::new(pid, socket, frames, output)))
    }

    /// In a new process: is the fixture host, and never returns.
    fn be_host(&self, needed: &[FixtureId], socket: &OwnedFd, frames: File) -> ! {
        let (Memory { table, queue }, registry) = (self.memory(), self.job().registry);
        self.restore_mask();
        name_tests_in_panics();
        let tell = |trouble: Trouble| drop(wire::send_trouble(&trouble, &frames));
        let begin = |id: FixtureId| {
            table.set_host(HostState::SettingUp(id.0));
            !queue.is_abandoned()
        };
        set_up_shared(registry, needed, begin, tell);
        self.serve(socket, || {
            table.set_host(HostState::Ready);
            self.ring();
        });
        tear_down_shared(registry, |id| table.set_host(HostState::TearingDown(id.0)), tell);
        std::process::exit(0)
    }

    /// Does what the supervisor asks for, from here or from a template, until there is nothing more. `ready` is called when it can ask.
    fn serve(&self, socket: &OwnedFd, ready: impl Fn()) {
        for time in 0..TEMPLATES {
            let template = Template::make();
            let is_here = matches!(template, Ok(Template::Here) | Err(_));
            if time == 0 && !matches!(template, Ok(Template::Copy)) {
                ready();
            }
            match template {
                Ok(Template::At(copy)) => {
                    let change = process::wait_for(copy);
                    process::reap(copy);
                    if matches!(change, Ok(Change::Exited(0))) {
                        return;
                    }
                }
                Ok(Template::Copy) => {
                    while let Ok(true) = self.serve_request(socket) {}
                    // What is set up is the host's to tear down.
                    process::leave()
                }
                // What it forks has the chance of being good that it had before.
                Ok(Template::Here) | Err(_) => while let Ok(true) = self.serve_request(socket) {},
            }
            if is_here {
                return;
            }
        }
    }

    /// Does what the supervisor asks for next; whether there will be more.
    fn serve_request(&self, socket: &OwnedFd) -> io::Result<bool> {
        wait(&[socket.as_raw_fd()], None)?;
        let Some((request, descriptors)) = socket::receive(socket)? else { return Ok(true) };
        if request.is_empty() {
            return Ok(false);
        }
        match process::fork_for_ancestor()? {
            true => Ok(true),
            false => self.be_requested(&request, descriptors, socket),
        }
    }

    /// In a new process, which is the supervisor's: is what was asked for, and never returns.
    fn be_requested(&self, request: &[u8], descriptors: Vec<OwnedFd>, socket: &OwnedFd) -> ! {
        let pid = process::own_number().to_le_bytes();
        let told = socket::send(socket, &[&[MADE][..], &pid].concat(), &[]);
        let mut ends = descriptors.into_iter();
        let host = [socket.as_raw_fd()];
        match (told, request, ends.next()) {
            (Ok(()), [POOL], Some(frames)) => {
                let (Some(control), output) = (ends.next(), ends.next()) else { std::process::exit(1) };
                self.be_pool(PoolEnds { frames, output, control }, &host)
            }
            (Ok(()), [FORK_SERVER, lane @ ..], Some(own)) => {
                let lane = lane.try_into().map_or(0, u32::from_le_bytes);
                self.be_fork_server(lane as usize, own, &host)
            }
            _ => std::process::exit(1),
        }
    }
}

/// Has the host make a pool.
pub(super) fn request_pool(host: &OwnedFd, ends: &PoolEnds) -> io::Result<Pid> {
    request(host, &[POOL], &numbers(&[Some(&ends.frames), Some(&ends.control), ends.output.as_ref()]))
}

/// Has the host make the fork server of a lane.
pub(super) fn request_fork_server(host: &OwnedFd, lane: usize, socket: &OwnedFd) -> io::Result<Pid> {
    let lane = u32::try_from(lane).map_err(io::Error::other)?;
    request(host, &[&[FORK_SERVER][..], &lane.to_le_bytes()].concat(), &[socket.as_raw_fd()])
}

fn request(host: &OwnedFd, request: &[u8], descriptors: &[RawFd]) -> io::Result<Pid> {
    socket::send(host, request, descriptors)?;
    let gone = || io::Error::other("the process that holds the shared fixtures does not answer");
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return Err(gone());
        }
        wait(&[host.as_raw_fd()], Some(left))?;
        let Some((answer, _)) = socket::receive(host)? else { continue };
        return match answer.split_first() {
            Some((&MADE, pid)) => pid.try_into().map(i32::from_le_bytes).map(Pid).map_err(|_| gone()),
            _ => Err(gone()),
        };
    }
}
