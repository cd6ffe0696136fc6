//! What `freeze`, `thaw`, `revoke` and `stop` share: whose key signs, what is in force, and what is said afterwards.

use std::path::Path;

use jiff::Timestamp;
use proofmark_governor::home::Home;
use proofmark_governor::keys::{Identity, KeysError, STEWARD};
use proofmark_governor::orders::{Given, OrdersError, Watcher, give};
use proofmark_mark::order::{Act, Order, Standing};
use proofmark_mark::trust::Trust;
use serde_json::json;

use crate::cli::{Format, Ordering};
use crate::failure::Failure;
use crate::{inputs, render};

/// The home and the key with which an order is given.
pub struct Orders {
    pub home: Home,
    pub trust: Trust,
    pub steward: Identity,
    pub now: Timestamp,
    reason: String,
}

impl Orders {
    pub fn open(home: Option<&Path>, arguments: &Ordering) -> Result<Self, Failure> {
        let trust = inputs::trust(None, home)?;
        let home = inputs::home(home)?;
        let file = arguments.key.clone().unwrap_or_else(|| home.path.join("keys").join(STEWARD));
        let steward = Identity::read(&file).map_err(|error| match error {
            KeysError::NotFound(path) => Failure::wrong(format!("there is no steward's key at `{}`", path.display()))
                .next("name the key of a steward of the trust file with --key FILE"),
            error => Failure::wrong(error.to_string()),
        })?;
        Ok(Self { home, trust, steward, now: Timestamp::now(), reason: arguments.reason.clone() })
    }

    pub fn standing(&self) -> Result<Standing, Failure> {
        let watcher = Watcher::open(&self.home, &self.trust).map_err(|error| Failure::failed(error.to_string()))?;
        Ok(watcher.standing().clone())
    }

    /// Signs and appends; says what is in force now.
    pub fn give(&mut self, format: Format, command: &str, act: Act, next: &str) -> Result<(), Failure> {
        let order = Order { issued: self.now, act, reason: self.reason.clone() };
        let given = give(&mut self.home, &self.trust, &self.steward, order).map_err(|error| failure(&error))?;
        let Given { issued, index } = given;
        match format {
            Format::Human => {
                render::said(&issued.order.to_string());
                render::line("order", &format!("{} (entry {index} of the log)", issued.envelope));
                render::line("next", &next.replace("ORDER", &issued.envelope.to_string()));
            }
            Format::Json => {
                render::json(command, json!({ "order": issued.envelope, "index": index, "act": issued.order.act }));
            }
        }
        Ok(())
    }
}

pub fn failure(error: &OrdersError) -> Failure {
    match error {
        OrdersError::Log(_) => Failure::failed(error.to_string()),
        OrdersError::NoSuchFreeze(_) | OrdersError::Ambiguous(_) => {
            Failure::wrong(error.to_string()).next("proofmark log orders")
        }
        OrdersError::NotASteward(_) | OrdersError::MayNotThaw { .. } => {
            Failure::refused(error.to_string()).next("sign with a steward's key that may: --key FILE")
        }
        OrdersError::Order(_) => Failure::wrong(error.to_string()),
    }
}
