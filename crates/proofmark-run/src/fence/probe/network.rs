//! Acts on the network: every protocol that Landlock's TCP rules don't see, and the ones they do.

use std::ffi::{CStr, c_long};

use super::sys::{self, Answer, Arg, attempt};
use super::{Ground, Network, Record, Tried, judge, judge_opened};

const MPTCP: i32 = 262;
const SCTP: i32 = 132;
/// An address for documentation (RFC 5737, RFC 3849): routable where there is any route, and nobody's.
const FAR_V4: [u8; 4] = [192, 0, 2, 1];
const FAR_V6: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const LOOPBACK_V4: [u8; 4] = [127, 0, 0, 1];
const LOOPBACK_V6: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
/// Where a lure could not be laid: a port where hardly anything listens ("discard").
const NO_LURE: u16 = 9;

/// How a kernel says that it makes no such socket.
const NO_SOCKET: &[i32] = &[
    libc::EAFNOSUPPORT,
    libc::EPROTONOSUPPORT,
    libc::ESOCKTNOSUPPORT,
    libc::EPROTOTYPE,
    // No such type in that family, and an MPTCP that is switched off.
    libc::EINVAL,
    libc::EOPNOTSUPP,
];
/// How a network says that there is no way out of it.
const NO_WAY: &[i32] = &[libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ENETDOWN, libc::EADDRNOTAVAIL];
/// The same where something listens outside: a refusal comes from another network.
const NO_WAY_TO_LURE: &[i32] =
    &[libc::ENETUNREACH, libc::EHOSTUNREACH, libc::ENETDOWN, libc::EADDRNOTAVAIL, libc::ECONNREFUSED];

