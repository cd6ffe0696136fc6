//! `proofmark call`: one call without a mark, inside the contract's budgets. Capabilities are in their checked form, so
//! nothing outside the artifact can be reached.

use std::path::Path;
use std::sync::Arc;

use proofmark_contract::{Contract, Flag, Process};
use proofmark_governor::job::{Callee, Caller, CallerError, Staged};
use proofmark_run::native::Native;
use proofmark_run::wasi::World;
use proofmark_run::worker::never;
use proofmark_run::{Ended, Outcome};
use serde_json::json;

use crate::cli::{Call, Format};
use crate::commands::run::split;
use crate::failure::{Failure, OK, REFUSED};
use crate::inputs::Loaded;
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Call) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let bytes = inputs::artifact(&arguments.artifact)?;
    let contract = &loaded.contract;
    let call = parse(&contract.interface, &arguments.call)?;
    let outcome = match contract.interface.process() {
        Some(process) => {
            if !arguments.env.is_empty() || arguments.stdin.is_some() || arguments.seed.is_some() {
                return Err(Failure::wrong("--env, --stdin and --seed are for components")
                    .next("write all that a program is given in the call"));
            }
            native(&loaded.contract, process, &bytes, &call)?
        }
        None => wasm(&loaded, &bytes, &call, arguments)?,
    };
    let returned = matches!(outcome.ended, Ended::Returned(_));
    match format {
        Format::Human => {
            // What a program wrote is in its result, where its contract looks at it.
            if contract.interface.process().is_none() {
                render::written(&outcome.written);
            }
            render::result(&outcome.ended);
        }
        Format::Json => render::json(
            "call",
            json!({
                "call": call.to_string(),
                "returned": returned.then(|| outcome.ended.to_string()),
                "trapped": (!returned).then(|| outcome.ended.to_string()),
                "fuel": outcome.fuel,
                "stdout": String::from_utf8_lossy(&outcome.written.stdout),
                "stderr": String::from_utf8_lossy(&outcome.written.stderr),
            }),
        ),
    }
    Ok(if returned { OK } else { REFUSED })
}

fn wasm(loaded: &Loaded, bytes: &[u8], call: &proofmark_contract::Call, arguments: &Call) -> Result<Outcome, Failure> {
    let callee = Callee {
        contract: &loaded.contract,
        contract_text: &loaded.text,
        artifact: bytes,
        granted: loaded.contract.capabilities.names(),
        staged: Staged::default(),
        within: None,
        world: world(&loaded.contract, arguments)?,
    };
    let launch = commands::launch()?;
    let outcome = Caller::start(&launch.fences, callee, &mut never)
        .and_then(|mut caller| caller.call(call, &mut never))
        .map_err(|error| match error {
            CallerError::Refused(why) => refused(&why, &arguments.artifact),
            other => Failure::failed(other.to_string()),
        })?;
    launch.held()?;
    Ok(outcome)
}

/// What is behind capabilities: nothing but what was named.
fn world(contract: &Contract, arguments: &Call) -> Result<World, Failure> {
    let mut environment = Vec::new();
    for pair in &arguments.env {
        let (name, value) = split(pair, "NAME=VALUE")?;
        if !contract.capabilities.environment.contains(name) {
            return Err(Failure::wrong(format!("the contract does not ask for the variable `{name}`")));
        }
        environment.push((name.to_owned(), value.to_owned()));
    }
    for (given, flag, name) in
        [(arguments.stdin.is_some(), Flag::Stdin, "stdin"), (arguments.seed.is_some(), Flag::Random, "random")]
    {
        if given && !contract.capabilities.has(flag) {
            return Err(Failure::wrong(format!("the contract does not ask for `{name}`")));
        }
    }
    let stdin = arguments.stdin.clone().unwrap_or_default().into_bytes();
    Ok(World::Posed { seed: World::seed(arguments.seed.unwrap_or(0)), environment, stdin })
}

fn native(
    contract: &Contract,
    process: &Arc<Process>,
    bytes: &[u8],
    call: &proofmark_contract::Call,
) -> Result<Outcome, Failure> {
    let launch = commands::launch()?;
    let natives = launch.natives();
    let native = Native::new(bytes, process, &contract.budget, &contract.capabilities, &natives)
        .map_err(|error| Failure::failed(error.to_string()))?;
    let outcome = native.call(&call.args);
    launch.held()?;
    match natives.undecided() {
        Some(why) => Err(Failure::unknown(why)),
        None => Ok(outcome),
    }
}

fn refused(why: &str, path: &Path) -> Failure {
    Failure::refused(format!("the artifact can't be called: {why}"))
        .next(format!("proofmark inspect {}", path.display()))
}

/// A call in WAVE, with the position of what is wrong with it.
pub fn parse(interface: &proofmark_contract::Interface, text: &str) -> Result<proofmark_contract::Call, Failure> {
    interface.parse_call(text).map_err(|error| {
        let known: Vec<String> = interface.functions.iter().map(|function| function.signature()).collect();
        Failure::wrong(format!("`{text}` is not a call of this interface: {error}"))
            .next(format!("call one of: {}", known.join("; ")))
    })
}
