//! `proofmark run`: calls a marked artifact inside its grant. No mark, no run.
//!
//! The order is fixed: verify the mark, hold the artifact against it, hold the contract's needs against the grant, write
//! the opening receipt, and only then compile and call.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proofmark_contract::{Call, Contract};
use proofmark_governor::home::Home;
use proofmark_governor::receipts::{self, Results};
use proofmark_mark::mark::{Verified, verify};
use proofmark_run::program::Setting;
use proofmark_run::wasi::World;
use proofmark_run::{Artifact, Ended, Outcome, Program};
use serde_json::json;

use crate::cli::{Format, Run};
use crate::commands::call::parse;
use crate::commands::verify::refusal;
use crate::failure::{Failure, OK, REFUSED};
use crate::{inputs, render};

pub fn run(format: Format, home: Option<&Path>, arguments: &Run) -> Result<u8, Failure> {
    let mark = inputs::mark(&arguments.mark)?;
    let trust = inputs::trust(arguments.trust.as_deref(), home)?;
    let mut home = inputs::home(home)?;
    let verified = verify(&mark, None, &trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    let bytes = artifact(&home, arguments, &verified)?;
    let verified = verify(&mark, Some(&bytes), &trust, Timestamp::now()).map_err(|refused| refusal(&refused))?;
    let contract = Contract::parse(&verified.contract)
        .map_err(|list| Failure::contract("the mark's contract", verified.contract.clone(), list))?;
    let calls = arguments.calls.iter().map(|text| parse(&contract.interface, text)).collect::<Result<Vec<_>, _>>()?;
    let world = world(&contract, arguments)?;

    let open = receipts::open(&mut home, &mark, &verified, &contract, &calls)
        .map_err(|error| Failure::failed(format!("the receipt can't be written, so nothing was run: {error}")))?;
    let outcomes = act(&contract, &verified, &bytes, world, &calls);
    let results = match &outcomes {
        Ok(outcomes) => Results::Ran(outcomes),
        Err(failure) => Results::NotRun(&failure.message),
    };
    receipts::close(&mut home, &open, &contract, &results)
        .map_err(|error| Failure::failed(format!("the closing receipt can't be written: {error}")))?;
    let outcomes = outcomes?;
    show(format, &calls, &outcomes);
    let all = outcomes.iter().all(|outcome| matches!(outcome.ended, Ended::Returned(_)));
    Ok(if all { OK } else { REFUSED })
}

/// The artifact named, or the one beside the mark, or the home's.
fn artifact(home: &Home, arguments: &Run, verified: &Verified) -> Result<Vec<u8>, Failure> {
    if let Some(path) = &arguments.artifact {
        return inputs::artifact(path);
    }
    let beside = arguments.mark.to_str().and_then(|name| name.strip_suffix(".mark")).map(PathBuf::from);
    if let Some(path) = beside.filter(|path| path.exists()) {
        return inputs::artifact(&path);
    }
    home.log.blob(&verified.artifact).map_err(|error| {
        Failure::wrong(format!("the artifact is neither beside the mark nor in the home: {error}"))
            .next("name it with --artifact FILE")
    })
}

fn act(
    contract: &Contract,
    verified: &Verified,
    bytes: &[u8],
    world: World,
    calls: &[Call],
) -> Result<Vec<Outcome>, Failure> {
    let granted = verified.grant.capabilities.clone();
    let program = Artifact::read(bytes, &contract.budget).map_err(Into::into).and_then(|artifact| {
        let setting = Setting { interface: &contract.interface, budget: &contract.budget, granted, world, threads: 1 };
        Program::compile(&artifact, setting)
    });
    let program = program.map_err(|error| Failure::refused(format!("the artifact can't be run: {error}")))?;
    Ok(calls.iter().map(|call| program.call(&call.function, &call.args)).collect())
}

/// What the granted capabilities reach on this machine: only what this command names.
fn world(contract: &Contract, arguments: &Run) -> Result<World, Failure> {
    let mut read = Vec::new();
    for pair in &arguments.dir {
        let (guest, host) = split(pair, "--dir GUEST=HOST")?;
        if !contract.capabilities.read.contains(guest) {
            return Err(Failure::refused(format!("the contract does not ask to read `{guest}`"))
                .next("grant only what `[capabilities] read` of the contract names"));
        }
        read.push((PathBuf::from(host), guest.to_owned()));
    }
    let mut environment = Vec::new();
    for pair in &arguments.env {
        let (name, value) = split(pair, "--env NAME=VALUE")?;
        if !contract.capabilities.environment.contains(name) {
            return Err(Failure::refused(format!("the contract does not ask for the variable `{name}`"))
                .next("grant only what `[capabilities] environment` of the contract names"));
        }
        environment.push((name.to_owned(), value.to_owned()));
    }
    Ok(World::Real { environment, read })
}

fn split<'a>(pair: &'a str, form: &str) -> Result<(&'a str, &'a str), Failure> {
    pair.split_once('=').ok_or_else(|| Failure::wrong(format!("`{pair}` is not of the form {form}")))
}

fn show(format: Format, calls: &[Call], outcomes: &[Outcome]) {
    match format {
        Format::Human => outcomes.iter().for_each(|outcome| render::result(&outcome.ended)),
        Format::Json => {
            let results = calls.iter().zip(outcomes).map(|(call, outcome)| {
                let returned = matches!(outcome.ended, Ended::Returned(_));
                let text = outcome.ended.to_string();
                json!({
                    "call": call.to_string(),
                    "returned": returned.then_some(&text),
                    "trapped": (!returned).then_some(&text),
                    "fuel": outcome.fuel,
                })
            });
            render::json("run", json!({ "results": results.collect::<Vec<_>>() }));
        }
    }
}
