//! `proofmark compare`: which artifacts for a contract behave alike, and the simplest calls on which the others part: questions
//! to the contract's owner.

use proofmark_governor::behaviour::{self, Asked, Compared, Means};

use crate::cli::{Compare, Format};
use crate::failure::{Failure, OK, REFUSED, UNKNOWN};
use crate::render::compare::{self, Compared as Shown};
use crate::{commands, inputs, render};

pub fn run(format: Format, arguments: &Compare) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let artifacts =
        arguments.artifacts.iter().map(|path| inputs::artifact(path)).collect::<Result<Vec<Vec<u8>>, Failure>>()?;
    let launch = commands::launch()?;
    let asked = Asked {
        contract: &loaded.contract,
        contract_text: &loaded.text,
        artifacts: &artifacts.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        inputs: arguments.inputs,
    };
    let means =
        Means { launch: &launch.fences, natives: &launch.natives(), threads: commands::threads(&arguments.threads) };
    let compared = behaviour::compare(&asked, &means);
    launch.held()?;
    let shown = Shown { compared: &compared, paths: &arguments.artifacts, artifacts: &artifacts };
    match format {
        Format::Human => compare::human(&shown),
        Format::Json => render::json("compare", compare::json(&shown)),
    }
    Ok(exit(&compared))
}

/// 0 all alike; 1 some part; 3 when nothing parts and something could not be compared.
fn exit(compared: &Compared) -> u8 {
    match (compared.groups.len(), compared.left_out.is_empty()) {
        (0 | 1, true) => OK,
        (0 | 1, false) => UNKNOWN,
        _ => REFUSED,
    }
}
