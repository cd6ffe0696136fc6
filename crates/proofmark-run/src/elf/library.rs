//! What system calls and functions of the C library want from a fence, as data.
//!
//! A name that is not here wants nothing that a fence could give or withhold (memory, time, descriptors that are open). Source:
//! the manual pages of sections 2 and 3; the values of flags are those of x86-64 and aarch64 Linux.

use super::Want;
use super::state::Value;

/// What a name means, and which argument decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Always(&'static [Want]),
    /// Depends on things that are not followed.
    Perhaps(&'static [Want]),
    /// The flags of `open` are this argument.
    OpenFlags(usize),
    /// The mode of `fopen`, a text, is this argument.
    OpenMode(usize),
    /// The protection of memory is this argument.
    Protection(usize),
    /// The flags of `shmat` are this argument.
    SharedFlags(usize),
    /// The flags of `clone` are this argument.
    CloneFlags(usize),
}

use Meaning::{Always, CloneFlags, OpenFlags, OpenMode, Perhaps, Protection, SharedFlags};

const PROT_EXEC: u64 = 4;
const O_ACCMODE: u64 = 3;
const O_RDONLY: u64 = 0;
const O_WRONLY: u64 = 1;
const O_CREAT_TRUNC: u64 = 0o100 | 0o1000;
const SHM_EXEC: u64 = 0o100_000;
const CLONE_THREAD: u64 = 0x1_0000;

/// System calls by what they mean; the functions of the same names mean the same.
const CALLS: &[(Meaning, &[&str])] = &[
    (OpenFlags(1), &["open"]),
    (OpenFlags(2), &["openat"]),
    (Perhaps(&[Want::FilesRead, Want::FilesWritten]), &["openat2"]),
    (Protection(2), &["mmap", "mprotect", "pkey_mprotect"]),
    (SharedFlags(2), &["shmat"]),
    (Perhaps(&[Want::GeneratedCode]), &["memfd_create", "memfd_secret", "personality", "remap_file_pages"]),
    (Perhaps(&[Want::Processes, Want::Threads]), &["clone3"]),
    (Always(&[Want::Processes, Want::GeneratedCode]), &["execveat"]),
    (Always(&[Want::Processes]), &["fork", "vfork", "execve", "kill", "pidfd_send_signal", "rt_sigqueueinfo"]),
    (
        Always(&[Want::Network]),
        &[
            "socket",
            "connect",
            "bind",
            "listen",
            "accept",
            "accept4",
            "sendto",
            "sendmsg",
            "sendmmsg",
            "recvfrom",
            "recvmsg",
            "recvmmsg",
            "getsockname",
            "getpeername",
            "setsockopt",
            "getsockopt",
        ],
    ),
    (
        Always(&[Want::FilesWritten]),
        &[
            "creat",
            "rename",
            "renameat",
            "renameat2",
            "mkdir",
            "mkdirat",
            "rmdir",
            "link",
            "linkat",
            "unlink",
            "unlinkat",
            "symlink",
            "symlinkat",
            "chmod",
            "fchmod",
            "fchmodat",
            "fchmodat2",
            "chown",
            "fchown",
            "lchown",
            "fchownat",
            "mknod",
            "mknodat",
            "utime",
            "utimes",
            "utimensat",
            "futimesat",
            "setxattr",
            "lsetxattr",
            "fsetxattr",
            "setxattrat",
            "removexattr",
            "lremovexattr",
            "fremovexattr",
            "removexattrat",
            "truncate",
            "ftruncate",
            "file_setattr",
        ],
    ),
    (
        Always(&[Want::Forbidden]),
        &[
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "kcmp",
            "pidfd_getfd",
            "mount",
            "umount2",
            "pivot_root",
            "chroot",
            "unshare",
            "setns",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
            "move_mount",
            "open_tree",
            "open_tree_attr",
            "mount_setattr",
            "bpf",
            "perf_event_open",
            "init_module",
            "finit_module",
            "delete_module",
            "create_module",
            "kexec_load",
            "kexec_file_load",
            "reboot",
            "swapon",
            "swapoff",
            "acct",
            "quotactl",
            "quotactl_fd",
            "sethostname",
            "setdomainname",
            "iopl",
            "ioperm",
            "modify_ldt",
            "add_key",
            "request_key",
            "keyctl",
            "userfaultfd",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "settimeofday",
            "clock_settime",
            "adjtimex",
            "clock_adjtime",
            "syslog",
            "vhangup",
            "uselib",
            "nfsservctl",
            "open_by_handle_at",
            "fanotify_init",
            "lookup_dcookie",
            "move_pages",
            "migrate_pages",
            "setuid",
            "setgid",
            "setreuid",
            "setregid",
            "setresuid",
            "setresgid",
            "setgroups",
            "setfsuid",
            "setfsgid",
            "capset",
        ],
    ),
];

