//! Secrets in contracts: whole ones, what is wrong with others, and where.

use proofmark_contract::{Contract, Problem};

use super::contract;
use super::problems::rendered;

const LOGIN: &str = "
  record user { name: string, pin: u32, tags: list<string> }
  variant id { none, key(list<u8>) }
  export login: func(user: user, password: string, id: id, point: tuple<u8, u8>) -> result<user, string>;
  export reset: func(user: user);";

fn login(secret: &str, more: &str) -> String {
    contract(LOGIN, &format!("[[secret]]\n{secret}\n{more}"))
}

fn program(interface: &str, more: &str) -> String {
    format!("contract = 1\nname = 'p'\nintent = 'p'\n[interface.process]\n{interface}\n{more}\n")
}

fn problems(text: &str) -> Vec<Problem> {
    Contract::parse(text).err().unwrap_or_default()
}

#[test]
fn secrets_name_parts_capabilities_and_what_may_be_told() {
    let granted = "[capabilities]\nenvironment = ['TOKEN', 'HOME']\nstdin = true\nrandom = true\nstdout = true\n";
    let text = login(
        "of = 'login'
parts = ['password', 'user.pin', 'user.tags.0', 'id.key', 'point.1']
capabilities = ['environment', 'stdin', 'random']
releases = 'size(password)'
may_reach = ['result.ok.pin', 'result.err', 'stdout']
constant_fuel = true
[[secret]]
of = 'reset'
parts = ['user']",
        granted,
    );
    let contract = Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let [login, reset] = contract.secrets.as_slice() else { panic!("two secrets") };
    assert_eq!(login.names.len(), 8);
    assert!(login.constant_fuel && login.stdout_may && !login.stderr_may && !reset.constant_fuel);
    assert_eq!(login.releases.as_ref().unwrap().source(), "size(password)");
    for interface in ["stdin = 'string'\nstdout = 'string'", "stdin = 'string'"] {
        let text = program(interface, "[[secret]]\nparts = ['stdin']\nmay_reach = ['stdout']");
        assert_eq!(problems(&text), []);
    }
    assert_eq!(problems(&contract_without_secrets()), []);
}

fn contract_without_secrets() -> String {
    contract(LOGIN, "")
}

#[test]
fn wrong_secrets_say_what_to_write() {
    let cases = [
        "parts = ['password']",
        "of = 'logn'\nparts = ['password']",
        "of = 'login'",
        "of = 5\npart = ['password']",
        "of = 'login'\nparts = ['pasword', 'user.pim', 'password.length', 'point.2', 'id.none', '', 'user.', 'user.pin.x']",
        "of = 'login'\nparts = ['user', 'user.pin', 'password', 'password']",
        "of = 'login'\nparts = 'password'\nconstant_fuel = 'yes'",
        "of = 'login'\ncapabilities = ['environment', 'envronment', 'clocks', 'stdout']",
        "of = 'login'\nparts = ['password']\nreleases = 'user.name'",
        "of = 'login'\nparts = ['password']\nreleases = 'size(pasword) + 1'",
        "of = 'login'\nparts = ['password']\nreleases = 'password == result.err && login(user, password, id, point) == 1'",
        "of = 'login'\nparts = ['password']\nmay_reach = ['stdout', 'rsult', 'result.ok.pim', 'result.x']",
        "of = 'reset'\nparts = ['user']\nmay_reach = ['result']",
    ];
    insta::assert_snapshot!(cases.map(|secret| rendered(&login(secret, ""))).join("\n"));
}

#[test]
fn wrong_secrets_of_programs_say_what_to_write() {
    let interface = "arguments = 'list<string>'\nenvironment = ['TOKEN', 'TZ']\nstdin = 'string'\nstdout = 'string'";
    let cases = [
        "parts = ['stdout', 'files', 'environment.TOKN', 'environment.TOKEN.x']",
        "parts = ['stdin']\nconstant_fuel = true",
        "capabilities = ['environment']",
        "parts = ['stdin']\nmay_reach = ['code', 'result.files', 'files']",
    ];
    insta::assert_snapshot!(
        cases.map(|secret| rendered(&program(interface, &format!("[[secret]]\n{secret}")))).join("\n")
    );
}

#[test]
fn there_are_not_more_secrets_than_anyone_reads() {
    let many = "[[secret]]\nof = 'login'\nparts = ['password']\n".repeat(65);
    assert!(rendered(&contract(LOGIN, &many)).contains("more than 64 secrets"));
}
