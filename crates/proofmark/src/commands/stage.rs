//! `proofmark stage`: runs a program without a mark on staged directories, shows what it would change, and drops it.

use proofmark_governor::staged::{Wanted, discard, stage};
use proofmark_run::native::staged::{Given, Granted};

use crate::cli::{Format, Stage};
use crate::commands::run::{directory, interrupt, invocation, not_asked};
use crate::failure::{Failure, OK, REFUSED};
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Stage) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let bytes = inputs::artifact(&arguments.artifact)?;
    let contract = &loaded.contract;
    let process = contract.interface.process().ok_or_else(|| {
        Failure::wrong("the contract is not one of a program").next("proofmark call, for WebAssembly")
    })?;
    let (mut read, mut write) = (Vec::new(), Vec::new());
    for pair in &arguments.dir {
        let Granted { guest, host } = directory(pair)?;
        if contract.capabilities.write.contains(&guest) {
            write.push(Granted { guest, host });
        } else if contract.capabilities.read.contains(&guest) {
            read.push(Granted { guest, host });
        } else {
            return Err(not_asked(&guest));
        }
    }
    let given = Given { invocation: invocation(process, &arguments.words, &arguments.env)?, read, write };
    let launch = commands::launch()?;
    let natives = commands::natives(&launch.fences);
    let interrupted = interrupt()?;
    let staged = stage(contract, &bytes, given, &natives, &mut || interrupted());
    launch.held()?;
    let finished = discard(staged.map_err(|error| render::staged::failure(&error))?);
    render::staged::finished(format, "stage", None, &finished, Wanted::Shown);
    Ok(if finished.holds() { OK } else { REFUSED })
}