/// Functions whose names are no system calls, or that take other arguments.
const FUNCTIONS: &[(Meaning, &[&str])] = &[
    (OpenFlags(1), &["__open", "__open_2"]),
    (OpenFlags(2), &["__openat_2"]),
    (OpenMode(1), &["fopen", "freopen", "_IO_fopen"]),
    (CloneFlags(2), &["clone", "__clone"]),
    (Always(&[Want::FilesRead]), &["opendir", "scandir", "scandirat", "ftw", "nftw", "fts_open", "glob"]),
    (
        Always(&[Want::FilesWritten]),
        &[
            "mkstemp",
            "mkostemp",
            "mkstemps",
            "mkostemps",
            "mkdtemp",
            "tmpfile",
            "remove",
            "mkfifo",
            "mkfifoat",
            "futimens",
            "futimes",
            "lutimes",
            "lchmod",
            "posix_fallocate",
            "__xmknod",
            "__xmknodat",
        ],
    ),
    (
        Always(&[Want::Network]),
        &[
            "send",
            "recv",
            "__recv_chk",
            "__recvfrom_chk",
            "getaddrinfo",
            "gethostbyname",
            "gethostbyname2",
            "gethostbyname_r",
            "gethostbyname2_r",
            "gethostbyaddr",
            "gethostbyaddr_r",
            "getnameinfo",
            "res_init",
            "res_query",
            "res_search",
            "__res_init",
            "__res_query",
            "getifaddrs",
            "__libc_sa_len",
        ],
    ),
    (
        Always(&[Want::Processes]),
        &[
            "_Fork",
            "__fork",
            "__vfork",
            "__libc_fork",
            "execl",
            "execle",
            "execlp",
            "execv",
            "execvp",
            "execvpe",
            "system",
            "popen",
            "_IO_popen",
            "posix_spawn",
            "posix_spawnp",
            "killpg",
            "sigqueue",
            "daemon",
            "forkpty",
            "wordexp",
        ],
    ),
    (Always(&[Want::Processes, Want::GeneratedCode]), &["fexecve"]),
    (Always(&[Want::Threads]), &["pthread_create", "thrd_create", "__pthread_create"]),
    (Always(&[Want::Plugins]), &["dlopen", "dlmopen", "__libc_dlopen_mode"]),
    (
        Perhaps(&[Want::Plugins]),
        &[
            "iconv_open",
            "getpwnam",
            "getpwuid",
            "getpwnam_r",
            "getpwuid_r",
            "getgrnam",
            "getgrgid",
            "getpwent",
            "getgrent",
        ],
    ),
    (
        Always(&[Want::Forbidden]),
        &["seteuid", "setegid", "initgroups", "klogctl", "umount", "stime", "adjtime", "cap_set_proc"],
    ),
];

