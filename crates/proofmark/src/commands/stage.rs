//! `proofmark stage`: runs a program without a mark on staged directories, shows what it would change, and drops it.

use proofmark_governor::staged::{Wanted, discard, stage};
use proofmark_run::native::staged::Spent;

use crate::cli::{Format, Stage};
use crate::commands::run::{Words, given, interrupt};
use crate::failure::{Failure, OK, REFUSED};
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Stage) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let bytes = inputs::artifact(&arguments.artifact)?;
    let contract = &loaded.contract;
    let process = contract.interface.process().ok_or_else(|| {
        Failure::wrong("the contract is not one of a program").next("proofmark call, for WebAssembly")
    })?;
    let words = Words { arguments: &arguments.words, env: &arguments.env, dir: &arguments.dir };
    let given = given(contract, process, &words, &|_| true)?;
    let launch = commands::launch()?;
    let natives = commands::natives(&launch.fences);
    let interrupted = interrupt()?;
    let mut spent = Spent::default();
    let staged = stage(contract, &bytes, given, &natives, &mut || interrupted(), &mut spent);
    launch.held()?;
    let finished = discard(staged.map_err(|error| render::staged::failure(&error))?);
    render::staged::finished(format, "stage", None, &finished, &spent, Wanted::Shown);
    Ok(if finished.holds() { OK } else { REFUSED })
}
