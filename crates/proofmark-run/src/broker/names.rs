//! Answers questions for names inside the fence. Nothing that is asked here ever leaves, so nothing can be carried out
//! by it.
//!
//! A message is read as narrowly as a resolver writes it: one question, no compression, at most the one extra record of
//! EDNS, which is not looked into (RFC 1035; RFC 6891). Everything else is a format error or gets no answer.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::grant::{Grants, Host};

/// The longest question that is read, in bytes.
pub const QUESTION_BYTES_MAX: usize = 512;
/// How long an answer may be remembered, in seconds: the addresses hold for the whole run.
const TTL_SECONDS: u32 = 60;

const HEADER: usize = 12;
const CLASS_IN: u16 = 1;
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;

/// What a question was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The name is granted. The answer holds its address, or none if the question was for IPv6.
    Known = 0,
    FormatError = 1,
    /// The name is not granted.
    Unknown = 3,
    NotImplemented = 4,
    /// Questions for anything but addresses.
    Refused = 5,
}

/// The granted names and their addresses inside the fence.
#[derive(Debug, Clone)]
pub struct Names {
    addresses: BTreeMap<Host, Ipv4Addr>,
}

impl Names {
    #[must_use]
    pub fn new(grants: &Grants) -> Self {
        Self { addresses: grants.hosts().into_iter().collect() }
    }

    /// The answer to one UDP message; `None` if there is nobody to answer to: too short, or an answer itself.
    #[must_use]
    pub fn answer(&self, message: &[u8]) -> Option<(Vec<u8>, Code)> {
        let header = Header::read(message)?;
        let question = if message.len() > QUESTION_BYTES_MAX { None } else { header.question(message) };
        let (code, address) = match (&question, header.opcode) {
            (_, 1..) => (Code::NotImplemented, None),
            (None, 0) => (Code::FormatError, None),
            (Some(question), 0) => self.look_up(question),
        };
        // A malformed question is not sent back.
        let question = question.filter(|_| header.opcode == 0);
        Some((header.write(code, question.as_ref(), address), code))
    }

    fn look_up(&self, question: &Question<'_>) -> (Code, Option<Ipv4Addr>) {
        if question.class != CLASS_IN || !matches!(question.kind, TYPE_A | TYPE_AAAA) {
            return (Code::Refused, None);
        }
        match Host::read(&question.name).ok().and_then(|host| self.addresses.get(&host).copied()) {
            Some(address) => (Code::Known, Some(address).filter(|_| question.kind == TYPE_A)),
            None => (Code::Unknown, None),
        }
    }
}

struct Header {
    id: [u8; 2],
    opcode: u8,
    recursion_desired: u8,
    /// One question, no answers, no authorities, at most one extra record.
    plain: bool,
}

impl Header {
    fn read(message: &[u8]) -> Option<Self> {
        let [i, d, high, _, counts @ ..] = message.first_chunk::<HEADER>()?;
        // An answer is never answered: two servers would talk for ever.
        if high & 0x80 != 0 {
            return None;
        }
        let plain = matches!(counts, [0, 1, 0, 0, 0, 0, 0, 0 | 1]);
        Some(Self { id: [*i, *d], opcode: (high >> 3) & 15, recursion_desired: high & 1, plain })
    }

