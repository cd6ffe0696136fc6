//! What is said on hosts that lack something, without needing such a host.

use super::*;

fn said(layer: Layer, step: &str, errno: Errno) -> String {
    FenceError::from(Fault::new(layer, step, errno)).to_string()
}

#[test]
fn a_host_that_lacks_a_layer_is_told_which_and_what_to_change() {
    for (layer, step, errno, words) in [
        (Layer::Namespaces, "make namespaces", Errno::ENOSPC, "user.max_user_namespaces"),
        (Layer::Namespaces, "make namespaces", Errno::EPERM, "apparmor_restrict_unprivileged_userns"),
        (Layer::Identity, "write `uid_map`", Errno::EPERM, "apparmor_restrict_unprivileged_userns"),
        (Layer::Namespaces, "make namespaces", Errno::EINVAL, "built without"),
        (Layer::Landlock, "ask for it", Errno::EOPNOTSUPP, "lsm="),
        (Layer::Landlock, "ask for it", Errno::ENOSYS, "no Landlock"),
        (Layer::Landlock, "version 4", Errno::ENOSYS, "too old"),
        (Layer::Seccomp, "install the filter", Errno::EINVAL, "CONFIG_SECCOMP_FILTER"),
        (Layer::Mdwe, "set `PR_SET_MDWE`", Errno::EINVAL, "Linux 6.3"),
        (Layer::Cgroup, "find a cgroup with memory and pids", Errno::ENOENT, "Delegate=yes"),
        (Layer::Cgroup, "find a cgroup with memory and pids", Errno::ENOENT, "holds processes itself"),
        (Layer::Cgroup, "make `/sys/fs/cgroup/x`", Errno::EROFS, "writable"),
        (Layer::Root, "clone the mount of `/x`", Errno::ENOENT, "does not exist"),
        (Layer::Root, "clone the mount of `/x`", Errno::EINVAL, "one by one"),
        (Layer::Root, "mount `/tree`", Errno::ENODEV, "overlay"),
        (Layer::Root, "pivot to the new root", Errno::EINVAL, "chroot"),
        (Layer::Root, "idmap `/x`", Errno::EINVAL, "another owner"),
        (Layer::Rlimits, "set RLIMIT_NOFILE to 9", Errno::EPERM, "ulimit"),
        (Layer::Start, "execute the program", Errno::ENOENT, "loader"),
        (Layer::Start, "execute the program", Errno::ENOEXEC, "no executable"),
        (Layer::Network, "bring up loopback", Errno::ENODEV, "loopback"),
    ] {
        let said = said(layer, step, errno);
        assert!(said.contains(words), "{said}");
        assert!(said.contains(&layer.to_string()) && said.contains(step) && said.contains(errno.desc()), "{said}");
    }
}

#[test]
fn a_leak_names_the_acts() {
    let error = FenceError::from(Fault::new(Layer::Probe, "read `/etc/passwd`, ptrace", Errno::EPERM));
    assert_eq!(error, FenceError::Leak { acts: "read `/etc/passwd`, ptrace".to_owned() });
}

#[test]
fn an_error_number_of_the_future_is_no_panic() {
    let fault = Fault { layer: Layer::Start, step: String::new(), errno: 9999 };
    assert!(FenceError::from(fault).to_string().contains("can't give"));
}
