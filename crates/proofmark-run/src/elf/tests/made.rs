//! Files made byte by byte: each instruction is where the test says.

use super::*;

/// `push 60; pop rax; xor edi, edi; syscall; ud2`.
const EXIT: &[u8] = b"\x6a\x3c\x58\x31\xff\x0f\x05\x0f\x0b";

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn a_small_file_is_profiled_to_the_last_field() {
    insta::assert_json_snapshot!(profile(&elf(EXIT)));
}

#[test]
fn numbers_are_followed_through_what_compilers_emit() {
    let cases: [(&[u8], &str); 8] = [
        (b"\xb8\x3b\0\0\0\x0f\x05", "execve"),                              // mov eax, 59
        (b"\x48\xc7\xc0\x3b\0\0\0\x0f\x05", "execve"),                      // mov rax, 59
        (b"\x31\xc0\x0f\x05", "read"),                                      // xor eax, eax
        (b"\x31\xc0\xb0\x3b\x0f\x05", "execve"),                            // xor eax, eax; mov al, 59
        (b"\xba\x3a\0\0\0\xff\xc2\x48\x89\xd0\x0f\x05", "execve"),          // mov edx, 58; inc edx; mov rax, rdx
        (b"\x6a\x3b\x58\x0f\x05", "execve"),                                // push 59; pop rax
        (b"\x48\xc7\x45\xf8\x3b\0\0\0\x48\x8b\x45\xf8\x0f\x05", "execve"),  // mov [rbp-8], 59; mov rax, [rbp-8]
        (b"\xbb\x3b\0\0\0\x31\xc0\x0f\x05\x89\xd8\x0f\x05", "read execve"), // ebx lives on over a call of the kernel
    ];
    for (code, expected) in cases {
        let profile = profile(&elf(&bytes(&[code, b"\x0f\x0b"])));
        assert_eq!(calls(&profile), (expected.split(' ').collect(), 0), "{code:x?}");
    }
}

#[test]
fn what_can_change_a_number_makes_it_unknown() {
    let cases: [&[u8]; 5] = [
        b"\x0f\x05",                                                       // nothing said
        b"\xb8\x3b\0\0\0\x48\x0f\x44\xc7\x0f\x05",                         // mov eax, 59; cmove rax, rdi
        b"\xb8\x3b\0\0\0\xff\xd2\x0f\x05",                                 // mov eax, 59; call rdx
        b"\xb8\x3b\0\0\0\x0f\xa2\x0f\x05",                                 // mov eax, 59; cpuid
        b"\x48\xc7\x45\xf8\x3b\0\0\0\x48\x89\x07\x48\x8b\x45\xf8\x0f\x05", // the store to [rdi] may hit [rbp-8]
    ];
    for code in cases {
        let profile = profile(&elf(&bytes(&[code, b"\x0f\x0b"])));
        assert_eq!((calls(&profile).0.len(), calls(&profile).1), (0, 1), "{code:x?}");
        let unknown = violations(&profile, &BTreeSet::new());
        assert!(unknown.iter().any(|violation| violation.to_string().starts_with("unknown: which system calls")));
    }
}

#[test]
fn code_inside_other_instructions_is_found_when_something_jumps_there() {
    // jmp +1; mov eax, 0x0f583b6a; add eax, …: from its second byte on it is `push 59; pop rax; syscall; ud2`.
    let hidden = profile(&elf(b"\xeb\x01\xb8\x6a\x3b\x58\x0f\x05\x0f\x0b\x90\x90\x90"));
    assert_eq!(calls(&hidden), (vec!["execve"], 0));
    // Without the jump, the bytes are counted, but nothing is said to make the call.
    let quiet = profile(&elf(b"\x90\x90\xb8\x6a\x3b\x58\x0f\x05\x0f\x0b\x90\x90\x90"));
    assert_eq!((calls(&quiet), quiet.code.hidden_sites), ((vec![], 0), 1));
}

#[test]
fn where_two_readings_meet_both_count() {
    // The straight reading says `mov eax, 0x9058_3b6a; syscall`, the jump's says `push 59; pop rax; nop; syscall`.
    let profile = profile(&elf(b"\xeb\x01\xb8\x6a\x3b\x58\x90\x0f\x05\x0f\x0b"));
    assert_eq!(calls(&profile), (vec!["execve", "number 2421701482"], 0));
}

#[test]
fn where_ways_meet_each_is_followed_back() {
    // mov eax, 59; jmp +0; syscall; jne to the system call, whose result is the next number.
    let looped = profile(&elf(b"\xb8\x3b\0\0\0\xeb\x00\x0f\x05\x75\xfc\x0f\x0b"));
    assert_eq!(calls(&looped), (vec!["execve"], 1));
    // mov eax, 1; test edi, edi; jne +5; mov eax, 59; syscall; jmp to the second.
    let two = profile(&elf(b"\xb8\x01\0\0\0\x85\xff\x75\x05\xb8\x3b\0\0\0\x0f\x05\x0f\x0b"));
    assert_eq!(calls(&two), (vec!["write", "execve"], 0));
    // A loop that does not touch the number: mov eax, 1; syscall at the end of a loop over ecx.
    let loops = profile(&elf(b"\xb8\x01\0\0\0\xff\xc9\x75\xfc\x0f\x05\x0f\x0b"));
    assert_eq!(calls(&loops), (vec!["write"], 0));
}

