//! Plans that can be, and plans that can't.

use super::*;

fn plan() -> Plan {
    Plan {
        mounts: vec![
            Mount::Read { host: "/usr".into(), guest: "/usr".into(), run: Runs::Yes },
            Mount::Stage { lower: "/a".into(), upper: "/b/up".into(), work: "/b/work".into(), guest: "/tree".into() },
            Mount::Scratch { guest: "/tmp".into(), bytes: 1, entries: 1 },
            Mount::Null,
        ],
        payload: Payload::Exec {
            program: Sealed::default(),
            arguments: vec!["x".into()],
            environment: vec![("A".into(), "b".into())],
            directory: "/".into(),
        },
        limits: Limits { memory_bytes: 1, processes: 1, file_bytes: 0, open_files: 8, cpu_seconds: 1 },
        network: Network::Broker { tcp: vec![1], udp: vec![2] },
        code: Code::Fixed,
        owner: Some(Owner { uid: 1, gid: 1 }),
        counted: Counted::No,
        without: None,
    }
}

fn refused(change: impl FnOnce(&mut Plan)) -> String {
    let mut plan = plan();
    change(&mut plan);
    plan.check().unwrap_err().to_string()
}

#[test]
fn a_whole_plan_can_be_and_survives_its_json() {
    plan().check().unwrap();
    let json = serde_json::to_string(&plan()).unwrap();
    let read: Plan = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

#[test]
fn places_inside_are_absolute_and_plain() {
    for guest in ["/", "tmp", "", "/a/../b", "/..", "./a"] {
        let why = refused(|plan| plan.mounts = vec![Mount::Scratch { guest: guest.into(), bytes: 1, entries: 1 }]);
        assert!(why.contains("no place inside"), "{guest}: {why}");
    }
}

#[test]
fn two_mounts_need_two_places() {
    assert!(refused(|plan| plan.mounts.push(Mount::Null)).contains("two mounts at `/dev/null`"));
    let twice = Mount::Scratch { guest: "/tmp/".into(), bytes: 1, entries: 1 };
    assert!(refused(|plan| plan.mounts.push(twice)).contains("two mounts"));
}

#[test]
fn host_paths_are_absolute() {
    let mount = Mount::Read { host: "usr".into(), guest: "/x".into(), run: Runs::No };
    assert!(refused(|plan| plan.mounts = vec![mount]).contains("not absolute"));
}

#[test]
fn upper_and_work_are_plain_siblings() {
    for (upper, work) in [("/b/up", "/c/work"), ("/b/up", "/b/up"), ("/b/u:p", "/b/work"), ("/b/up", "/b/a\\b")] {
        let mount = Mount::Stage { lower: "/a".into(), upper: upper.into(), work: work.into(), guest: "/tree".into() };
        assert!(refused(|plan| plan.mounts = vec![mount]).contains("plain names"), "{upper} {work}");
    }
}

#[test]
fn limits_leave_room_for_something() {
    assert!(refused(|plan| plan.limits.open_files = 7).contains("open_files"));
    assert!(refused(|plan| plan.limits.open_files = PROGRAM_FD + 1).contains("open_files"));
    assert!(refused(|plan| plan.limits.memory_bytes = 0).contains("limit of 0"));
    assert!(refused(|plan| plan.limits.processes = 0).contains("limit of 0"));
    assert!(refused(|plan| plan.limits.cpu_seconds = 0).contains("limit of 0"));
    assert!(refused(|plan| plan.mounts = vec![Mount::Null; MOUNTS_MAX + 1]).contains("at most 64"));
}

#[test]
fn nobody_acts_as_root() {
    for owner in [Owner { uid: 0, gid: 1 }, Owner { uid: 1, gid: 0 }] {
        assert!(refused(|plan| plan.owner = Some(owner)).contains("never acts as the host's root"));
    }
}

#[test]
fn words_are_what_the_kernel_takes() {
    let words = |plan: &mut Plan, argument: &str, name: &str, place: &str| {
        if let Payload::Exec { arguments, environment, directory, .. } = &mut plan.payload {
            *arguments = vec![argument.into()];
            *environment = vec![(name.into(), "v".into())];
            *directory = place.into();
        }
    };
    assert!(refused(|plan| words(plan, "a\0b", "N", "/")).contains("zero byte"));
    assert!(refused(|plan| words(plan, "a", "N=M", "/")).contains("no name of a variable"));
    assert!(refused(|plan| words(plan, "a", "", "/")).contains("no name of a variable"));
    assert!(refused(|plan| words(plan, "a", "N", "tmp")).contains("not absolute"));
    assert!(refused(|plan| words(plan, &"a".repeat(WORDS_BYTES_MAX), "N", "/")).contains("the limit is"));
}

#[test]
fn only_a_programs_calls_are_counted() {
    let counted = Plan { counted: Counted::Yes, ..plan() };
    assert!(matches!(counted.payload, Payload::Worker));
    assert!(counted.check().unwrap_err().to_string().contains("counted"));
}