/// What no artifact has a use for: name, family, type, protocol.
const RARE: &[(&str, i32, i32, i32)] = &[
    ("open a vsock socket", libc::AF_VSOCK, libc::SOCK_STREAM, 0),
    ("open a raw IPv4 socket", libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP),
    ("open a raw IPv6 socket", libc::AF_INET6, libc::SOCK_RAW, libc::IPPROTO_ICMPV6),
    ("open a ping socket", libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
    ("open a packet socket", libc::AF_PACKET, libc::SOCK_RAW, 0),
    ("open a routing netlink socket", libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE),
    ("open an audit netlink socket", libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_AUDIT),
    ("open a kernel crypto socket", libc::AF_ALG, libc::SOCK_SEQPACKET, 0),
    ("open an express data path socket", libc::AF_XDP, libc::SOCK_RAW, 0),
    ("open a key management socket", libc::AF_KEY, libc::SOCK_RAW, 2),
    ("open a TIPC socket", libc::AF_TIPC, libc::SOCK_STREAM, 0),
    ("open an RDS socket", libc::AF_RDS, libc::SOCK_SEQPACKET, 0),
    ("open a Bluetooth socket", libc::AF_BLUETOOTH, libc::SOCK_RAW, 0),
    ("open a CAN socket", libc::AF_CAN, libc::SOCK_RAW, 1),
];

pub(super) fn acts(record: &mut Record, ground: &Ground<'_>) {
    let marks = ground.marks;
    let near = v4(LOOPBACK_V4, marks.tcp.unwrap_or(NO_LURE));
    // A fence with a loopback of its own refuses there by itself.
    let own_loopback = *ground.network != Network::None;
    let no_way = if marks.tcp.is_some() || own_loopback { NO_WAY_TO_LURE } else { NO_WAY };
    record.add("connect over TCP", stream(0, &near, no_way));
    record.add("connect over TCP by IPv6", stream_v6(marks.tcp.unwrap_or(NO_LURE), no_way));
    record.add("connect over TCP with data in the first packet", fast_open(&near, no_way));
    record.add("connect over MPTCP", stream(MPTCP, &near, no_way));
    record.add("connect over SCTP", stream(SCTP, &near, no_way));
    record.add("listen on TCP", bound());
    // Landlock lets this port pass: the network itself must have no way.
    if let Some(at) = ground.network.listeners().0.first() {
        record.add("connect out of the loopback at a granted port", stream(0, &v4(FAR_V4, at.port()), NO_WAY));
    }
    let no_way = if marks.udp.is_some() || own_loopback { NO_WAY_TO_LURE } else { NO_WAY };
    record.add("send over UDP", datagram(&v4(LOOPBACK_V4, marks.udp.unwrap_or(NO_LURE)), no_way));
    record.add("route out over IPv4", route(libc::AF_INET, &v4(FAR_V4, NO_LURE)));
    record.add("route out over IPv6", route(libc::AF_INET6, &v6(FAR_V6, NO_LURE)));
    for (name, family, kind, protocol) in RARE {
        record.add(name, judge_opened(socket(*family, *kind, *protocol), NO_SOCKET));
    }
    unix(record, ground);
}

fn unix(record: &mut Record, ground: &Ground<'_>) {
    let marks = ground.marks;
    let usual = [c"/run/docker.sock", c"/run/dbus/system_bus_socket", c"/run/systemd/private"];
    let sockets = marks.socket().into_iter().chain(usual);
    record.each("connect to a socket file outside", sockets, |path| {
        unix_connect(libc::SOCK_STREAM, 0, path.to_bytes(), &[libc::ENOENT, libc::ENOTDIR])
    });
    let datagram = marks.datagram.as_deref().unwrap_or(c"/dev/log");
    let tried = unix_send(datagram);
    record.add("send to a socket file outside", tried);
    let (name, refused): (&[u8], &[i32]) = match &marks.abstract_name {
        Some(name) => (name, &[libc::ECONNREFUSED]),
        None => (b"proofmark-lure", &[]),
    };
    record.add("connect to an abstract socket outside", unix_connect(libc::SOCK_STREAM, 1, name, refused));
}

fn socket(family: i32, kind: i32, protocol: i32) -> Answer {
    let kind = kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    attempt(
        libc::SYS_socket,
        [Arg::Word(c_long::from(family)), Arg::Word(c_long::from(kind)), Arg::Word(c_long::from(protocol))],
    )
}

/// Makes a socket, hands it to `act` and closes it.
fn with_socket(family: i32, kind: i32, protocol: i32, act: impl FnOnce(c_long) -> Tried) -> Tried {
    match socket(family, kind, protocol) {
        Ok(descriptor) => {
            let tried = act(descriptor);
            sys::close(descriptor);
            tried
        }
        refused => judge(refused, NO_SOCKET),
    }
}

fn connect(descriptor: c_long, address: &[u8]) -> Answer {
    let length = length(address);
    attempt(libc::SYS_connect, [Arg::Word(descriptor), Arg::Bytes(address), Arg::Word(length)])
}

/// A non-blocking connect over loopback is in progress until it is asked again.
fn connected(descriptor: c_long, address: &[u8]) -> Answer {
    match connect(descriptor, address) {
        Err(libc::EINPROGRESS) => match connect(descriptor, address) {
            Err(libc::EISCONN) => Ok(0),
            answer => answer,
        },
        answer => answer,
    }
}

fn stream(protocol: i32, address: &[u8], no_way: &[i32]) -> Tried {
    with_socket(libc::AF_INET, libc::SOCK_STREAM, protocol, |s| judge(connected(s, address), no_way))
}

fn stream_v6(port: u16, no_way: &[i32]) -> Tried {
    // The lure listens on IPv4: its mapped address is reached over IPv6 sockets too.
    let mut mapped = [0; 16];
    for (byte, value) in mapped.iter_mut().skip(10).zip([0xff, 0xff].into_iter().chain(LOOPBACK_V4)) {
        *byte = value;
    }
    with_socket(libc::AF_INET6, libc::SOCK_STREAM, 0, |s| {
        let plain = connected(s, &v6(LOOPBACK_V6, NO_LURE));
        match judge(plain, NO_WAY_TO_LURE) {
            Tried::Denied(_) => {}
            tried => return tried,
        }
        with_socket(libc::AF_INET6, libc::SOCK_STREAM, 0, |s| judge(connected(s, &v6(mapped, port)), no_way))
    })
}

fn fast_open(address: &[u8], no_way: &[i32]) -> Tried {
    with_socket(libc::AF_INET, libc::SOCK_STREAM, 0, |s| {
        let flags = libc::MSG_FASTOPEN | libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let sent = send_to(s, flags, address);
        let answer = match sent {
            Err(libc::EINPROGRESS) => match connect(s, address) {
                Err(libc::EISCONN) => Ok(0),
                answer => answer,
            },
            // A byte that left with the first packet is refused on the next call.
            Ok(_) => match connect(s, address) {
                Err(libc::EISCONN) => Ok(0),
                answer => answer,
            },
            refused => refused,
        };
        match judge(answer, no_way) {
            // The host has it switched off (`net.ipv4.tcp_fastopen`).
            Tried::NotStopped(libc::EOPNOTSUPP) => Tried::Denied(libc::EOPNOTSUPP),
            tried => tried,
        }
    })
}

fn bound() -> Tried {
    with_socket(libc::AF_INET, libc::SOCK_STREAM, 0, |s| {
        let any = v4([0; 4], 0);
        let answer = attempt(libc::SYS_bind, [Arg::Word(s), Arg::Bytes(&any), Arg::Word(length(&any))]);
        judge(answer, &[libc::EADDRNOTAVAIL])
    })
}

/// Twice, because the refusal of the first datagram is the answer to the second.
fn datagram(address: &[u8], no_way: &[i32]) -> Tried {
    with_socket(libc::AF_INET, libc::SOCK_DGRAM, 0, |s| {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let answer = connect(s, address).and_then(|_| send_to(s, flags, &[])).and_then(|_| send_to(s, flags, &[]));
        judge(answer, no_way)
    })
}

/// Connecting a datagram socket looks up a route and sends nothing.
fn route(family: i32, far: &[u8]) -> Tried {
    with_socket(family, libc::SOCK_DGRAM, 0, |s| judge(connect(s, far), NO_WAY))
}

/// Sends one byte to `address`, or to the peer where it is empty.
fn send_to(descriptor: c_long, flags: i32, address: &[u8]) -> Answer {
    let to = if address.is_empty() { Arg::Word(0) } else { Arg::Bytes(address) };
    attempt(
        libc::SYS_sendto,
        [
            Arg::Word(descriptor),
            Arg::Bytes(b"p"),
            Arg::Word(1),
            Arg::Word(c_long::from(flags)),
            to,
            Arg::Word(length(address)),
        ],
    )
}

/// Connects to an AF_UNIX name that starts after `skip` zero bytes.
fn unix_connect(kind: i32, skip: usize, name: &[u8], also: &[i32]) -> Tried {
    with_socket(libc::AF_UNIX, kind, 0, |s| {
        let (address, bytes) = unix_address(skip, name);
        let address = address.get(..bytes).unwrap_or(&address);
        judge(connect(s, address), also)
    })
}

fn unix_send(path: &CStr) -> Tried {
    with_socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0, |s| {
        let (address, bytes) = unix_address(0, path.to_bytes());
        let address = address.get(..bytes).unwrap_or(&address);
        judge(send_to(s, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL, address), &[libc::ENOENT, libc::ENOTDIR])
    })
}