#[test]
fn wrappers_are_followed_to_their_callers() {
    // wrapper: mov rax, rdi; syscall; ret — called with 1, then with 59, then the program ends.
    let wrapper = b"\x48\x89\xf8\x0f\x05\xc3";
    let code = bytes(&[b"\xbf\x01\0\0\0\xe8\x0c\0\0\0\xbf\x3b\0\0\0\xe8\x02\0\0\0\x0f\x0b", wrapper]);
    assert_eq!(calls(&profile(&elf(&code))), (vec!["write", "execve"], 0));
    // The same, but the second caller's number comes from memory.
    let code = bytes(&[b"\xbf\x01\0\0\0\xe8\x0c\0\0\0\x8b\x3e\x90\x90\x90\xe8\x02\0\0\0\x0f\x0b", wrapper]);
    assert_eq!(calls(&profile(&elf(&code))), (vec!["write"], 1));
    // The same as the first, but the wrapper's address is kept in a word.
    let address = (CODE + 22).to_le_bytes();
    let code = bytes(&[
        b"\xbf\x01\0\0\0\xe8\x0c\0\0\0\xbf\x3b\0\0\0\xe8\x02\0\0\0\x0f\x0b",
        wrapper,
        b"\xcc\xcc\xcc\xcc",
        &address,
    ]);
    assert_eq!(calls(&profile(&elf(&code))), (vec!["write", "execve"], 1));
}

#[test]
fn the_table_of_32_bits_is_never_granted() {
    let profile = profile(&elf(b"\xb8\x0b\0\0\0\xcd\x80\x0f\x0b"));
    assert_eq!(calls(&profile), (vec!["i386:11"], 0));
    assert_eq!(wants(&profile), [(Want::Forbidden, true)]);
    let all = BTreeSet::from([Want::Forbidden]);
    assert!(matches!(violations(&profile, &all).as_slice(), [Violation::Refused(_)]));
}

#[test]
fn arguments_decide_what_memory_and_files_need() {
    // mov eax, number; mov edx, third argument; syscall
    let call =
        |number: u8, third: u8| profile(&elf(&[0xb8, number, 0, 0, 0, 0xba, third, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b]));
    assert_eq!(wants(&call(10, 5)), [(Want::GeneratedCode, true)]);
    assert_eq!(signs(&call(10, 5)), ["makes-code", "no-sections"]);
    assert_eq!(wants(&call(10, 3)), []);
    let openat = |third: u8| wants(&profile(&elf(&[0xb8, 1, 1, 0, 0, 0xba, third, 0, 0, 0, 0x0f, 0x05, 0x0f, 0x0b])));
    assert_eq!(openat(0), [(Want::FilesRead, true)]);
    assert_eq!(openat(1), [(Want::FilesWritten, true)]);
    assert_eq!(openat(2), [(Want::FilesRead, true), (Want::FilesWritten, true)]);
    // mov eax, 10; syscall: nobody knows the protection.
    assert_eq!(wants(&profile(&elf(b"\xb8\x0a\0\0\0\x0f\x05\x0f\x0b"))), [(Want::GeneratedCode, false)]);
}

#[test]
fn a_grant_covers_what_it_names_and_no_more() {
    // socket, then execve.
    let profile = profile(&elf(b"\xb8\x29\0\0\0\x0f\x05\xb8\x3b\0\0\0\x0f\x05\x0f\x0b"));
    let texts = |granted: &[Want]| -> Vec<String> {
        violations(&profile, &granted.iter().copied().collect()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(texts(&[Want::Network, Want::Processes]), [""; 0]);
    assert_eq!(texts(&[Want::Network]), ["it needs the capability `processes`: system call `execve` at 0x4000bc"]);
    assert_eq!(texts(&[]).len(), 2);
}

#[test]
fn code_that_may_be_written_is_generated_code() {
    let profile = profile(&elf_with(7, 62, EXIT));
    assert_eq!(wants(&profile), [(Want::GeneratedCode, true)]);
    assert_eq!(signs(&profile), ["no-sections", "writable-code"]);
}

#[test]
fn other_processors_are_profiled_without_their_code() {
    let profile = profile(&elf_with(5, 183, b"\xa8\x0b\x80\xd2\x01\0\0\xd4"));
    assert_eq!((profile.machine, profile.code.disassembled), (Machine::Aarch64, false));
    assert_eq!(profile.unseen, ["its code: only x86_64 is disassembled"]);
    assert!(matches!(violations(&profile, &BTreeSet::new()).as_slice(), [Violation::Unknown(_)]));
}

#[test]
fn bytes_behind_the_end_are_an_overlay() {
    let mut bytes = elf(EXIT);
    bytes.extend([7; 1000]);
    let profile = profile(&bytes);
    assert_eq!(profile.overlay_bytes, 1000);
    assert!(signs(&profile).contains(&"overlay"));
}

#[test]
fn what_is_no_executable_for_this_machine_is_refused_in_words() {
    let with = |at: usize, value: u8| {
        let mut bytes = elf(EXIT);
        bytes[at] = value;
        Profile::read(&bytes).unwrap_err().to_string()
    };
    assert_eq!(with(16, 4), "a core dump can't be checked: give an executable for x86_64 or aarch64 Linux");
    assert!(with(16, 1).starts_with("an object file that is not linked"));
    assert!(with(4, 1).starts_with("a 32-bit file"));
    assert!(with(5, 2).starts_with("a big-endian file"));
    assert!(with(18, 243).starts_with("a file for another processor"));
    assert_eq!(with(57, 0xff), "the number of program headers is 65282, over the limit of 1170");
    assert_eq!(Profile::read(b"\0asm").unwrap_err(), ElfError::NotElf);
}
