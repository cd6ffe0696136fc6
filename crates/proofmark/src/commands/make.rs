//! `proofmark make`: asks generators, checks every candidate, keeps the best mark.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use proofmark_generate::toolchain::{Toolchain, Toolchains};
use proofmark_generate::{ConfigProblem, Generator, Generators, Kind, Public, Spent, Target, bind};
use proofmark_governor::behaviour::{self, Compared};
use proofmark_governor::govern::Event;
use proofmark_governor::home::{Home, read_limited, write};
use proofmark_governor::provenance;
use proofmark_mark::evidence::Outcome as Found;
use proofmark_mark::provenance::Outcome;

use super::check::{self, Ruled};
use super::do_::{Known, known};
use crate::cli::{Format, Make, Making};
use crate::commands;
use crate::failure::{FAILED, Failure, OK, REFUSED, UNKNOWN};
use crate::inputs::{self, Loaded};
use crate::make::ask::Asker;
use crate::make::{self, Means, Order, Tried, kept};
use crate::meter::Meter;
use crate::render::make as render;

/// The largest generators.toml and toolchains.toml that are read, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;
const NAME_MAX: usize = 256;
/// The home's file that names generators.
const GENERATORS: &str = "generators.toml";

pub fn run(format: Format, home: Option<&Path>, arguments: &Make) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let output = arguments.output.clone().unwrap_or_else(|| default_output(&loaded));
    check::writable(&output)?;
    let mut home = check::open_or_make(format, home)?;
    let loaded = loaded.sealed(&home.path)?;
    if !arguments.fresh
        && let (Known::Found(how, found), _) = known(&mut home, &loaded, &arguments.making)?
    {
        put(&output, &found.artifact, &found.mark)?;
        render::reused(format, &loaded, how, &found, &output);
        return Ok(OK);
    }
    let ruled = check::ruled(&home, &arguments.making.policy)?;
    let Made { tries, alike } = tries(format, &mut home, &loaded, &ruled, &arguments.making)?;
    let best = make::best(&tries);
    if let Some(best) = &best {
        put(&output, best.artifact, &best.mark.to_bytes())?;
        for file in best.tried.sources.iter().flat_map(|sources| &sources.files) {
            let name = Path::new(&file.name).extension().map(|ending| output.with_extension(ending));
            if let Some(name) = name.filter(|name| *name != output) {
                write(&name, file.text.as_bytes()).map_err(|error| Failure::failed(error.to_string()))?;
            }
        }
    }
    render::ended(format, &loaded, &tries, alike.as_ref(), best.as_ref(), &output);
    Ok(code(&tries))
}

/// Writes an artifact and its mark beside it.
fn put(output: &Path, artifact: &[u8], mark: &[u8]) -> Result<(), Failure> {
    write(output, artifact)
        .and_then(|()| write(&check::beside(output), mark))
        .map_err(|error| Failure::failed(error.to_string()))
}

/// 0 marked; 1 all refused; 3 nothing refused and something unknown; 4 no generator answered at all.
pub fn code(tries: &[Tried]) -> u8 {
    if tries.iter().any(|tried| tried.mark().is_some()) {
        return OK;
    }
    if tries.iter().all(|tried| tried.outcome == Outcome::NoReply) {
        return FAILED;
    }
    let evidence = || tries.iter().filter_map(|tried| tried.checked.as_ref()).flat_map(|checked| &checked.evidence);
    let any = |outcome| evidence().any(|evidence| evidence.outcome == outcome);
    if !any(Found::Failed) && any(Found::Unknown) { UNKNOWN } else { REFUSED }
}

