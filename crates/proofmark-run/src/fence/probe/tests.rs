//! How answers are judged. That the acts themselves are denied inside and not outside is tested with a fence, in
//! `tests/attacks.rs`.

use super::*;

fn act(denied: bool) -> Act {
    Act { name: "mount".to_owned(), denied, how: "EPERM".to_owned() }
}

#[test]
fn a_probe_holds_only_if_every_act_was_denied() {
    assert!(Probe { acts: vec![act(true), act(true)] }.holds());
    assert!(!Probe { acts: vec![act(true), act(false)] }.holds());
    assert!(!Probe::default().holds(), "nothing was tried");
    assert_eq!(Probe { acts: vec![act(true), act(false)] }.leaks().count(), 1);
}

#[test]
fn an_errno_denies_only_where_it_is_known_to() {
    let mut record = Record { acts: Vec::new() };
    record.add("refused", judge(Err(libc::EPERM), &[]));
    record.add("absent, where absence denies", judge(Err(libc::ENOENT), &[libc::ENOENT]));
    record.add("absent, where the permission comes first", judge(Err(libc::ENOENT), &[]));
    record.add("done", judge(Ok(0), &[]));
    let said: Vec<_> = record.acts.iter().map(|act| (act.denied, act.how.as_str())).collect();
    assert_eq!(said, [(true, "EPERM"), (true, "ENOENT"), (false, "not stopped: ENOENT"), (false, "succeeded")]);
}

#[test]
fn one_open_path_among_many_is_a_leak_and_named() {
    let mut record = Record { acts: Vec::new() };
    let paths = [c"/closed", c"/op\x1ben", c"/never"];
    record
        .each("read", paths.into_iter(), |path| judge(if path == c"/closed" { Err(libc::EACCES) } else { Ok(3) }, &[]));
    record.each("nothing", std::iter::empty(), |_| Tried::Succeeded);
    record.each("all", paths.into_iter(), |_| Tried::Denied(libc::EROFS));
    let said: Vec<_> = record.acts.iter().map(|act| (act.name.as_str(), act.denied, act.how.as_str())).collect();
    assert_eq!(said, [("read", false, "succeeded at `/op\\u{1b}en`"), ("all", true, "EROFS")]);
}

#[test]
fn a_probe_survives_being_written_and_read() {
    let probe = Probe { acts: vec![act(true), act(false)] };
    let text = serde_json::to_string(&probe).unwrap();
    assert_eq!(serde_json::from_str::<Probe>(&text).unwrap(), probe);
    assert_eq!(text.matches("\"name\":\"mount\",\"denied\"").count(), 2);
}
