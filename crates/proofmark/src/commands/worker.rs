//! `proofmark worker`: serves one check. Ends at once when its parent goes away.

use std::io::{BufReader, Read};

use proofmark_governor::job;

use crate::failure::{FAILED, Failure, OK};

pub fn run() -> Result<u8, Failure> {
    let mut input = BufReader::new(std::io::stdin());
    let job = job::receive(&mut input).map_err(|error| Failure::failed(error.to_string()))?;
    // The parent keeps our input open for as long as it lives.
    std::thread::spawn(move || {
        let _ = input.read(&mut [0]);
        #[expect(clippy::exit, reason = "nobody is left to answer to, and the check's threads can't be interrupted")]
        std::process::exit(i32::from(FAILED));
    });
    job::serve(job, std::io::stdout()).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(OK)
}