/// Libraries whose functions the tables know, and that make no calls besides those.
const KNOWN: &[&str] = &[
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libresolv.so.2",
    "libutil.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.musl-x86_64.so.1",
    "libc.musl-aarch64.so.1",
];
/// The loaders of the GNU and musl C libraries.
const LOADERS: &[&str] = &[
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// Whether the tables say what the functions of this library do.
pub fn is_known(library: &str) -> bool {
    KNOWN.contains(&library)
}

/// Whether this interpreter does nothing but load libraries.
pub fn is_loader(interpreter: &str) -> bool {
    LOADERS.contains(&interpreter)
}

/// What a system call of this name means, if it wants anything.
pub fn call(name: &str) -> Option<Meaning> {
    if name == "clone" { Some(CloneFlags(0)) } else { find(CALLS, name) }
}

/// What an imported function of this name means, if it wants anything. `open64` is `open`.
pub fn function(name: &str) -> Option<Meaning> {
    let one = |name: &str| find(FUNCTIONS, name).or_else(|| find(CALLS, name));
    let streams = ["basic_filebuf", "basic_ofstream", "basic_fstream"].iter().any(|class| name.contains(class));
    if name.starts_with("_ZN") && streams {
        return Some(Perhaps(&[Want::FilesRead, Want::FilesWritten]));
    }
    if name.starts_with("_ZNSt6thread15_M_start_thread") {
        return Some(Always(&[Want::Threads]));
    }
    let short = || name.strip_suffix("64").or_else(|| name.strip_suffix("64_2"));
    one(name).or_else(|| short().and_then(|short| one(short).or_else(|| one(&format!("{short}_2")))))
}

fn find(table: &[(Meaning, &[&str])], name: &str) -> Option<Meaning> {
    table.iter().find(|(_, names)| names.contains(&name)).map(|(meaning, _)| *meaning)
}

impl Meaning {
    /// The argument that decides.
    pub fn decided_by(self) -> Option<usize> {
        match self {
            Always(_) | Perhaps(_) => None,
            OpenFlags(at) | OpenMode(at) | Protection(at) | SharedFlags(at) | CloneFlags(at) => Some(at),
        }
    }

    /// What is wanted, each with whether that is certain, when the arguments are these. `text` reads a text of the file.
    pub fn wants(self, arguments: &[Value; 3], text: impl Fn(u64) -> Option<String>) -> Vec<(Want, bool)> {
        let known = |at: usize| match arguments.get(at) {
            Some(Value::Known(value)) => Some(*value),
            _ => None,
        };
        let all = |wants: &[Want], certain| wants.iter().map(|want| (*want, certain)).collect();
        match self {
            Always(wants) => all(wants, true),
            Perhaps(wants) => all(wants, false),
            OpenFlags(at) => opened(known(at).map(access)),
            OpenMode(at) => opened(known(at).and_then(text).map(|mode| {
                let both = mode.contains('+');
                (both || mode.starts_with('r'), both || mode.starts_with(['w', 'a']))
            })),
            Protection(at) => generated(known(at).map(|protection| protection & PROT_EXEC != 0)),
            SharedFlags(at) => generated(known(at).map(|flags| flags & SHM_EXEC != 0)),
            CloneFlags(at) => match known(at) {
                Some(flags) if flags & CLONE_THREAD != 0 => all(&[Want::Threads], true),
                Some(_) => all(&[Want::Processes], true),
                None => all(&[Want::Processes, Want::Threads], false),
            },
        }
    }
}

/// Whether flags of `open` allow reading and writing.
fn access(flags: u64) -> (bool, bool) {
    let mode = flags & O_ACCMODE;
    (mode != O_WRONLY, mode != O_RDONLY || flags & O_CREAT_TRUNC != 0)
}

fn opened(access: Option<(bool, bool)>) -> Vec<(Want, bool)> {
    let (read, written) = access.unwrap_or((true, true));
    let wants = [(Want::FilesRead, read), (Want::FilesWritten, written)];
    wants.into_iter().filter(|(_, wanted)| *wanted).map(|(want, _)| (want, access.is_some())).collect()
}

fn generated(executable: Option<bool>) -> Vec<(Want, bool)> {
    match executable {
        Some(false) => Vec::new(),
        Some(true) => vec![(Want::GeneratedCode, true)],
        None => vec![(Want::GeneratedCode, false)],
    }
}
