//! A worker that answers wrongly is never believed.

use proofmark_run::worker::Started;

use super::*;

const CONTRACT: &str = r#"
contract = 1
name = "double"
intent = "Twice the number."
[interface]
wit = "package example:double; world double { export double: func(n: u32) -> u64; }"
[[example]]
call = "double(4)"
returns = "8"
"#;

/// A shell script in the place of the worker, with nothing around it.
struct Script<'a>(&'a str);

impl Launch for Script<'_> {
    fn launch(&self, _: &Seen) -> Result<Started, String> {
        let pipe = std::process::Stdio::piped;
        let mut command = std::process::Command::new("/bin/sh");
        let mut child = command.args(["-c", self.0]).stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        let (stdin, stdout, stderr) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let child = std::sync::Arc::new(Mutex::new(child));
        let same = std::sync::Arc::clone(&child);
        Ok(Started {
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            kill: Box::new(move || drop(same.lock().unwrap().kill())),
            end: Box::new(move || child.lock().unwrap().wait().unwrap().to_string()),
            probe: Probe::default(),
        })
    }
}

fn callee(contract: &Contract) -> Callee<'_> {
    let world = World::Checked { seed: [0; 32] };
    let (granted, staged) = (BTreeSet::new(), Staged::default());
    Callee { contract, contract_text: CONTRACT, artifact: b"", granted, world, staged, within: None }
}

fn called(script: &str) -> Result<Outcome, CallerError> {
    let contract = Contract::parse(CONTRACT).unwrap();
    let call = contract.interface.parse_call("double(4)").unwrap();
    Caller::start(&Script(script), callee(&contract), &mut worker::never)?.call(&call, &mut worker::never)
}

const NOW: &str = "wasi:clocks/wall-clock.now";

#[test]
fn a_host_call_that_there_is_not_is_nonsense() {
    let called = called(
        r#"echo '"ready"'; echo '{"called":{"ended":{"Ok":"8"},"fuel":7,"stdout":[],"stderr":[],
            "host_calls":{"wasi:sockets/tcp.bind":1},"memory_bytes":0}}' | tr -d '
'; echo; sleep 60"#,
    );
    assert!(matches!(called, Err(CallerError::Failed(why)) if why.contains("which there is not")));
}

