//! Where groups may be made, read from what `/proc` says on different hosts.

use super::*;

const ONE: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:4 - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

const TWO: &str = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";

fn folders(bases: &[Base]) -> Vec<String> {
    let show = |base: &Base| match base {
        Base::One { memory, pids } => format!("{} {}", memory.display(), pids.display()),
        Base::Two(folder) => folder.display().to_string(),
    };
    bases.iter().map(show).collect()
}

#[test]
fn version_1_is_taken_where_this_process_is() {
    let own = "9:name=systemd:/\n8:pids:/\n4:memory:/process/4fb\n0::/";
    let found = folders(&candidates(ONE, own));
    assert_eq!(found, ["/sys/fs/cgroup/memory/process/4fb /sys/fs/cgroup/pids/", "/sys/fs/cgroup/unified/"]);
}

#[test]
fn version_2_is_looked_for_upwards_and_never_above_its_mount() {
    let found = folders(&candidates(TWO, "0::/user.slice/user-1000.slice/app.scope\n"));
    assert_eq!(
        found,
        [
            "/sys/fs/cgroup/user.slice/user-1000.slice/app.scope",
            "/sys/fs/cgroup/user.slice/user-1000.slice",
            "/sys/fs/cgroup/user.slice",
            "/sys/fs/cgroup",
        ]
    );
}

#[test]
fn a_container_sees_its_own_part() {
    let mounts = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
36 31 0:33 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids";
    let found = folders(&candidates(mounts, "3:memory:/docker/abc/x\n2:pids:/docker/abc"));
    assert_eq!(found, ["/sys/fs/cgroup/memory/x /sys/fs/cgroup/pids/"]);
}

#[test]
fn half_of_version_1_is_nothing() {
    assert!(candidates("35 31 0:32 / /m rw - cgroup cgroup rw,memory", "3:memory:/\n2:pids:/").is_empty());
    assert!(candidates(ONE, "3:memory:/").iter().all(|base| matches!(base, Base::Two(_))));
}

#[test]
fn nonsense_is_nothing_and_no_panic() {
    for cut in 0..ONE.len() {
        let _ = candidates(&ONE[..cut], "8:pids:/\n4:memory:/a\n0::/");
        let _ = candidates(&ONE[cut..], &ONE[..cut]);
    }
    assert!(candidates("", "").is_empty());
    assert!(candidates(" - \n- cgroup2\n - cgroup2", "::\n0::\n:").is_empty());
}

#[test]
fn a_folder_without_enabled_controllers_is_not_usable() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::Two(folder.path().to_owned());
    fs::write(folder.path().join("cgroup.procs"), "").unwrap();
    for (enabled, wanted) in [("", false), ("memory", false), ("cpu pids", false), ("cpu memory pids\n", true)] {
        fs::write(folder.path().join("cgroup.subtree_control"), enabled).unwrap();
        assert_eq!(usable(&base), wanted, "{enabled}");
    }
}

#[test]
fn controllers_are_handed_on_only_where_the_group_is_ours() {
    let folder = tempfile::tempdir().unwrap();
    let base = Base::Two(folder.path().to_owned());
    let enabled = folder.path().join("cgroup.subtree_control");
    fs::write(&enabled, "").unwrap();
    assert!(!hand_on(&base));
    assert_eq!(fs::read_to_string(&enabled).unwrap(), "");
    fs::write(folder.path().join("cgroup.procs"), "").unwrap();
    // A plain file keeps what the kernel would have taken as an order, so the answer is no.
    assert!(!hand_on(&base));
    assert_eq!(fs::read_to_string(&enabled).unwrap(), "+memory +pids");
    assert!(!hand_on(&Base::One { memory: folder.path().to_owned(), pids: folder.path().to_owned() }));
}

#[test]
fn version_2_gets_its_limits_and_its_counts_are_read() {
    // A plain folder stands in for the kernel's: files are made where the kernel has them.
    let folder = tempfile::tempdir().unwrap();
    let group = Group { base: Base::Two(folder.path().to_owned()), out_of_memory: None, folder: None };
    for file in ["pids.max", "memory.max", "memory.oom.group", "memory.swap.max"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    group.limit(&Limits { memory_bytes: 4096, processes: 3, file_bytes: 0, open_files: 8, cpu_seconds: 1 }).unwrap();
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    assert_eq!(
        [read("pids.max"), read("memory.max"), read("memory.oom.group"), read("memory.swap.max")],
        ["4", "4096", "1", "0"]
    );
    assert!(group.usage().hits.is_empty());
    fs::write(folder.path().join("memory.peak"), "77\n").unwrap();
    fs::write(folder.path().join("memory.events"), "low 0\nmax 5\noom 1\noom_kill 2\noom_group_kill 1\n").unwrap();
    fs::write(folder.path().join("pids.events"), "max 1\n").unwrap();
    let usage = group.usage();
    assert_eq!(usage.memory_peak_bytes, Some(77));
    assert_eq!(usage.processes_peak, None);
    assert_eq!(usage.hits, [Hit::Memory, Hit::Processes]);
}
