//! What `check` found as SARIF 2.1.0 (OASIS), for tools that show results where they belong.
//!
//! A result is a counterexample, a check that could not decide, or what else the policy needs; so a refusal is never a log
//! without results. Held-out properties and questions about mutants are told as elsewhere: the ones only by their commitment, the
//! others only where they were asked for. Where code begins is what the artifact's own line table says.

use std::path::Path;

use proofmark_contract::{Contract, Function, Property};
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome};
use proofmark_mark::policy::Unmet;
use proofmark_trace::wasm::{self, Module};
use serde_json::{Value, json};

use super::report::{Report, Said, not_checked, said, withheld};
use super::safe;
use crate::commands::sharpen::Question;
use crate::failure::Failure;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
/// What fingerprints are made of; another number where that changes.
const FINGERPRINT: &str = "proofmarkFinding/v1";
/// The longest path of a source that is believed, in bytes.
const PATH_MAX: usize = 1024;

/// The log of a check that came to its end with that exit code.
pub fn log(report: &Report<'_>, exit: u8) -> Value {
    let (asked, checked, arguments) = (report.asked, report.checked, report.arguments);
    let rules = Rules::of(report);
    let places = Places::of(report);
    let verdict = if checked.result.is_ok() { "marked" } else { "refused" };
    let run = json!({
        "tool": { "driver": driver(rules.list.clone()) },
        "automationDetails": { "id": format!("proofmark/check/{}/{}", asked.contract.name, checked.artifact) },
        "invocations": [{ "executionSuccessful": true, "exitCode": exit, "exitCodeDescription": described(exit) }],
        "artifacts": [
            {
                "location": { "uri": uri(&arguments.artifact) },
                "roles": ["analysisTarget"],
                "length": asked.artifact.len(),
                "hashes": { "sha-256": checked.artifact },
            },
            { "location": { "uri": uri(&arguments.contract) }, "roles": ["userSpecifiedConfiguration"] },
        ],
        "results": results(report, &rules, &places),
        "properties": {
            "verdict": verdict,
            "policy": asked.policy_name,
            "contract": asked.contract.digest,
            "attempt": checked.submission.attempt,
            "notChecked": not_checked(&checked.evidence),
        },
    });
    whole(&run)
}

/// The log of a check that never came to results.
pub fn failure(failure: &Failure) -> Value {
    let notification = |text: &str| json!({ "level": "error", "message": { "text": message(text) } });
    let problems = failure.problems.as_ref();
    let each = problems.into_iter().flat_map(|problems| problems.list.iter().map(move |problem| (problems, problem)));
    let mut notifications: Vec<Value> = each
        .map(|(problems, problem)| {
            let (line, column) = problem.position(&problems.text);
            let place = json!({ "physicalLocation": {
                "artifactLocation": { "uri": uri(Path::new(&problems.path)) },
                "region": { "startLine": line, "startColumn": column },
            } });
            with(notification(&problem.message), "locations", json!([place]))
        })
        .collect();
    if notifications.is_empty() {
        notifications.push(notification(&failure.message));
    }
    whole(&json!({
        "tool": { "driver": driver(Vec::new()) },
        "invocations": [{
            "executionSuccessful": false,
            "exitCode": failure.code,
            "exitCodeDescription": described(failure.code),
            "toolExecutionNotifications": notifications,
        }],
    }))
}

/// An object with one more field.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.insert(name.to_owned(), value);
    }
    object
}

fn whole(run: &Value) -> Value {
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
}

fn driver(rules: Vec<Value>) -> Value {
    json!({
        "name": "Proofmark",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": "https://proofmark.dev",
        "rules": rules,
    })
}

fn described(exit: u8) -> &'static str {
    match exit {
        crate::failure::OK => "marked",
        crate::failure::REFUSED => "refused",
        crate::failure::WRONG_INPUT => "the command or an input is wrong",
        crate::failure::UNKNOWN => "unknown",
        _ => "Proofmark failed",
    }
}

/// What can be broken: each check, each public property, each rule of the policy that is not met.
struct Rules {
    list: Vec<Value>,
}

impl Rules {
    fn of(report: &Report<'_>) -> Self {
        let mut list = Vec::new();
        for evidence in &report.checked.evidence {
            let check = &evidence.check;
            list.push(rule(check, about(check)));
            if check == "properties" {
                list.push(rule("properties/no traps", "Every call of an exported function returns."));
                let public = report.asked.contract.properties.iter().filter(|property| !property.held_out);
                list.extend(public.map(|property| rule(&format!("properties/{}", property.name), &clause(property))));
            }
        }
        let unmet = report.checked.result.as_ref().err().into_iter().flatten();
        list.extend(
            unmet.map(|unmet| rule(&format!("policy/{}", unmet.rule), &format!("The policy needs {}.", unmet.needs))),
        );
        Self { list }
    }

