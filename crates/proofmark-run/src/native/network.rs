//! The network of a run: sockets inside that a broker serves from outside, and the files where programs look for names.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::broker::{Broker, BrokerError, NAMES_AT, RESOLV_CONF, Serving, Sockets};
use crate::fence::{Fenced, Held, Launcher, Mount, Network, Plan, Runs};
use crate::staged::StagedError;

/// What a fence needs for a broker. The files are gone when it is dropped.
pub struct Connection<'a> {
    broker: &'a Broker,
    folder: tempfile::TempDir,
}

impl<'a> Connection<'a> {
    /// Lays out `/etc/hosts` and `/etc/resolv.conf` in `scratch`.
    pub fn lay(broker: &'a Broker, scratch: &Path) -> io::Result<Self> {
        let folder = tempfile::tempdir_in(scratch)?;
        for (name, text) in [("hosts", broker.hosts_file().as_str()), ("resolv.conf", RESOLV_CONF)] {
            let path = folder.path().join(name);
            fs::write(&path, text)?;
            // Whoever the payload acts as, whatever this process masks.
            fs::set_permissions(&path, Permissions::from_mode(0o644))?;
        }
        Ok(Self { broker, folder })
    }

    pub fn mounts(&self) -> impl Iterator<Item = Mount> {
        ["hosts", "resolv.conf"].into_iter().map(|name| Mount::Read {
            host: self.folder.path().join(name),
            guest: Path::new("/etc").join(name),
            run: Runs::No,
        })
    }

    pub fn network(&self) -> Network {
        Network::Broker { tcp: self.broker.listens_at(), udp: vec![NAMES_AT] }
    }

    /// Starts the payload of a plan with this network, once the broker serves it.
    pub fn start(&self, launcher: &Launcher, plan: &Plan) -> Result<(Fenced, Serving), StagedError> {
        let mut held = launcher.prepare(plan)?;
        let serving = self.broker.clone().serve(sockets(&mut held)?)?;
        Ok((held.start()?, serving))
    }
}

fn sockets(held: &mut Held) -> Result<Sockets, BrokerError> {
    let names = held.udp.pop().ok_or(BrokerError::Missing(NAMES_AT))?;
    Ok(Sockets { names, doors: std::mem::take(&mut held.tcp) })
}