/// `sockaddr_un` and how much of it counts. A name that is too long is cut; then it names nothing.
fn unix_address(skip: usize, name: &[u8]) -> ([u8; 110], usize) {
    let mut address = [0; 110];
    let family = u16::try_from(libc::AF_UNIX).unwrap_or_default().to_ne_bytes();
    let start = family.len().saturating_add(skip);
    for (byte, value) in address.iter_mut().zip(family) {
        *byte = value;
    }
    for (byte, value) in address.iter_mut().skip(start).zip(name) {
        *byte = *value;
    }
    (address, start.saturating_add(name.len()).min(address.len()))
}

/// `sockaddr_in`.
fn v4(host: [u8; 4], port: u16) -> [u8; 16] {
    let [f0, f1] = u16::try_from(libc::AF_INET).unwrap_or_default().to_ne_bytes();
    let [p0, p1] = port.to_be_bytes();
    let [a, b, c, d] = host;
    [f0, f1, p0, p1, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// `sockaddr_in6`.
fn v6(host: [u8; 16], port: u16) -> [u8; 28] {
    let mut address = [0; 28];
    let family = u16::try_from(libc::AF_INET6).unwrap_or_default().to_ne_bytes();
    let start = family.into_iter().chain(port.to_be_bytes()).chain([0; 4]).chain(host);
    for (byte, value) in address.iter_mut().zip(start) {
        *byte = value;
    }
    address
}

fn length(bytes: &[u8]) -> c_long {
    c_long::try_from(bytes.len()).unwrap_or(c_long::MAX)
}
