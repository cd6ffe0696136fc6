//! Lays out what is generated beside a source file, and prints the commands that build both: `cargo run -p
//! proofmark-generate --example bind -- TARGET CONTRACT SOURCE DIRECTORY PROGRAM [LINKER]`. PROGRAM and LINKER are split at
//! spaces.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::path::Path;

use proofmark_contract::Contract;
use proofmark_generate::{Public, Target, Tools, bind, extract, first};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, contract, source, directory, program, linker @ ..] = arguments.as_slice() else {
        return Err("usage: bind TARGET CONTRACT SOURCE DIRECTORY PROGRAM [LINKER]".into());
    };
    let target: Target = target.parse()?;
    let contract = Contract::parse(&std::fs::read_to_string(contract)?).map_err(|problems| format!("{problems:?}"))?;
    let public = Public::of(&contract)?;
    let bound = bind(target, &public)?;
    for message in first(&public, &bound).messages {
        println!("# {}", message.text.replace('\n', "\n# "));
    }
    let sources = extract(&format!("~~~~~\n{}\n~~~~~", std::fs::read_to_string(source)?), target, bound.functions())?;
    let texts = sources.files.iter().map(|file| (file.name.clone(), file.text.clone().into_bytes()));
    for (name, bytes) in bound.files.iter().cloned().chain(texts) {
        let path = Path::new(directory).join(name);
        path.parent().map(std::fs::create_dir_all).transpose()?;
        std::fs::write(path, bytes)?;
    }
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (program, linker) = (words(program), linker.first().map(|linker| words(linker)).unwrap_or_default());
    for line in bound.commands(Tools { program: &program, linker: &linker }, &sources.files) {
        println!("{}", line.join(" "));
    }
    Ok(())
}
