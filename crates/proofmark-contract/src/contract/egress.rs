//! Reads `egress` in `[capabilities]`.

use toml::de::DeValue;

use super::budget::number;
use super::capabilities::{misnamed, names};
use super::table::{Problems, Table};
use crate::egress::path::Pattern;
use crate::egress::{Egress, Host, Scheme, is_method};
use crate::placed::Placed;
use crate::problem::Problem;

/// Entries that a contract may have.
const EGRESS_MAX: usize = 64;

pub(super) fn egress(table: &mut Table<'_>, problems: &mut Problems) -> Vec<Egress> {
    let mut all: Vec<Egress> = Vec::new();
    for (nth, entry) in (1_usize..).zip(tables(table, problems)) {
        if nth > EGRESS_MAX {
            let message = format!("`egress` has more than {EGRESS_MAX} entries");
            problems.push(Problem::new(entry.span(), message, "one too many"));
            break;
        }
        let span = entry.span();
        let Some(one) = read(entry, problems) else { continue };
        let differs = |known: &Egress| (&known.host, known.port) == (&one.host, one.port) && known.scheme != one.scheme;
        if all.iter().any(differs) {
            let message = format!("`{}` is there with port {} in both schemes", one.host, one.port);
            problems.push(Problem::new(span, message, "the other one").help("a port speaks one of them: name another"));
            continue;
        }
        all.push(one);
    }
    all
}

fn tables<'a>(table: &mut Table<'a>, problems: &mut Problems) -> Vec<Table<'a>> {
    match table.value("egress") {
        Some(value) if !matches!(value.get_ref(), DeValue::Array(_)) => {
            let problem = table.mistyped("egress", "a list of tables", value.get_ref(), value.span());
            problems.push(
                problem.help(
                    "write `egress = [{ host = \"api.example.com\", methods = [\"GET\"], paths = [\"/v1/*\"] }]`",
                ),
            );
            Vec::new()
        }
        _ => table.tables("egress", "an entry of `egress`", problems),
    }
}

fn read(mut table: Table<'_>, problems: &mut Problems) -> Option<Egress> {
    let host = table.required("host", "\"api.example.com\"", problems);
    let scheme = match table.string("scheme", problems) {
        None => Scheme::Https,
        Some(named) => scheme(&named, problems),
    };
    let named = table.value("port").is_some();
    let port = if named { number(&mut table, "port", 1..=65_535, problems) } else { Some(scheme.port().into()) };
    let methods = listed(&mut table, "methods", "[\"GET\"]", problems);
    let paths = listed(&mut table, "paths", "[\"/v1/*\"]", problems);
    table.finish(problems);
    let host = host.and_then(|host| named_host(&host, problems));
    let methods = names(methods, problems, method);
    let paths = names(paths, problems, path);
    let paths = paths.iter().filter_map(|path| Pattern::read(path).ok()).collect();
    let (host, port) = host.zip(port.and_then(|port| u16::try_from(port).ok()))?;
    Some(Egress { host, port, scheme, methods, paths })
}

fn scheme(named: &Placed, problems: &mut Problems) -> Scheme {
    match named.text.as_str() {
        "https" => return Scheme::Https,
        "http" => return Scheme::Http,
        _ => {}
    }
    let problem = misnamed(named, "is not a scheme that can be granted", "not such a scheme");
    problems.push(problem.help("there are `https`, which goes without saying, and `http`, in the clear"));
    Scheme::Https
}

/// A list of strings that must not be empty.
fn listed(table: &mut Table<'_>, key: &'static str, example: &str, problems: &mut Problems) -> Vec<Placed> {
    let before = problems.len();
    let listed = table.strings(key, problems);
    if listed.is_empty() && problems.len() == before {
        let at = table.key_span(key);
        let problem = Problem::new(at, format!("the entry names no {key}, so it permits nothing"), "nothing permitted");
        problems.push(problem.help(format!("write `{key} = {example}`")));
    }
    listed
}

fn method(name: &Placed) -> Option<Problem> {
    (!is_method(&name.text)).then(|| {
        misnamed(name, "is not a method that can be granted", "not such a method")
            .help("write one in capitals, such as \"GET\"; `CONNECT` and `TRACE` can't be granted")
    })
}

fn path(path: &Placed) -> Option<Problem> {
    Pattern::read(&path.text).err().map(|why| {
        misnamed(path, "is not a pattern for paths", &why.to_string()).help(
            "write a path such as \"/v1/items\"; a segment `*` is any one segment, `**` at the end whatever follows: \"/v1/*\", \"/v1/**\"",
        )
    })
}

/// Names of hosts are in lower case, so that one host has one name.
fn named_host(host: &Placed, problems: &mut Problems) -> Option<Host> {
    let read = Host::read(&host.text).ok().filter(|read| read.as_str() == host.text);
    if read.is_none() {
        let address = host.text.parse::<std::net::IpAddr>().is_ok();
        let problem =
            misnamed(host, "is not the name of a host", if address { "an address" } else { "not such a name" });
        problems.push(problem.help("write one name in lower case, such as \"api.example.com\": no address, no scheme, no pattern; other alphabets as \"xn--…\""));
    }
    read
}
