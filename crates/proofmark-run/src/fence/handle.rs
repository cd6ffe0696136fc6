//! The governor's side: a handle of the launcher, and one of every fence it made.

use std::ffi::OsString;
use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::error::{FenceError, Layer};
use super::plan::{Payload, Plan};
use super::probe::Probe;
use super::sys;
use super::wire::{self, Answer, Exit, Order, Start, hear};

/// A running launcher. When it goes, every fence it made goes.
///
/// May be shared between threads: orders do not wait for each other.
#[derive(Debug)]
pub struct Launcher {
    /// `None` only while dropping.
    socket: Option<OwnedFd>,
    process: Child,
}

/// A finished fence whose payload has not started.
#[derive(Debug)]
pub struct Held {
    /// What was tried inside, all of it denied.
    pub probe: Probe,
    /// This side of the plan's TCP listeners, in its order.
    pub tcp: Vec<TcpListener>,
    /// This side of the plan's UDP sockets, in its order.
    pub udp: Vec<UdpSocket>,
    stdin: File,
    stdout: File,
    stderr: File,
    pidfd: Arc<OwnedFd>,
    answers: OwnedFd,
}

/// A fence whose payload runs. Dropping it ends the fence.
#[derive(Debug)]
pub struct Fenced {
    /// Take and drop it to end the payload's input.
    pub stdin: Option<File>,
    pub stdout: File,
    pub stderr: File,
    pub probe: Probe,
    pub tcp: Vec<TcpListener>,
    pub udp: Vec<UdpSocket>,
    pidfd: Arc<OwnedFd>,
    answers: OwnedFd,
}

/// Ends a fence, from any thread.
#[derive(Debug, Clone)]
pub struct Killer(Arc<OwnedFd>);

impl Killer {
    /// Ends everything inside, at once. A fence that has ended already stays as it was.
    pub fn kill(&self) {
        // It can only fail because the process is gone.
        let _ = sys::kill(self.0.as_fd());
    }
}

fn gone(errno: Errno) -> FenceError {
    FenceError::Launcher { reason: format!("does not answer: {}", errno.desc()) }
}

fn nonsense() -> FenceError {
    FenceError::Launcher { reason: "answered out of turn".to_owned() }
}

