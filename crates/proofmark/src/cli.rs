//! The command line as clap reads it. The words of the help are here and nowhere else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Checks code that no human wrote against a contract that a person owns, and runs it only inside what its evidence has
/// bought.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// How to print results
    #[arg(long, value_enum, default_value_t = Format::Human, global = true)]
    pub format: Format,
    /// Where keys, log, store and policies are [default: ./.proofmark]
    #[arg(long, env = "PROOFMARK_HOME", value_name = "DIR", global = true)]
    pub home: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One versioned JSON object on standard output
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make keys, log, store and policies
    Init,
    /// Check an artifact against a contract; write its mark or say why not
    Check(Check),
    /// Ask generators for an artifact, check every candidate, keep the best mark
    Make(Make),
    /// Verify a mark, offline
    Verify(Verify),
    /// Call a marked artifact inside its grant
    Run(Run),
    /// Call whatever is marked for a contract, inside its grant
    Do(Do),
    /// Tell which artifacts for a contract behave alike, and the simplest calls on which the others part
    Compare(Compare),
    /// Run a program without a mark on staged directories; show what it would change, and drop it
    Stage(Stage),
    /// Put back what a run changed
    Undo(Undo),
    /// Repeat a run of a WebAssembly artifact from what its host answered, and hold it against its receipt
    Replay(Replay),
    /// Make one call without a mark, inside the contract's budgets: for replaying counterexamples
    Call(Call),
    /// List what an artifact can do
    Inspect(Inspect),
    /// Erase what prompts, replies or sources said: the commitments in the log stay, and nobody can open them
    Forget(Forget),
    /// Work on a contract
    #[command(subcommand)]
    Contract(Contract),
    /// Let nothing in a scope run, until a named key thaws it
    Freeze(Freeze),
    /// End a freeze
    Thaw(Thaw),
    /// Let a mark grant nothing any more
    Revoke(Revoke),
    /// End a run now
    Stop(Stop),
    /// Say which intent, clause, prompt and model a line, a function, an artifact or a commit comes from
    Trace(Trace),
    /// Say in git which lines of a commit come from sources in the log, in a format that other tools read
    Attribute(Attribute),
    /// Say how often each generator is marked, what a mark costs, and what goes wrong, from the log
    Models(Models),
    /// Look at the log
    #[command(subcommand)]
    Log(Log),
    /// Build source code for a contract with a pinned toolchain, inside a fence
    Build(Build),
    /// List the toolchains that are declared and those on this machine
    Toolchains(Toolchains),
}

#[derive(Debug, Args)]
pub struct Build {
    /// The contract (TOML)
    pub contract: PathBuf,
    /// The source files
    #[arg(required = true)]
    pub sources: Vec<PathBuf>,
    /// What they are written in
    #[arg(long, value_name = "NAME", default_value = "c")]
    pub target: String,
    /// The toolchain [default: the first that is declared for the target]
    #[arg(long, value_name = "NAME")]
    pub toolchain: Option<String>,
    /// Where to write the artifact
    #[arg(long, short, value_name = "FILE", default_value = "artifact.wasm")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct Toolchains {
    #[command(subcommand)]
    pub command: Option<ToolchainsCommand>,
}

#[derive(Debug, Subcommand)]
pub enum ToolchainsCommand {
    /// Trust toolchains as they are now: write their files and digest to `toolchains.toml` of the home
    Pin(Pin),
}

#[derive(Debug, Args)]
pub struct Pin {
    /// Their names [default: all that are declared or found]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The contract (TOML)
    pub contract: PathBuf,
    /// The artifact: a WebAssembly component, core module or text
    pub artifact: PathBuf,
    /// Who made the artifact: model, agent, tool or person
    #[arg(long, value_name = "NAME", default_value = "unknown")]
    pub generator: String,
    /// A policy of the home by name, or a Cedar file
    #[arg(long, value_name = "NAME|FILE", default_value = "supervised")]
    pub policy: String,
    /// A person who has read and approves this artifact; may be repeated
    #[arg(long, value_name = "NAME")]
    pub approved_by: Vec<String>,
    /// How long the mark is valid, in days
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub valid_days: u32,
    /// Where to write the mark [default: ARTIFACT.mark]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show counterexamples to held-out properties too: never where a generator can read them
    #[arg(long)]
    pub show_held_out: bool,
    #[command(flatten)]
    pub threads: Threads,
}

