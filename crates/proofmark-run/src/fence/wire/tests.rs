//! Messages of the launcher's socket, whole, cut and wrong.

use std::os::fd::AsFd as _;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use super::*;
use crate::fence::probe::Act;

fn pair() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).unwrap()
}

#[test]
fn an_answer_arrives_with_its_descriptors() {
    let (left, right) = pair();
    let act = Act { name: "read".to_owned(), denied: true, how: "EACCES".to_owned() };
    let probe = Probe { acts: vec![act] };
    tell(left.as_fd(), &Answer::Set(probe.clone()), &[left.as_fd(), right.as_fd()]).unwrap();
    let (answer, fds) = hear(right.as_fd()).unwrap().unwrap();
    assert!(matches!(answer, Answer::Set(said) if said == probe));
    assert_eq!(fds.len(), 2);
    drop(left);
    drop(fds);
    assert!(hear(right.as_fd()).unwrap().is_none());
}

#[test]
fn what_is_no_answer_is_an_error() {
    let (left, right) = pair();
    let mut seed = 7_u32;
    for length in 1..200_usize {
        let noise: Vec<u8> = (0..length)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        send(left.as_fd(), &noise, &[]).unwrap();
        assert!(hear(right.as_fd()).is_err());
    }
    let whole =
        serde_json::to_vec(&Answer::Refused(Fault { layer: crate::fence::Layer::Root, step: "x".into(), errno: 1 }));
    let whole = whole.unwrap();
    for cut in 1..whole.len() {
        send(left.as_fd(), &whole[..cut], &[]).unwrap();
        assert!(hear(right.as_fd()).is_err());
    }
}

#[test]
fn an_order_is_read_back_more_than_once_and_only_if_whole() {
    let sealed = |bytes: &[u8]| sys::sealed(c"order", bytes, sys::Executable::No).unwrap();
    let json = br#"{"plan":{"mounts":[],"payload":"Worker","limits":{"memory_bytes":1,"processes":1,"file_bytes":1,
        "open_files":8,"cpu_seconds":1},"network":"None","code":"Fixed","owner":null,"counted":"No"},"start":"AtOnce"}"#;
    let fd = sealed(json);
    for _ in 0..2 {
        assert_eq!(unpack(fd.as_fd()).unwrap().start, Start::AtOnce);
    }
    for cut in 0..json.len() {
        assert_eq!(unpack(sealed(&json[..cut]).as_fd()).unwrap_err(), Errno::EBADMSG);
    }
    let large = vec![b' '; usize::try_from(PLAN_BYTES_MAX).unwrap() + 1];
    assert_eq!(unpack(sealed(&large).as_fd()).unwrap_err(), Errno::EFBIG);
}

#[test]
fn a_sealed_file_stays_as_it_is() {
    use std::io::Write as _;
    let fd = sys::sealed(c"order", b"as it was", sys::Executable::No).unwrap();
    let mut file = File::from(fd);
    assert!(file.write_all(b"x").is_err());
    assert!(file.set_len(1).is_err());
}
