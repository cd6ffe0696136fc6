//! Landlock: the second answer to every question about files, and the first about abstract sockets and signals to
//! processes outside. Every right that version 6 knows is handled; what no rule gives is denied.

use std::net::SocketAddrV4;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, Scope,
};
use nix::errno::Errno;

use super::error::{Fault, Layer, Within as _};
use super::plan::{Mount, Plan, Runs};
use super::sys;

/// Scopes came with version 6.
const VERSION_MIN: i64 = 6;
const VERSION: ABI = ABI::V6;

/// Holds this process and all it starts to the plan's places and ports. `/` is the fence's root by now.
pub fn restrict(plan: &Plan) -> Result<(), Fault> {
    let version = sys::landlock_version().within(Layer::Landlock, "ask for it")?;
    if version < VERSION_MIN {
        return Err(Fault::new(Layer::Landlock, format!("version {version}"), Errno::ENOSYS));
    }
    let mut rules = ruleset().map_err(|error| fault("make a ruleset", &error))?;
    for mount in &plan.mounts {
        rules = allow(rules, mount)?;
    }
    for port in plan.network.listeners().0.iter().map(SocketAddrV4::port) {
        rules = rules
            .add_rule(NetPort::new(port, AccessNet::ConnectTcp))
            .map_err(|error| fault(&format!("allow port {port}"), &error))?;
    }
    rules.restrict_self().map(drop).map_err(|error| fault("restrict", &error))
}

fn ruleset() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()
}

fn allow(rules: RulesetCreated, mount: &Mount) -> Result<RulesetCreated, Fault> {
    let guest = mount.guest();
    let step = || format!("allow `{}`", guest.display());
    let directory = std::fs::symlink_metadata(guest).within(Layer::Landlock, step())?.is_dir();
    let mut rights = rights(mount);
    if !directory {
        rights &= AccessFs::from_file(VERSION);
    }
    let place = open(guest).map_err(|errno| Fault::new(Layer::Landlock, step(), errno))?;
    rules.add_rule(PathBeneath::new(place, rights)).map_err(|error| fault(&step(), &error))
}

fn open(guest: &Path) -> Result<PathFd, Errno> {
    PathFd::new(guest).map_err(|_| Errno::last())
}

fn rights(mount: &Mount) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    match mount {
        Mount::Read { run: Runs::Yes, .. } => read | AccessFs::Execute,
        Mount::Read { run: Runs::No, .. } => read,
        Mount::Null => AccessFs::ReadFile | AccessFs::WriteFile,
        // No devices, sockets or pipes: only what a commit can carry over.
        Mount::Stage { .. } | Mount::Scratch { .. } => {
            read | AccessFs::WriteFile
                | AccessFs::Truncate
                | AccessFs::Refer
                | AccessFs::RemoveFile
                | AccessFs::RemoveDir
                | AccessFs::MakeReg
                | AccessFs::MakeDir
                | AccessFs::MakeSym
        }
    }
}

fn fault(step: &str, error: &RulesetError) -> Fault {
    Fault::new(Layer::Landlock, format!("{step} ({error})"), Errno::ENOSYS)
}