#[derive(Debug, Args)]
pub struct Make {
    /// The contract (TOML)
    pub contract: PathBuf,
    #[command(flatten)]
    pub making: Making,
    /// Ask even if there is a marked artifact already
    #[arg(long)]
    pub fresh: bool,
    /// Where to write the artifact, with its mark and its source beside it [default: the contract's name]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Who is asked for an artifact, and how hard is tried.
#[derive(Debug, Args)]
pub struct Making {
    /// A generator of generators.toml; may be repeated [default: all of them]
    #[arg(long, value_name = "NAME")]
    pub generator: Vec<String>,
    /// The file that names generators [default: generators.toml of the home]
    #[arg(long, value_name = "FILE")]
    pub generators: Option<PathBuf>,
    /// The language to ask for: c, wat, assemblyscript, javascript, python, rust or program [default: c, and of programs
    /// program]
    #[arg(long, value_name = "LANGUAGE")]
    pub target: Option<String>,
    /// A toolchain of the home's toolchains.toml [default: the first for the language]
    #[arg(long, value_name = "NAME")]
    pub toolchain: Option<String>,
    /// First answers of each generator
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub candidates: u64,
    /// The most repairs of each candidate
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=16))]
    pub repairs: u64,
    /// Who asks, for the provenance
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    pub operator: String,
    /// A policy of the home by name, or a Cedar file
    #[arg(long, value_name = "NAME|FILE", default_value = "supervised")]
    pub policy: String,
    /// How long the mark is valid, in days
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub valid_days: u32,
    /// Write every try into a new directory: prompt, reply, sources, artifact, provenance
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    pub threads: Threads,
}

