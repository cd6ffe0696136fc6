//! Programs that the machine's C compiler makes.

use super::*;

const HELLO: &str = "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }";
const RAW: &str = "
static long call(long n, long a, long b, long c) {
    long result;
    __asm__ volatile(\"syscall\" : \"=a\"(result) : \"a\"(n), \"D\"(a), \"S\"(b), \"d\"(c) : \"rcx\", \"r11\", \"memory\");
    return result;
}
void _start(void) { call(1, 1, (long)\"x\\n\", 2); call(60, 0, 0, 0); __builtin_unreachable(); }";
const BARE: [&str; 3] = ["-nostdlib", "-static", "-fno-stack-protector"];

fn with<'a>(flags: &[&'a str], more: &'a str) -> Vec<&'a str> {
    flags.iter().copied().chain([more]).collect()
}

#[test]
fn kinds_are_told_apart() {
    let fixed = compiled(HELLO, &["-static"]);
    assert_eq!((fixed.kind, fixed.hardening.position_independent), (Kind::Static, false));
    assert!(fixed.interpreter.is_none() && fixed.libraries.is_empty() && !fixed.sections.stripped);
    let pie = compiled(HELLO, &["-static-pie"]);
    assert_eq!((pie.kind, pie.hardening.position_independent), (Kind::StaticPie, true));
    let dynamic = compiled(HELLO, &["-Wl,-z,now", "-pie", "-fPIE"]);
    assert_eq!((dynamic.kind, dynamic.hardening.relro), (Kind::Dynamic, Relro::Full));
    assert_eq!(dynamic.libraries, ["libc.so.6"]);
    assert!(dynamic.imports.contains(&"puts".to_owned()));
    assert!(dynamic.interpreter.is_some() && dynamic.build_id.is_some());
    assert!(dynamic.producers.iter().any(|producer| producer.contains("GCC") || producer.contains("clang")));
    assert_eq!(dynamic.hardening.stack, Stack::NotExecutable);
    assert_eq!(wants(&dynamic), [(Want::Libraries, true)]);
    let shared = compiled("int f(void) { return 1; }", &["-shared", "-fPIC"]);
    assert_eq!((shared.kind, shared.exports.contains(&"f".to_owned())), (Kind::Shared, true));
    assert!(!violations(&shared, &BTreeSet::new()).is_empty());
}

#[test]
fn raw_system_calls_are_found_at_every_optimisation() {
    for level in ["-O0", "-Os", "-O2"] {
        let profile = compiled(RAW, &with(&BARE, level));
        assert_eq!(calls(&profile), (vec!["write", "exit"], 0), "{level}");
        assert_eq!(violations(&profile, &BTreeSet::new()), [], "{level}");
    }
}

#[test]
fn a_number_from_outside_is_unknown() {
    let source = RAW.replace("call(1,", "call(*(volatile long *)0x1000,");
    let profile = compiled(&source, &with(&BARE, "-O2"));
    assert_eq!(calls(&profile), (vec!["exit"], 1));
}

#[test]
fn executable_memory_is_told_from_other_memory() {
    let source = "#include <sys/mman.h>\n#include <stdlib.h>\nint main(void) { void *p = mmap(0, 4096, PROT_READ | PROT_WRITE, \
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); return mprotect(p, 4096, PROT_READ | PROT_EXEC); }";
    let profile = compiled(source, &["-O2"]);
    assert_eq!(wants(&profile), [(Want::GeneratedCode, true), (Want::Libraries, true)]);
    assert!(profile.needs[0].evidence.iter().any(|evidence| evidence.what == "import `mprotect`"));
    assert!(signs(&profile).contains(&"makes-code"));
    let plain = compiled(&source.replace("PROT_EXEC", "PROT_WRITE"), &["-O2"]);
    assert_eq!(wants(&plain), [(Want::Libraries, true)]);
    let taken = source.replace("return mprotect(", "int (*volatile f)(void *, size_t, int) = mprotect; return f(");
    assert_eq!(wants(&compiled(&taken, &["-O2"])), [(Want::GeneratedCode, false), (Want::Libraries, true)]);
}

#[test]
fn files_are_told_by_how_they_are_opened() {
    let open = |mode: &str| {
        let source = format!("#include <stdio.h>\nint main(void) {{ return fopen(\"x\", \"{mode}\") == 0; }}");
        wants(&compiled(&source, &["-O2"]))
    };
    assert_eq!(open("rb"), [(Want::FilesRead, true), (Want::Libraries, true)]);
    assert_eq!(open("w"), [(Want::FilesWritten, true), (Want::Libraries, true)]);
    assert_eq!(open("r+"), [(Want::FilesRead, true), (Want::FilesWritten, true), (Want::Libraries, true)]);
}

#[test]
fn imports_say_what_is_wanted() {
    let source = "#include <stdlib.h>\n#include <sys/socket.h>\n#include <sys/ptrace.h>\n#include <dlfcn.h>\n\
        int main(void) { system(\"x\"); dlopen(\"y\", 2); ptrace(PTRACE_TRACEME, 0, 0, 0); return socket(2, 1, 0); }";
    let profile = compiled(source, &["-O2"]);
    let expected = [Want::Network, Want::Processes, Want::Libraries, Want::Plugins, Want::Forbidden];
    assert_eq!(wants(&profile), expected.map(|want| (want, true)));
    assert!(signs(&profile).contains(&"resists-watching"));
}

#[test]
fn code_of_others_is_not_seen() {
    let unseen = |flag: &str| compiled(HELLO, &[flag]).unseen;
    assert_eq!(unseen("-O1"), [""; 0]);
    assert_eq!(unseen("-Wl,-rpath,/x"), ["the code of libraries in `/x`, which may stand in for any"]);
    assert_eq!(unseen("-Wl,--dynamic-linker,/y"), ["the code of the interpreter `/y`"]);
    let (folder, _) = cc("int f(void) { return 1; }", &["-shared", "-fPIC", "-Wl,-soname,libz.so.9"]);
    let library = folder.path().join("out");
    let profile =
        compiled("int f(void); int main(void) { return f(); }", &["-Wl,--no-as-needed", library.to_str().unwrap()]);
    assert_eq!(profile.unseen, ["the code of the library `libz.so.9`"]);
}

#[test]
fn an_executable_stack_is_a_finding() {
    let profile = compiled(HELLO, &["-z", "execstack"]);
    assert_eq!(profile.hardening.stack, Stack::Executable);
    assert!(signs(&profile).contains(&"executable-stack"));
    assert!(wants(&profile).contains(&(Want::GeneratedCode, true)));
}

#[test]
fn constructors_are_counted() {
    let source = format!("{HELLO}\n__attribute__((constructor)) static void early(void) {{ puts(\"early\"); }}");
    for flags in [&["-O1"][..], &["-O1", "-static"]] {
        let (with, without) = (compiled(&source, flags), compiled(HELLO, flags));
        assert_eq!(with.constructors.unwrap(), without.constructors.unwrap() + 1, "{flags:?}");
    }
}

#[test]
fn stripping_takes_symbols_and_no_evidence() {
    let (plain, stripped) = (compiled(RAW, &BARE), compiled(RAW, &with(&BARE, "-s")));
    assert!(!plain.sections.stripped && stripped.sections.stripped);
    assert_eq!(plain.system_calls, stripped.system_calls);
}

#[test]
fn every_call_that_a_static_program_makes_was_found_or_may_be_one_of_the_unknown() {
    let source = "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n\
        #include <sys/stat.h>\n#include <sys/syscall.h>\n\
        int main(int n, char **v) { char *p = malloc(1 << 20); memset(p, n, 1 << 20); FILE *f = fopen(v[0], \"rb\"); \
        fread(p, 1, 999, f); fclose(f); struct stat s; stat(\"/\", &s); printf(\"%ld %d\\n\", syscall(SYS_gettid), p[3]); return 0; }";
    for flags in [["-static", "-O2"], ["-static-pie", "-O0"]] {
        let (folder, path) = cc(source, &flags);
        let trace = folder.path().join("trace");
        let status =
            Command::new("strace").args(["-f", "-o"]).arg(&trace).arg(&path).output().expect("`strace` is needed");
        assert!(status.status.success());
        let profile = profile(&std::fs::read(&path).unwrap());
        let found: BTreeSet<&str> = profile.system_calls.iter().map(|call| call.name.as_str()).collect();
        let trace = std::fs::read_to_string(trace).unwrap();
        let observed = trace.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
        let observed: BTreeSet<&str> = observed.map(|(name, _)| name).filter(|name| *name != "execve").collect();
        assert!(observed.contains("gettid") && observed.contains("write"), "{observed:?}");
        let missed: Vec<_> = observed.iter().filter(|name| !found.contains(*name)).collect();
        assert!(missed.is_empty() || profile.code.unknown_sites > 0, "{missed:?}");
        assert!(missed.len() < 3, "{missed:?}");
    }
}
