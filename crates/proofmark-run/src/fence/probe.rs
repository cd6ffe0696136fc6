//! The probe: tries the forbidden acts from inside the finished fence, before the artifact is executed.
//!
//! It runs in the very process that becomes the artifact, so whatever holds for it holds for the artifact. One act that
//! succeeds must stop the run. It never forks where the fence holds: an act is tried in a form that changes nothing if
//! it is denied, and does no harm if it is not (signal 0, an argument that is only found wrong after the permission was
//! checked, a connection to a lure). An errno that isn't known to be a denial counts as a success of the act.

mod files;
mod kernel;
mod lure;
mod memory;
mod network;
mod privileges;
mod processes;
mod sys;
#[cfg(test)]
mod tests;

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use lure::{Lures, Marks};

use super::plan::{Code, Mount, Network, Payload, Plan};

/// What came of every forbidden act, in an order that depends on the plan and the marks alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub acts: Vec<Act>,
}

/// One forbidden act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What was tried, in words; unique within a probe.
    pub name: String,
    pub denied: bool,
    /// The errno's name (`EPERM`) or the state that denies it; where it wasn't denied, what happened.
    pub how: String,
}

/// What the fence promised, so that only what is forbidden is tried as forbidden.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    pub plan: &'a Plan,
}

static OUTSIDE: OnceLock<Marks> = OnceLock::new();

/// Tells this process, and all that it forks, what is outside; called once in a launcher before it serves. Without it
/// the probe can't try what needs a process or a listener outside to be tried on.
pub fn know(marks: Marks) {
    // A second telling changes nothing.
    let _ = OUTSIDE.set(marks);
}

/// Probes a finished fence from inside. A test build that left a layer out has nothing to prove, so that its payload
/// can show what the other layers still deny.
#[must_use]
pub fn run(expectation: &Expectation<'_>) -> Probe {
    #[cfg(any(test, feature = "weaken"))]
    if expectation.plan.without.is_some() {
        return Probe::default();
    }
    Probe::of(expectation.plan, OUTSIDE.get().unwrap_or(&Marks::NONE))
}

impl Probe {
    /// Tries every act that `plan` forbids, in this process. Outside a fence this changes the process (namespaces,
    /// user, tracing), so call it there only in a process made for it.
    #[must_use]
    pub fn of(plan: &Plan, marks: &Marks) -> Self {
        let ground = Ground::new(plan, marks);
        let mut record = Record { acts: Vec::with_capacity(ACTS_EXPECTED) };
        network::acts(&mut record, &ground);
        files::acts(&mut record, &ground);
        processes::acts(&mut record, &ground);
        memory::acts(&mut record, &ground);
        kernel::acts(&mut record);
        // Last: if one of these succeeds, the process is another one afterwards.
        privileges::acts(&mut record);
        Self { acts: record.acts }
    }

    /// Whether every act was denied. A probe without acts holds nothing.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.acts.is_empty() && self.acts.iter().all(|act| act.denied)
    }

    /// The acts that were not denied.
    pub fn leaks(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|act| !act.denied)
    }
}

/// A plan as the acts need it.
struct Ground<'a> {
    /// Places granted for reading only: nothing there may be changed.
    reads: Vec<CString>,
    /// Places where files may be written.
    writes: Vec<CString>,
    network: &'a Network,
    code: Code,
    executes: Executes,
    marks: &'a Marks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Executes {
    Never,
    Granted,
}

impl<'a> Ground<'a> {
    fn new(plan: &'a Plan, marks: &'a Marks) -> Self {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for mount in &plan.mounts {
            // A zero byte would have been refused when it was mounted.
            let guest = CString::new(mount.guest().as_os_str().as_bytes()).unwrap_or_default();
            match mount {
                Mount::Read { .. } => reads.push(guest),
                Mount::Stage { .. } | Mount::Scratch { .. } => writes.push(guest),
                Mount::Null => {}
            }
        }
        let executes = match plan.payload {
            Payload::Worker => Executes::Never,
            Payload::Exec { .. } => Executes::Granted,
        };
        Self { reads, writes, network: &plan.network, code: plan.code, executes, marks }
    }
}

/// Room for all acts at once: the list never grows while it is filled.
const ACTS_EXPECTED: usize = 160;

/// Errnos by which a seccomp filter, Landlock or a missing capability deny.
const REFUSED: &[i32] = &[libc::EPERM, libc::EACCES, libc::ENOSYS];

/// What came of one try.
enum Tried {
    /// The errno, one of those that mean denial.
    Denied(i32),
    /// Denied by a state of the process, said in words.
    Holds(&'static str),
    Succeeded,
    /// Got past the point where it should have been denied.
    NotStopped(i32),
}

/// The acts so far.
struct Record {
    acts: Vec<Act>,
}

impl Record {
    fn add(&mut self, name: &str, tried: Tried) {
        let (denied, how) = match tried {
            Tried::Denied(errno) => (true, sys::errno_name(errno)),
            Tried::Holds(state) => (true, state.to_owned()),
            Tried::Succeeded => (false, "succeeded".to_owned()),
            Tried::NotStopped(errno) => (false, format!("not stopped: {}", sys::errno_name(errno))),
        };
        self.acts.push(Act { name: name.to_owned(), denied, how });
    }

    /// Tries `act` at each path and records the first that wasn't denied, else the last denial. Nothing is recorded
    /// where there is nothing to try.
    fn each<'p>(&mut self, name: &str, paths: impl Iterator<Item = &'p CStr>, mut act: impl FnMut(&CStr) -> Tried) {
        let mut last = None;
        for path in paths {
            let tried = act(path);
            let stopped = matches!(tried, Tried::Denied(_) | Tried::Holds(_));
            last = Some((path, tried));
            if !stopped {
                break;
            }
        }
        let Some((path, tried)) = last else { return };
        self.add(name, tried);
        if let Some(act) = self.acts.last_mut().filter(|act| !act.denied) {
            act.how.push_str(&format!(" at `{}`", path.to_string_lossy().escape_debug()));
        }
    }
}

/// Reads an answer: denied only by an errno of [`REFUSED`] or of `also`.
fn judge(answer: sys::Answer, also: &[i32]) -> Tried {
    match answer {
        Ok(_) => Tried::Succeeded,
        Err(errno) if REFUSED.contains(&errno) || also.contains(&errno) => Tried::Denied(errno),
        Err(errno) => Tried::NotStopped(errno),
    }
}

/// As [`judge`], for a call that answers with a descriptor: closes it.
fn judge_opened(answer: sys::Answer, also: &[i32]) -> Tried {
    if let Ok(descriptor) = answer {
        sys::close(descriptor);
    }
    judge(answer, also)
}
