//! What runs inside a worker's fence: serves one job. Ends at once when its parent goes away.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::mpsc::{RecvError, channel};

use proofmark_governor::job::{self, JobError};

use crate::failure::{FAILED, OK};

pub fn run() -> u8 {
    match serve() {
        Ok(()) => OK,
        Err(error) => {
            // The parent shows the last line of it.
            drop(writeln!(std::io::stderr(), "{error}"));
            FAILED
        }
    }
}

fn serve() -> Result<(), JobError> {
    let mut input = BufReader::new(std::io::stdin());
    let job = job::receive(&mut input)?;
    let (said, calls) = channel();
    // The parent keeps our input open for as long as it wants anything of us.
    std::thread::spawn(move || {
        for line in input.lines().map_while(Result::ok) {
            if said.send(line).is_err() {
                break;
            }
        }
        #[expect(clippy::exit, reason = "nobody is left to answer to, and the check's threads can't be interrupted")]
        std::process::exit(i32::from(FAILED));
    });
    let mut calls = std::iter::from_fn(|| calls.recv().map_err(|RecvError| ()).ok());
    job::serve(job, &mut calls, std::io::stdout())
}