    fn question<'message>(&self, message: &'message [u8]) -> Option<Question<'message>> {
        if !self.plain {
            return None;
        }
        let bytes = message.get(HEADER..)?;
        let mut rest = bytes;
        let mut name = String::new();
        loop {
            let (&length, after) = rest.split_first()?;
            if length == 0 {
                rest = after;
                break;
            }
            // From 64 on it is a pointer, and nothing stands before this name that one could point at.
            if length > 63 {
                return None;
            }
            let (label, after) = after.split_at_checked(usize::from(length))?;
            if !name.is_empty() {
                name.push('.');
            }
            // A dot inside a label would look like two labels; other bytes are no host name anyway.
            name.extend(label.iter().map(|byte| if *byte == b'.' { '\u{fffd}' } else { char::from(*byte) }));
            rest = after;
        }
        let ([k1, k2, c1, c2], extra) = rest.split_first_chunk::<4>()?;
        let length = bytes.len().checked_sub(extra.len())?;
        let extra_wanted = message.get(HEADER.checked_sub(1)?) == Some(&1);
        if extra.is_empty() == extra_wanted {
            return None;
        }
        Some(Question {
            name,
            kind: u16::from_be_bytes([*k1, *k2]),
            class: u16::from_be_bytes([*c1, *c2]),
            bytes: bytes.get(..length)?,
        })
    }

    fn write(&self, code: Code, question: Option<&Question<'_>>, address: Option<Ipv4Addr>) -> Vec<u8> {
        let mut out = Vec::with_capacity(QUESTION_BYTES_MAX);
        out.extend_from_slice(&self.id);
        // An answer, authoritative; recursion "available", because some resolvers give up on a server without it.
        out.push(0x84 | (self.opcode << 3) | self.recursion_desired);
        out.push(0x80 | code as u8);
        out.extend_from_slice(&[0, u8::from(question.is_some()), 0, u8::from(address.is_some()), 0, 0, 0, 0]);
        if let Some(question) = question {
            out.extend_from_slice(question.bytes);
        }
        if let Some(address) = address {
            // The name is the one at offset 12.
            out.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
            out.extend_from_slice(&TTL_SECONDS.to_be_bytes());
            out.extend_from_slice(&[0, 4]);
            out.extend_from_slice(&address.octets());
        }
        out
    }
}

