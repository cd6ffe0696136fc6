//! The broker of a run: what the contract asks of the network, with the credentials and addresses of the command line.
//!
//! A credential's value is never an argument: arguments are seen by every user of the machine.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use proofmark_contract::egress::Host;
use proofmark_run::broker::credential::Credentials;
use proofmark_run::broker::forward::Authorities;
use proofmark_run::broker::grant::{At, Grant, Grants};
use proofmark_run::broker::{Broker, Limits};

use crate::cli::Egress;
use crate::failure::Failure;
use crate::inputs;

/// The most that a file of certificate authorities may hold, in bytes.
const AUTHORITIES_BYTES_MAX: u64 = 4 << 20;

/// A broker for these requests; none if there are none. An option for anything else is refused.
pub fn broker(asked: &[proofmark_contract::Egress], arguments: &Egress) -> Result<Option<Broker>, Failure> {
    let places = places(asked, arguments)?;
    let credentials = credentials(asked, arguments)?;
    let authorities = authorities(arguments)?;
    if asked.is_empty() {
        let why = "certificate authorities are named, but nothing is asked of the network";
        return if arguments.cacert.is_some() { Err(Failure::wrong(why).next("leave out --cacert")) } else { Ok(None) };
    }
    let grant = |egress: &proofmark_contract::Egress| {
        let place = places.get(&(egress.host.clone(), egress.port));
        Grant { egress: egress.clone(), at: place.map_or(At::Name, |address| At::Address(*address)) }
    };
    let grants = Grants::new(asked.iter().map(grant)).map_err(|error| Failure::wrong(error.to_string()))?;
    let broker = Broker::new(grants, credentials, Limits::default(), authorities);
    broker.map(Some).map_err(|error| Failure::failed(error.to_string()))
}

/// Those of the requests whose host has a place on the command line.
pub fn placed(
    asked: &[proofmark_contract::Egress],
    arguments: &Egress,
) -> Result<Vec<proofmark_contract::Egress>, Failure> {
    let places = places(asked, arguments)?;
    Ok(asked.iter().filter(|egress| places.contains_key(&(egress.host.clone(), egress.port))).cloned().collect())
}

/// `--connect-to HOST:PORT=ADDRESS:PORT`.
fn places(
    asked: &[proofmark_contract::Egress],
    arguments: &Egress,
) -> Result<BTreeMap<(Host, u16), SocketAddr>, Failure> {
    let mut places = BTreeMap::new();
    for text in &arguments.connect_to {
        let wrong = || Failure::wrong(format!("`{text}` is not of the form --connect-to HOST:PORT=ADDRESS:PORT"));
        let (service, address) = text.split_once('=').ok_or_else(wrong)?;
        let (host, port) = service.rsplit_once(':').ok_or_else(wrong)?;
        let (host, port) = (Host::read(host).map_err(|_| wrong())?, port.parse::<u16>().map_err(|_| wrong())?);
        let address: SocketAddr = address.parse().map_err(|_| wrong())?;
        if !asked.iter().any(|egress| (&egress.host, egress.port) == (&host, port)) {
            return Err(not_asked(service));
        }
        if places.insert((host, port), address).is_some() {
            return Err(Failure::wrong(format!("`{service}` has two addresses")).next("name one of them"));
        }
    }
    Ok(places)
}

/// `--credential HOST=HEADER:VARIABLE`.
fn credentials(asked: &[proofmark_contract::Egress], arguments: &Egress) -> Result<Credentials, Failure> {
    let mut credentials = Credentials::none();
    for text in &arguments.credential {
        let wrong = || Failure::wrong(format!("`{text}` is not of the form --credential HOST=HEADER:VARIABLE"));
        let (host, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (header, variable) = rest.split_once(':').ok_or_else(wrong)?;
        let named = Host::read(host).map_err(|_| wrong())?;
        if !asked.iter().any(|egress| egress.host == named) {
            return Err(not_asked(host));
        }
        let value = std::env::var(variable).unwrap_or_default();
        if value.is_empty() {
            let why = format!("the environment variable `{variable}` holds no credential for `{host}`");
            return Err(Failure::wrong(why).next(format!("set `{variable}` to the whole value of the header")));
        }
        credentials
            .add(host, variable, header, &value)
            .map_err(|error| Failure::wrong(format!("the credential for `{host}`: {error}")))?;
    }
    Ok(credentials)
}

fn authorities(arguments: &Egress) -> Result<Authorities, Failure> {
    let public = Authorities::public();
    let Some(path) = &arguments.cacert else { return Ok(public) };
    let pem = inputs::bytes("the file of certificate authorities", path, AUTHORITIES_BYTES_MAX)?;
    public.and(&pem).map_err(|error| Failure::wrong(format!("`{}`: {error}", path.display())))
}

fn not_asked(host: &str) -> Failure {
    Failure::refused(format!("the contract does not ask for the host `{host}`"))
        .next("name only what `egress` in `[capabilities]` of the contract names, with its port; `stage` needs --connect-to for it")
}
