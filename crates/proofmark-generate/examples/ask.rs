//! Asks one generator for code for one contract: `cargo run -p proofmark-generate --example ask -- generators.toml NAME
//! contract.toml`. The prompt and the code go to standard output, progress and figures to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::time::Instant;

use proofmark_contract::Contract;
use proofmark_generate::{
    Authorities, Client, Generators, KeySource, Kind, Progress, Public, Secret, Spent, State, Target, Watch, bind,
    extract, first,
};

struct Terminal(Instant);

impl Watch for Terminal {
    fn progress(&mut self, progress: Progress) {
        let attempt = progress.attempt;
        let said = match progress.state {
            State::Asking => "asking".to_owned(),
            State::Receiving { text_bytes, pieces } => format!("{text_bytes} bytes in {pieces} pieces"),
            State::Waiting { milliseconds } => format!("waiting for {milliseconds} ms"),
        };
        eprintln!("{:>6} ms, attempt {attempt}: {said}", self.0.elapsed().as_millis());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [generators, name, contract] = arguments.as_slice() else {
        return Err("usage: ask GENERATORS NAME CONTRACT".into());
    };
    let generators = Generators::parse(&std::fs::read_to_string(generators)?).map_err(|problems| lines(&problems))?;
    let generator = generators.named(name).ok_or("the file names no such generator")?;
    let Kind::Endpoint(endpoint) = &generator.kind else { return Err("this example asks endpoints alone".into()) };
    let contract = Contract::parse(&std::fs::read_to_string(contract)?).map_err(|problems| lines(&problems))?;
    let key = match &endpoint.key {
        None => None,
        Some(KeySource::Environment(name)) => Some(Secret::new(std::env::var(name)?)?),
        Some(KeySource::Keyring { .. }) => return Err("this example reads keys from the environment alone".into()),
    };
    let client = Client::new((**endpoint).clone(), key, Authorities::mozilla(), Spent::default())?;
    let public = Public::of(&contract)?;
    let bound = bind(Target::C, &public)?;
    let request = first(&public, &bound);
    for message in &request.messages {
        println!("[{:?}]\n{}\n", message.role, message.text);
    }
    let reply = client.complete(&request, &mut Terminal(Instant::now()))?;
    eprintln!("model {:?}, {:?}, {:?}, {} attempts", reply.model, reply.finish, reply.usage, reply.attempts);
    eprintln!("asked {}, answered {}, spent {:?}", reply.asked, reply.raw, client.spent());
    println!("[Reply]\n{}\n", reply.text);
    for file in extract(&reply.text, Target::C, bound.functions())?.files {
        println!("[{}]\n{}", file.name, file.text);
    }
    Ok(())
}

fn lines(problems: &[impl ToString]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
