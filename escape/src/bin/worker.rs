//! Runs a module from standard input in the engine with CVE-2023-26489, as a host would that calls it with one input after
//! another: a trap ends one call and not the next. The module is given nothing, and nothing here writes to standard
//! output: what appears there, or anywhere, the module did outside its sandbox.

use std::io::Read as _;
use std::process::ExitCode;

use wasmtime::{Config, Engine, Instance, Module, Store};

/// Pages of 4 KiB between the end of a memory's guard region and the farthest address that the fault reaches.
const CALLS_MAX: u32 = 7_000_000;
/// What the exit code says where the module gave up.
const KEPT: u8 = 3;

fn main() -> ExitCode {
    let mut text = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut text) {
        eprintln!("standard input: {error}");
        return ExitCode::FAILURE;
    }
    // In a thread, as hosts do that check with several: its stack is a mapping like any other.
    let ended = std::thread::spawn(move || run(&text)).join();
    match ended {
        Ok(Ok(code)) => {
            eprintln!("the module came back with {code}: it did not leave its sandbox");
            ExitCode::from(KEPT)
        }
        Ok(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(text: &[u8]) -> Result<i64, String> {
    let mut config = Config::new();
    config.wasm_backtrace(false);
    let engine = Engine::new(&config).map_err(|error| error.to_string())?;
    let module = Module::new(&engine, text).map_err(|error| error.to_string())?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).map_err(|error| error.to_string())?;
    let step = instance.get_typed_func::<(), i64>(&mut store, "step").map_err(|error| error.to_string())?;
    for _ in 0..CALLS_MAX {
        if let Ok(code) = step.call(&mut store, ()) {
            return Ok(code);
        }
    }
    Err(format!("{CALLS_MAX} calls, and each trapped"))
}