/// Asks, builds and checks, until one is marked or nothing is left to try.
pub fn tries(
    format: Format,
    home: &mut Home,
    loaded: &Loaded,
    ruled: &Ruled,
    making: &Making,
) -> Result<Made, Failure> {
    if making.operator.is_empty() || making.operator.len() > NAME_MAX || making.operator.chars().any(char::is_control) {
        return Err(Failure::wrong(format!("`--operator` must be 1 to {NAME_MAX} bytes without control characters")));
    }
    making.keep.as_deref().map_or(Ok(()), kept::ready)?;
    let public = Public::of(&loaded.contract).map_err(|error| Failure::failed(error.to_string()))?;
    let target = target(loaded, making)?;
    let bound = bind(target, &public).map_err(|error| {
        Failure::wrong(error.to_string()).next("name another language with --target, or simplify the interface")
    })?;
    let toolchain = toolchain(home, target, making)?;
    let askers = askers(home, making)?;
    let launch = commands::launch()?;
    commands::reference(&launch, loaded)?;
    let meter = Meter::default();
    let pressed = super::run::interrupt()?;
    let stop = || pressed().is_some();
    let order = Order {
        loaded,
        public: &public,
        bound: &bound,
        policy: &ruled.policy,
        policy_text: &ruled.text,
        policy_name: &ruled.name,
        trust: &ruled.trust,
        askers: &askers,
        toolchain: toolchain.as_ref(),
        candidates: making.candidates,
        repairs: making.repairs,
        operator: &making.operator,
        approvals: &BTreeSet::new(),
        valid_for: SignedDuration::from_hours(i64::from(making.valid_days).saturating_mul(24)),
        threads: commands::threads(&making.threads),
        keep: making.keep.as_deref(),
    };
    if format == Format::Human {
        render::begun(&order);
    }
    let means = Means {
        launch: &launch,
        home_path: &home.path.clone(),
        stop: &stop,
        asking: &|candidate, progress| asking(&meter, candidate, progress),
        checking: &|event: Event<'_>| checking(&meter, &event),
        tried: &|tried| {
            meter.end(&asked(tried.candidate));
            if format == Format::Human {
                render::tried(tried);
            }
        },
    };
    let tries = make::make(home, &order, &means)?;
    let alike = if stop() { None } else { alike(&order, &launch, &tries) };
    launch.held()?;
    Ok(Made { tries, alike })
}

/// What came of it all.
pub struct Made {
    pub tries: Vec<Tried>,
    /// Where there are two artifacts or more.
    pub alike: Option<Alike>,
}

/// Which artifacts behave alike.
pub struct Alike {
    /// What the artifacts are called.
    pub names: Vec<PathBuf>,
    pub artifacts: Vec<Vec<u8>>,
    pub compared: Compared,
}

fn alike(order: &Order<'_>, launch: &commands::Enforcement, tries: &[Tried]) -> Option<Alike> {
    // Those that were checked are different; the latest are those that most was learnt for.
    let tries = tries.iter().filter(|tried| tried.checked.is_some()).rev().take(behaviour::ARTIFACTS_MAX);
    let (names, artifacts): (Vec<PathBuf>, Vec<Vec<u8>>) = tries
        .filter_map(|tried| Some((PathBuf::from(format!("candidate {}", tried.number())), tried.artifact.clone()?)))
        .unzip();
    if artifacts.len() < 2 {
        return None;
    }
    let asked = behaviour::Asked {
        contract: &order.loaded.contract,
        contract_text: &order.loaded.text,
        artifacts: &artifacts.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        inputs: behaviour::INPUTS,
    };
    let natives = commands::natives(&launch.fences);
    let means = behaviour::Means { launch: &launch.fences, natives: &natives, threads: order.threads };
    let compared = behaviour::compare(&asked, &means);
    Some(Alike { names, artifacts, compared })
}

fn asked(candidate: u64) -> String {
    format!("candidate {candidate}")
}

fn asking(meter: &Meter, candidate: u64, progress: &proofmark_generate::Progress) {
    use proofmark_generate::State;
    match progress.state {
        State::Asking => meter.start(&asked(candidate)),
        State::Receiving { pieces, .. } => meter.step(&asked(candidate), pieces, 0),
        State::Waiting { .. } => {}
    }
}

fn checking(meter: &Meter, event: &Event<'_>) {
    match event {
        Event::Submitted { .. } => {}
        Event::Started { check } => meter.start(check),
        Event::Progress { check, done, planned } => meter.step(check, *done, *planned),
        Event::Ended { evidence } => meter.end(&evidence.check),
    }
}

/// The contract's name in the current directory.
fn default_output(loaded: &Loaded) -> PathBuf {
    let name = &loaded.contract.name;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let stem = if !name.is_empty() && name.len() <= 100 && name.bytes().all(plain) { name } else { "artifact" };
    match loaded.contract.interface.process() {
        Some(_) => PathBuf::from(stem),
        None => PathBuf::from(format!("{stem}.wasm")),
    }
}

fn target(loaded: &Loaded, making: &Making) -> Result<Target, Failure> {
    match &making.target {
        Some(name) => name.parse().map_err(|error| Failure::wrong(format!("{error}"))),
        None if loaded.contract.interface.process().is_some() => Ok(Target::Program),
        None => Ok(Target::C),
    }
}

