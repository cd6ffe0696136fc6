//! Good endpoints: what is sent, and what a reply holds.

use proofmark_generate::{Finish, Parameters, Protocol, State, TokensKey, Usage};
use proofmark_mark::digest::Digest;

use crate::endpoint::{KEY, Scripted, Seen, ask, asked, client, ok, settings, stream};

const WHOLE: &str = r#"{"id":"1","object":"chat.completion","model":"tiny-1.5b","system_fingerprint":"fp_7",
"choices":[{"index":0,"message":{"role":"assistant","content":"é```c\nint x;\n```"},"finish_reason":"stop"}],
"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"#;

fn openai() -> Vec<&'static str> {
    vec![
        ": warming up\n\ndata: {\"model\":\"tiny-1.5b\",\"system_fingerprint\":\"fp_7\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"é```c\\nint\"}}]}\r\n\r\ndata: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"another\"}}]}\n",
        "\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" x;\\n```\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usa",
        "ge\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n",
    ]
}

const ANTHROPIC: &[&str] = &[
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"tiny-claude\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":20,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"int \"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"x;\"}}\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: something_new\ndata: {\"type\":\"something_new\",\"x\":[1]}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

#[test]
fn chat_completions_stream() {
    let scripted = Scripted::start(vec![stream(&openai())]);
    let mut seen = Seen::default();
    let asking = client(settings(Protocol::OpenAi, scripted.url()));
    let reply = ask(&asking, "add", &mut seen).unwrap();
    assert_eq!(reply.text, "é```c\nint x;\n```");
    assert_eq!((reply.model.as_deref(), reply.fingerprint.as_deref()), (Some("tiny-1.5b"), Some("fp_7")));
    assert_eq!(reply.usage, Some(Usage { input_tokens: 11, output_tokens: 7 }));
    assert_eq!((reply.finish, reply.attempts), (Finish::Stop, 1));
    assert_eq!(reply.raw, Digest::of(openai().concat().as_bytes()));
    assert_eq!(seen.progress[0].state, State::Asking);
    let last = seen.progress.last().unwrap();
    assert_eq!(last.state, State::Receiving { text_bytes: 17, pieces: 2 });
    let spent = asking.spent();
    assert_eq!((spent.requests, spent.input_tokens, spent.output_tokens), (1, 11, 7));
}

#[test]
fn the_bytes_of_a_stream_end_with_its_end_however_it_is_cut() {
    let one = openai().concat() + "data: more\n\n";
    let pieces: Vec<&str> = one.split_inclusive(' ').collect();
    let (whole, _) = asked(vec![stream(&[&one])], |_| {});
    let (cut, _) = asked(vec![stream(&pieces)], |_| {});
    assert_eq!(whole.unwrap(), cut.unwrap());
}

#[test]
fn chat_completions_come_whole_where_that_is_asked_or_an_endpoint_can_t_stream() {
    for streams in [false, true] {
        let (reply, _) = asked(vec![ok(WHOLE)], |endpoint| endpoint.stream = streams);
        let reply = reply.unwrap();
        assert_eq!(reply.text, "é```c\nint x;\n```");
        assert_eq!(reply.usage, Some(Usage { input_tokens: 11, output_tokens: 7 }));
        assert_eq!(reply.raw, Digest::of(WHOLE.as_bytes()));
    }
    let sparse = r#"{"choices":[{"message":{"content":"x"}}]}"#;
    let reply = asked(vec![ok(sparse)], |endpoint| endpoint.stream = false).0.unwrap();
    assert_eq!((reply.model, reply.usage, reply.finish), (None, None, Finish::Other(None)));
}

#[test]
fn what_is_sent_to_chat_completions() {
    let scripted = Scripted::start(vec![ok(WHOLE)]);
    let mut endpoint = settings(Protocol::OpenAi, scripted.url());
    endpoint.parameters.temperature = Some(0.25);
    endpoint.parameters.top_p = Some(1.0);
    endpoint.parameters.seed = Some(7);
    let reply = ask(&client(endpoint.clone()), "add \"two\"\n", &mut Seen::default()).unwrap();
    let sent = scripted.request(0);
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    for line in [&format!("authorization: bearer {KEY}"), "content-type: application/json", "connection: close"] {
        assert!(head.contains(line), "{head}");
    }
    assert!(!head.contains("x-api-key") && !head.contains("gzip"), "{head}");
    let wanted = r#"{"model":"tiny","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"add \"two\"\n"}],"max_tokens":100,"temperature":0.25,"top_p":1.0,"seed":7,"stream":true,"stream_options":{"include_usage":true}}"#;
    assert_eq!(body, wanted);
    assert_eq!(reply.asked, Digest::of(wanted.as_bytes()));
    endpoint.key = None;
    endpoint.stream = false;
    endpoint.parameters = Parameters { tokens_key: TokensKey::MaxCompletionTokens, ..Parameters::default() };
    ask(&client(endpoint), "x", &mut Seen::default()).unwrap();
    let sent = scripted.request(1);
    assert!(!sent.to_ascii_lowercase().contains("authorization"), "{sent}");
    let (_, body) = sent.split_once("\r\n\r\n").unwrap();
    let wanted = r#"{"model":"tiny","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"x"}],"max_completion_tokens":4096}"#;
    assert_eq!(body, wanted);
}

#[test]
fn anthropic_messages_stream_and_come_whole() {
    let whole = r#"{"type":"message","model":"tiny-claude","content":[{"type":"thinking","thinking":"hm"},
        {"type":"text","text":"int "},{"type":"text","text":"x;"}],"stop_reason":"end_turn",
        "usage":{"input_tokens":20,"cache_read_input_tokens":5,"output_tokens":9}}"#;
    let scripted = Scripted::start(vec![stream(ANTHROPIC), ok(whole)]);
    let url = scripted.url().replace("/v1", "");
    let mut endpoint = settings(Protocol::Anthropic, url);
    for streams in [true, false] {
        endpoint.stream = streams;
        let reply = ask(&client(endpoint.clone()), "add", &mut Seen::default()).unwrap();
        assert_eq!((reply.text.as_str(), reply.model.as_deref()), ("int x;", Some("tiny-claude")));
        assert_eq!(reply.usage, Some(Usage { input_tokens: 25, output_tokens: 9 }));
        assert_eq!(reply.finish, Finish::Stop);
    }
    let sent = scripted.request(0);
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains(&format!("x-api-key: {KEY}")) && head.contains("anthropic-version: 2023-06-01"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    let wanted = r#"{"model":"tiny","max_tokens":100,"system":"be brief","messages":[{"role":"user","content":"add"}],"stream":true}"#;
    assert_eq!(body, wanted);
}

#[test]
fn reasons_for_an_end_are_told_apart() {
    let openai = |reason: &str| {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":{reason}}}]}}"#);
        asked(vec![ok(&body)], |_| {}).0.unwrap().finish
    };
    assert_eq!(openai("\"length\""), Finish::Length);
    assert_eq!(openai("\"content_filter\""), Finish::Refused);
    assert_eq!(openai("\"tool\\u001b_calls\""), Finish::Other(Some("tool?_calls".to_owned())));
    assert_eq!(openai("null"), Finish::Other(None));
    let anthropic = |reason: &str| {
        let body = format!(r#"{{"content":[{{"text":"x"}}],"stop_reason":"{reason}"}}"#);
        let change = |endpoint: &mut proofmark_generate::Endpoint| endpoint.protocol = Protocol::Anthropic;
        asked(vec![ok(&body)], change).0.unwrap().finish
    };
    assert_eq!(anthropic("max_tokens"), Finish::Length);
    assert_eq!(anthropic("refusal"), Finish::Refused);
    assert_eq!(anthropic("stop_sequence"), Finish::Stop);
}
