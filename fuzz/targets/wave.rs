//! A call in WAVE: what parses is printed as a call that parses to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

use proofmark_contract::Contract;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let wit = "package a:b; world w { record r { a: s8, b: option<string> } variant v { x, y(list<f64>) } \
        flags p { read, write } export f: func(r: r, v: v, p: p, t: tuple<char, bool>, e: result<u64, string>); }";
    let text = format!("contract = 1\nname = \"w\"\nintent = \"w\"\n[interface]\nwit = '{wit}'\n");
    Contract::parse(&text).expect("a valid contract")
});

/// Arguments, variables and a tree of files: values with rules beyond their types.
static PROGRAM: LazyLock<Contract> = LazyLock::new(|| {
    let text = "contract = 1\nname = \"p\"\nintent = \"p\"\n[interface.process]\narguments = \"list<string>\"\n\
        environment = [\"TZ\"]\nfiles = \"/d\"\n[capabilities]\nwrite = [\"/d\"]\n";
    Contract::parse(text).expect("a valid contract")
});

fuzz_target!(|text: &str| {
    for contract in [&*CONTRACT, &*PROGRAM] {
        let Ok(call) = contract.interface.parse_call(text) else { continue };
        let again = contract.interface.parse_call(&call.to_string()).expect("its own text");
        assert!(call.args.iter().zip(&again.args).all(|(a, b)| a.same(b)));
        if let Some(process) = contract.interface.process() {
            process.invocation(&call.args).expect("what was parsed can be given");
        }
    }
});
