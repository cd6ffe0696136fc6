//! The names on the list. Whatever is missing here is denied, so each line says what a plain program needs it for.
//!
//! Missing on purpose, among others: `io_uring_*`, `userfaultfd`, `unshare`, `setns`, keyrings, `bpf`,
//! `perf_event_open`, `ptrace`, `process_vm_*`, `process_madvise`, `kcmp`, `pidfd_*`, everything of mounts, `chroot`,
//! `swapon`, `reboot`, modules, `kexec_*`, `name_to_handle_at`, `open_by_handle_at`, `fanotify_*`, `inotify_*`,
//! `quotactl`, `acct`, `syslog`, clocks' setters, `setpriority` and the schedulers' setters, `ioperm`, `iopl`,
//! `remap_file_pages`, memory policies, `mlock*`, `vmsplice`, `pkey_*`, `memfd_secret`, System V and POSIX IPC, `seccomp`,
//! Landlock's own, `*setxattr` and `*removexattr` (they could forge an overlay's marks), and every way to change
//! identity. Missing in its own way is `fallocate` ([`WITHOUT`]).

use libc::c_int;

/// What is said not to exist, and with which errno, so that libraries do without: `clone3`, whose flags can't be read, and
/// `fallocate`, with which a process takes a whole disk in less time than there is between two looks at it.
pub const WITHOUT: [(i64, c_int); 2] = [(libc::SYS_clone3, libc::ENOSYS), (libc::SYS_fallocate, libc::EOPNOTSUPP)];

/// With any arguments, on every machine.
#[rustfmt::skip]
pub const ALWAYS: &[i64] = &[
    // Reading and writing what is open.
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_preadv, libc::SYS_pwritev, libc::SYS_preadv2, libc::SYS_pwritev2, libc::SYS_lseek, libc::SYS_close,
    libc::SYS_close_range, libc::SYS_dup, libc::SYS_dup3, libc::SYS_pipe2, libc::SYS_flock, libc::SYS_sendfile,
    libc::SYS_splice, libc::SYS_tee, libc::SYS_copy_file_range, libc::SYS_fsync, libc::SYS_fdatasync,
    libc::SYS_sync_file_range, libc::SYS_ftruncate, libc::SYS_fadvise64, libc::SYS_readahead,
    // Names in the file system; which ones is the matter of the root and of Landlock.
    libc::SYS_openat, libc::SYS_openat2, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_statfs,
    libc::SYS_fstatfs, libc::SYS_faccessat, libc::SYS_faccessat2, libc::SYS_readlinkat, libc::SYS_getdents64,
    libc::SYS_getcwd, libc::SYS_chdir, libc::SYS_fchdir, libc::SYS_mkdirat, libc::SYS_unlinkat, libc::SYS_renameat,
    libc::SYS_symlinkat, libc::SYS_linkat, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchmodat2, libc::SYS_fchown,
    libc::SYS_fchownat, libc::SYS_utimensat, libc::SYS_truncate, libc::SYS_umask, libc::SYS_getxattr,
    libc::SYS_lgetxattr, libc::SYS_fgetxattr, libc::SYS_listxattr, libc::SYS_llistxattr, libc::SYS_flistxattr,
    // Memory, but for protection.
    libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk, libc::SYS_msync, libc::SYS_mincore,
    libc::SYS_membarrier,
    // Its own processes and threads.
    libc::SYS_exit, libc::SYS_exit_group, libc::SYS_wait4, libc::SYS_waitid, libc::SYS_getpid, libc::SYS_getppid,
    libc::SYS_gettid, libc::SYS_getpgid, libc::SYS_setpgid, libc::SYS_getsid, libc::SYS_setsid, libc::SYS_getuid,
    libc::SYS_geteuid, libc::SYS_getgid, libc::SYS_getegid, libc::SYS_getresuid, libc::SYS_getresgid,
    libc::SYS_getgroups, libc::SYS_capget, libc::SYS_set_tid_address, libc::SYS_set_robust_list, libc::SYS_rseq,
    libc::SYS_futex, libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min,
    libc::SYS_getpriority, libc::SYS_getrusage, libc::SYS_times, libc::SYS_sysinfo, libc::SYS_uname, libc::SYS_getcpu,
    libc::SYS_restart_syscall,
    // Signals, which reach nobody outside the pid namespace.
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait, libc::SYS_rt_sigsuspend, libc::SYS_sigaltstack, libc::SYS_kill, libc::SYS_tkill,
    libc::SYS_tgkill, libc::SYS_signalfd4,
    // Time and waiting.
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_clock_nanosleep, libc::SYS_nanosleep,
    libc::SYS_gettimeofday, libc::SYS_getitimer, libc::SYS_setitimer, libc::SYS_timer_create, libc::SYS_timer_settime,
    libc::SYS_timer_gettime, libc::SYS_timer_getoverrun, libc::SYS_timer_delete, libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime, libc::SYS_timerfd_gettime, libc::SYS_eventfd2, libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl, libc::SYS_epoll_pwait, libc::SYS_epoll_pwait2, libc::SYS_ppoll, libc::SYS_pselect6,
    libc::SYS_getrandom,
];