struct Question<'message> {
    name: String,
    kind: u16,
    class: u16,
    /// As asked, to be sent back: some resolvers mix capitals in and compare.
    bytes: &'message [u8],
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, RCODE, TYPE, rdata::RData};

    use super::super::grant::{At, Grant, Scheme};
    use super::*;

    fn names() -> Names {
        let grant = |host| Grant::new(host, 443, Scheme::Https, At::Name, &["GET"], &["/**"]).unwrap();
        Names::new(&Grants::new([grant("api.example.com"), grant("b.example")]).unwrap())
    }

    fn ask(name: &str, kind: TYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(77);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        let name = Name::new(name).unwrap();
        packet.questions.push(simple_dns::Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
        packet.build_bytes_vec().unwrap()
    }

    /// What another implementation reads in the answer.
    fn answered(message: &[u8]) -> (RCODE, Vec<Ipv4Addr>) {
        let (bytes, _) = names().answer(message).unwrap();
        let packet = Packet::parse(&bytes).unwrap();
        assert!(packet.has_flags(PacketFlag::RESPONSE) && !packet.has_flags(PacketFlag::TRUNCATION));
        assert_eq!(packet.id(), 77);
        let address = |record: &simple_dns::ResourceRecord<'_>| match &record.rdata {
            RData::A(a) => Ipv4Addr::from(a.address),
            other => panic!("{other:?}"),
        };
        (packet.rcode(), packet.answers.iter().map(address).collect())
    }

    #[test]
    fn granted_names_have_an_address_and_others_do_not_exist() {
        let first = vec![Ipv4Addr::new(127, 0, 0, 2)];
        assert_eq!(answered(&ask("api.example.com", TYPE::A)), (RCODE::NoError, first.clone()));
        assert_eq!(answered(&ask("ApI.eXample.COM", TYPE::A)), (RCODE::NoError, first));
        assert_eq!(answered(&ask("b.example", TYPE::A)), (RCODE::NoError, vec![Ipv4Addr::new(127, 0, 0, 3)]));
        assert_eq!(answered(&ask("api.example.com", TYPE::AAAA)), (RCODE::NoError, vec![]));
        for other in ["example.com", "x.api.example.com", "com", "localhost", "secret.attacker.example"] {
            assert_eq!(answered(&ask(other, TYPE::A)), (RCODE::NameError, vec![]), "{other}");
            assert_eq!(answered(&ask(other, TYPE::AAAA)), (RCODE::NameError, vec![]), "{other}");
        }
    }

    #[test]
    fn the_question_comes_back_as_it_was_asked() {
        let message = ask("ApI.eXample.COM", TYPE::A);
        let (bytes, code) = names().answer(&message).unwrap();
        assert_eq!((&bytes[12..message.len()], code), (&message[12..], Code::Known));
    }

    #[test]
    fn only_addresses_are_spoken_of() {
        for kind in [TYPE::TXT, TYPE::NULL, TYPE::MX, TYPE::CNAME, TYPE::NS, TYPE::SRV, TYPE::HTTPS] {
            for name in ["api.example.com", "aGVsbG8.attacker.example"] {
                assert_eq!(answered(&ask(name, kind)), (RCODE::Refused, vec![]), "{name} {kind:?}");
            }
        }
        let mut any = ask("api.example.com", TYPE::A);
        let kind = any.len() - 3;
        any[kind] = 255;
        assert_eq!(answered(&any).0, RCODE::Refused);
        let mut chaos = ask("api.example.com", TYPE::A);
        *chaos.last_mut().unwrap() = 3;
        assert_eq!(answered(&chaos).0, RCODE::Refused);
    }

    #[test]
    fn the_extra_record_of_edns_changes_nothing() {
        let mut message = ask("api.example.com", TYPE::A);
        message[11] = 1;
        message.extend_from_slice(&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        assert_eq!(answered(&message), (RCODE::NoError, vec![Ipv4Addr::new(127, 0, 0, 2)]));
    }

    #[test]
    fn malformed_questions_are_format_errors() {
        let good = ask("api.example.com", TYPE::A);
        let change = |at: usize, byte: u8| {
            let mut message = good.clone();
            message[at] = byte;
            message
        };
        let mut wrong = vec![
            change(5, 0),     // no question
            change(5, 2),     // two, and one is there
            change(4, 1),     // 257
            change(7, 1),     // an answer in a question
            change(9, 1),     // an authority
            change(11, 1),    // an extra record that is not there
            change(11, 2),    // two
            change(12, 0xc0), // a pointer
            change(12, 0x40), // a reserved kind of label
            change(12, 63),   // a label longer than the message
            [&good[..], &[0]].concat(),
            [&good[..], &[0; 512]].concat(),
        ];
        // Pointers to itself, to each other, and past the end.
        for pointer in [[0xc0, 12], [0xc0, 14], [0xff, 0xff]] {
            wrong.push([&good[..12], &pointer, &[0xc0, 12, 0, 1, 0, 1]].concat());
        }
        for message in &wrong {
            assert_eq!(answered(message), (RCODE::FormatError, vec![]), "{message:?}");
        }
        for length in 12..good.len() {
            assert_eq!(answered(&good[..length]).0, RCODE::FormatError, "{length}");
        }
        for length in 0..12 {
            assert!(names().answer(&good[..length]).is_none(), "{length}");
        }
        assert!(names().answer(&change(2, 0x80)).is_none(), "an answer is not answered");
        assert_eq!(answered(&change(2, 5 << 3)).0, RCODE::NotImplemented);
    }

    #[test]
    fn a_dot_within_a_label_is_no_separator() {
        let mut message = ask("api.example.com", TYPE::A);
        // `api` + 7 + `example` becomes one label of eleven bytes.
        message[12] = 11;
        message[16] = b'.';
        assert_eq!(answered(&message), (RCODE::NameError, vec![]));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_an_answer_is_never_long(message in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some((bytes, _)) = names().answer(&message) {
                prop_assert!(bytes.len() <= QUESTION_BYTES_MAX + 16);
                prop_assert_eq!(&bytes[..2], &message[..2]);
            }
        }

        #[test]
        fn a_changed_question_gives_a_readable_answer(at in 2_usize..33, byte: u8) {
            let mut message = ask("api.example.com", TYPE::A);
            message[at] = byte;
            if let Some((bytes, _)) = names().answer(&message) {
                // The other implementation knows fewer types and classes than a question may name.
                prop_assert!(Packet::parse(&bytes).is_ok() || Packet::parse(&message).is_err());
            }
        }
    }
}