fn toolchain(home: &Home, target: Target, making: &Making) -> Result<Option<Toolchain>, Failure> {
    if target == Target::Wat {
        return Ok(None);
    }
    let path = home.path.join("toolchains.toml");
    let text = text(&path)?.unwrap_or_else(|| "toolchains = 1\n".to_owned());
    let toolchains = Toolchains::parse(&text).map_err(|problems| invalid(&path, &problems))?;
    let found = match &making.toolchain {
        Some(name) => toolchains.named(name).filter(|toolchain| toolchain.target == target),
        None => toolchains.for_target(target),
    };
    found.cloned().map(Some).ok_or_else(|| {
        let named = making.toolchain.as_ref().map(|name| format!(" called `{name}`")).unwrap_or_default();
        Failure::wrong(format!("there is no pinned toolchain{named} for {target}"))
            .next("proofmark toolchains, then proofmark toolchains pin NAME")
    })
}

/// Whether the home has a file that names generators.
pub fn names_generators(home: &Home) -> bool {
    home.path.join(GENERATORS).exists()
}

/// The generators that were named, ready to be asked.
fn askers(home: &Home, making: &Making) -> Result<Vec<Asker>, Failure> {
    let path = making.generators.clone().unwrap_or_else(|| home.path.join(GENERATORS));
    let Some(text) = text(&path)? else {
        return Err(Failure::wrong(format!("there is no `{}`, which names generators", path.display()))
            .next("write one: spec/generators.md says how"));
    };
    let mut known = Generators::parse(&text).map_err(|problems| invalid(&path, &problems))?;
    let chosen: Vec<Generator> = if making.generator.is_empty() {
        std::mem::take(&mut known.generators)
    } else {
        let named = |name: &String| {
            known.named(name).cloned().ok_or_else(|| {
                let names: Vec<&str> = known.generators.iter().map(|generator| generator.name.as_str()).collect();
                Failure::wrong(format!("there is no generator `{name}` in `{}`", path.display()))
                    .next(format!("name one of: {}", names.join(", ")))
            })
        };
        making.generator.iter().map(named).collect::<Result<_, _>>()?
    };
    if chosen.is_empty() {
        return Err(Failure::wrong(format!("`{}` names no generator", path.display())));
    }
    let spent = spent(home, &chosen)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let ready = |generator: Generator| {
        let before = key(&generator).and_then(|key| spent.get(&key)).copied().unwrap_or_default();
        Asker::new(generator, folder, before)
    };
    chosen.into_iter().map(ready).collect()
}

/// A model by kind of endpoint, address and name: what budgets are held against.
fn key(generator: &Generator) -> Option<(String, String)> {
    match &generator.kind {
        Kind::Endpoint(endpoint) => Some((endpoint.url.clone(), endpoint.model.clone())),
        _ => None,
    }
}

/// What models with a budget have cost before, from the log.
fn spent(home: &Home, generators: &[Generator]) -> Result<BTreeMap<(String, String), Spent>, Failure> {
    let has_budget = |generator: &&Generator| match &generator.kind {
        Kind::Endpoint(endpoint) => endpoint.budget != proofmark_generate::Budget::default(),
        _ => false,
    };
    let wanted: BTreeSet<_> = generators.iter().filter(has_budget).filter_map(key).collect();
    let mut sums: BTreeMap<(String, String), Spent> = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(sums);
    }
    for found in provenance::all(home.log.view(), |_, _| true) {
        let one = found.map_err(|error| Failure::failed(error.to_string()))?.statement.predicate;
        let external = one.external();
        let key = (external.endpoint.clone().unwrap_or_default(), external.generator.clone());
        if wanted.contains(&key) {
            let spent = one.internal().spent;
            let cost = Spent {
                requests: spent.requests,
                input_tokens: spent.input_tokens,
                output_tokens: spent.output_tokens,
                money_micros: spent.money_micros,
            };
            let sum = sums.entry(key).or_default();
            *sum = sum.and(cost);
        }
    }
    Ok(sums)
}

/// The text of a file; `None` if there is none.
fn text(path: &Path) -> Result<Option<String>, Failure> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = read_limited(path, FILE_BYTES_MAX).map_err(|error| Failure::wrong(error.to_string()))?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Failure::wrong(format!("`{}` is not UTF-8", path.display())))
}

fn invalid(path: &Path, problems: &[ConfigProblem]) -> Failure {
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::wrong(format!("`{}` is not valid: {}", path.display(), list.join("; ")))
}