#[derive(Debug, Args)]
pub struct Forget {
    /// Commitments, as `trace` and provenance statements show them
    #[arg(required = true, value_name = "COMMITMENT")]
    pub commitments: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Threads {
    /// Threads for each check; never changes evidence [default: the machine's cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The mark
    pub mark: PathBuf,
    /// The artifact, to be held against the mark's digest
    pub artifact: Option<PathBuf>,
    /// Keys and policies to trust [default: trust.toml of the home]
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Run the checks again and compare the evidence byte for byte (needs ARTIFACT)
    #[arg(long, requires = "artifact")]
    pub replay: bool,
    /// The contract as its owner has it, for a replay of what is sealed in the mark [default: what the home can open]
    #[arg(long, value_name = "FILE", requires = "replay")]
    pub contract: Option<PathBuf>,
    /// The contract's reference, for a replay [default: the home's, by its digest]
    #[arg(long, value_name = "FILE", requires = "replay")]
    pub reference: Option<PathBuf>,
    /// Also read a whole log directory, recompute every hash in it and look the mark's entries up
    #[arg(long, value_name = "DIR")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub threads: Threads,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The mark
    pub mark: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
    /// The artifact [default: MARK without `.mark`, else from the home]
    #[arg(long, value_name = "FILE")]
    pub artifact: Option<PathBuf>,
    /// Keys and policies to trust [default: trust.toml of the home]
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

/// What a marked artifact is called with, and what it is given of this machine.
#[derive(Debug, Args)]
pub struct Acting {
    /// Calls in WAVE, for example 'gcd(12, 18)', each in a fresh instance; of a program its arguments, after `--`
    pub calls: Vec<String>,
    /// A directory for a granted guest path; may be repeated. What is granted to be changed is staged
    #[arg(long, value_name = "GUEST=HOST")]
    pub dir: Vec<String>,
    /// Make staged changes real if every invariant holds; without it they are shown and dropped
    #[arg(long)]
    pub commit: bool,
    /// A value for a granted environment variable; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    #[command(flatten)]
    pub egress: Egress,
}

#[derive(Debug, Args)]
pub struct Do {
    /// The contract (TOML)
    pub contract: PathBuf,
    #[command(flatten)]
    pub acting: Acting,
    #[command(flatten)]
    pub making: Making,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// The contract (TOML)
    pub contract: PathBuf,
    /// The artifacts: two to sixteen
    #[arg(required = true, num_args = 2..=16)]
    pub artifacts: Vec<PathBuf>,
    /// Inputs for each function
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub inputs: u64,
    #[command(flatten)]
    pub threads: Threads,
}

/// What a program's requests are sent with, and where to.
#[derive(Debug, Args)]
pub struct Egress {
    /// A header for every request to a granted host, which the program never sees. VARIABLE is the environment variable
    /// that holds the whole value, such as `Bearer ...`; may be repeated
    #[arg(long, value_name = "HOST=HEADER:VARIABLE")]
    pub credential: Vec<String>,
    /// Where a granted host is, private or not; may be repeated [default: where its name leads, if that is public; for
    /// `stage` nowhere, because what was sent can't be dropped]
    #[arg(long, value_name = "HOST:PORT=ADDRESS:PORT")]
    pub connect_to: Vec<String>,
    /// Certificate authorities (PEM) to believe beside the public ones
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Call {
    /// The contract (TOML)
    pub contract: PathBuf,
    /// The artifact
    pub artifact: PathBuf,
    /// The call in WAVE, for example 'gcd(12, 18)'
    pub call: String,
    /// A value for a variable that the contract asks for; of components, may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// Standard input, where the contract asks for it; of components
    #[arg(long, value_name = "TEXT")]
    pub stdin: Option<String>,
    /// From what random numbers start; of components
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Stage {
    /// The contract (TOML)
    pub contract: PathBuf,
    /// The artifact
    pub artifact: PathBuf,
    /// Calls in WAVE, each in a fresh instance; of a program its arguments, after `--`
    pub words: Vec<String>,
    /// A directory for a guest path of the contract; may be repeated
    #[arg(long, value_name = "GUEST=HOST")]
    pub dir: Vec<String>,
    /// A value for a variable of the contract; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    #[command(flatten)]
    pub egress: Egress,
}

#[derive(Debug, Args)]
pub struct Undo {
    /// The run's id
    pub run: String,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// The run's id, or its beginning
    #[arg(value_name = "RECEIPT")]
    pub run: String,
}

#[derive(Debug, Args)]
pub struct Runs {
    /// Also those that came to their end
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// The artifact
    pub artifact: PathBuf,
}

#[derive(Debug, Args)]
pub struct Trace {
    /// FILE:LINE in a git work tree; ARTIFACT, ARTIFACT:FUNCTION or ARTIFACT:FILE:LINE, where ARTIFACT is a file, a digest
    /// or a mark; or a commit: a branch, a tag or all its digits
    #[arg(value_name = "PLACE")]
    pub place: String,
    /// Show held-out clauses and counterexamples to them too: never where a generator can read them
    #[arg(long)]
    pub show_held_out: bool,
}

#[derive(Debug, Args)]
pub struct Attribute {
    /// The commit: a branch, a tag or all its digits
    #[arg(default_value = "HEAD")]
    pub commit: String,
    /// How to say it
    #[arg(long = "as", value_enum, default_value_t = Scheme::GitAi)]
    pub scheme: Scheme,
}

/// Formats of authorship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scheme {
    /// git-ai's note of the commit, under refs/notes/ai
    GitAi,
    /// A record in .agent-trace/traces.jsonl of the work tree
    AgentTrace,
}

#[derive(Debug, Args)]
pub struct Ordering {
    /// Why, for whoever meets the order
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// The key of a steward of the trust file [default: keys/steward.pem of the home]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Freeze {
    /// `all`, generator:NAME, contract:DIGEST, artifact:DIGEST, mark:DIGEST, capability:NAME or autonomy:LEVEL
    pub scope: String,
    /// A time (2026-12-24T18:00:00Z) or a duration (90m, 12h, 3d) after which it ends by itself
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// A steward who may thaw it, by name or key id; may be repeated [default: the key that freezes]
    #[arg(long, value_name = "STEWARD")]
    pub thaw_by: Vec<String>,
    #[command(flatten)]
    pub ordering: Ordering,
}

#[derive(Debug, Args)]
pub struct Thaw {
    /// The freeze: the name that `freeze` printed, or its beginning
    pub freeze: String,
    #[command(flatten)]
    pub ordering: Ordering,
}

#[derive(Debug, Args)]
pub struct Revoke {
    /// The mark, or its id, as `verify` and `log runs` print it
    pub mark: PathBuf,
    #[command(flatten)]
    pub ordering: Ordering,
}

#[derive(Debug, Args)]
pub struct Stop {
    /// The run's id
    pub run: String,
    #[command(flatten)]
    pub ordering: Ordering,
}

#[derive(Debug, Args)]
pub struct Models {
    /// What candidates are told apart by; several with commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT", default_values = ["model", "kind"])]
    pub by: Vec<Dimension>,
    /// Only candidates that were asked for since a time (2026-12-24T18:00:00Z) or for so long (90m, 12h, 3d)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Also draw how often candidates were marked, as SVG
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dimension {
    /// The generator's id
    Model,
    /// What crosses the contract's interface: scalars, text, lists, records; or program
    Kind,
    /// The language that was asked for
    Target,
}

#[derive(Debug, Subcommand)]
pub enum Contract {
    /// Ask which of two results is right where a contract accepts both, and write each answer into it as an example
    Sharpen(Sharpen),
}

#[derive(Debug, Args)]
pub struct Sharpen {
    /// The contract (TOML); examples are added at its end
    pub contract: PathBuf,
    /// An artifact that keeps it; its mutants are what the contract is tried on
    pub artifact: PathBuf,
    /// Answers, a line each, instead of standard input; `--format json` without it lists the questions and asks nothing
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// How many mutants to make
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub mutants: u32,
    #[command(flatten)]
    pub threads: Threads,
}

#[derive(Debug, Subcommand)]
pub enum Log {
    /// Read the whole log and recompute every hash in it
    Audit,
    /// List the freezes that stand
    Orders,
    /// List the runs whose end is missing: those that run now, and those that never came to it
    Runs(Runs),
}
