//! `proofmark call`: one call without a mark, inside the contract's budgets. Capabilities are in their checked form, so
//! nothing outside the artifact can be reached.

use proofmark_governor::job::{Callee, Caller, CallerError};
use proofmark_run::Ended;
use proofmark_run::wasi::World;
use proofmark_run::worker::never;
use serde_json::json;

use crate::cli::{Call, Format};
use crate::failure::{Failure, OK, REFUSED};
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Call) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let bytes = inputs::artifact(&arguments.artifact)?;
    let contract = &loaded.contract;
    let call = parse(&contract.interface, &arguments.call)?;
    let callee = Callee {
        contract,
        contract_text: &loaded.text,
        artifact: &bytes,
        granted: contract.capabilities.names(),
        world: World::Checked { seed: [0; 32] },
    };
    let outcome = Caller::start(&commands::launch()?, callee, &mut never)
        .and_then(|mut caller| caller.call(&call, &mut never))
        .map_err(|error| match error {
            CallerError::Refused(why) => Failure::refused(format!("the artifact can't be called: {why}"))
                .next(format!("proofmark inspect {}", arguments.artifact.display())),
            other => Failure::failed(other.to_string()),
        })?;
    let returned = matches!(outcome.ended, Ended::Returned(_));
    match format {
        Format::Human => render::result(&outcome.ended),
        Format::Json => render::json(
            "call",
            json!({
                "call": call.to_string(),
                "returned": returned.then(|| outcome.ended.to_string()),
                "trapped": (!returned).then(|| outcome.ended.to_string()),
                "fuel": outcome.fuel,
            }),
        ),
    }
    Ok(if returned { OK } else { REFUSED })
}

/// A call in WAVE, with the position of what is wrong with it.
pub fn parse(interface: &proofmark_contract::Interface, text: &str) -> Result<proofmark_contract::Call, Failure> {
    interface.parse_call(text).map_err(|error| {
        let known: Vec<String> = interface.functions.iter().map(|function| function.signature()).collect();
        Failure::wrong(format!("`{text}` is not a call of this interface: {error}"))
            .next(format!("call one of: {}", known.join("; ")))
    })
}
