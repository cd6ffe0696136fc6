//! The tests of the fence.

use proofmark_run::fence::How;

use super::rig::{plan, program, run};

type Test = (&'static str, fn());

/// What a worker payload does in these tests.
pub fn worker() -> u8 {
    println!("worker {}", std::process::id());
    3
}

pub fn all() -> Vec<Test> {
    vec![("a_payload_prints", a_payload_prints), ("a_worker_runs", a_worker_runs)]
}

fn a_payload_prints() {
    let done = run(&plan(program("int main(void) { printf(\"%d %d\", getpid(), getuid()); return 7; }")));
    assert_eq!(done.out, "2 1000");
    assert_eq!(done.exit.how, How::Code(7));
}

fn a_worker_runs() {
    let done = run(&plan(proofmark_run::fence::Payload::Worker));
    assert_eq!(done.out, "worker 2\n");
    assert_eq!(done.exit.how, How::Code(3));
}
