//! Reads `[[secret]]` tables: which parts of an input must not show, and what may be told about them.

use std::ops::Range;
use std::sync::Arc;

use super::read::function;
use super::table::{Problems, Table};
use crate::capabilities::{Capabilities, Flag};
use crate::cel::typed::{Expr, Kind};
use crate::cel::{Predicate, Role};
use crate::interface::{Function, Interface};
use crate::placed::Placed;
use crate::problem::{Problem, nearest};
use crate::process::{Form, Process};
use crate::secret::{Astray, Held, Place, Secret, Step, choice, index, steps};

/// Secrets of one contract.
const SECRETS_MAX: usize = 64;

/// Reads all secrets.
pub(super) fn read(
    tables: Vec<Table<'_>>,
    interface: &Interface,
    capabilities: &Capabilities,
    problems: &mut Problems,
) -> Vec<Secret> {
    let mut secrets = Vec::with_capacity(tables.len());
    for (nth, table) in (1_usize..).zip(tables) {
        if nth > SECRETS_MAX {
            let message = format!("the contract has more than {SECRETS_MAX} secrets");
            problems.push(Problem::new(table.span(), message, "one too many"));
            break;
        }
        secrets.extend(secret(table, interface, capabilities, problems));
    }
    secrets
}

fn secret(
    mut table: Table<'_>,
    interface: &Interface,
    capabilities: &Capabilities,
    problems: &mut Problems,
) -> Option<Secret> {
    let before = problems.len();
    let of = table.string("of", problems);
    let parts = table.strings("parts", problems);
    let behind = table.strings("capabilities", problems);
    let releases = table.string("releases", problems);
    let may_reach = table.strings("may_reach", problems);
    let constant_fuel = table.boolean("constant_fuel", problems).unwrap_or(false);
    let (span, fuel_span) = (table.span(), table.key_span("constant_fuel"));
    let named = table.has("of");
    table.finish(problems);
    let of = match of {
        Some(of) => function(interface, &of, problems)?,
        None if named => return None,
        None => only(interface, span.clone(), problems)?,
    };
    if parts.is_empty() && behind.is_empty() && problems.len() == before {
        let problem = Problem::new(span, "the secret does not say what is secret", "what is secret?");
        problems.push(problem.help(format!("write `parts = [\"{}\"]`", example(&of))));
    }
    if constant_fuel && of.process.is_some() {
        let problem = Problem::new(fuel_span, "a native executable uses no fuel", "nothing to compare");
        problems.push(problem.help("leave it out; the time that a program takes is not looked at"));
    }
    let mut secret = Secret {
        names: parts.iter().chain(&behind).map(|name| name.text.clone()).collect(),
        releases: None,
        constant_fuel,
        stdout_may: false,
        stderr_may: false,
        result_may: Vec::new(),
        places: places(&parts, &of, problems),
        held: held(&behind, &of, capabilities, problems),
        of,
    };
    let first = secret.of.params.len();
    let more = (first..).zip(&secret.held).map(|(index, _)| Place { index, steps: Vec::new() });
    secret.places.extend(more);
    reach(&may_reach, &mut secret, capabilities, problems);
    if let Some(releases) = releases {
        secret.releases = released(&releases, &secret, problems);
    }
    (problems.len() == before).then_some(secret)
}

fn only(interface: &Interface, span: Range<usize>, problems: &mut Problems) -> Option<Arc<Function>> {
    if let [only] = interface.functions.as_slice() {
        return Some(Arc::clone(only));
    }
    let first = interface.functions.first().map(|function| function.full_name()).unwrap_or_default();
    let problem = Problem::new(span, "the secret does not say of which export it speaks", "of which export?");
    problems.push(problem.help(format!("write `of = \"{first}\"`")));
    None
}

fn example(of: &Function) -> &str {
    of.params.first().map_or("parameter", |(name, _)| name)
}