/// The older forms of the same, where the machine has them.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
pub const OF_THIS_MACHINE: &[i64] = &[
    libc::SYS_open, libc::SYS_creat, libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink,
    libc::SYS_mkdir, libc::SYS_rmdir, libc::SYS_unlink, libc::SYS_rename, libc::SYS_link, libc::SYS_symlink,
    libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown, libc::SYS_utime, libc::SYS_utimes, libc::SYS_futimesat,
    libc::SYS_getdents, libc::SYS_dup2, libc::SYS_pipe, libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_create,
    libc::SYS_epoll_wait, libc::SYS_eventfd, libc::SYS_signalfd, libc::SYS_time, libc::SYS_alarm, libc::SYS_pause,
    libc::SYS_getpgrp, libc::SYS_fork, libc::SYS_vfork, libc::SYS_getrlimit,
];
#[cfg(target_arch = "aarch64")]
pub const OF_THIS_MACHINE: &[i64] = &[];

/// With a broker.
#[rustfmt::skip]
pub const CONNECTED: &[i64] = &[
    libc::SYS_connect, libc::SYS_getsockname, libc::SYS_getpeername, libc::SYS_getsockopt, libc::SYS_shutdown,
    libc::SYS_recvfrom, libc::SYS_recvmsg, libc::SYS_recvmmsg,
];

/// Flags of `clone` that no payload may use: new namespaces, and handing on a tracer or a parent.
pub const CLONE_DENIED: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PTRACE
    | libc::CLONE_PARENT) as u32 as u64;

/// Names, a death signal of its own children, and questions.
#[rustfmt::skip]
pub const PRCTL: [i64; 10] = [
    libc::PR_SET_NAME as i64, libc::PR_GET_NAME as i64, libc::PR_SET_PDEATHSIG as i64, libc::PR_GET_PDEATHSIG as i64,
    libc::PR_GET_DUMPABLE as i64, libc::PR_CAPBSET_READ as i64, libc::PR_GET_NO_NEW_PRIVS as i64,
    libc::PR_GET_SECCOMP as i64, libc::PR_SET_VMA as i64, libc::PR_SET_TIMERSLACK as i64,
];

/// The thread pointer's registers.
#[cfg(target_arch = "x86_64")]
pub const ARCH_PRCTL: [i64; 4] = [0x1001, 0x1002, 0x1003, 0x1004];

/// Copies, flags and locks; no owners of signals, leases, notifications or pipe sizes.
#[rustfmt::skip]
pub const FCNTL: [i64; 13] = [
    libc::F_DUPFD as i64, libc::F_DUPFD_CLOEXEC as i64, libc::F_GETFD as i64, libc::F_SETFD as i64,
    libc::F_GETFL as i64, libc::F_SETFL as i64, libc::F_GETLK as i64, libc::F_SETLK as i64, libc::F_SETLKW as i64,
    libc::F_OFD_GETLK as i64, libc::F_OFD_SETLK as i64, libc::F_OFD_SETLKW as i64, libc::F_GETPIPE_SZ as i64,
];

/// Is it a terminal, how wide, how much is there to read, close on exec, do not block.
pub const IOCTL: [i64; 6] = [0x5401, 0x5413, 0x541b, 0x5450, 0x5451, 0x5421];

/// By level and name. Never `TCP_FASTOPEN*`, never a device, a mark or a filter.
pub const SOCKET_OPTIONS: [(c_int, c_int); 16] = [
    (libc::SOL_SOCKET, libc::SO_REUSEADDR),
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    (libc::SOL_SOCKET, libc::SO_LINGER),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
    (libc::SOL_SOCKET, libc::SO_SNDBUF),
    (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
    (libc::SOL_SOCKET, libc::SO_SNDTIMEO),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY),
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
    (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    (libc::IPPROTO_TCP, libc::TCP_QUICKACK),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
    (libc::IPPROTO_IP, libc::IP_RECVERR),
    (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
    (libc::IPPROTO_IP, libc::IP_TTL),
];