    /// Where a rule stands in the list, if it does.
    fn index(&self, id: &str) -> Option<usize> {
        self.list.iter().position(|rule| rule["id"] == id)
    }
}

fn rule(id: &str, about: &str) -> Value {
    json!({ "id": id, "shortDescription": { "text": message(about) } })
}

fn about(check: &str) -> &'static str {
    match check {
        "inspect" => "The artifact fits the contract's interface and limits, and asks for nothing that is not granted.",
        "examples" => "The artifact does what the contract's examples show.",
        "properties" => "The contract's properties hold for every input that was tried.",
        "reference" => "The artifact gives what the contract's reference gives.",
        "determinism" => "The same input gives the same result.",
        "interference" => "What is secret does not show in what is public.",
        "strength" => "The contract would have noticed a wrong artifact.",
        _ => "A check of the policy.",
    }
}

fn clause(property: &Property) -> String {
    let requires =
        property.requires.as_ref().map(|requires| format!("where {}: ", requires.source())).unwrap_or_default();
    format!("{}: {requires}{}", property.of.full_name(), property.ensures.source())
}

/// A message's text: on one line, with braces doubled as SARIF has it (section 3.11.5).
fn message(text: &str) -> String {
    safe(text).replace('{', "{{").replace('}', "}}")
}

fn results(report: &Report<'_>, rules: &Rules, places: &Places<'_>) -> Vec<Value> {
    let mut results = Vec::new();
    let mut add = |finding: &Finding<'_>| results.push(finding.result(report, rules, places));
    for evidence in &report.checked.evidence {
        let Said { reason, counterexamples } = said(report, evidence);
        for counterexample in counterexamples {
            add(&Finding::of(evidence, counterexample));
        }
        let check = evidence.check.as_str();
        let reason = reason.unwrap_or("no reason is known");
        match evidence.outcome {
            Outcome::Failed if counterexamples.is_empty() => {
                add(&Finding::plain(check.to_owned(), "error", format!("`{check}` failed: {reason}")));
            }
            Outcome::Unknown => {
                add(&Finding::plain(check.to_owned(), "warning", format!("`{check}` could not decide: {reason}")));
            }
            _ => {}
        }
    }
    for unmet in report.checked.result.as_ref().err().into_iter().flatten() {
        if !is_told(report, unmet) {
            let text = format!("the policy `{}` needs {}", report.asked.policy_name, unmet.needs);
            add(&Finding::plain(format!("policy/{}", unmet.rule), "error", text));
        }
    }
    for question in report.questions {
        add(&Finding::asked(question));
    }
    results
}

/// Whether a check's own result says why a rule is not met.
fn is_told(report: &Report<'_>, unmet: &Unmet) -> bool {
    let of = |evidence: &&Evidence| Some(&evidence.check) == unmet.evidence.as_ref();
    report.checked.evidence.iter().find(of).is_some_and(|evidence| evidence.outcome != Outcome::Passed)
}

/// One result.
struct Finding<'a> {
    rule: String,
    level: &'static str,
    text: String,
    /// The call that shows it.
    call: Option<String>,
    /// What tells it from other results of its rule, where the function that is called does not.
    subject: String,
    shown: Option<&'a Counterexample>,
}

impl<'a> Finding<'a> {
    fn plain(rule: String, level: &'static str, text: String) -> Self {
        Self { rule, level, text, call: None, subject: String::new(), shown: None }
    }

    fn of(evidence: &Evidence, counterexample: &'a Counterexample) -> Self {
        let check = &evidence.check;
        let Counterexample { property, call, violated, got, .. } = counterexample;
        if withheld(counterexample) {
            let text = format!("a property is violated ({property}), and what violates it is held out");
            return Self { subject: property.clone(), ..Self::plain(check.clone(), "error", text) };
        }
        let (rule, subject, text) = match check.as_str() {
            // Which example it is may change with the contract; its call is the example.
            "examples" => (check.clone(), call.clone(), format!("{call} gave {got}, and {property} shows {violated}")),
            "properties" => {
                let text = format!("{call} gave {got}, which violates `{property}`: {violated}");
                (format!("{check}/{property}"), String::new(), text)
            }
            _ => (check.clone(), property.clone(), format!("{call} gave {got}, which violates {property}: {violated}")),
        };
        Self { rule, level: "error", text, call: Some(call.clone()), subject, shown: Some(counterexample) }
    }

    fn asked(question: &Question) -> Self {
        let Question { call, artifact, mutant, .. } = question;
        let text = format!("for {call} the contract accepts {artifact}, as here, and {mutant}: which is right?");
        let call = call.to_string();
        Self { call: Some(call.clone()), subject: call, ..Self::plain("strength".to_owned(), "note", text) }
    }