fn places(parts: &[Placed], of: &Function, problems: &mut Problems) -> Vec<Place> {
    let mut found: Vec<Place> = Vec::with_capacity(parts.len());
    for part in parts {
        match place(part, of) {
            Ok(place) => {
                let inside = |a: &Place, b: &Place| a.index == b.index && b.steps.starts_with(&a.steps);
                if found.iter().any(|known| inside(known, &place) || inside(&place, known)) {
                    let message = format!("`{}` is in another part of this secret", part.text.escape_debug());
                    problems.push(Problem::new(part.span.clone(), message, "again").help("leave one of them out"));
                } else {
                    found.push(place);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    found
}

fn place(part: &Placed, of: &Function) -> Result<Place, Problem> {
    let segments: Vec<&str> = part.text.split('.').collect();
    let names: Vec<&str> = of.params.iter().map(|(name, _)| name.as_str()).collect();
    let (first, rest) = segments.split_first().map_or(("", [].as_slice()), |(first, rest)| (*first, rest));
    let at = index(first, &names).ok_or_else(|| {
        let message = format!("`{}` has no parameter `{}`", of.full_name(), first.escape_debug());
        part.problem(0..first.len(), message, "not a parameter").help(choice(first, &names))
    })?;
    if let (Some(process), Some("environment")) = (of.process.as_deref(), names.get(at).copied())
        && let Some(variable) = rest.first()
    {
        return variable_of(part, process, variable, rest.len()).map(|step| Place { index: at, steps: vec![step] });
    }
    let ty = of.params.get(at).map(|(_, ty)| ty);
    let steps =
        ty.map_or(Ok(Vec::new()), |ty| steps(ty, rest)).map_err(|astray| led_astray(part, 1, &segments, astray))?;
    Ok(Place { index: at, steps })
}

fn variable_of(part: &Placed, process: &Process, name: &str, segments: usize) -> Result<Step, Problem> {
    let names: Vec<&str> = process.environment.iter().map(String::as_str).collect();
    if segments == 1 && names.contains(&name) {
        return Ok(Step::Variable(name.to_owned()));
    }
    let start = "environment.".len();
    if names.contains(&name) {
        let end = start.saturating_add(name.len());
        let problem = part.problem(end..part.text.len(), "a variable's value has no parts", "leads nowhere");
        return Err(problem.help(format!("write `environment.{name}`")));
    }
    let message = format!("`{}` is not a variable of this interface", name.escape_debug());
    Err(part.problem(start..part.text.len(), message, "not a variable").help(choice(name, &names)))
}

/// The problem with a segment of a path, `skipped` of whose segments were read before.
fn led_astray(path: &Placed, skipped: usize, segments: &[&str], astray: Astray) -> Problem {
    let nth = astray.segment.saturating_add(skipped);
    let start =
        segments.iter().take(nth).fold(0_usize, |sum, segment| sum.saturating_add(segment.len()).saturating_add(1));
    let length = segments.get(nth).map_or(0, |segment| segment.len());
    path.problem(start..start.saturating_add(length), astray.message, "leads nowhere").help(astray.help)
}

fn held(behind: &[Placed], of: &Function, capabilities: &Capabilities, problems: &mut Problems) -> Vec<Held> {
    let mut found = Vec::new();
    for name in behind {
        let problem = |message: &str, label: &str, help: &str| {
            Problem::new(name.span.clone(), message.replace("{}", &name.text.escape_debug().to_string()), label)
                .help(help)
        };
        let granted = |flag| capabilities.has(flag);
        let fresh = match name.text.as_str() {
            _ if of.process.is_some() => {
                let help = "name `arguments`, `environment`, `stdin` or `files` in `parts`";
                problems.push(problem("what a program is given are parameters", "no parameter", help));
                continue;
            }
            "environment" if !capabilities.environment.is_empty() => {
                capabilities.environment.iter().cloned().map(Held::Variable).collect()
            }
            "stdin" if granted(Flag::Stdin) => vec![Held::Stdin],
            "random" if granted(Flag::Random) => vec![Held::Random],
            "environment" | "stdin" | "random" => {
                let help = "ask for it in `[capabilities]`, or leave it out here";
                problems.push(problem("the contract does not ask for `{}`", "never there", help));
                continue;
            }
            other => {
                let known = ["environment", "stdin", "random"];
                let help = match nearest(other, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write `environment`, `stdin` or `random`; give anything else as a parameter".to_owned(),
                };
                problems.push(problem("checks can't vary what is behind `{}`", "holds nothing in checks", &help));
                continue;
            }
        };
        if fresh.iter().any(|held: &Held| found.contains(held)) {
            problems.push(problem("`{}` is there twice", "again", "leave one out"));
        } else {
            found.extend(fresh);
        }
    }
    found
}

/// What may carry the secret.
fn reach(paths: &[Placed], secret: &mut Secret, capabilities: &Capabilities, problems: &mut Problems) {
    let of = Arc::clone(&secret.of);
    for path in paths {
        let segments: Vec<&str> = path.text.split('.').collect();
        match (segments.as_slice(), of.process.as_deref()) {
            (["stdout"], None) if capabilities.has(Flag::Stdout) => secret.stdout_may = true,
            (["stderr"], None) if capabilities.has(Flag::Stderr) => secret.stderr_may = true,
            (["stdout"] | ["result", "stdout"], Some(process)) => {
                secret.stdout_may = true;
                stream(process.stdout, "stdout", secret);
            }
            (["stderr"] | ["result", "stderr"], Some(process)) => {
                secret.stderr_may = true;
                stream(process.stderr, "stderr", secret);
            }
            (["result", rest @ ..], _) => match of.result.as_ref().map(|ty| steps(ty, rest)) {
                Some(Ok(steps)) => {
                    // All that came of a program is all of its output.
                    if steps.is_empty() && of.process.is_some() {
                        (secret.stdout_may, secret.stderr_may) = (true, true);
                    }
                    secret.result_may.push(steps);
                }
                Some(Err(astray)) => problems.push(led_astray(path, 1, &segments, astray)),
                None => {
                    let problem =
                        path.problem(0..path.text.len(), format!("`{}` returns nothing", of.full_name()), "no result");
                    problems.push(problem.help("leave it out"));
                }
            },
            _ => {
                let message = format!("`{}` is nothing that this function gives", path.text.escape_debug());
                let problem = path.problem(0..path.text.len(), message, "not an output");
                problems.push(problem.help(
                    "write `result`, a part of it such as `result.field`, or `stdout` or `stderr` where the contract has them",
                ));
            }
        }
    }
}

fn stream(form: Option<Form>, name: &str, secret: &mut Secret) {
    if let (Some(_), Some(Ok(steps))) = (form, secret.of.result.as_ref().map(|ty| steps(ty, &[name]))) {
        secret.result_may.push(steps);
    }
}

fn released(cel: &Placed, secret: &Secret, problems: &mut Problems) -> Option<Predicate> {
    match Predicate::parse(cel, &[], &secret.of, Role::Releases) {
        Ok(predicate) if secret.places.iter().any(|place| mentions(predicate.expr(), place.index)) => Some(predicate),
        Ok(_) => {
            let message = "this tells nothing about the secret: it uses none of its parts";
            let problem = cel.problem(0..cel.text.len(), message, "the same for both calls of every pair");
            problems
                .push(problem.help("write what the result may depend on, such as `size(password)`, or leave it out"));
            None
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn mentions(expr: &Expr, parameter: usize) -> bool {
    matches!(expr.kind, Kind::Param(index) if index == parameter)
        || expr.parts().into_iter().any(|part| mentions(part, parameter))
}