impl Launcher {
    /// Starts `program` with `arguments`, which must lead it straight to [`super::launcher`], before it has threads,
    /// keys or open files.
    ///
    /// # Errors
    /// It can't be started, or the host lacks what every fence needs.
    pub fn start(program: &Path, arguments: &[OsString]) -> Result<Self, FenceError> {
        let (own, other) = pair()?;
        let process = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(other))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| FenceError::Launcher {
                reason: format!("could not be started as `{}`: {error}", program.display()),
            })?;
        let started = Self { socket: Some(own), process };
        match hear(started.socket()?).map_err(gone)? {
            Some((Answer::Running, _)) => Ok(started),
            Some((Answer::Refused(fault), _)) => Err(fault.into()),
            Some(_) => Err(nonsense()),
            None => Err(FenceError::Launcher { reason: format!("ended at once: `{}`", program.display()) }),
        }
    }

    /// Makes a fence and starts its payload.
    ///
    /// # Errors
    /// The plan can't be, a layer can't be set up, the probe found a leak, or the payload can't be executed.
    pub fn spawn(&self, plan: &Plan) -> Result<Fenced, FenceError> {
        self.order(plan, Start::AtOnce)?.run()
    }

    /// Makes a fence and leaves its payload waiting, so that the probe's result can be recorded first.
    ///
    /// # Errors
    /// As of [`Launcher::spawn`].
    pub fn prepare(&self, plan: &Plan) -> Result<Held, FenceError> {
        self.order(plan, Start::OnWord)
    }

    fn socket(&self) -> Result<BorrowedFd<'_>, FenceError> {
        self.socket.as_ref().map(|socket| socket.as_fd()).ok_or_else(|| gone(Errno::EPIPE))
    }

    fn order(&self, plan: &Plan, start: Start) -> Result<Held, FenceError> {
        plan.check()?;
        let pipe = || nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(gone);
        let (inner_stdin, stdin) = pipe()?;
        let (stdout, inner_stdout) = pipe()?;
        let (stderr, inner_stderr) = pipe()?;
        let (answers, inner_answers) = pair()?;
        let order = Order { plan: plan.clone(), start };
        let packed = wire::pack(&order).map_err(|errno| FenceError::Plan {
            reason: format!("it can't be written as JSON (is every path valid UTF-8?): {}", errno.desc()),
        })?;
        let mut fds = vec![&packed, &inner_answers, &inner_stdin, &inner_stdout, &inner_stderr];
        let fds = fds.drain(..).map(|fd| fd.as_fd());
        let program = match &plan.payload {
            Payload::Exec { program, .. } => program.fd(),
            Payload::Worker => None,
        };
        let fds: Vec<BorrowedFd<'_>> = fds.chain(program).collect();
        wire::send(self.socket()?, &[1], &fds).map_err(gone)?;
        drop((inner_answers, inner_stdin, inner_stdout, inner_stderr));
        let (probe, fds) = match hear(answers.as_fd()).map_err(gone)? {
            Some((Answer::Set(probe), fds)) => (probe, fds),
            Some((Answer::Refused(fault), _)) => return Err(fault.into()),
            Some(_) => return Err(nonsense()),
            None => return Err(gone(Errno::EPIPE)),
        };
        let mut fds = fds.into_iter();
        let pidfd = Arc::new(fds.next().ok_or_else(nonsense)?);
        let count = plan.network.listeners().0.len();
        let tcp = fds.by_ref().take(count).map(TcpListener::from).collect();
        let udp = fds.map(UdpSocket::from).collect();
        let (stdin, stdout, stderr) = (stdin.into(), stdout.into(), stderr.into());
        Ok(Held { probe, tcp, udp, stdin, stdout, stderr, pidfd, answers })
    }

    /// The launcher's own pid, for looking at it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        // Its end of the socket tells it to leave.
        drop(self.socket.take());
        drop(self.process.wait());
    }
}

impl Held {
    /// Starts the payload.
    ///
    /// # Errors
    /// The payload can't be executed, or the launcher is gone.
    pub fn start(self) -> Result<Fenced, FenceError> {
        wire::send(self.answers.as_fd(), &[1], &[]).map_err(gone)?;
        self.run()
    }

    fn run(self) -> Result<Fenced, FenceError> {
        match hear(self.answers.as_fd()).map_err(gone)? {
            Some((Answer::Running, _)) => {}
            Some((Answer::Refused(fault), _)) => return Err(fault.into()),
            Some(_) => return Err(nonsense()),
            None => return Err(gone(Errno::EPIPE)),
        }
        let Self { probe, tcp, udp, stdin, stdout, stderr, pidfd, answers } = self;
        Ok(Fenced { stdin: Some(stdin), stdout, stderr, probe, tcp, udp, pidfd, answers })
    }
}

impl Fenced {
    /// Ends everything inside, at once.
    pub fn kill(&self) {
        self.killer().kill();
    }

    /// A handle that can end this fence from another thread, also while [`Fenced::wait`] waits.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.pidfd))
    }

    /// Waits for the end of the payload, after which nothing inside lives. Read its output meanwhile: a full pipe
    /// blocks it.
    ///
    /// # Errors
    /// The launcher went away; the fence went with it.
    pub fn wait(self) -> Result<Exit, FenceError> {
        match hear(self.answers.as_fd()).map_err(gone)? {
            Some((Answer::Ended(exit), _)) => Ok(exit),
            Some((Answer::Refused(fault), _)) => Err(fault.into()),
            Some(_) => Err(nonsense()),
            None => Err(gone(Errno::EPIPE)),
        }
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd), FenceError> {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).map_err(|errno| {
        FenceError::Layer {
            layer: Layer::Start,
            step: "make a socket".to_owned(),
            errno,
            hint: "the governor has too many open files: raise its limit".to_owned(),
        }
    })
}
