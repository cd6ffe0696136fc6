//! What a `generators.toml` may say, and that nothing of it is repeated that could be a key.

use super::*;

const KEY: &str = "sk-live-0123456789abcdefghij";

fn problems(text: &str) -> Vec<String> {
    Generators::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn with(lines: &str) -> String {
    format!(
        "generators = 1\n[generator.a]\nkind = \"openai\"\nendpoint = \"http://127.0.0.1:1/v1/\"\nmodel = \"m\"\n{lines}\n"
    )
}

fn endpoint(lines: &str) -> Endpoint {
    match Generators::parse(&with(lines)).unwrap().named("a").unwrap().kind.clone() {
        Kind::Endpoint(endpoint) => *endpoint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_left_out_has_defaults() {
    let endpoint = endpoint("");
    assert_eq!(endpoint.url, "http://127.0.0.1:1/v1", "without the slash at its end");
    assert_eq!((endpoint.protocol, endpoint.access, endpoint.stream), (Protocol::OpenAi, Access::Private, true));
    assert_eq!((endpoint.key, endpoint.budget, endpoint.rates), (None, Budget::default(), Rates::default()));
    assert_eq!((endpoint.timeouts, endpoint.retries), (Timeouts::default(), Retries::default()));
    assert_eq!((endpoint.limits, endpoint.parameters), (Limits::default(), Parameters::default()));
}

#[test]
fn everything_can_be_said() {
    let endpoint = endpoint(
        "stream = false\ntemperature = 0.2\ntop_p = 1\nseed = 7\nmax_tokens = 99\ntokens_key = \"max_completion_tokens\"
key = { env = \"OPENAI_API_KEY\" }
budget = { requests = 1, tokens = 2, money_micros = 3 }
price = { input_micros = 4, output_micros = 5 }
rates = { requests_per_minute = 6, tokens_per_minute = 7, parallel = 2 }
timeouts = { connect_ms = 8, first_byte_ms = 9, idle_ms = 10, whole_ms = 11 }
retries = { attempts = 12, wait_ms = 13, wait_ms_max = 14, seed = 15 }
limits = { prompt_bytes = 16, reply_bytes = 17, event_bytes = 18, text_bytes = 19 }",
    );
    let tokens_key = TokensKey::MaxCompletionTokens;
    let parameters = Parameters { temperature: Some(0.2), top_p: Some(1.0), seed: Some(7), max_tokens: 99, tokens_key };
    assert_eq!(endpoint.parameters, parameters);
    assert!(!endpoint.stream);
    assert_eq!(endpoint.key, Some(KeySource::Environment("OPENAI_API_KEY".to_owned())));
    assert_eq!(endpoint.budget, Budget { requests: Some(1), tokens: Some(2), money_micros: Some(3) });
    assert_eq!(endpoint.price, Price { input_micros: 4, output_micros: 5 });
    assert_eq!(endpoint.rates, Rates { requests_per_minute: Some(6), tokens_per_minute: Some(7), parallel: Some(2) });
    assert_eq!(endpoint.timeouts, Timeouts { connect_ms: 8, first_byte_ms: 9, idle_ms: 10, whole_ms: 11 });
    assert_eq!(endpoint.retries, Retries { attempts: 12, wait_ms: 13, wait_ms_max: 14, seed: 15 });
    assert_eq!(endpoint.limits, Limits { prompt_bytes: 16, reply_bytes: 17, event_bytes: 18, text_bytes: 19 });
}

#[test]
fn the_other_kinds_are_read() {
    let text = "generators = 1
[generator.claude]
kind = \"anthropic\"
endpoint = \"https://api.anthropic.com\"
model = \"m\"
key = { keyring = \"proofmark/anthropic\" }
[generator.agent]
kind = \"command\"
command = [\"agent\", \"--quiet\"]
brings = \"directory\"
files = [\"/usr/share/agent\"]
whole_ms = 5
[generator.by-hand]
kind = \"files\"
path = \"candidates\"
limits = { files = 3 }
";
    let read = Generators::parse(text).unwrap();
    let names: Vec<&str> = read.generators.iter().map(|generator| generator.name.as_str()).collect();
    assert_eq!(names, ["agent", "by-hand", "claude"]);
    let limits = FilesLimits::default();
    let arguments = vec!["agent".to_owned(), "--quiet".to_owned()];
    let brings = crate::command::Brought::Directory;
    let files = vec!["/usr/share/agent".to_owned()];
    let command = Command { arguments, files, brings, whole_ms: 5, stdout_bytes: 8 << 20, limits };
    assert_eq!(read.named("agent").unwrap().kind, Kind::Command(command));
    let limits = FilesLimits { files: 3, ..limits };
    assert_eq!(read.named("by-hand").unwrap().kind, Kind::Files { path: "candidates".to_owned(), limits });
    let Kind::Endpoint(claude) = &read.named("claude").unwrap().kind else { panic!() };
    let keyring = KeySource::Keyring { service: "proofmark".to_owned(), entry: "anthropic".to_owned() };
    assert_eq!((claude.protocol, claude.key.clone()), (Protocol::Anthropic, Some(keyring)));
}

#[test]
fn a_key_in_the_file_is_an_error_that_says_what_to_write_and_does_not_repeat_it() {
    let help = table::NAME_A_KEY;
    for line in [
        format!("key = \"{KEY}\""),
        format!("api_key = \"{KEY}\""),
        format!("headers = {{ Authorization = \"Bearer {KEY}\" }}"),
        format!("key = {{ value = \"{KEY}\" }}"),
        format!("key = {{ env = \"{KEY}\" }}"),
        format!("key = {{ keyring = \"{KEY}\" }}"),
        format!("key = {{ env = \"A_KEY\", keyring = \"{KEY}/x\" }}"),
        format!("seed = \"{KEY}\""),
        format!("stream = \"{KEY}\""),
        format!("tokens_key = \"{KEY}\""),
        format!("{KEY} = 1"),
        format!("\"{KEY}\" = \"{KEY}\""),
        format!("key = {KEY}"),
        format!("key = \"{KEY}"),
        format!("key = \"\"\"{KEY}\nx"),
        format!("{KEY} {KEY}"),
        format!("[generator.\"{KEY} {KEY}\"]"),
    ] {
        let found = problems(&with(&line));
        assert!(!found.is_empty(), "{line}");
        let all = format!("{found:?} {:?}", Generators::parse(&with(&line)));
        assert!(!all.contains("0123456789"), "{line}: {all}");
    }
    for line in [format!("key = \"{KEY}\""), format!("api_key = \"{KEY}\""), format!("headers = \"{KEY}\"")] {
        assert!(problems(&with(&line)).iter().any(|problem| problem.ends_with(help)), "{line}");
    }
    let inline = problems(&with(&format!("key = \"{KEY}\"")));
    assert_eq!(inline, [format!("line 6, column 1: `key` holds a key itself, or what can't be one; {help}")]);
    let user = with("").replace("http://", &format!("https://{KEY}@"));
    assert_eq!(problems(&user), [format!("line 4, column 1: `endpoint` holds a user or a password; {help}")]);
    let query = with("").replace("/v1/", &format!("/v1?key={KEY}"));
    assert_eq!(problems(&query), [format!("line 4, column 1: `endpoint` has a query or a fragment; {help}")]);
}

#[test]
fn what_is_sent_is_private_unless_the_owner_says_otherwise() {
    let at = |url: &str, more: &str| {
        Generators::parse(&with(more).replace("http://127.0.0.1:1/v1/", url)).map_err(|problems| problems.len())
    };
    for url in ["https://example.com/v1", "http://localhost:8080", "http://[::1]:80/v1", "http://127.9.9.9/v1"] {
        assert!(at(url, "").is_ok(), "{url}");
    }
    for url in ["http://example.com/v1", "http://192.168.1.5:11434/v1", "http://localhost.example.com", "http://[::2]/"]
    {
        assert_eq!(at(url, ""), Err(1), "{url}");
        assert!(at(url, "plain_http = true").is_ok(), "{url}");
    }
    for url in ["ftp://example.com", "example.com/v1", "unix:/x", "https://", "", "https://a b/"] {
        assert!(at(url, "plain_http = true").is_err(), "{url}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (line, wanted) in [
        ("temperature = 3", "line 6, column 1: `temperature` of [generator.a] must be a number from 0 to 2"),
        ("temperature = nan", "line 6, column 1: `temperature` of [generator.a] must be a number from 0 to 2"),
        ("max_tokens = 0", "line 6, column 1: `max_tokens` of [generator.a] must be a whole number from 1 to 10000000"),
        (
            "budget = { requests = -1 }",
            "line 6, column 12: `requests` of `budget` of [generator.a] must be a whole number from 1 to 9007199254740992",
        ),
        (
            "budget = { money_micros = 5 }",
            "line 6, column 1: a budget of money needs a price; write `price = { input_micros = …, output_micros = … }`, in millionths for a million tokens",
        ),
        ("limits = 5", "line 6, column 1: `limits` of [generator.a] must be a table"),
        (
            "rates = { x = 1 }",
            "line 6, column 11: `rates` of [generator.a] has no key `x`; its keys are `requests_per_minute`, `tokens_per_minute`, `parallel`",
        ),
        ("kind = \"openai\"", "line 6, column 1: not valid TOML here"),
    ] {
        assert_eq!(problems(&with(line)), [wanted]);
    }
    let none = problems("");
    assert_eq!(none.len(), 2, "{none:?}");
    let anthropic = with("seed = 1").replace("openai", "anthropic");
    assert!(problems(&anthropic)[0].contains("has no key `seed`"));
    assert!(problems("generators = 2\n[generator.a]\nkind = \"x\"").len() == 2);
    assert!(problems("generators = 1\n[generator.a]\nkind = \"command\"\ncommand = []")[0].contains("not a program"));
    assert!(problems("generators = 1\n[generator.A]\nkind = \"files\"")[0].contains("can't be the name"));
}
