//! What is laid out outside for the probe to find if the fence leaks: listeners, and how to know the host.
//!
//! A listener that exists outside makes a refusal inside mean something: `ECONNREFUSED` at a port where something
//! listens says that it is another network.

use std::ffi::{CStr, CString};
use std::io;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{files, processes};

/// The listeners themselves. Made once, outside, before the launcher starts; they must live as long as it.
#[derive(Debug)]
pub struct Lures {
    tcp: Option<TcpListener>,
    udp: Option<UdpSocket>,
    named: UnixListener,
    named_datagram: UnixDatagram,
    abstracted: UnixListener,
    marks: Marks,
}

/// How the inside of a fence knows what is outside. Plain data: it goes to the launcher as an argument, since whoever
/// holds the lures must outlive the launcher, and the launcher closes what it inherits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// A process outside, by the number it has there, that must not be reachable; 0 where none is known.
    pub process: i32,
    /// That process's group; 0 where none is known.
    pub group: i32,
    /// Ports on 127.0.0.1 of the host, where something listens.
    pub tcp: Option<u16>,
    pub udp: Option<u16>,
    /// The host's path of a listening AF_UNIX socket.
    pub socket: Option<CString>,
    /// The host's path of a bound AF_UNIX datagram socket.
    pub datagram: Option<CString>,
    /// The abstract name of a listening AF_UNIX socket, without its leading zero byte.
    pub abstract_name: Option<Vec<u8>>,
    /// The host's root directory: device and inode.
    pub root: Option<(u64, u64)>,
}

impl Lures {
    /// Lays the lures out. `directory` is a private, existing directory of the host that no plan grants.
    ///
    /// A host without a loopback interface has no TCP and UDP lures; then a refused connection counts as a leak.
    pub fn lay(directory: &Path) -> io::Result<Self> {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).ok();
        let socket = directory.join("stream");
        let datagram = directory.join("datagram");
        let named = UnixListener::bind(&socket)?;
        let named_datagram = UnixDatagram::bind(&datagram)?;
        let abstract_name = [b"proofmark-lure".as_slice(), directory.as_os_str().as_bytes()].concat();
        let abstracted = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&abstract_name)?)?;
        for quiet in [tcp.as_ref().map(|s| s.set_nonblocking(true)), udp.as_ref().map(|s| s.set_nonblocking(true))] {
            quiet.transpose()?;
        }
        named.set_nonblocking(true)?;
        named_datagram.set_nonblocking(true)?;
        abstracted.set_nonblocking(true)?;
        let marks = Marks {
            process: processes::own_number(),
            group: processes::own_group(),
            tcp: tcp.as_ref().and_then(|s| s.local_addr().ok()).map(|a| a.port()),
            udp: udp.as_ref().and_then(|s| s.local_addr().ok()).map(|a| a.port()),
            socket: Some(CString::new(socket.as_os_str().as_bytes())?),
            datagram: Some(CString::new(datagram.as_os_str().as_bytes())?),
            abstract_name: Some(abstract_name),
            root: files::identity(c"/").ok(),
        };
        Ok(Self { tcp, udp, named, named_datagram, abstracted, marks })
    }

    /// How to know these lures from inside.
    #[must_use]
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Whether nothing has reached a lure since this was last asked. What had arrived is thrown away.
    #[must_use]
    pub fn untouched(&self) -> bool {
        let mut byte = [0];
        // Counted to the end, so that nothing is left for the next asking.
        let mut arrived = 0_usize;
        arrived =
            arrived.saturating_add(self.tcp.iter().map(|lure| lure.incoming().map_while(Result::ok).count()).sum());
        arrived = arrived.saturating_add(self.named.incoming().map_while(Result::ok).count());
        arrived = arrived.saturating_add(self.abstracted.incoming().map_while(Result::ok).count());
        while self.udp.as_ref().is_some_and(|lure| lure.recv_from(&mut byte).is_ok()) {
            arrived = arrived.saturating_add(1);
        }
        while self.named_datagram.recv(&mut byte).is_ok() {
            arrived = arrived.saturating_add(1);
        }
        arrived == 0
    }
}

impl Marks {
    /// Nothing is known.
    pub(super) const NONE: Self = Self {
        process: 0,
        group: 0,
        tcp: None,
        udp: None,
        socket: None,
        datagram: None,
        abstract_name: None,
        root: None,
    };

    pub(super) fn socket(&self) -> Option<&CStr> {
        self.socket.as_deref()
    }
}
