//! Orders in the log: given by a steward's key, read before every act and watched while it lasts.
//!
//! An order takes effect when its entry is in the log. What can't read the log may not act.

use jiff::Timestamp;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::order::{Acting, Issued, Order, OrderError, Standing};
use proofmark_mark::trust::Trust;
use thiserror::Error;

use crate::home::Home;
use crate::index::{Index, Key};
use crate::keys::Identity;
use crate::log::{LogError, View};

/// Why an order can't be given or read.
#[derive(Debug, Error)]
pub enum OrdersError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the key {0} is not a steward's in the trust file, so nobody would obey")]
    NotASteward(Digest),
    #[error("the order is not valid: {0}")]
    Order(#[from] OrderError),
    #[error("no freeze that stands is named `{0}`")]
    NoSuchFreeze(String),
    #[error("`{0}` is the beginning of more than one freeze; write more of it")]
    Ambiguous(String),
    #[error("the freeze {freeze} names other keys than {keyid} to thaw it")]
    MayNotThaw { freeze: Digest, keyid: Digest },
}

/// An order that is in the log.
pub struct Given {
    pub issued: Issued,
    /// Its entry's index.
    pub index: u64,
}

/// Signs an order and appends it.
///
/// # Errors
/// [`OrdersError::NotASteward`] before anything is written, an order that no reader would take, or what the log said.
pub fn give(home: &mut Home, trust: &Trust, steward: &Identity, order: Order) -> Result<Given, OrdersError> {
    if !trust.stewards().iter().any(|known| known.keyid == steward.keyid()) {
        return Err(OrdersError::NotASteward(steward.keyid()));
    }
    let envelope = steward.sign(order.statement().to_bytes());
    let issued = Issued::read(&envelope, trust.steward_keys())?;
    let committed = home.log.append(&[(Entry::order(&envelope), envelope.to_bytes())])?;
    Ok(Given { issued, index: committed.first })
}

/// The freeze that stands at `now` and whose name begins with `text`, if `steward` may thaw it.
///
/// # Errors
/// None, more than one, or one that names other keys.
pub fn thawable(standing: &Standing, text: &str, steward: &Identity, now: Timestamp) -> Result<Digest, OrdersError> {
    let mut found = standing.freezes(now).filter(|freeze| freeze.envelope.to_string().starts_with(text));
    let freeze = found.next().ok_or_else(|| OrdersError::NoSuchFreeze(text.to_owned()))?;
    if found.next().is_some() {
        return Err(OrdersError::Ambiguous(text.to_owned()));
    }
    let (freeze, keyid) = (freeze, steward.keyid());
    if freeze.may_be_thawed_by(keyid) {
        Ok(freeze.envelope)
    } else {
        Err(OrdersError::MayNotThaw { freeze: freeze.envelope, keyid })
    }
}

/// The orders that stand at the end of a view, found with the index.
///
/// # Errors
/// What keeps the log or an order's envelope from being read.
pub fn standing(view: &View, index: &mut Index, trust: &Trust) -> Result<Standing, LogError> {
    let mut standing = Standing::default();
    for at in index.find(view, Key::Orders)? {
        take(view, at..at.saturating_add(1), trust, &mut standing)?;
    }
    Ok(standing)
}

/// The orders of a log, followed as it grows.
pub struct Watcher {
    view: View,
    /// Entries that were read.
    read: u64,
    standing: Standing,
    trust: Trust,
}

impl Watcher {
    /// Reads the orders of the home's log so far.
    ///
    /// # Errors
    /// What keeps the log or an order's envelope from being read.
    pub fn open(home: &Home, trust: &Trust) -> Result<Self, LogError> {
        let view = View::open(&home.log.view().store, &home.log.view().key)?;
        let standing = standing(&view, &mut home.index.clone(), trust)?;
        Ok(Self { read: view.size(), view, standing, trust: trust.clone() })
    }

    /// Reads the orders of any log so far, entry by entry.
    ///
    /// # Errors
    /// What keeps the log or an order's envelope from being read.
    pub fn of(view: View, trust: &Trust) -> Result<Self, LogError> {
        let read = view.size();
        let mut watcher = Self { read, view, standing: Standing::default(), trust: trust.clone() };
        watcher.take(0..read)?;
        Ok(watcher)
    }

    /// Reads what was appended since.
    ///
    /// # Errors
    /// What keeps the log or an order's envelope from being read.
    pub fn follow(&mut self) -> Result<(), LogError> {
        if self.view.follow()? {
            let size = self.view.size();
            self.take(self.read..size)?;
            self.read = size;
        }
        Ok(())
    }

    /// The orders that stand.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Why this may not act now, in words: an order, or a log that can't be read.
    pub fn forbids(&mut self, acting: &Acting<'_>, now: Timestamp) -> Option<String> {
        if let Err(error) = self.follow() {
            return Some(format!("the log can't be read, so no order can be seen: {error}"));
        }
        self.standing.forbids(acting, now).map(|issued| issued.order.to_string())
    }

    fn take(&mut self, indices: std::ops::Range<u64>) -> Result<(), LogError> {
        take(&self.view, indices, &self.trust, &mut self.standing)
    }
}

/// An order by nobody's key, or that is not one, is no order: it is in the log and stays without effect.
fn take(view: &View, indices: std::ops::Range<u64>, trust: &Trust, standing: &mut Standing) -> Result<(), LogError> {
    let mut envelopes = Vec::new();
    for entry in view.entries(indices) {
        let (_, entry) = entry?;
        if entry.kind == Kind::Order {
            envelopes.push(view.envelope(&entry)?);
        }
    }
    envelopes.iter().filter_map(|envelope| Issued::read(envelope, trust.steward_keys()).ok()).for_each(|issued| {
        standing.take(issued);
    });
    Ok(())
}