    fn result(&self, report: &Report<'_>, rules: &Rules, places: &Places<'_>) -> Value {
        let contract = report.asked.contract;
        let function =
            self.call.as_ref().and_then(|call| contract.interface.parse_call(call).ok()).map(|call| call.function);
        let name = function.as_ref().map(|function| function.full_name()).unwrap_or_default();
        let parts = [contract.name.as_str(), &self.rule, &name, &self.subject];
        let fingerprint = Digest::of(json!(parts).to_string().as_bytes());
        let location = places.of_function(function.as_deref());
        let named = location.pointer("/physicalLocation/artifactLocation/uri").and_then(Value::as_str);
        let is_elsewhere = named != Some(&places.artifact);
        let mut result = json!({
            "ruleId": self.rule,
            "level": self.level,
            "message": { "text": message(&self.text) },
            "locations": [location],
            "partialFingerprints": { FINGERPRINT: fingerprint },
        });
        if is_elsewhere {
            result = with(result, "analysisTarget", json!({ "uri": places.artifact }));
        }
        if let Some(index) = rules.index(&self.rule) {
            result = with(result, "ruleIndex", json!(index));
        }
        if let Some(Counterexample { call, got, violated, .. }) = self.shown {
            result = with(result, "properties", json!({ "call": call, "got": got, "violated": violated }));
        }
        result
    }
}

/// Where the artifact's functions are.
struct Places<'a> {
    artifact: String,
    contract: &'a Contract,
    modules: Vec<Module>,
    /// What paths are relative to.
    folder: Option<std::path::PathBuf>,
}

impl<'a> Places<'a> {
    fn of(report: &Report<'a>) -> Self {
        let path = &report.arguments.artifact;
        let bytes = report.asked.artifact;
        // What can't be read has no places, and `inspect` says why.
        let modules = match bytes.starts_with(b"\x7fELF") {
            true => Vec::new(),
            false => wasm::modules(bytes, &path.display().to_string()).unwrap_or_default(),
        };
        let folder = std::env::current_dir().ok();
        Self { artifact: uri(path), contract: report.asked.contract, modules, folder }
    }

    /// A SARIF location: the first line of a function where the artifact names it, else the artifact.
    fn of_function(&self, function: Option<&Function>) -> Value {
        let source = function.and_then(|function| self.source(function));
        let physical = match source {
            Some((uri, line)) => json!({ "artifactLocation": { "uri": uri }, "region": { "startLine": line } }),
            None => json!({ "artifactLocation": { "uri": self.artifact } }),
        };
        let location = json!({ "physicalLocation": physical });
        let Some(function) = function else { return location };
        let logical = json!({ "name": function.name, "fullyQualifiedName": function.full_name(), "kind": "function" });
        with(location, "logicalLocations", json!([logical]))
    }

    /// The file and the line where the code of a function begins.
    fn source(&self, function: &Function) -> Option<(String, u32)> {
        let exported = function.interface.as_deref().map(|interface| format!("{interface}#{}", function.name));
        // Several interfaces may have a function of that name; then only its whole name says which one it is.
        let alike = self.contract.interface.functions.iter().filter(|other| other.name == function.name).count();
        let short = (alike == 1).then_some(function.name.as_str());
        for name in exported.as_deref().into_iter().chain(short) {
            for module in &self.modules {
                if let Some((file, line)) = module.begins(name)
                    && let Some(uri) = self.relative(file)
                {
                    return Some((uri, line));
                }
            }
        }
        None
    }

    /// A path of a line table as a URI: within the current directory relative to it. What the artifact claims is not followed
    /// out of the directory that it names.
    fn relative(&self, file: &str) -> Option<String> {
        let path = Path::new(file);
        let odd = file.len() > PATH_MAX || path.components().any(|part| part.as_os_str() == "..");
        if odd || file.chars().any(char::is_control) {
            return None;
        }
        let inside = self.folder.as_ref().and_then(|folder| path.strip_prefix(folder).ok());
        Some(uri(inside.unwrap_or(path)))
    }
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let path: std::path::PathBuf = path.components().filter(|part| part.as_os_str() != ".").collect();
    let mut text = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        let paths = ["a.wasm", "./a b/ü.wasm", "/tmp/a:b.c", "a%20?#.c"].map(|path| uri(Path::new(path)));
        assert_eq!(paths, ["a.wasm", "a%20b/%C3%BC.wasm", "file:///tmp/a%3Ab.c", "a%2520%3F%23.c"]);
    }

    #[test]
    fn a_message_is_one_line_with_its_braces_doubled() {
        assert_eq!(message("f({a: 1})\n\u{1b}[31m"), "f({{a: 1}})\\n\\x1b[31m");
    }
}
