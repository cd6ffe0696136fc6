//! Every attack: what it is, what it aims at, whether it works outside a fence, and which layer alone stops it, if one
//! does.

use proofmark_run::fence::Layer;

/// What an attack is pointed at.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    Nothing,
    TcpPort,
    UdpPort,
    Socket,
    Datagram,
    AbstractName,
    /// A file of the host that nothing grants, whose owner the attacker is.
    Secret,
    /// A file that is granted for reading, whose owner the attacker is.
    Granted,
    /// A process outside, of the same user.
    Victim,
    /// These words, and these outside a fence where they are a path.
    Word(&'static str),
    Place(&'static str),
}

/// Whether an attack gets through where there is no fence: the proof that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfenced {
    /// On every machine that runs these tests as an ordinary user.
    Works,
    /// Only with some kernels, hardware or rights.
    Varies,
}

/// One attack.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    pub file: &'static str,
    pub act: &'static str,
    pub target: Target,
    pub unfenced: Unfenced,
    /// Layers without which it gets through, and why no other can stop it.
    pub alone: &'static [(Layer, &'static str)],
}

const fn sure(file: &'static str, act: &'static str, target: Target) -> Attack {
    Attack { file, act, target, unfenced: Unfenced::Works, alone: &[] }
}

const fn maybe(file: &'static str, act: &'static str, target: Target) -> Attack {
    Attack { file, act, target, unfenced: Unfenced::Varies, alone: &[] }
}

impl Attack {
    /// Says that only `layer` stops it.
    const fn only(self, alone: &'static [(Layer, &'static str)]) -> Self {
        Self { alone, ..self }
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.file, self.act)
    }
}

const FILTER: &str = "the kernel knows no namespace, right or limit of it: only the filter refuses the call";
const NO_RIGHT: &str = "Landlock has no right for modes and times, and programs need the calls: only absence denies";
const MEMORY: &str = "no limit of a process counts the memory of all, and none what it really uses";
const LIMIT: &str = "a limit of each process has no second holder; what it costs the host is bounded by the cgroup";

