//! A contract that is sealed: nothing is lost, and what opens it is believed only for its commitment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::{Contract, Opening, SealKey, seal};

fuzz_target!(|text: &str| {
    if let Ok((public, contract)) = seal(text, &SealKey::new([7; 32])) {
        let held_out = Contract::parse(text).unwrap().properties.iter().filter(|property| property.held_out).count();
        assert_eq!(contract.openings().count(), held_out);
        let mut again = Contract::parse(&public).unwrap();
        again.open(contract.openings().cloned().collect()).unwrap();
        let (count, whole) = (again.properties.len() + held_out, again.whole().unwrap());
        assert_eq!(whole.properties.len(), count);
    }
    let opening = Opening::new(text.to_owned());
    let wit = "package a:b; world w { export f: func(n: u32) -> u32; }";
    let sealed = format!(
        "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = '{wit}'\n[[sealed]]\ncommitment = '{}'\n",
        opening.commitment()
    );
    let _ = Contract::parse(&sealed).unwrap().open(vec![opening]);
});