#[test]
fn a_tape_comes_in_parts_and_has_the_host_calls_that_were_counted() {
    let answer = |tape: &str, host_calls: &str| {
        called(&format!(
            r#"echo '"ready"'; {tape}
            echo '{{"called":{{"ended":{{"Ok":"8"}},"fuel":7,"stdout":[],"stderr":[],"host_calls":{host_calls},"memory_bytes":0}}}}'
            sleep 60"#
        ))
    };
    // The version, and a call of the monotonic clock that was answered 5.
    let tape = [&[1, 13][..], &[0; 8], &[1, 5]].concat();
    let part = |bytes: &[u8]| format!("echo '{{\"tape\":\"{}\"}}';", base64::encode(bytes));
    let (parts, once) = (part(&tape[..3]) + &part(&tape[3..]), r#"{"wasi:clocks/monotonic-clock.now":1}"#);
    assert_eq!(answer(&parts, once).unwrap().tape, Some(tape));
    assert_eq!(answer("", once).unwrap().tape, None);
    for (tape, host_calls) in
        [(parts.as_str(), "{}"), (&part(&[1]), once), (&part(&[2]), "{}"), ("echo '{\"tape\":\"?\"}';", "{}")]
    {
        let answered = answer(tape, host_calls);
        assert!(matches!(answered, Err(CallerError::Failed(why)) if why.contains("nonsense")), "{tape}");
    }
}

#[test]
fn a_result_is_held_against_its_type() {
    let answer = |text: &str| {
        called(&format!(
            r#"echo '"ready"'; echo '{{"called":{{"ended":{text},"fuel":7,"stdout":[104],"stderr":[],"host_calls":{{"{NOW}":3}},"memory_bytes":65536}}}}'; sleep 60"#
        ))
    };
    let outcome = answer(r#"{"Ok":"8"}"#).unwrap();
    assert_eq!((outcome.ended.to_string().as_str(), outcome.fuel), ("8", 7));
    assert_eq!(outcome.written.stdout, b"h");
    assert_eq!((outcome.host_calls, outcome.memory_bytes), ([(NOW.to_owned(), 3)].into(), 65536));
    let trapped = answer(r#"{"Err":{"trapped":"trap: unreachable"}}"#).unwrap().ended;
    assert_eq!(trapped, Ended::Trapped("trap: unreachable".into()));
    let departed = answer(r#"{"Err":{"departed":"fuel"}}"#).unwrap().ended;
    assert_eq!(departed, Ended::Departed("fuel".into()));
    for wrong in
        [r#"{"Ok":"-8"}"#, r#"{"Ok":"\"8\""}"#, r#"{"Ok":""}"#, r#"{"Ok":"()"}"#, r#""8""#, r#"{"Err":"trap"}"#]
    {
        assert!(matches!(answer(wrong), Err(CallerError::Failed(why)) if why.contains("nonsense")), "{wrong}");
    }
}

#[test]
fn answers_to_another_job_are_nonsense() {
    for script in
        ["echo '{\"progress\":{\"done\":1,\"planned\":2}}'", "echo hello", "echo '\"ready\"'; echo '\"ready\"'"]
    {
        let script = format!("{script}; exec sleep 60");
        assert!(matches!(called(&script), Err(CallerError::Failed(why)) if why.contains("nonsense")), "{script}");
    }
    assert_eq!(called("echo '{\"refused\":\"no\"}'").unwrap_err(), CallerError::Refused("no".into()));
    assert!(matches!(called("exit 3"), Err(CallerError::Failed(why)) if why.contains("exit status: 3")));
}

#[test]
fn milestones_are_passed_on_and_decide_nothing() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let challenge = Challenge(proofmark_mark::digest::Digest::of(b"seed"));
    let task = Task::new(&contract, b"", challenge, 1, 1);
    let told = |script: &str| {
        let all = Mutex::new(Vec::new());
        let watch = |event: Event<'_>| match event {
            Event::Milestone { check, milestone } => all.lock().unwrap().push((check == "properties", milestone)),
            Event::Submitted { .. } | Event::Started { .. } | Event::Progress { .. } | Event::Ended { .. } => {}
        };
        let evidence = check(&Script(script), "properties", &task, CONTRACT, &watch).evidence;
        assert_eq!(evidence.outcome, proofmark_mark::evidence::Outcome::Unknown);
        (all.into_inner().unwrap(), evidence.reason.unwrap())
    };
    let edges = r#"echo '{"milestone":{"edges":{"reached":7,"present":3}}}'"#;
    let (all, why) = told(&format!("{edges}; echo '{{\"milestone\":\"shrinking\"}}'; exit 3"));
    assert_eq!(all, [(true, Milestone::Edges { reached: 7, present: 3 }), (true, Milestone::Shrinking)]);
    assert!(why.contains("exit status: 3"), "{why}");
    let (all, why) = told(r#"echo '{"milestone":{"passed":1}}'; exec sleep 60"#);
    assert!(all.is_empty() && why.contains("nonsense"), "{why}");
}

#[test]
fn a_call_can_be_stopped() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let call = contract.interface.parse_call("double(4)").unwrap();
    let mut caller =
        Caller::start(&Script("echo '\"ready\"'; exec sleep 60"), callee(&contract), &mut worker::never).unwrap();
    let stopped = caller.call(&call, &mut || Some("frozen: all".to_owned()));
    assert_eq!(stopped, Err(CallerError::Stopped("frozen: all".into())));
}

#[test]
fn a_job_is_received_as_it_was_written() {
    let world = World::Real {
        environment: vec![("LANG".into(), "C".into())],
        read: vec![("/tmp".into(), "data".into())],
        write: vec![("/staged/0".into(), "photos".into())],
        stdin: vec![0, 255],
    };
    let within = Some(Usage { fuel: 7, ..Usage::default() });
    let work = Work::Calls { granted: BTreeSet::from(["read".to_owned()]), world, within };
    for reference in [None, Some(&b"legacy"[..]), Some(&b""[..])] {
        let job = written(work.clone(), "contract", b"artifact", reference).unwrap();
        let read = receive(&mut job.as_slice()).unwrap();
        assert_eq!(
            (read.header.work, read.contract.as_str(), read.artifact.as_slice(), read.reference.as_deref()),
            (work.clone(), "contract", &b"artifact"[..], reference)
        );
        for cut in [0, 1, job.len() / 2, job.len() - 1] {
            assert!(receive(&mut &job[..cut]).is_err());
        }
    }
}

#[test]
fn a_reference_that_is_not_the_contracts_is_no_job() {
    let work = Work::Behaviour { inputs: 0, threads: 1 };
    let none = written(work.clone(), CONTRACT, b"", Some(b"legacy")).unwrap();
    let text = format!("{CONTRACT}[reference]\nsha256 = \"{}\"\n", proofmark_mark::digest::Digest::of(b"another"));
    let other = written(work, &text, b"", Some(b"legacy")).unwrap();
    for job in [none, other] {
        let job = receive(&mut job.as_slice()).unwrap();
        let served = serve(job, &mut std::iter::empty(), std::io::sink());
        assert!(matches!(served, Err(JobError::Contract(why)) if why.contains("reference")));
    }
}