#[rustfmt::skip]
pub const ATTACKS: &[Attack] = &[
    sure("network", "tcp", Target::TcpPort),
    maybe("network", "tcp6", Target::TcpPort),
    maybe("network", "fast-open", Target::TcpPort),
    maybe("network", "mptcp", Target::TcpPort),
    maybe("network", "sctp", Target::TcpPort),
    sure("network", "udp", Target::UdpPort),
    sure("network", "udp-message", Target::UdpPort),
    maybe("network", "raw", Target::UdpPort),
    // Names no namespace on this side of Linux 7: without a host that answers it ends in a timeout.
    maybe("network", "vsock", Target::Word("9")).only(&[(Layer::Seccomp, FILTER)]),
    maybe("network", "packet", Target::Nothing),
    maybe("network", "netlink", Target::Nothing),
    sure("network", "unix", Target::Socket),
    sure("network", "unix-datagram", Target::Datagram),
    sure("network", "abstract", Target::AbstractName),
    maybe("ring", "open", Target::Secret),
    maybe("ring", "connect", Target::TcpPort),
    sure("files", "read", Target::Secret),
    sure("files", "climb", Target::Secret),
    maybe("files", "chroot", Target::Secret),
    maybe("files", "handle", Target::Secret),
    sure("files", "write", Target::Secret),
    sure("files", "truncate", Target::Secret),
    sure("files", "mode", Target::Secret).only(&[(Layer::Root, NO_RIGHT)]),
    sure("files", "times", Target::Secret).only(&[(Layer::Root, NO_RIGHT)]),
    sure("files", "unlink", Target::Secret),
    sure("files", "rename", Target::Secret),
    sure("files", "create", Target::Secret),
    sure("files", "write", Target::Granted),
    sure("files", "truncate", Target::Granted),
    sure("files", "mode", Target::Granted),
    sure("files", "times", Target::Granted),
    sure("files", "unlink", Target::Granted),
    maybe("files", "attribute", Target::Granted),
    sure("files", "rename", Target::Granted),
    sure("files", "create", Target::Granted),
    sure("files", "map", Target::Granted),
    maybe("files", "link", Target::Granted),
    maybe("files", "link", Target::Secret),
    sure("files", "reopen", Target::Granted),
    maybe("files", "by-link", Target::Secret),
    maybe("files", "by-link", Target::Granted),
    maybe("files", "found-link", Target::Secret),
    maybe("files", "race", Target::Secret),
    maybe("files", "device", Target::Nothing),
    maybe("files", "whiteout", Target::Nothing),
    sure("processes", "kill", Target::Victim),
    sure("processes", "tgkill", Target::Victim),
    maybe("processes", "kill-all", Target::Nothing),
    maybe("processes", "kill-group", Target::Nothing),
    sure("processes", "pidfd", Target::Victim),
    maybe("processes", "pidfd-getfd", Target::Victim),
    maybe("processes", "ptrace", Target::Victim),
    maybe("processes", "memory", Target::Victim),
    sure("processes", "limits", Target::Victim),
    sure("processes", "proc-environ", Target::Victim),
    sure("processes", "proc-root", Target::Victim),
    maybe("processes", "proc-mem", Target::Victim),
    sure("processes", "proc-self", Target::Nothing),
    sure("processes", "proc-all", Target::Nothing),
    sure("processes", "descriptors", Target::Nothing),
    maybe("processes", "terminal", Target::Nothing),
    sure("code", "both", Target::Nothing),
    sure("code", "turned", Target::Nothing),
    maybe("code", "key", Target::Nothing),
    sure("code", "rewritten", Target::Nothing),
    sure("code", "mem", Target::Nothing),
    maybe("code", "personality", Target::Nothing),
    sure("code", "memory-file", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    sure("code", "file", Target::Place("/scratch/code")),
    sure("code", "file", Target::Place("/stage/code")),
    sure("code", "segment", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    sure("code", "program", Target::Place("/scratch/program")),
    sure("code", "program", Target::Place("/stage/program")),
    sure("code", "memory-program", Target::Nothing),
    maybe("privileges", "unshare", Target::Word("10000000")),
    maybe("privileges", "unshare", Target::Word("20000")),
    maybe("privileges", "unshare", Target::Word("20000000")),
    maybe("privileges", "unshare", Target::Word("40000000")),
    maybe("privileges", "unshare", Target::Word("4000000")),
    maybe("privileges", "unshare", Target::Word("8000000")),
    maybe("privileges", "unshare", Target::Word("2000000")),
    maybe("privileges", "unshare", Target::Word("80")),
    maybe("privileges", "unshare", Target::Word("10020000")),
    maybe("privileges", "clone", Target::Word("10000000")),
    maybe("privileges", "clone", Target::Word("30020000")),
    maybe("privileges", "clone3", Target::Word("10000000")),
    maybe("privileges", "setns", Target::Victim),
    maybe("privileges", "mount", Target::Secret),
    maybe("privileges", "pivot", Target::Nothing),
    maybe("privileges", "user", Target::Nothing),
    maybe("privileges", "set-user-program", Target::Word("/programs/privileges")),
    maybe("privileges", "capability", Target::Nothing),
    sure("privileges", "traced", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    maybe("privileges", "userfaultfd", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    maybe("privileges", "keys", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    maybe("privileges", "bpf", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    maybe("privileges", "perf", Target::Nothing).only(&[(Layer::Seccomp, FILTER)]),
    #[cfg(target_arch = "x86_64")]
    maybe("privileges", "int80", Target::Secret),
    #[cfg(target_arch = "x86_64")]
    maybe("privileges", "x32", Target::Secret),
    sure("bombs", "processes", Target::Nothing),
    sure("bombs", "memory", Target::Nothing).only(&[(Layer::Cgroup, MEMORY)]),
    sure("bombs", "memory-of-many", Target::Nothing).only(&[(Layer::Cgroup, MEMORY)]),
    sure("bombs", "disk", Target::Place("/scratch/big")),
    sure("bombs", "disk", Target::Place("/stage/big")).only(&[(Layer::Rlimits, LIMIT)]),
    sure("bombs", "sparse", Target::Place("/scratch/sparse")).only(&[(Layer::Rlimits, LIMIT)]),
    maybe("bombs", "sparse", Target::Place("/stage/sparse")).only(&[(Layer::Rlimits, LIMIT)]),
    sure("bombs", "entries", Target::Place("/scratch")),
    maybe("bombs", "descriptors", Target::Nothing).only(&[(Layer::Rlimits, LIMIT)]),
    maybe("bombs", "processor", Target::Nothing).only(&[(Layer::Rlimits, LIMIT)]),
];
