//! The key goes to its endpoint and nowhere else, whatever the endpoint does. That no error, progress or `Debug` shows it is
//! looked at in every test of this crate that asks an endpoint.

use proofmark_generate::{Authorities, Client, ClientError, Error, Protocol, Secret, Spent};

use crate::endpoint::{KEY, Scripted, Seen, answer, ask, asked, client, ok, settings, stream};

#[test]
fn an_endpoint_that_sends_the_key_back_is_not_repeated() {
    let good = |text: &str, model: &str| {
        ok(&format!(r#"{{"model":"{model}","choices":[{{"message":{{"content":"{text}"}},"finish_reason":"stop"}}]}}"#))
    };
    let (half, _) = KEY.split_at(KEY.len().div_ceil(2));
    let escaped: String = KEY.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let (start, end) = KEY.split_at(9);
    let delta = |text: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":\"stop\"}}]}}\n\n")
    };
    let cut = stream(&[&delta(start), &delta(end), "data: [DONE]\n\n"]);
    let reason = format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":"{KEY}"}}]}}"#);
    for script in [good(KEY, "m"), good("x", KEY), good(half, "m"), good(&escaped, "m"), cut, ok(&reason)] {
        let (result, count) = asked(vec![script], |_| {});
        assert_eq!((result.unwrap_err().error, count), (Error::KeyInAnswer, 1));
    }
}

#[test]
fn what_an_endpoint_says_is_masked() {
    let said = |body: &str| match asked(vec![answer(401, "", body)], |_| {}).0.unwrap_err().error {
        Error::Status { said, .. } => said,
        error => panic!("{error}"),
    };
    let message = |text: &str| format!(r#"{{"error":{{"type":"auth","message":"{text}"}}}}"#);
    assert_eq!(said(&message(&format!("wrong key {KEY}."))).unwrap(), "auth: wrong key [key].");
    assert_eq!(said(&message("wrong key sk-plan*****34b60.")).unwrap(), "auth: wrong key [key]*****34b60.");
    let padded = format!("{}{KEY}", "x".repeat(190));
    let found = said(&message(&padded)).unwrap();
    assert!(!found.contains("sk-"), "masked before it is cut: {found}");
    let event = format!("data: {}\n\n", message(KEY));
    let failure = asked(vec![stream(&[&event])], |_| {}).0.unwrap_err();
    assert_eq!(failure.error, Error::Reported("auth: [key]".to_owned()));
    // Neither in the error of a parser that would repeat what it found.
    for body in [format!("{{\"choices\":\"{KEY}\"}}"), format!("{{\"{KEY}\"}}"), KEY.to_owned()] {
        assert!(matches!(asked(vec![ok(&body)], |_| {}).0.unwrap_err().error, Error::Malformed(_)));
    }
    let head = format!("HTTP/1.1 {KEY}\r\n{KEY}\r\n\r\n");
    let failure = asked(vec![vec![crate::endpoint::send(head)]], |_| {}).0.unwrap_err();
    assert_eq!(failure.error, Error::Malformed("its head is not HTTP/1.1, or has too many lines".to_owned()));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Scripted::start(vec![ok("{}")]);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/chat/completions\r\n", other.url());
        let (result, count) = asked(vec![answer(status, &location, "")], |_| {});
        assert_eq!((result.unwrap_err().error, count), (Error::Redirect(status), 1));
    }
    assert_eq!(other.count(), 0);
}

#[test]
fn a_prompt_that_holds_the_key_is_not_sent() {
    let scripted = Scripted::start(vec![ok("{}")]);
    let client = client(settings(Protocol::OpenAi, scripted.url()));
    let failure = client.complete(&crate::endpoint::question(&format!("use {KEY}")), &mut ()).unwrap_err();
    assert_eq!((failure.error, scripted.count()), (Error::KeyInPrompt, 0));
}

#[test]
fn a_key_is_given_exactly_where_one_is_named() {
    let key = || Some(Secret::new(KEY.to_owned()).unwrap());
    let made = |named: bool, key| {
        let mut endpoint = settings(Protocol::OpenAi, "http://127.0.0.1:1".to_owned());
        endpoint.key = endpoint.key.filter(|_| named);
        Client::new(endpoint, key, Authorities::mozilla(), Spent::default()).map(drop)
    };
    assert_eq!(made(true, None), Err(ClientError::NoKey));
    assert_eq!(made(false, key()), Err(ClientError::Unasked));
    assert_eq!((made(true, key()), made(false, None)), (Ok(()), Ok(())));
}

/// Proxies of the environment would see prompts and keys of plain HTTP. The test asks itself again in a process whose
/// environment names a proxy: a scripted endpoint that must hear nothing.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let good = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;
    if std::env::var_os("PROOFMARK_TEST_INSIDE").is_some() {
        let scripted = Scripted::start(vec![ok(good)]);
        ask(&client(settings(Protocol::OpenAi, scripted.url())), "add", &mut Seen::default()).unwrap();
        assert_eq!(scripted.count(), 1);
        return;
    }
    let proxy = Scripted::start(vec![ok(good)]);
    let at = format!("http://{}", proxy.address);
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "secrets::proxies_of_the_environment_are_not_used"]).env("PROOFMARK_TEST_INSIDE", "1");
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, &at);
    }
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    assert_eq!(proxy.count(), 0);
}
