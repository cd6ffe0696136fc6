//! The network of a fence: none, or a loopback device with listeners whose ends the caller holds.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use super::error::{Fault, Layer, Within as _};
use super::plan::Network;
use super::sys;

/// Opens the plan's ports in this network namespace, TCP first, each in the plan's order.
pub fn listen(network: &Network) -> Result<Vec<OwnedFd>, Fault> {
    let Network::Broker { tcp, udp } = network else { return Ok(Vec::new()) };
    sys::loopback_up().within(Layer::Network, "bring up loopback")?;
    let step = |port: &u16| format!("listen at port {port}");
    let mut listeners = Vec::new();
    for port in tcp {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).within(Layer::Network, step(port))?;
        listeners.push(listener.into());
    }
    for port in udp {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, *port)).within(Layer::Network, step(port))?;
        listeners.push(socket.into());
    }
    Ok(listeners)
}
