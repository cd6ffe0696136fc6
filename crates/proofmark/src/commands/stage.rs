//! `proofmark stage`: runs an artifact without a mark on staged directories, shows what it would change, and drops it.
//! What was sent can't be dropped, so it reaches only hosts whose place was named: servers to try things on.

use proofmark_governor::act::{self, Marked};
use proofmark_governor::staged::{Wanted, discard, stage};
use proofmark_run::broker::Broker;
use proofmark_run::native::staged::Spent;

use crate::cli::{Format, Stage};
use crate::commands::egress;
use crate::commands::run::{Words, calls, component, ended, given, interrupt, show};
use crate::failure::{Failure, OK, REFUSED};
use crate::inputs::Loaded;
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Stage) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let bytes = inputs::artifact(&arguments.artifact)?;
    let contract = &loaded.contract;
    let Some(process) = contract.interface.process() else { return wasm(format, arguments, &loaded, &bytes) };
    let words = Words { arguments: &arguments.words, env: &arguments.env, dir: &arguments.dir };
    let mut given = given(contract, process, &words, &|_| true)?;
    let asked = egress::placed(&contract.capabilities.egress, &arguments.egress)?;
    given.broker = egress::broker(&asked, &arguments.egress)?;
    let broker = given.broker.clone();
    let launch = commands::launch()?;
    let natives = launch.natives();
    let interrupted = interrupt()?;
    let mut spent = Spent::default();
    let staged = stage(contract, &bytes, given, &natives, &mut || interrupted(), &mut spent);
    launch.held()?;
    let asked = broker.as_ref().map(Broker::record);
    let finished = discard(staged.map_err(|error| render::staged::failure(&error).asked(asked.clone()))?);
    render::staged::finished(format, "stage", None, &finished, &spent, Wanted::Shown, asked.as_ref());
    Ok(if finished.holds() { OK } else { REFUSED })
}

fn wasm(format: Format, arguments: &Stage, loaded: &Loaded, bytes: &[u8]) -> Result<u8, Failure> {
    let contract = &loaded.contract;
    let calls = calls(contract, &arguments.words)?;
    let given = component(contract, &calls, (&arguments.dir, &arguments.env), &|_| true)?;
    let launch = commands::launch()?;
    let interrupted = interrupt()?;
    let granted = contract.capabilities.names();
    let marked = Marked { contract, contract_text: &loaded.text, artifact: bytes, granted: &granted, profile: None };
    let ran = act::stage(&launch.fences, &marked, given, &mut || interrupted());
    launch.held()?;
    show(format, "stage", &calls, &ran, Wanted::Shown);
    ended(&ran)
}
