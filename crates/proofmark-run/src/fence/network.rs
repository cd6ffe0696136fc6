//! The network of a fence: none, or a loopback device with listeners whose ends the caller holds.

use std::net::{SocketAddrV4, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use super::error::{Fault, Layer, Within as _};
use super::plan::Network;
use super::sys;

/// Opens the plan's listeners in this network namespace, TCP first, each in the plan's order. Ports below 1024 need the
/// capabilities that the first process still has here.
pub fn listen(network: &Network) -> Result<Vec<OwnedFd>, Fault> {
    let Network::Broker { tcp, udp } = network else { return Ok(Vec::new()) };
    sys::loopback_up().within(Layer::Network, "bring up loopback")?;
    let step = |at: &SocketAddrV4| format!("listen at {at}");
    let mut listeners = Vec::new();
    for at in tcp {
        let listener = TcpListener::bind(at).within(Layer::Network, step(at))?;
        listeners.push(listener.into());
    }
    for at in udp {
        let socket = UdpSocket::bind(at).within(Layer::Network, step(at))?;
        listeners.push(socket.into());
    }
    Ok(listeners)
}
